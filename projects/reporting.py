"""Reads of the monthly report: what its form is made of, in few queries."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import OuterRef, Q, QuerySet, Subquery

from projects.metrics.periods import fiscal_year_of
from projects.models import Baseline, Kpi, KpiValue, Milestone, MonthlyUpdate, Project, Risk
from projects.models.choices import FILED_STATES, RequestState, RiskStatus

# Earlier reports that the checks look back at, and the revisions there may be of them.
_LOOK_BACK, _ROWS = 3, 12


@dataclass(frozen=True, slots=True)
class Month:
    """One month of a project: its report, those before, and the plan."""

    latest: MonthlyUpdate | None
    before: list[MonthlyUpdate]
    baseline: Baseline | None


def month_of_project(project: Project, period: date) -> Month:
    """Cost: two queries."""
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
    agreed = Baseline.objects.filter(project=project, state=RequestState.APPROVED)
    return Month(latest, list(before.values())[:_LOOK_BACK], agreed.order_by("-number").first())


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


def risks_of(project: Project) -> list[Risk]:
    """Risks and issues that are not closed. Cost: one query."""
    return list(Risk.objects.filter(project=project).exclude(status=RiskStatus.CLOSED))
