"""How a figure came about: the same value as on the page, and the rows that somebody entered."""

import re
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from governance.access import Role
from governance.models import User
from governance.tabular import Column
from projects.metrics.dictionary import METRICS, TERMS, outlook
from projects.models import CostLine, ImportRun, RiskFlag, Service, System
from projects.models.choices import CostClass, Stage
from projects.selectors import Criteria, Visible, agency_tree
from projects.services import rollups
from reports import dashboards, explain, tables
from reports.explain.answer import Asked, Explanation
from reports.links import Links
from tests import factories
from tests.conftest import World, person, signed_in

pytestmark = pytest.mark.django_db

AS_OF = date(2026, 10, 15)


@pytest.fixture
def filled(world: World, now: datetime) -> World:
    """Cost, budget, use and contracts in both ministries; one system reports nothing."""
    accountant = factories.UserFactory.create(username="accountant", display_name="会計 花子")
    run = ImportRun.objects.create(
        kind="rs2024", started_at=now, files=[{"name": "2-1_RS.zip", "sha256": "ab" * 32}]
    )
    for system, cost_class, amount in (
        (world.system, CostClass.DEVELOPMENT, 2_000),
        (world.system, CostClass.OPERATION, 500),
        (world.other_system, CostClass.OPERATION, 70),
    ):
        factories.CostLineFactory.create(
            system=system, cost_item__cost_class=cost_class, amount=amount, updated_by=accountant
        )
    line = CostLine.objects.get(amount=500)
    factories.CostLineFactory.create(  # What an earlier sheet said of the same money.
        system=world.system, cost_item=line.cost_item, budget_year=line.budget_year,
        sheet_year=line.sheet_year - 1, amount=450, updated_by=accountant, import_run=run,
        note="RS 2-1",
    )  # fmt: skip
    for system, stage, amount in (
        (world.system, Stage.AVAILABLE, 5_000),
        (world.other_system, Stage.INITIAL, 90),
    ):
        factories.CostLineFactory.create(
            system=system, cost_item__cost_class=CostClass.OPERATION, stage=stage, amount=amount,
            updated_by=accountant,
        )  # fmt: skip
    service = factories.ServiceFactory.create(agency=world.home, systems=[world.system])
    factories.ServiceYearFactory.create(service=service, counted=True)
    factories.ContractFactory.create(
        agency=world.home, system=world.system, bidders=1, award_ratio=Decimal("0.98"),
        award_ratio_state="reported",
    )  # fmt: skip
    factories.ContractFactory.create(
        agency=world.home, system=world.system, bidders=None, bidders_state="missing",
        title="応札者不明の契約",
    )  # fmt: skip
    rollups.recompute_all()
    return world


def asked(user: User, metric: str, **given: object) -> Asked:
    rows = Visible(user)
    return Asked(
        METRICS[metric], rows, Criteria(), AS_OF, agency_tree(rows), Links(), **given,  # type: ignore[arg-type]
    )  # fmt: skip


def found(user: User, metric: str, **given: object) -> Explanation:
    explanation = explain.explain(asked(user, metric, **given))
    assert explanation is not None
    return explanation


