"""What the register itself teaches of how projects go: cases for the early warning.

A case is a project at the end of a quarter, as its approved reports showed it on that day; what
happened is read from the last report approved within the following year.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby

from django.db.models import QuerySet

from projects.metrics.outlook.warning import HORIZON, Case, State, signs
from projects.models import Baseline, MonthlyUpdate, Project
from projects.models.choices import SETTLED_STATES, ProjectPhase, RequestState
from projects.selectors import end_of

QUARTER_ENDS = ((3, 31), (6, 30), (9, 30), (12, 31))
# A report that is older than this says nothing of a day.
_STALE = timedelta(days=200)


@dataclass(frozen=True, slots=True)
class Reported:
    """One approved report: the project's code, the day of the approval and what it showed."""

    code: str
    day: date
    state: State


def cases_of_register(as_of: date) -> list[Case]:
    """A case for each project and quarter's end up to a day. Cost: one query.

    Nothing that was approved after the day is looked at: what a later report says of an earlier
    quarter is not known yet.
    """
    return [
        case
        for _code, reports in groupby(_reports(as_of), key=lambda item: item.code)
        for case in _cases(list(reports), as_of)
    ]


def case_of_each(projects: QuerySet[Project], as_of: date) -> dict[str, Case]:
    """Projects as their reports show them on a day, by code; without those of which no report is
    recent enough. One query."""
    found = {
        code: _case(list(reports), as_of, as_of)
        for code, reports in groupby(_reports(as_of, projects), key=lambda item: item.code)
    }
    return {code: case for code, case in found.items() if case is not None}


def _reports(as_of: date, projects: QuerySet[Project] | None = None) -> Iterator[Reported]:
    """Of these projects, or of all; by project, in the order of the approvals."""
    rows = MonthlyUpdate.objects.filter(
        state__in=SETTLED_STATES, approved_at__isnull=False, approved_at__lt=end_of(as_of)
    )
    if projects is not None:
        rows = rows.filter(project__in=projects)
    for row in (
        rows.order_by("project__code", "approved_at", "period", "revision")
        .values_list(
            "project__code", "approved_at", "confidence", "forecast_end_on", "forecast_cost",
            "actual_cost", "planned_value", "earned_value",
        )
        .iterator(chunk_size=5000)
    ):  # fmt: skip
        found, approved_at, confidence, finish, cost, actual, planned, earned = row
        yield Reported(
            found,
            approved_at.date(),
            State(
                rating=confidence,
                finish=finish,
                cost=Decimal(cost) if cost else None,
                spent=_share(actual, planned),
                cpi=_share(earned, actual),
                spi=_share(earned, planned),
            ),
        )


def _share(part: int | None, whole: int | None) -> float | None:
    return part / whole if part is not None and whole else None


def _cases(reports: Sequence[Reported], as_of: date) -> Iterator[Case]:
    first, last = reports[0].day, min(reports[-1].day + _STALE, as_of)
    for year in range(first.year, last.year + 1):
        for month, day in QUARTER_ENDS:
            moment = date(year, month, day)
            if first <= moment <= last:
                case = _case(reports, moment, as_of)
                if case is not None:
                    yield case


def _case(reports: Sequence[Reported], moment: date, as_of: date) -> Case | None:
    now = _standing(reports, moment)
    if now is None:
        return None
    before = _standing(reports, moment - HORIZON)
    # A year that is not over has not shown whether a sign comes.
    then = _standing(reports, moment + HORIZON) if moment + HORIZON <= as_of else None
    return Case(
        subject=now.code,
        day=moment,
        now=now.state,
        before=None if before is None else before.state,
        years=(moment - reports[0].day).days // 365,
        signs={} if then is None or then.day <= moment else signs(now.state, then.state),
    )


def _standing(reports: Sequence[Reported], moment: date) -> Reported | None:
    """The last report approved by a day, unless it is stale."""
    known = [item for item in reports if item.day <= moment]
    return known[-1] if known and moment - known[-1].day <= _STALE else None


# Finished projects --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Finished:
    """A delivered project against its first baseline: its budget in yen, and what was spent and
    how long it took as shares of what was planned (None where not reported)."""

    code: str
    budget: int
    cost: Decimal | None
    time: Decimal | None


def finished_projects(as_of: date) -> list[Finished]:
    """Projects closed by a day, or in operation with all work reported as done. What was stopped
    never finished, and is not among them. Two queries."""
    plans = Baseline.objects.filter(
        state=RequestState.APPROVED,
        number=1,
        project__phase__in=_DELIVERED,
        budget_at_completion__gt=0,
    ).select_related("project")
    reports = {
        project_id: (cost, finish)
        for project_id, cost, finish in MonthlyUpdate.objects.filter(
            project__phase__in=_DELIVERED,
            state__in=SETTLED_STATES,
            approved_at__lt=end_of(as_of),
            progress_percent=100,
        )
        .order_by("period", "revision")
        .values_list("project_id", "actual_cost", "forecast_end_on")
    }
    found = (_finished(plan, *reports.get(plan.project_id, (None, None))) for plan in plans)
    return [done for end, done in found if end is not None and end <= as_of]


_DELIVERED = (ProjectPhase.CLOSED, ProjectPhase.OPERATING)


def _finished(
    plan: Baseline, spent: int | None, finish: date | None
) -> tuple[date | None, Finished]:
    end = plan.project.ended_on or finish
    planned_days = (plan.planned_end_on - plan.planned_start_on).days
    taken = None if end is None else (end - plan.planned_start_on).days
    budget = plan.budget_at_completion
    return end, Finished(
        code=plan.project.code,
        budget=budget,
        cost=None if spent is None else Decimal(spent) / budget,
        time=Decimal(taken) / planned_days if taken is not None and planned_days > 0 else None,
    )
