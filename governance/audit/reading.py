"""Reading a trail that somebody has tampered with: nothing that stands in it may keep the rest from
being compared.

SQLite keeps any bytes as text, and any kind of value in any column. A verification reads them all the
same, tells of them, and goes on.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

from django.db import connection, models

from governance.models import AuditEvent

UNREADABLE: Final = (ValueError, TypeError, ArithmeticError, RecursionError)
"""What reading a value raises that the program never wrote: bytes that are no text, a day that no month
has, JSON that nests without an end."""


@contextmanager
def anyhow(*, is_exact: bool = True) -> Iterator[None]:
    """Text that is none is read too, while this lasts: as what no hash takes for text (`is_exact`), or
    with marks of replacement, where what follows has to be able to encode it."""
    if connection.vendor != "sqlite":
        yield
        return
    connection.ensure_connection()
    raw: Any = connection.connection
    errors = "surrogateescape" if is_exact else "replace"
    before, raw.text_factory = raw.text_factory, lambda text: text.decode(errors=errors)
    try:
        yield
    finally:
        raw.text_factory = before


def printable(value: object) -> str:
    """What was read, as text that can be stored and shown."""
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return str(value).encode(errors="surrogateescape").decode(errors="replace")


def is_text(value: object) -> bool:
    """Whether a value is text that the database can be asked for."""
    return isinstance(value, str) and printable(value) == value


def numbered(rows: models.QuerySet[Any], *columns: str) -> models.QuerySet[Any]:
    """Those rows whose numbers are whole numbers: others have no place in any order."""
    if connection.vendor != "sqlite":
        return rows
    for name in columns:
        kind = models.Func(models.F(name), function="typeof", output_field=models.CharField())
        rows = rows.alias(**{f"{name}_kind": kind}).filter(**{f"{name}_kind": "integer"})
    return rows


def whole(value: object) -> int:
    """A number as the program keeps it; 0 for anything else."""
    return value if isinstance(value, int) else 0


def has_time(event: AuditEvent) -> bool:
    """Whether an event tells when it was, as each does that could be read as a whole."""
    at: datetime | None = event.at
    return at is not None


def events(rows: models.QuerySet[AuditEvent]) -> list[AuditEvent]:
    """Events; of one that cannot be read only its columns of text, and no time, which each has.
    Cost: one query, and where there is such an event one for each."""
    try:
        return list(rows)
    except UNREADABLE:
        return [_event(pk) for pk in list(rows.values_list("pk", flat=True))]


def _event(pk: int) -> AuditEvent:
    one = AuditEvent.objects.filter(pk=pk)
    try:
        return one.get()
    except UNREADABLE:
        plain = [
            field.attname
            for field in AuditEvent._meta.concrete_fields
            if not isinstance(field, models.DateTimeField | models.JSONField)
        ]
        return AuditEvent(**one.values(*plain).get())


def shown(rows: models.QuerySet[AuditEvent]) -> list[AuditEvent]:
    """Events for a page that lists them, where nothing that stands in one keeps the others from being
    read: what is no text is marked, what is no JSON of ours left out. To be shown, never compared."""
    found = [event for event in events(rows) if whole(event.seq)]
    for event in found:
        for column in AuditEvent._meta.concrete_fields:
            value = getattr(event, column.attname)
            if isinstance(column, models.JSONField):
                setattr(event, column.attname, value if isinstance(value, dict) else None)
            elif isinstance(column, models.CharField | models.TextField):
                setattr(event, column.attname, printable(value))
    return found
