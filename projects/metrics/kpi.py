"""Achievement of goals and of services, by their direction and their published definitions."""

from __future__ import annotations

import dataclasses
import enum
from decimal import Decimal

from projects.metrics.types import Measure, Reason


class Direction(enum.StrEnum):
    """Whether more or less is better."""

    UP = "up"
    DOWN = "down"


@dataclasses.dataclass(frozen=True, slots=True)
class Achievement:
    """How far a goal is reached (1 is the target), and whether it is met; None is undetermined."""

    ratio: Measure
    met: bool | None


def achievement(
    direction: Direction,
    target: Decimal | None,
    actual: Decimal | None,
    baseline: Decimal | None = None,
) -> Achievement:
    """The way gone from the baseline ÷ the way to the target; without a baseline actual ÷ target,
    or target ÷ actual where less is better.

    Met by the US rule: at least the target, or at most it. Undetermined without target or actual.
    """
    if target is None or actual is None:
        return Achievement(Measure(None, Reason.NO_DATA), None)
    is_up = direction is Direction.UP
    met = actual >= target if is_up else actual <= target
    if baseline is not None:
        above, below = actual - baseline, target - baseline
    else:
        above, below = (actual, target) if is_up else (target, actual)
    if below == 0:
        return Achievement(Measure(None, Reason.ZERO_DENOMINATOR), met)
    return Achievement(Measure(above / below), met)


def _share(part: Decimal | None, whole: Decimal | None) -> Measure:
    if part is None or whole is None:
        return Measure(None, Reason.NO_DATA)
    if whole == 0:
        return Measure(None, Reason.ZERO_DENOMINATOR)
    return Measure(part / whole)


def cost_per_transaction(cost: Decimal | None, volume: Decimal | None) -> Measure:
    """Total cost ÷ completed transactions; a missing cost is none, not 0 (GDS)."""
    return _share(cost, volume)


def digital_take_up(digital: Decimal | None, volume: Decimal | None) -> Measure:
    """Digital ÷ all transactions, from 0 to 1. 0 of 0 is 0, by the definition of the source
    (alphagov/transactions-explorer)."""
    if digital == 0 and volume == 0:
        return Measure(Decimal(0))
    if digital is not None and volume is not None and digital > volume:
        return Measure(None, Reason.INCONSISTENT)
    return _share(digital, volume)


def performance(met: Decimal | None, volume: Decimal | None) -> Measure:
    """100 × volume that met its standard ÷ all volume; 0 of 0 is not determined (Canada)."""
    share = _share(met, volume)
    return share if share.value is None else Measure(share.value * 100)
