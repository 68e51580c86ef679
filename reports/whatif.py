"""A comparison of today with a scenario as tables, tiles and a chart."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from governance.formatting import DASH, YenUnit, decimal_number, integer, yen_short
from governance.tabular import (
    Badge,
    Column,
    ExportLink,
    Kind,
    Table,
    Tone,
    Unknown,
    build_table,
)
from projects.metric_text import REASONS
from projects.metrics import scenario
from projects.metrics.risk import Severity
from projects.metrics.scenario import NO_COST, Moved, YearCost
from projects.metrics.types import Measure, Reason
from projects.models import Contract, Project, Review, System
from projects.models.choices import FlagSeverity
from projects.register import KINDS
from projects.risk_text import title_of
from projects.scenario_text import Assumed, assumed, delay_text
from projects.whatif import Comparison, FlagKey, ProjectMove, Side
from reports.charts import Chart, cost_today_and_scenario
from reports.links import object_url

SHOWN: Final = 50
"""Flags that the page lists; the file has all."""
SHOWN_PROJECTS: Final = 20

_TODAY, _SCENARIO = gettext_lazy("Today"), gettext_lazy("Scenario")
_DIFFERENCE: Final = gettext_lazy("Difference")


def _yen(measure: Measure) -> object:
    """To the yen: what is smaller is no money."""
    shown = _shown(measure)
    return int(shown.to_integral_value()) if isinstance(shown, Decimal) else shown


def _ratio(measure: Measure) -> object:
    """To four places: pages show a decimal as it is."""
    shown = _shown(measure)
    return round(shown, 4) if isinstance(shown, Decimal) else shown


def _shown(measure: Measure) -> object:
    if measure.value is None:
        return Unknown("undefined", REASONS[measure.reason or Reason.NO_DATA])
    return measure.value


@dataclass(frozen=True, slots=True)
class SideRow:
    """One side, or what lies between them: measures by metric id, and what they rest on."""

    name: Any
    measures: Mapping[str, Measure]
    rests_on: str


def differences(found: Comparison) -> dict[str, Measure]:
    """Scenario − today of every measure."""
    today, other = found.today.measures(), found.scenario.measures()
    return {name: scenario.difference(today[name], other[name]) for name in today}


def _sides(found: Comparison, rests_on: Callable[[Side], str]) -> list[SideRow]:
    return [
        SideRow(_TODAY, found.today.measures(), rests_on(found.today)),
        SideRow(_SCENARIO, found.scenario.measures(), rests_on(found.scenario)),
        SideRow(_DIFFERENCE, differences(found), ""),
    ]


def _of(part: int, whole: int) -> str:
    return f"{part:,}/{whole:,}"


def _money(name: str, label: Any) -> Column[SideRow]:
    return Column(
        name,
        label,
        lambda row: _yen(row.measures[name]),
        Kind.YEN,
        scale=YenUnit.HUNDRED_MILLION,
        metric=name,
    )


def _hours(name: str, label: Any) -> Column[SideRow]:
    return Column(name, label, lambda row: _yen(row.measures[name]), Kind.INTEGER)


_SIDE: Final = Column[SideRow](
    "side", pgettext_lazy("of a comparison", "side"), lambda row: row.name
)
_VALUE: Final[tuple[Column[SideRow], ...]] = (
    _SIDE,
    _money("pv_costs", gettext_lazy("PV costs")),
    _money("pv_benefits", gettext_lazy("PV benefits")),
    _money("npv", gettext_lazy("NPV")),
    Column(
        "bcr",
        gettext_lazy("BCR"),
        lambda row: _ratio(row.measures["bcr"]),
        Kind.DECIMAL,
        metric="bcr",
    ),
    Column(
        "roi",
        gettext_lazy("ROI"),
        lambda row: _shown(row.measures["roi"]),
        Kind.RATIO,
        metric="roi",
    ),
    Column("projects", gettext_lazy("projects in the sum"), lambda row: row.rests_on),
)
_TIME: Final[tuple[Column[SideRow], ...]] = (
    _SIDE,
    _hours("hours", gettext_lazy("hours spent a year")),
    _money("administrative_burden", gettext_lazy("worth of these hours")),
    _hours("hours_saved", gettext_lazy("hours saved a year")),
    _money("time_saved_value", gettext_lazy("worth of the hours saved")),
    Column("services", gettext_lazy("services known; compared; of all"), lambda row: row.rests_on),
)


@dataclass(frozen=True, slots=True)
class CostRow:
    """The planned cost of one year on both sides."""

    fiscal_year: int
    today: YearCost
    scenario: YearCost

    @property
    def difference(self) -> int | None:
        if self.today.value is None or self.scenario.value is None:
            return None
        return self.scenario.value - self.today.value


def _cost(name: str, label: Any, value: Callable[[CostRow], int | None]) -> Column[CostRow]:
    return Column(name, label, value, Kind.YEN, scale=YenUnit.HUNDRED_MILLION)


_COSTS: Final[tuple[Column[CostRow], ...]] = (
    Column("fiscal_year", gettext_lazy("fiscal year"), lambda row: row.fiscal_year, Kind.YEAR),
    _cost("today", _TODAY, lambda row: row.today.value),
    _cost("scenario", _SCENARIO, lambda row: row.scenario.value),
    _cost("difference", _DIFFERENCE, lambda row: row.difference),
    Column(
        "known_today",
        gettext_lazy("known today"),
        lambda row: _of(row.today.known, row.today.asked),
    ),
    Column(
        "known_scenario",
        gettext_lazy("known in the scenario"),
        lambda row: _of(row.scenario.known, row.scenario.asked),
    ),
)


@dataclass(frozen=True, slots=True)
class CountRow:
    """Flags of one severity, or of one rule."""

    name: Any
    today: int
    scenario: int
    unknown_today: int = 0
    unknown_scenario: int = 0


def _counts(label: Any) -> tuple[Column[CountRow], ...]:
    return (
        Column("name", label, lambda row: row.name),
        Column("today", _TODAY, lambda row: row.today, Kind.INTEGER),
        Column("scenario", _SCENARIO, lambda row: row.scenario, Kind.INTEGER),
        Column("difference", _DIFFERENCE, lambda row: row.scenario - row.today, Kind.INTEGER),
    )


_SEVERITIES: Final = _counts(gettext_lazy("severity"))
_RULES: Final[tuple[Column[CountRow], ...]] = (
    *_counts(gettext_lazy("rule")),
    Column(
        "unknown_today",
        gettext_lazy("not judged today"),
        lambda row: row.unknown_today,
        Kind.INTEGER,
    ),
    Column(
        "unknown_scenario",
        gettext_lazy("not judged in the scenario"),
        lambda row: row.unknown_scenario,
        Kind.INTEGER,
    ),
)


@dataclass(frozen=True, slots=True)
class FlagRow:
    """A flag that moves, with what it is about."""

    moved: Moved[FlagKey]
    subject: models.Model | None


_TONES: Final[Mapping[Severity, Tone]] = {
    Severity.HIGH: "high",
    Severity.MEDIUM: "medium",
    Severity.LOW: "low",
    Severity.UNKNOWN: "unknown",
}


def _badge(severity: Severity) -> Badge:
    if severity is Severity.NONE:
        return Badge(_("no flag"), "ok")
    return Badge(FlagSeverity(severity.value).label, _TONES[severity])


_FLAGS: Final[tuple[Column[FlagRow], ...]] = (
    Column(
        "subject",
        gettext_lazy("about"),
        lambda row: DASH if row.subject is None else str(row.subject),
        url=lambda row: None if row.subject is None else object_url(row.subject),
    ),
    Column("rule", gettext_lazy("rule"), lambda row: title_of(row.moved.key[0])),
    Column("today", _TODAY, lambda row: _badge(row.moved.before)),
    Column("scenario", _SCENARIO, lambda row: _badge(row.moved.after)),
)
_OF_SUBJECT: Final[Mapping[str, Any]] = {
    "project": Project.objects,
    "system": System.objects,
    "contract": Contract.objects,
    "review": Review.objects.select_related("review_type", "system", "project"),
}


def flag_rows(moves: Sequence[Moved[FlagKey]]) -> list[FlagRow]:
    """Flags with their subjects; the keys are of rows that the reader sees. Cost: four queries."""
    found: dict[tuple[str, int], models.Model] = {}
    for subject, objects in _OF_SUBJECT.items():
        pks = {move.key[2] for move in moves if move.key[1] == subject}
        if pks:
            rows = objects.in_bulk(pks)
            found.update({(subject, pk): row for pk, row in rows.items()})
    return [FlagRow(move, found.get(move.key[1:])) for move in moves]


_NAME: Final = KINDS["projects"]


def _project_columns(found: Comparison) -> tuple[Column[ProjectMove], ...]:
    def change(move: ProjectMove) -> str:
        if move.project.code in found.assumptions.dropped:
            return _("drop")
        delay = found.assumptions.deferred.get(move.project.code)
        return DASH if delay is None else delay_text(delay)

    def money(
        name: str, label: Any, value: Callable[[ProjectMove], Decimal | None], metric: str
    ) -> Column[ProjectMove]:
        return Column(
            name,
            label,
            lambda move: _none(value(move)),
            Kind.YEN,
            scale=YenUnit.MILLION,
            metric=metric,
        )

    return (
        Column(
            "project",
            gettext_lazy("project"),
            lambda move: move.project.name,
            url=lambda move: f"{_NAME.list_url()}{move.project.code}/",
        ),
        Column("change", gettext_lazy("assumed"), change),
        money("today", gettext_lazy("NPV today"), lambda move: move.today, "npv"),
        money("scenario", gettext_lazy("NPV in the scenario"), lambda move: move.scenario, "npv"),
        money("difference", _DIFFERENCE, lambda move: move.difference, "npv"),
        Column("agency", gettext_lazy("agency"), lambda move: move.project.agency),
    )


def _none(value: Decimal | None) -> object:
    if value is None:
        return Unknown("not_applicable", _("not in the sum"))
    return int(value.to_integral_value())


_ASSUMED: Final[tuple[Column[Assumed], ...]] = (
    Column("name", gettext_lazy("assumption"), lambda row: row.name),
    Column("today", _TODAY, lambda row: row.today),
    Column("scenario", _SCENARIO, lambda row: row.scenario),
)


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table, for the page and for files: `rows` are all, the page may show the first."""

    key: str
    title: str
    columns: tuple[Column[Any], ...]
    rows: Sequence[Any]


