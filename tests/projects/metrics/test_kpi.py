"""Goals and services by their published definitions (METRICS.md §4)."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projects.metrics import kpi
from projects.metrics.kpi import Actual, GoalsMet, latest_change
from projects.metrics.types import MISSING, Figure, Measure, Reason, ValueState, total_of


def test_cost_per_transaction_and_volume_make_the_cost() -> None:
    """alphagov/transactions-explorer: 2,000 at 2.00 are 4,000; both doubled are four times that."""
    assert kpi.cost_per_transaction(Decimal(4000), Decimal(2000)).value == Decimal("2.00")
    assert kpi.cost_per_transaction(Decimal(16000), Decimal(4000)).value == Decimal("4.00")
    assert kpi.cost_per_transaction(None, Decimal(2000)) == Measure(None, Reason.NO_DATA)
    assert kpi.cost_per_transaction(Decimal(1), Decimal(0)).reason is Reason.ZERO_DENOMINATOR


@given(st.integers(0, 10**9), st.integers(1, 10**6), st.integers(1, 100), st.integers(1, 100))
def test_volume_and_unit_cost_multiply(cost: int, volume: int, k: int, m: int) -> None:
    one = kpi.cost_per_transaction(Decimal(cost), Decimal(volume)).value
    other = kpi.cost_per_transaction(Decimal(cost * k * m), Decimal(volume * k)).value
    assert one is not None
    assert other is not None
    assert other == pytest.approx(one * m)


def test_digital_take_up_of_the_source() -> None:
    assert kpi.digital_take_up(Decimal(5), Decimal(10)).value == Decimal("0.5")
    assert kpi.digital_take_up(Decimal(0), Decimal(0)).value == 0
    assert kpi.digital_take_up(Decimal(1), Decimal(0)).reason is Reason.INCONSISTENT


@pytest.mark.parametrize(
    ("completed", "started", "expected"),
    [
        (80, 100, Measure(Decimal("0.8"))),
        (100, 100, Measure(Decimal(1))),
        (0, 100, Measure(Decimal(0))),
        (101, 100, Measure(None, Reason.INCONSISTENT)),
        (0, 0, Measure(None, Reason.ZERO_DENOMINATOR)),
        (None, 100, Measure(None, Reason.NO_DATA)),
        (100, None, Measure(None, Reason.NO_DATA)),
    ],
)
def test_completion(completed: int | None, started: int | None, expected: Measure) -> None:
    given_ = [None if count is None else Decimal(count) for count in (completed, started)]
    assert kpi.completion(*given_) == expected


def test_satisfaction_and_its_sample() -> None:
    assert kpi.satisfaction(Decimal(300), Decimal(400)).value == Decimal("0.75")
    assert kpi.satisfaction(Decimal(0), Decimal(0)).reason is Reason.ZERO_DENOMINATOR
    assert [kpi.is_small_sample(n) for n in (399, 400, 401, 0, None)] == [
        True, False, False, True, None,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("previous", "current", "expected"),
    [
        ("4", "2", Measure(Decimal("0.5"))),
        ("0", "2", Measure(None, Reason.ZERO_DENOMINATOR)),
        (None, "2", Measure(None, Reason.NO_DATA)),
        ("4", None, Measure(None, Reason.NO_DATA)),
        ("4", "0", Measure(Decimal(0))),
    ],
)
def test_change_of_the_source(previous: str | None, current: str | None, expected: Measure) -> None:
    given_ = [None if text is None else Decimal(text) for text in (previous, current)]
    assert kpi.change(*given_) == expected


def test_coverage_of_the_source() -> None:
    """5 cells of 24 are filled; with one that is not asked for (***) it is 5 of 23."""
    cells = [Figure(1)] * 5 + [MISSING] * 19
    share = total_of(cells).coverage.value
    assert share is not None
    assert round(share, 4) == Decimal("0.2083")
    cells[-1] = Figure(None, ValueState.NOT_APPLICABLE)
    share = total_of(cells).coverage.value
    assert share is not None
    assert round(share, 4) == Decimal("0.2174")


# Goals met ------------------------------------------------------------------------------------------


def test_goals_add_up_and_say_what_is_known() -> None:
    whole = GoalsMet(4, 3, 1) + GoalsMet(6, 1, 1)
    assert (whole, whole.missed) == (GoalsMet(10, 4, 2), 2)
    assert whole.share.value == Decimal("0.5")
    assert whole.coverage.value == Decimal("0.4")
    assert GoalsMet(3, 0, 0).share.reason is Reason.NO_DATA
    assert GoalsMet(3, 0, 0).coverage.value == 0
    assert GoalsMet().coverage.reason is Reason.NOT_APPLICABLE


# Change ---------------------------------------------------------------------------------------------


def actual(year: int, value: str, method: int = 1) -> Actual:
    return Actual(year, method, Decimal(value))


def test_companies_house_did_not_halve_its_cost() -> None:
    """Annual returns fell from GBP 5.20 to 2.63 by a new method; 4.80 by the old one."""
    before, new, old = actual(2012, "5.20"), actual(2013, "2.63", 2), actual(2013, "4.80")
    broken = latest_change([before, new], {1: 2010, 2: 2013})
    assert broken is not None
    assert broken.broken_in == 2013
    assert broken.growth == Measure(None, Reason.NOT_APPLICABLE)
    both = latest_change([before, new, old], {1: 2010, 2: 2013})
    assert both is not None
    assert both.growth.value is not None
    assert round(both.growth.value, 3) == Decimal("-0.077")
    assert (both.current, both.latest, both.broken_in) == (old, new, None)


def test_the_last_two_years_with_an_actual_are_compared() -> None:
    found = latest_change([actual(2020, "8"), actual(2024, "12"), actual(2022, "10")], {})
    assert found is not None
    assert (found.previous, found.current) == (actual(2022, "10"), actual(2024, "12"))
    assert found.growth.value == Decimal("0.2")


def test_a_new_method_without_a_figure_of_its_own_breaks_the_series() -> None:
    """The year's figure still names the old method: nobody can say by which it was made."""
    series = [actual(2023, "10"), actual(2024, "5")]
    found = latest_change(series, {1: 2020, 2: 2024})
    assert found is not None
    assert found.broken_in == 2024
    for year in (2023, 2025):  # in force before both, or after both
        same = latest_change(series, {1: 2020, 2: year})
        assert same is not None
        assert same.growth.value == Decimal("-0.5")


