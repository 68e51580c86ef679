"""What somebody who owns the whole database can do, an anchor outside of it tells."""

import hashlib
import json
import shutil
import stat
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.core.management import CommandError, call_command

from governance import audit
from governance.audit import Fault, Kind, anchoring, anchors, keys
from governance.models import AuditEvent, AuditHead, JobMark, User
from tests import factories
from tests.conftest import World, act
from tests.governance.audit.conftest import Tamper

pytestmark = pytest.mark.django_db


@pytest.fixture
def folder(tmp_path: Path, settings: Any) -> Path:
    """A folder and a key of this test alone."""
    settings.AUDIT_ANCHOR_DIR = tmp_path / "anchors"
    settings.AUDIT_SIGNING_KEY_DEFAULT = tmp_path / "key" / "audit.pem"
    return tmp_path / "anchors"


def _anchor(at: datetime) -> anchoring.Anchored:
    done = anchoring.anchor(act(None, at))
    assert done is not None
    return done


def kinds(folder: Path, at: datetime) -> set[Kind]:
    """The faults of chain and anchors; rows of the test's world have no events."""
    contents = {path.name: path.read_bytes() for path in anchors.files(folder)}
    report = audit.examine(at, folder=contents, trusted=keys.trusted())
    return {fault.kind for fault in report.faults if not fault.object_type}


@pytest.fixture
def anchored(folder: Path, three: list[AuditEvent], now: datetime) -> Path:
    """The three events, anchored, and one more after that."""
    _anchor(now)
    later = now + timedelta(hours=2)
    audit.record(act(None, later), "x", object_type="x", object_key="1")
    assert kinds(folder, later) == set()
    return folder


# S15 --------------------------------------------------------------------------------------------


def test_a_cut_tail_with_the_head_set_back_is_found(
    anchored: Path, now: datetime, tamper: Tamper
) -> None:
    first = AuditEvent.objects.get(seq=1)
    tamper(
        "DELETE FROM governance_auditevent WHERE seq > 1",
        f"UPDATE governance_audithead SET seq = 1, hash = '{first.hash}'",
    )
    assert list(audit.verify()) == []
    assert kinds(anchored, now) == {Kind.ANCHORED_GONE}


def test_an_emptied_trail_is_found(anchored: Path, now: datetime, tamper: Tamper) -> None:
    tamper(
        "DELETE FROM governance_auditevent",
        "DELETE FROM governance_audithead",
        "INSERT INTO governance_audithead (id, seq, hash) VALUES (1, 0, '')",
    )
    assert list(audit.verify()) == []
    assert kinds(anchored, now) == {Kind.ANCHORED_GONE}


def test_a_changed_event_with_the_whole_chain_computed_anew_is_found(
    anchored: Path, now: datetime, rewrite: Callable[[int, str], None]
) -> None:
    rewrite(2, "nothing happened")
    assert list(audit.verify()) == []
    assert kinds(anchored, now + timedelta(hours=3)) == {Kind.NOT_ANCHORED}


def test_what_came_after_the_last_anchor_waits_for_the_next(
    anchored: Path, now: datetime, rewrite: Callable[[int, str], None]
) -> None:
    """Said in docs/audit.md: between two anchors the chain stands alone."""
    rewrite(5, "nothing happened")
    assert kinds(anchored, now + timedelta(hours=3)) == set()


def test_an_event_that_is_told_to_be_earlier_than_the_anchor_before_it_is_found(
    anchored: Path, now: datetime
) -> None:
    late = now + timedelta(days=1)
    _anchor(late)
    event = AuditEvent.objects.latest("seq")
    assert event.verb == "trail.anchored"
    audit.record(act(None, now), "x", object_type="x", object_key="1")
    assert kinds(anchored, late) == {Kind.BACK_IN_TIME}


def test_a_trail_that_was_moved_to_later_days_does_not_fit_its_anchor(
    folder: Path, now: datetime
) -> None:
    audit.record(act(None, now + timedelta(days=1)), "x", object_type="x", object_key="1")
    _anchor(now)
    assert Kind.AFTER_ANCHOR in kinds(folder, now + timedelta(days=2))


# The files --------------------------------------------------------------------------------------


