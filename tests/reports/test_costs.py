"""The cost page: what a person sees, may see, and takes away."""

import random
import re
from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.db.models import Sum
from django.test.utils import CaptureQueriesContext

from governance.access import Role
from governance.models import User
from projects.metrics.dictionary import METRICS
from projects.models import CostLine, System, YearRollup
from projects.models.choices import CostClass, Stage, ValueState
from projects.selectors import Criteria, Selection, WholeRegister, agency_tree
from projects.services import rollups
from projects.services.rollups import CLASSES
from reports import costs
from tests import factories
from tests.conftest import World, person, signed_in
from tests.projects.services.test_rollups_against_metrics import register_of
from tests.reports.test_portfolio_page import csv_rows, page, table_rows

pytestmark = pytest.mark.django_db
AS_OF = date(2026, 11, 24)
COSTS = "/costs/?as_of=2026-11-24"
OKU = 100_000_000


def line(system: System, year: int, amount: int | None, **values: Any) -> CostLine:
    state = ValueState.MISSING if amount is None else ValueState.REPORTED
    item = {"cost_item__cost_class": values.pop("cost_class", CostClass.OPERATION)}
    if "item" in values:
        item["cost_item__code"] = values.pop("item")
    found: CostLine = factories.CostLineFactory.create(
        system=system, budget_year=year, amount=amount, amount_state=state, **item, **values
    )
    return found


def selection(**criteria: Any) -> Selection:
    return Selection(WholeRegister(), Criteria(**criteria), AS_OF)


@pytest.fixture
def spent(world: World) -> World:
    """FY2021 to FY2024, in 億円: the home system fell from 100 to 90, that of the sub-agency ended
    at 60, a new one came with 50; the other ministry stayed at 40."""
    line(world.system, 2021, 100 * OKU)
    line(world.system, 2024, 90 * OKU)
    line(world.system, 2024, 30 * OKU, cost_class=CostClass.DEVELOPMENT)
    line(world.sub_system, 2021, 60 * OKU)
    System.objects.filter(pk=world.sub_system.pk).update(retired_on=date(2023, 3, 31))
    new = factories.SystemFactory.create(
        system_id="HOME-NEW", agency=world.home, go_live_on=date(2023, 4, 1)
    )
    line(new, 2024, 50 * OKU)
    line(world.other_system, 2021, 40 * OKU)
    line(world.other_system, 2024, 40 * OKU)
    rollups.recompute_all()
    return world


def tiles(html: str) -> list[str]:
    """The texts of the tiles."""
    found = re.findall(r'<li class="tile[^>]*>(.*?)</li>', html, re.DOTALL)
    return [" ".join(re.sub(r"<[^>]+>", " ", text).split()) for text in found]


# Class, item, stage and year ------------------------------------------------------------------------


def test_years_show_class_mix_and_how_many_tell_it(spent: World, cio: User) -> None:
    line(spent.other_system, 2023, 5 * OKU, cost_class=CostClass.UNCLASSIFIED)
    rollups.recompute_all()
    rows = table_rows(page(cio, COSTS), "years")
    # Development, operation, other, not split, spent, run share, change share, split known.
    assert rows[0] == ["FY2021", "– not reported", "20.00", *["– not reported"] * 2, "20.00",
                       "100.0%", "– not reported", "3/3"]  # fmt: skip
    assert rows[1][4:] == ["0.50", "0.50", *["– not reported"] * 2, "0/1"]
    assert rows[2][1:3] == ["3.00", "18.00"]
    assert rows[2][6:] == ["85.7%", "14.3%", "3/3"]


def test_items_follow_the_latest_sheet_and_leave_the_ledger_out(world: World, cio: User) -> None:
    lease, desk = "hardware-lease", "help-desk"
    line(world.system, 2024, 7 * OKU, item=lease, sheet_year=2024)
    line(world.system, 2024, 4 * OKU, item=lease, sheet_year=2025)
    line(world.system, 2024, None, item=lease, sheet_year=2026)
    line(world.system, 2024, 2 * OKU, item=desk, account="特別会計", sheet_year=2024)
    line(world.system, 2024, 1 * OKU, item=desk, account="一般会計", sheet_year=2025)
    # The ledger of the same system repeats the yen; that of the other one has no split.
    line(world.system, 2024, 9 * OKU, cost_class=CostClass.UNCLASSIFIED)
    line(world.other_system, 2024, 5 * OKU, cost_class=CostClass.UNCLASSIFIED)
    # A budget is no execution.
    line(world.system, 2024, 99 * OKU, item=lease, stage=Stage.INITIAL)
    rollups.recompute_all()
    html = page(cio, COSTS)
    assert [(row[0][:4], *row[1:]) for row in table_rows(html, "items")] == [
        ("経費 o", "operation (運用等経費)", "0.40"),
        ("経費 o", "operation (運用等経費)", "0.30"),
        ("Not ", "ledger total, not split", "0.50"),
    ]
    assert "item=hardware-lease" in html
    foot = html[html.index("<tfoot>", html.index('id="items"')) :]
    assert "1.20" in foot[: foot.index("</tfoot>")]


