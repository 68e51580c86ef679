"""Notices: told once an event, in the application and, as each person prefers, by mail."""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.utils import timezone

from governance.access import Role
from governance.models import Membership, Notice, User
from governance.models.base import valid_on


@dataclass(frozen=True, slots=True)
class Telling:
    """One thing to tell one person; `event` names it, so that it is never told twice."""

    user_id: int
    event: str
    kind: str
    args: Mapping[str, Any] = field(default_factory=dict)
    path: str = ""


# Characters that turn the direction of the text around them.
_TURNS = {
    ord(character): None for character in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
}
_BREAKS = frozenset(("Cc", "Cs", "Zl", "Zp"))


def one_line(text: str) -> str:
    """Text as one line: breaks and controls become spaces, so that nothing can end a subject or a
    header, and what no database can keep (NUL, half a character) is gone."""
    spaced = "".join(
        " " if unicodedata.category(character) in _BREAKS else character for character in text
    )
    return " ".join(spaced.translate(_TURNS).split())


def _kept(value: Any) -> Any:
    return one_line(value) if isinstance(value, str) else value


def tell(tellings: Iterable[Telling], at: datetime) -> int:
    """Keep what was not told yet; returns how much that was. Cost: two statements a 500."""
    wanted = {(one.user_id, one.event[:200]): one for one in tellings}
    if not wanted:
        return 0
    known = set(
        Notice.objects.filter(
            user_id__in={user for user, _event in wanted},
            event__in={event for _user, event in wanted},
        ).values_list("user_id", "event")
    )
    fresh = [
        Notice(
            user_id=user,
            event=event,
            kind=one.kind,
            args={name: _kept(value) for name, value in one.args.items()},
            path=one.path[:300],
            created_at=at,
        )
        for (user, event), one in wanted.items()
        if (user, event) not in known
    ]
    # Somebody else may tell the same at this moment: the database lets one of the two through.
    Notice.objects.bulk_create(fresh, ignore_conflicts=True, batch_size=500)
    return len(fresh)


def tell_office(kind: str, what: str, args: Mapping[str, Any], at: datetime) -> None:
    """Tell those who run the site, the holders of the CIO office's role, once a `what`."""
    office = Membership.objects.filter(
        valid_on(timezone.localdate(at)), role=Role.CIO_OFFICE, user__is_active=True
    )
    people = office.values_list("user_id", flat=True).distinct()
    tell([Telling(pk, f"{kind}:{what}", kind, args) for pk in people], at)


def unread_count(user: Any) -> int:
    """How many notices wait. Cost: one query."""
    return Notice.objects.filter(user_id=user.pk, read_at__isnull=True).count()


def mark_read(user: User, at: datetime, pk: int | None = None) -> int:
    """Mark one notice of a person as read, or all; returns how many."""
    rows = Notice.objects.filter(user=user, read_at__isnull=True)
    return (rows if pk is None else rows.filter(pk=pk)).update(read_at=at)


def local(user: User, at: datetime) -> datetime:
    """A moment in a person's own time zone; the site's where they chose none."""
    try:
        return at.astimezone(ZoneInfo(user.time_zone or settings.TIME_ZONE))
    except (ZoneInfoNotFoundError, ValueError):
        return at.astimezone(ZoneInfo(settings.TIME_ZONE))
