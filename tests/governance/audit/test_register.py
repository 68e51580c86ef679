"""A row that was changed, made or deleted below the program is found, whichever table it is in."""

from datetime import datetime
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from governance import audit
from governance.audit import Kind, register, sealing, states
from governance.models import Agency, AuditEvent, User
from governance.people import accounts, invitations
from projects.models import CostLine, Project, RiskFlag, Scenario, System
from projects.register import KINDS
from projects.services import register as writes
from projects.services import scenarios
from tests import factories
from tests.conftest import World, act, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def home(world: World, pmo: User, cio: User, now: datetime) -> World:
    """The world, with every row of it told to the trail."""
    sealing.seal_register(act(None, now, "the world of this test"))
    assert found() == set()
    return world


def found() -> set[tuple[Kind, str, str]]:
    return {(f.kind, f.object_type, f.object_key) for f in register.compare([])}


def _sql(statement: str, *params: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)


def test_a_changed_row_is_found(home: World) -> None:
    _sql("UPDATE projects_system SET name = 'x' WHERE id = %s", home.system.pk)
    assert found() == {(Kind.ROW_ALTERED, "system", str(home.system.pk))}


@pytest.mark.skipif(
    settings.DATABASES["default"]["ENGINE"].endswith("postgresql"), reason="columns have types"
)
@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        # Read as before; but a day kept as a number is before every day kept as text.
        ("governance_membership", "valid_from", 20300101),
        ("governance_membership", "valid_from", "garbage"),
        ("governance_membership", "is_head", 2),
        ("governance_membership", "updated_at", "2026-11-24 03:00"),
        ("projects_costline", "amount", 5.9),
        ("projects_kpivalue", "target", 80.000000001),
        ("projects_kpivalue", "target", 1e300),
        ("projects_kpivalue", "target", float("inf")),
        ("projects_kpivalue", "fiscal_year", 2026.5),
    ],
)
def test_a_value_that_reads_well_and_is_stored_otherwise_is_found(
    home: World, pmo: User, now: datetime, table: str, column: str, value: Any
) -> None:
    """Seen: a role of the year 2030 was in force at once, and the trail whole."""
    kpi = factories.KpiFactory.create(system=home.system)
    factories.KpiValueFactory.create(
        kpi=kpi, fiscal_year=2026, target=Decimal("80.25"), target_state="reported"
    )
    factories.CostLineFactory.create(system=home.system, amount=5, amount_state="reported")
    sealing.seal_register(act(None, now, "rows of this test"))
    assert found() == set()
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT max(id) FROM {table}")
        (pk,) = cursor.fetchone()
        cursor.execute("PRAGMA ignore_check_constraints = ON")
        cursor.execute(f"UPDATE {table} SET {column} = %s WHERE id = %s", [value, pk])
        cursor.execute("PRAGMA ignore_check_constraints = OFF")
    faults = list(register.compare([]))
    assert (Kind.ROW_ALTERED, column) in {(fault.kind, fault.detail) for fault in faults}
    assert {fault.object_key for fault in faults} == {str(pk)}


@pytest.mark.skipif(
    settings.DATABASES["default"]["ENGINE"].endswith("postgresql"), reason="columns have types"
)
def test_a_value_that_cannot_be_read_hides_nothing_else(home: World, now: datetime) -> None:
    """Seen: a word for an amount, and the whole verification broke off."""
    lines = [
        factories.CostLineFactory.create(
            system=home.system, budget_year=year, amount=5, amount_state="reported"
        )
        for year in (2024, 2025)
    ]
    sealing.seal_register(act(None, now, "rows of this test"))
    _sql("PRAGMA ignore_check_constraints = ON")
    _sql("UPDATE projects_costline SET amount = 'abc' WHERE id = %s", lines[0].pk)
    _sql("PRAGMA ignore_check_constraints = OFF")
    _sql("UPDATE projects_costline SET amount = 6 WHERE id = %s", lines[1].pk)
    _sql("UPDATE projects_system SET name = 'x' WHERE id = %s", home.system.pk)
    assert found() == {
        (Kind.ROW_ALTERED, "costline", str(lines[0].pk)),
        (Kind.ROW_ALTERED, "costline", str(lines[1].pk)),
        (Kind.ROW_ALTERED, "system", str(home.system.pk)),
    }


def test_what_is_left_out_is_told() -> None:
    told = dict(register.outside())
    assert "users: groups, last login, user permissions" in told