def page(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200, path
    return response.content.decode()


def text(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


# The dictionary --------------------------------------------------------------------------------------


def test_every_formula_is_made_of_named_terms() -> None:
    for metric in METRICS.values():
        assert metric.terms, metric.id
        assert set(metric.terms) <= set(TERMS), metric.id


def test_every_metric_explains_itself_somewhere() -> None:
    on_its_page = {metric.id for metric in outlook.ENTRIES} | explain.FOR_CASES_ONLY
    assert {name for name in METRICS if not explain.is_explained(name)} <= on_its_page


def test_every_figure_of_a_dashboard_names_its_metric(world: World, cio: User) -> None:
    tree, links = agency_tree(Visible(cio)), Links()
    columns: list[Column[Any]] = [
        *tables.agency_columns(2024, links),
        *tables.agency_year_columns([2023, 2024], links),
        *tables.cost_columns(links),
        *tables.point_columns(tree, links, 2024),
        *tables.system_columns(2024, links),
    ]
    inputs = {"cases", "online_cases", "systems_known"}  # What went into a figure beside it.
    for column in columns:
        if column.kind in {"yen", "ratio", "integer"} and column.key not in inputs:
            assert column.metric in METRICS, column.key
            assert column.url is not None, column.key


# The same value ---------------------------------------------------------------------------------------


def test_the_value_is_the_one_of_the_page(filled: World, cio: User) -> None:
    summary = dashboards.summarise(Visible(cio), Criteria(), AS_OF, agency_tree(Visible(cio)))
    cost, total = summary.cost, summary.total
    for metric, value in {
        "development_cost": cost.development,
        "operation_cost": cost.operation,
        "executed_cost": cost.executed,
        "initial_budget": cost.initial,
        "available_budget": cost.available,
        "spent_cost": cost.spent,
        "execution_rate": cost.execution_rate.value,
        "outcome_coverage": cost.measured_share.value,
        "systems": total.systems,
        "live_systems": total.live_systems,
        "measured_systems": total.measured_systems,
        "projects": total.projects,
        "reports_late": total.reports_late,
        "reviews_overdue": total.reviews_overdue,
        "online_use": total.online_use.value,
        "single_bid_ratio": total.single_bid_ratio.value,
    }.items():
        assert found(cio, metric).measure.value == value, metric


def test_a_sum_is_the_sum_of_its_rows(filled: World, cio: User) -> None:
    for metric, term in (("operation_cost", "operation"), ("executed_cost", "executed_total")):
        explanation = found(cio, metric)
        rows = [int(str(row.figures[term])) for row in explanation.rows]
        assert sum(rows) == explanation.measure.value
        assert len(rows) == explanation.rows_total


def test_what_cannot_be_computed_has_a_reason(world: World, cio: User) -> None:
    for metric in ("operation_cost", "execution_rate", "online_use", "mean_award_rate"):
        explanation = found(cio, metric)
        assert explanation.measure.value is None
        assert explanation.measure.reason is not None


# What a person sees ----------------------------------------------------------------------------------


def test_from_the_portfolio_down_to_the_line(filled: World, cio: User) -> None:
    client = signed_in(cio)
    front = page(client, "/portfolio/")
    assert 'href="/explain/operation_cost/' in front
    whole = page(client, "/explain/operation_cost/?year=2024")
    told = text(whole)
    assert "¥570" in told
    assert "2 of 3 are known" in told  # The third system reports nothing,
    assert "外局台帳" in told  # and is named.
    assert "会計 花子" in told
    link = "/explain/operation_cost/?system=HOME-1&amp;year=2024"
    assert link in whole
    one = text(page(client, link.replace("&amp;", "&")))
    assert "¥500" in one
    assert "no: a later sheet says otherwise" in one
    assert "RS 2-1" in one
    assert "2-1_RS.zip" in one
    assert f"SHA-256 {'ab' * 32}" in one


def test_the_numbers_stand_in_the_formula(filled: World, cio: User) -> None:
    told = text(page(signed_in(cio), "/explain/execution_rate/?year=2024"))
    assert "executed ÷ budget available" in told
    assert "¥2,500 ÷ ¥5,000 = 0.5000 (50.0%)" in told
    assert "1 of 2 are known" in told


def test_an_agency_alone_and_in_japanese(filled: World, cio: User) -> None:
    client = signed_in(cio)
    assert "¥70" in text(page(client, "/explain/operation_cost/?own=other&year=2024"))
    client.cookies["django_language"] = "ja"
    told = text(page(client, "/explain/execution_rate/?year=2024"))
    assert "執行額 ÷ 予算現額" in told
    assert "数値を入れた式" in told


def test_single_bids_name_the_contracts_and_who_does_not_tell(filled: World, cio: User) -> None:
    explanation = found(cio, "single_bid_ratio")
    assert explanation.coverage == (1, 2)
    assert [one.label for one in explanation.missing] == ["応札者不明の契約"]
    award = found(cio, "mean_award_rate")
    assert award.measure.value == Decimal("0.98")


def test_use_of_a_system_and_of_a_service(filled: World, cio: User) -> None:
    use = found(cio, "digital_take_up", system=filled.system)
    assert use.measure.value == Decimal("0.5")
    assert len(use.rows) == 1
    service = Service.objects.get()
    assert found(cio, "digital_take_up", service=service).measure.value == Decimal("0.5")
    assert found(cio, "cost_per_transaction", system=filled.system).measure.value == 5


def test_a_kpi_tells_target_and_actual(filled: World, cio: User) -> None:
    kpi = factories.KpiFactory.create(code="K-1", system=filled.system, direction="up")
    factories.KpiValueFactory.create(
        kpi=kpi, fiscal_year=2025, target=80, target_state="reported", actual=60,
        actual_state="reported",
    )  # fmt: skip
    series = page(signed_in(cio), "/kpis/K-1/series/")
    assert "/explain/achievement_ratio/?kpi=K-1" in series
    assert "/explain/kpi_change/?kpi=K-1" in series
    told = text(page(signed_in(cio), "/explain/achievement_ratio/?kpi=K-1"))
    assert "0.7500" in told
    assert "higher is better" in told
    alone = text(page(signed_in(cio), "/explain/achievement_ratio/"))
    assert "the question does not arise" in alone


def test_a_project_figure_names_report_and_plan(filled: World, cio: User) -> None:
    factories.BaselineFactory.create(
        project=filled.project, agreed_on=date(2026, 1, 5), budget_at_completion=100_000
    )
    factories.MonthlyUpdateFactory.create(
        project=filled.project, approved=True, earned_value=50_000, actual_cost=45_000,
        planned_value=55_000, period=date(2026, 6, 1),
    )  # fmt: skip
    told = text(page(signed_in(cio), "/explain/cpi/?project=HOME-P1"))
    assert "¥50,000 ÷ ¥45,000 = 1.1111" in told
    assert "monthly report 2026-06" in told
    assert "baseline 1" in told
    assert "open its figures" in text(page(signed_in(cio), "/explain/spi_t/"))


def test_outlook_figures_lead_to_their_page(cio: User) -> None:
    assert 'href="/outlook/"' in page(signed_in(cio), "/explain/p80/")
    assert "manage.py evaluate" in page(signed_in(cio), "/explain/performance_percent/")


# Who sees what -----------------------------------------------------------------------------------------


def test_a_ministry_sees_its_own_rows_only(filled: World, pmo: User) -> None:
    explanation = found(pmo, "operation_cost")
    assert explanation.measure.value == 500
    assert [row.label for row in explanation.rows] == ["内務台帳"]
    client = signed_in(pmo)
    for path in ("system=OTHER-1", "project=OTHER-P1", "own=nowhere", "kpi=none", "service=none"):
        assert client.get(f"/explain/executed_cost/?{path}").status_code == 404, path
    assert "別省台帳" not in page(client, "/explain/executed_cost/?own=other")


def test_figures_of_a_project_need_the_right_to_its_reports(filled: World) -> None:
    accounting = person(Role.ACCOUNTING, filled)
    assert signed_in(accounting).get("/explain/cpi/?project=HOME-P1").status_code == 403


def test_what_is_no_metric_or_no_day(filled: World, cio: User) -> None:
    client = signed_in(cio)
    assert client.get("/explain/luck/").status_code == 404
    told = page(client, "/explain/executed_cost/?as_of=yesterday&year=never")
    assert "is not a date this page can show" in told
    assert "A filter could not be understood" in told


# Cost ----------------------------------------------------------------------------------------------------


def _queries(client: Client, path: str) -> int:
    with CaptureQueriesContext(connection) as context:
        page(client, path)
    return len(context)


def _more(world: World, number: int) -> Iterator[System]:
    for _count in range(number):
        system = factories.SystemFactory.create(agency=world.home)
        for stage in (Stage.EXECUTED, Stage.AVAILABLE):
            factories.CostLineFactory.create(
                system=system, cost_item__cost_class=CostClass.OPERATION, stage=stage, amount=10
            )
        yield system


def test_as_many_queries_for_thirty_systems_as_for_three(filled: World, cio: User) -> None:
    client = signed_in(cio)
    paths = [f"/explain/{metric}/?year=2024" for metric in explain.EXPLAINERS]
    before = {path: _queries(client, path) for path in paths}
    for system in _more(filled, 27):
        factories.ContractFactory.create(agency=filled.home, system=system)
        service = factories.ServiceFactory.create(agency=filled.home, systems=[system])
        factories.ServiceYearFactory.create(service=service, counted=True)
    rollups.recompute_all()
    assert {path: _queries(client, path) for path in paths} == before


# Flags ---------------------------------------------------------------------------------------------------


def test_a_flag_shows_figures_thresholds_and_what_was_before(filled: World, cio: User) -> None:
    given = {
        "rule_id": "execution_rate", "rule_version": 1, "agency": filled.home,
        "system": filled.system, "parameters": {"high_below_ratio": "0.5", "medium_below_ratio": "0.8"},
    }  # fmt: skip
    RiskFlag.objects.create(
        **given, severity="medium", opened_on=date(2024, 1, 1), judged_on=date(2024, 6, 1),
        severity_since=date(2024, 1, 1), closed_on=date(2024, 6, 1),
        figures={"fiscal_year": 2022, "executed": 60, "available": 100, "execution_rate": "0.6"},
    )  # fmt: skip
    flag = RiskFlag.objects.create(
        **given, severity="high", opened_on=date(2026, 1, 1), severity_since=date(2026, 2, 1),
        judged_on=date(2026, 10, 1),
        figures={"fiscal_year": 2024, "executed": 40, "available": 100, "execution_rate": "0.4"},
    )  # fmt: skip
    html = page(signed_in(cio), f"/flags/{flag.pk}/")
    told = text(html)
    assert "budget available ¥100" in told
    assert "execution rate 40.0%" in told
    assert "High below this rate 50.0%" in told
    assert "Board of Audit 2021, 765 systems" in told
    assert "The same rule before" in told
    assert "2024-06-01" in told
    assert 'href="/explain/execution_rate/?system=HOME-1&amp;year=2024"' in html
    assert "Mute it for a time" in told


def test_a_closed_flag_stays_readable_and_a_foreign_one_does_not_exist(
    filled: World, cio: User, other_pmo: User
) -> None:
    flag = RiskFlag.objects.create(
        rule_id="late_report", rule_version=1, agency=filled.home, project=filled.project,
        severity="low", opened_on=date(2026, 1, 1), severity_since=date(2026, 1, 1),
        judged_on=date(2026, 2, 1), closed_on=date(2026, 2, 1), parameters={"due_day": "10"},
        figures={"period": "2025-12", "due_on": "2026-01-10", "days_late": 3},
    )  # fmt: skip
    told = text(page(signed_in(cio), f"/flags/{flag.pk}/"))
    assert "Closed on 2026-02-01" in told
    assert "days late 3" in told
    assert "Mute it" not in told
    assert signed_in(other_pmo).get(f"/flags/{flag.pk}/").status_code == 404


# The cost page and procurement -----------------------------------------------------------------------------


def test_every_figure_of_the_cost_page_explains_itself(filled: World, cio: User) -> None:
    """The page's own links, followed: each shows the figure that it stands on."""
    client = signed_in(cio)
    html = page(client, "/costs/?year=2024&base_year=2023&end_year=2024")
    links = set(re.findall(r'href="(/explain/[^"]+)"', html))
    metrics = {link.split("/")[2] for link in links}
    assert {"run_share", "item_cost", "available_budget", "execution_rate"} <= metrics
    for link in sorted(links):
        assert "What it means" in page(client, link.replace("&amp;", "&")), link


def test_the_mix_an_item_and_a_stage(filled: World, cio: User) -> None:
    mix = found(cio, "run_share")
    assert mix.measure.value == Decimal(570) / 2570
    assert mix.coverage == (2, 2)
    line = CostLine.objects.get(amount=500)
    item = found(cio, "item_cost", params={"item": line.cost_item.code})
    assert item.measure.value == 570
    assert [row.figures["item_executed"] for row in item.rows] == [500, 70]
    assert found(cio, "item_cost").measure.value == 2_570
    assert found(cio, "requested_budget").measure.value is None


def test_three_readings_of_the_reduction(filled: World, cio: User) -> None:
    """The home system cost 800 before, the other one nothing that is known."""
    factories.CostLineFactory.create(
        system=filled.system, cost_item__cost_class=CostClass.OPERATION, budget_year=2023,
        amount=800,
    )  # fmt: skip
    rollups.recompute_all()
    params = {"base_year": "2023", "end_year": "2024"}
    gross = found(cio, "reduction_gross", params=params)
    assert gross.measure.value == Decimal(800 - 570) / 800
    assert {row.label for row in gross.rows} == {"内務台帳", "別省台帳"}
    same = found(cio, "reduction_same_systems", params=params)
    assert same.measure.value == Decimal(300) / 800
    assert [row.label for row in same.rows] == ["内務台帳"]
    assert same.coverage == (1, 3)
    assert found(cio, "reduction_base_environment", params=params).rows_total == 1


def test_a_system_beside_its_class(filled: World, cio: User) -> None:
    assert found(cio, "unit_cost", system=filled.system).measure.value == 5
    alone = found(cio, "unit_cost_multiple", system=filled.system)
    assert alone.measure.value is None  # One system is no class to compare with.
    assert found(cio, "unit_cost_median", system=filled.system).measure.value == 5
    assert found(cio, "unit_cost_median", system=filled.other_system).measure.value is None
    assert "open one to see" in text(page(signed_in(cio), "/explain/unit_cost/"))


def test_a_vendor_and_a_renewal_year(filled: World, cio: User) -> None:
    client = signed_in(cio)
    html = page(client, "/procurement/")
    links = set(re.findall(r'href="(/explain/[^"]+)"', html))
    for link in sorted(links):
        assert "What it means" in page(client, link.replace("&amp;", "&")), link
    factories.ContractFactory.create(agency=filled.other, vendor="他社", amount=50_000_000)
    share = found(cio, "vendor_share", params={"vendor": "他社"})
    assert share.measure.value == Decimal("0.2")
    assert share.about.startswith("他社")
    assert found(cio, "contracts").measure.value == 3
    assert found(cio, "contract_amount").measure.value == 250_000_000
    System.objects.filter(pk=filled.system.pk).update(
        next_renewal_year=2028, next_renewal_cost=7_000
    )
    renewed = found(cio, "renewal_cost", params={"renewal": "2028"})
    assert (renewed.measure.value, renewed.rows_total) == (Decimal(7_000), 1)
    unsaid = found(cio, "renewal_systems", params={"renewal": "none"})
    assert unsaid.measure.value == 2
    assert found(cio, "renewal_systems").measure.value == 1


# The value page -------------------------------------------------------------------------------------------


def test_every_figure_of_the_value_page_explains_itself(filled: World, cio: User) -> None:
    kpi = factories.KpiFactory.create(code="K-1", system=filled.system, direction="up")
    for year, actual in ((2024, 60), (2025, 90)):
        factories.KpiValueFactory.create(
            kpi=kpi, fiscal_year=year, target=80, target_state="reported", actual=actual,
            actual_state="reported",
        )  # fmt: skip
    factories.BaselineFactory.create(
        project=filled.project, agreed_on=date(2024, 1, 5), budget_at_completion=100_000,
        planned_start_on=date(2024, 4, 1), planned_end_on=date(2025, 3, 31),
    )  # fmt: skip
    factories.BenefitFactory.create(
        project=filled.project, fiscal_year=2025, planned=150_000, planned_state="reported"
    )
    client = signed_in(cio)
    html = page(client, "/value/")
    links = set(re.findall(r'href="(/explain/[^"]+)"', html))
    metrics = {link.split("/")[2] for link in links}
    assert {
        "kpis_met_share", "kpi_change", "benefit_planned", "npv", "pv_costs", "digital_take_up",
        "cost_per_transaction", "outcome_coverage",
    } <= metrics  # fmt: skip
    for link in sorted(links):
        assert "What it means" in page(client, link.replace("&amp;", "&")), link
    assert found(cio, "kpis_met_share").measure.value == 1
    assert found(cio, "kpi_coverage").coverage == (1, 1)
    assert found(cio, "kpi_change", kpi=kpi).measure.value == Decimal("0.5")
    planned = found(cio, "benefit_planned", params={"benefit_year": "2025"})
    assert planned.measure.value == 150_000
    assert found(cio, "benefit_planned", params={"kind": "nothing"}).measure.value == 150_000
    worth = found(cio, "npv", params={"rate": "0"})
    assert worth.measure.value == 50_000
    assert found(cio, "bcr", params={"rate": "0"}).measure.value == Decimal("1.5")
    assert found(cio, "pv_costs", project=filled.project).measure.value == 100_000
    assert found(cio, "npv", project=filled.project).rows_total == 2


def test_services_tell_time_completion_and_satisfaction(filled: World, cio: User) -> None:
    service = Service.objects.get()
    year = service.years.get()
    year.started_cases, year.started_cases_state = 200, "reported"
    year.minutes_per_case, year.minutes_per_case_state = Decimal(30), "reported"
    year.satisfaction_ratio, year.satisfaction_ratio_state = Decimal("0.8"), "reported"
    year.satisfaction_answers, year.satisfaction_answers_state = 500, "reported"
    year.save()
    assert found(cio, "completion_rate").measure.value == Decimal("0.5")
    assert found(cio, "satisfaction").measure.value == Decimal("0.8")
    assert found(cio, "user_hours").measure.value == 50
    burden = found(cio, "administrative_burden", params={"yen_per_hour": "1000"})
    assert burden.measure.value == 50_000
    assert found(cio, "hours_saved").measure.value is None
    assert found(cio, "digital_take_up").measure.value == Decimal("0.5")
    assert found(cio, "cost_per_transaction").measure.value == 5
    alone = found(cio, "satisfaction", service=service)
    assert (alone.about, alone.rows_total) == (str(service), 1)


def test_figures_about_goals_need_the_right_to_goals(filled: World) -> None:
    accounting = signed_in(person(Role.ACCOUNTING, filled))
    assert accounting.get("/explain/kpis_met_share/").status_code == 403
    assert accounting.get("/explain/npv/").status_code == 403
    assert accounting.get("/explain/digital_take_up/").status_code == 200


def test_nothing_is_compared_across_a_new_method(filled: World, cio: User) -> None:
    """METRICS.md §4: Companies House, £5.20 to £2.63 by a new method."""
    kpi = factories.KpiFactory.create(code="CH", system=filled.system, direction="down")
    for year, version, actual in ((2024, 1, "5.20"), (2025, 2, "2.63")):
        factories.KpiValueFactory.create(
            kpi=kpi, fiscal_year=year, method_version=version, actual=Decimal(actual),
            actual_state="reported",
        )  # fmt: skip
    broken = found(cio, "kpi_change", kpi=kpi)
    assert broken.measure.value is None
    assert "nothing is compared across a new method" in broken.notes[0]
    factories.KpiValueFactory.create(
        kpi=kpi, fiscal_year=2025, method_version=1, actual=Decimal("4.80"),
        actual_state="reported",
    )  # fmt: skip
    fall = found(cio, "kpi_change", kpi=kpi).measure.value
    assert fall is not None
    assert round(fall, 3) == Decimal("-0.077")
