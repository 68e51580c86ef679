"""Faults are told in words: which record, as the trail knew it, which field, and where its history is."""

import json
import re
from collections.abc import Iterator
from datetime import datetime
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.hashers import make_password
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from governance import audit
from governance.audit import Fault, Kind, naming, register, sealing
from governance.models import AuditCheck, AuditEvent, User
from projects.models import Project
from projects.register import KINDS
from projects.services import register as writes
from tests.conftest import World, act, signed_in
from tests.governance.audit.conftest import Tamper

pytestmark = pytest.mark.django_db


@pytest.fixture
def home(world: World, pmo: User, auditor: User, now: datetime) -> World:
    """The world, told to the trail; one system was edited as one should."""
    sealing.seal_register(act(None, now, "the world of this test"))
    system = world.system
    writes.edit(act(pmo, now), KINDS["systems"], system.pk, {"name": "新台帳"}, version=1)
    return world


def _sql(statement: str, *params: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)


def faults() -> list[Fault]:
    return audit.examine(timezone.now()).faults


def test_a_record_has_its_code_the_name_that_the_trail_knew_and_the_field(home: World) -> None:
    _sql("UPDATE projects_system SET name = 'x' WHERE id = %s", home.system.pk)
    (fault,) = faults()
    assert naming.record_words(fault) == f"System “HOME-1 新台帳” (#{home.system.pk})"
    assert naming.field_words(fault) == "name"
    assert Fault.of(fault.as_json()) == fault


def test_a_record_that_only_came_in_bulk_has_the_name_that_stands_in_its_row(home: World) -> None:
    _sql("UPDATE governance_agency SET name = '偽省' WHERE id = %s", home.other.pk)
    (fault,) = faults()
    assert naming.record_words(fault) == f"Agency, now called “other 偽省” (#{home.other.pk})"
    assert naming.field_words(fault) == ""
    assert Fault.of(fault.as_json()) == fault


def test_a_record_without_events_of_its_own_leads_to_no_empty_list(
    home: World, auditor: User
) -> None:
    """Seen: a link to a history that holds nothing."""
    _sql("UPDATE governance_agency SET name = '偽省' WHERE id = %s", home.other.pk)
    page = signed_in(auditor).post("/audit/verify/", {}, follow=True).content.decode()
    assert "now called “other 偽省”" in page
    assert "type=agency" not in page


def test_a_fault_of_the_chain_tells_what_its_event_says_now(
    home: World, three: list[AuditEvent], tamper: Tamper, auditor: User
) -> None:
    """Seen: a number, and nothing of what it was about."""
    seq = three[1].seq
    tamper(f"UPDATE governance_auditevent SET object_name = '偽名' WHERE seq = {seq}")
    (fault,) = (fault for fault in faults() if fault.kind is Kind.ALTERED)
    words = "the event now reads thing.edited, thing “偽名” (#2)"
    assert naming.record_words(fault) == words
    assert fault.as_json()["event"] == {
        "verb": "thing.edited",
        "object_type": "thing",
        "object_key": "2",
        "object_name": "偽名",
    }
    assert Fault.of(json.loads(json.dumps(fault.as_json()))) == fault
    err = StringIO()
    with pytest.raises(CommandError):
        call_command("verify_audit", stdout=StringIO(), stderr=err)
    assert f"{seq}: altered: the event was altered: {words}" in err.getvalue()
    assert words in signed_in(auditor).post("/audit/verify/", {}, follow=True).content.decode()


def test_an_event_that_is_gone_says_nothing(
    home: World, three: list[AuditEvent], tamper: Tamper
) -> None:
    tamper(f"DELETE FROM governance_auditevent WHERE seq = {three[1].seq}")
    (gap,) = (fault for fault in faults() if fault.kind is Kind.GAP)
    assert gap.event is None
    assert naming.record_words(gap) == ""


def test_an_account_is_called_by_its_name(home: World, pmo: User) -> None:
    _sql("UPDATE governance_user SET password = %s WHERE id = %s", make_password("mine"), pmo.pk)
    (fault,) = faults()
    assert fault.object_type == "credential"
    assert naming.record_words(fault) == f"User, now called “{pmo.username}” (#{pmo.pk})"
    assert naming.field_words(fault) == "password"


