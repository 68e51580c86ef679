"""What a backup says of itself, and how a database's state is read.

The state is read by plain SQL and never through models: a backup must be possible just before
`migrate`, when the tables are those of the release before.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from django.db.migrations.loader import MigrationLoader
from django.utils.translation import gettext as _

from governance.exceptions import DomainError
from governance.models import AuditHead

FORMAT: Final = 1
_MIGRATIONS: Final = "django_migrations"

Rows = Callable[[str], list[tuple[Any, ...]]]
"""A statement → its rows, on the database whose state is asked for"""


@dataclass(frozen=True, slots=True)
class State:
    """What a database holds: rows a table, migrations applied ("app.name"), the trail's last link."""

    rows: Mapping[str, int]
    migrations: tuple[str, ...]
    audit_seq: int
    audit_hash: str

    def differences(self, other: "State") -> list[str]:
        """What `other` has differently, one text each; empty where both are the same."""
        found = [
            f"{table}: {self.rows.get(table, '–')} ≠ {other.rows.get(table, '–')}"
            for table in sorted({*self.rows, *other.rows})
            if self.rows.get(table) != other.rows.get(table)
        ]
        if self.migrations != other.migrations:
            found += sorted({*self.migrations} ^ {*other.migrations})
        if (self.audit_seq, self.audit_hash) != (other.audit_seq, other.audit_hash):
            found.append(f"audit: {self.audit_seq} ≠ {other.audit_seq}")
        return found


def read_state(query: Rows, tables: Iterable[str]) -> State:
    """The state of a database with these tables. Cost: one count a table and two queries."""
    rows = {table: query(f'SELECT count(*) FROM "{table}"')[0][0] for table in sorted(tables)}  # noqa: S608 (names from the database's own catalogue)
    migrations: tuple[str, ...] = ()
    if _MIGRATIONS in rows:
        applied = query(f"SELECT app, name FROM {_MIGRATIONS}")  # noqa: S608 (constant)
        migrations = tuple(sorted(f"{app}.{name}" for app, name in applied))
    table = AuditHead._meta.db_table
    heads = query(f'SELECT seq, hash FROM "{table}" ORDER BY id') if table in rows else []  # noqa: S608
    seq, link = heads[0] if heads else (0, "")
    return State(rows, migrations, seq, link)


def of_the_code() -> frozenset[str]:
    """The migrations that this release of the product has."""
    loader = MigrationLoader(None)
    return frozenset(f"{app}.{name}" for app, name in loader.disk_migrations)


@dataclass(frozen=True, slots=True)
class Part:
    """One file within a backup."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    product: str
    made_at: str
    engine: str
    parts: tuple[Part, ...]
    state: State

    @classmethod
    def of(
        cls, engine: str, version: str, at: datetime, parts: Iterable[Part], state: State
    ) -> "Manifest":
        return cls(version, at.isoformat(timespec="seconds"), engine, tuple(parts), state)

    def to_json(self) -> str:
        return json.dumps({"format": FORMAT, **asdict(self)}, ensure_ascii=False, indent=1)

    @classmethod
    def from_json(cls, text: str) -> "Manifest":
        """Raises DomainError for anything but a manifest of a format that this release knows."""
        try:
            told = json.loads(text)
            form = told["format"]
            if form == FORMAT:
                state = told["state"]
                return cls(
                    str(told["product"]),
                    str(told["made_at"]),
                    str(told["engine"]),
                    tuple(Part(**part) for part in told["parts"]),
                    State(
                        dict(state["rows"]),
                        tuple(state["migrations"]),
                        int(state["audit_seq"]),
                        str(state["audit_hash"]),
                    ),
                )
        except (ValueError, KeyError, TypeError) as error:
            raise DomainError(_("The manifest of this backup cannot be read.")) from error
        raise DomainError(
            _("This backup has format %(theirs)s, and this release reads format %(ours)d.")
            % {"theirs": form, "ours": FORMAT}
        )
