"""What a worker does for the site itself: the regular jobs, and mail that a request waits for.

Tasks take names and ids alone, and ignore arguments they do not know (`later`): a worker of an
older release may stand beside a newer beat.
"""

import logging
from threading import Thread
from typing import Any

from celery import shared_task
from django.conf import settings
from django.db import connections
from django.utils import timezone
from kombu.exceptions import OperationalError

from governance import jobs
from governance.celery import hand_over
from governance.people import invitations

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


@shared_task
def mail_password_link(name: str, site: str, **later: Any) -> None:
    """Mail a link to whoever is meant by a user name or an address."""
    invitations.mail_forgotten(name, site, timezone.now())


def in_background(task: Any, *args: str) -> None:
    """Run a task where its length tells nobody anything: by a worker, or in a thread of its own."""
    if settings.BROKER_URL or not settings.LARGE_FILES_IN_THREADS:
        try:
            task.delay(*args)
        except OperationalError:
            logger.exception("The broker did not take %s: a thread does it", task.name)
        else:
            return
    Thread(target=_in_thread, args=(task, *args), name=task.name).start()


def _in_thread(task: Any, *args: str) -> None:
    try:
        task(*args)
    except Exception:
        logger.exception("%s broke off", task.name)
    finally:
        connections.close_all()
