"""How the figures about contracts came about: over the contracts that a page counts."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from django.db.models import Avg, Count, F, QuerySet
from django.utils.translation import gettext as _

from governance.sums import ExactSum
from governance.tabular import Kind
from projects.metric_text import term_name
from projects.metrics.types import Measure, Reason, ratio
from projects.metrics.value import SingleBids
from projects.models import Contract, System
from projects.models.choices import COMPETITIVE_METHODS
from projects.selectors import ENDED_STATUSES, Criteria, bidding_counts
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
    year_in,
)
from reports.explain.sums import about, measured


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


def _contracts(asked: Asked) -> QuerySet[Contract]:
    """Those of the selection; of one vendor where the address names one."""
    contracts = asked.selection.contracts()
    vendor = asked.params.get("vendor", "")
    return contracts.filter(vendor=vendor) if vendor else contracts


def _bought_by(asked: Asked) -> str:
    vendor = asked.params.get("vendor", "")
    return f"{vendor}, {about(asked)}" if vendor else about(asked)


def _single_bids(asked: Asked) -> Explanation:
    contracts = _contracts(asked)
    competitive, known, single = bidding_counts()
    counts = contracts.aggregate(competitive=competitive, known=known, single=single)
    found = SingleBids(counts["single"], counts["known"], counts["competitive"])
    rows = contracts.filter(method__in=COMPETITIVE_METHODS)
    return Explanation(
        asked.metric,
        found.ratio,
        _bought_by(asked),
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
    contracts = _contracts(asked)
    rows = contracts.filter(award_ratio__isnull=False)
    counts = contracts.aggregate(mean=Avg("award_ratio"), known=Count("award_ratio"))
    mean = counts["mean"]
    # SQLite gives a float, PostgreSQL a Decimal.
    measure = Measure(None, Reason.NO_DATA) if mean is None else Measure(Decimal(str(mean)))
    total = measure.value * counts["known"] if measure.value is not None else None
    return Explanation(
        asked.metric,
        measure,
        _bought_by(asked),
        parts=[
            Part("award_rate", total, Kind.DECIMAL, counts["known"], contracts.count()),
            Part("awards_known", counts["known"], Kind.INTEGER),
        ],
        **_listed(asked, rows),
        **_without(contracts.filter(award_ratio__isnull=True)),
    )


def _number(asked: Asked) -> Explanation:
    contracts = _contracts(asked)
    total = contracts.count()
    return Explanation(
        asked.metric,
        measured(total),
        _bought_by(asked),
        parts=[Part("contract", total, Kind.INTEGER)],
        **_listed(asked, contracts),
    )


def _amount(asked: Asked) -> Explanation:
    contracts = _contracts(asked)
    value = _sum(contracts)
    told = contracts.filter(amount__isnull=False)
    return Explanation(
        asked.metric,
        measured(value),
        _bought_by(asked),
        parts=[Part("contract_amounts", value, Kind.YEN, told.count(), contracts.count())],
        **_listed(asked, told),
        **_without(contracts.filter(amount__isnull=True)),
    )


def _share(asked: Asked) -> Explanation:
    """Of one vendor or agency in what the reader sees of the whole register."""
    whole = _sum(replace(asked, criteria=Criteria()).selection.contracts())
    contracts = _contracts(asked)
    own = _sum(contracts)
    return Explanation(
        asked.metric,
        ratio(own, whole),
        _bought_by(asked),
        parts=[
            Part("own_amounts", own, Kind.YEN),
            Part("contract_amounts", whole, Kind.YEN),
        ],
        **_listed(asked, contracts.filter(amount__isnull=False)),
        **_without(contracts.filter(amount__isnull=True)),
    )


def _sum(contracts: QuerySet[Contract]) -> int | None:
    value: int | None = contracts.aggregate(value=ExactSum("amount"))["value"]
    return value


def _renewals(asked: Asked) -> Explanation:
    """Systems to be renewed in a year, or whose year nobody has said ("none")."""
    rows = asked.selection.systems().exclude(status__in=ENDED_STATUSES)
    asked_for = asked.params.get("renewal", "")
    year = year_in(asked_for)
    if asked_for == "none":
        rows = rows.filter(next_renewal_year__isnull=True)
    elif year is not None:
        rows = rows.filter(next_renewal_year=year)
    else:
        rows = rows.filter(next_renewal_year__isnull=False)
    total = rows.count()
    told = rows.filter(next_renewal_cost__isnull=False)
    value = told.aggregate(value=ExactSum("next_renewal_cost"))["value"]
    listed = list(
        rows.select_related(*TRACK).order_by(
            F("next_renewal_cost").desc(nulls_last=True), "system_id"
        )[:ROWS_SHOWN]
    )
    is_count = asked.metric.id == "renewal_systems"
    whole = total if is_count else (None if value is None else int(value))
    return Explanation(
        asked.metric,
        measured(whole),
        about(asked, year=year),
        parts=[
            Part("renewing_system", total, Kind.INTEGER)
            if is_count
            else Part("renewal_costs", whole, Kind.YEN, told.count(), total)
        ],
        columns=[
            ("year", _("next renewal"), Kind.YEAR),
            ("cost", term_name("renewal_costs"), Kind.YEN),
        ],
        rows=[
            row_of(row, {"year": row.next_renewal_year, "cost": row.next_renewal_cost})
            for row in listed
        ],
        rows_total=total,
        files=files_of(listed),
        **({} if is_count else _no_cost(rows)),
    )


def _no_cost(rows: QuerySet[System]) -> dict[str, Any]:
    without = rows.filter(next_renewal_cost__isnull=True)
    return {
        "missing": missing_of(without.order_by("system_id")[:MISSING_SHOWN]),
        "missing_total": without.count(),
    }


EXPLAINERS: Mapping[str, Callable[[Asked], Explanation]] = {
    "single_bid_ratio": _single_bids,
    "mean_award_rate": _award_rate,
    "contracts": _number,
    "contract_amount": _amount,
    "vendor_share": _share,
    "renewal_systems": _renewals,
    "renewal_cost": _renewals,
}
