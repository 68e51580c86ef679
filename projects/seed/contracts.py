"""Contracts: how they were placed, how many offered, and how near the ceiling the price came.

Shares follow the Board of Audit's figures for FY2018 (73.9 % of the competitive contracts had one
bidder; 96.0 % of the ceiling price against 82.5 % with two or more).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any

from projects.metrics.periods import fiscal_year_of
from projects.models import Contract
from projects.models.choices import COMPETITIVE_METHODS, ContractMethod, ValueState
from projects.seed.agencies import VENDORS
from projects.seed.frame import Frame, ratio_of, weighted
from projects.seed.services import figure
from projects.seed.systems import OKU

# 74 of 100 competitions, in random order, and again: near the share however few there are.
SINGLE_BIDS_OF_100 = 74
_METHODS = (
    (ContractMethod.OPEN_EVALUATION, 36.0),
    (ContractMethod.OPEN_PRICE, 26.0),
    (ContractMethod.NEGOTIATED_OTHER, 16.0),
    (ContractMethod.NEGOTIATED_FAILED_BID, 6.0),
    (ContractMethod.NEGOTIATED_SMALL, 7.0),
    (ContractMethod.NEGOTIATED_PROPOSAL, 4.0),
    (ContractMethod.NEGOTIATED_CALL, 2.0),
    (ContractMethod.DESIGNATED, 1.0),
    (ContractMethod.UNKNOWN, 2.0),
)
_WORKS = (
    "運用・保守業務",
    "設計・開発業務",
    "機器賃貸借",
    "改修業務",
    "運用支援業務",
    "クラウド利用",
)
_REASONS = (
    "既存システムの仕様に精通した者に限られたため。次回は仕様書を見直し、説明会を開く。",
    "準備期間が短かったため。次回は公告期間を50日以上とする。",
    "業務規模が大きく応札できる者が限られたため。次回は分割調達を検討する。",
)


@dataclass(frozen=True, slots=True)
class Customer:
    """Whom contracts are placed for: `yearly` is what it spends a year, in yen."""

    name: str
    agency_id: int
    yearly: int
    system_id: int | None = None
    project_id: int | None = None


def _count(rng: Random, yearly: int) -> int:
    if yearly >= 100 * OKU:
        return 4
    if yearly >= 10 * OKU:
        return 3
    if yearly >= OKU:
        return rng.choice((1, 2, 2))
    return 1 if rng.random() < 0.4 else 0


def contracts(frame: Frame, rng: Random, first: int, customers: list[Customer]) -> list[Contract]:
    """Contracts of the last three fiscal years (unsaved), numbered from `first`."""
    made: list[Contract] = []
    singles = _single_bids(rng)
    for customer in customers:
        made += _of(frame, rng, first + len(made), customer, singles)
    return made


def _single_bids(rng: Random) -> Iterator[bool]:
    """Whether the next competition has a single bidder, without end."""
    while True:
        deck = [number < SINGLE_BIDS_OF_100 for number in range(100)]
        rng.shuffle(deck)
        yield from deck


def _of(
    frame: Frame, rng: Random, first: int, customer: Customer, singles: Iterator[bool]
) -> Iterator[Contract]:
    works = rng.sample(_WORKS, _count(rng, customer.yearly))
    for number, work in enumerate(works, first):
        signed_on = frame.days_ago(rng.randint(10, 3 * 365))
        if rng.random() < 0.5:  # Yearly contracts begin with the fiscal year.
            signed_on = frame.past(date(fiscal_year_of(signed_on), 4, 1))
        amount = max(int(customer.yearly * rng.uniform(0.15, 0.9)) // 1000 * 1000, 300_000)
        method = weighted(rng, _METHODS)
        yield Contract(
            contract_id=f"DEMO-C{number:06}",
            title=f"{customer.name}の{work}",
            agency_id=customer.agency_id,
            system_id=customer.system_id,
            project_id=customer.project_id,
            vendor=rng.choice(VENDORS),
            # No corporate number begins with 0: it cannot be anybody's.
            vendor_number=f"0{rng.randrange(10**12):012}",
            fiscal_year=fiscal_year_of(signed_on),
            signed_on=signed_on,
            method=method,
            updated_at=frame.moment(signed_on + timedelta(days=rng.randint(5, 60))),
            **figure("amount", amount, _state(rng, 0.01)),
            **_competition(rng, method, amount, singles),
        )


def _competition(
    rng: Random, method: ContractMethod, amount: int, singles: Iterator[bool]
) -> dict[str, Any]:
    if method not in COMPETITIVE_METHODS:
        is_known = method is not ContractMethod.UNKNOWN
        state = ValueState.NOT_APPLICABLE if is_known else ValueState.MISSING
        return {
            **figure("bidders", None, state),
            **figure("award_ratio", ratio_of(rng.uniform(0.93, 1), 5), _state(rng, 0.4)),
        }
    is_single = next(singles)
    if is_single:
        bidders, award = 1, 1 - rng.betavariate(1.2, 28.8)
    else:
        bidders, award = rng.choice((2, 2, 2, 3, 3, 4, 5)), rng.betavariate(12, 2.545)
    has_reason = is_single and rng.random() < (0.8 if amount >= 10 * OKU else 0.35)
    return {
        **figure("bidders", bidders, _state(rng, 0.03)),
        **figure("award_ratio", ratio_of(award, 5), _state(rng, 0.08)),
        "single_bid_reason": rng.choice(_REASONS) if has_reason else "",
    }


def _state(rng: Random, missing: float) -> ValueState:
    """Reported, mostly; of the rest two thirds are missing and one third withheld."""
    kind = rng.random()
    if kind < missing * 2 / 3:
        return ValueState.MISSING
    return ValueState.WITHHELD if kind < missing else ValueState.REPORTED
