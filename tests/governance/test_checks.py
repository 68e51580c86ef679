"""What `check --deploy` says about sign-in: each fault fires, what is right does not."""

from typing import Any

import pytest
from django.core.checks import CheckMessage

from governance import checks


@pytest.fixture
def safe(settings: Any) -> Any:
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache"}}
    settings.HAS_MAIL = True
    settings.SITE_URL = "https://governance.example.go.jp"
    settings.MFA_REQUIRED_ROLES = ["cio_office", "ministry_cio", "pmo", "hr", "auditor"]
    settings.SESSION_IDLE_SECONDS, settings.SESSION_COOKIE_AGE = 1800, 43200
    settings.OIDC_SERVER_URL = ""
    settings.PROVING_MAIL_DOMAINS = ["example.go.jp"]
    return settings


def _ids() -> list[str]:
    asked = (
        checks.shared_cache,
        checks.mail,
        checks.proof,
        checks.roles_with_second_factor,
        checks.second_factor,
        checks.session_limits,
        checks.single_sign_on,
    )
    found: list[CheckMessage] = [message for check in asked for message in check(None)]
    return [str(message.id) for message in found]


def test_a_safe_site_has_nothing_to_mend(safe: Any) -> None:
    assert _ids() == []


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        (
            "CACHES",
            {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}},
            "governance.W001",
        ),
        ("HAS_MAIL", False, "governance.W002"),
        ("SITE_URL", "", "governance.W003"),
        ("SITE_URL", "http://governance.example.go.jp", "governance.W003"),
        ("PROVING_MAIL_DOMAINS", [], "governance.W008"),
        ("MFA_REQUIRED_ROLES", ["pmo", "hr"], "governance.W005"),
        ("SESSION_IDLE_SECONDS", 0, "governance.W006"),
        ("SESSION_IDLE_SECONDS", 3601, "governance.W006"),
        ("SESSION_COOKIE_AGE", 14 * 24 * 3600, "governance.W006"),
    ],
)
def test_each_fault_is_named(safe: Any, name: str, value: Any, expected: str) -> None:
    setattr(safe, name, value)
    assert _ids() == [expected]


def test_a_misspelt_role_is_an_error(safe: Any) -> None:
    safe.MFA_REQUIRED_ROLES = [*safe.MFA_REQUIRED_ROLES, "pm0"]
    assert _ids() == ["governance.E004"]


@pytest.mark.parametrize(("secret", "expected"), [("", ["governance.E007"]), ("s", [])])
def test_half_a_provider_is_an_error(safe: Any, secret: str, expected: list[str]) -> None:
    safe.OIDC_SERVER_URL = "https://sso.example.go.jp"
    app = {"client_id": "governance", "secret": secret}
    safe.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"APPS": [app]}}
    assert _ids() == expected


def test_a_provider_with_a_second_factor_of_its_own_is_enough(safe: Any) -> None:
    safe.MFA_REQUIRED_ROLES = []
    assert _ids() == ["governance.W005"]
    safe.OIDC_SERVER_URL, safe.OIDC_HAS_SECOND_FACTOR = "https://sso.example.go.jp", True
    app = {"client_id": "governance", "secret": "s"}
    safe.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"APPS": [app]}}
    assert _ids() == []
