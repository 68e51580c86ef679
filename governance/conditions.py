"""The database's own rules, asked in Python: a form or thousands of rows need no query a rule.

A check constraint is a condition on one row; this evaluates it as SQL does, with three values, so
that a file, a form and the database refuse the same rows in the same words.
"""

from collections.abc import Callable, Container, Iterator, Mapping
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q

Values = Mapping[str, Any]


def _value(name: str, values: Values) -> Any:
    found = values[name]
    return found.pk or id(found) if isinstance(found, models.Model) else found


def _of(given: Any, values: Values) -> Any:
    if isinstance(given, F):
        field: Any = given
        return _value(field.name, values)
    return given.pk if isinstance(given, models.Model) else given


def _compare(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool | None]:
    def judged(left: Any, right: Any) -> bool | None:
        return None if left is None or right is None else compare(left, right)

    return judged


_LOOKUPS: Final[Mapping[str, Callable[[Any, Any], bool | None]]] = {
    "exact": _compare(lambda left, right: bool(left == right)),
    "gt": _compare(lambda left, right: bool(left > right)),
    "gte": _compare(lambda left, right: bool(left >= right)),
    "lt": _compare(lambda left, right: bool(left < right)),
    "lte": _compare(lambda left, right: bool(left <= right)),
    "isnull": lambda left, right: (left is None) is right,
    "in": lambda left, right: None if left is None else left in right,
    "range": lambda left, right: None if left is None else right[0] <= left <= right[1],
    "day": _compare(lambda left, right: bool(left.day == right)),
}


def _leaf(path: str, given: Any, values: Values) -> bool | None:
    name, _, lookup = path.partition("__")
    judge = _LOOKUPS[lookup or "exact"]
    right = given if lookup in ("in", "range", "isnull") else _of(given, values)
    left = _value(name, values)
    if given is None and not lookup:  # Q(field=None) asks for null.
        return left is None
    return judge(left, right)


def holds(condition: Any, values: Values) -> bool | None:
    """Whether a row fulfils a condition (a Q); None where SQL says unknown (a check then passes).

    Raises KeyError for a lookup that constraints have not used so far.
    """
    results = [
        holds(child, values) if isinstance(child, Q) else _leaf(child[0], child[1], values)
        for child in condition.children
    ]
    found = _joined(condition.connector, results)
    if condition.negated:
        return None if found is None else not found
    return found


def _joined(connector: str, results: list[bool | None]) -> bool | None:
    if not results:
        return True
    if connector == Q.OR:
        return True if True in results else (None if None in results else False)
    if connector == Q.XOR:
        return None if None in results else sum(map(bool, results)) % 2 == 1
    return False if False in results else (None if None in results else True)


class Columns(Mapping[str, Any]):
    """The columns of a record by field name, as constraints name them; foreign keys as ids."""

    def __init__(self, instance: models.Model) -> None:
        self.instance = instance

    def __getitem__(self, name: str) -> Any:
        field = self.instance._meta.get_field(name)
        return getattr(self.instance, field.attname)  # type: ignore[union-attr]

    def __iter__(self) -> Iterator[str]:
        return (field.name for field in self.instance._meta.concrete_fields)

    def __len__(self) -> int:
        return len(self.instance._meta.concrete_fields)


def faults(instance: models.Model, exclude: Container[str]) -> list[ValidationError]:
    """The check constraints that a record breaks, as Django tells them. Queries nothing.

    Rules about an excluded field are left to the database.
    """
    found = []
    columns = Columns(instance)
    for constraint in instance._meta.constraints:
        if not isinstance(constraint, models.CheckConstraint):
            continue
        condition: Any = constraint.condition
        names = {str(path).split("__")[0] for path in condition.referenced_base_fields}
        if any(name in exclude for name in names):
            continue
        if holds(condition, columns) is False:
            message = constraint.get_violation_error_message()
            found.append(ValidationError(message, code=constraint.violation_error_code))
    return found
