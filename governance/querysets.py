"""`visible_to`: permission as a queryset, so that lists, pages, exports and API agree."""

from typing import Any, Self, TypeVar

from django.db import models
from django.db.models import Q

from governance.access import Access, Action, Reach, rights_of

Model = TypeVar("Model", bound=models.Model)


def _scope_q(access: Access, reach: Reach) -> Q | None:
    """Rows of one access line that `reach` covers; None means no row at all."""
    if reach.everything:
        return access.when
    inside = Q()
    for path in access.agency:
        if reach.agency_ids:
            inside |= Q(**{f"{path}__in": reach.agency_ids})
    for path in access.project:
        if reach.project_ids:
            inside |= Q(**{f"{path}__in": reach.project_ids})
    return access.when & inside if inside else None


class ScopedQuerySet(models.QuerySet[Model, Model]):
    """A queryset of a model that declares `access`: one line a resource its rows belong to."""

    def visible_to(self, user: Any, action: Action = Action.READ) -> Self:
        """Rows on which `user` may perform `action`.

        Cost: none for government-wide roles beyond reading the user's rights once a request.
        """
        lines: tuple[Access, ...] = self.model.access  # type: ignore[attr-defined]
        rights = rights_of(user)
        reaches = [(line, rights.reach(line.resource, action)) for line in lines]
        if all(reach.everything for _, reach in reaches):
            return self
        parts = [q for line, reach in reaches if (q := _scope_q(line, reach)) is not None]
        if not parts:
            return self.none()
        inside = parts[0]
        for part in parts[1:]:
            inside |= part
        if any(line.many for line in lines):
            # Through a many-to-many path one row would come once a link.
            return self.filter(pk__in=self.model._default_manager.filter(inside).values("pk"))
        return self.filter(inside)
