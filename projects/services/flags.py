"""Risk flags: what the rules find in the register, kept as rows that people act on.

The rules are pure (`projects.metrics.risk`). Here their facts are gathered, their answers are
compared with the flags that stand open, and only the differences are written. A rule that could
not be applied leaves a flag of severity `unknown`: counted and shown, never mixed with a finding,
so a flag that turns from unknown to found is closed and opened anew. Judging the same register
again for the same day writes nothing.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Count, Max, Q
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from governance import audit
from governance.audit import Act
from governance.models import AuditHead, RiskPolicy
from governance.models.base import snapshot
from projects.metrics.periods import fiscal_year_end, fiscal_year_of
from projects.metrics.risk import (
    RULES,
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
    ParameterError,
    Parameters,
    Problem,
    Promise,
    Purchases,
    Reporting,
    ReviewDates,
    Rule,
    Settlement,
    Severity,
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
    vendor_concentration,
    year_end_spending,
    zero_variance,
)
from projects.metrics.types import Figure
from projects.metrics.types import ValueState as State
from projects.models import (
    Contract,
    MonthlyUpdate,
    Project,
    Review,
    RiskFlag,
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
from projects.services import flag_facts

CHUNK = 2000
# Above this many changes in one act, one event sums them up instead of one event a flag.
EVENTS_PER_ACT = 25

_JUDGED_FIELDS = ("agency_id", "rule_version", "severity", "reason", "figures", "parameters")


Book = Mapping[str, Parameters]
"""Rule id → the parameters to judge with."""


@dataclass(slots=True)
class Recomputed:
    """How many flags a run wrote; `standing` counts what it found by rule id and severity.

    `confirmed` flags were judged for an earlier day and stand unchanged. `journal` tells the
    first writes one by one: verb, flag, its columns before.
    """

    opened: int = 0
    changed: int = 0
    closed: int = 0
    confirmed: int = 0
    standing: Counter[tuple[str, str]] = field(default_factory=Counter)
    journal: list[tuple[str, RiskFlag, dict[str, Any] | None]] = field(default_factory=list)
    _books: dict[date, Book] = field(default_factory=dict)

    def book(self, day: date) -> Book:
        """The rule book of a day, read once a run."""
        if day not in self._books:
            self._books[day] = rule_book(day)
        return self._books[day]

    @property
    def differences(self) -> int:
        return self.opened + self.changed + self.closed

    def tell(self, verb: str, flag: RiskFlag, before: dict[str, Any] | None) -> None:
        """Notes a write as long as writes are told one by one: a large run keeps no rows."""
        if len(self.journal) < EVENTS_PER_ACT:
            self.journal.append((verb, flag, before))


@dataclass(frozen=True, slots=True)
class _Answer:
    """What one rule says about one subject."""

    rule: Rule[Any]
    subject_id: int
    agency_id: int
    outcome: Outcome


# The rule book ----------------------------------------------------------------------------------


_PROBLEMS = {
    Problem.UNKNOWN_NAME: gettext_lazy("The rule has no parameter “%(name)s”."),
    Problem.NO_NUMBER: gettext_lazy("“%(name)s” must be a number."),
    Problem.OUT_OF_BOUNDS: gettext_lazy("“%(name)s” must lie between %(least)s and %(most)s."),
    Problem.NOT_WHOLE: gettext_lazy("“%(name)s” must be a whole number."),
}


def parameters_of(policy: RiskPolicy) -> Parameters:
    """The settled parameters of a policy.

    Raises ValidationError (field → messages) for a rule or a parameter that does not exist and
    for a value that cannot be used.
    """
    rule = RULES.get(policy.rule_id)
    if rule is None:
        raise ValidationError({"rule_id": _("There is no rule of this name.")})
    if not isinstance(policy.parameters, dict):
        raise ValidationError({"parameters": _("Give a name and a value for each parameter.")})
    try:
        return rule.settle(policy.parameters)
    except ParameterError as error:
        raise ValidationError({"parameters": _problem_text(error)}) from error


def _problem_text(error: ParameterError) -> str:
    return str(_PROBLEMS[error.problem]) % {
        "name": error.name,
        "least": error.least,
        "most": error.most,
    }


def rule_book(as_of: date) -> Book:
    """The parameters of every rule on a day: the policy that began last, else the presets.

    Policies to come are checked too, so that none can stop the register on its first day.
    Cost: one query.
    """
    book = {rule_id: rule.settle() for rule_id, rule in RULES.items()}
    started: dict[str, date] = {}
    policies = RiskPolicy.objects.filter(Q(valid_to__isnull=True) | Q(valid_to__gte=as_of))
    for policy in policies:
        parameters = parameters_of(policy)
        since = policy.valid_from or date.min
        if since <= as_of and since >= started.get(policy.rule_id, date.min):
            started[policy.rule_id] = since
            book[policy.rule_id] = parameters
    return book


# Facts ------------------------------------------------------------------------------------------


def _settlements(holder: str, ids: Collection[int]) -> dict[int, list[Settlement]]:
    rows = YearRollup.objects.filter(**{f"{holder}_id__in": ids}).values_list(
        f"{holder}_id", "fiscal_year", "available", "executed", "carried_out"
    )
    found: dict[int, list[Settlement]] = defaultdict(list)
    for holder_id, *figures in rows:
        found[holder_id].append(Settlement(*figures))
    return found


def _end_of(day: date) -> datetime:
    """The first moment after `day`, in the site's time zone."""
    return timezone.make_aware(datetime.combine(day + timedelta(days=1), time.min))