def test_an_anchor_is_a_signed_file_that_only_its_key_could_make(
    anchored: Path, now: datetime
) -> None:
    path = anchors.files(anchored)[0]
    assert path.name == "2026-11-24-000000000003.anchor.json"
    found = json.loads(path.read_text())
    assert (found["seq"], found["count"]) == (3, 3)
    assert found["hash"] == AuditEvent.objects.get(seq=3).hash
    path.chmod(0o644)
    path.write_text(
        path.read_text().replace('"seq": 3', '"seq": 2').replace('count": 3', 'count": 2')
    )
    assert Kind.ANCHOR_ALTERED in kinds(anchored, now)


def test_an_anchor_by_another_key_is_told(
    anchored: Path, now: datetime, settings: Any, tmp_path: Path
) -> None:
    settings.AUDIT_SIGNING_KEY_DEFAULT = tmp_path / "other" / "audit.pem"
    keys.make()
    assert kinds(anchored, now + timedelta(hours=3)) == {Kind.ANCHOR_FOREIGN}
    found, _faults = anchors.read_files(anchors.files(anchored))
    settings.AUDIT_TRUSTED_KEYS = [found[0].fingerprint()]
    assert kinds(anchored, now + timedelta(hours=3)) == set()


def test_an_anchor_that_was_taken_out_or_replaced_is_told(anchored: Path, now: datetime) -> None:
    for day in (1, 2):
        _anchor(now + timedelta(days=day))
    later = now + timedelta(days=3)
    assert kinds(anchored, later) == set()
    paths = anchors.files(anchored)
    # The first and the last too, which no other follows or is followed by.
    for path in paths:
        content = path.read_bytes()
        path.unlink()
        assert kinds(anchored, later) == {Kind.ANCHOR_MISSING}, path.name
        path.write_bytes(content)
    assert kinds(anchored, later) == set()


def test_a_file_that_is_no_anchor_is_told(anchored: Path, now: datetime) -> None:
    for content in (b"", b"[]", b"{}", b"\xff", b'{"version": 1}', b"x" * 20_000):
        (anchored / "2026-11-25-x.anchor.json").write_bytes(content)
        assert Kind.ANCHOR_UNREADABLE in kinds(anchored, now)
        _found, faults = anchors.read_files(anchors.files(anchored))
        assert faults == [Fault(0, Kind.ANCHOR_UNREADABLE, detail="2026-11-25-x.anchor.json")]


def test_no_file_is_written_over(folder: Path, three: list[AuditEvent], now: datetime) -> None:
    _anchor(now)
    before = [path.read_bytes() for path in anchors.files(folder)]
    with pytest.raises(FileExistsError):
        anchors.write(AuditHead(seq=3, hash="x"), now)
    assert [path.read_bytes() for path in anchors.files(folder)] == before
    assert len(list(folder.iterdir())) == 1


def test_a_trail_that_does_not_fit_its_last_anchor_is_told_while_anchoring(
    anchored: Path, now: datetime, rewrite: Callable[[int, str], None], auditor: User
) -> None:
    User.objects.filter(pk=auditor.pk).update(email="auditor@example.go.jp")
    rewrite(2, "nothing happened")
    out = StringIO()
    with pytest.raises(CommandError, match="does NOT fit"):
        call_command("anchor_audit", stdout=out)
    assert "does NOT fit the anchor before" in out.getvalue()
    assert len(mail.outbox) == 1
    assert AuditEvent.objects.latest("seq").after["fits"] is False  # type: ignore[index]


