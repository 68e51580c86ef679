"""The fictional government as it stands in the database: its rows, and the planted cases.

One small government is loaded for the whole module, so no test here may write.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path

import pytest
from django.apps import apps
from django.db import transaction
from django.db.models import F
from pytest_django import DjangoDbBlocker

from governance import audit
from governance.audit import Act
from governance.models import Agency, AuditEvent
from projects.models import (
    Baseline,
    Contract,
    CostLine,
    KpiValue,
    MonthlyUpdate,
    Project,
    Review,
    RiskFlag,
    Service,
    ServiceYear,
    System,
    YearRollup,
)
from projects.models.choices import Answer, ValueState
from projects.seed import load, planted
from projects.seed.frame import Frame
from projects.services import rollups

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
ACT = Act(user=None, at=NOW, source="test")
DAY = date(2026, 11, 24)
SETTLED = 2025
SMALL = 160


# Else a run of this file alone would make no database of its own, and read the developer's.
pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def government(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[dict[str, int]]:
    """A small government for the tests that only read; gone after the module."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield load.seed_government(ACT, Frame(1, DAY), size=SMALL)
        transaction.set_rollback(True)


def _flags(**subject: str) -> set[tuple[str, str]]:
    return set(
        RiskFlag.objects.filter(closed_on__isnull=True, **subject).values_list(
            "rule_id", "severity"
        )
    )


def test_every_kind_of_object_is_there(government: dict[str, int]) -> None:
    empty = {name for name, number in government.items() if not number}
    assert empty <= {
        "importrun",
        "importjob",
        "changerequest",
        "flagmute",
        "scenario",
    }  # Nothing comes from a file.
    assert government["system"] == System.objects.count() == SMALL
    assert government["agency"] == Agency.objects.count() == 25


def test_stored_rows_pass_the_models_own_checks(government: dict[str, int]) -> None:
    """The database has checked its constraints; these are the validators of fields."""
    checked = 0
    for model in apps.get_app_config("projects").get_models():
        if model.__name__ in ("RiskFlag", "YearRollup", "ServiceRollup"):
            continue  # Written by services, never by people.
        for row in model._default_manager.order_by("?")[:25]:
            row.full_clean(validate_unique=False, validate_constraints=False)
            checked += 1
    assert checked > 300


def test_rollups_agree_with_the_lines_and_the_trail_is_whole(government: dict[str, int]) -> None:
    assert list(rollups.differences()) == []
    assert list(audit.verify()) == []
    event = AuditEvent.objects.get(verb=load.VERB)
    assert event.after is not None
    assert event.after["seed"] == 1
    assert event.after["as_of"] == "2026-11-24"
    assert event.after["systems"] == SMALL
    assert event.after["rows"] == government


def test_nothing_lies_after_the_day(government: dict[str, int]) -> None:
    end = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)  # Midnight in Tokyo.
    assert not MonthlyUpdate.objects.filter(submitted_at__gte=end).exists()
    assert not MonthlyUpdate.objects.filter(approved_at__gte=end).exists()
    assert not Contract.objects.filter(signed_on__gt=DAY).exists()
    assert not Review.objects.filter(held_on__gt=DAY).exists()
    assert not System.objects.filter(updated_at__gte=end).exists()


def test_approval_follows_submission(government: dict[str, int]) -> None:
    for submitted_at, approved_at in MonthlyUpdate.objects.filter(
        approved_at__isnull=False
    ).values_list("submitted_at", "approved_at"):
        assert submitted_at is not None
        assert approved_at is not None
        assert submitted_at <= approved_at


def test_earned_value_and_cost_never_fall(government: dict[str, int]) -> None:
    """A correction (second revision) tells the same month again, so only first ones are a series."""
    series: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for project_id, earned, actual in (
        MonthlyUpdate.objects.filter(revision=1, earned_value__isnull=False)
        .order_by("project_id", "period")
        .values_list("project_id", "earned_value", "actual_cost")
    ):
        assert earned is not None
        assert actual is not None
        series[project_id].append((earned, actual))
    assert len(series) >= 10
    for months in series.values():
        for (earned, actual), (next_earned, next_actual) in pairwise(months):
            assert earned <= next_earned
            assert actual <= next_actual


