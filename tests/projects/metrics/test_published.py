"""Published figures that the metrics give again, each with its source."""

from datetime import date
from decimal import Decimal

import pytest

from projects.metrics.cost import growth
from projects.metrics.evm import EarnedValue
from projects.metrics.outlook.reference import PUBLISHED_TAIL, spread, uplifted
from projects.metrics.variance import Colour, Costs, Dates, State, cost, schedule, state_of


@pytest.mark.parametrize(
    ("baseline", "forecast", "percent"),
    [("12.20", "9.90", -19), ("40.27", "37.40", -7), ("7.9", "4.2", -47)],
)
def test_variance_of_a_uk_year(baseline: str, forecast: str, percent: int) -> None:
    """(Forecast − baseline) ÷ baseline; UK GMPP data, recomputed in METRICS.md §3 (pence here)."""
    first, last = (int(Decimal(value) * 100) for value in (baseline, forecast))
    found = growth(first, last).value
    assert found is not None
    assert round(found * 100) == percent


def test_time_at_the_pace_so_far() -> None:
    """studylib ch. 7: 12 months ÷ SPI = 13.8 months (METRICS.md §5)."""
    spi = EarnedValue(120_000, 23_000, 20_000, 25_000).spi.value
    assert spi is not None
    assert round(12 / spi, 1) == Decimal("13.8")


def test_nothing_earned_yet_is_an_index_of_zero_and_not_unknown() -> None:
    """redmine_issue_evm: work of 24 hours that earns when it closes; days 1 and 2."""
    for planned, spent in ((8, 10), (16, 16)):
        day = EarnedValue(24, planned, 0, spent)
        assert (day.cpi.value, day.spi.value) == (Decimal(0), Decimal(0))
        assert day.eac_typical.value is None  # 24 ÷ 0: no forecast, and not an endless one.


def test_variance_percent_of_cost_is_of_the_value_earned() -> None:
    """redmine_evm#60: CV % is (EV − AC) ÷ EV, not ÷ AC."""
    assert EarnedValue(100, 80, 50, 100).cv_ratio.value == -1


def test_the_outside_view_of_the_edinburgh_tram() -> None:
    """Estimate £535 m, actual £776 m, reference class 697–781 m (METRICS.md §7): the uplifts of
    that class bring the estimate to its range, and the actual cost lies inside."""
    low, high = Decimal(697) / 535 - 1, Decimal(781) / 535 - 1
    estimate = Decimal(535)
    bounds = [round(uplifted(estimate, uplift * 100)) for uplift in (low, high)]
    assert bounds == [697, 781]
    assert bounds[0] < 776 < bounds[1]


def test_the_published_tail_and_mean_leave_the_rest_below_plan() -> None:
    """18 % of projects average +447 %; a mean of +73 % needs the others at about −9 %
    (METRICS.md §7). A spread tells the tail, never the mean."""
    rest = (Decimal("0.73") - PUBLISHED_TAIL * Decimal("4.47")) / (1 - PUBLISHED_TAIL)
    assert round(rest, 2) == Decimal("-0.09")
    ratios = [Decimal("0.91")] * 82 + [Decimal("5.47")] * 18
    found = spread(ratios)
    assert (found.p50.value, found.tail.value) == (Decimal("0.91"), Decimal("0.18"))


# The US thresholds, exactly ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spent", "colour", "state"),
    [
        ("1000", Colour.GREEN, State.ON_PLAN),
        ("1099.99", Colour.GREEN, State.ON_PLAN),
        ("1100", Colour.YELLOW, State.OVER),
        ("1299.99", Colour.YELLOW, State.OVER),
        ("1300", Colour.RED, State.OVER),
        ("900.01", Colour.GREEN, State.ON_PLAN),
        ("900", Colour.YELLOW, State.UNDER),
        ("700.01", Colour.YELLOW, State.UNDER),
        ("700", Colour.RED, State.UNDER),
    ],
)
def test_cost_exactly_at_ten_and_thirty_percent(spent: str, colour: Colour, state: State) -> None:
    found = cost(Costs(Decimal(1000), Decimal(spent)), is_ended=False)
    assert found.colour() is colour
    assert state_of(found, State.OVER, State.UNDER) is state


@pytest.mark.parametrize(
    ("end", "colour", "state"),
    [
        (date(2025, 4, 10), Colour.GREEN, State.ON_PLAN),
        (date(2025, 4, 11), Colour.YELLOW, State.LATE),
        (date(2025, 4, 30), Colour.YELLOW, State.LATE),
        (date(2025, 5, 1), Colour.RED, State.LATE),
        (date(2025, 3, 22), Colour.YELLOW, State.EARLY),
        (date(2025, 3, 2), Colour.RED, State.EARLY),
    ],
)
def test_schedule_exactly_at_ten_and_thirty_percent(
    end: date, colour: Colour, state: State
) -> None:
    """A plan of 100 days that ends on 1 April."""
    found = schedule(Dates(date(2024, 12, 22), date(2025, 4, 1), None, end), date(2025, 1, 1))
    assert found.colour() is colour
    assert state_of(found, State.LATE, State.EARLY) is state


def test_plans_of_no_cost_or_no_length_have_no_percent() -> None:
    free = cost(Costs(Decimal(0), Decimal(5)), is_ended=False)
    assert (free.amount.value, free.percent.value) == (Decimal(-5), None)
    assert free.colour() is None
    assert state_of(free, State.OVER, State.UNDER) is State.OVER
    day = date(2025, 4, 1)
    short = schedule(Dates(day, day, day), date(2025, 3, 1))
    assert (short.amount.value, short.percent.value) == (Decimal(0), None)
    assert state_of(short, State.LATE, State.EARLY) is State.ON_PLAN
