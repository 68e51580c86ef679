"""A project's figures on a day: by hand, with their inputs."""

import json
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from html import unescape
from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone

from governance.access import Role
from projects.figures import Figure, figures_of
from projects.metric_text import SOURCES
from projects.metrics.cases import COLUMNS
from projects.metrics.dictionary import METRICS
from projects.models import PlannedValue
from tests import factories
from tests.conftest import World, person, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def measured(world: World) -> World:
    """UT Dallas' case as a project that is half-way, re-baselined once."""
    first = factories.BaselineFactory.create(
        project=world.project, agreed_on=date(2026, 1, 1), budget_at_completion=100_000,
        planned_start_on=date(2026, 1, 1), planned_end_on=date(2026, 12, 31),
    )  # fmt: skip
    for month in range(1, 13):
        PlannedValue.objects.create(
            baseline=first, period=date(2026, month, 1), amount=100_000 * month // 12
        )
    factories.MonthlyUpdateFactory.create(
        project=world.project, period=date(2026, 6, 1), approved=True,
        approved_at=datetime(2026, 7, 5, tzinfo=UTC), planned_value=55_000, earned_value=50_000,
        actual_cost=45_000, forecast_cost=90_000, forecast_end_on=date(2027, 1, 31),
    )  # fmt: skip
    return world


def found(world: World, as_of: date) -> dict[tuple[str, str], Figure]:
    figures = figures_of(world.project, as_of).figures
    return {(f.metric.id, f.note.split(":")[0]): f for f in figures}


def test_earned_value_with_its_inputs(measured: World) -> None:
    cpi = found(measured, date(2026, 7, 10))["cpi", ""]
    assert cpi.measure.value is not None
    assert round(cpi.measure.value, 4) == Decimal("1.1111")
    assert {(i.name, i.value, i.source) for i in cpi.inputs} >= {
        ("EV", 50_000, "monthly report 2026-06, revision 1"),
        ("BAC", 100_000, "baseline 1"),
    }
    es = found(measured, date(2026, 7, 10))["es", ""]
    assert es.measure.value == 6
    sv_t = found(measured, date(2026, 7, 10))["sv_t", ""]
    assert sv_t.measure.value == 0


def test_the_variance_moves_with_the_day_and_stands_against_both_plans(measured: World) -> None:
    factories.BaselineFactory.create(
        project=measured.project, number=2, reason="延長", agreed_on=date(2026, 8, 1),
        budget_at_completion=120_000, planned_start_on=date(2026, 1, 1),
        planned_end_on=date(2027, 1, 31),
    )  # fmt: skip
    before = found(measured, date(2026, 7, 10))
    assert before["schedule_variance_days", "against baseline 1"].measure.value == -31
    assert ("schedule_variance_days", "against baseline 2") not in before
    later = found(measured, date(2026, 9, 1))
    assert later["schedule_variance_days", "against baseline 1"].measure.value == -31
    assert later["schedule_variance_days", "against baseline 2"].measure.value == 0
    past = found(measured, date(2027, 3, 2))
    assert past["schedule_variance_days", "against baseline 2"].measure.value == -30
    assert past["schedule_variance_days", "against baseline 2"].note.endswith("on plan")
    assert past["schedule_variance_days", "against baseline 1"].note.endswith("late")


def test_the_projects_page_holds_the_plans_with_the_sign_of_its_explanation(world: World) -> None:
    today = timezone.localdate()
    last_month = (today.replace(day=1) - timedelta(days=1)).replace(day=1)
    for number, end, budget in ((1, 30, 100_000), (2, 90, 120_000)):
        factories.BaselineFactory.create(
            project=world.project, number=number, reason="" if number == 1 else "延長",
            agreed_on=today - timedelta(days=100 - number), budget_at_completion=budget,
            planned_start_on=today - timedelta(days=300),
            planned_end_on=today + timedelta(days=end),
        )  # fmt: skip
    factories.MonthlyUpdateFactory.create(
        project=world.project, period=last_month, approved=True,
        approved_at=timezone.now(), forecast_cost=120_000,
        forecast_end_on=today + timedelta(days=90),
    )  # fmt: skip
    client = signed_in(person(Role.PMO, world))
    html = client.get("/projects/HOME-P1/").content.decode()
    table = html[html.index("Against the plan on") :]
    rows = table[table.index("<tbody>") : table.index("</tbody>")].split("</tr>")[:2]
    first, current = (" ".join(re.sub(r"<[^>]+>", " ", row).split()) for row in rows)
    assert first.startswith("first baseline")
    assert "-60 late" in first
    assert "-20,000 over" in first
    assert current.startswith("current baseline (2)")
    assert "0 on plan" in current
    links = [unescape(link) for link in re.findall(r'href="(/explain/[^"]+)"', rows[0])]
    assert [link.split("/")[2] for link in links] == ["schedule_variance_days", "cost_variance"]
    assert "-60" in client.get(links[0]).content.decode()