def assumption_rows(found: Comparison) -> list[Assumed]:
    return list(
        assumed(
            found.assumptions,
            rate=found.today.portfolio.rate,
            yen_per_hour=found.today.yen_per_hour,
            book=found.book,
            names={code: row.name for code, row in found.projects.items()},
        )
    )


def _in_the_sum(side: Side) -> str:
    return _of(side.portfolio.known, side.portfolio.asked)


def _services(side: Side) -> str:
    return f"{side.time.known:,}; {side.time.compared:,}; {side.time.asked:,}"


def cost_rows(found: Comparison) -> list[CostRow]:
    """Every year that either side names; where one does not, it plans nothing."""
    today, other = found.today.costs, found.scenario.costs
    return [
        CostRow(year, today.get(year, NO_COST), other.get(year, NO_COST))
        for year in sorted({*today, *other})
    ]


def _severity_rows(found: Comparison) -> list[CountRow]:
    today, other = found.today.by_severity, found.scenario.by_severity
    levels = (Severity.HIGH, Severity.MEDIUM, Severity.LOW, Severity.UNKNOWN)
    rows = [
        CountRow(FlagSeverity(level.value).label, today[level], other[level]) for level in levels
    ]
    total = CountRow(
        _("Flags (high, medium, low)"), scenario.findings(today), scenario.findings(other)
    )
    return [*rows[:3], total, CountRow(_("Not judged"), rows[3].today, rows[3].scenario)]