@pytest.mark.parametrize("seed", range(4))
def test_items_add_up_to_the_classes_of_the_rollups(seed: int) -> None:
    register_of(random.Random(seed))
    rollups.recompute_all()
    found = costs.costs(selection(), agency_tree(WholeRegister()))
    listed = costs.items(selection(), found.years())
    assert listed
    for year, sums in found.years():
        for cost_class in CLASSES:
            whole = YearRollup.objects.filter(fiscal_year=year).aggregate(x=Sum(cost_class))["x"]
            amounts = [
                item.years[year]
                for item in listed
                if item.cost_class == cost_class and year in item.years
            ]
            assert (sum(amounts) if amounts else None) == whole
        every = [item.years[year] for item in listed if year in item.years]
        assert (sum(every) if every else None) == sums.spent


def test_a_stage_that_nobody_reports_is_no_zero(world: World, cio: User) -> None:
    for stage, amount in ((Stage.REQUESTED, 0), (Stage.INITIAL, 8), (Stage.TRANSFERS, -1)):
        line(world.system, 2024, amount * OKU, stage=stage)
    line(world.other_system, 2024, 1 * OKU, stage=Stage.INITIAL)
    rollups.recompute_all()
    html = page(cio, COSTS)
    (amounts,) = table_rows(html, "stages")
    assert amounts[:4] == ["FY2024", "0", "0.90", "– not reported"]
    assert amounts[6] == "-0.10"
    (holders,) = table_rows(html, "stage-holders")
    assert holders[:5] == ["FY2024", "2", "1", "2", "0"]


def test_the_budget_of_fy2018_as_the_board_of_audit_published_it(world: World, cio: User) -> None:
    """765 systems, in thousand yen: initial 595,551,227 + supplementary 17,034,766 + carried in
    5,744,565 + transfers 1,013,126 make 619,343,684; the available budget is published as
    619,343,686. What was filed is shown to the yen and never made up from its parts."""
    published = {
        Stage.INITIAL: 595_551_227,
        Stage.SUPPLEMENTARY: 17_034_766,
        Stage.CARRIED_IN: 5_744_565,
        Stage.TRANSFERS: 1_013_126,
        Stage.AVAILABLE: 619_343_686,
    }
    for stage, thousands in published.items():
        line(world.system, 2018, thousands * 1000, stage=stage, cost_class=CostClass.UNCLASSIFIED)
    rollups.recompute_all()
    (row,) = csv_rows(signed_in(cio).get("/costs/export.csv?table=stages"))
    figures = [int(text) for text in list(row.values())[1:] if text]
    assert figures == [amount * 1000 for amount in published.values()]
    *parts, available = figures
    assert available - sum(parts) == 2000
    assert "619.34" in page(cio, COSTS)


# Rates and mix --------------------------------------------------------------------------------------


def test_rates_count_only_who_reports_both_and_say_how_many(world: World, cio: User) -> None:
    for stage, amount in (
        (Stage.AVAILABLE, 100),
        (Stage.EXECUTED, 60),
        (Stage.CARRIED_OUT, 30),
        (Stage.UNUSED, 10),
    ):
        line(world.system, 2024, amount * OKU, stage=stage)
    half = factories.SystemFactory.create(agency=world.home)
    line(half, 2024, 900 * OKU, stage=Stage.AVAILABLE)
    line(world.other_system, 2024, 5 * OKU)
    line(world.sub_system, 2024, 0, stage=Stage.AVAILABLE)
    line(world.sub_system, 2024, 1, stage=Stage.EXECUTED)
    rollups.recompute_all()
    html = page(cio, COSTS)
    home, sub, other = table_rows(html, "rates")
    assert home == ["Home Ministry", "100.00", "6.00", "60.0%", "1/2", "30.0%", "1/2", "10.0%",
                    "1/2"]  # fmt: skip
    assert sub[3:7] == ["– cannot be computed", "1/1", "– not reported", "0/1"]
    assert other[3:5] == ["– not reported", "0/1"]
    foot = html[html.index("<tfoot>", html.index('id="rates"')) :]
    assert "60.0%" in foot[: foot.index("</tfoot>")]
    assert "2/4" in foot[: foot.index("</tfoot>")]


