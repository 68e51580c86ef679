"""Writing a role that somebody holds: the checks that hold on every way to one."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from governance import audit
from governance.access import Action, Rights, Role, forget_rights, require, rights_of
from governance.audit import Act
from governance.exceptions import DomainError
from governance.models import Membership, RoleRequest
from governance.models.base import snapshot
from projects.models import Project
from projects.models.choices import ENDED_PHASES
from projects.services import flags, independence

# Which office may give which role. Government-wide roles are given on the machine itself
# (manage.py grant_role): nobody inside a ministry makes a supervisor of it.
_OF_A_PROJECT: Final = frozenset({Role.PJMO, Role.VERIFIER})
_OF_AN_OFFICE: Final = frozenset({Role.PMO, Role.ACCOUNTING, Role.PUBLIC_RELATIONS})
MAY_GRANT: Final[Mapping[Role, frozenset[Role]]] = {
    Role.PMO: _OF_A_PROJECT | _OF_AN_OFFICE,
    # Who approves for the ministry, and who keeps its staff, is for personnel to say.
    Role.HR: _OF_A_PROJECT | _OF_AN_OFFICE | {Role.MINISTRY_CIO, Role.HR},
}


def grantable(user: Any) -> frozenset[Role]:
    """The roles that `user` may give, or ask for, somewhere."""
    held = rights_of(user).roles()
    return frozenset().union(*(MAY_GRANT[role] for role in MAY_GRANT if role in held))


def offices_asking(rights: Rights, role: str, agency_id: int | None) -> frozenset[Role]:
    """By which of the offices held `role` may be given in an agency, or in a project of it."""
    return frozenset(
        held.role
        for held in rights.held
        if role in MAY_GRANT.get(held.role, ()) and agency_id in held.agency_ids
    )


def agency_of(role: Membership | RoleRequest) -> int | None:
    """The agency in which a role counts: its own, or that of its project."""
    return role.project.agency_id if role.project is not None else role.agency_id


def refuse_actor(act: Act, membership: Membership | RoleRequest) -> None:
    """Raise unless the actor holds, at this very place, an office that gives this role."""
    if act.user is None:
        return
    if membership.user_id == act.user.pk:
        raise DomainError(_("Nobody changes their own roles."))
    if not offices_asking(rights_of(act.user), membership.role, agency_of(membership)):
        raise PermissionDenied


def refuse_changing(act: Act, membership: Membership) -> None:
    """Raise unless the actor may change or end a role that is held: whoever may give it, but for a
    verifier's the CIO office alone, which appointed it; the verified would silence it."""
    if act.user is None or membership.role != Role.VERIFIER:
        refuse_actor(act, membership)
    elif membership.user_id == act.user.pk:
        raise DomainError(_("Nobody changes their own roles."))
    else:
        require(act.user, Action.EDIT, membership)


def _refuse_overlap(membership: Membership) -> None:
    """One person holds one role at one place once at a time."""
    others = Membership.objects.filter(
        user=membership.user,
        role=membership.role,
        agency=membership.agency,
        project=membership.project,
    ).exclude(pk=membership.pk)
    start, end = membership.valid_from or date.min, membership.valid_to or date.max
    for other in others:
        if (other.valid_from or date.min) <= end and start <= (other.valid_to or date.max):
            raise ValidationError(_("This person holds this role there already."))


def store(act: Act, membership: Membership) -> None:
    """Validate and save a role; raises ValidationError where it overlaps another of the person or
    breaks an independence."""
    membership.updated_at, membership.updated_by = act.at, act.user
    membership.full_clean()
    _refuse_overlap(membership)
    membership.save()
    independence.check_person(membership.user_id)


def told(act: Act, membership: Membership, verb: str, before: dict[str, Any] | None) -> None:
    """Audit what was stored, and let it count from now on."""
    audit.record_object(act, verb, membership, before=before, after=snapshot(membership))
    forget_rights(membership.user)
    _judge_projects(act, membership)


def _judge_projects(act: Act, membership: Membership) -> None:
    """Whether somebody answers for a project depends on who holds its offices. Only the projects
    of the one office that changed are judged again."""
    projects = Project.objects.exclude(phase__in=ENDED_PHASES)
    if membership.project_id is not None:
        projects = projects.filter(pk=membership.project_id)
    elif membership.agency_id is not None:
        projects = projects.filter(agency_id=membership.agency_id)
    else:
        return
    flags.recompute_for(
        act,
        as_of=timezone.localdate(act.at),
        project_ids=list(projects.values_list("pk", flat=True)),
    )
