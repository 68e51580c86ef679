"""Who holds which role: granted, changed, ended and handed over, each step in the audit trail."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from governance import audit
from governance.access import Action, Role, can, forget_rights, rights_of
from governance.audit import Act
from governance.exceptions import Conflict, DomainError
from governance.models import Agency, Membership, Training, User
from governance.models.base import snapshot, valid_on
from projects.models import Finding, MonthlyUpdate, Risk
from projects.models.choices import OPEN_STATES, RiskStatus
from projects.register import KINDS
from projects.services import register

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
    """The roles that `user` may give somewhere."""
    held = rights_of(user).roles()
    return frozenset().union(*(MAY_GRANT[role] for role in MAY_GRANT if role in held))


def may_grant(user: Any, membership: Membership) -> bool:
    """Whether a role that `user` holds at this very place gives this one: personnel of one ministry
    who is PMO of another names no ministry CIO there. Queries at most the project."""
    project = membership.project
    agency_id = membership.agency_id if project is None else project.agency_id
    return any(
        agency_id in held.agency_ids and membership.role in MAY_GRANT.get(held.role, ())
        for held in rights_of(user).held
    )


def may_write(user: Any, membership: Membership) -> bool:
    """`may_grant`, and it is another person's."""
    return membership.user_id != user.pk and may_grant(user, membership)


def may_give_password(user: Any, person: User) -> bool:
    """Whether `user` may hand out the address of a first password.

    Whoever has it can sign in as this person: every role of theirs must be one that `user` could
    have given. Cost: one query.
    """
    if not person.is_active or person.has_usable_password() or person.last_login is not None:
        return False
    held = Membership.objects.filter(user=person).select_related("project")
    return bool(grantable(user)) and all(may_write(user, one) for one in held)


def _refuse(act: Act, membership: Membership, action: Action) -> None:
    """Raise unless the actor may write this membership."""
    if act.user is None:
        return
    if membership.user_id == act.user.pk:
        raise DomainError(_("Nobody changes their own roles."))
    if not may_grant(act.user, membership):
        raise PermissionDenied
    if membership.pk is not None and not can(act.user, action, membership):
        raise PermissionDenied


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


# Offices that have a hand in the projects of their agency, and of those below it.
_INSIDE: Final = (Role.PMO, Role.MINISTRY_CIO, Role.ACCOUNTING)


def _with_parents(agency_id: int) -> set[int]:
    """An agency and all above it. Cost: one query."""
    parents = dict(Agency.objects.values_list("pk", "parent_id"))
    found: set[int] = set()
    above: int | None = agency_id
    while above is not None and above not in found:
        found.add(above)
        above = parents.get(above)
    return found


def _refuse_dependent(membership: Membership) -> None:
    """A verifier stands outside of the body that is verified."""
    project, start, end = membership.project, membership.valid_from, membership.valid_to
    held = Membership.objects.filter(user=membership.user).exclude(pk=membership.pk)
    if start is not None:
        held = held.filter(Q(valid_to__isnull=True) | Q(valid_to__gte=start))
    if end is not None:
        held = held.filter(Q(valid_from__isnull=True) | Q(valid_from__lte=end))
    if membership.role == Role.VERIFIER and project is not None:
        above = _with_parents(project.agency_id)
        inside = Q(role=Role.PJMO, project=project) | Q(role__in=_INSIDE, agency__in=above)
    elif membership.role == Role.PJMO:
        inside = Q(role=Role.VERIFIER, project=project)
    elif membership.role in _INSIDE:
        verified = held.filter(role=Role.VERIFIER).values_list("project__agency_id", flat=True)
        inside = Q(role=Role.VERIFIER, project__agency__in=[
            pk for pk in verified if pk is not None and membership.agency_id in _with_parents(pk)
        ])
    else:
        return
    if held.filter(inside).exists():
        raise ValidationError(
            _("A verifier stands outside: nobody verifies a project of their own office.")
        )


def _settle(act: Act, membership: Membership, verb: str, before: dict[str, Any] | None) -> None:
    membership.updated_at, membership.updated_by = act.at, act.user
    membership.full_clean()
    if verb != "membership.ended":  # Whatever is wrong with a role, it can be ended.
        _refuse_overlap(membership)
        _refuse_dependent(membership)
    membership.save()
    _refuse(act, membership, Action.CREATE if before is None else Action.EDIT)
    audit.record_object(act, verb, membership, before=before, after=snapshot(membership))
    forget_rights(membership.user)


