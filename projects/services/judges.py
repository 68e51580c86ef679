"""Asks every rule that concerns a subject: facts in, answers out, nothing written."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from django.db import models
from django.db.models import Count, Max
from django.db.models.functions import Coalesce

from projects.metrics.periods import fiscal_year_end, fiscal_year_of
from projects.metrics.risk import (
    Ageing,
    Award,
    Budget,
    Conformity,
    LastTest,
    Offices,
    OnlineUse,
    Operation,
    OperationCost,
    Outcome,
    Outcomes,
    Parameters,
    Promise,
    Purchases,
    Reporting,
    ReviewDates,
    Rule,
    Settlement,
    UnitCost,
    ageing_system,
    baseline_growth,
    bcr_below_one,
    benefit_shortfall,
    carry_over,
    conformity_gap,
    continuity_test_overdue,
    cost_growth,
    cost_overrun,
    execution_rate,
    finding_overdue,
    kpi_off_target,
    late_report,
    low_online_use,
    missing_roles,
    no_outcome,
    rebaselined,
    review_overdue,
    schedule_slip,
    security_test_overdue,
    single_bidder,
    unit_cost_outlier,
    unused_budget,
    vendor_concentration,
    year_end_spending,
    zero_variance,
)
from projects.metrics.types import Figure
from projects.metrics.types import ValueState as State
from projects.models import (
    Contract,
    ImportRun,
    MonthlyUpdate,
    Project,
    Review,
    Service,
    System,
    YearRollup,
)
from projects.models.choices import (
    COMPETITIVE_METHODS,
    ENDED_PHASES,
    FILED_STATES,
    REPORTING_PHASES,
    Answer,
    ContractMethod,
    SystemStatus,
)
from projects.selectors import end_of
from projects.services import flag_facts

Book = Mapping[str, Parameters]
"""Rule id → the parameters to judge with."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What one rule says about one subject."""

    rule: Rule[Any]
    subject_id: int
    agency_id: int
    outcome: Outcome


def _settlements(holder: str, ids: Collection[int]) -> dict[int, list[Settlement]]:
    rows = YearRollup.objects.filter(**{f"{holder}_id__in": ids}).values_list(
        f"{holder}_id", "fiscal_year", "available", "executed", "carried_out", "unused"
    )
    found: dict[int, list[Settlement]] = defaultdict(list)
    for holder_id, *figures in rows:
        found[holder_id].append(Settlement(*figures))
    return found


def _is_reporting(phase: str, *, is_known: bool) -> bool | None:
    if phase not in REPORTING_PHASES:
        return False
    return True if is_known else None


def _judge_projects(ids: Collection[int], book: Book, as_of: date) -> Iterator[Answered]:
    """Cost: ten queries."""
    deliveries = flag_facts.deliveries(ids, as_of)
    goals = flag_facts.worth("project", ids, as_of)
    money = flag_facts.money("project", ids)
    promised = flag_facts.benefits(ids)
    people = flag_facts.people(ids, as_of)
    submitted = dict(
        MonthlyUpdate.objects.filter(
            project_id__in=ids,
            state__in=FILED_STATES,
            submitted_at__lt=end_of(as_of),
        )
        .order_by()
        .values_list("project_id")
        .annotate(latest=Max("period"))
    )
    settlements = _settlements("project", ids)
    projects: Iterable[tuple[Any, ...]] = Project.objects.filter(pk__in=ids).values_list(
        "pk", "agency_id", "phase", "started_on", "ended_on", "import_run__kind", "head_name"
    )
    for pk, agency_id, phase, started_on, ended_on, brought_by, head_name in projects:
        # What a ministry's own workbook brings is its own word, as if it stood in a form.
        is_own = brought_by in (None, ImportRun.WORKBOOK)
        latest = submitted.get(pk)
        reporting = Reporting(
            # A file of open data that brought a project says nothing about reports; its first report does.
            is_reporting=_is_reporting(phase, is_known=is_own or latest is not None),
            first_period=started_on,
            last_period=ended_on,
            latest_submitted=latest,
        )
        years = settlements.get(pk, [])
        budget = Budget(years, is_spending=bool(years) and phase not in ENDED_PHASES)
        is_running = phase not in ENDED_PHASES
        delivery = replace(
            deliveries[pk],
            # A file that brought a project says nothing about its plan; a baseline does.
            is_running=phase in REPORTING_PHASES and (is_own or bool(deliveries[pk].plans)),
        )
        costs = flag_facts.costs(money.get(pk, []))
        own = goals[pk]
        # All benefits stand beside all costs, which only the plan knows: what was spent so far
        # would flatter a project that has only begun.
        promise = Promise(
            flag_facts.planned_cost(delivery.plans) or costs, promised.get(pk, []), is_running
        )
        offices = Offices(
            bool(head_name.strip()),
            people.pjmo.get(pk, 0),
            people.pmo.get(agency_id, 0),
            people.ministry_cio.get(agency_id, 0),
            is_known=agency_id in people.entered and is_own,
            is_running=is_running,
        )
        outcomes = Outcomes(
            len(own.outcomes),
            len(own.measured),
            flag_facts.latest_cost(money.get(pk, []), as_of),
            is_running=is_running and bool(years),
        )
        asked: tuple[tuple[Rule[Any], object], ...] = (
            (late_report, reporting),
            (execution_rate, budget),
            (carry_over, budget),
            (unused_budget, budget),
            *((rule, delivery) for rule in _PLAN_RULES),
            (kpi_off_target, own.goals(is_running=is_running)),
            (no_outcome, outcomes),
            (bcr_below_one, promise),
            (benefit_shortfall, promise),
            (missing_roles, offices),
        )
        for rule, facts in asked:
            yield _ask(rule, facts, book, as_of, pk, agency_id)