def test_before_the_approval_nothing_is_known(measured: World) -> None:
    early = found(measured, date(2026, 7, 1))
    assert early["cpi", ""].measure.value is None
    assert early["cpi", ""].measure.reason == "no_data"


def test_the_command_prints_figures_with_their_inputs(measured: World) -> None:
    out = StringIO()
    call_command("metrics", "--json", project="HOME-P1", as_of="2026-07-10", stdout=out)
    told = json.loads(out.getvalue())
    assert told["report"] == {
        "period": "2026-06", "revision": 1, "approved_at": "2026-07-05T00:00:00+00:00",
        "age_days": 5,
    }  # fmt: skip
    cv = next(f for f in told["figures"] if f["metric"] == "cv")
    assert (cv["value"], cv["formula"]) == ("5000", "EV − AC")
    lines = StringIO()
    call_command("metrics", project="HOME-P1", as_of="2026-07-01", stdout=lines)
    assert "cpi: (no_data)" in lines.getvalue()
    with pytest.raises(CommandError, match="no project"):
        call_command("metrics", project="NONE")
    with pytest.raises(CommandError, match="no date"):
        call_command("metrics", project="HOME-P1", as_of="Mai")


def test_the_dictionary_is_complete_and_documented() -> None:
    call_command("document_metrics", check=True)
    computed = {name for columns in COLUMNS.values() for name in columns}
    words = {"schedule_colour", "cost_colour", "schedule_state", "cost_state", "met"}
    further = {"pv_costs", "pv_benefits", "discounted_payback"}
    assert computed - words - further <= set(METRICS)
    assert {metric.source for metric in METRICS.values()} == SOURCES


def test_the_dictionary_is_a_page(measured: World) -> None:
    page = signed_in(person(Role.CIO_OFFICE, measured)).get("/metrics/").content.decode()
    assert "Cost performance index" in page
    assert "EV ÷ AC" in page
    japanese = signed_in(person(Role.AUDITOR, measured))
    japanese.cookies["django_language"] = "ja"
    assert "コスト効率指数" in japanese.get("/metrics/").content.decode()


def test_the_page_puts_the_numbers_into_the_formula(measured: World) -> None:
    client = signed_in(person(Role.PMO, measured))
    page = client.get("/projects/HOME-P1/figures/?as_of=2026-07-10").content.decode()
    assert "BAC = 100,000; PV = 55,000; EV = 50,000; AC = 45,000" in page
    assert "¥5,000" in page
    assert "1.1111 ratio" in page
    assert "monthly report 2026-06, revision 1" in page
    assert "5 days old" in page
    before = client.get("/projects/HOME-P1/figures/?as_of=2026-07-01").content.decode()
    assert "No report was approved by that day" in before
    assert "an input is not reported" in before
    odd = client.get("/projects/HOME-P1/figures/?as_of=gestern").content.decode()
    assert "This is not a date; today is shown." in odd


# Value over investment ------------------------------------------------------------------------------


def benefit(world: World, year: int, planned: int | None, realised: int | None) -> None:
    factories.BenefitFactory.create(
        project=world.project, fiscal_year=year,
        planned=planned, planned_state="missing" if planned is None else "reported",
        realised=realised, realised_state="missing" if realised is None else "reported",
    )  # fmt: skip


