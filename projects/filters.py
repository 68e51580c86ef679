"""What lists may be narrowed by: one filter set a kind, and the list that an address asks for.

Every filter, sort and page is a parameter of a real address. Page, export and "see all" links
start from the same `listing`, so that they agree by construction.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import django_filters
from django import forms
from django.db import models
from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils.text import capfirst as _capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from governance import entry
from governance.access import Action, Resource, can_somewhere
from governance.fields.forms import CountField, LineField, MonthField, YearField
from governance.models import Agency
from governance.models.base import valid_on
from governance.tabular import Column, Sort, Text, ordering
from projects import ends
from projects.models import Contract, Project, Review, System
from projects.models.choices import CostClass, FlagSeverity
from projects.register import Kind, parent_kind
from projects.risk_text import TITLES
from projects.selectors import (
    AgencyTree,
    Criteria,
    Selection,
    Visible,
    agency_tree,
    flagged_projects,
    flagged_systems,
    is_overdue,
)
from projects.tables import COLUMNS, is_year, list_rows

LONGEST_TEXT: Final = 200
_TERMS: Final = 8
# In an address, the choice whose stored value is the empty text.
_BLANK: Final = "-"
_YES_NO: Final = (("yes", _("yes")), ("no", _("no")))
_FLAGGED: Final = (System, Project, Contract, Review)

Choices = list[tuple[Any, Any]]


def capital(label: Any) -> Text:
    """A label with its first letter raised; lazy stays lazy."""
    raised: Text = _capfirst(label)
    return raised


# Text ---------------------------------------------------------------------------------------------


def _widths(term: str) -> tuple[str, ...]:
    """A term in the widths in which registers write it: as typed, normal, full-width."""
    normal = entry.plain(term)
    wide = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in normal)
    return tuple(dict.fromkeys((term, normal, wide)))


def text_q(kind: Kind, text: str, user: Any) -> Q:
    """Rows in which every word of `text` occurs, in any of the kind's search fields and in any
    width of its characters; in the names of linked records, of those that `user` may see."""
    found = Q()
    for term in text.split()[:_TERMS]:
        anywhere = Q()
        for field in kind.search:
            written = [Q(**{f"{field}__icontains": one}) for one in _widths(term)]
            anywhere |= ends.found_at(kind.model, field, written, user)
        found &= anywhere
    return found


# Filters --------------------------------------------------------------------------------------------


class RegisterFilters(django_filters.FilterSet):  # type: ignore[misc]
    """The filters of one kind, for one reader on one day. Cost: one query a master offered."""

    # Not `kind`: that is the name of a filter.
    register_kind: Kind

    def __init__(self, data: QueryDict, queryset: QuerySet[Any], *, user: Any, on: date) -> None:
        super().__init__(data, queryset)
        self.user, self.on = user, on
        self.tree: AgencyTree | None = None
        if "agency" in self.filters:
            self.tree = agency_tree(Visible(user))
            self._offer(
                "agency",
                [
                    (agency.code, "\u3000" * self.tree.depth(agency) + str(agency))
                    for agency in self.tree.by_id.values()
                ],
            )
        for name in self.register_kind.filters:
            if self._is_reference(name):
                self._offer(name, self._references(name))
        if not can_somewhere(user, Action.READ, Resource.FLAG):
            for name in ("severity", "rule"):
                self.filters.pop(name, None)

    def _offer(self, name: str, choices: Choices) -> None:
        # On the field itself: a filter keeps the field that it once made, choices and all.
        self.filters[name].field.choices = choices

    def _is_reference(self, name: str) -> bool:
        kind = self.register_kind
        return not is_derived(kind, name) and kind.field(name).is_relation

    def _references(self, name: str) -> Choices:
        rows = parent_kind(self.register_kind, name).objects.visible_to(self.user)
        return [(row.code, str(row)) for row in rows]

    # What the filters ask of the rows.

    def by_text(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return rows.filter(text_q(self.register_kind, value, self.user))

    def by_agency(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        agency = self.tree.find(value) if self.tree is not None else None
        if self.tree is None or agency is None:
            return rows.none()
        below = self.tree.below(agency)
        inside = Q()
        for path in self.register_kind.agency_paths():
            inside |= Q(**{f"{path}__in": below})
        return rows.filter(inside)

    def by_choice(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return rows.filter(**{name: "" if value == _BLANK else value})

    def by_answer(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return rows.filter(**{name: value == "yes"})

    def by_validity(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        condition = valid_on(self.on)
        return rows.filter(condition if value == "yes" else ~condition)

    def by_overdue(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        condition = is_overdue(self.on)
        # A review without a due day is not overdue: SQL would leave it out of both.
        return rows.filter(condition) if value == "yes" else rows.exclude(condition)

    def by_acceptance(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return rows.filter(accepted_on__isnull=value == "no")

    def by_flag(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Both flag filters at once, so that they speak of the same flag."""
        asked = self.form.cleaned_data
        if name == "rule" and asked.get("severity"):
            return rows
        flags = Selection(Visible(self.user), Criteria(), self.on).open_flags()
        if asked.get("rule"):
            flags = flags.filter(rule_id=asked["rule"])
        if asked.get("severity"):
            flags = flags.filter(severity=asked["severity"])
        if self.register_kind.model is System:
            return rows.filter(flagged_systems(flags))
        if self.register_kind.model is Project:
            return rows.filter(flagged_projects(flags))
        path = "contract_id" if self.register_kind.model is Contract else "review_id"
        return rows.filter(
            pk__in=flags.filter(**{f"{path}__isnull": False}).order_by().values(path)
        )

    # What the page prints.

    @property
    def main_fields(self) -> list[forms.BoundField]:
        return [self.form[name] for name in _MAIN if name in self.form.fields]

    @property
    def more_fields(self) -> list[forms.BoundField]:
        return [self.form[name] for name in self.form.fields if name not in _MAIN]

    @property
    def asks_for_more(self) -> bool:
        """Whether one of the further filters is in force or refused, so that it must be seen."""
        return any(field.data or field.errors for field in self.more_fields)

    def described(self) -> list[tuple[Text, Text]]:
        """Label and value of every filter in force, in words."""
        return described(self.form)


