"""What the rules are told about the register, and that a write is judged at once."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from governance.access import Role
from governance.audit import Act
from projects.metrics.risk import CostYear, Plan
from projects.models import Finding, KpiValue, RiskFlag
from projects.models.choices import CostClass, KpiDirection, KpiKind, Stage, ValueState
from projects.register import KINDS
from projects.services import changes, flag_facts, flags, people, register, requests, rollups
from tests import factories

pytestmark = pytest.mark.django_db

AS_OF = date(2026, 11, 24)
ACT = Act(user=None, at=datetime(2026, 11, 24, 3, 0, tzinfo=UTC), source="test")


def severity(rule_id: str, **subject: Any) -> str | None:
    found = RiskFlag.objects.filter(rule_id=rule_id, closed_on__isnull=True, **subject).first()
    return None if found is None else found.severity


def reported(**values: Any) -> dict[str, Any]:
    states = {f"{name}_state": ValueState.REPORTED for name in values}
    return {**values, **states}


def test_an_actual_that_misses_its_target_is_judged_with_the_write() -> None:
    goal = factories.KpiFactory.create(direction=KpiDirection.DOWN, kind=KpiKind.OUTCOME)
    values = {"kpi": goal, "fiscal_year": 2025, "method_version": 1}
    value = register.create(
        ACT, KINDS["kpi-values"], {**values, **reported(target=Decimal(5), actual=Decimal(6))}
    )
    assert severity("kpi_off_target", system=goal.system, project=goal.project) == "medium"
    asked = changes.request(
        replace(ACT, reason="集計の誤りを正すため"), KINDS["kpi-values"], value.pk,
        reported(actual=Decimal(5)),
    )  # fmt: skip
    changes.approve(ACT, asked.pk)
    assert severity("kpi_off_target", system=goal.system, project=goal.project) is None


def test_a_later_year_and_a_newer_method_count_and_an_unknown_actual_is_unknown() -> None:
    goal = factories.KpiFactory.create(direction=KpiDirection.UP, kind=KpiKind.OUTCOME)
    key = goal.system_id
    assert key is not None
    for year, method, actual in ((2024, 1, 1), (2025, 1, 1), (2025, 2, 9), (2026, 2, 1)):
        KpiValue.objects.create(
            kpi=goal,
            fiscal_year=year,
            method_version=method,
            updated_at=ACT.at,
            **reported(target=Decimal(5), actual=Decimal(actual)),
        )
    found = flag_facts.worth("system", [key], AS_OF)[key]
    assert (found.asked, found.known, found.missed) == (1, 1, 0)
    KpiValue.objects.filter(fiscal_year=2025, method_version=2).update(
        actual=None, actual_state=ValueState.MISSING
    )
    found = flag_facts.worth("system", [key], AS_OF)[key]
    assert (found.asked, found.known) == (1, 0)


def test_a_contract_is_judged_with_its_system() -> None:
    system = factories.SystemFactory.create()
    for number in range(3):
        contract = factories.ContractFactory.build(system=system)
        register.create(
            ACT,
            KINDS["contracts"],
            {
                "contract_id": f"C-{number}",
                "title": contract.title,
                "agency": system.agency,
                "system": system,
                "vendor": "甲",
                "fiscal_year": 2025,
                "method": contract.method,
                **reported(amount=100),
            },
        )
    assert severity("vendor_concentration", system=system) == "high"


def test_a_settled_finding_clears_its_review() -> None:
    finding = factories.FindingFactory.create(due_on=date(2026, 11, 1), weight="minor")
    flags.recompute_for(ACT, as_of=AS_OF, review_ids=[finding.review_id])
    assert severity("finding_overdue", review=finding.review) == "medium"
    register.edit(
        ACT,
        KINDS["findings"],
        finding.pk,
        {"accepted_on": AS_OF},
        version=Finding.objects.get(pk=finding.pk).version,
    )
    assert severity("finding_overdue", review=finding.review) is None


def test_a_project_answers_to_somebody_from_the_day_of_the_grant() -> None:
    project = factories.ProjectFactory.create(head_name="架空 太郎")
    flags.recompute_for(ACT, as_of=AS_OF, project_ids=[project.pk])
    assert severity("missing_roles", project=project) == "unknown"
    for role, where in (
        (Role.PMO, {"agency": project.agency}),
        (Role.MINISTRY_CIO, {"agency": project.agency}),
    ):
        people.grant(ACT, {"user": factories.UserFactory.create(), "role": role, **where})
    assert severity("missing_roles", project=project) == "medium"
    people.grant(
        ACT,
        {"user": factories.UserFactory.create(), "role": Role.PJMO, "project": project},
    )
    assert severity("missing_roles", project=project) is None


def test_a_new_plan_is_judged_when_it_is_agreed() -> None:
    project = factories.ProjectFactory.create()
    values = {
        "project": project,
        "planned_start_on": date(2026, 4, 1),
        "planned_end_on": date(2027, 3, 31),
    }
    for budget, reason in ((1000, ""), (2000, "範囲の拡大")):
        plan = requests.request_baseline(
            ACT, {**values, "budget_at_completion": budget, "reason": reason}
        )
        requests.approve_baseline(ACT, plan.pk)
    assert severity("baseline_growth", project=project) == "high"


def test_a_report_however_old_still_says_what_was_expected() -> None:
    """A project that stops reporting does not lose its overrun."""
    project = factories.ProjectFactory.create()
    plan = factories.BaselineFactory.create(project=project)
    factories.MonthlyUpdateFactory.create(
        project=project,
        period=date(2024, 6, 1),
        approved=True,
        forecast_cost=plan.budget_at_completion * 2,
    )
    found = flag_facts.deliveries([project.pk], AS_OF)[project.pk]
    assert found.forecast_cost == plan.budget_at_completion * 2


def test_reports_that_are_the_plan_are_counted_back_from_the_latest() -> None:
    project = factories.ProjectFactory.create()
    plan = factories.BaselineFactory.create(project=project)
    exact = {
        "forecast_cost": plan.budget_at_completion,
        "forecast_end_on": plan.planned_end_on,
    }
    for month, figures in ((5, exact), (6, {**exact, "forecast_cost": 1}), (7, exact), (8, exact)):
        factories.MonthlyUpdateFactory.create(
            project=project, period=date(2026, month, 1), approved=True, **figures
        )
    assert flag_facts.deliveries([project.pk], AS_OF)[project.pk].exact_months == 2


def test_a_plans_cost_is_spread_over_its_fiscal_years_and_loses_no_yen() -> None:
    plan = Plan(AS_OF, date(2025, 1, 15), date(2026, 4, 30), 1000)
    assert flag_facts.planned_cost([plan]) == [
        CostYear(2024, 187),
        CostYear(2025, 750),
        CostYear(2026, 63),
    ]
    assert flag_facts.planned_cost([]) == []


def test_what_was_spent_comes_before_budgets_and_a_split_before_silence() -> None:
    system = factories.SystemFactory.create()
    operation = factories.CostItemFactory.create(cost_class=CostClass.OPERATION)
    ledger = factories.CostItemFactory.create(cost_class=CostClass.UNCLASSIFIED)
    for item, year, stage, amount in (
        (operation, 2023, Stage.EXECUTED, 700),
        (ledger, 2024, Stage.AVAILABLE, 0),
    ):
        factories.CostLineFactory.create(
            system=system, cost_item=item, budget_year=year, stage=stage, amount=amount
        )
    rollups.recompute_all()
    years = flag_facts.money("system", [system.pk])[system.pk]
    assert flag_facts.latest_cost(years, AS_OF) == 700
    assert flag_facts.latest_cost(years, date(2030, 6, 1)) is None
    assert {one.fiscal_year: one.cost for one in flag_facts.costs(years)} == {2023: 700, 2024: 0}


def test_a_systems_cost_a_case_stands_beside_the_median_of_its_class() -> None:
    first = factories.SystemFactory.create()
    others = factories.SystemFactory.create_batch(5, system_class=first.system_class)
    item = factories.CostItemFactory.create(cost_class=CostClass.OPERATION)
    for number, system in enumerate((first, *others)):
        service = factories.ServiceFactory.create(systems=[system])
        factories.ServiceYearFactory.create(
            service=service, fiscal_year=2025, counted=True, cases=10, online_cases=1
        )
        factories.CostLineFactory.create(
            system=system,
            cost_item=item,
            budget_year=2025,
            stage=Stage.EXECUTED,
            amount=10_000 if number == 0 else 100,
        )
    rollups.recompute_all()
    flags.recompute_for(ACT, as_of=AS_OF, system_ids=[first.pk])
    flag = RiskFlag.objects.get(rule_id="unit_cost_outlier", system=first)
    assert flag.severity == "high"
    assert (flag.figures["unit_cost"], flag.figures["peer_median"]) == ("1000.0000", "10.0000")
