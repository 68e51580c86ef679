"""Whether whoever verifies stands outside of the body and the vendors that are verified.

One pure question for every door and every order of the steps: posts and appointments are compared
as they stand, whichever came first.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Final

PJMO: Final = "pjmo"
# Roles that stand inside of the body they are held in.
INSIDE: Final = frozenset({PJMO, "pmo", "ministry_cio", "accounting", "hr", "public_relations"})


class Bar(StrEnum):
    """Why somebody cannot verify."""

    PROJECT = "project"
    OFFICE = "office"
    VENDOR = "vendor"


@dataclass(frozen=True, slots=True)
class Post:
    """One role that a person holds, held or will hold: in an agency, or in a project of one."""

    role: str
    agency_id: int | None = None
    project_id: int | None = None
    starts: date = date.min


@dataclass(frozen=True, slots=True)
class Subject:
    """What is verified: its projects, its agency with those above and below, its vendors."""

    project_ids: frozenset[int] = frozenset()
    agency_ids: frozenset[int] = frozenset()
    vendor_numbers: frozenset[str] = frozenset()
    vendor_names: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Verifier:
    """Who verifies: posts of the person, corporate number and name of the body; `until` is the
    last day of the appointment, None while it stands."""

    posts: tuple[Post, ...] = field(default=())
    number: str = ""
    name: str = ""
    until: date | None = None


def plain_name(name: str) -> str:
    """A body's name as it is compared: normal width, no spaces, one case."""
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", name)).casefold()


def family(agency_ids: Iterable[int], parents: dict[int, int | None]) -> frozenset[int]:
    """Agencies with all above them and all below them (agency → the one above)."""
    found = set(agency_ids)
    below = set(found)
    above = [parents.get(pk) for pk in found]
    while above:
        new = {pk for pk in above if pk is not None} - found
        found |= new
        above = [parents.get(pk) for pk in new]
    while below:
        below = {child for child, parent in parents.items() if parent in below} - found
        found |= below
    return frozenset(found)


def conflicts(subject: Subject, verifier: Verifier) -> tuple[Bar, ...]:
    """Every reason for which this verifier does not stand outside; none is independence.

    Posts count at any time up to the end of the appointment, so that last year's PJMO verifies
    nothing of that agency; a post in the very project counts for ever.
    """
    last = verifier.until or date.max
    found = []
    inside = [post for post in verifier.posts if post.role in INSIDE]
    if any(post.role == PJMO and post.project_id in subject.project_ids for post in inside):
        found.append(Bar.PROJECT)
    if any(post.agency_id in subject.agency_ids and post.starts <= last for post in inside):
        found.append(Bar.OFFICE)
    is_vendor = verifier.number != "" and verifier.number in subject.vendor_numbers
    if is_vendor or plain_name(verifier.name) in subject.vendor_names - {""}:
        found.append(Bar.VENDOR)
    return tuple(found)
