"""Today beside a scenario over the register's rows: worked by hand, scoped, and leaving no trace."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from governance.access import Role
from governance.audit import Act
from governance.models import User
from projects.metrics.assumptions import Assumptions
from projects.metrics.risk import RULES, Severity
from projects.metrics.scenario import YearCost, findings
from projects.models import RiskFlag, Scenario
from projects.rule_text import CITATIONS, MEANINGS
from projects.selectors import Visible, WholeRegister
from projects.services import flags, rollups
from projects.whatif import Comparison, compare, project_rows, scoped
from tests import factories
from tests.conftest import World, person

pytestmark = pytest.mark.django_db
AS_OF = date(2026, 11, 24)
BILLION = 10**9


@pytest.fixture
def planned(world: World) -> World:
    """Home: 2 bn over fiscal years 2025 and 2026, 3 bn of benefits in 2027. Other: 1 bn, and
    benefits that nobody has stated. A bid alone, a late review, a service."""
    for project, budget in ((world.project, 2 * BILLION), (world.other_project, BILLION)):
        factories.BaselineFactory.create(project=project, budget_at_completion=budget)
    factories.BenefitFactory.create(
        project=world.project, fiscal_year=2027, planned=3 * BILLION, planned_state="reported"
    )
    factories.ContractFactory.create(
        agency=world.home, system=world.system, project=world.project, method="open_price",
        bidders=1, bidders_state="reported", amount=5 * BILLION, amount_state="reported",
    )  # fmt: skip
    factories.ReviewFactory.create(system=None, project=world.project, due_on=date(2026, 11, 1))
    service = factories.ServiceFactory.create(agency=world.home, systems=[world.system])
    for year, minutes in ((2022, 20), (2025, 15)):
        factories.ServiceYearFactory.create(
            service=service, fiscal_year=year, counted=True,
            minutes_per_case=minutes, minutes_per_case_state="reported",
        )  # fmt: skip
    return world


def compared(user: Any, assumptions: Assumptions, agency: Any = None) -> Comparison:
    return compare(scoped(Visible(user), agency), assumptions, AS_OF)


def test_today_by_hand(planned: World, cio: User) -> None:
    found = compared(cio, Assumptions()).today
    # 1 bn in 2025, 1 bn in 2026, 3 bn in 2027, at 4 % to 2025.
    assert found.portfolio.base_year == 2025
    assert (found.portfolio.known, found.portfolio.asked) == (1, 2)
    costs = BILLION + BILLION / Decimal("1.04")
    benefits = 3 * BILLION / Decimal("1.04") ** 2
    assert round(found.portfolio.pv_costs.value or 0) == round(costs)
    assert round(found.portfolio.pv_benefits.value or 0) == round(benefits)
    assert round(found.portfolio.npv.value or 0) == round(benefits - costs)
    half = BILLION // 2
    assert found.costs == {
        2025: YearCost(BILLION + half, 2, 2), 2026: YearCost(BILLION + half, 2, 2)
    }  # fmt: skip
    # 100 cases of 15 minutes, 5 fewer than in the first year.
    assert found.time.hours.value == 25
    assert found.time.cost(found.yen_per_hour).value == 25 * 2543
    assert round(found.time.value_saved(found.yen_per_hour).value or 0) == round(
        Decimal(500) / 60 * 2543
    )


def test_an_empty_scenario_is_today_to_the_last_digit(planned: World, cio: User) -> None:
    found = compared(cio, Assumptions())
    assert found.scenario == found.today
    assert list(found.moved_flags) == []
    assert list(found.moved_projects) == []


def test_the_flags_of_today_are_those_that_are_judged(planned: World, cio: User) -> None:
    nobody = Act(user=None, at=datetime(2026, 11, 24, tzinfo=UTC))
    flags.recompute_all(nobody, as_of=AS_OF)
    found = compared(cio, Assumptions()).today.flags
    judged = {key for key, severity in found.items() if severity is not Severity.NONE}
    stored = {
        (flag.rule_id, kind, pk)
        for flag in RiskFlag.objects.filter(closed_on=None)
        for kind in ("project", "system", "contract", "review")
        if (pk := getattr(flag, f"{kind}_id")) is not None
    }
    assert judged == stored
    assert ("single_bidder", "contract") in {key[:2] for key in judged}


def test_rate_horizon_and_hour_move_only_their_figures(planned: World, cio: User) -> None:
    found = compared(cio, Assumptions(rate=Decimal(0), horizon=2, yen_per_hour=1000))
    assert found.scenario.portfolio.pv_costs.value == 2 * BILLION
    assert found.scenario.portfolio.pv_benefits.value == 0  # 2027 is the third year.
    assert found.scenario.time.cost(found.scenario.yen_per_hour).value == 25_000
    assert found.scenario.flags == found.today.flags
    (move,) = found.moved_projects
    assert move.project.code == "HOME-P1"
    assert move.scenario == -2 * BILLION
    assert move.today is not None
    assert move.difference == -2 * BILLION - move.today


def test_a_dropped_project_takes_its_flags_and_those_hung_on_it(planned: World, cio: User) -> None:
    found = compared(cio, Assumptions(dropped=frozenset({"HOME-P1"})))
    gone = {key for key in found.today.flags if key not in found.scenario.flags}
    assert {key[1] for key in gone} == {"project", "contract", "review"}
    assert all(key[2] == planned.project.pk for key in gone if key[1] == "project")
    closed = {move.key[0] for move in found.moved_flags}
    assert {"single_bidder", "review_overdue"} <= closed
    assert all(move.after is Severity.NONE for move in found.moved_flags)
    assert found.scenario.portfolio.asked == 1
    assert found.scenario.portfolio.npv.value is None
    assert found.scenario.costs == {
        2025: YearCost(BILLION // 2, 1, 1), 2026: YearCost(BILLION // 2, 1, 1)
    }  # fmt: skip


def test_a_deferral_shifts_money_and_no_flag(planned: World, cio: User) -> None:
    found = compared(cio, Assumptions(deferred={"HOME-P1": 2}))
    assert found.today.portfolio.base_year == found.scenario.portfolio.base_year == 2025
    before, after = found.today.portfolio.npv.value, found.scenario.portfolio.npv.value
    assert before is not None
    assert after is not None
    assert round(after) == round(before / Decimal("1.04") ** 2)
    assert sorted(found.scenario.costs) == [2025, 2026, 2027, 2028]
    assert found.scenario.flags == found.today.flags


def test_another_threshold_asks_its_rule_again(planned: World, cio: User) -> None:
    book = {"single_bidder": {"large_amount_yen": Decimal(10**15)}}
    found = compared(cio, Assumptions(thresholds=book))
    (move,) = found.moved_flags
    assert (move.key[0], move.before, move.after) == (
        "single_bidder", Severity.HIGH, Severity.MEDIUM
    )  # fmt: skip
    same = {key for key in found.today.flags if key[0] != "single_bidder"}
    assert all(found.scenario.flags[key] is found.today.flags[key] for key in same)


@pytest.mark.parametrize(
    "rule_id",
    [
        rule_id
        for rule_id, rule in RULES.items()
        if any("medium_from" in p for p in rule.parameters)
    ],
)
def test_raising_a_threshold_never_raises_the_findings(
    rule_id: str, planned: World, cio: User
) -> None:
    name, parameter = next(
        (name, given) for name, given in RULES[rule_id].parameters.items() if "medium_from" in name
    )
    found = compared(cio, Assumptions(thresholds={rule_id: {name: parameter.default + 1}}))
    today, other = (side.by_rule()[rule_id] for side in (found.today, found.scenario))
    assert findings(other) <= findings(today)


def test_a_reader_sees_the_scenario_over_their_own_rows(planned: World, pmo: User) -> None:
    assumptions = Assumptions(dropped=frozenset({"OTHER-P1"}))
    found = compared(pmo, assumptions)
    assert found.today.portfolio.asked == 1
    assert found.scenario == found.today
    assert found.overlooked == ("OTHER-P1",)
    assert set(found.projects) == {"HOME-P1"}


def test_a_scenario_of_an_agency_is_about_it_and_those_below(planned: World, cio: User) -> None:
    factories.ProjectFactory.create(code="SUB-P", agency=planned.sub)
    found = compared(cio, Assumptions(), planned.home)
    assert set(found.projects) == {"HOME-P1", "SUB-P"}
    systems = {pk for _rule, kind, pk in found.today.flags if kind == "system"}
    assert systems == {planned.system.pk, planned.sub_system.pk}
    assert found.today.time.asked == 1
    assert compared(cio, Assumptions(), planned.other).today.time.asked == 0


def test_nothing_in_the_register_changes(planned: World, cio: User) -> None:
    nobody = Act(user=None, at=datetime(2026, 11, 24, tzinfo=UTC))
    rollups.recompute_all()
    flags.recompute_all(nobody, as_of=AS_OF)
    before = _register()
    found = compared(
        cio,
        Assumptions(
            Decimal("0.1"), 3, 100, {"cost_overrun": {"medium_from_ratio": Decimal(0)}},
            frozenset({"HOME-P1"}), {"OTHER-P1": 3},
        ),
    )  # fmt: skip
    assert found.moved_flags
    assert _register() == before
    call_command("verify_rollups", stdout=StringIO())


def _register() -> dict[str, list[Any]]:
    """Every row of every model."""
    return {
        model._meta.label: list(model._default_manager.order_by("pk").values())
        for app in ("governance", "projects")
        for model in apps.get_app_config(app).get_models()
    }


def test_queries_do_not_grow_with_the_projects(planned: World, cio: User) -> None:
    assumptions = Assumptions(
        thresholds={"single_bidder": {"high_award_ratio": Decimal("0.5")}},
        dropped=frozenset({"HOME-P1"}),
    )
    _grow(planned, 2)
    compared(cio, assumptions)  # Rights are read once.
    counts = []
    for more in (0, 27):
        _grow(planned, more)
        with CaptureQueriesContext(
            connection,
        ) as found:
            compared(cio, assumptions)
        counts.append(len(found))
    assert counts[0] == counts[1]


def _grow(world: World, more: int) -> None:
    for _number in range(more):
        project = factories.ProjectFactory.create(agency=world.home)
        factories.BaselineFactory.create(project=project)
        factories.BenefitFactory.create(project=project)
        factories.ContractFactory.create(agency=world.home, system=world.system, project=project)
        factories.ReviewFactory.create(system=None, project=project)
        factories.ServiceYearFactory.create(service__agency=world.home)


def test_projects_are_offered_by_their_cost(planned: World, cio: User) -> None:
    factories.ProjectFactory.create(code="ZERO")
    rows = project_rows(scoped(Visible(cio), None), AS_OF)
    assert [(row.code, row.cost) for row in rows] == [
        ("HOME-P1", 2 * BILLION), ("OTHER-P1", BILLION), ("ZERO", None)
    ]  # fmt: skip


def test_every_threshold_has_words_in_both_languages() -> None:
    meant = {given.meaning for rule in RULES.values() for given in rule.parameters.values()}
    assert meant == MEANINGS
    assert {rule.citation for rule in RULES.values()} == CITATIONS


# For scripts --------------------------------------------------------------------------------------


def _scenario(owner: User, **given: Any) -> Scenario:
    return Scenario.objects.create(**{"name": "S", "owner": owner, **given})


def _told(*args: str) -> Any:
    out = StringIO()
    call_command("whatif", "--json", "--as-of", "2026-11-24", *args, stdout=out)
    return json.loads(out.getvalue())


def test_the_command_prints_both_sides(planned: World, cio: User) -> None:
    made = _scenario(cio, assumptions={"discount_rate": "0", "projects": {"HOME-P1": "drop"}})
    told = _told("--scenario", "S")
    assert told == _told("--scenario", str(made.pk))
    assert told["scenario"] == {"id": made.pk, "name": "S"}
    assert told["assumptions"] == made.assumptions
    assert told["today"]["projects"] == {"known": 1, "asked": 2}
    assert told["today"]["cost_by_year"]["2025"]["value"] == 3 * BILLION // 2
    assert told["scenario_side"]["measures"]["npv"] == {"value": None, "reason": "no_data"}
    assert told["scenario_side"]["flags_by_rule"]["single_bidder"]["high"] == 0
    assert told["today"]["flags_by_rule"]["single_bidder"]["high"] == 1
    assert {move["subject"] for move in told["moved_flags"]} == {"project", "contract", "review"}
    assert told["moved_projects"][0]["scenario"] is None


def test_the_command_keeps_to_the_scenarios_agency(planned: World, cio: User) -> None:
    _scenario(cio, agency=planned.other)
    assert _told("--scenario", "S")["today"]["projects"]["asked"] == 1
    whole = compare(scoped(WholeRegister(), None), Assumptions(), AS_OF)
    assert whole.today.portfolio.asked == 2


def test_the_command_prints_lines_too(planned: World, cio: User) -> None:
    _scenario(cio, assumptions={"yen_per_hour": 1000, "thresholds": {"gone": {}}})
    out, err = StringIO(), StringIO()
    call_command("whatif", "--scenario", "S", "--as-of", "2026-11-24", stdout=out, stderr=err)
    assert "administrative_burden: 63575 -> 25000" in out.getvalue()
    assert "flags findings:" in out.getvalue()
    assert "no rule “gone”" in err.getvalue()


def test_the_command_refuses_what_it_cannot_find(planned: World, cio: User) -> None:
    for name in ("S", "99999999999999999999", "7"):
        with pytest.raises(CommandError, match="There is no scenario"):
            call_command("whatif", "--scenario", name)
    _scenario(cio)
    _scenario(person(Role.ADVISOR, planned))
    with pytest.raises(CommandError, match="give its number"):
        call_command("whatif", "--scenario", "S")
