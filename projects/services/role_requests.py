"""Roles that one person asks for and others confirm: what carries approval is given by two offices,
a verifier is appointed by the CIO office, and an account of others gets a role only with its holder
or its ministry.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from governance import audit
from governance.access import (
    APPROVING_ROLES,
    NO_RIGHTS,
    Action,
    Resource,
    Rights,
    Role,
    load_rights_of,
    rights_of,
)
from governance.audit import Act
from governance.exceptions import Conflict, DomainError
from governance.models import Agency, Membership, RoleRequest, User
from governance.models.base import snapshot, valid_on
from governance.notices import Telling, tell
from governance.people.belonging import Home, belongs_to, homes_of
from governance.people.deciding import refuse_same_person, why_same_person
from projects.services import memberships
from projects.services.memberships import agency_of, offices_asking

# Which offices confirm what an office asks for: always another one. The CIO office always can, so
# that a ministry with a single office is never stuck.
MAY_CONFIRM: Final[Mapping[Role, frozenset[Role]]] = {
    Role.PMO: frozenset({Role.HR, Role.MINISTRY_CIO, Role.CIO_OFFICE}),
    Role.HR: frozenset({Role.PMO, Role.MINISTRY_CIO, Role.CIO_OFFICE}),
}
# Who verifies a project is never appointed within the ministry of it: that may propose somebody.
_APPOINTS: Final = frozenset({Role.CIO_OFFICE})
# Offices that agree for their ministry where one of its accounts gets a role elsewhere.
_SPEAK_FOR_STAFF: Final = frozenset({Role.PMO, Role.HR, Role.MINISTRY_CIO})
_VALUES: Final = (
    "user", "role", "agency", "project", "is_head", "allocation_percent", "valid_from", "valid_to",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Needs:
    """Who has to agree besides the one who gives a role."""

    office: bool
    consent: bool

    def __bool__(self) -> bool:
        return self.office or self.consent


def needs_of(act: Act, membership: Membership) -> Needs:
    """Nobody where the machine itself gives the role. Cost: at most two queries."""
    if act.user is None:
        return Needs(office=False, consent=False)
    on = timezone.localdate(act.at)
    return Needs(
        office=membership.role in APPROVING_ROLES or membership.role == Role.VERIFIER,
        consent=not belongs_to(act.user, membership.user, on),
    )


def ask(act: Act, membership: Membership, needs: Needs, reason: str = "") -> RoleRequest:
    """Keep a role as asked for, and tell who may confirm it. Audited as "rolerequest.requested".

    `membership` is unsaved and checked. Raises ValidationError where it is asked for already.
    """
    request = RoleRequest(
        **{name: getattr(membership, name) for name in _VALUES},
        reason=reason.strip(),
        needs_office=needs.office,
        needs_consent=needs.consent,
        requested_at=act.at,
        requested_by=act.user,
        updated_at=act.at,
        updated_by=act.user,
    )
    request.full_clean()
    request.save(force_insert=True)
    audit.record_object(act, "rolerequest.requested", request, before=None, after=snapshot(request))
    _tell(act, request, "role-asked", _may_decide(request, timezone.localdate(act.at)))
    return request


# Who decides ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Part:
    """What one person may add to a request."""

    office: bool = False
    consent: bool = False

    def __bool__(self) -> bool:
        return self.office or self.consent


class Judge:
    """Who may decide on some requests on a day. Cost: four queries, however many they are."""

    def __init__(self, requests: Iterable[RoleRequest], on: date) -> None:
        rows = list(requests)
        askers = {row.requested_by_id for row in rows if row.requested_by_id is not None}
        self._rights = load_rights_of(askers, on=on)
        self._homes = homes_of((row.user_id for row in rows), on)

    def asking(self, request: RoleRequest) -> frozenset[Role]:
        """The offices by which the asker gives such roles at this place."""
        asker = request.requested_by
        if asker is None or not asker.is_active:
            return frozenset()
        return offices_asking(self._rights[asker.pk], request.role, agency_of(request))

    def confirming(self, request: RoleRequest) -> frozenset[Role]:
        """The offices that decide: none of those by which the asker gives such roles. Any of them
        where the asker no longer does, so that the request can still be rejected. The CIO office
        alone on a verifier's."""
        if request.role == Role.VERIFIER:
            return _APPOINTS
        asking = self.asking(request)
        if not asking:
            return frozenset().union(*MAY_CONFIRM.values())
        return frozenset.intersection(*(MAY_CONFIRM[role] for role in asking))

    def home(self, request: RoleRequest) -> Home:
        return self._homes[request.user_id]

    def foreign(self, request: RoleRequest) -> frozenset[int]:
        """The agencies of the account that lie outside of the asker's reach."""
        rights = self._rights.get(request.requested_by_id or 0, NO_RIGHTS)
        reach = rights.reach(Resource.STAFFING, Action.CREATE)
        return self.home(request).agency_ids - reach.agency_ids

    def part(self, user: Any, request: RoleRequest) -> Part:
        """What `user`'s offices, or being the holder, may still add to a waiting request; whether
        they are one person with the asker is another question (`why_not`)."""
        if request.state != RoleRequest.State.REQUESTED:
            return Part()
        rights, is_holder = rights_of(user), user.pk == request.user_id
        office = (
            request.needs_office
            and request.confirmed_at is None
            and not is_holder
            and _holds(rights, self.confirming(request), [agency_of(request)])
        )
        consent = request.needs_consent and request.consented_at is None
        if consent and not is_holder:
            home = self.home(request)
            consent = (
                user.pk in home.maker_ids
                or _holds(rights, _SPEAK_FOR_STAFF, self.foreign(request))
                or (home.is_government and Role.CIO_OFFICE in rights.roles())
            )
        return Part(office=office, consent=consent)


