from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projects.metrics.cost import (
    CostClass,
    Line,
    Stage,
    carry_over_rate,
    change_share,
    execution_rate,
    growth,
    resolve_latest,
    run_share,
    same_systems_growth,
    unit_cost,
    unit_cost_multiple,
    unused_rate,
    yearly_cost,
)
from projects.metrics.types import MISSING, Figure, Measure, Reason, Total, ValueState

# FY2021 and FY2024 operation cost (10 million yen) of twelve of the largest systems, from the
# remarks of the RS 2024 and 2025 sheets.
TWELVE_FIRST = {
    20079: 2605, 5542: 34, 20037: 1680, 20020: 709, 5543: 0, 20199: 297,
    20041: 0, 6549: 673, 20120: 1203, 20160: 714, 20203: 431, 11: 1215,
}  # fmt: skip
TWELVE_LAST = {
    20079: 2560, 5542: 1059, 20037: 1832, 20020: 878, 5543: 1152, 20199: 1093,
    20041: 1142, 6549: 724, 20120: 749, 20160: 1024, 20203: 1024, 11: 563,
}  # fmt: skip

yen = st.integers(0, 10**13)


def line(yen: int | None = 0, **given: Any) -> Line:
    values: dict[str, Any] = {
        "holder": 1,
        "budget_year": 2023,
        "item": "application-maintenance",
        "cost_class": CostClass.OPERATION,
        "stage": Stage.EXECUTED,
        "sheet_year": 2024,
        "account": "general",
        "amount": Figure.of(yen),
    }
    return Line(**(values | given))


def test_the_latest_sheet_wins_whatever_the_order() -> None:
    old, new = line(1, sheet_year=2023), line(2, sheet_year=2024)
    assert resolve_latest([old, new]) == [new]
    assert resolve_latest([new, old]) == [new]


def test_a_later_sheet_without_the_figure_does_not_hide_it() -> None:
    known, blank = line(5, sheet_year=2023), line(None, sheet_year=2024)
    assert resolve_latest([known, blank]) == resolve_latest([blank, known]) == [known]
    assert resolve_latest([blank, line(None, sheet_year=2023)]) == [blank]


@pytest.mark.parametrize("state", [ValueState.WITHHELD, ValueState.NOT_APPLICABLE])
def test_a_later_sheet_may_take_a_figure_back(state: ValueState) -> None:
    taken_back = line(sheet_year=2024, amount=Figure(None, state))
    assert resolve_latest([line(5, sheet_year=2023), taken_back]) == [taken_back]


@pytest.mark.parametrize(
    "other",
    [
        {"holder": 2},
        {"budget_year": 2022},
        {"item": "cloud"},
        {"stage": Stage.AVAILABLE},
        {"account": "special"},
    ],
)
def test_sheets_compete_only_over_the_same_figure(other: dict[str, Any]) -> None:
    lines = [line(1, sheet_year=2024), line(2, sheet_year=2023, **other)]
    assert resolve_latest(lines) == lines


def test_a_sheet_that_repeats_a_figure_is_refused() -> None:
    with pytest.raises(ValueError, match="twice"):
        resolve_latest([line(1), line(1)])


def test_without_a_ledger_a_stage_is_the_sum_of_its_classes() -> None:
    [year] = yearly_cost(
        [
            line(10, cost_class=CostClass.DEVELOPMENT, item="build"),
            line(20),
            line(3, cost_class=CostClass.OTHER, item="staff"),
            line(40, stage=Stage.AVAILABLE),
            line(None, stage=Stage.AVAILABLE, item="build", cost_class=CostClass.DEVELOPMENT),
        ]
    )
    assert year.budget_year == 2023
    assert year.stages == {Stage.AVAILABLE: Total(40, 1, 2), Stage.EXECUTED: Total(33, 3, 3)}
    assert year.executed_by_class == {
        CostClass.DEVELOPMENT: Total(10, 1, 1),
        CostClass.OPERATION: Total(20, 1, 1),
        CostClass.OTHER: Total(3, 1, 1),
    }


