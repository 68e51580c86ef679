"""The empty database of the tests, migrated once a version of the migrations instead of once a
process: each worker of SQLite copies it into its memory. PostgreSQL migrates as ever.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any
from unittest.mock import patch

import django
from django.apps import apps
from django.conf import settings
from django.core import management
from django.db import connections


def _stored() -> Path:
    """Where the migrated database of these very migrations is kept, outside of the repository."""
    digest = sha256(f"{django.VERSION}{sqlite3.sqlite_version}".encode())
    for app in sorted(apps.get_app_configs(), key=lambda app: app.label):
        for path in sorted(Path(app.path, "migrations").glob("*.py")):
            digest.update(path.name.encode() + path.read_bytes())
    return Path(settings.BASE_DIR, "var", f"test-schema-{digest.hexdigest()[:16]}.sqlite3")


def _keep(source: sqlite3.Connection, path: Path) -> None:
    """Write to a name of one's own first: workers that begin at once never read half a file."""
    path.parent.mkdir(exist_ok=True)
    mine = path.with_suffix(f".{os.getpid()}")
    with closing(sqlite3.connect(mine)) as target:
        source.backup(target)
    mine.replace(path)


@contextmanager
def migrated_once() -> Iterator[None]:
    """While it lasts, `migrate` of a new in-memory test database is a copy of the stored one."""
    migrate = management.call_command

    def call_command(name: Any, *args: Any, **options: Any) -> Any:
        alias = options.get("database", "default")
        connection: Any = connections[alias]
        is_new = name == "migrate" and options.get("run_syncdb") and connection.vendor == "sqlite"
        if not is_new or not connection.is_in_memory_db():
            return migrate(name, *args, **options)
        path = _stored()
        connection.ensure_connection()
        if path.exists():
            with closing(sqlite3.connect(path)) as source:
                source.backup(connection.connection)
            return None
        result = migrate(name, *args, **options)
        _keep(connection.connection, path)
        return result

    with patch.object(management, "call_command", call_command):
        yield
