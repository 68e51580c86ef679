"""The page of the API's description: drawn from this host alone, under the site's CSP."""

import json
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from governance.models import User
from tests.browser.conftest import Complaints
from tests.conftest import World, signed_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def docs(page: Page, live_server: Any, pmo: User) -> Page:
    """The page, opened by the PMO, with the operations on systems in view."""
    session = signed_in(pmo).cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    page.goto("/api/docs/")
    page.locator("#operations-tag-systems").click()
    return page


def test_it_draws_itself_without_a_complaint(docs: Page, complaints: Complaints) -> None:
    expect(docs.get_by_role("heading", level=1)).to_have_text("API documentation")
    docs.locator("#operations-systems-systems_list").get_by_role("button").first.click()
    expect(docs.get_by_text("The field to sort by").first).to_be_visible()
    assert (complaints.console, complaints.foreign) == ([], [])


def test_a_change_can_be_tried(docs: Page, complaints: Complaints, world: World) -> None:
    """The page sends the CSRF token, which scripts cannot read from the cookie."""
    operation = docs.locator("#operations-systems-systems_partial_update")
    operation.get_by_role("button").first.click()
    operation.get_by_role("button", name="Try it out").click()
    operation.locator("input[placeholder=key]").fill("HOME-1")
    operation.locator("textarea").fill(json.dumps({"version": 1, "name": "試した名"}))
    with docs.expect_response(
        lambda response: urlsplit(response.url).path == "/api/v1/systems/HOME-1/"
    ) as answered:
        operation.get_by_role("button", name="Execute").click()
    assert answered.value.status == 200
    world.system.refresh_from_db()
    assert world.system.name == "試した名"
    assert (complaints.console, complaints.foreign) == ([], [])
