"""What anchors say after a restore: those of events that it replaced are neither whole nor tampered
with, and only where the trail accounts for them."""

import json
import time
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from governance import audit
from governance.audit import Kind, anchoring, anchors, sealing
from governance.models import AuditEvent
from tests.conftest import act
from tests.databases import Site
from tests.governance.backup.commands import ON_A_FILE, backed_up, command

NOW = datetime.now(UTC)


@pytest.fixture
def kept(tmp_path: Path, settings: Any) -> Path:
    """The folder of anchors of this test alone."""
    settings.AUDIT_ANCHOR_DIR = tmp_path / "anchors"
    settings.AUDIT_SIGNING_KEY_DEFAULT = tmp_path / "key" / "audit.pem"
    return tmp_path / "anchors"


def _work(*names: str) -> None:
    for name in names:
        with transaction.atomic():
            audit.record(act(None, datetime.now(UTC)), name, object_type="x", object_key="1")


def _anchored() -> Path:
    done = anchoring.anchor(act(None, datetime.now(UTC)))
    assert done is not None
    return anchors.directory() / done.anchor.name


def _verified(*paths: Path) -> tuple[str, str]:
    """What the command says, and what it grumbles; raises where the trail is not whole."""
    out, err = StringIO(), StringIO()
    given = [str(path) for path in paths]
    try:
        call_command("verify_audit", anchor=given, stdout=out, stderr=err)
    except CommandError as error:
        if error.returncode != 3:
            raise
        err.write(str(error))
    return out.getvalue(), err.getvalue()


def _restored(file: Path, **options: Any) -> AuditEvent:
    command("restore", str(file), replace=True, no_input=True, **options)
    return AuditEvent.objects.filter(verb="backup.restored").latest("seq")


@pytest.fixture
def whole(site: Site, kept: Path) -> Site:
    with site.open():
        sealing.seal_register(act(None, NOW - timedelta(minutes=5), "the world of this test"))
    return site


def test_an_anchor_of_what_a_restore_replaced_is_a_verdict_of_its_own(
    whole: Site, folder: Path
) -> None:
    with whole.open():
        before = _anchored()
    file = backed_up(whole, folder)
    with whole.open():
        _work("a", "b", "c", "d")
        inside = _anchored()
        _work("e")
        head = AuditEvent.objects.latest("seq")
        event = _restored(file)
        assert event.after is not None
        expected = {"seq": head.seq, "hash": head.hash, "from": "database"}
        assert event.after["replaced"] == [expected]
        assert event.after["kept_as"].startswith("before-restore-")
        said, grumbled = _verified(inside)
        assert f"The anchor {inside} was made on events that a restore of {file.name}" in grumbled
        assert f"see event {event.seq}" in grumbled
        assert "All else fits" in said
        assert "The audit trail is whole" not in said
        # The one that names what is there still fits.
        assert "The audit trail is whole" in _verified(before)[0]
        # Seen: a job of the night that ran it was told of success.
        out = StringIO()
        with pytest.raises(CommandError, match="ask who did it") as ended:
            call_command("verify_audit", anchor=[str(inside)], json=True, stdout=out)
        assert ended.value.returncode == 3
        report = json.loads(out.getvalue())
        assert (report["whole"], report["verdict"]) == (False, "replaced")
        assert [one["event"] for one in report["replaced"]] == [event.seq]


@ON_A_FILE
def test_the_head_itself_must_be_the_one_that_was_replaced(whole: Site, folder: Path) -> None:
    """Neither an anchor past the replaced head, nor one of its number with another hash."""
    file = backed_up(whole, folder)
    with whole.open():
        _work("a", "b")
        head = AuditEvent.objects.latest("seq")
        event = _restored(file)
        at = event.at - timedelta(minutes=1)
        for seq, link, is_replaced in (
            (head.seq, head.hash, True),
            (head.seq, "0" * 64, False),
            (head.seq + 1, head.hash, False),
        ):
            made = anchors.write(_Head(seq, link), at)  # type: ignore[arg-type]
            report = audit.examine(datetime.now(UTC), files={"x": made.read_bytes()})
            assert bool(report.replaced) is is_replaced
            assert bool(report.faults) is not is_replaced


class _Head:
    def __init__(self, seq: int, link: str) -> None:
        self.seq, self.hash = seq, link


