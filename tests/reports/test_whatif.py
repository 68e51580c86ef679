"""The pages of scenarios: computing before saving, keeping what was typed, files, and who may what."""

import re
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation

from governance.access import Role
from governance.models import AuditEvent, User
from projects.models import Project, Scenario
from projects.risk_text import title_of
from reports.whatif import KEYS
from tests import factories
from tests.conftest import World, person, signed_in

pytestmark = pytest.mark.django_db
NEW = "/scenarios/new/"


@pytest.fixture
def planned(world: World) -> World:
    for project in (world.project, world.other_project):
        factories.BaselineFactory.create(project=project, budget_at_completion=2 * 10**9)
        factories.BenefitFactory.create(
            project=project, fiscal_year=2027, planned=3 * 10**9, planned_state="reported"
        )
    return world


def scenario(owner: User, **given: Any) -> Scenario:
    return Scenario.objects.create(**{"name": "Half rate", "owner": owner, **given})


def page(client: Client, path: str, status: int = 200, /, **data: Any) -> str:
    response = client.post(path, data) if data else client.get(path)
    assert response.status_code == status, response.content.decode()[:2000]
    return response.content.decode()


def text_of(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html.replace("\u2060", "")))


def test_the_navigation_leads_there(planned: World, cio: User) -> None:
    client = signed_in(cio)
    assert 'href="/scenarios/"' in page(client, "/portfolio/")
    text = page(client, "/scenarios/")
    assert "No scenario is saved yet." in text
    assert NEW in text
    assert 'href="/scenarios/"' not in page(signed_in(person(Role.PJMO, planned)), "/systems/")


def test_the_form_opens_with_what_holds_today(planned: World, cio: User) -> None:
    html = page(signed_in(cio), NEW)
    assert 'name="rate" value="4%"' in html
    assert 'name="yen_per_hour" value="2,543"' in html
    assert 'name="t-single_bidder-high_award_ratio" value="99%"' in html
    assert 'name="t-single_bidder-large_amount_yen" value="1,000,000,000"' in html
    assert 'name="p-HOME-P1"' in html
    assert 'name="p-OTHER-P1"' in html
    assert "open><summary>" not in html


def test_computing_saves_nothing(planned: World, cio: User) -> None:
    before = AuditEvent.objects.count()
    html = page(signed_in(cio), NEW, do="compute", rate="0%", **{"p-HOME-P1": "drop"})
    text = text_of(html)
    assert "Computed, not saved" in text
    assert "Discount rate 4.00% 0%" in text
    assert "内務更改 keep drop" in text
    assert "2/2" in text
    assert "1/1" in text
    assert 'value="drop" selected' in html
    assert 'name="rate" value="0%"' in html
    assert not Scenario.objects.exists()
    assert AuditEvent.objects.count() == before


def test_saving_keeps_only_what_differs(planned: World, cio: User) -> None:
    client = signed_in(cio)
    response = client.post(
        NEW,
        {
            "do": "save", "name": "Plan B", "note": "why", "rate": "2%", "yen_per_hour": "2,543",
            "horizon": "", "t-single_bidder-high_award_ratio": "99%",
            "t-late_report-medium_from_days": "5", "p-HOME-P1": "3", "p-OTHER-P1": "keep",
        },
    )  # fmt: skip
    made = Scenario.objects.get()
    assert response.headers["Location"] == f"/scenarios/{made.pk}/"
    assert made.assumptions == {
        "discount_rate": "0.02",
        "thresholds": {"late_report": {"medium_from_days": "5"}},
        "projects": {"HOME-P1": {"defer_years": 3}},
    }
    text = text_of(page(client, f"/scenarios/{made.pk}/"))
    assert "Plan B" in text
    assert "内務更改 keep defer by 3 years" in text
    assert "11 days 5 days" in text
    assert "Both sides are discounted to FY2025" in text
    html = page(client, f"/scenarios/{made.pk}/edit/")
    assert 'name="rate" value="2%"' in html
    assert '<option value="3" selected>' in html
    assert f"open><summary>{title_of('late_report')}" in html
    assert "Plan B" in page(client, "/scenarios/")


