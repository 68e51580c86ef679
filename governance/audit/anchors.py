"""Anchors: what the head of the trail was at a moment, signed, in files outside of the database.

Whoever owns the database can rewrite the whole chain so that it fits together again. An anchor
that they cannot reach, on another disk or in the auditors' mail, tells. Files are only ever
added: named by day and number, never overwritten, each with the hash of the one before.
"""

import base64
import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from django.conf import settings

from governance.audit import keys, restores
from governance.audit.chain import Expected
from governance.audit.faults import Fault, Kind
from governance.models import AuditHead

VERSION: Final = 1
LARGEST: Final = 16_384
"""Bytes that an anchor has at most; one has about 500."""
ANCHORED: Final = "trail.anchored"
"""The event of an anchor, which keeps the name and hash of its file"""


class NoAnchor(ValueError):
    """A file that is no anchor."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """One anchor as it was read: `name` is its file's, `sha256` that of the whole file."""

    name: str
    seq: int
    hash: str
    count: int
    at: datetime
    previous: str
    public_key: str
    signature: str
    sha256: str

    def as_expected(self) -> Expected:
        return Expected(self.seq, self.hash, self.at, self.name)

    @property
    def order(self) -> tuple[int, datetime]:
        return self.seq, self.at

    def fingerprint(self) -> str:
        return keys.fingerprint(keys.read_public(self.public_key))

    def is_signed(self) -> bool:
        """Whether the signature fits the words, by the key that the anchor itself names."""
        try:
            keys.read_public(self.public_key).verify(
                base64.b64decode(self.signature, validate=True), _signed(_content(self))
            )
        except (InvalidSignature, ValueError):
            return False
        return True


def _content(anchor: Anchor) -> dict[str, Any]:
    return {
        "version": VERSION,
        "seq": anchor.seq,
        "hash": anchor.hash,
        "count": anchor.count,
        "at": anchor.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "previous": anchor.previous,
        "public_key": anchor.public_key,
    }


def _signed(content: Mapping[str, Any]) -> bytes:
    """The bytes that are signed: canonical JSON of everything but the signature."""
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode()


def read(name: str, content: bytes) -> Anchor:
    """An anchor from a file's bytes. Raises NoAnchor."""
    if len(content) > LARGEST:
        raise NoAnchor(name)
    try:
        found = json.loads(content)
        if found["version"] != VERSION:
            raise NoAnchor(name)
        at = datetime.fromisoformat(found["at"])
        if at.tzinfo is None:
            raise NoAnchor(name)
        anchor = Anchor(
            name=name,
            seq=int(found["seq"]),
            hash=str(found["hash"]),
            count=int(found["count"]),
            at=at,
            previous=str(found["previous"]),
            public_key=str(found["public_key"]),
            signature=str(found["signature"]),
            sha256=hashlib.sha256(content).hexdigest(),
        )
        keys.read_public(anchor.public_key)
        if anchor.seq < 0 or anchor.count != anchor.seq:
            raise NoAnchor(name)
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise NoAnchor(name) from error
    return anchor


# Files ------------------------------------------------------------------------------------------


def directory() -> Path:
    return Path(settings.AUDIT_ANCHOR_DIR)


def files(folder: Path) -> list[Path]:
    """The anchor files of a folder, by name: day, then number."""
    return sorted(folder.glob("*.anchor.json")) if folder.is_dir() else []


def read_files(paths: Iterable[Path]) -> tuple[list[Anchor], list[Fault]]:
    """Anchors in the order of the chain, and the files that are none."""
    return read_texts({path.name: path.read_bytes() for path in paths})


def read_texts(contents: Mapping[str, bytes]) -> tuple[list[Anchor], list[Fault]]:
    """`read_files` of contents by name."""
    found, faults = [], []
    for name, content in contents.items():
        try:
            found.append(read(name, content))
        except NoAnchor:
            faults.append(Fault(0, Kind.ANCHOR_UNREADABLE, detail=name))
    return in_order(found), faults