_PLAN_RULES = (cost_overrun, schedule_slip, baseline_growth, rebaselined, zero_variance)
# The marks that the policy asks for at a renewal.
_MARKS = ("conforms_api", "conforms_open_data", "conforms_my_number", "conforms_platform")
_ANSWERS = {Answer.YES.value: True, Answer.NO.value: False, Answer.UNANSWERED.value: None}


def _marks(answers: Iterable[str]) -> dict[str, bool | None]:
    """Mark → yes, no or not answered, of the marks that apply."""
    named = zip(_MARKS, answers, strict=True)
    return {name[9:]: _ANSWERS[given] for name, given in named if given in _ANSWERS}


@dataclass(frozen=True, slots=True)
class _SystemYear:
    fiscal_year: int
    available: int | None
    executed: int | None
    carried_out: int | None
    unused: int | None
    operation: int | None
    cases: int | None
    online_cases: int | None


def _judge_systems(ids: Collection[int], book: Book, as_of: date) -> Iterator[Answered]:
    """Cost: nine queries."""
    goals = flag_facts.worth("system", ids, as_of)
    money = flag_facts.money("system", ids)
    purchases = flag_facts.purchases(ids)
    unit_costs = flag_facts.unit_costs(ids, as_of)
    services = dict(
        Service.systems.through.objects.filter(system_id__in=ids)
        .order_by()
        .values_list("system_id")
        .annotate(services=Count("service_id"))
    )
    years: dict[int, list[_SystemYear]] = defaultdict(list)
    rollups: Iterable[tuple[Any, ...]] = YearRollup.objects.filter(system_id__in=ids).values_list(
        "system_id",
        "fiscal_year",
        "available",
        "executed",
        "carried_out",
        "unused",
        "operation",
        "cases",
        "online_cases",
    )
    for system_id, *figures in rollups:
        years[system_id].append(_SystemYear(*figures))
    systems = System.objects.filter(pk__in=ids).values_list(
        "pk",
        "agency_id",
        "status",
        "go_live_on",
        "go_live_is_year_only",
        "retired_on",
        "support_ends_on",
        "next_renewal_year",
        "last_security_test_on",
        "last_continuity_test_on",
        *_MARKS,
    )
    for pk, agency_id, status, go_live_on, is_year_only, retired_on, *upkeep in systems:
        support_ends_on, renewal_year, security_on, continuity_on, *answers = upkeep
        live_on = go_live_on
        if live_on is not None and is_year_only:
            live_on = fiscal_year_end(fiscal_year_of(live_on))
        has_ended = status in (SystemStatus.MERGED, SystemStatus.RETIRED) or (
            retired_on is not None and retired_on <= as_of
        )
        own = years.get(pk, [])
        budget = Budget(
            [
                Settlement(y.fiscal_year, y.available, y.executed, y.carried_out, y.unused)
                for y in own
            ],
            is_spending=not has_ended
            and (bool(own) or status not in (SystemStatus.CONCEPT, SystemStatus.PLANNING)),
        )
        operation = Operation(
            [OperationCost(y.fiscal_year, y.operation) for y in own],
            is_running=not has_ended
            and status in (SystemStatus.OPERATING, SystemStatus.RENEWING)
            and (live_on is None or live_on <= as_of),
        )
        use = _online_use(own, services.get(pk, 0), live_on, as_of, has_ended=has_ended)
        is_running = operation.is_running
        worth = goals[pk]
        outcomes = Outcomes(
            len(worth.outcomes),
            len(worth.measured),
            flag_facts.latest_cost(money.get(pk, []), as_of),
            is_running=is_running,
        )
        conformity = Conformity(
            _marks(answers), status in _RENEWING, renewal_year, is_running=not has_ended
        )
        asked: tuple[tuple[Rule[Any], object], ...] = (
            (execution_rate, budget),
            (carry_over, budget),
            (unused_budget, budget),
            (cost_growth, operation),
            (low_online_use, use),
            (kpi_off_target, worth.goals(is_running=not has_ended)),
            (no_outcome, outcomes),
            (year_end_spending, Purchases(purchases.get(pk, []))),
            (vendor_concentration, Purchases(purchases.get(pk, []))),
            (unit_cost_outlier, unit_costs.get(pk, _NO_UNIT_COST)),
            (ageing_system, Ageing(support_ends_on, renewal_year, is_running)),
            (conformity_gap, conformity),
            (security_test_overdue, LastTest(security_on, is_running)),
            (continuity_test_overdue, LastTest(continuity_on, is_running)),
        )
        for rule, facts in asked:
            yield _ask(rule, facts, book, as_of, pk, agency_id)


