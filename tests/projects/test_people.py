"""People and roles: who may give what, what is handed over, what is vacant."""

from datetime import date, datetime
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client

from governance import audit
from governance.access import Role, forget_rights
from governance.exceptions import Conflict, DomainError
from governance.models import Agency, AuditEvent, Membership, RoleRequest, Training, User
from projects import people as reads
from projects.models import Risk
from projects.services import handover, people, role_requests
from tests import factories
from tests.conftest import World, act, person, signed_in

pytestmark = pytest.mark.django_db

ON = date(2026, 11, 24)


@pytest.fixture
def hr(world: World) -> User:
    return person(Role.HR, world)


@pytest.fixture
def newcomer(db: None) -> User:
    return factories.UserFactory.create(username="newcomer", display_name="新人")


def grant(actor: User, now: datetime, **values: Any) -> Membership:
    given = people.grant(act(actor, now), {"valid_from": ON, **values})
    assert isinstance(given, Membership)
    return given


def test_an_office_gives_roles_in_its_own_scope(
    world: World, pmo: User, newcomer: User, now: datetime
) -> None:
    grant(pmo, now, user=newcomer, role=Role.PJMO, project=world.project, is_head=True)
    assert signed_in(newcomer).get("/projects/HOME-P1/").status_code == 200
    assert AuditEvent.objects.get(verb="membership.granted").actor == pmo
    assert list(audit.verify()) == []


@pytest.mark.parametrize(
    ("role", "place"),
    [
        (Role.PJMO, "other_project"),
        (Role.ACCOUNTING, "other"),
        (Role.CIO_OFFICE, ""),
        (Role.AUDITOR, ""),
        (Role.MINISTRY_CIO, "home"),
        (Role.HR, "home"),
    ],
)
def test_no_pmo_gives_more_than_it_has(
    role: Role, place: str, world: World, pmo: User, newcomer: User, now: datetime
) -> None:
    where: dict[str, Any] = {}
    if place:
        found = getattr(world, place)
        where["agency" if isinstance(found, Agency) else "project"] = found
    with pytest.raises(PermissionDenied):
        grant(pmo, now, user=newcomer, role=role, **where)
    assert not Membership.objects.filter(user=newcomer).exists()


def test_personnel_asks_for_the_ministry_cio(
    world: World, hr: User, newcomer: User, now: datetime
) -> None:
    asked = people.grant(act(hr, now), {"user": newcomer, "role": Role.MINISTRY_CIO,
                                        "agency": world.home, "valid_from": ON})  # fmt: skip
    assert isinstance(asked, RoleRequest)
    assert not Membership.objects.filter(user=newcomer).exists()


def test_nobody_changes_their_own_roles(world: World, pmo: User, now: datetime) -> None:
    own = pmo.memberships.get()
    with pytest.raises(DomainError, match="own roles"):
        grant(pmo, now, user=pmo, role=Role.PJMO, project=world.project)
    with pytest.raises(DomainError, match="own roles"):
        people.end(act(pmo, now), own.pk, ON)


def test_a_verifier_stands_outside(
    world: World, pmo: User, pjmo: User, other_pmo: User, newcomer: User, now: datetime
) -> None:
    with pytest.raises(ValidationError, match="stands outside"):
        grant(pmo, now, user=pjmo, role=Role.VERIFIER, project=world.project)
    asked = people.grant(act(pmo, now), {"user": other_pmo, "role": Role.VERIFIER,
                                         "project": world.project, "valid_from": ON})  # fmt: skip
    assert isinstance(asked, RoleRequest), "an account of another ministry: its holder agrees"
    factories.MembershipFactory.create(user=newcomer, role=Role.VERIFIER, project=world.project)
    with pytest.raises(ValidationError, match="stands outside"):
        grant(pmo, now, user=newcomer, role=Role.PJMO, project=world.project)


