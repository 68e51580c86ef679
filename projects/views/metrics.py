"""The metric dictionary, and the figures of a project with what they were made from."""

from datetime import date
from decimal import Decimal
from typing import Any, Final

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from governance import entry
from governance.access import Action, get_visible_or_404, rights_of
from governance.formatting import DASH, yen
from governance.models.base import localized
from governance.tabular import Column, Kind, Unknown, build_table
from projects.explain_links import explain_url
from projects.figures import Figure, Input, MilestoneFigure, figures_of
from projects.metric_text import (
    BETTER,
    OWNERS,
    RANGES,
    REASONS,
    STATES,
    UNITS,
    formula_of,
    source_of,
)
from projects.metrics.dictionary import METRICS, Unit
from projects.metrics.types import Reason
from projects.models import Baseline, MonthlyUpdate, Project
from projects.register import KINDS
from projects.worth import DISCOUNT_RATE, read_rate

_SHOWN: Final = Decimal("0.0001")

_COLUMNS: tuple[Column[Any], ...] = (
    Column("name", gettext_lazy("name"), lambda row: localized(row.name_ja, row.name)),
    Column("id", gettext_lazy("metric"), lambda row: row.id),
    Column("formula", gettext_lazy("formula"), formula_of),
    Column("unit", gettext_lazy("unit"), lambda row: UNITS[row.unit]),
    Column("range", gettext_lazy("range"), lambda row: RANGES.get(row.range, row.range)),
    Column(
        "undefined",
        gettext_lazy("undefined when"),
        lambda row: ", ".join(str(REASONS[reason]) for reason in row.undefined),
    ),
    Column("better", gettext_lazy("better"), lambda row: BETTER[row.better]),
    Column("owner", gettext_lazy("inputs from"), lambda row: OWNERS[row.owner]),
    Column("source", gettext_lazy("source"), source_of),
)


def _number_text(value: object) -> str:
    if isinstance(value, Decimal):
        value = value.quantize(_SHOWN).normalize()
        return f"{value:,f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _input_text(item: Input) -> str:
    return f"{item.name} = {DASH if item.value is None else _number_text(item.value)}"


def _value(figure: Figure) -> object:
    """The value with its unit, or the reason for which there is none."""
    value = figure.measure.value
    if value is None:
        return Unknown("undefined", REASONS[figure.measure.reason or Reason.NO_DATA])
    if figure.metric.unit is Unit.YEN:
        return yen(int(value.to_integral_value()))
    if figure.metric.unit is Unit.PERCENT:
        return f"{value.quantize(_SHOWN):f}%"
    return f"{value.quantize(_SHOWN).normalize():f} {UNITS[figure.metric.unit]}"


def _figure_columns(project: Project, as_of: date) -> tuple[Column[Any], ...]:
    return (
        Column(
            "name",
            gettext_lazy("name"),
            lambda row: localized(row.metric.name_ja, row.metric.name),
            url=lambda row: f"{reverse('metrics')}#{row.metric.id}",
        ),
        Column(
            "value",
            gettext_lazy("value"),
            _value,
            url=lambda row: explain_url(row.metric.id, project, as_of=as_of.isoformat()),
        ),
        *_FIGURES,
    )


_FIGURES: tuple[Column[Any], ...] = (
    Column("note", gettext_lazy("reading"), lambda row: row.note or DASH),
    Column("formula", gettext_lazy("formula"), lambda row: formula_of(row.metric)),
    Column(
        "worked",
        gettext_lazy("with the numbers put in"),
        lambda row: row.worked(_number_text) or DASH,
    ),
    Column(
        "inputs",
        gettext_lazy("with these inputs"),
        lambda row: "; ".join(_input_text(item) for item in row.inputs),
    ),
    Column(
        "source",
        gettext_lazy("taken from"),
        lambda row: "; ".join(dict.fromkeys(i.source for i in row.inputs if i.source)) or DASH,
    ),
)


