"""One KPI over the years: targets, actuals, changed targets, and where the method broke the series."""

from collections.abc import Sequence
from typing import Any, cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from governance.access import Action, can, get_visible_or_404
from governance.models import User
from governance.people.deciding import why_same_person
from governance.tabular import Column, Kind, build_table
from projects.explain_links import explain_url
from projects.models import Kpi, KpiValue, TargetChange
from projects.models.choices import RequestState
from projects.register import KINDS
from projects.services.requests import is_locked
from reports.charts import Chart, KpiYear, kpi_series
from reports.views.dashboard import draws_charts

_KPIS = KINDS["kpis"]


@require_safe
@draws_charts
def kpi_page(request: HttpRequest, key: str) -> HttpResponse:
    """Cost: a query a table."""
    kpi: Kpi = get_visible_or_404(Kpi.objects.all(), request.user, code=key)
    values = list(kpi.values.order_by("fiscal_year", "method_version"))
    changes = list(
        TargetChange.objects.filter(value__kpi=kpi).select_related(
            "value", "requested_by", "decided_by"
        )
    )
    methods = list(kpi.methods.order_by("number"))
    may_edit = can(request.user, Action.EDIT, kpi)
    may_decide = can(request.user, Action.APPROVE, kpi)
    on, reader = timezone.localdate(), cast("User", request.user)
    return render(
        request,
        "reports/kpi.html",
        {
            "title": kpi.title,
            "crumbs": [
                {"label": capfirst(str(_KPIS.plural)), "url": _KPIS.list_url()},
                {"label": str(kpi), "url": _KPIS.page_url(kpi)},
                {"label": _("Targets and actuals")},
            ],
            "kpi": kpi,
            "chart": _chart(kpi, values, changes),
            "explained": [
                (explain_url("achievement_ratio", kpi), _("Explain: how far the goal is reached")),
                (explain_url("kpi_change", kpi), _("Explain: change since the year before")),
            ],
            "methods": methods,
            "changes": changes,
            "locked": [value for value in values if may_edit and is_locked(value, on)],
            "waiting": [
                (change, why_same_person(reader, change))
                for change in changes
                if change.state == RequestState.REQUESTED
                and may_decide
                and change.requested_by_id != request.user.pk
            ],
            "new_method": reverse("projects:kpis-method", args=[kpi.code]) if may_edit else "",
            "new_value": f"{KINDS['kpi-values'].new_url()}?kpi={kpi.code}" if may_edit else "",
        },
    )


def _chart(kpi: Kpi, values: Sequence[KpiValue], changes: Sequence[TargetChange]) -> Chart:
    agreed: dict[int, list[TargetChange]] = {}
    for change in changes:
        if change.state == RequestState.APPROVED:
            agreed.setdefault(change.value_id, []).append(change)
    years = [
        KpiYear(
            value.fiscal_year,
            value.method_version,
            value.target,
            value.actual,
            tuple(c.old_target for c in agreed.get(value.pk, ()) if c.old_target is not None),
        )
        for value in values
    ]
    columns: tuple[Column[Any], ...] = (
        Column("year", _("fiscal year"), lambda row: row.fiscal_year, Kind.YEAR),
        Column("method", _("method"), lambda row: row.version, Kind.INTEGER),
        Column("target", _("target"), lambda row: row.target, Kind.DECIMAL, unit=kpi.unit),
        Column("actual", _("actual"), lambda row: row.actual, Kind.DECIMAL, unit=kpi.unit),
        Column(
            "before",
            _("target before it was changed"),
            lambda row: ", ".join(f"{old.normalize():f}" for old in row.earlier_targets) or None,
        ),
    )
    versions = {year.version for year in years}
    return Chart(
        id="kpi-series",
        title=_("Targets and actuals by fiscal year"),
        figure=kpi_series(years, kpi.unit),
        table=build_table(
            columns, years, caption=_("Targets and actuals"), query={}, caption_hidden=True
        ),
        summary=_("The series breaks where the method changed: nothing is compared across it.")
        if len(versions) > 1
        else "",
    )
