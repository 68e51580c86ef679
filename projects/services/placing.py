"""Where a record may be put: into an agency of one's own, beside systems of one's own.

An agency, or a link, gives rights on a record to whoever holds an office there. So nobody moves a
record into, or out of, an agency that they do not act for, nobody takes rights on a system by
linking it, no unlinking takes a case from the verifier who judges it, and what became of a system
is told by whoever acts for both ends. Every door that writes the
register asks here.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from governance.access import Action, Resource, Rights, Role, rights_of
from governance.audit import Act
from governance.models.base import valid_on
from projects.models import Project, System, SystemLineage
from projects.models.choices import ReviewLayer
from projects.services.field_rights import resource_of

_NOT_YOURS: Final = _("Only who may edit that record may link it: the link gives rights on it.")


def refuse(act: Act, obj: models.Model, values: Mapping[str, Any]) -> None:
    """Raise PermissionDenied where `values` would put a record, stored or not yet, into an agency
    outside the actor's reach, ValidationError where they would link what the actor may only read, or
    unlink a system that the project's verifier is verifying.

    Cost: one query a link that is new; at most two where a project's role makes a record; three
    where systems are unlinked.
    """
    if isinstance(obj, Project) and not obj._state.adding and "systems" in values:
        _refuse_hiding(obj, values["systems"], timezone.localdate(act.at))
    if act.user is None:  # A command: run by whoever operates the machine.
        return
    _refuse_agency(act.user, obj, values)
    if isinstance(obj, SystemLineage):
        _refuse_one_sided(act.user, obj, values)
    taken = [name for name in values if _takes_rights(act.user, obj, name, values)]
    if taken:
        raise ValidationError(dict.fromkeys(taken, _NOT_YOURS))


def _refuse_hiding(project: Project, systems: Iterable[System], day: date) -> None:
    """A verifier sees a system through the project they verify."""
    kept = {system.pk for system in systems}
    removed = set(project.systems.values_list("pk", flat=True)) - kept
    if not removed:
        return
    verifiers = project.memberships.filter(valid_on(day), role=Role.VERIFIER)
    cases = System.objects.filter(
        pk__in=removed,
        reviews__review_type__layer=ReviewLayer.THIRD_PARTY,
        reviews__is_complete=False,
    )
    names = list(cases.distinct().order_by("system_id").values_list("name", flat=True))
    if names and verifiers.exists():
        message = _("The project's verifier is verifying %(names)s: that case has to end first.")
        raise ValidationError({"systems": message % {"names": ", ".join(names)}})


def _refuse_agency(user: Any, obj: Any, values: Mapping[str, Any]) -> None:
    wanted = values.get("agency")
    if wanted is None or not hasattr(obj, "agency_id"):
        return
    stored = None if obj.pk is None else obj.agency_id
    if wanted.pk == stored:
        return
    action = Action.CREATE if obj.pk is None else Action.EDIT
    rights, resource = rights_of(user), resource_of(obj)
    reach = rights.reach(resource, action)
    # A role of a project acts for the project alone, wherever that lies.
    offices = Rights(tuple(held for held in rights.held if held.project_id is None))
    own = offices.reach(resource, action).agency_ids
    if reach.everything or {wanted.pk, stored or wanted.pk} <= own:
        return
    # Who works for a project makes its contracts where the project is, and moves nothing.
    if stored is None and wanted.pk in _homes(user, values, reach.project_ids):
        return
    raise PermissionDenied


_ENDS: Final = ("predecessor", "successor")


def reaches_both_ends(user: Any, link: SystemLineage, action: Action) -> bool:
    """Whether a stored link between two systems lies within the actor's reach, both ends of it.
    Cost: at most one query."""
    return _reaches_all(user, {link.predecessor_id, link.successor_id}, action)


def _reaches_all(user: Any, systems: set[int], action: Action) -> bool:
    if rights_of(user).reach(Resource.SYSTEM, action).everything:
        return True
    return System.objects.filter(pk__in=systems).visible_to(user, action).count() == len(systems)


def _refuse_one_sided(user: Any, link: SystemLineage, values: Mapping[str, Any]) -> None:
    """What became of a system is told by whoever acts for both offices: neither takes over, or lets
    go, what is the other's alone. Raises PermissionDenied."""
    is_new = link.pk is None
    stored = set() if is_new else {link.predecessor_id, link.successor_id}
    wanted = {values[name].pk for name in _ENDS if values.get(name) is not None}
    if not _reaches_all(user, stored | wanted, Action.CREATE if is_new else Action.EDIT):
        raise PermissionDenied


def _homes(user: Any, values: Mapping[str, Any], projects: frozenset[int]) -> set[int]:
    """The agencies of what a new record hangs on, as far as it lies in the actor's projects."""
    found: set[int] = set()
    project = values.get("project")
    if project is not None and project.pk in projects:
        found.add(project.agency_id)
    systems = [values.get("system"), *(values.get("systems") or ())]
    for system in systems:
        if system is not None and system.projects.filter(pk__in=projects).exists():
            found.add(system.agency_id)
    return found


def _takes_rights(user: Any, obj: Any, name: str, values: Mapping[str, Any]) -> bool:
    """Whether a field would newly link records that the actor may not edit, by a link that gives
    rights on them."""
    field: Any = obj._meta.get_field(name)
    if not field.is_relation or not hasattr(field.related_model, "access"):
        return False
    reverse = field.related_query_name()
    paths = {
        path.split("__")[0]
        for line in field.related_model.access
        for path in (*line.agency, *line.project)
    }
    if reverse not in paths:
        return False
    given = values[name] if field.many_to_many else [values[name]]
    stored: set[Any] = set()
    if obj.pk is not None:
        stored = (
            set(getattr(obj, name).values_list("pk", flat=True))
            if field.many_to_many
            else {getattr(obj, field.attname)}
        )
    added = {getattr(item, "pk", item) for item in given or () if item is not None} - stored
    if not added:
        return False
    rows = field.related_model._default_manager.filter(pk__in=added)
    return bool(rows.visible_to(user, Action.EDIT).count() != len(added))
