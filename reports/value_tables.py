"""The columns of the value page: one list each for page, CSV and XLSX."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from governance.formatting import YenUnit, fiscal_year
from governance.models import Agency
from governance.models.base import localized
from governance.tabular import Badge, Column, Kind, Text, Tone, Unknown
from projects.metric_text import REASONS, rates_in_words
from projects.metrics import promise
from projects.metrics.kpi import GoalsMet
from projects.metrics.quadrants import Missing, Quadrant
from projects.metrics.types import Measure, Reason
from projects.models.choices import BenefitKind, KpiDirection, KpiKind
from projects.selectors import AgencyTree
from reports.dashboards import AgencyFigures, YearCost
from reports.links import Links
from reports.tables import COST_TEXT, point_url, shown
from reports.value import Moved, Placed, SystemList
from reports.value_worth import Gains, PortfolioWorth, ProjectWorth

_UNDEFINED: Final = (Reason.ZERO_DENOMINATOR, Reason.NOT_DUE, Reason.INCONSISTENT)


def told(measure: Measure) -> Decimal | Unknown:
    """A figure for a cell, or why there is none in the words of the metric dictionary."""
    if measure.reason in _UNDEFINED:
        return Unknown("undefined", REASONS[measure.reason])
    return shown(measure)


def of(part: int, whole: int) -> str:
    """How many of those asked are known."""
    return f"{part:,}/{whole:,}"


def whole(measure: Measure) -> int | Unknown:
    """A measure in whole yen."""
    found = told(measure)
    return found if isinstance(found, Unknown) else int(found.to_integral_value())


def tenths(measure: Measure) -> Decimal | Unknown:
    """A measure to one place: hours."""
    found = told(measure)
    return found if isinstance(found, Unknown) else found.quantize(Decimal("0.1"))


def yen_column(
    key: str,
    label: Text,
    value: Callable[[Any], object],
    metric: str = "",
    definition: Text = "",
    scale: YenUnit = YenUnit.HUNDRED_MILLION,
) -> Column[Any]:
    return Column(key, label, value, Kind.YEN, scale=scale, metric=metric, definition=definition)


# Systems on two axes --------------------------------------------------------------------------------

QUADRANTS: Final[Mapping[Quadrant, str | Promise]] = {
    Quadrant.HIGH_VALUE_LOW_COST: _("High value, low cost"),
    Quadrant.HIGH_VALUE_HIGH_COST: _("High value, high cost"),
    Quadrant.LOW_VALUE_LOW_COST: _("Low value, low cost"),
    Quadrant.LOW_VALUE_HIGH_COST: _("Low value, high cost"),
    Quadrant.UNPLACED: _("Cannot be placed"),
}
_TONES: Final[Mapping[Quadrant, Tone]] = {
    Quadrant.HIGH_VALUE_LOW_COST: "ok",
    Quadrant.HIGH_VALUE_HIGH_COST: "info",
    Quadrant.LOW_VALUE_LOW_COST: "low",
    Quadrant.LOW_VALUE_HIGH_COST: "high",
    Quadrant.UNPLACED: "unknown",
}
MISSING: Final[Mapping[Missing, str | Promise]] = {
    Missing.COST: _("no operation cost in the year"),
    Missing.VALUE: _("no online use of its services"),
    Missing.BOTH: _("neither operation cost nor online use"),
}


def quadrant_badge(quadrant: Quadrant) -> Badge:
    return Badge(QUADRANTS[quadrant], _TONES[quadrant], list(Quadrant).index(quadrant))


def _why(row: SystemList) -> str | Unknown:
    reasons = [f"{MISSING[why]}: {count:,}" for why, count in row.missing.items() if count]
    return "; ".join(reasons) if reasons else Unknown("not_applicable")


def list_columns() -> tuple[Column[SystemList], ...]:
    """The five lists."""
    return (
        Column(
            "list", _("List"), lambda row: quadrant_badge(row.quadrant), Kind.CHOICE,
            url=lambda row: f"#{row.quadrant}",
        ),
        Column("systems", _("Systems"), lambda row: row.systems, Kind.INTEGER, metric="systems"),
        yen_column(
            "operation", _("Operation"), lambda row: row.operation, "operation_cost",
            COST_TEXT["operation"],
        ),
        Column("costs_known", _("Costs known"), lambda row: of(row.costs_known, row.systems)),
        Column("why", _("Why not placed"), _why),
    )  # fmt: skip


def placed_columns(tree: AgencyTree, *, with_list: bool = True) -> tuple[Column[Placed], ...]:
    """Systems with their list, or of one list."""
    columns: list[Column[Placed]] = [
        Column(
            "system", _("System"), lambda row: localized(row.name, row.name_en),
            url=lambda row: point_url(row.system_id),
        ),
        Column("system_id", _("System ID"), lambda row: row.system_id),
        Column("agency", _("Agency"), lambda row: str(tree.by_id[row.agency_id])),
        yen_column(
            "operation", _("Operation"), lambda row: row.operation, "operation_cost",
            COST_TEXT["operation"],
        ),
        Column(
            "online_use", _("Online use"), lambda row: told(row.use_ratio), Kind.RATIO,
            metric="digital_take_up",
        ),
        Column("cases", _("Cases"), lambda row: row.cases, Kind.INTEGER),
        Column("use_year", _("Year of use"), lambda row: row.use_year, Kind.YEAR),
    ]  # fmt: skip
    if with_list:
        columns.insert(
            2, Column("list", _("List"), lambda row: quadrant_badge(row.quadrant), Kind.CHOICE)
        )
    columns.append(
        Column(
            "why",
            _("Why not placed"),
            lambda row: Unknown("not_applicable") if row.missing is None else MISSING[row.missing],
        )
    )
    return tuple(columns)


# Goals ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class GoalRow:
    """Counts of KPIs, of one direction and kind or of one agency."""

    counts: GoalsMet
    direction: str = ""
    kind: str = ""
    agency: Agency | None = None


def _goal_counts() -> tuple[Column[GoalRow], ...]:
    return (
        Column(
            "asked", _("With a target"), lambda row: row.counts.asked, Kind.INTEGER,
            definition=_("KPIs with a target in a finished year: the latest of each KPI counts."),
        ),
        Column(
            "known", _("Known"), lambda row: row.counts.known, Kind.INTEGER,
            definition=_("Of these, KPIs whose actual is reported and whose direction is stated."),
        ),
        Column("met", _("Met"), lambda row: row.counts.met, Kind.INTEGER),
        Column("missed", _("Missed"), lambda row: row.counts.missed, Kind.INTEGER),
        Column(
            "share", _("Share met"), lambda row: told(row.counts.share), Kind.RATIO,
            metric="kpis_met_share",
        ),
        Column(
            "coverage", _("Share known"), lambda row: told(row.counts.coverage), Kind.RATIO,
            metric="kpi_coverage",
        ),
    )  # fmt: skip


def goal_columns() -> tuple[Column[GoalRow], ...]:
    """KPIs by direction and kind."""
    return (
        Column(
            "direction", _("Direction"), lambda row: KpiDirection(row.direction).label, Kind.CHOICE
        ),
        Column("kind", _("Kind"), lambda row: KpiKind(row.kind).label, Kind.CHOICE),
        *_goal_counts(),
    )


def agency_column(links: Links) -> Column[Any]:
    return Column(
        "agency",
        _("Agency"),
        lambda row: str(row.agency),
        url=lambda row: links.agency(row.agency.code),
    )


def agency_goal_columns(links: Links) -> tuple[Column[GoalRow], ...]:
    """KPIs by agency."""
    return (agency_column(links), *_goal_counts())


def _reading(row: Moved) -> str | Unknown:
    return _reading_of(row) or Unknown("not_applicable")


def _reading_of(row: Moved) -> str:
    """What is to be known beside the change: the break, or what the new method says."""
    change = row.change
    if change is None:
        return gettext("no actual is reported")
    if change.broken_in is not None:
        return gettext("series broken in %(year)s") % {"year": fiscal_year(change.broken_in)}
    if change.previous is None:
        return gettext("only one year has an actual")
    if change.latest != change.current:
        return gettext("compared by method %(old)d; method %(new)d gives %(value)s") % {
            "old": change.current.method,
            "new": change.latest.method,
            "value": f"{change.latest.value.normalize():f}",
        }
    return ""


def _grown(row: Moved) -> Decimal | Unknown:
    if row.change is None:
        return Unknown("missing")
    if row.broken_in is not None:
        return Unknown("not_applicable", _reading_of(row))
    return told(row.change.growth)


def moved_columns(tree: AgencyTree) -> tuple[Column[Moved], ...]:
    """Outcome KPIs with their last two actuals."""

    def previous(row: Moved) -> Any:
        return None if row.change is None else row.change.previous

    def current(row: Moved) -> Any:
        return None if row.change is None else row.change.current

    return (
        Column(
            "kpi", _("KPI"), lambda row: row.title,
            url=lambda row: reverse("reports:kpi-series", args=[row.code]),
        ),
        Column("agency", _("Agency"), lambda row: str(tree.by_id[row.agency_id])),
        Column(
            "change", _("Change"), _grown, Kind.RATIO, metric="kpi_change",
            definition=_("Latest actual ÷ actual before − 1, by one method."),
        ),
        Column("reading", _("Reading"), _reading),
        Column("previous_year", _("Year before"), lambda row: _year(previous(row)), Kind.YEAR),
        Column("previous", _("Actual before"), lambda row: _value(previous(row)), Kind.DECIMAL),
        Column("year", _("Latest year"), lambda row: _year(current(row)), Kind.YEAR),
        Column("actual", _("Latest actual"), lambda row: _value(current(row)), Kind.DECIMAL),
        Column("indicator", _("Indicator"), lambda row: row.indicator),
        Column("unit", _("Unit"), lambda row: row.unit),
        Column(
            "direction", _("Direction"), lambda row: KpiDirection(row.direction).label, Kind.CHOICE
        ),
        Column("code", _("KPI code"), lambda row: row.code),
    )  # fmt: skip


def _year(actual: Any) -> int | None:
    return None if actual is None else actual.fiscal_year


def _value(actual: Any) -> Decimal | None:
    return None if actual is None else actual.value


# Outcome coverage -----------------------------------------------------------------------------------


def coverage_columns(year: int | None, links: Links) -> tuple[Column[AgencyFigures], ...]:
    """Share of system cost whose outcome is measured, by agency."""

    def cost(row: AgencyFigures) -> YearCost:
        return row.figures.year(year)

    return (
        agency_column(links),
        Column("systems", _("Systems"), lambda row: row.figures.systems, Kind.INTEGER),
        Column(
            "measured_systems", _("Systems with a value measure"),
            lambda row: row.figures.measured_systems, Kind.INTEGER, metric="measured_systems",
        ),
        yen_column(
            "system_spent", _("Spent by systems"), lambda row: cost(row).system_spent,
            definition=_("Executed yen of the systems, or the sum of the classes."),
        ),
        yen_column(
            "measured_spent", _("Of this, with a value measure"),
            lambda row: cost(row).measured_spent,
        ),
        Column(
            "outcome_coverage", _("Outcome coverage"),
            lambda row: told(cost(row).measured_share), Kind.RATIO, metric="outcome_coverage",
        ),
    )  # fmt: skip


# Benefits and worth ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class GainRow:
    """Benefits of one fiscal year or of one kind."""

    gains: Gains
    fiscal_year: int | None = None
    kind: str = ""


def gain_columns(*, by_year: bool) -> tuple[Column[GainRow], ...]:
    """Benefits by year, or by kind."""
    first: Column[GainRow] = (
        Column("fiscal_year", _("Fiscal year"), lambda row: row.fiscal_year, Kind.YEAR)
        if by_year
        else Column("kind", _("Kind"), lambda row: BenefitKind(row.kind).label, Kind.CHOICE)
    )
    return (
        first,
        yen_column("planned", _("Planned"), lambda row: row.gains.planned, "benefit_planned"),
        Column(
            "planned_known", _("Plans known"),
            lambda row: of(row.gains.planned_known, row.gains.asked),
        ),
        yen_column("realised", _("Realised"), lambda row: row.gains.realised, "benefit_realised"),
        Column(
            "realised_known", _("Of years that are over, known"),
            lambda row: of(row.gains.realised_known, row.gains.due),
        ),
        yen_column(
            "forecast", _("Forecast"), lambda row: row.gains.forecast, "benefit_forecast",
            _("Realised where the year is over and that is known, else planned."),
        ),
    )  # fmt: skip


def _appraised(
    row: Any, value: Callable[[promise.Worth], Measure], cell: Callable[[Measure], object]
) -> object:
    if row.worth is None:
        return Unknown("missing", REASONS[Reason.NO_DATA])
    return cell(value(row.worth))


def _worth(
    metric: str,
    label: Text,
    value: Callable[[promise.Worth], Measure],
    kind: Kind,
    cell: Callable[[Measure], object] = told,
    unit: Text = "",
) -> Column[Any]:
    scale = YenUnit.HUNDRED_MILLION if kind is Kind.YEN else YenUnit.YEN
    return Column(
        metric,
        label,
        lambda row: _appraised(row, value, cell),
        kind,
        unit=unit,
        metric=metric,
        scale=scale,
    )


def _hundredths(measure: Measure) -> Decimal | Unknown:
    found = told(measure)
    return found if isinstance(found, Unknown) else found.quantize(Decimal("0.01"))


def _thousandths(measure: Measure) -> Decimal | Unknown:
    found = told(measure)
    return found if isinstance(found, Unknown) else found.quantize(Decimal("0.001"))


def _internal_rate(row: Any) -> Decimal | Unknown:
    if row.worth is None:
        return Unknown("missing", REASONS[Reason.NO_DATA])
    rate: Measure = row.worth.irr
    if rate.value is not None:
        return rate.value
    return Unknown("not_applicable", rates_in_words(row.worth.rates))


def _on_the_rate(row: Any) -> str | Unknown:
    if row.worth is None:
        return Unknown("not_applicable")
    words = rates_in_words(row.worth.rates)
    if not words and row.worth.gains_first:
        words = gettext("benefits come before costs: a higher rate is worse")
    return words or Unknown("not_applicable")


def _worth_figures() -> tuple[Column[Any], ...]:
    return (
        _worth(
            "pv_costs", _("PV costs"), lambda w: Measure(w.appraisal.pv_costs), Kind.YEN, whole
        ),
        _worth(
            "pv_benefits", _("PV benefits"), lambda w: Measure(w.appraisal.pv_benefits),
            Kind.YEN, whole,
        ),
        _worth("npv", _("NPV"), lambda w: Measure(w.appraisal.npv), Kind.YEN, whole),
        _worth("bcr", _("BCR"), lambda w: w.appraisal.bcr, Kind.DECIMAL, _thousandths),
        _worth("roi", _("ROI"), lambda w: w.appraisal.roi, Kind.RATIO),
        Column("irr", _("IRR"), _internal_rate, Kind.RATIO, metric="irr"),
        Column("irr_note", _("On the IRR"), _on_the_rate),
        _worth(
            "payback", _("Payback"), lambda w: w.payback, Kind.DECIMAL, _hundredths, _("years")
        ),
        _worth(
            "discounted_payback", _("Discounted payback"), lambda w: w.discounted_payback,
            Kind.DECIMAL, _hundredths, _("years"),
        ),
        Column(
            "base_year", _("Base year"),
            lambda row: None if row.worth is None else row.worth.base_year, Kind.YEAR,
        ),
        Column(
            "horizon", _("Horizon"),
            lambda row: None if row.worth is None else row.worth.horizon, Kind.INTEGER,
            unit=_("years"),
        ),
    )  # fmt: skip


def whole_columns() -> tuple[Column[PortfolioWorth], ...]:
    """What the projects are worth together, in one row."""
    return (
        Column(
            "projects", _("Projects in the figure"), lambda row: of(row.known, row.asked),
            definition=_("Projects whose costs and benefits are known in every year they name."),
        ),
        *_worth_figures(),
    )  # fmt: skip


def project_columns(tree: AgencyTree) -> tuple[Column[ProjectWorth], ...]:
    """Projects with a benefit on record; each is discounted to its own base year."""
    return (
        Column("project", _("Project"), lambda row: row.name, url=lambda row: project_url(row.code)),
        Column("agency", _("Agency"), lambda row: str(tree.by_id[row.agency_id])),
        *_worth_figures(),
        Column("code", _("Project code"), lambda row: row.code),
        Column(
            "cost_from", _("Cost from"),
            lambda row: gettext("current plan") if row.has_plan else gettext("cost lines"),
        ),
    )  # fmt: skip


def project_url(code: str) -> str:
    """Where the figures of a project stand with what they are made of."""
    return reverse("projects:projects-figures", args=[code])
