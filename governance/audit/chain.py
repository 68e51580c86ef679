"""Walking the chain: gaps, edits, a cut end, a second head, and time that runs back."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, Final

from django.conf import settings
from django.db import models

from governance.audit import bent, reading, restores
from governance.audit.events import digest, seals_digest
from governance.audit.faults import Fault, Kind
from governance.audit.restores import Replaced, Restore
from governance.models import AuditEvent, AuditHead, AuditSeal

Progress = Callable[[int], object]
"""Is told how many events were walked; may raise to stop."""
CHUNK: Final = 2000


@dataclass(frozen=True, slots=True)
class Expected:
    """What an anchor outside of the database says of one event."""

    seq: int
    hash: str
    at: datetime
    name: str


@dataclass(slots=True)
class Walk:
    """One walk along the chain, against what anchors say; reads both tables once.

    `events` is the number of the last event walked; `replaced` are anchors that do not fit and that
    a restore accounts for: they are no faults.
    """

    anchors: Mapping[int, list[Expected]] = field(default_factory=dict)
    until: datetime | None = None
    events: int = 0
    seals: int = 0
    last_hash: str = ""
    replaced: list[Replaced] = field(default_factory=list)
    _restores: list[Restore] = field(default_factory=list)
    _latest: datetime | None = None
    _floor: datetime | None = None

    def faults(self, progress: Progress | None = None) -> Iterator[Fault]:
        """Every fault of the chain, in order; nothing where it is whole.

        Others may go on writing: what came after the walk began is left to the next one.
        """
        # What is written last is read first: a head that is read later is never behind it.
        ends = [_last(AuditSeal.objects.all()), _last(AuditEvent.objects.all())]
        heads = list(AuditHead.objects.order_by("pk"))
        end = max([*ends, *(reading.whole(head.seq) for head in heads)])
        stored_otherwise = dict(bent.columns(AuditEvent))
        yield from _without_place(stored_otherwise)
        seals = _Seals(end)
        expected = 1
        for event in _events(end):
            if event.seq != expected:
                yield Fault(expected, Kind.GAP)
            if event.previous_hash != self.last_hash:
                yield Fault(event.seq, Kind.BROKEN_LINK)
            column = stored_otherwise.get(event.pk, "")
            if column or not _is_as_hashed(event):
                yield Fault(event.seq, Kind.ALTERED, detail=column)
            elif (restore := restores.of(event)) is not None:
                self._restores.append(restore)
            yield from seals.upto(event)
            if reading.has_time(event):
                yield from self._times(event)
                yield from self._anchored(event)
            self.last_hash, expected = event.hash, event.seq + 1
            self.events += 1
            if progress is not None and self.events % CHUNK == 0:
                progress(self.events)
        yield from seals.rest()
        self.seals = seals.read
        yield from _head_faults(heads, expected - 1, self.last_hash)
        for seq, anchors in sorted(self.anchors.items()):
            if seq >= expected:
                gone = (anchor for anchor in anchors if not self._is_replaced(anchor))
                yield from (Fault(seq, Kind.ANCHORED_GONE, detail=a.name) for a in gone)

    def _is_replaced(self, anchor: Expected) -> bool:
        """Whether a restore that was walked by now accounts for an anchor that does not fit."""
        restore = restores.accounting(self._restores, anchor)
        if restore is None:
            return False
        self.replaced.append(Replaced(anchor.name, anchor.seq, restore))
        return True

    def _times(self, event: AuditEvent) -> Iterator[Fault]:
        """Events stand in the order of their commits; a clock that was set back shows."""
        slack = timedelta(seconds=settings.AUDIT_CLOCK_TOLERANCE)
        if self._latest is not None and event.at < self._latest - slack:
            yield Fault(event.seq, Kind.BACK_IN_TIME, detail=event.at.isoformat())
        elif self._floor is not None and event.at < self._floor - slack:
            yield Fault(event.seq, Kind.BEFORE_ANCHOR, detail=event.at.isoformat())
        if self.until is not None and event.at > self.until + slack:
            yield Fault(event.seq, Kind.IN_FUTURE, detail=event.at.isoformat())
        self._latest = event.at if self._latest is None else max(self._latest, event.at)

    def _anchored(self, event: AuditEvent) -> Iterator[Fault]:
        slack = timedelta(seconds=settings.AUDIT_CLOCK_TOLERANCE)
        for anchor in self.anchors.get(event.seq, ()):
            if event.hash != anchor.hash:
                if self._is_replaced(anchor):
                    continue
                yield Fault(event.seq, Kind.NOT_ANCHORED, detail=anchor.name)
            if event.at > anchor.at + slack:
                yield Fault(event.seq, Kind.AFTER_ANCHOR, detail=anchor.name)
            self._floor = anchor.at if self._floor is None else max(self._floor, anchor.at)


def _without_place(stored_otherwise: Mapping[int, str]) -> Iterator[Fault]:
    """Events whose number is none: the chain cannot hold them, and where they stood a gap is told."""
    for pk, column in stored_otherwise.items():
        if column == "seq":
            yield Fault(0, Kind.ALTERED, detail=f"id {pk}: {column}")


def _is_as_hashed(event: AuditEvent) -> bool:
    if not reading.has_time(event):  # A time that is none, which SQLite keeps, is read as nothing.
        return False
    try:
        return digest(event) == event.hash
    except reading.UNREADABLE:
        return False  # It holds what no event was ever hashed with.


def _last(rows: models.QuerySet[Any]) -> int:
    return reading.numbered(rows, "seq").aggregate(last=models.Max("seq"))["last"] or 0


# Both tables page by page, with no cursor left open: SQLite refuses what a check writes of its own
# progress beside one, as soon as anybody else has written. Rows that tampering gave the same number
# are told apart by their key, so that none falls between two pages.


def _events(end: int) -> Iterator[AuditEvent]:
    """The events up to a number, in their order. Cost: a query a CHUNK of them."""
    rows = reading.numbered(AuditEvent.objects.filter(seq__lte=end), "seq").order_by("seq", "pk")
    page = reading.events(rows[:CHUNK])
    while page:
        yield from page
        last = page[-1]
        rest = rows.filter(seq__gte=last.seq).exclude(seq=last.seq, pk__lte=last.pk)
        page = reading.events(rest[:CHUNK])


def _seals(end: int) -> Iterator[tuple[int, int, str, str, str]]:
    """The seals up to an event: its number, their own, type, key and state. Cost: as `_events`."""
    there = reading.numbered(AuditSeal.objects.filter(seq__lte=end), "seq", "number")
    rows = there.order_by("seq", "number", "pk")
    told = rows.values_list("seq", "number", "object_type", "object_key", "state", "pk")
    page = list(told[:CHUNK])
    while page:
        yield from (row[:5] for row in page)
        seq, number, *_rest, pk = page[-1]
        rest = told.filter(seq__gte=seq).exclude(seq=seq, number__lt=number)
        page = list(rest.exclude(seq=seq, number=number, pk__lte=pk)[:CHUNK])


class _Seals:
    """The seals in the order of their events, read along with the chain."""

    def __init__(self, end: int) -> None:
        self.read = 0
        self._groups = groupby(_seals(end), key=lambda row: row[0])
        self._waiting = next(self._groups, None)

    def upto(self, event: AuditEvent) -> Iterator[Fault]:
        """Faults of the seals of `event`, and of any that belong to no event before it."""
        while self._waiting is not None and self._waiting[0] < event.seq:
            yield self._stray()
        found = ""
        if self._waiting is not None and self._waiting[0] == event.seq:
            found = seals_digest(self._take())
        if found != event.seals:
            yield Fault(event.seq, Kind.SEALS_ALTERED)

    def rest(self) -> Iterator[Fault]:
        while self._waiting is not None:
            yield self._stray()

    def _stray(self) -> Fault:
        seq = self._waiting[0] if self._waiting is not None else 0
        for _row in self._take():
            pass
        return Fault(seq, Kind.SEALS_ALTERED)

    def _take(self) -> Iterator[tuple[int, str, str, str]]:
        if self._waiting is not None:
            for _seq, number, object_type, key, state in self._waiting[1]:
                self.read += 1
                yield number, object_type, key, state
        self._waiting = next(self._groups, None)


def _head_faults(heads: list[AuditHead], seq: int, last_hash: str) -> Iterator[Fault]:
    if not heads:
        yield Fault(seq, Kind.NO_HEAD)
        return
    if len(heads) > 1 or heads[0].pk != AuditHead.ONLY:
        yield Fault(seq, Kind.SECOND_HEAD)
    if (heads[0].seq, heads[0].hash) != (seq, last_hash):
        yield Fault(seq, Kind.CUT_OFF)


def verify() -> Iterator[Fault]:
    """Every fault of the chain by itself, in order; nothing where it is whole. Streams the tables
    once."""
    with reading.anyhow():
        yield from Walk().faults()
