from datetime import date

import pytest

from projects.metrics.risk import BenefitYear, CostYear, Goals, Outcomes, Promise
from projects.metrics.risk.worth import (
    bcr_below_one,
    benefit_shortfall,
    kpi_off_target,
    no_outcome,
)
from projects.metrics.types import Reason

AS_OF = date(2026, 11, 24)


def goals(asked: int, known: int, missed: int, *, is_running: bool = True) -> tuple[str, object]:
    facts = Goals(asked, known, missed, is_running)
    outcome = kpi_off_target.judge(facts, kpi_off_target.settle(), AS_OF)
    return outcome.severity.value, outcome.reason


@pytest.mark.parametrize(
    ("known", "missed", "severity"),
    [(100, 24, "none"), (4, 1, "medium"), (100, 49, "medium"), (4, 2, "high"), (1, 1, "medium")],
)
def test_the_share_of_missed_goals(known: int, missed: int, severity: str) -> None:
    assert goals(100, known, missed) == (severity, None)


def test_goals_that_say_nothing() -> None:
    assert goals(0, 0, 0) == ("none", Reason.NOT_APPLICABLE)
    assert goals(3, 3, 3, is_running=False) == ("none", Reason.NOT_APPLICABLE)
    assert goals(3, 0, 0) == ("unknown", Reason.NO_DATA)


@pytest.mark.parametrize(
    ("facts", "severity", "reason"),
    [
        (Outcomes(1, 1, None), "none", None),
        (Outcomes(0, 0, None), "unknown", Reason.NO_DATA),
        (Outcomes(0, 0, 99_999_999), "none", Reason.NOT_APPLICABLE),
        (Outcomes(0, 0, 100_000_000), "medium", None),
        (Outcomes(1, 0, 10**11), "low", None),
        (Outcomes(0, 0, 10**10 - 1), "medium", None),
        (Outcomes(0, 0, 10**10), "high", None),
        (Outcomes(0, 0, 10**10, is_running=False), "none", Reason.NOT_APPLICABLE),
    ],
)
def test_costly_things_need_a_measured_outcome(
    facts: Outcomes, severity: str, reason: Reason | None
) -> None:
    outcome = no_outcome.judge(facts, no_outcome.settle(), AS_OF)
    assert (outcome.severity, outcome.reason) == (severity, reason)


@pytest.mark.parametrize(
    ("benefit", "severity"), [(499, "high"), (500, "medium"), (999, "medium"), (1000, "none")]
)
def test_benefits_over_costs_of_one_year(benefit: int, severity: str) -> None:
    facts = Promise([CostYear(2025, 1000)], [BenefitYear(2025, benefit, None)])
    outcome = bcr_below_one.judge(facts, bcr_below_one.settle(), AS_OF)
    assert outcome.severity == severity


def test_the_sample_of_circular_a_94_at_its_rate() -> None:
    """OMB A-94, Appendix B at 3.1 %: 123.37 and 184.92, BCR 1.4989. Our first year is year 1, so
    both present values are larger by one year's factor and their ratio is the published one."""
    costs = (10, 20, 30, 30, 20, 10, 5, 5, 5, 5)
    gains = (0, 0, 5, 10, 30, 40, 40, 40, 40, 25)
    facts = Promise(
        [CostYear(2020 + i, c * 10**6) for i, c in enumerate(costs)],
        [BenefitYear(2020 + i, b * 10**6, None) for i, b in enumerate(gains)],
    )
    parameters = bcr_below_one.settle({"rate_ratio": "0.031"})
    figures = bcr_below_one.judge(facts, parameters, AS_OF).figures
    assert figures["bcr"] == "1.4989"
    assert round(int(figures["pv_costs"] or 0) / 1.031 / 10**6, 2) == 123.37
    assert round(int(figures["pv_benefits"] or 0) / 1.031 / 10**6, 2) == 184.92


def test_a_realised_benefit_replaces_the_plan_and_unknown_is_not_zero() -> None:
    def severity(facts: Promise) -> tuple[str, object]:
        outcome = bcr_below_one.judge(facts, bcr_below_one.settle(), AS_OF)
        return outcome.severity.value, outcome.reason

    cost = [CostYear(2025, 100)]
    assert severity(Promise(cost, [BenefitYear(2025, 900, 10)])) == ("high", None)
    assert severity(Promise(cost, [BenefitYear(2025, None, None)])) == ("unknown", Reason.NO_DATA)
    assert severity(Promise([CostYear(2025, None)], [BenefitYear(2025, 9, None)]))[0] == "unknown"
    two = [BenefitYear(2025, 5, None), BenefitYear(2026, None, None)]
    assert severity(Promise(cost, two)) == ("unknown", Reason.NO_DATA)
    assert severity(Promise([CostYear(2025, 0)], [BenefitYear(2025, 9, None)])) == (
        "none",
        Reason.ZERO_DENOMINATOR,
    )
    assert severity(Promise(cost, [], is_running=False)) == ("none", Reason.NOT_APPLICABLE)


@pytest.mark.parametrize(
    ("realised", "severity"), [(499, "high"), (500, "medium"), (799, "medium"), (800, "none")]
)
def test_realised_over_planned_in_finished_years(realised: int, severity: str) -> None:
    facts = Promise([], [BenefitYear(2025, 1000, realised), BenefitYear(2026, 1000, 0)])
    outcome = benefit_shortfall.judge(facts, benefit_shortfall.settle(), AS_OF)
    assert (outcome.severity, outcome.figures["years"]) == (severity, 1)


def test_plans_without_results() -> None:
    def answer(*years: BenefitYear) -> tuple[str, object]:
        facts = Promise([], years)
        outcome = benefit_shortfall.judge(facts, benefit_shortfall.settle(), AS_OF)
        return outcome.severity.value, outcome.reason

    assert answer(BenefitYear(2025, -5, 5)) == ("none", Reason.NOT_APPLICABLE)
    assert answer(BenefitYear(2026, 5, None)) == ("none", Reason.NOT_APPLICABLE)
    assert answer(BenefitYear(2025, 5, None)) == ("unknown", Reason.NO_DATA)
