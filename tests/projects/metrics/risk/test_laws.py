"""Laws of the rule book: no rule fires on what is unknown, and a worse figure is never a better
severity. Each rule is driven by one figure while the others stay as they are."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projects.metrics import risk
from projects.metrics.risk import RULES, Rule, Severity
from projects.metrics.types import Figure

AS_OF = date(2026, 11, 24)  # The last finished and settled year is FY2025.
GRAVITY = {Severity.NONE: 0, Severity.LOW: 1, Severity.MEDIUM: 2, Severity.HIGH: 3}
PLAN = risk.Plan(date(2025, 4, 1), date(2026, 1, 1), date(2026, 1, 1) + timedelta(1000), 1000)


def day(days: int) -> date:
    return AS_OF + timedelta(days=days)


def replanned(times: int) -> risk.Delivery:
    return risk.Delivery([PLAN] * (1 + times), 1000, PLAN.end_on)


def bought(share: int) -> risk.Purchases:
    """Of 300 yen `share` go to the first vendor and into March."""
    return risk.Purchases(
        [
            risk.Purchase("甲", share, date(2026, 3, 1), 2025),
            risk.Purchase("乙", (300 - share) // 2, date(2025, 6, 1), 2025),
            risk.Purchase("丙", 300 - share - (300 - share) // 2, date(2025, 7, 1), 2025),
        ]
    )


def spent(executed: int) -> risk.Budget:
    return risk.Budget([risk.Settlement(2025, 1000, executed, 0)])


# Rule → facts made of one figure that grows worse.
WORSE: dict[str, Callable[[int], object]] = {
    "ageing_system": lambda n: risk.Ageing(day(1000 - n), None),
    "baseline_growth": lambda n: risk.Delivery(
        [PLAN, risk.Plan(AS_OF, PLAN.start_on, PLAN.end_on, 1000 + n)], 1, PLAN.end_on
    ),
    "bcr_below_one": lambda n: risk.Promise(
        [risk.CostYear(2025, 1000)], [risk.BenefitYear(2025, 1000 - n, None)]
    ),
    "benefit_shortfall": lambda n: risk.Promise([], [risk.BenefitYear(2025, 1000, 1000 - n)]),
    "carry_over": lambda n: risk.Budget([risk.Settlement(2025, 1000, None, n)]),
    "conformity_gap": lambda n: risk.Conformity(
        {f"mark{number}": number >= n // 200 for number in range(5)}, True, None
    ),
    "continuity_test_overdue": lambda n: risk.LastTest(day(-n)),
    "cost_growth": lambda n: risk.Operation(
        [risk.OperationCost(2022, 1000), risk.OperationCost(2025, 1000 + n)]
    ),
    "cost_overrun": lambda n: risk.Delivery([PLAN], 1000 + n, PLAN.end_on),
    "execution_rate": lambda n: spent(1000 - n),
    "finding_overdue": lambda n: [risk.OpenFinding(day(-n), False)],
    "kpi_off_target": lambda n: risk.Goals(1000, 1000, n),
    "late_report": lambda n: risk.Reporting(
        is_reporting=True, first_period=date(2020, 1, 1), last_period=None,
        latest_submitted=date(2026, 10, 1) - timedelta(n),
    ),
    "low_online_use": lambda n: risk.OnlineUse(1, date(2020, 1, 1), 2025, 1000, 1000 - n),
    "missing_roles": lambda n: risk.Offices(n < 200, int(n < 400), int(n < 600), int(n < 800)),
    "no_outcome": lambda n: risk.Outcomes(0, 0, n * 20_000_000),
    "rebaselined": lambda n: replanned(n // 100),
    "review_overdue": lambda n: risk.ReviewDates(day(-n), False, None),
    "schedule_slip": lambda n: risk.Delivery([PLAN], 1, PLAN.end_on + timedelta(n)),
    "security_test_overdue": lambda n: risk.LastTest(day(-n)),
    "single_bidder": lambda n: risk.Award(
        is_competitive=True, bidders=Figure(1), amount=n * 10_000_000, award_ratio=None,
        has_reason=False,
    ),
    "unit_cost_outlier": lambda n: risk.UnitCost(2025, n, 10, Decimal(1), 9),
    "unused_budget": lambda n: risk.Budget([risk.Settlement(2025, 1000, 1000 - n, 0, n)]),
    "vendor_concentration": lambda n: bought(150 + n * 150 // 1000),
    "year_end_spending": lambda n: bought(n * 300 // 1000),
    "zero_variance": lambda n: risk.Delivery([PLAN], 1000, PLAN.end_on, n // 20),
}  # fmt: skip


def gravity(rule: Rule[Any], facts: object, as_of: date = AS_OF) -> int:
    outcome = rule.judge(facts, rule.settle(), as_of)
    assert outcome.severity is not Severity.UNKNOWN, (rule.id, outcome)
    return GRAVITY[outcome.severity]


def test_every_rule_has_its_law() -> None:
    assert set(WORSE) == set(RULES)


@pytest.mark.parametrize("rule_id", sorted(WORSE))
@given(st.integers(0, 1000), st.integers(0, 1000))
def test_a_worse_figure_is_never_a_better_severity(rule_id: str, one: int, other: int) -> None:
    rule, facts = RULES[rule_id], WORSE[rule_id]
    better, worse = sorted((one, other))
    assert gravity(rule, facts(better)) <= gravity(rule, facts(worse))


@pytest.mark.parametrize("rule_id", sorted(WORSE))
def test_the_law_spans_the_rule(rule_id: str) -> None:
    """From nothing to act on to the gravest that the rule knows: else the law above says little."""
    rule, facts = RULES[rule_id], WORSE[rule_id]
    gravest = GRAVITY[Severity.MEDIUM if rule_id == "zero_variance" else Severity.HIGH]
    assert gravity(rule, facts(1000)) == gravest
    least = 2 if rule_id == "single_bidder" else 0  # One bidder is a finding at any amount.
    assert gravity(rule, facts(0)) == least


@pytest.mark.parametrize("rule_id", ["late_report", "security_test_overdue", "review_overdue"])
@given(st.integers(0, 900), st.integers(0, 900), st.integers(0, 900))
def test_data_that_grows_older_is_never_less_stale(
    rule_id: str, age: int, one: int, other: int
) -> None:
    rule, facts = RULES[rule_id], WORSE[rule_id](age)
    earlier, later = sorted((one, other))
    assert gravity(rule, facts, day(earlier)) <= gravity(rule, facts, day(later))


@pytest.mark.parametrize(
    ("rule_id", "scaled"),
    [
        ("carry_over", lambda n, k: risk.Budget([risk.Settlement(2025, 1000 * k, None, n * k)])),
        ("execution_rate", lambda n, k: risk.Budget([risk.Settlement(2025, 1000 * k, n * k, 0)])),
        ("unused_budget",
         lambda n, k: risk.Budget([risk.Settlement(2025, 1000 * k, (1000 - n) * k, 0)])),
        ("benefit_shortfall",
         lambda n, k: risk.Promise([], [risk.BenefitYear(2025, 1000 * k, n * k)])),
        ("bcr_below_one",
         lambda n, k: risk.Promise([risk.CostYear(2025, 1000 * k)],
                                   [risk.BenefitYear(2025, n * k, None)])),
        ("cost_growth",
         lambda n, k: risk.Operation([risk.OperationCost(2022, 1000 * k),
                                      risk.OperationCost(2025, (n + 1) * k)])),
        ("unit_cost_outlier",
         lambda n, k: risk.UnitCost(2025, n * k, 10, Decimal(k), 9)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
@given(st.integers(0, 3000), st.integers(1, 10**6))
def test_scaling_all_money_changes_no_severity(
    rule_id: str, scaled: Callable[[int, int], object], n: int, k: int
) -> None:
    assert gravity(RULES[rule_id], scaled(n, k)) == gravity(RULES[rule_id], scaled(n, 1))
