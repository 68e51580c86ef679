"""Lists, pages and files of the register: what a person sees, and what it costs."""

import csv
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from html import unescape
from io import BytesIO, StringIO
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from python_calamine import load_workbook

from governance.access import Role
from governance.models import AuditEvent, User
from projects.filters import filters_of
from projects.goals import UNFOLDED
from projects.models import ImportRun, MonthlyUpdate, RiskFlag, System
from projects.models.choices import KpiKind, ReviewLayer, SystemStatus, UpdateState, ValueState
from projects.pages import SHOWN
from projects.register import KINDS
from projects.services import changes, register, rollups
from projects.tables import COLUMNS
from projects.views.lists import ROWS_PER_PAGE
from tests import factories
from tests.conftest import World, act, person, signed_in

pytestmark = pytest.mark.django_db


def _text(response: Any) -> str:
    assert response.status_code == 200, response
    return unescape(str(response.content.decode()))


def _rows(response: Any) -> list[str]:
    """The first cell of each row of the page's last table."""
    table = _text(response).rpartition("<tbody>")[2]
    return [
        re.sub(r"<[^>]+>", "", cell).strip()
        for cell in re.findall(r'<th scope="row".*?</th>', table, re.S)
    ]


def _file(response: Any) -> list[dict[str, str]]:
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    lines = [line for line in text.splitlines(keepends=True) if not line.startswith("#")]
    return list(csv.DictReader(StringIO("".join(lines))))


