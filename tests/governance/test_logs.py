"""What trouble leaves behind: a traceback with its number, on stderr and on the page."""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import RequestDataTooBig
from django.db import connection
from django.http.multipartparser import MultiPartParserError
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from governance import errors, logs
from governance.middleware import client_address
from governance.models import User
from tests.governance.broken_urls import SOMEBODY

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.governance.broken_urls")]


class Lines:
    """What was logged, line by line, as production writes it."""

    def __init__(self) -> None:
        self.text = StringIO()
        self.handler = logging.StreamHandler(self.text)
        self.handler.setFormatter(logs.json_formatter())

    def all(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.getvalue().splitlines()]

    def of(self, event: str) -> dict[str, Any]:
        found = [line for line in self.all() if line["event"] == event]
        assert len(found) == 1, self.text.getvalue()
        return found[0]


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lines]:
    lines, root = Lines(), logging.getLogger()
    for name in logs.TOLD_TWICE:
        monkeypatch.setattr(logging.getLogger(name), "propagate", False)
    level = root.level
    root.addHandler(lines.handler)
    root.setLevel(logging.INFO)
    yield lines
    root.removeHandler(lines.handler)
    root.setLevel(level)


def browser(user: User | None = None, language: str = "en") -> Client:
    client = Client(raise_request_exception=False, headers={"accept-language": language})
    if user is not None:
        client.force_login(user)
    return client


def test_a_crash_leaves_its_traceback_with_number_and_account(lines: Lines, pmo: User) -> None:
    response = browser(pmo).get("/broken/crash/?q=secret", REMOTE_ADDR="192.0.2.7")
    number = response["X-Request-ID"]
    assert response.status_code == 500
    assert number in response.content.decode()
    line = lines.of("request_failed")
    assert (line["request_id"], line["user_id"], line["ip"]) == (number, pmo.pk, "192.0.2.7")
    assert line["request"] == "GET broken/crash/"
    assert 'raise ZeroDivisionError("no such share")' in line["exception"]
    assert line["exception"].endswith("ZeroDivisionError: no such share")
    assert "secret" not in lines.text.getvalue()


@pytest.mark.parametrize(
    ("language", "sentence"),
    [("en", "tell those who run this site the number"), ("ja", "サーバー")],
)
def test_the_page_of_an_error_speaks_the_readers_language_and_asks_nothing(
    language: str, sentence: str, pmo: User
) -> None:
    request = RequestFactory().get("/")
    request.request_id = "a-number"  # type: ignore[attr-defined]
    with CaptureQueriesContext(connection) as queries:
        page = browser(pmo, language).get("/broken/crash/").content.decode()
        own = len(queries)
        bare = errors.server_error(request).content.decode()
        assert len(queries) == own
    assert "a-number" in bare
    assert sentence in page
    assert f'<html lang="{language}">' in page


def test_a_page_of_an_error_that_fails_too_is_bare(
    monkeypatch: pytest.MonkeyPatch, lines: Lines
) -> None:
    def broken(*_args: Any) -> str:
        raise ValueError("no manifest")

    monkeypatch.setattr(errors, "render_to_string", broken)
    request = RequestFactory().get("/")
    request.request_id = "a-number"  # type: ignore[attr-defined]
    response = errors.server_error(request)
    assert (response.status_code, "a-number" in response.content.decode()) == (500, True)
    assert "ValueError: no manifest" in lines.of("The page of the error failed too")["exception"]


def test_the_api_fails_in_its_own_shape(lines: Lines, pmo: User) -> None:
    response = browser(pmo).get("/api/v1/broken/")
    error = response.json()["error"]
    assert (response.status_code, error["code"], error["fields"]) == (500, "server_error", {})
    assert response["X-Request-ID"] in error["message"]
    assert lines.of("request_failed")["request_id"] == response["X-Request-ID"]


def test_no_line_holds_what_people_typed_or_a_link_that_opens(lines: Lines, pmo: User) -> None:
    client = browser(pmo)
    client.post("/broken/crash/?secret=1", {"name": "secret"}, headers={"user-agent": "secret"})
    client.get("/broken/set/secret/")
    client.get("/broken/row/")
    client.get("/secret/")
    client.get("/people/p/secret/")
    text = lines.text.getvalue()
    assert "could not be kept" in text
    assert "which led to" in text
    assert [line for line in lines.all() if "secret" in str(line)] == []
    assert SOMEBODY not in text


def test_every_answer_has_its_line_and_number(lines: Lines, pmo: User) -> None:
    client = browser(pmo)
    for path, status, title in (
        ("/broken/missing/", 404, "not"),
        ("/broken/refused/", 403, "You may not do this"),
        ("/broken/x\x00/", 400, "This request cannot be read"),
        ("/notices/", 200, "Notices"),
    ):
        response = client.get(path)
        assert response.status_code == status
        assert title in response.content.decode()
        line = lines.all()[-1]
        assert (line["code"], line["request_id"]) == (status, response["X-Request-ID"])
        assert "exception" not in line
    assert len({line["request_id"] for line in lines.all()}) == 4


def test_a_number_that_a_client_brings_is_not_taken(pmo: User) -> None:
    response = browser(pmo).get("/notices/", headers={"x-request-id": "mine"})
    assert response["X-Request-ID"] != "mine"


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, "198.51.100.1", "10.0.0.1"),
        (1, "198.51.100.1", "198.51.100.1"),
        (1, "203.0.113.9, 198.51.100.1", "198.51.100.1"),
        (2, "203.0.113.9, 198.51.100.1", "203.0.113.9"),
        (2, "198.51.100.1", "10.0.0.1"),
        (1, "", "10.0.0.1"),
    ],
)
def test_an_address_is_what_our_own_proxies_saw(
    proxies: int, forwarded: str, address: str, settings: Any
) -> None:
    settings.TRUSTED_PROXY_COUNT = proxies
    headers = {"x-forwarded-for": forwarded} if forwarded else {}
    request = RequestFactory().get("/", REMOTE_ADDR="10.0.0.1", headers=headers)
    assert client_address(request) == address


