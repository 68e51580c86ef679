"""Hypothesis drives reports, plans and imports: whatever people do in whatever order, no value that
was saved is lost, and nobody decides on what they wrote themselves."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from governance import audit
from governance.access import Role, forget_rights
from governance.audit import Act
from governance.exceptions import DomainError
from governance.models import AuditEvent, User
from projects.imports import jobs, sheets
from projects.models import Baseline, ImportJob, MonthlyUpdate, Project, System
from projects.models.choices import (
    SETTLED_STATES,
    EarnedBasis,
    JobState,
    RequestState,
    UpdateState,
)
from projects.services import requests, updates
from projects.services.filed import Details
from tests import factories
from tests.projects.imports.test_sheets import made, put, read

PERIOD = date(2026, 10, 1)
ON = date(2026, 11, 24)
REFUSALS = (DomainError, ValidationError, PermissionDenied)
WHO = st.sampled_from(["author", "colleague", "both", "pmo", "minister", "stranger"])
YEN = st.integers(0, 10**9)


class Office(RuleBasedStateMachine):
    """One project, one month, and six people who may press any button at any time."""

    def __init__(self) -> None:
        super().__init__()
        self.frame = transaction.atomic()
        self.frame.__enter__()
        self.minute = 0

    def teardown(self) -> None:
        try:
            assert list(audit.verify()) == []
        finally:
            transaction.set_rollback(True)
            self.frame.__exit__(None, None, None)

    def act(self, who: str, reason: str = "") -> Act:
        self.minute += 1
        forget_rights(self.people[who])
        at = datetime(2026, 11, 24, 1, tzinfo=UTC) + timedelta(minutes=self.minute)
        return Act(self.people[who], at, "test", reason)

    @initialize()
    def an_office(self) -> None:
        agency = factories.AgencyFactory.create(code="home")
        self.system: System = factories.SystemFactory.create(system_id="S-1", agency=agency)
        self.project: Project = factories.ProjectFactory.create(
            code="P-1", agency=agency, systems=[self.system]
        )
        self.people: dict[str, User] = {
            name: factories.UserFactory.create(username=name)
            for name in ("author", "colleague", "both", "pmo", "minister", "stranger")
        }
        for name in ("author", "colleague", "both"):
            factories.MembershipFactory.create(
                user=self.people[name], role=Role.PJMO, project=self.project
            )
        for name in ("both", "pmo"):
            factories.MembershipFactory.create(user=self.people[name], role=Role.PMO, agency=agency)
        factories.MembershipFactory.create(
            user=self.people["minister"], role=Role.MINISTRY_CIO, agency=agency
        )
        # What was accepted: revision → cost and writers; plan → columns; the system's name.
        self.costs: dict[int, int] = {}
        self.writers: dict[int, set[str]] = {}
        self.plans: dict[int, tuple[str, int]] = {}
        self.name = self.system.name
        self.wanted: dict[Any, str] = {}

    def attempt(self, write: Any) -> Any:
        """What a service gave; None where it refused."""
        try:
            with transaction.atomic():
                return write()
        except REFUSALS:
            return None

    # The monthly report

    def latest(self) -> MonthlyUpdate | None:
        return updates.latest_of(self.project, PERIOD)

    @rule(who=WHO, cost=YEN, seen=st.sampled_from(["now", "stale", "none"]))
    def save(self, who: str, cost: int, seen: str) -> None:
        latest = self.latest()
        is_open = latest is not None and latest.state not in SETTLED_STATES
        version = latest.version if is_open and latest is not None else 0
        version = {"now": version, "stale": version + 1, "none": 0}[seen]
        values = {
            "basis": EarnedBasis.REPORTED,
            "progress_percent": Decimal(40),
            "planned_value": None,
            "earned_value": None,
            "actual_cost": cost,
            "forecast_cost": None,
            "forecast_end_on": date(2027, 3, 31),
            "confidence": 3,
            "narrative": "",
        }
        act = self.act(who)
        saved = self.attempt(
            lambda: updates.save(act, self.project, PERIOD, values, Details(), {}, version=version)
        )
        if saved is not None:
            assert who in ("author", "colleague", "both")
            assert seen == "now" or version == 0
            self.costs[saved.revision] = cost
            self.writers.setdefault(saved.revision, set()).add(who)

    @precondition(lambda self: self.latest() is not None)
    @rule(who=WHO)
    def submit(self, who: str) -> None:
        update, act = self.latest(), self.act(who)
        assert update is not None
        if self.attempt(lambda: updates.submit(act, update.pk)) is not None:
            self.writers.setdefault(update.revision, set()).add(who)

    @precondition(lambda self: self.latest() is not None)
    @rule(who=WHO)
    def approve(self, who: str) -> None:
        update, act = self.latest(), self.act(who)
        assert update is not None
        if self.attempt(lambda: updates.approve(act, update.pk)) is not None:
            assert who not in self.writers[update.revision]
            assert who in ("both", "pmo")

    @precondition(lambda self: self.latest() is not None)
    @rule(who=WHO, reason=st.sampled_from(["", "根拠を"]))
    def send_back(self, who: str, reason: str) -> None:
        update, act = self.latest(), self.act(who, reason)
        assert update is not None
        if self.attempt(lambda: updates.send_back(act, update.pk)) is not None:
            assert reason

    @precondition(lambda self: self.latest() is not None)
    @rule(who=WHO)
    def publish(self, who: str) -> None:
        update, act = self.latest(), self.act(who)
        assert update is not None
        if self.attempt(lambda: updates.publish(act, update.pk)) is not None:
            assert who == "minister"

    # Plans

    @rule(who=WHO, budget=st.integers(1, 10**9), reason=st.sampled_from(["", "延長"]))
    def ask_for_a_plan(self, who: str, budget: int, reason: str) -> None:
        values = {
            "project": self.project,
            "planned_start_on": date(2026, 4, 1),
            "planned_end_on": date(2027, 3, 31),
            "budget_at_completion": budget,
            "reason": reason,
        }
        act = self.act(who)
        plan = self.attempt(lambda: requests.request_baseline(act, values))
        if plan is not None:
            self.plans[plan.pk] = (who, budget)

    @rule(who=WHO, decision=st.sampled_from(["approve", "reject", "withdraw"]))
    def decide_on_a_plan(self, who: str, decision: str) -> None:
        plan = Baseline.objects.filter(state=RequestState.REQUESTED).first()
        if plan is None:
            return
        act = self.act(who, "理由")
        service = getattr(requests, f"{decision}_baseline")
        if self.attempt(lambda: service(act, plan.pk)) is not None:
            author = self.plans[plan.pk][0]
            assert (who == author) is (decision == "withdraw")

    # Imports

    @rule(name=st.sampled_from(["一", "二", "三"]))
    def send_a_file(self, name: str) -> None:
        if len(self.wanted) > 3:
            return
        book = read(sheets.template(self.people["pmo"], on=ON, language="en"))
        put(book["Systems"], 3, name=name)
        act = self.act("pmo")
        job = jobs.upload(
            self.people["pmo"], file_name="a.xlsx", content=made(book), kind="", language="en",
            at=act.at,
        )  # fmt: skip
        self.wanted[job.pk] = name

    @precondition(lambda self: bool(self.wanted))
    @rule(
        data=st.data(),
        step=st.sampled_from(["check", "confirm", "write", "cancel", "resume", "killed"]),
    )
    def go_on_with_a_file(self, data: st.DataObject, step: str) -> None:
        pk = data.draw(st.sampled_from(list(self.wanted)))
        job, at = ImportJob.objects.get(pk=pk), self.act("pmo").at
        if step == "check":
            jobs.check_job(pk, clock=lambda: at)
        elif step == "confirm":
            jobs.confirm(job, at)
        elif step == "cancel":
            jobs.cancel(job, at)
        elif step == "resume":
            jobs.resume(at, silent=timedelta(0))
        elif step == "killed":
            self._killed(pk, at)
        else:
            was_waiting = job.state == JobState.WRITING
            jobs.write_job(pk, clock=lambda: at)
            job.refresh_from_db()
            if was_waiting and job.state == JobState.DONE:
                self.name = self.wanted[pk]

    def _killed(self, pk: Any, at: datetime) -> None:
        """A worker that dies in its transaction: the database takes all of it back."""
        with transaction.atomic():
            jobs.write_job(pk, clock=lambda: at)
            transaction.set_rollback(True)

    # What always holds

    @invariant()
    def no_saved_value_is_lost(self) -> None:
        if not hasattr(self, "costs"):
            return
        stored = dict(MonthlyUpdate.objects.values_list("revision", "actual_cost"))
        assert stored == self.costs
        kept = dict(Baseline.objects.values_list("pk", "budget_at_completion"))
        assert kept == {pk: budget for pk, (_who, budget) in self.plans.items()}
        assert System.objects.get(pk=self.system.pk).name == self.name

    @invariant()
    def no_author_has_decided(self) -> None:
        if not hasattr(self, "costs"):
            return
        for update in MonthlyUpdate.objects.filter(state__in=SETTLED_STATES):
            assert update.approved_by is not None
            assert update.approved_by.username not in self.writers[update.revision]
        for plan in Baseline.objects.exclude(state=RequestState.WITHDRAWN):
            assert plan.decided_by_id is None or plan.decided_by_id != plan.requested_by_id

    @invariant()
    def plans_are_numbered_without_gaps(self) -> None:
        numbers = Baseline.objects.filter(number__isnull=False).values_list("number", flat=True)
        assert sorted(n or 0 for n in numbers) == list(range(1, len(numbers) + 1))

    @invariant()
    def one_open_report_at_most(self) -> None:
        rows = MonthlyUpdate.objects.exclude(state__in=SETTLED_STATES)
        assert rows.count() <= 1
        assert set(rows.values_list("state", flat=True)) <= {
            UpdateState.DRAFT, UpdateState.SUBMITTED, UpdateState.RETURNED,
        }  # fmt: skip

    @invariant()
    def every_import_that_is_done_is_told_once(self) -> None:
        done = ImportJob.objects.filter(state=JobState.DONE).count()
        assert AuditEvent.objects.filter(verb="workbook.imported").count() == done


@pytest.mark.django_db
def test_no_order_of_events_loses_a_value_or_lets_an_author_approve() -> None:
    run_state_machine_as_test(
        Office,
        settings=settings(
            max_examples=50,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
