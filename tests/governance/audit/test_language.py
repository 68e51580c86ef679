"""The trail calls a record by one name, whoever acts in which language; and nothing reads as owed."""

from datetime import datetime

import pytest
from django.test import Client
from django.utils import translation

from governance import audit
from governance.models import AuditEvent, Membership, User
from projects.register import KINDS, kind_of
from projects.services import changes
from projects.services import register as writes
from tests import factories
from tests.conftest import World, act

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("language", ["en", "ja"])
def test_a_record_has_one_name_in_every_language(
    world: World, cio: User, now: datetime, language: str
) -> None:
    line = factories.CostLineFactory.create(system=world.system, amount=5, amount_state="reported")
    held = Membership.objects.get(user=cio)
    with translation.override(language):
        writes.edit(act(cio, now), KINDS["agencies"], world.home.pk, {"order": 7}, version=1)
        for row in (line, held):
            audit.record_object(act(cio, now), "x.looked_at", row, before=None, after={})
        assert translation.get_language() == language
    names = AuditEvent.objects.order_by("seq").values_list("object_name", flat=True)
    with translation.override("ja"):
        assert list(names) == ["内務省", str(line), str(held)]


def test_a_request_calls_its_record_by_that_name_too(
    world: World, cio: User, now: datetime
) -> None:
    line = factories.CostLineFactory.create(system=world.system, amount=5, amount_state="reported")
    change = changes._change_of(act(cio, now, "r"), kind_of(line), line, {})
    assert change.object_name != str(line)
    with translation.override("ja"):
        assert change.object_name == str(line)


def test_an_act_without_a_reason_owes_none(
    world: World, cio: User, auditor: User, now: datetime
) -> None:
    writes.edit(act(cio, now), KINDS["agencies"], world.home.pk, {"order": 7}, version=1)
    client = Client(headers={"accept-language": "ja"})
    client.force_login(auditor)
    page = client.get("/audit/").content.decode()
    assert "内務省" in page
    assert "未報告" not in page
