"""The life of a monthly report, as an auditor would ask about it."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from governance import audit
from governance.access import Role
from governance.exceptions import Conflict, DomainError
from governance.models import AuditEvent, Notice, User
from projects.models import KpiValue, MonthlyUpdate, Risk
from projects.models.choices import EarnedBasis, RiskStatus, UpdateState
from projects.services import updates
from projects.services.filed import Details, RiskEntry
from projects.services.updates import NeedsAnswers
from tests import factories
from tests.conftest import World, act, person

pytestmark = pytest.mark.django_db

OCTOBER = date(2026, 10, 1)
FIGURES: dict[str, Any] = {
    "basis": EarnedBasis.REPORTED,
    "progress_percent": Decimal(40),
    "planned_value": None,
    "earned_value": None,
    "actual_cost": 100,
    "forecast_cost": 200,
    "forecast_end_on": date(2027, 3, 31),
    "confidence": 3,
    "narrative": "",
}


def save(
    world: World, author: User, now: datetime, *, version: int = 0, details: Details | None = None,
    answers: dict[str, str] | None = None, period: date = OCTOBER, **changes: Any,
) -> MonthlyUpdate:  # fmt: skip
    return updates.save(
        act(author, now),
        world.project,
        period,
        {**FIGURES, **changes},
        details or Details(),
        answers or {},
        version=version,
    )


def test_saved_submitted_returned_mended_approved_published(
    world: World, pjmo: User, pmo: User, now: datetime
) -> None:
    update = save(world, pjmo, now)
    updates.submit(act(pjmo, now), update.pk)
    updates.send_back(act(pmo, now, "費用の根拠を"), update.pk)
    update.refresh_from_db()
    assert (update.state, update.return_reason, update.returned_by) == (
        UpdateState.RETURNED, "費用の根拠を", pmo,
    )  # fmt: skip
    update = save(world, pjmo, now, version=update.version, actual_cost=110)
    updates.submit(act(pjmo, now), update.pk)
    updates.approve(act(pmo, now), update.pk)
    minister = person(Role.MINISTRY_CIO, world)
    done = updates.publish(act(minister, now), update.pk)
    assert (done.state, done.actual_cost, done.published_by) == (
        UpdateState.PUBLISHED, 110, minister,
    )  # fmt: skip
    verbs = AuditEvent.objects.filter(object_type="monthlyupdate").order_by("seq")
    assert list(verbs.values_list("verb", flat=True)) == [
        "monthlyupdate.created",
        "update.submitted",
        "update.returned",
        "monthlyupdate.edited",
        "update.submitted",
        "update.approved",
        "update.published",
    ]
    assert list(audit.verify()) == []


def test_who_wrote_in_a_report_does_not_approve_it_though_another_submits(
    world: World, pjmo: User, now: datetime
) -> None:
    both = factories.UserFactory.create(username="both")
    factories.MembershipFactory.create(user=both, role=Role.PJMO, project=world.project)
    factories.MembershipFactory.create(user=both, role=Role.PMO, agency=world.home)
    update = save(world, both, now)
    updates.submit(act(pjmo, now), update.pk)
    with pytest.raises(DomainError, match="own report"):
        updates.approve(act(both, now), update.pk)


def test_what_is_odd_needs_a_reason_and_what_is_impossible_is_refused(
    world: World, pjmo: User, now: datetime
) -> None:
    factories.MonthlyUpdateFactory.create(
        project=world.project, period=date(2026, 9, 1), approved=True, progress_percent=50
    )
    update = save(world, pjmo, now, forecast_cost=99)
    with pytest.raises(NeedsAnswers) as told:
        updates.submit(act(pjmo, now), update.pk)
    assert {f.check for f in told.value.findings} == {
        "progress_back", "cost_below_last", "forecast_below_actual",
    }  # fmt: skip
    reasons = {"progress_back": "再計測", "cost_below_last": "訂正", "forecast_below_actual": "x"}
    with pytest.raises(NeedsAnswers) as told:
        updates.submit(act(pjmo, now), update.pk, reasons)
    assert [f.check for f in told.value.findings] == ["forecast_below_actual"]
    update = save(world, pjmo, now, version=update.version, forecast_cost=300)
    done = updates.submit(act(pjmo, now), update.pk, reasons)
    assert done.answers == {"progress_back": "再計測", "cost_below_last": "訂正"}


def test_what_was_filed_reaches_the_register_with_the_approval(
    world: World, pjmo: User, pmo: User, now: datetime
) -> None:
    milestone = factories.MilestoneFactory.create(project=world.project)
    kpi = factories.KpiFactory.create(system=world.system)
    risk = factories.RiskFactory.create(project=world.project)
    details = Details(
        milestones={milestone.pk: {"actual_on": date(2026, 10, 20)}},
        kpis={kpi.pk: Decimal("12.5")},
        risks=(
            RiskEntry(risk.pk, {"status": "closed"}),
            RiskEntry(None, {"kind": "issue", "title": "要員不足", "probability": 4,
                             "impact": 3, "plan": "増員"}),
        ),
    )  # fmt: skip
    update = save(world, pjmo, now, details=details)
    assert Details.of(MonthlyUpdate.objects.get().details) == details
    updates.submit(act(pjmo, now), update.pk)
    milestone.refresh_from_db()
    assert milestone.actual_on is None
    updates.approve(act(pmo, now), update.pk)
    milestone.refresh_from_db()
    risk.refresh_from_db()
    value = KpiValue.objects.get(kpi=kpi, fiscal_year=2026)
    reached: Any = milestone.actual_on
    assert reached == date(2026, 10, 20)
    assert value.actual == Decimal("12.500")
    assert (risk.status, risk.closed_on) == (RiskStatus.CLOSED, date(2026, 11, 24))
    assert Risk.objects.get(title="要員不足").plan == "増員"
    event = AuditEvent.objects.get(verb="milestone.edited")
    assert (event.actor, event.reason) == (pmo, "Monthly report 2026-10 of HOME-P1")


def test_a_milestone_of_another_project_is_not_touched(
    world: World, pjmo: User, pmo: User, now: datetime
) -> None:
    foreign = factories.MilestoneFactory.create(project=world.other_project)
    details = Details(milestones={foreign.pk: {"actual_on": date(2026, 10, 20)}})
    update = save(world, pjmo, now, details=details)
    updates.submit(act(pjmo, now), update.pk)
    updates.approve(act(pmo, now), update.pk)
    foreign.refresh_from_db()
    assert foreign.actual_on is None


def test_weighted_milestones_give_progress_and_value(
    world: World, pjmo: User, now: datetime
) -> None:
    factories.BaselineFactory.create(project=world.project, budget_at_completion=1000)
    first = factories.MilestoneFactory.create(project=world.project, weight=25)
    factories.MilestoneFactory.create(project=world.project, weight=75, planned_on=date(2027, 3, 1))
    details = Details(milestones={first.pk: {"actual_on": date(2026, 10, 5)}})
    update = save(world, pjmo, now, details=details, basis=EarnedBasis.MILESTONES)
    assert (update.progress_percent, update.earned_value, update.planned_value) == (
        Decimal(25), 250, 250,
    )  # fmt: skip


def test_a_correction_keeps_the_approved_report(
    world: World, pjmo: User, pmo: User, now: datetime
) -> None:
    update = save(world, pjmo, now)
    updates.submit(act(pjmo, now), update.pk)
    updates.approve(act(pmo, now), update.pk)
    corrected = save(world, pjmo, now, actual_cost=120)
    assert corrected.revision == 2
    update.refresh_from_db()
    assert (update.state, update.actual_cost) == (UpdateState.APPROVED, 100)


def test_two_who_begin_the_same_month(world: World, pjmo: User, now: datetime) -> None:
    save(world, pjmo, now)
    with pytest.raises(Conflict):
        save(world, pjmo, now, actual_cost=7)
    assert MonthlyUpdate.objects.get().actual_cost == 100


def test_an_approver_decides_on_what_they_saw(
    world: World, pjmo: User, pmo: User, now: datetime
) -> None:
    update = updates.submit(act(pjmo, now), save(world, pjmo, now).pk)
    seen = update.version
    updates.send_back(act(pmo, now, "x"), update.pk)
    update.refresh_from_db()
    updates.submit(act(pjmo, now), save(world, pjmo, now, version=update.version).pk)
    with pytest.raises(Conflict):
        updates.approve(act(pmo, now), update.pk, version=seen)


def test_everybody_concerned_is_told_once(
    world: World, pjmo: User, pmo: User, now: datetime
) -> None:
    update = save(world, pjmo, now)
    updates.submit(act(pjmo, now), update.pk)
    updates.send_back(act(pmo, now, "根拠を"), update.pk)
    told = list(Notice.objects.order_by("pk").values_list("user__username", "kind"))
    assert told == [("pmo", "report-submitted"), ("pjmo", "report-returned")]
    assert Notice.objects.get(kind="report-returned").args["reason"] == "根拠を"


def test_only_those_who_answer_for_the_ministry_publish(
    world: World, pjmo: User, pmo: User, now: datetime
) -> None:
    update = save(world, pjmo, now)
    updates.submit(act(pjmo, now), update.pk)
    updates.approve(act(pmo, now), update.pk)
    with pytest.raises(PermissionDenied):
        updates.publish(act(pmo, now), update.pk)


def test_every_step_tells_the_state_before_and_refuses_an_old_page(
    world: World, pjmo: User, pmo: User, now: datetime
) -> None:
    update = save(world, pjmo, now)
    minister = person(Role.MINISTRY_CIO, world)
    steps = (
        (updates.submit, pjmo, "draft", "submitted"),
        (updates.send_back, pmo, "submitted", "returned"),
        (updates.submit, pjmo, "returned", "submitted"),
        (updates.approve, pmo, "submitted", "approved"),
        (updates.publish, minister, "approved", "published"),
    )
    for step, who, before, after in steps:
        update.refresh_from_db()
        with pytest.raises(Conflict):
            step(act(who, now, "根拠を"), update.pk, version=update.version + 1)
        step(act(who, now, "根拠を"), update.pk, version=update.version)
        event = AuditEvent.objects.filter(object_type="monthlyupdate").latest("seq")
        told = ((event.before or {}).get("state"), (event.after or {}).get("state"))
        assert told == (before, after)


def test_a_report_asks_for_the_projects_and_its_systems_kpis(world: World) -> None:
    own = factories.KpiFactory.create(system=None, project=world.project, code="A")
    linked = factories.KpiFactory.create(system=world.system, code="B")
    factories.KpiFactory.create(system=world.other_system, code="C")
    factories.KpiFactory.create(system=None, project=world.other_project, code="D")
    assert set(updates.kpis_of(world.project)) == {own, linked}
