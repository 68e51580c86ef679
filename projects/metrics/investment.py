"""Value over investment in money and time: present values, BCR, ROI, IRR, payback.

Discounting is end of year: factor 1 ÷ (1 + rate)^t, the flow of period 0 undiscounted (OMB A-94;
METRICS.md §6). BCR and NPV belong together, with rate and base year stated.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence
from decimal import Decimal

from projects.metrics.types import Measure, Reason

_TINY = 1e-9
_STEPS = 200
_NEWTON, _NEAR, _SAME = 6, Decimal("1e-4"), Decimal("1e-7")


def present_value(flows: Sequence[Decimal], rate: Decimal, *, first: int = 0) -> Decimal:
    """Sum of flows discounted to period 0; `first` is the period of the first flow.

    Raises ValueError for a rate of −100 % or less.
    """
    if rate <= -1:
        raise ValueError("a rate must be above -100 %")
    factor = 1 / (1 + rate)
    return sum((flow * factor**t for t, flow in enumerate(flows, start=first)), Decimal(0))


@dataclasses.dataclass(frozen=True, slots=True)
class Appraisal:
    """Present values of costs and benefits, and what follows from them."""

    pv_costs: Decimal
    pv_benefits: Decimal

    @property
    def npv(self) -> Decimal:
        """Net present value: PV benefits − PV costs."""
        return self.pv_benefits - self.pv_costs

    @property
    def bcr(self) -> Measure:
        """Benefit-cost ratio: PV benefits ÷ PV costs."""
        if self.pv_costs == 0:
            return Measure(None, Reason.ZERO_DENOMINATOR)
        return Measure(self.pv_benefits / self.pv_costs)

    @property
    def roi(self) -> Measure:
        """(PV benefits − PV costs) ÷ PV costs = BCR − 1."""
        bcr = self.bcr
        return bcr if bcr.value is None else Measure(bcr.value - 1)


def appraise(
    costs: Sequence[Decimal], benefits: Sequence[Decimal], rate: Decimal, *, first: int = 1
) -> Appraisal:
    """Costs and benefits (both positive figures) from period `first` on, at a rate."""
    return Appraisal(
        present_value(costs, rate, first=first), present_value(benefits, rate, first=first)
    )


def irr(flows: Sequence[Decimal]) -> list[Decimal]:
    """Every internal rate of return above −100 %, ascending: none, one, or several.

    The rates at which the flows' present value is zero. Found between the turning points of the
    polynomial, so none is missed however often the flows change sign.
    """
    values = [float(flow) for flow in flows]
    while values and values[-1] == 0:
        values.pop()
    while values and values[0] == 0:
        values.pop(0)
    if len(values) < 2:
        return []
    scale = max(abs(value) for value in values)
    roots = _positive_roots([value / scale for value in values])
    rates = [_refined(flows, 1 / x - 1) for x in roots]
    # A turning point that touches zero may be found from both of its sides.
    return sorted({rate.quantize(_SAME): rate for rate in rates}.values())


def _at(coefficients: Sequence[float], x: float) -> float:
    total = 0.0
    for coefficient in reversed(coefficients):
        total = total * x + coefficient
    return total


def _positive_roots(coefficients: Sequence[float]) -> list[float]:
    """Roots above zero of Σ c_t x^t (two terms or more, the last not zero): between its turning
    points it runs one way."""
    if len(coefficients) == 2:
        root = -coefficients[0] / coefficients[1]
        return [root] if root > 0 else []
    slopes = [t * c for t, c in enumerate(coefficients)][1:]
    turns = sorted(_positive_roots(slopes))
    lead = next(c for c in reversed(coefficients) if c)
    bound = 1 + max(abs(c / lead) for c in coefficients)
    edges = [0.0, *(turn for turn in turns if turn < bound), bound]
    found: list[float] = []
    for low, high in itertools.pairwise(edges):
        if abs(_at(coefficients, high)) < _TINY and high < bound:
            found.append(high)  # A turning point that touches zero.
        elif _at(coefficients, low) * _at(coefficients, high) < 0:
            found.append(_bisected(coefficients, low, high))
    return found


def _bisected(coefficients: Sequence[float], low: float, high: float) -> float:
    rises = _at(coefficients, high) > 0
    for _step in range(_STEPS):
        middle = (low + high) / 2
        if (_at(coefficients, middle) > 0) is rises:
            high = middle
        else:
            low = middle
    return (low + high) / 2


def _refined(flows: Sequence[Decimal], rate: float) -> Decimal:
    """One rate made exact to 12 places by Newton's step in decimals; as found where it is flat."""
    best = Decimal(repr(rate))
    for _step in range(_NEWTON):
        value = present_value(flows, best)
        slope = sum((-t * flow / (1 + best) ** (t + 1) for t, flow in enumerate(flows)), Decimal(0))
        step = value / slope if slope else Decimal(0)
        # Where the curve is flat a step would lead astray: the bisected rate stands.
        best -= step if abs(step) <= _NEAR else Decimal(0)
    return best.quantize(Decimal("1e-12"))


def payback(flows: Sequence[Decimal], rate: Decimal = Decimal(0)) -> Measure:
    """Periods until the cumulative (discounted) flow comes back to zero for good, straight between
    two: a sum that falls below zero again had not paid anything back.

    Flows begin at period 0. Not applicable without an outlay; not due where it never comes back.
    """
    factor = 1 / (1 + rate)
    total, was_below = Decimal(0), False
    since: Decimal | None = None
    for t, flow in enumerate(flows):
        step = flow * factor**t
        if total < 0 <= total + step:
            since = Decimal(t - 1) + (-total / step)
        total += step
        was_below = was_below or total < 0
    if not was_below:
        return Measure(None, Reason.NOT_APPLICABLE)
    if total < 0 or since is None:
        return Measure(None, Reason.NOT_DUE)
    return Measure(since)
