"""Value over investment by fiscal year: A-94's sample, payback, and what is unknown."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projects.metrics.promise import Benefit, as_expected, as_planned, pooled, worth
from projects.metrics.types import Reason

# OMB Circular A-94, Appendix B (METRICS.md §6); here its year 1 is 2021 and year 0 is empty.
COSTS = dict(zip(range(2021, 2031), (10, 20, 30, 30, 20, 10, 5, 5, 5, 5), strict=True))
BENEFITS = dict(zip(range(2021, 2031), (0, 0, 5, 10, 30, 40, 40, 40, 40, 25), strict=True))


@pytest.mark.parametrize(
    ("rate", "pv_costs", "pv_benefits", "npv", "bcr"),
    [
        ("0.031", "123.37", "184.92", "61.55", "1.4989"),
        ("0.07", "106.40", "142.41", "36.01", "1.3385"),
        ("0.04", "119.11", "173.88", "54.77", "1.4599"),
    ],
)
def test_the_sample_of_a94(rate: str, pv_costs: str, pv_benefits: str, npv: str, bcr: str) -> None:
    found = worth({2020: 0, **COSTS}, BENEFITS, Decimal(rate))
    assert found is not None
    assert (found.base_year, found.horizon) == (2020, 11)
    assert round(found.appraisal.pv_costs, 2) == Decimal(pv_costs)
    assert round(found.appraisal.pv_benefits, 2) == Decimal(pv_benefits)
    assert round(found.appraisal.npv, 2) == Decimal(npv)
    assert round(found.appraisal.bcr.value or 0, 4) == Decimal(bcr)


def test_payback_and_irr_of_one_outlay() -> None:
    """METRICS.md §6: -1000, 400, 400, 400 pays back in 2.5 periods."""
    found = worth({2020: 1000}, {2021: 400, 2022: 400, 2023: 400}, Decimal("0.1"))
    assert found is not None
    assert round(found.appraisal.npv, 2) == Decimal("-5.26")
    assert found.payback.value == Decimal("2.5")
    assert found.irr.value == found.rates[0]


def test_several_rates_and_none_are_no_single_one() -> None:
    """METRICS.md §6: -1, 3, -2 has the rates 0 and 100 %; 100, 110 has none."""
    several = worth({2020: 1, 2022: 2}, {2021: 3}, Decimal(0))
    assert several is not None
    assert [round(rate, 6) for rate in several.rates] == [0, 1]
    assert several.irr.reason is Reason.NOT_APPLICABLE
    none = worth({2020: 0}, {2020: 100, 2021: 110}, Decimal(0))
    assert none is not None
    assert none.rates == []
    assert none.irr.reason is Reason.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("costs", "benefits"),
    [({}, {2020: 1}), ({2020: 1}, {}), ({2020: None}, {2020: 1}), ({2020: 1}, {2020: None})],
)
def test_the_unknown_is_never_a_zero(
    costs: dict[int, int | None], benefits: dict[int, int | None]
) -> None:
    assert worth(costs, benefits, Decimal("0.04")) is None


def test_readings_of_the_benefits() -> None:
    """A finished year counts as measured; its own last day has not finished it."""
    rows = [
        Benefit(2025, 100, 60),
        Benefit(2025, 10, None),
        Benefit(2026, 200, 999),
        Benefit(2027, None, None),
    ]
    assert as_planned(rows) == {2025: 110, 2026: 200, 2027: None}
    assert as_expected(rows, date(2026, 4, 1)) == {2025: 70, 2026: 200, 2027: None}
    assert as_expected(rows, date(2026, 3, 31))[2025] == 110


YEN = st.dictionaries(st.integers(2020, 2030), st.integers(0, 10**10), min_size=1)


@given(YEN, YEN, st.integers(2, 1000))
def test_ratios_do_not_depend_on_the_unit_of_money(
    costs: dict[int, int], benefits: dict[int, int], times: int
) -> None:
    one = worth(costs, benefits, Decimal("0.04"))
    more, gains = (
        {year: amount * times for year, amount in of.items()} for of in (costs, benefits)
    )
    other = worth(more, gains, Decimal("0.04"))
    assert one is not None
    assert other is not None
    assert other.appraisal.npv == pytest.approx(one.appraisal.npv * times)
    if one.appraisal.bcr.value is not None:
        assert other.appraisal.bcr.value == pytest.approx(one.appraisal.bcr.value)


def test_discounted_payback_comes_later_or_never() -> None:
    """METRICS.md §6: at 10 % three times 400 never pay 1,000 back; with a fourth it takes 3.0193."""
    three = worth({2020: 1000}, {2021: 400, 2022: 400, 2023: 400}, Decimal("0.1"))
    assert three is not None
    assert three.discounted_payback.reason is Reason.NOT_DUE
    four = worth({2020: 1000}, dict.fromkeys(range(2021, 2025), 400), Decimal("0.1"))
    assert four is not None
    assert four.discounted_payback.value == Decimal("3.01925")


def test_a_sum_that_falls_below_zero_again_is_not_paid_back() -> None:
    again = worth({2020: 100, 2022: 150}, {2021: 200}, Decimal(0))
    assert again is not None
    assert again.payback.reason is Reason.NOT_DUE
    later = worth({2020: 100, 2022: 150}, {2021: 200, 2023: 100}, Decimal(0))
    assert later is not None
    assert later.payback.value == Decimal("2.5")


def test_money_that_comes_first_turns_the_rate_around() -> None:
    lent = worth({2020: 1000}, {2021: 1100}, Decimal(0))
    borrowed = worth({2021: 1100}, {2020: 1000}, Decimal(0))
    nothing = worth({2020: 5}, {2020: 5}, Decimal(0))
    assert lent is not None
    assert borrowed is not None
    assert nothing is not None
    assert lent.irr.value == borrowed.irr.value == pytest.approx(Decimal("0.1"))
    assert [one.gains_first for one in (lent, borrowed, nothing)] == [False, True, False]


def test_many_projects_are_pooled_year_by_year() -> None:
    assert pooled([{2020: 1, 2021: 2}, {2021: 3, 2022: None}]) == {2020: 1, 2021: 5, 2022: None}
    assert pooled([]) == {}


@given(st.lists(st.tuples(YEN, YEN), min_size=1, max_size=4))
def test_the_pool_is_worth_the_sum_of_its_projects(
    projects: list[tuple[dict[int, int], dict[int, int]]],
) -> None:
    """To one base year: each project's values are discounted as many years as it begins later."""
    rate = Decimal("0.04")
    whole = worth(pooled(c for c, _g in projects), pooled(g for _c, g in projects), rate)
    assert whole is not None
    npv = Decimal(0)
    for costs, gains in projects:
        one = worth(costs, gains, rate)
        assert one is not None
        npv += one.appraisal.npv / (1 + rate) ** (one.base_year - whole.base_year)
    assert float(whole.appraisal.npv) == pytest.approx(float(npv), rel=1e-9, abs=1e-3)


@given(YEN, YEN, st.integers(2, 1000))
def test_rates_and_payback_do_not_depend_on_the_unit_of_money(
    costs: dict[int, int], benefits: dict[int, int], times: int
) -> None:
    one = worth(costs, benefits, Decimal("0.04"))
    other = worth(
        {year: amount * times for year, amount in costs.items()},
        {year: amount * times for year, amount in benefits.items()},
        Decimal("0.04"),
    )
    assert one is not None
    assert other is not None
    assert len(other.rates) == len(one.rates)
    for mine, theirs in zip(one.rates, other.rates, strict=True):
        assert float(theirs) == pytest.approx(float(mine), rel=1e-6, abs=1e-6)
    assert other.payback.reason is one.payback.reason
    if one.appraisal.roi.value is not None:
        assert float(other.appraisal.roi.value or 0) == pytest.approx(
            float(one.appraisal.roi.value), rel=1e-9, abs=1e-12
        )
