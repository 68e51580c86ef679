"""What changes by request: asked for by one person, decided by another, written as it was shown."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from governance import audit
from governance.access import Role, forget_rights, rights_of
from governance.exceptions import Conflict, DomainError
from governance.models import AccountTie, AuditEvent, Membership, Notice, User
from governance.people.ties import tie
from projects.models import ChangeRequest, KpiValue, Project, RiskFlag, System, YearRollup
from projects.models.choices import CostClass, ProjectPhase, RequestState, SystemStatus
from projects.register import KINDS
from projects.services import changes, flags, register, rollups
from tests import factories
from tests.conftest import World, act, person, signed_in
from tests.trail import untold

pytestmark = pytest.mark.django_db

VALUES, PROJECTS = KINDS["kpi-values"], KINDS["projects"]
WHY = "法改正の施行が延期されたため"


@pytest.fixture
def value(world: World) -> KpiValue:
    kpi = factories.KpiFactory.create(code="HOME-K", system=world.system)
    made: KpiValue = factories.KpiValueFactory.create(
        kpi=kpi, fiscal_year=2026, target=Decimal(80), target_state="reported"
    )
    return made


def ask(user: User, now: datetime, value: KpiValue, target: int | None) -> ChangeRequest:
    state = "missing" if target is None else "reported"
    return changes.request(
        act(user, now, WHY), VALUES, value.pk, {"target": target, "target_state": state}
    )


def ask_phase(user: User, now: datetime, project: Project, phase: str) -> ChangeRequest:
    return changes.request(act(user, now, WHY), PROJECTS, project.pk, {"phase": phase})


def told(user: User) -> list[str]:
    return list(Notice.objects.filter(user=user).order_by("pk").values_list("kind", flat=True))


# Locked targets ---------------------------------------------------------------------------------------


def test_a_target_locks_on_the_first_of_april(
    world: World, pmo: User, value: KpiValue, now: datetime
) -> None:
    before = datetime(2026, 3, 31, 14, 59, tzinfo=now.tzinfo)  # 23:59 in Tokyo
    after = datetime(2026, 3, 31, 15, 0, tzinfo=now.tzinfo)

    def edit(at: datetime, target: int | None) -> KpiValue:
        state = "missing" if target is None else "reported"
        values = {"target": target, "target_state": state}
        changed: KpiValue = register.edit(
            act(pmo, at), VALUES, value.pk, values, version=value.version
        )
        return changed

    for target in (70, None):
        with pytest.raises(ValidationError, match="locked since its year began"):
            edit(after, target)
    with pytest.raises(ValidationError, match="can simply be edited"):
        ask(pmo, before, value, 70)
    assert edit(before, 70).target == 70


def test_a_locked_target_changes_by_another_persons_decision(
    world: World, pjmo: User, pmo: User, value: KpiValue, now: datetime
) -> None:
    change = ask(pjmo, now, value, 60)
    value.refresh_from_db()
    assert value.target == 80
    assert told(pmo) == ["change-asked"]
    factories.MembershipFactory.create(user=pjmo, role=Role.PMO, agency=world.home)
    forget_rights(pjmo)
    with pytest.raises(DomainError, match="own request"):
        changes.approve(act(pjmo, now), change.pk)
    changes.approve(act(pmo, now), change.pk)
    value.refresh_from_db()
    assert (value.target, value.version, value.updated_by) == (Decimal(60), 2, pmo)
    event = AuditEvent.objects.get(verb="kpivalue.edited")
    assert (event.reason, (event.after or {})["target"]) == (WHY, "60")
    assert AuditEvent.objects.filter(object_type="changerequest").count() == 2
    assert told(pjmo) == ["change-approved"]
    assert list(audit.verify()) == []


def test_a_second_method_is_no_way_round_a_locked_target(
    world: World, pmo: User, value: KpiValue, now: datetime
) -> None:
    value.kpi.methods.create(number=1, from_year=2024, description="調査票")
    value.kpi.methods.create(number=2, from_year=2026, description="記録", reason="偏り")
    new = {"kpi": value.kpi, "fiscal_year": 2026, "method_version": 2}
    with pytest.raises(ValidationError, match="locked since its year began"):
        register.create(
            act(pmo, now), VALUES, {**new, "target": Decimal(1), "target_state": "reported"}
        )
    assert register.create(act(pmo, now), VALUES, new).target is None


def test_the_page_of_a_kpi_shows_what_was_asked_and_agreed(
    world: World, pjmo: User, pmo: User, value: KpiValue, now: datetime
) -> None:
    factories.KpiValueFactory.create(
        kpi=value.kpi, fiscal_year=2025, actual=7, actual_state="reported"
    )
    factories.KpiValueFactory.create(
        kpi=value.kpi, fiscal_year=2027, method_version=2, target=9, target_state="reported"
    )
    client, url = signed_in(pjmo), "/kpis/HOME-K/series/"
    assert "Ask for another target" in client.get(url).content.decode()
    page = client.get(f"/kpi-values/{value.pk}/change/").content.decode()
    assert "10 characters or more." in page
    assert 'name="target"' in page
    assert 'name="actual"' not in page  # Still free: nothing to ask for.
    data = {"target": "60", "target_state": "missing", "version": "1", "reason": WHY}
    answer = client.post(f"/kpi-values/{value.pk}/change/", data)
    change = ChangeRequest.objects.get()
    assert answer.headers["Location"] == f"/changes/{change.pk}/"
    assert "waiting for a decision" in signed_in(pmo).get(url).content.decode()
    page = signed_in(pmo).get(f"/changes/{change.pk}/").content.decode()
    assert "Agree, and write it" in page
    assert WHY in page
    signed_in(pmo).post(f"/changes/{change.pk}/approve/", {"version": "1"})
    page = client.get(url).content.decode()
    assert "80 → 60 (agreed)" in page
    assert "Target before it was changed" in page
    assert "The series breaks where the method changed" in page


# Phases -----------------------------------------------------------------------------------------------


def test_a_phase_is_agreed_to_by_two_and_flags_stay_until_then(
    world: World, pjmo: User, pmo: User, now: datetime
) -> None:
    project = world.project
    flags.recompute_for(act(None, now), as_of=now.date(), project_ids=[project.pk])
    late = RiskFlag.objects.filter(rule_id="late_report", project=project, closed_on__isnull=True)
    assert late.exists()
    with pytest.raises(ValidationError, match="A change of phase is agreed to by two"):
        register.edit(
            act(pjmo, now), PROJECTS, project.pk, {"phase": ProjectPhase.CLOSED}, version=1
        )
    change = ask_phase(pjmo, now, project, ProjectPhase.OPERATING)
    assert late.exists()
    changes.approve(act(pmo, now), change.pk)
    project.refresh_from_db()
    assert project.phase == ProjectPhase.OPERATING
    assert not late.exists()


def test_a_reason_explains(world: World, pjmo: User, now: datetime) -> None:
    for reason in ("", "x", "        終わり        "):
        with pytest.raises(ValidationError) as refused:
            changes.request(act(pjmo, now, reason), PROJECTS, world.project.pk, {"phase": "closed"})
        assert "reason" in refused.value.message_dict
    assert not ChangeRequest.objects.exists()


def test_what_would_not_be_valid_is_told_when_it_is_asked(
    world: World, pjmo: User, now: datetime
) -> None:
    with pytest.raises(ValidationError, match="The end lies before the start"):
        changes.request(
            act(pjmo, now, WHY),
            PROJECTS,
            world.project.pk,
            {"ended_on": date(2020, 1, 1)},
        )
    with pytest.raises(ValidationError, match="Nothing of this differs"):
        ask_phase(pjmo, now, world.project, world.project.phase)
    with pytest.raises(ValidationError, match="can simply be edited"):
        changes.request(act(pjmo, now, WHY), PROJECTS, world.project.pk, {"purpose": "別"})


def test_one_request_at_a_time_which_its_author_may_withdraw(
    world: World, pjmo: User, pmo: User, now: datetime
) -> None:
    change = ask_phase(pjmo, now, world.project, "testing")
    with pytest.raises(ValidationError, match="waits for a decision"):
        ask_phase(pmo, now, world.project, "closed")
    with pytest.raises(DomainError, match="Only who asked"):
        changes.withdraw(act(pmo, now), change.pk)
    assert changes.withdraw(act(pjmo, now), change.pk).state == RequestState.WITHDRAWN
    with pytest.raises(DomainError, match="not possible in the state"):
        changes.approve(act(pmo, now), change.pk)
    assert ask_phase(pmo, now, world.project, "closed").state == RequestState.REQUESTED


def test_a_rejection_says_why_and_writes_nothing(
    world: World, pjmo: User, pmo: User, now: datetime
) -> None:
    change = ask_phase(pjmo, now, world.project, "testing")
    with pytest.raises(DomainError, match="why"):
        changes.reject(act(pmo, now), change.pk)
    changes.reject(act(pmo, now, "工程の根拠がない"), change.pk)
    world.project.refresh_from_db()
    assert world.project.phase == ProjectPhase.BUILDING
    notice = Notice.objects.get(user=pjmo)
    assert (notice.kind, notice.args["reason"]) == ("change-rejected", "工程の根拠がない")


def test_what_changed_meanwhile_is_not_written_over(
    world: World, pjmo: User, pmo: User, now: datetime
) -> None:
    change = ask_phase(pjmo, now, world.project, "testing")
    Project.objects.filter(pk=world.project.pk).update(phase="stopped")
    with pytest.raises(Conflict):
        changes.approve(act(pmo, now), change.pk)
    page = signed_in(pmo).get(f"/changes/{change.pk}/").content.decode()
    assert "Somebody changed the record since this was asked" in page
    assert "On record now: stopped" in page


def test_what_moved_to_another_ministry_is_no_longer_the_old_offices_to_change(
    world: World, pjmo: User, pmo: User, value: KpiValue, now: datetime
) -> None:
    phase = ask_phase(pjmo, now, world.project, "testing")
    target = ask(pjmo, now, value, 60)
    Project.objects.filter(pk=world.project.pk).update(agency=world.other)
    value.kpi.system = world.sub_system
    value.kpi.save()
    for change in (phase, target):
        with pytest.raises(DomainError, match="has to be asked anew"):
            changes.approve(act(pmo, now), change.pk)
    assert changes.withdraw(act(pjmo, now), phase.pk).state == RequestState.WITHDRAWN
    assert changes.reject(act(pmo, now, "移管"), target.pk).state == RequestState.REJECTED


def test_a_request_left_behind_shows_nothing_new_and_stands_in_nobodys_way(
    world: World, pjmo: User, pmo: User, other_pmo: User, now: datetime
) -> None:
    left = ask_phase(pjmo, now, world.project, "testing")
    Project.objects.filter(pk=world.project.pk).update(
        agency=world.other, name="移管後の名", phase="stopped"
    )
    page = signed_in(pmo).get(f"/changes/{left.pk}/").content.decode()
    assert "has to be asked anew" in page
    assert "移管後の名" not in page
    assert "On record now" not in page
    assert signed_in(other_pmo).get("/projects/HOME-P1/change/").status_code == 200
    world.project.refresh_from_db()
    anew = ask_phase(other_pmo, now, world.project, "closed")
    left.refresh_from_db()
    assert (anew.agency, left.state) == (world.other, RequestState.WITHDRAWN)
    assert untold() == []


@pytest.mark.parametrize("version", ["9" * 5000, "-1", "1e0", "x"])
def test_what_is_no_version_is_a_conflict(
    version: str, world: World, pjmo: User, pmo: User, now: datetime
) -> None:
    """Seen: a server error for five thousand digits, and no check at all for a word."""
    change = ask_phase(pjmo, now, world.project, "testing")
    answer = signed_in(pmo).post(
        f"/changes/{change.pk}/approve/", {"version": version}, follow=True
    )
    assert "Somebody else has changed this record" in answer.content.decode()


def test_nobody_decides_outside_of_their_ministry(
    world: World, pjmo: User, other_pmo: User, now: datetime
) -> None:
    with pytest.raises(PermissionDenied):
        ask_phase(other_pmo, now, world.project, "testing")
    change = ask_phase(pjmo, now, world.project, "testing")
    with pytest.raises(PermissionDenied):
        changes.approve(act(other_pmo, now), change.pk)
    with pytest.raises(PermissionDenied):
        changes.approve(act(person(Role.VERIFIER, world), now), change.pk)


# One level up -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("levels", [["pmo"], ["ministry_cio"], ["cio_office"]])
def test_where_nobody_else_could_decide_it_goes_one_level_up(
    levels: list[str], world: World, value: KpiValue, now: datetime
) -> None:
    """KPIs are the PMO's to approve: its only member asks, and is no dead end."""
    author = person(Role.PMO, world)
    cio = person(Role.CIO_OFFICE, world)
    minister = second = None
    if levels[0] != "cio_office":
        minister = person(Role.MINISTRY_CIO, world)
    if levels[0] == "pmo":
        second = factories.UserFactory.create(username="second")
        factories.MembershipFactory.create(user=second, role=Role.PMO, agency=world.home)
    change = ask(author, now, value, 60)
    right = second or minister or cio
    assert change.higher == ("" if levels == ["pmo"] else levels[0])
    assert changes.deciders(change, now.date()) == {right.pk}
    assert told(right) == ["change-asked"]
    page = signed_in(right).get("/work/").content.decode()
    assert "Changes waiting for your decision" in page
    if right is not cio:
        with pytest.raises(PermissionDenied):
            changes.approve(act(cio, now), change.pk)
    changes.approve(act(right, now), change.pk)
    value.refresh_from_db()
    assert value.target == 60