def test_a_break_without_a_description_is_one() -> None:
    found = latest_change([actual(2022, "10"), actual(2024, "5", 2)], {})
    assert found is not None
    assert found.broken_in == 2024
    described = latest_change([actual(2022, "10"), actual(2024, "5", 2)], {2: 2023})
    assert described is not None
    assert described.broken_in == 2023


def test_what_has_no_change() -> None:
    assert latest_change([], {}) is None
    one = latest_change([actual(2024, "5")], {})
    assert one is not None
    assert one.growth.reason is Reason.NO_DATA
    from_zero = latest_change([actual(2023, "0"), actual(2024, "5")], {})
    assert from_zero is not None
    assert from_zero.growth.reason is Reason.ZERO_DENOMINATOR
    below_zero = latest_change([actual(2023, "-2"), actual(2024, "5")], {})
    assert below_zero is not None
    assert below_zero.growth.reason is Reason.NOT_APPLICABLE
    to_zero = latest_change([actual(2023, "2"), actual(2024, "0")], {})
    assert to_zero is not None
    assert to_zero.growth.value == -1


@given(
    st.dictionaries(
        st.tuples(st.integers(2020, 2025), st.integers(1, 3)), st.integers(1, 100), max_size=12
    )
)
def test_nothing_is_compared_across_methods(values: dict[tuple[int, int], int]) -> None:
    series = [Actual(year, method, Decimal(value)) for (year, method), value in values.items()]
    found = latest_change(series, {})
    if found is not None and found.growth.value is not None:
        assert found.previous is not None
        assert found.previous.method == found.current.method
        assert found.previous.fiscal_year < found.current.fiscal_year