def _process(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "governance.settings.base", **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_an_error_that_comes_back_in_its_own_past_is_told_once() -> None:
    error, cause = ValueError("the last"), KeyError("the first")
    error.__cause__, cause.__cause__ = cause, error
    told = logs.traceback_of(error)
    assert told.count("ValueError: the last") == 1
    assert told.index("KeyError: 'the first'") < told.index("ValueError: the last")


def test_a_command_that_breaks_leaves_its_traceback() -> None:
    done = _process("manage.py", "verify_audit", DATABASE_URL="sqlite:////nowhere/at/all.sqlite3", LOG_AS_JSON="1")  # fmt: skip
    assert done.returncode == 1
    line = json.loads(done.stderr.splitlines()[-1])
    assert (line["event"], line["command"]) == ("command_failed", "verify_audit")
    assert "OperationalError: unable to open database file" in line["exception"]
    assert line["command_id"]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"DJANGO_SETTINGS_MODULE": "governance.settings.production", "ALLOWED_HOSTS": "x"}, "SECRET_KEY"),
        ({"DJANGO_SETTINGS_MODULE": "governance.settings.production", "SECRET_KEY": "x" * 60}, "ALLOWED_HOSTS"),
        ({"DATABASE_URL": "notaurl"}, "DATABASE_URL"),
    ],
)  # fmt: skip
def test_a_setting_that_is_missing_is_named(given: dict[str, str], told: str) -> None:
    done = _process("manage.py", "check", "--deploy", **given)
    assert done.returncode == 1
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_a_task_that_breaks_leaves_its_traceback_with_its_number() -> None:
    """A worker's own logging, as Celery sets it up, with a task that fails."""
    story = """
import django; django.setup()
from celery.signals import setup_logging
from celery import shared_task
from governance.celery import app
from django_structlog.celery.receivers import CeleryReceiver
receiver = CeleryReceiver(); receiver.connect_worker_signals()
app.log.setup(loglevel="INFO")
@shared_task
def breaks(secret): raise ZeroDivisionError("no such share")
app.conf.task_eager_propagates = False
breaks.apply(("secret",), task_id="task-1")
"""
    done = _process("-c", story, LOG_AS_JSON="1")
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    failed = [line for line in lines if line["event"] == "task_failed"]
    assert [line["task_id"] for line in failed] == ["task-1"]
    assert "ZeroDivisionError: no such share" in failed[0]["exception"]
    assert "secret" not in done.stderr.replace("breaks(secret)", "")


def test_lines_for_people_show_the_traceback_too(lines: Lines) -> None:
    lines.handler.setFormatter(logs.line_formatter())
    error = ZeroDivisionError("no such share")
    logging.getLogger("somewhere").error("A job failed", exc_info=error)
    text = lines.text.getvalue()
    assert "A job failed" in text
    assert text.rstrip().endswith("ZeroDivisionError: no such share")


@pytest.mark.parametrize(
    ("host", "fields", "status", "title", "kind"),
    [
        ("elsewhere.example", 1, 400, "This address is not known here", "DisallowedHost"),
        ("testserver", 5000, 413, "The form is too large", "TooManyFieldsSent"),
    ],
)
def test_a_refused_request_says_why_and_leaves_a_line(
    lines: Lines, host: str, fields: int, status: int, title: str, kind: str
) -> None:
    form = {f"f{n}": "x" for n in range(fields)}
    response = browser().post("/accounts/login/", form, headers={"host": host})
    page = response.content.decode()
    assert (response.status_code, f"<h1>{title}</h1>" in page) == (status, True)
    assert "characters" not in page
    assert response["X-Request-ID"] in page
    told = [line for line in lines.all() if "Refused a request" in line["event"]]
    assert [(line["level"], kind in line["event"]) for line in told] == [("warning", True)]
    assert (host in told[0]["event"]) is (kind == "DisallowedHost")


def test_the_api_refuses_too_much_in_its_own_shape() -> None:
    request = RequestFactory().post("/api/v1/systems/")
    answer = errors.bad_request(request, RequestDataTooBig())
    assert answer.status_code == 413
    assert json.loads(answer.content)["error"]["code"] == "too_large"
    damaged = errors.bad_request(request, MultiPartParserError()).content.decode()
    assert "damaged" in damaged


def test_every_page_of_a_refusal_shows_the_number(lines: Lines, pmo: User) -> None:
    client = browser(pmo)
    strict = Client(enforce_csrf_checks=True, headers={"accept-language": "en"})
    answers = [
        *(client.get(path) for path in ("/broken/missing/", "/broken/refused/", "/drafts/")),
        client.get("/broken/x\x00/"),
        strict.post("/accounts/login/"),
    ]
    assert [answer.status_code for answer in answers] == [404, 403, 405, 400, 403]
    for answer in answers:
        assert f"<code>{answer['X-Request-ID']}</code>" in answer.content.decode()


def test_a_refusal_says_nothing_of_a_record_that_may_not_be_readable(pmo: User) -> None:
    page = browser(pmo).get("/broken/refused/").content.decode()
    assert "You can see this record" not in page
    assert "ask those who assign the roles" in page