def test_a_changed_row_is_found_after_it_was_edited_as_one_should(
    home: World, pmo: User, now: datetime
) -> None:
    system = home.system
    edited = writes.edit(
        act(pmo, now), KINDS["systems"], system.pk, {"name": "新台帳"}, version=system.version
    )
    assert found() == set()
    _sql("UPDATE projects_system SET name = '内務台帳' WHERE id = %s", edited.pk)
    assert found() == {(Kind.ROW_ALTERED, "system", str(edited.pk))}


def test_a_row_that_came_without_an_event_is_found(home: World) -> None:
    made = Agency.objects.create(code="new", name="新省")
    assert found() == {(Kind.NO_EVENT, "agency", str(made.pk))}


def test_a_deleted_row_is_found(home: World, now: datetime) -> None:
    line = factories.CostLineFactory.create(system=home.system)
    sealing.seal_register(act(None, now, "loaded by hand"))
    CostLine.objects.filter(pk=line.pk).delete()
    assert found() == {(Kind.ROW_GONE, "costline", str(line.pk))}


def test_a_link_that_was_made_or_cut_below_the_program_is_found(home: World) -> None:
    key = str(home.project.pk)
    home.project.systems.add(home.sub_system)
    assert found() == {(Kind.ROW_ALTERED, "project", key)}
    home.project.systems.set([home.system])
    assert found() == set()
    home.project.systems.clear()
    assert found() == {(Kind.ROW_ALTERED, "project", key)}


def test_a_deletion_through_the_program_is_told_and_one_that_comes_back_is_found(
    home: World, cio: User, now: datetime
) -> None:
    values: dict[str, Any] = {"name": "案", "note": "", "agency": None, "assumptions": {}}
    scenario = scenarios.create(act(cio, now), values)
    pk, row = scenario.pk, Scenario.objects.get()
    scenarios.delete(act(cio, now), pk)
    assert found() == set()
    row.save(force_insert=True)
    assert found() == {(Kind.ROW_RISEN, "scenario", str(pk))}


def test_a_role_an_account_and_a_tie_are_rows_like_others(home: World, pmo: User) -> None:
    membership = pmo.memberships.get()
    _sql("UPDATE governance_membership SET role = 'ministry_cio' WHERE id = %s", membership.pk)
    _sql("UPDATE governance_user SET email = 'x@example.org' WHERE id = %s", pmo.pk)
    assert found() == {
        (Kind.ROW_ALTERED, "membership", str(membership.pk)),
        (Kind.ROW_ALTERED, "user", str(pmo.pk)),
    }


def test_signing_in_alters_nothing_that_the_trail_answers_for(home: World, pmo: User) -> None:
    _sql("UPDATE governance_user SET last_login = '2026-11-24 03:00:00+00:00'")
    assert found() == set()


# Flags: the rules judge, people set aside -------------------------------------------------------


def test_what_happens_to_an_account_that_stays_is_no_deletion(
    home: World, pmo: User, now: datetime
) -> None:
    """Each as the last event about the account: nobody's next step hides it."""
    client = signed_in(pmo)
    client.post(reverse("logout"))
    assert AuditEvent.objects.filter(verb="user.signed_out").exists()
    assert found() == set()
    invitations.show_link(act(pmo, now), pmo)
    assert found() == set()
    accounts.reset_factors(act(pmo, now), pmo)
    assert found() == set()
    accounts.change_password(act(pmo, now), pmo, "a-long-Enough-1", keep=None)
    assert found() == set()


def test_the_first_account_is_told_to_the_trail(home: World) -> None:
    User.objects.create_superuser("first", password="x")
    assert AuditEvent.objects.get(verb="user.created").after == {"username": "first", "email": ""}
    assert found() == set()


def _flag(home: World, **values: Any) -> RiskFlag:
    return RiskFlag.objects.create(
        rule_id="cost-overrun",
        rule_version=1,
        agency=home.home,
        system=home.system,
        severity="high",
        opened_on="2026-11-24",
        severity_since="2026-11-24",
        judged_on="2026-11-24",
        **values,
    )


def test_what_the_rules_say_is_theirs_and_a_muting_below_the_program_is_found(
    home: World,
) -> None:
    flag = _flag(home)
    assert found() == set()
    RiskFlag.objects.update(severity="low")
    assert found() == set()
    RiskFlag.objects.update(muted_on="2026-11-24", muted_until="2027-11-24")
    assert found() == {(Kind.NO_EVENT, "riskflag", str(flag.pk))}


