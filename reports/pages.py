"""What the dashboard's templates print: figures brought to tiles, tables, charts and lists."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.core.paginator import Page
from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from governance.access import Action, Resource, can_somewhere
from governance.formatting import fiscal_year, integer
from governance.models import Agency
from governance.models.base import localized
from governance.tabular import ExportLink, Sort, Table, build_table, export_links, sort_rows
from projects.flag_links import readable_subject_url
from projects.flag_sight import FlagSight
from projects.models import RiskFlag
from projects.risk_text import title_of
from projects.selectors import AgencyTree
from reports import charts, tables, tiles
from reports.charts import Chart
from reports.dashboards import (
    POINTS_DRAWN,
    AgencyFigures,
    AgencyPortfolio,
    Point,
    Portfolio,
    Summary,
    YearCost,
)
from reports.links import Links

YEARS_DRAWN = 10


@dataclass(frozen=True, slots=True)
class AttentionItem:
    """One open flag in words."""

    severity: str
    flag_url: str
    title: str
    subject: str
    url: str | None
    agency: str
    why: str
    clears_when: str
    opened_on: date


@dataclass(frozen=True, slots=True)
class Exports:
    """Where the files of a page are: `path` leads to a file of a format."""

    route: str
    args: tuple[str, ...]
    query: QueryDict

    def links(self, table: str) -> tuple[ExportLink, ...]:
        return export_links(
            lambda fmt: reverse(self.route, args=[*self.args, fmt]), self.query, table=table
        )


@dataclass(frozen=True, slots=True)
class DashboardPage:
    """The parts that portfolio and agency page share."""

    summary: Summary
    tiles: list[tiles.Tile]
    charts: list[Chart]
    attention: list[AttentionItem]
    attention_url: str
    attention_count: str
    attention_exports: tuple[ExportLink, ...]
    agencies: Table | None
    agency_years: Table | None
    cube_exports: tuple[ExportLink, ...]


@dataclass(frozen=True, slots=True)
class Crumb:
    label: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class AgencyFacts:
    """What everybody with a role may know of an agency; `edit_url` is "" for most."""

    agency: Agency
    parent: Crumb | None
    children: tuple[Crumb, ...]
    crumbs: tuple[Crumb, ...]
    edit_url: str


def agency_facts(agency: Agency, tree: AgencyTree, query: QueryDict, user: Any) -> AgencyFacts:
    """Queries nothing but the reader's rights."""
    links = Links(query)

    def crumb(row: Agency) -> Crumb:
        return Crumb(str(row), links.agency(row.code))

    parent = None if agency.parent_id is None else crumb(tree.by_id[agency.parent_id])
    above = (Crumb(_("Portfolio"), links.portfolio(agency=None)), *([parent] if parent else []))
    may_edit = can_somewhere(user, Action.EDIT, Resource.MASTER)
    return AgencyFacts(
        agency=agency,
        parent=parent,
        children=tuple(crumb(row) for row in tree.by_id.values() if row.parent_id == agency.pk),
        crumbs=(*above, Crumb(str(agency))),
        edit_url=reverse("projects:agencies-edit", args=[agency.code]) if may_edit else "",
    )


@dataclass(frozen=True, slots=True)
class AgencyPage:
    """The figures on the page of one agency."""

    dashboard: DashboardPage
    systems: Table
    projects: Table
    systems_url: str
    projects_url: str


def attention_item(flag: RiskFlag, user: Any, sight: FlagSight) -> AttentionItem:
    note = sight.note(flag)
    return AttentionItem(
        severity=flag.severity,
        flag_url=Links.flag(flag.pk),
        title=title_of(flag.rule_id),
        subject=sight.subject(flag),
        url=readable_subject_url(flag, user),
        agency=str(flag.agency),
        why=note.why,
        clears_when=note.clears_when,
        opened_on=flag.opened_on,
    )


