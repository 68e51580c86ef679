"""Background jobs of the dashboard: by id, safe to run twice."""

import logging
from datetime import datetime
from threading import Thread
from typing import Any
from uuid import UUID

from celery import shared_task
from django.conf import settings
from django.db import connections
from django.utils.translation import gettext as _

from governance.celery import hand_over
from governance.jobs import set_aside
from governance.models import ExportJob
from reports import export_jobs

logger = logging.getLogger(__name__)


@shared_task(reject_on_worker_lost=True)
def make_export(pk: str, **later: Any) -> None:
    """Make a file that somebody asked for."""
    export_jobs.make(UUID(pk))


def start(job: ExportJob) -> bool:
    """Hand a job to a worker; without a broker this process makes the file, in a thread. False
    where the broker is away: `resume_exports` takes the job up when it is back."""
    if settings.LARGE_FILES_IN_THREADS:
        Thread(target=_in_thread, args=(job.pk,), name=f"export-{job.pk}").start()
        return True
    return hand_over(make_export, str(job.pk))


def _in_thread(pk: UUID) -> None:
    try:
        export_jobs.make(pk)
    except Exception:
        logger.exception("Export %s broke off", pk)
    finally:
        connections.close_all()


def resume_exports(at: datetime) -> str:
    """Take up files whose worker was killed."""
    resumed = 0
    for job in export_jobs.resume(at):
        with set_aside("resume-exports", f"file {job.pk}", at):
            resumed += start(job)
    return _("Exports taken up again: %(n)d") % {"n": resumed}
