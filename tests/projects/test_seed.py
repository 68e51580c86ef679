"""The default masters and the fictional government."""

import hashlib
import json
import re
from collections import Counter, defaultdict
from datetime import UTC, date, datetime
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command
from django.db import models, transaction

from governance import audit
from governance.access import Role
from governance.audit import Act
from governance.models import Agency, AuditEvent, RoleTerm, Target, User
from projects.models import (
    ChangeRequest,
    CostItem,
    CostLine,
    MonthlyUpdate,
    Project,
    Review,
    Service,
    System,
)
from projects.models.choices import (
    COMPETITIVE_METHODS,
    REPORTING_PHASES,
    CostClass,
    ReviewLayer,
    Stage,
    UpdateState,
    ValueState,
)
from projects.seed import accounts, contracts, costs, load, planted, systems
from projects.seed.agencies import AGENCIES
from projects.seed.frame import Frame
from projects.seed.masters import COST_ITEMS, LEDGER_TOTAL, load_masters
from projects.seed.systems import OKU
from tests import factories

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
ACT = Act(user=None, at=NOW, source="test")
DAY = date(2026, 11, 24)
SETTLED = 2025
SMALL = 160


# Masters ------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_new_register_gets_every_master_in_one_event() -> None:
    loaded = load_masters(ACT)

    assert loaded.cost_items[LEDGER_TOTAL].cost_class == CostClass.UNCLASSIFIED
    assert {item.cost_class for item in loaded.cost_items.values()} == set(CostClass)
    assert {kind.layer for kind in loaded.review_types.values()} == set(ReviewLayer)
    assert set(RoleTerm.objects.values_list("role", flat=True)) == set(Role)
    target = Target.objects.get(code="systems-reduction")
    assert (target.base_value, target.target_value) == (Decimal(1450), Decimal(725))
    event = AuditEvent.objects.get()
    assert (event.verb, event.after) == ("masters.loaded", loaded.added)
    assert list(audit.verify()) == []


@pytest.mark.django_db
def test_loading_masters_again_writes_nothing_and_undoes_no_edit() -> None:
    load_masters(ACT)
    CostItem.objects.filter(code="operation").update(name="運用（改称）")

    again = load_masters(ACT)

    assert set(again.added.values()) == {0}
    assert again.cost_items["operation"].name == "運用（改称）"
    assert AuditEvent.objects.count() == 1


# Proportions: pure, at the full size ----------------------------------------------------------------

_ITEMS = {code: n for n, code in enumerate(c for _, items in COST_ITEMS for c, _, _ in items)}
_LEDGER = _ITEMS[LEDGER_TOTAL]

Money = dict[tuple[int, int, int], dict[str, CostLine]]
"""System, year, item → stage → the line that counts (the latest sheet's)."""


def _money(seed: int) -> tuple[Money, int]:
    """The money of a whole generated government, and how many systems it has."""
    frame = Frame(seed, DAY)
    plans = systems.plans(frame, 0, load.GOVERNMENT - planted.SYSTEMS, 13)
    rng = frame.stream("costs", 0)
    found: Money = defaultdict(dict)
    for plan in plans:
        holder = costs.Holder(_ITEMS, system_id=plan.number, account=plan.account)
        for line in costs.system_lines(frame, rng, plan, holder):
            assert line.system_id is not None
            stages = found[line.system_id, line.budget_year, line.cost_item_id]
            held = stages.get(line.stage)
            assert held is None or held.sheet_year != line.sheet_year
            if held is None or held.sheet_year < line.sheet_year:
                stages[line.stage] = line
    return found, len(plans)


@pytest.fixture(scope="module", params=[1, 2, 3])
def money(request: pytest.FixtureRequest) -> tuple[Money, int]:
    return _money(request.param)


