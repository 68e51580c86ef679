"""Flags on the register: what opens, changes and closes them, and what a run costs."""

from datetime import UTC, date, datetime
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from governance import audit
from governance.audit import Act
from governance.models import AuditEvent, RiskPolicy
from projects.models import ImportRun, RiskFlag, System
from projects.models.choices import (
    ContractMethod,
    CostClass,
    ProjectPhase,
    Stage,
    SystemStatus,
    ValueState,
)
from projects.register import KINDS
from projects.services import flags, register, rollups
from tests import factories

pytestmark = pytest.mark.django_db

AS_OF = date(2026, 11, 24)
ACT = Act(user=None, at=datetime(2026, 11, 24, 3, 0, tzinfo=UTC), source="test")


def run(as_of: date = AS_OF) -> flags.Recomputed:
    rollups.recompute_all()
    return flags.recompute_all(ACT, as_of=as_of)


def open_flags() -> set[tuple[str, str]]:
    return set(RiskFlag.objects.filter(closed_on__isnull=True).values_list("rule_id", "severity"))


def flag_of(rule_id: str, **subject: Any) -> RiskFlag | None:
    return RiskFlag.objects.filter(rule_id=rule_id, closed_on__isnull=True, **subject).first()


def severity_of(rule_id: str, **subject: Any) -> str | None:
    flag = flag_of(rule_id, **subject)
    return None if flag is None else flag.severity


def cost(system: System, year: int, stage: str, amount: int) -> None:
    factories.CostLineFactory.create(system=system, budget_year=year, stage=stage, amount=amount)


# Facts from the register to the rules ------------------------------------------------------------


def test_a_single_bid_becomes_a_flag_with_rule_figures_and_thresholds() -> None:
    contract = factories.ContractFactory.create(
        bidders=1,
        amount=2_000_000_000,
        award_ratio=Decimal("0.98765"),
        award_ratio_state=ValueState.REPORTED,
    )
    run()
    flag = flag_of("single_bidder", contract=contract)
    assert flag is not None
    assert (flag.severity, flag.rule_version, flag.reason) == ("high", 1, "")
    assert flag.agency == contract.agency
    assert flag.figures == {
        "is_competitive": 1,
        "bidders": 1,
        "amount": 2_000_000_000,
        "award_ratio": "0.9877",
        "has_reason": 0,
    }
    assert flag.parameters == {"large_amount_yen": "1000000000", "high_award_ratio": "0.99"}
    assert (flag.opened_on, flag.severity_since, flag.judged_on) == (AS_OF, AS_OF, AS_OF)


@pytest.mark.parametrize(
    ("given", "severity"),
    [
        ({"bidders": 1}, "medium"),
        ({"bidders": 2}, None),
        ({"bidders": 1, "method": ContractMethod.NEGOTIATED_OTHER}, None),
        ({"bidders": 1, "method": ContractMethod.UNKNOWN}, "unknown"),
        ({"bidders": None, "bidders_state": ValueState.MISSING}, "unknown"),
        ({"bidders": None, "bidders_state": ValueState.WITHHELD}, "unknown"),
        ({"bidders": 1, "amount": 10**9, "single_bid_reason": "市場調査の結果"}, "medium"),
    ],
)
def test_contracts(given: dict[str, Any], severity: str | None) -> None:
    contract = factories.ContractFactory.create(**given)
    run()
    assert severity_of("single_bidder", contract=contract) == severity


def test_an_unknown_flag_says_why_it_is_unknown() -> None:
    contract = factories.ContractFactory.create(bidders=None, bidders_state=ValueState.WITHHELD)
    run()
    flag = flag_of("single_bidder", contract=contract)
    assert flag is not None
    assert flag.reason == "withheld"


