"""Characters that no person types and no database keeps: refused before they reach one."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from governance.models import Draft, User
from tests.conftest import World, signed_in

pytestmark = pytest.mark.django_db

FORM = "application/x-www-form-urlencoded"
REFUSED = "This request cannot be read"


@pytest.mark.parametrize(
    "address",
    [
        "/people/?q=%00",
        "/people/?agency=a%00b",
        "/people/?%00=1",
        "/people/p/%00/",
        "/people/p/a%00b/hand-over/",
        "/systems/%00/",
        "/systems/?q=%ff",
        "/systems/?q=%ed%a0%80",
        "/systems/?agency=%c3%28",
        "/no/such/page/%00/",
    ],
)
def test_an_address(address: str, pmo: User) -> None:
    response = signed_in(pmo).get(address)
    assert response.status_code == 400
    assert REFUSED in response.content.decode()


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("/drafts/", {"draft": "/systems/new/", "name": "a\x00"}),
        ("/drafts/", {"draft": "/systems/new/", "a\x00": "name"}),
        ("/drafts/", {"draft": "/systems/new/\x00"}),
        ("/drafts/discard/", {"draft": "/systems/new/\x00"}),
        ("/people/roles/new/", {"username": "a\x00", "role": "pjmo"}),
        ("/people/p/pmo/hand-over/", {"to": "a\x00"}),
        ("/systems/HOME-1/costs/", {"x": "\x00"}),
        ("/systems/new/", {"name": "a\x00"}),
        ("/accounts/login/", {"username": "a\x00", "password": "x"}),
        ("/i18n/setlang/", {"language": "\x00"}),
    ],
)
def test_a_form(path: str, data: dict[str, str], world: World, pmo: User) -> None:
    response = signed_in(pmo).post(path, data)
    assert response.status_code == 400
    assert REFUSED in response.content.decode()
    assert not Draft.objects.exists()
    encoded = signed_in(pmo).post(path, "a=%00", content_type=FORM)
    assert encoded.status_code == 400
    assert signed_in(pmo).post(path, "a=%ff", content_type=FORM).status_code == 400


def test_a_cookie(pmo: User) -> None:
    client = Client()
    client.cookies["sessionid"] = "a\x00b"
    assert client.get("/systems/").status_code == 400


def test_a_file_may_hold_any_byte(pmo: User) -> None:
    sent = SimpleUploadedFile("a.csv", b"a\x00b\xff")
    response = signed_in(pmo).post("/imports/", {"file": sent, "kind": "systems"})
    assert response.status_code == 302  # It is taken in, and told that it is no CSV.


def test_the_api_says_so_in_its_shape(pmo: User) -> None:
    response = signed_in(pmo).get("/api/v1/systems/?q=%00")
    assert (response.status_code, response.json()["error"]["code"]) == (400, "invalid")


def test_the_page_speaks_the_readers_language(pmo: User) -> None:
    client = Client(headers={"accept-language": "ja"})
    client.force_login(pmo)
    page = client.get("/people/?q=%00").content.decode()
    assert '<html lang="ja">' in page


@pytest.mark.parametrize("text", ["令和７年度", "é", "👩‍💻", "%", "a+b"])
def test_what_people_write_passes(text: str, pmo: User) -> None:
    client: Any = signed_in(pmo)
    assert client.get("/systems/", {"q": text}).status_code == 200
    assert client.post("/drafts/", {"draft": "/systems/new/", "name": text}).status_code == 204
