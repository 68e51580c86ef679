"""What somebody asks who has lost a database: is the backup whole, and is all of it back?"""

import json
import shutil
import stat
import subprocess
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any
from zipfile import ZipFile

import pytest
from django.core.checks import run_checks
from django.core.management import CommandError
from django.db import connection, connections, transaction

from governance import audit
from governance.backup import archive, making
from governance.models import Agency, AuditEvent, AuditHead, User
from projects.models import System
from tests.conftest import act
from tests.databases import Site, Sites
from tests.governance.backup.commands import (
    ON_A_FILE,
    all_files,
    backed_up,
    command,
    grumbled,
    made,
)
from tests.governance.backup.conftest import EVENTS, NOW

# There and back ---------------------------------------------------------------------------------


def test_all_of_it_is_back_in_an_empty_database(stored: Site, empty: Site, folder: Path) -> None:
    file = made(stored, folder)
    with empty.open():
        told = command("restore", str(file))
        assert f"The audit trail is whole: {EVENTS} events" in told
        assert System.objects.get().name == "台帳"
        assert User.objects.get().username == "clerk"
        assert list(audit.verify()) == []
        # The restore itself is the trail's next event.
        assert AuditEvent.objects.get(seq=EVENTS + 1).verb == "backup.restored"
        assert run_checks(databases=["default"]) == []
        # Work goes on: numbers of new rows don't collide with those that came back.
        Agency.objects.create(code="new", name="新省")


@ON_A_FILE
def test_the_manifest_says_what_is_in_it(site: Site, folder: Path) -> None:
    file = backed_up(site, folder)
    with ZipFile(file) as packed:
        told = json.loads(packed.read("manifest.json"))
    with site.open():
        event = AuditEvent.objects.get(seq=EVENTS)
    assert told["product"] == "0.1.0"
    assert told["engine"] == site.engine
    assert told["state"]["rows"]["projects_system"] == 1
    assert "governance.0001_initial" in told["state"]["migrations"]
    assert (told["state"]["audit_seq"], told["state"]["audit_hash"]) == (EVENTS, event.hash)
    assert [len(part["sha256"]) for part in told["parts"]] == [64]


@ON_A_FILE
def test_the_file_is_its_owners_alone_and_the_trail_tells_of_it(site: Site, folder: Path) -> None:
    file = backed_up(site, folder)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert all_files(folder) == [file.name]
    with site.open():
        event = AuditEvent.objects.get(seq=EVENTS + 1)
        assert (event.verb, event.object_key) == ("backup.made", file.name)
        assert event.after == {"sha256": archive.hash_of(file), "audit_seq": EVENTS}


def test_a_backup_while_others_write_is_of_one_moment(
    site: Site, empty: Site, folder: Path
) -> None:
    stop, written = Event(), Event()

    def write() -> None:
        """Two rows and an event in each transaction: half of one would show."""
        number = 0
        try:
            while not stop.is_set():
                number += 1
                with transaction.atomic():
                    Agency.objects.create(code=f"a{number}", name=f"甲{number}")
                    audit.record(act(None, NOW), "x", object_type="agency", object_key=str(number))
                    Agency.objects.create(code=f"b{number}", name=f"乙{number}")
                written.set()
        finally:
            connection.close()

    with site.open():
        # Threads have connections of their own; this one's settings are what they open.
        writer = Thread(target=write)
        writer.start()
        try:
            assert written.wait(30)
            for _again in range(3):
                made = making.make(folder, NOW + timedelta(seconds=_again))
        finally:
            stop.set()
            writer.join(30)
        later = AuditHead.objects.get().seq
    assert EVENTS < made.manifest.state.audit_seq <= later
    with empty.open():
        command("restore", str(made.file))  # Counts and chain are checked by it.
        pairs = AuditEvent.objects.filter(verb="x").count()
        assert Agency.objects.count() == 1 + 2 * pairs


