"""Who holds which role: granted, changed, ended and handed over, each step in the audit trail."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from governance import audit
from governance.access import Action, Role, can, forget_rights, rights_of
from governance.audit import Act
from governance.exceptions import Conflict, DomainError
from governance.models import Membership, Training, User
from governance.models.base import snapshot, valid_on
from projects.models import Finding, Project, Risk
from projects.models.choices import ENDED_PHASES, RiskStatus
from projects.people import may_see
from projects.register import KINDS
from projects.services import flags, register

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


def _refuse(act: Act, membership: Membership, action: Action) -> None:
    """Raise unless the actor may write this membership."""
    if act.user is None:
        return
    if membership.user_id == act.user.pk:
        raise DomainError(_("Nobody changes their own roles."))
    if membership.role not in grantable(act.user):
        raise PermissionDenied
    if not can(act.user, action, membership):
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


def _refuse_dependent(membership: Membership) -> None:
    """A verifier stands outside of the body that is verified."""
    project = membership.project
    if project is None or membership.role not in (Role.VERIFIER, Role.PJMO):
        return
    held = Membership.objects.filter(user=membership.user).filter(
        Q(valid_to__isnull=True) | Q(valid_to__gte=membership.valid_from or date.min)
    )
    if membership.role == Role.VERIFIER:
        inside = Q(role=Role.PJMO, project=project) | Q(
            role__in=[Role.PMO, Role.MINISTRY_CIO, Role.ACCOUNTING], agency=project.agency_id
        )
    else:
        inside = Q(role=Role.VERIFIER, project=project)
    if held.filter(inside).exists():
        raise ValidationError(
            _("A verifier stands outside: nobody verifies a project of their own office.")
        )


def _settle(act: Act, membership: Membership, verb: str, before: dict[str, Any] | None) -> None:
    membership.updated_at, membership.updated_by = act.at, act.user
    membership.full_clean()
    _refuse_overlap(membership)
    _refuse_dependent(membership)
    membership.save()
    _refuse(act, membership, Action.CREATE if before is None else Action.EDIT)
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


@transaction.atomic
def grant(act: Act, values: Mapping[str, Any]) -> Membership:
    """Give somebody a role. `values`: user, role, agency or project, is_head, allocation_percent,
    valid_from, valid_to. Audited as "membership.granted".

    Raises ValidationError, DomainError for one's own roles, PermissionDenied outside one's scope.
    """
    membership = Membership(**values)
    # Two grants to one person wait for each other: overlaps are seen.
    User.objects.select_for_update().get(pk=membership.user_id)
    _settle(act, membership, "membership.granted", None)
    return membership


@transaction.atomic
def change(act: Act, pk: int, values: Mapping[str, Any], *, version: int) -> Membership:
    """Change share, head or days of a role held; never whose or where it is. Audited as
    "membership.changed"."""
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
    membership.version += 1
    _settle(act, membership, "membership.changed", before)
    return membership


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
    try:
        user.full_clean(exclude=["password"])
    except ValidationError as error:
        raise _without_unseen(act, username, error) from error
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


def _without_unseen(act: Act, username: str, error: ValidationError) -> ValidationError:
    """`error`, in which the name of an account out of the actor's sight is told like any name that
    cannot be used."""
    by_field = dict(error.error_dict)
    if act.user is None or not any(one.code == "unique" for one in by_field.get("username", [])):
        return error
    holder = User.objects.filter(username=username).first()
    if holder is None or may_see(act.user, holder):
        return error
    by_field["username"] = [
        ValidationError(_("This account name cannot be used: choose another one."))
    ]
    return ValidationError(by_field)


# Skills and training ----------------------------------------------------------------------------------------


@transaction.atomic
def record_training(
    act: Act, person: User, values: Mapping[str, Any], training: Training | None = None
) -> Training:
    """Record, or change, a skill, training or qualification. Audited."""
    action = Action.CREATE if training is None else Action.EDIT
    if training is not None:
        training = Training.objects.select_for_update(of=("self",)).get(pk=training.pk)
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


def open_work(person: User) -> list[Any]:
    """Open risks and findings that name the person as their owner. Cost: two queries."""
    names = {name for name in (person.display_name, person.username) if name}
    risks = Risk.objects.filter(owner__in=names).exclude(status=RiskStatus.CLOSED)
    findings = Finding.objects.filter(owner__in=names, accepted_on__isnull=True)
    return [
        *risks.select_related("project"),
        *findings.select_related("review__review_type", "review__project", "review__system"),
    ]


def roles_of(person: User, on: date) -> Iterable[Membership]:
    """The roles that the person holds on a day. Cost: one query."""
    return (
        Membership.objects.filter(valid_on(on), user=person)
        .select_related("agency", "project")
        .order_by("role", "pk")
    )


@transaction.atomic
def hand_over(act: Act, person: User, successor: User, on: date) -> HandedOver:
    """Pass the roles and the open work of somebody who leaves to a successor, who holds them from
    the day after `on`.

    What lies outside of the actor's rights stays, and is told. Audited record by record.
    """
    if person.pk == successor.pk:
        raise ValidationError({"successor": _("Choose another person.")})
    done = HandedOver()
    for membership in roles_of(person, on):
        name = f"{membership.get_role_display()} – {membership.agency or membership.project or ''}"
        try:
            with transaction.atomic():
                _pass_on(act, membership, successor, on)
        except (PermissionDenied, DomainError, ValidationError) as error:
            done.left.append(f"{name}: {_why(error)}")
        else:
            done.roles.append(name)
    for item in open_work(person):
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
    return done


def _why(error: Exception) -> str:
    if isinstance(error, PermissionDenied):
        return _("outside of what your role may write")
    return " ".join(error.messages) if isinstance(error, ValidationError) else str(error)


def _pass_on(act: Act, membership: Membership, successor: User, on: date) -> None:
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
            "valid_to": membership.valid_to,
        },
    )
