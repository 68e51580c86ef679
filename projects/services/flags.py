"""Risk flags: what the rules find in the register, kept as rows that people act on.

The rules are pure (`projects.metrics.risk`) and asked by `judges`. Here their answers are compared
with the flags that stand open, and only the differences are written. A rule that could
not be applied leaves a flag of severity `unknown`: counted and shown, never mixed with a finding,
so a flag that turns from unknown to found is closed and opened anew. Judging the same register
again for the same day writes nothing.
"""

import logging
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import Max, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from governance import audit
from governance.audit import Act
from governance.models import AuditHead, RiskPolicy
from governance.models.base import snapshot
from projects.metrics.risk import (
    RULES,
    ParameterError,
    Parameters,
    Problem,
    Severity,
)
from projects.models import (
    Review,
    RiskFlag,
)
from projects.services.judges import JUDGES, Answered, Book, Judge

logger = logging.getLogger(__name__)

CHUNK = 2000
# More rows than this that cannot be judged are a fault of a rule: the run fails.
MOST_LEFT_OUT = 20
# Above this many changes in one act, one event sums them up instead of one event a flag.
EVENTS_PER_ACT = 25

_JUDGED_FIELDS = ("agency_id", "rule_version", "severity", "reason", "figures", "parameters")


@dataclass(slots=True)
class Recomputed:
    """How many flags a run wrote; `standing` counts what it found by rule id and severity.

    `confirmed` flags were judged for an earlier day and stand unchanged. `journal` tells the
    first writes one by one: verb, flag, its columns before. `left_out` are the subjects that no rule
    could be asked about, each with the error.
    """

    opened: int = 0
    changed: int = 0
    closed: int = 0
    confirmed: int = 0
    standing: Counter[tuple[str, str]] = field(default_factory=Counter)
    journal: list[tuple[str, RiskFlag, dict[str, Any] | None]] = field(default_factory=list)
    left_out: list[tuple[str, int, Exception]] = field(default_factory=list)
    # Flags that were set aside and are heard again: what people decided has changed.
    heard: list[RiskFlag] = field(default_factory=list)
    _books: dict[date, Book] = field(default_factory=dict)

    def book(self, day: date) -> Book:
        """The rule book of a day, read once a run."""
        if day not in self._books:
            self._books[day] = rule_book(day)
        return self._books[day]

    @property
    def differences(self) -> int:
        return self.opened + self.changed + self.closed

    def part(self) -> "Recomputed":
        """An empty run with the same rule books, to be added when it went well."""
        return Recomputed(_books=self._books)

    def add(self, part: "Recomputed") -> None:
        self.opened += part.opened
        self.changed += part.changed
        self.closed += part.closed
        self.confirmed += part.confirmed
        self.standing += part.standing
        for verb, flag, before in part.journal:
            self.tell(verb, flag, before)

    def tell(self, verb: str, flag: RiskFlag, before: dict[str, Any] | None) -> None:
        """Notes a write as long as writes are told one by one: a large run keeps no rows."""
        if len(self.journal) < EVENTS_PER_ACT:
            self.journal.append((verb, flag, before))


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

    Policies to come, or not yet in force, are checked too: none can stop the register later on.
    Cost: one query.
    """
    book = {rule_id: rule.settle() for rule_id, rule in RULES.items()}
    started: dict[str, date] = {}
    policies = RiskPolicy.objects.filter(Q(valid_to__isnull=True) | Q(valid_to__gte=as_of))
    for policy in policies:
        parameters = parameters_of(policy)
        since = policy.valid_from or date.min
        if policy.is_in_force and since <= as_of and since >= started.get(policy.rule_id, date.min):
            started[policy.rule_id] = since
            book[policy.rule_id] = parameters
    return book


# Differences ------------------------------------------------------------------------------------


def _as_json(parameters: Parameters) -> dict[str, str]:
    return {name: f"{value.normalize():f}" for name, value in parameters.items()}


def _judged(answer: Answered, book: Book) -> dict[str, Any]:
    """The columns of a flag that the judgement decides."""
    return {
        "agency_id": answer.agency_id,
        "rule_version": answer.rule.version,
        "severity": answer.outcome.severity.value,
        "reason": (answer.outcome.reason or ""),
        "figures": dict(answer.outcome.figures),
        "parameters": _as_json(book[answer.rule.id]),
    }


_GRAVITY = {
    severity.value: grade
    for grade, severity in enumerate(
        (Severity.NONE, Severity.UNKNOWN, Severity.LOW, Severity.MEDIUM, Severity.HIGH)
    )
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

    def open(self, subject: str, answer: Answered, judged: Mapping[str, Any]) -> None:
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
            if _GRAVITY[judged["severity"]] > _GRAVITY[flag.severity]:
                flag.muted_on = flag.muted_until = None  # What was set aside was less than this.
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
        run.heard += [
            flag
            for flag, before in self.changed
            if before["muted_until"] is not None and flag.muted_until is None
        ]
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


def _recompute_apart(
    subject: str, judge: Judge, ids: list[int], as_of: date, run: Recomputed
) -> None:
    """`_recompute`, but what cannot be judged is left out: halves are tried until it is found.

    Raises the error where so many fail that it is no matter of single rows, or where the database
    is gone.
    """
    part = run.part()
    try:
        with transaction.atomic():
            _recompute(subject, judge, ids, as_of, part)
    except Exception as error:
        if len(run.left_out) >= MOST_LEFT_OUT or not connection.is_usable():
            raise
        if len(ids) > 1:
            middle = len(ids) // 2
            _recompute_apart(subject, judge, ids[:middle], as_of, run)
            _recompute_apart(subject, judge, ids[middle:], as_of, run)
            return
        logger.exception("The flags of %s #%s could not be judged", subject, ids[0])
        run.left_out.append((subject, ids[0], error))
        return
    run.add(part)


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

    Audited as one event "riskflag.recomputed" with the counts, if anything was written. A row that
    cannot be judged is left out, logged and named in the result; its flags stay as they are.
    Raises ValidationError if a risk policy cannot be used.
    """
    _queue_behind_writers()
    run = Recomputed()
    run.book(as_of)  # A policy that cannot be used stops an empty register too.
    for subject, model, judge in JUDGES:
        pks = model._default_manager.order_by("pk").values_list("pk", flat=True)
        for ids in _chunks(list(pks)):
            _recompute_apart(subject, judge, ids, as_of, run)
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
    for subject, _model, judge in JUDGES:
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
            **(
                {"left_out": [f"{name} #{pk}" for name, pk, _error in run.left_out]}
                if run.left_out
                else {}
            ),
        },
        wrote=audit.of(run.heard),
    )
