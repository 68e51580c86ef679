"""References that lead nowhere: where a database's own checks were switched off, a row can point to a
record that does not exist.

A row that points there is itself not as its event left it; a link between two records is part of the
one that it starts from, and where that one is missing nothing else would tell of it.
"""

from collections.abc import Iterator
from typing import Any, Final

from django.db import connection, models

from governance.audit.faults import Fault, Kind
from governance.audit.states import audited_models, type_of

_MOST: Final = 500
"""Of one reference; a table with more was rewritten as a whole."""


def _lost(holder: type[models.Model], reference: Any, shown: str) -> list[tuple[Any, Any]]:
    """(value of the column `shown`, value that leads nowhere) of rows. Cost: one query."""
    quoted = connection.ops.quote_name
    column, target = quoted(reference.column), reference.target_field
    # Names of tables and columns are the program's own.
    statement = (
        f"SELECT h.{quoted(shown)}, h.{column} FROM {quoted(holder._meta.db_table)} h"  # noqa: S608
        f" LEFT JOIN {quoted(target.model._meta.db_table)} t"
        f" ON t.{quoted(target.column)} = h.{column}"
        f" WHERE h.{column} IS NOT NULL AND t.{quoted(target.column)} IS NULL"
        f" ORDER BY 1, 2 LIMIT {_MOST}"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall())


def rows() -> Iterator[Fault]:
    """Each reference of a record, or of a link between two, that leads nowhere. Cost: one query a
    foreign key."""
    for model in audited_models():
        for field in model._meta.concrete_fields:
            if field.is_relation:
                for key, value in _lost(model, field, str(model._meta.pk.column)):
                    yield Fault(
                        0,
                        Kind.DANGLING,
                        type_of(model),
                        str(key),
                        detail=f"{field.column} = {value}",
                        fields=(field.attname,),
                    )
        for relation in model._meta.many_to_many:
            yield from _links(model, relation)


def _links(model: type[models.Model], relation: Any) -> Iterator[Fault]:
    """Links of one relation of which either end is missing, as faults of the record they start from."""
    through = relation.remote_field.through
    if not through._meta.auto_created:
        return  # A model of its own, whose rows are looked at as such.
    ends = [
        through._meta.get_field(name)
        for name in (relation.m2m_field_name(), relation.m2m_reverse_field_name())
    ]
    for end in ends:
        for key, value in _lost(through, end, ends[0].column):
            yield Fault(
                0,
                Kind.DANGLING,
                type_of(model),
                str(key),
                detail=f"{through._meta.db_table}.{end.column} = {value}",
                fields=(relation.name,),
            )