@pytest.mark.parametrize(
    ("given", "severity"),
    [
        ({"due_on": date(2026, 11, 24)}, None),
        ({"due_on": date(2026, 11, 23)}, "medium"),
        ({"due_on": date(2026, 8, 25)}, "high"),
        ({"due_on": date(2026, 8, 25), "is_complete": True}, None),
        ({"due_on": date(2026, 8, 25), "is_complete": True, "held_on": date(2026, 11, 24)}, None),
        ({"due_on": None}, "unknown"),
    ],
)
def test_reviews(given: dict[str, Any], severity: str | None) -> None:
    review = factories.ReviewFactory.create(**given)
    run()
    assert severity_of("review_overdue", review=review) == severity


def test_a_review_of_a_project_belongs_to_the_projects_agency() -> None:
    project = factories.ProjectFactory.create()
    review = factories.ReviewFactory.create(system=None, project=project, due_on=date(2026, 11, 1))
    run()
    flag = flag_of("review_overdue", review=review)
    assert flag is not None
    assert flag.agency == project.agency


def test_a_report_counts_from_the_day_it_was_submitted() -> None:
    project = factories.ProjectFactory.create(started_on=date(2026, 10, 1))
    factories.MonthlyUpdateFactory.create(
        project=project,
        period=date(2026, 10, 1),
        state="submitted",
        # 23:30 on 20 November in Tokyo.
        submitted_at=datetime(2026, 11, 20, 14, 30, tzinfo=UTC),
    )
    run(date(2026, 11, 19))
    assert severity_of("late_report", project=project) == "low"
    run(date(2026, 11, 20))
    assert severity_of("late_report", project=project) is None


def test_a_draft_or_returned_report_does_not_count() -> None:
    project = factories.ProjectFactory.create(started_on=date(2026, 9, 1))
    factories.MonthlyUpdateFactory.create(project=project, period=date(2026, 9, 1))
    factories.MonthlyUpdateFactory.create(
        project=project,
        period=date(2026, 10, 1),
        state="returned",
        submitted_at=datetime(2026, 11, 5, tzinfo=UTC),
    )
    run()
    flag = flag_of("late_report", project=project)
    assert flag is not None
    assert (flag.severity, flag.figures["period"]) == ("high", "2026-09")


@pytest.mark.parametrize(
    ("given", "severity"),
    [
        ({"phase": ProjectPhase.OPERATING}, None),
        ({"phase": ProjectPhase.CLOSED}, None),
        ({"started_on": None}, "unknown"),
        ({"started_on": date(2026, 11, 1)}, None),
        ({"started_on": date(2026, 8, 1), "ended_on": date(2026, 8, 31)}, "high"),
    ],
)
def test_the_duty_to_report(given: dict[str, Any], severity: str | None) -> None:
    project = factories.ProjectFactory.create(**given)
    run()
    assert severity_of("late_report", project=project) == severity


def test_a_file_that_brought_a_project_says_nothing_about_its_reports() -> None:
    brought = ImportRun.objects.create(kind="rs", started_at=ACT.at)
    silent, reporting = (factories.ProjectFactory.create(import_run=brought) for _ in range(2))
    factories.MonthlyUpdateFactory.create(project=reporting, approved=True)
    run(date(2026, 12, 11))
    assert severity_of("late_report", project=silent) == "unknown"
    assert severity_of("late_report", project=reporting) == "low"


@pytest.mark.parametrize(
    ("available", "executed", "severity"),
    [
        (1000, 499, "high"),
        (1000, 699, "medium"),
        (1000, 700, None),
        (1000, 1001, "high"),
        (0, 5, "low"),
        (0, 0, None),
        (None, 5, "unknown"),
        (1000, None, "unknown"),
    ],
)
def test_the_execution_rate_of_the_last_settled_year(
    available: int | None, executed: int | None, severity: str | None
) -> None:
    system = factories.SystemFactory.create()
    for stage, amount in ((Stage.AVAILABLE, available), (Stage.EXECUTED, executed)):
        if amount is not None:
            cost(system, 2025, stage, amount)
    run()
    assert severity_of("execution_rate", system=system) == severity