def test_a_hundredth_of_the_systems_costs_a_third_of_the_money(money: tuple[Money, int]) -> None:
    """MOF 2024 on FY2022: 1 % of 1,059 systems spend 10 billion yen or more, about 35 % of the
    cost; about 70 % spend less than 0.1 billion."""
    lines, systems_in_all = money
    ledgers = {system for system, _, item in lines if item == _LEDGER}
    spent: Counter[int] = Counter()
    for (system, year, item), stages in lines.items():
        executed = stages.get(Stage.EXECUTED)
        if year == SETTLED and executed and (item == _LEDGER) == (system in ledgers):
            spent[system] += executed.amount or 0
    known = [yen for yen in spent.values() if yen]
    huge = [yen for yen in known if yen >= 100 * OKU]
    assert 0.008 <= len(huge) / systems_in_all <= 0.012
    assert 0.32 <= sum(huge) / sum(known) <= 0.38
    assert 0.66 <= sum(yen < OKU for yen in known) / len(known) <= 0.74
    assert 0.62 <= sum(yen < OKU for yen in known) / systems_in_all <= 0.74


def test_the_identities_of_the_budget_hold_to_the_yen(money: tuple[Money, int]) -> None:
    over, settled = 0, 0
    for stages in money[0].values():
        yen = {stage: line.amount or 0 for stage, line in stages.items()}
        if Stage.AVAILABLE not in yen:
            continue
        sources = ("initial", "supplementary", "carried_in", "reserve", "transfers")
        assert yen[Stage.AVAILABLE] == sum(yen.get(source, 0) for source in sources)
        if stages.get(Stage.EXECUTED) is None or stages[Stage.EXECUTED].amount is None:
            continue
        settled += 1
        if yen[Stage.EXECUTED] > yen[Stage.AVAILABLE]:
            over += 1
            assert yen[Stage.CARRIED_OUT] == yen[Stage.UNUSED] == 0
            continue
        used = yen[Stage.EXECUTED] + yen[Stage.CARRIED_OUT] + yen[Stage.UNUSED]
        assert used == yen[Stage.AVAILABLE]
    assert 0.005 <= over / settled <= 0.03  # RS 2024: 372 of 18,526 rows, 2 %


def test_what_a_year_carries_out_the_next_carries_in(money: tuple[Money, int]) -> None:
    compared = 0
    for (system, year, item), stages in money[0].items():
        out = stages.get(Stage.CARRIED_OUT)
        following = money[0].get((system, year + 1, item), {})
        if out is None or out.amount is None or Stage.AVAILABLE not in following:
            continue
        carried_in = following.get(Stage.CARRIED_IN)
        assert (carried_in.amount if carried_in else 0) == out.amount
        compared += 1
    assert compared > 5_000


def test_figures_are_missing_withheld_not_applicable_and_zero(money: tuple[Money, int]) -> None:
    states = Counter(line.amount_state for stages in money[0].values() for line in stages.values())
    assert set(states) == set(ValueState.values)
    assert any(line.amount == 0 for stages in money[0].values() for line in stages.values())


def test_the_latest_sheet_corrects_an_earlier_one() -> None:
    frame = Frame(1, DAY)
    rng = frame.stream("costs")
    plan = next(p for p in systems.plans(frame, 0, 400, 13) if p.is_restated and p.is_running)
    lines = costs.system_lines(frame, rng, plan, costs.Holder(_ITEMS, system_id=1))
    executed = [
        line for line in lines if line.budget_year == SETTLED - 1 and line.stage == Stage.EXECUTED
    ]
    by_item: dict[int, list[CostLine]] = defaultdict(list)
    for line in executed:
        by_item[line.cost_item_id].append(line)
    pairs = [sorted(twice, key=lambda li: li.sheet_year) for twice in by_item.values() if twice[1:]]
    assert pairs
    for earlier, later in pairs:
        assert (earlier.sheet_year, later.sheet_year) == (SETTLED, SETTLED + 1)
        assert earlier.amount is not None
        assert later.amount is not None
        assert earlier.amount < later.amount


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_three_competitions_in_four_have_one_bidder(seed: int) -> None:
    """Board of Audit on FY2018: 73.9 %; 96.0 % of the ceiling against 82.5 %."""
    frame = Frame(seed, DAY)
    customers = [contracts.Customer("架空", 1, 5 * OKU, system_id=n) for n in range(900)]
    found = contracts.contracts(frame, frame.stream("contracts"), 1, customers)
    competitive = [c for c in found if c.method in COMPETITIVE_METHODS]
    known = [c for c in competitive if c.bidders is not None]
    assert {c.bidders_state for c in competitive} == {"reported", "missing", "withheld"}
    assert 0.72 <= sum(c.bidders == 1 for c in known) / len(known) <= 0.76
    single = [c.award_ratio for c in known if c.bidders == 1 and c.award_ratio is not None]
    several = [c.award_ratio for c in known if c.bidders != 1 and c.award_ratio is not None]
    assert Decimal("0.95") <= sum(single) / len(single) <= Decimal("0.97")
    assert Decimal("0.80") <= sum(several) / len(several) <= Decimal("0.85")


