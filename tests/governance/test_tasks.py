"""Background jobs of accounts without a broker, and with one that is down."""

import threading
from typing import Any

import pytest
from kombu.exceptions import OperationalError

from governance import tasks


class _Task:
    name = "a task"

    def __init__(self, *, is_down: bool = False) -> None:
        self.is_down, self.ran_in = is_down, ""

    def delay(self, *args: str) -> None:
        if self.is_down:
            raise OperationalError
        self.ran_in = "worker"

    def __call__(self, *args: str) -> None:
        self.ran_in = threading.current_thread().name


def _run(task: _Task) -> str:
    tasks.in_background(task, "x")
    for thread in threading.enumerate():
        if thread.name == task.name:
            thread.join(timeout=10)
    return task.ran_in


@pytest.fixture(autouse=True)
def _no_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django.db.connections.close_all", lambda: None)


def test_a_broker_gets_the_job(settings: Any) -> None:
    settings.BROKER_URL = "redis://localhost"
    assert _run(_Task()) == "worker"


def test_a_broker_that_is_down_is_no_error(settings: Any) -> None:
    settings.BROKER_URL = "redis://localhost"
    assert _run(_Task(is_down=True)) == "a task"


def test_without_a_broker_a_thread_does_it(settings: Any) -> None:
    settings.BROKER_URL, settings.LARGE_FILES_IN_THREADS = "", True
    assert _run(_Task()) == "a task"