def _rule_rows(found: Comparison) -> list[CountRow]:
    today, other = found.today.by_rule(), found.scenario.by_rule()
    return [
        CountRow(
            title_of(rule_id),
            scenario.findings(today[rule_id]),
            scenario.findings(other[rule_id]),
            today[rule_id][Severity.UNKNOWN],
            other[rule_id][Severity.UNKNOWN],
        )
        for rule_id in today
    ]


def sheet(found: Comparison, key: str, *, is_whole: bool = True) -> Sheet:
    """One table by its key: all of it, or what the page shows. Raises KeyError."""
    make: Mapping[str, Callable[[], Sheet]] = {
        "value": lambda: Sheet(key, _("Value over investment"), _VALUE, _sides(found, _in_the_sum)),
        "time": lambda: Sheet(key, _("Users' time"), _TIME, _sides(found, _services)),
        "cost": lambda: Sheet(key, _("Planned cost by fiscal year"), _COSTS, cost_rows(found)),
        "severity": lambda: Sheet(key, _("Flags by severity"), _SEVERITIES, _severity_rows(found)),
        "rules": lambda: Sheet(
            key, _("Flags (high, medium, low) by rule"), _RULES, _rule_rows(found)
        ),
        "flags": lambda: Sheet(
            key,
            _("Flags that open, close or change"),
            _FLAGS,
            flag_rows(found.moved_flags if is_whole else found.moved_flags[:SHOWN]),
        ),
        "projects": lambda: Sheet(
            key,
            _("Projects whose value moves"),
            _project_columns(found),
            found.moved_projects if is_whole else found.moved_projects[:SHOWN_PROJECTS],
        ),
        "assumptions": lambda: Sheet(key, _("Assumptions"), _ASSUMED, assumption_rows(found)),
    }
    return make[key]()