@ON_A_FILE
def test_a_long_import_keeps_no_backup_from_being_made(site: Site, folder: Path) -> None:
    """Somebody holds the only writer's place for longer than anybody waits."""
    with site.open():
        writer = connection.copy()
        writer.set_autocommit(False)
        writer.cursor().execute("UPDATE governance_agency SET name = 'half'")
        connection.ensure_connection()
        connection.cursor().execute("PRAGMA busy_timeout = 50")
        assert "database is locked" in grumbled("backup", to=str(folder))
        with pytest.raises(CommandError, match="so that nothing was exported"):
            command("export_all", str(folder / "export"))
        writer.rollback()
        writer.close()
        (file,) = folder.iterdir()
        assert "The backup is whole" in command("verify_backup", str(file))


# Refusals ---------------------------------------------------------------------------------------


@ON_A_FILE
def test_an_altered_backup_is_found_and_never_restored(
    site: Site, empty: Site, folder: Path
) -> None:
    file = backed_up(site, folder)
    with site.open():
        assert "The backup is whole" in command("verify_backup", str(file))
    whole = file.read_bytes()
    middle = len(whole) // 2
    bent: dict[str, bytes] = {
        "a byte": whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :],
        "the end": whole[:-100],
        "everything": b"",
    }
    for what, content in bent.items():
        file.write_bytes(content)
        with empty.open():
            for name in ("verify_backup", "restore"):
                with pytest.raises(CommandError, match=r"damaged|altered"):
                    command(name, str(file))
            assert connection.introspection.table_names() == [], what


@ON_A_FILE
def test_a_part_that_was_exchanged_is_found(site: Site, folder: Path, tmp_path: Path) -> None:
    file = backed_up(site, folder)
    other = tmp_path / "other.zip"
    with ZipFile(file) as old, ZipFile(other, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, content if name == "manifest.json" else content + b"\0")
    with site.open(), pytest.raises(CommandError, match="was altered"):
        command("verify_backup", str(other))


