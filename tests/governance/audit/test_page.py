"""The auditor verifies in the browser: asks, waits, reads, prints; without a script and a broker."""

import base64
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.utils import timezone
from django.utils.translation import override
from kombu.exceptions import OperationalError

from governance import audit
from governance.audit import anchoring, anchors, checks, register, sealing, tasks
from governance.models import AuditCheck, AuditEvent, User
from tests.conftest import World, act, signed_in
from tests.governance.audit.conftest import Tamper

pytestmark = pytest.mark.django_db

State = AuditCheck.State


@pytest.fixture
def folder(tmp_path: Path, settings: Any) -> Path:
    settings.AUDIT_ANCHOR_DIR = tmp_path / "anchors"
    settings.AUDIT_SIGNING_KEY_DEFAULT = tmp_path / "key" / "audit.pem"
    return tmp_path / "anchors"


@pytest.fixture
def kept(world: World, auditor: User, cio: User, folder: Path) -> bytes:
    """Everything sealed and anchored; the anchor as an auditor keeps it."""
    now = timezone.now() - timedelta(hours=2)
    sealing.seal_register(act(None, now, "the world of this test"))
    done = anchoring.anchor(act(None, now))
    assert done is not None
    return (folder / done.anchor.name).read_bytes()


def _verify(user: User, **data: Any) -> str:
    """Ask, follow to the result, return the page."""
    response = signed_in(user).post("/audit/verify/", {"with_folder": "on", **data}, follow=True)
    assert response.status_code == 200
    return str(response.content.decode())


def _file(content: bytes, name: str = "from-my-mail.anchor.json") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, "application/json")


def test_the_auditor_asks_and_reads_that_all_fits(kept: bytes, auditor: User) -> None:
    page = _verify(auditor)
    assert "The trail is whole: all that was compared fits." in page
    assert "Anchors compared" in page
    check = AuditCheck.objects.get()
    assert (check.state, check.asked_by) == (State.DONE, auditor)
    verbs = list(AuditEvent.objects.order_by("seq").values_list("verb", flat=True))
    assert verbs[-2:] == ["trail.check_asked", "trail.checked"]
    told = AuditEvent.objects.latest("seq")
    assert told.actor == auditor
    assert told.after is not None
    assert told.after["whole"] is True
    assert told.after["anchors"] == [anchors.files(anchors.directory())[0].name]
    overview = signed_in(auditor).get("/audit/verify/").content.decode()
    assert "whole" in overview
    assert "fits" in overview
    assert anchors.last(anchors.directory()).fingerprint() in overview  # type: ignore[union-attr]
    assert "/audit/verify/" in signed_in(auditor).get("/audit/").content.decode()