def test_the_command_and_the_page_say_it_and_the_page_leads_to_the_history(
    home: World, auditor: User
) -> None:
    pk = home.system.pk
    _sql("UPDATE projects_system SET name = 'x' WHERE id = %s", pk)
    err = StringIO()
    with pytest.raises(CommandError):
        call_command("verify_audit", stdout=StringIO(), stderr=err)
    words = f"not as its last event left it: System “HOME-1 新台帳” (#{pk}): name"
    assert f"system {pk}: row altered: {words}" in err.getvalue()
    page = signed_in(auditor).post("/audit/verify/", {}, follow=True).content.decode()
    assert f"System “HOME-1 新台帳” (#{pk})" in page
    assert f"/audit/?type=system&amp;key={pk}" in page
    assert re.search(r"<td[^>]*>\s*name\s*</td>", page)
    history = signed_in(auditor).get(f"/audit/?type=system&key={pk}").content.decode()
    assert "新台帳" in history


def test_a_verification_kept_by_an_earlier_release_is_still_read(
    home: World, auditor: User
) -> None:
    _sql("UPDATE projects_system SET name = 'x' WHERE id = %s", home.system.pk)
    signed_in(auditor).post("/audit/verify/", {})
    check = AuditCheck.objects.get()
    for fault in check.result["faults"]:
        for later in ("name", "fields", "is_todays_name", "has_history", "event"):
            del fault[later]
    check.result["outside"] = {"下書き": "理由"}
    del check.result["replaced"], check.result["verdict"]
    check.save()
    page = signed_in(auditor).get(f"/audit/verify/{check.pk}/").content.decode()
    assert f"System #{home.system.pk}" in page
    assert "下書き: 理由" in page


def test_words_cost_the_same_for_one_fault_and_for_many(home: World, now: datetime) -> None:
    def cost() -> int:
        found = list(register.compare([]))
        with CaptureQueriesContext(connection) as queries:
            naming.named(found)
        return len(queries)

    _sql("UPDATE projects_system SET name = 'x' WHERE id = %s", home.system.pk)
    one = cost()
    _sql("UPDATE projects_system SET name = 'x'")
    assert cost() == one


# References that lead nowhere -------------------------------------------------------------------


@pytest.fixture
def unchecked(transactional_db: None) -> Iterator[None]:
    """A database whose own checks are off, as who owns it can have them."""
    switch = (
        "PRAGMA foreign_keys = {}"
        if connection.vendor == "sqlite"
        else "SET session_replication_role = {}"
    )
    off, on = ("OFF", "ON") if connection.vendor == "sqlite" else ("replica", "DEFAULT")
    _sql(switch.format(off))
    yield
    _sql("DELETE FROM projects_project_systems WHERE project_id = 999 OR system_id = 999")
    _sql(switch.format(on))


def test_a_link_from_a_record_that_does_not_exist_is_found(
    unchecked: None, home: World, cio: User, now: datetime
) -> None:
    sealing.seal_register(act(None, now, "people of this test"))
    link = "INSERT INTO projects_project_systems (project_id, system_id) VALUES (%s, %s)"
    _sql(link, 999, home.system.pk)
    (fault,) = faults()
    assert (fault.kind, fault.object_type, fault.object_key) == (Kind.DANGLING, "project", "999")
    assert fault.detail == "projects_project_systems.project_id = 999"
    assert naming.record_words(fault) == "Project #999"
    assert naming.field_words(fault) == "systems"
    assert Project.objects.count() == 2
    _sql(link, home.project.pk, 999)
    told = {(one.kind, one.object_key) for one in faults()}
    assert told == {
        (Kind.DANGLING, "999"),
        (Kind.DANGLING, str(home.project.pk)),
        (Kind.ROW_ALTERED, str(home.project.pk)),
    }


def test_no_seal_hides_a_reference_that_leads_nowhere(
    unchecked: None, home: World, cio: User, now: datetime
) -> None:
    sealing.seal_register(act(None, now, "people of this test"))
    number = AuditEvent.objects.count()
    _sql("INSERT INTO projects_project_systems (project_id, system_id) VALUES (999, 999)")
    assert sealing.seal_register(act(None, now, "never mind")) == {}
    assert AuditEvent.objects.count() == number
    assert Kind.DANGLING in {fault.kind for fault in faults()}


def test_a_foreign_key_that_leads_nowhere_is_found(
    unchecked: None, home: World, now: datetime
) -> None:
    system, agency = home.system.pk, home.system.agency_id
    _sql("UPDATE projects_system SET agency_id = 999 WHERE id = %s", system)
    told = {(one.kind, one.object_key, one.fields) for one in faults()}
    _sql("UPDATE projects_system SET agency_id = %s WHERE id = %s", agency, system)
    assert (Kind.DANGLING, str(system), ("agency_id",)) in told
