"""Variance of a project by the formula of the US Federal IT Dashboard, read with its sign.

The feed freezes it at submission and shows no sign (finishing early and under budget is red/red);
here it is computed for any day, and over/late and under/early are different states. Source: ITDB
Variance Score Algorithms (GSA/ITDB-schema); METRICS.md §1.
"""

from __future__ import annotations

import dataclasses
import datetime
import enum
from decimal import Decimal

from projects.metrics.types import Measure, Reason


class Colour(enum.StrEnum):
    """The published colour of |variance %|, without a sign."""

    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"


class State(enum.StrEnum):
    """Our signed reading of a variance."""

    OVER = "over"
    LATE = "late"
    ON_PLAN = "on plan"
    UNDER = "under"
    EARLY = "early"
    UNKNOWN = "unknown"


YELLOW_FROM, RED_FROM = Decimal(10), Decimal(30)
"""Percent; a preset, both bounds inclusive."""


@dataclasses.dataclass(frozen=True, slots=True)
class Dates:
    """Planned, projected and actual days; None is unknown, no actual end is not ended."""

    planned_start: datetime.date | None
    planned_end: datetime.date | None
    projected_end: datetime.date | None = None
    actual_end: datetime.date | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Costs:
    """Planned, projected and actual cost in one unit. An actual cost of 0 means done at no cost;
    None is not 0."""

    planned: Decimal | None
    projected: Decimal | None = None
    actual: Decimal | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Variance:
    """An amount (days or money) and its percent of the plan; above zero is early or under."""

    amount: Measure
    percent: Measure

    def colour(self, yellow: Decimal = YELLOW_FROM, red: Decimal = RED_FROM) -> Colour | None:
        """The unsigned colour; None where the percent is undefined."""
        if self.percent.value is None:
            return None
        size = abs(self.percent.value)
        if size >= red:
            return Colour.RED
        return Colour.YELLOW if size >= yellow else Colour.GREEN


def _percent(amount: Decimal | None, plan: Decimal | None) -> Measure:
    if amount is None or plan is None:
        return Measure(None, Reason.NO_DATA)
    if plan == 0:
        return Measure(None, Reason.ZERO_DENOMINATOR)
    return Measure(amount / plan * 100)


def _undefined() -> Variance:
    nothing = Measure(None, Reason.NO_DATA)
    return Variance(nothing, nothing)


def expected_end(dates: Dates, as_of: datetime.date | None) -> datetime.date | None:
    """The end that counts: the actual one, else the projected one while it lies ahead, else the
    day of asking. None where nothing says when."""
    if dates.actual_end is not None:
        return dates.actual_end
    if as_of is None:
        return dates.projected_end
    if dates.projected_end is not None:
        return max(dates.projected_end, as_of)
    # Nobody projected an end: all that is known is that it was not before today.
    is_past = dates.planned_end is not None and as_of > dates.planned_end
    return as_of if is_past else None


def schedule(dates: Dates, as_of: datetime.date | None) -> Variance:
    """SV = planned end − expected end in days; below zero is late. Percent of the planned days."""
    end = expected_end(dates, as_of)
    if end is None or dates.planned_end is None:
        return _undefined()
    days = Decimal((dates.planned_end - end).days)
    length = None
    if dates.planned_start is not None:
        length = Decimal((dates.planned_end - dates.planned_start).days)
    return Variance(Measure(days), _percent(days, length))


def cost(costs: Costs, *, is_ended: bool) -> Variance:
    """CV = planned − (actual where the project has ended and its cost is known, else projected);
    below zero is over cost. Percent of the planned cost."""
    spent = costs.actual if is_ended and costs.actual is not None else costs.projected
    if costs.planned is None or spent is None:
        return _undefined()
    amount = costs.planned - spent
    return Variance(Measure(amount), _percent(amount, costs.planned))


def state_of(variance: Variance, below: State, above: State) -> State:
    """A variance with its sign: within the green band it is on plan; where the percent is
    undefined the sign alone speaks."""
    amount = variance.amount.value
    if amount is None:
        return State.UNKNOWN
    if amount == 0 or variance.colour() is Colour.GREEN:
        return State.ON_PLAN
    return below if amount < 0 else above
