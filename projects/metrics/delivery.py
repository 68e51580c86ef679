"""A plan in time: its budget over its months."""

from __future__ import annotations

import dataclasses
import datetime

from projects.metrics.periods import month_of, next_month


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
