"""The database refuses, whatever program asks; and it shows where somebody took the refusal away."""

import pytest
from django.db import DatabaseError, connection, transaction

from governance import audit
from governance.audit import Kind, barriers
from governance.models import AuditEvent, AuditHead

pytestmark = pytest.mark.django_db

_EVENT = "governance_auditevent"


def refused(sql: str, match: str) -> None:
    """The statement fails, and the trail is as it was."""
    before = list(AuditEvent.objects.order_by("pk").values()), list(AuditHead.objects.values())
    with (
        pytest.raises(DatabaseError, match=match),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql)
    assert before == (
        list(AuditEvent.objects.order_by("pk").values()),
        list(AuditHead.objects.values()),
    )
    assert list(audit.verify()) == []


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE governance_auditevent SET reason = 'x' WHERE seq = 2",
        "DELETE FROM governance_auditevent WHERE seq = 3",
        "DELETE FROM governance_auditevent",
        "UPDATE governance_auditevent SET seq = seq + 10",
    ],
)
def test_events_are_only_added(three: list[AuditEvent], sql: str) -> None:
    refused(sql, "only be added to")


def test_no_event_is_replaced_by_way_of_an_insert(three: list[AuditEvent]) -> None:
    columns = [str(f.column) for f in AuditEvent._meta.concrete_fields if f.column != "reason"]
    names = ", ".join(columns)
    if connection.vendor == "sqlite":
        refused(
            f"INSERT OR REPLACE INTO {_EVENT} ({names}, reason)"
            f" SELECT {names}, 'x' FROM {_EVENT} WHERE seq = 2",
            "only be added to",
        )
    else:
        refused(
            f"INSERT INTO {_EVENT} ({names}, reason) SELECT {names}, 'x' FROM {_EVENT}"
            " WHERE seq = 2 ON CONFLICT (seq) DO UPDATE SET reason = 'x'",
            "only be added to|duplicate key",
        )


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE governance_audithead SET seq = 0, hash = ''",
        "UPDATE governance_audithead SET seq = 2",
        "UPDATE governance_audithead SET seq = 4",
        "UPDATE governance_audithead SET id = 2",
        "DELETE FROM governance_audithead",
        "INSERT INTO governance_audithead (id, seq, hash) VALUES (2, 3, '')",
    ],
)
def test_the_head_is_one_and_moves_on_by_one_event(three: list[AuditEvent], sql: str) -> None:
    refused(sql, "only moves on")


def test_seals_are_only_added(three: list[AuditEvent]) -> None:
    audit.record(
        audit.Act(None, three[0].at),
        "x",
        object_type="x",
        object_key="1",
        wrote=[audit.State("x", "1", "a")],
    )
    refused("UPDATE governance_auditseal SET state = 'b'", "only be added to")
    refused("DELETE FROM governance_auditseal", "only be added to")


@pytest.mark.postgres
@pytest.mark.parametrize("table", [_EVENT, "governance_auditseal", "governance_audithead"])
def test_no_table_of_the_trail_is_truncated(three: list[AuditEvent], table: str) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("needs PostgreSQL")
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    refused(f"TRUNCATE {table} CASCADE", "only be added to|only moves on")


@pytest.mark.postgres
def test_a_temporary_table_cannot_stand_in_for_the_trail(three: list[AuditEvent]) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("needs PostgreSQL")
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMPORARY TABLE governance_auditevent ON COMMIT DROP AS"
            " SELECT 4 AS seq, 'x' AS hash"
        )
        try:
            with pytest.raises(DatabaseError, match="only moves on"), transaction.atomic():
                cursor.execute("UPDATE governance_audithead SET seq = 4, hash = 'x'")
        finally:
            cursor.execute("DROP TABLE pg_temp.governance_auditevent")


def test_every_barrier_stands_after_the_migrations() -> None:
    assert barriers.missing(connection) == []


