"""Competitions that had one bidder."""

from __future__ import annotations

import dataclasses
import datetime
from decimal import Decimal

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
from projects.metrics.types import Figure, Reason, reason_for


@dataclasses.dataclass(frozen=True, slots=True)
class Award:
    """How a contract was placed; None is unknown.

    ``bidders`` counts them, or says why not. ``amount`` is in yen; ``award_ratio`` is price /
    ceiling price; ``has_reason`` tells whether the reason for the single bid, and what will be
    done about it, is on record.
    """

    is_competitive: bool | None
    bidders: Figure
    amount: int | None = None
    award_ratio: Decimal | None = None
    has_reason: bool = False


@rule(
    id="single_bidder",
    version=1,
    title="Single bidder",
    subjects=(Subject.CONTRACT,),
    sources=(Source.CONTRACT,),
    citation=(
        "Board of Audit: 73.9 % of competitive IT contracts of FY2018 had one bidder, at 96.0 % of "
        "the ceiling price against 82.5 % with two or more. RS 2024 table 5-4 asks for the reason "
        "from 1,000,000,000 yen. The award ratio is a preset."
    ),
    parameters={
        "large_amount_yen": Parameter(
            Decimal(1_000_000_000), Unit.YEN, "Contracts from this amount owe a reason"
        ),
        "high_award_ratio": Parameter(
            Decimal("0.99"), Unit.RATIO, "A large contract awarded from this ratio is high"
        ),
    },
)
def single_bidder(facts: Award, parameters: Parameters, as_of: datetime.date) -> Outcome:
    """Looks for competitive contracts with exactly one bidder.

    Medium; high for a large contract without a reason on record, or awarded at close to the
    ceiling price. Contracts placed without competition are not concerned. Unknown if the method
    or the number of bidders is not known, or the number is below one.
    """
    figures = {
        "is_competitive": None if facts.is_competitive is None else int(facts.is_competitive),
        "bidders": facts.bidders.value,
        "amount": facts.amount,
        "award_ratio": None if facts.award_ratio is None else as_text(facts.award_ratio),
        "has_reason": int(facts.has_reason),
    }
    if facts.is_competitive is None:
        return unknown(Reason.NO_DATA, figures)
    if not facts.is_competitive:
        return clear(figures, Reason.NOT_APPLICABLE)
    if facts.bidders.value is None:
        return unknown(reason_for(facts.bidders) or Reason.NO_DATA, figures)
    if facts.bidders.value < 1:
        return unknown(Reason.INCONSISTENT, figures)
    if facts.bidders.value > 1:
        return clear(figures)
    is_large = facts.amount is not None and facts.amount >= parameters["large_amount_yen"]
    is_near_ceiling = (
        facts.award_ratio is not None and facts.award_ratio >= parameters["high_award_ratio"]
    )
    if is_large and (is_near_ceiling or not facts.has_reason):
        return Outcome(Severity.HIGH, figures)
    return Outcome(Severity.MEDIUM, figures)
