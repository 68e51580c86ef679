"""People, not accounts, decide: every service that carries an approval refuses whoever may be the
author, and a new one that does not fails here."""

import ast
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from governance.access import Role, forget_rights
from governance.audit import Act
from governance.exceptions import DomainError
from governance.models import AccountTie, User
from governance.people import ties
from projects.models import RiskFlag
from projects.models.choices import EarnedBasis
from projects.register import KINDS
from projects.services import changes, mutes, requests, updates
from projects.services.filed import Details
from tests import factories
from tests.conftest import World, act, person, signed_in

pytestmark = pytest.mark.django_db

ROOT = Path(__file__).resolve().parents[3]
# Every function outside of the tests that names the right to approve. "decides" ones change
# something by it and must ask who the author is; the others only read or lead to these.
DECIDES = {
    "projects/services/updates.py:approve",
    "projects/services/updates.py:publish",
    "projects/services/requests.py:approve_baseline",
    "projects/services/requests.py:reject_baseline",
    "projects/services/changes.py:approve",
    "projects/services/changes.py:reject",
    "projects/services/mutes.py:approve_mute",
    "projects/services/mutes.py:reject_mute",
    "projects/services/role_requests.py:approve",
    "projects/services/role_requests.py:reject",
    "projects/services/role_requests.py:_my_part",
}
HARMLESS = {
    # Giving one's own report back to oneself changes nothing that another has agreed to.
    "projects/services/updates.py:send_back",
    # Whether a button or a request is shown; `publish` and `approve` decide.
    "projects/services/updates.py:may_publish",
    # Whose list a request stands on; `approve` and `reject` decide.
    "projects/services/changes.py:_of_the_office",
    "projects/services/changes.py:may_decide",
    "projects/services/changes.py:waiting_for",
    "projects/services/role_requests.py:seen_by",
}
# Doors and lists: they call the services above.
LEADS = ("projects/views/", "projects/api/", "projects/work.py", "reports/views/")
# The rule itself, and the two that lead to it.
RULE = {"refuse_same_person", "decide", "_my_part"}


@cache
def _functions() -> tuple[tuple[str, ast.FunctionDef], ...]:
    return tuple(_walk())


def _walk() -> Iterator[tuple[str, ast.FunctionDef]]:
    for room in ("governance", "projects", "reports"):
        for path in sorted((ROOT / room).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            if "/migrations/" in name:
                continue
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.FunctionDef):
                    yield name, node


def _names_approval(node: ast.AST) -> bool:
    return any(
        isinstance(inner, ast.Attribute)
        and inner.attr == "APPROVE"
        and getattr(inner.value, "id", "") == "Action"
        for inner in ast.walk(node)
    )


def _calls(node: ast.AST) -> set[str]:
    found = set()
    for inner in ast.walk(node):
        if isinstance(inner, ast.Call):
            found.add(getattr(inner.func, "id", getattr(inner.func, "attr", "")))
    return found


def test_every_service_that_decides_asks_who_the_author_is() -> None:
    listed = DECIDES | HARMLESS
    unlisted, silent = [], []
    for path, node in _functions():
        name = f"{path}:{node.name}"
        if name in DECIDES and not _calls(node) & RULE:
            silent.append(name)
        if _names_approval(node) and name not in listed and not path.startswith(LEADS):
            unlisted.append(name)
    assert (unlisted, silent) == ([], [])


def test_the_lists_name_only_what_exists() -> None:
    existing = {f"{path}:{node.name}" for path, node in _functions()}
    assert existing >= DECIDES | HARMLESS


# What each of them says ---------------------------------------------------------------------------------


@pytest.fixture
def puppet(world: World, pmo: User, now: datetime) -> User:
    """An account of the project that the PMO made; whoever holds it has proven nothing yet."""
    user = factories.UserFactory.create(username="puppet")
    factories.MembershipFactory.create(user=user, role=Role.PJMO, project=world.project)
    ties.tie(act(pmo, now - timedelta(days=1)), user, AccountTie.Kind.MADE)
    return user


@pytest.fixture
def cio_of_ministry(world: World) -> User:
    return person(Role.MINISTRY_CIO, world)


def _values() -> dict[str, Any]:
    return {
        "basis": EarnedBasis.REPORTED, "progress_percent": Decimal(40), "planned_value": None,
        "earned_value": None, "actual_cost": 1, "forecast_cost": None,
        "forecast_end_on": date(2027, 3, 31), "confidence": 3, "narrative": "",
    }  # fmt: skip


def _report(author: User, world: World, at: datetime) -> Any:
    made = updates.save(
        Act(author, at, "test"), world.project, date(2026, 10, 1), _values(),
        Details(), {}, version=0,
    )  # fmt: skip
    return updates.submit(Act(author, at, "test"), made.pk)


def _plan(author: User, world: World, at: datetime) -> Any:
    return requests.request_baseline(
        Act(author, at, "test"),
        {"project": world.project, "planned_start_on": date(2026, 4, 1),
         "planned_end_on": date(2027, 3, 31), "budget_at_completion": 5},
    )  # fmt: skip


