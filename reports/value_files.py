"""The tables of the value page as files: columns of the page, all rows."""

from collections.abc import Iterable
from functools import partial
from typing import Any, Final

from django.utils.translation import gettext as _

from governance.tabular import Column
from projects.metrics.quadrants import Quadrant
from reports import value, value_services, value_worth
from reports.dashboards import AgencyFigures, Summary
from reports.files import File, Offered, Request
from reports.links import Links
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
    placed_columns,
    project_columns,
    whole_columns,
)
from reports.value_terms import Terms, TermsForm


def _terms(asked: Request) -> Terms:
    return TermsForm(asked.query).terms()


def _file(name: str, title: str, columns: tuple[Column[Any], ...], rows: Iterable[Any]) -> File:
    return File(f"value-{name}", title, columns, rows)


# Rows that page and files share ---------------------------------------------------------------------


def goal_rows(found: value.Goals) -> list[GoalRow]:
    """By direction and then by kind, in the order of their choices."""
    return [
        GoalRow(found.by_direction[direction, kind], direction, kind)
        for direction in value.DIRECTIONS
        for kind in value.KINDS
        if (direction, kind) in found.by_direction
    ]


def agency_goal_rows(found: value.Goals, asked: Request) -> list[GoalRow]:
    """In the order of the agencies."""
    return [
        GoalRow(found.by_agency[pk], agency=agency)
        for pk, agency in asked.tree.by_id.items()
        if pk in found.by_agency
    ]


def coverage_rows(summary: Summary) -> list[AgencyFigures]:
    """Agencies with a system."""
    return [row for row in summary.agencies if row.figures.systems]


def service_rows(
    summary: Summary, found: value_services.ServiceFigures, costs: value_services.UnitCosts
) -> list[ServiceRow]:
    """Agencies with a service."""
    return [
        ServiceRow(
            row.agency,
            row.figures.services,
            found.by_agency.get(row.agency.pk, value_services.ServiceSums()),
            costs.of(row.agency.pk),
        )
        for row in summary.agencies
        if row.figures.services
    ]


def time_rows(summary: Summary, found: value_services.ServiceFigures) -> list[TimeRow]:
    """Agencies with a service."""
    none = value_services.ServiceSums()
    return [
        TimeRow(
            row.agency,
            found.by_agency.get(row.agency.pk, none).burden(row.figures.services),
        )
        for row in summary.agencies
        if row.figures.services
    ]


# Files ----------------------------------------------------------------------------------------------


def _placed(asked: Request) -> list[value.Placed]:
    summary = asked.summary()
    _lines, rows = value.placed_systems(asked.selection, summary.year, summary.use_threshold)
    return rows


def _systems(asked: Request) -> File:
    return _file(
        "systems", _("Systems by value and cost"), placed_columns(asked.tree), _placed(asked)
    )


def _one_list(quadrant: Quadrant, asked: Request) -> File:
    rows = [row for row in _placed(asked) if row.quadrant is quadrant]
    return _file(
        quadrant.replace("_", "-"), str(QUADRANTS[quadrant]), placed_columns(asked.tree), rows
    )


def _lists(asked: Request) -> File:
    summary = asked.summary()
    found = value.axes(asked.selection, summary.year, summary.use_threshold)
    return _file("lists", _("Five lists by value and cost"), list_columns(), found.lists)


def _goals(asked: Request) -> File:
    rows = goal_rows(value.goals(asked.selection))
    return _file("goals", _("KPIs by direction and kind"), goal_columns(), rows)


def _agency_goals(asked: Request) -> File:
    rows = agency_goal_rows(value.goals(asked.selection), asked)
    columns = agency_goal_columns(Links(asked.query))
    return _file("agency-goals", _("KPIs by agency"), columns, rows)


def _changes(asked: Request) -> File:
    rows = value.movements(asked.selection).rows
    return _file("changes", _("Outcome KPIs by change"), moved_columns(asked.tree), rows)


def _breaks(asked: Request) -> File:
    rows = value.movements(asked.selection).broken
    return _file(
        "breaks", _("Outcome KPIs whose series is broken"), moved_columns(asked.tree), rows
    )


def _coverage(asked: Request) -> File:
    summary = asked.summary()
    columns = coverage_columns(summary.year, Links(asked.query))
    return _file("coverage", _("Outcome coverage by agency"), columns, coverage_rows(summary))


def _benefit_years(asked: Request) -> File:
    found = value_worth.benefits(asked.selection)
    rows = [GainRow(gains, fiscal_year=year) for year, gains in found.by_year.items()]
    return _file("benefits-year", _("Benefits by fiscal year"), gain_columns(by_year=True), rows)


def _benefit_kinds(asked: Request) -> File:
    found = value_worth.benefits(asked.selection)
    rows = [GainRow(gains, kind=kind) for kind, gains in found.by_kind.items()]
    return _file("benefits-kind", _("Benefits by kind"), gain_columns(by_year=False), rows)


def _whole(asked: Request) -> File:
    found = value_worth.portfolio_worth(asked.selection, _terms(asked).rate)
    return _file("worth", _("Worth of the portfolio"), whole_columns(), [found])


def _projects(asked: Request) -> File:
    found = value_worth.portfolio_worth(asked.selection, _terms(asked).rate)
    columns = project_columns(asked.tree)
    return _file("projects", _("Projects by benefit-cost ratio"), columns, found.projects)


def _time(asked: Request) -> File:
    rows = time_rows(asked.summary(), value_services.service_figures(asked.selection))
    columns = time_columns(_terms(asked).yen_per_hour, Links(asked.query))
    return _file("time", _("Users' time by agency"), columns, rows)


def _service_agencies(asked: Request) -> File:
    selection = asked.selection
    rows = service_rows(
        asked.summary(),
        value_services.service_figures(selection),
        value_services.unit_costs(selection),
    )
    columns = service_columns(Links(asked.query))
    return _file("service-agencies", _("Services by agency"), columns, rows)


def _services(asked: Request) -> File:
    rows = value_services.largest_services(asked.selection)
    columns = year_columns(_terms(asked).yen_per_hour)
    return _file("services", _("Services by cases"), columns, rows)


def _unit_costs(asked: Request) -> File:
    rows = value_services.unit_costs(asked.selection).rows
    columns = unit_cost_columns(asked.tree)
    return _file("unit-costs", _("Cost per transaction by system"), columns, rows)


ABOUT_GOALS: Final[Offered] = {
    "goals": _goals,
    "agency-goals": _agency_goals,
    "changes": _changes,
    "breaks": _breaks,
    "benefits-year": _benefit_years,
    "benefits-kind": _benefit_kinds,
    "worth": _whole,
    "projects": _projects,
}
"""What is made of KPIs and benefits, which not every reader of the page may read."""

VALUE_FILES: Final[Offered] = {
    "systems": _systems,
    "lists": _lists,
    **{quadrant.value: partial(_one_list, quadrant) for quadrant in Quadrant},
    "coverage": _coverage,
    "time": _time,
    "service-agencies": _service_agencies,
    "services": _services,
    "unit-costs": _unit_costs,
    **ABOUT_GOALS,
}
