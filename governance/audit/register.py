"""Comparing the register with the trail: each row is as its last event left it, or it shows."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from governance.audit import bent, credentials, dangling, reading
from governance.audit.faults import Fault, Kind
from governance.audit.states import (
    BLANK,
    CHUNK,
    GONE,
    State,
    audited_models,
    outside_models,
    stored,
    type_of,
)
from governance.models import AuditEvent, AuditHead, AuditSeal

Progress = Callable[[int], object]
"""Is told how many rows were looked at, a chunk at a time."""


@dataclass(frozen=True, slots=True)
class Told:
    """The last that the trail says of an object: the number of the event, and the state."""

    seq: int
    state: str


NOTHING: Final = Told(0, BLANK)
# Of one kind; a table with more was rewritten as a whole.
_MOST_BENT: Final = 500
_LEFT_OUT: Final = gettext_lazy("columns that no event answers for")


@dataclass(slots=True)
class Compared:
    """How many rows of one model were compared; without one, how many credentials."""

    model: type[models.Model] | None
    rows: int = 0

    @property
    def object_type(self) -> str:
        return credentials.TYPE if self.model is None else type_of(self.model)


def told_of(object_type: str, keys: Iterable[str]) -> dict[str, Told]:
    """What the trail says last of each of these objects. Cost: two queries."""
    asked = [key for key in keys if reading.is_text(key)]
    found: dict[str, Told] = {}
    of_these = {"object_type": object_type, "object_key__in": asked}
    events = reading.numbered(AuditEvent.objects.filter(**of_these), "seq")
    seals = reading.numbered(AuditSeal.objects.filter(**of_these), "seq")
    for source in (events.exclude(state=""), seals):
        for key, seq, state in source.order_by("seq").values_list("object_key", "seq", "state"):
            if seq >= found.get(key, NOTHING).seq:
                found[key] = Told(seq, state)
    return found


def _judge(found: State, told: Told | None) -> Fault | None:
    """What is wrong with a row that is there."""
    if told is None:
        kind = None if found.state == BLANK else Kind.NO_EVENT
    elif told.state == GONE:
        kind = Kind.ROW_RISEN
    else:
        kind = None if told.state == found.state else Kind.ROW_ALTERED
    if kind is None:
        return None
    return Fault((told or NOTHING).seq, kind, found.object_type, found.object_key)


def _faulty(states: list[State]) -> list[Fault]:
    if not states:
        return []
    told = told_of(states[0].object_type, [found.object_key for found in states])
    judged = (_judge(found, told.get(found.object_key)) for found in states)
    return [fault for fault in judged if fault is not None]


def _chunks(rows: Iterable[Any]) -> Iterator[list[Any]]:
    source = iter(rows)
    while chunk := list(islice(source, CHUNK)):
        yield chunk


def _rows_there(
    model: type[models.Model], compared: Compared, tick: Callable[[], object]
) -> Iterator[Fault]:
    """Rows that are there and are not as the trail says. Cost: three queries a 2,000 rows."""
    # What cannot even be read is told, and left out: it hides nothing else.
    unread = list(islice(bent.rows(model), _MOST_BENT))
    yield from unread
    compared.rows += len(unread)
    if len(unread) == _MOST_BENT:
        return
    keys = pks_of(model, (fault.object_key for fault in unread))
    before = compared.rows
    try:
        # As a whole: what was found before a row that cannot be read is found again without it.
        yield from list(_not_as_told(model, keys, compared, tick))
    except reading.UNREADABLE:
        compared.rows = before
        more = _unreadable(model, keys)
        yield from (Fault(0, Kind.ROW_ALTERED, type_of(model), str(pk)) for pk in more)
        compared.rows += len(more)
        yield from _not_as_told(model, [*keys, *more], compared, tick)


def _not_as_told(
    model: type[models.Model], besides: list[Any], compared: Compared, tick: Callable[[], object]
) -> Iterator[Fault]:
    for states in _chunks(stored(model, besides=besides)):
        compared.rows += len(states)
        tick()
        suspects = [fault.object_key for fault in _faulty(states)]
        if suspects:
            yield from _confirmed(model, pks_of(model, suspects))


def _unreadable(model: type[models.Model], besides: list[Any]) -> list[Any]:
    """Rows of which no state can be made, though each value is of its column's kind: looked for one
    by one, a query a row, as only a tampered table has any."""
    found = []
    for pk in list(model._default_manager.exclude(pk__in=besides).values_list("pk", flat=True)):
        try:
            list(stored(model, [pk]))
        except reading.UNREADABLE:
            found.append(pk)
    return found


def pks_of(model: type[models.Model], keys: Iterable[str]) -> list[Any]:
    """Keys as primary keys; a forged one that can be none is of no row."""
    found = []
    for key in keys:
        with suppress(ValidationError):
            found.append(model._meta.pk.to_python(key))
    return found


def _confirmed(model: type[models.Model], pks: list[Any]) -> list[Fault]:
    """Suspects judged again while every writer waits: a write in between is no fault."""
    with transaction.atomic():
        AuditHead.objects.select_for_update().filter(pk=AuditHead.ONLY).first()
        return _faulty(list(stored(model, pks)))


def _rows_gone(model: type[models.Model], tick: Callable[[], object]) -> Iterator[Fault]:
    """Objects that the trail tells of as being there, and that are not."""
    object_type = type_of(model)
    events = AuditEvent.objects.filter(object_type=object_type).exclude(state="").order_by()
    seals = AuditSeal.objects.filter(object_type=object_type).order_by()
    keys = events.values_list("object_key").union(seals.values_list("object_key"))
    # Read whole: beside an open cursor SQLite refuses what `tick` writes.
    # A key that is no text is told with its event.
    for chunk in _chunks([key for (key,) in keys if reading.is_text(key)]):
        tick()
        yield from _gone(model, chunk)


def _gone(model: type[models.Model], keys: list[str]) -> Iterator[Fault]:
    there = model._default_manager.filter(pk__in=pks_of(model, keys))
    missing = set(keys) - {str(pk) for pk in there.values_list("pk", flat=True)}
    if not missing:
        return
    told = told_of(type_of(model), missing)
    for key in sorted(missing):
        # A row is deleted after its event is written: who is in between is not lost.
        if told[key].state != GONE:
            yield Fault(told[key].seq, Kind.ROW_GONE, type_of(model), key)


def compare(compared: list[Compared], progress: Progress | None = None) -> Iterator[Fault]:
    """Every row of every audited model against the last that the trail says of it.

    `compared` is filled with how many rows of which model were looked at. Cost: a constant number
    of queries a model and a 2,000 rows.
    """
    with reading.anyhow():
        yield from _compare(compared, progress)


def _compare(compared: list[Compared], progress: Progress | None) -> Iterator[Fault]:
    def tick() -> None:
        if progress is not None:
            progress(sum(item.rows for item in compared))

    for model in audited_models():
        found = Compared(model)
        compared.append(found)
        yield from _rows_there(model, found, tick)
        yield from _rows_gone(model, tick)
    counted: list[int] = []
    yield from _credentials(counted)
    compared.append(Compared(None, sum(counted)))
    yield from credentials.used()
    yield from dangling.rows()


def _credentials(counted: list[int]) -> list[Fault]:
    try:
        with reading.anyhow(is_exact=False):
            return [fault for fault, _state in credentials.compare(counted)]
    except reading.UNREADABLE:
        # Where a seal or a row of theirs cannot even be put in an order, all of them are in doubt.
        return [Fault(0, Kind.CREDENTIALS, credentials.TYPE)]


def left_outside() -> list[dict[str, Any]]:
    """What the trail does not answer for, as programs read it: the kind of rows, and of rows that are
    compared the columns and relations that are not (else none are named)."""
    kinds = [{"type": type_of(model), "columns": list[str]()} for model in outside_models()]
    return [
        *kinds,
        *(
            {"type": type_of(model), "columns": [field.name for field in _left_out(model)]}
            for model in audited_models()
            if getattr(model, "trail_leaves_out", ())
        ),
    ]


def outside_words(told: Any) -> list[tuple[str, str]]:
    """What `left_outside` told, and why it is left out, in the language of whoever reads it now."""
    if isinstance(told, dict):  # Kept by an earlier release, in the words of whoever made it.
        return [(str(name), str(why)) for name, why in told.items()]
    models_by_type = {type_of(model): model for model in [*audited_models(), *outside_models()]}
    return [
        _outside_words(models_by_type[one["type"]], one["columns"])
        for one in told
        if one["type"] in models_by_type
    ]


def _outside_words(model: Any, columns: list[str]) -> tuple[str, str]:
    kind = str(model._meta.verbose_name_plural)
    if not columns:
        return kind, str(getattr(model, "outside_trail", _LEFT_OUT))
    names = sorted(_field_words(field) for field in _left_out(model) if field.name in columns)
    return f"{kind}: {', '.join(names)}", str(_LEFT_OUT)


def outside() -> list[tuple[str, str]]:
    """Kinds of rows, and columns of rows, that the trail does not answer for, and why."""
    return outside_words(left_outside())


def _left_out(model: Any) -> list[Any]:
    """The columns and relations that no state holds."""
    kept = model.trail_leaves_out - getattr(model, "trail_keeps_apart", frozenset())
    fields = [*model._meta.concrete_fields, *model._meta.many_to_many]
    return [f for f in fields if {f.name, f.attname} & kept]


def _field_words(field: Any) -> str:
    """A field in words; a reference that was given none is called by what it leads to."""
    if field.is_relation and not isinstance(field.verbose_name, Promise):
        return str(field.related_model._meta.verbose_name)
    return str(field.verbose_name)
