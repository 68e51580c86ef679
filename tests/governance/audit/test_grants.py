"""The role that the application connects as on PostgreSQL: it works, and cannot touch the trail."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.utils import timezone

from governance import audit
from governance.audit import grants
from governance.models import AuditEvent, User
from projects.models import System
from projects.register import KINDS
from projects.services import register
from tests.conftest import World, act, signed_in

postgres = pytest.mark.postgres
_ROLE = f"trail_app_{os.getpid()}"


@pytest.fixture
def application(transactional_db: None) -> Iterator[None]:
    """The role, made as docs/postgresql-roles.md says, and gone again afterwards."""
    if connection.vendor != "postgresql":
        pytest.skip("needs PostgreSQL")
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE ROLE {_ROLE} LOGIN")
        for statement in grants.statements(_ROLE):
            cursor.execute(statement)
    yield
    with connection.cursor() as cursor:
        cursor.execute(f"DROP OWNED BY {_ROLE}")
        cursor.execute(f"DROP ROLE {_ROLE}")


@contextmanager
def _connected_as(role: str) -> Iterator[None]:
    """The whole program on a connection of this role, as DATABASE_URL would make it."""
    before = connection.settings_dict["USER"]
    connection.close()
    connection.settings_dict["USER"] = role
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["USER"] = before


@postgres
def test_the_application_works_as_a_role_that_owns_nothing(
    application: None, world: World, pmo: User, cio: User
) -> None:
    with _connected_as(_ROLE):
        edited = register.edit(
            act(pmo, timezone.now()), KINDS["systems"], world.system.pk, {"name": "新"}, version=1
        )
        assert edited.name == "新"
        assert System.objects.get(pk=world.system.pk).name == "新"
        assert signed_in(cio).get("/systems/export.csv").status_code == 200
        browser = Client()
        assert browser.post("/accounts/login/", {"username": "x", "password": "y"}).status_code
        assert list(audit.verify()) == []
    assert AuditEvent.objects.filter(verb="system.edited").exists()


FORBIDDEN = (
    "UPDATE governance_auditevent SET reason = 'x'",
    "DELETE FROM governance_auditevent",
    "TRUNCATE governance_auditevent",
    "UPDATE governance_auditseal SET state = 'x'",
    "DELETE FROM governance_auditseal",
    "TRUNCATE governance_auditseal",
    "DELETE FROM governance_audithead",
    "TRUNCATE governance_audithead",
    "INSERT INTO governance_audithead (id, seq, hash) VALUES (1, 0, '')",
    "ALTER TABLE governance_auditevent DISABLE TRIGGER ALL",
    "DROP TRIGGER audit_event_no_delete ON governance_auditevent",
    "DROP TABLE governance_auditevent CASCADE",
    "CREATE OR REPLACE FUNCTION governance_audit_only_added() RETURNS trigger"
    " LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$",
    "CREATE TABLE public.mine (id int)",
    "SET session_replication_role = replica",
    "DELETE FROM django_migrations",
)


@postgres
def test_that_role_cannot_tamper(application: None, cio: User) -> None:
    with transaction.atomic():
        audit.record(act(cio, timezone.now()), "x", object_type="x", object_key="1")
    with _connected_as(_ROLE):
        for sql in FORBIDDEN:
            with (
                pytest.raises(DatabaseError, match=r"permission denied|must be owner"),
                connection.cursor() as cursor,
            ):
                cursor.execute(sql)
        with (
            pytest.raises(DatabaseError, match="only moves on"),
            connection.cursor() as cursor,
        ):
            cursor.execute("UPDATE governance_audithead SET seq = 0, hash = ''")
    assert AuditEvent.objects.count() == 1


def test_the_statements_name_every_table_and_quote_what_is_given() -> None:
    out = StringIO()
    call_command("audit_grants", 'a"b', stdout=out)
    told = out.getvalue()
    assert 'GRANT SELECT, INSERT ON "public"."governance_auditevent" TO "a""b";' in told
    assert 'GRANT SELECT, UPDATE ON "public"."governance_audithead" TO "a""b";' in told
    assert '"public"."projects_project_systems"' in told
    assert '"public"."django_session"' in told
