"""What looks odd in a monthly report: each check at its boundary."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projects.metrics.filing import (
    CHECKS,
    Context,
    Filed,
    Level,
    Plan,
    Step,
    by_milestones,
    examine,
)

OCTOBER = date(2026, 10, 1)
GOOD = Filed(
    period=OCTOBER,
    progress=Decimal(40),
    planned_value=410,
    earned_value=400,
    actual_cost=420,
    forecast_cost=1050,
    forecast_end=date(2027, 3, 31),
    confidence=3,
    narrative="設計を終えた。",
)
LAST = replace(GOOD, period=date(2026, 9, 1), progress=Decimal(35), actual_cost=380)
PLAN = Plan(1000, date(2027, 3, 31))


def found(report: Filed = GOOD, *before: Filed, plan: Plan = PLAN) -> list[str]:
    return [one.check for one in examine(Context(report, before or (LAST,), plan))]


def test_a_plain_report_asks_nothing() -> None:
    assert found() == []


@pytest.mark.parametrize(
    ("changes", "check"),
    [
        ({"progress": Decimal("34.99"), "earned_value": 350}, "progress_back"),
        ({"actual_cost": 379}, "cost_below_last"),
        ({"forecast_end": date(2026, 10, 31)}, "forecast_in_past"),
        ({"forecast_cost": 419}, "forecast_below_actual"),
        ({"earned_value": 1001, "progress": Decimal(100), "forecast_end": date(2026, 10, 1)},
         "earned_above_budget"),
        ({"earned_value": 349, "actual_cost": 380, "planned_value": 380}, "progress_against_earned"),
        ({"progress": Decimal(100), "earned_value": 1000, "forecast_end": date(2026, 11, 1)},
         "done_but_not_finished"),
        ({"confidence": 4, "narrative": "移行が遅れている。"}, "text_against_rating"),
        ({"confidence": 5, "narrative": "2 weeks behind schedule"}, "text_against_rating"),
        ({"confidence": 2, "narrative": "すべて計画どおり。"}, "text_against_rating"),
        ({"confidence": 4, "earned_value": 368, "progress": Decimal(36)},
         "rating_against_figures"),
        ({"confidence": 4, "actual_cost": 445}, "rating_against_figures"),
        ({"confidence": None}, "incomplete"),
        ({"progress": None}, "incomplete"),
    ],
)  # fmt: skip
def test_each_check_finds_its_case(changes: dict[str, Any], check: str) -> None:
    assert found(replace(GOOD, **changes)) == [check]


@pytest.mark.parametrize(
    "changes",
    [
        {"progress": Decimal(35), "earned_value": 350, "planned_value": 360},
        {"actual_cost": 380},
        {"forecast_end": date(2026, 11, 1)},
        {"forecast_cost": 420},
        {"earned_value": 350},  # Five points away from the progress: not more.
        {"progress": Decimal(100), "earned_value": 1000, "forecast_end": date(2026, 10, 20)},
        {"confidence": 4, "narrative": "遅延なし。"},
        {"confidence": 4, "narrative": "Without delay."},
        {"confidence": 2, "narrative": "計画どおりだが、調達が遅延する恐れ。"},
        {"confidence": 4, "earned_value": 369, "actual_cost": 400},  # SPI is exactly 0.90.
    ],
)
def test_at_the_boundary_nothing_is_asked(changes: dict[str, Any]) -> None:
    assert found(replace(GOOD, **changes)) == []


def test_three_equal_months_are_a_smell_and_two_are_not() -> None:
    even = replace(GOOD, planned_value=400, actual_cost=400)
    months = [replace(even, period=date(2026, 9 - n, 1)) for n in range(2)]
    assert found(even, *months) == ["zero_variance"]
    assert found(even, months[0]) == []
    assert found(even, months[0], replace(months[1], actual_cost=399)) == []


def test_a_late_report_of_an_earlier_month_can_be_true() -> None:
    july = replace(GOOD, period=date(2026, 7, 1), forecast_end=date(2026, 8, 1))
    assert "forecast_in_past" not in found(july)


@given(
    st.builds(
        Filed,
        period=st.just(OCTOBER),
        progress=st.none() | st.decimals(0, 100, places=2),
        planned_value=st.none() | st.integers(0, 10**12),
        earned_value=st.none() | st.integers(0, 10**12),
        actual_cost=st.none() | st.integers(0, 10**12),
        forecast_cost=st.none() | st.integers(0, 10**12),
        forecast_end=st.none() | st.dates(date(2020, 1, 1), date(2040, 1, 1)),
        confidence=st.none() | st.integers(1, 5),
        narrative=st.text(max_size=30),
    )
)
def test_checks_never_fail_and_unknown_is_never_odd(report: Filed) -> None:
    alone = examine(Context(report))
    assert {one.check for one in alone} <= {rule.id for rule in CHECKS}
    empty = Filed(period=OCTOBER)
    assert [one.check for one in examine(Context(empty, [report], PLAN))] == ["incomplete"]


def test_what_is_impossible_is_refused_and_what_is_odd_is_asked() -> None:
    refused = {rule.id for rule in CHECKS if rule.level is Level.REFUSE}
    assert refused == {"forecast_in_past", "forecast_below_actual", "earned_above_budget"}


STEPS = [
    Step(20, date(2026, 6, 30), reached=date(2026, 7, 10)),
    Step(30, date(2026, 10, 31), reached=None),
    Step(50, date(2027, 3, 31), reached=None),
]


def test_a_milestone_earns_its_weight_when_it_is_reached() -> None:
    assert by_milestones(STEPS, 1000, OCTOBER) == (Decimal("20.00"), 200, 500)
    # In June it was not reached yet, though it was due.
    assert by_milestones(STEPS, 1000, date(2026, 6, 1)) == (Decimal("0.00"), 0, 200)


def test_without_weights_or_budget_nothing_is_earned() -> None:
    assert by_milestones([], 1000, OCTOBER) == (None, None, None)
    assert by_milestones(STEPS, None, OCTOBER) == (Decimal("20.00"), None, None)


@given(st.lists(st.tuples(st.integers(1, 50), st.booleans()), min_size=1, max_size=8))
def test_earned_value_of_milestones_never_exceeds_the_budget(parts: list[tuple[int, bool]]) -> None:
    steps = [Step(w, OCTOBER, OCTOBER if done else None) for w, done in parts]
    progress, earned, planned = by_milestones(steps, 1000, OCTOBER)
    assert progress is not None
    assert earned is not None
    assert 0 <= earned <= 1000 == planned
    assert (earned == 1000) is all(done for _w, done in parts)