def _target(author: User, world: World, at: datetime) -> Any:
    value = factories.KpiValueFactory.create(
        kpi=factories.KpiFactory.create(system=world.system),
        fiscal_year=2026, target=1, target_state="reported",
    )  # fmt: skip
    asked = Act(author, at, "test", "a new law came in")
    return changes.request(asked, KINDS["kpi-values"], value.pk, {"target": Decimal(2)})


def _mute(author: User, world: World, at: datetime) -> Any:
    flag = RiskFlag.objects.create(
        rule_id="no_such_rule", rule_version=1, agency=world.home, project=world.project,
        severity="high", opened_on=at.date(), severity_since=at.date(), judged_on=at.date(),
    )  # fmt: skip
    return mutes.request_mute(Act(author, at, "test", "why"), flag.pk, date(2027, 1, 1))


CASES: list[tuple[Callable[..., Any], Callable[..., Any], Role]] = [
    (_report, updates.approve, Role.PMO),
    (_plan, requests.approve_baseline, Role.PMO),
    (_plan, requests.reject_baseline, Role.PMO),
    (_target, changes.approve, Role.PMO),
    (_target, changes.reject, Role.PMO),
    (_mute, mutes.approve_mute, Role.MINISTRY_CIO),
    (_mute, mutes.reject_mute, Role.MINISTRY_CIO),
]


@pytest.mark.parametrize(("file", "decide", "role"), CASES)
def test_who_had_the_authors_account_in_hand_does_not_decide(
    file: Any, decide: Any, role: Role, world: World, pmo: User, puppet: User, now: datetime
) -> None:
    decider = pmo if role is Role.PMO else person(role, world)
    if role is not Role.PMO:
        ties.tie(act(decider, now - timedelta(days=1)), puppet, AccountTie.Kind.LINK_SEEN)
    filed = file(puppet, world, now)
    with pytest.raises(DomainError, match="count as one person"):
        decide(act(decider, now, "because"), filed.pk)
    # The holder proves to be somebody else afterwards: this may still be the maker's work.
    ties.prove(act(puppet, now + timedelta(hours=1)), puppet)
    with pytest.raises(DomainError, match="count as one person"):
        decide(act(decider, now + timedelta(hours=2), "because"), filed.pk)


@pytest.mark.parametrize(("file", "decide", "role"), CASES)
def test_a_proven_holder_is_another_person(
    file: Any, decide: Any, role: Role, world: World, pmo: User, puppet: User, now: datetime
) -> None:
    ties.prove(act(puppet, now - timedelta(hours=1)), puppet)
    filed = file(puppet, world, now)
    decider = pmo if role is Role.PMO else person(role, world)
    assert decide(act(decider, now, "because"), filed.pk).pk == filed.pk


def test_whoever_is_tied_does_not_publish(
    world: World, pmo: User, cio_of_ministry: User, puppet: User, now: datetime
) -> None:
    ties.prove(act(puppet, now - timedelta(hours=1)), puppet)
    update = _report(puppet, world, now)
    updates.approve(act(pmo, now), update.pk)
    # The other way round: the author had the account of the minister in hand.
    ties.tie(act(puppet, now), cio_of_ministry, AccountTie.Kind.RESET)
    with pytest.raises(DomainError, match="Confirm your own identity first"):
        updates.publish(act(cio_of_ministry, now), update.pk)
    ties.prove(act(cio_of_ministry, now + timedelta(hours=1)), cio_of_ministry)
    with pytest.raises(DomainError, match="count as one person"):
        updates.publish(act(cio_of_ministry, now + timedelta(hours=2)), update.pk)


def test_an_author_counts_who_only_wrote_in_it(
    world: World, pmo: User, pjmo: User, puppet: User, now: datetime
) -> None:
    """The puppet drafts, an honest colleague hands over."""
    made = updates.save(
        act(puppet, now), world.project, date(2026, 10, 1), _values(), Details(), {},
        version=0,
    )  # fmt: skip
    updates.submit(act(pjmo, now), made.pk)
    with pytest.raises(DomainError, match="count as one person"):
        updates.approve(act(pmo, now), made.pk)


def test_the_page_says_why_instead_of_offering_the_button(
    world: World, pmo: User, puppet: User, now: datetime
) -> None:
    update = _report(puppet, world, now)
    forget_rights(pmo)
    page = signed_in(pmo).get(f"/updates/{update.pk}/").content.decode()
    assert "You and puppet count as one person here" in page
    assert "(made the account)" in page
    assert f"/updates/{update.pk}/approve/" not in page
    assert f"/updates/{update.pk}/return/" in page


def test_a_muting_and_a_target_say_why(
    world: World, pmo: User, cio_of_ministry: User, puppet: User, now: datetime
) -> None:
    asked = _target(puppet, world, now)
    page = signed_in(pmo).get(f"/changes/{asked.pk}/").content.decode()
    assert "You and puppet count as one person here" in page
    ties.tie(act(cio_of_ministry, now), puppet, AccountTie.Kind.RESET)
    mute = _mute(puppet, world, now)
    page = signed_in(cio_of_ministry).get(f"/flags/{mute.flag_id}/mute/").content.decode()
    assert "(reset the sign-in)" in page
    assert f"/mutes/{mute.pk}/approve/" not in page
