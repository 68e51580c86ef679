"""The Explain page of one figure: formula, numbers, rows, who entered them, what is missing."""

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from governance.access import Action, Resource, get_visible_or_404, require_somewhere
from governance.formatting import DASH, age, yen
from governance.models.base import localized
from governance.tabular import Column, Kind, Table, Unknown, build_table, display
from governance.web.limits import Door, limited
from projects.metric_text import (
    BETTER,
    OWNERS,
    RANGES,
    REASONS,
    UNITS,
    formula_of,
    source_of,
    term_name,
)
from projects.metrics.dictionary import METRICS, TERMS, Metric, Unit
from projects.metrics.types import Reason
from projects.models import Kpi, Project, Service, System
from projects.views.metrics import require_reports
from reports.explain import FOR_CASES_ONLY, explain, is_explained, plans
from reports.explain.answer import Asked, Explanation, Missing, Part, Row, Value
from reports.explain.value import ABOUT_GOALS
from reports.links import Links
from reports.views.question import Question, for_readers, read_question, reads_portfolio

_SHOWN: Final = Decimal("0.0001")
_CENT: Final = Decimal("0.01")
_SMALL: Final = 1000


def _text(value: Value, kind: Kind) -> str:
    """A number of the formula, with its unit where it is money."""
    if value is None:
        return DASH
    if kind is Kind.YEN and isinstance(value, int):
        return yen(value)
    if isinstance(value, Decimal) and kind is not Kind.RATIO:
        return f"{value.quantize(_SHOWN).normalize():,f}"
    return display(value, kind)


def _named(part: Part) -> str:
    return part.label or (term_name(part.term) if part.term in TERMS else part.term)


def _known(part: Part) -> object:
    if part.known is None or part.asked is None:
        return Unknown("not_applicable")
    return f"{part.known:,}/{part.asked:,}"


_PARTS: Final[tuple[Column[Part], ...]] = (
    Column("input", gettext_lazy("input"), _named, url=lambda part: part.list_url or None),
    Column(
        "value",
        gettext_lazy("value"),
        lambda part: Unknown("missing") if part.value is None else _text(part.value, part.kind),
    ),
    Column("known", gettext_lazy("known of asked"), _known),
)
_MISSING: Final[tuple[Column[Missing], ...]] = (
    Column("object", gettext_lazy("name"), lambda row: row.label, url=lambda row: row.url),
)


def _figure(term: str, kind: Kind) -> Any:
    def value(row: Row) -> object:
        found = row.figures.get(term)
        return Unknown("missing") if found is None else found

    return value


def _row_columns(found: Explanation) -> tuple[Column[Row], ...]:
    """What a row is, its figures, and how it came into the register."""
    columns: list[Column[Row]] = [
        Column("row", _("row"), lambda row: row.label, url=lambda row: row.url)
    ]
    columns += [
        Column(term, label, _figure(term, kind), kind, url=lambda row: row.explain_url or None)
        for term, label, kind in found.columns
    ]
    return (
        *columns,
        Column("entered_by", _("entered by"), _entered_by),
        Column("entered_at", _("entered at"), lambda row: row.entered_at, Kind.DATETIME),
        Column("source", _("source"), lambda row: row.source or Unknown("not_applicable")),
    )


def _entered_by(row: Row) -> object:
    if row.entered_by:
        return row.entered_by
    return _("the system") if row.entered_at else Unknown("not_applicable")


@require_safe
@limited(Door.EXPLAIN)
@for_readers(reads_portfolio)
def explain_page(request: HttpRequest, metric: str) -> HttpResponse:
    """Cost: a constant number of queries, at most a dozen beside those of the frame."""
    entry = METRICS.get(metric)
    if entry is None:
        raise Http404(_("There is no such metric."))
    question = read_question(request)
    asked = _asked(request, entry, question)
    found = explain(asked)
    return render(
        request,
        "reports/explain.html",
        {
            "title": localized(entry.name_ja, entry.name),
            "crumbs": [
                {"label": _("Metrics"), "url": f"{reverse('metrics')}#{entry.id}"},
                {"label": _("Explain")},
            ],
            "asked": question,
            "metric": entry,
            "formula": formula_of(entry),
            "words": {
                "unit": UNITS[entry.unit],
                "range": RANGES.get(entry.range, entry.range),
                "better": BETTER[entry.better],
                "owner": OWNERS[entry.owner],
                "source": source_of(entry),
                "undefined": [REASONS[reason] for reason in entry.undefined],
            },
            "found": None if found is None else _page(found, asked.as_of),
            "is_of_project": entry.id in plans.METRIC_IDS,
            "is_explained": is_explained(entry.id),
            "is_for_cases": entry.id in FOR_CASES_ONLY,
        },
    )