def test_a_project_that_holds_money_is_judged_too_and_one_without_is_not() -> None:
    holder, other = factories.ProjectFactory.create(), factories.ProjectFactory.create()
    for stage, amount in ((Stage.AVAILABLE, 100), (Stage.EXECUTED, 20)):
        factories.CostLineFactory.create(
            system=None, project=holder, budget_year=2025, stage=stage, amount=amount
        )
    run()
    assert severity_of("execution_rate", project=holder) == "high"
    assert severity_of("execution_rate", project=other) is None


@pytest.mark.parametrize(
    ("given", "severity"),
    [
        ({}, "unknown"),
        ({"status": SystemStatus.CONCEPT}, None),
        ({"status": SystemStatus.BUILDING}, "unknown"),
        ({"status": SystemStatus.RETIRED}, None),
        ({"retired_on": date(2026, 11, 24)}, None),
        ({"retired_on": date(2026, 11, 25)}, "unknown"),
    ],
)
def test_a_system_without_figures_is_unknown_while_it_should_have_some(
    given: dict[str, Any], severity: str | None
) -> None:
    system = factories.SystemFactory.create(**given)
    run()
    assert severity_of("execution_rate", system=system) == severity


@pytest.mark.parametrize(
    ("given", "last", "severity"),
    [
        ({}, 1249, "medium"),
        ({}, 1250, "high"),
        ({}, 1099, None),
        ({"status": SystemStatus.BUILDING}, 1250, None),
        ({"go_live_on": date(2026, 12, 1)}, 1250, None),
    ],
)
def test_operation_cost_of_the_same_system(
    given: dict[str, Any], last: int, severity: str | None
) -> None:
    system = factories.SystemFactory.create(**given)
    cost(system, 2022, Stage.EXECUTED, 1000)
    cost(system, 2025, Stage.EXECUTED, last)
    run()
    assert severity_of("cost_growth", system=system) == severity


def test_development_cost_is_no_operation_cost() -> None:
    system = factories.SystemFactory.create()
    for year, amount in ((2024, 1000), (2025, 9000)):
        factories.CostLineFactory.create(
            system=system,
            budget_year=year,
            amount=amount,
            cost_item__cost_class=CostClass.DEVELOPMENT,
        )
    run()
    assert severity_of("cost_growth", system=system) == "unknown"


@pytest.mark.parametrize(
    ("given", "online", "severity"),
    [
        ({"go_live_on": date(2020, 4, 1)}, 10, "high"),
        ({"go_live_on": date(2020, 4, 1)}, 49, "medium"),
        ({"go_live_on": date(2020, 4, 1)}, 50, None),
        ({"go_live_on": date(2025, 11, 24)}, 10, "high"),
        ({"go_live_on": date(2025, 11, 25)}, 10, None),
        ({"go_live_on": date(2025, 4, 1), "go_live_is_year_only": True}, 10, None),
        ({}, 10, "high"),
        ({}, 0, "unknown"),
        ({"status": SystemStatus.MERGED}, 10, None),
    ],
)
def test_online_use_of_a_systems_services(
    given: dict[str, Any], online: int, severity: str | None
) -> None:
    system = factories.SystemFactory.create(**given)
    service = factories.ServiceFactory.create(systems=[system])
    factories.ServiceYearFactory.create(service=service, counted=True, online_cases=online)
    run()
    assert severity_of("low_online_use", system=system) == severity


def test_online_use_is_read_from_the_last_year_that_is_over() -> None:
    system = factories.SystemFactory.create(go_live_on=date(2020, 4, 1))
    service = factories.ServiceFactory.create(systems=[system])
    for year, online in ((2024, 60), (2025, 20), (2026, 99)):
        factories.ServiceYearFactory.create(
            service=service, fiscal_year=year, counted=True, online_cases=online
        )
    run()
    flag = flag_of("low_online_use", system=system)
    assert flag is not None
    assert (flag.figures["fiscal_year"], flag.figures["use_ratio"]) == (2025, "0.2000")


