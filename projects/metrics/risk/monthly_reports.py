"""Monthly reports that have not come in."""

from __future__ import annotations

import dataclasses
import datetime
from decimal import Decimal

from projects.metrics.periods import month_of, next_month
from projects.metrics.risk.registry import (
    Outcome,
    Parameter,
    Parameters,
    Severity,
    Source,
    Subject,
    Unit,
    clear,
    rule,
    unknown,
)
from projects.metrics.types import Reason


@dataclasses.dataclass(frozen=True, slots=True)
class Reporting:
    """A project's duty to report, and how far it has been met.

    ``is_reporting`` is None if nobody said whether the project reports. ``first_period`` and
    ``last_period`` are the first and last month (any day in it) for which a report is owed;
    ``first_period`` is None if not known, ``last_period`` if the duty goes on.
    ``latest_submitted`` is the latest month with a submitted report.
    """

    is_reporting: bool | None
    first_period: datetime.date | None = None
    last_period: datetime.date | None = None
    latest_submitted: datetime.date | None = None


def due_on(period: datetime.date, due_day: int) -> datetime.date:
    """When the report on the month of ``period`` is due: day ``due_day`` of the next month."""
    return next_month(period).replace(day=due_day)


def oldest_owed(reporting: Reporting) -> datetime.date | None:
    """The first month without a submitted report, as its first day.

    A later report makes up for a month that was skipped. None if nothing is owed or if it is not
    known from when reports are.
    """
    if reporting.latest_submitted is not None:
        period = next_month(reporting.latest_submitted)
        if reporting.first_period is not None:
            period = max(period, month_of(reporting.first_period))
    elif reporting.first_period is not None:
        period = month_of(reporting.first_period)
    else:
        return None
    if reporting.last_period is not None and period > reporting.last_period:
        return None
    return period


@rule(
    id="late_report",
    version=1,
    title="Monthly report late",
    subjects=(Subject.PROJECT,),
    sources=(Source.PROJECT, Source.UPDATE),
    citation=(
        "Ministries disclose their IT investments themselves and update progress monthly in "
        "principle (IT Dashboard, 2015). The days are presets."
    ),
    parameters={
        "due_day": Parameter(
            Decimal(10), Unit.DAY_OF_MONTH, "Due on this day of the following month (1 to 28)"
        ),
        "medium_from_days": Parameter(Decimal(11), Unit.DAYS, "Medium from this many days late"),
        "high_from_days": Parameter(
            Decimal(31), Unit.DAYS, "High from this many days late: the next report is late too"
        ),
        "escalation_days": Parameter(
            Decimal(5),
            Unit.DAYS,
            "Tell the next role after each so many business days without a report or an approval",
        ),
    },
)
def late_report(facts: Reporting, parameters: Parameters, as_of: datetime.date) -> Outcome:
    """Counts the days since the oldest month without a report fell due.

    Low from the first day late, medium and high as set. A project that does not report is not
    concerned; one of which nobody knows whether, or since when, it reports is unknown.
    """
    figures: dict[str, int | str | None] = {
        "period": None,
        "due_on": None,
        "days_late": None,
        "latest_submitted": _month(facts.latest_submitted),
    }
    if facts.is_reporting is None:
        return unknown(Reason.NO_DATA, figures)
    if not facts.is_reporting:
        return clear(figures, Reason.NOT_APPLICABLE)
    if facts.first_period is None and facts.latest_submitted is None:
        return unknown(Reason.NO_DATA, figures)
    period = oldest_owed(facts)
    if period is None:
        return clear(figures)
    due = due_on(period, int(parameters["due_day"]))
    days_late = (as_of - due).days
    figures |= {"period": _month(period), "due_on": due.isoformat()}
    if days_late <= 0:
        return clear(figures)
    figures["days_late"] = days_late
    return Outcome(_severity(days_late, parameters), figures)


def _severity(days_late: int, parameters: Parameters) -> Severity:
    if days_late >= parameters["high_from_days"]:
        return Severity.HIGH
    if days_late >= parameters["medium_from_days"]:
        return Severity.MEDIUM
    return Severity.LOW


def _month(period: datetime.date | None) -> str | None:
    return None if period is None else f"{period:%Y-%m}"
