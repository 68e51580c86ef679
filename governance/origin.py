"""Where what happens comes from: the request that is being answered, or the account of the machine.

Kept beside the log's own variables, which libraries bind and clear too: the trail makes it part of each
event (governance.audit.events).
"""

import getpass
import os
from contextvars import ContextVar
from functools import lru_cache
from typing import Final

_LONGEST: Final = 100
_request: ContextVar[dict[str, str] | None] = ContextVar("governance_origin", default=None)


def enter(number: str, client: str) -> None:
    """A request begins: its number, as the log and pages of errors have it, and its address."""
    _request.set({"request": number[:_LONGEST], "client": client[:_LONGEST]})


def leave() -> None:
    """A request was answered."""
    _request.set(None)


def current() -> dict[str, str]:
    """Number and address of the request; outside of one the account that this process runs as."""
    request = _request.get()
    return {"account": _account(_uid())} if request is None else dict(request)


def _uid() -> int | None:
    return os.getuid() if hasattr(os, "getuid") else None


@lru_cache(maxsize=4)
def _account(uid: int | None) -> str:
    """By its number on the machine, where there are such: LOGNAME says what its user wants."""
    if uid is None:
        return getpass.getuser()
    import pwd  # Not on every system.

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:  # A container may run as a number without a name.
        return f"uid {uid}"
