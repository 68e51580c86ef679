"""Reduction of operation cost: each reading by hand, and the laws that hold for all."""

import dataclasses
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projects.metrics.cost import same_systems_growth
from projects.metrics.reduction import Alike, Reduction, readings, reduction
from projects.metrics.types import Measure, Reason

yen = st.integers(min_value=1, max_value=10**14)
ends = st.none() | st.just(0) | yen
systems = st.builds(
    Alike,
    systems=st.just(1),
    base=ends,
    current=ends,
    is_new=st.booleans(),
    took_over=st.booleans(),
    has_ended=st.booleans(),
)


@pytest.mark.parametrize(
    ("base", "current", "expected"),
    [
        (100, 70, Measure(Decimal("0.3"))),
        (100, 100, Measure(Decimal(0))),
        (100, 150, Measure(Decimal("-0.5"))),
        (100, 0, Measure(Decimal(1))),
        (0, 5, Measure(None, Reason.ZERO_DENOMINATOR)),
        (None, 5, Measure(None, Reason.NO_DATA)),
        (5, None, Measure(None, Reason.NO_DATA)),
    ],
)
def test_a_reduction_is_positive_where_cost_fell(
    base: int | None, current: int | None, expected: Measure
) -> None:
    assert reduction(base, current) == expected


KEPT = Alike(1, 100, 90)
ENDED = Alike(1, 60, None, has_ended=True)
SILENT = Alike(1, 40, None)
NEW = Alike(1, None, 50, is_new=True)
SUCCESSOR = Alike(1, None, 20, is_new=True, took_over=True)
EARLY = Alike(1, 7, 9, is_new=True)
WITHOUT_BOTH = Alike(2, None, None)


def test_each_reading_tells_another_story() -> None:
    found = readings([KEPT, ENDED, SILENT, NEW, SUCCESSOR, EARLY, WITHOUT_BOTH])
    # Everything known at either end: 100 + 60 + 40 + 7, and 90 + 50 + 20 + 9.
    assert found.gross == Reduction(207, 169, systems=6, left_out=2)
    # Only what costs something at both ends.
    assert found.same_systems == Reduction(107, 99, systems=2, left_out=6)
    # The one kept, the one ended (its saving counts) and the successor of one of them.
    assert found.base_environment == Reduction(160, 110, systems=3, left_out=5)
    assert found.base_environment.ratio.value == Decimal("0.3125")
    assert found.unknown == 1


def test_a_cost_of_zero_is_known() -> None:
    found = readings([Alike(1, 100, 0), Alike(1, 0, 30)])
    assert found.gross == Reduction(100, 30, systems=2)
    assert found.same_systems == Reduction(left_out=2)
    assert found.same_systems.ratio == Measure(None, Reason.NO_DATA)
    assert found.base_environment == Reduction(100, 0, systems=1, left_out=1)
    assert found.unknown == 0


def test_a_successor_that_does_not_tell_its_cost_is_left_out() -> None:
    found = readings([Alike(1, None, None, took_over=True), Alike(1, 5, None, took_over=True)])
    assert found.base_environment == Reduction(left_out=2)


def test_no_system_is_no_reading() -> None:
    found = readings([])
    assert found.gross == found.same_systems == found.base_environment == Reduction()
    assert found.gross.ratio == Measure(None, Reason.NO_DATA)


def test_what_rose_and_fell_is_told_of_the_same_systems_only() -> None:
    risen = Alike(3, 10, 20, rose=3)
    fallen = Alike(2, 20, 5, fell_by_target=2)
    stopped = Alike(4, 20, 0, fell_by_target=4)
    found = readings([risen, fallen, stopped])
    assert (found.rose, found.fell_by_target) == (3, 2)


# Laws -------------------------------------------------------------------------------------------


@given(st.lists(systems), st.integers(1, 10**6))
def test_the_unit_of_money_does_not_matter(found: list[Alike], scale: int) -> None:
    def scaled(amount: int | None) -> int | None:
        return None if amount is None else amount * scale

    more = [
        dataclasses.replace(one, base=scaled(one.base), current=scaled(one.current))
        for one in found
    ]
    for name in ("gross", "same_systems", "base_environment"):
        assert getattr(readings(more), name).ratio == getattr(readings(found), name).ratio


@given(st.lists(st.tuples(yen, st.integers(0, 10**14)), min_size=1))
def test_the_whole_lies_between_its_parts(parts: list[tuple[int, int]]) -> None:
    whole = readings([Alike(1, base, current) for base, current in parts]).gross.ratio.value
    known = [value for one in parts if (value := reduction(*one).value) is not None]
    assert whole is not None
    assert len(known) == len(parts)
    # To 28 digits, as a ratio is kept.
    margin = Decimal("1e-25") * max(Decimal(1), *map(abs, known))
    assert min(known) - margin <= whole <= max(known) + margin


@given(st.lists(systems), yen, st.booleans(), st.sampled_from([None, 0]))
def test_a_system_at_one_end_does_not_change_the_same_systems(
    found: list[Alike], amount: int, is_base: bool, other: int | None
) -> None:
    one_end = Alike(1, amount, other) if is_base else Alike(1, other, amount)
    before, after = readings(found).same_systems, readings([*found, one_end]).same_systems
    assert after == dataclasses.replace(before, left_out=before.left_out + 1)


@given(st.lists(systems))
def test_same_systems_are_those_of_the_growth(found: list[Alike]) -> None:
    growth = same_systems_growth(
        {number: one.base for number, one in enumerate(found)},
        {number: one.current for number, one in enumerate(found)},
    )
    same = readings(found).same_systems
    assert (same.base or 0, same.current or 0) == (growth.first, growth.last)
    assert same.systems == growth.systems


@given(st.lists(systems))
def test_every_reading_speaks_of_all_systems(found: list[Alike]) -> None:
    told = readings(found)
    for one in (told.gross, told.same_systems, told.base_environment):
        assert one.systems + one.left_out == len(found)
