"""How a new object hangs on another: whether a reader may add it, and where its form is."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.db import models

from governance.access import Action, rights_of
from projects.filters import parent_param
from projects.register import Child, Kind


@dataclass(frozen=True, slots=True)
class Ties:
    """The agencies and projects that an object belongs to: what new children of it belong to."""

    agency_ids: frozenset[int]
    project_ids: frozenset[int]


def ties_of(kind: Kind, obj: models.Model) -> Ties:
    """Cost: one query."""
    lines = kind.model.access  # type: ignore[attr-defined]
    agencies = tuple(dict.fromkeys(path for line in lines for path in line.agency))
    projects = tuple(dict.fromkeys(path for line in lines for path in line.project))
    if not agencies and not projects:
        return Ties(frozenset(), frozenset())
    rows = list(kind.objects.filter(pk=obj.pk).order_by().values_list(*agencies, *projects))
    return Ties(
        frozenset(v for row in rows for v in row[: len(agencies)] if v is not None),
        frozenset(v for row in rows for v in row[len(agencies) :] if v is not None),
    )


def can_add(user: Any, kind: Kind, ties: Ties) -> bool:
    """Whether `user` may create an object of `kind` that hangs on something with these ties."""
    for line in kind.model.access:  # type: ignore[attr-defined]
        reach = rights_of(user).reach(line.resource, Action.CREATE)
        if reach.everything:
            return True
        if line.agency and reach.agency_ids & ties.agency_ids:
            return True
        if line.project and reach.project_ids & ties.project_ids:
            return True
    return False


def children_url(child: Child, kind: Kind, obj: Any) -> str:
    param = parent_param(child.kind, child.field)
    return f"{child.kind.list_url()}?{urlencode({param: kind.key_of(obj)})}"


def new_child_url(child: Child, kind: Kind, obj: Any) -> str:
    """The form for a new child, with what is known of it filled in."""
    known = {child.field: kind.key_of(obj)}
    agency = getattr(obj, "agency", None)
    if agency is not None and "agency" in child.kind.fields:
        known["agency"] = agency.code
    return f"{child.kind.new_url()}?{urlencode(known)}"
