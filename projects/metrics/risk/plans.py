"""Projects against their plans: the first one, so that re-baselining hides nothing."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Sequence
from decimal import Decimal

from projects.metrics import variance
from projects.metrics.risk.registry import (
    Figures,
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

_US = "The 10 and 30 % are those of the US Federal IT Dashboard, a preset."


@dataclasses.dataclass(frozen=True, slots=True)
class Plan:
    """One baseline: when it was agreed, its dates, and its budget in yen."""

    agreed_on: datetime.date
    start_on: datetime.date
    end_on: datetime.date
    budget: int

    @property
    def days(self) -> int:
        """Planned length."""
        return (self.end_on - self.start_on).days


@dataclasses.dataclass(frozen=True, slots=True)
class Delivery:
    """A project's plans in their order, and what its latest report expects; None is unknown.

    ``exact_months`` counts the latest reports in a row whose forecasts are the current plan to the
    yen and the day. ``is_done`` when all the work is reported done.
    """

    plans: Sequence[Plan]
    forecast_cost: int | None = None
    forecast_end_on: datetime.date | None = None
    exact_months: int | None = None
    is_running: bool = True
    is_done: bool = False


def _ready(facts: Delivery, figures: Figures) -> Outcome | None:
    """The answer for a project that is not judged; None for one that is."""
    if not facts.is_running:
        return clear(figures, Reason.NOT_APPLICABLE)
    return None if facts.plans else unknown(Reason.NO_DATA, figures)


@rule(
    id="cost_overrun",
    version=1,
    title="Cost above the first plan",
    subjects=(Subject.PROJECT,),
    sources=(Source.BASELINE, Source.UPDATE),
    citation=f"{_US} A project over its plan is told apart from one below it.",
    parameters=bounds("0.10", "0.30", Unit.RATIO, "ratio"),
)
def cost_overrun(facts: Delivery, parameters: Parameters, as_of: datetime.date) -> Outcome:
    """Compares the expected final cost with the first baseline.

    A cost below the plan never raises a flag. Projects that no longer build, or have ended, are not concerned. Unknown without a
    baseline or a forecast; a first budget of zero has no ratio and is not judged.
    """
    figures: dict[str, int | str | None] = {
        "first_budget": facts.plans[0].budget if facts.plans else None,
        "current_budget": facts.plans[-1].budget if facts.plans else None,
        "forecast_cost": facts.forecast_cost,
        "growth": None,
    }
    settled = _ready(facts, figures)
    if settled is not None:
        return settled
    if facts.forecast_cost is None:
        return unknown(Reason.NO_DATA, figures)
    first = facts.plans[0].budget
    if first == 0:
        return clear(figures, Reason.ZERO_DENOMINATOR)
    growth = Decimal(facts.forecast_cost - first) / first
    figures["growth"] = as_text(growth)
    return graded(growth, parameters, figures, "ratio")


@rule(
    id="schedule_slip",
    version=1,
    title="Finish after the first plan",
    subjects=(Subject.PROJECT,),
    sources=(Source.BASELINE, Source.UPDATE),
    citation=f"{_US} An end that has passed unreached is late today, whatever was forecast.",
    parameters=bounds("0.10", "0.30", Unit.RATIO, "ratio"),
)
def schedule_slip(facts: Delivery, parameters: Parameters, as_of: datetime.date) -> Outcome:
    """Compares the expected finish with the first baseline, as a share of the planned days.

    Expected is the forecast while it lies ahead, else today; where all work is done, the forecast
    as reported. Projects that no longer build, or have ended, are not concerned. Unknown without a baseline, or without a
    forecast before the planned end; a plan of no length is not judged.
    """
    first = facts.plans[0] if facts.plans else None
    figures: dict[str, int | str | None] = {
        "first_end": None if first is None else first.end_on.isoformat(),
        "current_end": facts.plans[-1].end_on.isoformat() if facts.plans else None,
        "forecast_end": None,
        "days_late": None,
        "slip": None,
    }
    settled = _ready(facts, figures)
    if first is None or settled is not None:
        return settled or unknown(Reason.NO_DATA, figures)
    forecast = facts.forecast_end_on
    dates = variance.Dates(
        first.start_on,
        first.end_on,
        None if facts.is_done else forecast,
        forecast if facts.is_done else None,
    )
    end = variance.expected_end(dates, as_of)
    if end is None:
        return unknown(Reason.NO_DATA, figures)
    figures["forecast_end"] = end.isoformat()
    days_late = (end - first.end_on).days
    figures["days_late"] = days_late
    if first.days == 0:
        return clear(figures, Reason.ZERO_DENOMINATOR)
    slip = Decimal(days_late) / first.days
    figures["slip"] = as_text(slip)
    return graded(slip, parameters, figures, "ratio")


@rule(
    id="baseline_growth",
    version=1,
    title="Plan grown since the first",
    subjects=(Subject.PROJECT,),
    sources=(Source.BASELINE,),
    citation="GAO on the US dashboard: new baselines hid growth. The shares are presets.",
    parameters=bounds("0.10", "0.30", Unit.RATIO, "ratio"),
)
def baseline_growth(facts: Delivery, parameters: Parameters, as_of: datetime.date) -> Outcome:
    """Compares the current baseline with the first: the larger of the growth of its budget and of
    its length.

    Projects that no longer build, or have ended, are not concerned. Unknown without a baseline; where both the budget and the
    length of the first are zero there is nothing to compare with.
    """
    figures: dict[str, int | str | None] = {
        "plans": len(facts.plans),
        "budget_growth": None,
        "length_growth": None,
    }
    settled = _ready(facts, figures)
    if settled is not None:
        return settled
    first, current = facts.plans[0], facts.plans[-1]
    grown: list[Decimal] = []
    pairs = (("budget", first.budget, current.budget), ("length", first.days, current.days))
    for name, before, after in pairs:
        if before:
            grown.append(Decimal(after - before) / before)
            figures[f"{name}_growth"] = as_text(grown[-1])
    if not grown:
        return clear(figures, Reason.ZERO_DENOMINATOR)
    return graded(max(grown), parameters, figures, "ratio")


@rule(
    id="rebaselined",
    version=1,
    title="Plan replaced again",
    subjects=(Subject.PROJECT,),
    sources=(Source.BASELINE,),
    citation=(
        "DESIGN of this product: original baselines stay for ever, so that a slip cannot be hidden "
        "by a new plan. The numbers are presets."
    ),
    parameters={
        "window_years": Parameter(Decimal(3), Unit.YEARS, "Counts new plans of so many years"),
        **bounds(2, 3, Unit.COUNT, "times"),
    },
)
def rebaselined(facts: Delivery, parameters: Parameters, as_of: datetime.date) -> Outcome:
    """Counts the baselines after the first that were agreed within the window.

    Projects that no longer build, or have ended, are not concerned. Unknown without a baseline.
    """
    since = as_of - datetime.timedelta(days=int(parameters["window_years"] * 365))
    new = sum(since <= plan.agreed_on <= as_of for plan in facts.plans[1:])
    figures: dict[str, int | str | None] = {"new_plans": new, "plans": len(facts.plans)}
    settled = _ready(facts, figures)
    return settled or graded(new, parameters, figures, "times")


@rule(
    id="zero_variance",
    version=1,
    title="Never a difference from the plan",
    subjects=(Subject.PROJECT,),
    sources=(Source.BASELINE, Source.UPDATE),
    citation=(
        "GAO on the US dashboard: whole agencies reported no variance at all. A forecast that is "
        "the plan to the yen and the day, month after month, is seldom a measurement. The months "
        "are presets."
    ),
    parameters={
        "low_from_months": Parameter(Decimal(6), Unit.MONTHS, "Low from so many reports in a row"),
        "medium_from_months": Parameter(Decimal(12), Unit.MONTHS, "Medium from so many"),
    },
)
def zero_variance(facts: Delivery, parameters: Parameters, as_of: datetime.date) -> Outcome:
    """Counts the latest reports in a row that forecast exactly the plan.

    It asks a question and proves nothing, so it is never high. Projects that no longer build, or have ended, are not concerned.
    Unknown without a baseline or a report.
    """
    figures: dict[str, int | str | None] = {"exact_months": facts.exact_months}
    settled = _ready(facts, figures)
    if settled is not None:
        return settled
    if facts.exact_months is None:
        return unknown(Reason.NO_DATA, figures)
    if facts.exact_months >= parameters["medium_from_months"]:
        return Outcome(Severity.MEDIUM, figures)
    if facts.exact_months >= parameters["low_from_months"]:
        return Outcome(Severity.LOW, figures)
    return clear(figures)