def test_an_account_of_the_authors_own_making_is_nobody_else(
    world: World, pmo: User, value: KpiValue, now: datetime
) -> None:
    puppet = factories.UserFactory.create(username="puppet")
    factories.MembershipFactory.create(user=puppet, role=Role.PMO, agency=world.home)
    tie(act(pmo, now), puppet, AccountTie.Kind.MADE)
    minister = person(Role.MINISTRY_CIO, world)
    change = ask(pmo, now, value, 60)
    assert change.higher == Role.MINISTRY_CIO
    assert changes.deciders(change, now.date()) == {minister.pk}


def test_an_office_that_emptied_since_leaves_no_dead_end(
    world: World, pjmo: User, pmo: User, value: KpiValue, now: datetime
) -> None:
    change = ask(pjmo, now, value, 60)
    assert change.higher == ""
    Membership.objects.filter(user=pmo).update(valid_to=now.date().replace(day=1))
    minister = person(Role.MINISTRY_CIO, world)
    assert changes.approve(act(minister, now), change.pk).decided_by == minister


def test_the_page_of_the_record_tells_what_waits(world: World, pjmo: User, now: datetime) -> None:
    client = signed_in(pjmo)
    page = client.get("/projects/HOME-P1/").content.decode()
    assert '/projects/HOME-P1/change/"' in page
    assert "Changes asked for" not in page
    change = ask_phase(pjmo, now, world.project, "testing")
    page = client.get("/projects/HOME-P1/").content.decode()
    assert "Changes asked for" in page
    assert f'href="/changes/{change.pk}/"' in page
    assert client.get("/projects/HOME-P1/change/").headers["Location"] == f"/changes/{change.pk}/"