def test_the_verified_neither_appoint_their_verifier_nor_end_one(
    world: World, pmo: User, hr: User, newcomer: User, now: datetime
) -> None:
    verifier = factories.UserFactory.create(username="verifier-of-home")
    held = factories.MembershipFactory.create(
        user=verifier, role=Role.VERIFIER, project=world.project, valid_from=date(2026, 4, 1)
    )
    minister, cio = person(Role.MINISTRY_CIO, world), person(Role.CIO_OFFICE, world)
    for who in (pmo, hr, minister):
        forget_rights(who)
        with pytest.raises(PermissionDenied):
            people.end(act(who, now), held.pk, date(2026, 4, 1))
        with pytest.raises(PermissionDenied):
            people.change(act(who, now), held.pk, {"valid_to": ON}, version=held.version)
        assert signed_in(who).get(f"/people/roles/{held.pk}/").status_code == 403
    page = signed_in(cio).get(f"/people/p/{verifier.username}/")
    assert f"/people/roles/{held.pk}/" in page.content.decode()
    asked = people.grant(act(pmo, now), {"user": newcomer, "role": Role.VERIFIER,
                                         "project": world.project, "valid_from": ON})  # fmt: skip
    assert isinstance(asked, RoleRequest)
    assert asked.needs_office
    for who in (hr, minister, newcomer):
        with pytest.raises((PermissionDenied, DomainError)):
            role_requests.approve(act(who, now), asked.pk)
    role_requests.approve(act(cio, now), asked.pk, version=asked.version)
    assert newcomer.memberships.get().role == Role.VERIFIER
    people.end(act(cio, now), held.pk, ON)
    held.refresh_from_db()
    assert held.valid_to == ON
    with pytest.raises(DomainError, match="own roles"):
        people.end(act(newcomer, now), newcomer.memberships.get().pk, ON)


def test_a_role_is_held_once_at_a_time(
    world: World, pmo: User, newcomer: User, now: datetime
) -> None:
    first = grant(pmo, now, user=newcomer, role=Role.PJMO, project=world.project)
    with pytest.raises(ValidationError, match="already"):
        grant(pmo, now, user=newcomer, role=Role.PJMO, project=world.project,
              valid_from=date(2027, 1, 1))  # fmt: skip
    people.end(act(pmo, now), first.pk, date(2026, 12, 31))
    grant(pmo, now, user=newcomer, role=Role.PJMO, project=world.project,
          valid_from=date(2027, 1, 1))  # fmt: skip


def test_an_ended_role_gives_nothing_and_stays_on_record(
    world: World, pmo: User, pjmo: User, now: datetime
) -> None:
    held = pjmo.memberships.get()
    people.end(act(pmo, now), held.pk, date(2026, 11, 23))
    assert signed_in(pjmo).get("/projects/HOME-P1/").status_code == 404
    assert Membership.objects.get(pk=held.pk).valid_to == date(2026, 11, 23)
    with pytest.raises(Conflict):
        people.change(act(pmo, now), held.pk, {"is_head": True}, version=1)


def test_everything_open_is_handed_over(
    world: World, pmo: User, pjmo: User, newcomer: User, now: datetime
) -> None:
    Membership.objects.filter(user=pjmo).update(is_head=True, allocation_percent=80)
    mine = factories.RiskFactory.create(project=world.project, owner_user=pjmo)
    foreign = factories.RiskFactory.create(project=world.other_project, owner_user=pjmo)
    # A name is no account: whoever happens to be called so owns nothing by it.
    namesake = factories.RiskFactory.create(project=world.project, owner="pjmo")
    factories.MembershipFactory.create(user=pjmo, role=Role.PJMO, project=world.other_project)
    done = handover.hand_over(act(pmo, now), pjmo, newcomer, ON)
    # What lies in the other ministry is neither passed on nor named.
    assert (len(done.roles), len(done.work), done.asked, done.left) == (1, 1, [], [])
    new = newcomer.memberships.get()
    assert (new.role, new.project, new.is_head, new.allocation_percent, new.valid_from) == (
        Role.PJMO, world.project, True, 80, date(2026, 11, 25),
    )  # fmt: skip
    assert pjmo.memberships.get(project=world.project).valid_to == ON
    assert pjmo.memberships.get(project=world.other_project).valid_to is None
    assert Risk.objects.get(pk=mine.pk).owner_user == newcomer
    assert Risk.objects.get(pk=foreign.pk).owner_user == pjmo
    assert Risk.objects.get(pk=namesake.pk).owner == "pjmo"
    assert list(audit.verify()) == []


