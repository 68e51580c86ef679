"""What users get: use of online services, and competition for the money spent on them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from projects.metrics.types import Measure, Reason, ratio


def online_use_ratio(cases: int | None, online_cases: int | None) -> Measure:
    """Cases done online / all cases of one service, or of one system's services, from 0 to 1.

    Undefined if a count is unknown, if there were no cases, and if more cases are online than
    there are (4 of 75,071 rows of the 2024 survey of administrative procedures say so).
    """
    if cases is not None and online_cases is not None and online_cases > cases:
        return Measure(None, Reason.INCONSISTENT)
    return ratio(online_cases, cases)


@dataclasses.dataclass(frozen=True, slots=True)
class CaseCount:
    """A service's cases of one year; None is unknown. ``can_be_online`` is None if nobody said."""

    cases: int | None
    online_cases: int | None
    can_be_online: bool | None


@dataclasses.dataclass(frozen=True, slots=True)
class TakeUp:
    """A use ratio over many services: ``known`` of ``asked`` services have usable counts."""

    cases: int
    online_cases: int
    known: int
    asked: int

    @property
    def ratio(self) -> Measure:
        """Online cases / cases over the known services; no data if none is known."""
        if not self.known:
            return Measure(None, Reason.NO_DATA)
        return ratio(self.online_cases, self.cases)


def take_up(counts: Iterable[CaseCount]) -> TakeUp:
    """Digital take-up: online cases of all services over all their cases.

    Services without both counts, or with more online cases than cases, are left out of both
    sums. Source: Government Digital Service, digital take-up (digital / all transactions).
    """
    cases = online_cases = known = asked = 0
    for count in counts:
        asked += 1
        if count.cases is None or count.online_cases is None or count.online_cases > count.cases:
            continue
        known += 1
        cases += count.cases
        online_cases += count.online_cases
    return TakeUp(cases, online_cases, known, asked)


def online_capable_use(counts: Iterable[CaseCount]) -> TakeUp:
    """The official use ratio: online cases over the cases of services that can be done online.

    Services that cannot, or of which nobody said, are not asked for. Source: White Paper on
    Information and Communications 2021 (60 % in FY2018).
    """
    return take_up(count for count in counts if count.can_be_online)


@dataclasses.dataclass(frozen=True, slots=True)
class Bidding:
    """How one contract was placed; None is unknown."""

    is_competitive: bool | None
    bidders: int | None


@dataclasses.dataclass(frozen=True, slots=True)
class SingleBids:
    """Single bids among competitive contracts; ``known`` of them say how many bid."""

    single: int
    known: int
    competitive: int

    @property
    def ratio(self) -> Measure:
        """One-bidder contracts / competitive contracts, from 0 to 1, as the Board of Audit counts:
        a contract that does not tell its bidders stays in the divisor."""
        if self.competitive and not self.known:
            return Measure(None, Reason.NO_DATA)
        return ratio(self.single, self.competitive)


def single_bids(contracts: Iterable[Bidding]) -> SingleBids:
    """Counts competitive contracts with one bidder. Source: Board of Audit (73.9 % in FY2018)."""
    single = known = competitive = 0
    for contract in contracts:
        if not contract.is_competitive:
            continue
        competitive += 1
        known += contract.bidders is not None
        single += contract.bidders == 1
    return SingleBids(single, known, competitive)
