"""Two statements about one thing that cannot both be right, or ask how they both can be.

None of these is a risk by itself: each asks somebody to look. What is unknown contradicts nothing.
"""

from __future__ import annotations

import dataclasses
import datetime
import enum
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Final

from projects.metrics.periods import fiscal_year_of


class Kind(enum.StrEnum):
    """What contradicts what."""

    RATING_VARIANCE = "rating_variance"
    NARRATIVE_RATING = "narrative_rating"
    KPIS_RATING = "kpis_rating"
    TEN_TIMES = "ten_times"
    DATE_ORDER = "date_order"
    MILESTONE_DATE = "milestone_date"
    ABOVE_LEDGER = "above_ledger"
    ZERO_VARIANCE = "zero_variance"
    CLOSED_FUNDED = "closed_funded"


Fact = str | int | Decimal | datetime.date


@dataclasses.dataclass(frozen=True, slots=True)
class Contradiction:
    """One kind with the facts of its two statements."""

    kind: Kind
    facts: Mapping[str, Fact]


@dataclasses.dataclass(frozen=True, slots=True)
class Report:
    """The latest approved report of a project; money in yen, None is unknown.

    `confidence` runs from 1 (worst) to 5.
    """

    month: datetime.date
    confidence: int | None = None
    narrative: str = ""
    progress: Decimal | None = None
    planned_value: int | None = None
    earned_value: int | None = None
    actual_cost: int | None = None
    forecast_cost: int | None = None
    forecast_end: datetime.date | None = None


LOW_INDEX: Final = Decimal("0.9")
CONFIDENT, DOUBTFUL = 4, 2
_TROUBLE: Final = re.compile(
    r"遅れ|遅延|超過|不足|困難|不調|\bdelay|\bbehind\b|\blate\b|\boverrun|\bshortage", re.IGNORECASE
)
_CALM: Final = re.compile(
    r"順調|計画どおり|計画通り|課題なし|問題なし|\bon track\b|\bas planned\b|\bno issues?\b",
    re.IGNORECASE,
)
_DENIED: Final = re.compile(
    r"(遅れ|遅延|超過|不足|困難|不調)(は|も|が)?(ない|なく|なし|無し|ありません|解消)"
    r"|\b(no|not|without)\s+(any\s+)?(delays?|late|behind|overruns?|shortages?)",
    re.IGNORECASE,
)


def rating_against_variance(report: Report) -> Contradiction | None:
    """Confidence is high while CPI or SPI lies below 0.9; the lower of the two speaks."""
    if report.confidence is None or report.confidence < CONFIDENT or report.earned_value is None:
        return None
    indexes = [
        (Decimal(report.earned_value) / base, name)
        for name, base in (("CPI", report.actual_cost), ("SPI", report.planned_value))
        if base
    ]
    if not indexes or min(indexes)[0] >= LOW_INDEX:
        return None
    value, name = min(indexes)
    return Contradiction(
        Kind.RATING_VARIANCE,
        {"month": report.month, "confidence": report.confidence, "index": name, "value": value},
    )


def narrative_against_rating(report: Report) -> Contradiction | None:
    """The words tell of trouble while confidence is high, or of none while it is low.

    A word that is denied (遅れはない) does not count. Words only hint: a reader decides.
    """
    if report.confidence is None:
        return None
    text = _DENIED.sub("", report.narrative)
    trouble, calm = _TROUBLE.search(text), _CALM.search(text)
    word = None
    if report.confidence >= CONFIDENT:
        word = trouble
    elif report.confidence <= DOUBTFUL and trouble is None:
        word = calm
    if word is None:
        return None
    return Contradiction(
        Kind.NARRATIVE_RATING,
        {
            "month": report.month,
            "confidence": report.confidence,
            "word": word.group(),
            "narrative": report.narrative,
        },
    )


def kpis_against_rating(report: Report, *, asked: int, met: int) -> Contradiction | None:
    """Every KPI with a target is met, yet confidence is low. `asked` counts those with a target."""
    if report.confidence is None or report.confidence > DOUBTFUL or asked == 0 or met < asked:
        return None
    return Contradiction(
        Kind.KPIS_RATING,
        {"month": report.month, "confidence": report.confidence, "met": met},
    )


def ten_times(
    code: str, fiscal_year: int, target: Decimal | None, actual: Decimal | None
) -> Contradiction | None:
    """An actual of ten times its target or more: a unit may have slipped."""
    if not target or actual is None or abs(actual) < 10 * abs(target):
        return None
    return Contradiction(
        Kind.TEN_TIMES,
        {"kpi": code, "fiscal_year": fiscal_year, "target": target, "actual": actual},
    )


def date_order(report: Report) -> Contradiction | None:
    """The forecast finish lies before the month of the report, and the work is not done."""
    if report.forecast_end is None or report.progress is None or report.progress >= 100:
        return None
    if report.forecast_end >= report.month:
        return None
    return Contradiction(
        Kind.DATE_ORDER,
        {"month": report.month, "finish": report.forecast_end, "progress": report.progress},
    )


def milestone_dates(
    started_on: datetime.date | None,
    as_of: datetime.date,
    milestones: Iterable[tuple[str, datetime.date]],
) -> Iterator[Contradiction]:
    """Milestones (name and day met) that were met before the project began, or in the future."""
    for name, met_on in milestones:
        if started_on is not None and met_on < started_on:
            yield Contradiction(
                Kind.MILESTONE_DATE,
                {"milestone": name, "met_on": met_on, "bound": started_on, "side": "start"},
            )
        elif met_on > as_of:
            yield Contradiction(
                Kind.MILESTONE_DATE,
                {"milestone": name, "met_on": met_on, "bound": as_of, "side": "today"},
            )


def above_ledger(report: Report, ledger: Sequence[int | None]) -> Contradiction | None:
    """More was reported as spent than the ledger holds for the years since the project began.

    `ledger` has each year's larger sum of executed and available; one unknown year, or none at
    all, and nothing is said.
    """
    known = [amount for amount in ledger if amount is not None]
    if report.actual_cost is None or not known or len(known) < len(ledger):
        return None
    if report.actual_cost <= sum(known):
        return None
    return Contradiction(
        Kind.ABOVE_LEDGER,
        {"month": report.month, "reported": report.actual_cost, "ledger": sum(known)},
    )


MIN_AGENCY: Final = 3


def zero_variance(
    pairs: Sequence[tuple[int | None, int, datetime.date | None, datetime.date]],
) -> Contradiction | None:
    """Every project of an agency (three or more) expects its plan to the yen and the day.

    Pairs of expected and planned cost, expected and planned finish.
    """
    if len(pairs) < MIN_AGENCY:
        return None
    if any(cost != plan or finish != end for cost, plan, finish, end in pairs):
        return None
    return Contradiction(Kind.ZERO_VARIANCE, {"projects": len(pairs)})


def closed_yet_funded(
    ended_on: datetime.date | None, funded: Mapping[int, int]
) -> Contradiction | None:
    """Money stands in a fiscal year after the one in which it ended. `funded` by fiscal year."""
    if ended_on is None:
        return None
    late = {
        year: amount
        for year, amount in funded.items()
        if year > fiscal_year_of(ended_on) and amount > 0
    }
    if not late:
        return None
    first = min(late)
    return Contradiction(
        Kind.CLOSED_FUNDED,
        {"ended_on": ended_on, "fiscal_year": first, "amount": late[first]},
    )