def dashboard_page(
    portfolio: Portfolio,
    tree: AgencyTree,
    query: QueryDict,
    exports: Exports,
    user: Any,
    agency_code: str = "",
) -> DashboardPage:
    """Tiles, charts, attention list and agency table in the active language. Queries nothing
    but the reader's rights, and the systems of the reader's projects.

    `agency_code` is that of the page, if it is one of an agency.
    """
    summary, links = portfolio.summary, Links(query, agency_code)
    sight = FlagSight(user)
    return DashboardPage(
        summary=summary,
        tiles=tiles.headline(summary, links),
        charts=[
            _cost_chart(summary, query, exports),
            _value_chart(portfolio, tree, query, exports),
        ],
        attention=[attention_item(flag, user, sight) for flag in portfolio.attention],
        attention_url=links.attention(),
        attention_count=_shown_of(len(portfolio.attention), portfolio.attention_total),
        attention_exports=exports.links("attention"),
        agencies=agency_table(summary, query, exports) if len(summary.agencies) > 1 else None,
        agency_years=agency_years_table(summary, query, exports)
        if len(summary.agencies) > 1
        else None,
        cube_exports=exports.links("cost-cube"),
    )


def _shown_of(shown: int, total: int) -> str:
    return ngettext(
        "%(shown)s of %(total)s flag of high or medium severity",
        "%(shown)s of %(total)s flags of high or medium severity",
        total,
    ) % {"shown": integer(shown), "total": integer(total)}


def agency_table(summary: Summary, query: QueryDict, exports: Exports) -> Table:
    """One row an agency, in the order asked for, with the portfolio's total."""
    columns = tables.agency_columns(summary.year, Links(query), summary.not_shown)
    sort = Sort.parse(query.get("sort"), columns)
    whole = AgencyFigures(Agency(), summary.total)
    totals = {column.key: column.value(whole) for column in columns if column.key != "agency"}
    return build_table(
        columns,
        sort_rows(summary.agencies, columns, sort),
        caption=_("Agencies, yearly figures of %(year)s") % {"year": fiscal_year(summary.year)},
        query=query,
        sort=sort,
        total=totals,
        exports=exports.links("agencies"),
        id="agencies",
    )


YEARS_COMPARED = 4


def years_compared(summary: Summary) -> list[int]:
    """The latest years with any cost or budget, the latest last."""
    return [year for year, _cost in cost_rows(summary)][-YEARS_COMPARED:]


def agency_years_table(summary: Summary, query: QueryDict, exports: Exports) -> Table:
    """Cost of each agency over the latest years, with the portfolio's total."""
    columns = tables.agency_year_columns(years_compared(summary), Links(query))
    sort = Sort.parse(query.get("sort"), columns)
    whole = AgencyFigures(Agency(), summary.total)
    totals = {column.key: column.value(whole) for column in columns if column.key != "agency"}
    return build_table(
        columns,
        sort_rows(summary.agencies, columns, sort),
        caption=_("Cost by agency and fiscal year"),
        query=query,
        sort=sort,
        total=totals,
        exports=exports.links("agency-years"),
        id="agency-years",
    )


def cost_rows(summary: Summary) -> list[tuple[int, YearCost]]:
    """Fiscal years with any figure, the latest last."""
    return [
        (year, cost)
        for year, cost in sorted(summary.total.years.items())
        if any(
            amount is not None
            for amount in (cost.development, cost.operation, cost.executed, cost.initial)
        )
    ]


def _cost_chart(summary: Summary, query: QueryDict, exports: Exports) -> Chart:
    rows = cost_rows(summary)[-YEARS_DRAWN:]
    years = [
        charts.CostYear(year, cost.development, cost.operation, cost.other, cost.unsplit)
        for year, cost in rows
        if (cost.development, cost.operation, cost.other, cost.unsplit) != (None,) * 4
    ]
    return Chart(
        "cost-by-year",
        _("Cost by fiscal year and class"),
        charts.cost_by_year_and_class(years),
        build_table(
            tables.cost_columns(Links(query)),
            rows,
            caption=_("Cost by fiscal year and class"),
            caption_hidden=True,
            query=query,
            exports=exports.links("cost"),
            id="cost",
        ),
        summary=_("Executed yen of systems and projects, as far as reported."),
        note=_("A year still running, or not reported by all, shows less than it will."),
    )


