"""Calibration of raters: what came after each rating that an agency gave."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Final

from projects.metrics.outlook.warning import Case, Sign
from projects.metrics.types import Measure, Reason

PULL: Final = 10
"""A group's rate is pulled towards that of the whole government as if by so many cases."""
MIN_GROUP: Final = 5
"""Fewer cases than this are not judged."""


@dataclasses.dataclass(frozen=True, slots=True)
class Tally:
    """How often a sign came among the cases in which it is known."""

    cases: int
    events: int


@dataclasses.dataclass(frozen=True, slots=True)
class Outcome:
    """After one rating of one rater: the plain tally and the rate, shrunk towards the government's
    rate after the same rating. No rate for fewer than `MIN_GROUP` cases."""

    tally: Tally
    rate: Measure


Tallies = Mapping[tuple[str, int], Tally]
"""By rater and rating."""


def tally(cases: Iterable[tuple[str, Case]], sign: Sign) -> dict[tuple[str, int], Tally]:
    """Count what came after each rating; cases without a rating or a known outcome are left out."""
    counts: dict[tuple[str, int], list[int]] = {}
    for rater, case in cases:
        came = case.signs.get(sign)
        if case.now.rating is None or came is None:
            continue
        entry = counts.setdefault((rater, case.now.rating), [0, 0])
        entry[0] += 1
        entry[1] += came
    return {key: Tally(*entry) for key, entry in counts.items()}


def whole(tallies: Tallies, rating: int) -> Tally:
    """All raters together, after one rating."""
    mine = [item for (_rater, level), item in tallies.items() if level == rating]
    return Tally(sum(item.cases for item in mine), sum(item.events for item in mine))


def outcome(tallies: Tallies, rater: str, rating: int) -> Outcome:
    """One rater and rating. Shrunk rate = (events + PULL × government's rate) ÷ (cases + PULL)."""
    mine = tallies.get((rater, rating), Tally(0, 0))
    if mine.cases < MIN_GROUP:
        return Outcome(mine, Measure(None, Reason.NO_DATA))
    everyone = whole(tallies, rating)
    base = Decimal(everyone.events) / everyone.cases
    return Outcome(mine, Measure((mine.events + PULL * base) / (mine.cases + PULL)))
