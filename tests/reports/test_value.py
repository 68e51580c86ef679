"""What users get for the money, counted by hand."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase as HypothesisTestCase

from governance.access import Role
from projects.metrics.burden import ServiceTime, burden
from projects.metrics.kpi import Direction, GoalsMet, achievement
from projects.metrics.quadrants import Missing, Quadrant
from projects.metrics.types import Reason
from projects.models import KpiMethod, ServiceYear, System, YearRollup
from projects.models.choices import BenefitKind, KpiDirection, KpiKind, ValueState
from projects.selectors import Criteria, Selection, Visible, WholeRegister
from projects.services import rollups
from reports import value, value_services, value_worth
from tests import factories
from tests.conftest import World, person

pytestmark = pytest.mark.django_db

DAY = date(2026, 11, 24)
HALF = Decimal("0.5")


def everything(**criteria: Any) -> Selection:
    return Selection(WholeRegister(), Criteria(**criteria), DAY)


def figure(name: str, number: Any) -> dict[str, Any]:
    """A figure with its state."""
    state = ValueState.MISSING if number is None else ValueState.REPORTED
    return {name: number, f"{name}_state": state}


def year_of(service: Any, year: int, **figures: Any) -> ServiceYear:
    given_: dict[str, Any] = {}
    for name, number in figures.items():
        given_ |= figure(name, number)
    made: ServiceYear = factories.ServiceYearFactory.create(
        service=service, fiscal_year=year, **given_
    )
    return made


# Two axes -------------------------------------------------------------------------------------------


def _system(agency: Any, operation: int | None, use: tuple[int, int] | None) -> System:
    system: System = factories.SystemFactory.create(agency=agency)
    cases, online = use or (None, None)
    if operation is not None or use is not None:
        YearRollup.objects.create(
            system=system, agency=agency, fiscal_year=2025, operation=operation,
            executed=operation, cases=cases, online_cases=online,
        )  # fmt: skip
    return system


def test_every_system_stands_in_one_of_five_lists(world: World) -> None:
    """Median of 10, 20, 30 is 20; a half online is high, the median itself is not dear."""
    cheap = _system(world.home, 10, (100, 49))
    middle = _system(world.home, 20, (100, 50))
    dear = _system(world.home, 30, (100, 90))
    unmeasured = _system(world.home, 1_000, None)
    uncosted = _system(world.home, None, (100, 99))
    found = value.axes(everything(), 2025, HALF)
    assert found.lines.cost == 20
    lists = {one.quadrant: one for one in found.lists}
    names = {quadrant: [row.system_id for row in one.dearest] for quadrant, one in lists.items()}
    assert names[Quadrant.LOW_VALUE_LOW_COST] == [cheap.system_id]
    assert names[Quadrant.HIGH_VALUE_LOW_COST] == [middle.system_id]
    assert names[Quadrant.HIGH_VALUE_HIGH_COST] == [dear.system_id]
    assert names[Quadrant.LOW_VALUE_HIGH_COST] == []
    assert {unmeasured.system_id, uncosted.system_id} < set(names[Quadrant.UNPLACED])
    # The three systems of the two ministries have neither.
    assert lists[Quadrant.UNPLACED].missing == {
        Missing.COST: 1, Missing.VALUE: 1, Missing.BOTH: 3,
    }  # fmt: skip
    assert (lists[Quadrant.UNPLACED].operation, lists[Quadrant.UNPLACED].costs_known) == (1_000, 1)
    assert (found.total.systems, found.total.operation, found.placed) == (8, 1_060, 3)
    assert System.objects.count() == found.total.systems


def test_a_list_shows_its_ten_dearest_and_counts_all(world: World) -> None:
    for number in range(12):
        _system(world.home, 100 + number, None)
    unplaced = value.axes(everything(), 2025, HALF).lists[-1]
    assert unplaced.systems == 15
    assert [row.operation for row in unplaced.dearest] == list(range(111, 101, -1))


class AnyPortfolio(HypothesisTestCase):
    @given(
        st.lists(
            st.tuples(
                st.none() | st.integers(0, 10**12),
                st.none() | st.tuples(st.integers(1, 100), st.integers(0, 120)),
            ),
            max_size=12,
        )
    )
    @settings(max_examples=15)
    def test_the_lists_add_up_to_the_portfolio(
        self, systems: list[tuple[int | None, tuple[int, int] | None]]
    ) -> None:
        agency = factories.AgencyFactory.create()
        for operation, use in systems:
            _system(agency, operation, use)
        found = value.axes(everything(), 2025, HALF)
        assert sum(one.systems for one in found.lists) == len(systems)
        known = [operation for operation, _use in systems if operation is not None]
        assert found.total.operation == (sum(known) if known else None)
        drawn = sum(
            cost is not None and use is not None and use[1] <= use[0] for cost, use in systems
        )
        assert found.placed == drawn


# Goals ----------------------------------------------------------------------------------------------


def _goal(world: World, direction: str, years: Mapping[int, tuple[Any, Any]], **facts: Any) -> Any:
    kpi = factories.KpiFactory.create(**{"system": world.system, **facts}, direction=direction)
    for year, (target, actual) in years.items():
        factories.KpiValueFactory.create(
            kpi=kpi, fiscal_year=year, **figure("target", target), **figure("actual", actual)
        )
    return kpi


def test_goals_are_met_by_their_direction(world: World) -> None:
    """GSA: over 80, 83.4 met; over 300, 261 not; under 6, 0.375 met. The latest finished year
    with a target counts, FY2026 runs."""
    _goal(world, "up", {2025: (80, "83.4"), 2024: (80, 1), 2026: (90, None)})
    _goal(world, "up", {2024: (300, 261), 2025: (None, 400)})
    _goal(world, "down", {2025: (6, "0.375")}, kind=KpiKind.OUTPUT)
    _goal(world, "down", {2025: (6, None)})
    _goal(world, "unknown", {2025: (6, 7)})
    _goal(world, "up", {2026: (6, 7)})  # no year is over
    _goal(world, "up", {2025: (5, 5)}, system=None, project=world.other_project)
    found = value.goals(everything())
    assert found.by_direction == {
        ("up", "outcome"): GoalsMet(3, 3, 2),
        ("down", "output"): GoalsMet(1, 1, 1),
        ("down", "outcome"): GoalsMet(1, 0, 0),
        ("unknown", "outcome"): GoalsMet(1, 0, 0),
    }
    assert found.by_agency[world.other.pk] == GoalsMet(1, 1, 1)
    assert found.total == GoalsMet(6, 4, 3)
    assert found.years == (2024, 2025)
    asked = value.goals(everything(fiscal_year=2024))
    assert (asked.total, asked.years) == (GoalsMet(2, 2, 0), (2024, 2024))
    assert value.goals(everything(fiscal_year=2026)).years is None


def test_the_newest_method_of_a_year_is_judged(world: World) -> None:
    kpi = _goal(world, "up", {2025: (10, 12)})
    factories.KpiValueFactory.create(
        kpi=kpi, fiscal_year=2025, method_version=2, **figure("target", 10), **figure("actual", 9)
    )
    assert value.goals(everything()).total == GoalsMet(1, 1, 0)


@pytest.mark.parametrize("direction", [KpiDirection.UP, KpiDirection.DOWN])
@pytest.mark.parametrize("actual", ["9.999", "10", "10.001"])
def test_the_database_judges_as_the_metric_does(
    world: World, direction: KpiDirection, actual: str
) -> None:
    _goal(world, direction, {2025: (10, actual)})
    judged = achievement(Direction(direction), Decimal(10), Decimal(actual))
    assert value.goals(everything()).total.met == judged.met


def test_no_change_across_a_new_method(world: World) -> None:
    """Companies House: 5.20 to 2.63 by a new method is no fall by half; by the old one it is 4.80."""
    broken = _goal(world, "down", {2024: (None, "5.20")}, code="BROKEN")
    parallel = _goal(world, "down", {2024: (None, "5.20"), 2025: (None, "4.80")}, code="PARALLEL")
    for kpi in (broken, parallel):
        factories.KpiValueFactory.create(
            kpi=kpi, fiscal_year=2025, method_version=2, **figure("actual", "2.63")
        )
        KpiMethod.objects.create(
            kpi=kpi, number=2, from_year=2025, description="新方式", reason="精度"
        )
    _goal(world, "down", {2024: (None, 10), 2025: (None, 12)}, code="WORSE")
    _goal(world, "up", {2025: (None, 12)}, code="YOUNG")
    _goal(world, "up", {2024: (None, 12)}, code="OUTPUT", kind=KpiKind.OUTPUT)
    _goal(world, "unknown", {2024: (None, 4), 2025: (None, 5)}, code="SIDEWAYS")
    found = value.movements(everything())
    assert [row.code for row in found.rows] == [
        "WORSE", "PARALLEL", "SIDEWAYS", "BROKEN", "YOUNG",
    ]  # fmt: skip
    assert [row.code for row in found.compared] == ["WORSE", "PARALLEL", "SIDEWAYS"]
    assert [(row.code, row.broken_in) for row in found.broken] == [("BROKEN", 2025)]
    assert found.rows[1].growth is not None
    assert round(found.rows[1].growth, 3) == Decimal("-0.077")


# Benefits and worth ---------------------------------------------------------------------------------


def _benefit(project: Any, year: int, planned: Any, realised: Any, **facts: Any) -> None:
    factories.BenefitFactory.create(
        project=project, fiscal_year=year, **facts,
        **figure("planned", planned), **figure("realised", realised),
    )  # fmt: skip


def test_the_forecast_is_what_came_true_and_else_the_plan(world: World) -> None:
    _benefit(world.project, 2024, 100, 60)
    _benefit(world.project, 2025, 100, None)
    _benefit(world.project, 2026, 100, 999)  # the year still runs
    _benefit(world.other_project, 2025, None, 30, kind=BenefitKind.CASH)
    factories.BenefitFactory.create(
        project=world.project, fiscal_year=2027, planned_state=ValueState.NOT_APPLICABLE,
        realised_state=ValueState.NOT_APPLICABLE,
    )  # fmt: skip
    found = value_worth.benefits(everything())
    assert list(found.by_year) == [2024, 2025, 2026]
    assert found.by_year[2024].forecast == 60
    assert found.by_year[2025] == value_worth.Gains(100, 1, 30, 1, 130, 2, 2, 2)
    assert found.by_year[2026] == value_worth.Gains(100, 1, None, 0, 100, 1, 1, 0)
    assert list(found.by_kind) == [BenefitKind.USER_TIME, BenefitKind.CASH]
    assert found.total == value_worth.Gains(300, 3, 90, 2, 290, 4, 4, 3)


@pytest.fixture
def promising(world: World) -> World:
    """Home: 1,000 in FY2025 by its plan, 600 a year for two years. Other: benefits, no cost."""
    factories.BaselineFactory.create(
        project=world.project, planned_start_on=date(2025, 4, 1),
        planned_end_on=date(2026, 3, 31), budget_at_completion=1_000,
    )  # fmt: skip
    _benefit(world.project, 2026, 600, None)
    _benefit(world.project, 2027, 600, None)
    _benefit(world.other_project, 2026, 500, None)
    return world


def test_what_the_portfolio_is_worth(promising: World) -> None:
    found = value_worth.portfolio_worth(everything(), Decimal("0.1"))
    assert (found.known, found.asked) == (1, 2)
    assert [row.code for row in found.projects] == ["HOME-P1", "OTHER-P1"]
    assert found.projects[1].bcr.reason is Reason.NO_DATA
    assert found.worth is not None
    assert (found.worth.base_year, found.worth.horizon) == (2025, 3)
    # 600 ÷ 1.1 + 600 ÷ 1.21 = 1,041.32
    assert round(found.worth.appraisal.pv_benefits, 2) == Decimal("1041.32")
    assert round(found.worth.appraisal.bcr.value or 0, 4) == Decimal("1.0413")
    own = found.projects[0].worth
    assert own is not None
    assert own.appraisal == found.worth.appraisal


def test_a_project_that_begins_later_is_discounted_to_the_common_base_year(
    promising: World,
) -> None:
    factories.BaselineFactory.create(
        project=promising.other_project, planned_start_on=date(2026, 4, 1),
        planned_end_on=date(2027, 3, 31), budget_at_completion=110,
    )  # fmt: skip
    found = value_worth.portfolio_worth(everything(), Decimal("0.1"))
    assert found.known == 2
    assert found.worth is not None
    assert found.worth.appraisal.pv_costs == pytest.approx(1_100)
    assert [row.code for row in found.projects] == ["HOME-P1", "OTHER-P1"]  # 1.04 before 4.55


def test_a_portfolio_without_a_known_project_is_worth_nothing_known(world: World) -> None:
    found = value_worth.portfolio_worth(everything(), Decimal("0.04"))
    assert (found.worth, found.known, found.asked) == (None, 0, 2)


# Services -------------------------------------------------------------------------------------------


def test_time_is_spent_and_saved_against_the_first_year(world: World) -> None:
    one, other = (factories.ServiceFactory.create(agency=world.home) for _ in range(2))
    year_of(one, 2022, cases=5, minutes_per_case=Decimal("45.50"))
    year_of(one, 2023, cases=500, minutes_per_case=Decimal(99))
    year_of(one, 2025, cases=600, minutes_per_case=Decimal("30.25"))
    year_of(other, 2025, cases=60, minutes_per_case=Decimal(10))  # its first year
    year_of(other, 2026, cases=None, minutes_per_case=Decimal(1))
    silent = factories.ServiceFactory.create(agency=world.home)
    year_of(silent, 2025, cases=7)
    found = value_services.service_figures(everything())
    sums = found.by_agency[world.home.pk]
    expected = burden(
        [
            ServiceTime(600, Decimal("30.25"), Decimal("45.50")),
            ServiceTime(60, Decimal(10), None),
            ServiceTime(7, None, None),
        ]
    )
    assert sums.burden(3) == expected
    assert expected.hours_saved.value == Decimal("152.5")
    assert (sums.counted, sums.cases, found.years) == (3, 667, (2025, 2025))
    earlier = value_services.service_figures(everything(fiscal_year=2023))
    assert earlier.total.burden(3).hours_saved.value == Decimal("-445.8333333333333333333333333")


def test_rates_of_services_stand_on_what_fits(world: World) -> None:
    """Completion, take-up and satisfaction: only services that tell both figures count."""
    rows: list[dict[str, Any]] = [
        {"cases": 80, "online_cases": 40, "started_cases": 100,
         "satisfaction_ratio": Decimal("0.75"), "satisfaction_answers": 400},
        {"cases": 20, "online_cases": 0, "started_cases": 10,  # more completed than begun
         "satisfaction_ratio": Decimal("0.5"), "satisfaction_answers": 100},
        {"cases": 0, "online_cases": 0, "started_cases": 0, "satisfaction_ratio": Decimal(1)},
        {"cases": 50},
    ]  # fmt: skip
    for figures in rows:
        year_of(factories.ServiceFactory.create(agency=world.home), 2025, **figures)
    sums = value_services.service_figures(everything()).by_agency[world.home.pk]
    assert sums.digital_take_up.value == Decimal("0.4")
    assert sums.completion.value == Decimal("0.8")
    assert sums.satisfaction.value == Decimal("0.7")
    assert (sums.used, sums.completing, sums.asked_users, sums.small_samples) == (3, 2, 2, 1)


def test_nought_of_nought_online_is_nought(world: World) -> None:
    service = factories.ServiceFactory.create(agency=world.home)
    year_of(service, 2025, cases=0, online_cases=0)
    sums = value_services.service_figures(everything()).total
    assert sums.digital_take_up.value == 0
    assert sums.completion.reason is Reason.NO_DATA
    assert sums.satisfaction.reason is Reason.NO_DATA


def test_a_case_costs_what_its_system_costs(world: World) -> None:
    """2,000 cases at 4,000 yen of operation: 2 yen each. A missing cost is none, not nothing."""
    factories.CostLineFactory.create(
        system=world.system, budget_year=2025, sheet_year=2026, amount=4_000
    )
    for cases in (1_500, 500):
        service = factories.ServiceFactory.create(agency=world.home, systems=[world.system])
        year_of(service, 2025, cases=cases)
        year_of(service, 2024, cases=9)
    service = factories.ServiceFactory.create(agency=world.sub, systems=[world.sub_system])
    year_of(service, 2025, cases=5_000)
    rollups.recompute_all()
    found = value_services.unit_costs(everything())
    first, second = found.rows
    assert (first.system_id, first.cost_per_transaction.reason) == ("SUB-1", Reason.NO_DATA)
    assert (second.cases, second.services) == (2_000, 2)
    assert second.cost_per_transaction.value == 2
    measure, known, counted = found.of()
    assert measure.value == 2
    assert (known, counted) == (1, 2)
    assert found.of(world.sub.pk)[0].reason is Reason.NO_DATA


# Readers and statements -----------------------------------------------------------------------------


def test_a_reader_sees_the_own_ministry(promising: World) -> None:
    _goal(promising, "up", {2025: (1, 1)})
    _goal(promising, "up", {2025: (1, 1)}, system=promising.other_system)
    for agency in (promising.home, promising.other):
        year_of(factories.ServiceFactory.create(agency=agency), 2025, cases=10)
    pmo = Selection(Visible(person(Role.PMO, promising)), Criteria(), DAY)
    assert value.axes(pmo, 2025, HALF).total.systems == 2
    assert value.goals(pmo).total.asked == 1
    assert [row.agency_id for row in value.movements(pmo).rows] == [promising.home.pk]
    assert value_worth.benefits(pmo).total.planned == 1_200
    worth = value_worth.portfolio_worth(pmo, Decimal("0.04"))
    assert (worth.known, worth.asked, len(worth.projects)) == (1, 1, 1)
    assert set(value_services.service_figures(pmo).by_agency) == {promising.home.pk}
    accounting = Selection(Visible(person(Role.ACCOUNTING, promising)), Criteria(), DAY)
    assert value.goals(accounting).total == GoalsMet()
    assert value_worth.benefits(accounting).total == value_worth.Gains()
    assert value_worth.portfolio_worth(accounting, Decimal("0.04")).projects == []


def test_an_agency_narrows_every_figure(promising: World) -> None:
    for agency in (promising.home, promising.other):
        year_of(factories.ServiceFactory.create(agency=agency), 2025, cases=10)
    other = everything(agency_ids=frozenset({promising.other.pk}))
    assert value.axes(other, 2025, HALF).total.systems == 1
    assert value_worth.benefits(other).total.planned == 500
    assert value_services.service_figures(other).total.cases == 10


def _read_all() -> None:
    selection = everything()
    value.axes(selection, 2025, HALF)
    value.goals(selection)
    value.movements(selection)
    value_worth.benefits(selection)
    value_worth.portfolio_worth(selection, Decimal("0.04"))
    value_services.service_figures(selection)
    value_services.unit_costs(selection)
    list(value_services.largest_services(selection))


@pytest.mark.parametrize("number", [3, 30])
def test_statements_do_not_grow(world: World, number: int) -> None:
    for n in range(number):
        agency = factories.AgencyFactory.create()
        system = _system(agency, 100 + n, (100, n))
        _goal(world, "up", {2024: (1, 1), 2025: (2, 3)}, system=system)
        project = factories.ProjectFactory.create(agency=agency, systems=[system])
        factories.BaselineFactory.create(project=project)
        _benefit(project, 2025, 5, 6)
        service = factories.ServiceFactory.create(agency=agency, systems=[system])
        year_of(service, 2025, cases=10 + n, online_cases=5)
    with CaptureQueriesContext(connection) as captured:
        _read_all()
    assert len(captured) == 16
