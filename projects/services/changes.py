"""Changes that one person asks for and another decides: of every guarded field of every record.

What was asked for is written by the approval alone, as it was shown to who approved it. Where
nobody but the author's own person could decide, it goes one level up: to the ministry CIO, then to
the CIO office.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from governance import audit
from governance.access import Action, Resource, Role, can, rights_of
from governance.audit import Act
from governance.exceptions import Conflict, DomainError
from governance.field_rights import May, Way
from governance.models.base import to_json
from governance.notices import Telling, tell
from governance.people.ties import tied_to
from projects.models import ChangeRequest, Contract, Finding, KpiValue, Project, System
from projects.models.change import SHORTEST_REASON
from projects.models.choices import RequestState
from projects.register import KINDS, Kind
from projects.services import field_rights, register
from projects.services.office_holders import holders, with_right
from projects.services.requests import decide, open_request
from projects.services.writing import recheck, state_of

_LADDER: Final = (Role.MINISTRY_CIO, Role.CIO_OFFICE)


# Values as JSON ----------------------------------------------------------------------------------------


def _json_of(obj: models.Model, names: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of a record as they stand, as the request keeps them."""
    return {name: to_json(getattr(obj, _column(obj, name).attname)) for name in names}


def _column(obj: models.Model, name: str) -> Any:
    return obj._meta.get_field(name)


def values_of(obj: models.Model, kept: Mapping[str, Any]) -> dict[str, Any]:
    """What a request keeps, as `services.register` takes it. Cost: one query a reference."""
    found: dict[str, Any] = {}
    for name, value in kept.items():
        column = _column(obj, name)
        if column.is_relation and value is not None:
            found[name] = column.related_model._default_manager.get(pk=value)
        else:
            found[name] = column.to_python(value)
    return found


# Asking ------------------------------------------------------------------------------------------------


@transaction.atomic
def request(
    act: Act, kind: Kind, pk: int, values: Mapping[str, Any], *, version: int | None = None
) -> ChangeRequest:
    """Ask for fields of a record to be changed, for the act's reason. Audited as
    "changerequest.requested".

    Raises ValidationError (field → why), Conflict where somebody saved in between,
    PermissionDenied, DomainError.
    """
    obj: Any = kind.model._default_manager.select_for_update(of=("self",)).get(pk=pk)
    recheck(act, obj, Action.EDIT)
    if version is not None and obj.version != version:
        raise Conflict(state_of(obj))
    given = field_rights.changed_fields(obj, values)
    _refuse(act, obj, given)
    _end_moved(act, kind, obj)
    change = _change_of(act, kind, obj, given)
    for name, value in given.items():
        setattr(obj, name, value)
    if act.user is not None and not field_rights.roles_over(act.user, obj):
        raise PermissionDenied  # Nobody asks a record into a place that is not theirs.
    obj.full_clean()
    change.after = _json_of(obj, given)
    change.full_clean()
    change.save(force_insert=True)
    audit.record_object(act, "changerequest.requested", change, before=None, after=state_of(change))
    _tell(act, change, "change-asked", deciders(change, timezone.localdate(act.at)))
    return change


def _end_moved(act: Act, kind: Kind, obj: models.Model) -> None:
    """A request that waits where the record is no longer stands in nobody's way."""
    for waiting in of_record(kind, obj.pk).filter(state=RequestState.REQUESTED):
        if not has_moved(waiting, obj):
            continue
        before = state_of(waiting)
        waiting.state = RequestState.WITHDRAWN
        waiting.decided_at, waiting.decided_by = act.at, None
        waiting.decision_reason = _("The record has moved since this was asked.")
        waiting.version += 1
        waiting.updated_at, waiting.updated_by = act.at, act.user
        waiting.save()
        audit.record_object(
            act, "changerequest.withdrawn", waiting, before=before, after=state_of(waiting)
        )