@transaction.atomic
def grant(act: Act, values: Mapping[str, Any]) -> Membership:
    """Give somebody a role. `values`: user, role, agency or project, is_head, allocation_percent,
    valid_from, valid_to. Audited as "membership.granted".

    Raises ValidationError, DomainError for one's own roles, PermissionDenied outside one's scope.
    """
    membership = Membership(**values)
    # Two grants to one person wait for each other: overlaps are seen.
    User.objects.select_for_update().get(pk=membership.user_id)
    # Before any other fault is told: what others hold elsewhere is not the actor's to know.
    _refuse(act, membership, Action.CREATE)
    _settle(act, membership, "membership.granted", None)
    return membership


@transaction.atomic
def change(act: Act, pk: int, values: Mapping[str, Any], *, version: int) -> Membership:
    """Change share, head or days of a role held; never whose or where it is. Audited as
    "membership.changed", or "membership.ended" where its end moves nearer and nothing else."""
    membership = Membership.objects.select_for_update(of=("self",)).get(pk=pk)
    _refuse(act, membership, Action.EDIT)
    if membership.version != version:
        raise Conflict(snapshot(membership))
    before = snapshot(membership)
    for name in ("is_head", "allocation_percent", "valid_from", "valid_to"):
        if name in values:
            setattr(membership, name, values[name])
    if snapshot(membership) == before:
        return membership
    changed = {name for name, value in snapshot(membership).items() if value != before[name]}
    is_ended = changed == {"valid_to"} and _is_nearer(membership.valid_to, before["valid_to"])
    membership.version += 1
    _settle(act, membership, "membership.ended" if is_ended else "membership.changed", before)
    return membership


def _is_nearer(end: date | None, before: str | None) -> bool:
    return end is not None and (before is None or end < date.fromisoformat(before))


@transaction.atomic
def end(act: Act, pk: int, on: date, *, version: int | None = None) -> Membership:
    """End a role: `on` is its last day. The record stays. Audited as "membership.ended"."""
    membership = Membership.objects.select_for_update(of=("self",)).get(pk=pk)
    _refuse(act, membership, Action.EDIT)
    if version is not None and membership.version != version:
        raise Conflict(snapshot(membership))
    if membership.valid_from is not None and on < membership.valid_from:
        raise ValidationError({"on": _("The end lies before the start.")})
    before = snapshot(membership)
    membership.valid_to = on
    membership.version += 1
    _settle(act, membership, "membership.ended", before)
    return membership


@transaction.atomic
def add_person(act: Act, *, username: str, display_name: str, email: str, language: str) -> User:
    """A new account without a password: its holder sets one with a link. Audited as
    "user.created". PMO and personnel only."""
    if act.user is not None and not grantable(act.user):
        raise PermissionDenied
    user = User(username=username, display_name=display_name, email=email, language=language)
    user.set_unusable_password()
    user.full_clean(exclude=["password"])
    user.save()
    audit.record_object(
        act,
        "user.created",
        user,
        before=None,
        after={
            "username": username,
            "display_name": display_name,
            "email": email,
            "language": language,
        },
    )
    return user


# Skills and training ----------------------------------------------------------------------------------------


@transaction.atomic
def record_training(
    act: Act,
    person: User,
    values: Mapping[str, Any],
    training: Training | None = None,
    *,
    version: int | None = None,
) -> Training:
    """Record, or change, a skill, training or qualification. Audited.

    Raises Conflict where `version`, the one the actor saw, is no longer the stored one.
    """
    action = Action.CREATE if training is None else Action.EDIT
    if training is not None:
        training = Training.objects.select_for_update(of=("self",)).get(pk=training.pk)
    if training is not None and version is not None and training.version != version:
        raise Conflict(snapshot(training))
    before = None if training is None else snapshot(training)
    training = training or Training(user=person)
    for name in ("kind", "title", "level", "obtained_on", "expires_on", "note"):
        setattr(training, name, values[name])
    if before is not None and snapshot(training) == before:
        return training
    if before is not None:
        training.version += 1
    training.updated_at, training.updated_by = act.at, act.user
    training.full_clean()
    training.save()
    if act.user is not None and not can(act.user, action, training):
        raise PermissionDenied
    verb = "training.recorded" if before is None else "training.changed"
    audit.record_object(act, verb, training, before=before, after=snapshot(training))
    return training


