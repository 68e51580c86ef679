"""Budgets that were not spent, or overspent."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Sequence
from decimal import Decimal

from projects.metrics import cost
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
class Settlement:
    """One fiscal year's budget available and amount spent, in yen; None is unknown.

    ``carried_out`` is what was carried to the next year, ``unused`` what was given back: they are
    no inputs of the rate, but explain a low one.
    """

    fiscal_year: int
    available: int | None
    executed: int | None
    carried_out: int | None = None
    unused: int | None = None

    @property
    def left_unused(self) -> int | None:
        """What was left unused: as reported, else what was neither spent nor carried over (Board
        of Audit: the budget is spent, carried over or unused); None where that is not known."""
        if self.unused is not None:
            return self.unused
        parts = (self.available, self.executed, self.carried_out)
        if None in parts:
            return None
        return max(0, (self.available or 0) - (self.executed or 0) - (self.carried_out or 0))

    @property
    def is_known(self) -> bool:
        """Whether a rate can be asked for."""
        return self.available is not None and self.executed is not None


@dataclasses.dataclass(frozen=True, slots=True)
class Budget:
    """The settlements of one system or project.

    ``is_spending`` is False for one that has ended, or that holds no money of its own.
    """

    years: Sequence[Settlement]
    is_spending: bool = True


@rule(
    id="execution_rate",
    version=1,
    title="Execution rate out of bounds",
    subjects=(Subject.SYSTEM, Subject.PROJECT),
    sources=(Source.BUDGET, Source.EXECUTION),
    citation=(
        "Board of Audit 2021, 765 systems: much development budget was carried over or left "
        "unused, and PMOs did not follow execution. RS 2024 table 2-1: 372 rows spent more than "
        "was available. The thresholds are presets."
    ),
    parameters={
        "settled_after_days": Parameter(
            Decimal(183), Unit.DAYS, "A fiscal year is judged from this many days after its end"
        ),
        "window_years": Parameter(
            Decimal(3), Unit.YEARS, "How many settled years to look back for a known rate"
        ),
        "medium_below_ratio": Parameter(Decimal("0.70"), Unit.RATIO, "Medium below this rate"),
        "high_below_ratio": Parameter(Decimal("0.50"), Unit.RATIO, "High below this rate"),
        "over_tolerance_ratio": Parameter(
            Decimal(0),
            Unit.RATIO,
            "Above 1 plus this rate is high; above 1 and within it is medium",
        ),
    },
)
def execution_rate(facts: Budget, parameters: Parameters, as_of: datetime.date) -> Outcome:
    """Compares what was spent with the budget available, in the latest settled year that is known.

    High above the budget (plus a tolerance) and far below it, medium below it. Spending without
    any budget has no rate and is low, as evidence to look at. A year that should be settled and
    is not reported cannot clear an earlier flag: if the known year before it is in order, the
    answer is unknown. Unknown too without any known year in the window. What has ended, or holds
    no money, is not concerned.
    """
    last = last_ended_fiscal_year(as_of, days_before=int(parameters["settled_after_days"]))
    window = range(last - int(parameters["window_years"]) + 1, last + 1)
    known = [year for year in facts.years if year.fiscal_year in window and year.is_known]
    judged = max(known, key=lambda year: year.fiscal_year, default=Settlement(last, None, None))
    rate = cost.execution_rate(judged.executed, judged.available)
    figures = {
        "fiscal_year": judged.fiscal_year,
        "available": judged.available,
        "executed": judged.executed,
        "carried_out": judged.carried_out,
        "execution_rate": None if rate.value is None else as_text(rate.value),
        "unreported_year": last if judged.fiscal_year < last else None,
    }
    if not facts.is_spending:
        return clear(figures, Reason.NOT_APPLICABLE)
    if not known:
        return unknown(Reason.NO_DATA, figures)
    severity = _severity(judged, rate.value, parameters)
    if severity is Severity.NONE:
        if judged.fiscal_year < last:
            return unknown(Reason.NO_DATA, figures)
        return clear(figures, rate.reason)
    return Outcome(severity, figures)


def _severity(judged: Settlement, rate: Decimal | None, parameters: Parameters) -> Severity:
    if rate is None:
        return Severity.LOW if judged.executed else Severity.NONE
    if rate > 1 + parameters["over_tolerance_ratio"] or rate < parameters["high_below_ratio"]:
        return Severity.HIGH
    if rate > 1 or rate < parameters["medium_below_ratio"]:
        return Severity.MEDIUM
    return Severity.NONE