def test_the_mix_of_an_agency_and_of_the_year_asked_for(spent: World, cio: User) -> None:
    rows = table_rows(page(cio, COSTS), "mix")
    assert [(row[0], *row[6:]) for row in rows] == [
        ("Home Ministry", "82.4%", "17.6%", "2/2"),
        ("Other Ministry", "100.0%", "– not reported", "1/1"),
    ]
    years = table_rows(page(cio, COSTS), "mix-years")
    assert years == [
        ["FY2021", "100.0%", "– not reported", "3/3"],
        ["FY2024", "85.7%", "14.3%", "3/3"],
    ]
    before = table_rows(page(cio, COSTS + "&year=2021"), "mix")
    assert [row[0] for row in before] == ["Home Ministry", "Home Sub-agency", "Other Ministry"]


# Reduction ------------------------------------------------------------------------------------------


def test_three_readings_side_by_side(spent: World, cio: User) -> None:
    html = page(cio, COSTS)
    assert tiles(html) == [
        "Gross 10.0% ¥20.00 bn → ¥18.00 bn; systems in it: 4, left out: 0",
        "Same systems 7.1% ¥14.00 bn → ¥13.00 bn; systems in it: 2, left out: 2 0 of them rose",
        "Base-year environment 35.0% ¥20.00 bn → ¥13.00 bn; systems in it: 3, left out: 1",
    ]
    rows = {row[0]: row[1:4] for row in table_rows(html, "reduction")}
    assert rows == {
        "Home Ministry": ["-40.0%", "10.0%", "10.0%"],
        "Home Sub-agency": ["– not reported", "– not reported", "100.0%"],
        "Other Ministry": ["0%", "0%", "0%"],
    }
    assert "law changes, tax and new security duties" in html
    assert "does not tell its cost at the end" not in html


def test_a_running_system_that_falls_silent_is_no_saving(spent: World, cio: User) -> None:
    CostLine.objects.filter(system=spent.other_system, budget_year=2024).delete()
    rollups.recompute_all()
    html = page(cio, COSTS)
    assert (
        "Base-year environment 43.8% ¥16.00 bn → ¥9.00 bn; systems in it: 2, left out: 2"
        in tiles(html)
    )
    assert "1 system that cost something in the base year has not ended" in html


def test_a_successor_belongs_to_the_base_year_and_a_new_system_does_not(
    spent: World, cio: User
) -> None:
    factories.SystemLineageFactory.create(
        predecessor=spent.sub_system,
        successor=System.objects.get(system_id="HOME-NEW"),
        happened_on=date(2023, 4, 1),
    )
    told = tiles(page(cio, COSTS))[2]
    assert "10.0% ¥20.00 bn → ¥18.00 bn; systems in it: 4, left out: 0" in told
    # Not known as its successor yet in the year compared.
    line(spent.system, 2022, 100 * OKU)
    rollups.recompute_all()
    assert "systems in it: 3" not in tiles(page(cio, COSTS + "&end_year=2022"))[2]


def test_the_target_stands_beside_and_gives_the_base_year(spent: World, cio: User) -> None:
    line(spent.system, 2022, 80 * OKU)
    line(spent.other_system, 2022, 40 * OKU)
    rollups.recompute_all()
    factories.TargetFactory.create(
        code="cut", title_en="Operation cost down", metric_id="operation_reduction",
        unit="%", base_year=2022, target_year=2025, target_value=30,
    )  # fmt: skip
    factories.TargetFactory.create(
        code="old", metric_id="operation_reduction",
        unit="%", base_year=2013, target_year=2021, target_value=30,
    )  # fmt: skip
    html = page(cio, COSTS)
    old, target = tiles(html)[-2:]
    assert "another base year than the one shown" in old
    assert target == "Target 30.0% Operation cost down; FY2022 to FY2025"
    assert "as a rule (FY2022)" in html
    assert "Reduction of operation cost by agency, FY2022 to FY2024" in html
    assert "1 of them rose, 0 fell by 30%" in tiles(html)[1]


