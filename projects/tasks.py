"""Background jobs: three lines each, by id, safe to run twice."""

from uuid import UUID

from celery import shared_task
from django.utils import timezone

from projects.imports import jobs
from projects.models import ImportJob
from projects.models.choices import JobState
from projects.services import due


@shared_task
def judge_daily() -> None:
    """Judge every flag for today."""
    due.judge(timezone.now())


@shared_task
def remind() -> None:
    """Tell what has fallen due."""
    due.remind(timezone.now())


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


def start(job: ImportJob) -> None:
    """Hand a job to whoever does the work: this process, or a worker."""
    task = write_file if job.state == JobState.WRITING else check_file
    task.delay(str(job.pk))


@shared_task
def resume_imports() -> None:
    """Take up files whose worker was killed."""
    for job in jobs.resume(timezone.now()):
        start(job)