def test_conformity_marks_have_all_four_answers(government: dict[str, int]) -> None:
    for name in System.CONFORMITY_FIELDS:
        assert set(System.objects.values_list(name, flat=True)) == set(Answer)


def test_services_have_three_years_with_gaps(government: dict[str, int]) -> None:
    assert {2023, 2024, 2025} == set(ServiceYear.objects.values_list("fiscal_year", flat=True))
    states = set(ServiceYear.objects.values_list("online_cases_state", flat=True))
    assert {"reported", "missing", "not_applicable"} <= states


def test_services_tell_how_many_cases_were_begun_and_how_many_users_answered(
    government: dict[str, int],
) -> None:
    years = ServiceYear.objects.filter(cases__isnull=False, started_cases__isnull=False)
    assert years.count() > 50
    odd = years.filter(started_cases__lt=F("cases")).count()
    assert odd <= years.count() * 0.04
    answered = ServiceYear.objects.filter(satisfaction_answers__isnull=False)
    assert not answered.filter(satisfaction_ratio__isnull=True).exists()
    small = answered.filter(satisfaction_answers__lt=400).count()
    assert 0 < small < answered.count()
    planted_year = ServiceYear.objects.get(service__service_id="DEMO-V000001", fiscal_year=2025)
    assert planted_year.cases is not None
    assert planted_year.started_cases == planted_year.cases * 5 // 4


# Planted cases (docs/demo-cases.md) ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (1, set()),
        (2, {("low_online_use", "high")}),
        (3, {("low_online_use", "medium")}),
        (4, {("execution_rate", "high"), ("carry_over", "high")}),
        (5, {("execution_rate", "high")}),
        (6, {("cost_growth", "high")}),
        (
            7,
            {
                ("execution_rate", "unknown"),
                ("cost_growth", "unknown"),
                ("carry_over", "unknown"),
                ("unused_budget", "unknown"),
            },
        ),
        (8, set()),
        (9, set()),
        (10, set()),
        (11, set()),
        (12, {("vendor_concentration", "high")}),
    ],
)
def test_planted_systems_have_the_flags_that_the_list_promises(
    government: dict[str, int], number: int, expected: set[tuple[str, str]]
) -> None:
    assert _flags(system__system_id=f"DEMO-{number:06}") == expected


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (1, set()),
        (2, {("single_bidder", "high")}),
        (3, {("single_bidder", "medium")}),
        (4, {("single_bidder", "unknown")}),
    ],
)
def test_planted_contracts_have_the_flags_that_the_list_promises(
    government: dict[str, int], number: int, expected: set[tuple[str, str]]
) -> None:
    assert _flags(contract__contract_id=f"DEMO-C{number:06}") == expected


@pytest.mark.parametrize(
    ("number", "expected", "on_reviews"),
    [
        (1, {("late_report", "high")}, set()),
        (2, set(), set()),
        (3, {("zero_variance", "medium")}, set()),
        (
            4,
            {
                ("cost_overrun", "medium"),
                ("schedule_slip", "high"),
                ("baseline_growth", "high"),
            },
            set(),
        ),
        (5, set(), {("review_overdue", "high")}),
        (6, {("cost_overrun", "high")}, set()),
    ],
)
def test_planted_projects_have_the_flags_that_the_list_promises(
    government: dict[str, int],
    number: int,
    expected: set[tuple[str, str]],
    on_reviews: set[tuple[str, str]],
) -> None:
    code = f"DEMO-P{number:05}"
    # No benefit is planted, and nobody of the agency is entered before the accounts are made.
    nobody_knows = {("bcr_below_one", "unknown"), ("missing_roles", "unknown")}
    assert _flags(project__code=code) == expected | nobody_knows
    assert _flags(review__project__code=code) == on_reviews


def _year(system_id: str, year: int = SETTLED) -> YearRollup:
    return YearRollup.objects.get(system__system_id=system_id, fiscal_year=year)


