"""How earned value of many projects was rolled up: sums over the projects that report all of it."""

from collections.abc import Callable, Mapping

from governance.tabular import Kind
from projects.delivery import Delivery
from projects.metric_text import term_name
from projects.metrics.types import Measure
from reports.delivery import portfolio_deliveries, together
from reports.explain.answer import MISSING_SHOWN, ROWS_SHOWN, Asked, Explanation, Missing, Part, Row
from reports.explain.sums import about
from reports.links import object_url

_NAMES = (
    "cv", "sv", "cpi", "spi", "eac_typical", "eac_atypical", "eac_combined", "vac", "etc", "tcpi"
)  # fmt: skip
_TERMS = ("bac", "pv", "ev", "ac")


def _rolled(asked: Asked) -> Explanation:
    """Cost: four queries."""
    rows = portfolio_deliveries(asked.selection, asked.user)
    found = together(None, rows).rolled
    whole = [row for row in rows if _is_known(row)]
    without = [row for row in rows if not _is_known(row)]
    measure: Measure = getattr(found.value, asked.metric.id)
    return Explanation(
        asked.metric,
        measure,
        about(asked),
        parts=[
            Part(term, _whole(getattr(found.value, term)), Kind.YEN, found.known, found.asked)
            for term in _TERMS
        ],
        columns=[(term, term_name(term), Kind.YEN) for term in _TERMS],
        rows=[_row(asked, row) for row in whole[:ROWS_SHOWN]],
        rows_total=len(whole),
        missing=[
            Missing(str(row.project), object_url(row.project)) for row in without[:MISSING_SHOWN]
        ],
        missing_total=len(without),
    )


def _is_known(row: Delivery) -> bool:
    value = row.value
    return None not in (value.bac, value.pv, value.ev, value.ac)


def _whole(amount: object) -> int | None:
    return None if amount is None else int(str(amount))


def _row(asked: Asked, row: Delivery) -> Row:
    report = row.report
    return Row(
        str(row.project),
        object_url(row.project),
        {term: _whole(getattr(row.value, term)) for term in _TERMS},
        entered_at=None if report is None else report.updated_at,
        entered_by="" if report is None or report.updated_by is None else str(report.updated_by),
        explain_url=asked.links.explain_holder(asked.metric.id, row.project, None),
    )


EXPLAINERS: Mapping[str, Callable[[Asked], Explanation]] = dict.fromkeys(_NAMES, _rolled)
