"""How money is spent: carried over, in a hurry, with one vendor, or at odds with the peers."""

from __future__ import annotations

import dataclasses
import datetime
from collections import defaultdict
from collections.abc import Callable, Sequence
from decimal import Decimal

from projects.metrics.periods import fiscal_year_of, last_ended_fiscal_year
from projects.metrics.risk.execution import Budget, Settlement
from projects.metrics.risk.registry import (
    Outcome,
    Parameter,
    Parameters,
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

_SETTLED = {
    "settled_after_days": Parameter(
        Decimal(183), Unit.DAYS, "A fiscal year is judged from this many days after its end"
    ),
    "window_years": Parameter(
        Decimal(3), Unit.YEARS, "How many settled years to look back for a known share"
    ),
}


@rule(
    id="carry_over",
    version=1,
    title="Budget carried over",
    subjects=(Subject.SYSTEM, Subject.PROJECT),
    sources=(Source.BUDGET, Source.EXECUTION),
    citation=(
        "Board of Audit 2021, 765 systems: development budgets had high rates of carry-over from "
        "schedules that were planned anew. The shares are presets."
    ),
    parameters={**_SETTLED, **bounds("0.25", "0.50", Unit.RATIO, "ratio")},
)
def carry_over(facts: Budget, parameters: Parameters, as_of: datetime.date) -> Outcome:
    """The share of the budget available that was carried to the next year, in the latest settled
    year that is known.

    Unknown without such a year in the window, and if that year is in order and a later one should
    be settled and is not reported; a budget of zero has no share.
    """
    return _share_of_budget(facts, parameters, as_of, "carried_out", _carried_out)


@rule(
    id="unused_budget",
    version=1,
    title="Budget left unused",
    subjects=(Subject.SYSTEM, Subject.PROJECT),
    sources=(Source.BUDGET, Source.EXECUTION),
    citation=(
        "Board of Audit 2021, 765 systems: development budgets had high rates of unused money. "
        "The shares are presets."
    ),
    parameters={**_SETTLED, **bounds("0.20", "0.40", Unit.RATIO, "ratio")},
)
def unused_budget(facts: Budget, parameters: Parameters, as_of: datetime.date) -> Outcome:
    """The share of the budget available that was neither spent nor carried over, in the latest
    settled year that is known: as reported, else what is left of the budget.

    Unknown without such a year in the window, and if that year is in order and a later one should
    be settled and is not reported; a budget of zero has no share.
    """
    return _share_of_budget(facts, parameters, as_of, "unused", _left_unused)


def _carried_out(year: Settlement) -> int | None:
    return year.carried_out


def _left_unused(year: Settlement) -> int | None:
    return year.left_unused


def _share_of_budget(
    facts: Budget,
    parameters: Parameters,
    as_of: datetime.date,
    name: str,
    part: Callable[[Settlement], int | None],
) -> Outcome:
    """Judges ``part`` ÷ the budget available of the latest settled year in which both are known;
    evidence calls the part ``name``."""
    last = last_ended_fiscal_year(as_of, days_before=int(parameters["settled_after_days"]))
    window = range(last - int(parameters["window_years"]) + 1, last + 1)
    known = [
        (one.fiscal_year, one.available, amount)
        for one in facts.years
        if one.fiscal_year in window
        and one.available is not None
        and (amount := part(one)) is not None
    ]
    figures: dict[str, int | str | None] = {
        "fiscal_year": last,
        "available": None,
        name: None,
        "share": None,
    }
    if known:
        figures |= dict(zip(("fiscal_year", "available", name), max(known), strict=True))
    if not facts.is_spending:
        return clear(figures, Reason.NOT_APPLICABLE)
    if not known:
        return unknown(Reason.NO_DATA, figures)
    fiscal_year, available, amount = max(known)
    found = clear(figures, Reason.ZERO_DENOMINATOR)
    if available:
        share = Decimal(amount) / available
        figures["share"] = as_text(share)
        found = graded(share, parameters, figures, "ratio")
    is_behind = fiscal_year < last and not found.severity.fires
    return unknown(Reason.NO_DATA, figures) if is_behind else found


@dataclasses.dataclass(frozen=True, slots=True)
class Purchase:
    """One contract: vendor, yen, day signed, fiscal year; None is unknown."""

    vendor: str
    amount: int | None
    signed_on: datetime.date | None
    fiscal_year: int | None


@dataclasses.dataclass(frozen=True, slots=True)
class Purchases:
    """The contracts of one system."""

    contracts: Sequence[Purchase]


@rule(
    id="year_end_spending",
    version=1,
    title="Contracts at the end of the year",
    subjects=(Subject.SYSTEM,),
    sources=(Source.CONTRACT,),
    citation=(
        "Board of Audit on information systems: budgets used up at the end of the year. The "
        "shares are presets."
    ),
    parameters={
        "least_contracts": Parameter(Decimal(3), Unit.COUNT, "Judged from so many contracts"),
        **bounds("0.50", "0.75", Unit.RATIO, "ratio"),
    },
)
def year_end_spending(facts: Purchases, parameters: Parameters, as_of: datetime.date) -> Outcome:
    """The share of a year's contract money that was signed in February and March, in the latest
    finished fiscal year.

    Few contracts say nothing. Unknown if contracts of the year lack their day or amount.
    """
    year = last_ended_fiscal_year(as_of)
    own = [one for one in facts.contracts if _year(one) == year]
    known = [
        (one.amount, one.signed_on)
        for one in own
        if one.amount is not None and one.signed_on is not None
    ]
    total = sum(amount for amount, _day in known)
    late = sum(amount for amount, day in known if day.month in (2, 3))
    figures: dict[str, int | str | None] = {
        "fiscal_year": year,
        "contracts": len(own),
        "known": len(known),
        "total": total,
        "late": late,
        "share": None,
    }
    if len(own) < parameters["least_contracts"]:
        return clear(figures, Reason.NOT_APPLICABLE)
    if len(known) < len(own):
        return unknown(Reason.NO_DATA, figures)
    if total == 0:
        return clear(figures, Reason.ZERO_DENOMINATOR)
    share = Decimal(late) / total
    figures["share"] = as_text(share)
    return graded(share, parameters, figures, "ratio")


def _year(contract: Purchase) -> int | None:
    if contract.fiscal_year is not None or contract.signed_on is None:
        return contract.fiscal_year
    return fiscal_year_of(contract.signed_on)


@rule(
    id="vendor_concentration",
    version=1,
    title="One vendor holds the contracts",
    subjects=(Subject.SYSTEM,),
    sources=(Source.CONTRACT,),
    citation=(
        "Board of Audit: 73.9 % of competitions had one bidder, often the vendor of the system in "
        "use. The shares are presets."
    ),
    parameters={
        "window_years": Parameter(Decimal(5), Unit.YEARS, "Looks back so many fiscal years"),
        "least_contracts": Parameter(Decimal(3), Unit.COUNT, "Judged from so many contracts"),
        **bounds("0.80", "0.95", Unit.RATIO, "ratio"),
    },
)
def vendor_concentration(facts: Purchases, parameters: Parameters, as_of: datetime.date) -> Outcome:
    """The largest vendor's share of the known contract money of the window.

    Few contracts say nothing. Unknown if fewer contracts than that have an amount and a year.
    """
    first = fiscal_year_of(as_of) - int(parameters["window_years"]) + 1
    money: dict[str, int] = defaultdict(int)
    known = 0
    for contract in facts.contracts:
        year = _year(contract)
        if contract.amount is not None and year is not None and year >= first:
            money[contract.vendor] += contract.amount
            known += 1
    total = sum(money.values())
    top = max(money, key=lambda vendor: (money[vendor], vendor), default=None)
    figures: dict[str, int | str | None] = {
        "contracts": known,
        "vendor": top,
        "amount": None if top is None else money[top],
        "total": total,
        "share": None,
    }
    least = parameters["least_contracts"]
    if len(facts.contracts) < least:
        return clear(figures, Reason.NOT_APPLICABLE)
    if top is None or known < least:
        return unknown(Reason.NO_DATA, figures)
    if total == 0:
        return clear(figures, Reason.ZERO_DENOMINATOR)
    share = Decimal(money[top]) / total
    figures["share"] = as_text(share)
    return graded(share, parameters, figures, "ratio")


@dataclasses.dataclass(frozen=True, slots=True)
class UnitCost:
    """One system's operation cost (yen) and cases of its latest counted year, beside the median
    cost a case of its class; None is unknown. ``peers`` counts the systems in the median."""

    fiscal_year: int | None
    cost: int | None
    cases: int | None
    peer_median: Decimal | None
    peers: int


@rule(
    id="unit_cost_outlier",
    version=1,
    title="Cost a case far above its peers",
    subjects=(Subject.SYSTEM,),
    sources=(Source.EXECUTION, Source.SERVICE),
    citation=(
        "Policy of 2017: against systems built larger than users need. The multiples of the "
        "class's median are presets."
    ),
    parameters={
        "least_peers": Parameter(Decimal(5), Unit.COUNT, "Needs so many systems of the class"),
        "medium_from_multiple": Parameter(Decimal(5), Unit.COUNT, "Medium from so many medians"),
        "high_from_multiple": Parameter(Decimal(20), Unit.COUNT, "High from so many medians"),
    },
)
def unit_cost_outlier(facts: UnitCost, parameters: Parameters, as_of: datetime.date) -> Outcome:
    """Compares a system's cost a case with the median of the systems of its class.

    A system whose services count no cases, or with too few peers, is not concerned. Unknown if
    the cost of the counted year is unknown.
    """
    figures: dict[str, int | str | None] = {
        "fiscal_year": facts.fiscal_year,
        "cost": facts.cost,
        "cases": facts.cases,
        "unit_cost": None,
        "peer_median": None,
        "peers": facts.peers,
        "multiple": None,
    }
    if not facts.cases or facts.peers < parameters["least_peers"] or not facts.peer_median:
        return clear(figures, Reason.NOT_APPLICABLE)
    figures["peer_median"] = as_text(facts.peer_median)
    if facts.cost is None:
        return unknown(Reason.NO_DATA, figures)
    unit_cost = Decimal(facts.cost) / facts.cases
    multiple = unit_cost / facts.peer_median
    figures |= {"unit_cost": as_text(unit_cost), "multiple": as_text(multiple)}
    return graded(multiple, parameters, figures, "multiple")
