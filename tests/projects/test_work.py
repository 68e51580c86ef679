"""My work: what waits for each role, and nothing that does not."""

from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from governance.access import Role
from governance.models import User
from projects.models import Baseline, ChangeRequest, CostLine
from projects.models.choices import CostClass, RequestState, Stage, UpdateState
from projects.services import flags, rollups
from projects.work import owed_month
from tests import factories
from tests.conftest import World, act, person, signed_in

pytestmark = pytest.mark.django_db

TODAY = date(2026, 11, 24)


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django.utils.timezone.localdate", lambda *_a, **_k: TODAY)


def work(user: User) -> str:
    response = signed_in(user).get("/work/")
    assert response.status_code == 200
    text: str = response.content.decode()
    return text


def section(page: str, name: str) -> str:
    """The part of the page under a heading; "" where it is not there."""
    mark = f'aria-labelledby="{name}"'
    return page.split(mark)[1].split("</section>")[0] if mark in page else ""


@pytest.mark.parametrize(
    ("as_of", "month", "due"),
    [
        (date(2026, 11, 24), date(2026, 10, 1), date(2026, 11, 10)),
        (date(2026, 11, 25), date(2026, 10, 1), date(2026, 11, 10)),
        (date(2026, 11, 26), date(2026, 11, 1), date(2026, 12, 10)),
        (date(2026, 12, 1), date(2026, 11, 1), date(2026, 12, 10)),
        (date(2027, 1, 5), date(2026, 12, 1), date(2027, 1, 10)),
    ],
)
def test_the_month_asked_for(as_of: date, month: date, due: date) -> None:
    assert owed_month(as_of, 10) == (month, due)


def test_the_pjmo_sees_the_oldest_month_it_owes(world: World, pjmo: User) -> None:
    factories.MonthlyUpdateFactory.create(
        project=world.project, period=date(2026, 7, 1), approved=True
    )
    owed = section(work(pjmo), "owed")
    assert "/projects/HOME-P1/reports/2026-08/" in owed
    assert "late" in owed
    assert "OTHER-P1" not in owed


def test_what_came_back_stands_first_with_its_reason(world: World, pjmo: User) -> None:
    factories.MonthlyUpdateFactory.create(
        project=world.project, state=UpdateState.RETURNED, return_reason="根拠を示すこと"
    )
    owed = section(work(pjmo), "owed")
    assert "returned to you" in owed
    assert "根拠を示すこと" in owed
    assert owed.count("/reports/2026-10/") == 1


def test_the_pmo_sees_what_waits_for_it_but_not_its_own(
    world: World, pmo: User, other_pmo: User
) -> None:
    factories.MonthlyUpdateFactory.create(project=world.project, submitted=True)
    mine = factories.ProjectFactory.create(code="HOME-P2", name="自分の", agency=world.home)
    factories.MonthlyUpdateFactory.create(project=mine, submitted=True, submitted_by=pmo)
    plan = {"agreed_on": None, "number": None, "state": RequestState.REQUESTED}
    factories.BaselineFactory.create(project=world.project, reason="延長", **plan)
    factories.BaselineFactory.create(project=mine, requested_by=pmo, **plan)
    for project, author in ((world.project, None), (mine, pmo)):
        ChangeRequest.objects.create(
            kind="projects", object_pk=project.pk, object_name=project.name, resource="project",
            agency=world.home, project=project, before={"phase": "building"},
            after={"phase": "testing"}, reason="総合テストに入る", requested_by=author,
            requested_at=project.updated_at,
        )  # fmt: skip
    page = work(pmo)
    assert "内務更改" in section(page, "approve")
    assert "自分の" not in section(page, "approve")
    assert "延長" in section(page, "plans")
    assert "自分の" not in section(page, "plans")
    changes, asked = section(page, "changes"), section(page, "asked")
    assert "内務更改" in changes
    assert "自分の" not in changes
    assert "自分の" in asked
    assert "phase" in asked
    assert "内務更改" not in work(other_pmo)
    assert Baseline.objects.count() == 2


