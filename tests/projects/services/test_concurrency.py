"""Twenty people write to one record at once, on PostgreSQL: every accepted write is in the chain,
every refused one was told."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from threading import Barrier
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone, translation

from governance import audit
from governance.access import Role
from governance.audit import Act
from governance.exceptions import Conflict, DomainError
from governance.models import AuditEvent, User
from projects.models import MonthlyUpdate, Project, System
from projects.models.choices import UpdateState
from projects.register import KINDS
from projects.services import register, updates
from projects.services.filed import Details
from tests import factories

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

WRITERS = 20


@pytest.fixture(autouse=True)
def _real_threads() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("threads cannot share SQLite's database in memory: PostgreSQL runs this")


def together(work: Callable[[int], Any]) -> list[Any]:
    """What twenty threads got that began at the same moment."""
    start = Barrier(WRITERS)

    def one(number: int) -> Any:
        start.wait(30)
        try:
            with translation.override("en"):
                return work(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(WRITERS) as pool:
        return list(pool.map(one, range(WRITERS)))


def people(role: Role, **where: Any) -> list[User]:
    users = [factories.UserFactory.create(username=f"{role}{n}") for n in range(WRITERS)]
    for user in users:
        factories.MembershipFactory.create(user=user, role=role, **where)
    return users


def test_twenty_writers_of_one_record_who_try_until_they_are_heard() -> None:
    agency = factories.AgencyFactory.create(code="home")
    system = factories.SystemFactory.create(system_id="S-1", agency=agency, description="0")
    users = people(Role.PMO, agency=agency)
    kind = KINDS["systems"]

    def write(number: int) -> tuple[int, int]:
        """Add one to what is there, reading anew after each refusal; accepted and refused."""
        accepted = refused = 0
        while not accepted:
            seen = System.objects.get(pk=system.pk)
            try:
                register.edit(
                    Act(users[number], timezone.now(), "test"),
                    kind,
                    seen.pk,
                    {"description": str(int(seen.description) + 1)},
                    version=seen.version,
                )
                accepted += 1
            except Conflict as conflict:
                refused += conflict.theirs["version"] > seen.version
        return accepted, refused

    found = together(write)
    system.refresh_from_db()
    # Nobody's addition was lost: each was made on what the one before had written.
    assert system.description == str(WRITERS)
    assert system.version == WRITERS + 1
    assert sum(accepted for accepted, _refused in found) == WRITERS
    events = AuditEvent.objects.filter(verb="system.edited").order_by("seq")
    told = [
        (e.before["description"], e.after["description"]) for e in events if e.before and e.after
    ]
    assert told == [(str(n), str(n + 1)) for n in range(WRITERS)]
    assert {e.actor_id for e in events} == {user.pk for user in users}
    assert list(audit.verify()) == []


def test_twenty_who_saw_the_same_version_one_is_heard_and_all_others_told() -> None:
    agency = factories.AgencyFactory.create(code="home")
    system = factories.SystemFactory.create(system_id="S-1", agency=agency)
    users = people(Role.PMO, agency=agency)

    def write(number: int) -> str:
        try:
            register.edit(
                Act(users[number], timezone.now(), "test"),
                KINDS["systems"],
                system.pk,
                {"name": f"名{number}"},
                version=1,
            )
        except Conflict as conflict:
            return f"told: {conflict.theirs['name']}"
        return "saved"

    answers = together(write)
    system.refresh_from_db()
    assert answers.count("saved") == 1
    assert answers.count(f"told: {system.name}") == WRITERS - 1
    assert AuditEvent.objects.filter(verb="system.edited").count() == 1
    assert list(audit.verify()) == []


def test_twenty_who_begin_one_report_make_one() -> None:
    agency = factories.AgencyFactory.create(code="home")
    project: Project = factories.ProjectFactory.create(code="P-1", agency=agency)
    users = people(Role.PJMO, project=project)
    values = {
        "basis": "reported",
        "progress_percent": 40,
        "actual_cost": 1,
        "forecast_end_on": date(2027, 3, 31),
        "confidence": 3,
    }

    def write(number: int) -> str:
        act = Act(users[number], timezone.now(), "test")
        try:
            updates.save(
                act, project, date(2026, 10, 1), {**values, "narrative": str(number)},
                Details(), {}, version=0,
            )  # fmt: skip
        except Conflict:
            return "told"
        return "saved"

    answers = together(write)
    assert sorted(set(answers)) == ["saved", "told"]
    assert answers.count("saved") == 1 == MonthlyUpdate.objects.count()
    assert list(audit.verify()) == []


def test_twenty_approvers_approve_once() -> None:
    agency = factories.AgencyFactory.create(code="home")
    project = factories.ProjectFactory.create(code="P-1", agency=agency)
    update = factories.MonthlyUpdateFactory.create(project=project, submitted=True)
    users = people(Role.PMO, agency=agency)

    def write(number: int) -> str:
        try:
            updates.approve(Act(users[number], timezone.now(), "test"), update.pk)
        except DomainError as error:
            return str(error)
        return "approved"

    answers = together(write)
    assert answers.count("approved") == 1
    assert all("not possible in the state" in a for a in answers if a != "approved")
    update.refresh_from_db()
    assert update.state == UpdateState.APPROVED
    assert AuditEvent.objects.filter(verb="update.approved").count() == 1
    assert list(audit.verify()) == []
