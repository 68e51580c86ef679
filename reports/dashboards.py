"""The portfolio in figures: what one reader sees of it, on one day, narrowed as asked.

All sums and counts are made by the database; the only rows that come one by one are the points of
the scatter and the attention list, both cut. The number of statements is constant:

    1 counts of every kind by agency, open flags, online use, the default year, the target
    2 yearly cost by agency and year (rollups)
    3 the thresholds of the risk rules
    4 points of the scatter (`portfolio` only)    5 attention list (`portfolio` only)

A total is the sum of its agencies by construction: `Figures` add up, and the portfolio is their sum.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from decimal import Decimal
from typing import Any, Final

from django.db.models import (
    BigIntegerField,
    BooleanField,
    Case,
    CharField,
    Count,
    DateField,
    F,
    IntegerField,
    Max,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
    Window,
)
from django.db.models.functions import Cast, Coalesce, RowNumber, TruncDate

from governance.access import Resource
from governance.models import Agency
from governance.models.base import Valid
from governance.sums import ExactSum
from projects.metrics import cost
from projects.metrics.types import Measure, Reason, ratio
from projects.metrics.value import SingleBids, TakeUp, online_use_ratio
from projects.models import Project, RiskFlag, System, YearRollup
from projects.models.choices import FlagSeverity
from projects.models.review import LAYER_RESOURCES
from projects.selectors import (
    ENDED_STATUSES,
    SEVERITIES,
    AgencyTree,
    Criteria,
    Rows,
    Selection,
    bidding_counts,
    flagged_projects,
    flagged_systems,
    has_split,
    is_bulk,
    is_late,
    is_measured,
    is_overdue,
    latest_due_period,
    owes_report,
    spent,
    worst_severity,
)
from projects.services.flags import rule_book

POINTS_DRAWN: Final = 300
ATTENTION_SHOWN: Final = 20
ROWS_SHOWN: Final = 50

Severities = Mapping[str, int]
"""Severity ("high", …; "" for none) → how many."""


def _added(one: int | None, other: int | None) -> int | None:
    """A sum that is unknown only where nothing is known."""
    if one is None or other is None:
        return one if other is None else other
    return one + other


@dataclass(frozen=True, slots=True)
class YearCost:
    """Yen of one fiscal year; None where no figure is known.

    `development`, `operation` and `other` are executed yen by class, `unsplit` the executed yen of
    holders that report no class at all. `rated_*` are the sums over holders with both figures:
    the base of the execution rate. `system_spent` and `measured_spent` are what all systems and
    those with a value measure spent: executed yen, or the classes where a ledger is silent. The
    last three count systems: how many figures stand in a sum.
    """

    development: int | None = None
    operation: int | None = None
    other: int | None = None
    unsplit: int | None = None
    initial: int | None = None
    available: int | None = None
    executed: int | None = None
    rated_available: int | None = None
    rated_executed: int | None = None
    system_spent: int | None = None
    measured_spent: int | None = None
    developing_systems: int = 0
    operating_systems: int = 0
    executing_systems: int = 0

    def __add__(self, more: "YearCost") -> "YearCost":
        sums: dict[str, Any] = {
            f.name: _added(getattr(self, f.name), getattr(more, f.name)) for f in fields(self)
        }
        return YearCost(**sums)

    @property
    def execution_rate(self) -> Measure:
        """Executed ÷ available over the holders that report both (Board of Audit 2021)."""
        return cost.execution_rate(self.rated_executed, self.rated_available)

    @property
    def spent(self) -> int | None:
        """Executed yen by class and of holders without a split; None where nothing is known."""
        known = [
            amount
            for amount in (self.development, self.operation, self.other, self.unsplit)
            if amount is not None
        ]
        return sum(known) if known else None

    @property
    def measured_share(self) -> Measure:
        """What systems with a value measure spent ÷ what all systems spent."""
        if self.system_spent is None:
            return Measure(None, Reason.NO_DATA)
        return ratio(self.measured_spent or 0, self.system_spent)


NO_COST: Final = YearCost()


@dataclass(slots=True)
class Figures:
    """What is counted and summed over one agency, or over many: every field adds up."""

    systems: int = 0
    live_systems: int = 0
    measured_systems: int = 0
    projects: int = 0
    reports_due: int = 0
    reports_late: int = 0
    services: int = 0
    services_measured: int = 0
    cases: int | None = None
    online_cases: int | None = None
    contracts: int = 0
    competitive: int = 0
    bidders_known: int = 0
    single_bids: int = 0
    reviews: int = 0
    reviews_overdue: int = 0
    project_risk: dict[str, int] = field(default_factory=dict)
    flags: dict[str, dict[str, int]] = field(default_factory=dict)
    years: dict[int, YearCost] = field(default_factory=dict)

    def __add__(self, more: "Figures") -> "Figures":
        counts: dict[str, Any] = {
            name: _added(getattr(self, name), getattr(more, name)) for name in _COUNTS
        }
        return Figures(
            **counts,
            project_risk=_merged(self.project_risk, more.project_risk),
            flags={
                rule: _merged(self.flags.get(rule, {}), more.flags.get(rule, {}))
                for rule in self.flags | more.flags
            },
            years={
                year: self.years.get(year, NO_COST) + more.years.get(year, NO_COST)
                for year in sorted(self.years | more.years)
            },
        )

    @property
    def is_empty(self) -> bool:
        """Whether no register object stands here."""
        return not (self.systems or self.projects or self.services or self.contracts)

    @property
    def online_use(self) -> Measure:
        """Online cases ÷ cases of the services that are online and report both counts."""
        known = self.services_measured
        return TakeUp(self.cases or 0, self.online_cases or 0, known, known).ratio

    @property
    def single_bid_ratio(self) -> Measure:
        """One-bidder contracts ÷ competitive contracts, as the Board of Audit counts them."""
        return SingleBids(self.single_bids, self.bidders_known, self.competitive).ratio

    def year(self, fiscal_year: int | None) -> YearCost:
        return NO_COST if fiscal_year is None else self.years.get(fiscal_year, NO_COST)

    def flags_of(self, severity: str) -> int:
        """Open flags of one severity, over all rules."""
        return sum(counts.get(severity, 0) for counts in self.flags.values())


_COUNTS: Final = tuple(
    f.name for f in fields(Figures) if f.name not in {"project_risk", "flags", "years"}
)


def _merged(one: Severities, other: Severities) -> dict[str, int]:
    return {key: one.get(key, 0) + other.get(key, 0) for key in {**one, **other}}


@dataclass(frozen=True, slots=True)
class AgencyFigures:
    """One row of the agency table."""

    agency: Agency
    figures: Figures


@dataclass(frozen=True, slots=True)
class Point:
    """One system of the scatter: operation yen in the year against its latest online use."""

    system_id: str
    name: str
    name_en: str
    agency_id: int
    operation: int | None
    executed: int | None
    use_year: int | None
    cases: int | None
    online_cases: int | None
    severity: str

    @property
    def use_ratio(self) -> Measure:
        """Online cases ÷ cases of the services on the system, from 0 to 1."""
        return online_use_ratio(self.cases, self.online_cases)


@dataclass(frozen=True, slots=True)
class SystemsTarget:
    """The national target for the number of systems."""

    base_year: int | None
    base: int | None
    target_year: int
    target: int


@dataclass(frozen=True, slots=True)
class Summary:
    """The headline figures of a selection. `year` is what yearly figures are about; None where
    no year has any. Dates tell the age: `changed_on` by kind of row, the last change seen."""

    as_of: date
    criteria: Criteria
    year: int | None
    period: date
    use_threshold: Decimal
    agencies: tuple[AgencyFigures, ...]
    total: Figures
    agencies_valid: int
    changed_on: Mapping[str, date]
    use_years: tuple[int, ...]
    target: SystemsTarget | None
    not_shown: frozenset[str] = frozenset()
    """Counts that the reader's role may not know at all: a nought of these would be a lie."""

    @property
    def cost(self) -> YearCost:
        """Yen of the year shown."""
        return self.total.year(self.year)


