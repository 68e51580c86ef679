"""Who keeps a scenario, who changes it, and what the trail says of it."""

from datetime import datetime
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from governance.access import Role
from governance.exceptions import Conflict
from governance.models import AuditEvent, User
from projects.models import Scenario
from projects.services import scenarios
from tests import factories
from tests.conftest import World, act, person

pytestmark = pytest.mark.django_db


def values(**given: Any) -> dict[str, Any]:
    return {"name": "S", "note": "", "agency": None, "assumptions": {}, **given}


def test_a_scenario_is_kept_with_what_it_assumes_and_told(cio: User, now: datetime) -> None:
    made = scenarios.create(act(cio, now), values(assumptions={"discount_rate": "0.020"}))
    assert made.owner == cio
    assert made.assumptions == {"discount_rate": "0.02"}
    event = AuditEvent.objects.get(verb="scenario.created")
    assert (event.object_name, event.actor) == ("S", cio)
    assert event.after is not None
    assert event.after["assumptions"] == {"discount_rate": "0.02"}


def test_every_fault_is_told_at_once(cio: User, world: World, now: datetime) -> None:
    raw = {
        "discount_rate": "abc",
        "thresholds": {"cost_overrun": {"x": 1, "medium_from_ratio": 99}},
        "projects": {"HOME-P1": "drop", "GONE": "drop"},
    }
    with pytest.raises(ValidationError) as refused:
        scenarios.create(act(cio, now), values(name="", assumptions=raw))
    told = refused.value.message_dict
    assert set(told) == {"name", "assumptions"}
    assert "“Discount rate a year” must be a number." in told["assumptions"]
    assert "There is no project “GONE” that you may see here." in told["assumptions"]
    assert "There is no assumption “Cost above the first plan: x”." in told["assumptions"]
    bounds = "“Cost above the first plan: Medium from this” must lie between 0% and 1,000%."
    assert bounds in told["assumptions"]
    assert not Scenario.objects.exists()
    assert not AuditEvent.objects.filter(verb__startswith="scenario").exists()


def test_a_ministry_keeps_scenarios_of_itself_only(pmo: User, world: World, now: datetime) -> None:
    with pytest.raises(ValidationError, match="do not see the whole government"):
        scenarios.create(act(pmo, now), values())
    with pytest.raises(PermissionDenied):
        scenarios.create(act(pmo, now), values(agency=world.other))
    assert not Scenario.objects.exists()
    assert scenarios.create(act(pmo, now), values(agency=world.sub)).agency == world.sub


def test_another_ministrys_project_does_not_exist(pmo: User, world: World, now: datetime) -> None:
    raw = {"projects": {"OTHER-P1": "drop"}}
    with pytest.raises(ValidationError, match="no project “OTHER-P1” that you may see"):
        scenarios.create(act(pmo, now), values(agency=world.home, assumptions=raw))


def test_a_project_outside_of_the_scenarios_agency_does_not_count(
    cio: User, world: World, now: datetime
) -> None:
    raw = {"projects": {"OTHER-P1": "drop"}}
    with pytest.raises(ValidationError, match="OTHER-P1"):
        scenarios.create(act(cio, now), values(agency=world.home, assumptions=raw))
    assert scenarios.create(act(cio, now), values(assumptions=raw)).assumptions == raw


def test_a_name_stands_once_an_owner(cio: User, world: World, now: datetime) -> None:
    scenarios.create(act(cio, now), values())
    with pytest.raises(ValidationError, match="scenario of this name already"):
        scenarios.create(act(cio, now), values())
    advisor = person(Role.ADVISOR, world)
    assert scenarios.create(act(advisor, now), values()).owner == advisor


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.PJMO, Role.ACCOUNTING, Role.VERIFIER])
def test_who_may_not_keep_one(role: Role, world: World, now: datetime) -> None:
    with pytest.raises((PermissionDenied, ValidationError)):
        scenarios.create(act(person(role, world), now), values(agency=world.home))
    assert not Scenario.objects.exists()


def test_a_command_owns_no_scenario(world: World, now: datetime) -> None:
    with pytest.raises(PermissionDenied):
        scenarios.create(act(None, now), values())


