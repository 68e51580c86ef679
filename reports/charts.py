"""Charts as plain dicts of plotly.js: small, pure, in the active language.

A figure holds its data, its axis titles with units and what differs from other figures. Fonts,
margins and the rest stand once in `static/js/charts.js`; there is no template inside a figure
(Plotly's default alone is 6.5 kB). Floats appear here and only here: for drawing. Series differ
by pattern or marker shape as well as by colour.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from governance.formatting import (
    YenUnit,
    fiscal_year_short,
    integer,
    percent,
    yen_in,
    yen_unit_label,
    yen_unit_size,
)
from governance.tabular import Table, Text

Figure = dict[str, Any]

_SCALE: Final = YenUnit.HUNDRED_MILLION


@dataclass(frozen=True, slots=True)
class Chart:
    """All that `includes/_chart.html` prints: the figure and the table that says the same.

    `id` is unique in the page. `summary` says in a sentence what the picture shows; `note` what
    it leaves out.
    """

    id: str
    title: Text
    figure: Figure
    table: Table
    summary: Text = ""
    note: Text = ""


@dataclass(frozen=True, slots=True)
class CostYear:
    """Executed yen of one fiscal year by cost class; None is unknown and not drawn.

    `unsplit` is executed yen whose class is not known.
    """

    fiscal_year: int
    development: int | None
    operation: int | None
    other: int | None
    unsplit: int | None = None


@dataclass(frozen=True, slots=True)
class _Series:
    field: str
    name: str | Promise
    colour: str
    pattern: str


# Blue, vermilion and greys keep apart for every kind of colour vision and reach 3:1 on white.
_COST_SERIES: Final = (
    _Series("development", _("Development"), "#0017c1", ""),
    _Series("operation", _("Operation"), "#c74700", "/"),
    _Series("other", _("Other"), "#767676", "."),
    _Series("unsplit", _("Not split"), "#333333", "x"),
)


def _scaled(amount: int | None) -> float | None:
    """Yen in the unit of the axis, to 10,000 yen: more than any screen can show."""
    return None if amount is None else round(amount / yen_unit_size(_SCALE), 5)


def _bars(series: Sequence[_Series], years: Sequence[Any]) -> list[Figure]:
    """One trace a series that has any figure."""
    labels = [fiscal_year_short(year.fiscal_year) for year in years]
    unit = yen_unit_label(_SCALE)
    data: list[Figure] = []
    for one in series:
        amounts = [getattr(year, one.field) for year in years]
        if all(amount is None for amount in amounts):
            continue
        data.append(
            {
                "type": "bar",
                "name": str(one.name),
                "x": labels,
                "y": [_scaled(amount) for amount in amounts],
                "marker": {
                    "color": one.colour,
                    # Overlaid: the colour stays the ground, the pattern is drawn on it.
                    "pattern": {
                        "shape": one.pattern,
                        "fillmode": "overlay",
                        "fgcolor": "#ffffff",
                        "size": 7,
                        "solidity": 0.25,
                    },
                    "line": {"color": "#ffffff", "width": 1},
                },
                "hovertemplate": f"%{{x}}<br>{one.name}: %{{y:,.2f}} {unit}<extra></extra>",
            }
        )
    return data


def cost_by_year_and_class(years: Sequence[CostYear]) -> Figure:
    """Stacked bars: executed yen by fiscal year and class, in 億円 / ¥ bn. Unknown: no bar."""
    return {
        "data": _bars(_COST_SERIES, years),
        "layout": {
            "barmode": "relative",
            "xaxis": {"title": {"text": gettext("Fiscal year")}, "type": "category"},
            "yaxis": {
                "title": {
                    "text": gettext("Executed cost (%(unit)s)") % {"unit": yen_unit_label(_SCALE)}
                },
                "rangemode": "tozero",
                # Whole numbers with separators: "10k" says nothing in Japanese.
                "tickformat": ",",
            },
        },
    }


@dataclass(frozen=True, slots=True)
class BenefitYear:
    """Benefits of one fiscal year in yen; None is unknown and not drawn."""

    fiscal_year: int
    planned: int | None
    realised: int | None
    forecast: int | None


_BENEFIT_SERIES: Final = (
    _Series("planned", _("Planned"), "#767676", "."),
    _Series("realised", _("Realised"), "#0017c1", ""),
    _Series("forecast", _("Forecast"), "#c74700", "/"),
)


def benefits_by_year(years: Sequence[BenefitYear]) -> Figure:
    """Bars side by side: benefits by fiscal year, in 億円 / ¥ bn. Unknown: no bar."""
    return {
        "data": _bars(_BENEFIT_SERIES, years),
        "layout": {
            "barmode": "group",
            "xaxis": {"title": {"text": gettext("Fiscal year")}, "type": "category"},
            "yaxis": {
                "title": {
                    "text": gettext("Benefits (%(unit)s)") % {"unit": yen_unit_label(_SCALE)}
                },
                "rangemode": "tozero",
                "tickformat": ",",
            },
        },
    }


@dataclass(frozen=True, slots=True)
class MixYear:
    """The shares of one fiscal year's executed cost (0-1) that run and that change things; None
    is unknown and not drawn."""

    fiscal_year: int
    run: Decimal | None
    change: Decimal | None


def mix_by_year(years: Sequence[MixYear]) -> Figure:
    """Lines: what runs and what changes things, of executed cost, by fiscal year."""
    labels = [fiscal_year_short(year.fiscal_year) for year in years]
    series = (
        (gettext("Run share"), [year.run for year in years], "#c74700", "dash", "diamond"),
        (gettext("Change share"), [year.change for year in years], "#0017c1", "solid", "circle"),
    )
    return {
        "data": [
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": name,
                "x": labels,
                "y": [None if share is None else round(float(share), 4) for share in shares],
                "connectgaps": False,
                "line": {"color": colour, "dash": dash},
                "marker": {"symbol": symbol, "size": 9},
                "hovertemplate": f"%{{x}}<br>{name}: %{{y:.1%}}<extra></extra>",
            }
            for name, shares, colour, dash, symbol in series
            if any(share is not None for share in shares)
        ],
        "layout": {
            "xaxis": {"title": {"text": gettext("Fiscal year")}, "type": "category"},
            "yaxis": {
                "title": {"text": gettext("Share of executed cost")},
                "tickformat": ".0%",
                "range": [0, 1],
            },
        },
    }


@dataclass(frozen=True, slots=True)
class CostValuePoint:
    """One system: what it costs a year (yen) and how much of its use is online (0-1).

    `cases` sizes the mark, `severity` is the gravest open flag ("" where there is none), `url`
    where a click leads.
    """

    name: str
    cost: int | None
    use_ratio: Decimal | None
    cases: int | None = None
    severity: str = ""
    url: str = ""

    @property
    def is_drawable(self) -> bool:
        """A cost of zero has no place on a logarithmic axis."""
        return self.cost is not None and self.cost > 0 and self.use_ratio is not None


@dataclass(frozen=True, slots=True)
class _Mark:
    severity: str
    name: str | Promise
    colour: str
    symbol: str


_MARKS: Final = (
    _Mark("high", _("Open flag: high"), "#ce0000", "triangle-up"),
    _Mark("medium", _("Open flag: medium"), "#ac3e00", "diamond"),
    _Mark("low", _("Open flag: low"), "#927200", "square"),
    _Mark("unknown", _("Cannot be judged"), "#767676", "circle-open"),
    _Mark("", _("No open flag"), "#0017c1", "circle"),
)
_SMALLEST_MARK: Final = 9.0
_LARGEST_MARK: Final = 36.0


def undrawn(points: Sequence[CostValuePoint]) -> int:
    """How many points lack a cost above zero or a use ratio; say it beside the chart."""
    return sum(not point.is_drawable for point in points)


def cost_value_scatter(
    points: Sequence[CostValuePoint],
    *,
    cost_line: int | None = None,
    use_line: Decimal | None = None,
) -> Figure:
    """Cost (x, logarithmic) against online use (y); the area of a mark grows with the cases.

    `cost_line` (yen) and `use_line` (ratio) draw the quadrants, e.g. a median and a target.
    Points that cannot be drawn are left out: see `undrawn`.
    """
    drawn = [point for point in points if point.is_drawable]
    most_cases = max((point.cases or 0 for point in drawn), default=0)
    data = []
    for mark in _MARKS:
        mine = [point for point in drawn if point.severity == mark.severity]
        if mine:
            data.append(_marks(mark, mine, most_cases))
    layout: Figure = {
        "xaxis": {
            "title": {
                "text": gettext("Executed cost a year (%(unit)s, log scale)")
                % {"unit": yen_unit_label(_SCALE)}
            },
            "type": "log",
            "dtick": 1,
        },
        "yaxis": {
            "title": {"text": gettext("Online use (share of cases)")},
            "tickformat": ".0%",
            "range": [-0.05, 1.05],
        },
        "hovermode": "closest",
    }
    shapes = _quadrant_lines(cost_line, use_line)
    if shapes:
        layout["shapes"] = shapes
    return {"data": data, "layout": layout}


def _marks(mark: _Mark, points: Sequence[CostValuePoint], most_cases: int) -> Figure:
    trace: Figure = {
        "type": "scatter",
        "mode": "markers",
        "name": str(mark.name),
        "x": [_scaled(point.cost) for point in points],
        "y": [None if p.use_ratio is None else round(float(p.use_ratio), 4) for p in points],
        "text": [_hover(point) for point in points],
        "marker": {
            "color": mark.colour,
            "symbol": mark.symbol,
            "opacity": 0.75,
            "size": [_size(point.cases, most_cases) for point in points],
            "line": {"color": "#1a1a1a", "width": 1},
        },
        "hovertemplate": "%{text}<extra></extra>",
    }
    if any(point.url for point in points):
        trace["customdata"] = [point.url for point in points]
    return trace


def _hover(point: CostValuePoint) -> str:
    # plotly.js reads a few tags in hover text; a name is text.
    name = point.name.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    lines = [name, yen_in(point.cost, _SCALE), percent(point.use_ratio)]
    if point.cases is not None:
        lines.append(gettext("%(count)s cases a year") % {"count": integer(point.cases)})
    return "<br>".join(lines)


def _size(cases: int | None, most_cases: int) -> float:
    """Diameter in pixels: the area is in proportion to the cases, but never too small to hit."""
    if not cases or most_cases <= 0:
        return _SMALLEST_MARK
    return round(max(_SMALLEST_MARK, _LARGEST_MARK * math.sqrt(cases / most_cases)), 1)


def _quadrant_lines(cost_line: int | None, use_line: Decimal | None) -> list[Figure]:
    line = {"color": "#4d4d4d", "width": 1, "dash": "dash"}
    shapes: list[Figure] = []
    if cost_line is not None and cost_line > 0:
        x = _scaled(cost_line)
        shapes.append(
            {"type": "line", "xref": "x", "yref": "paper", "x0": x, "x1": x, "y0": 0, "y1": 1}
            | {"line": line}
        )
    if use_line is not None:
        y = float(use_line)
        shapes.append(
            {"type": "line", "xref": "paper", "yref": "y", "x0": 0, "x1": 1, "y0": y, "y1": y}
            | {"line": line}
        )
    return shapes


@dataclass(frozen=True, slots=True)
class KpiYear:
    """Target and actual of a KPI in one year, in its unit; None is unknown and not drawn.

    `earlier_targets` are those that stood before they were changed.
    """

    fiscal_year: int
    version: int
    target: Decimal | None
    actual: Decimal | None
    earlier_targets: tuple[Decimal, ...] = ()


def kpi_series(years: Sequence[KpiYear], unit: str) -> Figure:
    """Targets (dashed) and actuals by fiscal year. A new method starts a new line, with a mark at
    the break: no line crosses it."""
    data: list[Figure] = []
    versions = sorted({year.version for year in years})
    for version in versions:
        mine = [year for year in years if year.version == version]
        suffix = gettext(" (method %(n)d)") % {"n": version} if len(versions) > 1 else ""
        data.append(_line(mine, "target", gettext("Target") + suffix, "#767676", "dash", "diamond"))
        data.append(_line(mine, "actual", gettext("Actual") + suffix, "#0017c1", "solid", "circle"))
    changed = [(year, old) for year in years for old in year.earlier_targets]
    if changed:
        data.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": gettext("Target before it was changed"),
                "x": [fiscal_year_short(year.fiscal_year) for year, _old in changed],
                "y": [float(old) for _year, old in changed],
                "marker": {"color": "#c74700", "symbol": "x", "size": 10},
            }
        )
    layout: Figure = {
        "xaxis": {
            "title": {"text": gettext("Fiscal year")},
            "type": "category",
            # In the order of time, whichever line comes first.
            "categoryorder": "array",
            "categoryarray": [
                fiscal_year_short(year) for year in sorted({y.fiscal_year for y in years})
            ],
        },
        "yaxis": {"title": {"text": unit or gettext("Value")}},
    }
    breaks = [
        min(year.fiscal_year for year in years if year.version == version)
        for version in versions[1:]
    ]
    if breaks:
        line = {"color": "#4d4d4d", "width": 1, "dash": "dot"}
        order = sorted({year.fiscal_year for year in years})
        layout["shapes"] = [
            {"type": "line", "xref": "x", "yref": "paper", "y0": 0, "y1": 1}
            | {"x0": order.index(year) - 0.5, "x1": order.index(year) - 0.5, "line": line}
            for year in breaks
        ]
        layout["annotations"] = [
            {
                "x": order.index(year) - 0.5,
                "y": 1,
                "yref": "paper",
                "showarrow": False,
                "text": gettext("new method"),
                "xanchor": "left",
            }
            for year in breaks
        ]
    return {
        "data": [trace for trace in data if any(v is not None for v in trace["y"])],
        "layout": layout,
    }


def _line(
    years: Sequence[KpiYear], field: str, name: str, colour: str, dash: str, symbol: str
) -> Figure:
    values = [getattr(year, field) for year in years]
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": name,
        "x": [fiscal_year_short(year.fiscal_year) for year in years],
        "y": [None if value is None else float(value) for value in values],
        "connectgaps": False,
        "line": {"color": colour, "dash": dash},
        "marker": {"symbol": symbol, "size": 9},
    }


def cost_today_and_scenario(
    years: Sequence[int], today: Sequence[int | None], scenario: Sequence[int | None]
) -> Figure:
    """Bars side by side: yen of each fiscal year, today and in a scenario. Unknown: no bar."""
    unit = yen_unit_label(_SCALE)
    sides = (
        (gettext("Today"), today, "#0017c1", ""),
        (gettext("Scenario"), scenario, "#c74700", "/"),
    )
    return {
        "data": [
            {
                "type": "bar",
                "name": name,
                "x": [fiscal_year_short(year) for year in years],
                "y": [_scaled(amount) for amount in amounts],
                "marker": {
                    "color": colour,
                    "pattern": {
                        "shape": pattern,
                        "fillmode": "overlay",
                        "fgcolor": "#ffffff",
                        "size": 7,
                        "solidity": 0.25,
                    },
                },
                "hovertemplate": f"%{{x}}<br>{name}: %{{y:,.2f}} {unit}<extra></extra>",
            }
            for name, amounts, colour, pattern in sides
        ],
        "layout": {
            "barmode": "group",
            "xaxis": {"title": {"text": gettext("Fiscal year")}, "type": "category"},
            "yaxis": {
                "title": {"text": gettext("Planned cost (%(unit)s)") % {"unit": unit}},
                "rangemode": "tozero",
                "tickformat": ",",
            },
        },
    }
