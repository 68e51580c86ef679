"""Large files as jobs: asked for by a person, made in the background, kept for that person alone.

A job asks the address again in its owner's name, so that page, small file and large file agree and
every right is judged again when the file is made. What it made and its state `done` are written in
one transaction: a worker that is killed leaves nothing, and another starts afresh. The file lies
in the database in pieces, where every worker and every server finds it and no directory has to be
guarded.
"""

import tempfile
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from hashlib import sha256
from typing import IO, Any, Final
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import F, Q
from django.http import Http404, HttpRequest, HttpResponseBase, QueryDict
from django.urls import resolve
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from governance.access import Action, Reach, Resource, rights_of
from governance.audit.taken import taken
from governance.exceptions import DomainError
from governance.models import ExportChunk, ExportJob, ExportState, User
from governance.retention import EXPORTS
from reports.downloads import JobRequest, put_away

# A worker tells of itself more often than this; one that does not was killed.
SILENT: Final = timedelta(minutes=2)
ATTEMPTS: Final = 3
AT_ONCE: Final = 3
"""How many files of one person may wait or be made at a time."""
PIECE: Final = 1024 * 1024
_BEAT: Final = timedelta(seconds=1)
PENDING: Final = (ExportState.QUEUED, ExportState.RUNNING)


class Cancelled(Exception):
    """The owner does not want the file any more."""


# Asking ---------------------------------------------------------------------------------------------


def ask(
    user: User, *, address: str, title: str, file_name: str, language: str, at: datetime
) -> tuple[ExportJob, bool]:
    """The job that makes the file of an address, and whether it is a new one: who asks twice for
    what is under way gets the same. Raises DomainError for one file too many at once."""
    with transaction.atomic():
        # Two clicks at the same moment wait for each other.
        User.objects.select_for_update().get(pk=user.pk)
        pending = ExportJob.objects.filter(owner=user, state__in=PENDING)
        same = pending.filter(address=address, language=language).first()
        if same is not None:
            return same, False
        if pending.count() >= AT_ONCE:
            raise DomainError(
                _("%(n)d of your files are being made already: wait for one, or give one up.")
                % {"n": AT_ONCE}
            )
        job = ExportJob.objects.create(
            owner=user,
            language=language,
            address=address,
            title=title[:300],
            file_name=file_name,
            created_at=at,
        )
    return job, True


# Making ---------------------------------------------------------------------------------------------


class _Beat:
    """Tells how far a job is, and hears whether it is still wanted; at most once a second."""

    def __init__(self, pk: UUID, clock: Callable[[], datetime]) -> None:
        self.pk, self.clock = pk, clock
        self.last: datetime | None = None
        self.rows = 0

    def __call__(self, rows: int, total: int | None) -> None:
        self.rows = rows
        now = self.clock()
        if self.last is not None and now - self.last < _BEAT:
            return
        self.last = now
        mine = ExportJob.objects.filter(pk=self.pk, state=ExportState.RUNNING)
        if not mine.filter(wants_cancel=False).update(
            rows_done=rows, rows_total=total, heartbeat_at=now
        ):
            raise Cancelled


def make(pk: UUID, *, clock: Callable[[], datetime] = timezone.now) -> None:
    """Make a file that waits. A job that does not wait is left; a start counts before it begins."""
    begun = ExportJob.objects.filter(pk=pk, state=ExportState.QUEUED).update(
        state=ExportState.RUNNING, attempts=F("attempts") + 1, heartbeat_at=clock(), rows_done=0
    )
    if not begun:
        return
    job = ExportJob.objects.select_related("owner").get(pk=pk)
    with override(job.language):
        try:
            _make(job, clock)
        except Cancelled:
            _end(job, ExportState.CANCELLED, clock())
        except (PermissionDenied, Http404):
            _end(job, ExportState.FAILED, clock(), _("You may not read this any more."))
        except DomainError as error:
            _end(job, ExportState.FAILED, clock(), str(error))
        except Exception:
            # The log tells why; the owner need not wait for more attempts that end like this one.
            _end(job, ExportState.FAILED, clock(), _("The file could not be made."))
            raise


def _make(job: ExportJob, clock: Callable[[], datetime]) -> None:
    if not job.owner.is_active:
        raise PermissionDenied
    reach = _reach(job.owner)
    beat = _Beat(job.pk, clock)
    response = _asked_again(job, beat)
    # Spooled first: a database is not kept waiting while rows are read.
    with tempfile.TemporaryFile() as file:
        digest, size = sha256(), 0
        for part in response:
            file.write(part)
            digest.update(part)
            size += len(part)
        put_away(response)
        file.seek(0)
        at = clock()
        with transaction.atomic():
            done = ExportJob.objects.filter(
                pk=job.pk, state=ExportState.RUNNING, attempts=job.attempts
            ).update(
                state=ExportState.DONE,
                rows_done=beat.rows,
                reach=reach,
                size=size,
                sha256=digest.hexdigest(),
                content_type=response.headers["Content-Type"],
                finished_at=at,
                heartbeat_at=at,
                expires_at=at + EXPORTS.period,
            )
            if done:  # Otherwise another worker has taken over: the file is its to write.
                _keep(job, file)


