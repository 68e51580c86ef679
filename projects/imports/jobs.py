"""Uploaded files as jobs: checked in the background, confirmed by their owner, written at once.

A job's data and its own state `done` are written in one transaction, so a worker that is killed
leaves either nothing or everything, and whoever looks next can tell which. Checking writes nothing
but the job itself, and may be done again at any time. An attempt is counted before it starts, in a
transaction of its own: a job that ends its workers ends with the third, whoever hands it out again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from governance.access import Action, Resource, rights_of
from governance.audit import Act
from governance.exceptions import DomainError
from governance.models import User
from projects.imports import sheets
from projects.imports.reader.limits import MAX_BYTES
from projects.imports.sheets.checking import Checked, resources
from projects.models import ImportJob
from projects.models.choices import JobState

# A worker tells of itself more often than this; one that does not was killed.
SILENT: Final = timedelta(minutes=2)
ATTEMPTS: Final = 3
FORGOTTEN: Final = timedelta(days=14)
"""How long a checked file waits for its confirmation."""
# What a page shows at most of each; the totals are exact.
KEPT: Final = 2000
_BEAT: Final = timedelta(seconds=1)

RUNNING: Final = (JobState.QUEUED, JobState.READING, JobState.WRITING)
ENDED: Final = (JobState.REFUSED, JobState.DONE, JobState.CANCELLED, JobState.FAILED)


class Cancelled(Exception):
    """The owner does not want the file any more."""


def may_import(user: Any) -> bool:
    """Whether a file of this person could bring anything in: each row is judged again."""
    rights = rights_of(user)
    return bool(rights.reach(Resource.IMPORT, Action.CREATE)) or any(
        rights.reach(resource, action)
        for resource in resources()
        for action in (Action.CREATE, Action.EDIT)
    )


def refuse_large(size: int) -> None:
    """Raise DomainError for a file of more bytes than are taken."""
    if size > MAX_BYTES:
        raise DomainError(
            _("The file is larger than %(n)d MB: split it.") % {"n": MAX_BYTES // 1024 // 1024}
        )


def upload(
    user: User, *, file_name: str, content: bytes, kind: str, language: str, at: datetime
) -> ImportJob:
    """Take a file in. Raises PermissionDenied, and DomainError for one that is too large."""
    if not may_import(user):
        raise PermissionDenied
    refuse_large(len(content))
    return ImportJob.objects.create(
        owner=user,
        language=language,
        file_name=file_name[:255],
        sha256=sha256(content).hexdigest(),
        content=content,
        kind=kind,
        created_at=at,
    )


# Checking ---------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Beat:
    """Tells how far a job is, and hears whether it is still wanted; at most once a second."""

    pk: UUID
    clock: Callable[[], datetime]
    last: datetime | None = None

    def __call__(self, done: int, total: int) -> None:
        now = self.clock()
        is_last = 0 < total <= done
        if self.last is not None and now - self.last < _BEAT and not is_last:
            return
        self.last = now
        rows = ImportJob.objects.filter(pk=self.pk)
        rows.update(progress_done=done, progress_total=total, heartbeat_at=now)
        if rows.filter(wants_cancel=True).exists():
            raise Cancelled


def check_job(pk: UUID, *, clock: Callable[[], datetime] = timezone.now) -> None:
    """The dry run of an uploaded file. A job that is not waiting, or was cancelled, is left."""
    if not _begin(pk, JobState.QUEUED, JobState.READING, clock()):
        return
    job = ImportJob.objects.select_related("owner").get(pk=pk)
    with override(job.language):
        try:
            checked = _checked(job, clock)
        except Cancelled:
            _end(job, JobState.CANCELLED, clock())
            return
        report = report_of(checked)
    state = JobState.REFUSED if checked.errors else JobState.READY
    ImportJob.objects.filter(pk=pk, state=JobState.READING).update(
        state=state,
        report=report,
        heartbeat_at=clock(),
        finished_at=clock() if checked.errors else None,
        **({"content": None} if checked.errors else {}),
    )


def _begin(pk: UUID, waiting: JobState, at_work: JobState, at: datetime) -> bool:
    """Count an attempt, for all to see, before anything of it is done; False where the job does
    not wait for one, or has had all of them. Cost: one statement, two for a job that ends."""
    job = ImportJob.objects.filter(pk=pk, state=waiting)
    if job.filter(attempts__lt=ATTEMPTS).update(
        state=at_work, attempts=F("attempts") + 1, heartbeat_at=at
    ):
        return True
    _give_up(job, at)
    return False


def _give_up(jobs: QuerySet[ImportJob], at: datetime) -> None:
    """End what stopped its worker too often."""
    for job in jobs.filter(attempts__gte=ATTEMPTS).only("pk", "language", "state", "attempts"):
        with override(job.language):
            error = _(
                "The worker stopped %(n)d times. Nothing was written: send the file again."
            ) % {"n": job.attempts}
        ImportJob.objects.filter(pk=job.pk, state=job.state).update(
            state=JobState.FAILED, error=error, finished_at=at, content=None
        )


def _checked(job: ImportJob, clock: Callable[[], datetime]) -> Checked:
    return sheets.check(
        bytes(job.content or b""),
        file_name=job.file_name,
        kind=job.kind,
        user=job.owner,
        on=timezone.localdate(clock()),
        progress=_Beat(job.pk, clock),
    )


def report_of(checked: Checked) -> dict[str, Any]:
    """What a page or the API tells of a dry run."""
    return {
        "rows": checked.read,
        "unchanged": checked.unchanged,
        "created": checked.created,
        "edited": checked.edited,
        "error_count": len(checked.errors),
        "errors": [error.as_json() for error in checked.errors[:KEPT]],
        "changes": [change.as_json() for change in checked.changes[:KEPT]],
    }


# Confirming and writing ---------------------------------------------------------------------------------------


def confirm(job: ImportJob, at: datetime) -> bool:
    """Ask for a checked file to be written; False where it is not waiting for that (any more), as
    with the second of two clicks."""
    return bool(
        ImportJob.objects.filter(pk=job.pk, state=JobState.READY).update(
            state=JobState.WRITING, attempts=0, heartbeat_at=at
        )
    )


def cancel(job: ImportJob, at: datetime) -> bool:
    """Give a file up; False where it has ended, or is being written."""
    waiting = ImportJob.objects.filter(pk=job.pk, state__in=[JobState.QUEUED, JobState.READY])
    if waiting.update(state=JobState.CANCELLED, finished_at=at, content=None):
        return True
    reading = ImportJob.objects.filter(pk=job.pk, state=JobState.READING)
    return bool(reading.update(wants_cancel=True))


def write_job(pk: UUID, *, clock: Callable[[], datetime] = timezone.now) -> None:
    """Write a confirmed file, all of it or nothing. Safe to run twice: the second run waits for the
    first, and finds the job done."""
    if not _begin(pk, JobState.WRITING, JobState.WRITING, clock()):
        return
    try:
        with transaction.atomic():
            _write(pk, clock)
    except DomainError as error:
        _fail(pk, str(error), clock())
    except PermissionDenied:
        _fail(pk, _("Your rights have changed since the file was checked."), clock())


def _write(pk: UUID, clock: Callable[[], datetime]) -> None:
    job = ImportJob.objects.select_for_update(of=("self",)).get(pk=pk)
    if job.state != JobState.WRITING:
        return
    with override(job.language):
        checked = sheets.check(
            bytes(job.content or b""),
            file_name=job.file_name,
            kind=job.kind,
            user=job.owner,
            on=timezone.localdate(clock()),
        )
        if checked.errors:
            raise DomainError(
                _("The register has changed since the file was checked: %(error)s")
                % {"error": checked.errors[0]}
            )
        act = Act(user=job.owner, at=clock(), source="workbook")
        job.run = sheets.commit(act, checked)
    job.state, job.finished_at, job.content = JobState.DONE, clock(), None
    job.report = report_of(checked)
    job.save()


def _end(job: ImportJob, state: JobState, at: datetime) -> None:
    ImportJob.objects.filter(pk=job.pk).update(state=state, finished_at=at, content=None)


def _fail(pk: UUID, error: str, at: datetime) -> None:
    ImportJob.objects.filter(pk=pk, state=JobState.WRITING).update(
        state=JobState.FAILED, error=error, finished_at=at, content=None
    )


def expire(at: datetime) -> int:
    """Give up files that were checked and never confirmed; returns how many."""
    forgotten = ImportJob.objects.filter(state=JobState.READY, heartbeat_at__lt=at - FORGOTTEN)
    return forgotten.update(state=JobState.CANCELLED, finished_at=at, content=None)


# Workers that were killed -----------------------------------------------------------------------------------


def resume(
    at: datetime, *, silent: timedelta = SILENT, only: UUID | None = None
) -> list[ImportJob]:
    """Take up jobs whose worker fell silent: they start again, or end where they had all attempts.

    Returns those to start again. Nothing of them was written: what a worker writes and `done` are
    one transaction. A job that no worker ever began waits for one as long as it must.
    """
    lost = ImportJob.objects.filter(
        Q(heartbeat_at__lt=at - silent) | Q(heartbeat_at__isnull=True, created_at__lt=at - silent),
        state__in=RUNNING,
    )
    if only is not None:
        lost = lost.filter(pk=only)
    again: list[ImportJob] = []
    for pk in list(lost.values_list("pk", flat=True)):
        with transaction.atomic():
            rows = ImportJob.objects.select_for_update(of=("self",), skip_locked=True)
            job = rows.filter(pk=pk, state__in=RUNNING).first()
            if job is None:  # A worker holds it: it lives.
                continue
            if job.attempts >= ATTEMPTS:
                _give_up(ImportJob.objects.filter(pk=pk), at)
                continue
            if job.state == JobState.READING:
                job.state = JobState.QUEUED
            job.heartbeat_at = at
            job.save(update_fields=["state", "heartbeat_at"])
            again.append(job)
    return again
