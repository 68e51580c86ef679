"""The value page and its files: what a person sees, may see, and takes away."""

import re
from datetime import date
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest
from django.db import connection
from django.http import HttpResponseBase
from django.test.utils import CaptureQueriesContext
from python_calamine import load_workbook

from governance.access import Role
from governance.models import User
from governance.tabular import Column
from projects.metrics.dictionary import METRICS
from projects.models.choices import KpiKind, ValueState
from projects.services import rollups
from reports import value_service_tables, value_tables
from reports.links import Links
from reports.value_files import ABOUT_GOALS, VALUE_FILES
from tests import factories
from tests.conftest import World, person, signed_in
from tests.reports.test_portfolio_page import content, csv_rows, page, table_rows

pytestmark = pytest.mark.django_db

AT = "as_of=2026-11-24"


def _figure(name: str, number: Any) -> dict[str, Any]:
    state = ValueState.MISSING if number is None else ValueState.REPORTED
    return {name: number, f"{name}_state": state}


@pytest.fixture
def valued(world: World) -> World:
    """Two systems that can be placed (10 % and 90 % online), goals, a plan with benefits, a service."""
    for system, amount, online in ((world.system, 100_000, 10), (world.other_system, 300_000, 90)):
        factories.CostLineFactory.create(
            system=system, budget_year=2025, sheet_year=2026, amount=amount
        )
        service = factories.ServiceFactory.create(
            agency=system.agency, systems=[system], name=f"{system.name}の申請"
        )
        for year, minutes in ((2024, 40), (2025, 30)):
            factories.ServiceYearFactory.create(
                service=service, fiscal_year=year,
                **_figure("cases", 100), **_figure("online_cases", online),
                **_figure("started_cases", 125), **_figure("minutes_per_case", Decimal(minutes)),
                **_figure("satisfaction_ratio", Decimal("0.8")),
                **_figure("satisfaction_answers", 399 if system == world.system else 400),
            )  # fmt: skip
        kpi = factories.KpiFactory.create(
            system=system, code=f"{system.system_id}-K", title=f"{system.name}の成果",
            direction="up",
        )  # fmt: skip
        for year, actual, method in ((2024, "5.20", 1), (2025, "2.63", 2)):
            factories.KpiValueFactory.create(
                kpi=kpi, fiscal_year=year, method_version=method,
                **_figure("target", Decimal(2)), **_figure("actual", Decimal(actual)),
            )  # fmt: skip
    factories.BaselineFactory.create(
        project=world.project, planned_start_on=date(2025, 4, 1),
        planned_end_on=date(2026, 3, 31), budget_at_completion=1_000_000_000,
    )  # fmt: skip
    for year in (2026, 2027):
        factories.BenefitFactory.create(
            project=world.project, fiscal_year=year, **_figure("planned", 600_000_000)
        )
    rollups.recompute_all()
    return world


def text_of(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_the_page_says_its_thresholds_and_lists(valued: World, cio: User) -> None:
    html = page(cio, f"/value/?{AT}")
    text = text_of(html)
    assert (
        "High cost: above ¥200,000, the median operation cost of FY2025 over the 2 systems" in text
    )
    assert "High value: 50.0% of cases or more are done online" in text
    lists = {row[0]: row[1:] for row in table_rows(html, "lists")}
    assert lists["High value, high cost"][0] == "1"
    assert lists["Low value, low cost"][0] == "1"
    assert lists["High value, low cost"][0] == "0"
    assert lists["Cannot be placed"][0] == "1"
    assert "neither operation cost nor online use: 1" in lists["Cannot be placed"][3]
    (cheap,) = table_rows(html, "low_value_low_cost")
    assert cheap[:3] == ["内務台帳", "HOME-1", "Home Ministry"]
    (unplaced,) = table_rows(html, "unplaced")
    assert unplaced[1] == "SUB-1"
    assert 'data-figure="value-axes-figure"' in html


def test_goals_benefits_and_worth_are_told_with_their_base(valued: World, cio: User) -> None:
    html = page(cio, f"/value/?{AT}&rate=10")
    text = text_of(html)
    assert table_rows(html, "goals") == [
        ["higher is better", "outcome", "2", "2", "2", "0", "100.0%", "100.0%"]
    ]
    assert "Discounted at 10% a year to FY2025, over 3 years to FY2027" in text
    assert "1 of 2 projects" in text
    (whole,) = table_rows(html, "worth")
    # PV: 1.00 against 0.6 ÷ 1.1 + 0.6 ÷ 1.21 = 1.0413 bn; back after 1 and two thirds years.
    assert whole[:6] == ["1/2", "1.00", "1.04", "0.04", "1.041", "4.1%"]
    assert whole[8:10] == ["1.67", "1.92"]
    (project,) = table_rows(html, "projects")
    assert (project[:2], project[-2]) == (["内務更改", "Home Ministry"], "HOME-P1")
    assert [row[0] for row in table_rows(html, "benefits-year")] == ["FY2026", "FY2027"]


def test_every_anchor_stands_once_and_every_tile_leads_to_one(valued: World, cio: User) -> None:
    html = page(cio, f"/value/?{AT}")
    ids = re.findall(r' id="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    leads = re.findall(r'href="#([^"]+)"', html)
    assert len(leads) > 10
    assert set(leads) <= set(ids)


