"""The CIO's way through the product, in a real browser on a small fictional government."""

import csv
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from governance.access import Role
from governance.models import User
from projects.models.choices import CostClass, ValueState
from projects.services import flags, rollups
from tests import factories
from tests.browser.conftest import Complaints
from tests.conftest import World, act

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PASSWORD = "a-password-for-the-browser"


@pytest.fixture
def government(world: World, now: Any) -> World:
    """Both ministries with cost, use and a single bid; accounts with a password."""
    for system, cost_class, amount in (
        (world.system, CostClass.DEVELOPMENT, 2_000_000_000),
        (world.system, CostClass.OPERATION, 500_000_000),
        (world.other_system, CostClass.OPERATION, 9_000_000_000),
    ):
        factories.CostLineFactory.create(
            system=system,
            cost_item__cost_class=cost_class,
            cost_item__code=f"item-{cost_class}",
            amount=amount,
        )
    factories.ServiceYearFactory.create(
        service__agency=world.home,
        service__systems=[world.system],
        cases=1000,
        cases_state=ValueState.REPORTED,
        online_cases=250,
        online_cases_state=ValueState.REPORTED,
    )
    factories.ContractFactory.create(
        agency=world.home, system=world.system, title="内務台帳の保守", bidders=1
    )
    rollups.recompute_all()
    flags.recompute_all(act(None, now), as_of=now.date())
    for role in (Role.CIO_OFFICE, Role.PMO):
        user = factories.UserFactory.create(username=f"browser-{role.value}")
        user.set_password(PASSWORD)
        user.save()
        where = {"agency": world.home} if role is Role.PMO else {}
        factories.MembershipFactory.create(user=user, role=role, **where)
    return world


def _sign_in(page: Page, role: Role) -> None:
    page.goto("/")
    page.get_by_label("Username").fill(f"browser-{role.value}")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()


def _clean(complaints: Complaints) -> None:
    assert complaints.console == []
    assert complaints.foreign == []


def test_from_the_portfolio_to_a_project_and_back(
    government: World, page: Page, complaints: Complaints
) -> None:
    _sign_in(page, Role.CIO_OFFICE)
    expect(page.get_by_role("heading", level=1, name="Portfolio")).to_be_visible()
    # Charts are drawn: the only part that needs JavaScript.
    expect(page.locator(".js-plotly-plot").first).to_be_visible()
    page.get_by_role("main").get_by_role("link", name="Home Ministry").first.click()
    expect(page.get_by_role("heading", level=1, name="Home Ministry")).to_be_visible()
    page.get_by_role("main").get_by_role("link", name="内務更改").first.click()
    expect(page.get_by_role("heading", level=1, name="内務更改")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", level=1, name="Home Ministry")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", level=1, name="Portfolio")).to_be_visible()
    _clean(complaints)


def test_sort_filter_and_export_what_is_seen(
    government: World, page: Page, complaints: Complaints
) -> None:
    _sign_in(page, Role.CIO_OFFICE)
    table = page.locator("#agencies table")
    first = table.locator("tbody th").first
    seen = []
    for direction in ("sort=-", "sort=o"):
        table.get_by_role("link", name="Operation", exact=True).click()
        page.wait_for_url(f"**{direction}**")
        seen.append(first.inner_text())
    assert seen == ["Other Ministry", "Home Ministry"], "largest first, then smallest first"
    page.get_by_text("Filters", exact=True).click()
    page.locator("#id_agency").select_option("home")
    page.get_by_role("button", name="Apply filters").click()
    page.wait_for_url("**agency=home**")
    expect(table.locator("tbody")).not_to_contain_text("Other Ministry")
    with page.expect_download() as download:
        page.locator("#agencies").get_by_role("link", name="CSV").click()
    path = Path(str(download.value.path()))
    text = path.read_text(encoding="utf-8-sig")
    rows = list(csv.reader(text.splitlines()))
    assert any("Home Ministry" in row for row in rows)
    assert not any("Other Ministry" in row for row in rows)
    assert "500000000" in text, "files hold exact yen"
    _clean(complaints)


def test_the_page_fits_a_telephone(government: World, page: Page, complaints: Complaints) -> None:
    _sign_in(page, Role.CIO_OFFICE)
    page.set_viewport_size({"width": 360, "height": 740})
    for address in ("/portfolio/", "/agencies/home/", "/systems/", "/systems/HOME-1/"):
        page.goto(address)
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= 360, address
    _clean(complaints)


def test_a_wrong_form_tells_the_field_and_keeps_what_was_typed(
    government: World, page: Page, complaints: Complaints
) -> None:
    _sign_in(page, Role.PMO)
    page.goto("/systems/new/")
    page.locator("#id_system_id").fill("HOME-1")
    page.locator("#id_name").fill("二重の台帳")
    page.get_by_role("main").get_by_role("button", name="Save").click()
    expect(page.get_by_role("main")).to_contain_text("already exists")
    expect(page.locator("#id_name")).to_have_value("二重の台帳")
    assert complaints.foreign == []


def test_both_languages_are_complete_on_the_first_screens(
    government: World, page: Page, complaints: Complaints
) -> None:
    _sign_in(page, Role.CIO_OFFICE)
    page.get_by_role("button", name="日本語").click()
    expect(page.get_by_role("heading", level=1, name="ポートフォリオ")).to_be_visible()
    assert User.objects.filter(username="browser-cio_office").exists()
    _clean(complaints)


def test_filtering_a_list_exchanges_the_rows_and_keeps_a_real_address(
    government: World, page: Page, complaints: Complaints
) -> None:
    _sign_in(page, Role.CIO_OFFICE)
    page.goto("/systems/")
    page.evaluate("window.stayed = true")
    page.locator("#id_q").fill("別省")
    page.get_by_role("button", name="Apply filters").click()
    page.wait_for_url("**q=**")
    rows = page.locator("#list tbody tr")
    expect(rows).to_have_count(1)
    assert page.evaluate("window.stayed"), "the page itself was not loaded anew"
    page.reload()
    expect(rows).to_have_count(1)
    _clean(complaints)
