"""Regular jobs: one list, run by Celery beat and by `manage.py run_due_jobs` alike.

Who runs a job takes its mark first, in a transaction of its own: of two that ask at one moment one
gets it. A job that fails is logged, remembered in its mark, told once to the CIO office and tried
again; it never stops another.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import close_old_connections, connection, transaction
from django.utils import timezone
from django.utils.module_loading import import_string

from governance.models import JobMark
from governance.notices import one_line, tell_office

logger = logging.getLogger(__name__)

# A job that has been under way for so long was killed.
LEASE: Final = timedelta(minutes=30)
# A failed job is tried again after so long, then twice as long, up to its own rhythm.
RETRY: Final = timedelta(minutes=10)
_LONGEST_ERROR: Final = 500


@dataclass(frozen=True, slots=True)
class Every:
    """Every so many minutes of the clock, `past` minutes later."""

    minutes: int
    past: int = 0

    @property
    def length(self) -> timedelta:
        return timedelta(minutes=self.minutes)

    def planned(self, at: datetime) -> datetime:
        """The last moment up to `at` for which a run was planned."""
        step, shift = self.minutes * 60, self.past * 60
        return datetime.fromtimestamp((int(at.timestamp()) - shift) // step * step + shift, UTC)


@dataclass(frozen=True, slots=True)
class Daily:
    """Once a day, at a time of the site's zone."""

    hour: int
    minute: int = 0

    @property
    def length(self) -> timedelta:
        return timedelta(days=1)

    def planned(self, at: datetime) -> datetime:
        """The last moment up to `at` for which a run was planned."""
        here = timezone.localtime(at)
        planned = here.replace(hour=self.hour, minute=self.minute, second=0, microsecond=0)
        return planned if planned <= here else planned - timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Job:
    """A regular job: `run` gets the moment and returns a sentence of what it did. It may be run
    twice for one moment, e.g. after it was killed."""

    name: str
    run: Callable[[datetime], str]
    when: Every | Daily


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one run: what it did, or the error it ended with."""

    name: str
    did: str = ""
    error: str = ""


def regular() -> tuple[Job, ...]:
    """The list that `REGULAR_JOBS` names, in the order in which they run."""
    found: tuple[Job, ...] = import_string(settings.REGULAR_JOBS)
    return found


def due(at: datetime) -> list[Job]:
    """The jobs to be run now; whoever runs one asks again under its lock. Cost: one query."""
    marks = {mark.name: mark for mark in JobMark.objects.all()}
    return [job for job in regular() if _is_due(job, marks.get(job.name), at)]


def run_due(at: datetime) -> list[Outcome]:
    """Run all that are due, one after the other; what came of each."""
    outcomes = (run(job, at) for job in regular())
    return [outcome for outcome in outcomes if outcome is not None]


def run(job: Job, at: datetime) -> Outcome | None:
    """Run a job if it is due; None where it is not, or where somebody else is running it."""
    try:
        started = _take(job, at)
        return _run(job, at) if started else None
    except Exception as error:  # The database is away: the mark cannot even be read or kept.
        logger.exception("The regular job %s could not be marked", job.name)
        _drop_broken_connection()
        return Outcome(job.name, error=_text(error))


def _run(job: Job, at: datetime) -> Outcome:
    try:
        did = job.run(at)
    except Exception as error:
        logger.exception("The regular job %s failed", job.name)
        _drop_broken_connection()
        _remember(job, at, error)
        return Outcome(job.name, error=_text(error))
    # Who took the job over in the meantime keeps its own mark.
    JobMark.objects.filter(name=job.name, started_at=at).update(
        is_running=False, failures=0, failed_at=None, error=""
    )
    logger.info("The regular job %s ran: %s", job.name, did)
    return Outcome(job.name, did)


def _drop_broken_connection() -> None:
    """A connection that broke must not fail the next job too. Inside of somebody's transaction it
    is theirs to end."""
    if not connection.in_atomic_block:
        close_old_connections()


def _text(error: Exception) -> str:
    """An error in one line that every database can keep; its first line, because databases put the
    row that they refused into the next."""
    first = (str(error).splitlines() or [""])[0]
    return one_line(f"{type(error).__name__}: {first}")[:_LONGEST_ERROR]


# Rows -------------------------------------------------------------------------------------------


@contextmanager
def set_aside(job: str, what: str, at: datetime) -> Iterator[None]:
    """One row of a job's work: an error leaves out `what`, is logged and told, and the job goes on."""
    try:
        yield
    except Exception as error:
        logger.exception("The regular job %s left out %s", job, what)
        tell_left_out(job, what, error, at)


def tell_left_out(job: str, what: str, error: Exception, at: datetime) -> None:
    """Tell the CIO office, once a month, that a job can't deal with a row."""
    args = {"job": job, "what": what, "error": type(error).__name__}
    tell_office("row-set-aside", f"{job}:{what}:{at:%Y-%m}", args, at)


# Marks ------------------------------------------------------------------------------------------


def _is_due(job: Job, mark: JobMark | None, at: datetime) -> bool:
    if mark is None or mark.started_at is None or mark.planned_for is None:
        return True
    if mark.started_at - at > job.when.length:
        return True  # The clock was ahead then: such a mark stops nothing.
    if mark.is_running:
        return at - mark.started_at >= LEASE
    planned = job.when.planned(at)
    if mark.failures and mark.failed_at is not None and planned <= mark.planned_for:
        wait = min(RETRY * (1 << min(mark.failures - 1, 20)), job.when.length)
        return at - mark.failed_at >= wait
    return planned > mark.planned_for


@transaction.atomic
def _take(job: Job, at: datetime) -> bool:
    """Mark a job as begun; False where it is not due (any more)."""
    JobMark.objects.get_or_create(name=job.name)
    mark = JobMark.objects.select_for_update(of=("self",)).get(name=job.name)
    if not _is_due(job, mark, at):
        return False
    mark.planned_for, mark.started_at, mark.is_running = job.when.planned(at), at, True
    mark.save()
    return True


@transaction.atomic
def _remember(job: Job, at: datetime, error: Exception) -> None:
    """Keep a failure in the mark; the first of a row is told to the CIO office."""
    mark = JobMark.objects.select_for_update(of=("self",)).get(name=job.name)
    mark.is_running, mark.failures = False, mark.failures + 1
    mark.failed_at, mark.error = at, _text(error)
    mark.save()
    if mark.failures == 1:
        tell_office(
            "job-failed",
            f"{job.name}:{at.isoformat()}",
            {"job": job.name, "error": type(error).__name__},
            at,
        )
