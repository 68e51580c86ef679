"""How IT is bought: bidding by agency and vendor, and the wave of renewals to come.

Everything is counted over the rows that the reader sees, in four queries.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Avg, Count, F

from governance.models import Agency
from governance.sums import ExactSum, largest_first
from projects.metrics.types import Measure, Reason
from projects.metrics.value import SingleBids
from projects.models import Contract, System
from projects.selectors import ENDED_STATUSES, Criteria, Selection, Visible, bidding_counts

VENDORS = 50
"""The largest vendors that are listed."""


@dataclass(frozen=True, slots=True)
class Bought:
    """Contracts of one agency or vendor. `amount` is the sum of the `amounts_known` amounts, in
    yen; `awards_known` contracts tell their award rate (落札率)."""

    name: str
    agency: Agency | None
    contracts: int
    competitive: int
    bidders_known: int
    single: int
    amount: int | None
    amounts_known: int
    award: Decimal | None
    awards_known: int
    whole: int
    """Yen of all contracts that the reader sees."""

    @property
    def single_bid_ratio(self) -> Measure:
        return SingleBids(self.single, self.bidders_known, self.competitive).ratio

    @property
    def mean_award_rate(self) -> Measure:
        """The plain mean: every contract weighs the same, as the Board of Audit counts."""
        if self.award is None:
            return Measure(None, Reason.NO_DATA)
        return Measure(self.award)

    @property
    def share(self) -> Measure:
        """Of the known amounts of all contracts."""
        if self.amount is None:
            return Measure(None, Reason.NO_DATA)
        if not self.whole:
            return Measure(None, Reason.ZERO_DENOMINATOR)
        return Measure(Decimal(self.amount) / self.whole)


_COUNTS: dict[str, Any] = {
    "contracts": Count("pk"),
    **dict(zip(("competitive", "bidders_known", "single"), bidding_counts(), strict=True)),
    "sum_amount": ExactSum("amount"),
    "amounts_known": Count("amount"),
    "award": Avg("award_ratio"),
    "awards_known": Count("award_ratio"),
}


def _contracts(user: Any, as_of: date) -> Any:
    # A many-to-many path of rights must not count a contract twice.
    seen = Selection(Visible(user), Criteria(), as_of).contracts()
    return Contract.objects.filter(pk__in=seen.values("pk"))


def by_agency(user: Any, as_of: date) -> list[Bought]:
    """Every agency with a contract signed by the day, by name. Two queries."""
    agencies = Agency.objects.in_bulk()
    rows = list(_contracts(user, as_of).order_by().values("agency_id").annotate(**_COUNTS))
    whole = sum(row["sum_amount"] or 0 for row in rows)
    found = [
        _bought(row, str(agencies[row["agency_id"]]), agencies[row["agency_id"]], whole)
        for row in rows
    ]
    return sorted(found, key=lambda item: item.name)


def by_vendor(user: Any, as_of: date, most: int | None = VENDORS) -> list[Bought]:
    """The largest vendors by known amount, `most` of them (None: all). Two queries."""
    contracts = _contracts(user, as_of)
    whole = contracts.aggregate(whole=ExactSum("amount"))["whole"] or 0
    vendors = contracts.exclude(vendor="").order_by().values("vendor").annotate(**_COUNTS)
    rows = largest_first(vendors, "amount", "vendor")[:most]
    return [_bought(row, row["vendor"], None, whole) for row in rows]


def _bought(row: dict[str, Any], name: str, agency: Agency | None, whole: int) -> Bought:
    award = row["award"]
    return Bought(
        name=name,
        agency=agency,
        contracts=row["contracts"],
        competitive=row["competitive"],
        bidders_known=row["bidders_known"],
        single=row["single"],
        amount=row["sum_amount"],
        amounts_known=row["amounts_known"],
        award=None if award is None else Decimal(str(award)),
        awards_known=row["awards_known"],
        whole=whole,
    )


@dataclass(frozen=True, slots=True)
class Renewals:
    """Systems to be renewed in one fiscal year (None: nobody has said when), and the cost that is
    expected of the `costs_known` of them."""

    fiscal_year: int | None
    systems: int
    cost: int | None
    costs_known: int


def renewals(user: Any) -> Iterator[Renewals]:
    """The wave of renewals of systems that are not gone, by year; what is unknown comes last. One
    query."""
    rows = (
        System.objects.filter(pk__in=System.objects.visible_to(user).values("pk"))
        .exclude(status__in=ENDED_STATUSES)
        .order_by()
        .values("next_renewal_year")
        .annotate(
            systems=Count("pk"),
            cost=ExactSum("next_renewal_cost"),
            known=Count("next_renewal_cost"),
        )
        .order_by(F("next_renewal_year").asc(nulls_last=True))
    )
    for row in rows:
        yield Renewals(row["next_renewal_year"], row["systems"], row["cost"], row["known"])
