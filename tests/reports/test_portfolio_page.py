"""The dashboard's pages and files: what a person sees, may see, and takes away."""

import csv
import json
import re
from datetime import date
from io import BytesIO, StringIO

import pytest
from django.db import connection
from django.http import HttpResponseBase
from django.test import Client
from django.test.utils import CaptureQueriesContext
from python_calamine import load_workbook

from governance.access import Role
from governance.models import User
from projects.models import RiskFlag
from projects.models.choices import CostClass, ValueState
from projects.services import rollups
from reports import dashboards, pages
from tests import factories
from tests.conftest import World, person, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def filled(world: World) -> World:
    """Cost, use, contracts and flags in both ministries."""
    for system, cost_class, amount in (
        (world.system, CostClass.DEVELOPMENT, 20_000_000_000),
        (world.system, CostClass.OPERATION, 5_000_000_000),
        (world.sub_system, CostClass.OPERATION, 300_000_000),
        (world.other_system, CostClass.OPERATION, 70_000_000),
    ):
        factories.CostLineFactory.create(
            system=system, cost_item__cost_class=cost_class, amount=amount
        )
    service = factories.ServiceFactory.create(agency=world.home, systems=[world.system])
    factories.ServiceYearFactory.create(
        service=service,
        cases=200,
        cases_state=ValueState.REPORTED,
        online_cases=50,
        online_cases_state=ValueState.REPORTED,
    )
    contract = factories.ContractFactory.create(
        agency=world.home, system=world.system, bidders=1, title="保守契約"
    )
    _flag(world, "single_bidder", "medium", contract=contract, figures=_single(120_000_000))
    _flag(world, "cost_growth", "high", system=world.system, figures=_growth())
    _flag(world, "low_online_use", "unknown", system=world.sub_system)
    rollups.recompute_all()
    return world


def _flag(world: World, rule_id: str, severity: str, **values: object) -> None:
    RiskFlag.objects.create(
        rule_id=rule_id,
        rule_version=1,
        severity=severity,
        agency=world.home,
        opened_on=date(2026, 6, 1),
        severity_since=date(2026, 6, 1),
        judged_on=date(2026, 6, 2),
        parameters={"window_years": "5", "medium_from_ratio": "0.1"},
        **values,
    )


def _single(amount: int) -> dict[str, object]:
    return {"amount": amount, "bidders": 1, "is_competitive": 1, "has_reason": 0}


def _growth() -> dict[str, object]:
    return {
        "first_year": 2022,
        "first": 100_000_000,
        "last_year": 2024,
        "last": 150_000_000,
        "growth": "0.5000",
    }


def page(user: User, address: str) -> str:
    response = signed_in(user).get(address)
    assert response.status_code == 200, address
    return response.content.decode()


def table_rows(html: str, block: str) -> list[list[str]]:
    """The texts of a table's body, a list a row."""
    start = html.index(f'id="{block}"')
    body = html[html.index("<tbody>", start) : html.index("</tbody>", start)]
    return [
        [" ".join(re.sub(r"<[^>]+>", " ", cell).split()) for cell in cells]
        for row in body.split("</tr>")
        if (cells := re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL))
    ]


def content(response: HttpResponseBase) -> bytes:
    return b"".join(response)


def csv_rows(response: HttpResponseBase) -> list[dict[str, str]]:
    text = content(response).decode("utf-8-sig")
    return list(
        csv.DictReader(
            StringIO("".join(line + "\n" for line in text.splitlines() if not line.startswith("#")))
        )
    )


# Portfolio ----------------------------------------------------------------------------------------


def test_tiles_tell_value_unit_base_and_age(filled: World, cio: User) -> None:
    html = page(cio, "/portfolio/?as_of=2026-11-24")
    tiles = html[html.index('class="tiles"') : html.index("</ul>", html.index('class="tiles"'))]
    text = " ".join(re.sub(r"<[^>]+>", " ", tiles).split())
    assert "Invested in development ¥20.00 bn FY2024; known for 1 of 3 systems" in text
    assert "Year ended 2025-03-31 (19 months old)" in text
    assert "Run cost ¥5.37 bn FY2024; known for 3 of 3 systems" in text
    assert "Systems with a value measure 1 of 3 They cover 98.5%" in text
    assert "Systems against target 3 systems No target applies to this selection" in text
    assert "Projects at high risk 1 of 2 Medium 0, low 0, unknown 0, none 1" in text
    assert "Flags judged 2026-06-02" in text
    assert "Reviews overdue – not applicable of 0" in text
    assert "Reports late 2 of 2 Monthly report for 2026-10" in text


