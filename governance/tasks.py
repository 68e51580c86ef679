"""What a worker does for the regular jobs.

Tasks take names and ids alone, and ignore arguments they do not know (`later`): a worker of an
older release may stand beside a newer beat.
"""

import logging
from typing import Any

from celery import shared_task
from django.utils import timezone

from governance import jobs
from governance.celery import hand_over

logger = logging.getLogger(__name__)


@shared_task
def start_due(**later: Any) -> None:
    """Hand every regular job that is due to a worker; Celery beat asks every minute."""
    for job in jobs.due(timezone.now()):
        hand_over(run_job, job.name)


@shared_task
def run_job(name: str, **later: Any) -> None:
    """Run one regular job if it is still due; one that only a newer release knows is left to it."""
    found = next((job for job in jobs.regular() if job.name == name), None)
    if found is None:
        logger.warning("The regular job %s is not known here: left to a newer worker", name)
        return
    jobs.run(found, timezone.now())