def test_two_stray_figures_are_no_base(spent: World, cio: User) -> None:
    line(spent.system, 2019, 1)
    rollups.recompute_all()
    factories.TargetFactory.create(
        metric_id="operation_reduction", unit="%", base_year=2019, target_year=2025,
        target_value=30,
    )  # fmt: skip
    html = page(cio, COSTS)
    assert "by agency, FY2021 to FY2024" in html
    assert "by agency, FY2019 to FY2024" in page(cio, COSTS + "&base_year=2019")
    # Where no year tells more, the first one is better than none.
    CostLine.objects.filter(budget_year=2021).delete()
    rollups.recompute_all()
    assert "by agency, FY2019 to FY2024" in page(cio, COSTS)


def test_the_reader_chooses_the_years(spent: World, cio: User) -> None:
    line(spent.system, 2023, 70 * OKU)
    rollups.recompute_all()
    html = page(cio, COSTS + "&base_year=2023&end_year=2024")
    assert "Reduction of operation cost by agency, FY2023 to FY2024" in html
    assert "Same systems -28.6%" in tiles(html)[1]
    # The other forms take the choice along.
    assert html.count('name="base_year" value="2023"') == 2


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ("base_year=2024&end_year=2021", "(FY2024) must lie before the year compared (FY2021)"),
        ("base_year=2024", "(FY2024) must lie before the year compared (FY2024)"),
        ("base_year=abc", "abc is not one of the available choices"),
        ("end_year=1066", "1066 is not one of the available choices"),
    ],
)
def test_years_that_cannot_be_compared_are_told_and_the_usual_ones_taken(
    asked: str, message: str, spent: World, cio: User
) -> None:
    html = page(cio, f"{COSTS}&{asked}")
    assert message in html
    assert "The usual years are compared." in html
    assert "Reduction of operation cost by agency, FY2021 to FY2024" in html
    response = signed_in(cio).get(f"/costs/export.csv?table=reduction&{asked}")
    assert response.status_code == 400
    assert message in response.content.decode()


def test_nothing_to_compare_is_said(world: World, cio: User) -> None:
    html = page(cio, COSTS)
    assert "nothing can be compared" in html
    response = signed_in(cio).get("/costs/export.csv?table=reduction")
    assert csv_rows(response) == []


# Unit cost ------------------------------------------------------------------------------------------


def _used(system: System, cases: int, cost: int | None, year: int = 2024) -> None:
    service = factories.ServiceFactory.create(agency=system.agency, systems=[system])
    factories.ServiceYearFactory.create(
        service=service, fiscal_year=year, cases=cases, cases_state="reported",
        online_cases=0, online_cases_state="reported",
    )  # fmt: skip
    if cost is not None:
        line(system, year, cost)


def test_a_case_is_compared_with_its_class(world: World, cio: User) -> None:
    _used(world.system, 10, 300)
    _used(world.other_system, 10, None)
    for number, cost in enumerate((10, 20, 40, 50)):
        _used(factories.SystemFactory.create(system_id=f"P-{number}"), 10, cost)
    rollups.recompute_all()
    rows = table_rows(page(cio, COSTS), "unit-costs")
    # Times the median, cost a case, median of the class, peers.
    assert [row[1:5] for row in rows] == [
        ["7.5", "30", "4", "5"],
        ["1.25", "5", "4", "5"],
        ["1", "4", "4", "5"],
        ["0.5", "2", "4", "5"],
        ["0.25", "1", "4", "5"],
        ["– not reported", "– not reported", "4", "5"],
    ]
    assert rows[0][5] == "HOME-1"


def test_few_peers_are_no_comparison_and_the_reason_is_told(world: World, cio: User) -> None:
    _used(world.system, 10, 300)
    rollups.recompute_all()
    (row,) = table_rows(page(cio, COSTS), "unit-costs")
    assert row[1] == "– not applicable (1 of at least 5 peers)"
    assert row[2] == "30"


def test_the_page_holds_the_dearest_and_the_file_all(world: World, cio: User) -> None:
    for number in range(52):
        _used(factories.SystemFactory.create(agency=world.home), 10, 10 + number)
    rollups.recompute_all()
    html = page(cio, COSTS)
    assert "(the first 50 of 52)" in html
    assert len(table_rows(html, "unit-costs")) == 50
    assert len(csv_rows(signed_in(cio).get("/costs/export.csv?table=unit-costs"))) == 52


# Who sees what, and what is taken away ----------------------------------------------------------------


def test_a_pmo_sees_its_own_ministry_only(spent: World, pmo: User) -> None:
    _used(spent.other_system, 10, None)
    rollups.recompute_all()
    html = page(pmo, COSTS)
    for table in ("rates", "mix", "reduction"):
        assert "Other Ministry" not in [row[0] for row in table_rows(html, table)]
    assert "別省台帳" not in html
    assert "The figures cover Home Ministry only." in html
    assert "Gross 12.5% ¥16.00 bn → ¥14.00 bn; systems in it: 3, left out: 0" in tiles(html)
    assert [row[2] for row in table_rows(html, "items")] == ["– not reported", "16.00"]


