"""How the figures of one project's delivery and worth came about."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from django.http import Http404
from django.utils.translation import gettext as _

from projects.figures import Figure, Input, ProjectFigures, figures_of
from projects.metrics.dictionary import delivery
from projects.metrics.types import Measure, Reason
from projects.models import Baseline, Benefit, MonthlyUpdate
from reports.explain.answer import KIND_OF_UNIT, TRACK, Asked, Explanation, Part, Row, row_of

_PRESENT: Final = frozenset({"pv_costs", "pv_benefits"})
_WORTH: Final = frozenset({"npv", "bcr", "roi", "irr", "payback", "discounted_payback", *_PRESENT})
METRIC_IDS: Final = frozenset(metric.id for metric in delivery.ENTRIES) | _WORTH


def explain(asked: Asked) -> Explanation:
    """The figure against the current plan, with what is said of others. Cost: nine queries."""
    if asked.project is None:
        raise Http404
    found = figures_of(asked.project, asked.as_of)
    # Present values are inputs of what they are worth together.
    name = "npv" if asked.metric.id in _PRESENT else asked.metric.id
    figures = [one for one in found.figures if one.metric.id == name]
    if not figures:
        raise Http404
    # The current plan and what is expected now stand last, the first plan first.
    figure = figures[0 if asked.params.get("plan") == "first" else -1]
    rows = list(_rows(asked, found, is_worth=asked.metric.id in _WORTH))
    return Explanation(
        asked.metric,
        _present(figure, asked.metric.id) if asked.metric.id in _PRESENT else figure.measure,
        ", ".join(part for part in (str(asked.project), figure.note) if part),
        parts=[_part(item) for item in figure.inputs],
        rows=rows,
        rows_total=len(rows),
        notes=[_other(one) for one in figures if one is not figure and name == asked.metric.id],
    )


def _present(figure: Figure, term: str) -> Measure:
    value = next((item.value for item in figure.inputs if item.term == term), None)
    return Measure(Decimal(value)) if isinstance(value, int) else Measure(None, Reason.NO_DATA)


def _part(item: Input) -> Part:
    return Part(item.term, item.value, item.kind, label=item.name)


def _other(figure: Figure) -> str:
    value = figure.measure.value
    shown = _("no value") if value is None else f"{value.normalize():,f}"
    return f"{figure.note}: {shown} ({KIND_OF_UNIT[figure.metric.unit]})"


def _rows(asked: Asked, found: ProjectFigures, *, is_worth: bool) -> Iterator[Row]:
    """The report, the plans and, for worth, the benefits. Cost: up to three queries."""
    if found.report is not None and not is_worth:
        report = MonthlyUpdate.objects.select_related(*TRACK).get(pk=found.report.pk)
        yield row_of(
            report, {}, _("monthly report %(month)s") % {"month": f"{report.period:%Y-%m}"}
        )
    plans = Baseline.objects.select_related(*TRACK).filter(
        pk__in={plan.pk for plan in (found.first, found.current) if plan is not None}
    )
    for plan in plans.order_by("number"):
        yield row_of(plan, {}, _("baseline %(n)d") % {"n": plan.number or 0})
    if is_worth:
        for benefit in asked.rows(Benefit).select_related(*TRACK).filter(project=found.project):
            yield row_of(benefit, {})