def in_order(anchors: Iterable[Anchor]) -> list[Anchor]:
    """Anchors in the order of the chain, the same file once."""
    once = {anchor.sha256: anchor for anchor in anchors}
    return sorted(once.values(), key=lambda anchor: anchor.order)


def signature_faults(anchors: Iterable[Anchor], trusted: frozenset[str]) -> Iterator[Fault]:
    """Anchors that their key did not sign, or that no key of `trusted` signed.

    `trusted` are fingerprints; none means that whatever key an anchor names will do.
    """
    for anchor in anchors:
        if not anchor.is_signed():
            yield Fault(anchor.seq, Kind.ANCHOR_ALTERED, detail=anchor.name)
        elif trusted and anchor.fingerprint() not in trusted:
            yield Fault(anchor.seq, Kind.ANCHOR_FOREIGN, detail=anchor.name)


def gaps(anchors: Iterable[Anchor]) -> Iterator[Fault]:
    """Anchors of one folder that follow none of the others: one was taken out or replaced. The
    first of a folder follows none; no two follow the same one.

    By what they say of each other, not by number: after a restore of a backup numbers begin again
    below those of the anchors made since."""
    anchors = list(anchors)
    there = {anchor.sha256 for anchor in anchors}
    followed: set[str] = set()
    for anchor in sorted(anchors, key=lambda anchor: (anchor.at, anchor.seq)):
        is_first = not anchor.previous
        if anchor.previous in followed or not (is_first or anchor.previous in there):
            yield Fault(anchor.seq, Kind.ANCHOR_MISSING, detail=anchor.name)
        followed.add(anchor.previous)


def last(folder: Path) -> Anchor | None:
    """The latest anchor of a folder: the one that no other follows. Files that are none are passed
    over (`read_files` tells)."""
    found, _faults = read_files(files(folder))
    followed = {anchor.previous for anchor in found}
    ends = [anchor for anchor in found if anchor.sha256 not in followed]
    return (ends or found)[-1] if found else None


# Writing ----------------------------------------------------------------------------------------


def write(head: AuditHead, at: datetime) -> Path:
    """Sign the head and keep it in the folder of the settings; returns the new file.

    Raises NoKey, and FileExistsError where this very head was anchored today.
    """
    folder = directory()
    folder.mkdir(parents=True, exist_ok=True)
    key = keys.signing_key()
    before = last(folder)
    unsigned = Anchor(
        name="",
        seq=head.seq,
        hash=head.hash,
        count=head.seq,
        at=at,
        previous="" if before is None else before.sha256,
        public_key=keys.public_text(key.public_key()),
        signature="",
        sha256="",
    )
    content = _content(unsigned)
    signature = base64.b64encode(key.sign(_signed(content))).decode()
    text = json.dumps({**content, "signature": signature}, indent=1, sort_keys=True) + "\n"
    name = f"{at.astimezone(UTC):%Y-%m-%d}-{head.seq:012}"
    target = folder / f"{name}.anchor.json"
    if target.exists() and _is_replaced(target, head):
        # This number was another event's today, before a restore.
        target = folder / f"{name}-{head.hash[:12]}.anchor.json"
    _place(target, text.encode())
    return target


def _is_replaced(file: Path, head: AuditHead) -> bool:
    """Whether a file names another event of the head's number, which a restore has replaced."""
    try:
        found = read(file.name, file.read_bytes())
    except NoAnchor:
        return False
    if found.hash == head.hash:
        return False
    return restores.accounting(restores.known(), found) is not None


def _place(target: Path, content: bytes) -> None:
    """The whole file or none, and never over another: a link fails where the name is taken."""
    handle, draft = tempfile.mkstemp(dir=target.parent, prefix=".anchor-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(draft).chmod(0o444)
        os.link(draft, target)
    finally:
        Path(draft).unlink()
