"""Value on one axis, cost on the other: the lines, what stands on them, and what has no place."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projects.metrics.quadrants import Lines, Missing, Quadrant, lines, missing, place
from projects.metrics.types import Measure, Reason

UNKNOWN = Measure(None, Reason.NO_DATA)
HALF = Decimal("0.5")


@pytest.mark.parametrize(
    ("cost", "use", "expected"),
    [
        (100, "0.5", Quadrant.HIGH_VALUE_LOW_COST),  # on both lines: enough value, not too dear
        (101, "0.5", Quadrant.HIGH_VALUE_HIGH_COST),
        (100, "0.4999", Quadrant.LOW_VALUE_LOW_COST),
        (101, "0.4999", Quadrant.LOW_VALUE_HIGH_COST),
        (0, "1", Quadrant.HIGH_VALUE_LOW_COST),  # a cost of zero is known
        (0, "0", Quadrant.LOW_VALUE_LOW_COST),
    ],
)
def test_the_lines_belong_to_one_side(cost: int, use: str, expected: Quadrant) -> None:
    assert place(cost, Measure(Decimal(use)), Lines(Decimal(100), HALF)) is expected


def test_what_is_missing_is_said() -> None:
    at = Lines(Decimal(100), HALF)
    known = Measure(HALF)
    cases = [
        (None, known, Missing.COST),
        (1, UNKNOWN, Missing.VALUE),
        (None, UNKNOWN, Missing.BOTH),
    ]
    for cost, use, why in cases:
        assert place(cost, use, at) is Quadrant.UNPLACED
        assert missing(cost, use) is why
    assert missing(0, known) is None


def test_the_cost_line_is_the_median_of_what_can_be_placed() -> None:
    known = Measure(HALF)
    odd = [(10, known), (30, known), (20, known), (1_000, UNKNOWN), (None, known)]
    assert lines(odd, HALF) == Lines(Decimal(20), HALF)
    even = [(10, known), (15, known)]
    assert lines(even, HALF).cost == Decimal("12.5")
    nobody = lines([(None, known), (5, UNKNOWN)], HALF)
    assert nobody.cost is None
    assert place(5, known, nobody) is Quadrant.UNPLACED


measures = st.one_of(
    st.just(UNKNOWN), st.decimals(0, 1, places=4).map(lambda value: Measure(value))
)
portfolios = st.lists(st.tuples(st.none() | st.integers(0, 10**12), measures), max_size=40)


@given(portfolios, st.decimals(0, 1, places=2))
def test_every_system_is_in_one_of_five_lists_and_they_add_up(
    systems: list[tuple[int | None, Measure]], use_line: Decimal
) -> None:
    at = lines(systems, use_line)
    lists = {quadrant: [s for s in systems if place(*s, at) is quadrant] for quadrant in Quadrant}
    assert sum(len(found) for found in lists.values()) == len(systems)
    yen = [sum(cost or 0 for cost, _use in found) for found in lists.values()]
    assert sum(yen) == sum(cost or 0 for cost, _use in systems)
    unplaced = [s for s in systems if missing(*s) is not None]
    assert lists[Quadrant.UNPLACED] == unplaced


@given(portfolios, st.integers(2, 1000))
def test_the_unit_of_money_moves_nobody(
    systems: list[tuple[int | None, Measure]], times: int
) -> None:
    more = [(None if cost is None else cost * times, use) for cost, use in systems]
    one, other = lines(systems, HALF), lines(more, HALF)
    assert [place(*s, one) for s in systems] == [place(*s, other) for s in more]
