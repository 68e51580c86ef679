"""One KPI over the years: targets, actuals, changed targets, and where the method broke the series."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from governance.access import Action, can, get_visible_or_404
from governance.tabular import Column, Kind, build_table
from projects.explain_links import explain_url
from projects.models import ChangeRequest, Kpi, KpiValue
from projects.models.choices import RequestState
from projects.register import KINDS
from projects.services.changes import url_of
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
    changes = _changes(values)
    methods = list(kpi.methods.order_by("number"))
    may_edit = can(request.user, Action.EDIT, kpi)
    on = timezone.localdate()
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
            "new_method": reverse("projects:kpis-method", args=[kpi.code]) if may_edit else "",
            "new_value": f"{KINDS['kpi-values'].new_url()}?kpi={kpi.code}" if may_edit else "",
        },
    )


@dataclass(frozen=True, slots=True)
class TargetChange:
    """A target that somebody asked to be changed."""

    value: KpiValue
    old: Decimal | None
    new: Decimal | None
    request: ChangeRequest

    @property
    def url(self) -> str:
        return url_of(self.request)


def _changes(values: Sequence[KpiValue]) -> list[TargetChange]:
    """What was asked of the targets of these years, the latest first. Cost: one query."""
    by_pk = {value.pk: value for value in values}
    rows = ChangeRequest.objects.filter(
        kind="kpi-values", object_pk__in=by_pk, after__has_key="target"
    ).select_related("requested_by", "decided_by")
    return [
        TargetChange(
            by_pk[row.object_pk], _figure(row.before["target"]), _figure(row.after["target"]), row
        )
        for row in rows
    ]


def _figure(kept: str | None) -> Decimal | None:
    return None if kept is None else Decimal(kept)


def _chart(kpi: Kpi, values: Sequence[KpiValue], changes: Sequence[TargetChange]) -> Chart:
    agreed: dict[int, list[Decimal]] = {}
    for change in changes:
        if change.request.state == RequestState.APPROVED and change.old is not None:
            agreed.setdefault(change.value.pk, []).append(change.old)
    years = [
        KpiYear(
            value.fiscal_year,
            value.method_version,
            value.target,
            value.actual,
            tuple(agreed.get(value.pk, ())),
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