def test_a_project_office_sees_the_systems_of_its_project(spent: World) -> None:
    told = tiles(page(person(Role.PJMO, spent), COSTS))
    assert "Gross 10.0% ¥10.00 bn → ¥9.00 bn; systems in it: 1, left out: 0" in told


def test_filters_narrow_every_section(spent: World, cio: User) -> None:
    html = page(cio, COSTS + "&agency=other")
    assert "Gross 0% ¥4.00 bn → ¥4.00 bn" in tiles(html)[0]
    assert [row[2:] for row in table_rows(html, "items")] == [["4.00", "4.00"]]
    by_name = page(cio, COSTS + "&q=OTHER-1")
    assert table_rows(by_name, "items") == table_rows(html, "items")
    assert table_rows(by_name, "years") == table_rows(html, "years")
    odd = page(cio, COSTS + "&system_class=nonsense")
    assert "A filter could not be understood" in odd


def test_the_numbers_of_queries_do_not_grow(spent: World, cio: User) -> None:
    def counted() -> int:
        client = signed_in(cio)
        client.get(COSTS)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(COSTS).status_code == 200
        return len(queries)

    _used(spent.system, 10, None)
    rollups.recompute_all()
    assert System.objects.count() == 4
    few = counted()
    for number in range(30):
        system = factories.SystemFactory.create(agency=factories.AgencyFactory.create())
        for year in (2021, 2022, 2024):
            line(system, year, number * OKU, item=f"item-{number}")
        _used(system, 10, None)
    rollups.recompute_all()
    assert counted() == few


TABLES = (
    "years", "stages", "stage-holders", "items", "rates", "mix-years", "mix", "reduction", "unit-costs"
)  # fmt: skip


@pytest.mark.parametrize("table", TABLES)
def test_files_hold_the_rows_of_the_page(table: str, spent: World, cio: User) -> None:
    _used(spent.system, 10, None)
    rollups.recompute_all()
    html = page(cio, COSTS)
    assert f"table={table}" in html
    shown = table_rows(html, table)
    client = signed_in(cio)
    rows = csv_rows(client.get(f"/costs/export.csv?as_of=2026-11-24&table={table}"))
    assert len(rows) == len(shown) > 0
    first = [next(iter(row.values())) for row in rows]
    if not table.startswith(("years", "stage", "mix-years")):
        assert first == [row[0] for row in shown]
    book = client.get(f"/costs/export.xlsx?as_of=2026-11-24&table={table}")
    assert b"".join(book)[:2] == b"PK"


def test_every_figure_names_an_entry_of_the_metric_dictionary(spent: World, cio: User) -> None:
    named = set(re.findall(r'href="/metrics/#(\w+)"', page(cio, COSTS)))
    assert named <= set(METRICS)
    assert named >= {
        "development_cost", "operation_cost", "other_cost", "unsplit_cost", "spent_cost",
        "run_share", "change_share", "requested_budget", "initial_budget", "supplementary_budget",
        "carried_in_budget", "reserve_budget", "transferred_budget", "available_budget",
        "executed_cost", "carried_out_budget", "unused_budget", "item_cost", "execution_rate",
        "carry_over_rate", "unused_rate", "reduction_gross", "reduction_same_systems",
        "reduction_base_environment",
    }  # fmt: skip


def test_files_that_are_not_offered(spent: World, cio: User) -> None:
    client = signed_in(cio)
    assert client.get("/costs/export.csv").status_code == 404
    assert client.get("/costs/export.csv?table=nonsense").status_code == 404
    assert client.get("/costs/export.pdf?table=years").status_code == 404
    assert client.get("/costs/export.csv?table=years&as_of=gestern").status_code == 400


def test_money_in_a_file_is_exact(spent: World, cio: User) -> None:
    line(spent.system, 2023, 12_345_678_901)
    rollups.recompute_all()
    text = b"".join(signed_in(cio).get("/costs/export.csv?table=years")).decode()
    assert "12345678901" in text


def test_the_page_is_in_the_navigation_and_in_japanese(spent: World, cio: User) -> None:
    assert 'href="/costs/"' in page(cio, "/portfolio/")
    client = signed_in(cio)
    client.cookies["django_language"] = "ja"
    html = client.get(COSTS).content.decode()
    assert "<h1>コスト</h1>" in html
    assert "基準年度の運用環境" in html
