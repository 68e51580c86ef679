"""What users get for the money: systems on two axes, goals reached, and how goals moved.

Everything is read over the rows that the reader sees, narrowed as asked, in a number of statements
that does not grow with them: one for the lists of systems, one for goals, three for their changes.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from django.db.models import Count, F, Max, Min, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from projects.metrics.kpi import Actual, Change, GoalsMet, latest_change
from projects.metrics.periods import last_ended_fiscal_year
from projects.metrics.quadrants import Lines, Missing, Quadrant, lines, missing, place
from projects.metrics.types import Measure
from projects.metrics.value import online_use_ratio
from projects.models import Kpi, KpiMethod, KpiValue, YearRollup
from projects.models.choices import KpiDirection, KpiKind
from projects.selectors import Selection

SHOWN_A_LIST: Final = 10
"""Systems of each list on the page, the dearest first; files hold all."""

GOALS_SHOWN: Final = 25
"""Goals of each list on the page; files hold all."""


DIRECTIONS: Final = tuple(KpiDirection.values)
KINDS: Final = tuple(KpiKind.values)


# Systems on two axes --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Placed:
    """One system: operation yen of the year, the latest online use, and the list it stands in."""

    system_id: str
    name: str
    name_en: str
    agency_id: int
    operation: int | None
    use_year: int | None
    cases: int | None
    online_cases: int | None
    quadrant: Quadrant = Quadrant.UNPLACED

    @property
    def use_ratio(self) -> Measure:
        """Online cases ÷ cases of the services on the system, from 0 to 1."""
        return online_use_ratio(self.cases, self.online_cases)

    @property
    def missing(self) -> Missing | None:
        """What keeps it out of the four lists."""
        return missing(self.operation, self.use_ratio)


@dataclass(slots=True)
class SystemList:
    """One of the five lists: how many systems, their operation yen (None where none is known), and
    the dearest of them."""

    quadrant: Quadrant
    systems: int = 0
    costs_known: int = 0
    operation: int | None = None
    dearest: list[Placed] = field(default_factory=list)
    missing: dict[Missing, int] = field(default_factory=lambda: dict.fromkeys(Missing, 0))

    def take(self, row: Placed) -> None:
        """Adds a system; they come the dearest first."""
        self.systems += 1
        if row.operation is not None:
            self.costs_known += 1
            self.operation = (self.operation or 0) + row.operation
        if row.missing is not None:
            self.missing[row.missing] += 1
        if len(self.dearest) < SHOWN_A_LIST:
            self.dearest.append(row)


@dataclass(frozen=True, slots=True)
class Axes:
    """Every system of the selection in exactly one of five lists, and where they are split."""

    lines: Lines
    lists: Sequence[SystemList]

    @property
    def total(self) -> SystemList:
        """The sums over all five: the systems of the portfolio."""
        whole = SystemList(Quadrant.UNPLACED)
        for one in self.lists:
            whole.systems += one.systems
            whole.costs_known += one.costs_known
            if one.operation is not None:
                whole.operation = (whole.operation or 0) + one.operation
        return whole

    @property
    def placed(self) -> int:
        """Systems in the four lists."""
        return sum(one.systems for one in self.lists if one.quadrant is not Quadrant.UNPLACED)


def placed_systems(
    selection: Selection, year: int | None, value_line: Decimal
) -> tuple[Lines, list[Placed]]:
    """Every system with its list, the dearest first and unknown costs last. One statement.

    The cost is that of the year; the online use that of the latest year with both counts up to
    the day, as on the portfolio's chart.
    """
    use = YearRollup.objects.filter(
        system=OuterRef("pk"),
        cases__gt=0,
        online_cases__isnull=False,
        fiscal_year__lte=selection.last_year,
    ).order_by("-fiscal_year")
    cost = YearRollup.objects.filter(system=OuterRef("pk"), fiscal_year=year or 0)
    systems: QuerySet[Any, Any] = selection.systems()
    rows: Iterable[tuple[Any, ...]] = (
        systems.annotate(
            year_operation=Subquery(cost.values("operation")[:1]),
            used_year=Subquery(use.values("fiscal_year")[:1]),
            used_cases=Subquery(use.values("cases")[:1]),
            used_online=Subquery(use.values("online_cases")[:1]),
        )
        .order_by(F("year_operation").desc(nulls_last=True), "system_id")
        .values_list(
            "system_id",
            "name",
            "name_en",
            "agency_id",
            "year_operation",
            "used_year",
            "used_cases",
            "used_online",
        )
    )
    found = [Placed(*row) for row in rows]
    at = lines(((row.operation, row.use_ratio) for row in found), value_line)
    return at, [_in_its_list(row, at) for row in found]


def _in_its_list(row: Placed, at: Lines) -> Placed:
    return Placed(
        row.system_id,
        row.name,
        row.name_en,
        row.agency_id,
        row.operation,
        row.use_year,
        row.cases,
        row.online_cases,
        place(row.operation, row.use_ratio, at),
    )


def axes(selection: Selection, year: int | None, value_line: Decimal) -> Axes:
    """The five lists. One statement."""
    at, rows = placed_systems(selection, year, value_line)
    lists = {quadrant: SystemList(quadrant) for quadrant in Quadrant}
    for row in rows:
        lists[row.quadrant].take(row)
    return Axes(at, list(lists.values()))


# Goals reached --------------------------------------------------------------------------------------


def kpis(selection: Selection) -> QuerySet[Kpi]:
    """The KPIs of the systems and projects that stay."""
    found: QuerySet[Kpi] = selection.rows(Kpi)
    return found.filter(
        Q(system__in=selection.systems().values("pk"))
        | Q(project__in=selection.projects().values("pk"))
    )


@dataclass(slots=True)
class Goals:
    """KPIs in the latest finished year that has a target, over many. `years` are the first and
    the last of these years; None where no KPI has a target."""

    by_direction: dict[tuple[str, str], GoalsMet] = field(default_factory=dict)
    """(direction, kind) → counts"""
    by_agency: dict[int, GoalsMet] = field(default_factory=dict)
    years: tuple[int, int] | None = None

    @property
    def total(self) -> GoalsMet:
        return sum(self.by_direction.values(), start=GoalsMet())


_AGENCY: Final = Coalesce(F("kpi__system__agency_id"), F("kpi__project__agency_id"))


def due_values(selection: Selection) -> QuerySet[KpiValue]:
    """Of each KPI the value of the latest finished year that has a target. Queries nothing."""
    due = Q(target__isnull=False, fiscal_year__lte=last_ended_fiscal_year(selection.as_of))
    if selection.criteria.fiscal_year is not None:
        due &= Q(fiscal_year=selection.criteria.fiscal_year)
    newest = KpiValue.objects.filter(due, kpi=OuterRef("kpi")).order_by(
        "-fiscal_year", "-method_version"
    )
    return KpiValue.objects.filter(due, kpi__in=kpis(selection).values("pk")).filter(
        pk=Subquery(newest.values("pk")[:1])
    )


def goals(selection: Selection) -> Goals:
    """Of every KPI the latest finished year that has a target, or the year asked for if it is over.

    A KPI whose direction nobody stated is asked and not known, as in the rule about missed goals.
    One statement, a row an agency, kind and direction.
    """
    up, down = Q(kpi__direction=KpiDirection.UP), Q(kpi__direction=KpiDirection.DOWN)
    known = Q(actual__isnull=False) & (up | down)
    rows = (
        due_values(selection)
        .order_by()
        .values("kpi__direction", "kpi__kind", agency=_AGENCY)
        .annotate(
            asked=Count("pk"),
            known=Count("pk", filter=known),
            met=Count(
                "pk", filter=(up & Q(actual__gte=F("target"))) | (down & Q(actual__lte=F("target")))
            ),
            first=Min("fiscal_year"),
            last=Max("fiscal_year"),
        )
    )
    found = Goals()
    for row in rows:
        counts = GoalsMet(row["asked"], row["known"], row["met"])
        key = (row["kpi__direction"], row["kpi__kind"])
        found.by_direction[key] = found.by_direction.get(key, GoalsMet()) + counts
        agency = row["agency"]
        found.by_agency[agency] = found.by_agency.get(agency, GoalsMet()) + counts
        years = found.years or (row["first"], row["last"])
        found.years = (min(years[0], row["first"]), max(years[1], row["last"]))
    return found


# How goals moved ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Moved:
    """One outcome KPI and its change; None where it has no actual at all."""

    code: str
    title: str
    indicator: str
    unit: str
    direction: str
    agency_id: int
    change: Change | None

    @property
    def broken_in(self) -> int | None:
        """The year of a new method that nothing is compared across."""
        return None if self.change is None else self.change.broken_in

    @property
    def growth(self) -> Decimal | None:
        return None if self.change is None else self.change.growth.value

    @property
    def worsening(self) -> Decimal | None:
        """How far it went the wrong way; below zero it went the right way. None where nothing is
        compared, or nobody stated which way is right."""
        if self.growth is None or self.direction == KpiDirection.UNKNOWN:
            return None
        return self.growth if self.direction == KpiDirection.DOWN else -self.growth


@dataclass(frozen=True, slots=True)
class Movements:
    """Every outcome KPI: those that went the wrong way furthest first, then those whose direction
    is not stated, those whose series broke, and those with fewer than two actuals."""

    rows: Sequence[Moved]

    @property
    def compared(self) -> list[Moved]:
        return [row for row in self.rows if row.growth is not None]

    @property
    def broken(self) -> list[Moved]:
        return [row for row in self.rows if row.broken_in is not None]


def movements(selection: Selection) -> Movements:
    """Outcome KPIs between their last two finished years with an actual. Three statements; no rows
    but those of outcome KPIs are read."""
    outcomes = kpis(selection).filter(kind=KpiKind.OUTCOME)
    keys = outcomes.order_by().values("pk")
    actuals: dict[int, list[Actual]] = defaultdict(list)
    values: Iterable[tuple[Any, ...]] = (
        KpiValue.objects.filter(
            kpi__in=keys,
            actual__isnull=False,
            fiscal_year__lte=last_ended_fiscal_year(selection.as_of),
        )
        .order_by()
        .values_list("kpi_id", "fiscal_year", "method_version", "actual")
    )
    for kpi_id, *actual in values:
        actuals[kpi_id].append(Actual(*actual))
    methods: dict[int, dict[int, int]] = defaultdict(dict)
    for kpi_id, number, year in KpiMethod.objects.filter(kpi__in=keys).values_list(
        "kpi_id", "number", "from_year"
    ):
        methods[kpi_id][number] = year
    words: Iterable[tuple[Any, ...]] = (
        outcomes.annotate(agency_key=Coalesce(F("system__agency_id"), F("project__agency_id")))
        .order_by("code")
        .values_list("code", "title", "indicator", "unit", "direction", "agency_key", "pk")
    )
    rows = [
        Moved(
            code,
            title,
            indicator,
            unit,
            direction,
            agency_id,
            latest_change(actuals.get(pk, []), methods.get(pk, {})),
        )
        for code, title, indicator, unit, direction, agency_id, pk in words
    ]
    return Movements(sorted(rows, key=_worst_first))


def _worst_first(row: Moved) -> tuple[int, Decimal]:
    if row.worsening is not None:
        return (0, -row.worsening)
    if row.growth is not None:
        return (1, -abs(row.growth))
    return (2 if row.broken_in is not None else 3, Decimal(0))
