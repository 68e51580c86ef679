"""Business days of the administration, by the published calendar of holidays."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.business_days import (
    add_business_days,
    business_days_after,
    is_business_day,
    next_business_day,
)

DAYS = st.dates(date(2020, 1, 1), date(2029, 12, 31))


@pytest.mark.parametrize(
    ("day", "is_open"),
    [
        (date(2026, 11, 20), True),
        (date(2026, 11, 21), False),  # Saturday
        (date(2026, 11, 23), False),  # Labour Thanksgiving Day
        (date(2026, 9, 22), False),  # A day between two holidays is one.
        (date(2026, 12, 28), True),
        (date(2026, 12, 29), False),
        (date(2027, 1, 3), False),
        (date(2027, 1, 4), True),
        (date(2024, 2, 12), False),  # In lieu of a Sunday
    ],
)
def test_when_offices_are_open(day: date, is_open: bool) -> None:
    assert is_business_day(day) is is_open


def test_over_the_new_year() -> None:
    assert next_business_day(date(2026, 12, 29)) == date(2027, 1, 4)
    assert add_business_days(date(2026, 12, 28), 1) == date(2027, 1, 4)
    assert add_business_days(date(2027, 1, 4), -1) == date(2026, 12, 28)
    assert business_days_after(date(2026, 12, 28), date(2027, 1, 5)) == 2


@given(DAYS, st.integers(1, 30))
def test_adding_and_counting_agree(day: date, number: int) -> None:
    later = add_business_days(day, number)
    assert is_business_day(later)
    assert business_days_after(day, later) == number
    assert next_business_day(day) >= day
