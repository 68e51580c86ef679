from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projects.metrics.outlook.scores import Forecast, auc, brier, calibration
from projects.metrics.types import Reason

FORECASTS = st.lists(
    st.builds(Forecast, st.floats(0, 1, allow_nan=False), st.booleans()), min_size=1, max_size=40
)


def make(*pairs: tuple[float, int]) -> list[Forecast]:
    return [Forecast(stated, bool(happened)) for stated, happened in pairs]


def test_auc_counts_pairs_in_the_right_order_and_half_of_the_ties() -> None:
    # True at .8 and .4, false at .4 and .1: three pairs right, one tie.
    assert auc(make((0.8, 1), (0.4, 1), (0.4, 0), (0.1, 0))).value == Decimal("0.875")
    assert auc(make((0.1, 1), (0.9, 0))).value == 0


@pytest.mark.parametrize("happened", [0, 1])
def test_auc_needs_cases_of_both_kinds(happened: int) -> None:
    assert auc(make((0.3, happened), (0.6, happened))).reason is Reason.NO_DATA


@given(FORECASTS)
def test_auc_of_opposite_forecasts_is_the_rest_to_one(items: list[Forecast]) -> None:
    turned = [Forecast(-item.probability, item.happened) for item in items]
    one, other = auc(items).value, auc(turned).value
    assert (one is None) == (other is None)
    if one is not None and other is not None:
        assert abs(one + other - 1) < Decimal("1e-9")


def test_brier_of_published_example() -> None:
    """Brier 1950: a forecast of 70 % costs 0.09 when it comes true and 0.49 when it does not."""
    assert round(brier(make((0.7, 1))).value or 0, 6) == Decimal("0.09")
    assert round(brier(make((0.7, 0))).value or 0, 6) == Decimal("0.49")
    assert brier([]).reason is Reason.NO_DATA


@given(FORECASTS)
def test_calibration_holds_every_forecast_once(items: list[Forecast]) -> None:
    lines = calibration(items)
    assert sum(line.cases for line in lines) == len(items)
    for line in lines:
        assert line.low <= line.stated <= line.high
        assert 0 <= line.happened <= 1


def test_a_probability_on_an_edge_belongs_above_it_and_one_to_the_last() -> None:
    lines = calibration(make((0.5, 1), (1.0, 1)))
    assert [(line.low, line.cases) for line in lines] == [(0.5, 1), (0.8, 1)]