def test_vacancies_and_people_with_too_much(
    world: World, pmo: User, pjmo: User, newcomer: User
) -> None:
    second = factories.ProjectFactory.create(code="HOME-P2", agency=world.home, is_priority=True)
    Membership.objects.filter(user=pjmo).update(allocation_percent=60)
    factories.MembershipFactory.create(
        user=pjmo, role=Role.PJMO, project=second, is_head=True, allocation_percent=50
    )
    factories.MembershipFactory.create(user=newcomer, role=Role.PJMO, project=second)
    Training.objects.create(
        user=newcomer, kind="qualification", title="PMP", expires_on=date(2026, 1, 1)
    )
    gaps = reads.gaps(pmo, ON)
    assert [p.code for p in gaps.without_head] == ["HOME-P1"]
    assert [p.code for p in gaps.without_verifier] == ["HOME-P2"]
    assert (gaps.without_pjmo, gaps.without_pmo) == ([], [])
    assert [(load.user.username, load.percent) for load in gaps.overloaded] == [("pjmo", 110)]
    assert [t.title for t in gaps.expired] == ["PMP"]
    pjmo.memberships.all().delete()
    assert {p.code for p in reads.gaps(pmo, ON).without_pjmo} == {"HOME-P1"}


def test_an_agency_without_an_office(world: World, cio: User) -> None:
    assert {a.code for a in reads.gaps(cio, ON).without_pmo} == {"home", "other"}


# Pages ------------------------------------------------------------------------------------------------------


def text(response: Any) -> str:
    found: str = response.content.decode()
    return found


def test_a_newcomer_from_account_to_first_sign_in(world: World, pmo: User) -> None:
    client = signed_in(pmo)
    made = client.post("/people/new/", {"username": "taro", "display_name": "太郎",
                                        "email": "", "language": "ja"}, follow=True)  # fmt: skip
    link = text(made).split('<code class="version-text">')[1].split("</code>")[0]
    given = client.post("/people/roles/new/", {"user": "taro", "role": "pjmo",
                                               "project": "HOME-P1", "valid_from": "R8.11.1"})  # fmt: skip
    assert given.headers["Location"] == "/people/p/taro/"
    stranger = Client(headers={"accept-language": "en"})
    page = stranger.get(link.replace("http://testserver", ""), follow=True)
    form = page.redirect_chain[-1][0]
    words = "correct horse battery staple"
    stranger.post(form, {"new_password1": words, "new_password2": words})
    assert stranger.login(username="taro", password=words)
    used = stranger.get(link.replace("http://testserver", ""), follow=True)
    assert "has been used" in text(used)


def test_the_link_of_a_new_account_is_its_makers(world: World, pmo: User, other_pmo: User) -> None:
    signed_in(pmo).post("/people/new/", {"username": "taro", "display_name": "太郎",
                                         "language": "ja"})  # fmt: skip
    assert signed_in(other_pmo).get("/people/p/taro/").status_code == 404


def test_faults_are_told_at_their_fields(world: World, pmo: User) -> None:
    client = signed_in(pmo)
    nobody = client.post("/people/roles/new/", {"user": "nobody", "role": "pjmo", "project": ""})
    assert nobody.status_code == 422
    assert "There is no account of this name." in text(nobody)
    assert "This role belongs to a project: choose it." in text(nobody)
    taken = client.post("/people/new/", {"username": "pmo", "display_name": "x", "language": "ja"})
    assert taken.status_code == 422


@pytest.mark.parametrize("name", ["PMO", "pMo", "рmo", "pmο"])
def test_no_account_is_called_like_another(name: str, world: World, pmo: User) -> None:
    """Capitals alone, and letters of other alphabets (Cyrillic, Greek) that look alike."""
    values = {"username": name, "display_name": "x", "language": "ja"}
    answer = signed_in(pmo).post("/people/new/", values)
    assert answer.status_code == 422
    assert "This account name cannot be used" in text(answer)
    assert not User.objects.filter(username=name).exists()


@pytest.mark.parametrize("name", ["山田太郎", "yamada-太郎", "иванов", "pmo2"])
def test_names_of_one_alphabet_are_taken(name: str, world: World, pmo: User) -> None:
    values = {"username": name, "display_name": "x", "language": "ja"}
    assert signed_in(pmo).post("/people/new/", values).status_code < 400


