"""One person who asks too often waits; everybody else goes on."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from hypothesis import given
from hypothesis import strategies as st
from pytest_django.fixtures import Settings

from governance.models import User
from governance.web.limits import Door, Limit, wait
from tests import factories
from tests.conftest import World, signed_in
from tests.projects.api.conftest import Api

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _counted(settings: Settings) -> None:
    settings.LIMITS = dict.fromkeys((door.value for door in Door), "2/h")
    cache.clear()


@pytest.mark.parametrize("text", ["", "60", "60/w", "-1/h", "0/h", "1.5/h", "60/h ", "９/h"])
def test_a_limit_that_cannot_be_read_is_no_limit_silently(text: str) -> None:
    with pytest.raises(ValueError):
        Limit.parse(text)


@given(st.integers(1, 999_999), st.sampled_from("smhd"))
def test_a_limit_is_read_as_written(times: int, unit: str) -> None:
    seconds = {"s": 1, "m": 60, "h": 3600, "d": 86_400}[unit]
    assert Limit.parse(f"{times}/{unit}") == Limit(times, seconds)


def test_the_limit_itself_passes_and_the_next_one_waits_for_the_rest_of_the_hour(
    pmo: User,
) -> None:
    at = NOON + timedelta(minutes=45)
    assert [wait(Door.EXPORT, pmo, at) for _ in range(3)] == [0, 0, 900]
    assert wait(Door.EXPORT, pmo, NOON + timedelta(hours=1)) == 0


def test_people_and_doors_are_counted_apart(pmo: User, other_pmo: User) -> None:
    for _ in range(3):
        wait(Door.EXPORT, pmo, NOON)
    assert wait(Door.EXPORT, other_pmo, NOON) == 0
    assert wait(Door.SEARCH, pmo, NOON) == 0


def test_where_the_cache_does_not_answer_people_are_let_in(
    pmo: User, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def gone(*_args: Any, **_kwargs: Any) -> None:
        raise ConnectionError

    monkeypatch.setattr(cache, "add", gone)
    assert wait(Door.EXPORT, pmo, NOON) == 0
    assert "does not count" in caplog.text


@pytest.mark.parametrize(
    "path",
    [
        "/search/?q=x",
        "/explain/executed_cost/",
        "/systems/export.csv",
        "/portfolio/export.csv?table=agencies",
        "/imports/template.csv?sheet=systems",
    ],
)
def test_a_page_says_when_it_opens_again(path: str, pmo: User, world: World) -> None:
    client: Any = signed_in(pmo)
    for _ in range(2):
        response = client.get(path)
        assert response.status_code == 200
        if response.streaming:
            b"".join(response.streaming_content)
    response = client.get(path)
    assert response.status_code == 429
    assert response["X-Request-ID"] in response.content.decode()
    assert 0 < int(response.headers["Retry-After"]) <= 3600
    assert "asked for this very often" in response.content.decode()


def test_uploads_are_counted_and_looking_at_the_page_is_not(pmo: User) -> None:
    client = signed_in(pmo)
    for _ in range(4):
        assert client.get("/imports/").status_code == 200
    sent = [
        client.post("/imports/", {"file": SimpleUploadedFile("x.csv", b"a,b\r\n")})
        for _ in range(3)
    ]
    assert [response.status_code for response in sent] == [422, 422, 429]


def test_the_api_counts_writes_and_not_reads(pmo: User, world: World) -> None:
    api = Api.of(pmo)
    for _ in range(4):
        assert api.get("systems/").status_code == 200
    answers = [api.patch("systems/HOME-1/", {"version": 99}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [409, 409, 429]
    assert answers[-1].json()["error"]["code"] == "throttled"
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 3600


def test_the_api_counts_uploads_at_the_door_of_uploads(pmo: User) -> None:
    client = signed_in(pmo)
    answers = [client.post("/api/v1/imports/", {}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [400, 400, 429]


def test_static_files_are_never_counted(pmo: User, settings: Settings) -> None:
    settings.LIMITS = dict.fromkeys((door.value for door in Door), "1/d")
    client: Any = signed_in(factories.UserFactory.create())
    for _ in range(3):
        response = client.get("/static/css/app.css")
        assert response.status_code == 200
        b"".join(response.streaming_content)
