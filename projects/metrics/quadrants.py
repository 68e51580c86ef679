"""Value for money on two axes: what systems cost against what they give, in four lists and a fifth.

The four lists are split by two lines. A system without a cost or without a value has a place in
none of them: it is told in a list of its own, with what is missing, and never left out.
"""

from __future__ import annotations

import dataclasses
import enum
import statistics
from collections.abc import Iterable
from decimal import Decimal

from projects.metrics.types import Measure


class Quadrant(enum.StrEnum):
    """A list, the one to learn from first and the one to act on before what cannot be placed."""

    HIGH_VALUE_LOW_COST = "high_value_low_cost"
    HIGH_VALUE_HIGH_COST = "high_value_high_cost"
    LOW_VALUE_LOW_COST = "low_value_low_cost"
    LOW_VALUE_HIGH_COST = "low_value_high_cost"
    UNPLACED = "unplaced"


class Missing(enum.StrEnum):
    """What keeps a system out of the four lists."""

    COST = "cost"
    VALUE = "value"
    BOTH = "both"


@dataclasses.dataclass(frozen=True, slots=True)
class Lines:
    """Where the lists are split: `cost` in yen (None where nothing can be placed), `value` as a
    share. A cost at its line is low, a value at its line is high."""

    cost: Decimal | None
    value: Decimal


def missing(cost: int | None, value: Measure) -> Missing | None:
    """What is not known; None where a system can be placed. A cost of zero is known."""
    if cost is None:
        return Missing.BOTH if value.value is None else Missing.COST
    return Missing.VALUE if value.value is None else None


def lines(systems: Iterable[tuple[int | None, Measure]], value_line: Decimal) -> Lines:
    """The median cost of the systems that can be placed, so that they fall into halves, beside a
    given line for value. Exact: halves of yen stay halves."""
    known = [
        Decimal(cost) for cost, value in systems if cost is not None and value.value is not None
    ]
    return Lines(statistics.median(known) if known else None, value_line)


def place(cost: int | None, value: Measure, at: Lines) -> Quadrant:
    """The one list in which a system stands."""
    if cost is None or value.value is None or at.cost is None:
        return Quadrant.UNPLACED
    if value.value >= at.value:
        if cost <= at.cost:
            return Quadrant.HIGH_VALUE_LOW_COST
        return Quadrant.HIGH_VALUE_HIGH_COST
    if cost <= at.cost:
        return Quadrant.LOW_VALUE_LOW_COST
    return Quadrant.LOW_VALUE_HIGH_COST
