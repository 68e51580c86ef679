"""The list of the audit trail: its columns, its filters, and what an address asks of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, Final

import django_filters
from django import forms
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from governance.fields.forms import DayField
from governance.models import AuditEvent
from governance.tabular import Column, Kind, Text
from projects.audit_text import Entry, entries, origin_text, source_text, types_told
from projects.filters import LONGEST_TEXT, LineFilter, TypedFilter, capital, complaint_of, described

# Events read at a time while a file is written.
CHUNK: Final = 500
_MAIN: Final = ("object", "actor", "type", "since", "until")


def history_columns() -> tuple[Column[Entry], ...]:
    """What was done to one record."""
    return (
        Column("seq", _("No."), lambda entry: entry.event.seq, Kind.INTEGER),
        Column("at", _("at"), lambda entry: entry.event.at, Kind.DATETIME),
        Column("actor", _("actor"), lambda entry: entry.event.actor_name),
        Column(
            "source", _("by way of"), lambda entry: source_text(entry.event.source), Kind.CHOICE
        ),
        Column("verb", _("verb"), lambda entry: entry.verb, Kind.CHOICE),
        Column(
            "changes",
            _("what changed"),
            lambda entry: entry.told,
            definition=_("Field: value before → value after."),
        ),
        # Most acts need none: an empty cell, and no dash that says that one is owed.
        Column("reason", _("reason"), lambda entry: entry.event.reason),
    )


def audit_columns() -> tuple[Column[Entry], ...]:
    """What was done to any record."""
    seq, at, actor, source, verb, *rest = history_columns()
    return (
        seq,
        at,
        actor,
        source,
        Column(
            "origin",
            _("from where"),
            lambda entry: origin_text(entry.event.origin),
            definition=_(
                "The address of the client and the number of the request, as the log has it; for"
                " commands and jobs the account of the machine that they ran as."
            ),
        ),
        verb,
        Column("type", _("object type"), lambda entry: entry.type_name, Kind.CHOICE),
        Column(
            "object",
            _("object"),
            lambda entry: entry.object_name,
            url=lambda entry: entry.url or None,
        ),
        *rest,
    )


def _types() -> list[tuple[str, str]]:
    return sorted(types_told().items(), key=lambda pair: pair[1])


def _text(field: str, label: Text) -> Any:
    return LineFilter(
        field_name=field, lookup_expr="icontains", label=capital(label), max_length=LONGEST_TEXT
    )


class AuditFilters(django_filters.FilterSet):  # type: ignore[misc]
    """Filters of the trail. Queries nothing."""

    object = _text("object_name", _("object name"))
    actor = _text("actor_name", _("actor"))
    type = django_filters.ChoiceFilter(
        field_name="object_type", label=_("Object type"), choices=_types, empty_label=_("all")
    )
    key = LineFilter(field_name="object_key", label=_("Row number of the object"), max_length=120)
    verb = _text("verb", _("verb"))
    source = _text("source", _("by way of"))
    since = TypedFilter(DayField, method="from_day", label=_("From (day)"))
    until = TypedFilter(DayField, method="to_day", label=_("To (day)"))

    # What the page prints: the common questions first.

    @property
    def main_fields(self) -> list[forms.BoundField]:
        return [self.form[name] for name in _MAIN]

    @property
    def more_fields(self) -> list[forms.BoundField]:
        return [self.form[name] for name in self.form.fields if name not in _MAIN]

    @property
    def asks_for_more(self) -> bool:
        """Whether one of the further filters is in force or refused, so that it must be seen."""
        return any(field.data or field.errors for field in self.more_fields)

    def from_day(self, rows: QuerySet[Any], name: str, value: Any) -> QuerySet[Any]:
        return rows.filter(at__gte=timezone.make_aware(datetime.combine(value, time.min)))

    def to_day(self, rows: QuerySet[Any], name: str, value: Any) -> QuerySet[Any]:
        end = datetime.combine(value + timedelta(days=1), time.min)
        return rows.filter(at__lt=timezone.make_aware(end))


@dataclass(frozen=True, slots=True)
class AuditListing:
    """What an address asks of the audit trail, the latest first."""

    columns: Sequence[Column[Entry]]
    filters: AuditFilters
    rows: QuerySet[AuditEvent]

    @property
    def is_understood(self) -> bool:
        return bool(self.filters.is_valid())

    @property
    def complaint(self) -> str:
        return complaint_of(self.filters.form)

    @property
    def described(self) -> list[tuple[Text, Text]]:
        return described(self.filters.form)

    def streamed(self) -> Iterator[Entry]:
        """Every event in words, a chunk at a time."""
        last: int | None = None
        while True:
            rows = self.rows if last is None else self.rows.filter(seq__lt=last)
            events = list(rows[:CHUNK])
            if not events:
                return
            yield from entries(events)
            last = events[-1].seq


def audit_listing(user: Any, query: QueryDict) -> AuditListing:
    rows: Any = AuditEvent.objects.all()
    filters = AuditFilters(query, rows.visible_to(user).order_by("-seq"))
    found = filters.qs if filters.is_valid() else filters.queryset.none()
    return AuditListing(audit_columns(), filters, found)
