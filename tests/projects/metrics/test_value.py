from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projects.metrics.types import Measure, Reason
from projects.metrics.value import (
    Bidding,
    CaseCount,
    SingleBids,
    TakeUp,
    online_capable_use,
    online_use_ratio,
    single_bids,
    take_up,
)

counts = st.integers(0, 10**9)


@pytest.mark.parametrize(
    ("cases", "online", "expected"),
    [
        (10, 5, Measure(Decimal("0.5"))),
        (10, 0, Measure(Decimal(0))),
        (10, 10, Measure(Decimal(1))),
        (10, 11, Measure(None, Reason.INCONSISTENT)),
        (0, 1, Measure(None, Reason.INCONSISTENT)),
        (0, 0, Measure(None, Reason.ZERO_DENOMINATOR)),
        (None, 5, Measure(None, Reason.NO_DATA)),
        (10, None, Measure(None, Reason.NO_DATA)),
    ],
)
def test_online_use_of_one_service(
    cases: int | None, online: int | None, expected: Measure
) -> None:
    assert online_use_ratio(cases, online) == expected


def test_online_use_of_e_tax() -> None:
    """Survey of administrative procedures 2024: 70.84 of 138.38 million cases were online."""
    use = online_use_ratio(138_380_000, 70_840_000)
    assert use.value is not None
    assert round(use.value, 2) == Decimal("0.51")


def test_take_up_is_over_the_services_with_usable_counts() -> None:
    use = take_up(
        [
            CaseCount(100, 80, True),
            CaseCount(50, 0, False),
            CaseCount(None, 7, True),
            CaseCount(7, None, None),
            CaseCount(7, 8, True),
        ]
    )
    assert use == TakeUp(cases=150, online_cases=80, known=2, asked=5)
    assert use.ratio == Measure(Decimal(80) / Decimal(150))


def test_take_up_without_cases_is_undefined_and_without_counts_unknown() -> None:
    assert take_up([CaseCount(0, 0, True)]).ratio == Measure(None, Reason.ZERO_DENOMINATOR)
    assert take_up([CaseCount(None, 0, True)]).ratio == Measure(None, Reason.NO_DATA)


def test_the_official_ratio_asks_only_services_that_can_be_online() -> None:
    rows = [CaseCount(100, 60, True), CaseCount(900, 0, False), CaseCount(9, 9, None)]
    assert online_capable_use(rows) == TakeUp(cases=100, online_cases=60, known=1, asked=1)


@given(st.lists(st.tuples(counts, counts).map(sorted)), st.integers(1, 100))
def test_take_up_lies_between_0_and_1_and_ignores_scale(pairs: list[list[int]], k: int) -> None:
    use = take_up(CaseCount(cases, online, True) for online, cases in pairs)
    scaled = take_up(CaseCount(k * cases, k * online, True) for online, cases in pairs)
    assert use.ratio == scaled.ratio
    assert use.ratio.value is None or 0 <= use.ratio.value <= 1


def test_single_bids_of_the_rs_2024_it_sheets() -> None:
    """RS 2024 table 5-4: 350 contracts, 174 competitive, 122 of them with one bidder."""
    contracts = [
        *[Bidding(True, 1)] * 122,
        *[Bidding(True, 2)] * 52,
        *[Bidding(False, 1)] * 150,
        *[Bidding(None, 1)] * 26,
    ]
    counted = single_bids(contracts)
    assert counted == SingleBids(single=122, known=174, competitive=174)
    assert counted.ratio == Measure(Decimal(122) / Decimal(174))


def test_a_bid_that_does_not_tell_its_bidders_is_no_single_bid_but_counts() -> None:
    counted = single_bids([Bidding(True, 1), Bidding(True, None), Bidding(True, 3)])
    assert counted == SingleBids(single=1, known=2, competitive=3)
    assert counted.ratio == Measure(Decimal(1) / Decimal(3))


def test_no_competition_is_undefined_and_unknown_bidders_are_no_data() -> None:
    assert single_bids([Bidding(False, 1)]).ratio == Measure(None, Reason.ZERO_DENOMINATOR)
    assert single_bids([Bidding(True, None)]).ratio == Measure(None, Reason.NO_DATA)