def test_a_service_without_counts_leaves_its_system_unknown() -> None:
    with_service = factories.SystemFactory.create(go_live_on=date(2020, 4, 1))
    factories.ServiceYearFactory.create(service__systems=[with_service])
    without = factories.SystemFactory.create(go_live_on=date(2020, 4, 1))
    run()
    assert severity_of("low_online_use", system=with_service) == "unknown"
    assert severity_of("low_online_use", system=without) is None


# Differences -------------------------------------------------------------------------------------


def test_judging_again_writes_nothing() -> None:
    factories.ContractFactory.create(bidders=1)
    factories.ProjectFactory.create()
    factories.SystemFactory.create()
    first = run()
    before = list(RiskFlag.objects.order_by("pk").values())
    events = AuditEvent.objects.count()
    again = run()
    assert first.opened == len(before)
    assert (again.differences, again.confirmed) == (0, 0)
    assert list(RiskFlag.objects.order_by("pk").values()) == before
    assert AuditEvent.objects.count() == events
    assert again.standing == first.standing


def test_a_later_day_confirms_what_still_stands() -> None:
    factories.ContractFactory.create(bidders=1)
    run(date(2026, 11, 1))
    later = run(AS_OF)
    flag = RiskFlag.objects.get()
    assert (later.differences, later.confirmed) == (0, 1)
    assert (flag.opened_on, flag.severity_since, flag.judged_on) == (
        date(2026, 11, 1),
        date(2026, 11, 1),
        AS_OF,
    )


def test_a_graver_finding_stays_the_same_flag() -> None:
    review = factories.ReviewFactory.create(due_on=date(2026, 8, 1))
    run(date(2026, 8, 2))
    run(AS_OF)
    flag = RiskFlag.objects.get(review=review)
    assert (flag.severity, flag.opened_on, flag.severity_since) == (
        "high",
        date(2026, 8, 2),
        AS_OF,
    )
    assert flag.figures["days_overdue"] == 115


def test_a_flag_closes_when_its_cause_is_gone() -> None:
    review = factories.ReviewFactory.create(due_on=date(2026, 8, 1))
    run(date(2026, 8, 2))
    review.is_complete = True
    review.save()
    closed = run(AS_OF)
    flag = RiskFlag.objects.get(review=review)
    assert closed.closed == 1
    assert (flag.closed_on, flag.severity, flag.opened_on) == (AS_OF, "medium", date(2026, 8, 2))


def test_unknown_turning_into_a_finding_is_another_flag() -> None:
    contract = factories.ContractFactory.create(bidders=None, bidders_state=ValueState.MISSING)
    run(date(2026, 11, 1))
    contract.bidders, contract.bidders_state = 1, ValueState.REPORTED
    contract.save()
    run(AS_OF)
    rows = RiskFlag.objects.order_by("opened_on").values_list("severity", "opened_on", "closed_on")
    assert list(rows) == [("unknown", date(2026, 11, 1), AS_OF), ("medium", AS_OF, None)]


def test_a_system_that_moves_takes_its_flags_along() -> None:
    system = factories.SystemFactory.create()
    run()
    system.agency = factories.AgencyFactory.create()
    system.save()
    run()
    assert {flag.agency_id for flag in RiskFlag.objects.all()} == {system.agency_id}
    assert not RiskFlag.objects.filter(closed_on__isnull=False).exists()


def test_a_flag_of_a_rule_that_is_gone_closes() -> None:
    contract = factories.ContractFactory.create(bidders=1)
    RiskFlag.objects.create(
        rule_id="no_such_rule",
        rule_version=1,
        agency=contract.agency,
        contract=contract,
        severity="high",
        opened_on=date(2026, 1, 1),
        severity_since=date(2026, 1, 1),
        judged_on=date(2026, 1, 1),
    )
    run()
    assert RiskFlag.objects.get(rule_id="no_such_rule").closed_on == AS_OF
    assert open_flags() == {("single_bidder", "medium")}


