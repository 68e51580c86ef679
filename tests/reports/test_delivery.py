"""Delivery of the portfolio: who is late or over, and earned value rolled up."""

import csv
from datetime import date
from io import StringIO

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from governance.models import User
from projects.models import PlannedValue
from tests import factories
from tests.conftest import World, signed_in
from tests.reports.test_explain import page, text

pytestmark = pytest.mark.django_db


def planned(project: object, *, budget: int, earned: int | None, spent: int, cost: int) -> None:
    """A plan of 2026 with 12 equal months, and June's report, whose finish is a month late."""
    plan = factories.BaselineFactory.create(
        project=project, agreed_on=date(2026, 1, 5), planned_start_on=date(2026, 1, 1),
        planned_end_on=date(2026, 12, 31), budget_at_completion=budget,
    )  # fmt: skip
    PlannedValue.objects.bulk_create(
        PlannedValue(baseline=plan, period=date(2026, month, 1), amount=budget * month // 12)
        for month in range(1, 13)
    )
    factories.MonthlyUpdateFactory.create(
        project=project, approved=True, period=date(2026, 6, 1), earned_value=earned,
        planned_value=budget // 2, actual_cost=spent, forecast_cost=cost,
        forecast_end_on=date(2027, 3, 31),
    )  # fmt: skip


@pytest.fixture
def delivered(world: World) -> World:
    planned(world.project, budget=120_000, earned=50_000, spent=45_000, cost=130_000)
    planned(world.other_project, budget=240_000, earned=150_000, spent=200_000, cost=400_000)
    second = factories.ProjectFactory.create(code="HOME-P2", name="実績なし", agency=world.home)
    planned(second, budget=10_000, earned=None, spent=1, cost=5_000)
    return world


def rows(client: Client, query: str) -> list[dict[str, str]]:
    response = client.get(f"/delivery/export.csv?{query}")
    assert response.status_code == 200
    content = b"".join(response.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    lines = [line for line in content.splitlines() if not line.startswith("#")]
    return list(csv.DictReader(StringIO("\n".join(lines))))


def test_late_and_over_are_told_from_early_and_under(delivered: World, cio: User) -> None:
    told = text(page(signed_in(cio), "/delivery/?as_of=2026-11-20"))
    assert "Earned value is known for 2 of 3 projects" in told
    by_code = {row["project code"]: row for row in rows(signed_in(cio), "as_of=2026-11-20")}
    assert by_code["HOME-P1"]["first plan: schedule"] == "late"
    assert by_code["HOME-P1"]["first plan: cost"] == "on plan"
    assert by_code["OTHER-P1"]["first plan: cost"] == "over"
    assert by_code["HOME-P2"]["first plan: cost"] == "under"
    assert by_code["HOME-P1"]["CPI"] == "1.111"
    assert by_code["HOME-P2"]["CPI"] == ""


def test_earned_value_is_rolled_up_by_agency(delivered: World, cio: User) -> None:
    found = {row["agency"]: row for row in rows(signed_in(cio), "table=agencies&as_of=2026-11-20")}
    home = found["Home Ministry"]
    assert (home["projects"], home["with earned value"]) == ("2", "1")
    assert home["EV (yen)"] == "50000"
    html = page(signed_in(cio), "/delivery/?as_of=2026-11-20")
    assert "0.816" in text(html)  # 200,000 ÷ 245,000
    assert "/explain/cpi/" in html
    explained = text(page(signed_in(cio), "/explain/cpi/?as_of=2026-11-20"))
    assert "¥200,000 ÷ ¥245,000 = 0.8163" in explained
    assert "2 of 3 are known" in explained
    assert "実績なし" in explained


def test_a_day_later_a_finish_that_passed_is_late_that_day(delivered: World, cio: User) -> None:
    before = rows(signed_in(cio), "as_of=2026-11-20")
    later = rows(signed_in(cio), "as_of=2027-05-31")
    key = "first plan: days early (+) or late (−)"
    assert before[0][key] == "-90"
    assert later[0][key] == "-151"


def test_a_ministry_sees_its_own_projects(delivered: World, pmo: User) -> None:
    assert {row["project code"] for row in rows(signed_in(pmo), "")} == {"HOME-P1", "HOME-P2"}


def test_a_file_of_what_cannot_be_read_is_refused(delivered: World, cio: User) -> None:
    client = signed_in(cio)
    assert client.get("/delivery/export.csv?as_of=soon").status_code == 400
    assert client.get("/delivery/export.pdf").status_code == 404
    assert "is not a date" in page(client, "/delivery/?as_of=soon")


def test_as_many_queries_for_thirty_projects_as_for_three(delivered: World, cio: User) -> None:
    client = signed_in(cio)

    def count() -> int:
        with CaptureQueriesContext(connection) as context:
            page(client, "/delivery/?as_of=2026-11-20")
        return len(context)

    before = count()
    for number in range(27):
        project = factories.ProjectFactory.create(agency=delivered.home, code=f"MORE-{number}")
        planned(project, budget=1_200, earned=500, spent=450, cost=1_300)
    assert count() == before