@dataclass(frozen=True, slots=True)
class Portfolio:
    """All that a portfolio page shows. `points` and `attention` are cut, as their names' limits
    say; `attention_total` counts every open flag of high or medium severity."""

    summary: Summary
    points: tuple[Point, ...]
    attention: tuple[RiskFlag, ...]

    @property
    def attention_total(self) -> int:
        total = self.summary.total
        return total.flags_of(FlagSeverity.HIGH) + total.flags_of(FlagSeverity.MEDIUM)


def portfolio(rows: Rows, criteria: Criteria, as_of: date, tree: AgencyTree) -> Portfolio:
    """The portfolio of a reader. Cost: five statements, whatever its size.

    `tree` holds the agencies (`projects.selectors.agency_tree`), which the filter form needs too.
    """
    selection = Selection(rows, criteria, as_of)
    summary = summarise(rows, criteria, as_of, tree)
    points = system_points(selection, summary.year).filter(
        operation__gt=0, used_cases__isnull=False
    )
    return Portfolio(
        summary=summary,
        points=tuple(as_point(row) for row in points[:POINTS_DRAWN]),
        attention=tuple(_attention_shown(selection)),
    )


@dataclass(frozen=True, slots=True)
class AgencyPortfolio:
    """The page of one agency: its portfolio, its dearest systems and its projects, both cut."""

    portfolio: Portfolio
    systems: tuple[System, ...]
    projects: tuple[Project, ...]


