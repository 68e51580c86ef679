"""What users' time costs: sums, what is unknown, and the published totals."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projects.metrics.burden import YEN_PER_HOUR, ServiceTime, burden
from projects.metrics.types import Reason


def test_hours_are_cases_times_minutes() -> None:
    found = burden([ServiceTime(600, Decimal(30), Decimal(45))])
    assert found.hours.value == 300
    assert found.hours_saved.value == 150
    assert found.cost(2_543).value == 762_900
    assert found.value_saved(2_543).value == 381_450


def test_the_published_price_of_an_hour() -> None:
    """DOMAIN.md §5: 3億2,277万 hours are 8,208億円, about ¥2,543 an hour."""
    assert round(820_800_000_000 / 322_770_000) == YEN_PER_HOUR
    hours = burden([ServiceTime(322_770_000, Decimal(60), None)])
    assert hours.cost(YEN_PER_HOUR).value == pytest.approx(820_800_000_000, rel=1e-4)


def test_what_is_unknown_is_left_out_and_counted() -> None:
    found = burden(
        [
            ServiceTime(None, Decimal(30), Decimal(45)),
            ServiceTime(600, None, Decimal(45)),
            ServiceTime(60, Decimal(10), None),
        ]
    )
    assert (found.asked, found.known, found.compared) == (3, 1, 0)
    assert found.hours.value == 10
    assert found.hours_saved.reason is Reason.NO_DATA
    assert found.value_saved(1).reason is Reason.NO_DATA
    assert burden([]).hours.reason is Reason.NO_DATA


def test_longer_than_before_is_a_loss() -> None:
    assert burden([ServiceTime(60, Decimal(20), Decimal(10))]).hours_saved.value == -10


@given(
    st.lists(
        st.builds(
            ServiceTime,
            st.integers(0, 10**7),
            st.decimals(0, 10**4, places=2),
            st.decimals(0, 10**4, places=2),
        ),
        min_size=1,
    ),
    st.integers(1, 10**5),
)
def test_the_sum_of_services_is_the_whole(services: list[ServiceTime], price: int) -> None:
    whole = burden(services)
    parts = [burden([one]) for one in services]
    assert whole.minutes == sum(part.minutes for part in parts)
    assert whole.saved == sum(part.saved for part in parts)
    assert whole.cost(price).value == (whole.hours.value or 0) * price