def test_the_target_stands_beside_the_number_of_systems(filled: World, cio: User) -> None:
    target = factories.TargetFactory.create(
        code="systems-reduction", target_year=2018, target_value=2
    )
    assert "Target: 2 by FY2018" in page(cio, "/portfolio/")
    target.base_year, target.base_value = 2012, 4
    target.save()
    assert "Target: 2 by FY2018, from 4 in FY2012" in page(cio, "/portfolio/")
    assert "No target applies to this selection" in page(cio, "/portfolio/?status=operating")


def test_the_scatter_says_what_it_leaves_out(
    filled: World, cio: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = factories.ServiceFactory.create(agency=filled.sub, systems=[filled.sub_system])
    factories.ServiceYearFactory.create(service=service, counted=True)
    rollups.recompute_all()
    monkeypatch.setattr(dashboards, "POINTS_DRAWN", 1)
    monkeypatch.setattr(pages, "POINTS_DRAWN", 1)
    html = page(cio, "/portfolio/")
    assert [row[1] for row in table_rows(html, "scatter")] == ["HOME-1"]
    assert "Only the 1 with the highest cost are drawn." in html


def test_a_running_year_is_no_old_figure(filled: World, cio: User) -> None:
    assert "Year runs until 2025-03-31" in page(cio, "/portfolio/?as_of=2025-01-01&year=2024")


def test_every_tile_leads_to_the_rows_under_it(filled: World, cio: User) -> None:
    html = page(cio, "/portfolio/?as_of=2026-11-24&agency=home")
    for address in (
        "/cost-lines/?agency=home&amp;budget_year=2024&amp;cost_class=development&amp;stage=executed",
        "/cost-lines/?agency=home&amp;budget_year=2024&amp;cost_class=operation&amp;stage=executed",
        "#cost-and-value",
        "/systems/?agency=home",
        "/attention/?as_of=2026-11-24&amp;agency=home&amp;severity=high",
        "/attention/?as_of=2026-11-24&amp;agency=home&amp;rule=review_overdue",
        "/attention/?as_of=2026-11-24&amp;agency=home&amp;rule=late_report",
    ):
        assert f'href="{address}"' in html, address


def test_what_nobody_knows_is_no_zero(world: World, cio: User) -> None:
    html = page(cio, "/portfolio/")
    assert "not reported" in html
    assert "¥0" not in html


def test_the_agency_table_sorts_by_its_addresses(filled: World, cio: User) -> None:
    html = page(cio, "/portfolio/")
    names = [row[0] for row in table_rows(html, "agencies")]
    assert names == ["Home Ministry", "Home Sub-agency", "Other Ministry"]
    html = page(cio, "/portfolio/?sort=-operation")
    assert [row[0] for row in table_rows(html, "agencies")] == names
    html = page(cio, "/portfolio/?sort=operation")
    assert [row[0] for row in table_rows(html, "agencies")] == names[::-1]
    assert 'href="?sort=-operation#agencies"' in html
    html = page(cio, "/portfolio/?sort=development&status=operating")
    assert [row[0] for row in table_rows(html, "agencies")] == names  # unknown comes last
    assert "sort=-development&amp;status=operating#agencies" in html


def test_filters_narrow_and_are_kept_by_links(filled: World, cio: User) -> None:
    html = page(cio, "/portfolio/?agency=other&as_of=2026-11-24")
    assert "Agency (with those below it): Other Ministry" in html
    assert "¥0.07 bn" in html or "¥70 million" in html
    html = page(cio, "/portfolio/?q=HOME-1&as_of=2026-11-24")
    assert "Name or ID of system: HOME-1" in html
    html = page(cio, "/portfolio/?severity=high&as_of=2026-11-24")
    assert "/attention/?severity=high&amp;as_of=2026-11-24" in html


def test_a_filter_that_is_no_choice_is_reported_and_left_out(filled: World, cio: User) -> None:
    html = page(cio, "/portfolio/?agency=nowhere&status=operating")
    assert "A filter could not be understood and was left out" in html
    assert "nowhere is not one of the available choices" in html
    assert "Status of system: in operation" in html


@pytest.mark.parametrize("given", ["2026-13-01", "yesterday", "2026-02-30", "0001-01-01"])
def test_a_day_that_is_none_is_reported_and_today_is_shown(
    world: World, cio: User, given: str
) -> None:
    html = page(cio, f"/portfolio/?as_of={given}")
    assert f"“{given}” is not a date this page can show" in html


def test_charts_carry_their_figures_as_tables(filled: World, cio: User) -> None:
    html = page(cio, "/portfolio/?as_of=2026-11-24")
    cost = json.loads(
        re.search(r'id="cost-by-year-figure" type="application/json">(.*?)</script>', html)[1]  # type: ignore[index]
    )
    assert {trace["name"]: trace["y"] for trace in cost["data"]} == {
        "Development": [20.0],
        "Operation": [5.37],
    }
    (year,) = table_rows(html, "cost")
    assert year[:4] == ["FY2024", "20.00", "5.37", "– not reported"]
    (point,) = table_rows(html, "scatter")
    assert point[:6] == ["内務台帳", "HOME-1", "Home Ministry", "5.00", "25.00", "25.0%"]
    assert "Shown: 1 of 3 systems" in html


def test_the_attention_list_gives_the_reason(filled: World, cio: User) -> None:
    html = page(cio, "/portfolio/?as_of=2026-11-24")
    listed = html[html.index('<ul class="attention">') :]
    listed = " ".join(re.sub(r"<[^>]+>", " ", listed[: listed.index("</ul>")]).split())
    assert "Operation cost rose by 50.0%, from ¥0.10 bn in FY2022" in listed
    assert "One bidder in an open competition" in listed
    assert listed.index("Operation cost rose") < listed.index("One bidder")
    assert "No year has both case counts" not in listed  # unknown is on its own page
    assert "2 of 2 flags of high or medium severity" in html
    assert 'href="/systems/HOME-1/"' in html


def test_a_flag_leads_nowhere_that_its_reader_may_not_go(filled: World) -> None:
    review = factories.ReviewFactory.create(system=filled.system)
    _flag(
        filled,
        "review_overdue",
        "high",
        review=review,
        figures={"days_overdue": 9, "due_on": "2026-05-01"},
    )
    flag = RiskFlag.objects.get(review=review)
    at = f'href="/reviews/{review.pk}/"'
    for role, is_linked in ((Role.ACCOUNTING, False), (Role.PMO, True), (Role.CIO_OFFICE, True)):
        client = signed_in(person(role, filled))
        for address in ("/portfolio/", "/attention/", f"/flags/{flag.pk}/", "/systems/HOME-1/"):
            html = client.get(address).content.decode()
            assert f"/flags/{flag.pk}/" in html or address.startswith("/flags/")
            assert (at in html) is is_linked, (role, address)
        assert client.get(f"/reviews/{review.pk}/").status_code == (200 if is_linked else 404)


def test_no_inline_style_and_no_inline_script(filled: World, cio: User) -> None:
    response = signed_in(cio).get("/portfolio/")
    html = response.content.decode()
    assert " style=" not in html
    for tag in re.findall(r"<script[^>]*>", html):
        assert "src=" in tag or 'type="application/json"' in tag
    policy = response["Content-Security-Policy"]
    assert "script-src 'self';" in policy + ";"
    assert "style-src 'self' 'unsafe-inline'" in policy
    assert "unsafe-inline" not in signed_in(cio).get("/attention/")["Content-Security-Policy"]


def test_the_portfolio_in_japanese(filled: World, cio: User) -> None:
    client = Client(headers={"accept-language": "ja"})
    client.force_login(cio)
    html = client.get("/portfolio/?as_of=2026-11-24").content.decode()
    assert "200.0億円" in html
    assert "令和6年度" in html


# Statements ---------------------------------------------------------------------------------------


def _statements(user: User, address: str) -> int:
    client = signed_in(user)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


# session, user, memberships, role terms; agencies, classes; thresholds, counts, cost, points,
# attention.
PORTFOLIO_STATEMENTS = 11


@pytest.mark.parametrize(
    "address",
    ["/portfolio/", "/portfolio/?size=small&q=シ&rule=cost_growth&severity=high&sort=-executed"],
)
def test_the_portfolio_costs_the_same_with_thirty_systems(
    filled: World, cio: User, address: str
) -> None:
    assert _statements(cio, address) == PORTFOLIO_STATEMENTS <= 12
    for _ in range(30):
        system = factories.SystemFactory.create()
        factories.CostLineFactory.create(system=system)
        factories.ProjectFactory.create(agency=system.agency, systems=[system])
        contract = factories.ContractFactory.create(agency=system.agency, system=system)
        review = factories.ReviewFactory.create(system=system)
        for subject in ({"system": system}, {"contract": contract}, {"review": review}):
            _flag(filled, "cost_growth", "high", figures=_growth(), **subject)
    rollups.recompute_all()
    assert _statements(cio, address) == PORTFOLIO_STATEMENTS


@pytest.mark.parametrize(("address", "statements"), [("/agencies/home/", 13), ("/attention/", 8)])
def test_the_other_pages_cost_the_same_with_thirty_systems(
    filled: World, cio: User, address: str, statements: int
) -> None:
    assert _statements(cio, address) == statements
    for _ in range(30):
        system = factories.SystemFactory.create(agency=filled.home)
        factories.CostLineFactory.create(system=system)
        factories.ProjectFactory.create(agency=filled.home, systems=[system])
        review = factories.ReviewFactory.create(system=system)
        for subject in ({"system": system}, {"review": review}):
            _flag(filled, "cost_growth", "high", figures=_growth(), **subject)
    rollups.recompute_all()
    assert _statements(cio, address) == statements


# Who sees what ------------------------------------------------------------------------------------


def test_home_leads_to_the_first_page_of_each_role(world: World, actors: dict[Role, User]) -> None:
    for role, user in actors.items():
        response = signed_in(user).get("/")
        expected = {
            Role.HR: "/people/",
            Role.PUBLIC_RELATIONS: "/projects/",
            **dict.fromkeys((Role.PMO, Role.PJMO, Role.ACCOUNTING, Role.VERIFIER), "/work/"),
        }.get(role, "/portfolio/")
        assert (response.status_code, response["Location"]) == (302, expected), role
        assert signed_in(user).get(expected).status_code == 200


def test_who_has_no_role_is_told_what_to_do(world: World, outsider: User) -> None:
    for address in ("/", "/portfolio/", "/attention/", "/agencies/home/"):
        response = signed_in(outsider).get(address)
        assert response.status_code == 403
        assert "You have no role yet" in response.content.decode()


def test_who_is_not_signed_in_is_asked_to(world: World) -> None:
    for address in ("/", "/portfolio/", "/attention/", "/agencies/home/", "/portfolio/export.csv"):
        response = Client().get(address)
        assert response.status_code == 302
        assert response["Location"].startswith("/accounts/login/")


def test_a_ministry_sees_its_own_portfolio(filled: World, pmo: User, other_pmo: User) -> None:
    html = page(pmo, "/portfolio/")
    assert "The figures cover Home Ministry only." in html
    assert [row[0] for row in table_rows(html, "agencies")] == ["Home Ministry", "Home Sub-agency"]
    html = page(other_pmo, "/portfolio/")
    assert "内務台帳" not in html
    assert "cost rose" not in html


def test_a_project_office_sees_its_own_projects(filled: World, pjmo: User) -> None:
    html = page(pjmo, "/portfolio/")
    assert "The figures cover your own projects and their systems only." in html
    assert "known for 1 of 1 systems" in html


def test_the_government_sees_no_note_on_its_scope(filled: World, cio: User) -> None:
    assert "The figures cover" not in page(cio, "/portfolio/")


# One agency ---------------------------------------------------------------------------------------


def test_the_page_of_an_agency(filled: World, cio: User) -> None:
    type(filled.home).objects.filter(pk=filled.home.pk).update(contact_accounting="会計課 03-0000")
    html = page(cio, "/agencies/home/?as_of=2026-11-24")
    assert "<h1>Home Ministry</h1>" in html
    assert "会計課 03-0000" in html
    assert "¥5.30 bn" in html  # the ministry with its sub-agency
    assert [row[1] for row in table_rows(html, "agency-systems")] == ["HOME-1", "SUB-1"]
    assert [row[1] for row in table_rows(html, "agency-projects")] == ["HOME-P1"]
    assert 'href="/portfolio/?as_of=2026-11-24"' in html
    assert 'href="/agencies/sub/?as_of=2026-11-24"' in html
    assert "Other Ministry" not in html
    assert 'href="/agencies/home/edit/"' in html


def test_an_agency_that_is_not_there(world: World, cio: User) -> None:
    assert signed_in(cio).get("/agencies/nowhere/").status_code == 404


def test_figures_of_another_ministry_stay_hidden(filled: World, other_pmo: User) -> None:
    html = page(other_pmo, "/agencies/home/")
    assert "Your roles do not include the figures of this agency." in html
    assert "Contacts" in html
    assert "Headline figures" not in html
    assert "内務台帳" not in html
    response = signed_in(other_pmo).get("/agencies/home/export.csv?table=systems")
    assert csv_rows(response) == []


def test_portfolio_and_agencies_agree(filled: World, cio: User) -> None:
    def executed(html: str) -> int:
        """The exact yen behind the totals row: development, operation, executed."""
        total = html[html.index("<tfoot>") : html.index("</tfoot>")]
        return int(re.findall(r'<data value="(\d+)"', total)[2])

    whole = executed(page(cio, "/portfolio/"))
    assert whole == 25_370_000_000
    assert executed(page(cio, "/agencies/home/")) == whole - 70_000_000


# Attention ----------------------------------------------------------------------------------------


def test_attention_lists_every_open_flag(filled: World, cio: User) -> None:
    html = page(cio, "/attention/?as_of=2026-11-24")
    rows = table_rows(html, "flags")
    assert [row[1] for row in rows] == ["high", "medium", "unknown"]
    assert rows[1][0] == "保守契約"
    assert "Rows 1–3 of 3" in html
    html = page(cio, "/attention/?as_of=2026-11-24&rule=cost_growth")
    assert [row[0] for row in table_rows(html, "flags")] == ["内務台帳"]
    assert "No flag is open under these filters." in page(cio, "/attention/?as_of=2026-05-31")


def test_attention_has_pages(filled: World, cio: User) -> None:
    for _ in range(50):
        system = factories.SystemFactory.create(agency=filled.home)
        _flag(filled, "cost_growth", "high", system=system, figures=_growth())
    assert len(table_rows(page(cio, "/attention/"), "flags")) == 50
    assert len(table_rows(page(cio, "/attention/?page=2"), "flags")) == 3
    assert len(table_rows(page(cio, "/attention/?page=99"), "flags")) == 3


# Files --------------------------------------------------------------------------------------------


def test_files_hold_what_the_page_shows_exactly(filled: World, cio: User) -> None:
    client = signed_in(cio)
    agencies = csv_rows(
        client.get("/portfolio/export.csv?table=agencies&sort=operation&as_of=2026-11-24")
    )
    assert [row["Agency"] for row in agencies] == [
        "Other Ministry",
        "Home Sub-agency",
        "Home Ministry",
    ]
    assert agencies[2]["Development (yen)"] == "20000000000"
    assert agencies[0]["Development (yen)"] == ""
    cost = csv_rows(client.get("/portfolio/export.csv?table=cost"))
    assert [(row["Fiscal year"], row["Executed (yen)"]) for row in cost] == [
        ("2024", "25370000000")
    ]
    systems = csv_rows(client.get("/portfolio/export.csv?table=scatter"))
    assert [row["System ID"] for row in systems] == ["HOME-1", "SUB-1", "OTHER-1"]
    flags = csv_rows(client.get("/portfolio/export.csv?table=attention"))
    assert [row["Severity"] for row in flags] == ["high", "medium"]
    assert len(csv_rows(client.get("/attention/export.csv"))) == 3
    assert len(csv_rows(client.get("/agencies/home/export.csv?table=systems"))) == 2
    assert len(csv_rows(client.get("/agencies/home/export.csv?table=projects"))) == 1


def test_files_say_what_they_were_narrowed_by(filled: World, cio: User) -> None:
    response = signed_in(cio).get(
        "/agencies/home/export.csv?table=systems&status=operating&as_of=2026-11-24"
    )
    assert "agency-systems_2026-11-24.csv" in response["Content-Disposition"]
    text = content(response).decode("utf-8-sig")
    assert "# Filter: Agency (with those below it): Home Ministry" in text
    assert "# Filter: Status of system: in operation" in text
    assert "# As of: 2026-11-24" in text


def test_workbooks_too(filled: World, cio: User) -> None:
    response = signed_in(cio).get("/portfolio/export.xlsx?table=agencies&as_of=2026-11-24")
    book = load_workbook(BytesIO(content(response)))
    rows = book.get_sheet_by_name("Data").to_python()
    assert rows[0][:2] == ["Agency", "Systems"]
    assert rows[2][:3] == ["Home Ministry", 1.0, 1.0]
    assert rows[2][rows[0].index("Development")] == 20_000_000_000.0
    assert rows[3][rows[0].index("Development")] == ""


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/portfolio/export.csv", 404),
        ("/portfolio/export.csv?table=passwords", 404),
        ("/portfolio/export.pdf?table=agencies", 404),
        ("/portfolio/export.csv?table=agencies&agency=nowhere", 400),
        ("/portfolio/export.csv?table=agencies&as_of=never", 400),
        ("/agencies/nowhere/export.csv?table=systems", 404),
    ],
)
def test_no_file_is_made_of_what_was_not_understood(
    filled: World, cio: User, address: str, status: int
) -> None:
    assert signed_in(cio).get(address).status_code == status


