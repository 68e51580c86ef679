"""SQLite keeps any bytes as text and any value in any column: what cannot be read is told, and hides
nothing else."""

from collections.abc import Callable
from datetime import datetime
from io import StringIO

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from governance import audit
from governance.audit import Kind, bent, register, sealing
from governance.models import AuditCheck, AuditEvent, AuditSeal, User
from tests.conftest import World, act, signed_in
from tests.governance.audit.conftest import Tamper

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(
        settings.DATABASES["default"]["ENGINE"].endswith("postgresql"), reason="columns have types"
    ),
]
_NO_UTF8 = "CAST(x'ff41' AS TEXT)"
_EVENT_COLUMNS = [str(f.column) for f in AuditEvent._meta.concrete_fields if f.name != "id"]


@pytest.fixture
def home(world: World, pmo: User, auditor: User, now: datetime) -> World:
    sealing.seal_register(act(None, now, "the world of this test"))
    assert audit.examine(timezone.now()).is_whole
    return world


@pytest.fixture
def unchecked(tamper: Tamper) -> Callable[[str], None]:
    def run(statement: str) -> None:
        tamper(
            "PRAGMA ignore_check_constraints = ON",
            statement,
            "PRAGMA ignore_check_constraints = OFF",
        )

    return run


def _report() -> str:
    """What the command says; the report as JSON can be stored."""
    err = StringIO()
    with pytest.raises(CommandError):
        call_command("verify_audit", stdout=StringIO(), stderr=err)
    with pytest.raises(CommandError):
        call_command("verify_audit", json=True, stdout=StringIO())
    err.getvalue().encode()
    return err.getvalue()


@pytest.mark.parametrize("column", _EVENT_COLUMNS)
@pytest.mark.parametrize("value", ["x'41'", "x'ff'", _NO_UTF8])
def test_an_event_that_cannot_be_read_is_told_with_all_else(
    home: World,
    three: list[AuditEvent],
    unchecked: Callable[[str], None],
    column: str,
    value: str,
) -> None:
    """Seen: a blob for a reason, and the whole verification broke off."""
    seq = three[1].seq
    unchecked(f"UPDATE governance_auditevent SET {column} = {value} WHERE seq = {seq}")
    unchecked(f"UPDATE projects_system SET name = 'x' WHERE id = {home.system.pk}")
    faults = audit.examine(timezone.now()).faults
    altered = {fault.seq for fault in faults if fault.kind is Kind.ALTERED}
    assert altered == ({0} if column == "seq" else {seq})
    if column == "seq":
        assert (Kind.GAP, seq) in {(fault.kind, fault.seq) for fault in faults}
    assert (Kind.ROW_ALTERED, "system") in {(fault.kind, fault.object_type) for fault in faults}
    told = _report()
    assert "the event was altered" in told
    assert f"system {home.system.pk}: row altered" in told
    if column == "actor_id":  # Else the database itself would complain at the end of the test.
        unchecked(f"UPDATE governance_auditevent SET actor_id = NULL WHERE seq = {seq}")


@pytest.mark.parametrize("column", ["reason", "before", "after", "origin", "at"])
def test_a_blob_that_reads_as_the_text_before_is_told(
    three: list[AuditEvent], unchecked: Callable[[str], None], column: str
) -> None:
    unchecked(f"UPDATE governance_auditevent SET {column} = CAST({column} AS BLOB) WHERE seq = 2")
    told = [(fault.seq, fault.kind, fault.detail) for fault in audit.verify()]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT typeof({column}) FROM governance_auditevent WHERE seq = 2")
        (kind,) = cursor.fetchone()
    assert told == ([(2, Kind.ALTERED, column)] if kind == "blob" else [])


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("before", "'garbage'"),
        ("after", f"'{'1' * 5000}'"),
        ("after", "'" + "[" * 5000 + "]" * 5000 + "'"),
        ("at", "'2026-13-45 00:00:00'"),
        ("seq", "'two'"),
        ("seq", "1.5"),
    ],
)
def test_a_value_of_an_event_that_no_program_wrote_is_told(
    three: list[AuditEvent], unchecked: Callable[[str], None], column: str, value: str
) -> None:
    unchecked(f"UPDATE governance_auditevent SET {column} = {value} WHERE seq = 2")
    assert Kind.ALTERED in {fault.kind for fault in audit.examine(timezone.now()).faults}
    _report()


