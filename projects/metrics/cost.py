"""Cost: which reported line counts, the totals of a year, and the rates of the settlement.

Rates follow the Board of Audit's report on information systems (2021): the amount spent, carried
over or left unused, each over the budget available (initial + supplementary + carried in +
transfers). Amounts are integer yen.
"""

from __future__ import annotations

import dataclasses
import enum
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from decimal import Decimal
from typing import TypeVar

from projects.metrics.types import (
    Figure,
    Input,
    Measure,
    Reason,
    Total,
    ValueState,
    ratio,
    reason_for,
    total_of,
)


class Stage(enum.StrEnum):
    """Budget stages in their order, from the request to what was left."""

    REQUESTED = "requested"
    INITIAL = "initial"
    SUPPLEMENTARY = "supplementary"
    CARRIED_IN = "carried_in"
    RESERVE = "reserve"
    TRANSFERS = "transfers"
    AVAILABLE = "available"
    EXECUTED = "executed"
    CARRIED_OUT = "carried_out"
    UNUSED = "unused"


class CostClass(enum.StrEnum):
    """What money is for; ``UNCLASSIFIED`` marks a ledger total that has no split."""

    DEVELOPMENT = "development"
    OPERATION = "operation"
    OTHER = "other"
    UNCLASSIFIED = "unclassified"


@dataclasses.dataclass(frozen=True, slots=True)
class Line:
    """One reported cost figure: what a sheet of ``sheet_year`` says about ``budget_year``."""

    holder: Hashable
    budget_year: int
    item: str
    cost_class: CostClass
    stage: Stage
    sheet_year: int
    account: str
    amount: Figure


def resolve_latest(lines: Iterable[Line]) -> list[Line]:
    """The lines that count: of one holder, year, item, stage and account, the latest sheet's.

    A missing figure says nothing, so it never hides an earlier one; a withheld one, or one that
    does not apply, does. Raises ValueError if one sheet gives the same figure twice.
    """
    winners: dict[tuple[Hashable, int, str, Stage, str], Line] = {}
    seen: set[tuple[Hashable, ...]] = set()
    for line in lines:
        key = (line.holder, line.budget_year, line.item, line.stage, line.account)
        if (*key, line.sheet_year) in seen:
            raise ValueError(f"sheet {line.sheet_year} reports {key} twice")
        seen.add((*key, line.sheet_year))
        held = winners.get(key)
        if held is None or _weight(held) < _weight(line):
            winners[key] = line
    return list(winners.values())


def _weight(line: Line) -> tuple[bool, int]:
    return line.amount.state is not ValueState.MISSING, line.sheet_year


@dataclasses.dataclass(frozen=True, slots=True)
class YearCost:
    """Totals of one holder in one budget year, in yen.

    ``stages`` holds the stages that were reported; ``executed_by_class`` splits what was spent.
    """

    budget_year: int
    stages: Mapping[Stage, Total]
    executed_by_class: Mapping[CostClass, Total]


def yearly_cost(lines: Iterable[Line]) -> list[YearCost]:
    """Totals of ONE holder's lines, a budget year each, in order of the years.

    Where an unclassified line tells of a year and stage, the total is the ledger's alone, because
    the classed lines repeat the same money, and they only split what was spent. Where the ledger
    is silent, or its figure missing, the total is the sum of the classed lines: a line decides on
    its own year and stage, on no other. Raises ValueError if the lines have more than one holder,
    or a sheet repeats a figure.
    """
    winners = resolve_latest(lines)
    if len({line.holder for line in winners}) > 1:
        raise ValueError("the lines belong to more than one holder")
    ledger: dict[tuple[int, Stage], list[Figure]] = defaultdict(list)
    items: dict[tuple[int, Stage], list[Figure]] = defaultdict(list)
    classes: dict[tuple[int, CostClass], list[Figure]] = defaultdict(list)
    for line in winners:
        is_ledger = line.cost_class is CostClass.UNCLASSIFIED
        (ledger if is_ledger else items)[line.budget_year, line.stage].append(line.amount)
        if not is_ledger and line.stage is Stage.EXECUTED:
            classes[line.budget_year, line.cost_class].append(line.amount)
    # Where both only say that a figure is missing, either says so.
    told = {
        key
        for key, figures in ledger.items()
        if any(figure.state is not ValueState.MISSING for figure in figures)
    }
    stages = ledger | items | {key: ledger[key] for key in told}
    years = sorted({line.budget_year for line in winners})
    return [
        YearCost(
            budget_year=year,
            stages={
                stage: total_of(stages[year, stage]) for stage in Stage if (year, stage) in stages
            },
            executed_by_class={
                cost_class: total_of(classes[year, cost_class])
                for cost_class in CostClass
                if (year, cost_class) in classes
            },
        )
        for year in years
    ]


