"""Fields that a file would write and may not, as the records stand: the same table as in forms."""

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import TYPE_CHECKING

from governance.access import Role
from projects.models import CostLine, Kpi
from projects.services import field_rights

if TYPE_CHECKING:
    from projects.imports.sheets.checking import Row


def guarded(
    rows: "Iterable[Row]", roles_over: "Callable[[Row], frozenset[Role]]", on: date
) -> "Iterator[tuple[Row, str, str]]":
    """What the rows of one sheet write and may not, as their records stand: row, field, why.

    Rows outside of the actor's reach are told as such, not here. Cost: four queries a 900 KPIs,
    one a 900 holders of cost lines, two a project of benefits, none for other kinds.
    """
    cases = [(row, field_rights.changed_fields(row.obj, row.values)) for row in rows]
    known = field_rights.Known()
    kpis = [
        kpi
        for row, given in cases
        for kpi in (
            given.get("kpi"),
            row.obj if isinstance(row.obj, Kpi) else row.values.get("kpi"),
        )
        if kpi is not None and kpi.pk is not None
    ]
    known.read_kpis(kpi.pk for kpi in kpis)
    lines = [row for row, _given in cases if isinstance(row.obj, CostLine)]
    for name in ("system", "project"):
        held_ids = (getattr(kpi, f"{name}_id") for kpi in kpis)
        known.read_targets(name, (pk for pk in held_ids if pk is not None))
        holders = (row.values.get(name) for row in lines)
        known.read_sheets(name, (held.pk for held in holders if held and held.pk is not None))
    for row, given in cases:
        roles = roles_over(row)
        if roles:
            case = field_rights.Case(row.obj, given, on, known)
            for name, why in field_rights.refusals(case, roles).items():
                yield row, name, why
