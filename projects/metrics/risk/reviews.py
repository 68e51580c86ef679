"""Reviews that should have been held."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Sequence
from decimal import Decimal

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
class ReviewDates:
    """When a review is due and was held (None: not known, or not yet), and if it is complete."""

    due_on: datetime.date | None
    is_complete: bool = False
    held_on: datetime.date | None = None


@rule(
    id="review_overdue",
    version=1,
    title="Review overdue",
    subjects=(Subject.REVIEW,),
    sources=(Source.REVIEW,),
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

    Medium from the day after the due date, high as set. A complete review is clear from the day it
    was held; one that was held but is not complete stays open. An open review without a due date
    is unknown.
    """
    figures: dict[str, int | str | None] = {
        "due_on": None if facts.due_on is None else facts.due_on.isoformat(),
        "held_on": None if facts.held_on is None else facts.held_on.isoformat(),
        "days_overdue": None,
    }
    if facts.is_complete and (facts.held_on is None or facts.held_on <= as_of):
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


@dataclasses.dataclass(frozen=True, slots=True)
class OpenFinding:
    """A finding that the reviewer has not accepted as done; None is no due day."""

    due_on: datetime.date | None
    is_major: bool = False


@rule(
    id="finding_overdue",
    version=1,
    title="Findings not settled in time",
    subjects=(Subject.REVIEW,),
    sources=(Source.REVIEW,),
    citation=(
        "Policy of 2017: follow-up of third-party verification. Every finding has an owner and a "
        "day, as each action of a TechStat has. The days are presets."
    ),
    parameters={
        "high_after_days": Parameter(
            Decimal(90), Unit.DAYS, "High when one is overdue for more than this many days"
        ),
    },
)
def finding_overdue(
    facts: Sequence[OpenFinding], parameters: Parameters, as_of: datetime.date
) -> Outcome:
    """Counts a review's open findings whose day has passed.

    Medium; high when one is major or overdue for long. Unknown if none is overdue and one has no
    day.
    """
    days = [(as_of - one.due_on).days for one in facts if one.due_on is not None]
    overdue = [number for number in days if number > 0]
    is_major = any(one.is_major and one.due_on is not None and one.due_on < as_of for one in facts)
    figures: dict[str, int | str | None] = {
        "open": len(facts),
        "overdue": len(overdue),
        "days_overdue": max(overdue, default=None),
        "major": int(is_major),
    }
    if not overdue:
        if len(days) < len(facts):
            return unknown(Reason.NO_DATA, figures)
        return clear(figures)
    is_long = max(overdue) > parameters["high_after_days"]
    return Outcome(Severity.HIGH if is_major or is_long else Severity.MEDIUM, figures)
