"""Who counts as one person: whoever had an account in their hands, until its holder proved theirs."""

from datetime import datetime, timedelta

import pytest

from governance.models import AccountTie, AuditEvent, User
from governance.people import ties
from tests import factories
from tests.conftest import act
from tests.trail import untold

pytestmark = pytest.mark.django_db


@pytest.fixture
def maker(db: None) -> User:
    return factories.UserFactory.create(username="maker")


@pytest.fixture
def made(maker: User, now: datetime) -> User:
    user = factories.UserFactory.create(username="made")
    ties.tie(act(maker, now), user, AccountTie.Kind.MADE)
    return user


def test_a_maker_and_the_account_are_one_until_its_holder_has_proven(
    maker: User, made: User, now: datetime
) -> None:
    assert ties.tied_to([made.pk]) == {maker.pk}
    assert ties.tied_to([maker.pk]) == {made.pk}
    ties.prove(act(made, now + timedelta(hours=1)), made)
    assert ties.tied_to([made.pk]) == frozenset()
    assert AuditEvent.objects.get(verb="user.proven").actor == made


def test_a_proof_at_the_same_moment_comes_too_early(maker: User, made: User, now: datetime) -> None:
    ties.prove(act(made, now), made)
    assert ties.tied_to([made.pk]) == {maker.pk}


def test_what_was_written_before_the_proof_stays_tied(
    maker: User, made: User, now: datetime
) -> None:
    proof = now + timedelta(hours=1)
    ties.prove(act(made, proof), made)
    assert ties.tied_to([made.pk], since=proof - timedelta(minutes=1)) == {maker.pk}
    assert ties.tied_to([made.pk], since=proof) == frozenset()
    # A second proof, as at every single sign-on, does not open it again.
    ties.prove(act(made, proof + timedelta(hours=5)), made)
    assert ties.tied_to([made.pk], since=proof + timedelta(hours=1)) == frozenset()


def test_a_reset_after_a_proof_ties_again(maker: User, made: User, now: datetime) -> None:
    ties.prove(act(made, now + timedelta(hours=1)), made)
    ties.tie(act(maker, now + timedelta(hours=2)), made, AccountTie.Kind.RESET)
    assert ties.tied_to([made.pk]) == {maker.pk}


def test_two_accounts_of_one_maker_are_one_person(maker: User, made: User, now: datetime) -> None:
    second = factories.UserFactory.create(username="second")
    ties.tie(act(maker, now), second, AccountTie.Kind.LINK_SEEN)
    assert ties.tied_to([made.pk]) == {maker.pk, second.pk}


def test_the_machine_and_oneself_tie_nobody(made: User, now: datetime) -> None:
    before = AccountTie.objects.count()
    ties.tie(act(None, now), made, AccountTie.Kind.MADE)
    ties.tie(act(made, now), made, AccountTie.Kind.RESET)
    assert AccountTie.objects.count() == before


def test_a_proof_ends_the_own_ties_alone_and_tells_so(
    maker: User, made: User, now: datetime
) -> None:
    other = factories.UserFactory.create(username="other")
    ties.tie(act(maker, now), other, AccountTie.Kind.MADE)
    first, second = now + timedelta(hours=1), now + timedelta(hours=2)
    ties.prove(act(made, first), made)
    assert made.proven_at == first
    made.refresh_from_db()
    assert made.proven_at == first
    assert ties.tied_to([maker.pk]) == {other.pk}
    ended = AuditEvent.objects.get(verb="accounttie.ended")
    assert ((ended.before or {})["ended_at"], (ended.after or {})["ended_at"]) == (
        None,
        str(first),
    )
    ties.prove(act(made, second), made)
    told = AuditEvent.objects.filter(verb="user.proven").order_by("seq")
    assert [(event.before, event.after) for event in told] == [
        ({"proven_at": None}, {"proven_at": str(first)}),
        ({"proven_at": str(first)}, {"proven_at": str(second)}),
    ]
    assert AuditEvent.objects.filter(verb="accounttie.ended").count() == 1
    assert untold() == []


def test_a_proof_writes_nothing_else_of_a_stale_account(
    maker: User, made: User, now: datetime
) -> None:
    User.objects.filter(pk=made.pk).update(email="kept@example.go.jp")
    ties.prove(act(made, now + timedelta(hours=1)), made)
    made.refresh_from_db()
    assert made.email == "kept@example.go.jp"