@ON_A_FILE
def test_what_nothing_in_the_trail_accounts_for_is_tampering(
    whole: Site, folder: Path, tmp_path: Path
) -> None:
    """The file of the database put back by hand leaves no event."""
    with whole.open():
        _work("a")
    copy = Path(whole.name).read_bytes()
    with whole.open():
        _work("b", "c")
        later = _anchored()
    for left in Path(whole.name).parent.glob(f"{Path(whole.name).name}-*"):
        left.unlink()
    Path(whole.name).write_bytes(copy)
    with whole.open(), pytest.raises(CommandError, match="NOT whole"):
        _verified(later)


@ON_A_FILE
def test_an_anchor_made_after_the_restore_is_not_excused_by_it(whole: Site, folder: Path) -> None:
    file = backed_up(whole, folder)
    with whole.open():
        _work("a", "b", "c", "d", "e")
        event = _restored(file)
        made = anchors.write(
            _Head(event.seq + 1, "0" * 64),  # type: ignore[arg-type]
            event.at + timedelta(days=1),
        )
        report = audit.examine(event.at + timedelta(days=2), files={"x": made.read_bytes()})
        assert {fault.kind for fault in report.faults} == {Kind.ANCHORED_GONE}


@ON_A_FILE
def test_two_restores_in_turn_account_for_both_trails(whole: Site, folder: Path) -> None:
    first = backed_up(whole, folder)
    with whole.open():
        _work("a", "b", "c", "d", "e", "f")
        of_the_first = _anchored()
        _restored(first)
        _work("g")
        of_the_second = _anchored()
        time.sleep(1.1)  # What is replaced is kept under the second of the restore.
        event = _restored(first)
        said, grumbled = _verified(of_the_first, of_the_second)
        assert grumbled.count(f"see event {event.seq}") == 2
        assert "All else fits" in said


@ON_A_FILE
def test_a_whole_folder_of_anchors_has_no_gap_after_a_restore(
    whole: Site, folder: Path, kept: Path
) -> None:
    file = backed_up(whole, folder)
    with whole.open():
        _work("a", "b", "c", "d")
        _anchored()
        _restored(file)
        done = anchoring.anchor(act(None, datetime.now(UTC)))
        assert done is not None
        assert "a restore of a backup has replaced" in anchoring.sentence(done)
        _work("e")
        after = anchoring.anchor(act(None, datetime.now(UTC)))
        assert after is not None
        assert after.fits
        said, _grumbled = _verified(kept)
        assert "All else fits" in said


@ON_A_FILE
def test_the_same_number_on_the_same_day_is_anchored_once_more_after_a_restore(
    whole: Site, folder: Path, kept: Path
) -> None:
    file = backed_up(whole, folder)
    with whole.open():
        first = _anchored()
        _work("b", "c")
        event = _restored(file)
        assert anchors.read(first.name, first.read_bytes()).seq == event.seq
        second = _anchored()
        assert len(anchors.files(kept)) == 2
        assert "The audit trail is whole" in _verified(second)[0]
        assert "All else fits" in _verified(kept)[0]


@ON_A_FILE
def test_the_operator_names_the_anchor_of_a_trail_that_is_lost(
    whole: Site, empty: Site, folder: Path, tmp_path: Path
) -> None:
    file = backed_up(whole, folder)
    with whole.open():
        _work("a", "b")
        last = _anchored()
    with empty.open():
        bent = tmp_path / "bent.anchor.json"
        bent.write_bytes(last.read_bytes().replace(b'"version": 1', b'"version": 2'))
        with pytest.raises(CommandError, match="no anchor of the trail"):
            command("restore", str(file), replaces=[str(bent)])
        command("restore", str(file), replaces=[str(last)])
        event = AuditEvent.objects.latest("seq")
        assert event.after is not None
        assert [one["from"] for one in event.after["replaced"]] == [last.name]
        assert "All else fits" in _verified(last)[0]


@ON_A_FILE
def test_an_anchor_that_nobody_signed_replaces_nothing(
    whole: Site, empty: Site, folder: Path, tmp_path: Path
) -> None:
    file = backed_up(whole, folder)
    with whole.open():
        said = json.loads(_anchored().read_text())
    bent = tmp_path / "bent.anchor.json"
    bent.write_text(json.dumps({**said, "seq": 10**6, "count": 10**6}))
    with empty.open(), pytest.raises(CommandError, match="signature does not fit"):
        command("restore", str(file), replaces=[str(bent)])
