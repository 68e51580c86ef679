"""Cases of METRICS.md §6 and §7 (Green Book, Mott MacDonald; Flyvbjerg and others)."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projects.metrics.outlook.reference import (
    BIASES,
    MIN_CLASS,
    managed,
    mixed,
    quantile,
    spread,
    uplifted,
)
from projects.metrics.types import Reason

RATIOS = st.lists(
    st.decimals("0.1", "9", allow_nan=False, places=3), min_size=MIN_CLASS, max_size=40
)


def test_managed_bias_of_the_green_book() -> None:
    upper = Decimal(BIASES["non_standard_buildings"].cost[0])
    left = managed(upper, Decimal(92))
    assert left == Decimal("4.08")
    assert uplifted(Decimal(100_000_000), left.quantize(Decimal(1))) == 104_000_000
    assert managed(upper, Decimal(0)) == upper
    assert managed(upper, Decimal(100)) == 0


@pytest.mark.parametrize("reduction", [Decimal(-1), Decimal("100.1")])
def test_a_reduction_beyond_everything_is_refused(reduction: Decimal) -> None:
    with pytest.raises(ValueError, match=str(reduction)):
        managed(Decimal(51), reduction)


def test_mixed_bias_of_the_green_book() -> None:
    parts = (Decimal("0.3"), Decimal("0.7"))
    assert mixed(list(zip(parts, (Decimal(51), Decimal(24)), strict=True))) == Decimal("32.1")
    assert mixed(list(zip(parts, (Decimal(39), Decimal(4)), strict=True))) == Decimal("14.5")
    with pytest.raises(ValueError, match="make up one"):
        mixed([(Decimal("0.5"), Decimal(1))])


def test_it_works_count_as_equipment() -> None:
    assert BIASES["equipment"].cost == (200, 10)
    assert BIASES["equipment"].duration == (54, 10)


def test_few_projects_make_no_class() -> None:
    found = spread([Decimal(1)] * (MIN_CLASS - 1))
    assert (found.cases, found.p80.reason) == (MIN_CLASS - 1, Reason.NO_DATA)


def test_quantiles_and_tail() -> None:
    """Exactly one and a half times the plan is not in the tail."""
    ratios = [Decimal(n) / 10 for n in (9, 10, 10, 11, 12, 13, 14, 15, 16, 40, 90)]
    found = spread(ratios[::-1])
    assert (found.p50.value, found.p80.value) == (Decimal("1.3"), Decimal("1.6"))
    assert found.tail.value == Decimal(3) / 11


def test_a_quantile_of_nothing_is_no_question() -> None:
    with pytest.raises(ValueError, match="no values"):
        quantile([], Decimal("0.5"))


@given(RATIOS)
def test_p80_is_never_below_p50_and_both_lie_inside(ratios: list[Decimal]) -> None:
    found = spread(ratios)
    assert found.p50.value is not None
    assert found.p80.value is not None
    assert min(ratios) <= found.p50.value <= found.p80.value <= max(ratios)


@given(RATIOS, st.decimals("1", "5", places=2, allow_nan=False))
def test_the_spread_scales_with_the_ratios(ratios: list[Decimal], times: Decimal) -> None:
    one, other = spread(ratios), spread([ratio * times for ratio in ratios])
    assert other.p80.value == pytest.approx((one.p80.value or 0) * times)
