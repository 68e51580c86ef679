"""Reviews that should have been held."""

from __future__ import annotations

import dataclasses
import datetime
from decimal import Decimal

from projects.metrics.risk.registry import (
    Outcome,
    Parameter,
    Parameters,
    Severity,
    Subject,
    Unit,
    clear,
    rule,
    unknown,
)
from projects.metrics.types import Reason


@dataclasses.dataclass(frozen=True, slots=True)
class ReviewDates:
    """When a review is due and was completed; None is not known, or not yet.

    ``is_called_off`` marks a review that will not be held.
    """

    due_on: datetime.date | None
    completed_on: datetime.date | None = None
    is_called_off: bool = False


@rule(
    id="review_overdue",
    version=1,
    title="Review overdue",
    subject=Subject.REVIEW,
    citation=(
        "Priority Plan 2022: the verdict of the review decides whether a project may enter its "
        "next stage. The days are presets."
    ),
    parameters={
        "high_after_days": Parameter(
            Decimal(90), Unit.DAYS, "High when overdue for more than this many days"
        ),
    },
)
def review_overdue(facts: ReviewDates, parameters: Parameters, as_of: datetime.date) -> Outcome:
    """Looks for reviews whose due date has passed without completion.

    Medium from the day after the due date, high as set. A review that was called off is not
    concerned, a completed one is clear, and an open one without a due date is unknown.
    """
    figures: dict[str, int | str | None] = {
        "due_on": None if facts.due_on is None else facts.due_on.isoformat(),
        "completed_on": None,
        "days_overdue": None,
    }
    if facts.is_called_off:
        return clear(figures, Reason.NOT_APPLICABLE)
    if facts.completed_on is not None and facts.completed_on <= as_of:
        figures["completed_on"] = facts.completed_on.isoformat()
        return clear(figures)
    if facts.due_on is None:
        return unknown(Reason.NO_DATA, figures)
    days_overdue = (as_of - facts.due_on).days
    if days_overdue <= 0:
        return clear(figures)
    figures["days_overdue"] = days_overdue
    if days_overdue > parameters["high_after_days"]:
        return Outcome(Severity.HIGH, figures)
    return Outcome(Severity.MEDIUM, figures)
