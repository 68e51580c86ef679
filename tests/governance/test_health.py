"""Alive and ready: asked by machines, open to everybody, without a detail."""

import socket
import time
from typing import Any

import pytest
from django.db import DatabaseError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from governance import health
from tests.services import need_rabbitmq, need_redis

pytestmark = pytest.mark.django_db

WELL = {"database": "ok", "migrations": "ok", "broker": "off", "disk": "ok"}


def parts(status: int) -> dict[str, str]:
    response = Client().get("/readyz")
    assert response.status_code == status
    assert "no-store" in response["Cache-Control"]
    answer = response.json()
    assert answer["status"] == ("ok" if status == 200 else "failed")
    found: dict[str, str] = answer["parts"]
    assert set(found.values()) <= {"ok", "off", "failed"}
    return found


def test_a_process_that_answers_is_alive_whatever_the_database_does() -> None:
    client = Client()
    client.cookies["sessionid"] = "somebody"
    with CaptureQueriesContext(connection) as queries:
        response = client.get("/healthz", headers={"host": "10.1.2.3"})
    assert (response.status_code, response.json()) == (200, {"status": "ok"})
    assert "no-store" in response["Cache-Control"]
    assert [query["sql"] for query in queries] == []
    assert client.post("/healthz").status_code == 405


def test_ready_where_every_part_answers() -> None:
    assert parts(200) == WELL


def test_not_ready_without_the_database(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def away() -> Any:
        raise DatabaseError("connection to 10.1.2.3 refused")

    monkeypatch.setattr(connection, "cursor", away)
    response = Client().get("/readyz")
    assert response.status_code == 503
    assert response.json()["parts"]["database"] == "failed"
    assert "10.1.2.3" not in response.content.decode()
    assert "10.1.2.3" in caplog.text


def test_not_ready_before_the_migrations(monkeypatch: pytest.MonkeyPatch) -> None:
    def plan(self: Any, targets: Any) -> list[Any]:
        return [("a migration", False)]

    monkeypatch.setattr("governance.health.MigrationExecutor.migration_plan", plan)
    assert parts(503) == {**WELL, "migrations": "failed"}


def test_not_ready_when_the_disk_is_nearly_full(settings: Any) -> None:
    settings.DISK_FLOOR_MB = 10**12
    assert parts(503) == {**WELL, "disk": "failed"}


@pytest.mark.parametrize("scheme", ["redis", "amqp"])
def test_not_ready_while_the_broker_is_away(scheme: str, settings: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    settings.BROKER_URL = f"{scheme}://127.0.0.1:{port}/0"
    begun = time.monotonic()
    assert parts(503) == {**WELL, "broker": "failed"}
    assert time.monotonic() - begun < 3


@pytest.mark.redis
def test_ready_with_redis(settings: Any) -> None:
    need_redis()
    settings.BROKER_URL = "redis://127.0.0.1:6379/0"
    assert parts(200) == {**WELL, "broker": "ok"}


@pytest.mark.rabbitmq
def test_ready_with_rabbitmq(settings: Any) -> None:
    need_rabbitmq()
    settings.BROKER_URL = "amqp://127.0.0.1//"
    assert parts(200) == {**WELL, "broker": "ok"}


def test_a_broker_of_files_needs_no_port(settings: Any) -> None:
    settings.BROKER_URL = "filesystem://"
    assert health.CHECKS["broker"]() == "ok"
