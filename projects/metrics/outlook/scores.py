"""How good stated probabilities were, once the outcome is known."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from projects.metrics.types import Measure, Reason


@dataclasses.dataclass(frozen=True, slots=True)
class Forecast:
    """A probability from 0 to 1 that was stated beforehand, and what happened."""

    probability: float
    happened: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Bin:
    """One line of a calibration table: of `cases` forecasts from `low` to below `high` (the last
    line includes 1), `stated` is the mean probability and `happened` the share that came true."""

    low: float
    high: float
    cases: int
    stated: float
    happened: float


EDGES: Final = (0.0, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 1.0)


def auc(forecasts: Sequence[Forecast]) -> Measure:
    """Probability that a case that came true was given a higher probability than one that did
    not; ties count half. 0.5 is chance.

    Undefined without a case of both kinds.
    """
    ranked = sorted(forecasts, key=lambda item: item.probability)
    wins = losses = 0
    above = 0.0  # (false, true) pairs in the right order
    start = 0
    while start < len(ranked):
        end = start
        while end < len(ranked) and ranked[end].probability == ranked[start].probability:
            end += 1
        true = sum(item.happened for item in ranked[start:end])
        false = end - start - true
        above += true * (losses + false / 2)
        wins, losses, start = wins + true, losses + false, end
    if wins == 0 or losses == 0:
        return Measure(None, Reason.NO_DATA)
    return Measure(Decimal(above) / (wins * losses))


def brier(forecasts: Sequence[Forecast]) -> Measure:
    """Mean squared distance between probability and outcome: 0 is perfect (Brier 1950).

    Undefined without a forecast.
    """
    if not forecasts:
        return Measure(None, Reason.NO_DATA)
    squares = sum((item.probability - item.happened) ** 2 for item in forecasts)
    return Measure(Decimal(squares) / len(forecasts))


def calibration(forecasts: Sequence[Forecast]) -> list[Bin]:
    """Stated against happened, one line for each range of `EDGES` that holds a forecast."""
    lines: list[Bin] = []
    for low, high in itertools.pairwise(EDGES):
        inside = [
            item
            for item in forecasts
            if low <= item.probability < high or item.probability == high == EDGES[-1]
        ]
        if inside:
            count = len(inside)
            stated = sum(item.probability for item in inside) / count
            happened = sum(item.happened for item in inside) / count
            lines.append(Bin(low, high, count, stated, happened))
    return lines
