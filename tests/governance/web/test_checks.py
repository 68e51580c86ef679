"""The deploy checks: silent on the production settings, loud about each thing taken away."""

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from pytest_django.fixtures import Settings

from governance.web.checks import check_web

LIMITS = dict.fromkeys(("upload", "export", "search", "explain", "api_write"), "60/h")
PRODUCTION: dict[str, Any] = {
    **{f"{name}_COOKIE_SECURE": True for name in ("SESSION", "CSRF", "LANGUAGE")},
    **{f"{name}_COOKIE_NAME": f"__Host-{name}" for name in ("SESSION", "CSRF", "LANGUAGE")},
    "LIMITS": LIMITS,
    "AUDIT_ANCHOR_DIR": Path("/srv/anchors"),
    "AUDIT_SIGNING_KEY": "/srv/keys/audit.pem",
}


@pytest.fixture(autouse=True)
def database(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The database that the settings name."""
    named = SimpleNamespace(vendor="postgresql")
    monkeypatch.setattr("governance.web.checks.connection", named)
    return named


def _told(settings: Settings, **changed: Any) -> set[str]:
    for name, value in {**PRODUCTION, **changed}.items():
        setattr(settings, name, value)
    return {str(message.id) for message in check_web(None)}


def test_nothing_is_told_of_settings_as_they_should_be(settings: Settings) -> None:
    assert _told(settings) == set()


@pytest.mark.parametrize(
    ("name", "value", "number"),
    [
        ("LANGUAGE_COOKIE_SECURE", False, "E101"),
        ("SESSION_COOKIE_SECURE", False, "E101"),
        ("CSRF_COOKIE_HTTPONLY", False, "E102"),
        ("SESSION_COOKIE_SAMESITE", "None", "E103"),
        ("SESSION_COOKIE_NAME", "sessionid", "E104"),
        ("CSRF_COOKIE_DOMAIN", "example.go.jp", "E104"),
        ("MIDDLEWARE", ["whitenoise.middleware.WhiteNoiseMiddleware"], "E105"),
        ("WHITENOISE_ALLOW_ALL_ORIGINS", True, "E106"),
        ("CONTENT_SECURITY_POLICY", {"DIRECTIVES": {"default-src": ["*"]}}, "E107"),
        ("LIMITS", {**LIMITS, "export": "often"}, "E108"),
        ("LIMITS", {**LIMITS, "export": "0/h"}, "E108"),
        ("LIMITS", {"upload": "20/h"}, "E109"),
        ("LIMITS", {**LIMITS, "search": "100001/s"}, "E109"),
        ("EXPORT_JOB_ROWS", 99, "E110"),
        ("EXPORT_JOB_ROWS", 100_001, "E110"),
        ("AUDIT_ANCHOR_DIR", Path(settings.BASE_DIR, "var", "anchors"), "W112"),
        ("AUDIT_SIGNING_KEY", "", "W113"),
    ],
)
def test_what_is_taken_away_is_told(settings: Settings, name: str, value: Any, number: str) -> None:
    assert _told(settings, **{name: value}) == {f"governance.{number}"}


def test_a_register_in_one_file_is_told(settings: Settings, database: Any) -> None:
    database.vendor = "sqlite"
    assert _told(settings) == {"governance.W111"}


def test_the_production_settings_pass_and_bind_every_cookie_to_https() -> None:
    root = Path(__file__).resolve().parents[3]
    code = (
        "import django; django.setup()\n"
        "from django.conf import settings as s\n"
        "from governance.web.checks import check_web\n"
        "print([m.id for m in check_web(None)], s.SESSION_COOKIE_NAME, s.LANGUAGE_COOKIE_SECURE)"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=root,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "governance.settings.production",
            "SECRET_KEY": "x" * 60,
            "ALLOWED_HOSTS": "example.go.jp",
            "DATABASE_URL": "postgres://governance@localhost/governance",
            "AUDIT_ANCHOR_DIR": "/srv/anchors",
            "AUDIT_SIGNING_KEY": "/srv/keys/audit.pem",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.split() == ["[]", "__Host-session", "True"]


def test_a_limit_that_cannot_be_read_stops_the_start() -> None:
    """Not the first reader who asks for a file."""
    done = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=settings.BASE_DIR,
        env={**os.environ, "LIMIT_EXPORTS": "often"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "LIMIT_EXPORTS='often' cannot be read: write a number a s, m, h or d" in done.stderr
