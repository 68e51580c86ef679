"""Published cases, each with its source, through the same door as outsiders' cases."""

import csv
import io
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from hypothesis import given
from hypothesis import strategies as st

from projects.metrics import investment
from projects.metrics.cases import COLUMNS, BadCase, evaluate, text_of
from projects.metrics.evm import EarnedValue, earned_schedule
from projects.metrics.types import Reason


def answer(kind: str, **cells: str) -> dict[str, str]:
    return evaluate({"kind": kind, **cells})


def near(text: str, value: str) -> bool:
    """Equal to the places that the source prints."""
    places = len(value.partition(".")[2])
    half = Decimal(5).scaleb(-places - 1)
    return bool(text) and abs(Decimal(text) - Decimal(value)) <= half


# US variance: GSA/ITDB-schema, Variance Score Algorithms, and the public feed (METRICS.md §1) -----------


@pytest.mark.parametrize(
    ("dates", "costs", "as_of", "schedule", "cost", "states"),
    [
        # planned start, planned end, projected, actual end / planned, projected, actual $M
        (("2022-01-03", "2022-12-30", "2022-12-30", "2022-12-30"),
         ("4.38449", "4.38449", "4.841284"), "",
         ("0", "0", "green"), ("-0.456794", "-10.418407", "yellow"), ("on plan", "over")),
        (("2022-01-03", "2023-03-30", "2023-03-30", "2023-03-30"),
         ("3.288367", "3.288367", "4.247087"), "",
         ("0", "0", "green"), ("-0.95872", "-29.154897", "yellow"), ("on plan", "over")),
        (("2021-10-01", "2022-09-30", "2022-09-30", "2022-09-30"), ("7.5", "7.5", "10.455538"), "",
         ("0", "0", "green"), ("-2.955538", "-39.407173", "red"), ("on plan", "over")),
        (("2021-10-01", "2022-09-30", "2022-09-30", "2022-09-30"), ("4", "4", "2.003283"), "",
         ("0", "0", "green"), ("1.996717", "49.917925", "red"), ("on plan", "under")),
        (("2023-04-01", "2023-12-30", "2024-09-30", ""), ("3.430747", "3.430747", ""),
         "2025-02-25", ("-423", "-154.945055", "red"), ("0", "0", "green"), ("late", "on plan")),
        (("2024-10-01", "2025-09-30", "2025-09-30", ""), ("22.647", "22.395", "23.506"),
         "2025-09-29", ("0", "0", "green"), ("0.252", "1.11273", "green"),
         ("on plan", "on plan")),
        (("2022-09-13", "2023-09-12", "2023-10-20", "2023-10-12"),
         ("1.064707", "1.047006", "1.007483"), "",
         ("-30", "-8.241758", "green"), ("0.057224", "5.374624", "green"),
         ("on plan", "on plan")),
        (("2023-09-01", "2025-04-30", "2024-10-02", "2024-09-12"),
         ("4.709764", "5.098709", "4.788027"), "",
         ("230", "37.891269", "red"), ("-0.078263", "-1.661718", "green"),
         ("early", "on plan")),
    ],
)  # fmt: skip
def test_the_us_feed(
    dates: Any, costs: Any, as_of: str, schedule: Any, cost: Any, states: Any
) -> None:
    names = ("planned_start", "planned_end", "projected_end", "actual_end")
    money = ("planned_cost", "projected_cost", "actual_cost")
    cells = {**dict(zip(names, dates, strict=True)), **dict(zip(money, costs, strict=True))}
    found = answer("variance", **cells, as_of=as_of)
    assert found["schedule_variance_days"] == schedule[0]
    assert near(found["schedule_variance_percent"], schedule[1])
    assert near(found["cost_variance"], cost[0])
    assert near(found["cost_variance_percent"], cost[1])
    assert (found["schedule_colour"], found["cost_colour"]) == (schedule[2], cost[2])
    assert (found["schedule_state"], found["cost_state"]) == states


