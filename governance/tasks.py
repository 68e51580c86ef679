"""Background jobs of accounts: by name, safe to run twice."""

import logging
from threading import Thread
from typing import Any

from celery import shared_task
from django.conf import settings
from django.db import connections
from django.utils import timezone
from kombu.exceptions import OperationalError

from governance.people import invitations

logger = logging.getLogger(__name__)


@shared_task
def mail_password_link(name: str, site: str) -> None:
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