def test_a_muting_that_was_taken_back_below_the_program_is_found(
    home: World, now: datetime
) -> None:
    flag = _flag(home, muted_on="2026-11-24", muted_until="2027-11-24")
    sealing.seal_register(act(None, now, "loaded by hand"))
    assert found() == set()
    RiskFlag.objects.update(muted_on=None, muted_until=None)
    assert found() == {(Kind.ROW_ALTERED, "riskflag", str(flag.pk))}


# How it is done ---------------------------------------------------------------------------------


def test_comparing_costs_the_same_queries_for_three_rows_and_for_thirty(home: World) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            list(register.compare([]))
        return len(queries)

    few = cost()
    for number in range(27):
        writes.create(
            act(None, datetime.fromisoformat("2026-11-24T03:00:00Z")),
            KINDS["agencies"],
            {"code": f"a{number}", "name": f"省{number}"},
        )
    assert cost() == few


def test_a_write_in_the_middle_of_the_comparison_is_no_fault(
    home: World, pmo: User, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The row is read before, its event after the write: looked at again, all fits."""
    told_of = register.told_of
    done: list[bool] = []

    def late(object_type: str, keys: Any) -> Any:
        if object_type == "system" and not done:
            done.append(True)
            system = System.objects.get(pk=home.system.pk)
            writes.edit(
                act(pmo, now), KINDS["systems"], system.pk, {"name": "間"}, version=system.version
            )
        return told_of(object_type, keys)

    monkeypatch.setattr(register, "told_of", late)
    assert found() == set()
    assert done


def test_every_row_is_counted_however_many_are_read_at_once(
    home: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(register, "CHUNK", 2)
    compared: list[register.Compared] = []
    assert list(register.compare(compared)) == []
    assert {one.model: one.rows for one in compared}[System] == System.objects.count() == 3


def test_the_state_is_the_same_from_memory_and_from_the_database(home: World) -> None:
    """Written as Python writes them, read as the database keeps them."""
    for model in audit.audited_models():
        for instance in model._default_manager.all():
            stored = next(audit.stored(model, [instance.pk]))
            assert states.state_of(instance) == stored.state


def test_an_empty_new_column_changes_no_state() -> None:
    now = {"id": 1, "name": "a", "added": "", "many": []}
    assert states.hashed("x", "1", now) == states.hashed("x", "1", {"id": 1, "name": "a"})
    assert states.hashed("x", "1", now) != states.hashed("x", "1", {**now, "added": "b"})


# Sealing ----------------------------------------------------------------------------------------


def test_sealing_needs_a_reason_and_tells_every_row(world: World, now: datetime) -> None:
    with pytest.raises(sealing.NoReason):
        sealing.seal_register(act(None, now, " "))
    out = StringIO()
    call_command("seal_register", reason="after the upgrade", stdout=out)
    assert f"agency: no event: {Agency.objects.count()}" in out.getvalue()
    event = AuditEvent.objects.get()
    assert (event.verb, event.reason) == ("register.sealed", "after the upgrade")
    assert event.after is not None
    assert event.after["project"] == {"no event": Project.objects.count()}
    assert found() == set()
    assert list(audit.verify()) == []


def test_sealing_what_fits_writes_nothing(home: World, now: datetime) -> None:
    before = AuditEvent.objects.count()
    assert sealing.seal_register(act(None, now, "again")) == {}
    assert AuditEvent.objects.count() == before


# The command ------------------------------------------------------------------------------------


def test_the_command_tells_what_was_compared_and_what_could_not_be(home: World) -> None:
    out = StringIO()
    call_command("verify_audit", stdout=out)
    told = out.getvalue()
    assert "The audit trail is whole: 1 events" in told
    assert "kinds, each with its last event" in told
    assert "Not compared: anchors outside of the database" in told
    assert "Not compared: drafts" in told


def test_the_command_names_the_row(home: World) -> None:
    _sql("UPDATE projects_system SET name = 'x' WHERE id = %s", home.system.pk)
    err = StringIO()
    with pytest.raises(CommandError, match="NOT whole: 1 faults"):
        call_command("verify_audit", stdout=StringIO(), stderr=err)
    assert f"system {home.system.pk}: row altered" in err.getvalue()


def test_every_kind_of_row_is_answered_for_or_says_why_not() -> None:
    names = [states.type_of(model) for model in audit.audited_models()]
    assert len(set(names)) == len(names)
    assert {"system", "membership", "user", "accounttie", "importrun"} <= set(names)
    for name, why in register.outside():
        assert name
        assert why
