from datetime import date, timedelta

import pytest

from projects.metrics.risk import Ageing, Conformity, LastTest, Offices, OpenFinding
from projects.metrics.risk.reviews import finding_overdue
from projects.metrics.risk.upkeep import (
    ageing_system,
    conformity_gap,
    continuity_test_overdue,
    missing_roles,
    security_test_overdue,
)
from projects.metrics.types import Reason

AS_OF = date(2026, 11, 24)


def before(days: int) -> date:
    return AS_OF - timedelta(days=days)


@pytest.mark.parametrize(
    ("days", "severity"),
    [(731, "none"), (730, "medium"), (181, "medium"), (180, "high"), (-5, "high")],
)
def test_support_that_ends(days: int, severity: str) -> None:
    facts = Ageing(before(-days), None)
    assert ageing_system.judge(facts, ageing_system.settle(), AS_OF).severity == severity


@pytest.mark.parametrize(
    ("renewal", "severity"), [(2026, "none"), (2027, "none"), (2028, "medium"), (2025, "medium")]
)
def test_a_renewal_in_time_clears_it(renewal: int, severity: str) -> None:
    facts = Ageing(date(2028, 3, 31), renewal)
    assert ageing_system.judge(facts, ageing_system.settle(), AS_OF).severity == severity


def test_support_of_which_nobody_knows() -> None:
    def severity(facts: Ageing) -> str:
        return ageing_system.judge(facts, ageing_system.settle(), AS_OF).severity

    assert severity(Ageing(None, None)) == "unknown"
    assert severity(Ageing(AS_OF, None, is_running=False)) == "none"


@pytest.mark.parametrize(
    ("answers", "severity"),
    [
        ((True, True, True), "none"),
        ((False, True, None), "medium"),
        ((False, False, False), "high"),
        ((True, None, True), "unknown"),
    ],
)
def test_marks_at_a_renewal(answers: tuple[bool | None, ...], severity: str) -> None:
    marks = dict(zip(("api", "open_data", "platform"), answers, strict=True))
    facts = Conformity(marks, is_renewing=True, next_renewal_year=None)
    assert conformity_gap.judge(facts, conformity_gap.settle(), AS_OF).severity == severity


@pytest.mark.parametrize(
    ("year", "severity"), [(2025, "none"), (2026, "medium"), (2028, "medium"), (2029, "none")]
)
def test_marks_are_asked_shortly_before_a_renewal(year: int, severity: str) -> None:
    facts = Conformity({"api": False}, is_renewing=False, next_renewal_year=year)
    assert conformity_gap.judge(facts, conformity_gap.settle(), AS_OF).severity == severity


@pytest.mark.parametrize("rule", [security_test_overdue, continuity_test_overdue])
@pytest.mark.parametrize(
    ("days", "severity"), [(365, "none"), (366, "medium"), (730, "medium"), (731, "high")]
)
def test_days_since_the_last_test(rule: object, days: int, severity: str) -> None:
    chosen = security_test_overdue if rule is security_test_overdue else continuity_test_overdue
    parameters = chosen.settle()
    assert chosen.judge(LastTest(before(days)), parameters, AS_OF).severity == severity
    assert chosen.judge(LastTest(None), parameters, AS_OF).severity == "unknown"
    assert chosen.judge(LastTest(None, is_running=False), parameters, AS_OF).severity == "none"


@pytest.mark.parametrize(
    ("facts", "severity", "roles"),
    [
        (Offices(True, 1, 1, 1), "none", ""),
        (Offices(True, 0, 1, 1), "medium", "pjmo"),
        (Offices(False, 1, 1, 0), "high", "leader, ministry_cio"),
        (Offices(False, 0, 0, 0, is_known=False), "unknown", "leader, pjmo, pmo, ministry_cio"),
        (Offices(False, 0, 1, 1, is_running=False), "none", "leader, pjmo"),
    ],
)
def test_vacant_roles(facts: Offices, severity: str, roles: str) -> None:
    outcome = missing_roles.judge(facts, missing_roles.settle(), AS_OF)
    assert (outcome.severity, outcome.figures["roles"]) == (severity, roles)


@pytest.mark.parametrize(
    ("findings", "severity", "reason"),
    [
        ([], "none", None),
        ([OpenFinding(AS_OF)], "none", None),
        ([OpenFinding(before(1))], "medium", None),
        ([OpenFinding(before(90)), OpenFinding(None)], "medium", None),
        ([OpenFinding(before(91))], "high", None),
        ([OpenFinding(before(1), is_major=True)], "high", None),
        ([OpenFinding(before(1)), OpenFinding(AS_OF, is_major=True)], "medium", None),
        ([OpenFinding(None)], "unknown", Reason.NO_DATA),
    ],
)
def test_findings(findings: list[OpenFinding], severity: str, reason: Reason | None) -> None:
    outcome = finding_overdue.judge(findings, finding_overdue.settle(), AS_OF)
    assert (outcome.severity, outcome.reason) == (severity, reason)
