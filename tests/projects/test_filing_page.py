"""Filing a report in the browser: what is prefilled, asked, kept and told."""

import re
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from governance.models import Draft, User
from projects.models import Milestone, MonthlyUpdate, Project
from projects.models.choices import UpdateState
from tests import factories
from tests.conftest import World, signed_in

pytestmark = pytest.mark.django_db

URL = "/projects/HOME-P1/reports/2026-10/"
TODAY = date(2026, 11, 24)


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django.utils.timezone.localdate", lambda *_a, **_k: TODAY)


@pytest.fixture
def filled(world: World) -> World:
    factories.MonthlyUpdateFactory.create(
        project=world.project, period=date(2026, 9, 1), approved=True, narrative="先月の話"
    )
    factories.BaselineFactory.create(project=world.project)
    factories.MilestoneFactory.create(project=world.project, name="設計完了")
    kpi = factories.KpiFactory.create(system=world.system, title="待ち時間", unit="分")
    factories.KpiValueFactory.create(kpi=kpi, fiscal_year=2026, target=10, target_state="reported")
    factories.RiskFactory.create(project=world.project, title="要員不足")
    return world


def text(response: Any) -> str:
    found: str = response.content.decode()
    return found


def form(page: str) -> dict[str, str]:
    """What a browser would send back unchanged."""
    start = page.index("data-draft-url")
    body = page[start : page.index("</form>", start)]
    data: dict[str, str] = {}
    for tag in re.findall(r"<input[^>]*>", body):
        name, value = re.search(r'name="([^"]+)"', tag), re.search(r'value="([^"]*)"', tag)
        if name and not ('type="radio"' in tag or 'type="checkbox"' in tag):
            data[name[1]] = value[1] if value else ""
    for name, inner in re.findall(r'<textarea name="([^"]+)"[^>]*>(.*?)</textarea>', body, re.S):
        data[name] = inner.strip()
    for name, inner in re.findall(r'<select name="([^"]+)"[^>]*>(.*?)</select>', body, re.S):
        chosen = re.search(r'value="([^"]*)" selected', inner)
        data[name] = chosen[1] if chosen else ""
    return data


def post(client: Client, changes: dict[str, str], *, submit: bool = True) -> Any:
    data = {**form(text(client.get(URL))), **changes}
    if submit:
        data["submit"] = "1"
    return client.post(URL, data)


def test_it_opens_with_last_months_values_and_names_them(filled: World, pjmo: User) -> None:
    page = text(signed_in(pjmo).get(URL))
    data = form(page)
    assert data["progress_percent"] == "40%"
    assert data["actual_cost"] == "100,000,000"
    assert data["confidence"] == "3"
    assert data["narrative"] == ""
    assert "Reported for 2026-09: ¥100,000,000" in page
    assert "target 10" in page
    assert "設計完了" in page
    assert "要員不足" in page


def test_two_pages_and_one_press_hand_a_report_over(filled: World, pjmo: User) -> None:
    client = signed_in(pjmo)
    work = client.get("/", follow=True)
    assert f'href="{URL}"' in text(work)
    answer = post(client, {"progress_percent": "45%", "narrative": "設計を終えた。"})
    assert answer.headers["Location"] == "/work/"
    update = MonthlyUpdate.objects.get(period=date(2026, 10, 1))
    assert (update.state, update.submitted_by) == (UpdateState.SUBMITTED, pjmo)
    assert URL not in text(client.get("/work/"))


def test_queries_do_not_grow_and_stay_within_ten(filled: World, pjmo: User) -> None:
    client = signed_in(pjmo)
    client.get(URL)  # Once a process Django asks SQLite whether it knows JSON.
    with CaptureQueriesContext(connection) as few:
        client.get(URL)
    for number in range(20):
        factories.MilestoneFactory.create(project=filled.project)
        factories.RiskFactory.create(project=filled.project)
        kpi = factories.KpiFactory.create(system=filled.system)
        factories.KpiValueFactory.create(kpi=kpi, fiscal_year=2026)
        factories.MonthlyUpdateFactory.create(
            project=filled.project, period=date(2024, number % 12 + 1, 1),
            revision=number // 12 + 1, approved=True,
        )  # fmt: skip
    with CaptureQueriesContext(connection) as many:
        client.get(URL)
    assert len(many) == len(few) <= 10, [q["sql"][:120] for q in few]


