"""Uploaded files as jobs: what their owner sees, and what a stopped worker leaves behind."""

import io
import threading
from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import repeat
from typing import Any
from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.test import Client
from django.utils import timezone

from governance.exceptions import DomainError
from governance.models import AuditEvent, User
from projects import tasks
from projects.imports import jobs, sheets
from projects.models import ImportJob, ImportRun, System
from projects.models.choices import JobState
from tests.conftest import World, signed_in
from tests.projects.imports.test_sheets import ON, made, put, read

pytestmark = pytest.mark.django_db


def edited(user: User, **cells: Any) -> bytes:
    """The user's workbook with cells of the first system changed."""
    book = read(sheets.template(user, on=ON, language="en"))
    put(book["Systems"], 3, **(cells or {"name": "改名"}))
    return made(book)


def job_of(user: User, content: bytes, now: datetime) -> ImportJob:
    return jobs.upload(user, file_name="a.xlsx", content=content, kind="", language="en", at=now)


def fresh(job: ImportJob) -> ImportJob:
    return ImportJob.objects.get(pk=job.pk)


def test_a_file_is_checked_then_confirmed_then_written(
    world: World, pmo: User, now: datetime
) -> None:
    job = job_of(pmo, edited(pmo), now)
    jobs.check_job(job.pk)
    job = fresh(job)
    assert (job.state, job.report["edited"], job.report["error_count"]) == (JobState.READY, 1, 0)
    assert System.objects.get(system_id="HOME-1").name == "内務台帳"
    assert jobs.confirm(job, now)
    assert not jobs.confirm(job, now)  # The second of two clicks.
    jobs.write_job(job.pk)
    jobs.write_job(job.pk)  # A message that comes twice.
    job = fresh(job)
    assert (job.state, job.content) == (JobState.DONE, None)
    assert System.objects.get(system_id="HOME-1").name == "改名"
    assert (
        ImportRun.objects.count()
        == AuditEvent.objects.filter(verb="workbook.imported").count()
        == 1
    )
    assert job.run == ImportRun.objects.get()


def test_a_file_with_errors_ends_there(world: World, pmo: User, now: datetime) -> None:
    job = job_of(pmo, edited(pmo, go_live_on="昨日"), now)
    jobs.check_job(job.pk)
    job = fresh(job)
    assert (job.state, job.content) == (JobState.REFUSED, None)
    assert job.report["errors"][0]["column"] == "Go-live"
    assert not jobs.confirm(job, now)


def test_what_changed_since_the_check_stops_the_writing(
    world: World, pmo: User, now: datetime
) -> None:
    job = job_of(pmo, edited(pmo), now)
    jobs.check_job(job.pk)
    System.objects.filter(system_id="HOME-1").update(version=7)
    jobs.confirm(job, now)
    jobs.write_job(job.pk)
    job = fresh(job)
    assert job.state == JobState.FAILED
    assert "has changed since the file was checked" in job.error
    assert System.objects.get(system_id="HOME-1").name == "内務台帳"


def test_rights_that_were_lost_since_the_check(world: World, pmo: User, now: datetime) -> None:
    job = job_of(pmo, edited(pmo), now)
    jobs.check_job(job.pk)
    pmo.memberships.all().delete()
    jobs.confirm(job, now)
    jobs.write_job(job.pk)
    assert fresh(job).state == JobState.FAILED
    assert System.objects.get(system_id="HOME-1").name == "内務台帳"


@pytest.mark.parametrize("state", [JobState.QUEUED, JobState.READY])
def test_a_waiting_file_can_be_given_up(
    state: JobState, world: World, pmo: User, now: datetime
) -> None:
    job = job_of(pmo, edited(pmo), now)
    ImportJob.objects.filter(pk=job.pk).update(state=state)
    assert jobs.cancel(job, now)
    jobs.check_job(job.pk)
    assert (fresh(job).state, fresh(job).content) == (JobState.CANCELLED, None)


