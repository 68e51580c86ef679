"""What IT costs: by class, item, stage and year, its rates and mix, how far operation cost fell,
and what a case costs against the peers.

Class and stage figures come from the yearly rollups. Cost items do not stand in the rollups and
are added up from the cost lines in SQL, by the rules of `projects.services.rollups`: among lines
of one holder, budget year, item, stage and account the latest sheet year wins, and a `missing`
line never hides an earlier figure; a ledger total (cost class `unclassified`) is no item, because
the classed lines of its holder only split the same yen. What a ledger spent without any split is
shown as "not split". So items, and what is not split, add up to what was spent by class.

Sums are made by the database, for the rows that the reader sees; each function says its queries.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from django.db.models import (
    BooleanField,
    Case,
    Count,
    DecimalField,
    Exists,
    F,
    FilteredRelation,
    OuterRef,
    Q,
    QuerySet,
    Value,
    When,
)
from django.db.models.functions import Cast

from governance.models import Agency, Target
from governance.models.base import localized
from governance.sums import ExactSum
from projects.metrics import cost
from projects.metrics.cost import Stage
from projects.metrics.periods import fiscal_year_end
from projects.metrics.reduction import Alike, Readings, readings
from projects.metrics.risk.spending import UnitCost
from projects.metrics.types import Measure
from projects.models import CostLine, SystemLineage, YearRollup
from projects.models.choices import CostClass, ValueState
from projects.selectors import (
    ENDED_STATUSES,
    AgencyTree,
    Selection,
    has_split,
    is_bulk,
)
from projects.services.flag_facts import unit_costs
from projects.services.rollups import CLASSES, STAGES

OPERATION_TARGETS: Final = ("operation_reduction", "operation_modification_reduction")
"""Metrics of targets for operation cost; the second counts modification as well."""

# Sums ---------------------------------------------------------------------------------------------

RATED: Final = ("executed", "carried_out", "unused")
"""Stages that are rated against the budget available."""


@dataclass(frozen=True, slots=True)
class Sums:
    """Yen and counts of one agency's holders in one fiscal year, or of many: all of it adds up.

    A sum of yen is None where no holder tells the figure; `<figure>_known` counts those who do.
    """

    figures: Mapping[str, int | None] = field(default_factory=dict)

    def __add__(self, more: "Sums") -> "Sums":
        both = {**self.figures, **more.figures}
        return Sums({name: _added(self.figures.get(name), more.figures.get(name)) for name in both})

    def yen(self, name: str) -> int | None:
        return self.figures.get(name)

    def count(self, name: str) -> int:
        return self.figures.get(name) or 0

    @property
    def spent(self) -> int | None:
        """Executed yen by class and of holders without a split."""
        known = [self.yen(name) for name in (*CLASSES, "unsplit")]
        amounts = [amount for amount in known if amount is not None]
        return sum(amounts) if amounts else None

    def rate(self, stage: str) -> Measure:
        """Stage ÷ available over the holders that report both (Board of Audit 2021)."""
        return _RATES[stage](self.yen(f"{stage}_rated"), self.yen(f"{stage}_base"))

    @property
    def run_share(self) -> Measure:
        return cost.run_share(self.yen("development"), self.yen("operation"), self.yen("other"))

    @property
    def change_share(self) -> Measure:
        return cost.change_share(self.yen("development"), self.yen("operation"), self.yen("other"))

    @property
    def is_empty(self) -> bool:
        return not self.count("holders")


_RATES: Final = {
    "executed": cost.execution_rate,
    "carried_out": cost.carry_over_rate,
    "unused": cost.unused_rate,
}


def _added(one: int | None, other: int | None) -> int | None:
    if one is None or other is None:
        return one if other is None else other
    return one + other


@dataclass(frozen=True, slots=True)
class Costs:
    """Yearly sums of every agency; `year` is the one asked for, else the latest that is over and
    has figures (None: there is none)."""

    year: int | None
    by_agency: Mapping[int, Mapping[int, Sums]]
    tree: AgencyTree

    def years(self) -> list[tuple[int, Sums]]:
        """Every fiscal year with a figure, the latest last."""
        found: dict[int, Sums] = defaultdict(Sums)
        for years in self.by_agency.values():
            for year, sums in years.items():
                found[year] += sums
        return [(year, sums) for year, sums in sorted(found.items()) if not sums.is_empty]

    def agencies(self) -> list[tuple[Agency, Sums]]:
        """Agencies with a figure in the year, in establishment order."""
        return [
            (agency, sums)
            for pk, agency in self.tree.by_id.items()
            if (sums := self._of(pk)) is not None and not sums.is_empty
        ]

    def _of(self, agency_id: int) -> Sums | None:
        return None if self.year is None else self.by_agency.get(agency_id, {}).get(self.year)


def costs(selection: Selection, tree: AgencyTree) -> Costs:
    """Yearly sums by agency, of systems and projects, up to the day's fiscal year. Two queries,
    one where a year is asked for."""
    year = selection.criteria.fiscal_year
    if year is None:
        year = selection.known_years().aggregate(year=selection.default_year_of_all())["year"]
    sums = _sums()
    rollups: QuerySet[Any, Any] = selection.rollups()
    rows = (
        rollups.order_by()
        .values("agency_id", "fiscal_year")
        # The names of the sums are those of columns, which an alias may not repeat.
        .annotate(**{f"sum_{name}": total for name, total in sums.items()})
    )
    found: dict[int, dict[int, Sums]] = defaultdict(dict)
    for row in rows:
        figures = {name: row[f"sum_{name}"] for name in sums}
        found[row["agency_id"]][row["fiscal_year"]] = Sums(figures)
    return Costs(year, found, tree)


def _sums() -> dict[str, Any]:
    tells_cost = Q(executed__isnull=False) & ~is_bulk() | has_split()
    any_figure = Q()
    for name in (*STAGES, *CLASSES):
        any_figure |= Q(**{f"{name}__isnull": False})
    sums: dict[str, Any] = {
        "holders": Count("pk", filter=any_figure),
        "unsplit": ExactSum("executed", filter=~has_split() & ~is_bulk()),
        "spent_known": Count("pk", filter=tells_cost),
        "split_known": Count("pk", filter=has_split()),
    }
    for name in (*STAGES, *CLASSES):
        sums[name] = ExactSum(name)
        sums[f"{name}_known"] = Count(name)
    for stage in RATED:
        both = Q(**{f"{stage}__isnull": False, "available__isnull": False})
        sums[f"{stage}_rated"] = ExactSum(stage, filter=both)
        sums[f"{stage}_base"] = ExactSum("available", filter=both)
        sums[f"{stage}_both"] = Count("pk", filter=both)
    return sums


# Cost items ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Item:
    """Executed yen of one cost item by fiscal year; `code` is "" for what is not split."""

    cost_class: str
    code: str
    name: str
    years: Mapping[int, int]


def items(selection: Selection, years: Sequence[tuple[int, Sums]]) -> list[Item]:
    """Executed yen of every cost item with a figure in one of `years` (`Costs.years`), in the
    order of the master, and last what is not split. One query."""
    rows = (
        item_lines(selection, [year for year, _sums in years])
        .order_by()
        .values(
            "budget_year",
            "cost_item__cost_class",
            "cost_item__code",
            "cost_item__name",
            "cost_item__name_en",
            "cost_item__order",
        )
        .annotate(yen=ExactSum("amount"))
    )
    found: dict[tuple[int, int, str], Item] = {}
    for row in rows:
        cost_class, code = row["cost_item__cost_class"], row["cost_item__code"]
        item = found.setdefault(
            (CLASSES.index(cost_class), row["cost_item__order"], code),
            Item(
                cost_class,
                code,
                localized(row["cost_item__name"], row["cost_item__name_en"]),
                {},
            ),
        )
        if row["yen"] is not None:
            item.years[row["budget_year"]] = int(row["yen"])  # type: ignore[index]
    listed = [item for _key, item in sorted(found.items(), key=lambda pair: pair[0])]
    unsplit = {year: yen for year, sums in years if (yen := sums.yen("unsplit")) is not None}
    if unsplit:
        listed.append(Item(CostClass.UNCLASSIFIED, "", "", unsplit))
    return listed


def item_lines(selection: Selection, years: Sequence[int]) -> QuerySet[Any, Any]:
    """The executed cost lines of items that count in these years. Queries nothing."""
    lines: QuerySet[CostLine] = selection.rows(CostLine)
    # Judged over all lines, not over those the reader sees: a holder is seen as a whole.
    overruled = Q(system__isnull=False) & Exists(_later("system")) | Q(
        project__isnull=False
    ) & Exists(_later("project"))
    return (
        _narrowed(selection, lines)
        .exclude(amount_state=ValueState.MISSING)
        .exclude(cost_item__cost_class=CostClass.UNCLASSIFIED)
        .filter(stage=Stage.EXECUTED.value, budget_year__in=list(years))
        .exclude(overruled)
    )


def _later(holder: str) -> QuerySet[CostLine]:
    """Figures of the same holder, year, item, stage and account on a later sheet."""
    return CostLine.objects.exclude(amount_state=ValueState.MISSING).filter(
        **{f"{holder}_id": OuterRef(f"{holder}_id")},
        budget_year=OuterRef("budget_year"),
        cost_item=OuterRef("cost_item"),
        stage=OuterRef("stage"),
        account=OuterRef("account"),
        sheet_year__gt=OuterRef("sheet_year"),
    )


def _narrowed(selection: Selection, lines: QuerySet[CostLine]) -> QuerySet[Any, Any]:
    """Cost lines of the holders whose rollups stand in `Selection.rollups`."""
    criteria = selection.criteria
    if criteria.is_about_systems or criteria.is_about_flags:
        return lines.filter(
            Q(system__in=selection.systems().values("pk"))
            | Q(project__in=selection.projects().values("pk"))
        )
    if criteria.agency_ids is not None:
        return lines.filter(
            Q(system__agency_id__in=criteria.agency_ids)
            | Q(project__agency_id__in=criteria.agency_ids)
        )
    return lines


# Reduction ----------------------------------------------------------------------------------------


def targets(selection: Selection) -> list[Target]:
    """National targets for operation cost and those of the agencies asked for, in percent; the
    latest last. One query."""
    rows: QuerySet[Target] = selection.rows(Target)
    whose = Q(agency__isnull=True)
    if selection.criteria.agency_ids is not None:
        whose |= Q(agency_id__in=selection.criteria.agency_ids)
    return list(
        rows.filter(whose, metric_id__in=OPERATION_TARGETS, unit="%")
        .select_related("agency")
        .order_by("target_year", "code")
    )


@dataclass(frozen=True, slots=True)
class Fallen:
    """Operation cost of systems between two years: readings of each agency and of all."""

    base_year: int
    end_year: int
    agencies: tuple[tuple[Agency, Readings], ...]
    total: Readings


def fallen(
    selection: Selection, tree: AgencyTree, base_year: int, end_year: int, target_fall: Decimal
) -> Fallen:
    """The three readings from `base_year` to `end_year`; `target_fall` is the share aimed at, 0.3
    for 30 %. One query: groups of systems that are alike (`projects.metrics.reduction`)."""
    groups: dict[int, list[Alike]] = defaultdict(list)
    for row in _groups(selection, base_year, end_year, target_fall):
        groups[row["agency_id"]].append(
            Alike(
                systems=row["systems"],
                base=None if row["base_sum"] is None else int(row["base_sum"]),
                current=None if row["current_sum"] is None else int(row["current_sum"]),
                is_new=row["is_new"],
                took_over=row["took_over"],
                has_ended=row["has_ended"],
                rose=row["rose"],
                fell_by_target=row["fell"],
            )
        )
    return Fallen(
        base_year,
        end_year,
        tuple((agency, readings(groups[pk])) for pk, agency in tree.by_id.items() if pk in groups),
        readings(alike for found in groups.values() for alike in found),
    )


def _groups(
    selection: Selection, base_year: int, end_year: int, target_fall: Decimal
) -> Iterable[dict[str, Any]]:
    systems = with_ends(selection, base_year, end_year)
    # Of 1,000, so that integers stay exact in every database.
    left = 1000 - int(target_fall * 1000)
    reached = systems.annotate(
        base_state=_state("base"),
        current_state=_state("current"),
        thousandfold=_wide("current") * 1000,
        aimed_at=_wide("base") * left,
    )
    rows: QuerySet[Any, Any] = reached.values(
        "agency_id", "base_state", "current_state", "is_new", "took_over", "has_ended"
    ).annotate(
        systems=Count("pk"),
        base_sum=ExactSum("base"),
        current_sum=ExactSum("current"),
        rose=Count("pk", filter=Q(current__gt=F("base"))),
        fell=Count("pk", filter=Q(thousandfold__lte=F("aimed_at"))),
    )
    return rows


def with_ends(selection: Selection, base_year: int, end_year: int) -> QuerySet[Any, Any]:
    """Systems with what each cost at both ends (`base`, `current`, yen or null), and whether it
    went live later (`is_new`), `took_over` from one of the base year, or `has_ended`."""
    end = fiscal_year_end(end_year)
    successors = SystemLineage.objects.filter(
        happened_on__lte=end,
        predecessor__in=selection.systems().values("pk"),
        predecessor__year_rollups__fiscal_year=base_year,
        predecessor__year_rollups__operation__gt=0,
    ).exclude(predecessor=F("successor"))
    systems: QuerySet[Any, Any] = selection.systems()
    # A join each, one row a system and year: as subqueries they would be computed again for each
    # of the figures below.
    found: QuerySet[Any, Any] = systems.order_by().annotate(
        base_rollup=_rollup_of(base_year),
        current_rollup=_rollup_of(end_year),
        base=F("base_rollup__operation"),
        current=F("current_rollup__operation"),
        is_new=_flag(Q(go_live_on__gt=fiscal_year_end(base_year))),
        took_over=_flag(Q(pk__in=successors.order_by().values("successor"))),
        has_ended=_flag(Q(status__in=ENDED_STATUSES) | Q(retired_on__lte=end)),
    )
    return found


def in_reading(reading: str) -> Q:
    """The systems of `with_ends` that a reading takes in (`projects.metrics.reduction`)."""
    if reading == "same_systems":
        return Q(base__gt=0, current__gt=0)
    if reading == "base_environment":
        stays = Q(current__isnull=False) | Q(has_ended=True)
        return Q(base__gt=0, is_new=False) & stays | Q(took_over=True, current__isnull=False)
    return Q(base__isnull=False) | Q(current__isnull=False)


def _rollup_of(year: int) -> FilteredRelation:
    # "No project" is implied, and named so that the index on system and year can be used.
    return FilteredRelation(
        "year_rollups",
        condition=Q(year_rollups__fiscal_year=year, year_rollups__project__isnull=True),
    )


def _state(name: str) -> Case:
    """-1 for unknown, 0 for zero, 1 for more: what a group of systems has in common."""
    return Case(
        When(**{f"{name}__isnull": True}, then=Value(-1)),
        When(**{f"{name}__gt": 0}, then=Value(1)),
        default=Value(0),
    )


def _flag(holds: Any) -> Case:
    return Case(
        When(holds, then=Value(value=True)),
        default=Value(value=False),
        output_field=BooleanField(),
    )


def _wide(name: str) -> Cast:
    """A column of yen with room for a thousandfold of it."""
    return Cast(name, DecimalField(max_digits=30, decimal_places=0))


# Unit cost ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class UnitRow:
    """One system's cost a case beside that of its class."""

    system_id: str
    name: str
    name_en: str
    agency: Agency
    class_name: str
    facts: UnitCost
    least_peers: int

    @property
    def unit_cost(self) -> Measure:
        """Yen a case."""
        return cost.unit_cost(self.facts.cost, self.facts.cases)

    @property
    def multiple(self) -> Measure:
        return cost.unit_cost_multiple(
            self.unit_cost,
            self.facts.peer_median,
            peers=self.facts.peers,
            least_peers=self.least_peers,
        )


