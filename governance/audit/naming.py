"""Faults in words: which record it is, as the trail knew it, and which of its fields.

A state is one hash, and does not tell what differs. Events do keep what they wrote: a field whose last
told value is another one than the row's is the one that was changed past the trail. Rows that only ever
came in bulk have no values there, and stay without.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from governance.audit import credentials, reading
from governance.audit.events import name_of
from governance.audit.faults import Fault, Kind, Stands
from governance.audit.states import audited_models, type_of
from governance.models import AuditEvent
from governance.models.base import to_json

# Written with every change, and not always told: they tell nothing of which field it was.
_BY_ITSELF: Final = frozenset({"version", "updated_at", "updated_by_id", "import_run_id"})


@dataclass(slots=True)
class _Known:
    """What events say of one object: its name, and the last value of each field that they wrote."""

    name: str = ""
    has_events: bool = False
    values: dict[str, Any] = field(default_factory=dict)


def _type_and_key(fault: Fault) -> tuple[str, str]:
    """The record that a fault is about: of what opens an account, the account."""
    if fault.object_type == credentials.TYPE:
        return "user", credentials.account_of(fault.object_key)
    return fault.object_type, fault.object_key


def named(faults: Iterable[Fault]) -> list[Fault]:
    """Faults with the names of their records, and the fields where those can be told; those of
    the chain with what their event says today. Cost: a query, two a kind of record, and what a name asks for of each row that no event has named."""
    faults = [_printable(fault) for fault in faults]
    asked: dict[str, set[str]] = defaultdict(set)
    for fault in faults:
        object_type, key = _type_and_key(fault)
        if object_type:
            asked[object_type].add(key)
    events = _standing({fault.seq for fault in faults if fault.seq and not fault.object_type})
    known: dict[tuple[str, str], _Known] = {}
    there: dict[tuple[str, str], models.Model] = {}
    kinds = {type_of(model): model for model in audited_models()}
    for object_type, keys in asked.items():
        known |= {(object_type, key): told for key, told in _told(object_type, keys).items()}
        if object_type in kinds:
            there |= {(object_type, str(row.pk)): row for row in _rows(kinds[object_type], keys)}
    return [
        _named(fault, known.get(_type_and_key(fault)), there.get(_type_and_key(fault)))
        if fault.object_type
        else replace(fault, event=events.get(fault.seq))
        for fault in faults
    ]


def _standing(numbers: set[int]) -> dict[int, Stands]:
    if not numbers:
        return {}
    # Columns of text alone: they are read whatever stands in them.
    columns = ("verb", "object_type", "object_key", "object_name")
    rows = AuditEvent.objects.filter(seq__in=numbers).order_by("seq", "-pk")
    return {
        seq: Stands(*(reading.printable(text) for text in told))
        for seq, *told in rows.values_list("seq", *columns)
    }


def _printable(fault: Fault) -> Fault:
    return replace(
        fault,
        object_type=reading.printable(fault.object_type),
        object_key=reading.printable(fault.object_key),
        detail=reading.printable(fault.detail),
    )


def _told(object_type: str, keys: set[str]) -> dict[str, _Known]:
    found: dict[str, _Known] = defaultdict(_Known)
    events = AuditEvent.objects.filter(object_type=object_type, object_key__in=keys)
    for event in _readable(events.order_by("seq")):
        known = found[event.object_key]
        known.has_events = True
        known.name = reading.printable(event.object_name) or known.name
        for values in (event.before, event.after):
            known.values |= values if isinstance(values, dict) else {}
    return found


def _readable(events: models.QuerySet[AuditEvent]) -> list[AuditEvent]:
    columns = ("seq", "object_key", "object_name", "before", "after")
    try:
        return list(events.only(*columns))
    except reading.UNREADABLE:
        return reading.events(events)


def _rows(model: type[models.Model], keys: set[str]) -> list[models.Model]:
    pks = [key for key in keys if key.isascii() and key.isdecimal() and len(key) < 19]
    try:
        return list(model._default_manager.filter(pk__in=pks))
    except reading.UNREADABLE:
        return []  # A value that cannot be read, which is a fault of its own: named by the trail alone.


def _named(fault: Fault, known: _Known | None, row: models.Model | None) -> Fault:
    known = known or _Known()
    code = "" if row is None and not known.values else _code(fault, known, row)
    name = known.name
    is_todays_name = not name and row is not None
    if not name and row is not None:
        name = name_of(row)
    words = reading.printable(" ".join(dict.fromkeys(part for part in (code, name) if part)))
    fields = fault.fields or _changed(fault, known.values, row)
    return replace(
        fault,
        name=words[:300],
        fields=fields,
        is_todays_name=is_todays_name,
        has_history=known.has_events,
    )


def _code(fault: Fault, known: _Known, row: models.Model | None) -> str:
    """What people call the record by in lists: its one column of text that no two rows share."""
    model = _model(_type_and_key(fault)[0])
    if model is None:
        return ""
    for column in model._meta.concrete_fields:
        if column.unique and isinstance(column, models.CharField) and not column.primary_key:
            told = known.values.get(column.attname)
            stands = None if row is None else column.value_from_object(row)
            return str(told or stands or "")
    return ""


def _changed(fault: Fault, told: Mapping[str, Any], row: models.Model | None) -> tuple[str, ...]:
    if fault.kind is not Kind.ROW_ALTERED or row is None:
        return (fault.detail,) if fault.kind is Kind.ROW_ALTERED and fault.detail else ()
    columns = {column.attname: column for column in row._meta.concrete_fields}
    return tuple(
        name
        for name, value in told.items()
        if name in columns
        and name not in _BY_ITSELF
        and _plain(columns[name], value) != _plain(columns[name], _now(columns[name], row))
    )


def _now(column: Any, row: models.Model) -> Any:
    return to_json(column.value_from_object(row))


def _plain(column: Any, value: Any) -> Any:
    """A value without what only its writing makes different: 5 and "5.00" are one figure."""
    if value in (None, ""):
        return None
    try:
        return column.to_python(value)
    except (ValidationError, ArithmeticError, TypeError, ValueError):
        return str(value)  # What cannot be read is another one than what can.


# In words ---------------------------------------------------------------------------------------


def _model(object_type: str) -> type[models.Model] | None:
    return next((m for m in apps.get_models() if type_of(m) == object_type), None)


def type_words(object_type: str) -> str:
    """A kind of record in words."""
    if object_type == credentials.TYPE:
        return capfirst(str(credentials.NAME))
    model = _model(object_type)
    return object_type if model is None else capfirst(str(model._meta.verbose_name))


def field_words(fault: Fault) -> str:
    """The fields of a fault in words; "" where nobody can tell."""
    if fault.object_type == credentials.TYPE:
        return credentials.in_words(fault.object_key)
    model = _model(fault.object_type)
    names = {} if model is None else _verbose(model)
    return ", ".join(names.get(name, name) for name in fault.fields)


def _verbose(model: type[models.Model]) -> dict[str, str]:
    fields = [*model._meta.concrete_fields, *model._meta.many_to_many]
    return {
        key: str(f.verbose_name) for f in fields for key in (f.name, f.attname, f.column) if key
    }


def record_words(fault: Fault) -> str:
    """The record of a fault: its kind, its name as the trail knew it, and its number.

    Of a record that no event has named, the name that stands in its row, told as that: it may be what
    was changed. Of a fault of the chain, what its event says today.
    """
    if not fault.object_type:
        return _event_words(fault.event)
    object_type, key = _type_and_key(fault)
    if fault.is_todays_name:
        told = {"type": type_words(object_type), "name": fault.name, "key": key}
        return _("%(type)s, now called “%(name)s” (#%(key)s)") % told
    return _record(object_type, key, fault.name)


def _record(object_type: str, key: str, name: str) -> str:
    told = {"type": type_words(object_type), "name": name, "key": key}
    return _("%(type)s “%(name)s” (#%(key)s)") % told if name else f"{told['type']} #{key}"


def _event_words(event: Stands | None) -> str:
    if event is None:
        return ""
    record = _record(event.object_type, event.object_key, event.object_name)
    return _("the event now reads %(verb)s, %(record)s") % {"verb": event.verb, "record": record}


def sentence(fault: Fault) -> str:
    """What the command says of a fault, besides what programs read."""
    parts = [fault.kind.label, record_words(fault), field_words(fault)]
    return ": ".join(str(part) for part in parts if part)


def about(fault: Fault) -> tuple[str, str]:
    """The kind and the number under which the trail lists what was done to the record."""
    return _type_and_key(fault)
