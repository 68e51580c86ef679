"""A real Chromium against a real server, with every complaint of the page on record."""

import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db import connection
from playwright.sync_api import Browser, Page, Request, sync_playwright

from tests.services import need_chromium


@dataclass(slots=True)
class Complaints:
    """What must stay empty: console errors, page errors, requests to another host."""

    console: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)

    def watch(self, page: Page, host: str) -> None:
        def on_request(request: Request) -> None:
            parts = urlsplit(request.url)
            if parts.scheme in ("http", "https") and parts.netloc != host:
                self.foreign.append(request.url)

        page.on("request", on_request)
        page.on("console", lambda m: self.console.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: self.console.append(str(error)))


def _let_the_server_finish() -> None:
    """Threads of the live server end with their browser's sockets, and give their database
    connections back: the test database cannot be dropped before."""
    end = time.monotonic() + 10
    while time.monotonic() < end:
        if not any("process_request_thread" in t.name for t in threading.enumerate()):
            return
        time.sleep(0.05)


def _end_other_sessions() -> None:
    """Django keeps a database connection of its own for code under an event loop, and Playwright's
    loop runs in this thread: once it has ended nobody can close that connection any more, and
    PostgreSQL drops no database that somebody still uses."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )


@pytest.fixture(scope="session")
def browser(django_db_setup: None, django_db_blocker: Any) -> Iterator[Browser]:
    """Chromium; it needs the database so that it is closed before the database goes."""
    path = need_chromium()
    # Playwright's own loop runs in this thread; the ORM is used between its calls, never inside.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=path,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield chromium
        chromium.close()
    _let_the_server_finish()
    with django_db_blocker.unblock():
        _end_other_sessions()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def complaints() -> Complaints:
    return Complaints()


@pytest.fixture
def page(browser: Browser, live_server: Any, complaints: Complaints) -> Iterator[Page]:
    """A page in English at 1440 px; relative addresses reach the live server."""
    context = browser.new_context(
        base_url=live_server.url,
        locale="en-US",
        viewport={"width": 1440, "height": 900},
        accept_downloads=True,
    )
    opened = context.new_page()
    complaints.watch(opened, urlsplit(live_server.url).netloc)
    yield opened
    context.close()