@ON_A_FILE
def test_what_is_there_is_never_overwritten_unasked(
    site: Site, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = backed_up(site, folder)
    with site.open():
        Agency.objects.create(code="later", name="後省")
        with pytest.raises(CommandError, match="is not empty"):
            command("restore", str(file))
        monkeypatch.setattr("builtins.input", lambda question: "yes")
        with pytest.raises(CommandError, match="Nothing was changed"):
            command("restore", str(file), replace=True)

        def nobody(question: str) -> str:
            raise EOFError  # As from </dev/null. Seen: a traceback.

        monkeypatch.setattr("builtins.input", nobody)
        with pytest.raises(CommandError, match="--no-input"):
            command("restore", str(file), replace=True)
        assert Agency.objects.filter(code="later").exists()


def test_what_is_replaced_is_backed_up_first(
    site: Site, empty: Site, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = backed_up(site, folder)
    with site.open():
        Agency.objects.create(code="later", name="後省")
        monkeypatch.setattr("builtins.input", lambda question: site.name)
        told = command("restore", str(file), replace=True)
        assert not Agency.objects.filter(code="later").exists()
    (before,) = folder.glob("before-restore-*.zip")
    assert before.name in told
    with empty.open():
        command("restore", str(before))
        assert Agency.objects.filter(code="later").exists()


@ON_A_FILE
def test_a_backup_of_the_other_engine_tells_the_way(
    site: Site, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = backed_up(site, folder)
    with ZipFile(file) as packed:
        told = json.loads(packed.read("manifest.json"))
        content = packed.read(told["parts"][0]["name"])
    told["engine"] = "another"
    with ZipFile(file, "w") as packed:
        packed.writestr("manifest.json", json.dumps(told))
        packed.writestr(told["parts"][0]["name"], content)
    with site.open(), pytest.raises(CommandError, match="export_all"):
        command("restore", str(file), replace=True, no_input=True)


@ON_A_FILE
def test_older_and_newer_releases_are_told_what_to_do(
    site: Site, empty: Site, sites: Sites, folder: Path
) -> None:
    newer = sites.new(site.engine, like=site)
    insert = "INSERT INTO django_migrations (app, name, applied) VALUES ('governance', '0999_x', '2026-01-01')"
    newer.sql(insert)
    with newer.open():
        assert "migrations are outstanding" in grumbled("backup", to=str(folder / "newer"))
    (file,) = (folder / "newer").iterdir()
    with empty.open():
        with pytest.raises(CommandError, match=r"does not know \(governance.0999_x\)"):
            command("restore", str(file))
        assert connection.introspection.table_names() == []

    site.sql("DELETE FROM django_migrations WHERE app = 'sessions'")
    file = backed_up(site, folder / "older")
    with empty.open():
        assert "run manage.py migrate" in command("restore", str(file))


@ON_A_FILE
def test_a_trail_that_was_broken_before_is_told_and_the_data_are_back(
    site: Site, empty: Site, folder: Path
) -> None:
    site.sql("DROP TRIGGER audit_event_no_update")
    site.sql("UPDATE governance_auditevent SET reason = 'x' WHERE seq = 2")
    file = backed_up(site, folder)
    with empty.open():
        with pytest.raises(CommandError, match="NOT whole: 1 faults"):
            command("restore", str(file))
        assert System.objects.exists()
        assert run_checks(databases=["default"]) == []


def test_missing_programs_are_named(
    stored: Site, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    if stored.engine == "sqlite":
        made(stored, folder)  # Needs none.
        return
    with stored.open(), pytest.raises(CommandError, match="install the PostgreSQL client"):
        command("backup", to=str(folder))
    assert all_files(folder) == []


def test_no_password_stands_on_a_command_line(
    folder: Path, stored: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[list[str]] = []
    real = subprocess.run

    def spy(command: list[str], **options: Any) -> Any:
        seen.append(command)
        if stored.engine == "postgresql":
            assert options["env"]["PGPASSWORD"] == "secret-word"
        return real(command, **options)

    monkeypatch.setattr(subprocess, "run", spy)
    with stored.open():
        connections.settings["default"]["PASSWORD"] = "secret-word"
        connections["default"].settings_dict["PASSWORD"] = "secret-word"
        making.make(folder, NOW)
    assert len(seen) == (stored.engine == "postgresql")
    assert "secret-word" not in str(seen)


# Rotation ---------------------------------------------------------------------------------------


@ON_A_FILE
def test_old_backups_go_by_the_rule_and_nothing_else_does(site: Site, folder: Path) -> None:
    with site.open():
        made = making.make(folder, NOW).file
        for days in (1, 2, 3, 40):
            at = NOW - timedelta(days=days)
            shutil.copy(made, folder / f"backup-{at:%Y%m%dT%H%M%SZ}.zip")
        (folder / "before-restore-20200101T000000Z.zip").touch()
        (folder / "notes.txt").touch()
        told = command("backup", to=str(folder), keep="daily=2,monthly=2")
    stay = sorted(file.name for file in folder.glob("backup-*"))
    assert len(stay) == 3  # The new one, that of its day before, and October's.
    assert stay[0].startswith("backup-202610")
    assert told.count("Removed by rule") == 3
    assert (folder / "before-restore-20200101T000000Z.zip").exists()
    assert (folder / "notes.txt").exists()


@ON_A_FILE
@pytest.mark.parametrize(
    "rule", ["", "daily", "daily=x", "hourly=2", "daily=1,daily=2", "daily=-1"]
)
def test_a_bent_rule_is_refused_before_anything_is_made(
    rule: str, site: Site, folder: Path
) -> None:
    with site.open(), pytest.raises(CommandError, match="no rule"):
        command("backup", to=str(folder), keep=rule or ",")
    assert not folder.exists()


@ON_A_FILE
def test_a_database_in_memory_and_a_missing_one_are_told(sites: Sites, engine: str) -> None:
    for name, sentence in ((":memory:", "in memory"), ("/nowhere/db.sqlite3", "no database")):
        with Site(engine, name, sites._blocker).open(), pytest.raises(CommandError, match=sentence):
            command("backup", to="/nowhere-else")
