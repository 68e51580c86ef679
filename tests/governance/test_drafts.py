"""What is typed is kept: for a form that one can open, within limits, and nothing is lost by them."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from governance import drafts
from governance.models import Draft, User
from tests.conftest import World, signed_in

pytestmark = pytest.mark.django_db

FORM = "/systems/HOME-1/edit/"


@pytest.fixture(autouse=True)
def _fresh_pace() -> Iterator[None]:
    """Sendings that other tests counted are not ours."""
    cache.clear()
    yield
    cache.clear()


def send(client: Client, form: str = FORM, **fields: str) -> int:
    status: int = client.post(
        "/drafts/", {"draft": form, **(fields or {"name": "途中"})}
    ).status_code
    return status


def other_forms(number: int) -> list[str]:
    """Addresses of one form that this person can open, each with other values filled in."""
    return [f"/systems/new/?system_id={n}" for n in range(number)]


def test_fifty_large_drafts_do_not_fit_and_none_that_fitted_is_lost(
    world: World, pmo: User
) -> None:
    client = signed_in(pmo)
    answers = [send(client, form, name="x" * 190_000) for form in other_forms(50)]
    assert answers == [204] * 10 + [413] * 40
    assert Draft.objects.filter(user=pmo).count() == 10
    assert {draft.size for draft in Draft.objects.all()} == {190_004}


def test_so_many_and_no_more_but_what_is_kept_can_be_written_on(
    world: World, pmo: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drafts, "MOST", 3)
    client = signed_in(pmo)
    forms = other_forms(4)
    assert [send(client, form) for form in forms] == [204, 204, 204, 413]
    assert send(client, forms[0], name="weiter") == 204
    assert Draft.objects.get(form=forms[0]).data == [["name", "weiter"]]
    # Somebody else has room of their own; and discarding makes room.
    assert client.post("/drafts/discard/", {"draft": forms[1]}).status_code == 302
    assert send(client, forms[3]) == 204


def test_a_draft_that_grows_too_large_stays_as_it_was(world: World, pmo: User) -> None:
    client = signed_in(pmo)
    assert send(client, name="gut") == 204
    assert send(client, name="x" * (drafts.LARGEST + 1)) == 413
    assert Draft.objects.get().data == [["name", "gut"]]


def test_more_than_sixty_a_minute_are_told_to_wait(
    world: World, pmo: User, pjmo: User, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("governance.views.timezone.now", lambda: now.replace(second=15))
    client = signed_in(pmo)
    assert {send(client, name=str(n)) for n in range(60)} == {204}
    answer = client.post("/drafts/", {"draft": FORM, "name": "61"})
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "45")
    assert Draft.objects.get().data == [["name", "59"]]
    assert send(signed_in(pjmo)) == 204
    monkeypatch.setattr("governance.views.timezone.now", lambda: now.replace(minute=1))
    assert send(client, name="62") == 204


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ("", 400),
        ("systems/new/", 400),
        ("https://example.com/", 400),
        ("//example.com/systems/new/", 400),
        ("/systems/new/?q=\0", 400),
        ("/systems/new/?q=" + "x" * 300, 400),
        ("/systems/HOME-1/", 404),  # A page, and no form.
        ("/nowhere/", 404),
        ("/drafts/", 404),
        ("/systems/GONE/edit/", 404),
        ("/systems/OTHER-1/edit/", 404),  # Unseen and absent are the same.
        ("/agencies/home/edit/", 403),
        ("/projects/HOME-P1/reports/2026-10/", 403),
        ("/projects/OTHER-P1/reports/2026-10/", 404),
        ("/systems/OTHER-1/costs/", 404),
        ("/systems/HOME-1/costs/?unit=1000", 204),
        ("/systems/HOME-1/edit/", 204),
        ("/systems/new/", 204),
    ],
)
def test_only_a_form_that_one_can_open_has_a_draft(
    form: str, status: int, world: World, pmo: User
) -> None:
    assert send(signed_in(pmo), form) == status
    assert Draft.objects.count() == (status == 204)


def test_addresses_in_japanese_are_found_as_a_browser_writes_them(world: World, pmo: User) -> None:
    world.system.system_id = "台帳 1%"
    world.system.save()
    client = signed_in(pmo)
    page = client.get("/systems/台帳 1%25/edit/")
    key: str = page.context["draft_key"]
    assert key.isascii()
    assert send(client, key) == 204
    assert client.get("/systems/台帳 1%25/edit/").context["draft"].form == key


@pytest.mark.parametrize("field", [{"name": "a\0b"}, {"a\0b": "name"}])
def test_a_nul_is_refused_and_the_draft_stays(
    field: dict[str, str], world: World, pmo: User
) -> None:
    client = signed_in(pmo)
    assert send(client, name="gut") == 204
    assert send(client, **field) == 400
    assert client.post("/drafts/discard/", {"draft": "/a\0b"}).status_code == 400
    assert Draft.objects.get().data == [["name", "gut"]]


def test_no_password_is_kept_whatever_its_field_is_called(world: World, pmo: User) -> None:
    assert send(signed_in(pmo), name="gut", password="a", new_password1="b", Password="c") == 204
    assert Draft.objects.get().data == [["name", "gut"]]


def test_who_may_open_the_form_no_more_keeps_nothing_more(world: World, pmo: User) -> None:
    client = signed_in(pmo)
    assert send(client, name="gut") == 204
    pmo.memberships.all().delete()
    assert send(client, name="mehr") == 404
    assert Draft.objects.get().data == [["name", "gut"]]


def test_keeping_costs_the_same_for_the_first_and_for_the_last(
    world: World, pmo: User, django_assert_max_num_queries: Any
) -> None:
    client = signed_in(pmo)
    for form in other_forms(drafts.MOST):
        with django_assert_max_num_queries(16):
            assert send(client, form) == 204


def test_a_draft_is_discarded_from_the_page_of_work_too(world: World, pmo: User) -> None:
    client = signed_in(pmo)
    send(client)
    answer = client.post("/drafts/discard/", {"draft": FORM, "next": "/work/"})
    assert answer.headers["Location"] == "/work/"
    assert not Draft.objects.exists()
    answer = client.post("/drafts/discard/", {"draft": FORM, "next": "https://example.com/"})
    assert answer.headers["Location"] == "/"
