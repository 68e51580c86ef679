"""What looks odd in a monthly report, before it is handed over.

Each check is a small function of the report, the reports before it and the plan. A finding either
refuses the report or asks for a reason; a check that lacks a figure says nothing. Sources: what
reviewers of public IT portfolios found wrong in practice (frozen variances, zero variance as a
smell, text against rating: GAO-13-98, GAO-10-701; the reporting rules of the Standard Guideline).
"""

from __future__ import annotations

import dataclasses
import datetime
import enum
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Final

from projects.metrics.periods import next_month


class Level(enum.StrEnum):
    """What a finding does to a report that is handed over."""

    REFUSE = "refuse"
    REASON = "reason"


@dataclasses.dataclass(frozen=True, slots=True)
class Filed:
    """The figures of one report. Yen, percent (0 to 100), confidence 1 to 5; None is unknown."""

    period: datetime.date
    progress: Decimal | None = None
    planned_value: int | None = None
    earned_value: int | None = None
    actual_cost: int | None = None
    forecast_cost: int | None = None
    forecast_end: datetime.date | None = None
    confidence: int | None = None
    narrative: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Plan:
    """What the current baseline says, as far as there is one."""

    budget: int | None = None
    end: datetime.date | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Context:
    """A report with what it is held against: earlier reports, the latest first."""

    report: Filed
    before: Sequence[Filed] = ()
    plan: Plan = Plan()

    @property
    def last(self) -> Filed | None:
        return self.before[0] if self.before else None


@dataclasses.dataclass(frozen=True, slots=True)
class Finding:
    """One check that found something: at which field, with the figures it compared."""

    check: str
    level: Level
    field: str
    figures: dict[str, int | str]


Check = Callable[[Context], dict[str, int | str] | None]

LATER_THAN_PLANNED: Final = Decimal("0.9")
"""Performance index below which a high confidence asks for a reason."""
PROGRESS_GAP: Final = 5
"""Points between progress and earned value ÷ budget above which a reason is asked."""
ZERO_MONTHS: Final = 3
HIGH_CONFIDENCE, LOW_CONFIDENCE = 4, 2

# Words that speak of trouble, and of none. Longer ones hold shorter ones, never the reverse.
TROUBLE: Final = (
    "遅延",
    "遅れ",
    "超過",
    "未達",
    "困難",
    "延期",
    "中断",
    "障害",
    "不具合",
    "深刻",
    "delay",
    "behind schedule",
    "late",
    "overrun",
    "over budget",
    "blocked",
    "red)",
)
CALM: Final = ("計画どおり", "計画通り", "順調", "問題なし", "on track", "as planned", "green)")
# "No delay" is no trouble.
DENIED: Final = (
    "遅延なし",
    "遅れなし",
    "遅延はな",
    "遅れはな",
    "超過なし",
    "障害なし",
    "不具合なし",
    "no delay",
    "without delay",
    "not late",
    "no overrun",
)


def _progress_back(c: Context) -> dict[str, int | str] | None:
    last = c.last
    if last is None or last.progress is None or c.report.progress is None:
        return None
    if c.report.progress >= last.progress:
        return None
    return {"now": str(c.report.progress), "last": str(last.progress)}


def _cost_below_last(c: Context) -> dict[str, int | str] | None:
    last = c.last
    if last is None or last.actual_cost is None or c.report.actual_cost is None:
        return None
    if c.report.actual_cost >= last.actual_cost:
        return None
    return {"now": c.report.actual_cost, "last": last.actual_cost}


def _is_done(report: Filed) -> bool:
    return report.progress is not None and report.progress >= 100


def _forecast_in_past(c: Context) -> dict[str, int | str] | None:
    end = c.report.forecast_end
    # Judged by the month reported on, so that a late report of an earlier month can be true.
    if end is None or _is_done(c.report) or end >= next_month(c.report.period):
        return None
    return {"forecast": end.isoformat(), "month": f"{c.report.period:%Y-%m}"}


def _forecast_below_actual(c: Context) -> dict[str, int | str] | None:
    forecast, actual = c.report.forecast_cost, c.report.actual_cost
    if forecast is None or actual is None or forecast >= actual:
        return None
    return {"forecast": forecast, "actual": actual}


def _earned_above_budget(c: Context) -> dict[str, int | str] | None:
    earned, budget = c.report.earned_value, c.plan.budget
    if earned is None or budget is None or earned <= budget:
        return None
    return {"earned": earned, "budget": budget}


def _progress_against_earned(c: Context) -> dict[str, int | str] | None:
    earned, budget, progress = c.report.earned_value, c.plan.budget, c.report.progress
    if earned is None or not budget or progress is None:
        return None
    by_value = Decimal(earned) * 100 / budget
    if abs(by_value - progress) <= PROGRESS_GAP:
        return None
    return {"progress": str(progress), "earned": str(by_value.quantize(Decimal("0.1")))}