@pytest.mark.parametrize("name", ["audit_event_no_delete", "audit_head_forward"])
def test_a_barrier_that_was_taken_down_is_told(three: list[AuditEvent], name: str) -> None:
    table = barriers.expected(connection.vendor)[name]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {name}")
        else:
            cursor.execute(f"DROP TRIGGER {name}")
    report = audit.examine(three[0].at)
    assert (Kind.BARRIER_MISSING, name) in {(f.kind, f.detail) for f in report.faults}


def _weaker() -> list[str]:
    """Barriers of the right name that let writes pass."""
    if connection.vendor == "sqlite":
        events = barriers.EVENTS
        return [
            f"CREATE TRIGGER audit_event_no_delete BEFORE DELETE ON {events} BEGIN SELECT 1; END;",
            f"CREATE TRIGGER audit_event_no_delete BEFORE DELETE ON {events} WHEN OLD.seq > 9 BEGIN"
            f" SELECT RAISE(ABORT, '{barriers.ONLY_ADDED}'); END;",
            "CREATE TRIGGER audit_event_no_delete BEFORE DELETE ON governance_draft BEGIN"
            f" SELECT RAISE(ABORT, '{barriers.ONLY_ADDED}'); END;",
        ]
    on = f"CREATE TRIGGER audit_event_no_delete BEFORE DELETE ON {barriers.EVENTS} FOR EACH ROW"
    added = "EXECUTE FUNCTION governance_audit_only_added();"
    return [
        f"{on} WHEN (OLD.seq > 9) {added}",
        f"{on} EXECUTE FUNCTION governance_audit_head_moves();",
        f"{on.replace('BEFORE', 'AFTER')} {added}",
        f"{on.replace(barriers.EVENTS, 'governance_draft')} {added}",
        f"{on} {added} ALTER TABLE {barriers.EVENTS} ENABLE REPLICA TRIGGER audit_event_no_delete;",
        f"{on} {added} CREATE OR REPLACE FUNCTION governance_audit_only_added() RETURNS trigger"
        " LANGUAGE plpgsql AS $$ BEGIN RETURN OLD; END $$;",
    ]


@pytest.mark.parametrize("number", range(6))
def test_another_barrier_in_the_place_of_one_is_told(three: list[AuditEvent], number: int) -> None:
    """Seen: one that does nothing, under the same name, passed for whole."""
    weaker = _weaker()
    if number >= len(weaker):
        pytest.skip("this database has no such way")
    assert barriers.missing(connection) == []
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute(f"DROP TRIGGER audit_event_no_delete ON {barriers.EVENTS}")
        else:
            cursor.execute("DROP TRIGGER audit_event_no_delete")
        cursor.execute(weaker[number])
    assert "audit_event_no_delete" in barriers.missing(connection)


def _swallowing(table: str) -> list[str]:
    if connection.vendor == "sqlite":
        return [f"CREATE TRIGGER swallow BEFORE INSERT ON {table} BEGIN SELECT RAISE(IGNORE); END;"]
    return [
        "CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql"
        " AS $$ BEGIN RETURN NULL; END $$;",
        f"CREATE TRIGGER swallow BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION swallow();",
    ]


@pytest.mark.parametrize("table", [barriers.EVENTS, barriers.SEALS, barriers.HEAD])
def test_a_trigger_that_is_none_of_ours_is_told(three: list[AuditEvent], table: str) -> None:
    """Seen: one that swallows each event, and the trail was whole."""
    assert barriers.foreign(connection) == []
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for statement in _swallowing(table.upper() if connection.vendor == "sqlite" else table):
            cursor.execute(statement)
    report = audit.examine(three[0].at)
    told = {(fault.kind, fault.detail) for fault in report.faults}
    assert (Kind.BARRIER_FOREIGN, f"swallow ({table})") in told


@pytest.mark.postgres
def test_a_rule_on_the_trail_is_told(three: list[AuditEvent]) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("needs PostgreSQL")
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(f"CREATE RULE swallow AS ON INSERT TO {_EVENT} DO INSTEAD NOTHING")
    assert barriers.foreign(connection) == [f"swallow ({_EVENT})"]
