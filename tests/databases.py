"""Whole databases of a test's own, as a site has them: a file, or a database of PostgreSQL.

The suite's own database rolls back after each test; a backup needs one that is really there. Within
`Site.open()` everything in this process, commands included, speaks with that database.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from django.core.management import call_command
from django.db import DEFAULT_DB_ALIAS, connections

from tests.services import need_postgres, require_or_skip

ADMIN = "postgresql://postgres@127.0.0.1:5432/postgres"
ENGINES = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]


@dataclass(frozen=True, slots=True)
class Site:
    """One database: its engine, and its name (a path, or a name on the server)."""

    engine: str
    name: str
    blocker: Any

    @property
    def url(self) -> str:
        if self.engine == "sqlite":
            return f"sqlite:///{self.name}"
        return f"postgres://postgres@127.0.0.1:5432/{self.name}"

    @property
    def settings(self) -> dict[str, Any]:
        base: dict[str, Any] = {
            "ATOMIC_REQUESTS": False,
            "AUTOCOMMIT": True,
            "CONN_MAX_AGE": 0,
            "CONN_HEALTH_CHECKS": False,
            "TIME_ZONE": None,
            "TEST": {},
            "USER": "",
            "PASSWORD": "",
            "HOST": "",
            "PORT": "",
            "OPTIONS": {},
            "NAME": self.name,
        }
        if self.engine == "sqlite":
            options = {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": "PRAGMA journal_mode=WAL;",
            }
            return {**base, "ENGINE": "django.db.backends.sqlite3", "OPTIONS": options}
        where = {"USER": "postgres", "HOST": "127.0.0.1", "PORT": "5432"}
        return {**base, "ENGINE": "django.db.backends.postgresql", **where}

    @contextmanager
    def open(self) -> Iterator[None]:
        """Make this the site's database."""
        suites, settings = connections[DEFAULT_DB_ALIAS], connections.settings[DEFAULT_DB_ALIAS]
        with self.blocker.unblock():
            connections.settings[DEFAULT_DB_ALIAS] = self.settings
            connections[DEFAULT_DB_ALIAS] = connections.create_connection(DEFAULT_DB_ALIAS)
            try:
                yield
            finally:
                connections[DEFAULT_DB_ALIAS].close()
                connections.settings[DEFAULT_DB_ALIAS] = settings
                connections[DEFAULT_DB_ALIAS] = suites

    def sql(self, *statements: str) -> list[Any]:
        """Run statements below the program; the rows of the last."""
        with self.open(), connections[DEFAULT_DB_ALIAS].cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return list(cursor.fetchall()) if cursor.description else []


class Sites:
    """Makes databases, and removes them at the end."""

    def __init__(self, folder: Path, blocker: Any) -> None:
        self._folder, self._blocker = folder, blocker
        self._made: list[str] = []

    def new(self, engine: str, like: Site | None = None) -> Site:
        """A database without a single table, or a copy of another one."""
        name = f"keep_{uuid4().hex[:12]}"
        if engine == "sqlite":
            file = self._folder / f"{name}.sqlite3"
            if like is not None:
                shutil.copyfile(like.name, file)
            return Site(engine, str(file), self._blocker)
        need_postgres()
        require_or_skip(
            "pg_dump",
            available=bool(shutil.which("pg_dump") and shutil.which("pg_restore")),
            how="apt-get install postgresql-client",
        )
        template = f' TEMPLATE "{like.name}"' if like is not None else ""
        with closing(psycopg.connect(ADMIN, autocommit=True)) as admin:
            admin.execute(f'CREATE DATABASE "{name}"{template}')
        self._made.append(name)
        return Site(engine, name, self._blocker)

    def migrated(self, engine: str, fill: Callable[[], object] | None = None) -> Site:
        """A database with its tables, and what `fill` puts in."""
        site = self.new(engine)
        with site.open():
            call_command("migrate", verbosity=0)
            if fill is not None:
                fill()
            if engine == "sqlite":  # One file, that a copy of the file has everything.
                with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
                    cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return site

    def remove(self) -> None:
        with closing(psycopg.connect(ADMIN, autocommit=True)) as admin:
            for name in self._made:
                admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    @property
    def are_on_a_server(self) -> bool:
        return bool(self._made)


def environment_of(site: Site, **more: str) -> dict[str, str]:
    """What a process needs to work on a site's database."""
    return {
        **os.environ,
        "DATABASE_URL": site.url,
        "DJANGO_SETTINGS_MODULE": "governance.settings.test",
        "LANG": "C.UTF-8",
        **more,
    }
