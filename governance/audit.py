"""The audit trail: one event a write, in the same transaction, hash-chained.

`record` is an explicit line in every service: there are no signals to forget and no request to
fake. `verify` walks the chain and finds any gap or edit.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import connection, models

from governance.models import AuditEvent, AuditHead, User
from governance.models.base import to_json


@dataclass(frozen=True, slots=True)
class Act:
    """Who acts, when, and by what way; handed to every service."""

    user: User | None
    at: datetime
    source: str = "web"
    reason: str = ""

    @property
    def actor_name(self) -> str:
        return str(self.user) if self.user is not None else self.source


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong in the chain, at one number."""

    seq: int
    kind: str


def _digest(event: AuditEvent) -> str:
    """SHA-256 (hex) over every field of the event that carries meaning, and the link before."""
    content = {
        "seq": event.seq,
        "at": event.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "actor_id": event.actor_id,
        "actor_name": event.actor_name,
        "source": event.source,
        "verb": event.verb,
        "object_type": event.object_type,
        "object_key": event.object_key,
        "object_name": event.object_name,
        "before": event.before,
        "after": event.after,
        "reason": event.reason,
        "previous_hash": event.previous_hash,
    }
    canonical = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def changes(
    before: Mapping[str, Any] | None, after: Mapping[str, Any] | None
) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """Both states cut down to the fields that differ; a missing state stays None."""
    if before is None or after is None:
        return (
            None if before is None else dict(before),
            None if after is None else dict(after),
        )
    keys = [key for key in {**before, **after} if before.get(key) != after.get(key)]
    return {key: before.get(key) for key in keys}, {key: after.get(key) for key in keys}


def record(
    act: Act,
    verb: str,
    *,
    object_type: str,
    object_key: str,
    object_name: str = "",
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> AuditEvent:
    """Append one event. Must run inside the transaction of the write it tells of.

    Raises RuntimeError outside a transaction: an event apart from its write proves nothing.
    """
    if not connection.in_atomic_block:
        message = "audit.record must run inside the transaction of the write"
        raise RuntimeError(message)
    head = AuditHead.objects.select_for_update().order_by("pk").first()
    if head is None:
        head = AuditHead.objects.create()
    event = AuditEvent(
        seq=head.seq + 1,
        at=act.at,
        actor=act.user,
        actor_name=act.actor_name[:200],
        source=act.source,
        verb=verb,
        object_type=object_type,
        object_key=object_key,
        object_name=object_name[:300],
        before=None if before is None else to_json(dict(before)),
        after=None if after is None else to_json(dict(after)),
        reason=act.reason,
        previous_hash=head.hash,
    )
    event.hash = _digest(event)
    event.save(force_insert=True)
    head.seq, head.hash = event.seq, event.hash
    head.save(update_fields=["seq", "hash"])
    return event


def record_object(
    act: Act,
    verb: str,
    instance: models.Model,
    *,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
) -> AuditEvent:
    """`record` for one stored object; only fields that changed are kept."""
    old, new = changes(before, after)
    return record(
        act,
        verb,
        object_type=instance._meta.model_name or "",
        object_key=str(instance.pk),
        object_name=str(instance),
        before=old,
        after=new,
    )


def verify() -> Iterator[Fault]:
    """Every fault of the chain, in order; nothing where it is whole. Streams the table once."""
    previous, expected = "", 1
    for event in AuditEvent.objects.order_by("seq").iterator(chunk_size=2000):
        if event.seq != expected:
            yield Fault(expected, "gap")
        if event.previous_hash != previous:
            yield Fault(event.seq, "broken link")
        if _digest(event) != event.hash:
            yield Fault(event.seq, "altered")
        previous, expected = event.hash, event.seq + 1
    head = AuditHead.objects.order_by("pk").first()
    head_state = (head.seq, head.hash) if head is not None else (0, "")
    if head_state != (expected - 1, previous):
        yield Fault(expected - 1, "end cut off")
