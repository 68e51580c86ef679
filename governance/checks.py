"""What a site that others can reach must have for safe sign-in: asked by `check --deploy`."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

from governance.access import Role

_LOCAL = ("locmem.LocMemCache", "dummy.DummyCache", "filebased.FileBasedCache")
LONGEST_SESSION = 24 * 3600
LONGEST_IDLE = 3600


@register(Tags.security, deploy=True)
def shared_cache(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Counts of wrong passwords and used codes are kept in the cache."""
    if not settings.CACHES["default"]["BACKEND"].endswith(_LOCAL):
        return []
    return [
        Warning(
            "The cache is this process's own: wrong passwords are counted a worker, and a used code"
            " works again with another one.",
            hint="Set CACHE_URL (redis://…), or a BROKER_URL on Redis.",
            id="governance.W001",
        )
    ]


@register(Tags.security, deploy=True)
def mail(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Links reach their holder alone only by mail."""
    if not settings.HAS_MAIL:
        return [
            Warning(
                "No mail server: links to set a password go through the hands of those who make"
                " accounts, and nobody can reset a forgotten one.",
                hint="Set EMAIL_URL, SITE_URL and DEFAULT_FROM_EMAIL.",
                id="governance.W002",
            )
        ]
    if not settings.SITE_URL.startswith("https://"):
        return [
            Warning(
                "SITE_URL doesn't name this site: links in mails rest on the Host header.",
                hint="Set SITE_URL, e.g. https://governance.example.go.jp",
                id="governance.W003",
            )
        ]
    return []


@register(Tags.security, deploy=True)
def proof(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """A mail proves nobody to whoever typed its address, unless the domain is an official one."""
    if not settings.HAS_MAIL or settings.OIDC_SERVER_URL or settings.PROVING_MAIL_DOMAINS:
        return []
    return [
        Warning(
            "Nothing proves who holds an account: makers and those they made count as one person"
            " until proven, and don't approve what the other files.",
            hint="Set PROVING_MAIL_DOMAINS, e.g. example.go.jp, or OIDC_SERVER_URL.",
            id="governance.W008",
        )
    ]


@register(Tags.security)
def roles_with_second_factor(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """A misspelt role would ask nobody."""
    unknown = set(settings.MFA_REQUIRED_ROLES) - set(Role.values)
    return [
        Error(
            f"MFA_REQUIRED_ROLES names no role: {name}",
            hint=f"Roles are {', '.join(Role.values)}.",
            id="governance.E004",
        )
        for name in sorted(unknown)
    ]


@register(Tags.security, deploy=True)
def second_factor(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Those who approve and oversee sign in with two factors."""
    missing = {Role.CIO_OFFICE, Role.MINISTRY_CIO, Role.PMO, Role.HR, Role.AUDITOR} - set(
        settings.MFA_REQUIRED_ROLES
    )
    if not missing or (settings.OIDC_SERVER_URL and settings.OIDC_HAS_SECOND_FACTOR):
        return []
    return [
        Warning(
            f"No second factor is asked of: {', '.join(sorted(missing))}",
            hint="Add them to MFA_REQUIRED_ROLES.",
            id="governance.W005",
        )
    ]


@register(Tags.security, deploy=True)
def session_limits(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """A session left open ends by itself."""
    idle, whole = settings.SESSION_IDLE_SECONDS, settings.SESSION_COOKIE_AGE
    if 0 < idle <= LONGEST_IDLE and 0 < whole <= LONGEST_SESSION:
        return []
    return [
        Warning(
            f"Sessions last {whole} seconds, {idle or 'any number of'} without a request.",
            hint="SESSION_SECONDS at most 24 hours, SESSION_IDLE_SECONDS at most one.",
            id="governance.W006",
        )
    ]


@register(Tags.security)
def single_sign_on(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Half a provider is none."""
    if not settings.OIDC_SERVER_URL:
        return []
    providers: Any = settings.SOCIALACCOUNT_PROVIDERS
    app = providers["openid_connect"]["APPS"][0]
    if app["client_id"] and app["secret"]:
        return []
    return [
        Error(
            "OIDC_SERVER_URL is set without OIDC_CLIENT_ID and OIDC_SECRET.",
            id="governance.E007",
        )
    ]
