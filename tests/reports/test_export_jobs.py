"""A file too large for one request is made in the background, for its owner alone."""

import hashlib
import sqlite3
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from kombu.exceptions import OperationalError
from pytest_django.fixtures import Settings
from pytest_django.plugin import DjangoDbBlocker

from governance.access import Role
from governance.models import AuditEvent, ExportChunk, ExportJob, ExportState, Membership, User
from projects.services import rollups
from reports import downloads, export_jobs, tasks
from tests import factories
from tests.conftest import World, person, signed_in
from tests.databases import Sites

pytestmark = pytest.mark.django_db

# The world has three systems, two of them at home: one row too many for the government's office.
LIMIT = 2


@pytest.fixture(autouse=True)
def _few_rows(settings: Settings) -> None:
    settings.EXPORT_JOB_ROWS = LIMIT


def _body(response: Any) -> bytes:
    return b"".join(response.streaming_content)


def _without_moment(text: bytes) -> list[bytes]:
    """A CSV file but for the line that tells when it was taken."""
    return [line for line in text.split(b"\r\n") if not line.startswith(b"# Exported at")]


def _asked(client: Client, path: str = "/systems/export.csv") -> ExportJob:
    response = client.get(path)
    assert response.status_code == 302, response
    job = ExportJob.objects.get(pk=response.headers["Location"].split("/")[2])
    assert response.headers["Location"] == reverse("reports:export-job", args=[job.pk])
    return job


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody takes a job up."""
    monkeypatch.setattr(tasks, "start", lambda job: None)


# What is asked for -----------------------------------------------------------------------------------


def test_as_many_rows_as_are_allowed_come_at_once(pmo: User, world: World) -> None:
    response = signed_in(pmo).get("/systems/export.csv")
    assert response.status_code == 200
    assert b"# END rows=2" in _body(response)
    assert not ExportJob.objects.exists()


@pytest.mark.parametrize("fmt", ["csv", "xlsx"])
def test_one_row_more_is_a_job_that_makes_the_same_file(
    fmt: str, cio: User, world: World, settings: Settings
) -> None:
    client = signed_in(cio)
    job = _asked(client, f"/systems/export.{fmt}?sort=-name&agency=")
    assert (job.state, job.rows_done, job.attempts) == (ExportState.DONE, 3, 1)
    response = client.get(reverse("reports:export-file", args=[job.pk]))
    made = _body(response)
    assert response.headers["Content-Length"] == str(len(made))
    assert hashlib.sha256(made).hexdigest() == job.sha256
    settings.EXPORT_JOB_ROWS = 100
    direct = client.get(f"/systems/export.{fmt}?sort=-name&agency=")
    for header in ("Content-Type", "Content-Disposition"):
        assert response.headers[header] == direct.headers[header]
    if fmt == "csv":
        assert _without_moment(made) == _without_moment(_body(direct))
    else:
        assert made[:2] == b"PK"
        _body(direct)


def test_the_dashboards_tables_and_the_trail_are_jobs_too(
    cio: User, world: World, settings: Settings
) -> None:
    settings.EXPORT_JOB_ROWS = 0
    for path in (
        "/portfolio/export.csv?table=agencies",
        "/agencies/home/export.xlsx?table=systems",
    ):
        assert _asked(signed_in(cio), path).state == ExportState.DONE, path
    settings.EXPORT_JOB_ROWS = LIMIT
    made = ExportJob.objects.earliest("created_at")
    for _ in range(3):
        _body(signed_in(cio).get(reverse("reports:export-file", args=[made.pk])))
    assert _asked(signed_in(cio), "/audit/export.csv").rows_done == 3


def test_a_filter_that_cannot_be_read_is_refused_at_once(cio: User, world: World) -> None:
    assert signed_in(cio).get("/systems/export.csv?status=no-such").status_code == 400
    assert not ExportJob.objects.exists()


def test_a_look_at_the_head_makes_nothing(cio: User, world: World) -> None:
    assert signed_in(cio).head("/systems/export.csv").status_code == 200
    assert not ExportJob.objects.exists()


@pytest.mark.usefixtures("waits")
def test_two_clicks_make_one_file_and_a_person_has_three_at_once(cio: User, world: World) -> None:
    client = signed_in(cio)
    first = _asked(client)
    assert _asked(client) == first
    for name in ("name", "agency"):
        _asked(client, f"/systems/export.csv?sort={name}")
    response = client.get("/systems/export.csv?sort=-name", follow=True)
    assert "3 of your files are being made already" in response.content.decode()
    assert ExportJob.objects.count() == export_jobs.AT_ONCE


# The page --------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("waits")
def test_the_page_tells_how_far_it_is_without_a_script(cio: User, world: World) -> None:
    client = signed_in(cio)
    job = _asked(client)
    ExportJob.objects.filter(pk=job.pk).update(
        state="running", rows_done=1200, heartbeat_at=timezone.now()
    )
    page = client.get(reverse("reports:export-job", args=[job.pk])).content.decode()
    assert "being made" in page
    assert "1,200 rows so far" in page or "1200 rows so far" in page
    assert f'<a href="/exports/{job.pk}/">Look again</a>' in page
    progress = client.get(reverse("reports:export-progress", args=[job.pk]))
    assert "HX-Refresh" not in progress.headers


def test_the_page_of_a_made_file_offers_it_and_the_list_names_it(cio: User, world: World) -> None:
    client = signed_in(cio)
    job = _asked(client)
    page = client.get(reverse("reports:export-job", args=[job.pk])).content.decode()
    assert reverse("reports:export-file", args=[job.pk]) in page
    assert job.sha256 in page
    assert job.file_name in client.get("/exports/").content.decode()
    progress = client.get(reverse("reports:export-progress", args=[job.pk]))
    assert progress.headers["HX-Refresh"] == "true"


def test_another_persons_file_does_not_exist(cio: User, auditor: User, world: World) -> None:
    job = _asked(signed_in(cio))
    other = signed_in(auditor)
    for name in ("job", "progress", "file"):
        assert other.get(reverse(f"reports:export-{name}", args=[job.pk])).status_code == 404
    assert other.post(reverse("reports:export-cancel", args=[job.pk])).status_code == 404
    assert job.file_name not in other.get("/exports/").content.decode()


def test_a_curious_visitor_does_not_set_another_persons_job_back(
    cio: User, auditor: User, world: World
) -> None:
    job = _asked(signed_in(cio))
    long_ago = timezone.now() - timedelta(hours=1)
    ExportJob.objects.filter(pk=job.pk).update(state="running", heartbeat_at=long_ago)
    signed_in(auditor).get(reverse("reports:export-job", args=[job.pk]))
    job.refresh_from_db()
    assert job.state == ExportState.RUNNING


# Rights ----------------------------------------------------------------------------------------------


def test_a_download_is_in_the_trail(cio: User, world: World) -> None:
    client = signed_in(cio)
    job = _asked(client, "/systems/export.csv?sort=-name")
    assert not AuditEvent.objects.filter(verb="file.taken").exists()
    client.head(reverse("reports:export-file", args=[job.pk]))
    assert not AuditEvent.objects.filter(verb="file.taken").exists()
    _body(client.get(reverse("reports:export-file", args=[job.pk])))
    event = AuditEvent.objects.get(verb="file.taken")
    assert (event.actor, event.object_key) == (cio, job.file_name)
    assert event.after == {
        "format": "csv", "rows": 3, "filters": {"sort": "-name"}, "sha256": job.sha256
    }  # fmt: skip


def test_who_may_read_less_than_when_the_file_was_made_is_refused(cio: User, world: World) -> None:
    job = _asked(signed_in(cio))
    Membership.objects.filter(user=cio).delete()
    factories.MembershipFactory.create(user=cio, role=Role.PMO, agency=world.home)
    response = signed_in(cio).get(reverse("reports:export-file", args=[job.pk]))
    assert response.status_code == 403
    assert not AuditEvent.objects.filter(verb="file.taken").exists()


def test_who_may_read_more_by_now_is_served(pmo: User, world: World, settings: Settings) -> None:
    settings.EXPORT_JOB_ROWS = 1
    job = _asked(signed_in(pmo))
    factories.MembershipFactory.create(user=pmo, role=Role.AUDITOR)
    response = signed_in(pmo).get(reverse("reports:export-file", args=[job.pk]))
    assert response.status_code == 200
    assert b"OTHER-1" not in _body(response)


@pytest.mark.usefixtures("waits")
def test_a_file_is_made_with_the_rights_of_the_moment_it_is_made(cio: User, world: World) -> None:
    narrowed = _asked(signed_in(cio))
    Membership.objects.filter(user=cio).delete()
    factories.MembershipFactory.create(user=cio, role=Role.PMO, agency=world.home)
    export_jobs.make(narrowed.pk)
    narrowed.refresh_from_db()
    assert (narrowed.state, narrowed.rows_done) == (ExportState.DONE, 2)


@pytest.mark.usefixtures("waits")
@pytest.mark.parametrize("lost", ["role", "account"])
def test_who_may_read_nothing_any_more_gets_no_file(lost: str, cio: User, world: World) -> None:
    job = _asked(signed_in(cio))
    if lost == "role":
        Membership.objects.filter(user=cio).delete()
    else:
        User.objects.filter(pk=cio.pk).update(is_active=False)
    export_jobs.make(job.pk)
    job.refresh_from_db()
    assert (job.state, job.error) == (ExportState.FAILED, "You may not read this any more.")
    assert not ExportChunk.objects.exists()


# Workers ---------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("waits")
def test_a_start_counts_before_it_begins(
    cio: User, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = _asked(signed_in(cio))
    seen = []

    def killed(found: ExportJob, _clock: Any) -> None:
        seen.append(ExportJob.objects.get(pk=found.pk).attempts)
        raise KeyboardInterrupt

    monkeypatch.setattr(export_jobs, "_make", killed)
    with pytest.raises(KeyboardInterrupt):
        export_jobs.make(job.pk)
    assert seen == [1]


@pytest.mark.usefixtures("waits")
def test_a_killed_workers_job_is_taken_up_again_and_ends_after_three_starts(
    cio: User, world: World
) -> None:
    job = _asked(signed_in(cio))
    at = timezone.now()
    for start in range(1, export_jobs.ATTEMPTS + 1):
        ExportJob.objects.filter(pk=job.pk).update(
            state="running", attempts=start, heartbeat_at=at - export_jobs.SILENT
        )
        assert export_jobs.resume(at) == []  # It may live: it told of itself two minutes ago.
        again = export_jobs.resume(at + timedelta(seconds=1))
        assert [found.pk for found in again] == ([job.pk] if start < export_jobs.ATTEMPTS else [])
    job.refresh_from_db()
    assert (job.state, job.error) == (ExportState.FAILED, "The worker stopped 3 times.")


@pytest.mark.usefixtures("waits")
def test_a_worker_that_was_given_up_writes_nothing_over_the_one_that_took_over(
    cio: User, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = _asked(signed_in(cio))
    asked_again = export_jobs._asked_again

    def overtaken(found: ExportJob, beat: Any) -> Any:
        response = asked_again(found, beat)
        ExportJob.objects.filter(pk=found.pk).update(attempts=2)
        return response

    monkeypatch.setattr(export_jobs, "_asked_again", overtaken)
    export_jobs.make(job.pk)
    job.refresh_from_db()
    assert job.state == ExportState.RUNNING
    assert not ExportChunk.objects.exists()


@pytest.mark.usefixtures("waits")
def test_a_file_is_given_up_before_and_while_it_is_made(cio: User, world: World) -> None:
    client = signed_in(cio)
    waiting, running = _asked(client), _asked(client, "/systems/export.csv?sort=name")
    client.post(reverse("reports:export-cancel", args=[waiting.pk]))
    waiting.refresh_from_db()
    assert waiting.state == ExportState.CANCELLED
    ExportJob.objects.filter(pk=running.pk).update(wants_cancel=True)
    export_jobs.make(running.pk)
    running.refresh_from_db()
    assert running.state == ExportState.CANCELLED
    response = client.post(reverse("reports:export-cancel", args=[running.pk]), follow=True)
    assert "Too late" in response.content.decode()


@pytest.mark.usefixtures("waits")
def test_an_error_ends_the_job_and_reaches_the_log(
    cio: User, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = _asked(signed_in(cio))

    def breaks(*_args: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(export_jobs, "_asked_again", breaks)
    with pytest.raises(ZeroDivisionError):
        export_jobs.make(job.pk)
    job.refresh_from_db()
    assert (job.state, job.error) == (ExportState.FAILED, "The file could not be made.")


def test_without_a_broker_the_job_waits_and_is_taken_up(
    cio: User, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(*_args: Any, **_kwargs: Any) -> None:
        raise OperationalError

    with monkeypatch.context() as down:
        down.setattr(tasks.make_export, "apply_async", unreachable)
        job = _asked(signed_in(cio))
        assert job.state == ExportState.QUEUED
    ExportJob.objects.filter(pk=job.pk).update(created_at=timezone.now() - timedelta(hours=1))
    call_command("run_due_jobs", verbosity=0)
    job.refresh_from_db()
    assert job.state == ExportState.DONE


# Keeping ---------------------------------------------------------------------------------------------


def test_a_file_is_kept_for_the_days_of_this_site(
    cio: User, world: World, settings: Settings
) -> None:
    settings.RETENTION_DAYS = {"exports": 3}
    job = _asked(signed_in(cio))
    assert job.expires_at is not None
    assert job.finished_at is not None
    assert job.expires_at - job.finished_at == timedelta(days=3)


def test_a_file_past_its_days_is_not_given_out_before_it_is_deleted(
    cio: User, world: World
) -> None:
    client = signed_in(cio)
    job = _asked(client)
    ExportJob.objects.filter(pk=job.pk).update(expires_at=timezone.now())
    response = client.get(reverse("reports:export-file", args=[job.pk]), follow=True)
    assert "not kept any more" in response.content.decode()


def test_no_piece_is_larger_than_a_worker_holds(
    cio: User, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_jobs, "PIECE", 100)
    client = signed_in(cio)
    job = _asked(client)
    sizes = [len(chunk.content) for chunk in job.chunks.all()]
    assert len(sizes) > 3
    assert set(sizes[:-1]) == {100}
    assert len(_body(client.get(reverse("reports:export-file", args=[job.pk])))) == job.size


def test_roles_differ_in_what_their_files_hold(world: World, settings: Settings) -> None:
    settings.EXPORT_JOB_ROWS = 0
    advisor, ministry = person(Role.ADVISOR, world), person(Role.MINISTRY_CIO, world)
    assert _asked(signed_in(advisor)).rows_done == 3
    assert _asked(signed_in(ministry)).rows_done == 2


@pytest.mark.usefixtures("waits")
@pytest.mark.parametrize("address", ["/systems/export.csv", "/portfolio/export.csv?table=scatter"])
def test_others_write_to_a_site_of_one_file_while_a_job_reads(
    address: str,
    tmp_path_factory: pytest.TempPathFactory,
    django_db_blocker: DjangoDbBlocker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each step of the job finds that somebody has written since its reading began."""
    site = Sites(tmp_path_factory.mktemp("site"), django_db_blocker).migrated("sqlite")
    monkeypatch.setattr(export_jobs, "_BEAT", timedelta(0))
    monkeypatch.setattr(downloads, "_CHUNK_ROWS", 2)
    with site.open():
        agency = factories.AgencyFactory.create(code="home")
        for system in factories.SystemFactory.create_batch(5, agency=agency):
            factories.CostLineFactory.create(system=system)
        rollups.recompute_all()
        cio = factories.UserFactory.create(username="cio")
        factories.MembershipFactory.create(user=cio, role=Role.CIO_OFFICE)
        job, _new = export_jobs.ask(
            cio,
            address=address,
            title="Systems",
            file_name="systems.csv",
            language="en",
            at=timezone.now(),
        )

        def clock() -> Any:
            with closing(sqlite3.connect(site.name, timeout=5)) as other, other:
                other.execute("UPDATE governance_agency SET name_en = name_en || 'x'")
            return timezone.now()

        export_jobs.make(job.pk, clock=clock)
        job.refresh_from_db()
        assert (job.state, job.rows_done) == (ExportState.DONE, 5)


def test_a_job_that_breaks_off_has_no_rows_open_when_it_says_so(pmo: User) -> None:
    """The error itself still holds whoever was reading."""
    closed = []

    def rows() -> Any:
        try:
            yield from range(3)
        finally:
            closed.append(True)

    def pace(number: int, _total: int | None) -> None:
        if number == 2:
            raise export_jobs.Cancelled

    request = downloads.JobRequest("/systems/export.csv", pmo, pace)
    try:
        list(request.paced(downloads.Counted(3, rows()), 3))
    except export_jobs.Cancelled:
        assert closed
    else:
        pytest.fail("The job went on.")
