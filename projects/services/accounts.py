"""What an office does to the accounts of its people: links, second factors, deactivation.

An account is in reach where every role that it holds, or will hold, lies with the actor's office: who
gave it one role more has gained no power over the rest.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from governance.access import APPROVING_ROLES, Action, Role, rights_of
from governance.audit import Act
from governance.exceptions import DomainError
from governance.models import AccountTie, AuditEvent, Membership, User
from governance.people import accounts, invitations
from projects.services.memberships import grantable

_NOT_ITS_OFFICE: Final = gettext_lazy(
    "Only who made the account, or whose office it belongs to, may hand out its link."
)
_NOT_ONE_OFFICE: Final = gettext_lazy(
    "This account decides on what others file: only the CIO office may hand out its link."
)


def is_maker(actor: Any, person: User) -> bool:
    """Whether `actor` made the account. Cost: one query."""
    return bool(
        AccountTie.objects.filter(user=person, actor=actor, kind=AccountTie.Kind.MADE).exists()
    )


def in_reach(actor: Any, person: User, on: date) -> bool:
    """Whether `actor` may act on the account of `person`: every role that has not ended is one that
    the actor may give there; an account without a role is its maker's. A verifier's account is out
    of reach of whom it verifies, for whoever has it in hand silences it: that one is the CIO
    office's, as are those that approve. Cost: three queries."""
    if actor.pk == person.pk:
        return False
    if _is_overseer(actor):
        return _is_overseen(_not_ended(person, on))
    if not grantable(actor):
        return False
    held = _not_ended(person, on)
    if not held:
        return is_maker(actor, person)
    if any(one.role == Role.VERIFIER for one in held):
        return False
    theirs = Membership.objects.visible_to(actor, Action.EDIT).filter(user=person)
    reached = set(theirs.values_list("pk", flat=True))
    return all(one.pk in reached and one.role in grantable(actor) for one in held)


def may_see_link(actor: Any, person: User, on: date) -> bool:
    """Whether a link to set the password may pass through the hands of `actor`: the account is in
    reach, not only by roles that the actor gave, and holds none that two have to give: whoever saw
    the link decides as its holder. Cost: five queries."""
    if not in_reach(actor, person, on):
        return False
    if _is_overseer(actor):
        return True
    held = _not_ended(person, on)
    if any(one.role in APPROVING_ROLES for one in held):
        return False
    if is_maker(actor, person):
        return True
    valid = {str(one.pk) for one in held if _is_valid(one, on)}
    written = AuditEvent.objects.filter(
        actor=actor, object_type="membership", object_key__in=valid
    ).values_list("object_key", flat=True)
    return bool(valid - set(written))


def _is_overseer(actor: Any) -> bool:
    """The CIO office, unless it is also an office of a ministry: that would be no other one."""
    return Role.CIO_OFFICE in rights_of(actor).roles() and not grantable(actor)


def _is_overseen(held: list[Membership]) -> bool:
    """Whether a ministry's account is not its ministry's alone to hand out; those of the whole
    government are handed out on the machine."""
    roles = {one.role for one in held}
    is_local = all(one.agency_id is not None or one.project_id is not None for one in held)
    return is_local and bool(roles & (APPROVING_ROLES | {Role.VERIFIER}))


def _not_ended(person: User, on: date) -> list[Membership]:
    return list(
        Membership.objects.filter(Q(valid_to__isnull=True) | Q(valid_to__gte=on), user=person)
    )


def _is_valid(one: Membership, on: date) -> bool:
    return one.valid_from is None or one.valid_from <= on


def require_reach(act: Act, person: User) -> None:
    """Raise PermissionDenied unless the account is in reach; the machine itself may do it all."""
    if act.user is not None and not in_reach(act.user, person, timezone.localdate(act.at)):
        raise PermissionDenied


def _require_link(act: Act, person: User) -> None:
    on = timezone.localdate(act.at)
    if act.user is None or may_see_link(act.user, person, on):
        return
    decides = any(one.role in APPROVING_ROLES for one in _not_ended(person, on))
    raise DomainError(str(_NOT_ONE_OFFICE if decides else _NOT_ITS_OFFICE))


@dataclass(frozen=True, slots=True)
class Handed:
    """How a link went out: by mail to its holder, or as a path for the actor's eyes, once."""

    mailed: bool = False
    path: str = ""


def hand_link(act: Act, person: User, site: str) -> Handed:
    """Give the holder of an account a link to set the password: by mail where there is a way, else
    through the actor's hands. Who saw it counts as one person with the account's holder.

    Raises PermissionDenied outside of reach, DomainError where the account is closed, where only
    the roles that the actor gave put it in reach, or where the mail could not be sent.
    """
    require_reach(act, person)
    if not person.is_active:
        raise DomainError(_("This account is closed: open it again first."))
    if invitations.goes_by_mail(person):
        is_new = not person.has_usable_password() and person.last_login is None
        kind = AccountTie.Kind.INVITED if is_new else AccountTie.Kind.RESET
        if not invitations.mail_link(act, person, site, kind):
            raise DomainError(_("The mail could not be sent. Try again later."))
        return Handed(mailed=True)
    _require_link(act, person)
    return Handed(path=invitations.show_link(act, person))


@transaction.atomic
def reset_factors(act: Act, person: User) -> int:
    """Take away lost second factors; returns how many. Raises PermissionDenied outside of reach."""
    require_reach(act, person)
    _require_reason(act)
    return accounts.reset_factors(act, person)


@transaction.atomic
def deactivate(act: Act, person: User) -> bool:
    """Close an account at once. Raises PermissionDenied outside of reach, DomainError without a
    reason."""
    require_reach(act, person)
    _require_reason(act)
    return accounts.deactivate(act, person)


@transaction.atomic
def reactivate(act: Act, person: User) -> bool:
    """Open a closed account again. Raises as `deactivate` does."""
    require_reach(act, person)
    _require_reason(act)
    return accounts.reactivate(act, person)


@transaction.atomic
def change_address(act: Act, person: User, email: str) -> bool:
    """Mend the address of somebody's account; who it belongs to is open again. Raises
    PermissionDenied where a link may not pass through the actor's hands either: it goes to whatever
    address stands there. ValidationError for no address."""
    if act.user is not None and not may_see_link(act.user, person, timezone.localdate(act.at)):
        raise PermissionDenied
    return accounts.change_address(act, person, email)


def _require_reason(act: Act) -> None:
    if not act.reason.strip():
        raise DomainError(_("Give a reason."))