def test_an_earlier_day_never_undoes_what_was_judged_later() -> None:
    review = factories.ReviewFactory.create(due_on=date(2026, 11, 10))
    run(AS_OF)
    before = RiskFlag.objects.filter(review=review).values().get()
    assert run(date(2026, 11, 5)).differences == 0
    assert RiskFlag.objects.filter(review=review).values().get() == before


# Policies ----------------------------------------------------------------------------------------


def test_the_policy_in_force_replaces_the_presets() -> None:
    review = factories.ReviewFactory.create(due_on=date(2026, 11, 10))
    factories.RiskPolicyFactory.create(
        rule_id="review_overdue", parameters={"high_after_days": 30}, valid_from=date(2025, 1, 1)
    )
    factories.RiskPolicyFactory.create(
        rule_id="review_overdue", parameters={"high_after_days": 7}, valid_from=date(2026, 11, 24)
    )
    factories.RiskPolicyFactory.create(
        rule_id="review_overdue", parameters={"high_after_days": 1}, valid_from=date(2026, 11, 26)
    )
    factories.RiskPolicyFactory.create(
        rule_id="review_overdue", parameters={"high_after_days": 0}, valid_to=date(2024, 12, 31)
    )
    run(date(2026, 11, 23))
    assert severity_of("review_overdue", review=review) == "medium"
    run(AS_OF)
    flag = flag_of("review_overdue", review=review)
    assert flag is not None
    assert (flag.severity, flag.parameters) == ("high", {"high_after_days": "7"})


@pytest.mark.parametrize(
    ("rule_id", "parameters", "field", "message"),
    [
        ("no_such_rule", {}, "rule_id", "There is no rule"),
        ("late_report", {"due": 5}, "parameters", "no parameter “due”"),
        ("late_report", {"due_day": "soon"}, "parameters", "“due_day” must be a number"),
        ("late_report", {"due_day": 31}, "parameters", "between 1 and 28"),
        ("late_report", {"due_day": 5.5}, "parameters", "whole number"),
        ("late_report", [5], "parameters", "a name and a value"),
    ],
)
def test_a_policy_that_cannot_be_used_stops_the_run_with_a_message_for_its_field(
    rule_id: str, parameters: object, field: str, message: str
) -> None:
    factories.RiskPolicyFactory.create(
        rule_id=rule_id, parameters=parameters, valid_from=date(2030, 1, 1)
    )
    with pytest.raises(ValidationError) as refused:
        run()
    assert message in refused.value.message_dict[field][0]


def test_a_policy_of_the_past_is_no_matter() -> None:
    factories.RiskPolicyFactory.create(rule_id="no_such_rule", valid_to=date(2026, 11, 23))
    assert run().differences == 0


# One object at a time ----------------------------------------------------------------------------


def test_a_touched_object_is_judged_alone_and_audited_by_the_flag() -> None:
    contract, other = (factories.ContractFactory.create(bidders=1) for _ in range(2))
    opened = flags.recompute_for(ACT, as_of=AS_OF, contract_ids=[contract.pk])
    assert opened.opened == 1
    assert severity_of("single_bidder", contract=contract) == "medium"
    assert flag_of("single_bidder", contract=other) is None
    contract.bidders = 4
    contract.save()
    flags.recompute_for(ACT, as_of=AS_OF, contract_ids=[contract.pk])
    flag = RiskFlag.objects.get()
    events = AuditEvent.objects.order_by("seq")
    assert [(e.verb, e.object_key) for e in events] == [
        ("riskflag.opened", str(flag.pk)),
        ("riskflag.closed", str(flag.pk)),
    ]
    assert events[1].before == {"closed_on": None}
    assert events[1].after == {"closed_on": "2026-11-24"}
    assert list(audit.verify()) == []


