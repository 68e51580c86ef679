"""The portfolio in figures: what is counted, what is not, and what nobody knows."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from governance.models import User
from projects.metrics.types import Measure, Reason
from projects.models import RiskFlag
from projects.models.choices import (
    ContractMethod,
    CostClass,
    KpiKind,
    OnlineStatus,
    ProjectPhase,
    Stage,
    SystemStatus,
    ValueState,
)
from projects.selectors import (
    Criteria,
    Rows,
    Selection,
    SizeBand,
    Visible,
    WholeRegister,
    agency_tree,
    latest_due_period,
)
from projects.services import rollups
from reports import dashboards
from reports.dashboards import Portfolio, Summary
from tests import factories
from tests.conftest import World

pytestmark = pytest.mark.django_db

AS_OF = date(2026, 11, 24)


def summary(rows: Rows | None = None, as_of: date = AS_OF, **criteria: object) -> Summary:
    rows = rows or WholeRegister()
    asked = Criteria(**criteria)  # type: ignore[arg-type]
    return dashboards.summarise(rows, asked, as_of, agency_tree(rows))


def portfolio(rows: Rows | None = None, as_of: date = AS_OF, **criteria: object) -> Portfolio:
    rows = rows or WholeRegister()
    asked = Criteria(**criteria)  # type: ignore[arg-type]
    return dashboards.portfolio(rows, asked, as_of, agency_tree(rows))


def flag(world: World, rule_id: str, severity: str, **subject: object) -> RiskFlag:
    values = {"opened_on": date(2026, 6, 1), "agency": world.home, **subject}
    return RiskFlag.objects.create(
        rule_id=rule_id,
        rule_version=1,
        severity=severity,
        severity_since=values["opened_on"],
        judged_on=values["opened_on"],
        **values,  # type: ignore[misc]
    )


# Cost -------------------------------------------------------------------------------------------


def test_cost_is_summed_by_agency_and_year(world: World) -> None:
    lines = (
        (world.system, CostClass.DEVELOPMENT, 300),
        (world.system, CostClass.OPERATION, 700),
        (world.other_system, CostClass.OPERATION, 50),
    )
    for system, cost_class, amount in lines:
        factories.CostLineFactory.create(
            system=system, cost_item__cost_class=cost_class, amount=amount
        )
    rollups.recompute_all()
    found = summary()
    assert found.year == 2024
    assert (found.cost.development, found.cost.operation, found.cost.other) == (300, 750, None)
    assert found.cost.executed == 1050
    assert found.cost.available is None
    by_agency = {row.agency.code: row.figures.year(2024).executed for row in found.agencies}
    assert by_agency == {"home": 1000, "other": 50, "sub": None}
    assert (found.cost.executing_systems, found.cost.developing_systems) == (2, 1)


def test_executed_yen_without_any_class_stand_as_not_split(world: World) -> None:
    for system, cost_class, amount in (
        (world.system, CostClass.UNCLASSIFIED, 900),
        (world.other_system, CostClass.OPERATION, 50),
    ):
        factories.CostLineFactory.create(
            system=system, cost_item__cost_class=cost_class, amount=amount
        )
    rollups.recompute_all()
    cost = summary().cost
    assert (cost.executed, cost.operation, cost.unsplit) == (950, 50, 900)


def test_the_execution_rate_takes_only_holders_that_report_both(world: World) -> None:
    factories.CostLineFactory.create(system=world.system, amount=80)
    factories.CostLineFactory.create(system=world.system, amount=100, stage=Stage.AVAILABLE)
    factories.CostLineFactory.create(system=world.other_system, amount=999)
    rollups.recompute_all()
    assert summary().cost.execution_rate.value == Decimal("0.8")


def test_the_year_shown_is_the_latest_that_is_over_and_has_figures(world: World) -> None:
    for year in (2024, 2025, 2026):
        factories.CostLineFactory.create(system=world.system, budget_year=year, sheet_year=2026)
    rollups.recompute_all()
    assert summary().year == 2025
    assert summary(as_of=date(2025, 4, 1)).year == 2024
    assert summary(as_of=date(2024, 6, 1)).year == 2024  # none is over: the running one
    assert summary(as_of=date(2020, 1, 1)).year is None
    assert sorted(summary(as_of=date(2025, 6, 1)).total.years) == [2024, 2025]


def test_an_empty_register_knows_nothing_and_shows_no_zero_yen(db: None) -> None:
    found = summary()
    assert found.year is None
    assert found.cost.executed is None
    assert found.total.online_use.value is None
    assert found.total.single_bid_ratio.value is None
    assert (found.total.systems, found.agencies, found.agencies_valid) == (0, (), 0)


def test_where_the_ledger_is_silent_the_classes_tell_what_was_spent(world: World) -> None:
    # A ledger for another year says nothing of 2024.
    factories.CostLineFactory.create(
        system=world.system,
        cost_item__cost_class=CostClass.UNCLASSIFIED,
        budget_year=2023,
        amount=1,
    )
    for cost_class in (CostClass.DEVELOPMENT, CostClass.OPERATION):
        factories.CostLineFactory.create(
            system=world.system, cost_item__cost_class=cost_class, amount=5 * 10**9
        )
    factories.CostLineFactory.create(system=world.other_system, amount=10**9)
    rollups.recompute_all()
    cost = summary(fiscal_year=2024).cost
    assert (cost.executed, cost.system_spent) == (11 * 10**9, 11 * 10**9)
    assert summary(fiscal_year=2024, size=SizeBand.HUGE).total.systems == 1


# Value --------------------------------------------------------------------------------------------


def test_a_value_measure_is_online_use_or_the_actual_of_an_outcome(world: World) -> None:
    service = factories.ServiceFactory.create(agency=world.home, systems=[world.system])
    factories.ServiceYearFactory.create(service=service, counted=True)
    outcome = factories.KpiFactory.create(system=world.sub_system)
    factories.KpiValueFactory.create(kpi=outcome, actual=1, actual_state=ValueState.REPORTED)
    activity = factories.KpiFactory.create(system=world.other_system, kind=KpiKind.ACTIVITY)
    factories.KpiValueFactory.create(kpi=activity, actual=1, actual_state=ValueState.REPORTED)
    for system, amount in ((world.system, 30), (world.sub_system, 30), (world.other_system, 40)):
        factories.CostLineFactory.create(system=system, amount=amount)
    rollups.recompute_all()
    found = summary()
    assert (found.total.measured_systems, found.total.systems) == (2, 3)
    assert found.cost.measured_share.value == Decimal("0.6")


def test_online_use_takes_the_latest_year_of_each_agency(world: World) -> None:
    for agency, year, cases, online in (
        (world.home, 2022, 1000, 0),
        (world.home, 2023, 100, 80),
        (world.other, 2022, 100, 20),
    ):
        factories.ServiceYearFactory.create(
            service=factories.ServiceFactory.create(agency=agency),
            fiscal_year=year,
            cases=cases,
            cases_state=ValueState.REPORTED,
            online_cases=online,
            online_cases_state=ValueState.REPORTED,
        )
    offline = factories.ServiceFactory.create(
        agency=world.home, online_status=OnlineStatus.NOT_AVAILABLE
    )
    factories.ServiceYearFactory.create(service=offline, fiscal_year=2023, counted=True)
    rollups.recompute_all()
    total = summary().total
    assert (total.cases, total.online_cases, total.services) == (200, 100, 4)
    assert summary().use_years == (2022, 2023)
    assert summary(fiscal_year=2022).total.cases == 1100
    assert summary(fiscal_year=2020).total.cases is None


def test_online_use_of_a_part_of_an_agency_comes_from_its_services(
    world: World, pjmo: User
) -> None:
    mine = factories.ServiceFactory.create(agency=world.home, systems=[world.system])
    for service, cases, online in (
        (mine, 100, 70),
        (factories.ServiceFactory.create(agency=world.home), 100, 10),
    ):
        factories.ServiceYearFactory.create(
            service=service,
            cases=cases,
            cases_state=ValueState.REPORTED,
            online_cases=online,
            online_cases_state=ValueState.REPORTED,
        )
    rollups.recompute_all()
    assert summary().total.online_use.value == Decimal("0.4")
    assert summary(text="HOME-1").total.online_use.value == Decimal("0.7")
    assert summary(Visible(pjmo)).total.online_use.value == Decimal("0.7")


# Contracts, reviews, reports, flags -----------------------------------------------------------------


def test_single_bids_are_counted_among_competitive_contracts(world: World) -> None:
    for method, bidders in (
        (ContractMethod.OPEN_PRICE, 1),
        (ContractMethod.OPEN_EVALUATION, 1),
        (ContractMethod.OPEN_EVALUATION, 3),
        (ContractMethod.NEGOTIATED_OTHER, 1),
    ):
        factories.ContractFactory.create(agency=world.home, method=method, bidders=bidders)
    factories.ContractFactory.create(
        agency=world.home, bidders=None, bidders_state=ValueState.MISSING
    )
    total = summary().total
    assert (total.contracts, total.competitive, total.bidders_known) == (5, 4, 3)
    assert total.single_bids == 2
    assert total.single_bid_ratio.value == Decimal("0.5")


def test_without_a_known_number_of_bidders_there_is_no_ratio(world: World) -> None:
    factories.ContractFactory.create(
        agency=world.home, bidders=None, bidders_state=ValueState.WITHHELD
    )
    assert summary().total.single_bid_ratio == Measure(None, Reason.NO_DATA)


def test_contracts_of_later_days_are_left_out_and_a_year_narrows_them(world: World) -> None:
    factories.ContractFactory.create(agency=world.home, signed_on=date(2026, 11, 24))
    factories.ContractFactory.create(agency=world.home, signed_on=date(2026, 11, 25))
    factories.ContractFactory.create(agency=world.home, fiscal_year=2024)
    factories.ContractFactory.create(agency=world.home, fiscal_year=2027)
    assert summary().total.contracts == 2
    assert summary(fiscal_year=2024).total.contracts == 1


@pytest.mark.parametrize(
    ("values", "overdue"),
    [
        ({"due_on": date(2026, 11, 23)}, 1),
        ({"due_on": date(2026, 11, 24)}, 0),
        ({"due_on": None}, 0),
        ({"due_on": date(2026, 11, 1), "is_complete": True}, 0),
        ({"due_on": date(2026, 11, 1), "held_on": date(2026, 11, 2)}, 1),
        # Completed after the day that is asked about.
        ({"due_on": date(2026, 11, 1), "is_complete": True, "held_on": date(2026, 12, 2)}, 1),
    ],
)
def test_a_review_is_overdue_after_its_day_until_it_is_complete(
    world: World, values: dict[str, object], overdue: int
) -> None:
    factories.ReviewFactory.create(system=world.system, **values)
    total = summary().total
    assert (total.reviews, total.reviews_overdue) == (1, overdue)


@pytest.mark.parametrize(
    ("as_of", "period"),
    [
        (date(2026, 11, 10), date(2026, 9, 1)),  # due today: not late yet
        (date(2026, 11, 11), date(2026, 10, 1)),
        (date(2026, 1, 5), date(2025, 11, 1)),
        (date(2026, 3, 31), date(2026, 2, 1)),
    ],
)
def test_the_latest_month_due_follows_the_due_day(as_of: date, period: date) -> None:
    assert latest_due_period(as_of, 10) == period


def test_a_report_is_late_until_it_is_submitted(world: World) -> None:
    total = summary().total
    assert (total.reports_due, total.reports_late) == (2, 2)
    factories.MonthlyUpdateFactory.create(project=world.project, submitted=True)
    factories.MonthlyUpdateFactory.create(project=world.other_project)  # a draft
    total = summary().total
    assert (total.reports_due, total.reports_late) == (2, 1)
    assert summary(as_of=date(2026, 11, 4)).total.reports_late == 2  # a day before it came in


def test_who_owes_no_report_is_neither_due_nor_late(world: World) -> None:
    for values in (
        {"phase": ProjectPhase.OPERATING},
        {"started_on": date(2026, 11, 1)},
        {"started_on": None},
        {"ended_on": date(2026, 9, 30)},
    ):
        factories.ProjectFactory.create(agency=world.home, **values)
    total = summary().total
    assert (total.projects, total.reports_due) == (6, 2)


def test_the_due_day_is_the_one_of_the_policy(world: World) -> None:
    factories.RiskPolicyFactory.create(rule_id="late_report", parameters={"due_day": 28})
    assert summary().period == date(2026, 9, 1)


def test_flags_are_counted_by_rule_and_severity_as_they_stood(world: World) -> None:
    flag(world, "cost_growth", "high", system=world.system)
    flag(world, "cost_growth", "medium", system=world.sub_system, agency=world.sub)
    flag(world, "late_report", "high", project=world.project, opened_on=date(2026, 11, 25))
    flag(world, "execution_rate", "unknown", system=world.system, closed_on=date(2026, 7, 1))
    assert summary().total.flags == {"cost_growth": {"high": 1, "medium": 1}}
    in_june = summary(as_of=date(2026, 6, 30)).total
    assert in_june.flags["execution_rate"] == {"unknown": 1}
    assert in_june.flags_of("high") == 1


def test_a_project_is_as_risky_as_the_gravest_flag_around_it(world: World) -> None:
    contract = factories.ContractFactory.create(agency=world.home, project=world.project)
    flag(world, "single_bidder", "medium", contract=contract)
    assert summary().total.project_risk == {"medium": 1, "": 1}
    flag(world, "cost_growth", "high", system=world.system)
    assert summary().total.project_risk == {"high": 1, "": 1}
    review = factories.ReviewFactory.create(system=None, project=world.other_project)
    flag(world, "review_overdue", "low", review=review, agency=world.other)
    assert summary().total.project_risk == {"high": 1, "low": 1}


# Narrowing ----------------------------------------------------------------------------------------


def test_an_agency_takes_those_below_it_along(world: World) -> None:
    tree = agency_tree(WholeRegister())
    found = summary(agency_ids=tree.below(world.home))
    assert [row.agency.code for row in found.agencies] == ["home", "sub"]
    assert (found.total.systems, found.total.projects, found.agencies_valid) == (2, 1, 2)


def test_criteria_about_systems_keep_what_hangs_on_them(world: World) -> None:
    for system in (world.system, world.other_system):
        service = factories.ServiceFactory.create(agency=system.agency, systems=[system])
        factories.ServiceYearFactory.create(service=service, counted=True)
        factories.ContractFactory.create(agency=system.agency, system=system)
        factories.ReviewFactory.create(system=system)
        factories.CostLineFactory.create(system=system)
        flag(world, "cost_growth", "high", system=system, agency=system.agency)
    rollups.recompute_all()
    total = summary(text="内務").total
    assert (total.systems, total.projects, total.services, total.contracts) == (1, 1, 1, 1)
    assert (total.reviews, total.flags_of("high"), total.cases) == (1, 1, 100)
    assert total.years[2024].executed == 1_000_000


def test_criteria_about_flags_keep_what_the_flags_stand_on(world: World) -> None:
    contract = factories.ContractFactory.create(agency=world.home, system=world.system)
    factories.ContractFactory.create(agency=world.other, system=world.other_system)
    flag(world, "single_bidder", "high", contract=contract)
    flag(world, "cost_growth", "low", system=world.other_system, agency=world.other)
    total = summary(rule_id="single_bidder").total
    assert (total.systems, total.projects, total.contracts) == (1, 1, 1)
    assert total.flags == {"single_bidder": {"high": 1}}
    assert summary(severity="low").total.systems == 1
    assert summary(rule_id="single_bidder", severity="low").total.is_empty


def test_size_bands_go_by_what_was_executed_or_was_available(world: World) -> None:
    factories.CostLineFactory.create(system=world.system, amount=10**10)
    factories.CostLineFactory.create(system=world.sub_system, amount=10**9 - 1)
    factories.CostLineFactory.create(system=world.other_system, amount=10**9, stage=Stage.AVAILABLE)
    rollups.recompute_all()
    bands = {band: summary(size=band).total.systems for band in SizeBand}
    assert bands == {SizeBand.HUGE: 1, SizeBand.LARGE: 1, SizeBand.MIDDLE: 1, SizeBand.SMALL: 0}
    assert summary(size=SizeBand.HUGE).year == 2024
    assert summary(size=SizeBand.HUGE, fiscal_year=2023).total.systems == 0


def test_class_and_status_narrow_the_systems(world: World) -> None:
    lan = factories.SystemClassFactory.create(code="lan", name="LAN")
    factories.SystemFactory.create(agency=world.home, system_class=lan, status=SystemStatus.RETIRED)
    assert summary(system_class="lan").total.systems == 1
    assert summary(status=SystemStatus.OPERATING).total.systems == 3
    assert summary(system_class="lan", status=SystemStatus.OPERATING).total.systems == 0
    assert summary().total.live_systems == 3


def test_a_reader_sees_the_own_part_only(world: World, pmo: User, other_pmo: User) -> None:
    flag(world, "cost_growth", "high", system=world.system)
    assert summary(Visible(pmo)).total.systems == 2
    assert summary(Visible(other_pmo)).total.systems == 1
    assert summary(Visible(other_pmo)).total.flags == {}
    assert summary(Visible(pmo)).total.flags_of("high") == 1


def test_who_has_no_role_sees_nothing(world: World, outsider: User) -> None:
    assert summary(Visible(outsider)).agencies == ()


# The target ---------------------------------------------------------------------------------------


def test_the_national_target_fits_the_whole_government_only(
    world: World, cio: User, pmo: User
) -> None:
    factories.TargetFactory.create(
        code="systems-reduction",
        base_year=2012,
        base_value=1450,
        target_year=2018,
        target_value=725,
    )
    target = summary(Visible(cio)).target
    assert target is not None
    assert (target.base, target.target, target.target_year) == (1450, 725, 2018)
    assert summary(Visible(pmo)).target is None
    assert summary(Visible(cio), text="内務").target is None


# Points and attention -------------------------------------------------------------------------------


def test_points_show_systems_with_cost_and_use(world: World) -> None:
    for system, amount in ((world.system, 500), (world.sub_system, 900)):
        factories.CostLineFactory.create(system=system, amount=amount)
    service = factories.ServiceFactory.create(agency=world.home, systems=[world.system])
    factories.ServiceYearFactory.create(service=service, counted=True, fiscal_year=2023)
    flag(world, "cost_growth", "medium", system=world.system)
    rollups.recompute_all()
    (point,) = portfolio().points
    assert (point.system_id, point.operation, point.use_year) == ("HOME-1", 500, 2023)
    assert point.use_ratio.value == Decimal("0.5")
    assert point.severity == "medium"
    selection = Selection(WholeRegister(), Criteria(), AS_OF)
    rows = dashboards.system_points(selection, 2024)
    assert [row["system__system_id"] for row in rows] == ["SUB-1", "HOME-1"]


def test_attention_shows_the_gravest_and_oldest_first(world: World) -> None:
    flag(world, "cost_growth", "medium", system=world.system, opened_on=date(2026, 1, 1))
    flag(world, "execution_rate", "high", system=world.system, opened_on=date(2026, 5, 1))
    flag(world, "late_report", "high", project=world.project, opened_on=date(2026, 4, 1))
    flag(world, "low_online_use", "unknown", system=world.system)
    found = portfolio()
    assert [row.rule_id for row in found.attention] == [
        "late_report",
        "execution_rate",
        "cost_growth",
    ]
    assert found.attention_total == 3


# Statements ---------------------------------------------------------------------------------------


def _statements(rows: Rows) -> int:
    tree = agency_tree(rows)
    with CaptureQueriesContext(
        connection,
    ) as captured:
        dashboards.portfolio(rows, Criteria(text="シ", severity="high", size="small"), AS_OF, tree)
    return len(captured)


def test_five_statements_however_many_systems(world: World, cio: User) -> None:
    # counts, cost, thresholds, points, attention
    rows = Visible(cio)
    assert rows.reads_everything
    assert _statements(rows) == 5
    for _ in range(30):
        system = factories.SystemFactory.create()
        factories.CostLineFactory.create(system=system)
        project = factories.ProjectFactory.create(agency=system.agency, systems=[system])
        flag(world, "cost_growth", "high", system=system)
        flag(world, "late_report", "high", project=project)
    rollups.recompute_all()
    assert _statements(rows) == 5


def test_ages_are_those_of_the_last_change(world: World) -> None:
    moment = datetime(2026, 3, 31, 15, 30, tzinfo=UTC)  # 1 April in Tokyo
    type(world.system).objects.update(updated_at=moment)
    assert summary().changed_on["systems"] == date(2026, 4, 1)


def test_a_rule_that_fires_often_does_not_hide_the_others(world: World) -> None:
    for number in range(30):
        project = factories.ProjectFactory.create(agency=world.home)
        opened = date(2026, 1, 1 + number % 28)
        flag(world, "late_report", "high", project=project, opened_on=opened)
    flag(world, "cost_growth", "high", system=world.system, opened_on=date(2026, 11, 1))
    assert [row.rule_id for row in portfolio().attention[:2]] == ["late_report", "cost_growth"]
