"""What a service costs its users: their time, in hours and at a stated price of an hour.

Administrative burden (行政手続コスト) is the time people and businesses spend on a procedure, summed
over its cases (Japan's plan of 2017 to cut it by 20 %: 3億2,277万 hours a year = 8,208億円, about
¥2,543 an hour). Time saved holds the cases of today against the minutes of the base year, so that
fewer cases are no saving.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from projects.metrics.types import Measure, Reason

YEN_PER_HOUR: Final = 2_543
"""8,208億円 ÷ 3億2,277万 hours (administrative-burden plan, fiscal year 2017), to the yen."""

MINUTES_PER_HOUR: Final = 60


@dataclasses.dataclass(frozen=True, slots=True)
class ServiceTime:
    """Cases of one service in a year and the minutes each took its user, now and in the base year
    before; None is unknown."""

    cases: int | None
    minutes: Decimal | None
    base_minutes: Decimal | None


@dataclasses.dataclass(frozen=True, slots=True)
class Burden:
    """Sums over the services of which enough is known; `asked` counts all of them.

    `minutes` are those spent this year over `known` services; `saved` are those not spent any more
    over the `compared` services whose base year is known too (below zero: it takes longer now).
    """

    minutes: Decimal
    known: int
    saved: Decimal
    compared: int
    asked: int

    @property
    def hours(self) -> Measure:
        """Hours that users spent in the year."""
        return self._hours(self.minutes, self.known)

    @property
    def hours_saved(self) -> Measure:
        """Hours that users did not spend, had each case taken what it took in the base year."""
        return self._hours(self.saved, self.compared)

    def cost(self, yen_per_hour: int) -> Measure:
        """The hours spent at a price of an hour, in yen."""
        return _priced(self.hours, yen_per_hour)

    def value_saved(self, yen_per_hour: int) -> Measure:
        """The hours saved at a price of an hour, in yen."""
        return _priced(self.hours_saved, yen_per_hour)

    @staticmethod
    def _hours(minutes: Decimal, known: int) -> Measure:
        if not known:
            return Measure(None, Reason.NO_DATA)
        return Measure(minutes / MINUTES_PER_HOUR)


def _priced(hours: Measure, yen_per_hour: int) -> Measure:
    return hours if hours.value is None else Measure(hours.value * yen_per_hour)


def burden(services: Iterable[ServiceTime]) -> Burden:
    """Σ cases × minutes, and Σ cases × (minutes of the base year − minutes)."""
    minutes = saved = Decimal(0)
    known = compared = asked = 0
    for service in services:
        asked += 1
        if service.cases is None or service.minutes is None:
            continue
        known += 1
        minutes += service.cases * service.minutes
        if service.base_minutes is not None:
            compared += 1
            saved += service.cases * (service.base_minutes - service.minutes)
    return Burden(minutes, known, saved, compared, asked)