def test_the_page_that_asks_keeps_what_was_typed(world: World, pjmo: User) -> None:
    client = signed_in(pjmo)
    data: dict[str, Any] = {"phase": "testing", "started_on": "2025-04-01", "version": "1"}
    answer = client.post("/projects/HOME-P1/change/", {**data, "reason": "短い"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "短い" in page
    assert '<option value="testing" selected' in page


def test_a_system_is_retired_by_two(world: World, pmo: User, now: datetime) -> None:
    """Seen: one person set a system to "retired", and all its flags were gone."""
    system = world.system
    System.objects.filter(pk=system.pk).update(
        status=SystemStatus.OPERATING, support_ends_on=date(2026, 1, 1)
    )
    flags.recompute_for(act(None, now), as_of=date(2026, 11, 24), system_ids=[system.pk])
    flagged = RiskFlag.objects.filter(system=system, closed_on__isnull=True)
    assert flagged.exists()
    minister, client = person(Role.MINISTRY_CIO, world), signed_in(pmo)
    told = client.get("/systems/HOME-1/edit/").content.decode()
    assert "Where a system stands in its life is agreed to by two" in told
    client.post(
        "/systems/HOME-1/change/",
        {"status": "retired", "retired_on": "2026-11-20", "version": "1", "reason": WHY},
    )
    change = ChangeRequest.objects.get()
    assert (change.system, change.higher) == (system, Role.MINISTRY_CIO)
    assert flagged.exists()
    with pytest.raises(DomainError, match="own request"):
        changes.approve(act(pmo, now), change.pk)
    assert signed_in(minister).get(f"/changes/{change.pk}/").status_code == 200
    changes.approve(act(minister, now), change.pk)
    system.refresh_from_db()
    assert (system.status, system.retired_on) == (SystemStatus.RETIRED, date(2026, 11, 20))
    assert not flagged.exists()


def test_a_refused_decision_loses_no_reason(
    world: World, pjmo: User, pmo: User, now: datetime
) -> None:
    """Seen: a reason of many lines was gone after "somebody else changed it"."""
    change = ask_phase(pjmo, now, world.project, "testing")
    client, url = signed_in(pmo), f"/changes/{change.pk}/"
    reason = "工程の根拠がない。\n<証拠>を添えてください。"
    client.post(f"{url}reject/", {"version": "7", "reason": reason})
    page = client.get(url).content.decode()
    assert "Somebody else has changed this record" in page
    assert "工程の根拠がない。\n&lt;証拠&gt;を添えてください。</textarea>" in page
    assert "根拠" not in client.get(url).content.decode(), "told once"
    client.post(f"{url}reject/", {"version": "1", "reason": reason})
    change.refresh_from_db()
    assert change.state == RequestState.REJECTED


# What is kept and told --------------------------------------------------------------------------------


def told_in_full(user: User) -> list[tuple[str, str, dict[str, Any], str]]:
    rows = Notice.objects.filter(user=user).order_by("pk")
    return [(row.kind, row.event, row.args, row.path) for row in rows]


def test_every_step_is_on_the_trail_as_it_stood_before_and_after(
    world: World, pjmo: User, pmo: User, now: datetime
) -> None:
    first = ask_phase(pjmo, now, world.project, "testing")
    changes.withdraw(act(pjmo, now), first.pk, version=1)
    second = ask_phase(pjmo, now, world.project, "testing")
    changes.reject(act(pmo, now, "まだ早い"), second.pk, version=1)
    third = ask_phase(pjmo, now, world.project, "testing")
    changes.approve(act(pmo, now), third.pk, version=1)
    steps = [
        (event.verb, (event.before or {}).get("state"), (event.after or {}).get("state"))
        for event in AuditEvent.objects.filter(object_type="changerequest").order_by("seq")
    ]
    asked = ("changerequest.requested", None, "requested")
    assert steps == [
        asked,
        ("changerequest.withdrawn", "requested", "withdrawn"),
        asked,
        ("changerequest.rejected", "requested", "rejected"),
        asked,
        ("changerequest.approved", "requested", "approved"),
    ]
    assert untold() == []
    third.refresh_from_db()
    assert (third.requested_by, third.decided_by, third.updated_by) == (pjmo, pmo, pmo)
    assert (first.updated_by, first.updated_at) == (pjmo, now)
    assert (third.before, third.after) == ({"phase": "building"}, {"phase": "testing"})


def test_notices_name_the_record_its_fields_and_the_reason(
    world: World, pjmo: User, pmo: User, now: datetime
) -> None:
    Project.objects.filter(pk=world.project.pk).update(name=f"更改 {'長' * 150}")
    world.project.refresh_from_db()
    change = changes.request(
        act(pjmo, now, WHY),
        PROJECTS,
        world.project.pk,
        {"phase": "testing", "started_on": date(2025, 5, 1)},
    )
    name = f"更改 {'長' * 117}"
    args = {"what": name, "fields": "phase, started on", "reason": ""}
    url = f"/changes/{change.pk}/"
    assert told_in_full(pmo) == [("change-asked", f"change-asked:{change.pk}", args, url)]
    changes.reject(act(pmo, now, f"理由\n{'長' * 400}"), change.pk)
    ((kind, _event, args, path),) = told_in_full(pjmo)
    assert (kind, path) == ("change-rejected", url)
    assert args["reason"] == f"理由 {'長' * 197}"


def test_the_day_of_the_act_says_who_decides(world: World, pjmo: User, now: datetime) -> None:
    """Not the day of the clock: an office that was left since could decide then."""
    spring = datetime(2026, 5, 1, 3, tzinfo=now.tzinfo)
    former = factories.UserFactory.create(username="former")
    factories.MembershipFactory.create(
        user=former,
        role=Role.PMO,
        agency=world.home,
        valid_from=date(2026, 4, 1),
        valid_to=date(2026, 5, 31),
    )
    minister = person(Role.MINISTRY_CIO, world)
    kpi = factories.KpiFactory.create(code="OLD-K", system=world.system)
    value = factories.KpiValueFactory.create(
        kpi=kpi, fiscal_year=2026, target=Decimal(80), target_state="reported"
    )
    change = ask(pjmo, spring, value, 60)
    assert change.higher == ""
    assert told(former) == ["change-asked"]
    assert changes.deciders(change, spring.date()) == {former.pk}
    assert changes.deciders(change, now.date()) == {minister.pk}
    with pytest.raises(PermissionDenied):
        changes.approve(act(minister, spring), change.pk)
    assert changes.approve(act(minister, now), change.pk).decided_by == minister


def test_ten_characters_explain(world: World, pjmo: User, now: datetime) -> None:
    change = changes.request(
        act(pjmo, now, "一二三四五六七八九十"), PROJECTS, world.project.pk, {"phase": "testing"}
    )
    assert change.reason == "一二三四五六七八九十"


@pytest.mark.parametrize("step", [changes.approve, changes.reject, changes.withdraw])
def test_a_decision_on_a_page_that_is_out_of_date_is_refused(
    step: Any, world: World, pjmo: User, pmo: User, now: datetime
) -> None:
    change = ask_phase(pjmo, now, world.project, "testing")
    who = pjmo if step is changes.withdraw else pmo
    with pytest.raises(Conflict):
        step(act(who, now, "理由"), change.pk, version=change.version + 1)
    change.refresh_from_db()
    assert change.state == RequestState.REQUESTED


def test_a_conflict_shows_what_stands(world: World, pjmo: User, pmo: User, now: datetime) -> None:
    change = ask_phase(pjmo, now, world.project, "testing")
    Project.objects.filter(pk=world.project.pk).update(phase="stopped")
    with pytest.raises(Conflict) as refused:
        changes.approve(act(pmo, now), change.pk)
    assert refused.value.theirs["phase"] == "stopped"


def test_nothing_is_asked_into_another_ministry(world: World, pmo: User, now: datetime) -> None:
    kpi = factories.KpiFactory.create(code="MOVE-K", system=world.system)
    factories.KpiValueFactory.create(kpi=kpi, fiscal_year=2025, actual=7, actual_state="reported")
    with pytest.raises(PermissionDenied):
        changes.request(act(pmo, now, WHY), KINDS["kpis"], kpi.pk, {"system": world.other_system})
    kept = changes.request(act(pmo, now, WHY), KINDS["kpis"], kpi.pk, {"system": world.sub_system})
    assert (kept.system, kept.project, kept.agency) == (world.system, None, world.home)


def test_a_request_hangs_where_its_record_does(
    world: World, pjmo: User, pmo: User, value: KpiValue, now: datetime
) -> None:
    of_system = ask(pmo, now, value, 60)
    assert (of_system.system, of_system.project) == (world.system, None)
    of_project = ask_phase(pjmo, now, world.project, "testing")
    assert (of_project.system, of_project.project) == (None, world.project)
    finding = factories.FindingFactory.create(
        review__system=None,
        review__project=world.project,
        review__review_type__layer="third_party",
        review__is_complete=False,
        due_on=date(2026, 12, 1),
    )
    of_finding = changes.request(
        act(pmo, now, WHY), KINDS["findings"], finding.pk, {"due_on": date(2027, 1, 31)}
    )
    assert (of_finding.system, of_finding.project) == (None, world.project)
    assert (of_finding.agency, of_finding.resource) == (world.home, "verification")


def test_of_a_record_are_its_own_requests_alone(world: World, pjmo: User, now: datetime) -> None:
    other = factories.ProjectFactory.create(code="HOME-P2", agency=world.home)
    factories.MembershipFactory.create(user=pjmo, role=Role.PJMO, project=other)
    forget_rights(pjmo)
    one = ask_phase(pjmo, now, world.project, "testing")
    two = ask_phase(pjmo, now, other, "testing")
    ChangeRequest.objects.filter(pk=two.pk).update(object_pk=world.project.pk, kind="systems")
    assert list(changes.of_record(PROJECTS, world.project.pk)) == [one]
    assert list(changes.of_record(PROJECTS, other.pk)) == []


def test_what_waits_is_the_deciders_the_oldest_first(
    world: World, pjmo: User, pmo: User, value: KpiValue, now: datetime
) -> None:
    late = ask_phase(pjmo, now, world.project, "testing")
    early = ask(pjmo, now - timedelta(days=9), value, 60)
    own = KpiValue.objects.get(pk=factories.KpiValueFactory.create(
        kpi=value.kpi, fiscal_year=2025, target=Decimal(1), target_state="reported"
    ).pk)  # fmt: skip
    mine = ask(pmo, now, own, 2)
    assert changes.waiting_for(pmo, 9) == [early, late]
    assert changes.waiting_for(pmo, 1) == [early]
    assert changes.waiting_for(pjmo, 9) == []
    # The only PMO asked: that one waits for the minister, who may decide on phases besides.
    minister = person(Role.MINISTRY_CIO, world)
    ChangeRequest.objects.filter(pk=mine.pk).update(higher="ministry_cio")
    assert changes.waiting_for(minister, 9) == [late, mine]
    assert changes.waiting_for(person(Role.CIO_OFFICE, world), 9) == []


def test_what_is_listed_costs_one_query_however_much_waits(
    world: World, pjmo: User, pmo: User, value: KpiValue, now: datetime,
    django_assert_num_queries: Any,
) -> None:  # fmt: skip
    ask_phase(pjmo, now, world.project, "testing")
    ask(pjmo, now, value, 60)
    rights_of(pmo)
    with django_assert_num_queries(1):
        rows = changes.waiting_for(pmo, 9)
        assert {(row.requested_by, row.agency) for row in rows} == {(pjmo, world.home)}


# What binds everybody ---------------------------------------------------------------------------------


@pytest.fixture
def second(world: World) -> User:
    """A second person of the CIO office."""
    user: User = factories.UserFactory.create(username="cio-second")
    factories.MembershipFactory.create(user=user, role=Role.CIO_OFFICE)
    return user


def test_a_policy_counts_once_a_second_person_agreed_and_never_backdated(
    world: World, cio: User, second: User, pmo: User, now: datetime
) -> None:
    """Seen: one person loosened a rule for the whole government, from years before."""
    kind = KINDS["risk-policies"]
    values = {
        "rule_id": "single_bidder",
        "parameters": {"high_award_ratio": "0.995"},
        "reason": WHY,
    }
    with pytest.raises(ValidationError, match="another person agrees"):
        register.create(act(cio, now), kind, values | {"is_in_force": True})
    made = register.create(act(cio, now), kind, values | {"valid_from": date(2020, 4, 1)})
    assert flags.rule_book(date(2026, 11, 24)) == flags.rule_book(date(2019, 1, 1))
    force = lambda: changes.request(  # noqa: E731
        act(cio, now, WHY), kind, made.pk, {"is_in_force": True}
    )
    with pytest.raises(ValidationError, match="a day to come"):
        force()
    made = register.edit(
        act(cio, now), kind, made.pk, {"valid_from": date(2026, 12, 1)}, version=made.version
    )
    change = force()
    assert (change.agency, told(second)) == (None, ["change-asked"])
    with pytest.raises(ValidationError, match="waits for another person"):
        register.edit(act(cio, now), kind, made.pk, {"parameters": {}}, version=made.version)
    with pytest.raises(DomainError, match="own request"):
        changes.approve(act(cio, now), change.pk)
    with pytest.raises(PermissionDenied):
        changes.approve(act(pmo, now), change.pk)
    assert signed_in(second).get(f"/changes/{change.pk}/").status_code == 200
    assert signed_in(second).get("/work/").status_code == 200
    changes.approve(act(second, now), change.pk)
    today, then = flags.rule_book(date(2026, 11, 24)), flags.rule_book(date(2026, 12, 1))
    assert str(then["single_bidder"]["high_award_ratio"]) == "0.995"
    assert today["single_bidder"] != then["single_bidder"]
    made.refresh_from_db()
    with pytest.raises(ValidationError, match="write a new one"):
        register.edit(act(cio, now), kind, made.pk, {"parameters": {}}, version=made.version)
    assert untold() == []


def test_no_single_person_moves_a_cost_item_for_everybody(
    world: World, cio: User, second: User, pmo: User, now: datetime
) -> None:
    """Seen: one line of a list turned operation into development for the whole government, and
    its figures stayed as they were until somebody else wrote."""
    kind = KINDS["cost-items"]
    values = {"code": "cloud", "name": "クラウド", "cost_class": CostClass.OPERATION}
    made = register.create(act(cio, now), kind, values)
    for holder in ({"system": world.system}, {"system": None, "project": world.other_project}):
        factories.CostLineFactory.create(cost_item=made, amount=700, **holder)
    rollups.recompute_all()
    moved = {"cost_class": CostClass.DEVELOPMENT}
    with pytest.raises(ValidationError, match="agreed to by two"):
        register.edit(act(cio, now), kind, made.pk, moved, version=made.version)
    # Its words and its days are the office's, and move no money.
    register.edit(act(cio, now), kind, made.pk, {"name": "利用料"}, version=made.version)
    with pytest.raises(PermissionDenied):
        changes.request(act(pmo, now, WHY), kind, made.pk, moved)
    change = changes.request(act(cio, now, WHY), kind, made.pk, moved)
    with pytest.raises(DomainError, match="own request"):
        changes.approve(act(cio, now), change.pk)
    assert set(YearRollup.objects.values_list("development", "operation")) == {(None, 700)}
    changes.approve(act(second, now), change.pk)
    assert list(YearRollup.objects.values_list("development", "operation")) == [(700, None)] * 2
    assert list(rollups.differences()) == []


@pytest.mark.parametrize("moves", [True, False])
def test_flags_follow_the_class_of_an_item(
    moves: bool, world: World, cio: User, second: User, now: datetime, monkeypatch: Any
) -> None:
    """Whole classes are compared by operation: all flags are judged anew, but not for a word."""
    judged: list[Any] = []
    monkeypatch.setattr(flags, "recompute_all", lambda act, *, as_of: judged.append(as_of))
    item = factories.CostItemFactory.create(code="cloud")
    kind = KINDS["cost-items"]
    if moves:
        change = changes.request(act(cio, now, WHY), kind, item.pk, {"cost_class": "other"})
        changes.approve(act(second, now), change.pk)
    else:
        register.edit(act(cio, now), kind, item.pk, {"name": "費"}, version=item.version)
    assert len(judged) == moves


def test_no_single_person_ends_a_role_for_everybody(
    world: World, cio: User, second: User, auditor: User, now: datetime
) -> None:
    """Seen: one line of a list, and there were no auditors any more."""
    kind = KINDS["role-terms"]
    values = {"role": Role.AUDITOR, "name": "監査"}
    with pytest.raises(ValidationError, match="need two"):
        register.create(act(cio, now), kind, values | {"valid_to": date(2026, 11, 23)})
    made = register.create(act(cio, now), kind, values)
    with pytest.raises(ValidationError, match="need two"):
        register.edit(
            act(cio, now), kind, made.pk, {"valid_to": date(2027, 3, 31)}, version=made.version
        )
    with pytest.raises(ValidationError, match="a day to come"):
        changes.request(act(cio, now, WHY), kind, made.pk, {"valid_to": date(2026, 11, 23)})
    # A first day to come would end it as well, at once.
    with pytest.raises(ValidationError, match="would end at once"):
        changes.request(act(cio, now, WHY), kind, made.pk, {"valid_from": date(2027, 4, 1)})
    change = changes.request(act(cio, now, WHY), kind, made.pk, {"valid_to": date(2027, 3, 31)})
    changes.approve(act(second, now), change.pk)
    forget_rights(auditor)
    assert Role.AUDITOR in rights_of(auditor).roles()


def test_no_single_person_moves_an_agency_and_none_below_itself(
    world: World, cio: User, second: User, pmo: User, now: datetime
) -> None:
    """Seen: one account put another ministry under its own, whose office read all of it at once."""
    kind = KINDS["agencies"]
    with pytest.raises(ValidationError, match="agreed to by two"):
        register.edit(act(cio, now), kind, world.other.pk, {"parent": world.home}, version=1)
    with pytest.raises(ValidationError, match="reach each other"):
        changes.request(act(cio, now, WHY), kind, world.home.pk, {"parent": world.sub})
    change = changes.request(act(cio, now, WHY), kind, world.other.pk, {"parent": world.home})
    forget_rights(pmo)
    assert signed_in(pmo).get("/systems/OTHER-1/").status_code == 404
    changes.approve(act(second, now), change.pk)
    world.other.refresh_from_db()
    assert world.other.parent == world.home


def test_no_single_person_lowers_what_the_government_promised(
    world: World, cio: User, now: datetime
) -> None:
    target = factories.TargetFactory.create()
    for values in ({"target_value": Decimal(900)}, {"target_year": 2060}):
        with pytest.raises(ValidationError, match="changed by two"):
            register.edit(act(cio, now), KINDS["targets"], target.pk, values, version=1)


def test_no_layer_of_reviews_is_turned_to_write_in_anothers(
    world: World, cio: User, now: datetime
) -> None:
    """Seen: the CIO office made third-party reviews its own for a moment, and wrote the verdict."""
    layer = factories.ReviewTypeFactory.create(layer="third_party")
    with pytest.raises(ValidationError, match="make a new type"):
        register.edit(act(cio, now), KINDS["review-types"], layer.pk, {"layer": "cio"}, version=1)


def test_what_was_awarded_is_corrected_by_two(
    world: World, pmo: User, pjmo: User, now: datetime
) -> None:
    """Seen: one bidder became three on one person's word, and the flag was gone."""
    kind = KINDS["contracts"]
    single = factories.ContractFactory.create(agency=world.home, project=world.project, bidders=1)
    for values in ({"bidders": 3}, {"method": "designated"}, {"vendor": "別社"}, {"amount": 5}):
        with pytest.raises(ValidationError, match="correction is agreed to by two"):
            register.edit(act(pjmo, now), kind, single.pk, values, version=1)
    change = changes.request(act(pjmo, now, WHY), kind, single.pk, {"bidders": 3})
    assert (change.agency, change.project) == (world.home, world.project)
    changes.approve(act(pmo, now), change.pk)
    # What nobody had told is simply told.
    blank = factories.ContractFactory.create(
        agency=world.home, project=world.project, bidders=None, bidders_state="missing"
    )
    told = {"bidders": 2, "bidders_state": "reported"}
    assert register.edit(act(pjmo, now), kind, blank.pk, told, version=1).bidders == 2
