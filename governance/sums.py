"""Sums of integers that no number of rows can overflow, exact on both databases.

SQLite refuses a sum beyond 2^63, and one hostile ministry could so end a page for the whole
government. There the upper and the lower halves are added apart; PostgreSQL's sums have no end.
"""

from typing import Any, Final

from django.db.models import Aggregate, BigIntegerField, F, QuerySet, Sum
from django.db.models.functions import Cast

_BITS: Final = 32
_LOW: Final = (1 << _BITS) - 1


class ExactSum(Aggregate):
    """Sum of a 64-bit integer column or expression, as a Python integer of any size; None where
    there is nothing to add. To order by it, see `largest_first`; the database cannot."""

    function = "SUM"
    name = "ExactSum"
    output_field = BigIntegerField()

    @staticmethod
    def convert_value(value: Any, _expression: Any, _connection: Any) -> int | None:
        if isinstance(value, str):
            high, _, low = value.partition(";")
            return (int(high) << _BITS) + int(low)
        return None if value is None else int(value)

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """Both halves as one text, `high;low`: an arithmetic shift keeps the sign."""
        parts: list[str] = []
        params: list[Any] = []
        for operation in (f">> {_BITS}", f"& {_LOW}"):
            half = self.copy()
            half.template = f"%(function)s(%(distinct)s(%(expressions)s) {operation})"
            sql, given = half.as_sql(compiler, connection, **context)
            parts.append(f"({sql})")
            params += given
        return f"({parts[0]} || ';' || {parts[1]})", params


def largest_first(groups: QuerySet[Any, Any], column: str, *then: str) -> QuerySet[Any, Any]:
    """Groups in the order of their exact sums of a column, the largest first and those without a
    sum last; among equals in the order of `then`. They get `sum_upper` and `sum_lower`."""
    lower = Cast(Sum(F(column).bitand(_LOW)), BigIntegerField())
    upper = Cast(Sum(F(column).bitrightshift(_BITS)), BigIntegerField())
    ordered: QuerySet[Any, Any] = groups.annotate(
        # Carried over, so that the upper parts alone decide where they differ.
        sum_upper=upper + lower.bitrightshift(_BITS),
        sum_lower=lower.bitand(_LOW),
    ).order_by(F("sum_upper").desc(nulls_last=True), F("sum_lower").desc(nulls_last=True), *then)
    return ordered
