from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projects.metrics.periods import (
    fiscal_year_end,
    fiscal_year_of,
    last_ended_fiscal_year,
    month_of,
    next_month,
)


@pytest.mark.parametrize(
    ("day", "fiscal_year"),
    [(date(2025, 3, 31), 2024), (date(2025, 4, 1), 2025), (date(2026, 1, 1), 2025)],
)
def test_a_fiscal_year_is_named_after_its_april(day: date, fiscal_year: int) -> None:
    assert fiscal_year_of(day) == fiscal_year


@pytest.mark.parametrize(
    ("as_of", "days_before", "fiscal_year"),
    [
        (date(2025, 3, 31), 0, 2023),
        (date(2025, 4, 1), 0, 2024),
        (date(2025, 9, 30), 183, 2023),
        (date(2025, 10, 1), 183, 2024),
    ],
)
def test_a_year_is_over_the_day_after_its_last(
    as_of: date, days_before: int, fiscal_year: int
) -> None:
    assert last_ended_fiscal_year(as_of, days_before=days_before) == fiscal_year


def test_months() -> None:
    assert month_of(date(2025, 2, 28)) == date(2025, 2, 1)
    assert next_month(date(2025, 1, 31)) == date(2025, 2, 1)
    assert next_month(date(2025, 12, 31)) == date(2026, 1, 1)


@given(st.dates(date(1980, 1, 1), date(2090, 1, 1)))
def test_a_year_ends_with_the_last_day_that_belongs_to_it(day: date) -> None:
    end = fiscal_year_end(fiscal_year_of(day))
    assert day <= end
    assert fiscal_year_of(end) == fiscal_year_of(day)
    assert fiscal_year_of(end + timedelta(days=1)) == fiscal_year_of(day) + 1
