"""How cost lines become the yearly figures that dashboards read."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from projects.models import CostLine, ServiceRollup, YearRollup
from projects.models.choices import CostClass, OnlineStatus, Stage, ValueState
from projects.services import rollups
from tests import factories
from tests.conftest import World

pytestmark = pytest.mark.django_db


def _line(world: World, amount: int | None, **more: object) -> CostLine:
    cost_class = more.pop("cost_class", CostClass.OPERATION)
    state = ValueState.REPORTED if amount is not None else ValueState.MISSING
    values = {"system": world.system, "amount": amount, "amount_state": state, **more}
    line: CostLine = factories.CostLineFactory.create(cost_item__cost_class=cost_class, **values)
    return line


def _row(world: World, year: int = 2024) -> YearRollup:
    rollups.recompute(system_ids=[world.system.pk])
    return YearRollup.objects.get(system=world.system, fiscal_year=year)


def test_executed_yen_are_split_by_class_and_summed(world: World) -> None:
    _line(world, 300, cost_class=CostClass.DEVELOPMENT)
    _line(world, 700, cost_class=CostClass.OPERATION)
    _line(world, 5000, stage=Stage.INITIAL)
    row = _row(world)
    assert (row.development, row.operation, row.other) == (300, 700, None)
    assert (row.executed, row.initial, row.available) == (1000, 5000, None)


def test_the_latest_sheet_wins_and_the_earlier_stays(world: World) -> None:
    _line(world, 100, sheet_year=2024)
    _line(world, 130, sheet_year=2025)
    assert _row(world).operation == 130
    assert CostLine.objects.count() == 2


def test_a_missing_figure_never_hides_an_earlier_one(world: World) -> None:
    _line(world, 100, sheet_year=2024)
    _line(world, None, sheet_year=2025)
    assert _row(world).operation == 100


def test_a_withheld_figure_replaces_an_earlier_one_by_unknown(world: World) -> None:
    _line(world, 100, sheet_year=2024)
    _line(world, None, sheet_year=2025, amount_state=ValueState.WITHHELD)
    assert _row(world).operation is None


def test_zero_is_a_figure_and_missing_is_not(world: World) -> None:
    _line(world, 0, stage=Stage.INITIAL)
    _line(world, None, stage=Stage.EXECUTED)
    row = _row(world)
    assert row.initial == 0
    assert row.executed is None


def test_a_ledger_total_is_the_stage_total_and_the_items_only_split_it(world: World) -> None:
    _line(world, 1000, cost_class=CostClass.UNCLASSIFIED)
    _line(world, 300, cost_class=CostClass.DEVELOPMENT)
    _line(world, 650, cost_class=CostClass.OPERATION)
    row = _row(world)
    assert row.executed == 1000
    assert (row.development, row.operation) == (300, 650)


def test_a_ledger_line_changes_its_own_year_and_stage_alone(world: World) -> None:
    """Seen: one yen requested for a year long ago, and no settled year had a total any more."""
    _line(world, 650)
    _line(world, 700, stage=Stage.AVAILABLE)
    for year, stage in ((2010, Stage.REQUESTED), (2023, Stage.EXECUTED), (2024, Stage.REQUESTED)):
        _line(world, 1, cost_class=CostClass.UNCLASSIFIED, budget_year=year, stage=stage)
    row = _row(world)
    assert (row.executed, row.available, row.requested) == (650, 700, 1)
    assert row.operation == 650
    _line(world, 600, cost_class=CostClass.UNCLASSIFIED)
    row = _row(world)
    assert (row.executed, row.available, row.operation) == (600, 700, 650)


def test_a_ledger_without_a_figure_hides_no_class_but_one_that_withholds_does(world: World) -> None:
    _line(world, 650)
    ledger = {"cost_class": CostClass.UNCLASSIFIED, "account": "一般会計"}
    _line(world, None, **ledger)
    assert _row(world).executed == 650
    _line(world, None, **ledger, sheet_year=2026, amount_state=ValueState.WITHHELD)
    assert (_row(world).executed, _row(world).operation) == (None, 650)


def test_use_counts_only_services_whose_two_figures_are_known(world: World) -> None:
    for cases, online in ((100, 40), (300, None)):
        year = factories.ServiceYearFactory.create(
            service__systems=[world.system],
            cases=cases,
            cases_state=ValueState.REPORTED,
            online_cases=online,
            online_cases_state=ValueState.REPORTED if online else ValueState.MISSING,
        )
        assert year.pk
    row = _row(world)
    assert (row.cases, row.online_cases) == (100, 40)


def test_service_rollup_counts_online_services_with_both_figures(world: World) -> None:
    for status in (OnlineStatus.AVAILABLE, OnlineStatus.NOT_AVAILABLE):
        factories.ServiceYearFactory.create(
            service__agency=world.home, service__online_status=status, counted=True
        )
    rollups.recompute_services([world.home.pk])
    row = ServiceRollup.objects.get()
    assert (row.services, row.services_online, row.services_measured) == (2, 1, 1)
    assert (row.cases, row.online_cases) == (100, 50)


def test_verify_finds_a_drifted_figure_and_a_missing_row(world: World) -> None:
    _line(world, 100)
    rollups.recompute_all()
    out = StringIO()
    call_command("verify_rollups", stdout=out)
    assert "Every rollup equals" in out.getvalue()
    YearRollup.objects.update(operation=99)
    err = StringIO()
    with pytest.raises(CommandError):
        call_command("verify_rollups", stderr=err)
    assert "operation: 99 ≠ 100" in err.getvalue()
    YearRollup.objects.all().delete()
    assert [d.figure for d in rollups.differences()] == ["row"]


@given(
    lines=st.lists(
        st.tuples(
            st.sampled_from([2022, 2023, 2024]),
            st.sampled_from([CostClass.DEVELOPMENT, CostClass.OPERATION, CostClass.OTHER]),
            st.integers(min_value=0, max_value=9 * 10**12),
        ),
        unique_by=lambda line: line[:2],
        max_size=9,
    )
)
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_the_rollup_is_the_sum_of_its_lines(
    world: World, lines: list[tuple[int, CostClass, int]]
) -> None:
    CostLine.objects.all().delete()
    for year, cost_class, amount in lines:
        _line(world, amount, cost_class=cost_class, budget_year=year)
    rollups.recompute(system_ids=[world.system.pk])
    for year in (2022, 2023, 2024):
        amounts = [amount for y, _, amount in lines if y == year]
        row = YearRollup.objects.filter(system=world.system, fiscal_year=year).first()
        assert (row.executed if row else None) == (sum(amounts) if amounts else None)
    assert list(rollups.differences()) == []


def test_recomputing_costs_the_same_for_three_systems_and_for_thirty(world: World) -> None:
    def queries(count: int) -> int:
        systems = factories.SystemFactory.create_batch(count, agency=world.home)
        for system in systems:
            factories.CostLineFactory.create(system=system)
        with CaptureQueriesContext(connection) as captured:
            rollups.recompute(system_ids=[system.pk for system in systems])
        return len(captured)

    assert queries(3) == queries(30)
