"""What an auditor asks: is the trail whole, and does every tampering show?"""

from datetime import datetime
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from governance import audit
from governance.exceptions import AuditIsAppendOnly
from governance.models import AuditEvent, AuditHead, User
from tests.conftest import World, act

pytestmark = pytest.mark.django_db


def _three(cio: User, now: datetime) -> list[AuditEvent]:
    return [
        audit.record(
            act(cio, now),
            "system.edited",
            object_type="system",
            object_key=str(number),
            before={"name": "旧"},
            after={"name": "新"},
        )
        for number in (1, 2, 3)
    ]


def _tamper(sql: str) -> None:
    """Change the table below the program, as somebody with the database's password could."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # Deferred foreign keys of this very transaction would stand in the way.
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("ALTER TABLE governance_auditevent DISABLE TRIGGER USER")
        else:
            cursor.execute("DROP TRIGGER audit_append_only")
        cursor.execute(sql)


def test_a_whole_chain_has_no_fault_and_the_command_says_so(cio: User, now: datetime) -> None:
    events = _three(cio, now)
    assert list(audit.verify()) == []
    out = StringIO()
    call_command("verify_audit", stdout=out)
    assert "3 events" in out.getvalue()
    assert events[-1].hash in out.getvalue()


def test_an_empty_trail_is_whole() -> None:
    assert list(audit.verify()) == []


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("UPDATE governance_auditevent SET reason = 'x' WHERE seq = 2", "altered"),
        ("UPDATE governance_auditevent SET actor_name = 'x' WHERE seq = 2", "altered"),
        ("UPDATE governance_auditevent SET after = '{}' WHERE seq = 2", "altered"),
        ("DELETE FROM governance_auditevent WHERE seq = 2", "gap"),
        ("DELETE FROM governance_auditevent WHERE seq = 3", "end cut off"),
    ],
)
def test_every_tampering_is_found_at_its_number(
    cio: User, now: datetime, sql: str, kind: str
) -> None:
    _three(cio, now)
    _tamper(sql)
    faults = list(audit.verify())
    assert kind in {fault.kind for fault in faults}
    assert faults[0].seq in (2, 3)
    with pytest.raises(CommandError, match="NOT whole"):
        call_command("verify_audit", stderr=StringIO())


def test_the_database_refuses_to_alter_an_event(cio: User, now: datetime) -> None:
    _three(cio, now)
    with (
        pytest.raises(DatabaseError, match="only be added to"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("UPDATE governance_auditevent SET reason = 'x' WHERE seq = 2")
    assert list(audit.verify()) == []


def test_the_program_refuses_too(cio: User, now: datetime) -> None:
    event = _three(cio, now)[0]
    for attempt in (
        event.save,
        event.delete,
        AuditEvent.objects.all().delete,
        lambda: AuditEvent.objects.update(reason="x"),
    ):
        with pytest.raises(AuditIsAppendOnly):
            attempt()


def test_an_event_rolls_back_with_its_write(world: World, cio: User, now: datetime) -> None:
    class PowerCutError(Exception):
        pass

    with pytest.raises(PowerCutError), transaction.atomic():
        _three(cio, now)
        raise PowerCutError
    assert not AuditEvent.objects.exists()
    head = AuditHead.objects.first()
    assert head is None or head.seq == 0


@pytest.mark.django_db(transaction=True)
def test_an_event_outside_a_transaction_is_refused(now: datetime) -> None:
    with pytest.raises(RuntimeError, match="inside the transaction"):
        audit.record(act(None, now), "x", object_type="x", object_key="1")


def test_only_changed_fields_are_kept() -> None:
    before, after = audit.changes({"a": 1, "b": 2}, {"a": 1, "b": 3, "c": None})
    assert before == {"b": 2}
    assert after == {"b": 3}


def test_a_removed_actor_keeps_the_name_in_the_trail(cio: User, now: datetime) -> None:
    event = _three(cio, now)[0]
    assert event.actor_name == "cio_office"
