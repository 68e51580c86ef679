from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projects.metrics.risk import Award, Outcome, Severity, single_bidder
from projects.metrics.types import MISSING, Figure, Reason, ValueState

PRESET = single_bidder.settle()
LARGE = 1_000_000_000
ONE = Figure(1)


def judge(facts: Award) -> Outcome:
    return single_bidder.judge(facts, PRESET, date(2025, 6, 1))


@pytest.mark.parametrize(
    ("amount", "award_ratio", "has_reason", "severity"),
    [
        (LARGE - 1, Decimal(1), False, "medium"),
        (LARGE, Decimal("0.98"), False, "high"),
        (LARGE, Decimal("0.98"), True, "medium"),
        (LARGE, Decimal("0.9899"), True, "medium"),
        (LARGE, Decimal("0.99"), True, "high"),
        (LARGE, None, True, "medium"),
        (LARGE, None, False, "high"),
        (None, Decimal(1), False, "medium"),
        (0, None, False, "medium"),
    ],
)
def test_one_bidder_is_medium_and_high_where_a_large_sum_lacks_grounds(
    amount: int | None, award_ratio: Decimal | None, has_reason: bool, severity: str
) -> None:
    assert judge(Award(True, ONE, amount, award_ratio, has_reason)).severity == severity


@pytest.mark.parametrize("bidders", [2, 3, 20])
def test_two_bidders_are_a_competition(bidders: int) -> None:
    outcome = judge(Award(True, Figure(bidders), 10 * LARGE, Decimal(1)))
    assert (outcome.severity, outcome.reason) == (Severity.NONE, None)


@pytest.mark.parametrize("bidders", [None, 1, 2])
def test_a_contract_without_competition_is_not_concerned(bidders: int | None) -> None:
    outcome = judge(Award(False, Figure.of(bidders), LARGE))
    assert (outcome.severity, outcome.reason) == (Severity.NONE, Reason.NOT_APPLICABLE)


@pytest.mark.parametrize(
    ("is_competitive", "bidders", "reason"),
    [
        (None, ONE, Reason.NO_DATA),
        (True, MISSING, Reason.NO_DATA),
        (True, Figure(None, ValueState.WITHHELD), Reason.WITHHELD),
        (True, Figure(0), Reason.INCONSISTENT),
    ],
)
def test_unknown_competition_never_fires(
    is_competitive: bool | None, bidders: Figure, reason: Reason
) -> None:
    outcome = judge(Award(is_competitive, bidders, 10 * LARGE, Decimal(1)))
    assert (outcome.severity, outcome.reason) == (Severity.UNKNOWN, reason)


def test_the_figures_are_the_inputs() -> None:
    assert judge(Award(True, ONE, 5, Decimal("0.96789"), True)).figures == {
        "is_competitive": 1,
        "bidders": 1,
        "amount": 5,
        "award_ratio": "0.9679",
        "has_reason": 1,
    }


RANK = [Severity.NONE, Severity.MEDIUM, Severity.HIGH]
amounts = st.integers(0, 10**11)
ratios = st.decimals(0, 1, places=4)


@given(amounts, amounts, ratios, ratios, st.booleans())
def test_a_larger_sum_nearer_the_ceiling_is_never_less_severe(
    amount: int, more: int, award_ratio: Decimal, higher: Decimal, has_reason: bool
) -> None:
    small = judge(Award(True, ONE, amount, award_ratio, has_reason))
    large = judge(Award(True, ONE, amount + more, max(award_ratio, higher), has_reason))
    assert RANK.index(small.severity) <= RANK.index(large.severity)
