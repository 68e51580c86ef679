"""Verifications in the background: by a worker; without a broker in a thread of this process."""

import logging
from threading import Thread
from typing import Any
from uuid import UUID

from celery import shared_task
from django.conf import settings
from django.db import connections
from kombu.exceptions import OperationalError

from governance.audit import checks
from governance.models import AuditCheck

logger = logging.getLogger(__name__)


@shared_task
def verify_trail(pk: str, **later: Any) -> None:
    """Do a verification that somebody asked for."""
    checks.run(UUID(pk))


def start(check: AuditCheck) -> None:
    """Hand a verification over. Where the broker is away it waits, and whoever looks at its page
    later hands it over again."""
    if settings.LARGE_FILES_IN_THREADS:
        Thread(target=_in_thread, args=(check.pk,), name=f"verify-{check.pk}").start()
        return
    try:
        verify_trail.delay(str(check.pk))
    except OperationalError:
        logger.exception("The broker is away: the verification %s waits", check.pk)


def _in_thread(pk: UUID) -> None:
    try:
        checks.run(pk)
    except Exception:
        logger.exception("The verification %s broke off", pk)
    finally:
        connections.close_all()
