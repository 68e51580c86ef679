"""A trail of three events, and what somebody with the database's password can do to it."""

from collections.abc import Callable
from datetime import datetime

import pytest
from django.db import connection

from governance import audit
from governance.audit import barriers
from governance.audit.events import digest
from governance.models import AuditEvent, User
from tests.conftest import act

Tamper = Callable[..., None]


@pytest.fixture
def three(cio: User, now: datetime) -> list[AuditEvent]:
    """Three events about no row of the register."""
    return [
        audit.record(
            act(cio, now),
            "thing.edited",
            object_type="thing",
            object_key=str(number),
            before={"name": "旧"},
            after={"name": "新"},
        )
        for number in (1, 2, 3)
    ]


@pytest.fixture
def tamper(db: None) -> Tamper:
    """Runs SQL below the program: barriers are taken down, and put up again behind it."""

    def run(*statements: str) -> None:
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                # Deferred foreign keys of this very transaction would stand in the way.
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            everything = [
                *barriers.lower_all(connection),
                *statements,
                *barriers.raise_all(connection),
            ]
            for statement in everything:
                cursor.execute(statement)

    return run


@pytest.fixture
def rewrite(tamper: Tamper) -> Callable[[int, str], None]:
    """Changes one event and computes the chain anew from there, so that it fits together."""

    def run(seq: int, reason: str) -> None:
        statements, previous = [], None
        for event in AuditEvent.objects.filter(seq__gte=seq).order_by("seq"):
            if event.seq == seq:
                event.reason = reason
            if previous is not None:
                event.previous_hash = previous
            previous = digest(event)
            statements.append(
                f"UPDATE governance_auditevent SET reason = '{event.reason}',"
                f" previous_hash = '{event.previous_hash}', hash = '{previous}'"
                f" WHERE seq = {event.seq}"
            )
        statements.append(f"UPDATE governance_audithead SET hash = '{previous}'")
        tamper(*statements)

    return run