def test_every_fault_of_an_anchor_names_the_file_and_the_event(
    anchored: Path, now: datetime, settings: Any, tmp_path: Path
) -> None:
    _anchor(now + timedelta(days=1))
    _anchor(now + timedelta(days=2))
    paths = anchors.files(anchored)
    found, unread = anchors.read_files(paths)
    seqs = [one.seq for one in found]
    assert (seqs[0], unread) == (3, [])
    assert list(anchors.gaps(found)) == []
    assert list(anchors.gaps([found[0], found[2]])) == [
        Fault(seqs[2], Kind.ANCHOR_MISSING, detail=paths[2].name)
    ]
    assert list(anchors.gaps(found[1:])) == [
        Fault(seqs[1], Kind.ANCHOR_MISSING, detail=paths[1].name)
    ]
    own = frozenset({found[0].fingerprint()})
    assert list(anchors.signature_faults(found, own)) == []
    assert list(anchors.signature_faults(found, frozenset())) == []
    assert list(anchors.signature_faults(found[1:2], frozenset({"another"}))) == [
        Fault(seqs[1], Kind.ANCHOR_FOREIGN, detail=paths[1].name)
    ]
    altered = replace(found[1], hash="0" * 64)
    assert list(anchors.signature_faults([altered], own)) == [
        Fault(seqs[1], Kind.ANCHOR_ALTERED, detail=paths[1].name)
    ]
    for signature in ("", "%%%", f"{found[1].signature}\n", found[0].signature):
        assert not replace(found[1], signature=signature).is_signed()
    told = found[1].as_expected()
    assert (told.seq, told.hash, told.at) == (seqs[1], found[1].hash, found[1].at)
    assert paths[1].name in str(told)


def test_what_an_anchor_says_has_to_be_possible(anchored: Path) -> None:
    content = anchors.files(anchored)[0].read_bytes()
    good = anchors.read("a", content)
    assert (good.name, good.sha256) == ("a", hashlib.sha256(content).hexdigest())
    zero = content.replace(b'"seq": 3', b'"seq": 0').replace(b'"count": 3', b'"count": 0')
    assert anchors.read("a", zero).seq == 0
    wrong = (
        zero.replace(b'"seq": 0', b'"seq": -1').replace(b'"count": 0', b'"count": -1'),
        content.replace(b'"count": 3', b'"count": 2'),
        content.replace(b'"version": 1', b'"version": 2'),
        content.replace(b"+00:00", b""),
    )
    for one in wrong:
        assert one != content
        with pytest.raises(anchors.NoAnchor, match=r"^a$"):
            anchors.read("a", one)
    room = anchors.LARGEST - len(content)
    assert anchors.read("a", content + b" " * room) is not None
    with pytest.raises(anchors.NoAnchor, match=r"^a$"):
        anchors.read("a", content + b" " * (room + 1))


def test_an_anchor_is_kept_read_only_under_the_day_of_utc_and_nothing_beside_it(
    three: list[AuditEvent], now: datetime, settings: Any, tmp_path: Path
) -> None:
    settings.AUDIT_ANCHOR_DIR = tmp_path / "a" / "new" / "place"
    settings.AUDIT_SIGNING_KEY_DEFAULT = tmp_path / "key" / "audit.pem"
    assert anchors.files(settings.AUDIT_ANCHOR_DIR) == []
    head = AuditHead.objects.get()
    tokyo = datetime(2026, 11, 25, 8, 59, tzinfo=ZoneInfo("Asia/Tokyo"))
    path = anchors.write(head, tokyo)
    assert path.name == "2026-11-24-000000000003.anchor.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o444
    assert [one.name for one in path.parent.iterdir()] == [path.name]
    found = json.loads(path.read_text())
    assert found["at"] == "2026-11-24T23:59:00.000000+00:00"
    assert found["previous"] == ""
    # One key a line, in order: an anchor is read by people too.
    lines = path.read_text().splitlines()
    assert lines[1:-1] == sorted(lines[1:-1])
    assert len(lines) == len(found) + 2
    second = anchors.write(head, tokyo + timedelta(days=1))
    assert json.loads(second.read_text())["previous"] == anchors.read("", path.read_bytes()).sha256


# The key ----------------------------------------------------------------------------------------


def test_the_key_is_made_on_first_use_for_its_owner_alone(folder: Path) -> None:
    out = StringIO()
    call_command("audit_key", stdout=out)
    assert keys.path().stat().st_mode & 0o777 == 0o600
    public = keys.signing_key().public_key()
    assert keys.fingerprint(public) in out.getvalue()
    assert "PRIVATE" not in out.getvalue()
    with pytest.raises(CommandError, match="not replaced"):
        call_command("audit_key", make=True, stdout=StringIO())