def _is_reporting(phase: str, *, is_known: bool) -> bool | None:
    if phase not in REPORTING_PHASES:
        return False
    return True if is_known else None


def _judge_projects(ids: Collection[int], book: Book, as_of: date) -> Iterator[_Answer]:
    """Cost: nine queries."""
    deliveries = flag_facts.deliveries(ids, as_of)
    goals = flag_facts.worth("project", ids, as_of)
    promised = flag_facts.benefits(ids)
    people = flag_facts.people(ids, as_of)
    submitted = dict(
        MonthlyUpdate.objects.filter(
            project_id__in=ids,
            state__in=FILED_STATES,
            submitted_at__lt=_end_of(as_of),
        )
        .order_by()
        .values_list("project_id")
        .annotate(latest=Max("period"))
    )
    settlements = _settlements("project", ids)
    projects: Iterable[tuple[Any, ...]] = Project.objects.filter(pk__in=ids).values_list(
        "pk", "agency_id", "phase", "started_on", "ended_on", "import_run_id", "head_name"
    )
    for pk, agency_id, phase, started_on, ended_on, import_run_id, head_name in projects:
        latest = submitted.get(pk)
        reporting = Reporting(
            # A file that brought a project says nothing about reports; its first report does.
            is_reporting=_is_reporting(phase, is_known=import_run_id is None or latest is not None),
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
            is_running=phase in REPORTING_PHASES
            and (import_run_id is None or bool(deliveries[pk].plans)),
        )
        costs = flag_facts.costs((y.fiscal_year, y.executed, y.available) for y in years)
        own = goals[pk]
        spent = [year for year in costs if year.cost is not None]
        promise = Promise(
            spent or flag_facts.planned_cost(delivery.plans), promised.get(pk, []), is_running
        )
        offices = Offices(
            bool(head_name.strip()),
            people.pjmo.get(pk, 0),
            people.pmo.get(agency_id, 0),
            people.ministry_cio.get(agency_id, 0),
            is_known=agency_id in people.entered and import_run_id is None,
            is_running=is_running,
        )
        outcomes = Outcomes(
            len(own.outcomes),
            len(own.measured),
            flag_facts.latest_cost(costs, as_of),
            is_running=is_running and bool(years),
        )
        asked: tuple[tuple[Rule[Any], object], ...] = (
            (late_report, reporting),
            (execution_rate, budget),
            (carry_over, budget),
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
    operation: int | None
    cases: int | None
    online_cases: int | None


def _judge_systems(ids: Collection[int], book: Book, as_of: date) -> Iterator[_Answer]:
    """Cost: eight queries."""
    goals = flag_facts.worth("system", ids, as_of)
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
            [Settlement(y.fiscal_year, y.available, y.executed, y.carried_out) for y in own],
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
        costs = flag_facts.costs((y.fiscal_year, y.executed, y.available) for y in own)
        worth = goals[pk]
        outcomes = Outcomes(
            len(worth.outcomes),
            len(worth.measured),
            flag_facts.latest_cost(costs, as_of),
            is_running=is_running,
        )
        conformity = Conformity(
            _marks(answers), status in _RENEWING, renewal_year, is_running=not has_ended
        )
        asked: tuple[tuple[Rule[Any], object], ...] = (
            (execution_rate, budget),
            (carry_over, budget),
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


def _judge_contracts(ids: Collection[int], book: Book, as_of: date) -> Iterator[_Answer]:
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


def _judge_reviews(ids: Collection[int], book: Book, as_of: date) -> Iterator[_Answer]:
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
) -> _Answer:
    return _Answer(rule, subject_id, agency_id, rule.judge(facts, book[rule.id], as_of))


Judge = Callable[[Collection[int], Book, date], Iterator[_Answer]]

_JUDGES: tuple[tuple[str, type[models.Model], Judge], ...] = (
    ("project", Project, _judge_projects),
    ("system", System, _judge_systems),
    ("contract", Contract, _judge_contracts),
    ("review", Review, _judge_reviews),
)


# Differences ------------------------------------------------------------------------------------


def _as_json(parameters: Parameters) -> dict[str, str]:
    return {name: f"{value.normalize():f}" for name, value in parameters.items()}


def _judged(answer: _Answer, book: Book) -> dict[str, Any]:
    """The columns of a flag that the judgement decides."""
    return {
        "agency_id": answer.agency_id,
        "rule_version": answer.rule.version,
        "severity": answer.outcome.severity.value,
        "reason": (answer.outcome.reason or ""),
        "figures": dict(answer.outcome.figures),
        "parameters": _as_json(book[answer.rule.id]),
    }


def _is_other_finding(flag: RiskFlag, severity: str) -> bool:
    """Unknown is no degree of a finding: crossing between the two makes another flag."""
    return (flag.severity == Severity.UNKNOWN) != (severity == Severity.UNKNOWN)


@dataclass(slots=True)
class _Differences:
    day: date
    opened: list[RiskFlag] = field(default_factory=list)
    changed: list[tuple[RiskFlag, dict[str, Any]]] = field(default_factory=list)
    closed: list[tuple[RiskFlag, dict[str, Any]]] = field(default_factory=list)
    confirmed: list[int] = field(default_factory=list)

    def close(self, flag: RiskFlag) -> None:
        before = snapshot(flag)
        flag.closed_on = flag.judged_on = self.day
        self.closed.append((flag, before))

    def open(self, subject: str, answer: _Answer, judged: Mapping[str, Any]) -> None:
        self.opened.append(
            RiskFlag(
                rule_id=answer.rule.id,
                **{f"{subject}_id": answer.subject_id},
                **judged,
                opened_on=self.day,
                severity_since=self.day,
                judged_on=self.day,
            )
        )

    def keep(self, flag: RiskFlag, judged: Mapping[str, Any]) -> None:
        if all(getattr(flag, name) == judged[name] for name in _JUDGED_FIELDS):
            if flag.judged_on < self.day:
                self.confirmed.append(flag.pk)
            return
        before = snapshot(flag)
        if flag.severity != judged["severity"]:
            flag.severity_since = self.day
        for name, value in judged.items():
            setattr(flag, name, value)
        flag.judged_on = self.day
        self.changed.append((flag, before))

    def write(self, run: Recomputed) -> None:
        """Closes first: a rule has one open flag a subject."""
        RiskFlag.objects.filter(pk__in=[flag.pk for flag, _before in self.closed]).update(
            closed_on=self.day, judged_on=self.day
        )
        RiskFlag.objects.filter(pk__in=self.confirmed).update(judged_on=self.day)
        # Most days only figures change (one more day late): narrow updates are several times
        # faster, so flags are grouped by the columns that differ.
        by_fields: dict[tuple[str, ...], list[RiskFlag]] = defaultdict(list)
        for flag, before in self.changed:
            by_fields[_changed_fields(flag, before)].append(flag)
        for fields, rows in by_fields.items():
            RiskFlag.objects.bulk_update(rows, fields)
        RiskFlag.objects.bulk_create(self.opened)
        for flag in self.opened:
            run.tell("riskflag.opened", flag, None)
        for flag, before in self.changed:
            run.tell("riskflag.changed", flag, before)
        for flag, before in self.closed:
            run.tell("riskflag.closed", flag, before)
        run.opened += len(self.opened)
        run.changed += len(self.changed)
        run.closed += len(self.closed)
        run.confirmed += len(self.confirmed)


def _changed_fields(flag: RiskFlag, before: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(name for name, value in snapshot(flag).items() if value != before[name])


def _recompute(subject: str, judge: Judge, ids: list[int], as_of: date, run: Recomputed) -> None:
    """Brings the flags of these subjects in line with the register.

    Time does not run backwards: flags that were judged for a later day are judged for that day.
    Cost: at most ten queries, and more in step with the rows to write.
    """
    subject_id = f"{subject}_id"
    standing = {
        (flag.rule_id, getattr(flag, subject_id)): flag
        for flag in RiskFlag.objects.filter(closed_on__isnull=True, **{f"{subject_id}__in": ids})
    }
    day = max([as_of, *(flag.judged_on for flag in standing.values())])
    book = run.book(day)
    differences = _Differences(day)
    for answer in judge(ids, book, day):
        flag = standing.pop((answer.rule.id, answer.subject_id), None)
        judged = _judged(answer, book)
        severity = judged["severity"]
        is_clear = severity == Severity.NONE
        if not is_clear:
            run.standing[answer.rule.id, severity] += 1
        if flag is not None and not is_clear and not _is_other_finding(flag, severity):
            differences.keep(flag, judged)
            continue
        if flag is not None:
            differences.close(flag)
        if not is_clear:
            differences.open(subject, answer, judged)
    for flag in standing.values():  # Of a rule that the book no longer holds.
        differences.close(flag)
    differences.write(run)


# Runs -------------------------------------------------------------------------------------------


def _chunks(ids: Iterable[int]) -> Iterator[list[int]]:
    chunk: list[int] = []
    for pk in ids:
        chunk.append(pk)
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _queue_behind_writers() -> None:
    """Wait for the writer at work: two runs side by side would open the same flag twice.

    The trail's head is what every writer locks in the end, so locking it first cannot deadlock.
    """
    AuditHead.objects.select_for_update().order_by("pk").first()


def last_judged_on() -> date | None:
    """The latest day for which any flag was judged. Cost: one query."""
    latest: date | None = RiskFlag.objects.aggregate(latest=Max("judged_on"))["latest"]
    return latest


@transaction.atomic
def recompute_all(act: Act, *, as_of: date) -> Recomputed:
    """Judge the whole register for a day.

    Audited as one event "riskflag.recomputed" with the counts, if anything was written.
    Raises ValidationError if a risk policy cannot be used.
    """
    _queue_behind_writers()
    run = Recomputed()
    run.book(as_of)  # A policy that cannot be used stops an empty register too.
    for subject, model, judge in _JUDGES:
        pks = model._default_manager.order_by("pk").values_list("pk", flat=True)
        for ids in _chunks(list(pks)):
            _recompute(subject, judge, ids, as_of, run)
    if run.differences or run.confirmed:
        _record_summary(act, run, key="all", as_of=as_of)
    return run


@transaction.atomic
def recompute_for(
    act: Act,
    *,
    as_of: date,
    system_ids: Collection[int] = (),
    project_ids: Collection[int] = (),
    contract_ids: Collection[int] = (),
    review_ids: Collection[int] = (),
) -> Recomputed:
    """Judge these objects, and the reviews of these systems and projects, for a day.

    Audited a flag each as "riskflag.opened", "riskflag.changed" or "riskflag.closed"; as one
    "riskflag.recomputed" where there are more than 25. Raises ValidationError if a risk policy
    cannot be used.
    """
    _queue_behind_writers()
    run = Recomputed()
    reviews = set(review_ids)
    if system_ids or project_ids:
        reviews |= set(
            Review.objects.filter(
                Q(system_id__in=system_ids) | Q(project_id__in=project_ids)
            ).values_list("pk", flat=True)
        )
    wanted = {
        "system": system_ids,
        "project": project_ids,
        "contract": contract_ids,
        "review": reviews,
    }
    for subject, _model, judge in _JUDGES:
        for ids in _chunks(sorted(set(wanted[subject]))):
            _recompute(subject, judge, ids, as_of, run)
    if run.differences > EVENTS_PER_ACT:
        _record_summary(act, run, key="many", as_of=as_of)
    else:
        _record_each(act, run)
    return run


def _record_each(act: Act, run: Recomputed) -> None:
    for verb, flag, before in run.journal:
        audit.record_object(act, verb, flag, before=before, after=snapshot(flag))


def _record_summary(act: Act, run: Recomputed, *, key: str, as_of: date) -> None:
    standing: dict[str, dict[str, int]] = defaultdict(dict)
    for (rule_id, severity), number in sorted(run.standing.items()):
        standing[rule_id][severity] = number
    audit.record(
        act,
        "riskflag.recomputed",
        object_type="riskflag",
        object_key=key,
        after={
            "as_of": as_of,
            "opened": run.opened,
            "changed": run.changed,
            "closed": run.closed,
            "confirmed": run.confirmed,
            "standing": dict(standing),
        },
    )
