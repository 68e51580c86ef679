"""Who holds an office over an agency or a project on a day: whom to tell, and who decides."""

from collections.abc import Collection, Iterable
from datetime import date

from django.db.models import Q

from governance.access import GRANTS, Action, Resource, Role, Scope
from governance.models import Agency, Membership, RoleTerm
from governance.models.base import valid_on


def _with_those_above(agency_ids: Iterable[int]) -> set[int]:
    """The agencies and every agency above them: an office reaches those below its own."""
    parents = dict(Agency.objects.values_list("pk", "parent_id"))
    found: set[int] = set()
    for agency_id in agency_ids:
        here: int | None = agency_id
        while here is not None and here not in found:
            found.add(here)
            here = parents.get(here)
    return found


def holders(
    roles: Collection[Role], agency_ids: Iterable[int], project_ids: Iterable[int], day: date
) -> frozenset[int]:
    """Active users (ids) who hold one of `roles` over these agencies or projects, or everywhere.

    Cost: three queries.
    """
    ended = set(RoleTerm.objects.exclude(valid_on(day)).values_list("role", flat=True))
    placed = (
        Q(agency__in=_with_those_above(agency_ids))
        | Q(project__in=set(project_ids))
        | Q(agency__isnull=True, project__isnull=True)
    )
    rows = Membership.objects.filter(
        valid_on(day),
        placed,
        role__in={role.value for role in roles} - ended,
        user__is_active=True,
    )
    return frozenset(rows.order_by().values_list("user_id", flat=True))


def with_right(
    resource: Resource,
    action: Action,
    agency_ids: Iterable[int],
    project_ids: Iterable[int],
    day: date,
) -> frozenset[int]:
    """Active users (ids) who may perform `action` on records of a resource with these ties."""
    granted = {r: g for r, g in GRANTS[resource].items() if action in g.actions}
    by_case = {r for r, g in granted.items() if g.scope in (Scope.PROJECT, Scope.CASE)}
    agencies, projects = set(agency_ids), set(project_ids)
    return holders(by_case, (), projects, day) | holders(
        granted.keys() - by_case, agencies, (), day
    )