def described(form: forms.Form) -> list[tuple[Text, Text]]:
    """Label and value of every filter in force, in words, as far as they could be read."""
    found: list[tuple[Text, Text]] = []
    for name, field in form.fields.items():
        value = form.cleaned_data.get(name)
        if value in (None, ""):
            continue
        words = dict(getattr(field, "choices", ())).get(value, value)
        if isinstance(field, MonthField):
            words = field.prepare_value(value)
        found.append((str(field.label), str(words).strip("\u3000")))
    return found


def complaint_of(form: forms.Form) -> str:
    """What could not be read, in one line."""
    return " ".join(
        gettext("%(field)s: %(message)s") % {"field": form.fields[name].label, "message": message}
        for name, messages in form.errors.items()
        for message in messages
    )


_MAIN: Final = ("q", "agency")
_DERIVED: Final = frozenset(("valid", "overdue", "accepted", "cost_class"))


def is_derived(kind: Kind, name: str) -> bool:
    """Whether a filter asks for what no field of the kind holds: a cost line's class is that of its
    item, a cost item has its own."""
    return name in _DERIVED and all(field.name != name for field in kind.model._meta.get_fields())


class TypedFilter(django_filters.Filter):  # type: ignore[misc]
    """A filter over a field that reads what offices type."""

    def __init__(self, field_class: type[forms.Field], **kwargs: Any) -> None:
        self.field_class = field_class
        super().__init__(**kwargs)


class LineFilter(django_filters.CharFilter):  # type: ignore[misc]
    """A filter over text of one line."""

    field_class = LineField


