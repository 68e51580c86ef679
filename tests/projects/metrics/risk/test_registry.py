from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from projects.metrics.risk import RULES, ParameterError, Problem, Severity, late_report
from projects.metrics.risk.registry import (
    Outcome,
    Parameter,
    Source,
    Subject,
    Unit,
    as_text,
    rule,
)


def test_the_book_holds_these_rules() -> None:
    assert set(RULES) == {
        "ageing_system",
        "baseline_growth",
        "bcr_below_one",
        "benefit_shortfall",
        "carry_over",
        "conformity_gap",
        "continuity_test_overdue",
        "cost_growth",
        "cost_overrun",
        "execution_rate",
        "finding_overdue",
        "kpi_off_target",
        "late_report",
        "low_online_use",
        "missing_roles",
        "no_outcome",
        "rebaselined",
        "review_overdue",
        "schedule_slip",
        "security_test_overdue",
        "single_bidder",
        "unit_cost_outlier",
        "unused_budget",
        "vendor_concentration",
        "year_end_spending",
        "zero_variance",
    }


@pytest.mark.parametrize("rule_id", sorted(RULES))
def test_every_rule_says_what_it_is_and_where_it_comes_from(rule_id: str) -> None:
    entry = RULES[rule_id]
    assert entry.id == rule_id
    assert entry.version >= 1
    assert entry.title
    assert len(entry.description) > 60
    assert len(entry.citation) > 40
    assert entry.parameters
    assert entry.settle() == {name: one.default for name, one in entry.parameters.items()}


@pytest.mark.parametrize("rule_id", sorted(RULES))
def test_every_preset_passes_its_own_bounds(rule_id: str) -> None:
    for parameter in RULES[rule_id].parameters.values():
        assert parameter.read("", parameter.default) == parameter.default


def test_a_policy_replaces_presets() -> None:
    settled = late_report.settle({"due_day": 5, "high_from_days": "60"})
    assert settled == {
        "due_day": Decimal(5),
        "medium_from_days": Decimal(11),
        "high_from_days": Decimal(60),
        "escalation_days": Decimal(5),
    }


@pytest.mark.parametrize(
    ("overrides", "problem"),
    [
        ({"due": 5}, Problem.UNKNOWN_NAME),
        ({"due_day": "soon"}, Problem.NO_NUMBER),
        ({"due_day": None}, Problem.NO_NUMBER),
        ({"due_day": True}, Problem.NO_NUMBER),
        ({"due_day": [5]}, Problem.NO_NUMBER),
        ({"due_day": 0}, Problem.OUT_OF_BOUNDS),
        ({"due_day": 29}, Problem.OUT_OF_BOUNDS),
        ({"high_from_days": -1}, Problem.OUT_OF_BOUNDS),
        ({"high_from_days": "NaN"}, Problem.OUT_OF_BOUNDS),
        ({"high_from_days": "Infinity"}, Problem.OUT_OF_BOUNDS),
        ({"high_from_days": 1.5}, Problem.NOT_WHOLE),
    ],
)
def test_a_policy_that_cannot_be_used_is_refused(
    overrides: dict[str, Any], problem: Problem
) -> None:
    with pytest.raises(ParameterError) as refused:
        late_report.settle(overrides)
    [(name, given)] = overrides.items()
    assert (refused.value.problem, refused.value.name) == (problem, name)
    assert refused.value.given is given


def test_a_refusal_for_bounds_tells_them() -> None:
    with pytest.raises(ParameterError) as refused:
        late_report.settle({"due_day": 29})
    assert (refused.value.least, refused.value.most) == (1, 28)


def test_a_ratio_may_have_decimals() -> None:
    assert Parameter(Decimal(0), Unit.RATIO, "").read("", 0.125) == Decimal("0.125")


def test_two_rules_cannot_share_an_id() -> None:
    with pytest.raises(ValueError, match="late_report"):

        @rule(
            id="late_report",
            version=1,
            title="",
            subjects=(Subject.PROJECT,),
            sources=(Source.PROJECT,),
            citation="",
            parameters={},
        )
        def another(facts: None, parameters: object, as_of: date) -> Outcome:
            raise AssertionError


def test_a_rule_says_what_its_figures_are_taken_from() -> None:
    """Else nobody could tell who may read them."""
    with pytest.raises(ValueError, match="new_rule does not say what its figures are taken from"):
        rule(
            id="new_rule",
            version=1,
            title="",
            subjects=(Subject.PROJECT,),
            sources=(),
            citation="",
            parameters={},
        )
    assert all(entry.sources for entry in RULES.values())


@pytest.mark.parametrize(
    ("severity", "fires"),
    [("high", True), ("medium", True), ("low", True), ("none", False), ("unknown", False)],
)
def test_only_degrees_fire(severity: str, fires: bool) -> None:
    assert Severity(severity).fires is fires


def test_a_ratio_as_evidence_has_four_decimals() -> None:
    assert as_text(Decimal(1) / Decimal(3)) == "0.3333"
    assert as_text(Decimal("0.98765")) == "0.9877"
    assert as_text(Decimal(-1)) == "-1.0000"
