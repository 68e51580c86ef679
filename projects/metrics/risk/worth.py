"""Whether users get what they were promised: goals, outcomes and benefits."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Sequence
from decimal import Decimal

from projects.metrics.investment import appraise
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
    bounds,
    clear,
    graded,
    rule,
    unknown,
)
from projects.metrics.types import Reason


@dataclasses.dataclass(frozen=True, slots=True)
class Goals:
    """The goals of one system or project: how many have a target for the latest year, of how many
    the actual is known, and how many of those missed it."""

    asked: int
    known: int
    missed: int
    is_running: bool = True


@rule(
    id="kpi_off_target",
    version=1,
    title="Goals missed",
    subjects=(Subject.SYSTEM, Subject.PROJECT),
    sources=(Source.KPI,),
    citation=(
        "Policy of 2017: investment is judged by what users get. Met or not by the US rule, in "
        "the goal's direction. The shares are presets."
    ),
    parameters={
        **bounds("0.25", "0.50", Unit.RATIO, "ratio"),
        "high_from_missed": Parameter(Decimal(2), Unit.COUNT, "One missed goal alone is no high"),
    },
)
def kpi_off_target(facts: Goals, parameters: Parameters, as_of: datetime.date) -> Outcome:
    """The share of judged goals that missed their target in the latest year with a target.

    Without any target there is nothing to judge. Unknown if targets exist and no actual is known.
    """
    figures: dict[str, int | str | None] = {
        "asked": facts.asked,
        "known": facts.known,
        "missed": facts.missed,
        "share": None,
    }
    if not facts.is_running or not facts.asked:
        return clear(figures, Reason.NOT_APPLICABLE)
    if not facts.known:
        return unknown(Reason.NO_DATA, figures)
    share = Decimal(facts.missed) / facts.known
    figures["share"] = as_text(share)
    found = graded(share, parameters, figures, "ratio")
    if found.severity is Severity.HIGH and facts.missed < parameters["high_from_missed"]:
        return Outcome(Severity.MEDIUM, figures)
    return found


@dataclasses.dataclass(frozen=True, slots=True)
class Outcomes:
    """How many outcome goals one has, how many were ever measured, and its latest yearly cost in
    yen (None is unknown)."""

    outcomes: int
    measured: int
    cost: int | None
    is_running: bool = True


@rule(
    id="no_outcome",
    version=1,
    title="Money without a measured outcome",
    subjects=(Subject.SYSTEM, Subject.PROJECT),
    sources=(Source.KPI, Source.BUDGET, Source.EXECUTION),
    citation=(
        "Policy of 2017, direction 3-2: cost alone is not enough, the value for users is judged. "
        "The amount is a preset."
    ),
    parameters={
        "from_yen": Parameter(Decimal(100_000_000), Unit.YEN, "Asked from this yearly cost"),
        "high_from_yen": Parameter(
            Decimal(10_000_000_000), Unit.YEN, "High from this yearly cost without an outcome"
        ),
    },
)
def no_outcome(facts: Outcomes, parameters: Parameters, as_of: datetime.date) -> Outcome:
    """Looks for costly systems and projects whose value nobody measures.

    Low if an outcome is named and was never measured, medium if none is named, high if moreover
    the cost is very large. Small ones are not asked. Unknown if the cost is unknown.
    """
    figures: dict[str, int | str | None] = {
        "outcomes": facts.outcomes,
        "measured": facts.measured,
        "cost": facts.cost,
    }
    if not facts.is_running:
        return clear(figures, Reason.NOT_APPLICABLE)
    if facts.measured:
        return clear(figures)
    if facts.cost is None:
        return unknown(Reason.NO_DATA, figures)
    if facts.cost < parameters["from_yen"]:
        return clear(figures, Reason.NOT_APPLICABLE)
    if facts.outcomes:
        return Outcome(Severity.LOW, figures)
    is_large = facts.cost >= parameters["high_from_yen"]
    return Outcome(Severity.HIGH if is_large else Severity.MEDIUM, figures)


@dataclasses.dataclass(frozen=True, slots=True)
class BenefitYear:
    """Planned and realised benefit of one fiscal year, in yen; None is unknown."""

    fiscal_year: int
    planned: int | None
    realised: int | None


@dataclasses.dataclass(frozen=True, slots=True)
class CostYear:
    """What one fiscal year costs, spent or else budgeted, in yen."""

    fiscal_year: int
    cost: int | None


@dataclasses.dataclass(frozen=True, slots=True)
class Promise:
    """What a project costs and what it promised."""

    costs: Sequence[CostYear]
    benefits: Sequence[BenefitYear]
    is_running: bool = True


@rule(
    id="bcr_below_one",
    version=1,
    title="Benefits below the costs",
    subjects=(Subject.PROJECT,),
    sources=(Source.BASELINE, Source.BUDGET, Source.EXECUTION, Source.KPI),
    citation="OMB Circular A-94; 4 % a year is Japan's customary rate. The ratios are presets.",
    parameters={
        "rate_ratio": Parameter(Decimal("0.04"), Unit.RATIO, "Discount rate a year"),
        "medium_below_ratio": Parameter(Decimal(1), Unit.RATIO, "Medium below this ratio"),
        "high_below_ratio": Parameter(Decimal("0.5"), Unit.RATIO, "High below this ratio"),
    },
)
def bcr_below_one(facts: Promise, parameters: Parameters, as_of: datetime.date) -> Outcome:
    """Benefit-cost ratio of all known years, discounted to the first one.

    A benefit counts as realised where that is known, else as planned. Unknown without any benefit
    or cost, and where a year's benefit or cost is unknown: a sum without it would be too small.
    Costs of zero have no ratio.
    """
    costs: dict[int, int] = {}
    gains: dict[int, int] = {}
    is_complete = True
    for cost in facts.costs:
        is_complete = is_complete and cost.cost is not None
        costs[cost.fiscal_year] = cost.cost or 0
    for year in facts.benefits:
        gain = year.planned if year.realised is None else year.realised
        is_complete = is_complete and gain is not None
        gains[year.fiscal_year] = gains.get(year.fiscal_year, 0) + (gain or 0)
    figures: dict[str, int | str | None] = {
        "first_year": None,
        "last_year": None,
        "pv_costs": None,
        "pv_benefits": None,
        "bcr": None,
    }
    if not facts.is_running:
        return clear(figures, Reason.NOT_APPLICABLE)
    if not costs or not gains or not is_complete:
        return unknown(Reason.NO_DATA, figures)
    years = range(min(*costs, *gains), max(*costs, *gains) + 1)
    found = appraise(
        [Decimal(costs.get(year, 0)) for year in years],
        [Decimal(gains.get(year, 0)) for year in years],
        parameters["rate_ratio"],
        first=0,
    )
    figures |= {
        "first_year": years[0],
        "last_year": years[-1],
        "pv_costs": int(found.pv_costs),
        "pv_benefits": int(found.pv_benefits),
    }
    ratio = found.bcr.value
    if ratio is None:
        return clear(figures, Reason.ZERO_DENOMINATOR)
    figures["bcr"] = as_text(ratio)
    return _below(ratio, parameters, figures)


@rule(
    id="benefit_shortfall",
    version=1,
    title="Benefits short of the plan",
    subjects=(Subject.PROJECT,),
    sources=(Source.KPI,),
    citation="Standard Guideline: realising benefits (便益の実現). The ratios are presets.",
    parameters={
        "medium_below_ratio": Parameter(Decimal("0.8"), Unit.RATIO, "Medium below this share"),
        "high_below_ratio": Parameter(Decimal("0.5"), Unit.RATIO, "High below this share"),
    },
)
def benefit_shortfall(facts: Promise, parameters: Parameters, as_of: datetime.date) -> Outcome:
    """Realised benefits over planned ones, in the finished years of which both are known.

    Without a plan for a finished year there is nothing to judge. Unknown if plans exist and no
    finished year says what was realised.
    """
    over = [
        year
        for year in facts.benefits
        if (year.planned or 0) > 0 and fiscal_year_end(year.fiscal_year) < as_of
    ]
    known = [year for year in over if year.realised is not None]
    planned = sum(year.planned or 0 for year in known)
    realised = sum(year.realised or 0 for year in known)
    figures: dict[str, int | str | None] = {
        "years": len(known),
        "asked": len(over),
        "planned": planned if known else None,
        "realised": realised if known else None,
        "share": None,
    }
    if not over:
        return clear(figures, Reason.NOT_APPLICABLE)
    if not known:
        return unknown(Reason.NO_DATA, figures)
    share = Decimal(realised) / planned
    figures["share"] = as_text(share)
    return _below(share, parameters, figures)


def _below(share: Decimal, parameters: Parameters, figures: dict[str, int | str | None]) -> Outcome:
    if share < parameters["high_below_ratio"]:
        return Outcome(Severity.HIGH, figures)
    if share < parameters["medium_below_ratio"]:
        return Outcome(Severity.MEDIUM, figures)
    return clear(figures)
