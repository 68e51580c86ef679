"""Writing the trail: one event a write, in the same transaction, hash-chained.

`record` is an explicit line in every service: there are no signals to forget and no request to
fake. An event also keeps the state in which the write left its object, so that a row that was
changed without an event shows (`governance.audit.register`).
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain, islice
from typing import Any, Final, TypeVar

from django.conf import settings
from django.db import connection, models
from django.utils.translation import override

from governance import origin
from governance.audit.states import GONE, State, state_of
from governance.models import AuditEvent, AuditHead, AuditSeal, User
from governance.models.base import to_json

T = TypeVar("T")
BATCH: Final = 2000


@dataclass(frozen=True, slots=True)
class Act:
    """Who acts, when, and by what way; handed to every service."""

    user: User | None
    at: datetime
    source: str = "web"
    reason: str = ""

    @property
    def actor_name(self) -> str:
        return name_of(self.user) if self.user is not None else self.source


def digest(event: AuditEvent) -> str:
    """SHA-256 (hex) over every field of the event that carries meaning, and the link before.

    docs/audit.md says how to compute it without this program.
    """
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
        "state": event.state,
        "seals": event.seals,
        "previous_hash": event.previous_hash,
    }
    # Events from before there was an origin stay as they were hashed.
    if event.origin is not None:
        content["origin"] = event.origin
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


def seals_digest(seals: Iterable[tuple[int, str, str, str]]) -> str:
    """SHA-256 (hex) over the seals of one event in the order of their numbers: a line each with
    number, type, key and state."""
    hashed = hashlib.sha256()
    for seal in seals:
        # Bytes that are no text are hashed as they stand: never what the program has written.
        line = "\t".join(map(str, seal)).encode(errors="surrogateescape")
        hashed.update(line + b"\n")
    return hashed.hexdigest()


def _seal(seq: int, wrote: Iterable[State]) -> str:
    """Keep the states that a write to many left behind; returns the hash over them."""

    def kept() -> Iterator[tuple[int, str, str, str]]:
        for batch in _batches(enumerate(wrote, 1)):
            AuditSeal.objects.bulk_create(
                AuditSeal(
                    seq=seq,
                    number=number,
                    object_type=found.object_type,
                    object_key=found.object_key,
                    state=found.state,
                )
                for number, found in batch
            )
            yield from ((number, *found) for number, found in batch)

    first = next(numbered := kept(), None)
    return "" if first is None else seals_digest(chain([first], numbered))


def _batches(rows: Iterable[T]) -> Iterator[list[T]]:
    source = iter(rows)
    while batch := list(islice(source, BATCH)):
        yield batch


def name_of(thing: object) -> str:
    """What the trail calls a thing: as the site's own language has it, whoever acts in which language.

    Else one record would go by another name with each of its events, and nobody who looks for one of
    them would find them all.
    """
    with override(settings.LANGUAGE_CODE):
        return str(thing)


def record(
    act: Act,
    verb: str,
    *,
    object_type: str,
    object_key: str,
    object_name: str = "",
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    state: str = "",
    wrote: Iterable[State] = (),
) -> AuditEvent:
    """Append one event. Must run inside the transaction of the write it tells of, and after it.

    `wrote` are the states in which a write to many rows left each of them (`audit.stored`): one
    row each in the table of seals. Cost: three statements, and one a 2,000 seals.
    Raises RuntimeError outside a transaction: an event apart from its write proves nothing.
    """
    if not connection.in_atomic_block:
        message = "audit.record must run inside the transaction of the write"
        raise RuntimeError(message)
    head = AuditHead.objects.select_for_update().get(pk=AuditHead.ONLY)
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
        state=state,
        seals=_seal(head.seq + 1, wrote),
        origin=origin.current(),
        previous_hash=head.hash,
    )
    event.hash = digest(event)
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
    after: Mapping[str, Any],
    wrote: Iterable[State] = (),
) -> AuditEvent:
    """`record` for one object as it was just saved, or stands unchanged (`after` is empty).

    Only fields that changed are kept, but the state of the whole object: `instance` must hold what
    the database holds. `wrote` are rows that were written with it.
    """
    old, new = changes(before, after)
    return _record_of(
        act, verb, instance, before=old, after=new, state=state_of(instance, after), wrote=wrote
    )


def record_deletion(
    act: Act, verb: str, instance: models.Model, *, before: Mapping[str, Any]
) -> AuditEvent:
    """`record` for an object that the same transaction deletes: from here on it must not be there.

    Apart from `record_object`, so that no event about an object that stays can tell of its end.
    """
    return _record_of(act, verb, instance, before=before, after=None, state=GONE)


def _record_of(
    act: Act,
    verb: str,
    instance: models.Model,
    *,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
    state: str,
    wrote: Iterable[State] = (),
) -> AuditEvent:
    return record(
        act,
        verb,
        object_type=instance._meta.model_name or "",
        object_key=str(instance.pk),
        object_name=name_of(instance),
        before=before,
        after=after,
        state=state,
        wrote=wrote,
    )
