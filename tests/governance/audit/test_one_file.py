"""A site of one SQLite file: a verification goes on while others write."""

import sqlite3
from contextlib import closing
from datetime import datetime, timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from governance import audit
from governance.audit import chain, checks, register
from governance.models import Agency, AuditCheck
from tests import factories
from tests.conftest import act
from tests.databases import Sites


def test_a_verification_outlives_what_others_write(
    sites: Sites, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody writes between any two of its steps, as they do on a working day."""
    site = sites.migrated("sqlite")
    monkeypatch.setattr(checks, "_BEAT", timedelta(0))
    monkeypatch.setattr(chain, "CHUNK", 2)
    monkeypatch.setattr(register, "CHUNK", 2)

    def clock() -> datetime:
        with closing(sqlite3.connect(site.name, timeout=5)) as other, other:
            other.execute("UPDATE governance_user SET last_name = last_name || 'x'")
        return timezone.now()

    with site.open():
        auditor = factories.UserFactory.create(username="auditor")
        for number in range(5):
            with transaction.atomic():
                made = Agency.objects.create(code=f"a{number}", name=f"省{number}")
                audit.record_object(
                    act(None, timezone.now()), "agency.created", made, before=None, after={}
                )
                audit.record(
                    act(None, timezone.now()),
                    "agencies.loaded",
                    object_type="agencies",
                    object_key="all",
                    wrote=audit.of([made]),
                )
        check = AuditCheck.objects.create(
            asked_by=auditor, asked_at=timezone.now(), anchors={"with_folder": False, "files": {}}
        )
        checks.run(check.pk, clock=clock)
        check.refresh_from_db()
        assert (check.state, check.error) == (AuditCheck.State.DONE, "")
