"""Online services that few people use."""

from __future__ import annotations

import dataclasses
import datetime
from decimal import Decimal

from projects.metrics.periods import fiscal_year_end
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
from projects.metrics.value import online_use_ratio


@dataclasses.dataclass(frozen=True, slots=True)
class OnlineUse:
    """The cases that a system's services handled in ``fiscal_year``; None is unknown.

    ``services`` counts the services that run on the system; ``is_running`` is False after its end.
    """

    services: int
    live_on: datetime.date | None
    fiscal_year: int | None = None
    cases: int | None = None
    online_cases: int | None = None
    is_running: bool = True


@rule(
    id="low_online_use",
    version=1,
    title="Low online use",
    subjects=(Subject.SYSTEM,),
    sources=(Source.SYSTEM, Source.SERVICE),
    citation=(
        "Board of Audit, reports for FY2008 and FY2009: electronic filing systems used for 10 % of "
        "cases or less were to be stopped or simplified. The medium threshold is a preset."
    ),
    parameters={
        "grace_days": Parameter(
            Decimal(365), Unit.DAYS, "Judged from this many days after go-live"
        ),
        "high_up_to_ratio": Parameter(Decimal("0.10"), Unit.RATIO, "High up to this use ratio"),
        "medium_below_ratio": Parameter(Decimal("0.50"), Unit.RATIO, "Medium below this use ratio"),
    },
)
def low_online_use(facts: OnlineUse, parameters: Parameters, as_of: datetime.date) -> Outcome:
    """Compares online cases with all cases of a system's services, in the latest year counted.

    High and medium as set, from a year after go-live. Where the go-live date is not known, online
    cases in a year that ended that long ago prove that the system was in use by then. A system
    without a service, or that has ended, is not concerned. Unknown without counts, without a sign
    of when the system went live, and where more cases are online than there are.
    """
    figures: dict[str, int | str | None] = {
        "services": facts.services,
        "live_on": None if facts.live_on is None else facts.live_on.isoformat(),
        "fiscal_year": facts.fiscal_year,
        "cases": facts.cases,
        "online_cases": facts.online_cases,
        "use_ratio": None,
    }
    if not facts.services or not facts.is_running:
        return clear(figures, Reason.NOT_APPLICABLE)
    in_use_by = facts.live_on or _in_use_by(facts)
    if in_use_by is None:
        return unknown(Reason.NO_DATA, figures)
    if (as_of - in_use_by).days < parameters["grace_days"]:
        return clear(figures, Reason.NOT_DUE)
    use = online_use_ratio(facts.cases, facts.online_cases)
    if use.value is None:
        return _undefined(use.reason, figures)
    figures["use_ratio"] = as_text(use.value)
    if use.value <= parameters["high_up_to_ratio"]:
        return Outcome(Severity.HIGH, figures)
    if use.value < parameters["medium_below_ratio"]:
        return Outcome(Severity.MEDIUM, figures)
    return clear(figures)


def _in_use_by(facts: OnlineUse) -> datetime.date | None:
    if facts.fiscal_year is None or not facts.online_cases:
        return None
    return fiscal_year_end(facts.fiscal_year)


def _undefined(reason: Reason | None, figures: dict[str, int | str | None]) -> Outcome:
    if reason is Reason.ZERO_DENOMINATOR:  # nobody applied at all, on paper or online
        return clear(figures, reason)
    return unknown(reason or Reason.NO_DATA, figures)