def agency_portfolio(
    rows: Rows, criteria: Criteria, as_of: date, tree: AgencyTree
) -> AgencyPortfolio:
    """`portfolio` with systems and projects one by one. Cost: seven statements."""
    found = portfolio(rows, criteria, as_of, tree)
    selection = Selection(rows, criteria, as_of)
    return AgencyPortfolio(
        found,
        tuple(agency_systems(selection, found.summary.year)[:ROWS_SHOWN]),
        tuple(agency_projects(selection, found.summary.period)[:ROWS_SHOWN]),
    )


def summarise(rows: Rows, criteria: Criteria, as_of: date, tree: AgencyTree) -> Summary:
    """The headline figures, an agency each and in all. Cost: three statements."""
    book = rule_book(as_of)
    period = latest_due_period(as_of, int(book["late_report"]["due_day"]))
    selection = Selection(rows, criteria, as_of)
    gathered = _Gathered()
    for row in _counts(selection, period):
        gathered.take(*row)
    _take_cost(selection, gathered)
    listed = tuple(
        AgencyFigures(agency, gathered.by_agency[pk])
        for pk, agency in tree.by_id.items()
        if pk in gathered.by_agency
    )
    return Summary(
        as_of=as_of,
        criteria=criteria,
        year=criteria.fiscal_year if criteria.fiscal_year is not None else gathered.year,
        period=period,
        use_threshold=book["low_online_use"]["medium_below_ratio"],
        agencies=listed,
        total=sum((row.figures for row in listed), start=Figures()),
        agencies_valid=sum(
            _is_valid(row.agency, as_of) and not row.figures.is_empty for row in listed
        ),
        changed_on=gathered.changed_on,
        use_years=tuple(sorted(gathered.use_years)),
        target=gathered.target,
        not_shown=frozenset(
            name
            for name, resources in _OF_RESOURCES.items()
            if not any(rows.reach(resource) for resource in resources)
        ),
    )


_OF_RESOURCES: Final[Mapping[str, tuple[Resource, ...]]] = {
    "reports": (Resource.UPDATE,),
    "reviews": tuple(resource for _layer, resource in LAYER_RESOURCES),
}


def _is_valid(row: Valid, as_of: date) -> bool:
    return (row.valid_from is None or row.valid_from <= as_of) and (
        row.valid_to is None or row.valid_to >= as_of
    )


# Counts: one statement ------------------------------------------------------------------------------


def _counts(selection: Selection, period: date) -> Iterator[tuple[Any, ...]]:
    """Rows of (kind, agency, label, severity, four numbers, last change). Cost: one statement."""
    first, *others = (
        _system_counts(selection),
        _project_counts(selection, period),
        _service_counts(selection),
        _use_counts(selection),
        _contract_counts(selection),
        _review_counts(selection),
        _flag_counts(selection),
        _year(selection),
        _target(selection),
    )
    yield from first.union(*others, all=True)


_NUMBERS = ("first", "second", "third", "fourth")


