"""From where: each event of a request has its number and address, each other one the account of the
machine; both are part of what is hashed."""

import os
import pwd
from datetime import datetime
from io import StringIO

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from governance import audit, origin
from governance.audit import Kind
from governance.models import AuditEvent, User
from governance.people import links
from governance.people.links import Way
from tests.conftest import World, act, signed_in
from tests.governance.audit.conftest import Tamper

pytestmark = pytest.mark.django_db

_ME = {"account": pwd.getpwuid(os.getuid()).pw_name}


def _record(now: datetime) -> AuditEvent:
    return audit.record(act(None, now), "thing.edited", object_type="thing", object_key="1")


def test_an_act_in_a_request_has_its_number_and_address(world: World, cio: User) -> None:
    client = signed_in(cio)
    answer = client.post(reverse("logout"), REMOTE_ADDR="192.0.2.7")
    event = AuditEvent.objects.get(verb="user.signed_out")
    assert event.origin == {"request": answer["X-Request-ID"], "client": "192.0.2.7"}
    assert list(audit.verify()) == []


def test_the_next_thing_that_this_process_does_is_not_the_requests(
    world: World, cio: User, now: datetime
) -> None:
    signed_in(cio).get("/systems/")
    assert _record(now).origin == _ME


def test_a_command_has_the_account_that_it_ran_as(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGNAME", "somebody-else")
    call_command("seal_register", reason="a test", stdout=StringIO())
    assert AuditEvent.objects.get().origin == _ME


def test_an_account_without_a_name_is_its_number() -> None:
    assert origin._account(4_000_000_001) == "uid 4000000001"


@pytest.mark.parametrize(
    ("seq", "value"), [(1, "NULL"), (2, """'{"client": "x"}'"""), (3, """'{"account": "x"}'""")]
)
def test_an_origin_that_was_taken_away_added_or_changed_is_found(
    world: World,
    now: datetime,
    tamper: Tamper,
    monkeypatch: pytest.MonkeyPatch,
    seq: int,
    value: str,
) -> None:
    """The second event is one from before there was an origin."""
    _record(now)
    with monkeypatch.context() as before:
        before.setattr(origin, "current", lambda: None)
        assert _record(now).origin is None
    assert _record(now).origin == _ME
    assert list(audit.verify()) == []
    tamper(f"UPDATE governance_auditevent SET origin = {value} WHERE seq = {seq}")
    assert [(fault.kind, fault.seq) for fault in audit.verify()] == [(Kind.ALTERED, seq)]


def test_a_password_set_by_a_shown_link_is_an_act_of_the_account_by_link(
    world: World, pmo: User, auditor: User
) -> None:
    pmo.last_login = timezone.now()
    pmo.save(update_fields=["last_login"])
    client = Client(headers={"accept-language": "en"}, REMOTE_ADDR="192.0.2.9")
    page = client.get(links.password_path(pmo, Way.SHOWN), follow=True)
    password = "entirely-new-Pass-2026"
    client.post(page.redirect_chain[-1][0], {"new_password1": password, "new_password2": password})
    event = AuditEvent.objects.get(verb="user.password_set")
    assert (event.actor, event.source, event.after) == (pmo, "link-shown", {"link": "shown"})
    assert event.origin is not None
    assert event.origin["client"] == "192.0.2.9"
    told = signed_in(auditor).get("/audit/").content.decode()
    assert "by link (shown)" in told
    assert f"192.0.2.9, {event.origin['request']}" in told


def test_the_list_tells_the_account_of_a_command(world: World, auditor: User) -> None:
    call_command("seal_register", reason="a test", stdout=StringIO())
    told = signed_in(auditor).get("/audit/").content.decode()
    assert f"account {_ME['account']} of the machine" in told
