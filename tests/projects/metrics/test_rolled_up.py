"""Earned value of many projects: the roll-up is the sum of its parts."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projects.metrics.evm import EarnedValue, earned_schedule, forecast_finish, rolled_up
from projects.metrics.types import Measure, Reason

MONEY = st.integers(1, 10**12)
PARTS = st.lists(st.builds(EarnedValue, MONEY, MONEY, MONEY, MONEY), min_size=1, max_size=20)


@given(PARTS)
def test_the_whole_is_the_sum_of_its_parts(parts: list[EarnedValue]) -> None:
    whole = rolled_up(parts)
    assert (whole.known, whole.asked) == (len(parts), len(parts))
    for name in ("bac", "pv", "ev", "ac"):
        assert getattr(whole.value, name) == sum(getattr(part, name) for part in parts)
    for name in ("cv", "sv"):
        assert getattr(whole.value, name).value == sum(getattr(p, name).value for p in parts)


@given(PARTS, st.integers(2, 1000))
def test_scaling_all_money_leaves_the_indices_alone(parts: list[EarnedValue], k: int) -> None:
    before = rolled_up(parts).value
    after = rolled_up(
        EarnedValue(*(getattr(p, name) * k for name in ("bac", "pv", "ev", "ac"))) for p in parts
    ).value
    for name in ("cpi", "spi"):
        assert getattr(after, name) == getattr(before, name)
    assert after.cv.value == (before.cv.value or 0) * k


@given(PARTS)
def test_the_index_of_the_whole_lies_between_those_of_the_parts(parts: list[EarnedValue]) -> None:
    indices = [part.cpi.value or Decimal(0) for part in parts]
    whole = rolled_up(parts).value.cpi.value
    assert whole is not None
    tiny = Decimal("1e-20")
    assert min(indices) - tiny <= whole <= max(indices) + tiny


def test_a_project_that_lacks_one_figure_is_left_out_whole_and_counted() -> None:
    whole = rolled_up([EarnedValue(100, 50, 40, 50), EarnedValue(900, 800, None, 700)])
    assert (whole.known, whole.asked) == (1, 2)
    assert whole.value.cpi.value == Decimal("0.8")
    nothing = rolled_up([EarnedValue(900, 800, None, 700)])
    assert nothing.known == 0
    assert nothing.value.cpi.reason is Reason.NO_DATA


@pytest.mark.parametrize(
    ("months", "finish"),
    [("12", date(2026, 3, 1)), ("12.1", date(2026, 4, 1)), ("1", date(2025, 4, 1)),
     ("9", date(2025, 12, 1)), ("9.5", date(2026, 1, 1))],
)  # fmt: skip
def test_the_finish_is_the_month_of_the_last_period(months: str, finish: date) -> None:
    assert forecast_finish(date(2025, 4, 15), Measure(Decimal(months))) == finish


def test_no_finish_without_a_duration_or_beyond_the_calendar() -> None:
    assert forecast_finish(date(2025, 4, 1), Measure(None, Reason.NO_DATA)) is None
    assert forecast_finish(date(2025, 4, 1), Measure(Decimal(10) ** 6)) is None


def test_the_published_earned_schedule_ends_later() -> None:
    """METRICS.md §5 (Lipke): month 7, ES = 5; a plan of 12 months then takes 16.8."""
    found = earned_schedule([10 * n for n in range(1, 13)], 50, 7)
    assert found.sv_t.value == -2
    assert forecast_finish(date(2025, 4, 1), found.forecast_duration) == date(2026, 8, 1)
    assert found.reached == 5
    assert (found.pv_reached, found.pv_next) == (Decimal(50), Decimal(60))
