"""Regular jobs: each runs once, and one that fails neither stops another nor is forgotten."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from governance import jobs
from governance.access import Role
from governance.celery import app
from governance.jobs import Daily, Every, Job
from governance.models import JobMark, Notice, User
from governance.tasks import run_job, start_due
from tests.conftest import World, person

pytestmark = pytest.mark.django_db

NINE = datetime(2026, 11, 24, 0, 0, tzinfo=UTC)  # In Tokyo.


class Diary:
    """Jobs that note when they ran; those in `broken` fail."""

    def __init__(self) -> None:
        self.ran: list[tuple[str, datetime]] = []
        self.broken: dict[str, Exception] = {}

    def job(self, name: str, when: Every | Daily) -> Job:
        def run(at: datetime) -> str:
            self.ran.append((name, at))
            if name in self.broken:
                raise self.broken[name]
            return f"{name} done"

        return Job(name, run, when)

    def names(self) -> list[str]:
        found = [name for name, _at in self.ran]
        self.ran.clear()
        return found


JOBS: tuple[Job, ...] = ()


@pytest.fixture
def diary(monkeypatch: pytest.MonkeyPatch, settings: object) -> Diary:
    diary = Diary()
    found = (diary.job("first", Every(10)), diary.job("second", Daily(0, 30)), diary.job("third", Every(60, past=5)))  # fmt: skip
    monkeypatch.setattr(f"{__name__}.JOBS", found)
    monkeypatch.setattr("django.conf.settings.REGULAR_JOBS", f"{__name__}.JOBS")
    return diary


def test_each_job_runs_once_for_each_moment_of_its_rhythm(diary: Diary) -> None:
    assert [one.did for one in jobs.run_due(NINE)] == ["first done", "second done", "third done"]
    diary.names()
    assert jobs.run_due(NINE) == []  # Called twice.
    jobs.run_due(NINE + timedelta(minutes=4))
    assert diary.names() == []
    jobs.run_due(NINE + timedelta(minutes=5))
    assert diary.names() == ["third"]
    jobs.run_due(NINE + timedelta(minutes=10))
    assert diary.names() == ["first"]
    jobs.run_due(NINE + timedelta(hours=16))  # One o'clock of the next day.
    assert diary.names() == ["first", "second", "third"]


@pytest.mark.parametrize(
    "error", [ValueError("odd\x00row"), OSError(), UnicodeEncodeError("ascii", "é", 0, 1, "no")]
)
def test_a_job_that_fails_does_not_stop_the_others(
    error: Exception, diary: Diary, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    cio = person(Role.CIO_OFFICE, world)
    diary.broken["first"] = error
    out, err = StringIO(), StringIO()
    with pytest.raises(CommandError, match="first"):
        call_command("run_due_jobs", at=NINE.isoformat(), stdout=out, stderr=err)
    assert out.getvalue().splitlines() == ["second done", "third done"]
    assert type(error).__name__ in err.getvalue()
    record = next(record for record in caplog.records if "first failed" in record.getMessage())
    assert record.exc_info is not None
    assert record.exc_info[1] is error
    mark = JobMark.objects.get(name="first")
    assert (mark.failures, mark.failed_at) == (1, NINE)
    assert mark.error.startswith(type(error).__name__)
    assert Notice.objects.get(user=cio).kind == "job-failed"


def test_the_office_is_told_once_and_again_after_a_recovery(
    diary: Diary, world: World, pmo: User
) -> None:
    cio = person(Role.CIO_OFFICE, world)
    diary.broken["first"] = ValueError("odd row")
    for minutes in (0, 10, 30, 70):
        jobs.run_due(NINE + timedelta(minutes=minutes))
    assert JobMark.objects.get(name="first").failures == 4
    assert Notice.objects.filter(user=cio).count() == 1
    assert not Notice.objects.filter(user=pmo).exists()
    del diary.broken["first"]
    jobs.run_due(NINE + timedelta(hours=2))
    mark = JobMark.objects.get(name="first")
    assert (mark.failures, mark.failed_at, mark.error) == (0, None, "")
    diary.broken["first"] = ValueError("odd row")
    jobs.run_due(NINE + timedelta(hours=3))
    assert Notice.objects.filter(user=cio).count() == 2


def test_a_daily_job_that_failed_is_tried_again_the_same_day(diary: Diary) -> None:
    diary.broken["second"] = ValueError("odd row")
    tried = []
    for minutes in range(0, 90, 5):
        jobs.run_due(NINE + timedelta(minutes=minutes))
        if "second" in diary.names():
            tried.append(minutes)
    assert tried == [0, 10, 30, 70]


def test_of_two_that_ask_at_one_moment_one_runs_the_job(diary: Diary) -> None:
    inner: list[object] = []

    def meets(at: datetime) -> str:
        inner.append(jobs.run(Job("met", meets, Every(10)), at))
        inner.append(jobs.run(Job("met", meets, Every(10)), at + timedelta(minutes=11)))
        return "met done"

    assert jobs.run(Job("met", meets, Every(10)), NINE) == jobs.Outcome("met", "met done")
    assert inner == [None, None]


def test_a_job_that_was_killed_is_taken_over(diary: Diary) -> None:
    def killed(at: datetime) -> str:
        raise KeyboardInterrupt

    job = jobs.regular()[0]
    with pytest.raises(KeyboardInterrupt):
        jobs.run(Job(job.name, killed, job.when), NINE)
    jobs.run_due(NINE + timedelta(minutes=20))
    assert "first" not in diary.names()  # It might still be at work.
    jobs.run_due(NINE + jobs.LEASE)
    assert "first" in diary.names()


@pytest.mark.parametrize("back", [timedelta(hours=3), timedelta(days=400)])
def test_a_clock_that_was_set_back_does_not_stop_a_job(back: timedelta, diary: Diary) -> None:
    jobs.run_due(NINE)
    diary.names()
    jobs.run_due(NINE - back)
    assert "first" in diary.names()
    jobs.run_due(NINE - back + timedelta(minutes=20))
    assert "first" in diary.names()
    jobs.run_due(NINE - back + timedelta(days=2))
    assert "second" in diary.names()


def test_two_clocks_a_little_apart_run_a_job_once(diary: Diary) -> None:
    jobs.run_due(NINE)
    diary.names()
    jobs.run_due(NINE - timedelta(seconds=30))
    assert diary.names() == []


def test_a_mark_that_cannot_be_taken_fails_that_job_alone(
    diary: Diary, monkeypatch: pytest.MonkeyPatch
) -> None:
    real: Callable[[Job, datetime], bool] = jobs._take

    def take(job: Job, at: datetime) -> bool:
        if job.name == "first":
            raise OSError("the database is away")
        return real(job, at)

    monkeypatch.setattr(jobs, "_take", take)
    outcomes = jobs.run_due(NINE)
    assert [bool(outcome.error) for outcome in outcomes] == [True, False, False]
    assert diary.names() == ["second", "third"]


def test_beat_asks_the_same_list(diary: Diary) -> None:
    app.loader.import_default_modules()
    entries = settings.CELERY_BEAT_SCHEDULE.values()
    assert [entry["task"] for entry in entries] == [start_due.name]
    assert start_due.name in app.tasks
    start_due.delay()
    assert diary.names() == ["first", "second", "third"]
    start_due.delay()
    assert diary.names() == []


def test_a_worker_leaves_what_a_newer_release_asks_for(
    diary: Diary, caplog: pytest.LogCaptureFixture
) -> None:
    run_job.delay("fourth")
    assert "left to a newer worker" in caplog.text
    run_job.delay("first", priority=3)  # An argument of a newer release.
    start_due.delay(shard=1)
    assert diary.names() == ["first", "second", "third"]