def _holds(rights: Rights, roles: Iterable[Role], agency_ids: Iterable[int | None]) -> bool:
    """Whether one of these offices is held over one of these agencies."""
    wanted, places = frozenset(roles), frozenset(agency_ids)
    return any(
        held.role in wanted and (held.role is Role.CIO_OFFICE or bool(places & held.agency_ids))
        for held in rights.held
    )


def why_not(user: User, request: RoleRequest, part: Part) -> str:
    """Why `user`, whose part it would be, cannot confirm: one person with the asker, or for the
    office's part with the holder. "" where they can."""
    also = [request.user_id] if part.office else []
    return why_same_person(user, request, also=also)


def seen_by(user: Any) -> QuerySet[RoleRequest]:
    """Requests that a person may read: about their own account, their own, those within their
    sight of staff, and those for staff of their ministry."""
    rights = rights_of(user)
    reach = rights.reach(Resource.STAFFING, Action.APPROVE)
    seen = Q(user=user) | Q(requested_by=user)
    if reach.agency_ids:
        staff = Membership.objects.filter(
            Q(agency_id__in=reach.agency_ids) | Q(project__agency_id__in=reach.agency_ids)
        )
        seen |= Q(needs_consent=True, user_id__in=staff.values("user_id"))
    seen |= Q(needs_consent=True, user__ties__actor=user, user__memberships__isnull=True)
    visible = RoleRequest.objects.visible_to(user)
    found = RoleRequest.objects.filter(Q(pk__in=visible.values("pk")) | seen).values("pk")
    return RoleRequest.objects.filter(pk__in=found).select_related(
        "user", "agency", "project__agency", "requested_by", "confirmed_by", "consented_by",
        "decided_by",
    )  # fmt: skip


def waiting_for(user: Any, on: date) -> list[RoleRequest]:
    """Requests to which `user` may add something, the oldest first. Cost: five queries."""
    rows = seen_by(user).filter(state=RoleRequest.State.REQUESTED).exclude(requested_by=user)
    found = list(rows.order_by("requested_at", "pk"))
    if not found:
        return []
    judge = Judge(found, on)
    return [row for row in found if judge.part(user, row)]


# Deciding ---------------------------------------------------------------------------------------------------


def _open(pk: int, version: int | None) -> RoleRequest:
    found = RoleRequest.objects.select_for_update(of=("self",)).get(pk=pk)
    if found.state != RoleRequest.State.REQUESTED:
        raise DomainError(
            _("This is not possible in the state “%(state)s”.")
            % {"state": found.get_state_display()}
        )
    if version is not None and found.version != version:
        raise Conflict(snapshot(found))
    return found


def _my_part(act: Act, request: RoleRequest) -> Part:
    """What the actor adds. Raises PermissionDenied for nothing, DomainError for one person."""
    part = Part()
    if act.user is not None:
        part = Judge([request], timezone.localdate(act.at)).part(act.user, request)
    if not part:
        raise PermissionDenied
    refuse_same_person(act, request, also=[request.user_id] if part.office else [])
    return part


@transaction.atomic
def approve(act: Act, pk: int, *, version: int | None = None) -> RoleRequest:
    """Add the actor's part; with the last one the role is held from then on.

    Audited as "rolerequest.confirmed", or "rolerequest.approved" and "membership.granted".
    Raises PermissionDenied where it is not the actor's to confirm, DomainError for whoever may be
    one person with the asker or the holder, ValidationError as a grant does.
    """
    request = _open(pk, version)
    part = _my_part(act, request)
    before = snapshot(request)
    if part.office:
        request.confirmed_at, request.confirmed_by = act.at, act.user
    if part.consent:
        request.consented_at, request.consented_by = act.at, act.user
    is_complete = not (
        (request.needs_office and request.confirmed_at is None)
        or (request.needs_consent and request.consented_at is None)
    )
    if not is_complete:
        _save(act, request, "rolerequest.confirmed", before)
        return request
    _give(act, request)
    _decided(act, request, RoleRequest.State.APPROVED)
    _save(act, request, "rolerequest.approved", before)
    _tell(act, request, "role-given", _concerned(request))
    return request