def test_a_file_can_be_given_up_while_it_is_checked(
    world: World, pmo: User, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = job_of(pmo, edited(pmo), now)
    real = sheets.check

    def checked(*args: Any, **kwargs: Any) -> Any:
        assert jobs.cancel(job, now)  # While the worker reads.
        return real(*args, **kwargs)

    monkeypatch.setattr(sheets, "check", checked)
    jobs.check_job(job.pk)
    assert fresh(job).state == JobState.CANCELLED


def test_what_is_being_written_cannot_be_given_up(world: World, pmo: User, now: datetime) -> None:
    job = job_of(pmo, edited(pmo), now)
    ImportJob.objects.filter(pk=job.pk).update(state=JobState.WRITING)
    assert not jobs.cancel(job, now)


class Killed(BaseException):
    """What ends a worker in the middle of its work: nothing of it catches this."""


@pytest.mark.parametrize("step", ["check", "write"])
def test_a_job_that_kills_its_workers_never_does_it_a_fourth_time(
    step: str, world: World, pmo: User, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = job_of(pmo, edited(pmo), now)
    work = {"check": jobs.check_job, "write": jobs.write_job}[step]
    if step == "write":
        jobs.check_job(job.pk)
        jobs.confirm(job, now)
    begun: list[int] = []

    def killed(*_args: Any, **_kwargs: Any) -> Any:
        begun.append(fresh(job).attempts)  # Counted before it starts, not after.
        raise Killed

    monkeypatch.setattr(sheets, "check", killed)
    at = now
    for _attempt in range(jobs.ATTEMPTS):
        with pytest.raises(Killed):
            work(job.pk, clock=repeat(at).__next__)
        assert jobs.resume(at + timedelta(minutes=1)) == []  # It may still live.
        at += timedelta(minutes=3)
        again = [lost.pk for lost in jobs.resume(at)]
        assert again == ([job.pk] if len(begun) < jobs.ATTEMPTS else [])
    assert begun == [1, 2, 3]
    work(job.pk)  # A message that comes late.
    ended = fresh(job)
    assert (len(begun), ended.state, ended.content) == (3, JobState.FAILED, None)
    assert "stopped 3 times. Nothing was written" in ended.error


def test_a_message_that_comes_again_and_again_begins_three_times_at_most(
    world: World, pmo: User, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A broker that hands a lost worker's message to the next one asks no `resume`."""
    job = job_of(pmo, edited(pmo), now)
    jobs.check_job(job.pk)
    jobs.confirm(job, now)

    def killed(*_args: Any, **_kwargs: Any) -> Any:
        raise Killed

    monkeypatch.setattr(sheets, "check", killed)
    for _attempt in range(jobs.ATTEMPTS):
        with pytest.raises(Killed):
            jobs.write_job(job.pk)
    jobs.write_job(job.pk)
    assert fresh(job).state == JobState.FAILED


def test_a_job_that_no_worker_ever_began_waits(world: World, pmo: User, now: datetime) -> None:
    job, at = job_of(pmo, edited(pmo), now), now
    for _time in range(jobs.ATTEMPTS + 2):
        at += timedelta(minutes=3)
        assert [lost.pk for lost in jobs.resume(at)] == [job.pk]
    assert (fresh(job).state, fresh(job).attempts) == (JobState.QUEUED, 0)


def test_a_resumed_job_is_written_once(world: World, pmo: User, now: datetime) -> None:
    job = job_of(pmo, edited(pmo), now)
    jobs.check_job(job.pk)
    jobs.confirm(job, now)
    for lost in jobs.resume(now + timedelta(hours=1), silent=timedelta(0)):
        tasks.start(lost)
    assert fresh(job).state == JobState.DONE
    assert System.objects.get(system_id="HOME-1").version == 2


def test_a_file_that_nobody_confirms_is_given_up_after_two_weeks(
    world: World, pmo: User, now: datetime
) -> None:
    job = job_of(pmo, edited(pmo), now)
    jobs.check_job(job.pk, clock=lambda: now)
    assert jobs.expire(now + timedelta(days=14)) == 0
    assert jobs.expire(now + timedelta(days=15)) == 1
    assert (fresh(job).state, fresh(job).content) == (JobState.CANCELLED, None)


def test_who_may_send_files(world: World, auditor: User, pjmo: User, now: datetime) -> None:
    assert jobs.may_import(pjmo)
    with pytest.raises(PermissionDenied):
        job_of(auditor, b"x", now)


def test_a_file_that_is_too_large(
    world: World, pmo: User, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "MAX_BYTES", 10)
    with pytest.raises(DomainError, match="larger than"):
        job_of(pmo, b"0" * 11, now)


# Pages ------------------------------------------------------------------------------------------------------


def send(client: Client, content: bytes, **more: str) -> Any:
    page = client.get("/imports/").content.decode()
    token = page.split('name="once" value="')[1].split('"')[0]
    file = SimpleUploadedFile("a.xlsx", content)
    return client.post("/imports/", {"file": file, "once": token, **more})


def test_the_round_trip_on_the_pages(world: World, pmo: User) -> None:
    client = signed_in(pmo)
    content = client.get("/imports/template.xlsx").content
    book = read(content)
    put(book["Systems"], 3, name="新しい名")
    answer = send(client, made(book))
    url = answer.headers["Location"]
    page = client.get(url).content.decode()
    assert "checked, waiting for your confirmation" in page
    assert "内務台帳</td><td>新しい名" in page
    done = client.post(f"{url}confirm/", follow=True).content.decode()
    assert "All of the file is written." in done
    assert System.objects.get(system_id="HOME-1").name == "新しい名"
    assert "a.xlsx" in client.get("/imports/").content.decode()


def test_errors_are_shown_with_their_place(world: World, pmo: User) -> None:
    client = signed_in(pmo)
    page = client.get(send(client, edited(pmo, rto_hours="三日")).headers["Location"])
    text = page.content.decode()
    assert "has errors; nothing was written" in text
    assert "is not a number" in text
    assert "Write all of it" not in text


def test_a_form_sent_twice_makes_one_job(world: World, pmo: User) -> None:
    client, content = signed_in(pmo), edited(pmo)
    page = client.get("/imports/").content.decode()
    token = page.split('name="once" value="')[1].split('"')[0]
    places = {
        client.post(
            "/imports/", {"file": SimpleUploadedFile("a.xlsx", content), "once": token}
        ).headers["Location"]
        for _time in range(2)
    }
    assert len(places) == ImportJob.objects.count() == 1


def test_the_file_of_somebody_else_does_not_exist(
    world: World, pmo: User, pjmo: User, now: datetime
) -> None:
    job = job_of(pmo, edited(pmo), now)
    client = signed_in(pjmo)
    for address in ("", "progress/"):
        assert client.get(f"/imports/{job.pk}/{address}").status_code == 404
    for address in ("confirm/", "cancel/"):
        assert client.post(f"/imports/{job.pk}/{address}").status_code == 404
    assert fresh(job).state == JobState.QUEUED


def test_no_file_and_a_csv_without_its_kind(world: World, pmo: User) -> None:
    client = signed_in(pmo)
    assert client.post("/imports/", {}).status_code == 422
    csv = SimpleUploadedFile("a.csv", b"a,b\n")
    page = client.post("/imports/", {"file": csv})
    assert "Choose what the CSV file holds." in page.content.decode()


def test_the_progress_asks_for_the_page_when_it_has_ended(
    world: World, pmo: User, now: datetime
) -> None:
    job = job_of(pmo, edited(pmo), now)
    ImportJob.objects.filter(pk=job.pk).update(
        state=JobState.READING, progress_done=500, progress_total=1000, created_at=now,
        heartbeat_at=datetime.now(tz=now.tzinfo),
    )  # fmt: skip
    client = signed_in(pmo)
    running = client.get(f"/imports/{job.pk}/progress/")
    assert "500 of 1000 rows" in running.content.decode()
    assert "HX-Refresh" not in running.headers
    ImportJob.objects.filter(pk=job.pk).update(state=JobState.READY)
    assert client.get(f"/imports/{job.pk}/progress/").headers["HX-Refresh"] == "true"


def test_sheets_as_csv(world: World, pmo: User) -> None:
    client = signed_in(pmo)
    answer = client.get("/imports/template.csv?sheet=systems")
    assert answer.content.decode("utf-8-sig").startswith("system_id,version,name")
    assert client.get("/imports/template.csv?sheet=users").status_code == 404
    assert client.get("/imports/template.pdf").status_code == 404


# API --------------------------------------------------------------------------------------------------------


def post(client: Client, content: bytes, name: str = "a.xlsx", **more: Any) -> Any:
    return client.post("/api/v1/imports/", {"file": SimpleUploadedFile(name, content), **more})


def shown(answer: Any) -> Mapping[str, Any]:
    found: Mapping[str, Any] = answer.json()
    return found


def test_the_api_checks_and_writes(world: World, pmo: User) -> None:
    client = signed_in(pmo)
    answer = post(client, edited(pmo))
    assert answer.status_code == 201, answer.content
    job = shown(answer)
    assert (job["state"], job["edited"], job["errors"]) == ("ready", 1, [])
    assert job["changes"][0]["fields"] == [["Name", "内務台帳", "改名"]]
    assert shown(client.get(job["url"]))["sha256"] == job["sha256"]
    done = client.post(f"{job['url']}confirm/")
    assert shown(done)["state"] == "done"
    assert shown(client.post(f"{job['url']}confirm/"))["state"] == "done"
    assert client.post(f"{job['url']}cancel/").status_code == 400
    assert System.objects.get(system_id="HOME-1").name == "改名"


def test_the_api_writes_at_once_where_asked_to(world: World, pmo: User) -> None:
    client = signed_in(pmo)
    text = sheets.template_csv("systems", pmo).decode("utf-8-sig").replace("内務台帳", "内務帳")
    answer = post(client, text.encode(), "s.csv", kind="systems", dry_run="false")
    assert shown(answer)["state"] == "done"
    assert System.objects.get(system_id="HOME-1").name == "内務帳"
    bad = post(client, text.replace("in operation", "謎").encode(), "s.csv", kind="systems",
               dry_run="false")  # fmt: skip
    assert (shown(bad)["state"], shown(bad)["errors"][0]["sheet"]) == ("refused", "Systems")


def test_the_api_refuses_what_it_does_not_know(world: World, pmo: User, auditor: User) -> None:
    client = signed_in(pmo)
    assert client.post("/api/v1/imports/", {}).status_code == 400
    assert post(client, b"a,b\n", "a.csv").status_code == 400
    assert post(client, b"a,b\n", "a.csv", kind="users").status_code == 400
    assert client.post("/api/v1/imports/", "{}", content_type="application/json").status_code == 415
    assert post(signed_in(auditor), b"x").status_code == 403
    assert client.get(f"/api/v1/imports/{uuid4()}/").status_code == 404


# Shell ------------------------------------------------------------------------------------------------------


def run(*args: Any, **options: Any) -> str:
    out = io.StringIO()
    call_command("import_workbook", *args, stdout=out, **options)
    return out.getvalue()


def test_the_shell_checks_and_writes(world: World, pmo: User, tmp_path: Any) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(edited(pmo))
    told = run(path, dry_run=True)
    assert "Name: 内務台帳 → 改名" in told
    assert "Dry run: nothing was written." in told
    assert System.objects.get(system_id="HOME-1").name == "内務台帳"
    assert "Written as import" in run(path, user="pmo")
    assert System.objects.get(system_id="HOME-1").updated_by == pmo


def test_the_shell_tells_every_error(world: World, pmo: User, pjmo: User, tmp_path: Any) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(edited(pmo, rto_hours="三日", go_live_on="昨日"))
    with pytest.raises(CommandError, match="2 errors, nothing was written"):
        run(path)
    with pytest.raises(CommandError, match="no user"):
        run(path, user="nobody")
    with pytest.raises(CommandError, match="cannot be read"):
        run(tmp_path / "missing.xlsx")


@pytest.mark.django_db(transaction=True)
def test_a_large_file_is_read_in_the_background(world: World, pmo: User, settings: Any) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("threads cannot share SQLite's database in memory: PostgreSQL runs this")
    settings.LARGE_FILES_IN_THREADS = True
    job = job_of(pmo, edited(pmo), timezone.now())
    tasks.start(job, size=tasks.LARGE_BYTES)
    for thread in threading.enumerate():
        if thread.name == f"import-{job.pk}":
            thread.join(30)
    assert fresh(job).state == JobState.READY
