"""What the register teaches: only what was known on the day, scoped to whoever asks."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from governance.access import Role
from projects.metrics.outlook.warning import Sign
from projects.models import OutlookRun, Project
from projects.models.choices import ProjectPhase
from projects.outlook import case_of_each, cases_of_register, finished_projects
from projects.services import outlook
from tests import factories
from tests.conftest import World, person, signed_in

pytestmark = pytest.mark.django_db
AS_OF = date(2026, 11, 24)


def report(project: object, day: date, **values: object) -> None:
    """An approved report."""
    factories.MonthlyUpdateFactory.create(
        project=project,
        period=day.replace(day=1),
        approved=True,
        approved_at=datetime(day.year, day.month, day.day, 9, tzinfo=UTC),
        **{
            "confidence": 4,
            "forecast_end_on": date(2027, 3, 31),
            "forecast_cost": 100_000,
            "planned_value": 50_000,
            "earned_value": 45_000,
            "actual_cost": 60_000,
            **values,
        },
    )


def test_a_case_is_what_reports_showed_at_the_end_of_a_quarter(world: World) -> None:
    report(world.project, date(2025, 3, 10))
    report(
        world.project, date(2026, 3, 10), confidence=3, forecast_end_on=date(2027, 12, 31),
        forecast_cost=109_000,
    )  # fmt: skip
    first, *_between, last = cases_of_register(AS_OF)
    assert first.day == date(2025, 3, 31)
    assert (first.now.rating, first.now.cost, first.now.spent) == (4, Decimal(100_000), 1.2)
    assert (first.now.cpi, first.now.spi, first.before) == (0.75, 0.9, None)
    assert first.signs == {Sign.RATING: True, Sign.FINISH: True, Sign.COST: False}
    assert last.signs == {}


def test_what_was_approved_later_is_not_known(world: World) -> None:
    report(world.project, date(2025, 3, 10))
    report(world.project, date(2026, 3, 10), confidence=1)
    assert cases_of_register(date(2026, 3, 9))[0].worsened is None
    # The year after the quarter's end must be over, too.
    assert cases_of_register(date(2026, 3, 30))[0].worsened is None
    assert cases_of_register(date(2026, 3, 31))[0].worsened is True


def test_a_stale_report_says_nothing_of_a_day(world: World) -> None:
    report(world.project, date(2025, 3, 10))
    projects = Project.objects.filter(pk=world.project.pk)
    assert list(case_of_each(projects, date(2025, 9, 26))) == [world.project.code]
    assert case_of_each(projects, date(2025, 9, 27)) == {}


def test_a_delivered_project_is_held_against_its_first_plan(world: World) -> None:
    project = world.project
    project.phase, project.ended_on = ProjectPhase.CLOSED, date(2026, 1, 10)
    project.save()
    factories.BaselineFactory.create(
        project=project, agreed_on=date(2025, 1, 1), budget_at_completion=50_000,
        planned_start_on=date(2025, 1, 1), planned_end_on=date(2025, 7, 6),
    )  # fmt: skip
    report(project, date(2026, 1, 12), progress_percent=100)
    (done,) = finished_projects(AS_OF)
    assert done.cost == Decimal("1.2")
    assert done.time == Decimal(374) / 186
    assert finished_projects(date(2026, 1, 9)) == []


# The nightly row ----------------------------------------------------------------------------------


def test_a_second_run_of_a_day_replaces_the_first(world: World) -> None:
    report(world.project, date(2025, 3, 10))
    outlook.recompute(AS_OF)
    run = outlook.recompute(AS_OF)
    assert OutlookRun.objects.count() == 1
    assert (run.cases, run.known, run.model) == (2, 0, None)


def many(world: World, count: int = 60) -> None:
    """Four years of projects of two ministries; those with a low CPI worsen."""
    for number in range(count):
        agency = world.other if number % 3 == 0 else world.home
        project = factories.ProjectFactory.create(agency=agency, code=f"M{number}")
        weak = number % 2 == 0
        for year in (2022, 2023, 2024, 2025):
            day = date(year, 3, 10) + timedelta(days=number % 15)
            step = year - 2022 if weak and number % 10 else 0
            report(
                project, day, confidence=5 - step, actual_cost=60_000 if weak else 44_000,
                forecast_cost=int(100_000 * 1.2**step),
                forecast_end_on=date(2027 + step, 3, 31),
            )  # fmt: skip


def test_a_model_that_proves_itself_is_shown_with_its_calibration(world: World) -> None:
    many(world)
    factories.MonthlyUpdateFactory.create(
        project=world.project, period=date(2026, 11, 1), approved=True,
        approved_at=datetime.now(tz=UTC), confidence=4, actual_cost=60_000, earned_value=45_000,
        planned_value=50_000, forecast_cost=100_000, forecast_end_on=date(2027, 3, 31),
    )  # fmt: skip
    run = outlook.recompute(AS_OF)
    assert run.trial["beats_all"]
    client = signed_in(person(Role.CIO_OFFICE, world))
    page = client.get(reverse("outlook")).content.decode()
    assert "It beats all three baselines" in page
    assert "Stated and happened" in page
    one = client.get(reverse("projects:projects-outlook", args=[world.project.code]))
    told = one.content.decode()
    assert "is the probability that it worsens within 12 months" in told
    assert "CPI below 0.9" in told


def test_without_cases_nothing_is_predicted(world: World) -> None:
    report(world.project, date(2026, 10, 10))
    client = signed_in(person(Role.CIO_OFFICE, world))
    url = reverse("projects:projects-outlook", args=[world.project.code])
    assert "Not enough cases" in client.get(url).content.decode()
    outlook.recompute(AS_OF)
    assert "Not enough cases" in client.get(url).content.decode()
    assert "Not enough cases" in client.get(reverse("outlook")).content.decode()


def test_optimism_bias_moves_with_what_is_managed(world: World) -> None:
    factories.BaselineFactory.create(
        project=world.project, agreed_on=date(2025, 1, 1), budget_at_completion=100_000_000,
        planned_start_on=date(2025, 1, 1), planned_end_on=date(2025, 12, 31),
    )  # fmt: skip
    client = signed_in(person(Role.CIO_OFFICE, world))
    url = reverse("projects:projects-outlook", args=[world.project.code])
    assert "300,000,000" in client.get(url).content.decode()
    assert "120,000,000" in client.get(url, {"managed": "90"}).content.decode()
    told = client.get(url, {"managed": "101", "work": "magic"}).content.decode()
    assert "from 0 to 100" in told
    assert "kind of work is not known" in told


def test_a_ministry_sees_the_calibration_of_its_own_raters_only(world: World) -> None:
    many(world)
    outlook.recompute(AS_OF)
    client = signed_in(person(Role.PMO, world))
    assert str(world.home) in _raters(client)
    assert str(world.other) not in _raters(client)


def _raters(client: Client) -> str:
    page = client.get(reverse("outlook")).content.decode()
    return page[page.index("Calibration of raters") :]


def test_backtest_of_the_register_says_what_it_knows(world: World) -> None:
    report(world.project, date(2025, 3, 10))
    out = StringIO()
    call_command("backtest", "--as-of", "2026-11-24", stdout=out)
    assert "2 cases, 0 with a known outcome" in out.getvalue()
    assert "nothing is predicted" in out.getvalue()
