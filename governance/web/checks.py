"""`check --deploy`: what must hold before other machines may reach the site."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import connection

from governance.web.limits import Door, limit_of

_COOKIES: Final = ("SESSION", "CSRF", "LANGUAGE")
_WHITENOISE: Final = "whitenoise.middleware.WhiteNoiseMiddleware"
_ISOLATE: Final = "governance.web.headers.isolate"
_KEEP_NOTHING: Final = "governance.web.headers.keep_nothing"
_FEWEST, _MOST = 1, 100_000


def _cookies() -> Iterator[CheckMessage]:
    for cookie in _COOKIES:
        if not getattr(settings, f"{cookie}_COOKIE_SECURE"):
            yield Error(
                f"{cookie}_COOKIE_SECURE is off: the cookie travels unencrypted.",
                id="governance.E101",
            )
        if not getattr(settings, f"{cookie}_COOKIE_HTTPONLY"):
            yield Error(
                f"{cookie}_COOKIE_HTTPONLY is off, though no script reads it.", id="governance.E102"
            )
        if getattr(settings, f"{cookie}_COOKIE_SAMESITE") not in {"Lax", "Strict"}:
            yield Error(
                f"{cookie}_COOKIE_SAMESITE lets other sites send the cookie.", id="governance.E103"
            )
        yield from _name(cookie)


def _name(cookie: str) -> Iterator[CheckMessage]:
    """A name that other hosts of the domain cannot plant; which needs path / and no domain."""
    name = getattr(settings, f"{cookie}_COOKIE_NAME")
    is_bound = getattr(settings, f"{cookie}_COOKIE_PATH") == "/" and not getattr(
        settings, f"{cookie}_COOKIE_DOMAIN"
    )
    if not (name.startswith("__Host-") and is_bound):
        yield Error(
            f"{cookie}_COOKIE_NAME should begin with __Host-, with path / and without a domain.",
            id="governance.E104",
        )


def _headers() -> Iterator[CheckMessage]:
    order = [
        settings.MIDDLEWARE.index(name) if name in settings.MIDDLEWARE else -1
        for name in (_ISOLATE, _WHITENOISE, _KEEP_NOTHING)
    ]
    if -1 in order or order != sorted(order):
        yield Error(
            f"MIDDLEWARE needs {_ISOLATE}, {_WHITENOISE} and {_KEEP_NOTHING}, in this order.",
            id="governance.E105",
        )
    if getattr(settings, "WHITENOISE_ALLOW_ALL_ORIGINS", True):
        yield Error("WHITENOISE_ALLOW_ALL_ORIGINS lets any site read files.", id="governance.E106")


def _policy() -> Iterator[CheckMessage]:
    policy: Mapping[str, Sequence[str]] = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]
    loose = {"'unsafe-inline'", "'unsafe-eval'", "*", "http:", "https:", "data:"}
    for directive in ("default-src", "script-src", "style-src"):
        if directive not in policy or loose & set(policy[directive]):
            yield Error(
                f"CONTENT_SECURITY_POLICY: {directive} is missing or too wide.",
                id="governance.E107",
            )


def _limits() -> Iterator[CheckMessage]:
    for door in Door:
        try:
            limit = limit_of(door)
        except ValueError as error:
            yield Error(f"LIMITS[{door.value!r}] cannot be read: {error}", id="governance.E108")
            continue
        if limit is None or not _FEWEST <= limit.times <= _MOST:
            yield Error(
                f"LIMITS[{door.value!r}] is missing or no limit ({_FEWEST} to {_MOST:,}).",
                id="governance.E109",
            )


def _exports() -> Iterator[CheckMessage]:
    if not 100 <= settings.EXPORT_JOB_ROWS <= 100_000:
        yield Error(
            "EXPORT_JOB_ROWS lies outside 100 to 100,000: requests would take minutes, or every"
            " file would be a job.",
            id="governance.E110",
        )


def _register() -> Iterator[CheckMessage]:
    """Where the register and the proof of its trail lie: apart, and on a database made for it."""
    if connection.vendor == "sqlite":
        yield Warning(
            "The register is one SQLite file: one writer at a time, no role without rights on the"
            " trail.",
            hint="DATABASE_URL=postgres://USER:PASSWORD@HOST:5432/NAME",
            id="governance.W111",
        )
    inside = Path(settings.BASE_DIR)
    if Path(settings.AUDIT_ANCHOR_DIR).is_relative_to(inside):
        yield Warning(
            "Anchors of the trail are kept beside the program: whoever alters one can alter both.",
            hint="AUDIT_ANCHOR_DIR: a directory of its own, best on another machine.",
            id="governance.W112",
        )
    if not settings.AUDIT_SIGNING_KEY:
        yield Warning(
            "Anchors are signed with a key that was made beside the program.",
            hint="AUDIT_SIGNING_KEY: the file of a key that only the service's account reads.",
            id="governance.W113",
        )


_CHECKS: Final[tuple[Callable[[], Iterator[CheckMessage]], ...]] = (
    _cookies,
    _headers,
    _policy,
    _limits,
    _exports,
    _register,
)


@register(Tags.security, deploy=True)
def check_web(app_configs: Any, **_kwargs: Any) -> list[CheckMessage]:
    """Headers, cookies and limits of a site that others reach."""
    return [message for check in _CHECKS for message in check()]