def execution_rate(executed: Input, available: Input) -> Measure:
    """Spent / budget available, a ratio that may pass 1; undefined for a budget of zero.

    Source: Board of Audit 2021; RS 2024 table 2-1 prints the same rate.
    """
    return ratio(executed, available)


def carry_over_rate(carried_out: Input, available: Input) -> Measure:
    """Carried to the next year / budget available; undefined for a budget of zero.

    Source: Board of Audit 2021.
    """
    return ratio(carried_out, available)


def unused_rate(unused: Input, available: Input) -> Measure:
    """Left unused / budget available; undefined for a budget of zero.

    Source: Board of Audit 2021.
    """
    return ratio(unused, available)


def run_share(development: int | None, operation: int | None, other: int | None) -> Measure:
    """Operation / (development + operation + other), from 0 to 1: what keeps things running.

    Unknown classes are left out of the divisor; no data if operation itself is unknown.
    """
    return _share_of(operation, (development, operation, other))


def change_share(development: int | None, operation: int | None, other: int | None) -> Measure:
    """Development / (development + operation + other), from 0 to 1: what changes things.

    Unknown classes are left out of the divisor; no data if development itself is unknown.
    Source: the US publishes it as the share of development, modernisation and enhancement.
    """
    return _share_of(development, (development, operation, other))


def _share_of(part: int | None, whole: Iterable[int | None]) -> Measure:
    return ratio(part, sum(amount for amount in whole if amount is not None))


def unit_cost(operation: Input, cases: Input) -> Measure:
    """Operation cost / cases of the services on a system, in yen a case; undefined without cases.

    Source: Government Digital Service, cost per transaction; start-up cost is left out.
    """
    return ratio(operation, cases)


def unit_cost_multiple(
    cost: Measure, peer_median: Decimal | None, *, peers: int, least_peers: int
) -> Measure:
    """Cost a case / the median of the class: 2 is twice as dear as half of the peers.

    Not applicable with fewer than ``least_peers`` systems in the median, or without a median.
    """
    if peers < least_peers or not peer_median:
        return Measure(None, Reason.NOT_APPLICABLE)
    return cost if cost.value is None else Measure(cost.value / peer_median)


def growth(first: Input, last: Input) -> Measure:
    """(last - first) / first: 0.1 is 10 % more; undefined from zero or with an unknown end."""
    reason = reason_for(first, last)
    if reason is not None:
        return Measure(None, reason)
    change = ratio(last, first)
    return change if change.value is None else Measure(change.value - 1)


SystemKey = TypeVar("SystemKey", bound=Hashable)


@dataclasses.dataclass(frozen=True, slots=True)
class SameSystemsGrowth:
    """Growth between two years of the systems that have a positive cost in both.

    ``first`` and ``last`` are sums in yen over ``systems`` systems; ``rose`` of them cost more,
    ``fell_by_target`` of them fell by the share aimed at; ``left_out`` had no positive cost, or
    none known, at one end.
    """

    first: int
    last: int
    systems: int
    rose: int
    fell_by_target: int
    left_out: int

    @property
    def ratio(self) -> Measure:
        """(last - first) / first; no data without a system to compare."""
        return growth(self.first, self.last) if self.systems else Measure(None, Reason.NO_DATA)


def same_systems_growth(
    first: Mapping[SystemKey, int | None],
    last: Mapping[SystemKey, int | None],
    *,
    target_fall: Decimal = Decimal("0.30"),
) -> SameSystemsGrowth:
    """Compares two years' cost over the same systems, so that a changed scope is no growth.

    ``first`` and ``last`` map a system to its yen. A system counts if both are known and above
    zero. ``target_fall`` is the fall aimed at, 0.30 in the policy of 2017 (30 % by FY2021).
    """
    first_total = last_total = systems = rose = fell = 0
    holders = first.keys() | last.keys()
    for holder in holders:
        before, after = first.get(holder), last.get(holder)
        if not before or not after or before < 0 or after < 0:
            continue
        systems += 1
        first_total += before
        last_total += after
        rose += after > before
        fell += before - after >= target_fall * before
    return SameSystemsGrowth(
        first_total, last_total, systems, rose, fell, left_out=len(holders) - systems
    )
