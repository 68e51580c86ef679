"""PostgreSQL: copied by pg_dump, brought back by pg_restore.

The dump and the counts are taken from one exported snapshot, so they tell of the same moment. What
the programs need to sign in goes by environment, never by their command line, which others can read.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections
from django.db.backends.postgresql.client import DatabaseClient
from django.utils.translation import gettext as _

from governance.backup.engine import MARK
from governance.backup.manifest import Rows, State, read_state
from governance.exceptions import DomainError

_NAME: Final = "governance restore"
"""What a pg_restore is called in the list of sessions"""
_TABLES: Final = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
# Everything of ours in the schema but the mark; what an extension brought along stays.
_REST: Final = """
SELECT format('DROP TABLE IF EXISTS %I.%I CASCADE', schemaname, tablename) FROM pg_tables
WHERE schemaname = current_schema() AND tablename <> '{mark}'
UNION ALL
SELECT format('DROP ROUTINE IF EXISTS %s CASCADE', oid::regprocedure) FROM pg_proc
WHERE pronamespace = current_schema()::regnamespace AND NOT EXISTS (
    SELECT 1 FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e')
"""


class PostgreSQL:
    name, part, is_packed = "postgresql", "database.dump", True

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._settings = dict(settings)
        self.database = str(settings["NAME"])

    def snapshot(self, folder: Path) -> tuple[Path, State]:
        file = folder / self.part
        with self._opened() as query:
            query("BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            exported = query("SELECT pg_export_snapshot()")[0][0]
            state = _state(query)
            self._run(
                "pg_dump",
                "-Fc",
                "--lock-wait-timeout=60s",
                f"--snapshot={exported}",
                f"--file={file}",
            )
        return file, state

    def state(self) -> State:
        with self._opened() as query:
            return _state(query)

    def is_unfinished(self) -> bool:
        with self._opened() as query:
            return (MARK,) in query(_TABLES)

    def begin(self, file: str) -> None:
        _program("pg_restore")  # Before anything is touched.
        with self._opened() as query:
            # The pg_restore of a restore that was killed may be alive, and would write later.
            query(
                "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"  # noqa: S608 (constant)
                f" WHERE datname = current_database() AND application_name = '{_NAME}'"
            )
            query("BEGIN")
            query(f"DROP TABLE IF EXISTS {MARK}")
            query(f"CREATE TABLE {MARK} (file text)")
            query(f"INSERT INTO {MARK} VALUES (%s)", file)  # noqa: S608 (constant)
            query("COMMIT")

    def load(self, part: Path, file: str) -> None:
        with self._opened() as query:
            query("BEGIN")
            query("SET LOCAL lock_timeout = '20s'")  # The application should have been stopped.
            for (statement,) in query(_REST.format(mark=MARK)):
                query(statement)
            query("COMMIT")
        self._run(
            "pg_restore",
            "--single-transaction",
            "--exit-on-error",
            "--no-owner",
            "--no-privileges",
            f"--dbname={self.database}",
            str(part),
        )

    def finish(self) -> None:
        with self._opened() as query:
            query(f"DROP TABLE {MARK}")

    @contextmanager
    def _opened(self) -> Iterator["_Query"]:
        """A connection of its own, whatever transaction the caller's is in."""
        try:
            with (
                closing(connections.create_connection(DEFAULT_DB_ALIAS)) as own,
                own.cursor() as cursor,
            ):
                yield _Query(cursor)
        except DatabaseError as error:
            raise DomainError(
                _("The database %(file)s cannot be used: %(why)s")
                % {"file": self.database, "why": error}
            ) from error

    def _run(self, name: str, *arguments: str) -> None:
        done = subprocess.run(  # noqa: S603 (our own arguments; no shell)
            [_program(name), "--no-password", *arguments],
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        if done.returncode:
            lines = done.stderr.decode(errors="replace").strip().splitlines()
            lines = lines or [f"exit status {done.returncode}"]
            raise DomainError(
                _("%(program)s failed: %(why)s") % {"program": name, "why": " ".join(lines[-3:])}
            )

    def _environment(self) -> dict[str, str]:
        _arguments, options = DatabaseClient.settings_to_cmd_args_env(self._settings, [])
        named = {
            "PGDATABASE": self.database,
            "PGHOST": self._settings["HOST"],
            "PGPORT": self._settings["PORT"],
            "PGUSER": self._settings["USER"],
            "PGPASSWORD": self._settings["PASSWORD"],
            "PGAPPNAME": _NAME,
        }
        given = {name: str(value) for name, value in named.items() if value}
        return {**os.environ, **(options or {}), **given}


class _Query:
    """A statement → its rows."""

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor

    def __call__(self, sql: str, *values: str) -> list[tuple[Any, ...]]:
        # Without values a "%" is a plain sign.
        self._cursor.execute(sql, values or None)
        return list(self._cursor.fetchall()) if self._cursor.description else []


def _state(query: Rows) -> State:
    return read_state(query, {name for (name,) in query(_TABLES)} - {MARK})


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise DomainError(
            _(
                "%(program)s was not found on PATH: install the PostgreSQL client programs of the"
                " server's version (Debian: postgresql-client)."
            )
            % {"program": name}
        )
    return found