def test_the_frame_follows_the_day() -> None:
    assert Frame(1, date(2026, 11, 24)).settled == 2025
    assert Frame(1, date(2026, 11, 24)).last_period == date(2026, 10, 1)
    assert Frame(1, date(2026, 11, 10)).last_period == date(2026, 9, 1)
    assert Frame(1, date(2027, 4, 1)).settled == 2025  # FY2026 is not half a year over.
    assert Frame(1, date(2027, 4, 1)).current_year == 2027


def test_agencies_are_25_all_named_fictional() -> None:
    codes = [spec.code for spec in AGENCIES]
    assert len(set(codes)) == len(codes) == 25
    for number, spec in enumerate(AGENCIES):
        assert spec.name.startswith("架空")
        assert spec.name_en.startswith("Fictional ")
        assert not spec.parent or spec.parent in codes[:number]


# Determinism --------------------------------------------------------------------------------------


def _digest() -> str:
    """Everything that the seed wrote, with keys as positions: they differ from run to run."""
    kinds: list[type[models.Model]] = [Agency, *apps.get_app_config("projects").get_models()]
    kinds += [Project.systems.through, Service.systems.through]
    positions = {
        kind: {
            pk: n
            for n, pk in enumerate(
                kind._default_manager.order_by("pk").values_list("pk", flat=True)
            )
        }
        for kind in kinds
    }
    digest = hashlib.sha256()
    for kind in kinds:
        rows = []
        for row in kind._default_manager.order_by("pk"):
            values: list[Any] = []
            for field in kind._meta.concrete_fields:
                value = getattr(row, field.attname)
                if field.is_relation and value is not None:
                    value = positions[field.related_model][value]  # type: ignore[index]
                if kind is ChangeRequest and field.name == "object_pk":
                    continue  # From a sequence that never goes back; the object's name is compared.
                if field.primary_key or (kind is CostItem and field.name == "updated_at"):
                    continue
                values.append(value)
            rows.append(repr((kind.__name__, values)))
        # Rollups and flags are written in the order in which the database groups them.
        digest.update("".join(sorted(rows)).encode())
    return digest.hexdigest()


def _printed(*arguments: str) -> str:
    out = StringIO()
    call_command("portfolio", "--json", "--as-of", "2026-11-24", *arguments, stdout=out)
    return out.getvalue()


def _seed_and_forget(seed: int, at: datetime) -> tuple[str, str]:
    with transaction.atomic():
        load.seed_government(Act(None, at, "test"), Frame(seed, DAY), size=60)
        found = _digest(), _printed()
        transaction.set_rollback(True)
    return found


@pytest.mark.django_db
def test_one_seed_gives_one_government() -> None:
    first = _seed_and_forget(7, NOW)
    again = _seed_and_forget(7, NOW)
    other = _seed_and_forget(8, NOW)
    assert first == again
    assert first[0] != other[0]
    assert first[1] != other[1]
    assert json.loads(first[1])["systems"] == 60


# The command --------------------------------------------------------------------------------------


@pytest.fixture
def village(monkeypatch: pytest.MonkeyPatch) -> int:
    """A government of 40 systems: what `--scale 1` means here."""
    monkeypatch.setattr(load, "GOVERNMENT", 40)
    monkeypatch.delenv("DEMO_PASSWORD", raising=False)
    return 40


def _run(*arguments: str) -> str:
    out = StringIO()
    call_command("seed_demo", *arguments, stdout=out)
    return out.getvalue()


@pytest.mark.django_db
def test_a_scale_of_two_writes_two_blocks(village: int) -> None:
    _run("--scale", "2", "--as-of", "2026-11-24", "--no-accounts")
    call_command("verify_audit", stdout=StringIO())
    assert System.objects.count() == 80
    assert System.objects.values("name").distinct().count() == 80
    assert not User.objects.exists()