class HolderFilter(LineFilter):
    """The rows of one parent by its key, where the reader sees that parent: how many rows hang on
    one that they don't see would tell that it is there."""

    def __init__(self, holder: Kind, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.holder = holder

    def filter(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        if not value:
            return rows
        seen = self.holder.objects.visible_to(self.parent.user).filter(**{self.holder.key: value})
        return rows.filter(**{f"{self.field_name}__in": seen.values("pk")})


class NumberedHolderFilter(TypedFilter):
    """The same for parents that are told by their number."""

    def __init__(self, holder: Kind, **kwargs: Any) -> None:
        super().__init__(CountField, **kwargs)
        self.holder = holder

    def filter(self, rows: QuerySet[Any], value: int | None) -> QuerySet[Any]:
        if value is None:
            return rows
        seen = self.holder.objects.visible_to(self.parent.user).filter(pk=value)
        return rows.filter(**{f"{self.field_name}__in": seen.values("pk")})


def _choice(
    label: Text, choices: Iterable[tuple[Any, Any]], method: str = "", **kwargs: Any
) -> Any:
    if method:
        kwargs["method"] = method
    return django_filters.ChoiceFilter(
        label=capital(label),
        choices=list(choices),
        empty_label=_("all"),
        **kwargs,
    )


def _field_filter(kind: Kind, name: str) -> Any:
    """The filter of one field, by its type."""
    field = kind.field(name)
    label = field.verbose_name
    if field.is_relation:
        return _choice(label, (), field_name=f"{name}__code")
    if field.choices:
        choices = [(value or _BLANK, text) for value, text in field.flatchoices]
        return _choice(label, choices, "by_choice")
    if isinstance(field, models.BooleanField):
        return _choice(label, _YES_NO, "by_answer")
    if is_year(field):
        return TypedFilter(YearField, field_name=name, label=capital(label))
    if name == "period":
        return TypedFilter(MonthField, field_name=name, label=capital(label))
    if isinstance(field, models.IntegerField):
        return TypedFilter(CountField, field_name=name, label=capital(label))
    return LineFilter(
        field_name=name, lookup_expr="icontains", label=capital(label), max_length=LONGEST_TEXT
    )


_DERIVED_FILTERS: Final[dict[str, Callable[[], Any]]] = {
    "valid": lambda: _choice(_("valid today"), _YES_NO, "by_validity"),
    "overdue": lambda: _choice(_("overdue today"), _YES_NO, "by_overdue"),
    "accepted": lambda: _choice(_("accepted"), _YES_NO, "by_acceptance"),
    "cost_class": lambda: _choice(
        _("cost class"), CostClass.choices, field_name="cost_item__cost_class"
    ),
}


def parent_param(kind: Kind, field: str) -> str:
    """The parameter by which a list is narrowed to the rows of one parent: ?system=…"""
    return field.removesuffix("s") if kind.field(field).many_to_many else field


def _parent_filter(kind: Kind, name: str) -> Any:
    parent = parent_kind(kind, name)
    label = kind.field(name).verbose_name
    if parent.has_own_key:
        return HolderFilter(
            parent,
            field_name=name,
            label=_key_label(parent_param(kind, name), parent, label),
            max_length=LONGEST_TEXT,
        )
    return NumberedHolderFilter(parent, field_name=name, label=capital(label))


def _key_label(param: str, parent: Kind, label: Any) -> Text:
    """How people call the key of a parent; where two fields lead to one kind, by their role."""
    if param == parent.model._meta.model_name:
        return capital(parent.field(parent.key).verbose_name)
    return capital(label)


def _made(kind: Kind) -> type[RegisterFilters]:
    filters: dict[str, Any] = {
        "q": LineFilter(label=_("Name or ID"), method="by_text", max_length=LONGEST_TEXT)
    }
    if kind.agency_paths() or kind.model is Agency:
        filters["agency"] = _choice(_("Agency (with those below it)"), (), "by_agency")
    for name in kind.filters:
        filters[name] = (
            _DERIVED_FILTERS[name]() if is_derived(kind, name) else _field_filter(kind, name)
        )
    for name in kind.parents:
        if parent_kind(kind, name).model is not Agency:
            filters[parent_param(kind, name)] = _parent_filter(kind, name)
    if kind.model in _FLAGGED:
        filters["severity"] = _choice(
            _("Severity of an open flag"), FlagSeverity.choices, "by_flag"
        )
        filters["rule"] = _choice(_("Rule of an open flag"), TITLES.items(), "by_flag")
    return type(
        f"{kind.model.__name__}Filters", (RegisterFilters,), {"register_kind": kind, **filters}
    )


_MADE: Final[dict[str, type[RegisterFilters]]] = {}


def filters_of(kind: Kind) -> type[RegisterFilters]:
    """The filter set of a kind, made once."""
    if kind.slug not in _MADE:
        _MADE[kind.slug] = _made(kind)
    return _MADE[kind.slug]


# Lists ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Listing:
    """What an address asks of one register list; `rows` is in order and not yet read."""

    kind: Kind
    columns: Sequence[Column[Any]]
    filters: RegisterFilters
    rows: QuerySet[Any]
    sort: Sort | None
    query: QueryDict

    @property
    def is_understood(self) -> bool:
        """Whether every filter could be read. A list under a filter that could not is empty:
        it must not show more than was asked for."""
        return bool(self.filters.is_valid())

    @property
    def complaint(self) -> str:
        """What could not be read, in one line."""
        return complaint_of(self.filters.form)


def listing(kind: Kind, user: Any, query: QueryDict, *, on: date) -> Listing:
    """The rows of `kind` that `user` may read, narrowed and sorted as `query` says."""
    columns = COLUMNS[kind.slug]
    filters = filters_of(kind)(
        query, list_rows(kind, kind.objects.visible_to(user), user), user=user, on=on
    )
    rows = filters.qs if filters.is_valid() else filters.queryset.none()
    sort = Sort.parse(query.get("sort"), columns)
    if sort is not None:
        rows = rows.order_by(
            *ordering(columns, sort, lambda path: ends.path_for(kind.model, path, user))
        )
    return Listing(kind, columns, filters, rows, sort, query)
