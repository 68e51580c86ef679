"""What a database must be able to do to be backed up, and which one this site has."""

from pathlib import Path
from typing import Final, Protocol

from django.db import connection
from django.utils.translation import gettext as _

from governance.backup.manifest import State
from governance.exceptions import DomainError

MARK: Final = "governance_unfinished_restore"
"""A table that stands in a database from the first step of a restore until its last check."""

# What `migrate` itself puts into an empty database.
_BY_MIGRATE: Final = frozenset(
    {"django_migrations", "django_content_type", "auth_permission", "governance_audithead"}
)


class Engine(Protocol):
    name: str
    part: str
    """The name of its part in a backup"""
    is_packed: bool
    """Whether a snapshot is compressed already"""

    @property
    def database(self) -> str:
        """The database's name, as somebody types it to confirm."""

    def snapshot(self, folder: Path) -> tuple[Path, State]:
        """Copy the database as it is at one moment, while others write; with its state then."""

    def state(self) -> State:
        """What the database holds now."""

    def is_unfinished(self) -> bool:
        """Whether a restore was begun and not finished."""

    def begin(self, file: str) -> None:
        """Mark the database: a restore of `file` has begun."""

    def load(self, part: Path, file: str) -> None:
        """Put a snapshot in place of everything there is; the mark stays."""

    def finish(self) -> None:
        """Take the mark away."""


def is_empty(state: State) -> bool:
    """Whether a database holds nothing but what `migrate` makes."""
    return not any(count for table, count in state.rows.items() if table not in _BY_MIGRATE)


def engine_of_site() -> Engine:
    """The engine of the database in the settings. Raises DomainError for one that has none."""
    from governance.backup.postgresql import PostgreSQL
    from governance.backup.sqlite import Sqlite

    if connection.vendor == "sqlite":
        return Sqlite(str(connection.settings_dict["NAME"]))
    if connection.vendor == "postgresql":
        return PostgreSQL(connection.settings_dict)
    raise DomainError(
        _("A database of the kind %(vendor)s cannot be backed up here.")
        % {"vendor": connection.vendor}
    )