def unit_rows(selection: Selection, tree: AgencyTree, least_peers: int) -> list[UnitRow]:
    """Systems whose services count cases, the dearest against their class first; those that
    cannot be compared last. The peers are those of the rule `unit_cost_outlier`: the whole
    government's systems of the class, whatever the reader sees. Three queries."""
    facts = unit_costs(selection.systems().values("pk"), selection.as_of)
    counted = YearRollup.objects.filter(system=OuterRef("pk"), cases__gt=0)
    systems: QuerySet[Any, Any] = selection.systems()
    rows = (
        systems.filter(Exists(counted))
        .order_by("system_id")
        .values(
            "pk",
            "system_id",
            "name",
            "name_en",
            "agency_id",
            "system_class__name",
            "system_class__name_en",
        )
    )
    found = [
        UnitRow(
            row["system_id"],
            row["name"],
            row["name_en"],
            tree.by_id[row["agency_id"]],
            localized(row["system_class__name"], row["system_class__name_en"]),
            facts[row["pk"]],
            least_peers,
        )
        for row in rows
        if row["pk"] in facts
    ]
    return sorted(found, key=_by_multiple)


def _by_multiple(row: UnitRow) -> tuple[bool, Decimal, str]:
    multiple = row.multiple.value
    return multiple is None, -(multiple or Decimal(0)), row.system_id
