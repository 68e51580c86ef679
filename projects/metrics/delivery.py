"""Delivery against the plan: the first one that was agreed and the current one, both signed."""

from __future__ import annotations

import dataclasses
import datetime

from projects.metrics.periods import month_of, next_month
from projects.metrics.types import Measure, ratio


@dataclasses.dataclass(frozen=True, slots=True)
class Plan:
    """An agreed baseline: number, finish and budget in yen."""

    number: int
    end: datetime.date
    budget: int


@dataclasses.dataclass(frozen=True, slots=True)
class Variance:
    """What is expected now, held against one plan.

    Days and yen are signed: above zero is late or over, below zero early or under. None where
    nothing was forecast.
    """

    plan: Plan
    days: int | None
    yen: int | None
    share: Measure
    """yen ÷ budget"""


def against(plan: Plan, forecast_end: datetime.date | None, forecast_cost: int | None) -> Variance:
    """Schedule and cost variance at completion (VAC with its sign turned, METRICS.md §2)."""
    yen = None if forecast_cost is None else forecast_cost - plan.budget
    days = None if forecast_end is None else (forecast_end - plan.end).days
    return Variance(plan, days, yen, ratio(yen, plan.budget))


@dataclasses.dataclass(frozen=True, slots=True)
class Phase:
    """Planned value to date at the end of a month, in yen."""

    period: datetime.date
    amount: int


def spread_evenly(start: datetime.date, end: datetime.date, budget: int) -> list[Phase]:
    """The budget in equal parts over the months of the plan; the last month holds all of it."""
    months = [month_of(start)]
    while next_month(months[-1]) <= end:
        months.append(next_month(months[-1]))
    return [
        Phase(month, budget * number // len(months)) for number, month in enumerate(months, start=1)
    ]
