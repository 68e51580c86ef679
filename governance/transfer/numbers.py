"""The numbers that tables give their rows: an equal register goes on counting where the first one is.

The trail names objects by number, so a number that was given once is never given to another row, even
if its row is gone.
"""

from django.db import connection, models

Model = type[models.Model]


def counts(model: Model) -> bool:
    """Whether the database numbers the rows of a model."""
    return isinstance(model._meta.pk, models.AutoField)


def last_of(model: Model) -> int:
    """The highest number that a table ever gave. Cost: one query."""
    if not counts(model):
        return 0
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"SELECT last_value, is_called FROM {_sequence(model)}")  # noqa: S608
            value, is_called = cursor.fetchone()
            return int(value) if is_called else 0
        cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [model._meta.db_table])
        row = cursor.fetchone()
        return int(row[0]) if row else 0


def go_on_after(model: Model, last: int) -> None:
    """Let a table's next number be the one after `last`. Cost: one or two statements."""
    if not counts(model) or not last:
        return
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT setval(%s, %s)", [_sequence(model), last])
            return
        table = model._meta.db_table
        cursor.execute("DELETE FROM sqlite_sequence WHERE name = %s", [table])
        cursor.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (%s, %s)", [table, last])


def _sequence(model: Model) -> str:
    column = model._meta.pk.column
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_get_serial_sequence(%s, %s)", [f'"{model._meta.db_table}"', column]
        )
        return str(cursor.fetchone()[0])
