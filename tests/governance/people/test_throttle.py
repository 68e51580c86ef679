"""Guessing is slow, and locks out nobody but the guesser (case S11)."""

import pytest
from django.test import Client

from governance import audit
from governance.models import AuditEvent, Notice, User
from governance.people import throttle
from tests import factories
from tests.governance.people.conftest import PASSWORD, browser, is_in, sign_in, text

pytestmark = pytest.mark.django_db


def _guess(client: Client, times: int, name: str = "holder") -> list[int]:
    return [sign_in(client, name, f"wrong {n}").status_code for n in range(times)]


def _told(verb: str) -> list[AuditEvent]:
    return list(AuditEvent.objects.filter(verb=f"user.{verb}").order_by("seq"))


def test_forty_wrong_passwords_then_the_right_one(holder: User) -> None:
    known = browser("192.0.2.10")
    sign_in(known)
    known.post("/accounts/logout/")
    attacker = browser("203.0.113.5")
    answers = _guess(attacker, 40)
    assert answers[:5] == [200] * 5
    assert set(answers[5:]) == {429}
    right = sign_in(attacker)
    assert right.status_code == 429
    assert right.headers["Retry-After"] == "900"
    assert "Try again in 15 minutes" in text(right)
    assert not is_in(attacker)
    sign_in(known)
    assert is_in(known)


def test_the_holders_browser_signs_in_even_from_the_guessers_address(holder: User) -> None:
    """One address for a whole ministry: what a colleague guesses touches no known browser."""
    known = browser("192.0.2.10")
    sign_in(known)
    known.post("/accounts/logout/")
    _guess(browser("192.0.2.10"), 10)
    assert sign_in(known).status_code == 302


def test_a_stranger_elsewhere_keeps_a_budget_of_their_own(holder: User) -> None:
    _guess(browser("203.0.113.5"), 10)
    assert sign_in(browser("198.51.100.7")).status_code == 302


def test_a_stolen_browser_is_slowed_too(holder: User) -> None:
    known = browser()
    sign_in(known)
    known.post("/accounts/logout/")
    answers = _guess(known, 11)
    assert (answers[9], answers[10]) == (200, 429)


def test_the_mark_of_a_browser_counts_for_its_own_account_alone(holder: User) -> None:
    other = factories.UserFactory.create(username="other")
    other.set_password(PASSWORD)
    other.save()
    known = browser()
    sign_in(known, "other")
    known.post("/accounts/logout/")
    assert _guess(known, 6)[-1] == 429


def test_a_forged_mark_is_worth_nothing(holder: User) -> None:
    forger = browser()
    forger.cookies["known_device"] = f'{{"{holder.pk}": "x"}}'
    assert _guess(forger, 6)[-1] == 429


def test_one_address_can_not_try_many_names(holder: User) -> None:
    client = browser()
    for n in range(throttle.CLIENT_LIMIT):
        sign_in(client, f"name{n}", "one password for all")
    assert sign_in(client).status_code == 429


def test_a_right_password_does_not_pay_for_guesses_at_others(holder: User) -> None:
    """An account of one's own is no licence to go on guessing at others'."""
    client = browser()
    for n in range(throttle.CLIENT_LIMIT - 1):
        sign_in(client, f"name{n}", "one password for all")
    assert sign_in(client).status_code == 302
    client.post("/accounts/logout/")
    fresh = browser()
    assert sign_in(fresh, "another", "x").status_code == 200
    assert sign_in(fresh, "yet another", "x").status_code == 429


def test_the_window_ends(holder: User) -> None:
    client = browser()
    assert _guess(client, 6)[-1] == 429
    for budget in throttle.budgets("holder", "192.0.2.1", ""):
        budget.clear()  # what the cache does when the window ends
    assert sign_in(client).status_code == 302


def test_attempts_at_the_same_moment_are_counted_before_the_password_is_looked_at() -> None:
    first = [throttle.attempt("holder", "192.0.2.1", "") for _ in range(6)]
    assert [one.is_refused for one in first] == [False] * 5 + [True]


def test_forty_guesses_are_three_events(holder: User) -> None:
    _guess(browser("203.0.113.5"), 40)
    failed, throttled = _told("sign_in_failed"), _told("sign_in_throttled")
    assert [event.after for event in failed] == [
        {"client": "203.0.113.5", "attempts": 1},
        {"client": "203.0.113.5", "attempts": 5},
    ]
    assert len(throttled) == 1
    assert {event.object_key for event in failed} == {str(holder.pk)}
    assert list(audit.verify()) == []


def test_what_was_typed_for_a_name_that_nobody_has_stands_nowhere(holder: User) -> None:
    """People type passwords into the wrong field."""
    sign_in(browser(), "MySecretPassw0rd!", "x")
    (event,) = _told("sign_in_failed")
    assert event.object_key.startswith("?")
    assert "MySecret" not in str(vars(event))


def test_a_deactivated_account_is_told_no_more_than_a_wrong_password(holder: User) -> None:
    User.objects.filter(pk=holder.pk).update(is_active=False)
    answer = sign_in(browser())
    assert "Please enter a correct username and password" in text(answer)
    assert len(_told("sign_in_failed")) == 1


def test_a_new_browser_is_told_to_the_holder_the_first_one_is_not(holder: User) -> None:
    first = browser()
    sign_in(first)
    first.post("/accounts/logout/")
    sign_in(first)
    assert not Notice.objects.filter(user=holder).exists()
    sign_in(browser("198.51.100.7"))
    notice = Notice.objects.get(user=holder, kind="new-device")
    assert notice.args["client"] == "198.51.100.7"
    assert "Sign-in from a new browser" in text(first.get("/notices/"))


def test_signing_in_and_out_stands_in_the_trail(holder: User) -> None:
    client = browser()
    sign_in(client)
    client.post("/accounts/logout/")
    (came,), (left,) = _told("signed_in"), _told("signed_out")
    assert came.after == {"by": "password", "client": "192.0.2.1", "known_device": False}
    assert (came.actor, left.actor) == (holder, holder)