def _row(grouped: QuerySet[Any, Any], *numbers: Any, changed_on: Any = None) -> QuerySet[Any, Any]:
    """A grouped queryset brought to the shape that all parts of the union share."""
    # The casts give every part the same types, and PostgreSQL's numeric sums their integers back.
    padded = [*numbers, *[Value(0)] * (len(_NUMBERS) - len(numbers))]
    shaped = {
        name: Cast(number, BigIntegerField()) for name, number in zip(_NUMBERS, padded, strict=True)
    }
    if changed_on is None:
        changed_on = Value(None, output_field=DateField())
    row: QuerySet[Any, Any] = grouped.annotate(
        **shaped, changed_on=Cast(changed_on, DateField())
    ).values_list("kind", "agency_key", "label", "tag", *_NUMBERS, "changed_on")
    return row


def _grouped(
    queryset: QuerySet[Any], kind: str, agency: Any, label: Any = None, tag: Any = None
) -> QuerySet[Any, Any]:
    return queryset.order_by().values(
        kind=Value(kind, output_field=CharField()),
        agency_key=agency,
        label=Value("", output_field=CharField()) if label is None else label,
        tag=Value("", output_field=CharField()) if tag is None else tag,
    )


_LAST_CHANGE = TruncDate(Max("updated_at"))


def _system_counts(selection: Selection) -> QuerySet[Any, Any]:
    live = ~Q(status__in=ENDED_STATUSES) & (
        Q(retired_on__isnull=True) | Q(retired_on__gt=selection.as_of)
    )
    return _row(
        _grouped(selection.systems(), "systems", F("agency_id")),
        Count("pk"),
        Count("pk", filter=live),
        Count("pk", filter=is_measured(selection.last_year)),
        changed_on=_LAST_CHANGE,
    )


def _project_counts(selection: Selection, period: date) -> QuerySet[Any, Any]:
    worst = worst_severity(selection.open_flags(), flagged_projects)
    reads = selection.reads_reports()
    return _row(
        _grouped(selection.projects(), "projects", F("agency_id"), tag=worst),
        Count("pk"),
        Count("pk", filter=owes_report(period, selection.as_of) & reads),
        Count("pk", filter=is_late(period, selection.as_of) & reads),
        changed_on=_LAST_CHANGE,
    )


def _service_counts(selection: Selection) -> QuerySet[Any, Any]:
    return _row(
        _grouped(selection.services(), "services", F("agency_id")),
        Count("pk"),
        changed_on=_LAST_CHANGE,
    )


def _use_counts(selection: Selection) -> QuerySet[Any, Any]:
    """Cases, online cases and services counted, of the latest year of each agency."""
    if selection.has_service_rollups:
        return _row(
            _grouped(selection.service_rollups(), "use", F("agency_id")),
            Sum("cases"),
            Sum("online_cases"),
            Sum("services_measured"),
            Max("fiscal_year"),
        )
    return _row(
        _grouped(selection.service_years(), "use", F("service__agency_id")),
        Sum("cases"),
        Sum("online_cases"),
        Count("pk"),
        Max("fiscal_year"),
    )


def _contract_counts(selection: Selection) -> QuerySet[Any, Any]:
    return _row(
        _grouped(selection.contracts(), "contracts", F("agency_id")),
        Count("pk"),
        *bidding_counts(),
        changed_on=_LAST_CHANGE,
    )


def _review_counts(selection: Selection) -> QuerySet[Any, Any]:
    agency = Coalesce(F("system__agency_id"), F("project__agency_id"))
    return _row(
        _grouped(selection.reviews(), "reviews", agency),
        Count("pk"),
        Count("pk", filter=is_overdue(selection.as_of)),
        changed_on=_LAST_CHANGE,
    )


def _flag_counts(selection: Selection) -> QuerySet[Any, Any]:
    return _row(
        _grouped(selection.flags(), "flags", F("agency_id"), label=F("rule_id"), tag=F("severity")),
        Count("pk"),
        changed_on=Max("judged_on"),
    )


def _no_agency() -> Any:
    return Cast(Value(None, output_field=BigIntegerField()), BigIntegerField())


def _year(selection: Selection) -> QuerySet[Any, Any]:
    return _row(
        _grouped(selection.known_years(), "year", _no_agency()), selection.default_year_of_all()
    )


def _target(selection: Selection) -> QuerySet[Any, Any]:
    return _row(
        _grouped(selection.targets(), "target", _no_agency()),
        F("target_value"),
        F("target_year"),
        F("base_value"),
        F("base_year"),
    )