def _asked_again(job: ExportJob, beat: _Beat) -> HttpResponseBase:
    """The answer to the job's address. Raises what the view raises, DomainError for a refusal."""
    request = JobRequest(job.address, job.owner, beat)
    request.resolver_match = match = resolve(request.path)
    response: HttpResponseBase = match.func(request, *match.args, **match.kwargs)
    if response.status_code != 200:
        raise DomainError(_("The address of this file does not answer any more."))
    return response


def _keep(job: ExportJob, file: IO[bytes]) -> None:
    number = 0
    while piece := file.read(PIECE):
        ExportChunk.objects.create(job=job, number=number, content=piece)
        number += 1


def _end(job: ExportJob, state: ExportState, at: datetime, error: str = "") -> None:
    ExportJob.objects.filter(pk=job.pk, state=ExportState.RUNNING, attempts=job.attempts).update(
        state=state, error=error, finished_at=at
    )


def cancel(job: ExportJob, at: datetime) -> bool:
    """Give a file up; False where it is made already, or has ended."""
    mine = ExportJob.objects.filter(pk=job.pk)
    if mine.filter(state=ExportState.QUEUED).update(state=ExportState.CANCELLED, finished_at=at):
        return True
    return bool(mine.filter(state=ExportState.RUNNING).update(wants_cancel=True))


# Taking ---------------------------------------------------------------------------------------------


def take(request: HttpRequest, job: ExportJob, at: datetime) -> Iterator[bytes]:
    """A made file in pieces, for its owner. Raises PermissionDenied where the owner reads less by
    now than when the file was made, DomainError where there is no file. Audited as "file.taken"."""
    if job.state != ExportState.DONE or job.expires_at is None or job.expires_at <= at:
        raise DomainError(_("This file is not kept any more: ask for it again."))
    if request.user.pk != job.owner_id or not _covers(_reach(request.user), job.reach):
        raise PermissionDenied
    name, _dot, fmt = job.file_name.rpartition(".")
    taken(
        request,
        name,
        fmt,
        title=job.title,
        rows=job.rows_done,
        made_from=QueryDict(job.address.partition("?")[2]),
        sha256=job.sha256,
    )
    return _pieces(job)


def _pieces(job: ExportJob) -> Iterator[bytes]:
    number = 0
    while True:
        piece = ExportChunk.objects.filter(job=job, number=number).first()
        if piece is None:
            return
        yield bytes(piece.content)
        number += 1


def _reach(user: Any) -> dict[str, Any]:
    """How far a person reads today: resource → reach, where there is any."""
    rights = rights_of(user)
    found = {resource: rights.reach(resource, Action.READ) for resource in Resource}
    return {resource.value: _as_json(reach) for resource, reach in found.items() if reach}


def _as_json(reach: Reach) -> dict[str, Any]:
    return {
        "everything": reach.everything,
        "agencies": sorted(reach.agency_ids),
        "projects": sorted(reach.project_ids),
    }


def _covers(now: dict[str, Any], then: dict[str, Any]) -> bool:
    """Whether nothing that could be read `then` is out of reach `now`."""
    for resource, old in then.items():
        new = now.get(resource)
        if new is None:
            return False
        if new["everything"]:
            continue
        if (
            old["everything"]
            or not set(old["agencies"]) <= set(new["agencies"])
            or not set(old["projects"]) <= set(new["projects"])
        ):
            return False
    return True


# Workers that were killed ----------------------------------------------------------------------------


def resume(at: datetime, *, only: UUID | None = None) -> list[ExportJob]:
    """Jobs whose worker fell silent, or that none took up: they wait again, or end after some
    attempts. Returns those to start."""
    lost = ExportJob.objects.filter(
        Q(heartbeat_at__lt=at - SILENT) | Q(heartbeat_at__isnull=True, created_at__lt=at - SILENT),
        state__in=PENDING,
    )
    if only is not None:
        lost = lost.filter(pk=only)
    again: list[ExportJob] = []
    for job in lost:
        mine = ExportJob.objects.filter(
            pk=job.pk, state=job.state, attempts=job.attempts, heartbeat_at=job.heartbeat_at
        )
        if job.attempts >= ATTEMPTS:
            with override(job.language):
                error = _("The worker stopped %(n)d times.") % {"n": job.attempts}
            mine.update(state=ExportState.FAILED, error=error, finished_at=at)
        elif mine.update(state=ExportState.QUEUED, heartbeat_at=at):
            again.append(job)
    return again