def test_the_result_names_every_fault_in_the_reader_s_language(
    kept: bytes, auditor: User, world: World
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE projects_system SET name = 'x' WHERE id = %s", [world.system.pk])
    page = _verify(auditor)
    assert "The trail is NOT whole: 1 fault." in page
    assert f"System, now called “HOME-1 x” (#{world.system.pk})" in page
    assert "not as its last event left it" in page


def test_an_anchor_from_a_mail_finds_what_those_kept_here_no_longer_tell(
    kept: bytes, auditor: User, rewrite: Callable[[int, str], None], folder: Path
) -> None:
    """Who owns the machine rewrote the chain and took the anchors away: the mail tells."""
    rewrite(1, "nothing happened")
    for path in anchors.files(folder):
        path.unlink()
    assert "No anchor was compared" in _verify(auditor)
    page = _verify(auditor, file=_file(kept))
    assert "an anchor keeps another hash of this event" in page
    assert "from-my-mail.anchor.json" in page


def test_the_overview_shows_an_anchor_that_no_longer_fits(
    kept: bytes, auditor: User, rewrite: Callable[[int, str], None]
) -> None:
    rewrite(1, "nothing happened")
    assert "does NOT fit" in signed_in(auditor).get("/audit/verify/").content.decode()


@pytest.mark.parametrize("content", [b"no anchor", b"{}", b"x" * 50_000])
def test_a_file_that_is_no_anchor_is_refused(kept: bytes, auditor: User, content: bytes) -> None:
    response = signed_in(auditor).post("/audit/verify/", {"file": _file(content)})
    assert response.status_code == 422
    assert "This file is no anchor of the trail." in response.content.decode()
    assert not AuditCheck.objects.exists()


def test_who_asks_while_one_is_under_way_is_shown_that_one(
    kept: bytes, auditor: User, cio: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "start", lambda check: None)
    first = _verify(auditor)
    second = _verify(cio)
    assert AuditCheck.objects.count() == 1
    assert "waiting" in first
    assert "Look again" in second


def test_progress_is_shown_and_ends_by_itself(kept: bytes, auditor: User) -> None:
    _verify(auditor)
    check = AuditCheck.objects.get()
    AuditCheck.objects.update(
        state=State.RUNNING, heartbeat_at=timezone.now(), progress_done=1200, progress_total=5000
    )
    address = f"/audit/verify/{check.pk}/progress/"
    running = signed_in(auditor).get(address)
    assert "1,200 of 5,000 events and rows" in running.content.decode()
    assert "HX-Refresh" not in running
    AuditCheck.objects.update(state=State.DONE)
    assert signed_in(auditor).get(address)["HX-Refresh"] == "true"


def test_an_anchor_that_a_restore_accounts_for_is_told_apart(
    kept: bytes, auditor: User, folder: Path, tamper: Tamper
) -> None:
    """As a restore leaves it: the trail of before, then its own event, and older anchors beside."""
    last = AuditEvent.objects.latest("seq")
    head = _Head(last.seq + 5, "f" * 64)
    moment = timezone.now() - timedelta(hours=1)
    anchors.write(head, moment)  # type: ignore[arg-type]
    assert "an anchor names this event, which is not there" in _verify(auditor)
    AuditCheck.objects.all().delete()
    tamper(
        f"DELETE FROM governance_auditevent WHERE seq > {last.seq}",
        f"UPDATE governance_audithead SET seq = {last.seq}, hash = '{last.hash}'",
    )
    audit.record(
        act(None, timezone.now()),
        "backup.restored",
        object_type="backup",
        object_key="backup-1.zip",
        after={"replaced": [{"seq": head.seq, "hash": head.hash, "from": "database"}]},
    )
    page = _verify(auditor)
    assert "The trail is NOT whole" not in page
    assert "The trail is whole" not in page
    assert "All else fits. Whether the trail is whole depends on the restore" in page
    assert "events that a restore of backup-1.zip has replaced" in page
    overview = signed_in(auditor).get("/audit/verify/").content.decode()
    assert overview.count("replaced by a restore") == 2  # The verification, and the anchor.
    assert "does NOT fit" not in overview
    told = AuditEvent.objects.filter(verb="trail.checked").latest("seq").after or {}
    assert (told["whole"], told["replaced"]) == (False, 1)


class _Head:
    def __init__(self, seq: int, link: str) -> None:
        self.seq, self.hash = seq, link


# When things break ------------------------------------------------------------------------------


def _waiting(user: User, at: datetime) -> AuditCheck:
    return checks.ask(act(user, at), {}, with_folder=True)


def test_a_verification_whose_worker_was_killed_is_taken_up_by_who_looks(
    kept: bytes, auditor: User
) -> None:
    check = _waiting(auditor, timezone.now())
    AuditCheck.objects.update(
        state=State.RUNNING, heartbeat_at=timezone.now() - timedelta(minutes=3)
    )
    page = signed_in(auditor).get(f"/audit/verify/{check.pk}/").content.decode()
    assert "The trail is whole" in page


def test_a_worker_that_was_only_slow_ends_nothing_twice(kept: bytes, auditor: User) -> None:
    check = _waiting(auditor, timezone.now())
    checks.run(check.pk)
    before = AuditCheck.objects.values().get()
    checks._keep(check.pk, audit.examine(timezone.now()), timezone.now())
    assert AuditCheck.objects.values().get() == before
    assert AuditEvent.objects.filter(verb="trail.checked").count() == 1


def test_after_three_killed_workers_it_ends(kept: bytes, auditor: User) -> None:
    check = _waiting(auditor, timezone.now())
    AuditCheck.objects.update(
        state=State.RUNNING, attempts=2, heartbeat_at=timezone.now() - timedelta(minutes=3)
    )
    page = signed_in(auditor).get(f"/audit/verify/{check.pk}/").content.decode()
    assert "The worker stopped 3 times." in page


def test_a_broker_that_is_away_leaves_it_waiting(
    kept: bytes, auditor: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_args: object) -> None:
        raise OperationalError

    monkeypatch.setattr(tasks.verify_trail, "delay", away)
    assert "waiting" in _verify(auditor)


def test_what_breaks_a_verification_off_is_told(
    kept: bytes, auditor: User, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_args: object, **_kwargs: object) -> None:
        raise OSError("disk")

    monkeypatch.setattr(checks, "_examined", broken)
    assert "The verification broke off" in _verify(auditor)
    assert "broke off" in caplog.text


def test_a_key_that_others_may_read_is_told(kept: bytes, auditor: User, settings: Any) -> None:
    Path(settings.AUDIT_SIGNING_KEY_DEFAULT).chmod(0o644)
    assert "Others may read or write the signing key" in _verify(auditor)
    assert "Others may read" in signed_in(auditor).get("/audit/verify/").content.decode()


@pytest.mark.django_db(transaction=True)
def test_without_a_broker_a_thread_does_it(
    kept: bytes, auditor: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[Thread] = []
    settings.LARGE_FILES_IN_THREADS = True

    class Waiting(Thread):
        def start(self) -> None:
            threads.append(self)

    monkeypatch.setattr(tasks, "Thread", Waiting)
    check = _waiting(auditor, timezone.now())
    tasks.start(check)
    assert [thread.name for thread in threads] == [f"verify-{check.pk}"]
    checks.run(check.pk)
    check.refresh_from_db()
    assert check.state == State.DONE
    checks.run(check.pk)  # Delivered twice: done once.
    assert AuditEvent.objects.filter(verb="trail.checked").count() == 1


def test_the_anchors_that_were_brought_are_kept_with_the_result(kept: bytes, auditor: User) -> None:
    _verify(auditor, file=_file(kept))
    stored = AuditCheck.objects.get().anchors
    assert base64.b64decode(stored["files"]["from-my-mail.anchor.json"]) == kept


def test_what_is_not_compared_is_told_in_the_language_of_whoever_reads_it(
    kept: bytes, auditor: User
) -> None:
    """Seen: the worker's language on everybody's page."""
    with override("ja"):
        report = audit.examine(timezone.now()).as_json()
    assert {"type": "user", "columns": ["last_login", "groups", "user_permissions"]} in report[
        "outside"
    ]
    told = dict(register.outside_words(report["outside"]))
    assert told["drafts"]
    assert "users: groups, last login, user permissions" in told
    # What a reference is called that was given no name.
    with override("ja"):
        told = dict(register.outside_words(report["outside"]))
    assert not any(word.strip() in ("contract", "project") for n in told for word in n.split(","))
    assert register.outside_words({"下書き": "理由"}) == [("下書き", "理由")]
    page = signed_in(auditor).post("/audit/verify/", {}, follow=True).content.decode()
    assert "<li>users: groups, last login, user permissions:" in page
