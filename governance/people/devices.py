"""Device cookies: a browser that has signed in as somebody before is told from a stranger's.

Wrong passwords of strangers are counted apart from those of the holder's own browsers, so that
nobody is locked out by somebody else's guesses (OWASP, "Slow down online guessing attacks with
device cookies").
"""

import secrets
from typing import Any, Final

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from governance.models import User

COOKIE: Final = "known_device"
_SALT: Final = "governance.people.devices"
_SECONDS: Final = 180 * 24 * 3600
# People who share a machine; the oldest is forgotten first.
_MOST: Final = 5


def _known(request: HttpRequest) -> dict[str, str]:
    """Mark by account id of those who have signed in with this browser."""
    given = request.COOKIES.get(COOKIE, "")
    try:
        found: Any = signing.loads(given, salt=_SALT, max_age=_SECONDS)
    except signing.BadSignature:
        return {}
    return dict(found)


def mark_of(request: HttpRequest, user: User | None) -> str:
    """What names this browser for `user`; "" where they have never signed in with it."""
    return "" if user is None else _known(request).get(str(user.pk), "")


def remember(request: HttpRequest, response: HttpResponse, user: User) -> None:
    """Let this browser be known as one of `user`'s."""
    known = _known(request)
    mark = known.pop(str(user.pk), "") or secrets.token_urlsafe(16)
    kept = dict([*known.items(), (str(user.pk), mark)][-_MOST:])
    response.set_cookie(
        COOKIE,
        signing.dumps(kept, salt=_SALT),
        max_age=_SECONDS,
        path=reverse("account"),
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