def _asked(request: HttpRequest, entry: Metric, question: Question) -> Asked:
    """Who asks what about which thing. Raises Http404 for what the reader may not see, and
    PermissionDenied (403) for figures about goals without the right to goals."""
    user, given = request.user, request.GET
    if entry.id in ABOUT_GOALS:
        require_somewhere(user, Action.READ, Resource.KPI)
    asked = Asked(
        entry,
        question.rows,
        question.criteria,
        question.as_of,
        question.tree,
        Links(question.query),
        params=given.dict(),
    )
    if given.get("own"):
        agency = question.tree.find(given["own"])
        if agency is None:
            raise Http404
        criteria = replace(question.criteria, agency_ids=frozenset({agency.pk}))
        return replace(asked, agency=agency, criteria=criteria)
    if given.get("system"):
        system = get_visible_or_404(System.objects.all(), user, system_id=given["system"])
        return replace(asked, system=system)
    if given.get("project"):
        project = get_visible_or_404(
            Project.objects.select_related("agency"), user, code=given["project"]
        )
        if entry.id in plans.METRIC_IDS:
            require_reports(request, project)
        return replace(asked, project=project)
    if given.get("service"):
        service = get_visible_or_404(Service.objects.all(), user, service_id=given["service"])
        return replace(asked, service=service)
    if given.get("kpi"):
        kpi = get_visible_or_404(Kpi.objects.all(), user, code=given["kpi"])
        return replace(asked, kpi=kpi)
    return replace(asked, agency=question.tree.find(given.get("agency", "")))


def _page(found: Explanation, as_of: date) -> dict[str, Any]:
    value = found.measure.value
    return {
        "about": found.about,
        "value": "" if value is None else _whole(value, found.metric),
        "reason": REASONS[found.measure.reason or Reason.NO_DATA],
        "worked": found.worked(_text, DASH),
        "coverage": found.coverage,
        "parts": build_table(_PARTS, found.parts, caption=_("What went in"), query={})
        if found.parts
        else None,
        "rows": _rows(found),
        "missing": build_table(
            _MISSING,
            found.missing,
            caption=_cut(_("What is missing"), len(found.missing), found.missing_total),
            query={},
        )
        if found.missing
        else None,
        "newest": _dated(found.newest, as_of),
        "oldest": _dated(found.oldest, as_of),
        "notes": found.notes,
        "files": found.files,
    }


def _whole(value: Decimal, metric: Metric) -> str:
    """The figure with its unit."""
    if metric.unit is Unit.YEN:
        return _yen(value)
    if metric.unit is Unit.COUNT:
        return f"{value:,f}"
    if metric.unit is Unit.RATIO:
        return f"{value.quantize(_SHOWN):f} ({display(value, Kind.RATIO)})"
    text = f"{value.quantize(_SHOWN).normalize():,f}"
    return f"{text}%" if metric.unit is Unit.PERCENT else f"{text} {UNITS[metric.unit]}"


def _yen(value: Decimal) -> str:
    """Whole yen; what a single case costs needs its hundredths."""
    if abs(value) < _SMALL and value != value.to_integral_value():
        return f"{value.quantize(_CENT):f} {UNITS[Unit.YEN]}"
    return yen(int(value.to_integral_value()))


def _rows(found: Explanation) -> Table | None:
    if not found.rows:
        return None
    return build_table(
        _row_columns(found),
        found.rows,
        caption=_cut(_("The rows behind it"), len(found.rows), found.rows_total),
        query={},
    )


def _cut(what: str, shown: int, total: int) -> str:
    if shown >= total:
        return f"{what} ({total:,})"
    return _("%(what)s (the first %(shown)s of %(total)s)") % {
        "what": what,
        "shown": f"{shown:,}",
        "total": f"{total:,}",
    }


def _dated(moment: datetime | None, as_of: date) -> str:
    if moment is None:
        return ""
    day = timezone.localtime(moment).date()
    return f"{day.isoformat()} ({age(day, max(as_of, day))})"
