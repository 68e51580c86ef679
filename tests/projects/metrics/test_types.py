from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projects.metrics.types import (
    MISSING,
    Figure,
    Measure,
    Reason,
    Total,
    ValueState,
    ratio,
    reason_for,
    total_of,
)

NOT_APPLICABLE = Figure(None, ValueState.NOT_APPLICABLE)
WITHHELD = Figure(None, ValueState.WITHHELD)

figures = st.one_of(
    st.integers(-(10**14), 10**14).map(Figure),
    st.sampled_from([MISSING, NOT_APPLICABLE, WITHHELD]),
)


def test_a_figure_has_a_number_exactly_when_it_is_reported() -> None:
    assert Figure(0).value == 0
    with pytest.raises(ValueError, match="withheld"):
        Figure(5, ValueState.WITHHELD)
    with pytest.raises(ValueError, match="reported"):
        Figure(None)


def test_a_bare_number_is_reported_and_a_bare_none_missing() -> None:
    assert Figure.of(0) == Figure(0)
    assert Figure.of(None) == MISSING


def test_a_measure_has_either_a_value_or_a_reason() -> None:
    with pytest.raises(ValueError, match="either"):
        Measure(None)
    with pytest.raises(ValueError, match="either"):
        Measure(Decimal(1), Reason.NO_DATA)


def test_zero_missing_not_applicable_and_withheld_stay_four_things() -> None:
    assert total_of([Figure(0)]) == Total(0, 1, 1)
    assert total_of([MISSING]) == Total(None, 0, 1, Reason.NO_DATA)
    assert total_of([NOT_APPLICABLE]) == Total(None, 0, 0, Reason.NOT_APPLICABLE)
    assert total_of([WITHHELD, MISSING]) == Total(None, 0, 1 + 1, Reason.WITHHELD)


def test_a_total_leaves_the_unknown_out_and_says_so() -> None:
    total = total_of([Figure(7), MISSING, WITHHELD, NOT_APPLICABLE, Figure(-2)])
    assert total == Total(5, known=2, asked=4)
    assert total.coverage == Measure(Decimal("0.5"))
    assert not total.is_complete
    assert total_of([Figure(7)]).is_complete


def test_coverage_of_the_uk_transactional_services() -> None:
    """Transactions explorer: 5 of 24 cells are 20.83 %; with one not asked for, 21.74 %."""
    provided, blank = [Figure(1)] * 5, [MISSING] * 19
    asked_all = total_of([*provided, *blank]).coverage.value
    asked_less = total_of([*provided, *blank[1:], NOT_APPLICABLE]).coverage.value
    assert asked_all is not None
    assert asked_less is not None
    assert round(asked_all * 100, 2) == Decimal("20.83")
    assert round(asked_less * 100, 2) == Decimal("21.74")


def test_coverage_is_not_applicable_when_nothing_was_asked() -> None:
    assert total_of([]).coverage == Measure(None, Reason.NOT_APPLICABLE)


@given(st.lists(figures), st.lists(figures))
def test_the_total_of_parts_is_the_total_of_the_whole(
    left: list[Figure], right: list[Figure]
) -> None:
    assert total_of(left) + total_of(right) == total_of([*left, *right])


@pytest.mark.parametrize(
    ("above", "below", "expected"),
    [
        (1, 8, Measure(Decimal("0.125"))),
        (0, 8, Measure(Decimal(0))),
        (-1, 8, Measure(Decimal("-0.125"))),
        (5, 0, Measure(None, Reason.ZERO_DENOMINATOR)),
        (0, 0, Measure(None, Reason.ZERO_DENOMINATOR)),
        (None, 0, Measure(None, Reason.NO_DATA)),
        (Figure(3), Total(4, 1, 2), Measure(Decimal("0.75"))),
        (WITHHELD, Figure(4), Measure(None, Reason.WITHHELD)),
        (Figure(4), NOT_APPLICABLE, Measure(None, Reason.NOT_APPLICABLE)),
        (1, Total(None, 0, 1, Reason.WITHHELD), Measure(None, Reason.WITHHELD)),
    ],
)
def test_a_ratio_is_defined_or_says_why_not(
    above: Figure | int | None, below: Figure | Total | int, expected: Measure
) -> None:
    assert ratio(above, below) == expected


def test_the_first_unknown_input_gives_the_reason() -> None:
    assert reason_for(1, Figure(2), Total(3, 1, 1)) is None
    assert reason_for(Figure(2), MISSING, WITHHELD) is Reason.NO_DATA
