"""Background jobs: three lines each, by id, safe to run twice.

They ignore arguments that they do not know (`later`), and a job in a state that only a newer
release knows is left to it: an old worker may stand beside a new one.
"""

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
from projects.imports import jobs
from projects.models import ImportJob
from projects.models.choices import JobState

logger = logging.getLogger(__name__)


@shared_task(reject_on_worker_lost=True)
def check_file(pk: str, **later: Any) -> None:
    """The dry run of an uploaded file."""
    jobs.check_job(UUID(pk))


@shared_task(reject_on_worker_lost=True)
def write_file(pk: str, **later: Any) -> None:
    """Write an uploaded file that its owner confirmed."""
    jobs.write_job(UUID(pk))


# From this size on, without a broker, a thread does the work while the page shows how far it is.
LARGE_BYTES, LARGE_ROWS = 300_000, 3_000


def start(job: ImportJob, *, size: int = 0) -> bool:
    """Hand a job to whoever does the work: a worker; without a broker this process, in a thread of
    its own where the file is large (`size` in bytes, or the rows that were counted).

    False where the broker is away: the job stays as it is and is taken up when it is back.
    """
    is_write = job.state == JobState.WRITING
    if settings.LARGE_FILES_IN_THREADS and (
        size >= LARGE_BYTES or job.progress_total >= LARGE_ROWS
    ):
        Thread(
            target=_in_thread,
            args=(job.pk,),
            kwargs={"is_write": is_write},
            name=f"import-{job.pk}",
        ).start()
        return True
    return hand_over(write_file if is_write else check_file, str(job.pk))


def _in_thread(pk: UUID, *, is_write: bool) -> None:
    """What breaks off here falls silent, and is taken up as if a worker had been killed."""
    try:
        (jobs.write_job if is_write else jobs.check_job)(pk)
    except Exception:
        logger.exception("Import %s broke off", pk)
    finally:
        connections.close_all()


def resume_imports(at: datetime) -> str:
    """Take up files whose worker was killed."""
    resumed = 0
    for job in jobs.resume(at):
        with set_aside("resume-imports", f"file {job.pk}", at):
            resumed += start(job)
    return _("Imports taken up again: %(n)d") % {"n": resumed}