def test_who_has_not_reported_by_agency(world: World, cio: User) -> None:
    factories.MonthlyUpdateFactory.create(project=world.project, approved=True)
    page = work(cio)
    agencies = section(page, "agencies")
    rows = {
        row.split("</a>")[0].rsplit(">", 1)[1]: [
            cell.split("</td>")[0] for cell in row.split('class="cell-number">')[1:]
        ]
        for row in agencies.split("<tr>")[2:]
    }
    assert rows == {"Home Ministry": ["1", "1", "1", "0"], "Other Ministry": ["1", "0", "0", "1"]}
    assert "別省更改" in section(page, "missing")
    assert "内務更改" not in section(page, "missing")


def test_accounting_sees_systems_without_an_executed_figure(world: World) -> None:
    clerk = person(Role.ACCOUNTING, world)
    page = work(clerk)
    assert "/systems/HOME-1/costs/" in section(page, "unsettled")
    assert not section(page, "owed")
    factories.CostLineFactory.create(
        system=world.system, budget_year=2025, sheet_year=2026,
        cost_item__cost_class=CostClass.UNCLASSIFIED,
    )  # fmt: skip
    rollups.recompute_all()
    assert CostLine.objects.get().stage == Stage.EXECUTED
    assert "HOME-1" not in section(work(clerk), "unsettled")


def test_the_verifier_sees_the_cases_alone(world: World) -> None:
    verifier = person(Role.VERIFIER, world)
    layer = factories.ReviewTypeFactory.create(layer="third_party", name="検証")
    review = factories.ReviewFactory.create(
        system=None, project=world.project, review_type=layer, due_on=date(2026, 12, 1)
    )
    factories.FindingFactory.create(review=review, text="工程が粗い")
    factories.ReviewFactory.create(system=None, project=world.other_project, review_type=layer)
    page = work(verifier)
    assert "内務更改" in section(page, "cases")
    assert "別省更改" not in page
    assert "工程が粗い" in section(page, "findings")


def test_flags_are_shown_to_whoever_can_clear_them(world: World, pjmo: User, now: Any) -> None:
    factories.ContractFactory.create(agency=world.home, system=world.system, bidders=1,
                                     award_ratio="0.99", award_ratio_state="reported")  # fmt: skip
    flags.recompute_all(act(None, now), as_of=TODAY)
    mine = section(work(pjmo), "clearable")
    assert "Monthly report late" in mine
    assert "Clears when" in mine
    clerk = work(person(Role.ACCOUNTING, world))
    assert "Monthly report late" not in section(clerk, "clearable")


def test_the_minister_sees_what_can_be_published(world: World) -> None:
    factories.MonthlyUpdateFactory.create(project=world.project, approved=True)
    assert "内務更改" in section(work(person(Role.MINISTRY_CIO, world)), "publish")


def test_nothing_waits_is_said(world: World) -> None:
    assert "Nothing waits for you today." in work(person(Role.PUBLIC_RELATIONS, world))


@pytest.mark.parametrize("role", [Role.CIO_OFFICE, Role.PMO, Role.PJMO, Role.ACCOUNTING])
def test_queries_do_not_grow(role: Role, world: World, now: Any) -> None:
    user = person(role, world)
    client = signed_in(user)
    counts = []
    for _round in range(2):
        for _number in range(6):
            system = factories.SystemFactory.create(agency=world.home)
            project = factories.ProjectFactory.create(agency=world.home, systems=[system])
            factories.MembershipFactory.create(user=user, role=Role.PJMO, project=project)
            factories.MonthlyUpdateFactory.create(project=project, submitted=True)
        flags.recompute_all(act(None, now), as_of=TODAY)
        with CaptureQueriesContext(connection) as found:
            client.get("/work/")
        counts.append(len(found))
    assert counts[0] == counts[1] <= 20
