"""The portfolio of projects as it is and as it would be: sums of present values, cost by year, and
the flags that would open, close or change.

Both sides are discounted to one common year, so that they compare; what is unknown is counted and
left out of the sums, never taken for zero.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Generic, TypeVar

from projects.metrics.assumptions import Assumptions
from projects.metrics.investment import Appraisal, appraise
from projects.metrics.promise import Years, aligned
from projects.metrics.risk import Severity
from projects.metrics.types import Measure, Reason


@dataclasses.dataclass(frozen=True, slots=True)
class Project:
    """Yen by fiscal year that a project costs and brings; None is unknown."""

    code: str
    costs: Years
    benefits: Years


def under(project: Project, assumptions: Assumptions) -> Project | None:
    """The project under the assumptions, None where it is dropped.

    A deferred one moves as a whole. The horizon counts from the first year of each project, so that
    a deferral does not shorten what is looked at.
    """
    if project.code in assumptions.dropped:
        return None
    delay = assumptions.deferred.get(project.code, 0)
    costs = {year + delay: amount for year, amount in project.costs.items()}
    benefits = {year + delay: amount for year, amount in project.benefits.items()}
    if assumptions.horizon is not None and (costs or benefits):
        first = min((*costs, *benefits))
        costs = _cut(costs, first, assumptions.horizon)
        benefits = _cut(benefits, first, assumptions.horizon)
    return Project(project.code, costs, benefits)


def _cut(years: Years, first: int, horizon: int) -> dict[int, int | None]:
    """The years within the horizon. Where all lie behind it, there is known to be nothing: zero."""
    kept = {year: amount for year, amount in years.items() if year < first + horizon}
    return kept if kept or not years else {first: 0}


def first_year(projects: Iterable[Project]) -> int | None:
    """The earliest year of any project whose worth is known; None without such a project."""
    known = (aligned(project.costs, project.benefits) for project in projects)
    return min((flows.first for flows in known if flows is not None), default=None)


@dataclasses.dataclass(frozen=True, slots=True)
class Portfolio:
    """Present values of the `known` projects, of `asked`, discounted to `base_year` at `rate`."""

    base_year: int | None
    rate: Decimal
    asked: int
    each: Mapping[str, Appraisal]

    @property
    def known(self) -> int:
        """Projects of which every year of both sides is known."""
        return len(self.each)

    @property
    def pv_costs(self) -> Measure:
        """Σ of the projects' discounted costs, in yen."""
        return self._stated(self.whole.pv_costs)

    @property
    def pv_benefits(self) -> Measure:
        """Σ of the projects' discounted benefits, in yen."""
        return self._stated(self.whole.pv_benefits)

    @property
    def npv(self) -> Measure:
        """Σ discounted benefits − Σ discounted costs, in yen."""
        return self._stated(self.whole.npv)

    @property
    def bcr(self) -> Measure:
        """Σ discounted benefits ÷ Σ discounted costs."""
        return self.whole.bcr if self.each else self._stated(Decimal(0))

    @property
    def roi(self) -> Measure:
        """BCR − 1."""
        return self.whole.roi if self.each else self._stated(Decimal(0))

    @property
    def whole(self) -> Appraisal:
        """The sums as they are; zero where nothing is known."""
        return Appraisal(
            sum((one.pv_costs for one in self.each.values()), Decimal(0)),
            sum((one.pv_benefits for one in self.each.values()), Decimal(0)),
        )

    def _stated(self, value: Decimal) -> Measure:
        if self.each:
            return Measure(value)
        return Measure(None, Reason.NO_DATA if self.asked else Reason.NOT_APPLICABLE)


def portfolio(projects: Sequence[Project], rate: Decimal, base_year: int | None) -> Portfolio:
    """The sums of these projects; `base_year` is that of `first_year` over all that is compared.

    Raises ValueError for a rate of −100 % or less.
    """
    each: dict[str, Appraisal] = {}
    for project in projects:
        flows = aligned(project.costs, project.benefits)
        if flows is not None and base_year is not None:
            each[project.code] = appraise(
                flows.costs, flows.benefits, rate, first=flows.first - base_year
            )
    return Portfolio(base_year, rate, len(projects), each)


@dataclasses.dataclass(frozen=True, slots=True)
class YearCost:
    """What the projects cost in one year, not discounted: yen of `known` of the `asked` projects
    that name the year; None where none of them is known, zero where none names it."""

    value: int | None
    known: int
    asked: int


NO_COST = YearCost(0, 0, 0)


def cost_by_year(projects: Iterable[Project]) -> dict[int, YearCost]:
    """Σ cost by fiscal year, the earliest first."""
    amounts: dict[int, list[int | None]] = {}
    for project in projects:
        for year, amount in project.costs.items():
            amounts.setdefault(year, []).append(amount)
    found = {}
    for year, asked in sorted(amounts.items()):
        known = [amount for amount in asked if amount is not None]
        found[year] = YearCost(sum(known) if known else None, len(known), len(asked))
    return found


def difference(today: Measure, scenario: Measure) -> Measure:
    """Scenario − today; undefined for the first of the two that is, with its reason."""
    for side in (today, scenario):
        if side.value is None:
            return side
    return Measure((scenario.value or Decimal(0)) - (today.value or Decimal(0)))


# Flags --------------------------------------------------------------------------------------------

K = TypeVar("K", bound=Hashable)


@dataclasses.dataclass(frozen=True, slots=True)
class Moved(Generic[K]):
    """A flag that is another under the assumptions: opened where it was `NONE`, closed where it
    becomes so."""

    key: K
    before: Severity
    after: Severity


_GRAVITY = {
    severity: grade
    for grade, severity in enumerate(
        (Severity.NONE, Severity.UNKNOWN, Severity.LOW, Severity.MEDIUM, Severity.HIGH)
    )
}


def moved(today: Mapping[K, Severity], scenario: Mapping[K, Severity]) -> list[Moved[K]]:
    """Flags that differ, the gravest first; a missing one is none. Keeps the order of `today`."""
    keys = dict.fromkeys((*today, *scenario))
    found = [
        Moved(key, today.get(key, Severity.NONE), scenario.get(key, Severity.NONE)) for key in keys
    ]
    return sorted(
        (one for one in found if one.before is not one.after),
        key=lambda one: max(_GRAVITY[one.before], _GRAVITY[one.after]),
        reverse=True,
    )


def counted(flags: Iterable[Severity]) -> Counter[Severity]:
    """How many flags of each severity; what does not fire is left out, what is unknown is not."""
    return Counter(severity for severity in flags if severity is not Severity.NONE)


def findings(counts: Mapping[Severity, int]) -> int:
    """High, medium and low together: what could not be judged is no finding."""
    return sum(number for severity, number in counts.items() if severity.fires)
