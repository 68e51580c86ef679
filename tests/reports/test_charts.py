import json
from decimal import Decimal
from typing import Any

import plotly.graph_objects as go
import pytest
from django.template.loader import render_to_string
from django.utils import translation

from governance.tabular import Column, Kind, build_table
from reports.charts import (
    BenefitYear,
    Chart,
    CostValuePoint,
    CostYear,
    MixYear,
    benefits_by_year,
    cost_by_year_and_class,
    cost_value_scatter,
    mix_by_year,
    undrawn,
)

# 国税総合管理(KSK), RS 2024 sheet 20079: dev / O&M in yen, FY2021 and 2022.
YEARS = [
    CostYear(2021, 12_650_000_000, 26_050_000_000, 0),
    CostYear(2022, 14_540_000_000, 25_710_000_000, None),
]
POINTS = [
    CostValuePoint("e-Tax", 11_450_000_000, Decimal("0.512"), 138_380_000, "high", "/systems/a/"),
    CostValuePoint("eMAFF", 900_000_000, Decimal("0.321"), 1_120_000, "", "/systems/b/"),
    CostValuePoint("No use known", 900_000_000, None),
    CostValuePoint("No cost known", None, Decimal("0.5")),
    CostValuePoint("Free of cost", 0, Decimal("0.5")),
]


def size_of(figure: dict[str, Any]) -> int:
    return len(json.dumps(figure, ensure_ascii=False).encode())


@pytest.mark.parametrize(
    "figure",
    [
        cost_by_year_and_class(YEARS),
        cost_by_year_and_class([]),
        cost_value_scatter(POINTS, cost_line=10**9, use_line=Decimal("0.3")),
        cost_value_scatter([]),
        benefits_by_year([BenefitYear(2025, 10**9, None, 10**9)]),
        mix_by_year([MixYear(2021, Decimal("0.7"), None), MixYear(2022, None, Decimal(1))]),
        mix_by_year([]),
    ],
    ids=["bars", "no bars", "scatter", "no points", "benefits", "mix", "no mix"],
)
def test_a_figure_is_valid_plain_and_small(figure: dict[str, Any]) -> None:
    go.Figure(figure)
    assert json.loads(json.dumps(figure, allow_nan=False)) == figure
    assert size_of(figure) < 4_000
    assert "template" not in figure["layout"]


def test_benefits_stand_side_by_side_and_what_nobody_knows_is_no_bar() -> None:
    figure = benefits_by_year(
        [BenefitYear(2025, 2 * 10**9, 10**9, 10**9), BenefitYear(2026, 10**9, None, 10**9)]
    )
    assert figure["layout"]["barmode"] == "group"
    assert {trace["name"]: trace["y"] for trace in figure["data"]} == {
        "Planned": [2.0, 1.0],
        "Realised": [1.0, None],
        "Forecast": [1.0, 1.0],
    }
    only_plans = benefits_by_year([BenefitYear(2026, 10**9, None, None)])
    assert [trace["name"] for trace in only_plans["data"]] == ["Planned"]


def test_bars_are_in_the_unit_that_the_axis_names() -> None:
    english = cost_by_year_and_class(YEARS)
    with translation.override("ja"):
        japanese = cost_by_year_and_class(YEARS)
    assert english["layout"]["yaxis"]["title"]["text"].endswith("(¥ bn)")
    assert english["data"][0]["y"] == [12.65, 14.54]
    assert english["data"][0]["x"] == ["FY2021", "FY2022"]
    assert "億円" in japanese["layout"]["yaxis"]["title"]["text"]
    assert japanese["data"][0]["y"] == [126.5, 145.4]
    assert japanese["data"][0]["x"] == ["令和3年度", "令和4年度"]


def test_unknown_cost_is_no_bar_and_zero_is_a_bar_of_no_height() -> None:
    figure = cost_by_year_and_class(YEARS)
    other = next(trace for trace in figure["data"] if trace["name"] == "Other")
    assert other["y"] == [0.0, None]
    names = [trace["name"] for trace in figure["data"]]
    assert names == ["Development", "Operation", "Other"]
    unsplit = cost_by_year_and_class([CostYear(2023, None, None, None, 5 * 10**9)])
    assert [trace["name"] for trace in unsplit["data"]] == ["Not split"]


