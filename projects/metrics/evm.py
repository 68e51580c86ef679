"""Earned value and earned schedule (EIA-748 family).

Money is in yen or any one unit, time in periods. Without an earned value nothing is computed: the
field's feeds often carry milestones and money only, and an invented earned value hides that.
"""

from __future__ import annotations

import dataclasses
import datetime
import itertools
import math
from collections.abc import Iterable, Sequence
from decimal import Decimal

from projects.metrics.types import Measure, Reason

Amount = Decimal | int


def _divided(above: Decimal | None, below: Decimal | None) -> Measure:
    if above is None or below is None:
        return Measure(None, Reason.NO_DATA)
    if below == 0:
        return Measure(None, Reason.ZERO_DENOMINATOR)
    return Measure(above / below)


def _known(value: Decimal | None) -> Measure:
    return Measure(None, Reason.NO_DATA) if value is None else Measure(value)


def _dec(value: Amount | None) -> Decimal | None:
    return None if value is None else Decimal(value)


def _minus(left: Decimal | None, right: Decimal | None) -> Decimal | None:
    return None if left is None or right is None else left - right


@dataclasses.dataclass(frozen=True, slots=True)
class EarnedValue:
    """What a project planned, earned and spent to date, and its whole budget (BAC).

    None is unknown: whatever needs it is undefined, with the reason.
    """

    bac: Amount | None
    pv: Amount | None
    ev: Amount | None
    ac: Amount | None

    @property
    def cv(self) -> Measure:
        """Cost variance, EV − AC: below zero is over cost."""
        return _known(_minus(_dec(self.ev), _dec(self.ac)))

    @property
    def sv(self) -> Measure:
        """Schedule variance, EV − PV: below zero is late."""
        return _known(_minus(_dec(self.ev), _dec(self.pv)))

    @property
    def cv_ratio(self) -> Measure:
        """CV ÷ EV (not ÷ AC, a known slip of tools)."""
        return _divided(self.cv.value, _dec(self.ev))

    @property
    def cpi(self) -> Measure:
        """Cost performance index, EV ÷ AC."""
        return _divided(_dec(self.ev), _dec(self.ac))

    @property
    def spi(self) -> Measure:
        """Schedule performance index, EV ÷ PV."""
        return _divided(_dec(self.ev), _dec(self.pv))

    @property
    def eac_typical(self) -> Measure:
        """Estimate at completion if cost goes on as so far: BAC ÷ CPI."""
        if self.cpi.value is None:
            return self.cpi
        return _divided(_dec(self.bac), self.cpi.value)

    @property
    def eac_atypical(self) -> Measure:
        """Estimate at completion if the rest goes as planned: AC + BAC − EV."""
        rest = _minus(_dec(self.bac), _dec(self.ev))
        spent = _dec(self.ac)
        return _known(None if rest is None or spent is None else spent + rest)

    @property
    def eac_combined(self) -> Measure:
        """Estimate at completion if cost and pace go on as so far: AC + (BAC − EV) ÷ (CPI × SPI)."""
        cpi, spi = self.cpi, self.spi
        if cpi.value is None:
            return cpi
        if spi.value is None:
            return spi
        rest = _minus(_dec(self.bac), _dec(self.ev))
        more = _divided(rest, cpi.value * spi.value)
        # A cost index is only there where the actual cost is known.
        return more if more.value is None else Measure(Decimal(self.ac or 0) + more.value)

    @property
    def vac(self) -> Measure:
        """Variance at completion, BAC − typical EAC: below zero is over cost."""
        eac = self.eac_typical
        return eac if eac.value is None else _known(_minus(_dec(self.bac), eac.value))

    @property
    def etc(self) -> Measure:
        """Estimate to complete, typical EAC − AC."""
        eac = self.eac_typical
        return eac if eac.value is None else _known(_minus(eac.value, _dec(self.ac)))

    @property
    def tcpi(self) -> Measure:
        """The cost performance that the rest needs to keep the budget: (BAC − EV) ÷ (BAC − AC)."""
        bac = _dec(self.bac)
        return _divided(_minus(bac, _dec(self.ev)), _minus(bac, _dec(self.ac)))


@dataclasses.dataclass(frozen=True, slots=True)
class RolledUp:
    """Earned value of many projects: the sums over `known` of `asked` projects."""

    value: EarnedValue
    known: int
    asked: int


def rolled_up(parts: Iterable[EarnedValue]) -> RolledUp:
    """Sums of BAC, PV, EV and AC over the projects of which all four are known, so that a ratio of
    sums never compares one set of projects with another. Nothing known gives nothing."""
    found = list(parts)
    whole = [part for part in found if None not in (part.bac, part.pv, part.ev, part.ac)]
    if not whole:
        return RolledUp(EarnedValue(None, None, None, None), 0, len(found))
    sums = (
        sum((Decimal(getattr(part, name)) for part in whole), Decimal(0))
        for name in ("bac", "pv", "ev", "ac")
    )
    return RolledUp(EarnedValue(*sums), len(whole), len(found))


@dataclasses.dataclass(frozen=True, slots=True)
class EarnedSchedule:
    """When the plan had earned what is earned now (Lipke): all in periods.

    SPI in money returns to 1 when a late project ends; SPI(t) does not.
    """

    es: Measure
    sv_t: Measure
    spi_t: Measure
    forecast_duration: Measure
    reached: int | None = None
    """C"""
    pv_reached: Decimal | None = None
    pv_next: Decimal | None = None


def forecast_finish(start: datetime.date, duration: Measure) -> datetime.date | None:
    """The month (its first day) in which a plan that starts on `start` ends if it takes
    `duration` months; None where that is undefined or lies beyond the calendar."""
    if duration.value is None:
        return None
    # The first month of the plan is its first period: 12 periods from April end in March.
    months = start.year * 12 + start.month - 2 + math.ceil(duration.value)
    year, month = divmod(months, 12)
    return None if year > datetime.MAXYEAR else datetime.date(year, month + 1, 1)


def earned_schedule(
    planned: Sequence[Amount], earned: Amount | None, actual_time: Amount | None
) -> EarnedSchedule:
    """ES = C + (EV − PV_C) ÷ (PV_C+1 − PV_C), C the periods whose cumulative plan is reached.

    `planned` is cumulative, a value a period. Undefined without a plan or an earned value, and
    inconsistent where the plan goes down.
    """
    plan = [Decimal(value) for value in planned]
    ev, time = _dec(earned), _dec(actual_time)
    if not plan or ev is None:
        nothing = Measure(None, Reason.NO_DATA)
        return EarnedSchedule(nothing, nothing, nothing, nothing)
    if any(later < earlier for earlier, later in itertools.pairwise(plan)):
        odd = Measure(None, Reason.INCONSISTENT)
        return EarnedSchedule(odd, odd, odd, odd)
    reached = sum(value <= ev for value in plan)
    es = Decimal(reached)
    before = plan[reached - 1] if reached else Decimal(0)
    following = plan[reached] if reached < len(plan) else None
    if following is not None:
        es += (ev - before) / (following - before)
    index = _divided(es, time)
    forecast = index
    if index.value is not None:
        forecast = _divided(Decimal(len(plan)), index.value)
    return EarnedSchedule(
        Measure(es), _known(_minus(es, time)), index, forecast, reached, before, following
    )
