"""Delivery of many projects at once: earned value, earned schedule and variance on a day.

The same readings as a project's own figures (`projects.figures`), for lists and roll-ups.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import OuterRef, Q, QuerySet, Subquery

from governance.access import Action, Resource, rights_of
from projects.metrics import evm, variance
from projects.metrics.evm import EarnedSchedule, EarnedValue
from projects.metrics.variance import Variance
from projects.models import Baseline, MonthlyUpdate, PlannedValue, Project
from projects.models.choices import REPORTING_PHASES, SETTLED_STATES, RequestState
from projects.selectors import end_of


def reported_to(user: Any, projects: QuerySet[Project]) -> QuerySet[Project]:
    """Those projects that report, of which the reader sees the reports. Queries nothing."""
    reach = rights_of(user).reach(Resource.UPDATE, Action.READ)
    found = projects.filter(phase__in=REPORTING_PHASES)
    if reach.everything:
        return found
    return found.filter(Q(agency_id__in=reach.agency_ids) | Q(pk__in=reach.project_ids))


@dataclass(frozen=True, slots=True)
class Against:
    """Signed schedule and cost variance against one plan; below zero is late or over."""

    plan: Baseline
    days: Variance
    money: Variance

    @property
    def schedule_state(self) -> variance.State:
        return variance.state_of(self.days, variance.State.LATE, variance.State.EARLY)

    @property
    def cost_state(self) -> variance.State:
        return variance.state_of(self.money, variance.State.OVER, variance.State.UNDER)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One project on a day. Without an approved report or an agreed plan what needs it is
    undefined, with the reason."""

    project: Project
    report: MonthlyUpdate | None
    first: Against | None
    current: Against | None
    value: EarnedValue
    schedule: EarnedSchedule
    finish: date | None
    """The month in which the work ends at the pace so far (earned schedule)."""


def deliveries(projects: QuerySet[Project], as_of: date) -> list[Delivery]:
    """Every project of the queryset, in its order. Cost: four queries, however many there are."""
    rows = list(projects.select_related("agency").annotate(report_pk=_latest_report(as_of)))
    reports = MonthlyUpdate.objects.select_related("updated_by").in_bulk(
        [row.report_pk for row in rows if row.report_pk]
    )
    plans: dict[int, list[Baseline]] = defaultdict(list)
    for plan in Baseline.objects.filter(
        project__in=[row.pk for row in rows], state=RequestState.APPROVED, agreed_on__lte=as_of
    ).order_by("project_id", "number"):
        plans[plan.project_id].append(plan)
    phases: dict[int, list[int]] = defaultdict(list)
    current = [own[-1].pk for own in plans.values()]
    for plan_pk, amount in (
        PlannedValue.objects.filter(baseline__in=current)
        .order_by("baseline_id", "period")
        .values_list("baseline_id", "amount")
    ):
        phases[plan_pk].append(amount)
    return [
        _delivery(row, reports.get(row.report_pk), plans.get(row.pk, []), phases, as_of)
        for row in rows
    ]


def _latest_report(as_of: date) -> Subquery:
    return Subquery(
        MonthlyUpdate.objects.filter(
            project=OuterRef("pk"), state__in=SETTLED_STATES, approved_at__lt=end_of(as_of)
        )
        .order_by("-period", "-revision")
        .values("pk")[:1]
    )


def _delivery(
    project: Project,
    report: MonthlyUpdate | None,
    plans: Sequence[Baseline],
    phases: dict[int, list[int]],
    as_of: date,
) -> Delivery:
    plan = plans[-1] if plans else None
    value = earned_value(report, plan)
    schedule = earned_schedule(report, plan, [] if plan is None else phases.get(plan.pk, []))
    return Delivery(
        project,
        report,
        against(report, plans[0], as_of) if plans else None,
        against(report, plan, as_of) if plan else None,
        value,
        schedule,
        None
        if plan is None
        else evm.forecast_finish(plan.planned_start_on, schedule.forecast_duration),
    )


# One project: shared with its own page of figures ---------------------------------------------------


def earned_value(report: MonthlyUpdate | None, plan: Baseline | None) -> EarnedValue:
    """BAC of the current plan; PV, EV and AC as the latest approved report says."""
    return EarnedValue(
        None if plan is None else plan.budget_at_completion,
        None if report is None else report.planned_value,
        None if report is None else report.earned_value,
        None if report is None else report.actual_cost,
    )


def months_run(report: MonthlyUpdate | None, plan: Baseline | None) -> int | None:
    """Months from the planned start to the report's, both counted; None without either."""
    if report is None or plan is None:
        return None
    start: date = plan.planned_start_on
    end: date = report.period
    return (end.year - start.year) * 12 + end.month - start.month + 1


def earned_schedule(
    report: MonthlyUpdate | None, plan: Baseline | None, phases: Sequence[int]
) -> EarnedSchedule:
    """Months are the periods; the first month of the plan is the first."""
    earned = None if report is None else report.earned_value
    return evm.earned_schedule(phases, earned, months_run(report, plan))


def plan_dates(report: MonthlyUpdate | None, plan: Baseline) -> variance.Dates:
    """A forecast of work that is all done is the day on which it ended."""
    is_done = report is not None and report.progress_percent == 100
    forecast = None if report is None else report.forecast_end_on
    return variance.Dates(
        plan.planned_start_on,
        plan.planned_end_on,
        None if is_done else forecast,
        forecast if is_done else None,
    )


def against(report: MonthlyUpdate | None, plan: Baseline, as_of: date) -> Against:
    """The US formula, recomputed for the day: a project past its end is late today."""
    expected = None if report is None else report.forecast_cost
    return Against(
        plan,
        variance.schedule(plan_dates(report, plan), as_of),
        variance.cost(
            variance.Costs(
                Decimal(plan.budget_at_completion),
                None if expected is None else Decimal(expected),
            ),
            is_ended=False,
        ),
    )