@pytest.mark.django_db
def test_a_second_run_says_so_and_writes_nothing(village: int) -> None:
    _run("--as-of", "2026-11-24")
    events = AuditEvent.objects.count()
    printed = _run()
    assert "Already seeded" in printed
    assert "passwords stay" in printed
    assert (System.objects.count(), AuditEvent.objects.count()) == (40, events)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "arguments", [("--seed", "2"), ("--scale", "2"), ("--as-of", "2026-11-23")]
)
def test_another_government_is_not_put_on_top(village: int, arguments: tuple[str, ...]) -> None:
    _run("--as-of", "2026-11-24", "--no-accounts")
    with pytest.raises(CommandError, match="seed an empty database"):
        _run(*arguments)
    assert System.objects.count() == 40


@pytest.mark.django_db
def test_a_register_with_other_data_is_left_alone(village: int) -> None:
    factories.SystemFactory.create()
    with pytest.raises(CommandError, match="holds other data"):
        _run()
    assert (System.objects.count(), User.objects.count()) == (1, 0)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "arguments",
    [
        ("--as-of", "2026-13-01"),
        ("--as-of", "tomorrow"),
        ("--as-of", "1999-01-01"),
        ("--scale", "0"),
        ("--scale", "many"),
        ("--accounts-only", "--no-accounts"),
    ],
)
def test_bad_arguments_are_refused_and_nothing_is_written(
    village: int, arguments: tuple[str, ...]
) -> None:
    with pytest.raises(CommandError):
        _run(*arguments)
    assert not System.objects.exists()
    assert not User.objects.exists()


# Accounts -----------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_there_is_one_account_a_role_with_a_password_shown_once(village: int) -> None:
    printed = _run("--as-of", "2026-11-24")
    password = re.search(r"shown only now\): (\S+)", printed)
    assert password is not None
    held = {
        membership.user.username: membership.role
        for user in User.objects.all()
        for membership in user.memberships.all()
    }
    assert held == {spec.username: spec.role for spec in accounts.ACCOUNTS}
    assert set(held.values()) == set(Role)
    for username in held:
        assert username in printed
        assert authenticate(username=username, password=password[1]) is not None
    assert AuditEvent.objects.filter(verb="accounts.created").count() == 1
    assert password[1] not in str(list(AuditEvent.objects.values_list("after", flat=True)))


@pytest.mark.django_db
def test_the_password_can_be_given_and_is_not_repeated(
    village: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEMO_PASSWORD", "correct horse battery")
    printed = _run("--as-of", "2026-11-24")
    assert "DEMO_PASSWORD" in printed
    assert "correct horse battery" not in printed
    assert authenticate(username="cio", password="correct horse battery") is not None


@pytest.mark.django_db
def test_every_role_sees_something_of_its_own(village: int) -> None:
    _run("--as-of", "2026-11-24")
    seen = {
        "cio": System,
        "cio2": System,
        "advisor": System,
        "mcio": System,
        "pmo": MonthlyUpdate,
        "pjmo": MonthlyUpdate,
        "accounting": CostLine,
        "hr": Project,
        "pr": Service,
        "verifier": Review,
        "auditor": AuditEvent,
    }
    assert set(seen) == {spec.username for spec in accounts.ACCOUNTS}
    for username, model in seen.items():
        user = User.objects.get(username=username)
        assert model.objects.visible_to(user).exists(), username  # type: ignore[attr-defined]
    desk = User.objects.get(username="pjmo").memberships.get().project
    assert desk is not None
    assert desk.phase in REPORTING_PHASES
    assert not desk.updates.exclude(state=UpdateState.APPROVED).exists()


@pytest.mark.django_db
def test_accounts_alone_fit_any_register(village: int) -> None:
    project = factories.ProjectFactory.create()
    factories.SystemFactory.create(agency=project.agency)
    printed = _run("--accounts-only")
    assert User.objects.count() == len(accounts.ACCOUNTS)
    assert System.objects.count() == 1
    assert str(project.agency) in printed


@pytest.mark.django_db
def test_roles_without_a_place_get_no_account(village: int) -> None:
    err = StringIO()
    call_command("seed_demo", "--accounts-only", stdout=StringIO(), stderr=err)
    made = {"cio", "cio2", "advisor", "auditor"}
    assert set(User.objects.values_list("username", flat=True)) == made
    assert "No account pjmo" in err.getvalue()