def test_a_broken_series_has_no_change(valued: World, cio: User) -> None:
    html = page(cio, f"/value/?{AT}")
    assert "of 2 the method changed in between" in text_of(html)
    first, _second = table_rows(html, "breaks")
    assert first[2] == "– not applicable (series broken in FY2025)"
    assert first[3] == "series broken in FY2025"
    assert "-49" not in text_of(html)


def test_several_rates_of_return_are_told_in_words(valued: World, cio: User) -> None:
    factories.BaselineFactory.create(
        project=valued.other_project, planned_start_on=date(2025, 4, 1),
        planned_end_on=date(2027, 3, 31), budget_at_completion=2,
    )  # fmt: skip
    factories.BenefitFactory.create(
        project=valued.other_project, fiscal_year=2025, **_figure("planned", 4)
    )
    html = page(cio, f"/value/?{AT}")
    rows = {row[-2]: row for row in table_rows(html, "projects")}
    assert "no rate makes it zero" not in rows["HOME-P1"]
    # +3 and then −1: the rate is below zero, and nothing was ever laid out before it came back.
    assert rows["OTHER-P1"][7] == "-66.7%"
    assert rows["OTHER-P1"][8] == "benefits come before costs: a higher rate is worse"
    assert rows["OTHER-P1"][9].startswith("–")


def test_time_and_services_by_hand(valued: World, cio: User) -> None:
    html = page(cio, f"/value/?{AT}&yen_per_hour=3,000")
    time = {row[0]: row[1:] for row in table_rows(html, "time")}
    # 100 cases of 30 minutes, 40 in the base year.
    assert time["Home Ministry"] == ["1", "1/1", "50", "&lt;1", "1/1", "16.7", "&lt;1"]
    assert "at ¥3,000 an hour" in text_of(html)
    services = {row[0]: row[1:] for row in table_rows(html, "service-agencies")}
    assert services["Home Ministry"] == [
        "1", "100", "1,000", "10.0%", "80.0%", "80.0%", "399", "1",
        "1/1", "1/1", "1/1", "1/1", "1/1",
    ]  # fmt: skip
    listed = {row[0]: row for row in table_rows(html, "services")}
    assert listed["内務台帳の申請"][9] == "small sample"
    assert listed["別省台帳の申請"][9] == "400 answers or more"
    costs = {row[1]: row[-1] for row in table_rows(html, "unit-costs")}
    assert costs == {"HOME-1": "1,000", "OTHER-1": "3,000"}


def test_answers_that_nobody_counted_are_unknown_and_not_none(valued: World, cio: User) -> None:
    service = factories.ServiceFactory.create(agency=valued.sub)
    factories.ServiceYearFactory.create(service=service, fiscal_year=2025, **_figure("cases", 5))
    rows = {r[0]: r[1:] for r in table_rows(page(cio, f"/value/?{AT}"), "service-agencies")}
    assert rows["Home Sub-agency"][:2] == ["1", "5"]
    assert rows["Home Sub-agency"][2:8] == ["– not reported"] * 6


def test_a_ministry_reads_its_own_value(valued: World, pmo: User) -> None:
    html = page(pmo, f"/value/?{AT}")
    assert "The figures cover Home Ministry only." in html
    assert "別省" not in html
    # The filter form names every agency; no figure and no row is about the other one.
    assert "Other Ministry" not in html[html.index('id="headline"') :]


def test_who_reads_no_goals_sees_the_rest(valued: World) -> None:
    accounting = person(Role.ACCOUNTING, valued)
    html = page(accounting, f"/value/?{AT}")
    assert "Your role does not read KPIs and benefits" in html
    assert 'id="service-figures"' in html
    assert 'id="kpis"' not in html
    assert "内務台帳の成果" not in html
    browser = signed_in(accounting)
    for table in ABOUT_GOALS:
        assert browser.get(f"/value/export.csv?table={table}").status_code == 403
    assert browser.get("/value/export.csv?table=systems").status_code == 200


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("rate=abc", "is not a number"),
        ("rate=-1", "The rate lies from 0 to 100 %."),
        ("rate=101", "The rate lies from 0 to 100 %."),
        ("yen_per_hour=-1", "The price of an hour lies from 1 to 100,000 yen."),
        ("yen_per_hour=0", "The price of an hour lies from 1 to 100,000 yen."),
        ("yen_per_hour=2.5", "does not come to whole yen"),
    ],
)
def test_a_term_that_cannot_be_read_is_told_and_the_usual_one_taken(
    valued: World, cio: User, asked: str, said: str
) -> None:
    html = page(cio, f"/value/?{AT}&{asked}")
    assert said in html
    assert "the page is reckoned at 4% a year and ¥2,543 an hour" in html
    name, _sign, given = asked.partition("=")
    assert re.search(rf'name="{name}" value="{re.escape(given)}"', html)
    refused = signed_in(cio).get(f"/value/export.csv?table=projects&{asked}")
    assert refused.status_code == 400
    assert said in refused.content.decode()


