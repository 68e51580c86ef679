"""Background jobs of the dashboard: by id, safe to run twice."""

import logging
from threading import Thread
from uuid import UUID

from celery import shared_task
from django.conf import settings
from django.db import connections
from django.utils import timezone
from kombu.exceptions import OperationalError

from governance.models import ExportJob
from reports import export_jobs

logger = logging.getLogger(__name__)


@shared_task(reject_on_worker_lost=True)
def make_export(pk: str) -> None:
    """Make a file that somebody asked for."""
    export_jobs.make(UUID(pk))


def start(job: ExportJob) -> None:
    """Hand a job to a worker; without a broker this process makes the file, in a thread."""
    if settings.LARGE_FILES_IN_THREADS:
        Thread(target=_in_thread, args=(job.pk,), name=f"export-{job.pk}").start()
        return
    try:
        make_export.delay(str(job.pk))
    except OperationalError:
        # It waits in the database: `resume` finds that nobody has taken it up.
        logger.warning("No broker: export %s waits", job.pk, exc_info=True)


def _in_thread(pk: UUID) -> None:
    try:
        export_jobs.make(pk)
    except Exception:
        logger.exception("Export %s broke off", pk)
    finally:
        connections.close_all()


@shared_task
def resume_exports() -> None:
    """Take up files whose worker was killed, and drop those whose days are over."""
    now = timezone.now()
    export_jobs.expire(now)
    for job in export_jobs.resume(now):
        start(job)
