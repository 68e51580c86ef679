"""The columns of the cost page's tables: one list each for page, CSV and XLSX."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from django.utils.translation import gettext_lazy as _

from governance.formatting import YenUnit, fiscal_year, percent
from governance.models import Agency
from governance.models.base import localized
from governance.tabular import Column, Kind, Text, Unknown
from projects.metrics.dictionary import METRIC_OF_FIGURE
from projects.metrics.reduction import Readings, Reduction
from projects.metrics.types import Measure, Reason
from projects.models import System
from projects.models.choices import CostClass, Stage
from projects.services.rollups import STAGES
from reports.costs import Item, Sums, UnitRow
from reports.links import Links
from reports.tables import COST_TEXT, point_url, shown

YearRow = tuple[int, Sums]
AgencyRow = tuple[Agency, Sums]
ReductionRow = tuple[Agency, Readings]

_SCALE: Final = YenUnit.HUNDRED_MILLION
_CENT: Final = Decimal("0.01")

STAGE_METRICS: Final[Mapping[str, str]] = {
    Stage.REQUESTED: "requested_budget",
    Stage.INITIAL: "initial_budget",
    Stage.SUPPLEMENTARY: "supplementary_budget",
    Stage.CARRIED_IN: "carried_in_budget",
    Stage.RESERVE: "reserve_budget",
    Stage.TRANSFERS: "transferred_budget",
    Stage.AVAILABLE: "available_budget",
    Stage.EXECUTED: "executed_cost",
    Stage.CARRIED_OUT: "carried_out_budget",
    Stage.UNUSED: "unused_budget",
}

TEXT: Final[Mapping[str, Text]] = {
    **COST_TEXT,
    "stage": _(
        "Yen of the budget stage, summed over systems and projects; the latest sheet counts. Bulk"
        " budget programmes are included. Nothing reported is not zero."
    ),
    "run_share": _(
        "Operation ÷ (development + operation + other): what is spent to keep things running."
    ),
    "change_share": _(
        "Development ÷ (development + operation + other): what is spent to change things."
    ),
    "split_known": _("Systems and projects that tell a class, of those that tell what they spent."),
    "item": _(
        "Executed yen of the cost item; of every holder, year, item and account the latest sheet"
        " counts. Ledger totals are no item: they repeat what the items say."
    ),
    "carry_over_rate": _(
        "Carried to the next year ÷ budget available, over the systems and projects that report"
        " both (Board of Audit 2021)."
    ),
    "unused_rate": _(
        "Left unused ÷ budget available, over the systems and projects that report both (Board of"
        " Audit 2021)."
    ),
    "both_known": _("Systems and projects that report both, of those with any figure of the year."),
    "gross": _(
        "(Base − current) ÷ base over all that is known at either end, whatever systems came and"
        " went. Positive: cost fell."
    ),
    "same_systems": _(
        "(Base − current) ÷ base over the systems with a cost above zero at both ends."
    ),
    "base_environment": _(
        "(Base − current) ÷ base over the base year's environment: systems without cost in the base"
        " year, or live only after it, are taken out unless they took over from one that had;"
        " ended systems stay in the base. The official measure also takes out law changes, tax and"
        " new security duties: these are not in the data."
    ),
    "unit_cost": _(
        "Operation cost ÷ cases of the services on the system, in the latest finished year that"
        " counts cases."
    ),
    "unit_cost_median": _(
        "The median cost a case of the systems of the class in that year, the system itself"
        " included, over the whole government."
    ),
    "unit_cost_multiple": _("Cost a case ÷ the median of the class."),
}


def of(part: int, whole: int) -> str:
    """A coverage: "12/15"."""
    return f"{part:,}/{whole:,}"


def _explained(links: Links, metric: str) -> Callable[[Any], str | None]:
    """The Explain page of a figure, of a row that is about a fiscal year or an agency."""

    def url(row: Any) -> str | None:
        about = row[0]
        if isinstance(about, Agency):
            return links.explain_agency(metric, about.code)
        return links.explain(metric, year=str(about))

    return url


def _yen(
    key: str,
    label: Text,
    value: Callable[[Any], int | None],
    metric: str,
    definition: Text = "",
    url: Callable[[Any], str | None] | None = None,
) -> Column[Any]:
    return Column(
        key,
        label,
        value,
        Kind.YEN,
        definition=definition or TEXT.get(key, ""),
        scale=_SCALE,
        metric=metric,
        url=url,
    )


def _ratio(
    key: str, label: Text, value: Callable[[Any], Measure], metric: str, links: Links
) -> Column[Any]:
    return Column(
        key,
        label,
        lambda row: shown(value(row)),
        Kind.RATIO,
        url=_explained(links, metric),
        definition=TEXT[key],
        metric=metric,
    )


def _classes(links: Links) -> tuple[Column[Any], ...]:
    """Yen by class, of rows that are a fiscal year or an agency each."""

    def of_class(name: str, label: Text) -> Column[Any]:
        metric = METRIC_OF_FIGURE[name]
        return _yen(
            name, label, lambda row: row[1].yen(name), metric, url=_explained(links, metric)
        )

    return (
        of_class("development", _("Development")),
        of_class("operation", _("Operation")),
        of_class("other", _("Other")),
        of_class("unsplit", _("Not split")),
        _yen(
            "spent",
            _("Spent"),
            lambda row: row[1].spent,
            "spent_cost",
            url=_explained(links, "spent_cost"),
        ),
        *_mix(links),
    )


def _mix(links: Links) -> tuple[Column[Any], ...]:
    return (
        _ratio("run_share", _("Run share"), lambda row: row[1].run_share, "run_share", links),
        _ratio(
            "change_share",
            _("Change share"),
            lambda row: row[1].change_share,
            "change_share",
            links,
        ),
        Column(
            "split_known",
            _("Split known"),
            lambda row: of(row[1].count("split_known"), row[1].count("spent_known")),
            definition=TEXT["split_known"],
        ),
    )


_YEAR: Final = Column[YearRow]("fiscal_year", _("Fiscal year"), lambda row: row[0], Kind.YEAR)


def agency_column(links: Links) -> Column[Any]:
    """The heading of a row about one agency."""
    return Column(
        "agency",
        _("Agency"),
        lambda row: str(row[0]),
        url=lambda row: links.agency(row[0].code),
        definition=_("The agency itself; agencies below it have rows of their own."),
    )


def year_columns(links: Links) -> tuple[Column[YearRow], ...]:
    """Executed cost by fiscal year and class, with the mix of run and change."""
    return (_YEAR, *_classes(links))


def mix_year_columns(links: Links) -> tuple[Column[YearRow], ...]:
    """What each fiscal year spent to run and to change."""
    return (_YEAR, *_mix(links))


def stage_columns(links: Links) -> tuple[Column[YearRow], ...]:
    """The budget stages of each fiscal year, in yen."""

    def amount(stage: str) -> Callable[[YearRow], int | None]:
        return lambda row: row[1].yen(stage)

    return (
        _YEAR,
        *(
            _yen(
                stage,
                Stage(stage).label,
                amount(stage),
                STAGE_METRICS[stage],
                TEXT["stage"],
                _explained(links, STAGE_METRICS[stage]),
            )
            for stage in STAGES
        ),
    )


def stage_holder_columns() -> tuple[Column[YearRow], ...]:
    """How many systems and projects report each stage."""

    def known(stage: str) -> Callable[[YearRow], int]:
        return lambda row: row[1].count(f"{stage}_known")

    return (
        _YEAR,
        Column(
            "holders",
            _("Systems and projects"),
            lambda row: row[1].count("holders"),
            Kind.INTEGER,
            definition=_("Systems and projects with any figure of the year."),
        ),
        *(Column(stage, Stage(stage).label, known(stage), Kind.INTEGER) for stage in STAGES),
    )


def item_columns(years: Sequence[int], links: Links) -> tuple[Column[Item], ...]:
    """Executed cost by cost item: a column a fiscal year."""

    def amount(year: int) -> Callable[[Item], int | None]:
        return lambda item: item.years.get(year)

    def lines(year: int) -> Callable[[Item], str | None]:
        def url(item: Item) -> str:
            if item.code:
                return links.explain("item_cost", year=str(year), item=item.code)
            return links.explain("unsplit_cost", year=str(year))

        return url

    return (
        Column("item", _("Cost item"), lambda item: item.name or _("Not split")),
        Column("class", _("Class"), lambda item: CostClass(item.cost_class).label, Kind.CHOICE),
        *(
            _yen(
                f"executed_{year}",
                fiscal_year(year),
                amount(year),
                "item_cost",
                TEXT["item"],
                lines(year),
            )
            for year in years
        ),
    )


def rate_columns(links: Links) -> tuple[Column[AgencyRow], ...]:
    """Execution, carry-over and unused rates of each agency."""

    def rated(stage: str) -> Callable[[AgencyRow], Measure]:
        return lambda row: row[1].rate(stage)

    def coverage(stage: str) -> Callable[[AgencyRow], str]:
        return lambda row: of(row[1].count(f"{stage}_both"), row[1].count("holders"))

    columns: list[Column[AgencyRow]] = [
        agency_column(links),
        _yen(
            "available",
            _("Budget available"),
            lambda row: row[1].yen("available"),
            "available_budget",
            url=_explained(links, "available_budget"),
        ),
        _yen(
            "executed",
            _("Executed"),
            lambda row: row[1].yen("executed"),
            "executed_cost",
            url=_explained(links, "executed_cost"),
        ),
    ]
    for stage, key, label in (
        ("executed", "execution_rate", _("Execution rate")),
        ("carried_out", "carry_over_rate", _("Carry-over rate")),
        ("unused", "unused_rate", _("Unused rate")),
    ):
        columns += [
            _ratio(key, label, rated(stage), key, links),
            Column(f"{key}_known", _("Both known"), coverage(stage), definition=TEXT["both_known"]),
        ]
    return tuple(columns)


def mix_columns(links: Links) -> tuple[Column[AgencyRow], ...]:
    """What each agency spends to run and to change."""
    return (agency_column(links), *_classes(links))


READINGS: Final[tuple[tuple[str, Text, Callable[[Readings], Reduction]], ...]] = (
    ("gross", _("Gross"), lambda found: found.gross),
    ("same_systems", _("Same systems"), lambda found: found.same_systems),
    ("base_environment", _("Base-year environment"), lambda found: found.base_environment),
)


def reduction_columns(
    base: int, end: int, aim: Decimal | None, links: Links
) -> tuple[Column[ReductionRow], ...]:
    """The three readings side by side, then what stands behind each. `aim` is the fall that a
    target asks for."""
    parts = [
        _reading_columns(key, label, read, (base, end), links) for key, label, read in READINGS
    ]
    columns = [
        agency_column(links),
        *(ratio for ratio, *_behind in parts),
        *(column for _ratio, *behind in parts for column in behind),
        Column[ReductionRow](
            "rose",
            _("Same systems that rose"),
            lambda row: row[1].rose,
            Kind.INTEGER,
            definition=_("Of the same systems, those that cost more at the end."),
        ),
    ]
    if aim is not None:
        columns.append(
            Column[ReductionRow](
                "fell",
                _("Same systems that fell by %(aim)s") % {"aim": percent(aim, 0)},
                lambda row: row[1].fell_by_target,
                Kind.INTEGER,
                definition=_("Of the same systems, those that fell by what the target aims at."),
            )
        )
    return tuple(columns)


def _reading_columns(
    key: str,
    label: Text,
    read: Callable[[Readings], Reduction],
    ends: tuple[int, int],
    links: Links,
) -> list[Column[ReductionRow]]:
    words = {"reading": label}
    years = {**words, "base": fiscal_year(ends[0]), "end": fiscal_year(ends[1])}
    operation = _("Executed operation cost of the systems in this reading.")
    return [
        _ratio(key, label, lambda row: read(row[1]).ratio, f"reduction_{key}", links),
        _yen(
            f"{key}_base",
            _("%(reading)s: %(base)s") % years,
            lambda row: read(row[1]).base,
            f"reduction_{key}",
            operation,
            _explained(links, f"reduction_{key}"),
        ),
        _yen(
            f"{key}_current",
            _("%(reading)s: %(end)s") % years,
            lambda row: read(row[1]).current,
            f"reduction_{key}",
            operation,
            _explained(links, f"reduction_{key}"),
        ),
        Column(
            f"{key}_systems",
            _("%(reading)s: systems in it") % words,
            lambda row: read(row[1]).systems,
            Kind.INTEGER,
        ),
        Column(
            f"{key}_left_out",
            _("%(reading)s: left out") % words,
            lambda row: read(row[1]).left_out,
            Kind.INTEGER,
        ),
    ]


def _shown_multiple(row: UnitRow) -> object:
    found = row.multiple
    if found.reason is Reason.NOT_APPLICABLE:
        few = _("%(peers)s of at least %(least)s peers") % {
            "peers": row.facts.peers,
            "least": row.least_peers,
        }
        return Unknown("not_applicable", few)
    return _rounded(found)


def _rounded(measure: Measure) -> object:
    value = shown(measure)
    return value if isinstance(value, Unknown) else value.quantize(_CENT)


def _median(row: UnitRow) -> object:
    median = row.facts.peer_median
    return Unknown("not_applicable") if median is None else median.quantize(_CENT)


def unit_columns(links: Links) -> tuple[Column[UnitRow], ...]:
    """What a case costs on each system, beside the systems of its class."""

    def explained(metric: str) -> Callable[[UnitRow], str]:
        return lambda row: links.explain_holder(
            metric, System(system_id=row.system_id), row.facts.fiscal_year
        )

    a_case = _("yen a case")
    return (
        Column(
            "system",
            _("System"),
            lambda row: localized(row.name, row.name_en),
            url=lambda row: point_url(row.system_id),
        ),
        Column(
            "unit_cost_multiple",
            _("Times the median"),
            _shown_multiple,
            Kind.DECIMAL,
            _("times"),
            url=explained("unit_cost_multiple"),
            definition=TEXT["unit_cost_multiple"],
            metric="unit_cost_multiple",
        ),
        Column(
            "unit_cost",
            _("Cost a case"),
            lambda row: _rounded(row.unit_cost),
            Kind.DECIMAL,
            a_case,
            url=explained("unit_cost"),
            definition=TEXT["unit_cost"],
            metric="unit_cost",
        ),
        Column(
            "unit_cost_median",
            _("Median of the class"),
            _median,
            Kind.DECIMAL,
            a_case,
            url=explained("unit_cost_median"),
            definition=TEXT["unit_cost_median"],
            metric="unit_cost_median",
        ),
        Column(
            "peers",
            _("Peers"),
            lambda row: row.facts.peers,
            Kind.INTEGER,
            definition=_("Systems in the median, the system itself included if it tells its cost."),
        ),
        Column("system_id", _("System ID"), lambda row: row.system_id),
        Column("agency", _("Agency"), lambda row: str(row.agency)),
        Column("class", _("Class"), lambda row: row.class_name, Kind.CHOICE),
        Column("fiscal_year", _("Fiscal year"), lambda row: row.facts.fiscal_year, Kind.YEAR),
        _yen(
            "operation",
            _("Operation"),
            lambda row: row.facts.cost,
            "operation_cost",
            _("Executed operation cost of the system in that year."),
            explained("operation_cost"),
        ),
        Column("cases", _("Cases"), lambda row: row.facts.cases, Kind.INTEGER),
    )