@pytest.mark.parametrize(
    ("projected", "colour", "state"),
    [("109.99", "green", "on plan"), ("110", "yellow", "over"), ("129.99", "yellow", "over"),
     ("130", "red", "over"), ("90", "yellow", "under"), ("70", "red", "under")],
)  # fmt: skip
def test_the_bounds_belong_to_the_worse_colour(projected: str, colour: str, state: str) -> None:
    found = answer("variance", planned_cost="100", projected_cost=projected)
    assert (found["cost_colour"], found["cost_state"]) == (colour, state)


def test_what_cannot_be_computed_is_empty_and_told() -> None:
    zero = answer("variance", planned_cost="0", projected_cost="5")
    assert (zero["cost_variance"], zero["cost_variance_percent"]) == ("-5", "")
    assert zero["cost_state"] == "over"
    assert "cost_variance_percent: the divisor is zero" in zero["note"]
    same_day = answer("variance", planned_start="2025-04-01", planned_end="2025-04-01",
                      projected_end="2025-04-08", as_of="2025-04-01")  # fmt: skip
    assert (same_day["schedule_variance_days"], same_day["schedule_state"]) == ("-7", "late")
    nothing = answer("variance")
    assert (nothing["schedule_state"], nothing["cost_state"]) == ("unknown", "unknown")


def test_a_frozen_green_turns_red_as_the_days_pass() -> None:
    frozen = {"planned_start": "2024-01-01", "planned_end": "2024-12-31",
              "projected_end": "2024-12-31"}  # fmt: skip
    assert answer("variance", **frozen, as_of="2024-06-30")["schedule_colour"] == "green"
    assert answer("variance", **frozen, as_of="2025-06-30")["schedule_colour"] == "red"


def test_done_at_no_cost_is_not_unknown() -> None:
    free = answer("variance", planned_cost="100", actual_cost="0", actual_end="2025-01-01")
    assert (free["cost_variance"], free["cost_state"]) == ("100", "under")


# Earned value (METRICS.md §5: UT Dallas, studylib ch. 7, redmine_issue_evm) -------------------------------


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ("100000 55000 50000 45000", {"cv": "5000", "sv": "-5000", "cpi": "1.1111",
         "spi": "0.9091", "eac_typical": "90000", "vac": "10000", "tcpi": "0.9091",
         "etc": "45000", "eac_atypical": "95000"}),
        ("120000 23000 20000 25000", {"cv": "-5000", "sv": "-3000", "cpi": "0.8",
         "spi": "0.8696", "eac_typical": "150000", "vac": "-30000", "tcpi": "1.0526"}),
        ("1500 1500 1000 1350", {"cv": "-350", "sv": "-500", "cpi": "0.7407", "spi": "0.6667",
         "eac_typical": "2025", "vac": "-525", "tcpi": "3.3333"}),
        ("24 24 24 24", {"cv": "0", "sv": "0", "cpi": "1", "spi": "1"}),
    ],
)  # fmt: skip
def test_earned_value(given_: str, expected: dict[str, str]) -> None:
    names = ("bac", "pv", "ev", "ac")
    found = answer("evm", **dict(zip(names, given_.split(), strict=True)))
    for name, value in expected.items():
        assert near(found[name], value), (name, found[name])


def test_nothing_earned_yet() -> None:
    found = answer("evm", bac="24", pv="8", ev="0", ac="10")
    assert (found["cpi"], found["eac_typical"], found["eac_combined"]) == ("0", "", "")
    assert "eac_typical: the divisor is zero" in found["note"]


def test_no_earned_value_is_not_computable() -> None:
    found = answer("evm", bac="24", pv="8", ac="10")
    assert {name: value for name, value in found.items() if value and name != "note"} == {}
    assert "spi: an input is missing" in found["note"]