def _refuse(act: Act, obj: models.Model, given: Mapping[str, Any]) -> None:
    """Raise unless each field is one that the actor may ask for, and the reason says something."""
    if not given:
        raise ValidationError(_("Nothing of this differs from what is on record."))
    case = field_rights.Case(obj, given, timezone.localdate(act.at), field_rights.Known())
    roles, resource = field_rights.roles_over(act.user, obj), field_rights.resource_of(obj)
    faults: dict[str, Any] = {}
    for name in given:
        line = field_rights.line_of(case, name)
        allowed = field_rights.may(case, name, roles)
        if line is None or allowed is May.WRITE:
            faults[name] = _("This can simply be edited.")
        elif allowed is May.NOTHING:
            faults[name] = field_rights.why(line, resource, roles)
    if len(act.reason.strip()) < SHORTEST_REASON:
        faults["reason"] = _("Say why it should change, in %(n)d characters or more.") % {
            "n": SHORTEST_REASON
        }
    if faults:
        raise ValidationError(faults)
    # What no approval could write is not asked for.
    field_rights.refuse(act, obj, given, way=Way.REQUEST)


def _change_of(act: Act, kind: Kind, obj: Any, given: Mapping[str, Any]) -> ChangeRequest:
    """A request about `obj` as it stands."""
    change = ChangeRequest(
        kind=kind.slug,
        object_pk=obj.pk,
        object_name=audit.name_of(obj)[:300],
        resource=field_rights.resource_of(obj).value,
        before=_json_of(obj, given),
        reason=act.reason.strip(),
        requested_at=act.at,
        requested_by=act.user,
        updated_at=act.at,
        updated_by=act.user,
    )
    change.system, change.project = _holder(obj)
    change.agency_id = _agency_of(obj)
    change.higher = level_of(change, timezone.localdate(act.at))
    return change


def _holder(obj: Any) -> tuple[System | None, Project | None]:
    """The system and project that a record hangs on."""
    match obj:
        case Project():
            return None, obj
        case System():
            return obj, None
        case KpiValue():
            return obj.kpi.system, obj.kpi.project
        case Finding():
            return obj.review.system, obj.review.project
        case _:
            return getattr(obj, "system", None), getattr(obj, "project", None)


def _agency_of(obj: models.Model) -> int | None:
    """The agency whose record it is; None for the lists of the whole government."""
    system, project = _holder(obj)
    # A contract may hang on neither: it is the agency's that signed it.
    holder: Any = obj if isinstance(obj, Contract) else project or system
    return None if holder is None else holder.agency_id


def _agency_ids(change: ChangeRequest) -> set[int]:
    return set() if change.agency_id is None else {change.agency_id}


def has_moved(change: ChangeRequest, obj: models.Model) -> bool:
    """Whether a record hangs elsewhere than when it was asked for: another office decides there."""
    system, project = _holder(obj)
    now = getattr(system, "pk", None), getattr(project, "pk", None), _agency_of(obj)
    return now != (change.system_id, change.project_id, change.agency_id)


# Who decides -------------------------------------------------------------------------------------------


def _authors(change: ChangeRequest) -> frozenset[int]:
    """Who asked, and whoever may be one person with them."""
    if change.requested_by_id is None:
        return frozenset()
    author = frozenset({change.requested_by_id})
    return author | tied_to(author)


def _of_the_office(change: ChangeRequest, day: date) -> frozenset[int]:
    """Who has the right to decide by the grants table, but for the author's own person."""
    people = with_right(Resource(change.resource), Action.APPROVE, _agency_ids(change), (), day)
    return people - _authors(change)


def level_of(change: ChangeRequest, day: date) -> str:
    """The role one level up that decides; "" where the office that has the right can."""
    if _of_the_office(change, day):
        return ""
    for role in _LADDER[:-1]:
        if holders({role}, _agency_ids(change), (), day) - _authors(change):
            return role.value
    return _LADDER[-1].value


def deciders(change: ChangeRequest, day: date) -> frozenset[int]:
    """Users (ids) who may decide on a request now. Cost: at most fifteen queries."""
    if people := _of_the_office(change, day):
        return people
    return holders({Role(level_of(change, day))}, _agency_ids(change), (), day) - _authors(change)


def may_decide(user: Any, change: ChangeRequest, day: date) -> bool:
    """Whether `user` may decide on a request that waits, but for being its author."""
    if can(user, Action.APPROVE, change):
        return True
    return can(user, Action.READ, change) and user.pk in deciders(change, day)


def waiting_for(user: Any, limit: int) -> list[ChangeRequest]:
    """Requests that wait for the decision of `user`, the oldest first. Cost: at most two queries."""
    rows: Any = ChangeRequest.objects.filter(state=RequestState.REQUESTED)
    mine = models.Q(pk__in=rows.visible_to(user, Action.APPROVE).values("pk"))
    roles = rights_of(user).roles() & set(_LADDER)
    if roles:
        above = rows.visible_to(user).filter(higher__in=[role.value for role in roles])
        mine |= models.Q(pk__in=above.values("pk"))
    found = rows.filter(mine).exclude(requested_by=user).select_related("requested_by", "agency")
    return list(found.order_by("requested_at", "pk")[:limit])


