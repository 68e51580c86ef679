"""The state of a row as one hash: what an event says a write left behind, and what stands today.

A state is the row's columns and many-to-many ids as canonical JSON. The same row gives the same
text on every database and in memory: decimals at their column's places, moments in UTC, numbers
without a trailing zero. Null, empty text and empty lists are left out, so that a new column which nobody has
filled changes no state. docs/audit.md has the recipe for readers without this program.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache, partial
from typing import Any, Final, NamedTuple

from django.apps import apps
from django.conf import settings
from django.db import models

GONE: Final = "gone"
"""The state of an object that was deleted."""
BLANK: Final = "blank"
"""The state of a row of which nothing is kept: no person has said anything there yet."""
CHUNK: Final = 2000


_encode: Final = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode


class State(NamedTuple):
    """The state of one object."""

    object_type: str
    object_key: str
    state: str


def audited_models() -> list[type[models.Model]]:
    """Every model that the trail answers for: all of ours but those that say why they are outside
    (`outside_trail`, a sentence)."""
    return [
        model
        for label in settings.AUDIT_APPS
        for model in apps.get_app_config(label).get_models()
        if not hasattr(model, "outside_trail")
    ]


def outside_models() -> list[type[models.Model]]:
    return [
        model
        for label in settings.AUDIT_APPS
        for model in apps.get_app_config(label).get_models()
        if hasattr(model, "outside_trail")
    ]


def type_of(model: type[models.Model] | models.Model) -> str:
    return str(model._meta.model_name)


# Canonical values -------------------------------------------------------------------------------


def _canonical_json(value: Any) -> Any:
    """A whole float as an integer: databases differ in whether they keep the point."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {str(key): _canonical_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_canonical_json(item) for item in value]
    return value


def _of_json(field: Any, value: Any) -> Any:
    return _canonical_json(json.loads(json.dumps(value, cls=field.encoder)))


def _of_decimal(field: Any, value: Any) -> str:
    places = Decimal(1).scaleb(-field.decimal_places)
    return f"{field.to_python(value).quantize(places):f}"


def _of_moment(field: Any, value: Any) -> str:
    moment: datetime = value if isinstance(value, datetime) else field.to_python(value)
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _of_day(field: Any, value: Any) -> str:
    day: date = field.to_python(value)
    return day.isoformat()


def _of_bytes(field: Any, value: Any) -> str:
    return hashlib.sha256(bytes(value)).hexdigest()


Reader = Callable[[Any], Any]
# The first that fits: a moment is a day too, as Django's classes go.
_READERS: Final[tuple[tuple[tuple[type, ...], Callable[[Any, Any], Any]], ...]] = (
    ((models.DateTimeField,), _of_moment),
    ((models.DateField,), _of_day),
    ((models.DecimalField,), _of_decimal),
    ((models.JSONField,), _of_json),
    ((models.BinaryField,), _of_bytes),
)
_PLAIN: Final[tuple[tuple[tuple[type, ...], Reader], ...]] = (
    ((models.BooleanField,), bool),
    ((models.IntegerField, models.AutoField), int),
    ((models.Field,), str),
)


@cache
def reader(field: Any) -> Reader:
    """Turns a column's value, never null, to JSON: the same from memory and from any database."""
    while field.remote_field is not None:
        field = field.target_field
    for kinds, read in _READERS:
        if isinstance(field, kinds):
            return partial(read, field)
    return next(read for kinds, read in _PLAIN if isinstance(field, kinds))


# States -----------------------------------------------------------------------------------------


@cache
def kept_columns(model: type[models.Model]) -> list[Any]:
    """The columns that make up a state."""
    left_out: frozenset[str] = getattr(model, "trail_leaves_out", frozenset())
    return [f for f in model._meta.concrete_fields if f.attname not in left_out]


@cache
def _kept_relations(model: type[models.Model]) -> list[Any]:
    left_out: frozenset[str] = getattr(model, "trail_leaves_out", frozenset())
    return [f for f in model._meta.many_to_many if f.name not in left_out]


def hashed(object_type: str, key: str, values: Mapping[str, Any]) -> str:
    kept = {name: value for name, value in values.items() if value != "" and value != []}
    if not kept:
        return BLANK
    return hashlib.sha256(_encode([object_type, key, kept]).encode()).hexdigest()


def state_of(instance: models.Model, known: Mapping[str, Any] | None = None) -> str:
    """The state of an object that was just saved.

    `known` may hold its many-to-many ids by name; a relation that it does not hold costs a query.
    """
    model = instance._meta.model  # Not type(): requests hand over their user as a lazy object.
    values = {
        field.attname: reader(field)(value)
        for field in kept_columns(model)
        if (value := field.value_from_object(instance)) is not None
    }
    for relation in _kept_relations(model):
        if known is not None and relation.name in known:
            ids = known[relation.name]
        else:
            ids = getattr(instance, relation.name).values_list("pk", flat=True)
        values[relation.name] = sorted(ids)
    return hashed(type_of(instance), str(instance.pk), values)


def of(instances: Iterable[models.Model]) -> Iterator[State]:
    """The states of objects that were just saved, without many-to-many relations."""
    for instance in instances:
        yield State(type_of(instance), str(instance.pk), state_of(instance))


def stored(
    model: type[models.Model], pks: Collection[Any] | None = None, *, besides: Collection[Any] = ()
) -> Iterator[State]:
    """The states of rows as the database holds them now, all but `besides` or those of `pks`, by
    key.

    Cost: a query a chunk of 2,000 rows, and one more a many-to-many relation.
    """
    if pks is None:
        yield from _all_stored(model, besides)
        return
    ordered = sorted(pks)
    for start in range(0, len(ordered), CHUNK):
        chunk = ordered[start : start + CHUNK]
        rows = model._default_manager.filter(pk__in=chunk).order_by("pk")
        for _pk, found in _of_chunk(model, rows):
            yield found


def _all_stored(model: type[models.Model], besides: Collection[Any]) -> Iterator[State]:
    """Page by page, by the primary key: no cursor is held open over a long run."""
    rows: Any = model._default_manager.order_by("pk")
    if besides:
        rows = rows.exclude(pk__in=besides)
    page = rows[:CHUNK]
    while True:
        last = None
        for pk, found in _of_chunk(model, page):
            yield found
            last = pk
        if last is None:
            return
        page = rows.filter(pk__gt=last)[:CHUNK]


def _of_chunk(model: type[models.Model], rows: Any) -> Iterator[tuple[Any, State]]:
    columns = [(field.attname, reader(field)) for field in kept_columns(model)]
    object_type = type_of(model)
    found = list(rows.values_list("pk", *(name for name, _read in columns)))
    related = {
        relation.name: _related(relation, [row[0] for row in found])
        for relation in _kept_relations(model)
    }
    for pk, *row in found:
        values = {
            name: read(value)
            for (name, read), value in zip(columns, row, strict=True)
            if value is not None
        }
        for name, ids in related.items():
            values[name] = sorted(ids.get(pk, ()))
        yield pk, State(object_type, str(pk), hashed(object_type, str(pk), values))


def _related(relation: Any, pks: list[Any]) -> dict[Any, list[Any]]:
    through = relation.remote_field.through
    source, target = relation.m2m_field_name(), relation.m2m_reverse_field_name()
    found: dict[Any, list[Any]] = defaultdict(list)
    pairs = through._default_manager.filter(**{f"{source}__in": pks})
    for pk, other in pairs.values_list(f"{source}_id", f"{target}_id"):
        found[pk].append(other)
    return found