def _is_zero(report: Filed) -> bool:
    return (
        report.planned_value is not None
        and report.planned_value == report.earned_value == report.actual_cost
    )


def _zero_variance(c: Context) -> dict[str, int | str] | None:
    months = (c.report, *c.before)[:ZERO_MONTHS]
    if len(months) < ZERO_MONTHS or not all(_is_zero(month) for month in months):
        return None
    return {"months": ZERO_MONTHS}


def _found(words: Sequence[str], text: str) -> str:
    return next((word for word in words if word in text), "")


def _text_against_rating(c: Context) -> dict[str, int | str] | None:
    rating, text = c.report.confidence, c.report.narrative.lower()
    if rating is None:
        return None
    for denied in DENIED:
        text = text.replace(denied, "")
    trouble, calm = _found(TROUBLE, text), _found(CALM, text)
    if rating >= HIGH_CONFIDENCE and trouble:
        return {"word": trouble, "confidence": rating}
    if rating <= LOW_CONFIDENCE and calm and not trouble:
        return {"word": calm, "confidence": rating}
    return None


def _index(above: int | None, below: int | None) -> Decimal | None:
    return None if above is None or not below else Decimal(above) / below


def _rating_against_figures(c: Context) -> dict[str, int | str] | None:
    report = c.report
    if report.confidence is None or report.confidence < HIGH_CONFIDENCE:
        return None
    indices = {
        "SPI": _index(report.earned_value, report.planned_value),
        "CPI": _index(report.earned_value, report.actual_cost),
    }
    for name, index in indices.items():
        if index is not None and index < LATER_THAN_PLANNED:
            return {
                "index": name,
                "value": str(index.quantize(Decimal("0.01"))),
                "confidence": report.confidence,
            }
    return None


def _incomplete(c: Context) -> dict[str, int | str] | None:
    missing = [
        name
        for name in ("progress", "actual_cost", "forecast_end", "confidence")
        if getattr(c.report, name) is None
    ]
    return {"missing": ",".join(missing)} if missing else None


def _jump(c: Context) -> dict[str, int | str] | None:
    """Finished work with a finish still to come."""
    end = c.report.forecast_end
    if end is None or not _is_done(c.report) or end < next_month(c.report.period):
        return None
    return {"forecast": end.isoformat()}


@dataclasses.dataclass(frozen=True, slots=True)
class Rule:
    """A check with what it does and the field that it is told at."""

    id: str
    level: Level
    field: str
    look: Check


CHECKS: Final[tuple[Rule, ...]] = (
    Rule("progress_back", Level.REASON, "progress_percent", _progress_back),
    Rule("cost_below_last", Level.REASON, "actual_cost", _cost_below_last),
    Rule("forecast_in_past", Level.REFUSE, "forecast_end_on", _forecast_in_past),
    Rule("forecast_below_actual", Level.REFUSE, "forecast_cost", _forecast_below_actual),
    Rule("earned_above_budget", Level.REFUSE, "earned_value", _earned_above_budget),
    Rule("progress_against_earned", Level.REASON, "earned_value", _progress_against_earned),
    Rule("done_but_not_finished", Level.REASON, "forecast_end_on", _jump),
    Rule("zero_variance", Level.REASON, "earned_value", _zero_variance),
    Rule("text_against_rating", Level.REASON, "narrative", _text_against_rating),
    Rule("rating_against_figures", Level.REASON, "confidence", _rating_against_figures),
    Rule("incomplete", Level.REASON, "progress_percent", _incomplete),
)


def examine(context: Context) -> list[Finding]:
    """Everything odd about a report, in the order of the form."""
    found = []
    for rule in CHECKS:
        figures = rule.look(context)
        if figures is not None:
            found.append(Finding(rule.id, rule.level, rule.field, figures))
    return found


@dataclasses.dataclass(frozen=True, slots=True)
class Step:
    """One milestone: its weight, and whether it was reached by the end of a month."""

    weight: int
    planned: datetime.date
    reached: datetime.date | None = None


def by_milestones(
    steps: Sequence[Step], budget: int | None, period: datetime.date
) -> tuple[Decimal | None, int | None, int | None]:
    """Progress (percent), earned and planned value (yen) from weighted milestones at the end of a
    month: a milestone earns its whole weight when it is reached, nothing before (0/100 rule).

    All None without a weight; the yen are None without a budget.
    """
    total = sum(step.weight for step in steps)
    if not total:
        return None, None, None
    after = next_month(period)
    done = sum(s.weight for s in steps if s.reached is not None and s.reached < after)
    due = sum(s.weight for s in steps if s.planned < after)
    progress = (Decimal(done) * 100 / total).quantize(Decimal("0.01"))
    if budget is None:
        return progress, None, None
    return progress, budget * done // total, budget * due // total