def test_a_changed_flag_is_audited_with_what_changed() -> None:
    review = factories.ReviewFactory.create(due_on=date(2026, 11, 22))
    flags.recompute_for(ACT, as_of=date(2026, 11, 23), review_ids=[review.pk])
    flags.recompute_for(ACT, as_of=AS_OF, review_ids=[review.pk])
    event = AuditEvent.objects.latest("seq")
    assert event.verb == "riskflag.changed"
    assert event.before is not None
    assert event.after is not None
    assert set(event.before) == set(event.after) == {"figures", "judged_on"}
    assert event.after["figures"]["days_overdue"] == 2


def test_a_touched_system_takes_its_reviews_along() -> None:
    system = factories.SystemFactory.create()
    review = factories.ReviewFactory.create(system=system, due_on=date(2026, 11, 1))
    flags.recompute_for(ACT, as_of=AS_OF, system_ids=[system.pk])
    assert severity_of("review_overdue", review=review) == "medium"


def test_many_changes_at_once_are_one_event() -> None:
    contracts = [
        factories.ContractFactory.create(bidders=1) for _ in range(flags.EVENTS_PER_ACT + 1)
    ]
    flags.recompute_for(ACT, as_of=AS_OF, contract_ids=[contract.pk for contract in contracts])
    event = AuditEvent.objects.get()
    assert (event.verb, event.object_key) == ("riskflag.recomputed", "many")
    assert event.after is not None
    assert event.after["opened"] == len(contracts)
    assert event.after["standing"] == {"single_bidder": {"medium": len(contracts)}}


def test_a_run_over_everything_is_one_event() -> None:
    factories.ContractFactory.create(bidders=1)
    run()
    event = AuditEvent.objects.get()
    assert (event.verb, event.object_key) == ("riskflag.recomputed", "all")
    assert event.after is not None
    assert (event.after["as_of"], event.after["opened"]) == ("2026-11-24", 1)


def test_the_runs_chain_holds_over_more_than_one_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flags, "CHUNK", 2)
    for _ in range(5):
        factories.ContractFactory.create(bidders=1)
    assert run().standing == {("single_bidder", "medium"): 5}


# From entry to flag ------------------------------------------------------------------------------


def test_a_contract_that_is_entered_is_judged_in_the_same_act() -> None:
    agency = factories.AgencyFactory.create()
    values = {
        "contract_id": "C-1",
        "title": "運用支援",
        "agency": agency,
        "vendor": "株式会社架空",
        "method": ContractMethod.OPEN_PRICE,
        "bidders": 1,
        "bidders_state": ValueState.REPORTED,
    }
    contract = register.create(ACT, KINDS["contracts"], values)
    assert severity_of("single_bidder", contract=contract) == "medium"
    assert [event.verb for event in AuditEvent.objects.order_by("seq")] == [
        "contract.created",
        "riskflag.opened",
    ]


def test_a_policy_judges_the_register_once_it_is_in_force() -> None:
    review = factories.ReviewFactory.create(due_on=date(2026, 11, 10))
    run()
    values = {"rule_id": "review_overdue", "parameters": {"high_after_days": 7}, "reason": "試行"}
    policy = register.create(ACT, KINDS["risk-policies"], values)
    assert severity_of("review_overdue", review=review) == "medium", "nobody else has agreed yet"
    RiskPolicy.objects.filter(pk=policy.pk).update(is_in_force=True)
    run()
    assert severity_of("review_overdue", review=review) == "high"


def test_a_policy_that_cannot_be_used_is_not_stored() -> None:
    values = {"rule_id": "review_overdue", "parameters": {"high_after_days": -7}, "reason": "試行"}
    with pytest.raises(ValidationError, match="must lie between 0 and 3650"):
        register.create(ACT, KINDS["risk-policies"], values)
    assert not RiskPolicy.objects.exists()


# Cost --------------------------------------------------------------------------------------------