def _statements(client: Client, path: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert client.get(path).status_code == 200
    return len(captured)


# Lists ------------------------------------------------------------------------------------------------


def test_every_kind_has_columns() -> None:
    assert set(COLUMNS) == set(KINDS)


def test_a_list_holds_what_the_reader_may_see(world: World, pmo: User, cio: User) -> None:
    assert _rows(signed_in(pmo).get("/systems/")) == ["内務台帳", "外局台帳"]
    assert _rows(signed_in(cio).get("/systems/")) == ["内務台帳", "別省台帳", "外局台帳"]


def test_pages_of_a_list_are_addresses(world: World, pmo: User) -> None:
    factories.SystemFactory.create_batch(ROWS_PER_PAGE, agency=world.home)
    client = signed_in(pmo)
    first = client.get("/systems/?status=operating&sort=system_id")
    assert len(_rows(first)) == ROWS_PER_PAGE
    assert "Rows 1–50 of 52" in _text(first)
    assert 'href="?status=operating&sort=system_id&page=2"' in _text(first)
    second = client.get("/systems/?status=operating&sort=system_id&page=2")
    assert len(_rows(second)) == 2
    # An address of a page that is no more shows the last one.
    assert _rows(client.get("/systems/?page=99&sort=system_id")) == _rows(second)


def test_lists_are_sorted_by_any_column_with_unknown_figures_last(world: World, pmo: User) -> None:
    for name, cost in (("小", 1), ("大", 9), ("無", None)):
        factories.SystemFactory.create(name=name, agency=world.home, next_renewal_cost=cost)
    client = signed_in(pmo)
    upward = _rows(client.get("/systems/?sort=next_renewal_cost"))
    assert upward[:2] == ["小", "大"]
    assert _rows(client.get("/systems/?sort=-next_renewal_cost"))[:2] == ["大", "小"]
    assert _rows(client.get("/systems/?sort=no_such_column")) == _rows(client.get("/systems/"))


@pytest.mark.parametrize("slug", KINDS)
def test_every_offered_sort_works(slug: str, world: World, cio: User) -> None:
    client = signed_in(cio)
    for column in COLUMNS[slug]:
        if column.sort:
            for sign in ("", "-"):
                assert client.get(f"/{slug}/?sort={sign}{column.key}").status_code == 200


def test_filters_narrow_and_combine(world: World, pmo: User) -> None:
    factories.SystemFactory.create(
        name="計画中", agency=world.sub, status=SystemStatus.PLANNING, next_renewal_year=2030
    )
    client = signed_in(pmo)
    for query, expected in {
        "q=台帳": ["内務台帳", "外局台帳"],
        "q=ｈｏｍｅ": ["内務台帳"],
        "agency=sub": ["外局台帳", "計画中"],
        "agency=home": ["内務台帳", "外局台帳", "計画中"],
        "agency=sub&status=planning": ["計画中"],
        "next_renewal_year=令和12年度": ["計画中"],
        "status=retired": [],
    }.items():
        assert sorted(_rows(client.get(f"/systems/?{query}"))) == sorted(expected), query


def test_what_hangs_on_an_object_is_listed_by_its_key(world: World, cio: User) -> None:
    service = factories.ServiceFactory.create(
        agency=world.home, systems=[world.system], name="届出"
    )
    factories.ServiceFactory.create(agency=world.other, systems=[world.other_system], name="別")
    factories.ServiceYearFactory.create(service=service, fiscal_year=2024)
    review = factories.ReviewFactory.create(system=world.system)
    factories.FindingFactory.create(review=review, text="指摘")
    client = signed_in(cio)
    assert _rows(client.get("/services/?system=HOME-1")) == ["届出"]
    assert _rows(client.get("/projects/?system=OTHER-1")) == ["別省更改"]
    assert _rows(client.get(f"/service-years/?service={service.service_id}")) == ["FY2024"]
    assert _rows(client.get(f"/findings/?review={review.pk}")) == ["指摘"]
    assert _rows(client.get("/services/?system=NO-SUCH")) == []


def test_lists_drill_down_by_open_flags(world: World, cio: User) -> None:
    contract = factories.ContractFactory.create(
        agency=world.home, system=world.system, title="単独応札"
    )
    _flag(world, contract=contract, severity="high")
    client = signed_in(cio)
    assert _rows(client.get("/systems/?severity=high")) == ["内務台帳"]
    assert _rows(client.get("/contracts/?severity=high&rule=single_bidder")) == ["単独応札"]
    assert _rows(client.get("/projects/?rule=single_bidder")) == ["内務更改"]
    # Both must be true of one flag.
    assert _rows(client.get("/contracts/?severity=high&rule=cost_growth")) == []
    assert _rows(client.get("/systems/?severity=low")) == []


def test_reviews_overdue_can_be_listed(world: World, cio: User) -> None:
    for due, name in ((date(2020, 1, 1), "過去"), (None, "期限なし")):
        factories.ReviewFactory.create(system=world.system, due_on=due, reviewer=name)
    client = signed_in(cio)
    assert "過去" in _text(client.get("/reviews/?overdue=yes"))
    assert "期限なし" not in _text(client.get("/reviews/?overdue=yes"))
    assert "期限なし" in _text(client.get("/reviews/?overdue=no"))


def test_a_filter_that_cannot_be_read_empties_the_list_and_makes_no_file(
    world: World, pmo: User
) -> None:
    client = signed_in(pmo)
    for query in ("status=nonsense", "next_renewal_year=soon", "agency=nowhere"):
        page = client.get(f"/systems/?{query}")
        assert "内務台帳" not in _text(page), query
        assert "error-summary" in _text(page)
        assert "export.csv" not in _text(page)
        refused = client.get(f"/systems/export.csv?{query}")
        assert refused.status_code == 400
        assert refused.content


@pytest.mark.parametrize("raw", ["%F0%9F%92%A9", "9" * 400, "%25%27%22%3C"])
def test_strange_addresses_never_break_a_list(world: World, cio: User, raw: str) -> None:
    client = signed_in(cio)
    for slug, name in (
        ("systems", "q"), ("systems", "agency"), ("findings", "review"),
        ("contracts", "bidders"), ("updates", "period"), ("cost-lines", "system"),
        ("systems", "page"), ("systems", "sort"),
    ):  # fmt: skip
        assert client.get(f"/{slug}/?{name}={raw}").status_code == 200, (slug, name)
    assert client.get(f"/systems/{raw}/").status_code == 404
    assert client.get(f"/systems/{raw}/years.csv").status_code == 404
    assert client.get(f"/findings/{raw}/").status_code == 404


def test_the_file_holds_what_the_page_shows_on_all_its_pages(world: World, pmo: User) -> None:
    factories.SystemFactory.create_batch(ROWS_PER_PAGE + 5, agency=world.home)
    factories.SystemFactory.create(agency=world.home, status=SystemStatus.RETIRED, name="廃止")
    client = signed_in(pmo)
    query = "status=operating&sort=-system_id"
    shown = [
        name for page in (1, 2) for name in _rows(client.get(f"/systems/?{query}&page={page}"))
    ]
    rows = _file(client.get(f"/systems/export.csv?{query}"))
    assert [row["name"] for row in rows] == shown
    assert len(rows) == ROWS_PER_PAGE + 7
    response: Any = client.get(f"/systems/export.xlsx?{query}")
    book = load_workbook(BytesIO(b"".join(response.streaming_content)))
    sheet = book.get_sheet_by_name("Data").to_python()
    assert [row[0] for row in sheet[2:]] == shown
    about = {row[0]: row[1] for row in book.get_sheet_by_name("About").to_python()}
    assert about["Filter: Status"] == "in operation"
    assert about["Exported by"] == "pmo"


@pytest.mark.parametrize("slug", KINDS)
def test_every_list_can_be_taken_away(slug: str, everything: Mapping[str, Any], cio: User) -> None:
    client = signed_in(cio)
    shown = len(_rows(client.get(f"/{slug}/")))
    assert shown
    assert len(_file(client.get(f"/{slug}/export.csv"))) == shown
    assert client.get(f"/{slug}/export.pdf").status_code == 404


_MAKERS: Mapping[str, Callable[[World, int], Any]] = {
    "systems": lambda w, n: factories.SystemFactory.create(agency=w.home),
    "projects": lambda w, n: factories.ProjectFactory.create(agency=w.home, systems=[w.system]),
    "services": lambda w, n: factories.ServiceFactory.create(agency=w.home, systems=[w.system]),
    "contracts": lambda w, n: factories.ContractFactory.create(agency=w.home, system=w.system, project=w.project),
    "agencies": lambda w, n: factories.AgencyFactory.create(parent=w.home),
    "cost-lines": lambda w, n: factories.CostLineFactory.create(system=w.system, budget_year=1990 + n),
    "service-years": lambda w, n: factories.ServiceYearFactory.create(
        service__agency=w.home, service__systems=[w.system]
    ),
    "updates": lambda w, n: factories.MonthlyUpdateFactory.create(
        project=w.project, period=date(2020 + n // 12, n % 12 + 1, 1)
    ),
    "baselines": lambda w, n: factories.BaselineFactory.create(project=w.project, number=n + 1, reason="x"),
    "milestones": lambda w, n: factories.MilestoneFactory.create(project=w.project),
    "kpis": lambda w, n: factories.KpiFactory.create(system=w.system),
    "kpi-links": lambda w, n: factories.KpiLinkFactory.create(origin__system=w.system, target__system=w.system),
    "kpi-values": lambda w, n: factories.KpiValueFactory.create(kpi__system=w.system),
    "benefits": lambda w, n: factories.BenefitFactory.create(project=w.project, fiscal_year=1990 + n),
    "risks": lambda w, n: factories.RiskFactory.create(project=w.project),
    "reviews": lambda w, n: factories.ReviewFactory.create(system=w.system),
    "findings": lambda w, n: factories.FindingFactory.create(review__system=w.system),
    "lineage": lambda w, n: factories.SystemLineageFactory.create(predecessor=w.system),
    "plan-actions": lambda w, n: factories.PlanActionFactory.create(agency=w.home),
    "targets": lambda w, n: factories.TargetFactory.create(),
    "system-classes": lambda w, n: factories.SystemClassFactory.create(code=f"c{n}"),
    "cost-items": lambda w, n: factories.CostItemFactory.create(code=f"c{n}"),
    "review-types": lambda w, n: factories.ReviewTypeFactory.create(code=f"c{n}"),
    "risk-policies": lambda w, n: factories.RiskPolicyFactory.create(valid_from=date(1990 + n, 1, 1)),
}  # fmt: skip


@pytest.mark.parametrize("slug", _MAKERS)
def test_a_list_costs_the_same_at_three_rows_and_at_thirty(
    slug: str, world: World, pmo: User
) -> None:
    """Session, person, rights (3), agencies offered, masters offered, count, rows: at most 11."""
    client = signed_in(pmo)
    for number in range(3):
        _MAKERS[slug](world, number)
    few = _statements(client, f"/{slug}/")
    for number in range(3, 30):
        _MAKERS[slug](world, number)
    assert _statements(client, f"/{slug}/") == few
    assert few <= 11


# Pages --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("slug", KINDS)
def test_every_object_has_a_page(slug: str, everything: Mapping[str, Any], cio: User) -> None:
    kind, obj = KINDS[slug], everything[slug][0]
    response = signed_in(cio).get(kind.page_url(obj))
    html = _text(response)
    assert html.count("<h1") == 1
    assert " style=" not in html or slug == "agencies"


def test_the_page_of_a_system_tells_cost_value_and_trouble(world: World, cio: User) -> None:
    factories.CostLineFactory.create(
        system=world.system, budget_year=2024, amount=26_050_000_000,
        cost_item__cost_class="operation",
    )  # fmt: skip
    service = factories.ServiceFactory.create(
        agency=world.home, systems=[world.system], name="届出"
    )
    factories.ServiceYearFactory.create(service=service, fiscal_year=2024, counted=True)
    rollups.recompute_all()
    _flag(world, contract=factories.ContractFactory.create(
        agency=world.home, system=world.system, title="保守契約"), severity="medium")  # fmt: skip
    html = _text(signed_in(cio).get("/systems/HOME-1/"))
    assert "26,050,000,000" in html
    assert "50.0%" in html
    assert "One bidder in an open competition for" in html
    assert "Clears when:" in html
    assert "保守契約" in html
    assert "届出" in html


def test_the_goal_chain_is_drawn_with_its_reasons(world: World, cio: User) -> None:
    activity, output, outcome = (
        factories.KpiFactory.create(system=world.system, kind=kind, title=title)
        for kind, title in (
            (KpiKind.ACTIVITY, "説明会を開く"),
            (KpiKind.OUTPUT, "申請の電子化"),
            (KpiKind.OUTCOME, "待ち時間の短縮"),
        )
    )
    factories.KpiLinkFactory.create(origin=activity, target=output, reason="知らない人は使わない")
    factories.KpiLinkFactory.create(origin=output, target=outcome, reason="窓口が空く")
    factories.KpiValueFactory.create(
        kpi=outcome, fiscal_year=2024, target=30, target_state=ValueState.REPORTED,
        actual=None, actual_state=ValueState.MISSING,
    )  # fmt: skip
    html = _text(signed_in(cio).get("/systems/HOME-1/"))
    tree = html[html.index("goal-tree") :]
    places = [
        tree.index(text)
        for text in (
            "説明会を開く", "知らない人は使わない", "申請の電子化", "窓口が空く", "待ち時間の短縮",
        )
    ]  # fmt: skip
    assert places == sorted(places)
    assert "FY2024: target 30, actual –" in tree


def test_a_circle_of_goals_is_drawn_once(world: World, cio: User) -> None:
    one, two = (
        factories.KpiFactory.create(system=world.system, title=t) for t in ("甲目標", "乙目標")
    )
    factories.KpiLinkFactory.create(origin=one, target=two)
    factories.KpiLinkFactory.create(origin=two, target=one)
    html = _text(signed_in(cio).get("/systems/HOME-1/"))
    assert html.count("(drawn above)") == 1


def test_a_long_chain_of_goals_opens_folded(world: World, cio: User) -> None:
    client = signed_in(cio)
    factories.KpiFactory.create_batch(UNFOLDED, system=world.system)
    assert '<details class="disclosure" open>' in _text(client.get("/systems/HOME-1/"))
    factories.KpiFactory.create(system=world.system)
    html = _text(client.get("/systems/HOME-1/"))
    assert '<details class="disclosure" open>' not in html
    assert f"{UNFOLDED + 1} goals" in html


def test_long_tables_of_a_page_are_cut_and_lead_to_the_list(world: World, cio: User) -> None:
    factories.ContractFactory.create_batch(SHOWN + 3, agency=world.home, system=world.system)
    client = signed_in(cio)
    html = _text(client.get("/systems/HOME-1/"))
    assert f"See all {SHOWN + 3}" in html
    assert 'href="/contracts/?system=HOME-1"' in html
    assert len(_rows(client.get("/contracts/?system=HOME-1"))) == SHOWN + 3


def test_a_page_costs_the_same_whatever_hangs_on_it(world: World, cio: User) -> None:
    client = signed_in(cio)

    def fill(numbers: range) -> None:
        for number in numbers:
            for slug in (
                "contracts", "cost-lines", "services", "kpis", "reviews", "projects",
                "milestones", "risks", "updates", "benefits", "lineage",
            ):  # fmt: skip
                _MAKERS[slug](world, number)

    fill(range(3))
    few = [_statements(client, path) for path in ("/systems/HOME-1/", "/projects/HOME-P1/")]
    fill(range(3, SHOWN - 1))
    many = [_statements(client, path) for path in ("/systems/HOME-1/", "/projects/HOME-P1/")]
    assert many == few
    assert max(few) <= 26


def test_a_reader_sees_the_parts_that_the_roles_allow(world: World, cio: User) -> None:
    factories.CostLineFactory.create(system=None, project=world.project, amount=777_777)
    factories.RiskFactory.create(project=world.project, title="要員不足")
    hr = person(Role.HR, world)
    html = _text(signed_in(hr).get("/projects/HOME-P1/"))
    for hidden in ("777,777", "要員不足", "Open flags", "Audit trail", "Goals: from"):
        assert hidden not in html
    full = _text(signed_in(cio).get("/projects/HOME-P1/"))
    for shown in ("777,777", "要員不足", "Open flags", "Audit trail", "Goals: from"):
        assert shown in full


def test_the_page_names_the_file_that_brought_the_record(world: World, cio: User) -> None:
    run = ImportRun.objects.create(
        kind="rs2024",
        started_at=datetime(2026, 11, 1, 3, tzinfo=UTC),
        files=[{"name": "1-2_基本情報.csv", "sha256": "ab" * 32}],
    )
    System.objects.filter(pk=world.system.pk).update(import_run=run)
    html = _text(signed_in(cio).get("/systems/HOME-1/"))
    assert "rs2024" in html
    assert "1-2_基本情報.csv" in html
    assert "ab" * 32 in html


def test_the_story_of_a_record_is_for_those_who_may_read_it(
    world: World, pmo: User, cio: User, auditor: User, now: datetime
) -> None:
    register.edit(
        act(pmo, now, "改称の通知"),
        KINDS["systems"],
        world.system.pk,
        {"name": "改称後", "agency": world.sub, "hosting": "public_cloud"},
        version=1,
    )
    for reader in (cio, auditor):
        html = _text(signed_in(reader).get("/systems/HOME-1/"))
        assert "name: 内務台帳 → 改称後" in html
        assert "agency: Home Ministry → Home Sub-agency" in html
        assert "→ public cloud" in html
        assert "改称の通知" in html
        assert f'href="/audit/?type=system&key={world.system.pk}"' in html
    assert "内務台帳 → 改称後" not in _text(signed_in(pmo).get("/systems/HOME-1/"))


def test_names_come_in_the_readers_language(world: World, cio: User) -> None:
    client = Client(headers={"accept-language": "ja"})
    client.force_login(cio)
    html = _text(client.get("/systems/HOME-1/"))
    assert "内務省" in html
    assert "Home Ministry" not in html


def test_buttons_to_add_lead_to_forms_that_open(world: World, pmo: User, pjmo: User) -> None:
    for user in (pmo, pjmo):
        client = signed_in(user)
        for path in ("/systems/HOME-1/", "/projects/HOME-P1/"):
            links = set(re.findall(r'href="(/[a-z-]+/new/\?[^"]+)"', _text(client.get(path))))
            assert links, path
            for link in links:
                assert client.get(link).status_code == 200, (user, link)


def test_nobody_is_offered_to_add_where_they_have_no_right(world: World) -> None:
    """The PMO of one ministry and an auditor look at the same page: only one of them may add."""
    auditor, pjmo = person(Role.AUDITOR, world), person(Role.PJMO, world)
    assert "/new/" not in _text(signed_in(auditor).get("/projects/HOME-P1/"))
    factories.MembershipFactory.create(user=pjmo, role=Role.ACCOUNTING, agency=world.other)
    html = _text(signed_in(pjmo).get("/projects/OTHER-P1/"))
    assert "/risks/new/" not in html
    assert "/cost-lines/new/?project=OTHER-P1" in html


# Monthly reports -----------------------------------------------------------------------------------------


def test_a_report_goes_from_draft_to_approved(world: World, pmo: User, pjmo: User) -> None:
    update = factories.MonthlyUpdateFactory.create(project=world.project)
    url = f"/updates/{update.pk}/"
    author, approver = signed_in(pjmo), signed_in(pmo)
    assert "Submit the report" in _text(author.get(url))
    assert "Approve the report" not in _text(approver.get(url))
    assert "The report is submitted." in _text(author.post(f"{url}submit/", follow=True))
    sent = approver.post(f"{url}return/", {"reason": "費用の説明を"}, follow=True)
    assert "The report is sent back." in _text(sent)
    assert AuditEvent.objects.get(verb="update.returned").reason == "費用の説明を"
    author.post(f"{url}submit/")
    assert "The report is approved." in _text(approver.post(f"{url}approve/", follow=True))
    update.refresh_from_db()
    assert update.state == UpdateState.APPROVED
    assert (update.submitted_by, update.approved_by) == (pjmo, pmo)


def test_a_report_is_sent_back_with_a_reason_only(world: World, pmo: User) -> None:
    update = factories.MonthlyUpdateFactory.create(project=world.project, submitted=True)
    response = signed_in(pmo).post(f"/updates/{update.pk}/return/", {"reason": "  "}, follow=True)
    assert "Say why the report is returned." in _text(response)
    assert MonthlyUpdate.objects.get().state == UpdateState.SUBMITTED


def test_nobody_approves_their_own_report(world: World, pjmo: User) -> None:
    factories.MembershipFactory.create(user=pjmo, role=Role.PMO, agency=world.home)
    update = factories.MonthlyUpdateFactory.create(
        project=world.project, submitted=True, submitted_by=pjmo
    )
    client = signed_in(pjmo)
    assert "Approve the report" not in _text(client.get(f"/updates/{update.pk}/"))
    response = client.post(f"/updates/{update.pk}/approve/", follow=True)
    assert "Nobody approves their own report." in _text(response)


# A file that is taken writes its event, and nothing else: tests/reports/test_files_taken.py.
def test_reading_never_writes(everything: Mapping[str, Any], cio: User) -> None:
    client = signed_in(cio)
    paths = [f"/{slug}/{tail}" for slug in KINDS for tail in ("", "new/")]
    paths += [KINDS[slug].page_url(everything[slug][0]) for slug in KINDS]
    paths += ["/audit/", "/search/?q=台帳"]
    with CaptureQueriesContext(connection) as captured:
        for path in paths:
            response: Any = client.get(path)
            if response.streaming:
                assert b"".join(response.streaming_content)
    written = [
        query["sql"]
        for query in captured.captured_queries
        if query["sql"].split()[0] in {"INSERT", "UPDATE", "DELETE"}
    ]
    assert written == []


# The audit trail -----------------------------------------------------------------------------------------


@pytest.fixture
def told(world: World, pmo: User, now: datetime) -> World:
    """A short story: a system created and renamed, a project moved on."""
    systems = KINDS["systems"]
    made = register.create(
        act(pmo, now),
        systems,
        {"system_id": "NEW-1", "name": "新台帳", "agency": world.home,
         "system_class": world.system.system_class, "status": SystemStatus.PLANNING},
    )  # fmt: skip
    register.edit(act(pmo, now, "改称"), systems, made.pk, {"name": "改称後"}, version=1)
    asked = changes.request(
        act(None, now, "総合テストに入るため"), KINDS["projects"], world.project.pk,
        {"phase": "testing"},
    )  # fmt: skip
    changes.approve(act(None, now), asked.pk)
    return world


def test_the_trail_is_told_in_words_and_leads_to_the_record(told: World, auditor: User) -> None:
    html = _text(signed_in(auditor).get("/audit/"))
    assert "phase: design and build → test and move" in html
    assert "name: 新台帳 → 改称後" in html
    assert 'href="/systems/NEW-1/"' in html
    assert "改称" in html


def test_the_trail_is_narrowed_by_who_what_and_when(told: World, auditor: User) -> None:
    client = signed_in(auditor)
    system = System.objects.get(system_id="NEW-1")
    everything = AuditEvent.objects.count()
    for query, expected in {
        "": everything,
        "actor=pmo": 2,
        "type=project": 1,
        f"type=system&key={system.pk}": 2,
        "verb=edited": 2,
        "object=改称": 1,
        "since=令和8年11月24日": everything,
        "until=2026-11-23": 0,
        "since=nonsense": 0,
    }.items():
        assert len(_rows(client.get(f"/audit/?{query}"))) == expected, query
    assert client.get("/audit/export.csv?since=nonsense").status_code == 400


def test_the_trail_can_be_taken_away_in_order(
    told: World, auditor: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("projects.audit_list.CHUNK", 2)
    rows = _file(signed_in(auditor).get("/audit/export.csv"))
    last = AuditEvent.objects.count()
    assert last > 2
    assert [row["No."] for row in rows] == [str(number) for number in range(last, 0, -1)]
    renamed = next(row for row in rows if row["reason"] == "改称")
    assert "name: 新台帳 → 改称後" in renamed["what changed"]


def test_the_trail_costs_the_same_whatever_it_lists(
    told: World, auditor: User, now: datetime
) -> None:
    client = signed_in(auditor)
    few = _statements(client, "/audit/")
    for number in range(2, 30):
        register.edit(
            act(None, now), KINDS["projects"], told.project.pk, {"purpose": f"目的{number}"},
            version=number,
        )  # fmt: skip
    assert _statements(client, "/audit/") == few


def _flag(world: World, *, severity: str, **subject: Any) -> None:
    RiskFlag.objects.create(
        rule_id="single_bidder",
        rule_version=1,
        agency=world.home,
        severity=severity,
        figures={"is_competitive": 1, "bidders": 1, "amount": 120_000_000, "has_reason": 0},
        parameters={"large_amount_yen": "100000000000", "high_award_ratio": "0.99"},
        opened_on=date(2026, 11, 1),
        severity_since=date(2026, 11, 1),
        judged_on=date(2026, 11, 24),
        **subject,
    )


def test_layers_of_review_have_rights_of_their_own(world: World, pmo: User, cio: User) -> None:
    reviews = {
        layer: factories.ReviewFactory.create(
            system=world.system, review_type=factories.ReviewTypeFactory.create(layer=layer)
        )
        for layer in (ReviewLayer.MINISTRY, ReviewLayer.CIO)
    }
    for review in reviews.values():  # Before, there would be nothing to answer.
        factories.FindingFactory.create(review=review)
    for user, layer, verdict, response in (
        (pmo, ReviewLayer.MINISTRY, True, True),
        (pmo, ReviewLayer.CIO, False, True),  # Reviewed by the CIO office, answered at home.
        (cio, ReviewLayer.CIO, True, False),
    ):
        page = signed_in(user).get(f"/reviews/{reviews[layer].pk}/edit/")
        fields = page.context["form"].fields
        writes = tuple(not fields[name].disabled for name in ("verdict", "response"))
        assert writes == (verdict, response), (user, layer)
    client = signed_in(cio)
    assert client.get(f"/reviews/{reviews[ReviewLayer.MINISTRY].pk}/edit/").status_code == 403


def test_lists_still_offer_agencies_after_the_api_described_its_filters(
    world: World, pmo: User
) -> None:
    """A filter class that somebody looked at keeps its fields; each reader has their own."""
    for filter_ in filters_of(KINDS["systems"]).base_filters.values():
        assert filter_.field is not None
    assert _rows(signed_in(pmo).get("/systems/?agency=sub")) == ["外局台帳"]


def test_a_report_that_moved_on_loses_no_reason(world: World, pmo: User) -> None:
    update = factories.MonthlyUpdateFactory.create(project=world.project, submitted=True)
    answer = signed_in(pmo).post(
        f"/updates/{update.pk}/return/", {"reason": "実績の根拠を", "version": "9"}, follow=True
    )
    assert "実績の根拠を</textarea>" in answer.content.decode()
