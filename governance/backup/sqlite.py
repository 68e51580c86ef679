"""SQLite: copied by its online backup interface, in both directions.

That copies the database as of one moment while others write, and writes the copy into a database in
one transaction: whoever is killed on the way leaves it as it was.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from django.utils.translation import gettext as _

from governance.backup.engine import MARK
from governance.backup.manifest import State, read_state
from governance.exceptions import DomainError

_PATIENCE = 20.0
"""Seconds to wait for other writers"""


class Sqlite:
    name, part, is_packed = "sqlite", "database.sqlite3", False

    def __init__(self, database: str) -> None:
        self.database = database

    @contextmanager
    def _opened(self, *, create: bool = False) -> Iterator[sqlite3.Connection]:
        if ":memory:" in self.database or "mode=memory" in self.database:
            raise DomainError(_("The database is kept in memory alone: there is no file to copy."))
        if not create and not Path(self.database).exists():
            raise DomainError(_("There is no database %(file)s.") % {"file": self.database})
        address = f"file:{quote(self.database)}?mode={'rwc' if create else 'rw'}"
        try:
            with closing(
                sqlite3.connect(address, uri=True, timeout=_PATIENCE, isolation_level=None)
            ) as opened:
                yield opened
        except sqlite3.Error as error:
            raise DomainError(
                _("The database %(file)s cannot be used: %(why)s")
                % {"file": self.database, "why": error}
            ) from error

    def snapshot(self, folder: Path) -> tuple[Path, State]:
        file = folder / self.part
        with self._opened() as source, closing(sqlite3.connect(file)) as copy:
            try:
                source.backup(copy)
            except sqlite3.OperationalError as error:  # No room, as a rule.
                raise OSError(str(error)) from error
            copy.execute("PRAGMA journal_mode=DELETE")  # One file, and none beside it.
            # The pages are in question, not the rows: those checks call functions of Django's.
            copy.execute("PRAGMA ignore_check_constraints=ON")
            found = [row[0] for row in copy.execute("PRAGMA quick_check(5)")]
            if found != ["ok"]:
                raise DomainError(
                    _("The database itself is damaged: %(faults)s") % {"faults": "; ".join(found)}
                )
            return file, _state(copy)

    def state(self) -> State:
        if not Path(self.database).exists():
            return State({}, (), 0, "")
        with self._opened() as opened:
            return _state(opened)

    def is_unfinished(self) -> bool:
        if not Path(self.database).exists():
            return False
        with self._opened() as opened:
            return MARK in _tables(opened)

    def begin(self, file: str) -> None:
        with self._opened(create=True) as opened:
            _mark(opened, file)

    def load(self, part: Path, file: str) -> None:
        with closing(sqlite3.connect(part, isolation_level=None)) as source:
            _mark(source, file)  # It arrives with the data, at the same moment.
            with self._opened(create=True) as target:
                source.backup(target)

    def finish(self) -> None:
        with self._opened() as opened:
            opened.execute(f"DROP TABLE {MARK}")


def _tables(opened: sqlite3.Connection) -> set[str]:
    rows = opened.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite~_%' ESCAPE '~'"
    )
    return {name for (name,) in rows}


def _state(opened: sqlite3.Connection) -> State:
    return read_state(lambda sql: opened.execute(sql).fetchall(), _tables(opened) - {MARK})


def _mark(opened: sqlite3.Connection, file: str) -> None:
    opened.execute("BEGIN IMMEDIATE")
    opened.execute(f"DROP TABLE IF EXISTS {MARK}")
    opened.execute(f"CREATE TABLE {MARK} (file text)")
    opened.execute(f"INSERT INTO {MARK} VALUES (?)", (file,))  # noqa: S608 (constant)
    opened.execute("COMMIT")
