"""The month, played in a real browser: filed with two mistakes, mended, returned, filed again,
approved; the CIO's pages change and the audit trail tells the story."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from governance import audit, drafts
from governance.access import Role
from projects.models import MonthlyUpdate
from projects.models.choices import UpdateState
from projects.services import flags
from tests import factories
from tests.browser.conftest import Complaints
from tests.conftest import World, act

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PASSWORD = "a-password-for-the-browser"
TODAY = date(2026, 11, 24)
FORM = "/projects/HOME-P1/reports/2026-10/"
Enter = Callable[[Role], Page]


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    """Noon of that day, and time goes on: what is filed must lie inside the day it is judged for."""
    began = time.monotonic()
    noon = datetime(TODAY.year, TODAY.month, TODAY.day, 3, tzinfo=UTC)
    monkeypatch.setattr("django.utils.timezone.localdate", lambda *_a, **_k: TODAY)
    monkeypatch.setattr(
        "django.utils.timezone.now", lambda: noon + timedelta(seconds=time.monotonic() - began)
    )


@pytest.fixture
def office(world: World, now: Any) -> World:
    """A project whose report of October is late, with a plan, a goal and a milestone."""
    world.other_project.delete()
    factories.MonthlyUpdateFactory.create(
        project=world.project, period=date(2026, 9, 1), approved=True
    )
    factories.BaselineFactory.create(project=world.project)
    factories.MilestoneFactory.create(project=world.project, name="設計完了")
    kpi = factories.KpiFactory.create(code="HOME-K", system=world.system, title="待ち時間の短縮")
    factories.KpiValueFactory.create(kpi=kpi, fiscal_year=2026, target=10, target_state="reported")
    for role in (Role.PJMO, Role.PMO, Role.CIO_OFFICE):
        user = factories.UserFactory.create(username=role.value, display_name=role.label)
        user.set_password(PASSWORD)
        user.save()
        where: dict[str, Any] = {}
        if role is Role.PJMO:
            where = {"project": world.project}
        elif role is Role.PMO:
            where = {"agency": world.home}
        factories.MembershipFactory.create(user=user, role=role, **where)
    flags.recompute_all(act(None, now), as_of=TODAY)
    return world


@pytest.fixture
def enter(browser: Browser, live_server: Any, complaints: Complaints) -> Iterator[Enter]:
    """Opens a browser of its own for a role, signed in."""
    contexts = []

    def entered(role: Role) -> Page:
        context = browser.new_context(
            base_url=live_server.url, locale="en-US", viewport={"width": 1440, "height": 900}
        )
        contexts.append(context)
        page = context.new_page()
        complaints.watch(page, urlsplit(live_server.url).netloc)
        page.goto("/")
        page.get_by_label("Username").fill(role.value)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("main").get_by_role("button", name="Sign in").click()
        return page

    yield entered
    for context in contexts:
        for page in context.pages:
            # The last words that were typed still go out: let them arrive before the tables empty.
            page.on("dialog", lambda dialog: dialog.accept())
            page.goto("about:blank")
            page.wait_for_timeout(300)
        context.close()


def test_the_month(office: World, enter: Enter, complaints: Complaints) -> None:
    cio = enter(Role.CIO_OFFICE)
    cio.goto("/attention/")
    late = cio.locator("table", has_text="Monthly report late")
    expect(late).to_have_count(1)

    # The PJMO finds the report on the first page, and files it with two mistakes.
    pjmo = enter(Role.PJMO)
    expect(pjmo.get_by_role("heading", level=1, name="My work")).to_be_visible()
    pjmo.get_by_role("region", name="Reports to file").get_by_role("link", name="内務更改").click()
    assert urlsplit(pjmo.url).path == FORM
    expect(pjmo.get_by_label("Actual cost to date")).to_have_value("100,000,000")
    pjmo.get_by_label("Progress", exact=True).fill("30%")
    pjmo.get_by_label("Forecast finish").fill("令和8年9月30日")
    pjmo.get_by_role("button", name="Hand over to the PMO").click()
    main = pjmo.get_by_role("main")
    expect(main).to_contain_text("saved as a draft, but not handed over")
    expect(main).to_contain_text("Progress went back: 30")
    expect(main).to_contain_text("lies before the end of 2026-10")

    # They mend both, add the goal's figure, and hand it over.
    pjmo.get_by_label("Progress", exact=True).fill("45%")
    pjmo.get_by_label("Forecast finish").fill("2027-04-30")
    pjmo.get_by_label("Actual: 待ち時間の短縮").fill("8.5")
    pjmo.get_by_role("button", name="Hand over to the PMO").click()
    expect(pjmo.get_by_role("main")).to_contain_text("handed over to the PMO")

    # The PMO finds it, and sends it back.
    pmo = enter(Role.PMO)
    pmo.get_by_role("link", name="内務更改").first.click()
    pmo.get_by_label("Why the report is sent back").fill("完了予定が延びた理由を書くこと")
    pmo.get_by_role("button", name="Send back").click()
    expect(pmo.get_by_role("main")).to_contain_text("The report is sent back.")

    # The PJMO is told why, and files it again.
    pjmo.goto("/work/")
    expect(pjmo.get_by_role("main")).to_contain_text("完了予定が延びた理由を書くこと")
    expect(pjmo.get_by_role("link", name="Notices")).to_contain_text("1")
    pjmo.get_by_role("region", name="Reports to file").get_by_role("link", name="内務更改").click()
    pjmo.get_by_label("Narrative").fill("調達の不調により一か月延びる。")
    pjmo.get_by_role("button", name="Hand over to the PMO").click()
    expect(pjmo.get_by_role("main")).to_contain_text("handed over to the PMO")

    # The PMO approves.
    pmo.goto("/work/")
    pmo.get_by_role("region", name="Waiting for your approval").get_by_role("link").first.click()
    pmo.get_by_role("button", name="Approve the report").click()
    expect(pmo.get_by_role("main")).to_contain_text("The report is approved.")

    # The CIO's pages show it.
    cio.goto("/attention/")
    expect(cio.get_by_role("heading", level=1, name="Needs attention")).to_be_visible()
    expect(late).to_have_count(0)
    cio.goto("/work/")
    row = cio.get_by_role("region", name="Reports by agency").get_by_role("row", name="Home")
    expect(row.get_by_role("cell")).to_have_text(["1", "1", "1", "0"])
    cio.goto("/kpis/HOME-K/series/")
    cio.get_by_text("Figures as a table").click()
    expect(cio.get_by_role("main")).to_contain_text("8.5")

    # The audit trail tells the story.
    update = MonthlyUpdate.objects.get(period=date(2026, 10, 1))
    assert update.state == UpdateState.APPROVED
    cio.goto(f"/updates/{update.pk}/")
    story = cio.get_by_role("region", name="Audit trail of this record").first
    expect(story).to_contain_text("完了予定が延びた理由を書くこと")
    for name in ("PJMO", "PMO"):
        expect(story).to_contain_text(name)
    assert list(audit.verify()) == []
    # The browser notes the refused report; nothing else.
    assert [text for text in complaints.console if "422" not in text] == []
    assert complaints.foreign == []


def test_a_closed_browser_loses_nothing(office: World, enter: Enter, live_server: Any) -> None:
    first = enter(Role.PJMO)
    first.goto(FORM)
    first.get_by_label("Narrative").press_sequentially("途中まで書いた")
    expect(first.locator("[data-draft-status]")).to_have_text("What you typed is kept.")
    first.context.clear_cookies()
    first.close(run_before_unload=False)
    second = enter(Role.PJMO)
    expect(second.get_by_role("main")).to_contain_text("Begun and not saved")
    second.goto(FORM)
    expect(second.get_by_label("Narrative")).to_have_value("途中まで書いた")
    expect(second.get_by_role("main")).to_contain_text("not saved yet")


@pytest.mark.parametrize(
    ("limit", "told"),
    [
        ("MOST", "is not kept: there is no room for more drafts"),
        ("A_MINUTE", "is not kept just now: it will be tried again within a minute"),
    ],
)
def test_what_is_not_kept_is_told_at_the_form(
    limit: str, told: str, office: World, enter: Enter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drafts, limit, 0)
    page = enter(Role.PJMO)
    page.goto(FORM)
    page.get_by_label("Narrative").press_sequentially("x")
    expect(page.locator("[data-draft-status]")).to_contain_text(told)


def test_leaving_with_unsaved_input_asks(office: World, enter: Enter) -> None:
    page = enter(Role.PJMO)
    page.goto(FORM)
    page.get_by_label("Narrative").press_sequentially("x")
    asked: list[str] = []

    def stay(dialog: Any) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.get_by_role("link", name="My work").first.click(no_wait_after=True)
    expect(page.get_by_label("Narrative")).to_have_value("x")
    page.wait_for_timeout(300)
    assert asked == ["beforeunload"]
    page.remove_listener("dialog", stay)
    assert urlsplit(page.url).path == FORM


def test_excel_is_pasted_into_the_cost_grid(office: World, enter: Enter) -> None:
    factories.CostLineFactory.create(
        system=office.system, budget_year=2025, sheet_year=2026, stage="initial", amount=1
    )
    page = enter(Role.PMO)
    page.goto("/systems/HOME-1/costs/?sheet_year=2026&from=2025&to=2027&unit=1000")
    page.locator("input[name=c-item-operation-initial-2025]").focus()
    page.evaluate(
        """() => {
            const data = new DataTransfer();
            data.setData("text/plain", "1,200\\t2,400\\t3,600\\t9\\n");
            document.activeElement.dispatchEvent(
                new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true })
            );
        }"""
    )
    expect(page.locator("[data-row-sum]").first).to_have_text("7,200")
    expect(page.locator("[data-grid-status]")).to_have_text(
        "Values pasted: 3, values did not fit: 1"
    )
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("main")).to_contain_text("3 figures saved.")
    amounts = office.system.cost_lines.order_by("budget_year").values_list("amount", flat=True)
    assert list(amounts) == [1_200_000, 2_400_000, 3_600_000]
