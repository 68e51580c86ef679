"""Author ≠ approver, of people: who counts as an author, since when, and what the refusal says."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from governance import audit
from governance.exceptions import DomainError
from governance.models import AccountTie, User
from governance.people import ties
from governance.people.deciding import authors_of, refuse_same_person, why_same_person
from projects.models import Project
from tests import factories
from tests.conftest import act

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


@pytest.fixture
def author(db: None) -> User:
    return factories.UserFactory.create(username="author", display_name="筆者")


@pytest.fixture
def reader(db: None) -> User:
    return factories.UserFactory.create(username="reader", display_name="読者")


@pytest.fixture
def work(author: User, now: datetime) -> Project:
    """A record that the author wrote."""
    made: Project = factories.ProjectFactory.create()
    wrote(author, now, made)
    return made


def wrote(user: User | None, at: datetime, obj: Any, verb: str = "project.edited") -> None:
    audit.record_object(act(user, at), verb, obj, before=None, after={})


def test_authors_are_who_wrote_or_handed_over_since_they_first_did(
    author: User, reader: User, work: Project, now: datetime
) -> None:
    wrote(author, now + HOUR, work)
    wrote(None, now, work)
    for word in ("approved", "rejected", "returned", "published", "agreed"):
        wrote(reader, now, work, f"project.{word}")
    assert authors_of(work) == {author.pk: now}
    elsewhere = factories.ProjectFactory.create()
    wrote(reader, now, elsewhere)
    assert authors_of(work) == {author.pk: now}
    update = factories.MonthlyUpdateFactory.create(
        project=work, submitted=True, submitted_by=reader
    )
    assert authors_of(update) == {reader.pk: update.submitted_at}


def test_a_stranger_and_the_machine_decide(reader: User, work: Project, now: datetime) -> None:
    assert why_same_person(reader, work) == ""
    assert why_same_person(None, work) == ""
    refuse_same_person(act(reader, now), work)


def test_the_author_does_not(author: User, reader: User, work: Project, now: datetime) -> None:
    assert why_same_person(author, work) == "Nobody decides on their own request."
    assert why_same_person(author, work, own="Not yours.") == "Not yours."
    assert why_same_person(reader, work, own="Not yours.", also=[reader.pk]) == "Not yours."
    with pytest.raises(DomainError, match="Not yours"):
        refuse_same_person(act(author, now), work, own="Not yours.")


def test_who_had_the_authors_account_in_hand_is_told_whose_and_how(
    author: User, reader: User, work: Project, now: datetime
) -> None:
    bystander = factories.UserFactory.create(username="a-bystander")
    ties.tie(act(reader, now - HOUR), bystander, AccountTie.Kind.MADE)
    ties.tie(act(reader, now - HOUR), author, AccountTie.Kind.RESET)
    assert why_same_person(reader, work) == (
        "You and 筆者 count as one person here: you had that account in your hands (reset the"
        " sign-in), and until its holder has confirmed the own identity, what it writes may be"
        " yours."
    )


def test_whose_account_the_author_had_in_hand_is_told_to_confirm(
    author: User, reader: User, work: Project, now: datetime
) -> None:
    other = factories.UserFactory.create(username="a-maker")
    ties.tie(act(other, now - HOUR), reader, AccountTie.Kind.RESET)
    ties.tie(act(author, now - HOUR), reader, AccountTie.Kind.MADE)
    assert why_same_person(reader, work) == (
        "You and 筆者 count as one person here: they had your account in their hands (made the"
        " account). Confirm your own identity first."
    )


def test_two_accounts_out_of_the_same_hands_are_told_so(
    author: User, reader: User, work: Project, now: datetime
) -> None:
    maker = factories.UserFactory.create(username="maker")
    ties.tie(act(maker, now - HOUR), author, AccountTie.Kind.MADE)
    ties.tie(act(maker, now - HOUR), reader, AccountTie.Kind.MADE)
    assert why_same_person(reader, work).startswith(
        "Your account and an author's were in the same hands"
    )


def test_a_later_proof_explains_no_earlier_work(
    author: User, reader: User, work: Project, now: datetime
) -> None:
    """The tie has ended, and still counts for what was begun before: the reason names it."""
    ties.tie(act(reader, now - HOUR), author, AccountTie.Kind.MADE)
    ties.prove(act(author, now + HOUR), author)
    assert why_same_person(reader, work).startswith("You and 筆者 count as one person here")
    later = factories.ProjectFactory.create()
    wrote(author, now + 2 * HOUR, later)
    assert why_same_person(reader, later) == ""


def test_the_cost_does_not_grow(
    author: User, reader: User, work: Project, now: datetime, django_assert_num_queries: Any
) -> None:
    ties.tie(act(reader, now - HOUR), author, AccountTie.Kind.MADE)
    with django_assert_num_queries(4):
        why_same_person(reader, work)