@dataclass(slots=True)
class _Gathered:
    """Figures by agency while they are read."""

    by_agency: dict[int, Figures] = field(default_factory=dict)
    changed_on: dict[str, date] = field(default_factory=dict)
    use_years: set[int] = field(default_factory=set)
    year: int | None = None
    target: SystemsTarget | None = None

    def of(self, agency_id: int) -> Figures:
        return self.by_agency.setdefault(agency_id, Figures())

    def take(
        self,
        kind: str,
        agency_id: int | None,
        label: str,
        tag: str,
        first: int | None,
        second: int | None,
        third: int | None,
        fourth: int | None,
        changed_on: date | None,
    ) -> None:
        """Puts one row of the union where it belongs."""
        if changed_on is not None:
            self.changed_on[kind] = max(changed_on, self.changed_on.get(kind, changed_on))
        if kind == "year":
            self.year = first
        elif kind == "target":
            self.target = SystemsTarget(fourth, third, second or 0, first or 0)
        elif agency_id is None:
            raise ValueError(kind)
        elif kind == "flags":
            self.of(agency_id).flags.setdefault(label, {})[tag] = first or 0
        elif kind == "projects":
            self._take_projects(self.of(agency_id), tag, first or 0, second or 0, third or 0)
        elif kind == "use":
            self._take_use(self.of(agency_id), first, second, third or 0, fourth)
        else:
            for name, number in zip(
                _COLUMNS_OF[kind], (first, second, third, fourth), strict=False
            ):
                setattr(self.of(agency_id), name, number or 0)

    @staticmethod
    def _take_projects(figures: Figures, worst: str, count: int, due: int, late: int) -> None:
        figures.projects += count
        figures.reports_due += due
        figures.reports_late += late
        figures.project_risk[worst] = count

    def _take_use(
        self, figures: Figures, cases: int | None, online: int | None, known: int, year: int | None
    ) -> None:
        figures.cases, figures.online_cases = cases, online
        figures.services_measured = known
        if year is not None:
            self.use_years.add(year)


_COLUMNS_OF: Final[Mapping[str, tuple[str, ...]]] = {
    "systems": ("systems", "live_systems", "measured_systems"),
    "services": ("services",),
    "contracts": ("contracts", "competitive", "bidders_known", "single_bids"),
    "reviews": ("reviews", "reviews_overdue"),
}


# Cost: one statement --------------------------------------------------------------------------------


def _take_cost(selection: Selection, gathered: _Gathered) -> None:
    """Adds yearly cost to the figures. Cost: one statement, a row an agency and year."""
    is_system = Q(system__isnull=False)
    rated = Q(available__isnull=False, executed__isnull=False)
    measured = is_system & is_measured(selection.last_year, "system_id")
    sums: dict[str, Any] = {
        "development": ExactSum("development"),
        "operation": ExactSum("operation"),
        "other": ExactSum("other"),
        "unsplit": ExactSum("executed", filter=~has_split() & ~is_bulk()),
        "initial": ExactSum("initial"),
        "available": ExactSum("available"),
        "executed": ExactSum("executed"),
        "rated_available": ExactSum("available", filter=rated),
        "rated_executed": ExactSum("executed", filter=rated),
        "system_spent": ExactSum(spent(), filter=is_system),
        "measured_spent": ExactSum(spent(), filter=measured),
        "developing_systems": Count("development", filter=is_system),
        "operating_systems": Count("operation", filter=is_system),
        "executing_systems": Count("executed", filter=is_system),
    }
    rollups: QuerySet[Any, Any] = selection.rollups()
    rows = (
        rollups.order_by()
        .values("agency_id", "fiscal_year")
        # The names of the sums are those of columns, which an alias may not repeat.
        .annotate(**{f"sum_{name}": total for name, total in sums.items()})
    )
    for row in rows:
        year = YearCost(**{name: row[f"sum_{name}"] for name in sums})
        gathered.of(row["agency_id"]).years[row["fiscal_year"]] = year


# Points and attention -------------------------------------------------------------------------------