def test_earned_schedule_as_published() -> None:
    """Lipke's slides: in month 7 the plan had earned after 5 months what is earned now."""
    plan = "10;20;30;40;50;60;70;80;90;100"
    found = answer("earned_schedule", pv_cumulative=plan, ev="50", actual_time="7")
    assert (found["es"], found["sv_t"]) == ("5", "-2")
    assert near(found["spi_t"], "0.714")
    assert near(found["forecast_duration"], "14")
    between = answer("earned_schedule", pv_cumulative=plan, ev="55", actual_time="7")
    assert between["es"] == "5.5"
    late_end = answer("earned_schedule", pv_cumulative=plan, ev="100", actual_time="12")
    assert near(late_end["spi_t"], "0.833")  # SPI in money says 1.
    odd = answer("earned_schedule", pv_cumulative="10;5", ev="3", actual_time="1")
    assert "contradict" in odd["note"]
    assert answer("earned_schedule", pv_cumulative=plan, ev="0", actual_time="3")["es"] == "0"


@given(
    st.lists(st.tuples(*[st.integers(0, 10**12)] * 4), min_size=1, max_size=5),
    st.integers(1, 1000),
)
def test_scaling_all_money_leaves_indices_alone(parts: list[Any], k: int) -> None:
    for bac, pv, ev, ac in parts:
        one, many = EarnedValue(bac, pv, ev, ac), EarnedValue(bac * k, pv * k, ev * k, ac * k)
        for name in ("cpi", "spi", "tcpi"):
            assert getattr(one, name) == getattr(many, name)


@given(
    st.lists(st.integers(0, 1000), min_size=1, max_size=12).map(sorted),
    st.integers(0, 1200),
    st.integers(0, 1200),
)
def test_more_earned_is_never_earlier_in_the_plan(plan: list[int], one: int, other: int) -> None:
    low, high = sorted((one, other))
    first, second = earned_schedule(plan, low, 1).es.value, earned_schedule(plan, high, 1).es.value
    assert first is not None
    assert second is not None
    assert 0 <= first <= second <= len(plan)


# KPIs and services ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("direction", "target", "actual", "met"),
    [("up", "80", "83.4", "true"), ("up", "300", "261", "false"), ("down", "6", "0.375", "true"),
     ("up", "95", "20", "false"), ("up", "", "20", ""), ("up", "80", "", "")],
)  # fmt: skip
def test_met_by_direction(direction: str, target: str, actual: str, met: str) -> None:
    """GSA/ITDB-schema, Metric Scoring Algorithm (METRICS.md §2)."""
    found = answer("kpi", direction=direction, target=target, actual=actual)
    assert found["met"] == met


def test_the_way_from_the_baseline() -> None:
    assert (
        answer("kpi", direction="up", baseline="20", target="80", actual="50")["achievement_ratio"]
        == "0.5"
    )
    assert (
        answer("kpi", direction="down", baseline="10", target="5", actual="4")["achievement_ratio"]
        == "1.2"
    )
    same = answer("kpi", direction="up", baseline="5", target="5", actual="9")
    assert (same["achievement_ratio"], same["met"]) == ("", "true")
    with pytest.raises(BadCase, match="direction"):
        answer("kpi", direction="sideways", target="1", actual="1")


def test_services_as_their_sources_define_them() -> None:
    """alphagov/transactions-explorer tests; Canada's service inventory (METRICS.md §4)."""
    assert answer("service", volume="2000", cost="4000")["cost_per_transaction"] == "2"
    assert answer("service", volume="10", digital_volume="5")["digital_take_up"] == "0.5"
    assert answer("service", volume="0", digital_volume="0")["digital_take_up"] == "0"
    missing = answer("service", volume="10")
    assert (missing["cost_per_transaction"], missing["digital_take_up"]) == ("", "")
    for met, volume, percent in (("559", "716", "78.1"), ("7", "7", "100"), ("54", "73", "74.0")):
        found = answer("service", volume=volume, met_volume=met)["performance_percent"]
        assert near(found, percent), found
    assert answer("service", volume="0", met_volume="0")["performance_percent"] == ""
    odd = answer("service", volume="5", digital_volume="6")
    assert "digital_take_up: the inputs contradict each other" in odd["note"]


# Flows (METRICS.md §6) ------------------------------------------------------------------------------------

