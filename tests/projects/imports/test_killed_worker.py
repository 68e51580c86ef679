"""A real Celery worker on Redis and PostgreSQL is killed in the middle of an import."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
import redis

from tests.services import need_postgres, need_redis

ROOT = Path(__file__).resolve().parents[3]
ADMIN = "postgresql://postgres@127.0.0.1:5432/postgres"
REDIS = "redis://127.0.0.1:6379/9"
LONGEST = 60

pytestmark = [pytest.mark.postgres, pytest.mark.redis]


@pytest.fixture
def environment() -> Iterator[dict[str, str]]:
    """A database and a broker of the test's own, for processes."""
    need_postgres()
    need_redis()
    name = f"killed_{uuid4().hex[:12]}"
    with psycopg.connect(ADMIN, autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}"')
    broker = redis.Redis.from_url(REDIS)
    broker.flushdb()
    environment = {
        **os.environ,
        "DATABASE_URL": f"postgres://postgres@127.0.0.1:5432/{name}",
        "BROKER_URL": REDIS,
        "DJANGO_SETTINGS_MODULE": "governance.settings.base",
        "PYTHONPATH": str(ROOT),
    }
    try:
        _run([sys.executable, "manage.py", "migrate", "-v0"], environment)
        yield environment
    finally:
        broker.flushdb()
        broker.close()
        with psycopg.connect(ADMIN, autocommit=True) as admin:
            admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def _run(command: list[str], environment: dict[str, str]) -> str:
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _step(environment: dict[str, str], *arguments: str) -> dict[str, Any]:
    module = "tests.projects.imports.worker_story"
    out = _run([sys.executable, "-m", module, *arguments], environment)
    found: dict[str, Any] = json.loads(out.strip().splitlines()[-1])
    return found


def _worker(environment: dict[str, str]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "celery", "-A", "governance", "worker", "--concurrency=1"]
    return subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _kill(worker: "subprocess.Popen[bytes]") -> None:
    """SIGKILL to the worker and its children: nobody can clean up."""
    os.killpg(worker.pid, signal.SIGKILL)
    worker.wait(10)


def _until(happened: Callable[[], bool], what: str, pause: float = 0.2) -> None:
    end = time.monotonic() + LONGEST
    while not happened():
        assert time.monotonic() < end, f"{what} did not happen in {LONGEST} s"
        time.sleep(pause)


def _is_writing(environment: dict[str, str], connection: "psycopg.Connection[Any]") -> bool:
    """Whether a transaction is open that has put cost lines in."""
    rows = connection.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND pid <> pg_backend_pid() AND query LIKE 'INSERT INTO \"projects_costline\"%'"
    ).fetchone()
    return bool(rows and rows[0])


def test_a_killed_worker_leaves_nothing_half_written(environment: dict[str, str]) -> None:
    prepared = _step(environment, "prepare")
    assert (prepared["state"], prepared["lines"]) == ("ready", 0)
    job = prepared["job"]
    url = environment["DATABASE_URL"].replace("postgres://", "postgresql://")
    worker = _worker(environment)
    try:
        with psycopg.connect(url, autocommit=True) as watcher:
            _step(environment, "confirm", job)
            _until(lambda: _is_writing(environment, watcher), "the writing", pause=0.005)
            _kill(worker)
            _until(lambda: not _is_writing(environment, watcher), "the end of the transaction")
    finally:
        if worker.poll() is None:
            _kill(worker)

    left = _step(environment, "status", job)
    assert (left["lines"], left["runs"], left["events"], left["faults"]) == (0, 0, 0, 0)
    assert left["attempts"] == 1
    assert left["state"] == "writing"  # And silent: the page and the beat take it up.

    worker = _worker(environment)
    try:
        _step(environment, "resume", job)
        _until(lambda: _step(environment, "status", job)["state"] == "done", "the second attempt")
    finally:
        _kill(worker)
    done = _step(environment, "status", job)
    assert (done["lines"], done["runs"], done["events"], done["faults"]) == (20_000, 1, 1, 0)
