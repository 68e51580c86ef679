"""What an auditor asks: is the trail whole, and does every tampering show?"""

from datetime import datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from governance import audit
from governance.audit import Fault, Kind
from governance.audit.chain import Expected, Walk
from governance.exceptions import AuditIsAppendOnly
from governance.models import AuditEvent, AuditHead, AuditSeal, User
from tests.conftest import World, act
from tests.governance.audit.conftest import Tamper

pytestmark = pytest.mark.django_db


def kinds() -> set[Kind]:
    return {fault.kind for fault in audit.verify()}


def test_a_whole_chain_has_no_fault_and_the_command_says_so(three: list[AuditEvent]) -> None:
    assert list(audit.verify()) == []


def test_an_empty_trail_is_whole() -> None:
    assert list(audit.verify()) == []


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("UPDATE governance_auditevent SET reason = 'x' WHERE seq = 2", Kind.ALTERED),
        ("UPDATE governance_auditevent SET actor_name = 'x' WHERE seq = 2", Kind.ALTERED),
        ("UPDATE governance_auditevent SET after = '{}' WHERE seq = 2", Kind.ALTERED),
        ("UPDATE governance_auditevent SET state = 'gone' WHERE seq = 2", Kind.ALTERED),
        ("DELETE FROM governance_auditevent WHERE seq = 2", Kind.GAP),
        ("DELETE FROM governance_auditevent WHERE seq = 3", Kind.CUT_OFF),
        ("DELETE FROM governance_audithead", Kind.NO_HEAD),
        ("UPDATE governance_audithead SET seq = 2", Kind.CUT_OFF),
        ("UPDATE governance_audithead SET seq = 4", Kind.CUT_OFF),
    ],
)
def test_every_tampering_is_found_at_its_number(
    three: list[AuditEvent], tamper: Tamper, sql: str, kind: Kind
) -> None:
    tamper(sql)
    faults = list(audit.verify())
    assert kind in {fault.kind for fault in faults}
    assert faults[0].seq in (2, 3)
    with pytest.raises(CommandError, match="NOT whole"):
        call_command("verify_audit", stdout=StringIO(), stderr=StringIO())


def test_a_second_head_is_found_even_where_the_rule_against_it_was_taken_away(
    three: list[AuditEvent], tamper: Tamper
) -> None:
    if connection.vendor == "postgresql":
        tamper(
            "ALTER TABLE governance_audithead DROP CONSTRAINT audit_one_head",
            "INSERT INTO governance_audithead SELECT 2, seq, hash FROM governance_audithead",
        )
    else:
        tamper(
            "PRAGMA ignore_check_constraints = ON",
            "INSERT INTO governance_audithead SELECT 2, seq, hash FROM governance_audithead",
            "PRAGMA ignore_check_constraints = OFF",
        )
    assert kinds() == {Kind.SECOND_HEAD}


# Seals ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE governance_auditseal SET state = 'gone' WHERE number = 2",
        "DELETE FROM governance_auditseal WHERE number = 2",
        "DELETE FROM governance_auditseal",
        "INSERT INTO governance_auditseal (seq, number, object_type, object_key, state)"
        " VALUES (1, 9, 'thing', '9', 'gone')",
        "INSERT INTO governance_auditseal (seq, number, object_type, object_key, state)"
        " VALUES (7, 1, 'thing', '9', 'gone')",
    ],
)
def test_the_states_that_a_bulk_write_left_behind_are_covered_by_its_event(
    cio: User, now: datetime, tamper: Tamper, sql: str
) -> None:
    audit.record(
        act(cio, now),
        "things.loaded",
        object_type="things",
        object_key="all",
        wrote=[audit.State("thing", str(key), "a" * 64) for key in range(3)],
    )
    audit.record(act(cio, now), "thing.told", object_type="thing", object_key="1")
    assert AuditSeal.objects.count() == 3
    assert kinds() == set()
    tamper(sql)
    assert kinds() == {Kind.SEALS_ALTERED}


def test_seals_of_no_event_are_told_at_their_number(
    three: list[AuditEvent], tamper: Tamper
) -> None:
    """Also where they stand in the middle of the chain, or by the thousand."""
    rows = [(2, 1), (2, 2), (2, 3), (7, 1), (9, 1), (9, 2)]
    tamper(
        "INSERT INTO governance_auditseal (seq, number, object_type, object_key, state) VALUES "
        + ", ".join(f"({seq}, {number}, 'thing', '{number}', 'gone')" for seq, number in rows)
    )
    told = [(fault.seq, fault.kind) for fault in audit.verify()]
    assert told == [(seq, Kind.SEALS_ALTERED) for seq in (2, 7, 9)]


def test_several_bulk_writes_are_each_covered_by_their_own_event(cio: User, now: datetime) -> None:
    for verb in ("things.loaded", "things.removed"):
        audit.record(
            act(cio, now),
            verb,
            object_type="things",
            object_key="all",
            wrote=[audit.State("thing", str(key), "a" * 64) for key in range(3)],
        )
    assert kinds() == set()


# Time -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("minutes", "found"),
    [(-61, {Kind.BACK_IN_TIME}), (-59, set()), (5, set())],
)
def test_a_clock_that_was_set_back_shows(
    three: list[AuditEvent], cio: User, now: datetime, minutes: int, found: set[Kind]
) -> None:
    moment = now + timedelta(minutes=minutes)
    audit.record(act(cio, moment), "x", object_type="x", object_key="1")
    assert kinds() == found


