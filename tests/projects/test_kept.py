"""Every form on a page of its own keeps what is typed, until it is sent and not refused."""

from datetime import date
from typing import Any

import pytest
from django.urls import URLPattern, get_resolver

from governance import drafts
from governance.access import Role
from governance.models import Draft, Membership, Training, User
from projects.models import RiskFlag
from tests import factories
from tests.conftest import World, person, signed_in
from tests.projects.test_filing_page import form, text

pytestmark = pytest.mark.django_db

TYPED = "途中の言葉"

# Address → a field that takes words, and what makes the form complete ({}: nothing more).
FORMS: dict[str, tuple[str, dict[str, str]]] = {
    "/settings/": ("display_name", {}),
    "/people/new/": ("display_name", {"username": "neu", "language": "ja"}),
    "/people/roles/new/": (
        "reason",
        {"user": "pjmo", "role": "public_relations", "agency": "home", "valid_from": "2026-11-24"},
    ),
    "/people/p/pjmo/training/new/": ("title", {"kind": "skill"}),
    "/people/p/pjmo/factors/": ("reason", {}),
    "/people/p/pjmo/deactivate/": ("reason", {}),
    "/people/p/pjmo/reactivate/": ("reason", {}),
    "/kpis/HOME-K/methods/new/": ("description", {"from_year": "2026"}),
}


@pytest.fixture
def hr(world: World, pjmo: User) -> User:
    factories.KpiFactory.create(code="HOME-K", system=world.system)
    factories.MembershipFactory.create(
        user=person(Role.HR, world), role=Role.PMO, agency=world.home
    )
    return User.objects.get(username="hr")


@pytest.mark.parametrize("url", FORMS)
def test_what_is_typed_is_found_again_until_it_is_saved(url: str, world: World, hr: User) -> None:
    if "reactivate" in url:
        User.objects.filter(username="pjmo").update(is_active=False)
    name, more = FORMS[url]
    client = signed_in(hr)
    fresh = form(text(client.get(url)))
    assert client.post("/drafts/", {**fresh, name: TYPED}).status_code == 204
    page = text(client.get(url))
    assert TYPED in page
    assert "This is what you had typed" in page
    assert "errorlist" not in page, "nothing is judged before it is sent"
    # What is refused is kept.
    refused = client.post(url, {**form(page), name: "x" * 4000})
    assert refused.status_code == 422
    assert Draft.objects.count() == 1
    done = client.post(url, {**form(page), **more, name: TYPED})
    assert done.status_code < 400, text(done)
    assert not Draft.objects.exists()


@pytest.mark.parametrize("url", FORMS)
def test_nobody_else_keeps_or_sees_it(url: str, world: World, hr: User, other_pmo: User) -> None:
    if url in ("/settings/", "/people/new/", "/people/roles/new/"):
        return  # Everybody's own, or every office's.
    answer = signed_in(other_pmo).post("/drafts/", {"draft": url, "reason": TYPED})
    assert answer.status_code in (403, 404)


def test_a_record_that_is_edited_keeps_it_too(world: World, hr: User, pjmo: User) -> None:
    role = Membership.objects.get(user=pjmo)
    training = Training.objects.create(user=pjmo, title="PMP", kind="skill")
    client = signed_in(hr)
    for url, name in (
        (f"/people/roles/{role.pk}/", "allocation_percent"),
        (f"/people/training/{training.pk}/", "title"),
        ("/people/p/pjmo/employer/", "number"),
        ("/people/p/pjmo/hand-over/", "on"),
        ("/people/p/pjmo/address/", "email"),
    ):
        answer = client.post("/drafts/", {"draft": url, name: TYPED})
        if answer.status_code == 403 and "address" in url:
            continue  # Only where the office may see the link of the account.
        assert answer.status_code == 204, url
        assert TYPED in text(client.get(url)), url


def test_two_forms_of_a_page_keep_each_their_own(world: World, hr: User) -> None:
    url, client = "/systems/HOME-1/goals/", signed_in(hr)
    goal, link = (f"{url}?form={name}" for name in ("goal", "link"))
    client.post("/drafts/", {"draft": goal, "goal-title": TYPED})
    client.post("/drafts/", {"draft": link, "link-reason": "別の言葉"})
    page = text(client.get(url))
    assert TYPED in page
    assert "別の言葉" in page
    answer = client.post(
        url,
        {
            "goal-kind": "outcome", "goal-code": "HOME-K2", "goal-title": TYPED,
            "goal-indicator": "率", "goal-unit": "%", "goal-direction": "up",
            "goal-horizon": "short", "goal-origin": "", "goal-reason": "",
        },
    )  # fmt: skip
    assert answer.status_code == 302, text(answer)
    assert [draft.form for draft in Draft.objects.all()] == [link]


def test_the_reason_of_a_muting_is_kept(world: World, pmo: User) -> None:
    today = date(2026, 11, 1)
    flag = RiskFlag.objects.create(
        rule_id="no_such_rule", rule_version=1, project=world.project, agency=world.home,
        severity="high", opened_on=today, severity_since=today, judged_on=today,
    )  # fmt: skip
    url, client = f"/flags/{flag.pk}/mute/", signed_in(pmo)
    fresh = form(text(client.get(url)))
    assert client.post("/drafts/", {**fresh, "reason": TYPED}).status_code == 204
    assert TYPED in text(client.get(url))
    RiskFlag.objects.filter(pk=flag.pk).update(severity="unknown")
    assert client.get(url).status_code == 200


def test_no_form_that_asks_for_a_secret_keeps_drafts() -> None:
    kept = [
        str(pattern.pattern)
        for pattern in _patterns(get_resolver().url_patterns)
        if pattern.callback in drafts._FORMS
    ]
    assert len(kept) > 15
    assert not [path for path in kept if path.startswith("accounts/")]


def _patterns(found: list[Any]) -> list[URLPattern]:
    flat: list[URLPattern] = []
    for one in found:
        flat += [one] if isinstance(one, URLPattern) else _patterns(one.url_patterns)
    return flat