def system_points(selection: Selection, year: int | None) -> QuerySet[Any, Any]:
    """Every system with cost in the year, the dearest in operation first; see `as_point`.

    The online use is that of the latest year with both counts, up to the day.
    """
    use = YearRollup.objects.filter(
        system=OuterRef("system"),
        cases__gt=0,
        online_cases__isnull=False,
        fiscal_year__lte=selection.last_year,
    ).order_by("-fiscal_year")
    rollups: QuerySet[Any, Any] = selection.rollups()
    points: QuerySet[Any, Any] = (
        rollups.filter(system__isnull=False, fiscal_year=year)
        .filter(Q(operation__isnull=False) | Q(executed__isnull=False))
        .annotate(
            used_year=Subquery(use.values("fiscal_year")[:1]),
            used_cases=Subquery(use.values("cases")[:1]),
            used_online=Subquery(use.values("online_cases")[:1]),
            worst=worst_severity(
                selection.open_flags(), lambda flags: flagged_systems(flags, "system_id")
            ),
        )
        .order_by(F("operation").desc(nulls_last=True), "system_id")
        .values(
            "system__system_id",
            "system__name",
            "system__name_en",
            "agency_id",
            "operation",
            "executed",
            "used_year",
            "used_cases",
            "used_online",
            "worst",
        )
    )
    return points


def as_point(row: Mapping[str, Any]) -> Point:
    """One row of `system_points`."""
    return Point(
        system_id=row["system__system_id"],
        name=row["system__name"],
        name_en=row["system__name_en"],
        agency_id=row["agency_id"],
        operation=row["operation"],
        executed=row["executed"],
        use_year=row["used_year"],
        cases=row["used_cases"],
        online_cases=row["used_online"],
        severity=row["worst"],
    )


def attention(selection: Selection) -> QuerySet[RiskFlag]:
    """Open flags with what they are about, the gravest and then the oldest first."""
    return (
        selection.flags()
        .annotate(
            rank=Case(
                *(
                    When(severity=severity, then=Value(rank))
                    for rank, severity in enumerate(SEVERITIES)
                ),
                default=Value(len(SEVERITIES)),
                output_field=IntegerField(),
            )
        )
        .select_related(
            "agency",
            "system",
            "project",
            "contract",
            "review__review_type",
            "review__system",
            "review__project",
        )
        .order_by("rank", "opened_on", "pk")
    )


def _attention_shown(selection: Selection) -> QuerySet[Any, Any]:
    """The flags on a dashboard: the gravest first, a few of every rule before more of one, so that
    a rule that fires often does not hide the others."""
    flags: QuerySet[Any, Any] = attention(selection)
    turn = Window(
        RowNumber(),
        partition_by=[F("severity"), F("rule_id")],
        order_by=["opened_on", "pk"],
    )
    flags = flags.filter(severity__in=[FlagSeverity.HIGH, FlagSeverity.MEDIUM])
    ordered: QuerySet[Any, Any] = flags.annotate(turn=turn).order_by(
        "rank", "turn", "opened_on", "pk"
    )
    return ordered[:ATTENTION_SHOWN]


# The page of one agency -----------------------------------------------------------------------------


def agency_systems(selection: Selection, year: int | None) -> QuerySet[System]:
    """Systems that stay, the dearest of the year first; unknown cost last.

    Each carries `year_development`, `year_operation`, `year_executed` (yen or None) and `worst`.
    """
    cost_of = YearRollup.objects.filter(system=OuterRef("pk"), fiscal_year=year or 0)
    return (
        selection.systems()
        .select_related("agency", "system_class")
        .annotate(
            year_development=Subquery(cost_of.values("development")[:1]),
            year_operation=Subquery(cost_of.values("operation")[:1]),
            year_executed=Subquery(cost_of.values("executed")[:1]),
            worst=worst_severity(selection.open_flags(), flagged_systems),
        )
        .order_by(F("year_executed").desc(nulls_last=True), "system_id")
    )


def agency_projects(selection: Selection, period: date) -> QuerySet[Project]:
    """Projects that stay, with `worst` and `has_late_report` (for the month `period`; None where
    the reader may not read the project's reports)."""
    read = Project.objects.filter(selection.reads_reports()).order_by().values("pk")
    return (
        selection.projects()
        .select_related("agency")
        .annotate(
            worst=worst_severity(selection.open_flags(), flagged_projects),
            has_late_report=Case(
                When(~Q(pk__in=read), then=Value(None)),
                When(is_late(period, selection.as_of), then=Value(value=True)),
                default=Value(value=False),
                output_field=BooleanField(null=True),
            ),
        )
        .order_by("code")
    )
