"""The tables of the dashboard as files: columns of the page, rows of all pages, in its order."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.http import QueryDict
from django.utils.translation import gettext as _

from governance.tabular import Column, Sort, sort_rows
from projects.models.choices import FlagSeverity
from projects.selectors import AgencyTree, Criteria, Selection, Visible
from reports import dashboards, pages, tables
from reports.downloads import Counted, streamed
from reports.links import Links


@dataclass(frozen=True, slots=True)
class File:
    """What an export writes; `rows` are read once, while it is written."""

    name: str
    title: str
    columns: tuple[Column[Any], ...]
    rows: Iterable[Any]


@dataclass(frozen=True, slots=True)
class Request:
    """Whose figures, under which criteria, of which day, in which order."""

    rows: Visible
    criteria: Criteria
    as_of: date
    tree: AgencyTree
    query: QueryDict

    @property
    def user(self) -> Any:
        return self.rows.user

    @property
    def selection(self) -> Selection:
        return Selection(self.rows, self.criteria, self.as_of)

    def summary(self) -> dashboards.Summary:
        return dashboards.summarise(self.rows, self.criteria, self.as_of, self.tree)


def _agencies(asked: Request) -> File:
    summary = asked.summary()
    columns = tables.agency_columns(summary.year, Links(asked.query), summary.not_shown)
    sort = Sort.parse(asked.query.get("sort"), columns)
    rows = sort_rows(summary.agencies, columns, sort)
    return File("portfolio-agencies", _("Agencies"), columns, rows)


def _agency_years(asked: Request) -> File:
    summary = asked.summary()
    columns = tables.agency_year_columns(pages.years_compared(summary), Links(asked.query))
    rows = sort_rows(summary.agencies, columns, Sort.parse(asked.query.get("sort"), columns))
    return File("portfolio-agency-years", _("Cost by agency and fiscal year"), columns, rows)


def _cube(asked: Request) -> File:
    # pandas takes 0.3 s to import: only this file pays for it.
    from reports import frames

    cube = frames.cost_cube(asked.summary().agencies)
    rows = Counted(len(cube), cube.itertuples(name=None))
    title = _("Cost by agency, fiscal year, class and stage")
    return File("portfolio-cost-cube", title, frames.cube_columns(cube), rows)


def _cost(asked: Request) -> File:
    rows = pages.cost_rows(asked.summary())
    return File(
        "portfolio-cost",
        _("Cost by fiscal year and class"),
        tables.cost_columns(Links(asked.query)),
        rows,
    )


def _scatter(asked: Request) -> File:
    year = asked.summary().year
    points = dashboards.system_points(asked.selection, year)
    rows = Counted(points.count(), (dashboards.as_point(row) for row in streamed(points)))
    columns = tables.point_columns(asked.tree, Links(asked.query), year)
    return File("portfolio-systems", _("Cost and value of each system"), columns, rows)


def _attention(asked: Request) -> File:
    flags = dashboards.attention(asked.selection)
    rows = flags.filter(severity__in=[FlagSeverity.HIGH, FlagSeverity.MEDIUM])
    return File(
        "portfolio-attention",
        _("Open flags of high or medium severity"),
        tables.attention_columns(asked.user),
        rows,
    )


def _systems(asked: Request) -> File:
    year = asked.summary().year
    rows = dashboards.agency_systems(asked.selection, year)
    return File(
        "agency-systems", _("Systems"), tables.system_columns(year, Links(asked.query)), rows
    )


def _projects(asked: Request) -> File:
    period = asked.summary().period
    rows = dashboards.agency_projects(asked.selection, period)
    return File("agency-projects", _("Projects"), tables.project_columns(), rows)


def all_flags(asked: Request) -> File:
    """Every open flag: the file of the attention page."""
    rows = dashboards.attention(asked.selection)
    return File("attention", _("Open flags"), tables.attention_columns(asked.user), rows)


Offered = Mapping[str, Callable[[Request], File]]

PORTFOLIO_FILES: Final[Offered] = {
    "agencies": _agencies,
    "agency-years": _agency_years,
    "cost-cube": _cube,
    "cost": _cost,
    "scatter": _scatter,
    "attention": _attention,
}
AGENCY_FILES: Final[Offered] = {
    **PORTFOLIO_FILES,
    "systems": _systems,
    "projects": _projects,
}
