"""Handing work over: to real brokers, to a closed port, to one that hangs. Each in a process of its
own, because a broker is chosen when a process starts."""

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.services import need_rabbitmq, need_redis

ROOT = Path(__file__).resolve().parents[2]
# Longer than any request may wait for a broker, with what a busy machine adds.
LONGEST = 12

STORY = """
import json, sys, time
import django; django.setup()
import logging; logging.disable(logging.CRITICAL)
from governance.celery import app, hand_over
from governance.tasks import run_job
app.conf.task_default_queue = sys.argv[1]
begun = time.monotonic()
handed = hand_over(run_job, "nothing")
seconds = time.monotonic() - begun
names = []
if handed:
    with app.connection_for_read() as connection:
        queue = connection.SimpleQueue(sys.argv[1])
        message = queue.get(timeout=10)
        names = [message.headers["task"]]
        message.ack()
        queue.queue.delete()
print(json.dumps({"handed": handed, "seconds": seconds, "names": names}))
"""


def story(broker: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-c", STORY, f"test-{uuid4().hex}"],
        cwd=ROOT,
        env={
            **os.environ,
            "BROKER_URL": broker,
            "DJANGO_SETTINGS_MODULE": "governance.settings.base",
        },
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.redis
def test_redis_takes_work() -> None:
    need_redis()
    told = story("redis://127.0.0.1:6379/9")
    assert (told["handed"], told["names"]) == (True, ["governance.tasks.run_job"])


@pytest.mark.rabbitmq
def test_rabbitmq_takes_work() -> None:
    need_rabbitmq()
    told = story("amqp://guest:guest@127.0.0.1:5672//")
    assert (told["handed"], told["names"]) == (True, ["governance.tasks.run_job"])


@pytest.mark.parametrize("scheme", ["redis", "amqp"])
def test_a_closed_port_is_told_at_once(scheme: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    told = story(f"{scheme}://127.0.0.1:{port}/")
    assert told["handed"] is False
    assert told["seconds"] < LONGEST


@pytest.mark.parametrize("scheme", ["redis", "amqp"])
def test_a_broker_that_hangs_holds_a_request_for_a_moment_only(scheme: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        begun = time.monotonic()
        told = story(f"{scheme}://127.0.0.1:{server.getsockname()[1]}/")
        assert time.monotonic() > begun
    assert told["handed"] is False
    assert told["seconds"] < LONGEST