def test_a_refused_report_is_kept_as_a_draft_and_tells_why(filled: World, pjmo: User) -> None:
    client = signed_in(pjmo)
    answer = post(client, {"progress_percent": "30%", "forecast_end_on": "令和8年10月1日"})
    assert answer.status_code == 422
    page = text(answer)
    assert "Progress went back: 30%, after 40.00% last month." in page or "Progress went" in page
    assert "lies before the end of 2026-10" in page
    assert "saved as a draft, but not handed over" in page
    update = MonthlyUpdate.objects.get(period=date(2026, 10, 1))
    assert (update.state, update.progress_percent) == (UpdateState.DRAFT, Decimal(30))
    # The same page takes the mended date and the reason.
    again = {**form(page), "forecast_end_on": "2027-03-31",
             "answer-progress_back": "計り直した", "submit": "1"}  # fmt: skip
    assert client.post(URL, again).headers["Location"] == "/work/"
    update.refresh_from_db()
    assert update.answers == {"progress_back": "計り直した"}


def test_typed_nonsense_comes_back_as_it_was_typed(filled: World, pjmo: User) -> None:
    answer = post(signed_in(pjmo), {"actual_cost": "たくさん"})
    assert answer.status_code == 422
    assert 'value="たくさん"' in text(answer)
    assert not MonthlyUpdate.objects.filter(period=date(2026, 10, 1)).exists()


def test_a_returned_report_says_why(filled: World, pjmo: User) -> None:
    factories.MonthlyUpdateFactory.create(
        project=filled.project, state=UpdateState.RETURNED, return_reason="費用の根拠を示すこと"
    )
    client = signed_in(pjmo)
    assert "費用の根拠を示すこと" in text(client.get(URL))
    work = text(client.get("/work/"))
    assert "returned to you" in work
    assert "費用の根拠を示すこと" in work


def test_a_report_that_waits_is_not_edited(filled: World, pjmo: User) -> None:
    factories.MonthlyUpdateFactory.create(project=filled.project, submitted=True)
    client = signed_in(pjmo)
    assert "/updates/" in client.get(URL).headers["Location"]


def test_months_to_come_are_not_reported(filled: World, pjmo: User) -> None:
    client = signed_in(pjmo)
    assert client.get("/projects/HOME-P1/reports/2026-12/").status_code == 404
    assert client.get("/projects/HOME-P1/reports/2026-13/").status_code == 404


def test_a_colleagues_save_in_between_is_shown_field_by_field(filled: World, pjmo: User) -> None:
    colleague = factories.UserFactory.create(username="colleague")
    factories.MembershipFactory.create(user=colleague, role="pjmo", project=filled.project)
    mine, theirs = signed_in(pjmo), signed_in(colleague)
    data = form(text(mine.get(URL)))
    post(theirs, {"actual_cost": "120,000,000", "narrative": "同僚"}, submit=False)
    answer = mine.post(URL, {**data, "actual_cost": "130,000,000"})
    page = text(answer)
    assert answer.status_code == 409
    assert "130,000,000" in page
    assert "120,000,000" in page
    assert MonthlyUpdate.objects.get(period=date(2026, 10, 1)).actual_cost == 120_000_000
    inputs = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page))
    chosen = {**inputs, "choice-actual_cost": "mine", "choice-narrative": "theirs"}
    mine.post(URL, chosen)
    update = MonthlyUpdate.objects.get(period=date(2026, 10, 1))
    assert (update.actual_cost, update.narrative) == (130_000_000, "同僚")


def test_two_versions_of_a_draft_that_has_questions_are_shown_too(
    filled: World, pjmo: User
) -> None:
    client = signed_in(pjmo)
    post(client, {"progress_percent": "30%"}, submit=False)  # "Progress went back: why?"
    data = form(text(client.get(URL)))
    assert "answer-progress_back" in data
    post(client, {"actual_cost": "120,000,000"}, submit=False)
    answer = client.post(
        URL, {**data, "actual_cost": "130,000,000", "answer-progress_back": "計り直した"}
    )
    assert answer.status_code == 409
    assert "120,000,000" in text(answer)
    assert "計り直した" in text(answer), "the answer travels along"


def test_a_month_before_the_project_began_is_not_reported(filled: World, pjmo: User) -> None:
    Project.objects.filter(pk=filled.project.pk).update(started_on=date(2026, 4, 15))
    client = signed_in(pjmo)
    assert client.get("/projects/HOME-P1/reports/2026-03/").status_code == 404
    assert client.get("/projects/HOME-P1/reports/2026-04/").status_code == 200