def test_bad_input_is_told_and_kept(planned: World, cio: User) -> None:
    html = page(
        signed_in(cio), NEW, 422, do="save", name="N", note="kept note", rate="abc", horizon="0",
        yen_per_hour="0", find="更改", **{
            "t-cost_overrun-medium_from_ratio": "5000%", "p-HOME-P1": "drop",
            "p-OTHER-P1": "tomorrow",
        },
    )  # fmt: skip
    text = text_of(html)
    assert "“abc” is not a number" in text
    assert "“Horizon in years” must lie between 1 and 50." in text
    assert "“Yen an hour of a user&#x27;s time” must lie between 1 and 1,000,000." in text
    assert "Cost above the first plan: Medium from this” must lie between 0% and 1,000%." in text
    assert "Project “OTHER-P1” can be kept, dropped or deferred by whole years." in text
    for kept in ('value="abc"', 'name="horizon" value="0"', "kept note", 'value="5000%"',
                 'value="drop" selected', 'value="更改"'):  # fmt: skip
        assert kept in html
    assert not Scenario.objects.exists()


def test_a_rate_above_all_is_refused(planned: World, cio: User) -> None:
    html = page(signed_in(cio), NEW, 422, do="compute", rate="150%")
    assert "“Discount rate a year” must lie between 0% and 100%." in html
    assert 'value="150%"' in html


def test_a_project_of_another_ministry_is_not_there(planned: World, pmo: User) -> None:
    client = signed_in(pmo)
    html = page(client, NEW)
    assert "OTHER-P1" not in html
    assert f'<option value="{planned.home.pk}" selected>' in html
    for do in ("compute", "save"):
        html = page(
            client, NEW, 422, do=do, name="N", agency=str(planned.home.pk),
            **{"p-OTHER-P1": "drop", "p-HOME-P1": "2"},
        )  # fmt: skip
        assert "There is no project “OTHER-P1” that you may see here." in html
        assert "別省更改" not in html
        assert 'name="p-OTHER-P1"' in html
        assert '<option value="2" selected>' in html
    assert not Scenario.objects.exists()


def test_an_agency_of_ones_own_is_needed(planned: World, pmo: User) -> None:
    client = signed_in(pmo)
    assert "This field is required" in page(client, NEW, 422, do="save", name="N", agency="")
    foreign = page(client, NEW, 422, do="save", name="N", agency=str(planned.other.pk))
    assert "Select a valid choice" in foreign
    assert not Scenario.objects.exists()


@pytest.mark.parametrize(
    ("typed", "kept"), [("1", "0.01"), ("1%", "0.01"), ("2.5", "0.025"), ("100", "1"), ("0", "0")]
)
def test_the_rate_is_percent_with_or_without_its_sign(
    typed: str, kept: str, planned: World, cio: User
) -> None:
    client = signed_in(cio)
    assert client.post(NEW, {"do": "save", "name": "N", "rate": typed}).status_code == 302
    assert Scenario.objects.get().assumptions == {"discount_rate": kept}


def test_a_name_is_needed_to_save_and_free(planned: World, cio: User) -> None:
    client = signed_in(cio)
    assert "error-summary" not in page(client, NEW, do="compute", name="")
    assert "error-summary" in page(client, NEW, 422, do="save", name="")
    scenario(cio, name="Taken")
    html = page(client, NEW, 422, do="save", name="Taken", rate="1%")
    assert "You have a scenario of this name already." in html
    assert 'value="1%"' in html