def _value_chart(
    portfolio: Portfolio, tree: AgencyTree, query: QueryDict, exports: Exports
) -> Chart:
    points, summary = portfolio.points, portfolio.summary
    drawn = [drawable(point) for point in points]
    return Chart(
        "cost-and-value",
        _("Cost and value of each system"),
        charts.cost_value_scatter(drawn, use_line=summary.use_threshold),
        build_table(
            tables.point_columns(tree, Links(query), summary.year),
            points,
            caption=_("Cost and value of each system"),
            caption_hidden=True,
            query=query,
            exports=exports.links("scatter"),
            id="scatter",
        ),
        summary=_("Executed operation cost in %(year)s against the share of cases done online.")
        % {"year": fiscal_year(summary.year)},
        note=_value_note(points, summary),
    )


def _value_note(points: Sequence[Point], summary: Summary) -> str:
    limit = ""
    if len(points) == POINTS_DRAWN:
        limit = _("Only the %(limit)s with the highest cost are drawn. ") % {
            "limit": integer(POINTS_DRAWN)
        }
    return limit + _(
        "Shown: %(shown)s of %(all)s systems, those with operation cost and a known online use."
        " The export holds every system with cost in the year."
    ) % {"shown": integer(len(points)), "all": integer(summary.total.systems)}


def drawable(point: Point) -> charts.CostValuePoint:
    """A system as a mark of the scatter."""
    return charts.CostValuePoint(
        name=localized(point.name, point.name_en),
        cost=point.operation,
        use_ratio=point.use_ratio.value,
        cases=point.cases,
        severity=point.severity,
        url=tables.point_url(point.system_id),
    )


def agency_page(
    found: AgencyPortfolio,
    agency: Agency,
    tree: AgencyTree,
    query: QueryDict,
    exports: Exports,
    user: Any,
) -> AgencyPage:
    """The page of one agency, in the active language. Queries nothing but the reader's rights."""
    summary = found.portfolio.summary
    links = Links(query, agency.code)
    return AgencyPage(
        dashboard=dashboard_page(found.portfolio, tree, query, exports, user, agency.code),
        systems=build_table(
            tables.system_columns(summary.year, links),
            found.systems,
            caption=cut_caption(_("Systems"), len(found.systems), summary.total.systems),
            query=query,
            exports=exports.links("systems"),
            id="systems",
        ),
        projects=build_table(
            tables.project_columns(),
            found.projects,
            caption=cut_caption(_("Projects"), len(found.projects), summary.total.projects),
            query=query,
            exports=exports.links("projects"),
            id="projects",
        ),
        systems_url=links.systems(),
        projects_url=links.projects(),
    )


def cut_caption(what: str, shown: int, total: int) -> str:
    """What a table holds, and how much of it stands on the page."""
    if shown >= total:
        return _("%(what)s (%(total)s)") % {"what": what, "total": integer(total)}
    return _("%(what)s (the first %(shown)s of %(total)s)") % {
        "what": what,
        "shown": integer(shown),
        "total": integer(total),
    }


def attention_table(page: "Page[Any]", query: QueryDict, exports: Exports, user: Any) -> Table:
    """One page of the attention list."""
    return build_table(
        tables.attention_columns(user, is_linked=True),
        page.object_list,
        caption=_("Open flags, the gravest and oldest first"),
        query=query,
        page=page,
        empty_text=_("No flag is open under these filters."),
        exports=exports.links("attention"),
        id="flags",
    )
