"""What the database itself refuses, whatever program writes: triggers on the tables of the trail.

Events and seals are only ever added; the head is one row that moves on by exactly one event. Who
owns the tables can drop triggers: `missing` finds that, and docs/audit.md has the role that owns
nothing. SQLite deletes under INSERT OR REPLACE without asking a DELETE trigger, so an insert over
an existing row is refused too.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from django.db.backends.base.base import BaseDatabaseWrapper

ONLY_ADDED: Final = "the audit trail can only be added to"
ONE_STEP: Final = "the head of the audit trail only moves on to the event after it"
EVENTS, SEALS, HEAD = "governance_auditevent", "governance_auditseal", "governance_audithead"

# Trigger → its table.
_EVERYWHERE: Final[Mapping[str, str]] = {
    "audit_event_no_update": EVENTS,
    "audit_event_no_delete": EVENTS,
    "audit_seal_no_update": SEALS,
    "audit_seal_no_delete": SEALS,
    "audit_head_forward": HEAD,
    "audit_head_no_delete": HEAD,
    "audit_head_once": HEAD,
}
_SQLITE_ONLY: Final[Mapping[str, str]] = {
    "audit_event_no_replace": EVENTS,
    "audit_seal_no_replace": SEALS,
}
_POSTGRESQL_ONLY: Final[Mapping[str, str]] = {
    "audit_event_no_truncate": EVENTS,
    "audit_seal_no_truncate": SEALS,
    "audit_head_no_truncate": HEAD,
}
# Where the head may begin, and to where it may move. The names in these texts are constants.
_BEGINS: Final = (
    f"EXISTS (SELECT 1 FROM {HEAD})"  # noqa: S608
    f" OR NEW.seq <> (SELECT COALESCE(MAX(seq), 0) FROM {EVENTS})"
    f" OR NEW.hash <> COALESCE((SELECT hash FROM {EVENTS} ORDER BY seq DESC LIMIT 1), '')"
)
_JUMPS: Final = (
    "NEW.id <> OLD.id OR NEW.seq <> OLD.seq + 1"  # noqa: S608
    f" OR NEW.hash <> COALESCE((SELECT hash FROM {EVENTS} WHERE seq = NEW.seq), '')"
)


def expected(vendor: str) -> dict[str, str]:
    """Trigger → table, of one kind of database."""
    return {**_EVERYWHERE, **(_SQLITE_ONLY if vendor == "sqlite" else _POSTGRESQL_ONLY)}


def _sqlite(name: str, when: str, message: str) -> str:
    return f"CREATE TRIGGER {name} BEFORE {when} BEGIN SELECT RAISE(ABORT, '{message}'); END;"


def _raise_sqlite() -> Iterator[str]:
    for kind, table, unique in (
        ("event", EVENTS, "id = NEW.id OR seq = NEW.seq OR hash = NEW.hash"),
        ("seal", SEALS, "id = NEW.id OR (seq = NEW.seq AND number = NEW.number)"),
    ):
        yield _sqlite(f"audit_{kind}_no_update", f"UPDATE ON {table}", ONLY_ADDED)
        yield _sqlite(f"audit_{kind}_no_delete", f"DELETE ON {table}", ONLY_ADDED)
        exists = f"EXISTS (SELECT 1 FROM {table} WHERE {unique})"  # noqa: S608
        yield _sqlite(f"audit_{kind}_no_replace", f"INSERT ON {table} WHEN {exists}", ONLY_ADDED)
    yield _sqlite("audit_head_forward", f"UPDATE ON {HEAD} WHEN {_JUMPS}", ONE_STEP)
    yield _sqlite("audit_head_no_delete", f"DELETE ON {HEAD}", ONE_STEP)
    yield _sqlite("audit_head_once", f"INSERT ON {HEAD} WHEN {_BEGINS}", ONE_STEP)


def _postgresql_function(schema: str, name: str, condition: str, message: str) -> str:
    # With pg_temp first, as by default, a temporary table could stand in for the trail.
    return (
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql"
        f' SET search_path = "{schema}", pg_temp AS $$ BEGIN'
        f" IF {condition} THEN RAISE EXCEPTION '{message}'; END IF; RETURN NEW; END $$;"
    )


def _postgresql(name: str, when: str, each: str, function: str) -> str:
    return f"CREATE TRIGGER {name} BEFORE {when} FOR EACH {each} EXECUTE FUNCTION {function}();"


def _raise_postgresql(schema: str) -> Iterator[str]:
    for name, condition, message in (
        ("only_added", "TRUE", ONLY_ADDED),
        ("head_stays", "TRUE", ONE_STEP),
        ("head_moves", _JUMPS, ONE_STEP),
        ("head_begins", _BEGINS, ONE_STEP),
    ):
        yield _postgresql_function(schema, f"governance_audit_{name}", condition, message)
    added = "governance_audit_only_added"
    for kind, table in (("event", EVENTS), ("seal", SEALS)):
        yield _postgresql(f"audit_{kind}_no_update", f"UPDATE ON {table}", "ROW", added)
        yield _postgresql(f"audit_{kind}_no_delete", f"DELETE ON {table}", "ROW", added)
        yield _postgresql(f"audit_{kind}_no_truncate", f"TRUNCATE ON {table}", "STATEMENT", added)
    stays = "governance_audit_head_stays"
    moves, begins = "governance_audit_head_moves", "governance_audit_head_begins"
    yield _postgresql("audit_head_forward", f"UPDATE ON {HEAD}", "ROW", moves)
    yield _postgresql("audit_head_no_delete", f"DELETE ON {HEAD}", "ROW", stays)
    yield _postgresql("audit_head_no_truncate", f"TRUNCATE ON {HEAD}", "STATEMENT", stays)
    yield _postgresql("audit_head_once", f"INSERT ON {HEAD}", "ROW", begins)


def raise_all(connection: BaseDatabaseWrapper) -> list[str]:
    """The statements that put every barrier up, for a database that has none."""
    if connection.vendor == "sqlite":
        return list(_raise_sqlite())
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_schema()")
        (schema,) = cursor.fetchone()
    return list(_raise_postgresql(schema))


def lower_all(connection: BaseDatabaseWrapper) -> list[str]:
    """The statements that take every barrier down: to undo the migration, and for tests that
    empty the tables. The program itself never runs them."""
    triggers = expected(connection.vendor)
    if connection.vendor == "sqlite":
        return [f"DROP TRIGGER IF EXISTS {name};" for name in triggers]
    statements = [f"DROP TRIGGER IF EXISTS {name} ON {table};" for name, table in triggers.items()]
    functions = ("only_added", "head_stays", "head_moves", "head_begins")
    return statements + [
        f"DROP FUNCTION IF EXISTS governance_audit_{name}();" for name in functions
    ]


_STANDING: Final[Mapping[str, str]] = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
    # 'D' is a trigger that somebody switched off.
    "postgresql": "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D'",
}


def missing(connection: BaseDatabaseWrapper) -> list[str]:
    """The barriers that should stand and do not. Cost: one query."""
    with connection.cursor() as cursor:
        cursor.execute(_STANDING[connection.vendor])
        standing = {name for (name,) in cursor.fetchall()}
    return [name for name in expected(connection.vendor) if name not in standing]
