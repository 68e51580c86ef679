"""What API lists are narrowed and sorted by: the filters of the pages, and strictly.

An address of a page's list works here too. A parameter that is not known, stands twice or cannot
be read is an error: a list must never show more than was asked for.
"""

from functools import cache
from typing import Any, Final

import django_filters
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.exceptions import ValidationError
from rest_framework.filters import BaseFilterBackend
from rest_framework.request import Request
from rest_framework.views import APIView

from governance.api.parameters import refuse_unknown
from governance.fields.bounds import check_day
from governance.models import AuditEvent
from projects import ends
from projects.api.collections import Collection
from projects.api.fields import Nature
from projects.filters import LONGEST_TEXT, LineFilter, RegisterFilters, filters_of
from projects.models import ImportRun, RiskFlag, ServiceRollup, YearRollup
from projects.register import Kind

PAGING: Final = frozenset({"page", "page_size"})
SORT: Final = "sort"

# How the lists that nobody writes to are narrowed, said as for the kinds of the register.
_MADE: Final = {
    kind.slug: kind
    for kind in (
        Kind(
            "flags",
            RiskFlag,
            (),
            parents=("system", "project", "contract", "review"),
            search=("rule_id", "system__name", "project__name", "contract__title"),
            filters=("severity",),
        ),
        Kind(
            "year-rollups",
            YearRollup,
            (),
            parents=("system", "project"),
            search=("system__name", "project__name"),
            filters=("fiscal_year",),
        ),
        Kind(
            "service-rollups",
            ServiceRollup,
            (),
            search=("agency__name",),
            filters=("fiscal_year",),
        ),
        Kind(
            "audit-events",
            AuditEvent,
            (),
            search=("actor_name", "object_name", "object_key", "reason"),
        ),
        Kind("import-runs", ImportRun, (), search=("kind",)),
    )
}


def _exact(field: str, label: Any) -> Any:
    return LineFilter(field_name=field, label=label, max_length=LONGEST_TEXT)


def _moment(field: str, lookup: str, label: Any) -> Any:
    return django_filters.IsoDateTimeFilter(
        field_name=field, lookup_expr=lookup, label=label, validators=[check_day]
    )


_FURTHER: Final[dict[str, dict[str, Any]]] = {
    "flags": {
        "rule": _exact("rule_id", gettext_lazy("Rule")),
        "open": django_filters.ChoiceFilter(
            label=gettext_lazy("Still open"),
            choices=[("yes", gettext_lazy("yes")), ("no", gettext_lazy("no"))],
            method="by_openness",
        ),
    },
    "audit-events": {
        "actor": _exact("actor__username", gettext_lazy("Who acted: the name to sign in with")),
        "source": _exact("source", gettext_lazy("By way of: web, api, a command")),
        "verb": _exact("verb", gettext_lazy("Verb, such as system.edited")),
        "object_type": _exact("object_type", gettext_lazy("Type of the object")),
        "object_key": _exact("object_key", gettext_lazy("Id of the object")),
        "since": _moment("at", "gte", gettext_lazy("From this moment on (ISO 8601)")),
        "until": _moment("at", "lt", gettext_lazy("Before this moment (ISO 8601)")),
    },
}


class ApiFilters(RegisterFilters):
    """The filters of one collection."""

    def by_openness(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return rows.filter(closed_on__isnull=value == "yes")


@cache
def filterset_of(collection: Collection) -> type[ApiFilters]:
    """The filter set of a collection, made once."""
    kind = collection.kind or _MADE[collection.slug]
    further = dict(_FURTHER.get(collection.slug, {}))
    if any(field.name == "updated_at" for field in collection.fields):
        label = gettext_lazy("Saved at this moment or later (ISO 8601)")
        further["updated_since"] = _moment("updated_at", "gte", label)
    bases = (ApiFilters, filters_of(kind))
    return type(f"{collection.model.__name__}ApiFilters", bases, {"register_kind": kind, **further})


class FilterBackend(DjangoFilterBackend):  # type: ignore[misc]
    """Narrows by the collection's filters."""

    def filter_queryset(
        self, request: Request, queryset: QuerySet[Any], view: APIView
    ) -> QuerySet[Any]:
        filterset = self.get_filterset(request, queryset, view)
        refuse_unknown(request, {*filterset.filters, *PAGING, SORT})
        if not filterset.is_valid():
            raise ValidationError(filterset.errors)
        narrowed: QuerySet[Any] = filterset.qs
        return narrowed

    def get_filterset(self, request: Request, queryset: QuerySet[Any], view: Any) -> ApiFilters:
        return filterset_of(view.collection)(
            request.query_params, queryset, user=request.user, on=timezone.localdate()
        )

    def get_filterset_class(self, view: Any, queryset: Any = None) -> type[ApiFilters]:
        return filterset_of(view.collection)


def sort_paths(collection: Collection) -> dict[str, str]:
    """Field → the ORM path to sort by. Why a rule could not judge is told of some flags alone: an
    order by it would tell it of the others."""
    hidden = {"reason"} if collection.model is RiskFlag else set()
    return {
        field.name: field.path
        for field in collection.singles
        if field.nature is not Nature.JSON and field.name not in hidden
    }


class SortBackend(BaseFilterBackend):
    """Sorts by one field, unknown values last either way; the id settles ties."""

    def filter_queryset(
        self, request: Request, queryset: QuerySet[Any], view: Any
    ) -> QuerySet[Any]:
        asked = request.query_params.get(SORT, "")
        if not asked:
            return queryset.order_by(*queryset.model._meta.ordering, "pk")
        paths = sort_paths(view.collection)
        name = asked.removeprefix("-")
        if name not in paths:
            names = ", ".join(paths)
            raise ValidationError({SORT: [_("Sort by one of: %(names)s.") % {"names": names}]})
        path: Any = ends.path_for(queryset.model, paths[name], request.user)
        if asked.startswith("-"):
            return queryset.order_by(path.desc(nulls_last=True), "pk")
        return queryset.order_by(path.asc(nulls_last=True), "pk")

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        names = list(sort_paths(view.collection))
        return [
            {
                "name": SORT,
                "in": "query",
                "required": False,
                "description": _("The field to sort by; with a minus before it, largest first."),
                "schema": {"type": "string", "enum": [*names, *(f"-{name}" for name in names)]},
            }
        ]
