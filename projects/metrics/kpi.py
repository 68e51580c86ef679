"""Achievement of goals and of services, by their direction and their published definitions."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

from projects.metrics.types import Measure, Reason, ratio


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


def completion(completed: Decimal | None, started: Decimal | None) -> Measure:
    """Completed ÷ begun cases, from 0 to 1 (GDS). Inconsistent where more were completed than
    begun; 0 of 0 is not determined."""
    if completed is not None and started is not None and completed > started:
        return Measure(None, Reason.INCONSISTENT)
    return _share(completed, started)


LEAST_ANSWERS: Final = 400
"""From how many answers on a share of satisfied users is steady (GDS)."""


def satisfaction(satisfied: Decimal | None, answers: Decimal | None) -> Measure:
    """Satisfied ÷ all answers, from 0 to 1 (GDS: very satisfied and satisfied count)."""
    return _share(satisfied, answers)


def is_small_sample(answers: int | None) -> bool | None:
    """Whether too few answered for the share to be steady; None where nobody says how many."""
    return None if answers is None else answers < LEAST_ANSWERS


def change(previous: Decimal | None, current: Decimal | None) -> Measure:
    """Current ÷ previous: none where the previous figure is 0 or missing, 0 where the current one
    is 0 (alphagov/transactions-explorer)."""
    return _share(current, previous)


@dataclasses.dataclass(frozen=True, slots=True)
class GoalsMet:
    """KPIs with a target: `asked` of them, `known` have an actual and a direction, `met` reached
    it. Adds up."""

    asked: int = 0
    known: int = 0
    met: int = 0

    def __add__(self, more: GoalsMet) -> GoalsMet:
        return GoalsMet(self.asked + more.asked, self.known + more.known, self.met + more.met)

    @property
    def missed(self) -> int:
        """Known and not met."""
        return self.known - self.met

    @property
    def share(self) -> Measure:
        """Met ÷ known, from 0 to 1; no data where none is known."""
        if not self.known:
            return Measure(None, Reason.NO_DATA)
        return ratio(self.met, self.known)

    @property
    def coverage(self) -> Measure:
        """Known ÷ asked, from 0 to 1; not applicable where nothing was asked for."""
        if not self.asked:
            return Measure(None, Reason.NOT_APPLICABLE)
        return ratio(self.known, self.asked)


@dataclasses.dataclass(frozen=True, slots=True)
class Actual:
    """What was measured in one fiscal year by one method."""

    fiscal_year: int
    method: int
    value: Decimal


@dataclasses.dataclass(frozen=True, slots=True)
class Change:
    """The latest actual against the one before, by one method.

    `latest` is what the newest method says of the last year: it differs from `current` where both
    methods measured. `broken_in` is the fiscal year of a new method that nothing crosses.
    """

    previous: Actual | None
    current: Actual
    latest: Actual
    broken_in: int | None = None

    @property
    def growth(self) -> Measure:
        """Current ÷ previous − 1. Not applicable across a break in the series and from a figure
        below zero, of which nothing is a share."""
        if self.broken_in is not None:
            return Measure(None, Reason.NOT_APPLICABLE)
        if self.previous is None:
            return Measure(None, Reason.NO_DATA)
        if self.previous.value < 0:
            return Measure(None, Reason.NOT_APPLICABLE)
        times = change(self.previous.value, self.current.value)
        return times if times.value is None else Measure(times.value - 1)


def latest_change(actuals: Sequence[Actual], methods: Mapping[int, int]) -> Change | None:
    """How a KPI moved between the last two years that have actuals; None without any.

    Compared are only two figures of one method: the newest that measured both years. `methods`
    gives the fiscal year from which each method is in force; one that began in between and has no
    figure of its own breaks the series too, for nobody can say by which method the last was made.
    """
    if not actuals:
        return None
    years = sorted({one.fiscal_year for one in actuals})
    now = {one.method: one for one in actuals if one.fiscal_year == years[-1]}
    latest = now[max(now)]
    if len(years) == 1:
        return Change(None, latest, latest)
    then = {one.method: one for one in actuals if one.fiscal_year == years[-2]}
    unseen = [
        year
        for number, year in methods.items()
        if years[-2] < year <= years[-1] and number > max(now)
    ]
    both = now.keys() & then.keys()
    if both and not unseen:
        return Change(then[max(both)], now[max(both)], latest)
    began = unseen or [
        year
        for number, year in methods.items()
        if number == latest.method and years[-2] < year <= years[-1]
    ]
    return Change(then[max(then)], latest, latest, min(began, default=years[-1]))
