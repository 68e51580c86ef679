"""Writing to the register: rights, validation, locking, audit and recomputation at once."""

from datetime import date, datetime

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from governance import audit
from governance.access import Role
from governance.exceptions import Conflict, DomainError
from governance.models import AuditEvent, User
from projects.models import CostLine, MonthlyUpdate, System, YearRollup
from projects.models.choices import Stage, SystemStatus, UpdateState
from projects.register import KINDS
from projects.services import register, updates
from tests import factories
from tests.conftest import World, act

pytestmark = pytest.mark.django_db

SYSTEMS, UPDATES, COSTS = KINDS["systems"], KINDS["updates"], KINDS["cost-lines"]


def _new(world: World, **more: object) -> dict[str, object]:
    return {
        "system_id": "NEW-1",
        "name": "新台帳",
        "agency": world.home,
        "system_class": world.system.system_class,
        "status": SystemStatus.PLANNING,
        **more,
    }


def test_creating_saves_and_tells_the_trail(world: World, pmo: User, now: datetime) -> None:
    system = register.create(act(pmo, now), SYSTEMS, _new(world))
    event = AuditEvent.objects.get(verb="system.created")
    assert (event.actor_name, event.object_key) == ("pmo", str(system.pk))
    assert event.before is None
    assert event.after is not None
    assert event.after["system_id"] == "NEW-1"
    assert list(audit.verify()) == []


def test_nobody_creates_in_another_ministry(world: World, pmo: User, now: datetime) -> None:
    with pytest.raises(PermissionDenied):
        register.create(act(pmo, now), SYSTEMS, _new(world, agency=world.other))
    assert not System.objects.filter(system_id="NEW-1").exists()
    assert not AuditEvent.objects.exists()


def test_nobody_moves_a_record_out_of_their_reach(world: World, pmo: User, now: datetime) -> None:
    with pytest.raises(PermissionDenied):
        register.edit(act(pmo, now), SYSTEMS, world.system.pk, {"agency": world.other}, version=1)
    world.system.refresh_from_db()
    assert world.system.agency == world.home


def test_nobody_links_what_they_do_not_see(world: World, pmo: User, now: datetime) -> None:
    with pytest.raises(ValidationError, match="no such record"):
        register.edit(
            act(pmo, now),
            KINDS["projects"],
            world.project.pk,
            {"systems": [world.system, world.other_system]},
            version=1,
        )
    with pytest.raises(ValidationError, match="no such record"):
        register.create(
            act(pmo, now),
            KINDS["contracts"],
            {
                "contract_id": "C-1",
                "title": "保守",
                "agency": world.home,
                "system": world.other_system,
                "vendor": "株式会社架空",
            },
        )


def test_a_link_that_stands_may_stay_though_the_editor_does_not_see_it(
    world: World, pmo: User, now: datetime
) -> None:
    world.project.systems.add(world.other_system)
    project = register.edit(
        act(pmo, now),
        KINDS["projects"],
        world.project.pk,
        {"systems": [world.system, world.other_system], "purpose": "更改"},
        version=1,
    )
    assert project.purpose == "更改"


def test_readers_cannot_edit(world: World, cio: User, now: datetime) -> None:
    with pytest.raises(PermissionDenied):
        register.edit(act(cio, now), SYSTEMS, world.system.pk, {"name": "x"}, version=1)


def test_the_second_of_two_editors_is_told_and_nothing_is_lost(
    world: World, pmo: User, now: datetime
) -> None:
    register.edit(act(pmo, now), SYSTEMS, world.system.pk, {"name": "甲"}, version=1)
    with pytest.raises(Conflict) as conflict:
        register.edit(act(pmo, now), SYSTEMS, world.system.pk, {"name": "乙"}, version=1)
    assert conflict.value.theirs["name"] == "甲"
    world.system.refresh_from_db()
    assert (world.system.name, world.system.version) == ("甲", 2)


def test_saving_without_a_change_writes_nothing(world: World, pmo: User, now: datetime) -> None:
    register.edit(act(pmo, now), SYSTEMS, world.system.pk, {"name": world.system.name}, version=1)
    world.system.refresh_from_db()
    assert world.system.version == 1
    assert not AuditEvent.objects.exists()


def test_an_edit_keeps_only_what_changed(world: World, pmo: User, now: datetime) -> None:
    register.edit(act(pmo, now), SYSTEMS, world.system.pk, {"name": "甲"}, version=1)
    event = AuditEvent.objects.get(verb="system.edited")
    assert event.before is not None
    assert event.before["name"] == "内務台帳"
    assert event.after is not None
    assert event.after["name"] == "甲"
    assert "status" not in event.after


def test_many_to_many_changes_are_kept_in_the_trail(world: World, pmo: User, now: datetime) -> None:
    project = register.edit(
        act(pmo, now),
        KINDS["projects"],
        world.project.pk,
        {"systems": [world.system, world.sub_system]},
        version=1,
    )
    assert project.version == 2
    event = AuditEvent.objects.get(verb="project.edited")
    assert event.after is not None
    assert event.after["systems"] == sorted([world.system.pk, world.sub_system.pk])


