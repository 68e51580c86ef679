"""How the figures about contracts came about: over the contracts that a page counts."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from django.db.models import Avg, Count, QuerySet
from django.utils.translation import gettext as _

from governance.tabular import Kind
from projects.metric_text import term_name
from projects.metrics.types import Measure, Reason
from projects.metrics.value import SingleBids
from projects.models import Contract
from projects.models.choices import COMPETITIVE_METHODS
from projects.selectors import bidding_counts
from reports.explain.answer import (
    MISSING_SHOWN,
    ROWS_SHOWN,
    TRACK,
    Asked,
    Explanation,
    Part,
    files_of,
    missing_of,
    row_of,
)
from reports.explain.sums import about


def _listed(asked: Asked, rows: QuerySet[Contract]) -> dict[str, Any]:
    """The contracts as evidence: the largest first. Cost: two queries."""
    listed = list(
        rows.select_related("system", "project", *TRACK).order_by("-amount", "pk")[:ROWS_SHOWN]
    )
    return {
        "columns": [
            ("bidders", _("bidders"), Kind.INTEGER),
            ("award_rate", term_name("award_rate"), Kind.RATIO),
            ("amount", _("amount"), Kind.YEN),
        ],
        "rows": [
            row_of(
                row,
                {"bidders": row.bidders, "award_rate": row.award_ratio, "amount": row.amount},
                note=row.contract_id,
            )
            for row in listed
        ],
        "rows_total": rows.count(),
        "files": files_of(listed),
    }


def _without(rows: QuerySet[Contract]) -> dict[str, Any]:
    return {
        "missing": missing_of(rows.order_by("-amount", "pk")[:MISSING_SHOWN]),
        "missing_total": rows.count(),
    }


def _single_bids(asked: Asked) -> Explanation:
    contracts = asked.selection.contracts()
    competitive, known, single = bidding_counts()
    counts = contracts.aggregate(competitive=competitive, known=known, single=single)
    found = SingleBids(counts["single"], counts["known"], counts["competitive"])
    rows = contracts.filter(method__in=COMPETITIVE_METHODS)
    return Explanation(
        asked.metric,
        found.ratio,
        about(asked),
        parts=[
            Part("single_bids", found.single, Kind.INTEGER, found.known, found.competitive),
            Part("competitive", found.competitive, Kind.INTEGER),
        ],
        notes=[
            _(
                "As the Board of Audit counts: a contract that does not tell its bidders stays in"
                " the divisor."
            )
        ],
        **_listed(asked, rows),
        **_without(rows.filter(bidders__isnull=True)),
    )


def _award_rate(asked: Asked) -> Explanation:
    contracts = asked.selection.contracts()
    rows = contracts.filter(award_ratio__isnull=False)
    counts = contracts.aggregate(mean=Avg("award_ratio"), known=Count("award_ratio"))
    mean = counts["mean"]
    # SQLite gives a float, PostgreSQL a Decimal.
    measure = Measure(None, Reason.NO_DATA) if mean is None else Measure(Decimal(str(mean)))
    total = measure.value * counts["known"] if measure.value is not None else None
    return Explanation(
        asked.metric,
        measure,
        about(asked),
        parts=[
            Part("award_rate", total, Kind.DECIMAL, counts["known"], contracts.count()),
            Part("awards_known", counts["known"], Kind.INTEGER),
        ],
        **_listed(asked, rows),
        **_without(contracts.filter(award_ratio__isnull=True)),
    )


EXPLAINERS: Mapping[str, Callable[[Asked], Explanation]] = {
    "single_bid_ratio": _single_bids,
    "mean_award_rate": _award_rate,
}