def test_a_ledger_gives_every_stage_total_and_the_classes_only_the_split() -> None:
    ledger = {"cost_class": CostClass.UNCLASSIFIED, "item": "ledger"}
    years = yearly_cost(
        [
            line(100, stage=Stage.AVAILABLE, **ledger),
            line(90, **ledger),
            line(60, cost_class=CostClass.DEVELOPMENT, item="build"),
            line(25),
            line(70, stage=Stage.AVAILABLE),
            line(50, budget_year=2022),
        ]
    )
    before, year = years
    assert year.stages == {Stage.AVAILABLE: Total(100, 1, 1), Stage.EXECUTED: Total(90, 1, 1)}
    assert year.executed_by_class == {
        CostClass.DEVELOPMENT: Total(60, 1, 1),
        CostClass.OPERATION: Total(25, 1, 1),
    }
    assert before.budget_year == 2022
    # Of this year the ledger is silent: its classes are all that is known.
    assert before.stages == {Stage.EXECUTED: Total(50, 1, 1)}
    assert before.executed_by_class == {CostClass.OPERATION: Total(50, 1, 1)}


@pytest.mark.parametrize(
    ("told", "total"),
    [(ValueState.MISSING, 25), (ValueState.WITHHELD, None), (ValueState.NOT_APPLICABLE, None)],
)
def test_a_ledger_that_leaves_a_figure_out_says_nothing_and_one_that_withholds_does(
    told: ValueState, total: int | None
) -> None:
    ledger = line(cost_class=CostClass.UNCLASSIFIED, item="ledger", amount=Figure(None, told))
    [year] = yearly_cost([ledger, line(25)])
    assert year.stages[Stage.EXECUTED].value == total
    assert yearly_cost([ledger])[0].stages[Stage.EXECUTED].value is None


def test_only_one_holder_is_added_up_at_a_time() -> None:
    assert yearly_cost([]) == []
    with pytest.raises(ValueError, match="more than one holder"):
        yearly_cost([line(1), line(1, holder=2)])


@pytest.mark.parametrize(
    ("spent", "available", "expected"),
    [
        (0, 100, Measure(Decimal(0))),
        (100, 100, Measure(Decimal(1))),
        (105, 100, Measure(Decimal("1.05"))),
        (0, 0, Measure(None, Reason.ZERO_DENOMINATOR)),
        (9, 0, Measure(None, Reason.ZERO_DENOMINATOR)),
        (None, 100, Measure(None, Reason.NO_DATA)),
        (5, None, Measure(None, Reason.NO_DATA)),
    ],
)
def test_execution_rate(spent: int | None, available: int | None, expected: Measure) -> None:
    assert execution_rate(spent, available) == expected


def test_the_three_rates_of_a_settled_year_add_up_to_one() -> None:
    rates = [execution_rate(55, 100), carry_over_rate(30, 100), unused_rate(15, 100)]
    assert [rate.value for rate in rates] == [Decimal("0.55"), Decimal("0.30"), Decimal("0.15")]


@given(yen, yen.filter(bool), st.integers(1, 1000))
def test_rates_do_not_depend_on_the_unit_of_money(spent: int, available: int, scale: int) -> None:
    for rate in (execution_rate, carry_over_rate, unused_rate, growth):
        assert rate(spent * scale, available * scale) == rate(spent, available)


def test_growth() -> None:
    assert growth(2269, 2554).value == pytest.approx(Decimal("0.1256"), abs=Decimal("0.0001"))
    assert growth(100, 0) == Measure(Decimal(-1))
    assert growth(0, 5) == Measure(None, Reason.ZERO_DENOMINATOR)
    assert growth(MISSING, 5) == Measure(None, Reason.NO_DATA)
    assert growth(5, None) == Measure(None, Reason.NO_DATA)


def test_growth_of_twelve_large_systems() -> None:
    """Ten of the twelve ran at both ends; the two that began later are no growth."""
    compared = same_systems_growth(TWELVE_FIRST, TWELVE_LAST)
    assert (compared.first, compared.last) == (9561, 11506)
    assert (compared.systems, compared.left_out) == (10, 2)
    assert (compared.rose, compared.fell_by_target) == (7, 2)
    assert compared.ratio == growth(9561, 11506)


def test_a_fall_of_exactly_the_target_counts() -> None:
    assert same_systems_growth({1: 10}, {1: 7}).fell_by_target == 1
    assert same_systems_growth({1: 1000}, {1: 701}).fell_by_target == 0


