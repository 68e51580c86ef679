from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from projects.metrics.risk import Budget, Outcome, Settlement, Severity, execution_rate
from projects.metrics.types import Reason

PRESET = execution_rate.settle()
AS_OF = date(2025, 6, 1)  # the last settled year is FY2023


def judge(*facts: Settlement, as_of: date = AS_OF) -> Outcome:
    return execution_rate.judge(Budget(facts), PRESET, as_of)


@pytest.mark.parametrize(
    ("executed", "severity"),
    [(0, "high"), (4999, "high"), (5000, "medium"), (6999, "medium"), (7000, "none"),
     (10000, "none"), (10001, "high")],
)  # fmt: skip
def test_far_below_or_above_the_budget_is_high(executed: int, severity: str) -> None:
    outcome = judge(Settlement(2023, 10_000, executed))
    assert (outcome.severity, outcome.reason) == (severity, None)


@pytest.mark.parametrize(
    ("executed", "severity"), [(100, "none"), (101, "medium"), (105, "medium"), (106, "high")]
)
def test_a_tolerance_makes_a_small_overspending_medium(executed: int, severity: str) -> None:
    parameters = execution_rate.settle({"over_tolerance_ratio": "0.05"})
    outcome = execution_rate.judge(Budget([Settlement(2023, 100, executed)]), parameters, AS_OF)
    assert outcome.severity == severity


def test_spending_without_a_budget_has_no_rate_and_is_low() -> None:
    outcome = judge(Settlement(2023, 0, 5))
    assert (outcome.severity, outcome.reason) == (Severity.LOW, None)
    assert outcome.figures["execution_rate"] is None


def test_nothing_spent_of_nothing_is_clear() -> None:
    outcome = judge(Settlement(2023, 0, 0))
    assert (outcome.severity, outcome.reason) == (Severity.NONE, Reason.ZERO_DENOMINATOR)


@pytest.mark.parametrize(
    "facts",
    [
        [],
        [Settlement(2023, None, 5)],
        [Settlement(2023, 100, None)],
        [Settlement(2024, 100, 1)],
        [Settlement(2020, 100, 1)],
    ],
)
def test_without_a_known_settled_year_the_answer_is_unknown(facts: list[Settlement]) -> None:
    outcome = judge(*facts)
    assert (outcome.severity, outcome.reason) == (Severity.UNKNOWN, Reason.NO_DATA)
    assert outcome.figures["fiscal_year"] == 2023


@pytest.mark.parametrize(
    ("as_of", "judged"), [(date(2025, 9, 30), 2023), (date(2025, 10, 1), 2024)]
)
def test_a_year_is_judged_from_half_a_year_after_its_end(as_of: date, judged: int) -> None:
    outcome = judge(Settlement(2023, 100, 10), Settlement(2024, 100, 20), as_of=as_of)
    assert outcome.figures["fiscal_year"] == judged


def test_a_year_that_is_not_reported_does_not_clear_an_earlier_flag() -> None:
    outcome = judge(Settlement(2022, 100, 40, 55), Settlement(2023, 100, None))
    assert outcome == Outcome(
        Severity.HIGH,
        {
            "fiscal_year": 2022,
            "available": 100,
            "executed": 40,
            "carried_out": 55,
            "execution_rate": "0.4000",
            "unreported_year": 2023,
        },
    )


def test_a_year_that_is_not_reported_is_unknown_if_the_one_before_was_in_order() -> None:
    outcome = judge(Settlement(2021, 100, 90))
    assert (outcome.severity, outcome.reason) == (Severity.UNKNOWN, Reason.NO_DATA)


def test_a_year_in_order_clears_an_earlier_flag() -> None:
    outcome = judge(Settlement(2023, 100, 90), Settlement(2022, 100, 10))
    assert outcome.severity is Severity.NONE
    assert outcome.figures["unreported_year"] is None


def test_what_has_ended_or_holds_no_money_is_not_concerned() -> None:
    facts = Budget([Settlement(2023, 100, 1)], is_spending=False)
    outcome = execution_rate.judge(facts, PRESET, AS_OF)
    assert (outcome.severity, outcome.reason) == (Severity.NONE, Reason.NOT_APPLICABLE)


RANK = [Severity.NONE, Severity.MEDIUM, Severity.HIGH]
yen = st.integers(0, 10**13)


@given(yen, yen, yen.filter(bool))
def test_spending_less_of_a_budget_is_never_less_severe(one: int, other: int, budget: int) -> None:
    less, more = sorted((min(one, budget), min(other, budget)))
    low, high = (judge(Settlement(2023, budget, executed)) for executed in (less, more))
    assert RANK.index(low.severity) >= RANK.index(high.severity)


@given(yen, yen.filter(bool), st.integers(2, 1000))
def test_the_unit_of_money_does_not_matter(executed: int, budget: int, scale: int) -> None:
    plain = judge(Settlement(2023, budget, executed))
    scaled = judge(Settlement(2023, budget * scale, executed * scale))
    assert plain.severity == scaled.severity
    assert plain.figures["execution_rate"] == scaled.figures["execution_rate"]


@given(st.lists(st.builds(Settlement, st.integers(2018, 2026), st.none() | yen, st.none() | yen)))
def test_nothing_fires_on_the_unknown(facts: list[Settlement]) -> None:
    assume(all(not year.is_known for year in facts))
    assert judge(*facts).severity is Severity.UNKNOWN
