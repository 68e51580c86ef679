"""Who may do what: ONE table. Everything else asks it.

Duties follow the Standard Guideline where its text speaks; where it does not, the cell is this
product's proposal (docs/permissions.md, docs/decisions/0003).
A cell reads "scope letters": scope `all`, `own` (own agency and its sub-agencies), `prj` (own
projects), `case` (projects under verification by the person); letters C create, E edit, S submit,
A approve, R read, F flag. `-` grants nothing. Unlisted is denied.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import Enum, StrEnum
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from governance.querysets import ScopedQuerySet


class Role(models.TextChoices):
    CIO_OFFICE = "cio_office", _("Government CIO office")
    ADVISOR = "advisor", _("Government CIO advisor")
    MINISTRY_CIO = "ministry_cio", _("Ministry CIO / deputy CIO")
    PMO = "pmo", _("PMO")
    PJMO = "pjmo", _("PJMO")
    ACCOUNTING = "accounting", _("Accounting")
    HR = "hr", _("Personnel")
    PUBLIC_RELATIONS = "public_relations", _("Public relations")
    VERIFIER = "verifier", _("Third-party verifier")
    AUDITOR = "auditor", _("Auditor")


class Action(Enum):
    CREATE = "C"
    EDIT = "E"
    SUBMIT = "S"
    APPROVE = "A"
    READ = "R"
    FLAG = "F"


class Scope(StrEnum):
    ALL = "all"
    OWN = "own"
    PROJECT = "prj"
    CASE = "case"


class Resource(StrEnum):
    """Kinds of things that rights are given on; one row of the table each."""

    MASTER = "master"
    PLAN = "plan"
    SYSTEM = "system"
    SERVICE = "service"
    PROJECT = "project"
    CONTRACT = "contract"
    BUDGET = "budget"
    EXECUTION = "execution"
    KPI = "kpi"
    UPDATE = "update"
    BASELINE = "baseline"
    RISK = "risk"
    REVIEW_SELF = "review_self"
    REVIEW_MINISTRY = "review_ministry"
    REVIEW_CIO = "review_cio"
    VERIFICATION = "verification"
    FLAG = "flag"
    STAFFING = "staffing"
    APPOINTMENT = "appointment"
    PUBLICATION = "publication"
    IMPORT = "import"
    AUDIT = "audit"
    SCENARIO = "scenario"


_COLUMNS = (
    Role.CIO_OFFICE,
    Role.ADVISOR,
    Role.MINISTRY_CIO,
    Role.PMO,
    Role.PJMO,
    Role.ACCOUNTING,
    Role.HR,
    Role.PUBLIC_RELATIONS,
    Role.VERIFIER,
    Role.AUDITOR,
)

# fmt: off
GRANTS_TABLE = """
resource        | cio_office | advisor | ministry_cio | pmo       | pjmo     | accounting | hr      | public_relations | verifier | auditor
master          | all CEAR   | all RF  | all R        | all R     | all R    | all R      | all R   | all R            | all R    | all R
plan            | all RFA    | all RF  | own RA       | own CESR  | own R    | own RF     | own RF  | own R            | -        | all R
system          | all R      | all R   | own R        | own CEAR  | prj ESR  | own R      | -       | -                | case R   | all R
service         | all R      | all R   | own R        | own CEAR  | prj CESR | own R      | -       | own R            | case R   | all R
project         | all RF     | all RF  | own RA       | own CEAFR | prj ESR  | own R      | own R   | own R            | case R   | all R
contract        | all R      | all R   | own R        | own CEAR  | prj CESR | own ER     | -       | -                | case R   | all R
budget          | all RF     | all RF  | own RA       | own CESR  | prj CER  | own RA     | -       | -                | case R   | all R
execution       | all R      | all R   | own RA       | own RF    | prj RF   | own CESR   | -       | -                | case R   | all R
kpi             | all R      | all RF  | own R        | own CEAR  | prj CESR | -          | -       | -                | case R   | all R
update          | all RF     | all RF  | own R        | own AR    | prj CESR | -          | -       | -                | case R   | all R
baseline        | all R      | all RF  | own RA       | own CEAR  | prj CESR | own R      | -       | -                | case R   | all R
risk            | all RF     | all RF  | own R        | own CEAR  | prj CESR | -          | -       | -                | case R   | all R
review_self     | all R      | all R   | own R        | own R     | prj CESR | -          | -       | -                | case R   | all R
review_ministry | all R      | all RF  | own RA       | own CESR  | prj ER   | -          | -       | -                | case R   | all R
review_cio      | all CEAR   | all RF  | own R        | own ER    | prj ER   | -          | -       | -                | case R   | all R
verification    | all CEAR   | all RF  | own CR       | own CER   | prj ER   | -          | -       | -                | case CESR | all R
flag            | all RFA    | all RF  | own RFA      | own RF    | prj RF   | own R      | -       | -                | case R   | all R
staffing        | all RA     | all R   | own RA       | own CEAR  | prj R    | -          | own CEAR | -               | case R   | all R
appointment     | all ER   | all R   | own R        | own R     | prj R    | -          | own R   | -               | -        | all R
publication     | all AR     | all R   | own RA       | own SR    | -        | own R      | -       | own SR           | -        | all R
import          | all R      | -       | own R        | own CR    | -        | -          | -       | -                | -        | all R
audit           | all R      | -       | -            | -         | -        | -          | -       | -                | -        | all R
scenario        | all CER    | all CER | own CER      | own CER   | -        | -          | -       | -                | -        | all R
"""
# fmt: on


@dataclass(frozen=True, slots=True)
class Grant:
    scope: Scope
    actions: frozenset[Action]


def _parse(table: str) -> Mapping[Resource, Mapping[Role, Grant]]:
    lines = [line for line in table.strip().splitlines() if line.strip()]
    header = [cell.strip() for cell in lines[0].split("|")][1:]
    if header != [role.value for role in _COLUMNS]:
        raise ValueError(header)
    grants: dict[Resource, dict[Role, Grant]] = {}
    for line in lines[1:]:
        name, *cells = (cell.strip() for cell in line.split("|"))
        row: dict[Role, Grant] = {}
        for role, cell in zip(_COLUMNS, cells, strict=True):
            if cell != "-":
                scope, letters = cell.split()
                row[role] = Grant(Scope(scope), frozenset(Action(letter) for letter in letters))
        grants[Resource(name)] = row
    if missing := set(Resource) - set(grants):
        raise ValueError(missing)
    return grants


GRANTS = _parse(GRANTS_TABLE)

# Roles that decide on what others wrote, anywhere: nobody holds one on the word of one person.
APPROVING_ROLES = frozenset(
    role
    for row in GRANTS.values()
    for role, grant in row.items()
    if Action.APPROVE in grant.actions
)


@dataclass(frozen=True, slots=True)
class Access:
    """How one model's rows hang on agencies and projects, for one resource.

    `agency` and `project` are ORM paths to ids; `when` narrows the line to some of the rows;
    `many` says that a path crosses a many-to-many table.
    """

    resource: Resource
    agency: tuple[str, ...] = ()
    project: tuple[str, ...] = ()
    when: Q = field(default_factory=Q)
    many: bool = False


@dataclass(frozen=True, slots=True)
class Reach:
    """The part of the government that a right covers."""

    everything: bool = False
    agency_ids: frozenset[int] = frozenset()
    project_ids: frozenset[int] = frozenset()

    def __bool__(self) -> bool:
        return self.everything or bool(self.agency_ids) or bool(self.project_ids)


@dataclass(frozen=True, slots=True)
class Held:
    """One role held: where (own agency with its sub-agencies, or a project)."""

    role: Role
    agency_ids: frozenset[int] = frozenset()
    project_id: int | None = None
    # The agency of the project, for rights `own` that a project role has (e.g. reading the plan).
    project_agency_id: int | None = None


@dataclass(frozen=True, slots=True)
class Rights:
    """All that a person may do on a day."""

    held: tuple[Held, ...] = ()

    def reach(self, resource: Resource, action: Action) -> Reach:
        agencies: set[int] = set()
        projects: set[int] = set()
        for held in self.held:
            grant = GRANTS[resource].get(held.role)
            if grant is None or action not in grant.actions:
                continue
            if grant.scope is Scope.ALL:
                return Reach(everything=True)
            if grant.scope is Scope.OWN:
                agencies |= held.agency_ids
                if held.project_agency_id is not None:
                    agencies.add(held.project_agency_id)
            elif held.project_id is not None:
                projects.add(held.project_id)
        return Reach(agency_ids=frozenset(agencies), project_ids=frozenset(projects))

    def roles(self) -> frozenset[Role]:
        return frozenset(held.role for held in self.held)


NO_RIGHTS = Rights()


def _descendants(agency_ids: Iterable[int], parents: Mapping[int, int | None]) -> frozenset[int]:
    """`agency_ids` and every agency below them."""
    found = set(agency_ids)
    grown = True
    while grown:
        below = {child for child, parent in parents.items() if parent in found} - found
        found |= below
        grown = bool(below)
    return frozenset(found)


def load_rights_of(user_ids: Iterable[int], *, on: date) -> dict[int, Rights]:
    """Rights of several people on a day, from memberships valid then. Cost: one query, or two."""
    from governance.models import Agency, Membership, RoleTerm
    from governance.models.base import valid_on

    # Roles come and go with the guideline: who holds one that has ended holds nothing by it.
    ended = RoleTerm.objects.filter(role=OuterRef("role")).exclude(valid_on(on))
    held: dict[int, list[Held]] = {pk: [] for pk in user_ids}
    memberships = list(
        Membership.objects.filter(valid_on(on), ~Exists(ended), user_id__in=held).values_list(
            "user_id", "role", "agency_id", "project_id", "project__agency_id"
        )
    )
    parents: dict[int, int | None] = {}
    if any(agency_id for _user, _role, agency_id, _project, _agency in memberships):
        parents = dict(Agency.objects.values_list("pk", "parent_id"))
    for user_id, role, agency_id, project_id, project_agency_id in memberships:
        held[user_id].append(
            Held(
                role=Role(role),
                agency_ids=_descendants([agency_id], parents) if agency_id else frozenset(),
                project_id=project_id,
                project_agency_id=project_agency_id,
            )
        )
    return {pk: Rights(tuple(roles)) for pk, roles in held.items()}


def load_rights(user: Any, *, on: date) -> Rights:
    """Rights of `user` on a day, from memberships valid then. Cost: one query, or two."""
    return load_rights_of([user.pk], on=on)[user.pk]


def rights_of(user: Any) -> Rights:
    """Rights of `user` today; read once a request (kept on the user object)."""
    if user is None or not user.is_authenticated or not user.is_active:
        return NO_RIGHTS
    rights: Rights | None = getattr(user, "_rights", None)
    if rights is None:
        rights = load_rights(user, on=timezone.localdate())
        user._rights = rights
    return rights


def forget_rights(user: Any) -> None:
    """Read the rights again at the next question (after a membership changed)."""
    if hasattr(user, "_rights"):
        del user._rights


def can_somewhere(user: Any, action: Action, resource: Resource) -> bool:
    """Whether there may be any object of this kind on which `user` may act: shows or hides a
    button or a menu entry, never decides about a row."""
    return bool(rights_of(user).reach(resource, action))


def can(user: Any, action: Action, obj: models.Model) -> bool:
    """Whether `user` may perform `action` on a stored object. Cost: at most one query."""
    queryset: ScopedQuerySet[Any] = type(obj)._default_manager.filter(pk=obj.pk)  # type: ignore[assignment]
    return queryset.visible_to(user, action).exists()


def require(user: Any, action: Action, obj: models.Model) -> None:
    """Raise PermissionDenied (403) unless `can`."""
    if not can(user, action, obj):
        raise PermissionDenied


def require_somewhere(user: Any, action: Action, resource: Resource) -> None:
    """Raise PermissionDenied (403) unless `can_somewhere`."""
    if not can_somewhere(user, action, resource):
        raise PermissionDenied


def get_visible_or_404(queryset: "ScopedQuerySet[Any]", user: Any, **lookup: Any) -> Any:
    """The one row, or 404 where it does not exist or `user` may not see it: the same answer."""
    found = queryset.visible_to(user).filter(**lookup).first()
    if found is None:
        raise Http404
    return found