def _busy_system() -> None:
    system = factories.SystemFactory.create(go_live_on=date(2020, 4, 1))
    for year, amount in ((2022, 1000), (2025, 2000)):
        cost(system, year, Stage.EXECUTED, amount)
        cost(system, year, Stage.AVAILABLE, amount * 3)
    service = factories.ServiceFactory.create(systems=[system])
    factories.ServiceYearFactory.create(service=service, counted=True, online_cases=1)
    project = factories.ProjectFactory.create(systems=[system])
    factories.MonthlyUpdateFactory.create(project=project, period=date(2026, 6, 1), submitted=True)
    factories.ContractFactory.create(system=system, bidders=1)
    factories.ReviewFactory.create(system=system, due_on=date(2026, 1, 1))


def _reads_and_writes(as_of: date) -> tuple[int, int]:
    """Queries of a run, without the inserts, which come in batches of rows; and the inserts."""
    with CaptureQueriesContext(connection) as captured:
        flags.recompute_all(ACT, as_of=as_of)
    inserts = sum(query["sql"].startswith("INSERT") for query in captured)
    return len(captured) - inserts, inserts


def test_a_run_costs_the_same_at_3_and_at_30_systems() -> None:
    """A first run, the same day again, and the next day, on which the days of delay change.

    A repeated run: two for the transaction, one for the trail's head, one for the policies;
    then for four kinds of subjects keys and flags (8) and facts (10 + 9 + 1 + 2).
    """
    days = (AS_OF, AS_OF, date(2026, 11, 25))
    contract = factories.ContractFactory.create(bidders=1)
    flags.recompute_for(ACT, as_of=AS_OF, contract_ids=[contract.pk])  # Begins the audit trail.
    costs = []
    for systems in (3, 27):
        RiskFlag.objects.all().delete()
        for _ in range(systems):
            _busy_system()
        rollups.recompute_all()
        costs.append([_reads_and_writes(day) for day in days])
    few, many = costs
    assert [reads for reads, _inserts in few] == [reads for reads, _inserts in many]
    assert few[1] == many[1] == (42, 0)
    assert few[2] == many[2]


# The command -------------------------------------------------------------------------------------


def test_the_command_recomputes_and_prints_what_stands() -> None:
    contract = factories.ContractFactory.create(bidders=1)
    out = StringIO()
    call_command("recompute", "--as-of", "2026-11-24", stdout=out)
    assert "As of 2026-11-24: 1 opened, 0 changed, 0 closed." in out.getvalue()
    assert "single_bidder: high 0, medium 1, low 0, unknown 0" in out.getvalue()
    assert severity_of("single_bidder", contract=contract) == "medium"
    assert AuditEvent.objects.get().source == "recompute"


def test_the_command_brings_rollups_up_to_date_first() -> None:
    system = factories.SystemFactory.create()
    cost(system, 2025, Stage.AVAILABLE, 100)
    cost(system, 2025, Stage.EXECUTED, 10)
    call_command("recompute", "--as-of", "2026-11-24", stdout=StringIO())
    assert severity_of("execution_rate", system=system) == "high"


@pytest.mark.parametrize("text", ["24.11.2026", "2026-02-30", "yesterday"])
def test_the_command_refuses_what_is_no_date(text: str) -> None:
    with pytest.raises(CommandError, match="no date"):
        call_command("recompute", "--as-of", text)


def test_the_command_refuses_a_day_before_the_last_one_judged() -> None:
    factories.ContractFactory.create(bidders=1)
    run(AS_OF)
    with pytest.raises(CommandError, match="2026-11-24"):
        call_command("recompute", "--as-of", "2026-11-23")


def test_the_command_names_a_policy_that_cannot_be_used() -> None:
    factories.RiskPolicyFactory.create(rule_id="no_such_rule")
    with pytest.raises(CommandError, match="There is no rule of this name"):
        call_command("recompute", "--as-of", "2026-11-24")