@pytest.mark.parametrize("column", ["seq", "number", "object_type", "object_key", "state"])
@pytest.mark.parametrize("value", ["x'41'", _NO_UTF8])
@pytest.mark.parametrize("of", ["agency", "credential"])
def test_a_seal_that_cannot_be_read_is_told(
    home: World,
    pmo: User,
    now: datetime,
    unchecked: Callable[[str], None],
    column: str,
    value: str,
    of: str,
) -> None:
    """Also beside others that stand: of a kind, and of credentials."""
    pmo.set_password("a long one")
    pmo.save()
    sealing.seal_register(act(None, now, "credentials"))
    seal = AuditSeal.objects.filter(object_type=of).order_by("pk").first()
    assert seal is not None
    unchecked(f"UPDATE governance_auditseal SET {column} = {value} WHERE id = {seal.pk}")
    faults = audit.examine(timezone.now()).faults
    assert (Kind.SEALS_ALTERED, seal.seq) in {(fault.kind, fault.seq) for fault in faults}
    _report()


@pytest.mark.parametrize("column", ["seq", "hash"])
@pytest.mark.parametrize("value", ["x'41'", _NO_UTF8])
def test_a_head_that_cannot_be_read_is_told(
    three: list[AuditEvent], unchecked: Callable[[str], None], column: str, value: str
) -> None:
    unchecked(f"UPDATE governance_audithead SET {column} = {value}")
    assert Kind.CUT_OFF in {fault.kind for fault in audit.verify()}
    _report()


@pytest.mark.parametrize(
    ("table", "column", "key"),
    [
        ("projects_system", "name", "system"),
        ("projects_project", "name", "project"),
        ("governance_agency", "name", "agency"),
        ("governance_user", "username", "user"),
    ],
)
def test_text_that_is_none_is_told_with_its_place_and_hides_nothing_else(
    home: World, unchecked: Callable[[str], None], table: str, column: str, key: str
) -> None:
    """Seen: bytes that are no UTF-8 for a name, and the whole verification broke off."""
    unchecked(f"UPDATE {table} SET {column} = {_NO_UTF8} WHERE id = (SELECT max(id) FROM {table})")
    unchecked(
        "UPDATE governance_membership SET valid_from = '2020-01-01'"
        " WHERE id = (SELECT max(id) FROM governance_membership)"
    )
    told = {(fault.kind, fault.object_type, fault.detail) for fault in register.compare([])}
    assert (Kind.ROW_ALTERED, key, column) in told
    assert (Kind.ROW_ALTERED, "membership", "") in told
    _report()


@pytest.mark.parametrize("model", audit.audited_models(), ids=lambda model: model.__name__)
def test_every_column_of_text_is_looked_at(model: type) -> None:
    """The looking itself, of each table: that its question is one the database answers."""
    assert list(bent.columns(model)) == []


@pytest.mark.parametrize("value", ["x'ff41'", _NO_UTF8])
def test_a_password_that_cannot_be_read_is_told(
    home: World, pmo: User, now: datetime, unchecked: Callable[[str], None], value: str
) -> None:
    unchecked(f"UPDATE governance_user SET password = {value} WHERE id = {pmo.pk}")
    unchecked(f"UPDATE projects_system SET name = 'x' WHERE id = {home.system.pk}")
    kinds = {fault.object_type for fault in register.compare([])}
    assert {"credential", "system"} <= kinds


def test_the_page_stores_and_shows_it(
    home: World, three: list[AuditEvent], auditor: User, unchecked: Callable[[str], None]
) -> None:
    unchecked(f"UPDATE governance_auditevent SET reason = x'ff' WHERE seq = {three[2].seq}")
    unchecked(f"UPDATE governance_auditevent SET object_name = {_NO_UTF8} WHERE seq = 1")
    unchecked(f"UPDATE governance_auditevent SET after = x'ff' WHERE seq = {three[1].seq}")
    unchecked(f"UPDATE projects_system SET name = {_NO_UTF8} WHERE id = {home.system.pk}")
    page = signed_in(auditor).get("/audit/verify/")
    assert page.status_code == 200
    page = signed_in(auditor).post("/audit/verify/", {}, follow=True)
    assert page.status_code == 200
    check = AuditCheck.objects.get()
    assert check.state == AuditCheck.State.DONE, check.error
    assert "name" in page.content.decode()
    assert signed_in(auditor).get("/audit/verify/").status_code == 200


@pytest.mark.parametrize("column", _EVENT_COLUMNS)
@pytest.mark.parametrize("value", ["x'ff'", _NO_UTF8])
def test_the_list_of_events_is_shown_all_the_same(
    three: list[AuditEvent],
    auditor: User,
    unchecked: Callable[[str], None],
    column: str,
    value: str,
) -> None:
    """A fault leads there."""
    browser = signed_in(auditor)
    unchecked(f"UPDATE governance_auditevent SET {column} = {value} WHERE seq = 2")
    answer = browser.get("/audit/")
    if column == "actor_id":
        unchecked("UPDATE governance_auditevent SET actor_id = NULL WHERE seq = 2")
    assert answer.status_code == 200
    assert answer.content.decode().count("新") >= 2  # The others are there.