def test_a_clock_that_creeps_back_in_small_steps_shows(
    three: list[AuditEvent], cio: User, now: datetime
) -> None:
    for minutes in (-40, -80):
        moment = now + timedelta(minutes=minutes)
        audit.record(act(cio, moment), "x", object_type="x", object_key="1")
    assert kinds() == {Kind.BACK_IN_TIME}


def test_an_event_of_tomorrow_shows(three: list[AuditEvent], now: datetime) -> None:
    today, yesterday = Walk(until=now), Walk(until=now - timedelta(days=1))
    assert list(today.faults()) == []
    assert {fault.kind for fault in yesterday.faults()} == {Kind.IN_FUTURE}


def test_faults_of_time_name_event_and_moment_and_an_hour_is_allowed(
    cio: User, now: datetime
) -> None:
    hour, second = timedelta(hours=1), timedelta(seconds=1)
    moments = (now, now - hour, now - hour - second, now + hour, now + hour + second)
    for moment in moments:
        audit.record(act(cio, moment), "x", object_type="x", object_key="1")
    early, late = moments[2].isoformat(), moments[4].isoformat()
    assert list(Walk(until=now).faults()) == [
        Fault(3, Kind.BACK_IN_TIME, detail=early),
        Fault(5, Kind.IN_FUTURE, detail=late),
    ]


def test_faults_against_an_anchor_name_event_and_file(cio: User, now: datetime) -> None:
    hour, second = timedelta(hours=1), timedelta(seconds=1)
    moments = (now, now + hour, now + hour, now + hour)
    events = [
        audit.record(act(cio, at), "x", object_type="x", object_key=str(number))
        for number, at in enumerate(moments)
    ]

    def told(*anchors: tuple[int, str, datetime]) -> list[Fault]:
        expected: dict[int, list[Expected]] = {}
        for seq, hashed, at in anchors:
            expected.setdefault(seq, []).append(Expected(seq, hashed, at, f"{seq}.json"))
        return list(Walk(anchors=expected).faults())

    hashes = {event.seq: event.hash for event in events}
    assert told((2, hashes[2], now)) == []
    assert told((2, hashes[2], now - second)) == [Fault(2, Kind.AFTER_ANCHOR, detail="2.json")]
    assert told((2, hashes[3], now)) == [Fault(2, Kind.NOT_ANCHORED, detail="2.json")]
    assert told((9, hashes[3], now)) == [Fault(9, Kind.ANCHORED_GONE, detail="9.json")]
    # What follows an anchor is not earlier than it; the latest of several counts.
    two, three = now + 2 * hour, now + 3 * hour
    assert told((1, hashes[1], two)) == []
    at = events[1].at.isoformat()
    before = [Fault(seq, Kind.BEFORE_ANCHOR, detail=at) for seq in (2, 3, 4)]
    assert told((1, hashes[1], three)) == before
    assert told((1, hashes[1], three), (1, hashes[1], now)) == before
    assert told((1, hashes[1], three), (2, hashes[2], two)) == before


@pytest.mark.skipif(connection.vendor == "postgresql", reason="columns have types")
def test_an_event_whose_time_is_none_stops_no_verification(
    three: list[AuditEvent], tamper: Tamper
) -> None:
    """Seen: one bad cell, and the verification broke off without a word of the rest."""
    tamper(
        "UPDATE governance_auditevent SET at = 'garbage' WHERE seq = 2",
        "UPDATE governance_auditevent SET reason = 'x' WHERE seq = 3",
    )
    expected = {2: [Expected(2, three[1].hash, three[1].at, "a")]}
    told = [(fault.seq, fault.kind) for fault in Walk(anchors=expected).faults()]
    assert told == [(2, Kind.ALTERED), (3, Kind.ALTERED)]


# Writing ----------------------------------------------------------------------------------------


def test_the_program_refuses_to_alter_an_event(three: list[AuditEvent]) -> None:
    for attempt in (
        three[0].save,
        three[0].delete,
        AuditEvent.objects.all().delete,
        lambda: AuditEvent.objects.update(reason="x"),
    ):
        with pytest.raises(AuditIsAppendOnly):
            attempt()


def test_an_event_rolls_back_with_its_write_and_leaves_no_gap(
    world: World, cio: User, now: datetime
) -> None:
    class PowerCutError(Exception):
        pass

    with pytest.raises(PowerCutError), transaction.atomic():
        audit.record(act(cio, now), "x", object_type="x", object_key="1")
        raise PowerCutError
    assert not AuditEvent.objects.exists()
    assert AuditHead.objects.get().seq == 0
    assert audit.record(act(cio, now), "x", object_type="x", object_key="1").seq == 1


def test_an_event_about_one_object_costs_three_statements(world: World, now: datetime) -> None:
    state = {"name": "新", "systems": [world.system.pk]}
    with CaptureQueriesContext(
        connection,
    ) as queries:
        audit.record_object(
            act(None, now), "project.edited", world.project, before=None, after=state
        )
    assert len(queries) == 3, [query["sql"] for query in queries]


@pytest.mark.django_db(transaction=True)
def test_an_event_outside_a_transaction_is_refused(now: datetime) -> None:
    with pytest.raises(RuntimeError, match="inside the transaction"):
        audit.record(act(None, now), "x", object_type="x", object_key="1")


def test_only_changed_fields_are_kept() -> None:
    before, after = audit.changes({"a": 1, "b": 2}, {"a": 1, "b": 3, "c": None})
    assert before == {"b": 2}
    assert after == {"b": 3}


def test_a_removed_actor_keeps_the_name_in_the_trail(three: list[AuditEvent]) -> None:
    assert three[0].actor_name == "cio_office"
