"""Leads every figure of a table to its Explain page, by what the row is about."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from governance.tabular import Column
from reports.links import Links

R = TypeVar("R")

About = Callable[[R], Mapping[str, str | None]]
"""What a row is about, as parameters of the Explain page: own agency, system, year, …"""


def explained(columns: Sequence[Column[R]], links: Links, about: About[R]) -> tuple[Column[R], ...]:
    """The columns; those that show a metric and lead nowhere yet lead to how it came about."""
    return tuple(
        replace(column, url=_url(links, column.metric, about))
        if column.metric and column.url is None
        else column
        for column in columns
    )


def _url(links: Links, metric: str, about: About[R]) -> Callable[[R], str]:
    return lambda row: links.explain(metric, **about(row))


def of_all(_row: object) -> Mapping[str, str | None]:
    """A row about everything under the filters."""
    return {}


def of_agency(row: Any) -> Mapping[str, str | None]:
    """A row about one agency without those below it."""
    return {"own": row.agency.code}


def of_system(row: Any) -> Mapping[str, str | None]:
    return {"system": row.system_id}
