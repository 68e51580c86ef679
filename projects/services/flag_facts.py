"""What the rules about plans, worth, spending and upkeep are told about the register.

Each function reads the facts of many subjects at once, in a number of queries that does not grow
with them, and gives them by the subject's key.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from statistics import median
from typing import Any

from django.db.models import Q, QuerySet

from governance.access import Role
from governance.models import Membership
from projects.metrics.delivery import spread_evenly
from projects.metrics.kpi import Direction, achievement
from projects.metrics.periods import (
    fiscal_year_of,
    last_ended_fiscal_year,
)
from projects.metrics.risk import (
    BenefitYear,
    CostYear,
    Delivery,
    Goals,
    OpenFinding,
    Plan,
    Purchase,
    UnitCost,
)
from projects.models import (
    Baseline,
    Benefit,
    Contract,
    Finding,
    Kpi,
    KpiValue,
    MonthlyUpdate,
    YearRollup,
)
from projects.models.choices import (
    SETTLED_STATES,
    FindingWeight,
    KpiDirection,
    KpiKind,
    RequestState,
    ValueState,
)
from projects.selectors import end_of


def deliveries(ids: Collection[int], as_of: date) -> dict[int, Delivery]:
    """Plans and the latest approved reports of projects. Cost: two queries."""
    plans: dict[int, list[Plan]] = defaultdict(list)
    rows: Iterable[tuple[Any, ...]] = (
        Baseline.objects.filter(
            project_id__in=ids, state=RequestState.APPROVED, agreed_on__lte=as_of
        )
        .order_by("project_id", "number")
        .values_list(
            "project_id",
            "agreed_on",
            "planned_start_on",
            "planned_end_on",
            "budget_at_completion",
        )
    )
    for project_id, *plan in rows:
        plans[project_id].append(Plan(*plan))
    reports: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
    latest: dict[tuple[int, date], tuple[Any, ...]] = {}
    updates: Iterable[tuple[Any, ...]] = (
        MonthlyUpdate.objects.filter(
            project_id__in=ids,
            state__in=SETTLED_STATES,
            approved_at__lt=end_of(as_of),
        )
        .order_by("project_id", "period", "revision")
        .values_list("project_id", "period", "forecast_cost", "forecast_end_on", "progress_percent")
    )
    for project_id, period, *rest in updates:
        latest[project_id, period] = tuple(rest)  # The last revision of a month counts.
    for (project_id, _period), report in latest.items():
        reports[project_id].append(report)
    return {pk: _delivery(plans.get(pk, []), reports.get(pk, [])) for pk in ids}


def _delivery(plans: list[Plan], reports: list[tuple[Any, ...]]) -> Delivery:
    if not reports:
        return Delivery(plans)
    cost, end_on, progress = reports[-1]
    exact = 0
    for forecast_cost, forecast_end, _progress in reversed(reports):
        if not plans or (forecast_cost, forecast_end) != (plans[-1].budget, plans[-1].end_on):
            break
        exact += 1
    return Delivery(plans, cost, end_on, exact, is_done=progress == 100)


@dataclass(slots=True)
class Worth:
    """What the goals of one system or project say."""

    asked: int = 0
    known: int = 0
    missed: int = 0
    outcomes: set[int] = field(default_factory=set)
    measured: set[int] = field(default_factory=set)

    def goals(self, *, is_running: bool) -> Goals:
        return Goals(self.asked, self.known, self.missed, is_running)


def worth(holder: str, ids: Collection[int], as_of: date) -> dict[int, Worth]:
    """Goals with the latest finished year that has a target. Cost: two queries."""
    found: dict[int, Worth] = defaultdict(Worth)
    name = f"{holder}_id"
    outcomes = Kpi.objects.filter(kind=KpiKind.OUTCOME, **{f"{name}__in": ids})
    for holder_id, pk in outcomes.order_by().values_list(name, "pk"):
        found[holder_id].outcomes.add(pk)
    values = (
        KpiValue.objects.filter(
            fiscal_year__lte=last_ended_fiscal_year(as_of), **{f"kpi__{name}__in": ids}
        )
        .order_by("kpi_id", "fiscal_year", "method_version")
        .values_list(f"kpi__{name}", "kpi_id", "kpi__kind", "kpi__direction", "target", "actual")
    )
    judged: dict[int, tuple[int, str, Decimal, Decimal | None]] = {}
    for holder_id, kpi_id, kind, direction, target, actual in values:
        if actual is not None and kind == KpiKind.OUTCOME:
            found[holder_id].measured.add(kpi_id)
        if target is not None:
            judged[kpi_id] = (holder_id, direction, target, actual)
    for holder_id, direction, target, actual in judged.values():
        own = found[holder_id]
        own.asked += 1
        if actual is None or direction == KpiDirection.UNKNOWN:
            continue
        own.known += 1
        own.missed += achievement(Direction(direction), target, actual).met is False
    return found


@dataclass(frozen=True, slots=True)
class Money:
    """One fiscal year of one holder: what was spent, and what was available; None is unknown."""

    fiscal_year: int
    spent: int | None
    available: int | None


def money(holder: str, ids: Collection[int]) -> dict[int, list[Money]]:
    """What each year cost. Where the ledger is silent, the split by cost class says what was
    spent. Cost: one query."""
    found: dict[int, list[Money]] = defaultdict(list)
    rows: Iterable[tuple[Any, ...]] = YearRollup.objects.filter(
        **{f"{holder}_id__in": ids}
    ).values_list(
        f"{holder}_id",
        "fiscal_year",
        "executed",
        "available",
        "development",
        "operation",
        "other",
    )
    for holder_id, year, executed, available, *split in rows:
        known = [part for part in split if part is not None]
        spent = sum(known) if executed is None and known else executed
        found[holder_id].append(Money(year, spent, available))
    return found


def costs(years: Iterable[Money]) -> list[CostYear]:
    """What each year cost: spent, or else available."""
    return [
        CostYear(one.fiscal_year, one.available if one.spent is None else one.spent)
        for one in years
    ]


def planned_cost(plans: Collection[Plan]) -> list[CostYear]:
    """The current plan's budget, spread evenly over the months of the plan; without a plan
    nothing."""
    if not plans:
        return []
    plan = list(plans)[-1]
    costs: dict[int, int] = defaultdict(int)
    before = 0
    for phase in spread_evenly(plan.start_on, plan.end_on, plan.budget):
        costs[fiscal_year_of(phase.period)] += phase.amount - before
        before = phase.amount
    return [CostYear(year, cost) for year, cost in costs.items()]


def latest_cost(years: Iterable[Money], as_of: date) -> int | None:
    """What was spent in the latest finished year, of the last five, of which that is known; else
    the latest budget known."""
    last = last_ended_fiscal_year(as_of)
    recent = sorted(
        (one for one in years if last - 5 < one.fiscal_year <= last),
        key=lambda one: one.fiscal_year,
        reverse=True,
    )
    known = [one.spent for one in recent if one.spent is not None]
    known += [one.available for one in recent if one.available is not None]
    return known[0] if known else None


def benefits(ids: Collection[int]) -> dict[int, list[BenefitYear]]:
    """Benefits of projects. Cost: one query."""
    found: dict[int, list[BenefitYear]] = defaultdict(list)
    applicable = Benefit.objects.filter(project_id__in=ids).exclude(
        planned_state=ValueState.NOT_APPLICABLE, realised_state=ValueState.NOT_APPLICABLE
    )
    rows: Iterable[tuple[Any, ...]] = applicable.values_list(
        "project_id", "fiscal_year", "planned", "realised"
    )
    for project_id, *year in rows:
        found[project_id].append(BenefitYear(*year))
    return found


@dataclass(slots=True)
class People:
    """Who holds which office on a day."""

    pjmo: Mapping[int, int]
    pmo: Mapping[int, int]
    ministry_cio: Mapping[int, int]
    entered: Collection[int]
    """Agencies of which anybody was entered."""


def people(project_ids: Collection[int], as_of: date) -> People:
    """Offices held on a day. Cost: one query."""
    counts: dict[str, dict[int, int]] = {role: defaultdict(int) for role in Role.values}
    rows = Membership.objects.filter(
        Q(valid_from__isnull=True) | Q(valid_from__lte=as_of),
        Q(valid_to__isnull=True) | Q(valid_to__gte=as_of),
        Q(project_id__in=project_ids) | Q(agency__isnull=False),
    ).values_list("role", "agency_id", "project_id")
    entered: set[int] = set()
    for role, agency_id, project_id in rows:
        if agency_id is not None:
            entered.add(agency_id)
        counts[role][project_id if role == Role.PJMO else agency_id] += 1
    return People(counts[Role.PJMO], counts[Role.PMO], counts[Role.MINISTRY_CIO], entered)


def purchases(ids: Collection[int]) -> dict[int, list[Purchase]]:
    """Contracts of systems. Cost: one query."""
    found: dict[int, list[Purchase]] = defaultdict(list)
    rows: Iterable[tuple[Any, ...]] = Contract.objects.filter(system_id__in=ids).values_list(
        "system_id", "vendor", "amount", "signed_on", "fiscal_year"
    )
    for system_id, *contract in rows:
        found[system_id].append(Purchase(*contract))
    return found


def unit_costs(ids: Collection[int] | QuerySet[Any, Any], as_of: date) -> dict[int, UnitCost]:
    """Cost a case of systems in the latest finished year that counts cases, beside their class.

    `ids` may be a query of ids, which stays in the database. Cost: two queries; the second reads one year of the classes concerned.
    """
    year = last_ended_fiscal_year(as_of)
    own = YearRollup.objects.filter(system_id__in=ids, cases__gt=0, fiscal_year__lte=year)
    mine: dict[int, tuple[Any, ...]] = {}
    rows: Iterable[tuple[Any, ...]] = own.order_by("fiscal_year").values_list(
        "system_id", "system__system_class_id", "fiscal_year", "operation", "cases"
    )
    for system_id, *rest in rows:
        mine[system_id] = tuple(rest)
    if not mine:
        return {}
    years = {one[1] for one in mine.values()}
    peers: dict[tuple[int, int], list[Decimal]] = defaultdict(list)
    others: Iterable[tuple[Any, ...]] = YearRollup.objects.filter(
        fiscal_year__in=years,
        system__system_class_id__in={one[0] for one in mine.values()},
        cases__gt=0,
        operation__gt=0,
    ).values_list("system__system_class_id", "fiscal_year", "operation", "cases")
    for class_id, fiscal_year, operation, cases in others:
        peers[class_id, fiscal_year].append(Decimal(operation) / cases)
    middle = {key: median(values) for key, values in peers.items()}
    return {
        system_id: UnitCost(
            fiscal_year,
            operation,
            cases,
            middle.get((class_id, fiscal_year)),
            len(peers[class_id, fiscal_year]),
        )
        for system_id, (class_id, fiscal_year, operation, cases) in mine.items()
    }


def open_findings(ids: Collection[int], as_of: date) -> dict[int, list[OpenFinding]]:
    """Findings of reviews that were not accepted by the day. Cost: one query."""
    found: dict[int, list[OpenFinding]] = defaultdict(list)
    rows = Finding.objects.filter(
        Q(accepted_on__isnull=True) | Q(accepted_on__gt=as_of), review_id__in=ids
    ).values_list("review_id", "due_on", "weight")
    for review_id, due_on, weight in rows:
        found[review_id].append(OpenFinding(due_on, weight == FindingWeight.MAJOR))
    return found