def test_planted_money_has_the_figures_of_the_list(government: dict[str, int]) -> None:
    million = 1_000_000
    clean = _year("DEMO-000001")
    assert (clean.executed, clean.available) == (104 * million, 109 * million)
    assert (clean.cases, clean.online_cases) == (200_000, 164_000)
    half = _year("DEMO-000004")
    assert (half.executed, half.available) == (190 * million, 500 * million)
    assert (half.carried_out, half.unused) == (260 * million, 50 * million)
    over = _year("DEMO-000005")
    assert (over.executed, over.available) == (824 * million, 800 * million)
    assert _year("DEMO-000006", SETTLED - 4).operation == 200 * million
    assert _year("DEMO-000006").operation == 260 * million
    assert _year("DEMO-000007").executed is None
    assert _year("DEMO-000007").available == 100 * million
    assert _year("DEMO-000008", SETTLED - 1).executed == 95 * million
    assert not YearRollup.objects.filter(system__system_id="DEMO-000010").exists()
    states = dict(
        CostLine.objects.filter(system__system_id="DEMO-000011", budget_year=SETTLED).values_list(
            "stage", "amount_state"
        )
    )
    assert states["transfers"] == ValueState.MISSING
    assert states["reserve"] == ValueState.NOT_APPLICABLE
    assert states["unused"] == ValueState.WITHHELD
    assert _year("DEMO-000011").supplementary == 0


def test_the_planted_goal_tells_the_break_in_its_series(government: dict[str, int]) -> None:
    values = {
        (year, version): actual
        for year, version, actual in KpiValue.objects.filter(
            kpi__code="DEMO-000009-K-1"
        ).values_list("fiscal_year", "method_version", "actual")
    }
    assert values == {(SETTLED - 1, 1): 520, (SETTLED, 1): 480, (SETTLED, 2): 263}


def test_planted_projects_have_the_figures_of_the_list(government: dict[str, int]) -> None:
    def latest(number: int) -> MonthlyUpdate:
        return MonthlyUpdate.objects.filter(project__code=f"DEMO-P{number:05}").latest("period")

    assert latest(1).period == date(2026, 7, 1)
    assert latest(2).period == date(2026, 10, 1)
    for update in MonthlyUpdate.objects.filter(project__code="DEMO-P00003"):
        assert update.planned_value == update.earned_value == update.actual_cost
    over = latest(6)
    assert over.earned_value is not None
    assert over.actual_cost is not None
    assert over.planned_value is not None
    assert round(over.earned_value / over.actual_cost, 2) == 0.77
    assert over.earned_value * 10 == over.planned_value * 9
    budgets = Baseline.objects.filter(project__code="DEMO-P00004").order_by("number")
    assert [b.budget_at_completion for b in budgets] == [600_000_000, 840_000_000]


def test_the_list_of_cases_names_what_is_planted(government: dict[str, int]) -> None:
    page = Path(__file__).resolve().parents[2] / "docs" / "demo-cases.md"
    named = set(re.findall(r"^\| `(DEMO-[A-Z]?\d+)`", page.read_text("utf-8"), re.MULTILINE))
    stored = {f"DEMO-{n:06}" for n in range(1, planted.SYSTEMS + 1)}
    stored |= {f"DEMO-P{n:05}" for n in range(1, planted.PROJECTS + 1)}
    stored |= {f"DEMO-V{n:06}" for n in range(1, planted.SERVICES + 1)}
    stored |= {f"DEMO-C{n:06}" for n in range(1, planted.CONTRACTS + 1)}
    assert named == stored
    home = {"agency__code": planted.AGENCY}
    assert System.objects.filter(system_id__in=named, **home).count() == planted.SYSTEMS
    assert Project.objects.filter(code__in=named, **home).count() == planted.PROJECTS
    assert Service.objects.filter(service_id__in=named, **home).count() == planted.SERVICES
    assert Contract.objects.filter(contract_id__in=named, **home).count() == planted.CONTRACTS
