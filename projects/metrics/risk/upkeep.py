"""Systems that are not kept up: support, conformity, tests, and the people who answer for them."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Mapping
from decimal import Decimal

from projects.metrics.periods import fiscal_year_end, fiscal_year_of
from projects.metrics.risk.registry import (
    Outcome,
    Parameter,
    Parameters,
    Severity,
    Source,
    Subject,
    Unit,
    bounds,
    clear,
    graded,
    rule,
    unknown,
)
from projects.metrics.types import Reason


@dataclasses.dataclass(frozen=True, slots=True)
class Ageing:
    """When a system's support ends and in which fiscal year it is to be renewed; None is unknown
    or not planned."""

    support_ends_on: datetime.date | None
    next_renewal_year: int | None
    is_running: bool = True


@rule(
    id="ageing_system",
    version=1,
    title="Support ends without a renewal plan",
    subjects=(Subject.SYSTEM,),
    sources=(Source.SYSTEM,),
    citation="IT review sheets since 2024 ask for the next renewal. The days are presets.",
    parameters={
        "medium_within_days": Parameter(
            Decimal(730), Unit.DAYS, "Medium if support ends within so many days"
        ),
        "high_within_days": Parameter(
            Decimal(180), Unit.DAYS, "High if it ends within so many days, or has ended"
        ),
    },
)
def ageing_system(facts: Ageing, parameters: Parameters, as_of: datetime.date) -> Outcome:
    """Looks for running systems whose support ends before they are renewed.

    A renewal in or before the fiscal year in which support ends, and not past, clears it. Unknown
    without the end of support.
    """
    figures: dict[str, int | str | None] = {
        "support_ends_on": None,
        "next_renewal_year": facts.next_renewal_year,
        "days_left": None,
    }
    if not facts.is_running:
        return clear(figures, Reason.NOT_APPLICABLE)
    if facts.support_ends_on is None:
        return unknown(Reason.NO_DATA, figures)
    days_left = (facts.support_ends_on - as_of).days
    figures |= {"support_ends_on": facts.support_ends_on.isoformat(), "days_left": days_left}
    renewal = facts.next_renewal_year
    if (
        renewal is not None
        and renewal <= fiscal_year_of(facts.support_ends_on)
        and fiscal_year_end(renewal) >= as_of
    ):
        return clear(figures)
    if days_left <= parameters["high_within_days"]:
        return Outcome(Severity.HIGH, figures)
    if days_left <= parameters["medium_within_days"]:
        return Outcome(Severity.MEDIUM, figures)
    return clear(figures)


@dataclasses.dataclass(frozen=True, slots=True)
class Conformity:
    """The answers to the policy's marks (name → yes, no; None is not answered), and whether the
    system is being renewed, or will be from ``next_renewal_year`` on."""

    marks: Mapping[str, bool | None]
    is_renewing: bool
    next_renewal_year: int | None
    is_running: bool = True


@rule(
    id="conformity_gap",
    version=1,
    title="Renewal without the common rules",
    subjects=(Subject.SYSTEM,),
    sources=(Source.SYSTEM,),
    citation=(
        "Policy of 2017, directions 1 and 2: API, open data, My Number and the common platform "
        "are looked at when a system is renewed. The numbers are presets."
    ),
    parameters={
        "within_years": Parameter(Decimal(2), Unit.YEARS, "Asked so many years before a renewal"),
        **bounds(1, 3, Unit.COUNT, "times"),
    },
)
def conformity_gap(facts: Conformity, parameters: Parameters, as_of: datetime.date) -> Outcome:
    """Counts the marks answered with no, while a system is being renewed or is about to be.

    Unknown if none is answered with no and some are not answered.
    """
    gaps = sum(answer is False for answer in facts.marks.values())
    open_marks = sum(answer is None for answer in facts.marks.values())
    figures: dict[str, int | str | None] = {
        "gaps": gaps,
        "unanswered": open_marks,
        "marks": ", ".join(name for name, answer in facts.marks.items() if answer is False),
        "next_renewal_year": facts.next_renewal_year,
    }
    last = fiscal_year_of(as_of) + parameters["within_years"]
    is_near = facts.next_renewal_year is not None and (
        fiscal_year_of(as_of) <= facts.next_renewal_year <= last
    )
    if not facts.is_running or not (facts.is_renewing or is_near):
        return clear(figures, Reason.NOT_APPLICABLE)
    if not gaps and open_marks:
        return unknown(Reason.NO_DATA, figures)
    return graded(gaps, parameters, figures, "times")


@dataclasses.dataclass(frozen=True, slots=True)
class LastTest:
    """The day of the last test; None if nobody reported one."""

    tested_on: datetime.date | None
    is_running: bool = True


def _test(facts: LastTest, parameters: Parameters, as_of: datetime.date) -> Outcome:
    figures: dict[str, int | str | None] = {
        "tested_on": None if facts.tested_on is None else facts.tested_on.isoformat(),
        "days_since": None,
    }
    if not facts.is_running:
        return clear(figures, Reason.NOT_APPLICABLE)
    if facts.tested_on is None:
        return unknown(Reason.NO_DATA, figures)
    days_since = (as_of - facts.tested_on).days
    figures["days_since"] = days_since
    return graded(days_since, parameters, figures, "days")


@rule(
    id="security_test_overdue",
    version=1,
    title="Security test overdue",
    subjects=(Subject.SYSTEM,),
    sources=(Source.SYSTEM,),
    citation="Common standards for information security (政府機関等の統一基準群). Presets.",
    parameters=bounds(366, 731, Unit.DAYS, "days"),
)
def security_test_overdue(facts: LastTest, parameters: Parameters, as_of: datetime.date) -> Outcome:
    """Days since the last security test of a running system. Unknown if none is reported."""
    return _test(facts, parameters, as_of)


@rule(
    id="continuity_test_overdue",
    version=1,
    title="Continuity test overdue",
    subjects=(Subject.SYSTEM,),
    sources=(Source.SYSTEM,),
    citation="Standard Guideline, operation: drills of continuity plans. Presets.",
    parameters=bounds(366, 731, Unit.DAYS, "days"),
)
def continuity_test_overdue(
    facts: LastTest, parameters: Parameters, as_of: datetime.date
) -> Outcome:
    """Days since the last continuity drill of a running system. Unknown if none is reported."""
    return _test(facts, parameters, as_of)


@dataclasses.dataclass(frozen=True, slots=True)
class Offices:
    """Who answers for a project: its named leader, people of its PJMO, heads of its PMO and
    ministry CIOs on the day. ``is_known`` is False where nobody entered people at all."""

    has_leader: bool
    pjmo: int
    pmo: int
    ministry_cio: int
    is_known: bool = True
    is_running: bool = True


@rule(
    id="missing_roles",
    version=1,
    title="Nobody answers for it",
    subjects=(Subject.PROJECT,),
    sources=(Source.PROJECT, Source.STAFFING),
    citation="Policy of 2017, direction 3-1: the roles of ministry CIO, PMO and PJMO are clear.",
    parameters=bounds(1, 2, Unit.COUNT, "times"),
)
def missing_roles(facts: Offices, parameters: Parameters, as_of: datetime.date) -> Outcome:
    """Counts what is vacant among leader, PJMO, PMO and ministry CIO of a project.

    Ended projects are not concerned. Unknown where nobody entered people.
    """
    vacant = [
        name
        for name, filled in (
            ("leader", facts.has_leader),
            ("pjmo", facts.pjmo),
            ("pmo", facts.pmo),
            ("ministry_cio", facts.ministry_cio),
        )
        if not filled
    ]
    figures: dict[str, int | str | None] = {"vacant": len(vacant), "roles": ", ".join(vacant)}
    if not facts.is_running:
        return clear(figures, Reason.NOT_APPLICABLE)
    if not facts.is_known:
        return unknown(Reason.NO_DATA, figures)
    return graded(len(vacant), parameters, figures, "times")
