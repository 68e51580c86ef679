"""What a project promised its users, held against what it costs, year by year."""

from __future__ import annotations

import dataclasses
import datetime
import functools
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from projects.metrics.investment import Appraisal, appraise, irr, payback
from projects.metrics.periods import fiscal_year_end
from projects.metrics.types import Measure, Reason

Years = Mapping[int, int | None]
"""Yen by fiscal year; None is unknown."""


@dataclasses.dataclass(frozen=True)
class Worth:
    """Value over investment of the years from `base_year` to `last_year`, discounted to the first.

    `flows` are benefits − costs of each year, undiscounted.
    """

    base_year: int
    last_year: int
    rate: Decimal
    appraisal: Appraisal
    flows: Sequence[Decimal]

    @property
    def horizon(self) -> int:
        """Years that are looked at."""
        return self.last_year - self.base_year + 1

    @functools.cached_property
    def rates(self) -> Sequence[Decimal]:
        """All internal rates of return: none, one, or several. Found when asked for: it is the one
        figure here that takes long."""
        return irr(self.flows)

    @property
    def irr(self) -> Measure:
        """The internal rate of return where there is exactly one."""
        if len(self.rates) == 1:
            return Measure(self.rates[0])
        return Measure(None, Reason.NOT_APPLICABLE)

    @property
    def gains_first(self) -> bool:
        """Whether money comes in before it goes out, net: a rate of return is then what the later
        costs amount to, and a higher one is worse."""
        return next((flow > 0 for flow in self.flows if flow), False)

    @property
    def payback(self) -> Measure:
        """Years until the flows' sum is back at zero."""
        return payback(self.flows)

    @property
    def discounted_payback(self) -> Measure:
        """The same of the discounted flows."""
        return payback(self.flows, self.rate)


@dataclasses.dataclass(frozen=True, slots=True)
class Flows:
    """Yen of every year from `first` on, without a gap."""

    first: int
    costs: Sequence[Decimal]
    benefits: Sequence[Decimal]


def aligned(costs: Years, benefits: Years) -> Flows | None:
    """Both over the same years. None without any cost or benefit, and where a year of either is
    unknown: a sum without it would be too small. A year that nobody named has neither."""
    if not is_known(costs) or not is_known(benefits):
        return None
    years = range(min(*costs, *benefits), max(*costs, *benefits) + 1)
    return Flows(
        years[0],
        [Decimal(costs.get(year) or 0) for year in years],
        [Decimal(benefits.get(year) or 0) for year in years],
    )


def worth(costs: Years, benefits: Years, rate: Decimal) -> Worth | None:
    """None where `aligned` is. The first year is period 0, and is not discounted. Raises ValueError
    for a rate of −100 % or less."""
    flows = aligned(costs, benefits)
    if flows is None:
        return None
    net = [gain - cost for gain, cost in zip(flows.benefits, flows.costs, strict=True)]
    return Worth(
        flows.first,
        flows.first + len(net) - 1,
        rate,
        appraise(flows.costs, flows.benefits, rate, first=0),
        net,
    )


def is_known(years: Years) -> bool:
    """Whether there is a year, and every one of them is known."""
    return bool(years) and None not in years.values()


def pooled(many: Iterable[Years]) -> Years:
    """The sums by year over many projects; a year that is unknown to one is unknown."""
    return _summed((year, amount) for years in many for year, amount in years.items())


@dataclasses.dataclass(frozen=True, slots=True)
class Benefit:
    """One benefit of one fiscal year in yen, as planned and as realised; None is unknown."""

    fiscal_year: int
    planned: int | None
    realised: int | None


def as_planned(benefits: Sequence[Benefit]) -> Years:
    """The plan's sums by year; a year with an unknown plan is unknown."""
    return _summed((one.fiscal_year, one.planned) for one in benefits)


def as_expected(benefits: Sequence[Benefit], as_of: datetime.date) -> Years:
    """Realised in years that have ended and were measured; planned in all others."""
    return _summed(
        (
            one.fiscal_year,
            one.realised
            if one.realised is not None and fiscal_year_end(one.fiscal_year) < as_of
            else one.planned,
        )
        for one in benefits
    )


def _summed(pairs: Iterable[tuple[int, int | None]]) -> dict[int, int | None]:
    found: dict[int, int | None] = {}
    for year, amount in pairs:
        before = found.get(year, 0)
        found[year] = None if amount is None or before is None else before + amount
    return found
