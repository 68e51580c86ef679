"""A plan spread over its months."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from projects.metrics.delivery import spread_evenly


def test_a_year_in_twelve_parts() -> None:
    phases = spread_evenly(date(2026, 4, 10), date(2027, 3, 31), 1_200)
    assert [phase.amount for phase in phases] == [100 * n for n in range(1, 13)]
    assert (phases[0].period, phases[-1].period) == (date(2026, 4, 1), date(2027, 3, 1))


def test_a_plan_within_a_month_is_one_part() -> None:
    (only,) = spread_evenly(date(2026, 4, 10), date(2026, 4, 20), 7)
    assert only.amount == 7


@given(
    st.dates(date(2000, 1, 1), date(2050, 1, 1)),
    st.integers(0, 3_000),
    st.integers(0, 10**13),
)
def test_the_last_month_holds_all_and_none_goes_back(start: date, days: int, budget: int) -> None:
    end = date.fromordinal(start.toordinal() + days)
    amounts = [phase.amount for phase in spread_evenly(start, end, budget)]
    assert amounts[-1] == budget
    assert amounts == sorted(amounts)