# Handing over -------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class HandedOver:
    """What moved to the successor, and what could not."""

    roles: list[str] = field(default_factory=list)
    work: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class OpenWork:
    """What somebody has open, as far as the reader sees it, and how much more there is."""

    roles: list[Membership]
    """Held on the day, or beginning later"""
    reports: list[MonthlyUpdate]
    """Begun or returned reports of the projects in `roles`: they go along with the role"""
    items: list[Risk | Finding]
    hidden_roles: int
    hidden_items: int


def open_work(user: User | None, person: User, on: date) -> OpenWork:
    """Roles, reports, risks and findings of `person`. `user` None (a command) sees all.
    Cost: seven queries."""
    names = {name for name in (person.display_name, person.username) if name}
    roles = Membership.objects.filter(
        Q(valid_to__isnull=True) | Q(valid_to__gte=on), user=person
    ).order_by("role", "pk")
    risks = Risk.objects.filter(owner__in=names).exclude(status=RiskStatus.CLOSED)
    findings = Finding.objects.filter(owner__in=names, accepted_on__isnull=True)
    reports = MonthlyUpdate.objects.filter(state__in=OPEN_STATES)
    totals = roles.count(), risks.count() + findings.count()
    if user is not None:
        roles, reports = roles.visible_to(user), reports.visible_to(user)
        risks, findings = risks.visible_to(user), findings.visible_to(user)
    held = list(roles.select_related("agency", "project__agency"))
    led = {one.project_id for one in held if one.role == Role.PJMO}
    items: list[Risk | Finding] = [
        *risks.select_related("project"),
        *findings.select_related("review__review_type", "review__project", "review__system"),
    ]
    return OpenWork(
        roles=held,
        reports=list(reports.filter(project__in=led).select_related("project")),
        items=items,
        hidden_roles=totals[0] - len(held),
        hidden_items=totals[1] - len(items),
    )


@transaction.atomic
def hand_over(act: Act, person: User, successor: User, on: date) -> HandedOver:
    """Pass the roles and the open work of somebody who leaves to a successor, who holds them from
    the day after `on`.

    What lies outside of the actor's rights stays, and is told. Audited record by record.
    """
    if person.pk == successor.pk:
        raise ValidationError({"successor": _("Choose another person.")})
    done, work, moved = HandedOver(), open_work(act.user, person, on), set()
    for membership in work.roles:
        name = f"{membership.get_role_display()} – {membership.agency or membership.project or ''}"
        try:
            with transaction.atomic():
                _pass_on(act, membership, successor, on)
        except (PermissionDenied, DomainError, ValidationError) as error:
            done.left.append(f"{name}: {_why(error)}")
        else:
            done.roles.append(name)
            if membership.role == Role.PJMO:
                moved.add(membership.project_id)
    for report in work.reports:
        if report.project_id in moved:
            done.work.append(f"{KINDS['monthly-updates'].name}: {report}")
    for item in work.items:
        kind = KINDS["risks" if isinstance(item, Risk) else "findings"]
        name = f"{kind.name}: {item}"
        try:
            with transaction.atomic():
                values = {"owner": successor.display_name or successor.username}
                register.edit(act, kind, item.pk, values, version=item.version)
        except (PermissionDenied, DomainError, ValidationError) as error:
            done.left.append(f"{name}: {_why(error)}")
        else:
            done.work.append(name)
    # Their names are not the actor's to read; that they remain is.
    if work.hidden_roles:
        done.left.append(
            _("Roles that you do not see: %(count)d") % {"count": work.hidden_roles}
        )
    if work.hidden_items:
        done.left.append(
            _("Open risks and findings in this name that you do not see: %(count)d")
            % {"count": work.hidden_items}
        )
    return done


def _why(error: Exception) -> str:
    if isinstance(error, PermissionDenied):
        return _("outside of what your role may write")
    return " ".join(error.messages) if isinstance(error, ValidationError) else str(error)


def _pass_on(act: Act, membership: Membership, successor: User, on: date) -> None:
    # Ended on that very day already: the successor goes on all the same.
    until = None if membership.valid_to == on else membership.valid_to
    end(act, membership.pk, on)
    held = Membership.objects.filter(
        valid_on(on + timedelta(days=1)),
        user=successor,
        role=membership.role,
        agency=membership.agency,
        project=membership.project,
    )
    if held.exists():
        return
    grant(
        act,
        {
            "user": successor,
            "role": membership.role,
            "agency": membership.agency,
            "project": membership.project,
            "is_head": membership.is_head,
            "allocation_percent": membership.allocation_percent,
            "valid_from": on + timedelta(days=1),
            "valid_to": until,
        },
    )
