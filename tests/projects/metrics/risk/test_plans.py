from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projects.metrics.risk import Delivery, Outcome, Plan, Rule
from projects.metrics.risk.plans import (
    baseline_growth,
    cost_overrun,
    rebaselined,
    schedule_slip,
    zero_variance,
)
from projects.metrics.types import Reason

AS_OF = date(2026, 11, 24)
FIRST = Plan(date(2025, 4, 1), date(2026, 1, 1), date(2026, 1, 1) + timedelta(days=1000), 1000)
ALL: list[Rule[Delivery]] = [
    baseline_growth,
    cost_overrun,
    rebaselined,
    schedule_slip,
    zero_variance,
]


def judge(rule: Rule[Delivery], facts: Delivery, **policy: object) -> Outcome:
    return rule.judge(facts, rule.settle(policy), AS_OF)


def later(days: int) -> date:
    return FIRST.end_on + timedelta(days=days)


@pytest.mark.parametrize("rule", ALL, ids=lambda rule: rule.id)
def test_without_a_plan_the_answer_is_unknown(rule: Rule[Delivery]) -> None:
    outcome = judge(rule, Delivery([], 10, AS_OF, 3))
    assert (outcome.severity, outcome.reason) == ("unknown", Reason.NO_DATA)


@pytest.mark.parametrize("rule", ALL, ids=lambda rule: rule.id)
def test_an_ended_project_is_not_concerned(rule: Rule[Delivery]) -> None:
    outcome = judge(rule, Delivery([FIRST], 9999, later(999), 99, is_running=False))
    assert (outcome.severity, outcome.reason) == ("none", Reason.NOT_APPLICABLE)


@pytest.mark.parametrize("rule", [cost_overrun, schedule_slip, zero_variance])
def test_without_a_report_the_answer_is_unknown(rule: Rule[Delivery]) -> None:
    assert judge(rule, Delivery([FIRST])).severity == "unknown"


@pytest.mark.parametrize(
    ("cost", "severity"),
    [(500, "none"), (1099, "none"), (1100, "medium"), (1299, "medium"), (1300, "high")],
)
def test_cost_is_compared_with_the_first_plan(cost: int, severity: str) -> None:
    raised = Plan(date(2026, 4, 1), FIRST.start_on, FIRST.end_on, 5000)
    outcome = judge(cost_overrun, Delivery([FIRST, raised], cost))
    assert outcome.severity == severity
    assert outcome.figures["current_budget"] == 5000


def test_a_first_budget_of_zero_has_no_ratio() -> None:
    free = Plan(FIRST.agreed_on, FIRST.start_on, FIRST.end_on, 0)
    assert judge(cost_overrun, Delivery([free], 5)).reason is Reason.ZERO_DENOMINATOR


@pytest.mark.parametrize(
    ("days", "severity"),
    [(-300, "none"), (99, "none"), (100, "medium"), (299, "medium"), (300, "high")],
)
def test_the_finish_is_compared_with_the_first_plan(days: int, severity: str) -> None:
    outcome = judge(schedule_slip, Delivery([FIRST], None, later(days)))
    assert (outcome.severity, outcome.figures["days_late"]) == (severity, days)


def test_a_forecast_that_has_passed_unreached_is_late_today_unless_all_is_done() -> None:
    short = Plan(FIRST.agreed_on, date(2026, 1, 1), date(2026, 4, 11), 1)
    past = date(2026, 4, 12)
    assert judge(schedule_slip, Delivery([short], None, past)).figures["forecast_end"] == (
        AS_OF.isoformat()
    )
    done = judge(schedule_slip, Delivery([short], None, past, is_done=True))
    assert (done.severity, done.figures["days_late"]) == ("none", 1)


def test_a_plan_of_no_length_is_not_judged() -> None:
    point = Plan(FIRST.agreed_on, AS_OF, AS_OF, 0)
    assert judge(schedule_slip, Delivery([point], None, later(0))).reason is (
        Reason.ZERO_DENOMINATOR
    )
    assert judge(baseline_growth, Delivery([point])).reason is Reason.ZERO_DENOMINATOR


@pytest.mark.parametrize(
    ("budget", "days", "severity"),
    [
        (1000, 0, "none"),
        (1099, 0, "none"),
        (1100, 0, "medium"),
        (900, 300, "high"),
        (1300, 0, "high"),
    ],
)
def test_the_larger_growth_of_budget_and_length_counts(
    budget: int, days: int, severity: str
) -> None:
    current = Plan(AS_OF, FIRST.start_on, later(days), budget)
    assert judge(baseline_growth, Delivery([FIRST, current])).severity == severity


@pytest.mark.parametrize(("number", "severity"), [(1, "none"), (2, "medium"), (3, "high")])
def test_new_plans_of_the_window_are_counted(number: int, severity: str) -> None:
    edge = AS_OF - timedelta(days=3 * 365)
    old = Plan(edge - timedelta(days=1), FIRST.start_on, FIRST.end_on, 1)
    new = Plan(edge, FIRST.start_on, FIRST.end_on, 1)
    outcome = judge(rebaselined, Delivery([old, old, *[new] * number]))
    assert (outcome.severity, outcome.figures["new_plans"]) == (severity, number)


@pytest.mark.parametrize(
    ("months", "severity"), [(5, "none"), (6, "low"), (11, "low"), (12, "medium"), (99, "medium")]
)
def test_exact_forecasts_ask_a_question_and_are_never_high(months: int, severity: str) -> None:
    assert judge(zero_variance, Delivery([FIRST], 1, AS_OF, months)).severity == severity


ORDER = ("none", "low", "medium", "high")


@given(cost=st.integers(0, 10**6), more=st.integers(0, 10**6), k=st.integers(1, 10**6))
def test_more_cost_is_never_less_severe_and_the_unit_does_not_matter(
    cost: int, more: int, k: int
) -> None:
    def severity(expected: int, scale: int = 1) -> int:
        plan = Plan(FIRST.agreed_on, FIRST.start_on, FIRST.end_on, FIRST.budget * scale)
        return ORDER.index(judge(cost_overrun, Delivery([plan], expected * scale)).severity)

    assert severity(cost) <= severity(cost + more)
    assert severity(cost) == severity(cost, k)


@given(days=st.integers(-900, 2000), more=st.integers(0, 2000))
def test_a_later_finish_is_never_less_severe(days: int, more: int) -> None:
    def severity(late: int) -> Any:
        return ORDER.index(judge(schedule_slip, Delivery([FIRST], None, later(late))).severity)

    assert severity(days) <= severity(days + more)
