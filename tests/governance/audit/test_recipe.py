"""docs/audit.md promises that nobody needs this program to check it: its own lines are run here."""

import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from django.db import connection

from governance import audit
from governance.audit import anchoring, anchors, states
from governance.models import Agency, AuditEvent, AuditSeal, User
from projects.register import KINDS
from projects.services import register
from tests.conftest import World, act
from tests.governance.audit.conftest import Tamper

pytestmark = pytest.mark.django_db

_DOC = Path(__file__).parents[3] / "docs" / "audit.md"


@pytest.fixture
def recipe() -> dict[str, Any]:
    """All that the document's code defines."""
    found: dict[str, Any] = {}
    for block in re.findall(r"```python\n(.*?)```", _DOC.read_text(), re.DOTALL):
        exec(block, found)  # noqa: S102
    return found


def _rows(recipe: dict[str, Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(recipe["QUERY"])
        return list(cursor.fetchall())


@pytest.fixture
def written(world: World, pmo: User, now: datetime) -> AuditEvent:
    """A real write with Japanese text, and a bulk one."""
    register.edit(
        act(pmo, now, "名称の訂正"),
        KINDS["systems"],
        world.system.pk,
        {"name": "新台帳"},
        version=world.system.version,
    )
    return audit.record(
        act(None, now),
        "things.loaded",
        object_type="agency",
        object_key="all",
        after={"day": now, "share": 0.5},
        wrote=audit.stored(Agency),
    )


def test_the_chain_as_the_document_walks_it(
    written: AuditEvent, recipe: dict[str, Any], tamper: Tamper
) -> None:
    assert recipe["walk"](_rows(recipe)) == (written.seq, written.hash)
    tamper("UPDATE governance_auditevent SET reason = 'x' WHERE seq = 1")
    with pytest.raises(AssertionError, match="1 was altered"):
        recipe["walk"](_rows(recipe))


def test_an_anchor_as_the_document_checks_it(
    written: AuditEvent, recipe: dict[str, Any], now: datetime, tmp_path: Path, settings: Any
) -> None:
    settings.AUDIT_ANCHOR_DIR = tmp_path
    done = anchoring.anchor(act(None, now))
    assert done is not None
    content = anchors.files(tmp_path)[0].read_bytes()
    assert recipe["check"](content) == (written.seq, written.hash, done.anchor.fingerprint())
    with pytest.raises(InvalidSignature):
        recipe["check"](content.replace(b'"version": 1', b'"version": 2'))


def test_a_row_as_the_document_hashes_it(written: AuditEvent, recipe: dict[str, Any]) -> None:
    home = Agency.objects.get(code="home")
    columns = {
        "id": home.pk,
        "code": "home",
        "name": "内務省",
        "name_en": "Home Ministry",
        "order": home.order,
        "version": 1,
        "updated_at": home.updated_at.isoformat(timespec="microseconds"),
        "parent_id": None,
        "updated_by_id": None,
    }
    stored = AuditSeal.objects.get(seq=written.seq, object_key=str(home.pk))
    missing = {
        f.attname: states.reader(f)(value)
        for f in Agency._meta.concrete_fields
        if f.attname not in columns and (value := getattr(home, f.attname)) is not None
    }
    assert recipe["state"]("agency", home.pk, {**missing, **columns}) == stored.state


def test_the_seals_as_the_document_adds_them_up(written: AuditEvent) -> None:
    import hashlib

    lines = "".join(
        f"{s.number}\t{s.object_type}\t{s.object_key}\t{s.state}\n"
        for s in AuditSeal.objects.filter(seq=written.seq).order_by("number")
    )
    assert hashlib.sha256(lines.encode()).hexdigest() == written.seals