def test_pages_are_read_only(filled: World, cio: User) -> None:
    for address in ("/", "/portfolio/", "/agencies/home/", "/attention/", "/portfolio/export.csv"):
        assert signed_in(cio).post(address).status_code == 405


def test_cost_by_agency_is_shown_over_the_years(filled: World, cio: User) -> None:
    factories.CostLineFactory.create(
        system=filled.system, budget_year=2023, stage="initial", amount=800_000_000
    )
    rollups.recompute_all()
    body = signed_in(cio).get("/portfolio/").content.decode()
    table = body[body.index('id="agency-years"') :]
    assert "FY2023 initial budget" in table
    assert "FY2024 spent" in table
    file = signed_in(cio).get("/portfolio/export.csv?table=agency-years")
    rows = list(csv.reader(StringIO(b"".join(file).decode("utf-8-sig"))))
    home = next(row for row in rows if row and row[0] == "Home Ministry")
    assert home[1:] == ["", "800000000", "25000000000", ""]


def test_a_bulk_budget_programme_is_not_added_to_what_its_systems_spent(world: World) -> None:
    bulk = factories.SystemFactory.create(agency=world.home, system_class__code="programme")
    for system, cost_class in (
        (bulk, CostClass.UNCLASSIFIED),
        (world.system, CostClass.OPERATION),
    ):
        factories.CostLineFactory.create(
            system=system, cost_item__cost_class=cost_class, amount=1_000_000
        )
    rollups.recompute_all()
    cio = factories.UserFactory.create()
    factories.MembershipFactory.create(user=cio, role=Role.CIO_OFFICE)
    file = signed_in(cio).get("/portfolio/export.csv?table=agency-years")
    text = b"".join(file).decode("utf-8-sig")
    assert '"Home Ministry",1000000,' in text


def test_another_day_tells_what_is_of_that_day_and_what_is_not(world: World, cio: User) -> None:
    client = signed_in(cio)
    told = "systems, cost and the severity of a flag are as known today"
    assert told in client.get("/portfolio/?as_of=2026-01-31").content.decode()
    assert told not in client.get("/portfolio/").content.decode()
