"""Everything that can be compared: the chain, the anchors, the barriers, and every row."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from django.db import connection

from governance.audit import anchors, barriers, naming, reading, register
from governance.audit.anchors import ANCHORED, Anchor
from governance.audit.chain import Expected, Walk
from governance.audit.faults import Fault, Kind
from governance.audit.restores import Replaced
from governance.models import AuditEvent

Progress = Callable[[int], object]
"""Is told how many events and rows were looked at; may raise to stop."""
KEPT: Final = 500
"""Faults that a kept report lists; it counts all."""


class Verdict(StrEnum):
    """What a verification comes to. Where a restore has replaced what an anchor names, the trail
    accounts for it, and proves nothing: whether that restore was an honest one is for people."""

    WHOLE = "whole"
    REPLACED = "replaced"
    NOT_WHOLE = "not whole"


@dataclass(slots=True)
class Report:
    """What was compared, every fault, and the anchors that a restore of a backup accounts for."""

    at: datetime
    faults: list[Fault] = field(default_factory=list)
    events: int = 0
    seals: int = 0
    last_hash: str = ""
    anchors: list[Anchor] = field(default_factory=list)
    rows: dict[str, int] = field(default_factory=dict)
    replaced: list[Replaced] = field(default_factory=list)

    @property
    def verdict(self) -> Verdict:
        if self.faults:
            return Verdict.NOT_WHOLE
        return Verdict.REPLACED if self.replaced else Verdict.WHOLE

    @property
    def is_whole(self) -> bool:
        return self.verdict is Verdict.WHOLE

    def as_json(self) -> dict[str, Any]:
        """docs/audit.md has the shape."""
        kinds = Counter(fault.kind.value for fault in self.faults)
        return {
            "whole": self.is_whole,
            "verdict": self.verdict.value,
            "replaced": [one.as_json() for one in self.replaced],
            "at": self.at.isoformat(),
            "events": self.events,
            "seals": self.seals,
            "last_hash": self.last_hash,
            "anchors": [
                {"name": a.name, "seq": a.seq, "at": a.at.isoformat(), "key": a.fingerprint()}
                for a in self.anchors
            ],
            "rows": self.rows,
            "outside": register.left_outside(),
            "fault_count": len(self.faults),
            "fault_kinds": dict(sorted(kinds.items())),
            "faults": [fault.as_json() for fault in self.faults[:KEPT]],
        }


def _taken_out(kept: list[Anchor]) -> Iterator[Fault]:
    """Anchors that the trail tells of and the folder has no more, since its first one: also the
    latest, which no other follows. Cost: one query."""
    if not kept:
        return
    there = {anchor.sha256 for anchor in kept}
    rows = AuditEvent.objects.filter(verb=ANCHORED, seq__gt=kept[0].seq)
    for event in reading.events(reading.numbered(rows, "seq").order_by("seq")):
        after = event.after if isinstance(event.after, dict) else {}
        if after.get("sha256") not in there:
            yield Fault(event.seq, Kind.ANCHOR_MISSING, detail=str(after.get("file", "")))


@reading.anyhow()
def examine(
    at: datetime,
    *,
    folder: Mapping[str, bytes] | None = None,
    files: Mapping[str, bytes] | None = None,
    trusted: frozenset[str] = frozenset(),
    progress: Progress | None = None,
) -> Report:
    """Compare all that can be compared, as of now (`at`).

    `folder` are the anchor files of one folder, bytes by name, none left out; `files` single ones,
    as kept elsewhere. `trusted` are fingerprints of the keys that may have signed them. Others may go on writing meanwhile. Memory and the number of queries follow the
    faults and the chunks, not the rows.
    """
    kept, unreadable = anchors.read_texts(folder or {})
    single, no_anchors = anchors.read_texts(files or {})
    found = anchors.in_order([*kept, *single])
    report = Report(at, anchors=found, faults=[*unreadable, *no_anchors])
    report.faults += anchors.signature_faults(found, trusted)
    report.faults += anchors.gaps(kept)
    report.faults += _taken_out(kept)
    report.faults += [
        Fault(0, Kind.BARRIER_MISSING, detail=name) for name in barriers.missing(connection)
    ]
    report.faults += [
        Fault(0, Kind.BARRIER_FOREIGN, detail=name) for name in barriers.foreign(connection)
    ]
    expected: dict[int, list[Expected]] = {}
    for anchor in found:
        # The anchor of an empty trail names no event.
        if anchor.seq:
            expected.setdefault(anchor.seq, []).append(anchor.as_expected())
    walk = Walk(anchors=expected, until=at)
    report.faults += walk.faults(progress)
    report.events, report.seals, report.last_hash = (
        walk.events,
        walk.seals,
        reading.printable(walk.last_hash),
    )
    report.replaced = walk.replaced
    compared: list[register.Compared] = []

    def rows_seen(done: int) -> None:
        if progress is not None:
            progress(walk.events + done)

    report.faults += register.compare(compared, rows_seen)
    report.faults[:KEPT] = naming.named(report.faults[:KEPT])
    report.rows = {item.object_type: item.rows for item in compared}
    return report