def test_a_month_that_no_report_can_be_of_is_told_above_the_form(filled: World, pjmo: User) -> None:
    Project.objects.filter(pk=filled.project.pk).update(started_on=None)
    client, url = signed_in(pjmo), "/projects/HOME-P1/reports/1900-01/"
    answer = client.post(url, form(text(client.get(url))))
    assert answer.status_code == 422
    assert not MonthlyUpdate.objects.filter(period__year=1900).exists()


def test_a_double_click_hands_over_once(filled: World, pjmo: User) -> None:
    client = signed_in(pjmo)
    data = {**form(text(client.get(URL))), "progress_percent": "41%", "submit": "1"}
    first, second = client.post(URL, data), client.post(URL, data)
    assert (first.status_code, second.status_code) == (302, 302)
    assert MonthlyUpdate.objects.filter(period=date(2026, 10, 1)).count() == 1


def test_milestones_and_risks_travel_with_the_report(filled: World, pjmo: User, pmo: User) -> None:
    client = signed_in(pjmo)
    milestone = Milestone.objects.get()
    post(client, {f"milestone-{milestone.pk}-actual_on": "R8.10.20", "risk-new1-title": "遅延",
                  "risk-new1-kind": "issue"})  # fmt: skip
    milestone.refresh_from_db()
    assert milestone.actual_on is None
    update = MonthlyUpdate.objects.get(period=date(2026, 10, 1))
    signed_in(pmo).post(f"/updates/{update.pk}/approve/", {"version": update.version})
    milestone.refresh_from_db()
    assert milestone.actual_on == date(2026, 10, 20)
    assert filled.project.risks.filter(title="遅延").exists()


# What is typed is kept --------------------------------------------------------------------------------------


def test_what_was_typed_survives_signing_out(filled: World, pjmo: User) -> None:
    client = signed_in(pjmo)
    data = form(text(client.get(URL)))
    kept = client.post("/drafts/", {**data, "narrative": "途中まで", "draft": URL})
    assert kept.status_code == 204
    client.logout()
    page = text(signed_in(pjmo).get(URL))
    assert "途中まで" in page
    assert "not saved yet" in page
    assert URL in text(signed_in(pjmo).get("/work/"))


def test_a_draft_ends_with_the_save_or_when_it_is_discarded(filled: World, pjmo: User) -> None:
    client = signed_in(pjmo)
    for end in ("save", "discard"):
        typed = {**form(text(client.get(URL))), "narrative": "途中"}
        client.post("/drafts/", {**typed, "draft": URL})
        assert Draft.objects.count() == 1
        if end == "save":
            post(client, {}, submit=False)
        else:
            answer = client.post("/drafts/discard/", {"draft": URL})
            assert answer.headers["Location"] == URL
        assert Draft.objects.count() == 0


def test_a_draft_is_its_writers_alone(filled: World, pjmo: User, pmo: User) -> None:
    signed_in(pjmo).post("/drafts/", {"name": "秘密", "draft": "/systems/HOME-1/edit/"})
    assert "秘密" not in text(signed_in(pmo).get("/systems/HOME-1/edit/"))


def test_the_forms_of_the_register_keep_what_is_typed_too(filled: World, pmo: User) -> None:
    client = signed_in(pmo)
    client.post("/drafts/", {"name": "途中の名", "draft": "/systems/HOME-1/edit/"})
    assert "途中の名" in text(client.get("/systems/HOME-1/edit/"))
    client.post("/drafts/", {"name": "途中の新規", "draft": "/systems/new/"})
    assert "途中の新規" in text(client.get("/systems/new/"))


def test_the_form_of_a_change_keeps_what_is_typed_until_it_is_asked_for(
    filled: World, pmo: User
) -> None:
    url, client = "/projects/HOME-P1/change/", signed_in(pmo)
    fresh = form(text(client.get(url)))
    client.post("/drafts/", {**fresh, "phase": "testing", "reason": "途中の理由"})
    page = text(client.get(url))
    assert "途中の理由" in page
    asked = {**form(page), "reason": "途中の理由ですが十文字以上です"}
    assert client.post(url, asked).status_code == 302
    assert not Draft.objects.exists()


def test_too_much_and_elsewhere_is_not_kept(filled: World, pjmo: User) -> None:
    client = signed_in(pjmo)
    assert client.post("/drafts/", {"a": "x" * 200_001, "draft": URL}).status_code == 413
    assert client.post("/drafts/", {"a": "x", "draft": "https://example.com/"}).status_code == 400
    answer = client.post("/drafts/discard/", {"draft": "//example.com/"})
    assert answer.headers["Location"] == "/"
    assert not Draft.objects.exists()
