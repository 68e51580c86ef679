"""The list of contradictions: found in the register, in both languages, scoped to the reader."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import translation

from governance.access import Role
from projects.contradiction_text import TITLES, statements
from projects.contradictions import find
from projects.metrics.contradictions import Contradiction, Fact, Kind
from projects.models.choices import ProjectPhase, ValueState
from projects.services import rollups
from tests import factories
from tests.conftest import World, person, signed_in

pytestmark = pytest.mark.django_db
AS_OF = date(2026, 11, 24)


def report(project: object, **values: object) -> None:
    factories.MonthlyUpdateFactory.create(
        project=project, period=date(2026, 10, 1), approved=True,
        approved_at=datetime(2026, 11, 5, tzinfo=UTC),
        **{
            "confidence": 4, "progress_percent": 50, "planned_value": 100_000,
            "earned_value": 100_000, "actual_cost": 100_000, "forecast_cost": 300_000,
            "forecast_end_on": date(2027, 3, 31), "narrative": "計画どおり。", **values,
        },
    )  # fmt: skip


def kinds(world: World, role: Role = Role.CIO_OFFICE) -> list[Kind]:
    return [item.contradiction.kind for item in find(person(role, world), AS_OF)]


def test_a_sound_project_contradicts_nothing(world: World) -> None:
    report(world.project)
    assert kinds(world) == []


def test_what_a_report_says_is_held_against_its_figures_and_words(world: World) -> None:
    report(world.project, earned_value=80_000, narrative="要員が不足している。")
    assert kinds(world) == [Kind.NARRATIVE_RATING, Kind.RATING_VARIANCE]


def test_goals_milestones_and_money_are_held_against_it(world: World) -> None:
    project = world.project
    project.phase, project.started_on = ProjectPhase.CLOSED, date(2025, 4, 1)
    project.ended_on = date(2026, 3, 31)
    project.save()
    report(project, confidence=2, narrative="", forecast_end_on=date(2026, 9, 1))
    kpi = factories.KpiFactory.create(project=project, system=None, direction="up")
    factories.KpiValueFactory.create(
        kpi=kpi,
        fiscal_year=2025,
        target=Decimal(5),
        actual=Decimal(500),
        target_state=ValueState.REPORTED,
        actual_state=ValueState.REPORTED,
    )
    factories.MilestoneFactory.create(project=project, actual_on=date(2025, 3, 31))
    factories.CostLineFactory.create(
        system=None,
        project=project,
        budget_year=2026,
        sheet_year=2026,
        stage="initial",
        amount=9_000_000,
    )
    rollups.recompute_all()
    found = kinds(world)
    for kind in (
        Kind.KPIS_RATING, Kind.TEN_TIMES, Kind.MILESTONE_DATE, Kind.DATE_ORDER, Kind.CLOSED_FUNDED,
    ):  # fmt: skip
        assert kind in found


def test_a_system_that_is_gone_and_still_funded(world: World) -> None:
    world.system.retired_on = date(2026, 3, 31)
    world.system.save()
    for year in (2025, 2026):
        factories.CostLineFactory.create(
            system=world.system, budget_year=year, sheet_year=year, stage="initial", amount=year
        )
    rollups.recompute_all()
    (found,) = find(person(Role.PMO, world), AS_OF)
    assert found.about == world.system
    assert (found.contradiction.kind, found.contradiction.facts["amount"]) == (
        Kind.CLOSED_FUNDED,
        2026,
    )


def test_a_whole_agency_on_plan_is_about_no_project(world: World) -> None:
    for number in range(3):
        project = factories.ProjectFactory.create(code=f"Z{number}", agency=world.home)
        plan = factories.BaselineFactory.create(project=project, agreed_on=date(2026, 1, 1))
        report(
            project, forecast_cost=plan.budget_at_completion, forecast_end_on=plan.planned_end_on
        )
    (found,) = [
        item for item in find(person(Role.PMO, world), AS_OF)
        if item.contradiction.kind is Kind.ZERO_VARIANCE
    ]  # fmt: skip
    assert (found.about, found.agency) == (None, world.home)


def test_only_the_latest_approved_report_of_the_day_counts(world: World) -> None:
    report(world.project, earned_value=80_000)
    user = person(Role.CIO_OFFICE, world)
    assert find(user, date(2026, 11, 4)) == []
    assert len(find(user, AS_OF)) == 1


def test_a_ministry_finds_its_own_only(world: World) -> None:
    report(world.project, earned_value=80_000)
    report(world.other_project, earned_value=80_000)
    user = person(Role.PMO, world)
    assert [item.about for item in find(user, AS_OF)] == [world.project]


def test_queries_do_not_grow_with_the_projects(
    world: World, django_assert_max_num_queries: object
) -> None:
    user = person(Role.CIO_OFFICE, world)
    for number in range(12):
        report(
            factories.ProjectFactory.create(code=f"Q{number}", agency=world.home),
            earned_value=80_000,
        )
    with django_assert_max_num_queries(11):  # type: ignore[operator]
        assert len(find(user, AS_OF)) == 12


def test_the_page_shows_both_statements_and_leads_to_an_agency(world: World) -> None:
    report(world.project, earned_value=80_000)
    client = signed_in(person(Role.CIO_OFFICE, world))
    page = client.get(reverse("contradictions")).content.decode()
    assert "confidence is “high”" in page.lower()
    assert "CPI = 0.80" in page
    one = client.get(reverse("contradictions"), {"agency": "nowhere"}).content.decode()
    assert "no such agency" in one
    same = client.get(reverse("contradictions"), {"agency": world.home.code}).content.decode()
    assert "CPI = 0.80" in same


SAMPLE: dict[str, Fact] = {
    "month": date(2026, 10, 1), "confidence": 4, "index": "CPI", "value": Decimal("0.8"),
    "word": "遅れ", "narrative": "遅れ", "met": 3, "kpi": "K", "fiscal_year": 2025,
    "target": Decimal(5), "actual": Decimal(50), "finish": AS_OF, "progress": Decimal(50),
    "milestone": "設計", "met_on": AS_OF, "bound": AS_OF, "side": "start", "reported": 5,
    "ledger": 4, "projects": 3, "ended_on": AS_OF, "amount": 9,
}  # fmt: skip


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_has_two_statements_in_both_languages(kind: Kind) -> None:
    told = {}
    for language in ("en", "ja"):
        with translation.override(language):
            told[language] = (str(TITLES[kind]), *statements(Contradiction(kind, SAMPLE)))
    assert all(told["en"])
    assert all(one != other for one, other in zip(told["en"], told["ja"], strict=True))
