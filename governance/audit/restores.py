"""Restores of backups, as the trail itself tells of them: which events they put others in place of.

Anchors that were made on those events never fit again. That is no sign of tampering where the trail
accounts for it, and no proof of the contrary either: who owns the database can restore a backup, or
write such an event into a chain computed anew. So it is a verdict of its own: people are to say
whether they know of that restore.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from django.conf import settings
from django.utils.translation import gettext as _

from governance.audit import reading
from governance.models import AuditEvent

VERB: Final = "backup.restored"


class Anchored(Protocol):
    """What an anchor says of one event."""

    @property
    def seq(self) -> int: ...
    @property
    def hash(self) -> str: ...
    @property
    def at(self) -> datetime: ...


@dataclass(frozen=True, slots=True)
class Restore:
    """One restore: its event, the backup's file, and (number, hash) of each head that it replaced."""

    seq: int
    at: datetime
    backup: str
    heads: tuple[tuple[int, str], ...]

    def accounts_for(self, anchor: Anchored) -> bool:
        """Whether an anchor may name an event that this restore has replaced: made before it, on a
        number between the restore's own and the head that was there."""
        slack = timedelta(seconds=settings.AUDIT_CLOCK_TOLERANCE)
        if anchor.seq < self.seq or anchor.at > self.at + slack:
            return False
        return any(
            seq > anchor.seq or (seq, link) == (anchor.seq, anchor.hash) for seq, link in self.heads
        )


@dataclass(frozen=True, slots=True)
class Replaced:
    """An anchor whose event a restore has replaced."""

    anchor: str
    seq: int
    restore: Restore

    def as_json(self) -> dict[str, Any]:
        return {
            "anchor": self.anchor,
            "seq": self.seq,
            "event": self.restore.seq,
            "at": self.restore.at.isoformat(),
            "backup": self.restore.backup,
        }


def replaced_text(told: Mapping[str, Any]) -> str:
    """A sentence on what `Replaced.as_json` made."""
    return _(
        "The anchor %(anchor)s was made on events that a restore of %(backup)s has replaced: see event"
        " %(event)d."
    ) % {"anchor": told["anchor"], "backup": told["backup"], "event": told["event"]}


def of(event: AuditEvent) -> Restore | None:
    """The restore that an event tells of; None for any other event."""
    if event.verb != VERB:
        return None
    told = event.after.get("replaced") if isinstance(event.after, dict) else None
    heads = [
        (head["seq"], head["hash"])
        for head in (told if isinstance(told, list) else [])
        if isinstance(head, dict)
        and isinstance(head.get("seq"), int)
        and isinstance(head.get("hash"), str)
    ]
    return Restore(event.seq, event.at, event.object_key, tuple(heads))


def known(*, after: int = 0) -> list[Restore]:
    """The restores after an event's number. Cost: one query."""
    rows = AuditEvent.objects.filter(verb=VERB, seq__gt=after).order_by("seq")
    with reading.anyhow():
        there = reading.events(rows)
    found = (of(event) for event in there if reading.has_time(event))
    return [restore for restore in found if restore is not None]


def accounting(restores: Iterable[Restore], anchor: Anchored) -> Restore | None:
    """The first of these restores that accounts for an anchor that does not fit."""
    return next((one for one in restores if one.accounts_for(anchor)), None)