_A94 = {"costs": "10;20;30;30;20;10;5;5;5;5", "benefits": "0;0;5;10;30;40;40;40;40;25"}


@pytest.mark.parametrize(
    ("rate", "costs", "benefits", "npv", "bcr"),
    [
        ("0.031", "123.37", "184.92", "61.55", "1.4989"),  # OMB A-94, November 2023
        ("0.07", "106.40", "142.41", "36.01", "1.3385"),  # OMB A-94, 1992
        ("0.035", "121.4483", "179.9117", "58.4633", "1.4814"),  # UK Green Book's rate
        ("0.04", "119.1060", "173.8803", "54.7743", "1.4599"),  # Japan's rate
    ],
)
def test_the_sample_of_circular_a94(
    rate: str, costs: str, benefits: str, npv: str, bcr: str
) -> None:
    found = answer("flows", rate=rate, **_A94)
    assert near(found["pv_costs"], costs)
    assert near(found["pv_benefits"], benefits)
    assert near(found["npv"], npv)
    assert near(found["bcr"], bcr)
    assert Decimal(found["roi"]) == Decimal(found["bcr"]) - 1


@pytest.mark.parametrize(
    ("flows", "irr", "note"),
    [
        ("-100;110", "0.1", ""),
        ("-1;3;-2", "", "several rates (0, 1)"),
        ("100;110", "", "no rate"),
        ("-1000;300;400;500;600", "0.248883", ""),
        ("-1;2;-1", "0", ""),
        ("0;0", "", "no rate"),
    ],
)
def test_rates_of_return(flows: str, irr: str, note: str) -> None:
    found = answer("flows", rate="0.1", flows=flows)
    assert near(found["irr"], irr) if irr else found["irr"] == ""
    assert note in found["note"]


def test_payback_plain_and_discounted() -> None:
    three = answer("flows", rate="0.1", flows="-1000;400;400;400")
    assert near(three["npv"], "-5.26")
    assert (three["payback"], three["discounted_payback"]) == ("2.5", "")
    assert "discounted_payback: never" in three["note"]
    four = answer("flows", rate="0.1", flows="-1000;400;400;400;400")
    assert near(four["discounted_payback"], "3.0193")
    no_outlay = answer("flows", rate="0.1", flows="100;110")
    assert "payback: the question does not arise" in no_outlay["note"]


@given(
    st.lists(st.integers(-1000, 1000), min_size=2, max_size=8),
    st.decimals("-0.5", "1", places=3),
)
def test_every_rate_of_return_makes_the_flows_zero(flows: list[int], rate: Decimal) -> None:
    given_ = [Decimal(flow) for flow in flows]
    for found in investment.irr(given_):
        if found > Decimal("-0.9"):
            worth = investment.present_value(given_, found)
            assert abs(worth) < Decimal("0.001") * max(abs(f) for f in given_)
    positive = [abs(flow) for flow in given_]
    appraisal = investment.appraise(positive, positive, rate)
    assert appraisal.npv == 0


def test_one_change_of_sign_has_exactly_one_rate() -> None:
    for flows in ([-100, 50, 60], [-5, -5, 20], [-1000, 0, 0, 1331]):
        assert len(investment.irr([Decimal(f) for f in flows])) == 1


def test_a_rate_of_minus_one_has_no_present_value() -> None:
    with pytest.raises(ValueError, match="above"):
        investment.present_value([Decimal(1)], Decimal(-1))
    with pytest.raises(BadCase, match="rate"):
        answer("flows", rate="-1", flows="1;2")
    assert "nothing is discounted" in answer("flows", flows="-100;110")["note"]
    assert answer("flows", rate="0.1")["note"] == "an input is missing"


def test_numbers_as_text() -> None:
    assert [text_of(Decimal(v)) for v in ("1.10", "-0", "5000", "1E+3", "0.12345678901")] == [
        "1.1", "0", "5000", "1000", "0.123456789",
    ]  # fmt: skip
    assert EarnedValue(None, 1, 1, 0).cpi.reason is Reason.ZERO_DENOMINATOR


