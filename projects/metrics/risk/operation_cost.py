"""Systems whose operation costs more and more."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Sequence
from decimal import Decimal

from projects.metrics.cost import growth
from projects.metrics.periods import last_ended_fiscal_year
from projects.metrics.risk.registry import (
    Outcome,
    Parameter,
    Parameters,
    Severity,
    Source,
    Subject,
    Unit,
    as_text,
    clear,
    rule,
    unknown,
)
from projects.metrics.types import Reason


@dataclasses.dataclass(frozen=True, slots=True)
class OperationCost:
    """One system's operation cost of a fiscal year, spent, in yen; None is unknown."""

    fiscal_year: int
    operation: int | None


@dataclasses.dataclass(frozen=True, slots=True)
class Operation:
    """One system's operation cost; ``is_running`` is False before go-live and after its end."""

    years: Sequence[OperationCost]
    is_running: bool = True


@rule(
    id="cost_growth",
    version=1,
    title="Operation cost growing",
    subjects=(Subject.SYSTEM,),
    sources=(Source.EXECUTION,),
    citation=(
        "Digital Government Promotion Policy 2017: operation cost of government systems 30 % down "
        "by FY2021. The thresholds are presets; the comparison is gross, without the adjustment "
        "for law changes and tax that the official measure makes."
    ),
    parameters={
        "window_years": Parameter(
            Decimal(5), Unit.YEARS, "Compares the ends of this many fiscal years, the last one over"
        ),
        "medium_from_ratio": Parameter(Decimal("0.10"), Unit.RATIO, "Medium from this growth"),
        "high_from_ratio": Parameter(Decimal("0.25"), Unit.RATIO, "High from this growth"),
    },
)
def cost_growth(facts: Operation, parameters: Parameters, as_of: datetime.date) -> Outcome:
    """Compares a system's operation cost in its first and last known year within the window.

    The first year is the first with a cost above zero, so that going live is no growth; a system
    without such a year before the last is not judged. Medium and high as set. A system that does
    not run is not concerned. Unknown with fewer than two known years.
    """
    last_year = last_ended_fiscal_year(as_of)
    window = range(last_year - int(parameters["window_years"]) + 1, last_year + 1)
    known = sorted(
        (year.fiscal_year, year.operation)
        for year in facts.years
        if year.fiscal_year in window and year.operation is not None
    )
    figures: dict[str, int | str | None] = {
        "first_year": None,
        "first": None,
        "last_year": None,
        "last": None,
        "growth": None,
    }
    if known:
        figures["last_year"], figures["last"] = known[-1]
    if not facts.is_running:
        return clear(figures, Reason.NOT_APPLICABLE)
    if len(known) < 2:
        return unknown(Reason.NO_DATA, figures)
    last = known[-1][1]
    base = next(
        (
            (year, yen, change)
            for year, yen in known[:-1]
            if (change := growth(yen, last).value) is not None
        ),
        None,
    )
    if base is None:
        return clear(figures, Reason.ZERO_DENOMINATOR)
    figures["first_year"], figures["first"], change = base
    figures["growth"] = as_text(change)
    if change >= parameters["high_from_ratio"]:
        return Outcome(Severity.HIGH, figures)
    if change >= parameters["medium_from_ratio"]:
        return Outcome(Severity.MEDIUM, figures)
    return clear(figures)
