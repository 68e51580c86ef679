"""Reads of the monthly report: what its form is made of, in few queries."""

import json
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import JSONObject

from projects import ends
from projects.metrics.periods import fiscal_year_of
from projects.models import (
    Baseline,
    Kpi,
    KpiValue,
    Milestone,
    MonthlyUpdate,
    PlannedValue,
    Project,
    Risk,
)
from projects.models.choices import FILED_STATES, RequestState, RiskStatus

# Earlier reports that the checks look back at, and the revisions there may be of them.
_LOOK_BACK, _ROWS = 3, 12


@dataclass(frozen=True, slots=True)
class Month:
    """One month of a project: its report, those before, and the plan."""

    latest: MonthlyUpdate | None
    before: list[MonthlyUpdate]
    baseline: Baseline | None
    planned: int | None
    """Planned value to date by the time-phased plan, in yen"""


def with_plan(period: date) -> QuerySet[Project, Project]:
    """Projects, each with its current plan and the value planned by the end of `period` as `plan`.

    One subquery in the projects' own query: the form of the monthly report is opened often.
    """
    planned = PlannedValue.objects.filter(baseline=OuterRef("pk"), period__lte=period)
    agreed = (
        Baseline.objects.filter(project=OuterRef("pk"), state=RequestState.APPROVED)
        .order_by("-number")
        .annotate(
            plan=JSONObject(
                number="number",
                end="planned_end_on",
                budget="budget_at_completion",
                planned=Subquery(planned.order_by("-period").values("amount")[:1]),
            )
        )
    )
    return Project.objects.select_related("agency").annotate(
        plan=Subquery(agreed.values("plan")[:1])
    )


def month_of_project(project: Any, period: date) -> Month:
    """`project` comes from `with_plan`. Cost: one query."""
    rows = MonthlyUpdate.objects.filter(project=project, period__lte=period).order_by(
        "-period", "-revision"
    )
    latest, before = None, dict[date, MonthlyUpdate]()
    for row in rows.select_related("submitted_by", "returned_by")[:_ROWS]:
        row.project = project
        if row.period == period:
            latest = latest or row
        elif row.state in FILED_STATES:
            before.setdefault(row.period, row)
    baseline, planned = _plan(project)
    return Month(latest, list(before.values())[:_LOOK_BACK], baseline, planned)


def _plan(project: Any) -> tuple[Baseline | None, int | None]:
    stored = json.loads(project.plan) if isinstance(project.plan, str) else project.plan
    if not stored:
        return None, None
    baseline = Baseline(
        project=project,
        number=stored["number"],
        planned_end_on=date.fromisoformat(stored["end"]),
        budget_at_completion=stored["budget"],
    )
    return baseline, stored["planned"]


def milestones_of(project: Project) -> list[Milestone]:
    """Cost: one query."""
    return list(Milestone.objects.filter(project=project).order_by("planned_on", "pk"))


def kpis_of(project: Project, user: Any, period: date) -> list[Kpi]:
    """KPIs of the project and its systems that `user` may see, with target and actual of the
    period's fiscal year as `target_now` and `actual_now`. Cost: one query."""
    year = fiscal_year_of(period)
    in_year: QuerySet[KpiValue, KpiValue] = KpiValue.objects.filter(
        kpi=OuterRef("pk"), fiscal_year=year
    ).order_by("-method_version")
    return list(
        Kpi.objects.visible_to(user)
        .filter(Q(project=project) | Q(system__in=project.systems.all()))
        .annotate(
            target_now=Subquery(in_year.values("target")[:1]),
            actual_now=Subquery(in_year.values("actual")[:1]),
        )
        .order_by("kind", "code")
    )


def risks_of(project: Project, user: Any) -> list[Risk]:
    """Risks and issues that are not closed, marked for who may be told the owner. Cost: one query."""
    risks = Risk.objects.filter(project=project).exclude(status=RiskStatus.CLOSED)
    return list(ends.with_marks(risks.select_related("owner_user"), user))
