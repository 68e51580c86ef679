"""Sessions: when they began and were last used, which ones a person has, and their end."""

import time
from typing import Any, Final

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest
from django.utils import timezone

from governance import audit
from governance.audit import Act
from governance.models import User

BEGAN, SEEN, WAY = "governance.began", "governance.seen", "governance.way"
# How often a session in use is written down, in seconds: not with every request.
EVERY: Final = 60


def moment() -> float:
    """Seconds since the epoch."""
    return time.time()


def begin(sender: object, request: HttpRequest, user: User, **kwargs: Any) -> None:
    """Receives Django's own sign-in signal, which no way in passes by."""
    request.session[BEGAN] = request.session[SEEN] = moment()


def over_because(session: SessionBase) -> str:
    """Why a session is over: "idle", "absolute" or "" (it is not). One that doesn't tell when it
    began is over."""
    now = moment()
    began, seen = session.get(BEGAN), session.get(SEEN)
    if began is None or seen is None or now - began > settings.SESSION_COOKIE_AGE:
        return "absolute"
    idle = settings.SESSION_IDLE_SECONDS
    return "idle" if idle and now - seen > idle else ""


def touch(session: SessionBase) -> None:
    """Write down that a session is in use. Cost: nothing, or two statements once a minute."""
    now = moment()
    if now - session[SEEN] >= EVERY:
        session[SEEN] = now
        UserSession.objects.filter(session_key=session.session_key).update(
            last_seen_at=timezone.now()
        )


def is_recent(session: SessionBase) -> bool:
    """Whether somebody signed in so lately that they need not confirm it again."""
    began: float = session.get(BEGAN, 0.0)
    return moment() - began < settings.ACCOUNT_REAUTHENTICATION_TIMEOUT


def browser_name(user_agent: str) -> str:
    """A browser and its system as people call them; as it names itself where neither is known."""
    # Each names the ones after it too: the first that fits is it.
    browsers = {"Edg": "Edge", "OPR": "Opera", "Firefox": "Firefox", "Chrome": "Chrome"}
    systems = ("Windows", "Android", "iPhone", "iPad", "Mac", "Linux")
    browser = next((name for mark, name in browsers.items() if mark in user_agent), "")
    if not browser and "Safari" in user_agent:
        browser = "Safari"
    system = next((name for name in systems if name in user_agent), "")
    return ", ".join(part for part in (browser, system) if part) or user_agent[:60]


def sessions_of(user: User) -> list[UserSession]:
    """The sessions that are open, the last used first. Cost: two queries a session."""
    found: list[UserSession] = UserSession.objects.purge_and_list(user)
    return sorted(found, key=lambda one: one.last_seen_at, reverse=True)


def end(act: Act, user: User, chosen: list[UserSession], why: str) -> int:
    """End sessions of `user`; returns how many. Must run inside a transaction. Audited as
    "user.sessions_ended" where there are any."""
    for session in chosen:
        session.end()
    if chosen:
        audit.record_object(
            act,
            "user.sessions_ended",
            user,
            before=None,
            after={"sessions": len(chosen), "because": why},
        )
    return len(chosen)


def end_all(act: Act, user: User, why: str, *, but: str | None = None) -> int:
    """End every session of `user`, except the one with the key `but`. See `end`."""
    open_ones = [one for one in UserSession.objects.filter(user=user) if one.session_key != but]
    return end(act, user, open_ones, why)
