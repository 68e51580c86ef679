"""What expires, what is told before, and what never goes."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.core.management import call_command

from governance import audit
from governance.models import AuditEvent, Draft, ExportChunk, ExportJob, ExportState, Notice, User
from governance.transfer import kinds
from projects import retention
from projects.models import ImportJob
from projects.models.choices import JobState
from tests.conftest import World, signed_in
from tests.governance.transfer.register import fill
from tests.services import ROOT

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)


def _draft(user: User, days: float) -> Draft:
    return Draft.objects.create(user=user, form=f"/{days}/", saved_at=NOW - days * DAY)


def _notice(user: User, *, told: float, read: float | None) -> Notice:
    return Notice.objects.create(
        user=user,
        event=f"{told}:{read}",
        kind="report-due",
        created_at=NOW - told * DAY,
        read_at=None if read is None else NOW - read * DAY,
    )


def _export(user: User, state: ExportState, left: float) -> ExportJob:
    """A file whose days end in `left` days."""
    ends = NOW + left * DAY
    job = ExportJob.objects.create(
        owner=user,
        state=state,
        file_name="systems.csv",
        created_at=ends - 8 * DAY,
        finished_at=None if state == ExportState.RUNNING else ends - 7 * DAY,
        expires_at=ends if state == ExportState.DONE else None,
    )
    if state == ExportState.DONE:
        ExportChunk.objects.create(job=job, number=0, content=b"x")
    return job


def _job(user: User, state: JobState, days: float) -> ImportJob:
    then = NOW - days * DAY
    is_ready = state == JobState.READY
    return ImportJob.objects.create(
        owner=user,
        file_name="f.xlsx",
        sha256="0",
        content=b"x" if is_ready else None,
        state=state,
        created_at=then,
        heartbeat_at=then,
        finished_at=None if is_ready else then,
    )


def test_each_kind_goes_after_its_time_and_not_before(pmo: User) -> None:
    kept: list[Any] = [
        _draft(pmo, 29.9),
        _notice(pmo, told=400, read=179.9),
        _notice(pmo, told=729, read=None),
        _job(pmo, JobState.DONE, 364),
        _job(pmo, JobState.WRITING, 900),  # Not ended: somebody waits for it.
        Session.objects.create(session_key="a", expire_date=NOW + DAY),
        _export(pmo, ExportState.DONE, 0.1),
        _export(pmo, ExportState.FAILED, 0.1),
        _export(pmo, ExportState.RUNNING, -900),  # Not ended: somebody waits for it.
    ]
    gone: list[Any] = [
        _draft(pmo, 30.1),
        _notice(pmo, told=400, read=180.1),
        _notice(pmo, told=731, read=None),
        _job(pmo, JobState.DONE, 366),
        _job(pmo, JobState.REFUSED, 366),
        Session.objects.create(session_key="b", expire_date=NOW - DAY),
        _export(pmo, ExportState.DONE, 0),
        _export(pmo, ExportState.DONE, -0.1),
        _export(pmo, ExportState.FAILED, -0.1),
        _export(pmo, ExportState.CANCELLED, -0.1),
    ]
    forgotten = _job(pmo, JobState.READY, 15)
    counts = retention.purge(NOW)
    assert counts == {
        "drafts": 1,
        "exports": 4,
        "notices_read": 1,
        "notices": 1,
        "sessions": 1,
        "uploads": 1,
        "import_reports": 2,
    }
    for row in kept:
        row.refresh_from_db()
    for row in gone:
        assert not type(row)._default_manager.filter(pk=row.pk).exists(), row
    forgotten.refresh_from_db()
    assert (forgotten.state, forgotten.content) == (JobState.CANCELLED, None)
    event = AuditEvent.objects.get(verb="retention.purged")
    assert event.after == counts
    assert event.source == "schedule"
    # A second run finds nothing, and says so.
    assert set(retention.purge(NOW).values()) == {0}
    assert AuditEvent.objects.filter(verb="retention.purged").count() == 2


def test_the_register_and_the_trail_never_go(db: None) -> None:
    """Even a hundred years later: what may go is on the list, everything else is row by row there."""
    fill()
    temporary = {"governance.Draft", "governance.Notice", "sessions.Session", "projects.ImportJob"}
    temporary |= {"governance.ExportJob", "governance.ExportChunk"}

    def rows() -> dict[str, list[Any]]:
        return {
            model._meta.label: list(model._base_manager.order_by("pk").values())
            for model in kinds.every()
            if model._meta.label not in {*temporary, "governance.AuditHead"}
        }

    before = rows()
    retention.purge(NOW + 36_500 * DAY)
    after = rows()
    event = after["governance.AuditEvent"].pop()
    assert event["verb"] == "retention.purged"
    assert after == before
    assert list(audit.verify()) == []


def test_my_work_warns_a_week_before(
    world: World, pmo: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("projects.views.work.timezone.now", lambda: NOW)
    client = signed_in(pmo)
    draft = _draft(pmo, 22)
    page = client.get("/work/").content.decode()
    assert "kept until 2026-12-02 12:00" in page
    assert "or it is gone" not in page
    Draft.objects.filter(pk=draft.pk).update(saved_at=NOW - 24 * DAY)
    assert "Kept until 2026-11-30 12:00 only" in client.get("/work/").content.decode()


def test_periods_are_settings_within_bounds(pmo: User, settings: Any) -> None:
    settings.RETENTION_DAYS = {"drafts": 60}
    assert retention.check() == []
    kept = _draft(pmo, 59)
    retention.purge(NOW)
    kept.refresh_from_db()
    settings.RETENTION_DAYS = {"drafts": 1, "trail": 5, "uploads": 15, "notices": 3651}
    told = [error.msg for error in retention.check()]
    assert len(told) == 4
    assert "keeps “drafts” for 1 days: 7 to 365" in told[0]
    assert "“trail”, which is no kind of data" in told[1]


def test_the_command_and_the_regular_jobs_do_it(pmo: User, capsys: Any) -> None:
    _draft(pmo, 400)
    call_command("purge_expired", list=True)
    assert "notices_read: 180 days. Notices that were read. They have" in capsys.readouterr().out
    call_command("purge_expired")
    assert "drafts: 1" in capsys.readouterr().out
    _draft(pmo, 400)
    call_command("run_due_jobs")
    assert "Expired and removed: 1" in capsys.readouterr().out
    call_command("run_due_jobs")
    assert "Expired" not in capsys.readouterr().out, "once a day"


def test_the_document_tells_the_table() -> None:
    text = Path(ROOT / "docs" / "retention.md").read_text(encoding="utf-8")
    told = dict(re.findall(r"^\| `(\w+)` \|[^|]*\| (\d+ \(\d+–\d+\)) \|", text, flags=re.MULTILINE))
    assert told == {
        rule.name: f"{rule.days} ({rule.least}–{rule.most})" for rule in retention.RULES
    }
