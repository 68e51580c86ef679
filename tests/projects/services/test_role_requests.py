"""Roles that two people give: asked by one office, confirmed by another; over an account of others
with its holder or its ministry."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from governance import audit
from governance.access import APPROVING_ROLES, Action, Resource, Role, can_somewhere, forget_rights
from governance.exceptions import Conflict, DomainError
from governance.models import AccountTie, AuditEvent, Membership, Notice, RoleRequest, User
from governance.people import ties
from projects.services import memberships, people, role_requests
from tests import factories
from tests.conftest import World, act, person, signed_in

pytestmark = pytest.mark.django_db

ON = date(2026, 11, 24)


@pytest.fixture
def hr(world: World) -> User:
    return person(Role.HR, world)


@pytest.fixture
def minister(world: World) -> User:
    return person(Role.MINISTRY_CIO, world)


def new(actor: User, now: datetime, name: str = "taro") -> User:
    """An account that somebody makes in the application."""
    return people.add_person(
        act(actor, now), username=name, display_name=name, email="", language="en"
    )


def ask(actor: User, now: datetime, user: User, role: Role, **where: Any) -> RoleRequest:
    asked = people.grant(
        act(actor, now), {"user": user, "role": role, "valid_from": ON, **where}, reason="needed"
    )
    assert isinstance(asked, RoleRequest)
    return asked


def holds(user: User, role: Role) -> bool:
    return Membership.objects.filter(user=user, role=role).exists()


def test_the_roles_that_decide_follow_from_the_table() -> None:
    assert {
        Role.CIO_OFFICE, Role.MINISTRY_CIO, Role.PMO, Role.ACCOUNTING, Role.HR,
    } == APPROVING_ROLES  # fmt: skip


def test_every_office_that_gives_roles_has_others_that_confirm() -> None:
    assert set(role_requests.MAY_CONFIRM) == set(memberships.MAY_GRANT)
    for role, confirming in role_requests.MAY_CONFIRM.items():
        assert role not in confirming
        # A ministry with this office alone is never stuck.
        assert Role.CIO_OFFICE in confirming


def test_personnel_asks_and_the_pmo_confirms(
    world: World, hr: User, pmo: User, now: datetime
) -> None:
    taro = new(hr, now)
    asked = ask(hr, now, taro, Role.MINISTRY_CIO, agency=world.home)
    assert not holds(taro, Role.MINISTRY_CIO)
    assert Notice.objects.filter(user=pmo, kind="role-asked").exists()
    role_requests.approve(act(pmo, now), asked.pk, version=asked.version)
    assert holds(taro, Role.MINISTRY_CIO)
    assert set(Notice.objects.filter(kind="role-given").values_list("user__username", flat=True)) \
        == {"taro", "hr"}  # fmt: skip
    verbs = AuditEvent.objects.filter(object_type="rolerequest").order_by("seq")
    assert list(verbs.values_list("verb", flat=True)) == [
        "rolerequest.requested", "rolerequest.approved",
    ]  # fmt: skip
    assert AuditEvent.objects.get(verb="membership.granted").actor == pmo
    assert list(audit.verify()) == []


def test_nobody_confirms_what_they_asked_for(
    world: World, hr: User, minister: User, now: datetime
) -> None:
    asked = ask(hr, now, new(hr, now), Role.PMO, agency=world.home)
    with pytest.raises(PermissionDenied):
        role_requests.approve(act(hr, now), asked.pk)
    # A second office of one's own changes nothing.
    factories.MembershipFactory.create(user=hr, role=Role.MINISTRY_CIO, agency=world.home)
    forget_rights(hr)
    with pytest.raises(DomainError, match="own request"):
        role_requests.approve(act(hr, now), asked.pk)


def test_a_colleague_of_the_same_office_does_not_confirm(
    world: World, hr: User, now: datetime
) -> None:
    colleague = factories.UserFactory.create(username="hr2")
    factories.MembershipFactory.create(user=colleague, role=Role.HR, agency=world.home)
    asked = ask(hr, now, new(hr, now), Role.PMO, agency=world.home)
    with pytest.raises(PermissionDenied):
        role_requests.approve(act(colleague, now), asked.pk)


@pytest.mark.parametrize("role", [Role.ADVISOR, Role.PJMO, Role.ACCOUNTING, Role.AUDITOR])
def test_other_offices_do_not_confirm(role: Role, world: World, hr: User, now: datetime) -> None:
    asked = ask(hr, now, new(hr, now), Role.PMO, agency=world.home)
    with pytest.raises(PermissionDenied):
        role_requests.approve(act(person(role, world), now), asked.pk)


def test_offices_of_another_ministry_do_not_confirm(
    world: World, hr: User, other_pmo: User, now: datetime
) -> None:
    asked = ask(hr, now, new(hr, now), Role.PMO, agency=world.home)
    with pytest.raises(PermissionDenied):
        role_requests.approve(act(other_pmo, now), asked.pk)


def test_nobody_confirms_a_role_for_oneself(
    world: World, hr: User, pmo: User, now: datetime
) -> None:
    asked = ask(hr, now, pmo, Role.MINISTRY_CIO, agency=world.home)
    with pytest.raises((DomainError, PermissionDenied)):
        role_requests.approve(act(pmo, now), asked.pk)
    assert not holds(pmo, Role.MINISTRY_CIO)


def test_whoever_is_tied_to_the_asker_or_the_holder_does_not_confirm(
    world: World, hr: User, pmo: User, minister: User, cio: User, now: datetime
) -> None:
    taro = new(pmo, now - timedelta(days=1))
    asked = ask(pmo, now, taro, Role.ACCOUNTING, agency=world.home)
    ties.tie(act(hr, now), taro, AccountTie.Kind.LINK_SEEN)
    with pytest.raises(DomainError, match="count as one person"):
        role_requests.approve(act(hr, now), asked.pk)
    ties.tie(act(pmo, now), minister, AccountTie.Kind.RESET)
    with pytest.raises(DomainError, match="count as one person"):
        role_requests.approve(act(minister, now), asked.pk)
    role_requests.approve(act(cio, now), asked.pk)
    assert holds(taro, Role.ACCOUNTING)


def test_a_ministry_with_one_pmo_is_never_stuck(
    world: World, pmo: User, cio: User, now: datetime
) -> None:
    taro = new(pmo, now)
    asked = ask(pmo, now, taro, Role.PMO, agency=world.home)
    assert list(Notice.objects.filter(kind="role-asked").values_list("user", flat=True)) == [cio.pk]
    assert [row.pk for row in role_requests.waiting_for(cio, ON)] == [asked.pk]
    role_requests.approve(act(cio, now), asked.pk)
    assert holds(taro, Role.PMO)


def test_roles_that_decide_nothing_take_one_step(world: World, pmo: User, now: datetime) -> None:
    taro = new(pmo, now)
    for role, where in ((Role.PJMO, {"project": world.project}),
                        (Role.PUBLIC_RELATIONS, {"agency": world.home})):  # fmt: skip
        given = people.grant(act(pmo, now), {"user": taro, "role": role, "valid_from": ON, **where})
        assert isinstance(given, Membership)


def test_what_could_not_be_given_is_not_asked_for(
    world: World, hr: User, other_pmo: User, now: datetime
) -> None:
    taro = new(hr, now)
    with pytest.raises(PermissionDenied):
        ask(hr, now, taro, Role.PMO, agency=world.other)
    # Two offices at two places do not add up: personnel here, PMO there.
    factories.MembershipFactory.create(user=hr, role=Role.PMO, agency=world.other)
    forget_rights(hr)
    with pytest.raises(PermissionDenied):
        ask(hr, now, taro, Role.MINISTRY_CIO, agency=world.other)
    ask(hr, now, taro, Role.PMO, agency=world.home)
    with pytest.raises(ValidationError, match="asked for already"):
        ask(hr, now, taro, Role.PMO, agency=world.home)


def test_the_asker_has_to_hold_the_office_until_the_end(
    world: World, hr: User, pmo: User, now: datetime
) -> None:
    asked = ask(hr, now, new(hr, now), Role.MINISTRY_CIO, agency=world.home)
    Membership.objects.filter(user=hr).update(valid_to=ON - timedelta(days=1))
    with pytest.raises(DomainError, match="may no longer give it"):
        role_requests.approve(act(pmo, now), asked.pk)
    rejected = role_requests.reject(act(pmo, now, "left"), asked.pk)
    assert rejected.state == RoleRequest.State.REJECTED


def test_a_role_is_held_from_its_last_confirmation(
    world: World, hr: User, pmo: User, now: datetime
) -> None:
    taro = new(hr, now)
    asked = ask(hr, now, taro, Role.PMO, agency=world.home)
    role_requests.approve(act(pmo, now + timedelta(days=3)), asked.pk)
    assert taro.memberships.get().valid_from == ON + timedelta(days=3)


def test_rejected_with_a_reason_and_withdrawn_by_the_asker(
    world: World, hr: User, pmo: User, now: datetime
) -> None:
    asked = ask(hr, now, new(hr, now), Role.PMO, agency=world.home)
    with pytest.raises(DomainError, match="Say why"):
        role_requests.reject(act(pmo, now), asked.pk)
    with pytest.raises(DomainError, match="Only who asked"):
        role_requests.withdraw(act(pmo, now), asked.pk)
    with pytest.raises(Conflict):
        role_requests.withdraw(act(hr, now), asked.pk, version=7)
    role_requests.withdraw(act(hr, now), asked.pk)
    with pytest.raises(DomainError, match="withdrawn"):
        role_requests.approve(act(pmo, now), asked.pk)


def test_longer_days_are_another_grant(
    world: World, hr: User, pmo: User, minister: User, now: datetime
) -> None:
    held = pmo.memberships.get()
    Membership.objects.filter(pk=held.pk).update(valid_to=ON)
    with pytest.raises(DomainError, match="asked for anew"):
        people.change(act(hr, now), held.pk, {"valid_to": None}, version=1)
    with pytest.raises(ValidationError, match="already"):
        people.end(act(hr, now), held.pk, ON + timedelta(days=9))
    # Shorter ones, and ending, take one.
    people.end(act(hr, now), held.pk, ON - timedelta(days=1))
    assert pmo.memberships.get().valid_to == ON - timedelta(days=1)


def test_the_machine_gives_the_first_roles(world: World) -> None:
    factories.UserFactory.create(username="first")
    call_command("grant_role", "first", "pmo", "--agency", "home")
    assert Membership.objects.get().role == Role.PMO
    factories.MembershipFactory.create(
        user=User.objects.get(username="first"), role=Role.VERIFIER, project=world.other_project
    )
    with pytest.raises(CommandError, match="stands outside"):
        call_command("grant_role", "first", "pmo", "--agency", "other")


# Accounts of others -------------------------------------------------------------------------------------


@pytest.fixture
def theirs(world: World, other_pmo: User, now: datetime) -> User:
    """An account of the other ministry, never signed in."""
    user = new(other_pmo, now - timedelta(days=1), "theirs")
    factories.MembershipFactory.create(user=user, role=Role.PJMO, project=world.other_project)
    return user


def test_a_role_over_a_foreign_account_shows_nothing_of_it(
    world: World, pmo: User, theirs: User
) -> None:
    """Account takeover across ministries: the role used to open the page with the link."""
    client = signed_in(pmo)
    answer = client.post("/people/roles/new/", {"user": "theirs", "role": "pjmo",
                                                "project": "HOME-P1", "valid_from": "2026-11-01"},
                         follow=True)  # fmt: skip
    assert "Asked. The role is held once others have agreed." in answer.content.decode()
    assert "/accounts/set/" not in answer.content.decode()
    assert not theirs.memberships.filter(project=world.project).exists()
    assert client.get("/people/p/theirs/").status_code == 404


def test_the_holder_agrees(world: World, pmo: User, theirs: User, now: datetime) -> None:
    asked = ask(pmo, now, theirs, Role.PJMO, project=world.project)
    assert (asked.needs_office, asked.needs_consent) == (False, True)
    client = signed_in(theirs)
    assert "Roles waiting for you to agree" in client.get("/work/").content.decode()
    page = client.get(f"/people/requests/{asked.pk}/").content.decode()
    assert "– without an end</dd>" in page
    assert "This role is offered to you" in page
    client.post(f"/people/requests/{asked.pk}/approve/", {"version": "1"})
    assert theirs.memberships.filter(project=world.project).exists()


def test_the_ministry_agrees(
    world: World, pmo: User, other_pmo: User, theirs: User, now: datetime
) -> None:
    asked = ask(pmo, now, theirs, Role.PJMO, project=world.project)
    role_requests.approve(act(other_pmo, now), asked.pk)
    assert theirs.memberships.filter(project=world.project).exists()


def test_no_third_ministry_and_no_cio_office_agrees(
    world: World, pmo: User, cio: User, theirs: User, now: datetime
) -> None:
    asked = ask(pmo, now, theirs, Role.PJMO, project=world.project)
    third = factories.UserFactory.create(username="third")
    factories.MembershipFactory.create(
        user=third, role=Role.PMO, agency=factories.AgencyFactory.create()
    )
    for stranger in (cio, third, person(Role.HR, world)):
        with pytest.raises(PermissionDenied):
            role_requests.approve(act(stranger, now), asked.pk)


def test_a_puppet_does_not_agree_for_its_maker(
    world: World, pmo: User, other_pmo: User, now: datetime
) -> None:
    """The asker made the account: it cannot speak for its own ministry."""
    puppet = new(pmo, now - timedelta(days=1), "puppet")
    factories.MembershipFactory.create(user=puppet, role=Role.PJMO, project=world.other_project)
    asked = ask(pmo, now, puppet, Role.PJMO, project=world.project)
    with pytest.raises(DomainError, match="count as one person"):
        role_requests.approve(act(puppet, now), asked.pk)
    role_requests.approve(act(other_pmo, now), asked.pk)


def test_an_approving_role_over_a_foreign_account_needs_both(
    world: World, hr: User, pmo: User, theirs: User, now: datetime
) -> None:
    asked = ask(pmo, now, theirs, Role.ACCOUNTING, agency=world.home)
    assert (asked.needs_office, asked.needs_consent) == (True, True)
    role_requests.approve(act(hr, now), asked.pk)
    assert not holds(theirs, Role.ACCOUNTING)
    role_requests.approve(act(theirs, now), asked.pk)
    assert holds(theirs, Role.ACCOUNTING)
    told = AuditEvent.objects.filter(object_type="rolerequest").order_by("seq")
    assert [event.verb for event in told] == [
        "rolerequest.requested", "rolerequest.confirmed", "rolerequest.approved",
    ]  # fmt: skip


def test_an_account_without_a_role_is_its_makers(
    world: World, pmo: User, other_pmo: User, now: datetime
) -> None:
    fresh = new(other_pmo, now, "fresh")
    asked = ask(pmo, now, fresh, Role.PJMO, project=world.project)
    assert asked.needs_consent
    role_requests.approve(act(other_pmo, now), asked.pk)
    assert fresh.memberships.get().project == world.project


def test_an_account_that_only_had_roles_elsewhere_is_still_theirs(
    world: World, pmo: User, theirs: User, now: datetime
) -> None:
    Membership.objects.filter(user=theirs).update(valid_to=ON - timedelta(days=30))
    assert ask(pmo, now, theirs, Role.PJMO, project=world.project).needs_consent


def test_a_supervisors_account_agrees_itself(
    world: World, pmo: User, cio: User, auditor: User, now: datetime
) -> None:
    asked = ask(pmo, now, auditor, Role.PJMO, project=world.project)
    role_requests.approve(act(auditor, now), asked.pk)
    assert holds(auditor, Role.PJMO)


def test_names_of_others_are_not_tried_out_unseen(
    world: World, pmo: User, theirs: User, now: datetime
) -> None:
    client = signed_in(pmo)
    page = client.get("/people/roles/new/").content.decode()
    assert "theirs" not in page
    faulty = {"role": "pjmo", "project": ""}
    answers = [client.post("/people/roles/new/", {**faulty, "user": name}).content.decode()
               for name in ("theirs", "nobody")]  # fmt: skip
    assert all("There is no account of this name." in answer for answer in answers)


def test_the_pages_cost_the_same_for_three_and_for_thirty(
    world: World, hr: User, pmo: User, now: datetime
) -> None:
    client, counts = signed_in(pmo), []
    for size in (3, 30):
        for number in range(RoleRequest.objects.count(), size):
            ask(hr, now, new(hr, now, f"n{number}"), Role.PMO, agency=world.home)
        for path in ("/people/requests/", "/work/"):
            with CaptureQueriesContext(
                connection,
            ) as found:
                assert client.get(path).status_code == 200
            counts.append(len(found))
    assert counts[:2] == counts[2:]


def test_confirming_is_a_right_of_the_table(world: World, actors: dict[Role, User]) -> None:
    may = {
        role for role, user in actors.items()
        if can_somewhere(user, Action.APPROVE, Resource.STAFFING)
    }  # fmt: skip
    assert may == {Role.CIO_OFFICE, Role.MINISTRY_CIO, Role.PMO, Role.HR}


# Whom a request is told ---------------------------------------------------------------------------------


def told(kind: str) -> set[str]:
    rows = Notice.objects.filter(kind=kind)
    return set(rows.values_list("user__username", flat=True))


def test_only_offices_of_today_and_here_are_told(
    world: World, hr: User, pmo: User, other_pmo: User, cio: User, now: datetime
) -> None:
    former = factories.UserFactory.create(username="former")
    factories.MembershipFactory.create(
        user=former, role=Role.PMO, agency=world.home, valid_to=ON - timedelta(days=1)
    )
    closed = factories.UserFactory.create(username="closed", is_active=False)
    factories.MembershipFactory.create(user=closed, role=Role.PMO, agency=world.home)
    person(Role.ACCOUNTING, world)
    asked = ask(hr, now, new(hr, now), Role.MINISTRY_CIO, agency=world.home)
    assert told("role-asked") == {"pmo"}
    notice = Notice.objects.get(kind="role-asked")
    assert (notice.args, notice.path) == (
        {"role": "ministry_cio", "place": "Home Ministry", "account": "taro"},
        f"/people/requests/{asked.pk}/",
    )


def test_the_cio_office_is_told_where_the_ministry_has_nobody_else(
    world: World, hr: User, cio: User, now: datetime
) -> None:
    ask(hr, now, new(hr, now), Role.PMO, agency=world.home)
    assert told("role-asked") == {"cio_office"}


def test_a_request_keeps_who_asked_and_why(
    world: World, hr: User, pmo: User, now: datetime
) -> None:
    taro = new(hr, now)
    asked = people.grant(
        act(hr, now),
        {"user": taro, "role": Role.MINISTRY_CIO, "valid_from": ON, "agency": world.home},
        reason="  前任の転出  ",
    )
    assert isinstance(asked, RoleRequest)
    assert (asked.reason, asked.requested_by, asked.updated_by) == ("前任の転出", hr, hr)
    assert (asked.requested_at, asked.updated_at) == (now, now)
    role_requests.withdraw(act(hr, now), asked.pk)
    event = AuditEvent.objects.get(verb="rolerequest.withdrawn")
    assert ((event.before or {})["state"], (event.after or {})["state"]) == (
        "requested",
        "withdrawn",
    )
    silent = people.grant(
        act(hr, now), {"user": taro, "role": Role.PMO, "valid_from": ON, "agency": world.home}
    )
    assert isinstance(silent, RoleRequest)
    assert silent.reason == ""