@pytest.mark.parametrize(
    ("error", "status", "told"),
    [
        (IntegrityError(), 422, "You have a scenario of this name already."),
        (PermissionDenied(), 403, "This lies outside of what your role may write."),
    ],
)
def test_who_was_slower_loses_nothing(
    error: Exception, status: int, told: str, planned: World, cio: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Between the check and the write another window, or another person, was faster."""

    def refuse(*_args: object) -> None:
        raise error

    monkeypatch.setattr("reports.views.whatif.scenarios.create", refuse)
    html = page(signed_in(cio), NEW, status, do="save", name="N", rate="1%")
    assert told in html
    assert 'name="rate" value="1%"' in html


def test_projects_are_found_and_changed_ones_stay(planned: World, cio: User) -> None:
    for number in range(3):
        factories.ProjectFactory.create(code=f"Z{number}", name=f"検索対象{number}")
    html = page(signed_in(cio), NEW, do="find", find="検索対象1", rate="abc", **{"p-HOME-P1": "1"})
    shown = re.findall(r'<select name="p-([^"]+)"', html)
    assert shown == ["HOME-P1", "Z1"]
    assert 'value="abc"' in html
    assert not Scenario.objects.exists()


def test_two_windows_see_both_versions(planned: World, cio: User) -> None:
    made = scenario(cio, assumptions={"discount_rate": "0.02"})
    client = signed_in(cio)
    path = f"/scenarios/{made.pk}/edit/"
    first = client.post(path, {"do": "save", "name": "Half rate", "rate": "3%", "version": "1"})
    assert first.status_code == 302
    html = page(client, path, 409, do="save", name="Mine", rate="1%", version="1")
    text = text_of(html)
    assert "saved in another window" in text
    assert "Discount rate: 3.00%" in text
    assert 'name="rate" value="1%"' in html
    assert 'name="version" value="2"' in html
    made.refresh_from_db()
    assert made.assumptions == {"discount_rate": "0.03"}
    again = client.post(path, {"do": "save", "name": "Mine", "rate": "1%", "version": "2"})
    assert again.status_code == 302
    made.refresh_from_db()
    assert (made.name, made.assumptions) == ("Mine", {"discount_rate": "0.01"})


def test_another_reads_and_copies_but_does_not_change(planned: World, cio: User) -> None:
    made = scenario(cio, assumptions={"projects": {"HOME-P1": "drop"}})
    advisor = signed_in(person(Role.ADVISOR, planned))
    html = page(advisor, f"/scenarios/{made.pk}/")
    assert "/edit/" not in html
    assert "Delete for good" not in html
    assert advisor.get(f"/scenarios/{made.pk}/edit/").status_code == 403
    assert advisor.post(f"/scenarios/{made.pk}/delete/").status_code == 403
    copied = advisor.post(f"/scenarios/{made.pk}/copy/")
    own = Scenario.objects.exclude(pk=made.pk).get()
    assert copied.headers["Location"] == f"/scenarios/{own.pk}/edit/"
    assert own.owner.username == "advisor"
    assert own.assumptions == made.assumptions


def test_an_auditor_reads_only(planned: World, cio: User, auditor: User) -> None:
    made = scenario(cio)
    client = signed_in(auditor)
    html = page(client, f"/scenarios/{made.pk}/")
    assert "/copy/" not in html
    assert NEW not in page(client, "/scenarios/")
    for path in (NEW, f"/scenarios/{made.pk}/edit/"):
        assert client.get(path).status_code == 403
    assert client.post(f"/scenarios/{made.pk}/copy/").status_code == 403
    assert client.post(f"/scenarios/{made.pk}/delete/").status_code == 403


def test_a_ministry_sees_its_own_scenarios_over_its_own_rows(planned: World, pmo: User) -> None:
    cio = person(Role.CIO_OFFICE, planned)
    whole = scenario(cio, name="Of all")
    foreign = scenario(cio, name="Of others", agency=planned.other)
    own = scenario(cio, name="Of home", agency=planned.home)
    client = signed_in(pmo)
    listed = page(client, "/scenarios/")
    assert "Of home" in listed
    assert "Of all" not in listed
    assert "Of others" not in listed
    for hidden in (whole, foreign):
        assert client.get(f"/scenarios/{hidden.pk}/").status_code == 404
        assert client.post(f"/scenarios/{hidden.pk}/copy/").status_code == 404
        assert client.get(f"/scenarios/{hidden.pk}/export.csv").status_code == 404
    assert "1/1" in page(client, f"/scenarios/{own.pk}/")


def test_deleting_leaves_the_trail(planned: World, cio: User) -> None:
    made = scenario(cio)
    response = signed_in(cio).post(f"/scenarios/{made.pk}/delete/")
    assert response.headers["Location"] == "/scenarios/"
    assert not Scenario.objects.exists()
    assert AuditEvent.objects.get(verb="scenario.deleted").object_name == "Half rate"
    assert "deleted" in page(signed_in(cio), "/audit/")


def test_what_the_rule_book_no_longer_holds_is_told(planned: World, cio: User) -> None:
    made = scenario(cio, assumptions={"thresholds": {"gone": {"x": 1}}, "discount_rate": "0.01"})
    text = text_of(page(signed_in(cio), f"/scenarios/{made.pk}/"))
    assert "No longer understood, and left out: There is no rule “gone”." in text
    assert "Discount rate 4.00% 1.00%" in text


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("fmt", ["csv", "xlsx"])
def test_every_table_is_a_file(key: str, fmt: str, planned: World, cio: User) -> None:
    made = scenario(cio, assumptions={"projects": {"HOME-P1": "drop"}})
    path = reverse("reports:scenario-export", args=[made.pk, fmt])
    client = signed_in(cio)
    assert f"{path}?table={key}" in page(client, f"/scenarios/{made.pk}/")
    response: Any = client.get(path, {"table": key})
    assert response.status_code == 200
    content = b"".join(response.streaming_content)
    if fmt == "csv":
        assert "# END rows=" in content.decode()
    else:
        assert content.startswith(b"PK")


def test_a_file_holds_exact_figures(planned: World, cio: User) -> None:
    made = scenario(cio, assumptions={"discount_rate": "0"})
    response: Any = signed_in(cio).get(f"/scenarios/{made.pk}/export.csv?table=value")
    text = b"".join(response.streaming_content).decode()
    assert '"Scenario",4000000000,6000000000,2000000000,1.5000,0.5,"2/2"' in text
    assert "4.00% → 0%" in text


def test_unknown_tables_and_formats_do_not_exist(planned: World, cio: User) -> None:
    made = scenario(cio)
    client = signed_in(cio)
    assert client.get(f"/scenarios/{made.pk}/export.pdf").status_code == 404
    assert client.get(f"/scenarios/{made.pk}/export.csv?table=x").status_code == 404


def test_japanese_reads_japanese(planned: World, cio: User) -> None:
    made = scenario(cio, assumptions={"projects": {"HOME-P1": "drop"}})
    with translation.override("ja"):
        client = Client(headers={"accept-language": "ja"})
        client.force_login(cio)
        text = text_of(page(client, f"/scenarios/{made.pk}/"))
    assert "内務更改 継続 取りやめ" in text
    assert "仮定試算" in text


def test_queries_do_not_grow(planned: World, cio: User) -> None:
    made = scenario(cio, assumptions={"projects": {"HOME-P1": "drop"}, "discount_rate": "0.01"})
    client = signed_in(cio)
    paths = ("/scenarios/", NEW, f"/scenarios/{made.pk}/", f"/scenarios/{made.pk}/edit/")
    _grow(planned, cio, 2)
    for path in paths:
        page(client, path)
    before = [_queries(client, path) for path in paths]
    _grow(planned, cio, 27)
    assert Project.objects.count() > 30
    assert [_queries(client, path) for path in paths] == before


def _grow(world: World, owner: User, more: int) -> None:
    for _number in range(more):
        project = factories.ProjectFactory.create(agency=world.home)
        factories.BaselineFactory.create(project=project)
        factories.BenefitFactory.create(project=project, planned=1, planned_state="reported")
        scenario(owner, name=f"S{project.pk}", agency=world.home)


def _queries(client: Client, path: str) -> int:
    with CaptureQueriesContext(connection) as found:
        page(client, path)
    return len(found)