def test_the_pages_show_roles_contacts_and_vacancies(
    world: World, pmo: User, pjmo: User, hr: User
) -> None:
    client = signed_in(pmo)
    page = text(client.get("/people/"))
    assert "PJMO: 内務更改" in page
    assert "nobody named" in page
    assert "hr" in page
    assert "pjmo" not in text(client.get("/people/?q=zzz&agency=home")).split("<table")[0]
    gaps = text(client.get("/people/vacancies/"))
    assert "Running projects whose PJMO has no head (1)" in gaps
    one = pjmo.memberships.get()
    changed = client.post(
        f"/people/roles/{one.pk}/", {"version": one.version, "allocation_percent": "50"}
    )
    assert changed.status_code == 302
    stale = client.post(
        f"/people/roles/{one.pk}/", {"version": one.version, "allocation_percent": "60"}
    )
    assert "Somebody else has changed this record" in text(stale)


def test_skills_are_recorded_and_changed(world: World, hr: User, pjmo: User) -> None:
    client = signed_in(hr)
    data = {"kind": "qualification", "title": "情報処理安全確保支援士", "obtained_on": "R5.4.1"}
    assert client.post("/people/p/pjmo/training/new/", data).status_code == 302
    training = Training.objects.get()
    late = client.post(f"/people/training/{training.pk}/", {**data, "expires_on": "2020-01-01"})
    assert "would expire before" in text(late)
    assert (
        client.post(
            f"/people/training/{training.pk}/", {**data, "expires_on": "2027-01-01"}
        ).status_code
        == 302
    )
    verbs = AuditEvent.objects.filter(object_type="training").values_list("verb", flat=True)
    assert set(verbs) == {"training.recorded", "training.changed"}


def test_handing_over_on_the_page(world: World, pmo: User, pjmo: User, newcomer: User) -> None:
    client = signed_in(pmo)
    assert "Open risks and findings" in text(client.get("/people/p/pjmo/hand-over/"))
    wrong = client.post("/people/p/pjmo/hand-over/", {"successor": "pjmo", "on": "2026-11-24"})
    assert "Choose another person." in text(wrong)
    done = client.post("/people/p/pjmo/hand-over/", {"successor": "newcomer", "on": "2026-11-24"})
    assert "PJMO – 内務更改" in text(done)
    forget_rights(pjmo)
    assert newcomer.memberships.count() == 1


# The goals of a system ------------------------------------------------------------------------------------------


def test_goals_are_added_and_linked_with_their_reasons(world: World, pjmo: User) -> None:
    client = signed_in(pjmo)
    url = "/systems/HOME-1/goals/"
    goal = {"goal-kind": "activity", "goal-code": "A", "goal-title": "窓口の開設",
            "goal-direction": "up"}  # fmt: skip
    assert client.post(url, goal).status_code == 302
    follows = {**goal, "goal-kind": "outcome", "goal-code": "B", "goal-title": "待ち時間の短縮",
               "goal-origin": "A", "goal-reason": "待つ人が減る"}  # fmt: skip
    assert client.post(url, follows).status_code == 302
    page = text(client.get(url))
    assert "Because: 待つ人が減る" in page
    back = {"link-origin": "B", "link-target": "A", "link-reason": "逆"}
    assert "not back" in text(client.post(url, back))
    again = client.post(url, {**follows, "goal-code": "C", "goal-reason": ""})
    assert "Say why the one goal leads to the other." in text(again)
    assert "待ち時間の短縮" in text(again)
    circle = {**goal, "goal-kind": "outcome", "goal-code": "D", "goal-origin": "B",
              "goal-reason": "長期"}  # fmt: skip
    client.post(url, circle)
    closed = client.post(url, {"link-origin": "D", "link-target": "B", "link-reason": "循環"})
    assert "circle" in text(closed)


def test_a_decision_with_a_reason_that_cannot_be_kept_is_told(
    world: World, pmo: User, now: datetime
) -> None:
    hr = person(Role.HR, world)
    found = RoleRequest.objects.create(
        user=factories.UserFactory.create(),
        role=Role.MINISTRY_CIO,
        agency=world.home,
        needs_office=True,
        needs_consent=False,
        requested_by=hr,
        requested_at=now,
    )
    for step in ("approve", "reject"):
        answer = signed_in(pmo).post(
            f"/people/requests/{found.pk}/{step}/", {"reason": "根拠\x07不足"}, follow=True
        )
        assert "Character 3 (U+0007) cannot be kept" in answer.content.decode()
    found.refresh_from_db()
    assert found.state == RoleRequest.State.REQUESTED
