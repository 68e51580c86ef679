from datetime import date
from decimal import Decimal

import pytest

from projects.metrics.risk import Budget, Outcome, Purchase, Purchases, Settlement, UnitCost
from projects.metrics.risk.spending import (
    carry_over,
    unit_cost_outlier,
    unused_budget,
    vendor_concentration,
    year_end_spending,
)
from projects.metrics.types import Reason

AS_OF = date(2026, 11, 24)  # The last finished and settled year is FY2025.


def carried(available: int | None, out: int | None, **facts: bool) -> Outcome:
    budget = Budget([Settlement(2025, available, None, out)], **facts)
    return carry_over.judge(budget, carry_over.settle(), AS_OF)


@pytest.mark.parametrize(
    ("out", "severity"), [(24, "none"), (25, "medium"), (49, "medium"), (50, "high")]
)
def test_the_share_carried_over(out: int, severity: str) -> None:
    assert carried(100, out).severity == severity


def test_carry_over_that_cannot_be_judged() -> None:
    assert carried(None, 5).severity == carried(5, None).severity == "unknown"
    assert carry_over.judge(Budget([]), carry_over.settle(), AS_OF).severity == "unknown"
    assert carried(0, 0).reason is Reason.ZERO_DENOMINATOR
    assert carried(9, 9, is_spending=False).reason is Reason.NOT_APPLICABLE


def test_a_known_year_stands_until_a_later_one_is_reported() -> None:
    def severity(*years: Settlement) -> str:
        return carry_over.judge(Budget(years), carry_over.settle(), AS_OF).severity

    assert severity(Settlement(2024, 100, None, 60), Settlement(2025, 100, None, None)) == "high"
    assert severity(Settlement(2024, 100, None, 5)) == "unknown"
    assert severity(Settlement(2024, 100, None, 60), Settlement(2025, 100, None, 5)) == "none"
    assert severity(Settlement(2022, 100, None, 60)) == "unknown"


def unused(*years: Settlement) -> Outcome:
    return unused_budget.judge(Budget(years), unused_budget.settle(), AS_OF)


@pytest.mark.parametrize(
    ("left", "severity"), [(19, "none"), (20, "medium"), (39, "medium"), (40, "high")]
)
def test_the_share_left_unused(left: int, severity: str) -> None:
    assert unused(Settlement(2025, 100, None, None, left)).severity == severity
    # Not reported: what was neither spent nor carried over.
    assert unused(Settlement(2025, 100, 70 - left, 30)).severity == severity


def test_spending_more_than_the_budget_leaves_nothing() -> None:
    outcome = unused(Settlement(2025, 100, 120, 0))
    assert (outcome.severity, outcome.figures["unused"]) == ("none", 0)


def test_unused_money_that_cannot_be_judged() -> None:
    assert unused(Settlement(2025, 100, 50, None)).severity == "unknown"
    assert unused(Settlement(2025, None, 50, 50, 5)).severity == "unknown"
    assert unused().severity == "unknown"


def late(*contracts: Purchase) -> Outcome:
    return year_end_spending.judge(Purchases(contracts), year_end_spending.settle(), AS_OF)


def bought(amount: int | None, day: date | None, year: int | None = None) -> Purchase:
    return Purchase("甲", amount, day, year)


@pytest.mark.parametrize(
    ("money", "severity"), [(49, "none"), (50, "medium"), (74, "medium"), (75, "high")]
)
def test_the_share_signed_in_february_and_march(money: int, severity: str) -> None:
    rest = 100 - money
    outcome = late(
        bought(money, date(2026, 2, 1)),
        bought(0, date(2026, 3, 31)),
        bought(rest, date(2026, 1, 31)),
        bought(10**6, date(2026, 4, 1)),
    )
    assert (outcome.severity, outcome.figures["contracts"]) == (severity, 3)


def test_contracts_that_do_not_say_when() -> None:
    day = date(2025, 5, 1)
    assert late(bought(1, day), bought(1, day)).reason is Reason.NOT_APPLICABLE
    assert late(bought(1, day), bought(1, day), bought(1, None, 2025)).severity == "unknown"
    assert late(*[bought(0, day)] * 3).reason is Reason.ZERO_DENOMINATOR


def held(*contracts: Purchase) -> Outcome:
    return vendor_concentration.judge(Purchases(contracts), vendor_concentration.settle(), AS_OF)


@pytest.mark.parametrize(
    ("money", "severity"), [(79, "none"), (80, "medium"), (94, "medium"), (95, "high")]
)
def test_the_largest_vendors_share(money: int, severity: str) -> None:
    outcome = held(
        Purchase("甲", money, None, 2026),
        Purchase("乙", 100 - money, None, 2022),
        Purchase("甲", 0, date(2025, 5, 1), None),
        Purchase("乙", 10**9, None, 2021),
    )
    assert (outcome.severity, outcome.figures["vendor"]) == (severity, "甲")


def test_few_contracts_say_nothing() -> None:
    one = Purchase("甲", 5, None, 2025)
    assert held(one, one).reason is Reason.NOT_APPLICABLE
    assert held(one, one, Purchase("甲", None, None, 2025)).severity == "unknown"
    assert held(*[Purchase("甲", None, None, None)] * 3).severity == "unknown"
    assert held(*[Purchase("甲", 0, None, 2025)] * 3).reason is Reason.ZERO_DENOMINATOR


def priced(cost: int | None, cases: int | None = 10, median: str = "10", peers: int = 5) -> Outcome:
    facts = UnitCost(2025, cost, cases, Decimal(median), peers)
    return unit_cost_outlier.judge(facts, unit_cost_outlier.settle(), AS_OF)


@pytest.mark.parametrize(
    ("cost", "severity"), [(499, "none"), (500, "medium"), (1999, "medium"), (2000, "high")]
)
def test_cost_a_case_beside_the_median(cost: int, severity: str) -> None:
    assert priced(cost).severity == severity


def test_systems_without_peers_are_not_concerned() -> None:
    assert priced(9999, peers=4).reason is Reason.NOT_APPLICABLE
    assert priced(9999, cases=0).reason is Reason.NOT_APPLICABLE
    assert priced(9999, median="0").reason is Reason.NOT_APPLICABLE
    assert priced(None).severity == "unknown"