_RENEWING = (SystemStatus.PROCUREMENT, SystemStatus.BUILDING, SystemStatus.RENEWING)
_NO_UNIT_COST = UnitCost(None, None, None, None, 0)


def _online_use(
    years: Iterable[_SystemYear],
    services: int,
    live_on: date | None,
    as_of: date,
    *,
    has_ended: bool,
) -> OnlineUse:
    """The latest year that is over and has counts; without one, no counts."""
    counted = [
        year
        for year in years
        if year.cases is not None and fiscal_year_end(year.fiscal_year) < as_of
    ]
    if not counted:
        return OnlineUse(services, live_on, is_running=not has_ended)
    latest = max(counted, key=lambda year: year.fiscal_year)
    return OnlineUse(
        services,
        live_on,
        latest.fiscal_year,
        latest.cases,
        latest.online_cases,
        is_running=not has_ended,
    )


def _is_competitive(method: str) -> bool | None:
    return None if method == ContractMethod.UNKNOWN else method in COMPETITIVE_METHODS


def _judge_contracts(ids: Collection[int], book: Book, as_of: date) -> Iterator[Answered]:
    """Cost: one query."""
    contracts = Contract.objects.filter(pk__in=ids).values_list(
        "pk",
        "agency_id",
        "method",
        "bidders",
        "bidders_state",
        "amount",
        "award_ratio",
        "single_bid_reason",
    )
    for pk, agency_id, method, bidders, state, amount, award_ratio, reason in contracts:
        facts = Award(
            is_competitive=_is_competitive(method),
            bidders=Figure(bidders, State(state)),
            amount=amount,
            award_ratio=award_ratio,
            has_reason=bool(reason.strip()),
        )
        yield _ask(single_bidder, facts, book, as_of, pk, agency_id)


def _judge_reviews(ids: Collection[int], book: Book, as_of: date) -> Iterator[Answered]:
    """Cost: two queries."""
    findings = flag_facts.open_findings(ids, as_of)
    reviews = Review.objects.filter(pk__in=ids).values_list(
        "pk",
        Coalesce("system__agency_id", "project__agency_id"),
        "due_on",
        "is_complete",
        "held_on",
    )
    for pk, agency_id, due_on, is_complete, held_on in reviews:
        facts = ReviewDates(due_on, is_complete, held_on)
        yield _ask(review_overdue, facts, book, as_of, pk, agency_id)
        yield _ask(finding_overdue, findings.get(pk, []), book, as_of, pk, agency_id)


def _ask(
    rule: Rule[Any], facts: object, book: Book, as_of: date, subject_id: int, agency_id: int
) -> Answered:
    return Answered(rule, subject_id, agency_id, rule.judge(facts, book[rule.id], as_of))


Judge = Callable[[Collection[int], Book, date], Iterator[Answered]]

JUDGES: tuple[tuple[str, type[models.Model], Judge], ...] = (
    ("project", Project, _judge_projects),
    ("system", System, _judge_systems),
    ("contract", Contract, _judge_contracts),
    ("review", Review, _judge_reviews),
)
