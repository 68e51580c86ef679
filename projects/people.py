"""Reads of people and roles: who is where, what is vacant, who has too much."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from django.db.models import Q

from governance.access import Action, Resource, Role, rights_of
from governance.models import Agency, AuditEvent, Membership, Training, User
from governance.models.base import valid_on
from projects.models import Project
from projects.models.choices import REPORTING_PHASES

FULL: Final = 100
"""Percent of a working time."""
HEADS: Final = 3
"""Projects that one person can lead at once."""
CONTACTS: Final = (Role.ACCOUNTING, Role.HR, Role.PUBLIC_RELATIONS)


@dataclass(slots=True)
class Person:
    """Somebody with the roles that the reader may see."""

    user: User
    memberships: list[Membership] = field(default_factory=list)


def people(user: Any, on: date, *, text: str = "", agency: str = "") -> list[Person]:
    """Everybody with a role in the reader's sight on a day, by name. Cost: one query."""
    rows = Membership.objects.visible_to(user).filter(valid_on(on))
    if agency:
        rows = rows.filter(Q(agency__code=agency) | Q(project__agency__code=agency))
    if text:
        rows = rows.filter(
            Q(user__display_name__icontains=text) | Q(user__username__icontains=text)
        )
    found: dict[int, Person] = {}
    rows = rows.select_related("user", "agency", "project")
    for row in rows.order_by("user__display_name", "user__username", "role", "pk"):
        found.setdefault(row.user_id, Person(row.user)).memberships.append(row)
    return list(found.values())


def may_see(user: Any, person: User) -> bool:
    """Whether the reader sees a role of this person, present or past, or made the account without
    giving it one yet. Cost: at most two queries."""
    if Membership.objects.visible_to(user).filter(user=person).exists():
        return True
    # Else its first password could be set by the wrong ministry.
    made = AuditEvent.objects.filter(
        verb="user.created", object_type="user", object_key=str(person.pk), actor=user
    )
    return made.exists() and not Membership.objects.filter(user=person).exists()


@dataclass(frozen=True, slots=True)
class Contact:
    """Who speaks for an office of an agency."""

    agency: Agency
    role: Role
    names: str
    is_role: bool
    """Whether somebody holds the role, or only a text names a contact"""


def contacts(user: Any, on: date) -> list[Contact]:
    """Accounting, personnel and public relations of each agency in sight. Cost: two queries."""
    reach = rights_of(user).reach(Resource.STAFFING, Action.READ)
    agencies = Agency.objects.filter(valid_on(on))
    if not reach.everything:
        agencies = agencies.filter(pk__in=reach.agency_ids)
    holders: dict[tuple[int, str], list[str]] = defaultdict(list)
    rows = Membership.objects.filter(valid_on(on), role__in=CONTACTS, agency__isnull=False)
    for row in rows.select_related("user").order_by("-is_head", "pk"):
        if row.agency_id is not None:
            mail = f" ({row.user.email})" if row.user.email else ""
            holders[row.agency_id, row.role].append(f"{row.user}{mail}")
    texts = {
        Role.ACCOUNTING: "contact_accounting",
        Role.HR: "contact_hr",
        Role.PUBLIC_RELATIONS: "contact_pr",
    }
    found = []
    for agency in agencies.order_by("order", "code"):
        for role in CONTACTS:
            names = holders.get((agency.pk, role), [])
            text = ", ".join(names) or getattr(agency, texts[role])
            found.append(Contact(agency, role, text, bool(names)))
    return found


@dataclass(frozen=True, slots=True)
class Load:
    """What one person carries: shares that are known, how many are not, projects led."""

    user: User
    percent: int
    unknown: int
    heads: int

    @property
    def is_too_much(self) -> bool:
        return self.percent > FULL or self.heads > HEADS


@dataclass(slots=True)
class Gaps:
    """What is vacant, and who has too much."""

    without_head: list[Project] = field(default_factory=list)
    without_pjmo: list[Project] = field(default_factory=list)
    without_verifier: list[Project] = field(default_factory=list)
    without_pmo: list[Agency] = field(default_factory=list)
    overloaded: list[Load] = field(default_factory=list)
    expired: list[Training] = field(default_factory=list)


def gaps(user: Any, on: date) -> Gaps:
    """Vacancies and over-allocation in the reader's sight. Cost: five queries."""
    found = Gaps()
    reach = rights_of(user).reach(Resource.STAFFING, Action.READ)
    inside = (
        Q() if reach.everything else Q(agency__in=reach.agency_ids) | Q(pk__in=reach.project_ids)
    )
    running = list(
        Project.objects.filter(inside, phase__in=REPORTING_PHASES)
        .select_related("agency")
        .order_by("agency__order", "code")
    )
    held: dict[tuple[str, int], list[Membership]] = defaultdict(list)
    offices: set[int] = set()
    rows = Membership.objects.filter(valid_on(on), user__is_active=True).select_related("user")
    for row in rows:
        if row.project_id is not None:
            held[row.role, row.project_id].append(row)
        if row.role == Role.PMO and row.agency_id is not None:
            offices.add(row.agency_id)
    for project in running:
        members = held[Role.PJMO, project.pk]
        if not members:
            found.without_pjmo.append(project)
        elif not any(member.is_head for member in members):
            found.without_head.append(project)
        if project.is_priority and not held[Role.VERIFIER, project.pk]:
            found.without_verifier.append(project)
    found.without_pmo = _without_pmo(running, offices)
    seen = set(
        Membership.objects.visible_to(user).filter(valid_on(on)).values_list("user_id", flat=True)
    )
    active = {project.pk for project in running}
    found.overloaded = _loads((row for row in rows if row.user_id in seen), active)
    trainings = Training.objects.visible_to(user).filter(expires_on__lt=on)
    found.expired = list(trainings.select_related("user").order_by("expires_on", "pk")[:200])
    return found


def _without_pmo(running: Iterable[Project], offices: set[int]) -> list[Agency]:
    """Agencies with running projects and no PMO of their own or above them."""
    found: dict[int, Agency] = {}
    parents = dict(Agency.objects.values_list("pk", "parent_id"))
    for project in running:
        above: int | None = project.agency_id
        while above is not None and above not in offices:
            above = parents.get(above)
        if above is None:
            found.setdefault(project.agency_id, project.agency)
    return list(found.values())


def _loads(rows: Iterable[Membership], running: set[int]) -> list[Load]:
    percent: dict[int, int] = defaultdict(int)
    unknown: dict[int, int] = defaultdict(int)
    heads: dict[int, int] = defaultdict(int)
    users: dict[int, User] = {}
    for row in rows:
        users[row.user_id] = row.user
        if row.allocation_percent is None:
            unknown[row.user_id] += 1
        else:
            percent[row.user_id] += row.allocation_percent
        heads[row.user_id] += row.is_head and row.project_id in running
    loads = [Load(u, percent[pk], unknown[pk], heads[pk]) for pk, u in users.items()]
    return sorted((load for load in loads if load.is_too_much), key=lambda load: -load.percent)
