"""Background jobs: three lines each, by id, safe to run twice."""

import logging
from threading import Thread
from uuid import UUID

from celery import shared_task
from django.conf import settings
from django.db import connections
from django.utils import timezone

from governance.audit import anchoring
from projects.imports import jobs
from projects.models import ImportJob
from projects.models.choices import JobState
from projects.services import due

logger = logging.getLogger(__name__)


@shared_task
def judge_daily() -> None:
    """Judge every flag for today."""
    due.judge(timezone.now())


@shared_task
def remind() -> None:
    """Tell what has fallen due."""
    due.remind(timezone.now())


@shared_task
def anchor_audit() -> None:
    """Anchor the head of the trail outside of the database."""
    anchoring.anchor_daily(timezone.now())


@shared_task
def send_mail() -> None:
    """Send the mails that are due."""
    due.mail(timezone.now())


@shared_task(reject_on_worker_lost=True)
def check_file(pk: str) -> None:
    """The dry run of an uploaded file."""
    jobs.check_job(UUID(pk))


@shared_task(reject_on_worker_lost=True)
def write_file(pk: str) -> None:
    """Write an uploaded file that its owner confirmed."""
    jobs.write_job(UUID(pk))


# From this size on, without a broker, a thread does the work while the page shows how far it is.
LARGE_BYTES, LARGE_ROWS = 300_000, 3_000


def start(job: ImportJob, *, size: int = 0) -> None:
    """Hand a job to whoever does the work: a worker; without a broker this process, in a thread of
    its own where the file is large (`size` in bytes, or the rows that were counted)."""
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
        return
    task = write_file if is_write else check_file
    task.delay(str(job.pk))


def _in_thread(pk: UUID, *, is_write: bool) -> None:
    """What breaks off here falls silent, and is taken up as if a worker had been killed."""
    try:
        (jobs.write_job if is_write else jobs.check_job)(pk)
    except Exception:
        logger.exception("Import %s broke off", pk)
    finally:
        connections.close_all()


@shared_task
def resume_imports() -> None:
    """Take up files whose worker was killed."""
    now = timezone.now()
    jobs.expire(now)
    for job in jobs.resume(now):
        start(job)
