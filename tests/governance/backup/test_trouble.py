"""Killed on the way, a full disk, a damaged database: nothing half, and it is told."""

import os
import resource
import signal
import subprocess
import sys
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.checks import run_checks
from django.core.management import CommandError
from django.db import connection

from governance.backup import making
from governance.backup.engine import MARK
from governance.backup.sqlite import Sqlite
from governance.exceptions import DomainError
from projects.models import System
from tests.databases import Site, environment_of
from tests.governance.backup.commands import (
    ON_A_FILE,
    all_files,
    backed_up,
    command,
    made,
)
from tests.governance.backup.conftest import NOW
from tests.services import ROOT

# Trouble ----------------------------------------------------------------------------------------


def _killed_at(step: str, site: Site, *arguments: str, **environment: str) -> None:
    """Run a command that is killed when it reaches `step` (module:function)."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.governance.backup.story", *step.split(":"), *arguments],
        cwd=ROOT,
        env=environment_of(site, **environment),
        capture_output=True,
        timeout=120,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()


@pytest.mark.parametrize(
    "step",
    [
        "governance.backup.archive:part_of",  # The database is copied.
        "governance.backup.archive:ZipFile.write",  # Half of the file is written.
        "governance.backup.archive:publish",  # All of it is, but under the other name.
    ],
)
@ON_A_FILE
def test_a_killed_backup_leaves_no_file_under_the_final_name(
    step: str, site: Site, folder: Path
) -> None:
    _killed_at(step, site, "backup", "--to", str(folder))
    assert list(folder.glob("*.zip")) == []
    assert len(list(folder.iterdir())) == 1
    # The next one works, and what the dead one left is swept away after a day.
    (left,) = folder.iterdir()
    with site.open():
        making.make(folder, NOW)
        assert left.exists()
        yesterday = NOW.timestamp() - 2 * 86_400
        os.utime(left, (yesterday, yesterday))
        making.make(folder, NOW + timedelta(seconds=1))
    assert not left.exists()


def _in_the_middle(engine: str) -> str:
    """Where a restore has begun and nothing is back yet; on a server the old tables are gone too."""
    if engine == "sqlite":
        return "governance.backup.sqlite:Sqlite.load"
    return "governance.backup.postgresql:PostgreSQL._run"


@pytest.mark.parametrize("is_back", [False, True])
def test_a_killed_restore_says_so_and_can_be_done_again(
    is_back: bool, stored: Site, empty: Site, folder: Path
) -> None:
    file = made(stored, folder)
    unchecked = "governance.backup.manifest:State.differences"
    _killed_at(unchecked if is_back else _in_the_middle(empty.engine), empty, "restore", str(file))
    with empty.open():
        (error,) = run_checks(databases=["default"])
        assert "was begun and not finished" in error.msg
        assert file.name in str(error.hint)
        with pytest.raises(CommandError, match="restore was not finished"):
            command("backup", to=str(folder))
        assert "The audit trail is whole" in command("restore", str(file))
        assert MARK not in connection.introspection.table_names()
        assert System.objects.count() == 1


@pytest.mark.parametrize("engine", [pytest.param("postgresql", marks=pytest.mark.postgres)])
def test_what_a_killed_restore_left_running_is_ended_first(
    stored: Site, empty: Site, folder: Path
) -> None:
    file = made(stored, folder)
    orphan = psycopg.connect(
        f"postgresql://postgres@127.0.0.1:5432/{empty.name}?application_name=governance%20restore"
    )
    with closing(orphan):
        orphan.execute("CREATE TABLE governance_agency (id int)")  # Not committed yet.
        with empty.open():
            command("restore", str(file))
        with pytest.raises(psycopg.OperationalError, match="terminating connection"):
            orphan.execute("SELECT 1")


@ON_A_FILE
def test_a_restore_that_differs_keeps_its_mark(
    site: Site, empty: Site, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = backed_up(site, folder)
    with empty.open():
        load = Sqlite.load

        def lossy(self: Any, part: Path, name: str) -> None:
            load(self, part, name)
            empty.sql("DELETE FROM projects_system")

        with monkeypatch.context() as patched:
            patched.setattr(Sqlite, "load", lossy)
            with pytest.raises(CommandError, match="projects_system: 1 ≠ 0"):
                command("restore", str(file))
        assert [error.id for error in run_checks(databases=["default"])] == ["governance.E010"]
        command("restore", str(file))


def test_a_full_disk_is_told_and_nothing_remains(stored: Site, folder: Path) -> None:
    """A limit to the size of files stands for the disk: writing ends in the middle."""
    done = subprocess.run(
        [sys.executable, "manage.py", "backup", "--to", str(folder)],
        cwd=ROOT,
        env=environment_of(stored, LANGUAGE_CODE="en"),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert (str(folder) if stored.engine == "sqlite" else "pg_dump") in done.stderr
    assert all_files(folder) == []


@ON_A_FILE
def test_no_backup_is_ever_overwritten(site: Site, folder: Path) -> None:
    with site.open():
        first = making.make(folder, NOW).file
        before = first.read_bytes()
        with pytest.raises(DomainError, match="of this very moment"):
            making.make(folder, NOW)
    assert first.read_bytes() == before
    assert all_files(folder) == [first.name]


@ON_A_FILE
def test_a_database_that_is_damaged_is_told_and_never_backed_up(site: Site, folder: Path) -> None:
    file = Path(site.name)
    pages = bytearray(file.read_bytes())
    pages[40 * 4096 : 60 * 4096] = b"\xff" * 20 * 4096
    file.write_bytes(bytes(pages))
    with site.open(), pytest.raises(CommandError, match=r"damaged|cannot be used"):
        command("backup", to=str(folder))
    assert all_files(folder) == []
    file.write_bytes(b"this is no database, and never was" * 1000)
    with site.open(), pytest.raises(CommandError, match="cannot be used: file is not a database"):
        command("backup", to=str(folder))
