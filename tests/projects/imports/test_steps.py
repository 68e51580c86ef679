"""An uploaded file whose worker is killed at any step, whose message comes twice or not at all, or
which another release has in hand: written once, or told."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from kombu.exceptions import OperationalError

from governance import audit
from governance.models import AuditEvent, User
from projects import tasks
from projects.imports import jobs, sheets
from projects.models import ImportJob, ImportRun, System
from projects.models.choices import JobState
from tests.conftest import World, signed_in
from tests.projects.imports.test_jobs import edited, fresh, job_of

pytestmark = pytest.mark.django_db

SILENT = jobs.SILENT + timedelta(seconds=1)


class Killed(BaseException):
    """What a process that is killed runs of its own clean-up: nothing."""


def _killed_before(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str) -> None:
    """The worker dies when it comes to this step, the first time."""
    real: Callable[..., Any] = getattr(owner, name)
    calls: list[int] = []

    def step(*args: Any, **kwargs: Any) -> Any:
        calls.append(1)
        if len(calls) == 1:
            raise Killed
        return real(*args, **kwargs)

    monkeypatch.setattr(owner, name, step)


def _killed_after(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str) -> None:
    real: Callable[..., Any] = getattr(owner, name)
    calls: list[int] = []

    def step(*args: Any, **kwargs: Any) -> Any:
        done = real(*args, **kwargs)
        calls.append(1)
        if len(calls) == 1:
            raise Killed
        return done

    monkeypatch.setattr(owner, name, step)


def _worked(job: ImportJob) -> None:
    """What the worker does with the message; it may die of it, and nobody cleans up."""
    with suppress(Killed):
        tasks.start(fresh(job))


STEPS = [
    ("before it reads", _killed_before, sheets, "check", JobState.QUEUED),
    ("after it has read", _killed_before, jobs, "report_of", JobState.QUEUED),
    ("before it writes", _killed_before, sheets, "check", JobState.READY),
    ("while it writes", _killed_before, sheets, "commit", JobState.READY),
    ("after the rows, before the end", _killed_after, sheets, "commit", JobState.READY),
    ("after the end", _killed_after, jobs, "write_job", JobState.READY),
]


@pytest.mark.parametrize(("step", "kill", "owner", "name", "begun"), STEPS)
def test_a_worker_killed_at_a_step_leaves_nothing_half_done(
    step: str,
    kill: Callable[..., None],
    owner: Any,
    name: str,
    begun: JobState,
    world: World,
    pmo: User,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    job = job_of(pmo, edited(pmo), now)
    if begun == JobState.READY:
        jobs.check_job(job.pk)
        assert jobs.confirm(fresh(job), now)
    kill(monkeypatch, owner, name)
    _worked(job)
    left = fresh(job)
    is_done = left.state == JobState.DONE
    assert System.objects.get(system_id="HOME-1").name == ("改名" if is_done else "内務台帳")
    assert ImportRun.objects.count() == int(is_done)

    at = now + SILENT
    ImportJob.objects.filter(pk=job.pk).exclude(heartbeat_at=None).update(heartbeat_at=now)
    tasks.resume_imports(at)
    if begun == JobState.QUEUED:
        assert fresh(job).state == JobState.READY
        assert jobs.confirm(fresh(job), at)
        tasks.start(fresh(job))
    assert fresh(job).state == JobState.DONE
    assert System.objects.get(system_id="HOME-1").name == "改名"
    assert ImportRun.objects.count() == 1
    assert AuditEvent.objects.filter(verb="workbook.imported").count() == 1
    assert list(audit.verify()) == []


def test_a_message_that_comes_twice_is_done_once(world: World, pmo: User, now: datetime) -> None:
    job = job_of(pmo, edited(pmo), now)
    for _time in range(2):
        tasks.check_file.delay(str(job.pk))
    assert jobs.confirm(fresh(job), now)
    for _time in range(2):
        tasks.write_file.delay(str(job.pk))
        tasks.check_file.delay(str(job.pk))
    assert fresh(job).state == JobState.DONE
    assert ImportRun.objects.count() == 1


def test_what_only_a_newer_release_knows_is_left_to_it(
    world: World, pmo: User, now: datetime
) -> None:
    job = job_of(pmo, edited(pmo), now)
    ImportJob.objects.filter(pk=job.pk).update(state="scanning", heartbeat_at=now)
    tasks.check_file.delay(str(job.pk), priority=3)
    tasks.write_file.delay(str(job.pk), priority=3)
    tasks.resume_imports(now + timedelta(days=30))
    left = fresh(job)
    assert (left.state, left.attempts, bool(left.content)) == ("scanning", 0, True)
    assert signed_in(pmo).get(f"/imports/{job.pk}/").status_code == 200


# The broker -------------------------------------------------------------------------------------


@pytest.fixture
def no_broker(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Every message fails as it does with a closed port."""

    def away(*_args: Any, **_kwargs: Any) -> Any:
        raise OperationalError("[Errno 111] Connection refused")

    for task in (tasks.check_file, tasks.write_file):
        monkeypatch.setattr(task, "apply_async", away)
    return monkeypatch


def test_an_upload_waits_for_the_broker(
    world: World,
    pmo: User,
    no_broker: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    client = signed_in(pmo)
    sent = SimpleUploadedFile("a.xlsx", edited(pmo))
    page = client.post("/imports/", {"file": sent}, follow=True)
    assert page.status_code == 200
    assert "The file is stored. It will be read later" in page.content.decode()
    assert "The broker is away" in caplog.text
    job = ImportJob.objects.get()
    assert (job.state, bool(job.content)) == (JobState.QUEUED, True)

    at = job.created_at
    for _hour in range(30):  # Away for longer than a worker may fail.
        at += timedelta(hours=1)
        tasks.resume_imports(at)
        assert fresh(job).state == JobState.QUEUED
    no_broker.undo()
    tasks.resume_imports(at + SILENT)
    assert fresh(job).state == JobState.READY


def test_a_confirmation_waits_for_the_broker(
    world: World, pmo: User, now: datetime, no_broker: pytest.MonkeyPatch
) -> None:
    job = job_of(pmo, edited(pmo), now)
    jobs.check_job(job.pk)
    page = signed_in(pmo).post(f"/imports/{job.pk}/confirm/", follow=True)
    assert "It will be read later" in page.content.decode()
    at = fresh(job).heartbeat_at
    assert at is not None
    for _hour in range(30):
        at += timedelta(hours=1)
        tasks.resume_imports(at)
    assert fresh(job).state == JobState.WRITING
    no_broker.undo()
    tasks.resume_imports(at + timedelta(hours=1))
    assert fresh(job).state == JobState.DONE
    assert ImportRun.objects.count() == 1


def test_an_upload_by_the_api_waits_too(
    world: World, pmo: User, no_broker: pytest.MonkeyPatch
) -> None:
    sent = SimpleUploadedFile("a.xlsx", edited(pmo))
    answer = signed_in(pmo).post("/api/v1/imports/", {"file": sent})
    assert (answer.status_code, answer.json()["state"]) == (201, "queued")
    no_broker.undo()
    tasks.resume_imports(ImportJob.objects.get().created_at + SILENT)
    assert signed_in(pmo).get(answer.json()["url"]).json()["state"] == "ready"
