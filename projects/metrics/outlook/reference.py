"""The outside view: what became of projects like this one, as shares of their first plan.

Overruns of IT are fat-tailed (Flyvbjerg and others 2022), so there are quantiles and the share in
the tail, never a mean.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from projects.metrics.types import Measure, Reason

MIN_CLASS: Final = 10
"""A class of fewer finished projects says nothing."""
TAIL: Final = Decimal("1.5")
"""An outcome above one and a half times the plan lies in the tail."""
PUBLISHED_CASES, PUBLISHED_TAIL = 5_392, Decimal("0.18")
"""IT projects, and the share of them that ended above +50 % cost (Flyvbjerg and others 2022)."""


@dataclasses.dataclass(frozen=True, slots=True)
class Spread:
    """Outcome ÷ first plan of a class: the half and four fifths of the projects that stayed below,
    and the share above `TAIL`. `cases` are the finished projects of the class."""

    cases: int
    p50: Measure
    p80: Measure
    tail: Measure


def spread(ratios: Sequence[Decimal]) -> Spread:
    """Undefined in all three for fewer than `MIN_CLASS` ratios."""
    if len(ratios) < MIN_CLASS:
        few = Measure(None, Reason.NO_DATA)
        return Spread(len(ratios), few, few, few)
    ordered = sorted(ratios)
    above = sum(ratio > TAIL for ratio in ordered)
    return Spread(
        len(ordered),
        Measure(quantile(ordered, Decimal("0.5"))),
        Measure(quantile(ordered, Decimal("0.8"))),
        Measure(Decimal(above) / len(ordered)),
    )


def quantile(ordered: Sequence[Decimal], share: Decimal) -> Decimal:
    """Of values in rising order, interpolated between neighbours (as Excel's PERCENTILE.INC).

    Raises ValueError without a value.
    """
    if not ordered:
        raise ValueError("no values")
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


# Optimism bias ------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True, slots=True)
class Bias:
    """Upper and lower optimism bias of a kind of work, in percent of the estimate; the duration is
    None where the source gives none."""

    id: str
    duration: tuple[int, int] | None
    cost: tuple[int, int]


BIASES: Final = {
    bias.id: bias
    for bias in (
        Bias("equipment", (54, 10), (200, 10)),
        Bias("outsourcing", None, (41, 0)),
        Bias("standard_buildings", (4, 1), (24, 2)),
        Bias("non_standard_buildings", (39, 2), (51, 4)),
        Bias("standard_civil", (20, 1), (44, 3)),
        Bias("non_standard_civil", (25, 3), (66, 6)),
    )
}
"""Mott MacDonald 2002, in the UK's Green Book: supplementary guidance on optimism bias. IT is
`equipment` (Equipment/Development)."""


def managed(upper: Decimal, reduction: Decimal) -> Decimal:
    """What is left of an upper bias, both in percent, when its causes are managed by `reduction`.

    Raises ValueError unless `reduction` lies from 0 to 100.
    """
    if not 0 <= reduction <= 100:
        raise ValueError(reduction)
    return (100 - reduction) / 100 * upper


def mixed(parts: Sequence[tuple[Decimal, Decimal]]) -> Decimal:
    """The bias of a project of several kinds: pairs of share (0 to 1) and bias in percent.

    Raises ValueError unless the shares make up one.
    """
    if sum(share for share, _bias in parts) != 1:
        raise ValueError("the shares do not make up one")
    return sum((share * bias for share, bias in parts), Decimal(0))


def uplifted(estimate: Decimal, percent: Decimal) -> Decimal:
    """An estimate, in any unit, with a bias in percent on top."""
    return estimate * (100 + percent) / 100
