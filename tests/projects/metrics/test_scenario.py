"""Today and a scenario: the laws that hold whatever the figures are, and a few worked by hand."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projects.metrics.assumptions import Assumptions
from projects.metrics.risk import Severity
from projects.metrics.risk.registry import graded
from projects.metrics.scenario import (
    Moved,
    Portfolio,
    Project,
    YearCost,
    cost_by_year,
    counted,
    difference,
    findings,
    first_year,
    moved,
    portfolio,
    under,
)
from projects.metrics.types import Measure, Reason

A = Project("A", {2020: 100, 2021: 50}, {2021: 80, 2022: 110})
B = Project("B", {2022: 30}, {2023: 33})
UNKNOWN = Project("C", {2019: None, 2020: 7}, {2020: 1})
SILENT = Project("D", {2018: 5}, {})


def test_two_projects_are_discounted_to_the_first_year_of_both() -> None:
    base = first_year([A, B, UNKNOWN, SILENT])
    assert base == 2020
    found = portfolio([A, B, UNKNOWN, SILENT], Decimal("0.1"), base)
    assert (found.known, found.asked) == (2, 4)
    # Costs 100 + 50/1.1 + 30/1.21, benefits 80/1.1 + 110/1.21 + 33/1.331.
    assert round(found.pv_costs.value or 0, 4) == Decimal("170.2479")
    assert round(found.pv_benefits.value or 0, 4) == Decimal("188.4298")
    assert round(found.npv.value or 0, 4) == Decimal("18.1818")
    assert round(found.bcr.value or 0, 6) == Decimal("1.106796")
    assert round(found.roi.value or 0, 6) == Decimal("0.106796")


def test_without_any_known_project_nothing_is_zero() -> None:
    for projects, reason in (([], Reason.NOT_APPLICABLE), ([UNKNOWN, SILENT], Reason.NO_DATA)):
        found = portfolio(projects, Decimal(0), first_year(projects))
        for name in ("pv_costs", "pv_benefits", "npv", "bcr", "roi"):
            assert getattr(found, name) == Measure(None, reason), name


def test_a_ratio_over_no_cost_is_undefined() -> None:
    free = Project("F", {2020: 0}, {2020: 3})
    found = portfolio([free], Decimal(0), 2020)
    assert found.npv.value == 3
    assert found.bcr.reason is found.roi.reason is Reason.ZERO_DENOMINATOR


def test_a_dropped_project_is_gone_and_a_deferred_one_moves_as_a_whole() -> None:
    assert under(A, Assumptions(dropped=frozenset({"A"}))) is None
    later = under(A, Assumptions(deferred={"A": 2}))
    assert later == Project("A", {2022: 100, 2023: 50}, {2023: 80, 2024: 110})
    assert under(B, Assumptions(dropped=frozenset({"A"}), deferred={"A": 1})) == B


def test_the_horizon_counts_from_each_projects_first_year() -> None:
    assert under(A, Assumptions(horizon=2)) == Project("A", {2020: 100, 2021: 50}, {2021: 80})
    assert under(A, Assumptions(horizon=3)) == A
    later = under(A, Assumptions(horizon=2, deferred={"A": 5}))
    assert later == Project("A", {2025: 100, 2026: 50}, {2026: 80})


def test_behind_the_horizon_is_known_to_be_nothing() -> None:
    assert under(A, Assumptions(horizon=1)) == Project("A", {2020: 100}, {2020: 0})
    paid_late = Project("L", {2025: 9}, {2020: 1})
    assert under(paid_late, Assumptions(horizon=1)) == Project("L", {2020: 0}, {2020: 1})
    assert under(SILENT, Assumptions(horizon=1)) == SILENT  # What nobody stated stays unknown.
    assert under(Project("E", {}, {}), Assumptions(horizon=1)) == Project("E", {}, {})


def test_cost_by_year_counts_what_is_unknown() -> None:
    assert cost_by_year([A, UNKNOWN, SILENT]) == {
        2018: YearCost(5, 1, 1),
        2019: YearCost(None, 0, 1),
        2020: YearCost(107, 2, 2),
        2021: YearCost(50, 1, 1),
    }


def test_a_difference_needs_both_sides() -> None:
    two, five = Measure(Decimal(2)), Measure(Decimal(5))
    none = Measure(None, Reason.NO_DATA)
    assert difference(two, five) == Measure(Decimal(3))
    assert difference(none, five) is none
    assert difference(two, none) is none


def test_flags_that_move_come_gravest_first() -> None:
    high, medium, unknown, none = (
        Severity.HIGH, Severity.MEDIUM, Severity.UNKNOWN, Severity.NONE
    )  # fmt: skip
    today = {"same": high, "eases": medium, "judged": unknown, "closes": high, "never": none}
    other = {"same": high, "eases": unknown, "judged": none, "opens": medium, "never": none}
    assert moved(today, other) == [
        Moved("closes", high, none),
        Moved("eases", medium, unknown),
        Moved("opens", none, medium),
        Moved("judged", unknown, none),
    ]


def test_findings_are_no_unknowns() -> None:
    counts = counted([Severity.HIGH, Severity.LOW, Severity.UNKNOWN, Severity.NONE])
    assert counts == {Severity.HIGH: 1, Severity.LOW: 1, Severity.UNKNOWN: 1}
    assert findings(counts) == 2


# Laws ---------------------------------------------------------------------------------------------

_YEARS = st.dictionaries(
    st.integers(2000, 2040), st.none() | st.integers(0, 10**11), min_size=0, max_size=6
)
_PROJECTS = st.lists(st.tuples(_YEARS, _YEARS), max_size=6).map(
    lambda pairs: [Project(f"P{n}", *pair) for n, pair in enumerate(pairs)]
)
_RATES = st.decimals(0, 1, places=3)


def _changed(projects: list[Project], assumptions: Assumptions) -> list[Project]:
    return [one for p in projects if (one := under(p, assumptions)) is not None]


def _near(a: Decimal, b: Decimal) -> bool:
    return abs(a - b) <= Decimal("1e-6")


def _sums(found: Portfolio) -> tuple[Decimal, Decimal]:
    return found.whole.pv_costs, found.whole.pv_benefits


@given(_PROJECTS, _RATES)
def test_an_empty_scenario_is_today(projects: list[Project], rate: Decimal) -> None:
    same = _changed(projects, Assumptions())
    base = first_year((*projects, *same))
    assert portfolio(same, rate, base) == portfolio(projects, rate, base)
    assert cost_by_year(same) == cost_by_year(projects)


@given(_PROJECTS.filter(bool), _RATES, st.data())
def test_dropping_a_project_takes_exactly_its_own(
    projects: list[Project], rate: Decimal, data: st.DataObject
) -> None:
    gone = data.draw(st.sampled_from(projects))
    base = first_year(projects)
    whole = portfolio(projects, rate, base)
    left = _changed(projects, Assumptions(dropped=frozenset({gone.code})))
    alone = portfolio([gone], rate, base)
    rest = portfolio(left, rate, base)
    for before, own, after in zip(_sums(whole), _sums(alone), _sums(rest), strict=True):
        assert _near(before - own, after)
    assert rest.asked == whole.asked - 1
    assert rest.known == whole.known - alone.known


@given(_PROJECTS.filter(bool), _RATES, st.integers(1, 20))
def test_deferring_never_raises_a_present_value(
    projects: list[Project], rate: Decimal, years: int
) -> None:
    base = first_year(projects)
    late = _changed(projects, Assumptions(deferred={one.code: years for one in projects}))
    sides = portfolio(projects, rate, base), portfolio(late, rate, base)
    assert first_year((*projects, *late)) == base  # Today's side is among those compared.
    for before, after in zip(*map(_sums, sides), strict=True):
        assert after <= before + Decimal("1e-6")
    assert sides[0].known == sides[1].known


@given(_PROJECTS, _RATES, st.integers(1, 1000))
def test_scaling_all_money_leaves_the_ratios_alone(
    projects: list[Project], rate: Decimal, k: int
) -> None:
    scaled = [
        Project(
            p.code,
            {y: None if a is None else a * k for y, a in p.costs.items()},
            {y: None if a is None else a * k for y, a in p.benefits.items()},
        )
        for p in projects
    ]
    one, other = (portfolio(each, rate, first_year(each)) for each in (projects, scaled))
    assert one.bcr.reason is other.bcr.reason
    if one.bcr.value is not None and other.bcr.value is not None:
        assert one.bcr.value == pytest.approx(other.bcr.value, rel=Decimal("1e-12"))
        assert one.roi.value == pytest.approx(
            other.roi.value, rel=Decimal("1e-9"), abs=Decimal("1e-9")
        )


@given(_PROJECTS, st.integers(1, 50), _RATES)
def test_a_shorter_horizon_never_raises_a_present_value(
    projects: list[Project], horizon: int, rate: Decimal
) -> None:
    known = [p for p in projects if None not in (*p.costs.values(), *p.benefits.values())]
    base = first_year(known)
    cut = portfolio(_changed(known, Assumptions(horizon=horizon)), rate, base)
    for before, after in zip(_sums(portfolio(known, rate, base)), _sums(cut), strict=True):
        assert after <= before + Decimal("1e-6")


@given(
    st.lists(st.decimals(0, 2, places=2), max_size=8),
    st.decimals(0, 2, places=2),
    st.decimals(0, 2, places=2),
    st.decimals(0, 1, places=2),
)
def test_raising_a_threshold_never_raises_the_findings(
    values: list[Decimal], medium: Decimal, high: Decimal, more: Decimal
) -> None:
    def found(bound: Decimal) -> int:
        book = {"medium_from_x": bound, "high_from_x": high}
        return findings(counted(graded(value, book, {}, "x").severity for value in values))

    assert found(medium + more) <= found(medium)