def test_a_change_tells_before_and_after(cio: User, now: datetime) -> None:
    made = scenarios.create(act(cio, now), values())
    changed = scenarios.change(
        act(cio, now), made.pk, values(name="T", assumptions={"horizon_years": 5}), version=1
    )
    assert (changed.name, changed.version) == ("T", 2)
    event = AuditEvent.objects.get(verb="scenario.edited")
    assert event.before is not None
    assert event.after is not None
    assert (event.before["name"], event.after["name"]) == ("S", "T")
    assert event.after["assumptions"] == {"horizon_years": 5}


def test_the_same_values_write_nothing(cio: User, now: datetime) -> None:
    made = scenarios.create(act(cio, now), values(assumptions={"discount_rate": "0.02"}))
    again = values(assumptions={"discount_rate": "0.0200"})
    assert scenarios.change(act(cio, now), made.pk, again, version=1).version == 1
    assert not AuditEvent.objects.filter(verb="scenario.edited").exists()


def test_two_windows_conflict(cio: User, now: datetime) -> None:
    made = scenarios.create(act(cio, now), values())
    scenarios.change(act(cio, now), made.pk, values(note="first"), version=1)
    with pytest.raises(Conflict):
        scenarios.change(act(cio, now), made.pk, values(note="second"), version=1)
    made.refresh_from_db()
    assert made.note == "first"


def test_only_its_owner_changes_or_deletes_it(cio: User, world: World, now: datetime) -> None:
    made = scenarios.create(act(cio, now), values())
    advisor = person(Role.ADVISOR, world)
    with pytest.raises(PermissionDenied):
        scenarios.change(act(advisor, now), made.pk, values(name="X"), version=1)
    with pytest.raises(PermissionDenied):
        scenarios.delete(act(advisor, now), made.pk)
    made.refresh_from_db()
    assert made.name == "S"
    scenarios.delete(act(cio, now), made.pk)
    assert not Scenario.objects.exists()
    event = AuditEvent.objects.get(verb="scenario.deleted")
    assert event.before is not None
    assert event.before["name"] == "S"
    assert event.after is None


def test_a_copy_is_the_actors_own_under_a_free_name(cio: User, world: World, now: datetime) -> None:
    raw = {"projects": {"HOME-P1": "drop"}, "discount_rate": "0.02"}
    made = scenarios.create(act(cio, now), values(assumptions=raw, note="why"))
    advisor = person(Role.ADVISOR, world)
    first = scenarios.copy(act(advisor, now), made.pk)
    assert (first.owner, first.name, first.note) == (advisor, "S", "why")
    assert first.assumptions == raw
    assert scenarios.copy(act(advisor, now), made.pk).name == "S (2)"
    assert scenarios.copy(act(cio, now), made.pk).name == "S (2)"


def test_a_copy_leaves_out_what_the_actor_does_not_see(
    cio: User, pmo: User, world: World, now: datetime
) -> None:
    made = scenarios.create(
        act(cio, now), values(agency=world.home, assumptions={"projects": {"HOME-P1": "drop"}})
    )
    Scenario.objects.filter(pk=made.pk).update(
        assumptions={"projects": {"HOME-P1": "drop", "OTHER-P1": "drop"}}
    )
    copied = scenarios.copy(act(pmo, now), made.pk)
    assert copied.assumptions == {"projects": {"HOME-P1": "drop"}}


def test_what_one_may_not_see_cannot_be_copied(
    cio: User, pmo: User, auditor: User, world: World, now: datetime
) -> None:
    made = scenarios.create(act(cio, now), values())
    with pytest.raises(PermissionDenied):
        scenarios.copy(act(pmo, now), made.pk)
    with pytest.raises((PermissionDenied, ValidationError)):
        scenarios.copy(act(auditor, now), made.pk)
    assert Scenario.objects.count() == 1


def test_a_projects_leaving_the_owners_sight_is_told_at_the_next_save(
    pmo: User, world: World, now: datetime
) -> None:
    project = factories.ProjectFactory.create(agency=world.sub, code="SUB-P")
    raw = {"projects": {"SUB-P": {"defer_years": 2}}}
    made = scenarios.create(act(pmo, now), values(agency=world.home, assumptions=raw))
    type(project).objects.filter(pk=project.pk).update(agency=world.other)
    with pytest.raises(ValidationError, match="SUB-P"):
        scenarios.change(
            act(pmo, now), made.pk, values(agency=world.home, assumptions=raw), version=1
        )