def _give(act: Act, request: RoleRequest) -> None:
    """The role itself, from today on: nobody held it before the last word."""
    today = timezone.localdate(act.at)
    if request.valid_to is not None and request.valid_to < today:
        raise DomainError(_("Its days have passed: ask again."))
    if not Judge([request], today).asking(request):
        raise DomainError(_("Who asked for this role may no longer give it: ask anew."))
    User.objects.select_for_update().get(pk=request.user_id)
    membership = Membership(**{name: getattr(request, name) for name in _VALUES})
    membership.valid_from = max(request.valid_from or today, today)
    memberships.store(act, membership)
    memberships.told(act, membership, "membership.granted", None)


@transaction.atomic
def reject(act: Act, pk: int, *, version: int | None = None) -> RoleRequest:
    """Refuse, with the act's reason: an office that could confirm, or the holder. Audited as
    "rolerequest.rejected"."""
    request = _open(pk, version)
    if not act.reason.strip():
        raise DomainError(_("Say why you reject it."))
    _my_part(act, request)
    before = snapshot(request)
    _decided(act, request, RoleRequest.State.REJECTED)
    _save(act, request, "rolerequest.rejected", before)
    _tell(act, request, "role-refused", _concerned(request))
    return request


@transaction.atomic
def withdraw(act: Act, pk: int, *, version: int | None = None) -> RoleRequest:
    """Take one's own request back. Audited as "rolerequest.withdrawn"."""
    request = _open(pk, version)
    if act.user is not None and request.requested_by_id != act.user.pk:
        raise DomainError(_("Only who asked for it can withdraw it."))
    before = snapshot(request)
    _decided(act, request, RoleRequest.State.WITHDRAWN)
    _save(act, request, "rolerequest.withdrawn", before)
    return request


def _decided(act: Act, request: RoleRequest, state: RoleRequest.State) -> None:
    request.state = state
    request.decided_at, request.decided_by = act.at, act.user
    request.decision_reason = act.reason.strip()


def _save(act: Act, request: RoleRequest, verb: str, before: dict[str, Any]) -> None:
    request.version += 1
    request.updated_at, request.updated_by = act.at, act.user
    request.full_clean()
    request.save()
    audit.record_object(act, verb, request, before=before, after=snapshot(request))


# Telling ----------------------------------------------------------------------------------------------------


def _concerned(request: RoleRequest) -> set[int]:
    people = {request.user_id}
    if request.requested_by_id is not None:
        people.add(request.requested_by_id)
    return people


def _may_decide(request: RoleRequest, on: date) -> set[int]:
    """Whom to tell of a new request: the holder, offices that can confirm or agree; the CIO office
    where the ministry has nobody who could confirm."""
    judge, parents = Judge([request], on), dict(Agency.objects.values_list("pk", "parent_id"))
    held = Membership.objects.filter(valid_on(on), user__is_active=True)
    told: set[int] = set()
    if request.needs_office:
        near = held.filter(
            role__in=judge.confirming(request),
            agency_id__in=_with_above([agency_of(request)], parents),
        )
        found = set(near.values_list("user_id", flat=True)) - _concerned(request)
        wide = held.filter(role=Role.CIO_OFFICE).values_list("user_id", flat=True)
        told |= found or set(wide)
    if request.needs_consent:
        places = _with_above(judge.foreign(request), parents)
        offices = held.filter(role__in=_SPEAK_FOR_STAFF, agency_id__in=places)
        told |= {request.user_id, *judge.home(request).maker_ids}
        told |= set(offices.values_list("user_id", flat=True))
    return told


def _with_above(agency_ids: Iterable[int | None], parents: Mapping[int, int | None]) -> set[int]:
    found: set[int] = set()
    for pk in agency_ids:
        above = pk
        while above is not None and above not in found:
            found.add(above)
            above = parents.get(above)
    return found


def _tell(act: Act, request: RoleRequest, kind: str, user_ids: Iterable[int]) -> None:
    author = None if act.user is None else act.user.pk
    args = {
        "role": str(request.role),
        "place": str(request.agency or request.project or ""),
        "account": request.user.username,
    }
    path = reverse("role-request", args=[request.pk])
    tell(
        [
            Telling(user_id, f"{kind}:{request.pk}", kind, args, path)
            for user_id in sorted(user_ids)
            if user_id != author
        ],
        act.at,
    )