def test_a_key_that_the_settings_name_is_never_made_by_itself(
    folder: Path, settings: Any, tmp_path: Path
) -> None:
    settings.AUDIT_SIGNING_KEY = str(tmp_path / "named.pem")
    with pytest.raises(CommandError, match="no signing key"):
        call_command("anchor_audit")
    call_command("audit_key", make=True, stdout=StringIO())
    (tmp_path / "named.pem").chmod(0o640)
    with pytest.raises(CommandError, match="Others may read"):
        call_command("anchor_audit")


# Mail -------------------------------------------------------------------------------------------


@pytest.fixture
def three_auditors(world: World) -> list[User]:
    found = []
    for name, language in (("a", "ja"), ("b", "en"), ("c", "en")):
        user = factories.UserFactory.create(
            username=name, email=f"{name}@example.go.jp", language=language
        )
        factories.MembershipFactory.create(user=user, role="auditor")
        found.append(user)
    return found


def test_every_auditor_with_an_address_gets_the_file(
    folder: Path, three: list[AuditEvent], three_auditors: list[User], now: datetime
) -> None:
    User.objects.filter(username="c").update(email="")
    done = _anchor(now)
    assert done.mailed == ["a", "b"]
    to, english = [m.to for m in mail.outbox], mail.outbox[1]
    assert to == [["a@example.go.jp"], ["b@example.go.jp"]]
    assert "anchor of 2026-11-24, event 3" in english.subject
    assert done.anchor.fingerprint() in english.body
    ((name, content, kind),) = english.attachments
    assert (name, kind) == (done.anchor.name, "application/json")
    assert anchors.read(name, content).is_signed()


def test_one_mail_that_fails_stops_no_other_and_is_told(
    folder: Path,
    three: list[AuditEvent],
    three_auditors: list[User],
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plain = EmailBackend.send_messages

    def broken(self: EmailBackend, messages: Any) -> int:
        if messages[0].to == ["b@example.go.jp"]:
            raise OSError("mailbox full")
        return plain(self, messages)

    monkeypatch.setattr(EmailBackend, "send_messages", broken)
    done = _anchor(now)
    assert (done.mailed, done.not_mailed) == (["a", "c"], ["b"])
    event = AuditEvent.objects.latest("seq")
    assert event.verb == "trail.anchored"
    assert event.after is not None
    assert event.after["not_mailed"] == ["b"]
    assert event.after["sha256"] == done.anchor.sha256
    assert "Not reached by mail: b." in anchoring.sentence(done)


def test_the_regular_jobs_anchor_once_a_day(folder: Path, world: World, now: datetime) -> None:
    at = now.isoformat()
    for _hour in range(2):
        call_command("run_due_jobs", at=at, stdout=StringIO())
    assert len(anchors.files(folder)) == 1
    assert JobMark.objects.get(name="anchor").failures == 0


# The command ------------------------------------------------------------------------------------


def test_the_command_compares_with_a_folder_or_a_file_kept_elsewhere(
    anchored: Path, tmp_path: Path, tamper: Tamper
) -> None:
    kept = tmp_path / "kept.json"
    shutil.copy(anchors.files(anchored)[0], kept)
    first = AuditEvent.objects.get(seq=1)
    tamper(
        "DELETE FROM governance_auditevent WHERE seq > 1",
        f"UPDATE governance_audithead SET seq = 1, hash = '{first.hash}'",
    )
    for given in (kept, anchored):
        out, err = StringIO(), StringIO()
        with pytest.raises(CommandError, match="NOT whole"):
            call_command("verify_audit", anchor=[str(given)], stdout=out, stderr=err)
        assert "3: anchored event gone" in err.getvalue()
        assert "Compared: anchor" in out.getvalue()
    with pytest.raises(CommandError, match="no anchor in"):
        call_command("verify_audit", anchor=[str(tmp_path / "key")], stdout=StringIO())
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("verify_audit", anchor=[str(tmp_path / "none.json")], stdout=StringIO())


def test_the_command_tells_programs_in_json(anchored: Path) -> None:
    out = StringIO()
    with pytest.raises(CommandError):
        call_command("verify_audit", anchor=[str(anchored)], json=True, stdout=out)
    found = json.loads(out.getvalue())
    assert found["whole"] is False
    assert set(found["fault_kinds"]) == {"no event"}  # The user of this test.
    assert found["anchors"][0]["seq"] == 3
    assert found["rows"]["user"] == 1
