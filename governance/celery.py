"""The Celery application: tasks run in-process unless BROKER_URL names a broker."""

import logging
import logging.config
import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging
from django_structlog.celery.steps import DjangoStructLogInitStep
from kombu.exceptions import OperationalError

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "governance.settings.base")

logger = logging.getLogger(__name__)

app = Celery("governance")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.autodiscover_tasks(["governance.audit"])
app.steps["worker"].add(DjangoStructLogInitStep)


@setup_logging.connect
def _log_as_the_site(**_more: Any) -> None:
    """Workers and beat write the same lines as the web: Celery sets up no logging of its own."""
    from django.conf import settings

    if settings.LOGGING:
        logging.config.dictConfig(settings.LOGGING)


def hand_over(task: Any, *args: Any) -> bool:
    """Give work to a worker; False where the broker does not answer in a moment. What is to be done
    must stand in the database already, so that a regular job takes it up later."""
    try:
        task.apply_async(args)
    except OperationalError:
        logger.exception("The broker is away: %s waits", task.name)
        return False
    return True
