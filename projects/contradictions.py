"""Finds contradictions in what a reader may see. Queries do not grow with the projects."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import F, Q

from governance.models import Agency
from projects.metrics import contradictions as rules
from projects.metrics.contradictions import Contradiction, Report
from projects.metrics.kpi import Direction, achievement
from projects.metrics.periods import fiscal_year_of, last_ended_fiscal_year
from projects.models import (
    Baseline,
    KpiValue,
    Milestone,
    MonthlyUpdate,
    Project,
    System,
    YearRollup,
)
from projects.models.choices import (
    ENDED_PHASES,
    REPORTING_PHASES,
    SETTLED_STATES,
    KpiDirection,
    RequestState,
)
from projects.selectors import end_of

# Money that stands for a year, whether or not it was spent.
_FUNDS = ("available", "initial", "requested")


@dataclass(frozen=True, slots=True)
class Found:
    """A contradiction, and what it is about: a project, a system, or a whole agency (None)."""

    agency: Agency
    about: Project | System | None
    contradiction: Contradiction


def find(user: Any, as_of: date, agency_id: int | None = None) -> list[Found]:
    """All that a reader may see as of a day, of one agency or of all; by agency and project.

    Cost: ten queries.
    """
    seen = MonthlyUpdate.objects.visible_to(user).values("project_id")
    projects = Project.objects.filter(pk__in=seen).select_related("agency")
    if agency_id is not None:
        projects = projects.filter(agency_id=agency_id)
    by_pk = {project.pk: project for project in projects.order_by("agency_id", "code")}
    reports = _reports(list(by_pk), as_of)
    facts = _Facts(list(by_pk), as_of)
    found = [
        Found(project.agency, project, one)
        for pk, project in by_pk.items()
        for one in _of_project(project, reports.get(pk), facts, as_of)
    ]
    found += _of_agencies(by_pk, reports, facts)
    found += _of_systems(user, as_of, agency_id)
    return sorted(
        found,
        key=lambda item: (
            item.agency.name,
            "" if item.about is None else item.about.name,
            item.contradiction.kind,
        ),
    )


def _reports(ids: Sequence[int], as_of: date) -> dict[int, Report]:
    rows = (
        MonthlyUpdate.objects.filter(
            project_id__in=ids, state__in=SETTLED_STATES, approved_at__lt=end_of(as_of)
        )
        .order_by("project_id", "period", "revision")
        .values_list(
            "project_id", "period", "confidence", "narrative", "progress_percent", "planned_value",
            "earned_value", "actual_cost", "forecast_cost", "forecast_end_on",
        )
    )  # fmt: skip
    return {row[0]: Report(*row[1:]) for row in rows}


class _Facts:
    """What stands beside the reports, by project."""

    def __init__(self, ids: Sequence[int], as_of: date) -> None:
        self.plans: dict[int, tuple[int, date]] = {}
        plans = Baseline.objects.filter(
            project_id__in=ids, state=RequestState.APPROVED, agreed_on__lte=as_of
        ).order_by("number")
        for pk, budget, end in plans.values_list(
            "project_id", "budget_at_completion", "planned_end_on"
        ):
            self.plans[pk] = (budget, end)
        self.met: dict[int, list[tuple[str, date]]] = defaultdict(list)
        milestones = Milestone.objects.filter(project_id__in=ids, actual_on__isnull=False)
        for pk, name, met_on in milestones.values_list("project_id", "name", "actual_on"):
            if met_on is not None:
                self.met[pk].append((name, met_on))
        self.values: dict[int, list[Any]] = defaultdict(list)
        values = KpiValue.objects.filter(
            kpi__project_id__in=ids, fiscal_year__lte=last_ended_fiscal_year(as_of)
        ).order_by("kpi_id", "fiscal_year", "method_version")
        for value in values.select_related("kpi"):
            if value.kpi.project_id is not None:
                self.values[value.kpi.project_id].append(value)
        self.ledger: dict[int, dict[int, list[int | None]]] = defaultdict(lambda: defaultdict(list))
        self.own: dict[int, dict[int, int]] = defaultdict(dict)
        amounts = ("fiscal_year", "executed", *_FUNDS)
        own = YearRollup.objects.filter(project_id__in=ids).values_list(
            "project_id", "project_id", *amounts
        )
        linked = YearRollup.objects.filter(system__projects__in=ids).values_list(
            F("system__projects"), "project_id", *amounts
        )
        for pk, is_own, year, executed, *funds in [*own, *linked]:
            known = [amount for amount in (executed, funds[0]) if amount is not None]
            self.ledger[pk][year].append(max(known) if known else None)
            if is_own is not None:
                self.own[pk][year] = max(amount or 0 for amount in funds)


def _of_project(
    project: Project, report: Report | None, facts: _Facts, as_of: date
) -> Iterator[Contradiction]:
    checks: list[Contradiction | None] = []
    if report is not None:
        asked, met = _goals(facts.values[project.pk])
        checks += [
            rules.rating_against_variance(report),
            rules.narrative_against_rating(report),
            rules.kpis_against_rating(report, asked=asked, met=met),
            rules.date_order(report),
            rules.above_ledger(report, _since(project, report, facts)),
        ]
    checks += [
        rules.ten_times(value.kpi.code, value.fiscal_year, value.target, value.actual)
        for value in facts.values[project.pk]
    ]
    checks += rules.milestone_dates(project.started_on, as_of, facts.met[project.pk])
    if project.phase in ENDED_PHASES:
        checks.append(rules.closed_yet_funded(project.ended_on, facts.own[project.pk]))
    yield from (one for one in checks if one is not None)


def _goals(values: Sequence[KpiValue]) -> tuple[int, int]:
    """How many KPIs have a target in their latest finished year, and how many of them are met."""
    latest = {value.kpi_id: value for value in values if value.target is not None}
    met = 0
    for value in latest.values():
        if value.kpi.direction != KpiDirection.UNKNOWN:
            direction = Direction(value.kpi.direction)
            met += achievement(direction, value.target, value.actual).met is True
    return len(latest), met


def _since(project: Project, report: Report, facts: _Facts) -> list[int | None]:
    """The ledger of each year from the project's start to the report, its own and its systems'."""
    if project.started_on is None:
        return []
    years = range(fiscal_year_of(project.started_on), fiscal_year_of(report.month) + 1)
    ledger = facts.ledger[project.pk]
    sums: list[int | None] = []
    for year in years:
        known = [amount for amount in ledger.get(year, [None]) if amount is not None]
        sums.append(sum(known) if known and len(known) == len(ledger[year]) else None)
    return sums


def _of_agencies(
    projects: dict[int, Project], reports: dict[int, Report], facts: _Facts
) -> Iterator[Found]:
    pairs: dict[int, list[Any]] = defaultdict(list)
    agencies: dict[int, Agency] = {}
    for pk, project in projects.items():
        if project.phase in REPORTING_PHASES and pk in reports and pk in facts.plans:
            budget, end = facts.plans[pk]
            pair = (reports[pk].forecast_cost, budget, reports[pk].forecast_end, end)
            pairs[project.agency_id].append(pair)
            agencies[project.agency_id] = project.agency
    for agency_id, mine in pairs.items():
        one = rules.zero_variance(mine)
        if one is not None:
            yield Found(agencies[agency_id], None, one)


def _of_systems(user: Any, as_of: date, agency_id: int | None) -> Iterator[Found]:
    """Systems that are gone and still hold money."""
    gone = System.objects.visible_to(user).filter(retired_on__lte=as_of)
    if agency_id is not None:
        gone = gone.filter(agency_id=agency_id)
    money: dict[int, dict[int, int]] = defaultdict(dict)
    rows = YearRollup.objects.filter(system__in=gone.order_by().values("pk"))
    for pk, year, *amounts in rows.values_list("system_id", "fiscal_year", *_FUNDS):
        if pk is not None:
            money[pk][year] = max(amount or 0 for amount in amounts)
    for system in gone.select_related("agency"):
        one = rules.closed_yet_funded(system.retired_on, money.get(system.pk, {}))
        if one is not None:
            yield Found(system.agency, system, one)


def agencies_of(user: Any) -> list[Agency]:
    """The agencies of which a reader sees projects or systems. One query."""
    projects = Project.objects.visible_to(user).values("agency_id")
    systems = System.objects.visible_to(user).values("agency_id")
    return list(Agency.objects.filter(Q(pk__in=projects) | Q(pk__in=systems)).order_by("name"))
