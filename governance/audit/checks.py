"""Verifications that somebody asked for on the page: done in the background, their result kept."""

import base64
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from governance import audit
from governance.audit import anchors, keys
from governance.audit.events import Act, record
from governance.exceptions import DomainError
from governance.models import AuditCheck, AuditHead

logger = logging.getLogger(__name__)

TYPE: Final = "trail"
SILENT: Final = timedelta(minutes=2)
"""A worker tells of itself more often than this; one that does not was killed."""
ATTEMPTS: Final = 3
_BEAT: Final = timedelta(seconds=1)
OPEN: Final = (AuditCheck.State.QUEUED, AuditCheck.State.RUNNING)


def kept_here() -> dict[str, bytes]:
    """The anchor files of the folder of the settings, by name."""
    return {path.name: path.read_bytes() for path in anchors.files(anchors.directory())}


@transaction.atomic
def ask(act: Act, files: Mapping[str, bytes], *, with_folder: bool) -> AuditCheck:
    """A verification to be done: a new one, or the one that is under way.

    `files` are anchors that the person brought, by name; they are kept with the result.
    Audited as "trail.check_asked".
    """
    if act.user is None:
        raise PermissionDenied
    # Two who ask at once wait here: the second finds what the first one asked for.
    head = AuditHead.objects.select_for_update().get(pk=AuditHead.ONLY)
    under_way = AuditCheck.objects.filter(state__in=OPEN).first()
    if under_way is not None:
        return under_way
    check = AuditCheck.objects.create(
        asked_by=act.user,
        asked_at=act.at,
        anchors={
            "with_folder": with_folder,
            "files": {n: base64.b64encode(content).decode() for n, content in files.items()},
        },
    )
    record(
        act,
        "trail.check_asked",
        object_type=TYPE,
        object_key=str(head.seq),
        after={"check": str(check.pk), "files": sorted(files), "with_folder": with_folder},
    )
    return check


@dataclass(slots=True)
class _Beat:
    """Tells how far a check is, at most once a second."""

    pk: UUID
    clock: Callable[[], datetime]
    last: datetime | None = None

    def __call__(self, done: int) -> None:
        now = self.clock()
        if self.last is not None and now - self.last < _BEAT:
            return
        self.last = now
        AuditCheck.objects.filter(pk=self.pk).update(progress_done=done, heartbeat_at=now)


def run(pk: UUID, *, clock: Callable[[], datetime] = timezone.now) -> None:
    """Do a verification that waits; one that is under way or has ended is left."""
    begun = AuditCheck.objects.filter(pk=pk, state=AuditCheck.State.QUEUED).update(
        state=AuditCheck.State.RUNNING,
        heartbeat_at=clock(),
        progress_done=0,
        progress_total=_size(),
    )
    if not begun:
        return
    check = AuditCheck.objects.select_related("asked_by").get(pk=pk)
    try:
        report = _examined(check, clock)
    except DomainError as error:
        with override(check.asked_by.language):
            _fail(pk, str(error), clock())
    except Exception:
        # Whatever stops it is told on the page; what it was stands in the log.
        logger.exception("The verification %s broke off", pk)
        with override(check.asked_by.language):
            _fail(pk, _("The verification broke off: the log of the server says why."), clock())
    else:
        _keep(pk, report, clock())


def _size() -> int:
    head = AuditHead.objects.filter(pk=AuditHead.ONLY).first()
    rows = sum(model._default_manager.count() for model in audit.audited_models())
    return rows + (0 if head is None else head.seq)


def _examined(check: AuditCheck, clock: Callable[[], datetime]) -> audit.Report:
    files = {n: base64.b64decode(text) for n, text in check.anchors["files"].items()}
    return audit.examine(
        clock(),
        folder=kept_here() if check.anchors["with_folder"] else {},
        files=files,
        trusted=keys.trusted(),
        progress=_Beat(check.pk, clock),
    )


@transaction.atomic
def _keep(pk: UUID, report: audit.Report, at: datetime) -> None:
    check = AuditCheck.objects.select_for_update(of=("self",)).get(pk=pk)
    if check.state != AuditCheck.State.RUNNING:
        return  # Another worker took it up meanwhile, and has ended it.
    check.state, check.finished_at, check.result = AuditCheck.State.DONE, at, report.as_json()
    check.progress_done = check.progress_total
    check.save()
    told: dict[str, Any] = {
        name: check.result[name] for name in ("whole", "events", "last_hash", "fault_count")
    }
    record(
        Act(check.asked_by, at, source="verification"),
        "trail.checked",
        object_type=TYPE,
        object_key=str(report.events),
        after={
            "check": str(pk),
            **told,
            "replaced": len(report.replaced),
            "fault_kinds": check.result["fault_kinds"],
            "anchors": [anchor.name for anchor in report.anchors],
            "rows": sum(report.rows.values()),
        },
    )


def _fail(pk: UUID, error: str, at: datetime) -> None:
    AuditCheck.objects.filter(pk=pk, state=AuditCheck.State.RUNNING).update(
        state=AuditCheck.State.FAILED, error=error, finished_at=at
    )


@transaction.atomic
def resume(pk: UUID, at: datetime) -> bool:
    """Whether a verification fell silent and is to be started again; after some attempts it ends.

    Nothing is written by half: a result and its event are one transaction.
    """
    lost = AuditCheck.objects.select_for_update(of=("self",)).filter(
        Q(heartbeat_at__lt=at - SILENT) | Q(heartbeat_at__isnull=True, asked_at__lt=at - SILENT),
        pk=pk,
        state__in=OPEN,
    )
    check = lost.first()
    if check is None:
        return False
    check.attempts += 1
    check.heartbeat_at = at
    check.state = AuditCheck.State.QUEUED
    if check.attempts >= ATTEMPTS:
        check.state, check.finished_at = AuditCheck.State.FAILED, at
        check.error = _("The worker stopped %(n)d times.") % {"n": check.attempts}
    check.save()
    return check.state == AuditCheck.State.QUEUED
