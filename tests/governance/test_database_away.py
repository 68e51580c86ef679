"""A database that goes away and comes back, or whose disk is full: nothing half written, the fault
told, and the next request served."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection

from governance import audit
from governance.models import User
from projects.models import ImportJob
from tests.conftest import World, person, signed_in
from tests.services import need_postgres

ROOT = Path(__file__).resolve().parents[2]
ADMIN = "postgresql://postgres@127.0.0.1:5432/postgres"

STORY = """
import io, json, os
import django; django.setup()
import logging; logging.disable(logging.CRITICAL)
import psycopg
from datetime import UTC, datetime
from django.db import DatabaseError, connection, transaction
from governance import audit, jobs
from governance.audit import Act
from governance.models import Agency, JobMark
from governance.wsgi import application

admin = psycopg.connect(os.environ["ADMIN"], autocommit=True)

def drop():
    admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                  " WHERE datname = %s AND pid <> pg_backend_pid()", [connection.settings_dict["NAME"]])

def get(path):
    told = []
    body = application({"REQUEST_METHOD": "GET", "PATH_INFO": path, "SERVER_NAME": "localhost",
                        "SERVER_PORT": "80", "HTTP_HOST": "localhost", "wsgi.input": io.BytesIO(),
                        "wsgi.errors": None, "wsgi.url_scheme": "http"},
                       lambda status, headers: told.append(int(status[:3])))
    b"".join(body); body.close()
    return told[0]

found = {"first": get("/readyz")}
drop()
found["after a drop between requests"] = get("/readyz")

act = Act(user=None, at=datetime.now(UTC), source="test")
try:
    with transaction.atomic():
        Agency.objects.create(code="a", name="A")
        audit.record(act, "agency.created", object_type="agency", object_key="1")
        drop()
        Agency.objects.create(code="b", name="B")
    found["mid-write"] = "saved"
except DatabaseError:
    found["mid-write"] = "refused"
found["after a drop in a write"] = get("/readyz")
found["agencies"] = Agency.objects.count()
found["faults"] = len(list(audit.verify()))

def dropped(at):
    drop()
    return str(Agency.objects.count())

job = jobs.Job("dropped", dropped, jobs.Every(10))
other = jobs.Job("other", lambda at: "done", jobs.Every(10))
at = datetime.now(UTC)
outcomes = [jobs.run(job, at), jobs.run(other, at)]
found["jobs"] = [bool(outcome.error) for outcome in outcomes]
found["failures"] = JobMark.objects.get(name="dropped").failures
print(json.dumps(found))
"""


@pytest.fixture
def environment() -> Iterator[dict[str, str]]:
    """A database of the test's own, for a process."""
    need_postgres()
    name = f"away_{uuid4().hex[:12]}"
    with psycopg.connect(ADMIN, autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}"')
    environment = {
        **os.environ,
        "ADMIN": ADMIN,
        "DATABASE_URL": f"postgres://postgres@127.0.0.1:5432/{name}",
        "DJANGO_SETTINGS_MODULE": "governance.settings.base",
    }
    try:
        yield environment
    finally:
        with psycopg.connect(ADMIN, autocommit=True) as admin:
            admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def _run(environment: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.postgres
def test_a_connection_that_is_dropped_costs_its_own_write_alone(
    environment: dict[str, str],
) -> None:
    _run(environment, "manage.py", "migrate", "-v0")
    assert json.loads(_run(environment, "-c", STORY).splitlines()[-1]) == {
        "first": 200,
        "after a drop between requests": 200,
        "mid-write": "refused",
        "after a drop in a write": 200,
        "agencies": 0,
        "faults": 0,
        "jobs": [True, False],
        "failures": 1,
    }


@pytest.mark.django_db(transaction=True)
def test_a_full_disk_refuses_a_write_as_a_whole(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("only SQLite lets a test say how large its file may be")
    from governance.access import Role

    pmo: User = person(Role.PMO, world)
    client = signed_in(pmo)
    client.raise_request_exception = False
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA page_count")
        (pages,) = cursor.fetchone()
        cursor.execute(f"PRAGMA max_page_count = {pages + 4}")
    sent = SimpleUploadedFile("a.csv", b"x" * 300_000)
    try:
        response = client.post("/imports/", {"file": sent, "kind": "systems"})
    finally:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA max_page_count = 1073741823")
    assert response.status_code == 500
    assert response["X-Request-ID"] in response.content.decode()
    assert "disk is full" in caplog.text
    assert not ImportJob.objects.exists()
    assert list(audit.verify()) == []
    sent.seek(0)
    assert client.post("/imports/", {"file": sent, "kind": "systems"}).status_code == 302
    assert ImportJob.objects.count() == 1