def test_forms_keep_what_the_other_asked(valued: World, cio: User) -> None:
    html = page(cio, f"/value/?{AT}&rate=7&agency=home")
    filters, terms = (
        html[match.start() : html.index("</form>", match.start())]
        for match in re.finditer(r'<form[^>]*class="filter-form"', html)
    )
    assert '<input type="hidden" name="rate" value="7">' in filters
    assert '<input type="hidden" name="agency" value="home">' in terms
    assert 'href="/value/export.csv?as_of=2026-11-24&amp;rate=7&amp;agency=home&amp;table=' in html


@pytest.mark.parametrize("table", VALUE_FILES)
@pytest.mark.parametrize("fmt", ["csv", "xlsx"])
def test_every_table_is_a_file(valued: World, cio: User, table: str, fmt: str) -> None:
    response = signed_in(cio).get(f"/value/export.{fmt}?{AT}&table={table}&rate=7")
    assert response.status_code == 200
    if fmt == "xlsx":
        assert load_workbook(BytesIO(content(response))).sheet_names
        return
    head = content(response).decode("utf-8-sig")
    assert ("Discount rate a year: 7%" in head) is (table in {"worth", "projects"})
    assert ("Price of an hour yen: 2543" in head) is (table in {"time", "services"})


def _exported(user: User, table: str) -> list[dict[str, str]]:
    response: HttpResponseBase = signed_in(user).get(f"/value/export.csv?{AT}&table={table}")
    return csv_rows(response)


def test_files_hold_every_system_and_exact_yen(valued: World, cio: User) -> None:
    rows = {row["System ID"]: row for row in _exported(cio, "systems")}
    assert set(rows) == {"HOME-1", "SUB-1", "OTHER-1"}
    assert rows["SUB-1"]["List"] == "Cannot be placed"
    assert rows["SUB-1"]["Why not placed"] == "neither operation cost nor online use"
    assert rows["HOME-1"]["Operation (yen)"] == "100000"
    assert [row["System ID"] for row in _exported(cio, "unplaced")] == ["SUB-1"]
    assert _exported(cio, "breaks")[0]["Change (ratio, 0-1)"] == ""


def test_no_such_table_is_not_found(valued: World, cio: User) -> None:
    browser = signed_in(cio)
    assert browser.get("/value/export.csv?table=nothing").status_code == 404
    assert browser.get("/value/export.pdf?table=systems").status_code == 404


def test_an_empty_register_says_what_is_not_there(db: None) -> None:
    user = factories.UserFactory.create()
    factories.MembershipFactory.create(user=user, role=Role.CIO_OFFICE)
    text = text_of(page(user, f"/value/?{AT}"))
    assert "Nothing can be placed yet" in text
    assert "No KPI has a target in a finished year." in text
    assert "of 0 none counts" in text
    assert "No series is broken." in text


def test_the_page_costs_the_same_for_3_and_for_30(valued: World, cio: User) -> None:
    browser = signed_in(cio)

    def statements() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert browser.get(f"/value/?{AT}").status_code == 200
        return len(captured)

    few = statements()
    for _number in range(30):
        agency = factories.AgencyFactory.create()
        system = factories.SystemFactory.create(agency=agency)
        project = factories.ProjectFactory.create(agency=agency, systems=[system])
        factories.BaselineFactory.create(project=project)
        factories.BenefitFactory.create(project=project, **_figure("planned", 5))
        service = factories.ServiceFactory.create(agency=agency, systems=[system])
        factories.ServiceYearFactory.create(service=service, counted=True)
        kpi = factories.KpiFactory.create(system=system, kind=KpiKind.OUTCOME)
        factories.KpiValueFactory.create(kpi=kpi, **_figure("target", 5), **_figure("actual", 6))
    rollups.recompute_all()
    assert statements() == few


def test_every_named_metric_is_in_the_dictionary() -> None:
    links = Links()
    columns: list[Column[Any]] = [
        *value_tables.list_columns(), *value_tables.goal_columns(), *value_tables.whole_columns(),
        *value_tables.coverage_columns(2025, links), *value_tables.gain_columns(by_year=True),
        *value_service_tables.time_columns(1, links), *value_service_tables.service_columns(links),
    ]  # fmt: skip
    named = {column.metric for column in columns if column.metric}
    assert named <= set(METRICS)
    assert {
        "kpis_met_share", "npv", "bcr", "irr", "discounted_payback", "outcome_coverage",
        "benefit_forecast", "user_hours", "administrative_burden", "hours_saved",
        "cost_per_transaction", "digital_take_up", "completion_rate", "satisfaction",
    } <= named  # fmt: skip