_MILESTONES: tuple[Column[MilestoneFigure], ...] = (
    Column(
        "name",
        gettext_lazy("milestone"),
        lambda row: row.milestone.name,
        url=lambda row: KINDS["milestones"].page_url(row.milestone),
    ),
    Column("planned", gettext_lazy("planned"), lambda row: row.milestone.planned_on, Kind.DATE),
    Column("forecast", gettext_lazy("forecast"), lambda row: row.milestone.forecast_on, Kind.DATE),
    Column("actual", gettext_lazy("actual"), lambda row: row.milestone.actual_on, Kind.DATE),
    Column("expected", gettext_lazy("counts as"), lambda row: row.expected_on, Kind.DATE),
    Column(
        "days",
        gettext_lazy("days before (+) or after (-) the plan"),
        lambda row: (
            Unknown("undefined", REASONS[row.days.reason or Reason.NO_DATA])
            if row.days.value is None
            else int(row.days.value)
        ),
        kind=Kind.INTEGER,
        metric="schedule_variance_days",
    ),
    Column("state", gettext_lazy("reading"), lambda row: STATES[row.state]),
)


def require_reports(request: HttpRequest, project: Project) -> None:
    """Raise PermissionDenied (403) unless the reader sees the project's reports and baselines."""
    for model in (MonthlyUpdate, Baseline):
        line = model.access[0]
        reach = rights_of(request.user).reach(line.resource, Action.READ)
        inside = project.agency_id in reach.agency_ids or project.pk in reach.project_ids
        if not (reach.everything or inside):
            raise PermissionDenied


@require_safe
def figures_page(request: HttpRequest, key: str) -> HttpResponse:
    """A project's figures on a day, each with the numbers that it was made from."""
    project: Project = get_visible_or_404(
        Project.objects.select_related("agency"), request.user, code=key
    )
    require_reports(request, project)
    today = timezone.localdate()
    try:
        as_of = entry.day(request.GET["as_of"]) if request.GET.get("as_of") else today
    except ValidationError:
        messages.error(request, _("This is not a date; today is shown."))
        as_of = today
    rate = _rate(request)
    found = figures_of(project, as_of, rate)
    kind = KINDS["projects"]
    report = found.report
    return render(
        request,
        "projects/figures.html",
        {
            "title": _("Figures: %(name)s") % {"name": project},
            "crumbs": [
                {"label": capfirst(str(kind.plural)), "url": kind.list_url()},
                {"label": str(project), "url": kind.page_url(project)},
                {"label": _("Figures")},
            ],
            "as_of": as_of,
            "rate": f"{(rate * 100).normalize():f}",
            "report": report,
            "milestones": build_table(
                _MILESTONES, found.milestones, caption=_("Milestones"), query={}
            )
            if found.milestones
            else None,
            "table": build_table(
                _figure_columns(project, as_of),
                found.figures,
                caption=_("Figures"),
                caption_hidden=True,
                query={},
            ),
        },
    )


def _rate(request: HttpRequest) -> Decimal:
    """The discount rate asked for in percent, as a ratio."""
    given = request.GET.get("rate", "")
    if not given:
        return DISCOUNT_RATE
    try:
        return read_rate(given)
    except ValidationError:
        messages.error(request, _("The rate lies from 0 to 100 %; 4 % is used."))
        return DISCOUNT_RATE


@require_safe
def metrics_page(request: HttpRequest) -> HttpResponse:
    """What every figure means; the same for everybody who signs in. No query of its own."""
    return render(
        request,
        "projects/metrics.html",
        {
            "title": _("Metrics"),
            "crumbs": [{"label": _("Metrics")}],
            "table": build_table(
                _COLUMNS,
                METRICS.values(),
                caption=_("Metrics"),
                caption_hidden=True,
                query={},
                row_id=lambda metric: metric.id,
            ),
        },
    )