@pytest.mark.parametrize("ends", [(None, 5), (5, None), (0, 5), (5, 0), (-1, 5), (5, -1)])
def test_a_system_unknown_or_without_cost_at_one_end_is_left_out(
    ends: tuple[int | None, int | None],
) -> None:
    compared = same_systems_growth({1: ends[0], 2: 4}, {1: ends[1], 2: 5, 3: 6})
    assert (compared.systems, compared.left_out) == (1, 2)
    assert compared.ratio == Measure(Decimal("0.25"))


def test_no_system_to_compare_is_no_data() -> None:
    assert same_systems_growth({}, {1: 5}).ratio == Measure(None, Reason.NO_DATA)


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(2018, 2025), yen)))
def test_yearly_cost_equals_a_plain_sum_over_the_winning_lines(
    rows: list[tuple[int, int, int]],
) -> None:
    by_key = {(item, sheet): amount for item, sheet, amount in rows}
    lines = [
        line(amount, item=str(item), sheet_year=sheet) for (item, sheet), amount in by_key.items()
    ]
    expected = sum(
        by_key[item, max(sheet for other, sheet in by_key if other == item)]
        for item in {item for item, _ in by_key}
    )
    got = [year.stages[Stage.EXECUTED].value for year in yearly_cost(lines)]
    assert got == ([expected] if by_key else [])


@pytest.mark.parametrize(
    ("classes", "run", "change"),
    [
        ((30, 60, 10), Measure(Decimal("0.6")), Measure(Decimal("0.3"))),
        ((0, 5, None), Measure(Decimal(1)), Measure(Decimal(0))),
        ((None, 60, None), Measure(Decimal(1)), Measure(None, Reason.NO_DATA)),
        ((0, 0, 0), *[Measure(None, Reason.ZERO_DENOMINATOR)] * 2),
        ((None, None, None), *[Measure(None, Reason.NO_DATA)] * 2),
        ((None, None, 5), *[Measure(None, Reason.NO_DATA)] * 2),
    ],
)
def test_run_and_change(
    classes: tuple[int | None, int | None, int | None], run: Measure, change: Measure
) -> None:
    assert run_share(*classes) == run
    assert change_share(*classes) == change


@given(yen, yen, yen.filter(bool), st.integers(1, 1000))
def test_the_mix_does_not_depend_on_the_unit_of_money(
    development: int, operation: int, other: int, scale: int
) -> None:
    for share in (run_share, change_share):
        assert share(development * scale, operation * scale, other * scale) == share(
            development, operation, other
        )


def test_cost_a_case_against_the_peers() -> None:
    """The case of the UK's transactions explorer: 4,000 over 2,000 cases is 2 each."""
    dear = unit_cost(4000, 2000)
    assert dear == Measure(Decimal(2))
    assert unit_cost(4000, 0) == Measure(None, Reason.ZERO_DENOMINATOR)
    assert unit_cost(None, 5) == Measure(None, Reason.NO_DATA)
    half = Decimal("0.5")
    assert unit_cost_multiple(dear, half, peers=5, least_peers=5) == Measure(Decimal(4))
    for few in (
        unit_cost_multiple(dear, half, peers=4, least_peers=5),
        unit_cost_multiple(dear, None, peers=5, least_peers=5),
        unit_cost_multiple(dear, Decimal(0), peers=5, least_peers=5),
    ):
        assert few == Measure(None, Reason.NOT_APPLICABLE)
    unknown = unit_cost(None, 5)
    assert unit_cost_multiple(unknown, half, peers=5, least_peers=5) == unknown


@given(yen, st.integers(1, 10**9), st.integers(1, 10**6), st.integers(1, 1000))
def test_the_multiple_does_not_depend_on_the_unit_of_money(
    operation: int, cases: int, median: int, scale: int
) -> None:
    one = unit_cost_multiple(
        unit_cost(operation, cases), Decimal(median), peers=5, least_peers=5
    ).value
    other = unit_cost_multiple(
        unit_cost(operation * scale, cases), Decimal(median * scale), peers=5, least_peers=5
    ).value
    assert other == pytest.approx(one, rel=Decimal("1e-25"), abs=Decimal(0))