Links = Callable[[str], tuple[ExportLink, ...]]


def table(found: Comparison, key: str, links: Links, empty: str = "") -> Table:
    made = sheet(found, key, is_whole=False)
    return build_table(
        made.columns,
        made.rows,
        caption=made.title,
        query={},
        id=key,
        exports=links(key),
        empty_text=empty,
    )


def chart(found: Comparison, links: Links) -> Chart:
    rows = cost_rows(found)
    return Chart(
        "planned-cost",
        _("Planned cost by fiscal year"),
        cost_today_and_scenario(
            [row.fiscal_year for row in rows],
            [row.today.value for row in rows],
            [row.scenario.value for row in rows],
        ),
        table(found, "cost", links),
        summary=_("What the projects' plans cost, not discounted; without a plan, what was spent."),
    )


def tiles(found: Comparison) -> list[dict[str, Any]]:
    """The scenario's headline figures, with today's beside them."""
    today, other, change = found.today.measures(), found.scenario.measures(), differences(found)
    counts = (
        scenario.findings(found.today.by_severity),
        scenario.findings(found.scenario.by_severity),
    )
    made = [
        _tile(label, show(today[name]), show(other[name]), show(change[name]), change[name].value)
        for name, label, show in (
            ("npv", _("NPV"), _money_text),
            ("bcr", _("BCR"), _ratio_text),
            ("pv_costs", _("PV costs"), _money_text),
            ("pv_benefits", _("PV benefits"), _money_text),
            ("administrative_burden", _("Users' time in money"), _money_text),
        )
    ]
    difference = counts[1] - counts[0]
    made.append(
        _tile(
            _("Flags (high, medium, low)"),
            integer(counts[0]),
            integer(counts[1]),
            integer(difference),
            Decimal(difference),
        )
    )
    return made


def _tile(label: str, today: str, other: str, change: str, value: Decimal | None) -> dict[str, Any]:
    sign = "+" if value is not None and value > 0 else ""
    return {
        "label": label,
        "value": other,
        "note": _("today %(today)s") % {"today": today},
        # A word joiner: no line ends between a sign and its figure.
        "age": _("difference %(change)s") % {"change": f"{sign}\u2060{change}"},
    }


def _money_text(measure: Measure) -> str:
    return yen_short(None if measure.value is None else int(measure.value.to_integral_value()))


def _ratio_text(measure: Measure) -> str:
    """To four places where two would hide that it moves."""
    if measure.value is None:
        return DASH
    shown = round(measure.value, 2) or round(measure.value, 4)
    return decimal_number(shown) if shown else "0"


def no_links(_key: str) -> tuple[ExportLink, ...]:
    """What is not saved is no file."""
    return ()


def page(found: Comparison, links: Links = no_links) -> dict[str, Any]:
    """All that the page of a comparison prints."""
    nothing = _("No flag moves.")
    return {
        "tiles": tiles(found),
        "assumptions": table(found, "assumptions", links),
        "value": table(found, "value", links),
        "time": table(found, "time", links),
        "chart": chart(found, links),
        "severity": table(found, "severity", links),
        "rules": table(found, "rules", links),
        "flags": table(found, "flags", links, nothing),
        "flags_left": max(len(found.moved_flags) - SHOWN, 0),
        "projects": table(found, "projects", links, _("No project's value moves.")),
        "projects_left": max(len(found.moved_projects) - SHOWN_PROJECTS, 0),
        "base_year": found.today.portfolio.base_year,
        "overlooked": found.overlooked,
        "as_of": found.as_of,
    }


def all_links(make: Callable[[str, str], str]) -> Links:
    """Links to the files of each table; `make` gives the address of a table in a format."""

    def links(key: str) -> tuple[ExportLink, ...]:
        return tuple(ExportLink(fmt.upper(), make(key, fmt)) for fmt in ("csv", "xlsx"))

    return links


KEYS: Final = ("value", "time", "cost", "severity", "rules", "flags", "projects", "assumptions")
"""The tables that can be taken away."""
