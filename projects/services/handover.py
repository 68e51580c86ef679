"""Passing the roles and the open work of somebody who leaves to a successor."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from governance.access import Action
from governance.audit import Act
from governance.exceptions import DomainError
from governance.models import Membership, RoleRequest, User
from governance.models.base import valid_on
from governance.people.belonging import is_within_reach
from projects.models import Finding, Risk
from projects.models.choices import RiskStatus
from projects.register import KINDS
from projects.services import people, register


@dataclass(slots=True)
class HandedOver:
    """What moved to the successor, what waits for others to agree, and what could not."""

    roles: list[str] = field(default_factory=list)
    work: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


def open_work(person: User, user: Any = None, action: Action = Action.READ) -> list[Any]:
    """Open risks and findings that the person owns, by account: all of them, or those on which
    `user` may perform `action`. Cost: two queries."""
    risks: Any = Risk.objects.filter(owner_user=person).exclude(status=RiskStatus.CLOSED)
    findings: Any = Finding.objects.filter(owner_user=person, accepted_on__isnull=True)
    if user is not None:
        risks = risks.visible_to(user, action)
        findings = findings.visible_to(user, action)
    return [
        *risks.select_related("project", "owner_user"),
        *findings.select_related("review__review_type", "review__project", "review__system"),
    ]


def roles_of(person: User, on: date, user: Any = None) -> Iterable[Membership]:
    """The roles that the person holds on a day: all of them, or those that `user` may end. Cost:
    one query."""
    rows = Membership.objects.filter(valid_on(on), user=person)
    if user is not None:
        rows = rows.visible_to(user, Action.EDIT)
    return rows.select_related("agency", "project").order_by("role", "pk")


@transaction.atomic
def hand_over(act: Act, person: User, successor: User, on: date) -> HandedOver:
    """Pass the roles and the open work of somebody who leaves to a successor, who holds them from
    the day after `on`; roles that others have to agree to are asked for.

    Only what lies within the actor's rights is touched, named or counted; of that, what could not
    be passed on is told. Audited record by record. Raises PermissionDenied where one of the two
    people is out of reach.
    """
    if person.pk == successor.pk:
        raise ValidationError({"successor": _("Choose another person.")})
    if act.user is not None:
        today = timezone.localdate(act.at)
        if not all(is_within_reach(act.user, one, today) for one in (person, successor)):
            raise PermissionDenied
    done = HandedOver()
    for membership in roles_of(person, on, act.user):
        name = f"{membership.get_role_display()} – {membership.agency or membership.project or ''}"
        try:
            with transaction.atomic():
                is_asked = _pass_on(act, membership, successor, on)
        except (PermissionDenied, DomainError, ValidationError) as error:
            done.left.append(f"{name}: {_why(error)}")
        else:
            (done.asked if is_asked else done.roles).append(name)
    for item in open_work(person, act.user, Action.EDIT):
        kind = KINDS["risks" if isinstance(item, Risk) else "findings"]
        name = f"{kind.name}: {item}"
        try:
            with transaction.atomic():
                register.edit(act, kind, item.pk, {"owner_user": successor}, version=item.version)
        except (PermissionDenied, DomainError, ValidationError) as error:
            done.left.append(f"{name}: {_why(error)}")
        else:
            done.work.append(name)
    return done


def _why(error: Exception) -> str:
    if isinstance(error, PermissionDenied):
        return _("outside of what your role may write")
    return " ".join(error.messages) if isinstance(error, ValidationError) else str(error)


def _pass_on(act: Act, membership: Membership, successor: User, on: date) -> bool:
    """End a role and give it to the successor; whether others have to agree first."""
    until = membership.valid_to
    people.end(act, membership.pk, on)
    held = Membership.objects.filter(
        valid_on(on + timedelta(days=1)),
        user=successor,
        role=membership.role,
        agency=membership.agency,
        project=membership.project,
    )
    if held.exists() or until == on:
        return False
    given = people.grant(
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
    return isinstance(given, RoleRequest)
