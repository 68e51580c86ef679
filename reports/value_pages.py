"""What the template of the value page prints: figures brought to tiles, tables and charts.

A section is built from what was read; its sentences say the thresholds, years and terms.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.utils.translation import gettext as _

from governance.formatting import fiscal_year, integer, percent, yen
from governance.models import Agency
from governance.tabular import Column, Table, build_table
from projects.metrics import kpi
from projects.metrics.quadrants import Quadrant
from projects.risk_text import title_of
from reports import charts, dashboards, value, value_files, value_services, value_tiles, value_worth
from reports.charts import Chart
from reports.dashboards import AgencyFigures, Summary
from reports.explained import About, explained, of_agency, of_all, of_system
from reports.files import Request
from reports.links import Links
from reports.pages import Exports, cut_caption, drawable
from reports.tables import point_columns
from reports.tiles import Tile
from reports.value_service_tables import (
    ServiceRow,
    TimeRow,
    service_columns,
    time_columns,
    unit_cost_columns,
    year_columns,
)
from reports.value_tables import (
    QUADRANTS,
    GainRow,
    GoalRow,
    agency_goal_columns,
    coverage_columns,
    gain_columns,
    goal_columns,
    list_columns,
    moved_columns,
    of,
    placed_columns,
    project_columns,
    whole_columns,
)
from reports.value_terms import Terms


@dataclass(frozen=True, slots=True)
class Section:
    """One part of the page: what it rests on in words, then charts and tables."""

    id: str
    title: str
    notes: Sequence[str]
    tables: Sequence[Table] = ()
    charts: Sequence[Chart] = ()


@dataclass(frozen=True, slots=True)
class ValuePage:
    tiles: Sequence[Tile]
    sections: Sequence[Section]


@dataclass(frozen=True, slots=True)
class _Builder:
    """Builds the tables of one request; each knows its files."""

    asked: Request
    terms: Terms
    exports: Exports

    def table(
        self,
        key: str,
        caption: str,
        columns: Sequence[Column[Any]],
        rows: Sequence[Any],
        total: Any = None,
        totals: Mapping[str, object] | None = None,
        empty: str = "",
        about: About[Any] | None = of_all,
    ) -> Table:
        """`total` is a row of the same kind over all of them, shown last; `totals` are its cells.
        `about` tells what a row is about, for the Explain pages of its figures; None where the
        rows stand on this page."""
        if total is not None and len(rows) > 1:
            totals = {
                column.key: column.value(total) for column in columns[1:] if column.key != "kind"
            }
        return build_table(
            columns if about is None else explained(columns, Links(self.asked.query), about),
            rows,
            caption=caption,
            query=self.asked.query,
            total=totals,
            exports=self.exports.links(key),
            id=key,
            empty_text=empty,
        )


def value_page(asked: Request, terms: Terms, exports: Exports, *, sees_goals: bool) -> ValuePage:
    """The page in the active language.

    Cost: 20 statements, however many rows (three more each 2,000 projects with benefits);
    fewer for who reads no KPIs.
    """
    make = _Builder(asked, terms, exports)
    summary = asked.summary()
    sections, tiles = [_axes(make, summary)], [value_tiles.coverage(summary)]
    if sees_goals:
        goals = value.goals(asked.selection)
        worth = value_worth.portfolio_worth(asked.selection, terms.rate)
        sections += [
            _goals(make, goals),
            _changes(make, value.movements(asked.selection)),
            _coverage(make, summary),
            _benefits(make, value_worth.benefits(asked.selection)),
            _worth(make, worth),
        ]
        tiles += [value_tiles.goals(goals), value_tiles.worth(worth)]
    else:
        sections.append(_coverage(make, summary))
    found = value_services.service_figures(asked.selection)
    costs = value_services.unit_costs(asked.selection)
    sections += [_time(make, summary, found), _services(make, summary, found, costs)]
    tiles += [
        value_tiles.time(summary, found, terms),
        value_tiles.use(summary, found),
        value_tiles.cost(costs),
    ]
    links = Links(asked.query)
    return ValuePage(
        [replace(tile, metric=tile.key, explain=links.explain(tile.key)) for tile in tiles],
        sections,
    )


# Sections -------------------------------------------------------------------------------------------


def _axes(make: _Builder, summary: Summary) -> Section:
    asked = make.asked
    found = value.axes(asked.selection, summary.year, summary.use_threshold)
    split = _("Nothing can be placed yet: no system has both an operation cost and an online use.")
    if found.lines.cost is not None:
        split = _(
            "High cost: above %(cost)s, the median operation cost of %(year)s over the %(placed)s"
            " systems for which both are known. High value: %(use)s of cases or more are done"
            " online, the medium threshold of the rule “%(rule)s”."
        ) % {
            "cost": yen(int(found.lines.cost)),
            "year": fiscal_year(summary.year),
            "placed": integer(found.placed),
            "use": percent(found.lines.value),
            "rule": title_of("low_online_use"),
        }
    five = make.table(
        "lists",
        _("Five lists: every system stands in one"),
        list_columns(),
        found.lists,
        totals=_list_totals(found.total),
        about=None,
    )
    return Section(
        "axes",
        _("Value for money on two axes"),
        [
            split,
            _(
                "What cannot be placed is no verdict: a system whose value nobody measures may be"
                " worth its money, and nobody can say so."
            ),
        ],
        [five, *(_one_list(make, one) for one in found.lists)],
        [_scatter(make, summary, found)],
    )


def _list_totals(total: value.SystemList) -> dict[str, object]:
    return {
        "systems": total.systems,
        "operation": total.operation,
        "costs_known": of(total.costs_known, total.systems),
    }


def _one_list(make: _Builder, one: value.SystemList) -> Table:
    columns = placed_columns(make.asked.tree, with_list=False)
    if one.quadrant is not Quadrant.UNPLACED:
        columns = columns[:-1]
    name = str(QUADRANTS[one.quadrant])
    return make.table(
        one.quadrant.value,
        cut_caption(name, len(one.dearest), one.systems),
        columns,
        one.dearest,
        empty=_("%(list)s: no system.") % {"list": name},
        about=_of_placed,
    )


def _of_placed(row: value.Placed) -> Mapping[str, str | None]:
    return of_system(row)


def _scatter(make: _Builder, summary: Summary, found: value.Axes) -> Chart:
    rows = dashboards.system_points(make.asked.selection, summary.year).filter(
        operation__gt=0, used_cases__isnull=False
    )[: dashboards.POINTS_DRAWN]
    points = [dashboards.as_point(row) for row in rows]
    line = found.lines.cost
    return Chart(
        "value-axes",
        _("Operation cost and online use of systems"),
        charts.cost_value_scatter(
            [drawable(point) for point in points],
            cost_line=None if line is None else int(line),
            use_line=found.lines.value,
        ),
        build_table(
            point_columns(make.asked.tree, Links(make.asked.query), summary.year),
            points,
            caption=_("Operation cost and online use of systems"),
            caption_hidden=True,
            query=make.asked.query,
            exports=make.exports.links("systems"),
            id="points",
        ),
        summary=_("The dashed lines are the two thresholds; the best place is above and left."),
        note=_("Drawn: %(shown)s of %(placed)s systems that can be placed, the dearest.")
        % {"shown": integer(len(points)), "placed": integer(found.placed)},
    )


def _goals(make: _Builder, found: value.Goals) -> Section:
    years = _("No KPI has a target in a finished year.")
    if found.years is not None:
        years = _years(*found.years)
    total = GoalRow(found.total, "up", "outcome")
    return Section(
        "kpis",
        _("KPI achievement"),
        [
            years,
            _(
                "Higher is better: met from the target on. Lower is better: met up to the target. A"
                " KPI whose direction nobody stated, or without an actual, is asked and not known."
            ),
        ],
        [
            make.table(
                "goals",
                _("KPIs by direction and kind"),
                goal_columns(),
                value_files.goal_rows(found),
                total,
                about=None,
            ),
            make.table(
                "agency-goals",
                _("KPIs by agency"),
                agency_goal_columns(Links(make.asked.query)),
                value_files.agency_goal_rows(found, make.asked),
                total,
                about=of_agency,
            ),
        ],
    )


def _years(first: int, last: int) -> str:
    if first == last:
        return _("Figures of %(year)s.") % {"year": fiscal_year(first)}
    return _("Figures of %(first)s to %(last)s: of each the latest year that has them.") % {
        "first": fiscal_year(first),
        "last": fiscal_year(last),
    }


def _changes(make: _Builder, found: value.Movements) -> Section:
    columns = moved_columns(make.asked.tree)
    compared, broken = found.compared, found.broken
    counted = _(
        "Of %(all)s outcome KPIs, %(compared)s are compared between their last two finished years"
        " with an actual; of %(broken)s the method changed in between."
    ) % {
        "all": integer(len(found.rows)),
        "compared": integer(len(compared)),
        "broken": integer(len(broken)),
    }
    return Section(
        "kpi-changes",
        _("Change of outcome KPIs"),
        [
            counted,
            _(
                "No change is computed across a new method. Where the old method measured the latest"
                " year too, it is compared with itself. Those that went the wrong way furthest come"
                " first."
            ),
        ],
        [
            make.table(
                "changes",
                cut_caption(
                    _("Outcome KPIs by change"),
                    min(len(compared), value.GOALS_SHOWN),
                    len(compared),
                ),
                columns,
                compared[: value.GOALS_SHOWN],
                about=_of_kpi,
            ),
            make.table(
                "breaks",
                cut_caption(
                    _("Outcome KPIs whose series is broken"),
                    min(len(broken), value.GOALS_SHOWN),
                    len(broken),
                ),
                columns,
                broken[: value.GOALS_SHOWN],
                about=_of_kpi,
                empty=_("No series is broken."),
            ),
        ],
    )


def _of_kpi(row: value.Moved) -> Mapping[str, str | None]:
    return {"kpi": row.code}


def _coverage(make: _Builder, summary: Summary) -> Section:
    return Section(
        "outcomes",
        _("Outcome coverage"),
        [
            _(
                "Share of what systems spent in %(year)s that went to systems with a value measure:"
                " the online use of their services is known, or an outcome KPI has an actual."
            )
            % {"year": fiscal_year(summary.year)}
        ],
        [
            make.table(
                "coverage",
                _("Outcome coverage by agency"),
                coverage_columns(summary.year, Links(make.asked.query)),
                value_files.coverage_rows(summary),
                AgencyFigures(Agency(), summary.total),
                about=of_agency,
            )
        ],
    )


def _benefits(make: _Builder, found: value_worth.Benefits) -> Section:
    by_year = [GainRow(gains, fiscal_year=year) for year, gains in found.by_year.items()]
    by_kind = [GainRow(gains, kind=kind) for kind, gains in found.by_kind.items()]
    columns = gain_columns(by_year=True)
    years = make.table(
        "benefits-year",
        _("Benefits by fiscal year"),
        columns,
        by_year,
        GainRow(found.total),
        about=lambda row: {"benefit_year": str(row.fiscal_year)},
    )
    chart = Chart(
        "benefits-chart",
        _("Benefits planned, realised and forecast"),
        charts.benefits_by_year(
            [
                charts.BenefitYear(year, gains.planned, gains.realised, gains.forecast)
                for year, gains in found.by_year.items()
            ]
        ),
        years,
        note=_("A sum leaves out what nobody reported: the table says how many figures are in it."),
    )
    return Section(
        "benefits",
        _("Benefits"),
        [
            _(
                "Forecast: what was realised, of years that are over and where it is known; else"
                " what is planned."
            )
        ],
        [
            make.table(
                "benefits-kind",
                _("Benefits by kind"),
                gain_columns(by_year=False),
                by_kind,
                GainRow(found.total),
                about=lambda row: {"kind": row.kind},
            )
        ],
        [chart] if by_year else [],
    )


def _worth(make: _Builder, found: value_worth.PortfolioWorth) -> Section:
    terms = {
        "rate": make.terms.rate_text,
        "known": integer(found.known),
        "asked": integer(found.asked),
    }
    basis = _(
        "No project has costs and benefits that are known in every year: of %(asked)s none counts."
    )
    if found.worth is not None:
        basis = _(
            "%(known)s of %(asked)s projects: those whose costs and forecast benefits are known in"
            " every year they name. Discounted at %(rate)s a year to %(base)s, over %(years)s years"
            " to %(last)s; the base year itself is not discounted."
        )
        terms |= {
            "base": fiscal_year(found.worth.base_year),
            "last": fiscal_year(found.worth.last_year),
            "years": integer(found.worth.horizon),
        }
    shown = found.projects[: value_worth.PROJECTS_SHOWN]
    return Section(
        "project-worth",
        _("Worth of projects"),
        [
            basis % terms,
            _(
                "The cost is the whole of the current plan; without a plan, what the years cost. In"
                " the list every project is discounted to its own base year, as on its own page."
            ),
        ],
        [
            make.table("worth", _("All of them together"), whole_columns(), [found]),
            make.table(
                "projects",
                cut_caption(
                    _("Projects by benefit-cost ratio, the lowest first"),
                    len(shown),
                    len(found.projects),
                ),
                project_columns(make.asked.tree),
                shown,
                empty=_("No project has a benefit on record."),
                about=lambda row: {"project": row.code},
            ),
        ],
    )


def _time(make: _Builder, summary: Summary, found: value_services.ServiceFigures) -> Section:
    services = summary.total.services
    notes = [
        _("Cases × minutes a case, at %(price)s an hour.")
        % {"price": yen(make.terms.yen_per_hour)},
        _(
            "Time saved: the cases of today at the minutes of the base year (the first in which the"
            " service tells its minutes) less those at the minutes of today. Fewer cases are no"
            " saving."
        ),
    ]
    if found.years is not None:
        notes.insert(0, _years(*found.years))
    return Section(
        "users-time",
        _("Users' time"),
        notes,
        [
            make.table(
                "time",
                _("Users' time by agency"),
                time_columns(make.terms.yen_per_hour, Links(make.asked.query)),
                value_files.time_rows(summary, found),
                TimeRow(None, found.total.burden(services)),
                about=of_agency,
            )
        ],
    )


def _services(
    make: _Builder,
    summary: Summary,
    found: value_services.ServiceFigures,
    costs: value_services.UnitCosts,
) -> Section:
    years = list(value_services.largest_services(make.asked.selection)[: value_services.SHOWN])
    systems = costs.rows[: value_services.SHOWN]
    total = ServiceRow(None, summary.total.services, found.total, costs.of())
    return Section(
        "service-figures",
        _("Services"),
        [
            _(
                "Completion: completed ÷ begun cases; no figure where more were completed than"
                " begun. Satisfaction: satisfied ÷ all answers, weighted by answers; below %(least)s"
                " answers the share of a service is uncertain."
            )
            % {"least": integer(kpi.LEAST_ANSWERS)},
        ],
        [
            make.table(
                "service-agencies",
                _("Services by agency"),
                service_columns(Links(make.asked.query)),
                value_files.service_rows(summary, found, costs),
                total,
                about=of_agency,
            ),
            make.table(
                "services",
                cut_caption(_("Services by cases"), len(years), found.total.counted),
                year_columns(make.terms.yen_per_hour),
                years,
                about=lambda row: {"service": row.service.service_id},
            ),
            make.table(
                "unit-costs",
                cut_caption(_("Cost per transaction by system"), len(systems), len(costs.rows)),
                unit_cost_columns(make.asked.tree),
                systems,
                about=lambda row: {"system": row.system_id, "year": str(row.fiscal_year)},
            ),
        ],
    )
