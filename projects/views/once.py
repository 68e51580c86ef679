"""A form sent twice makes one object.

Each form for a new object carries a token. What came of it is kept in the session, in the same
transaction as the object itself; requests of one person wait for each other, so that the second
of two clicks finds what the first one made.
"""

import secrets
from typing import Any, Final

from django.http import HttpRequest

from governance.models import User

_SESSION_KEY: Final = "made"
_REMEMBERED: Final = 20


def new_token() -> str:
    return secrets.token_urlsafe(16)


def made_before(request: HttpRequest, token: str) -> str:
    """The page of what this token has made already, or "". Locks the person's row: call it
    inside the transaction that makes the object."""
    person: Any = request.user.pk
    User.objects.select_for_update().get(pk=person)
    # The session in memory is as old as the request; the other request may have ended since.
    made = request.session.load().get(_SESSION_KEY, {})
    return str(made.get(token, ""))


def remember(request: HttpRequest, token: str, url: str) -> None:
    """Keep what the token made, inside the transaction that made it."""
    made = dict(request.session.load().get(_SESSION_KEY, {}))
    made[token] = url
    request.session[_SESSION_KEY] = dict(list(made.items())[-_REMEMBERED:])
    request.session.save()