def test_wrong_values_name_their_field(world: World, pmo: User, now: datetime) -> None:
    with pytest.raises(ValidationError) as wrong:
        register.create(act(pmo, now), SYSTEMS, _new(world, system_id="HOME-1"))
    assert "system_id" in wrong.value.message_dict
    with pytest.raises(ValidationError, match="before the go-live"):
        register.create(
            act(pmo, now),
            SYSTEMS,
            _new(world, go_live_on=date(2025, 4, 1), retired_on=date(2024, 4, 1)),
        )


def test_fields_that_people_do_not_enter_are_refused(
    world: World, pmo: User, now: datetime
) -> None:
    with pytest.raises(DomainError, match="version"):
        register.edit(act(pmo, now), SYSTEMS, world.system.pk, {"version": 9}, version=1)


def test_a_new_cost_line_moves_the_rollup_in_the_same_write(
    world: World, actors: dict[Role, User], now: datetime
) -> None:
    line = register.create(
        act(actors[Role.ACCOUNTING], now),
        COSTS,
        {
            "system": world.system,
            "budget_year": 2024,
            "sheet_year": 2025,
            "cost_item": factories.CostItemFactory.create(),
            "stage": Stage.EXECUTED,
            "amount": 1234,
        },
    )
    assert YearRollup.objects.get(system=world.system, fiscal_year=2024).executed == 1234
    assert isinstance(line, CostLine)


def test_budget_staff_cannot_file_execution(world: World, pmo: User, now: datetime) -> None:
    with pytest.raises(PermissionDenied):
        register.create(
            act(pmo, now),
            COSTS,
            {
                "system": world.system,
                "budget_year": 2024,
                "sheet_year": 2025,
                "cost_item": factories.CostItemFactory.create(),
                "stage": Stage.EXECUTED,
                "amount": 1,
            },
        )


def test_a_baseline_stays_as_it_was_agreed(world: World, pmo: User, now: datetime) -> None:
    baseline = factories.BaselineFactory.create(project=world.project)
    with pytest.raises(DomainError, match="add a new one"):
        register.edit(
            act(pmo, now),
            KINDS["baselines"],
            baseline.pk,
            {"budget_at_completion": 1},
            version=1,
        )


def _report(world: World, pjmo: User, now: datetime) -> MonthlyUpdate:
    update: MonthlyUpdate = register.create(
        act(pjmo, now),
        UPDATES,
        {
            "project": world.project,
            "period": date(2026, 10, 1),
            "narrative": "順調",
            "progress_percent": 40,
            "actual_cost": 100,
            "forecast_end_on": date(2027, 3, 31),
            "confidence": 3,
        },
    )
    return update


def test_a_report_goes_from_draft_to_approved(
    world: World, pjmo: User, pmo: User, now: datetime
) -> None:
    update = _report(world, pjmo, now)
    updates.submit(act(pjmo, now), update.pk)
    with pytest.raises(DomainError, match="no longer be edited"):
        register.edit(act(pjmo, now), UPDATES, update.pk, {"narrative": "x"}, version=2)
    done = updates.approve(act(pmo, now), update.pk)
    assert (done.state, done.approved_by) == (UpdateState.APPROVED, pmo)
    verbs = list(AuditEvent.objects.order_by("seq").values_list("verb", flat=True))
    assert [v for v in verbs if "update." in v] == [
        "monthlyupdate.created",
        "update.submitted",
        "update.approved",
    ]


def test_nobody_approves_their_own_report(world: World, pjmo: User, now: datetime) -> None:
    factories.MembershipFactory.create(user=pjmo, role=Role.PMO, agency=world.home)
    update = _report(world, pjmo, now)
    updates.submit(act(pjmo, now), update.pk)
    with pytest.raises(DomainError, match="own report"):
        updates.approve(act(pjmo, now), update.pk)


def test_a_returned_report_has_a_reason_and_comes_back(
    world: World, pjmo: User, pmo: User, now: datetime
) -> None:
    update = _report(world, pjmo, now)
    updates.submit(act(pjmo, now), update.pk)
    with pytest.raises(DomainError, match="why"):
        updates.send_back(act(pmo, now), update.pk)
    updates.send_back(act(pmo, now, reason="実績が空欄"), update.pk)
    assert AuditEvent.objects.get(verb="update.returned").reason == "実績が空欄"
    again = updates.submit(act(pjmo, now), update.pk)
    assert again.state == UpdateState.SUBMITTED


def test_a_month_has_one_open_report_and_corrections_number_on(
    world: World, pjmo: User, pmo: User, now: datetime
) -> None:
    update = _report(world, pjmo, now)
    with pytest.raises(ValidationError, match="already"):
        _report(world, pjmo, now)
    updates.submit(act(pjmo, now), update.pk)
    updates.approve(act(pmo, now), update.pk)
    correction = _report(world, pjmo, now)
    assert correction.revision == 2
    assert MonthlyUpdate.objects.get(pk=update.pk).state == UpdateState.APPROVED
