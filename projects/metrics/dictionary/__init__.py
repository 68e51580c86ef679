"""The metric dictionary: what each figure means, one entry each, feeding the page, the document,
Explain and every answer that names a metric."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from projects.metrics.dictionary import cost, delivery, outlook, portfolio, value, worth
from projects.metrics.dictionary.entry import Better, Metric, Owner, Term, Unit
from projects.metrics.dictionary.portfolio import METRIC_OF_FIGURE

__all__ = [
    "METRICS",
    "METRIC_OF_FIGURE",
    "TERMS",
    "Better",
    "Metric",
    "Owner",
    "Term",
    "Unit",
    "formula",
    "render",
]

_AREAS = (portfolio, cost, delivery, value, worth, outlook)

METRICS: Mapping[str, Metric] = {metric.id: metric for area in _AREAS for metric in area.ENTRIES}
TERMS: Mapping[str, Term] = {key: term for area in _AREAS for key, term in area.TERMS.items()}


def formula(metric: Metric, *, japanese: bool = False) -> str:
    """The formula in words."""
    return metric.filled(
        {key: TERMS[key].name_ja if japanese else TERMS[key].name for key in metric.terms}
    )


_HEAD = """\
# Metrics

Generated from the code by `python manage.py document_metrics`; do not edit by hand.

A metric that cannot be computed has no value and a reason, never a zero. `manage.py evaluate`
computes them for cases of your own ([evaluate.md](evaluate.md)), `manage.py metrics --json` for a
project. In the product every figure leads to its Explain page: the formula with the numbers put in,
the rows behind it, who entered them and when, and what is missing.

| id | name | 名称 | formula | 式 | unit | range | undefined when | better | inputs from | source |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
"""


def render(metrics: Iterable[Metric]) -> str:
    """The dictionary as Markdown."""
    return _HEAD + "".join(
        "| "
        + " | ".join(
            (
                f"`{metric.id}`",
                metric.name,
                metric.name_ja,
                formula(metric),
                formula(metric, japanese=True),
                metric.unit,
                metric.range,
                ", ".join(reason.value.replace("_", " ") for reason in metric.undefined),
                metric.better,
                metric.owner,
                metric.source,
            )
        )
        + " |\n"
        for metric in metrics
    )
