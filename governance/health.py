"""Is this process alive, and can it do its work? For load balancers and monitoring.

Both answers are open to everybody, and name parts with "ok", "off" or "failed": no detail. What
failed is in the log.
"""

import logging
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

logger = logging.getLogger(__name__)

OK, OFF, FAILED = "ok", "off", "failed"
_SECONDS: Final = 2.0
_PORTS: Final[Mapping[str, int]] = {"redis": 6379, "rediss": 6379, "amqp": 5672, "amqps": 5671}


@login_not_required
@require_safe
@never_cache
def alive(request: HttpRequest) -> JsonResponse:
    """200 while the process answers at all; asks nothing of anybody else."""
    return JsonResponse({"status": OK})


@login_not_required
@require_safe
@never_cache
def ready(request: HttpRequest) -> JsonResponse:
    """200 where every part that the work needs answers, else 503. Cost: two queries."""
    parts = {name: _asked(name, check) for name, check in CHECKS.items()}
    is_ready = FAILED not in parts.values()
    return JsonResponse(
        {"status": OK if is_ready else FAILED, "parts": parts},
        status=HTTPStatus.OK if is_ready else HTTPStatus.SERVICE_UNAVAILABLE,
    )


def _asked(name: str, check: Callable[[], str]) -> str:
    try:
        return check()
    except Exception:
        logger.exception("Not ready: %s", name)
        return FAILED


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return OK


def _migrations() -> str:
    executor = MigrationExecutor(connection)
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if waiting:
        logger.error("Not ready: %s migrations are not applied", len(waiting))
    return FAILED if waiting else OK


def _broker() -> str:
    """Whether anything listens where BROKER_URL leads."""
    if not settings.BROKER_URL:
        return OFF
    where = urlsplit(settings.BROKER_URL)
    port = where.port or _PORTS.get(where.scheme)
    if where.hostname is None or port is None:
        return OK  # A broker without a port, such as files: nothing to call.
    with socket.create_connection((where.hostname, port), timeout=_SECONDS):
        return OK


def _disk() -> str:
    floor = settings.DISK_FLOOR_MB * 1024 * 1024
    for folder in _written_to():
        if shutil.disk_usage(folder).free < floor:
            logger.error("Not ready: less than %s MB free in %s", settings.DISK_FLOOR_MB, folder)
            return FAILED
    return OK


def _written_to() -> Iterator[Path]:
    """Where this process writes: uploads on their way in, and SQLite's file."""
    yield Path(settings.FILE_UPLOAD_TEMP_DIR or tempfile.gettempdir())
    database = settings.DATABASES["default"]
    if database["ENGINE"].endswith("sqlite3") and Path(database["NAME"]).is_file():
        yield Path(database["NAME"]).parent


CHECKS: Final[Mapping[str, Callable[[], str]]] = {
    "database": _database,
    "migrations": _migrations,
    "broker": _broker,
    "disk": _disk,
}
