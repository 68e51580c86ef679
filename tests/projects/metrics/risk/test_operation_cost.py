from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projects.metrics.risk import Operation, OperationCost, Outcome, Severity, cost_growth
from projects.metrics.types import Reason

PRESET = cost_growth.settle()
AS_OF = date(2025, 6, 1)  # the window is FY2020 to FY2024


def judge(*operation: int | None, first_year: int = 2020, as_of: date = AS_OF) -> Outcome:
    facts = [OperationCost(first_year + index, yen) for index, yen in enumerate(operation)]
    return cost_growth.judge(Operation(facts), PRESET, as_of)


@pytest.mark.parametrize(
    ("last", "severity"),
    [(0, "none"), (10000, "none"), (10999, "none"), (11000, "medium"), (12499, "medium"),
     (12500, "high"), (99999, "high")],
)  # fmt: skip
def test_ten_per_cent_is_medium_and_twenty_five_high(last: int, severity: str) -> None:
    outcome = judge(10_000, None, 1, None, last)
    assert (outcome.severity, outcome.reason) == (severity, None)


def test_the_figures_are_the_two_ends_of_the_tax_system() -> None:
    """KSK, operation FY2021 to FY2024 in yen, from the RS 2024 and 2025 sheets: 1.7 % down."""
    outcome = judge(26_050_000_000, 25_710_000_000, 22_580_000_000, 25_600_000_000, first_year=2021)
    assert outcome == Outcome(
        Severity.NONE,
        {
            "first_year": 2021,
            "first": 26_050_000_000,
            "last_year": 2024,
            "last": 25_600_000_000,
            "growth": "-0.0173",
        },
    )


@pytest.mark.parametrize("operation", [[], [None, None], [100], [None, None, None, None, 100]])
def test_fewer_than_two_known_years_are_unknown(operation: list[int | None]) -> None:
    outcome = judge(*operation)
    assert (outcome.severity, outcome.reason) == (Severity.UNKNOWN, Reason.NO_DATA)


def test_a_single_known_year_is_still_shown() -> None:
    assert judge(None, 100).figures == {
        "first_year": None,
        "first": None,
        "last_year": 2021,
        "last": 100,
        "growth": None,
    }


@pytest.mark.parametrize("operation", [[0, 0, 0], [0, 0, 100]])
def test_going_live_is_no_growth(operation: list[int]) -> None:
    outcome = judge(*operation)
    assert (outcome.severity, outcome.reason) == (Severity.NONE, Reason.ZERO_DENOMINATOR)


def test_the_first_year_with_a_cost_is_the_base() -> None:
    outcome = judge(0, 0, 100, 130)
    assert (outcome.severity, outcome.figures["first_year"]) == (Severity.HIGH, 2022)


def test_years_outside_the_window_are_not_compared() -> None:
    before, running = 2019, 2025
    facts = [OperationCost(before, 1), OperationCost(2020, 100), OperationCost(2024, 105)]
    outcome = cost_growth.judge(Operation([*facts, OperationCost(running, 999)]), PRESET, AS_OF)
    assert outcome.severity is Severity.NONE
    assert (outcome.figures["first_year"], outcome.figures["last_year"]) == (2020, 2024)


def test_a_system_that_does_not_run_is_not_concerned() -> None:
    facts = Operation([OperationCost(2020, 1), OperationCost(2024, 9)], is_running=False)
    outcome = cost_growth.judge(facts, PRESET, AS_OF)
    assert (outcome.severity, outcome.reason) == (Severity.NONE, Reason.NOT_APPLICABLE)


RANK = [Severity.NONE, Severity.MEDIUM, Severity.HIGH]
yen = st.integers(1, 10**13)


@given(yen, yen, yen)
def test_a_higher_last_year_is_never_less_severe(first: int, one: int, other: int) -> None:
    lower, higher = (judge(first, last) for last in sorted((one, other)))
    assert RANK.index(lower.severity) <= RANK.index(higher.severity)


@given(yen, yen, st.integers(2, 1000))
def test_the_unit_of_money_does_not_matter(first: int, last: int, scale: int) -> None:
    plain, scaled = judge(first, last), judge(first * scale, last * scale)
    assert plain.severity == scaled.severity
    assert plain.figures["growth"] == scaled.figures["growth"]