def of_record(kind: Kind, pk: int) -> "models.QuerySet[ChangeRequest, ChangeRequest]":
    """The requests about one record, the latest first."""
    return ChangeRequest.objects.filter(kind=kind.slug, object_pk=pk)


# Deciding ----------------------------------------------------------------------------------------------


def _open(act: Act, pk: int, version: int | None) -> ChangeRequest:
    """The request, locked, for who may decide on it. Raises PermissionDenied, DomainError,
    Conflict."""
    change: ChangeRequest = open_request(act, ChangeRequest, pk, Action.READ, version)
    # The author is told by `decide` that nobody decides on their own request.
    is_other = act.user is not None and change.requested_by_id != act.user.pk
    if is_other and not may_decide(act.user, change, timezone.localdate(act.at)):
        raise PermissionDenied
    return change


@transaction.atomic
def approve(act: Act, pk: int, *, version: int | None = None) -> ChangeRequest:
    """Agree: what was asked for is written, where the record still says what it said then.
    Audited as "changerequest.approved" and on the record.

    Raises Conflict where the record changed meanwhile, ValidationError, DomainError, also where the
    record has moved to another agency, system or project.
    """
    change = _open(act, pk, version)
    kind = KINDS[change.kind]
    obj: Any = kind.model._default_manager.select_for_update(of=("self",)).get(pk=change.object_pk)
    if has_moved(change, obj):
        raise DomainError(_("The record has moved since this was asked: it has to be asked anew."))
    before = decide(act, change, RequestState.APPROVED)
    if field_rights.changed_fields(obj, values_of(obj, change.before)):
        raise Conflict(state_of(obj))
    values = values_of(obj, change.after)
    field_rights.refuse(act, obj, field_rights.changed_fields(obj, values), way=Way.REQUEST)
    change.full_clean()
    change.save()
    audit.record_object(
        act, "changerequest.approved", change, before=before, after=state_of(change)
    )
    register.write(Act(act.user, act.at, act.source, change.reason), obj, values)
    _tell_author(act, change, "change-approved")
    return change


@transaction.atomic
def reject(act: Act, pk: int, *, version: int | None = None) -> ChangeRequest:
    """Refuse, with the act's reason. Audited as "changerequest.rejected"."""
    change = _open(act, pk, version)
    before = decide(act, change, RequestState.REJECTED)
    change.full_clean()
    change.save()
    audit.record_object(
        act, "changerequest.rejected", change, before=before, after=state_of(change)
    )
    _tell_author(act, change, "change-rejected")
    return change


@transaction.atomic
def withdraw(act: Act, pk: int, *, version: int | None = None) -> ChangeRequest:
    """Take one's own request back. Audited as "changerequest.withdrawn"."""
    change: ChangeRequest = open_request(act, ChangeRequest, pk, Action.READ, version)
    if act.user is not None and change.requested_by_id != act.user.pk:
        raise DomainError(_("Only who asked for it can withdraw it."))
    before = decide(act, change, RequestState.WITHDRAWN)
    change.save()
    audit.record_object(
        act, "changerequest.withdrawn", change, before=before, after=state_of(change)
    )
    return change


# Notices -----------------------------------------------------------------------------------------------


def url_of(change: ChangeRequest) -> str:
    """The page of a request."""
    return reverse("change", args=[change.pk])


def labels(change: ChangeRequest) -> str:
    """The fields in question in words."""
    kind = KINDS[change.kind]
    return ", ".join(str(kind.field(name).verbose_name) for name in change.after)


def _tell(act: Act, change: ChangeRequest, kind: str, people: frozenset[int]) -> None:
    args = {
        "what": " ".join(change.object_name.split())[:120],
        "fields": labels(change),
        "reason": " ".join(change.decision_reason.split())[:200],
    }
    event = f"{kind}:{change.pk}"
    tell([Telling(user, event, kind, args, url_of(change)) for user in sorted(people)], act.at)


def _tell_author(act: Act, change: ChangeRequest, kind: str) -> None:
    if change.requested_by_id is not None:
        _tell(act, change, kind, frozenset({change.requested_by_id}))