def test_series_differ_by_more_than_colour() -> None:
    bars = cost_by_year_and_class([CostYear(2021, 1, 1, 1, 1)])["data"]
    patterns = [trace["marker"]["pattern"]["shape"] for trace in bars]
    assert len(set(patterns)) == len(patterns) == 4
    severities = ("high", "medium", "low", "unknown", "")
    points = [CostValuePoint(s, 10**9, Decimal("0.5"), severity=s) for s in severities]
    symbols = [trace["marker"]["symbol"] for trace in cost_value_scatter(points)["data"]]
    assert len(set(symbols)) == len(symbols) == 5


def _luminance(colour: str) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def test_every_series_colour_reaches_the_contrast_of_graphics_on_white() -> None:
    bars = cost_by_year_and_class([CostYear(2021, 1, 1, 1, 1)])["data"]
    points = [CostValuePoint(s, 1, Decimal(1), severity=s) for s in ("high", "medium", "low", "")]
    for trace in bars + cost_value_scatter(points)["data"]:
        colour = trace["marker"]["color"]
        assert 1.05 / (_luminance(colour) + 0.05) >= 3, colour


def test_points_without_cost_or_use_are_counted_instead_of_drawn() -> None:
    figure = cost_value_scatter(POINTS)
    drawn = [x for trace in figure["data"] for x in trace["x"]]
    assert sorted(drawn) == [0.9, 11.45]
    assert undrawn(POINTS) == 3
    assert [trace["customdata"] for trace in figure["data"]] == [["/systems/a/"], ["/systems/b/"]]


def test_the_area_of_a_mark_grows_with_the_cases() -> None:
    points = [
        CostValuePoint("large", 10**9, Decimal("0.5"), 4_000),
        CostValuePoint("quarter", 10**9, Decimal("0.5"), 1_000),
        CostValuePoint("tiny", 10**9, Decimal("0.5"), 1),
        CostValuePoint("unknown", 10**9, Decimal("0.5")),
    ]
    (trace,) = cost_value_scatter(points)["data"]
    assert trace["marker"]["size"] == [36.0, 18.0, 9.0, 9.0]


def test_quadrants_stand_at_the_given_cost_and_use() -> None:
    figure = cost_value_scatter(POINTS, cost_line=10**9, use_line=Decimal("0.3"))
    cost, use = figure["layout"]["shapes"]
    assert (cost["x0"], cost["x1"]) == (1.0, 1.0)
    assert (use["y0"], use["y1"]) == (0.3, 0.3)
    assert "shapes" not in cost_value_scatter(POINTS)["layout"]


def test_a_name_is_text_and_not_markup_in_the_hover_box() -> None:
    figure = cost_value_scatter([CostValuePoint("<a href=x>&", 10**9, Decimal("0.5"))])
    assert figure["data"][0]["text"][0].startswith("&lt;a href=x&gt;&amp;<br>")


def test_a_chart_comes_with_its_table_and_safe_data() -> None:
    columns = [Column[CostYear]("year", "Year", lambda row: row.fiscal_year, Kind.YEAR)]
    table = build_table(columns, YEARS, caption="Cost by year", query={})
    figure = cost_value_scatter([CostValuePoint("</script><b>", 10**9, Decimal("0.5"))])
    html = render_to_string(
        "includes/_chart.html", {"chart": Chart("cost", "Cost", figure, table, summary="Rising.")}
    )
    assert 'data-figure="cost-figure"' in html
    assert '<script id="cost-figure" type="application/json">' in html
    assert html.count("</script>") == 1
    assert "<table" in html
    assert " style=" not in html


def test_an_unknown_share_is_a_gap_and_a_line_without_any_is_left_out() -> None:
    gap = mix_by_year([MixYear(2021, Decimal("0.75"), None), MixYear(2022, None, None)])
    (line,) = gap["data"]
    assert (line["name"], line["y"]) == ("Run share", [0.75, None])
    assert line["connectgaps"] is False