def test_benefits_stand_beside_the_whole_cost_of_the_plan(measured: World) -> None:
    """100,000 over 2026, of which three months are fiscal year 2025; 60,000 promised for 2025 and
    90,000 for 2026. At no discount: 150,000 ÷ 100,000; 30,000 were realised in 2025."""
    benefit(measured, 2025, 60_000, 30_000)
    benefit(measured, 2026, 90_000, None)
    shown = {
        (figure.metric.id, figure.note.partition(";")[0]): figure
        for figure in figures_of(measured.project, date(2026, 7, 10), Decimal(0)).figures
    }
    planned, expected = "benefits as planned", "benefits as realised, else as planned"
    assert shown["bcr", planned].measure.value == Decimal("1.5")
    assert shown["bcr", expected].measure.value == Decimal("1.2")
    assert shown["npv", planned].measure.value == 50_000
    assert shown["roi", expected].measure.value == Decimal("0.2")
    inputs = {item.name: item.value for item in shown["npv", planned].inputs}
    assert inputs["cost 2025"] == 25_000
    assert inputs["benefit 2025"] == 60_000
    assert (inputs["base year"], inputs["years"]) == ("2025", 2)


def test_an_unknown_benefit_leaves_the_worth_unknown(measured: World) -> None:
    benefit(measured, 2025, 60_000, None)
    benefit(measured, 2026, None, None)
    shown = found(measured, date(2026, 7, 10))
    assert shown["npv", "benefits as planned"].measure.reason == "no_data"


def test_without_a_measured_benefit_there_is_one_reading(measured: World) -> None:
    benefit(measured, 2026, 90_000, None)
    notes = [note for name, note in found(measured, date(2026, 7, 10)) if name == "npv"]
    assert notes == ["benefits as planned"]


def test_yen_are_rounded_not_cut(measured: World) -> None:
    """BAC ÷ CPI of a third leaves a hair below the yen: 100,000 ÷ (50,000 ÷ 30,000) is 60,000."""
    measured.project.updates.update(actual_cost=30_000)
    client = signed_in(person(Role.PMO, measured))
    page = client.get("/projects/HOME-P1/figures/?as_of=2026-07-10").content.decode()
    assert "¥60,000" in page
    assert "¥59,999" not in page
    assert "¥39,999" not in page


def test_the_rate_is_the_readers_to_choose(measured: World) -> None:
    benefit(measured, 2026, 90_000, None)
    client = signed_in(person(Role.PMO, measured))
    page = client.get("/projects/HOME-P1/figures/?as_of=2026-07-10&rate=10").content.decode()
    assert "discount rate = 0.1" in page
    odd = client.get("/projects/HOME-P1/figures/?as_of=2026-07-10&rate=abc").content.decode()
    assert "discount rate = 0.04" in odd
    assert "from 0 to 100 %" in odd


# Milestones -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("forecast", "actual", "days", "state"),
    [
        (None, date(2026, 6, 25), 5, "early"),
        (None, date(2026, 6, 30), 0, "on plan"),
        (date(2026, 8, 1), None, -32, "late"),
        (date(2026, 7, 1), None, -10, "late"),  # That forecast has passed: it is late today.
        (None, None, -10, "late"),
        (None, date(2026, 7, 11), -10, "late"),  # Met after the day that is asked about.
    ],
)
def test_a_milestone_is_read_as_of_the_day(
    world: World, forecast: date | None, actual: date | None, days: int, state: str
) -> None:
    factories.MilestoneFactory.create(
        project=world.project, planned_on=date(2026, 6, 30), forecast_on=forecast, actual_on=actual
    )
    (one,) = figures_of(world.project, date(2026, 7, 10)).milestones
    assert one.days.value == days
    assert one.state.value == state


def test_a_milestone_ahead_without_a_forecast_is_not_computable(world: World) -> None:
    factories.MilestoneFactory.create(
        project=world.project, planned_on=date(2026, 7, 10), forecast_on=None, actual_on=None
    )
    found_ = figures_of(world.project, date(2026, 7, 10))
    assert found_.milestones[0].days.reason == "no_data"
    assert found_.as_json()["milestones"][0]["state"] == "unknown"
    page = signed_in(person(Role.PMO, world)).get("/projects/HOME-P1/figures/?as_of=2026-07-10")
    assert "Milestones" in page.content.decode()
