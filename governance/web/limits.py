"""How much one person may ask for in a time: costly doors stay open for everybody.

A limit protects the machine, never a right: where the cache that counts does not answer, people
are let in and the log tells. Processes count together where CACHE_URL names a cache that they
share; each counts for itself otherwise. Limits of sign-ins are not here.
"""

import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import wraps
from typing import Any, Final, TypeVar, cast

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

logger = logging.getLogger(__name__)
View = TypeVar("View", bound=Callable[..., HttpResponseBase])

_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_WRITTEN: Final = re.compile(r"([0-9]{1,6})/([smhd])")


class Door(StrEnum):
    """What is counted, a person and door each."""

    UPLOAD = "upload"
    EXPORT = "export"
    SEARCH = "search"
    EXPLAIN = "explain"
    API_WRITE = "api_write"


@dataclass(frozen=True, slots=True)
class Limit:
    """So many times in so many seconds, counted from round moments of the clock."""

    times: int
    seconds: int

    @classmethod
    def parse(cls, text: str) -> "Limit":
        """`60/h`: 60 times an hour (s, m, h or d). Raises ValueError; none is smaller than 1."""
        written = _WRITTEN.fullmatch(text)
        if written is None or int(written[1]) < 1:
            raise ValueError(text)
        return cls(int(written[1]), _SECONDS[written[2]])


def limit_of(door: Door) -> Limit | None:
    """The limit in the settings; None where the door has none. Raises ValueError."""
    limits: Mapping[str, str] = settings.LIMITS
    text = limits.get(door.value, "")
    return Limit.parse(text) if text else None


def wait(door: Door, person: Any, at: datetime) -> int:
    """Count one passage; how many seconds the person has to wait, 0 to pass.

    Who is turned away is counted too. Cost: two calls of the cache.
    """
    limit = limit_of(door)
    if limit is None or person.pk is None:
        return 0
    window, passed = divmod(int(at.timestamp()), limit.seconds)
    key = f"limit:{door}:{person.pk}:{window}"
    try:
        cache.add(key, 0, timeout=limit.seconds)
        count = cache.incr(key)
    except Exception:
        # Which errors a cache raises depends on its client. Counting is not worth an outage.
        logger.exception("The cache does not count: %s is let in", door)
        return 0
    return limit.seconds - passed if count > limit.times else 0


def limited(door: Door, *methods: str) -> Callable[[View], View]:
    """Counts the requests of a page, or those of these `methods`; who asks too often is told
    when to come back."""

    def decorate(view: View) -> View:
        @wraps(view)
        def counted(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if methods and request.method not in methods:
                return view(request, *args, **kwargs)
            seconds = wait(door, request.user, timezone.now())
            return too_many(request, seconds) if seconds else view(request, *args, **kwargs)

        return cast("View", counted)

    return decorate


def too_many(request: HttpRequest, seconds: int) -> HttpResponseBase:
    """429, in the reader's language."""
    response = render(request, "429.html", {"told": sentence(seconds)}, status=429)
    response.headers["Retry-After"] = str(seconds)
    return response


def sentence(seconds: int) -> str:
    """When to come back, in words."""
    minutes = -(-seconds // 60)
    return _("You have asked for this very often. It is open to you again in %(n)d min.") % {
        "n": minutes
    }