# The command ------------------------------------------------------------------------------------------------


def test_the_command_answers_row_by_row(tmp_path: Path) -> None:
    cases = tmp_path / "cases.csv"
    cases.write_text(
        "case_id,kind,bac,pv,ev,ac,direction,target,actual\n"
        "a,evm,100000,55000,50000,45000,,,\n"
        "b,kpi,,,,,up,80,83.4\n"
        "c,evm,viel,,,,,,\n"
        "d,horoscope,,,,,,,\n",
        encoding="utf-8",
    )
    out = tmp_path / "out.csv"
    call_command("evaluate", cases=cases, out=out)
    written = io.StringIO(out.read_text(encoding="utf-8"))
    rows = {row["case_id"]: row for row in csv.DictReader(written)}
    assert rows["a"]["cpi"] == "1.1111111111"
    assert (rows["b"]["met"], rows["b"]["cpi"]) == ("true", "")
    assert "bac: 'viel' is not a number" in rows["c"]["note"]
    assert "kind: 'horoscope'" in rows["d"]["note"]
    shown = io.StringIO()
    call_command("evaluate", cases=cases, stdout=shown)
    assert shown.getvalue() == out.read_text(encoding="utf-8")
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("evaluate", cases=tmp_path / "none.csv")


def test_every_kind_names_its_columns() -> None:
    for kind, columns in COLUMNS.items():
        cells = {"kpi": {"direction": "up"}, "optimism_bias": {"biases": "51"}}.get(kind, {})
        assert set(answer(kind, **cells)) == {*columns, "note"}


def test_what_else_is_undefined() -> None:
    assert EarnedValue(100, 50, 40, 50).cv_ratio.value == Decimal("-0.25")
    assert answer("evm", bac="100", pv="0", ev="10", ac="10")["eac_combined"] == ""
    no_time = answer("earned_schedule", pv_cumulative="10;20", ev="15", actual_time="0")
    assert (no_time["es"], no_time["spi_t"]) == ("1.5", "")
    with pytest.raises(BadCase, match="not a number"):
        answer("evm", bac="NaN")
    with pytest.raises(BadCase, match="not a date"):
        answer("variance", planned_end="Mai")
    nobody_projected = answer("variance", planned_end="2025-01-31", as_of="2025-02-10")
    assert (nobody_projected["schedule_variance_days"], nobody_projected["schedule_state"]) == (
        "-10", "late",
    )  # fmt: skip
    assert answer("variance", planned_end="2025-01-31", as_of="2025-01-10")["schedule_state"] == (
        "unknown"
    )
    assert (
        answer("variance", planned_end="2025-01-31", projected_end="2025-02-01")[
            "schedule_variance_days"
        ]
        == "-1"
    )


# Optimism bias --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("case", "bias", "managed", "estimate"),
    [
        ({"biases": "51", "reduction": "92", "estimate": "100"}, "51", "4.08", "104.08"),
        ({"biases": "51;24", "shares": "0.3;0.7"}, "32.1", "32.1", ""),
        ({"biases": "39;4", "shares": "0.3;0.7", "estimate": "1000"}, "14.5", "14.5", "1145"),
    ],
)
def test_optimism_bias_of_the_green_book(
    case: dict[str, str], bias: str, managed: str, estimate: str
) -> None:
    """METRICS.md §6 (Mott MacDonald; the guidance rounds 4.08 to 4)."""
    found = evaluate({"kind": "optimism_bias", **case})
    assert (found["bias_percent"], found["managed_percent"]) == (bias, managed)
    assert found["uplifted_estimate"] == estimate


@pytest.mark.parametrize(
    "case",
    [
        {"biases": "51;24"},
        {"biases": "51;24", "shares": "0.3;0.6"},
        {"biases": ""},
        {"biases": "51", "reduction": "101"},
    ],
)
def test_a_bias_that_does_not_add_up_is_told(case: dict[str, str]) -> None:
    with pytest.raises(BadCase):
        evaluate({"kind": "optimism_bias", **case})
