"""What the database itself refuses, whatever program writes: triggers on the tables of the trail.

Events and seals are only ever added; the head is one row that moves on by exactly one event. Who
owns the tables can drop triggers: `missing` finds that, and docs/audit.md has the role that owns
nothing. SQLite deletes under INSERT OR REPLACE without asking a DELETE trigger, so an insert over
an existing row is refused too. A trigger that is none of these could swallow what is written, so that
it never reaches the trail: `foreign` finds those.
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


# Function → what it refuses, and with which words.
_FUNCTIONS: Final[Mapping[str, tuple[str, str]]] = {
    "governance_audit_only_added": ("TRUE", ONLY_ADDED),
    "governance_audit_head_stays": ("TRUE", ONE_STEP),
    "governance_audit_head_moves": (_JUMPS, ONE_STEP),
    "governance_audit_head_begins": (_BEGINS, ONE_STEP),
}
# The end of a trigger's name → what it stands before, and its function on the head.
_BEFORE: Final[Mapping[str, tuple[str, str]]] = {
    "_forward": ("UPDATE", "governance_audit_head_moves"),
    "_no_delete": ("DELETE", "governance_audit_head_stays"),
    "_no_truncate": ("TRUNCATE", "governance_audit_head_stays"),
    "_once": ("INSERT", "governance_audit_head_begins"),
    "_no_update": ("UPDATE", ""),
}
# pg_trigger.tgtype: for each row, before, and of what.
_ROW, _BEFORE_BIT = 1, 2
_BITS: Final = {"INSERT": 4, "DELETE": 8, "UPDATE": 16, "TRUNCATE": 32}


def _body(condition: str, message: str) -> str:
    return f" BEGIN IF {condition} THEN RAISE EXCEPTION '{message}'; END IF; RETURN NEW; END "


def _part(name: str, table: str) -> tuple[str, str]:
    """What a trigger on PostgreSQL stands before, and the function that it asks."""
    event, function = next(part for end, part in _BEFORE.items() if name.endswith(end))
    return event, function if table == HEAD else "governance_audit_only_added"


def _raise_postgresql(schema: str) -> Iterator[str]:
    for name, (condition, message) in _FUNCTIONS.items():
        # With pg_temp first, as by default, a temporary table could stand in for the trail.
        yield (
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql"
            f' SET search_path = "{schema}", pg_temp AS $${_body(condition, message)}$$;'
        )
    for name, table in expected("postgresql").items():
        event, function = _part(name, table)
        each = "STATEMENT" if event == "TRUNCATE" else "ROW"
        yield (
            f"CREATE TRIGGER {name} BEFORE {event} ON {table}"
            f" FOR EACH {each} EXECUTE FUNCTION {function}();"
        )


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
    return statements + [f"DROP FUNCTION IF EXISTS {name}();" for name in _FUNCTIONS]


# Name → what stands under it, as `_intended` tells it.
_STANDING: Final[Mapping[str, str]] = {
    "sqlite": "SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger'",
    # Only 'O' and 'A' fire; a condition or a list of columns would let writes pass.
    "postgresql": """
        SELECT t.tgname, c.relname, p.proname, p.prosrc, t.tgtype, p.proconfig[1]
        FROM pg_trigger t
        JOIN pg_class c ON c.oid = t.tgrelid
        JOIN pg_proc p ON p.oid = t.tgfoid
        WHERE NOT t.tgisinternal AND t.tgenabled IN ('O', 'A')
        AND t.tgqual IS NULL AND t.tgattr = ''
        AND c.relnamespace = current_schema()::regnamespace
        AND p.pronamespace = c.relnamespace
    """,
}


def _intended(vendor: str, schema: str) -> dict[str, tuple[object, ...]]:
    """Trigger → its table and everything that makes it refuse."""
    tables = expected(vendor)
    if vendor == "sqlite":
        texts = {text.split()[2]: text.removesuffix(";") for text in _raise_sqlite()}
        return {name: (table, texts[name]) for name, table in tables.items()}
    found: dict[str, tuple[object, ...]] = {}
    for name, table in tables.items():
        event, function = _part(name, table)
        kind = _BITS[event] + _BEFORE_BIT + (0 if event == "TRUNCATE" else _ROW)
        path = f"search_path={schema}, pg_temp"
        found[name] = (table, function, _body(*_FUNCTIONS[function]), kind, path)
    return found


def missing(connection: BaseDatabaseWrapper) -> list[str]:
    """The barriers that should stand and do not: gone, switched off, or another one of that name
    that refuses less. Cost: one query, two on PostgreSQL."""
    schema = ""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT quote_ident(current_schema())")
            (schema,) = cursor.fetchone()
        cursor.execute(_STANDING[connection.vendor])
        standing = {name: tuple(rest) for name, *rest in cursor.fetchall()}
    intended = _intended(connection.vendor, schema)
    return [name for name, wanted in intended.items() if standing.get(name) != wanted]


# Name, table; on PostgreSQL rules too, which can do the same, and also what is switched off today.
_ANY: Final[Mapping[str, str]] = {
    "sqlite": "SELECT name, lower(tbl_name) FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": """
        SELECT t.tgname, c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
        WHERE NOT t.tgisinternal AND c.relnamespace = current_schema()::regnamespace
        UNION ALL
        SELECT r.rulename, c.relname FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class
        WHERE c.relnamespace = current_schema()::regnamespace
    """,
}


def foreign(connection: BaseDatabaseWrapper) -> list[str]:
    """Triggers and rules on the tables of the trail that are none of ours, each with its table.
    Cost: one query."""
    ours = expected(connection.vendor)
    with connection.cursor() as cursor:
        cursor.execute(_ANY[connection.vendor])
        standing = cursor.fetchall()
    return sorted(
        f"{name} ({table})"
        for name, table in standing
        if table in {EVENTS, SEALS, HEAD} and ours.get(name) != table
    )
