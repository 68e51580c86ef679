"""Values that read as they should and are stored otherwise: only SQLite keeps them.

SQLite takes any value in any column, and readers mend it on the way: the day 20300101, kept as a
number, is read as 2030-01-01 and sorts before every day that is kept as text. A state is made of
what is read, so what is stored is looked at here. Bytes that are no UTF-8 it keeps as text too.
"""

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from django.db import connection, models

from governance.audit.faults import Fault, Kind
from governance.audit.states import kept_columns, type_of

# As Django writes them; {0} is the column.
_DAY: Final = "typeof({0}) <> 'text' OR date({0}) IS NOT {0}"
_MOMENT: Final = (
    "typeof({0}) <> 'text' OR length({0}) NOT IN (19, 26)"
    " OR datetime({0}) IS NOT substr({0}, 1, 19)"
    " OR (length({0}) = 26 AND substr({0}, 20) NOT GLOB '.[0-9][0-9][0-9][0-9][0-9][0-9]')"
)
_NO_TEXT: Final = "typeof({0}) <> 'text' OR NOT audit_is_text(CAST({0} AS BLOB))"
_WRITTEN: Final[tuple[tuple[tuple[type, ...], str], ...]] = (
    ((models.DateTimeField,), _MOMENT),
    ((models.DateField,), _DAY),
    ((models.DecimalField,), "typeof({0}) NOT IN ('integer', 'real')"),
    ((models.BooleanField,), "typeof({0}) <> 'integer' OR {0} NOT IN (0, 1)"),
    ((models.IntegerField, models.AutoField), "typeof({0}) <> 'integer'"),
    ((models.BinaryField,), "typeof({0}) <> 'blob'"),
    ((models.JSONField,), f"{_NO_TEXT} OR NOT json_valid({{0}})"),
    ((models.CharField, models.TextField), _NO_TEXT),
)


def _target(field: Any) -> Any:
    while field.remote_field is not None:
        field = field.target_field
    return field


def _conditions(model: type[models.Model]) -> list[tuple[str, str]]:
    """Column → what is true of a value that is not stored as Django stores it."""
    found = []
    for field in kept_columns(model):
        target = _target(field)
        for kinds, text in _WRITTEN:
            if isinstance(target, kinds):
                name = connection.ops.quote_name(str(field.column))
                found.append((str(field.column), f"{name} IS NOT NULL AND ({text.format(name)})"))
                break
    return found


def _is_text(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True


def columns(model: type[models.Model]) -> Iterator[tuple[Any, str]]:
    """(primary key, column) of values that only somebody below the program can have stored so; none
    on PostgreSQL, whose columns have types. Cost: one query, and one a decimal column."""
    if connection.vendor != "sqlite":
        return
    connection.ensure_connection()
    # SQLite itself cannot tell; and text that is none would not reach a function as text.
    connection.connection.create_function("audit_is_text", 1, _is_text, deterministic=True)
    conditions = _conditions(model)
    table, pk = (
        connection.ops.quote_name(name)
        for name in (model._meta.db_table, str(model._meta.pk.column))
    )
    cases = " ".join(f"WHEN {condition} THEN '{name}'" for name, condition in conditions)
    anywhere = " OR ".join(f"({condition})" for _name, condition in conditions)
    with connection.cursor() as cursor:
        # Names of columns are the program's own.
        cursor.execute(f"SELECT {pk}, CASE {cases} END FROM {table} WHERE {anywhere}")  # noqa: S608
        yield from cursor.fetchall()
        for field in kept_columns(model):
            if not isinstance(field, models.DecimalField):
                continue
            name = connection.ops.quote_name(str(field.column))
            cursor.execute(f"SELECT {pk}, {name} FROM {table} WHERE typeof({name}) = 'real'")  # noqa: S608
            for key, value in cursor.fetchall():
                if not _fits(value, field.decimal_places):
                    yield key, str(field.column)


def _fits(value: float, places: int) -> bool:
    """Whether a figure has no more places than its column; one without an end has."""
    try:
        return float(Decimal(repr(value)).quantize(Decimal(1).scaleb(-places))) == value
    except InvalidOperation:
        return False


def rows(model: type[models.Model]) -> Iterator[Fault]:
    """Rows with such a value, one fault a row. Cost: as `columns`."""
    for key, column in dict(columns(model)).items():
        yield Fault(0, Kind.ROW_ALTERED, type_of(model), str(key), detail=column)
