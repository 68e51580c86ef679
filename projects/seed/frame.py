"""What every generator is told: the seed, and the day on which the fictional government stands.

Nothing here reads the clock: the same seed and day give the same government. Each topic draws
from its own stream of random numbers, so that one more draw in one topic moves no other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import TypeVar
from zoneinfo import ZoneInfo

from projects.metrics.periods import fiscal_year_of, last_ended_fiscal_year, month_of
from projects.selectors import latest_due_period

_TOKYO = ZoneInfo("Asia/Tokyo")
# Presets of the rules `execution_rate` and `late_report`: the data end where these begin to judge.
_SETTLED_AFTER_DAYS = 183
_REPORT_DUE_DAY = 10

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Frame:
    """The seed and the day.

    `settled` is the last fiscal year with execution figures, half a year after its end; the sheet
    of the year after it carries them, as the yearly review's sheets do.
    """

    seed: int
    as_of: date

    @property
    def settled(self) -> int:
        return last_ended_fiscal_year(self.as_of, days_before=_SETTLED_AFTER_DAYS)

    @property
    def actual_years(self) -> range:
        """Five fiscal years with execution figures."""
        return range(self.settled - 4, self.settled + 1)

    @property
    def sheet(self) -> int:
        """The latest sheet year."""
        return self.settled + 1

    @property
    def current_year(self) -> int:
        return fiscal_year_of(self.as_of)

    @property
    def last_period(self) -> date:
        """The latest month whose report should have come in."""
        return latest_due_period(self.as_of, _REPORT_DUE_DAY)

    def stream(self, topic: str, block: int = 0) -> Random:
        return Random(f"{self.seed}:{topic}:{block}")

    def past(self, day: date) -> date:
        """`day`, or the day of the government if that comes first."""
        return min(day, self.as_of)

    def moment(self, day: date, hour: int = 9, minute: int = 0) -> datetime:
        """A time of that day in Tokyo, never after the day of the government."""
        return datetime.combine(self.past(day), time(hour, minute), tzinfo=_TOKYO)

    def days_ago(self, days: int) -> date:
        return self.as_of - timedelta(days=days)


def months_after(month: date, months: int) -> date:
    """The first day of the month that many months after (or before) the month of `month`."""
    count = month.year * 12 + month.month - 1 + months
    return date(count // 12, count % 12 + 1, 1)


def months_between(first: date, last: date) -> int:
    """Whole months from the month of `first` to that of `last`."""
    return (last.year - first.year) * 12 + last.month - first.month


def day_in_month(month: date, months: int, day: int) -> date:
    """Day `day` (1 to 28) of the month that many months after the month of `month`."""
    return months_after(month_of(month), months).replace(day=day)


def weighted(rng: Random, choices: Sequence[tuple[T, float]]) -> T:
    """One of `choices`, each with its weight."""
    return rng.choices([value for value, _ in choices], [weight for _, weight in choices])[0]


def ratio_of(value: float, places: int) -> Decimal:
    """A float drawn at random as a decimal of that many places."""
    return Decimal(f"{value:.{places}f}")
