"""Single sign-on against a real provider process: it leads to accounts that exist, and proves
their holder."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from allauth.mfa.models import Authenticator
from django.utils import timezone

from governance import audit
from governance.models import AccountTie, AuditEvent, User
from governance.people import accounts, ties
from tests import factories
from tests.conftest import act

pytestmark = [pytest.mark.oidc, pytest.mark.django_db(transaction=True)]

# What the provider says of those who sign in there.
KNOWN = (
    {"sub": "s-1", "email": "holder@example.go.jp", "email_verified": True},
    {"sub": "s-2", "email": "holder@example.go.jp", "email_verified": False},
    {"sub": "s-3", "email": "stranger@example.go.jp", "email_verified": True},
    {"sub": "s-4", "email": "holder@example.go.jp", "email_verified": True},
)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    """The address of a provider in a process of its own."""
    port = _free_port()
    claims = [part for one in KNOWN for part in ("--user-claims", json.dumps(one))]
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "--port", str(port), *claims],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
    )
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_for(url, process)
        yield url
    finally:
        process.terminate()
        process.wait(timeout=10)


def _wait_for(url: str, process: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        assert process.poll() is None, "the provider did not start"
        try:
            requests.get(f"{url}/.well-known/openid-configuration", timeout=2).raise_for_status()
        except requests.RequestException:
            time.sleep(0.2)
        else:
            return
    pytest.fail("the provider did not answer")


@pytest.fixture
def site(provider: str, live_server: Any, settings: Any) -> str:
    """This site, with that provider."""
    settings.OIDC_SERVER_URL, settings.OIDC_NAME = provider, "Ministry sign-on"
    app = {
        "provider_id": "oidc",
        "name": "Ministry sign-on",
        "client_id": "governance",
        "secret": "a secret",
        "settings": {"server_url": provider},
    }
    settings.SOCIALACCOUNT_PROVIDERS = {
        "openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": [app]}
    }
    url: str = live_server.url
    return url


@pytest.fixture
def holder(db: None) -> User:
    user = factories.UserFactory.create(username="holder", email="Holder@example.go.jp")
    factories.MembershipFactory.create(user=user, role="auditor")
    return user


def go(site: str, subject: str, *, wanted: str = "") -> tuple[requests.Session, requests.Response]:
    """A person with a browser: presses the button, signs in at the provider, comes back."""
    browser = requests.Session()
    browser.headers["accept-language"] = "en"
    page = browser.get(f"{site}/accounts/login/?next={wanted}", timeout=30)
    assert "Sign in with Ministry sign-on" in page.text
    there = browser.get(f"{site}/accounts/oidc/oidc/?next={wanted}", timeout=30)
    assert "/oauth2/authorize" in there.url
    assert "code_challenge=" in there.url
    action = {"action": "deny"} if subject == "deny" else {"sub": subject}
    return browser, browser.post(there.url, data=action, timeout=30)


def who(site: str, browser: requests.Session) -> str:
    page = browser.get(f"{site}/accounts/", timeout=30)
    return (
        page.text.split('<p class="muted">')[1].split("<")[0] if "/login/" not in page.url else ""
    )


def _told(verb: str) -> Any:
    return AuditEvent.objects.get(verb=verb).after


def test_a_verified_address_leads_to_its_account_and_proves_the_holder(
    site: str, holder: User, outsider: User
) -> None:
    ties.tie(act(outsider, timezone.now()), holder, AccountTie.Kind.MADE)
    browser, answer = go(site, "s-1", wanted="/systems/")
    assert answer.url == f"{site}/systems/"
    assert answer.status_code == 200
    assert who(site, browser) == "holder"
    holder.refresh_from_db()
    assert holder.proven_at is not None
    assert ties.tied_to([holder.pk]) == frozenset()
    assert _told("user.signed_in")["by"] == "oidc"
    linked = AuditEvent.objects.get(verb="user.single_sign_on_linked")
    assert linked.after == {"provider": "oidc", "subject": "s-1"}
    assert audit.credentials.compare() == []


def test_a_maker_who_knows_the_password_is_out_once_the_holder_came(
    site: str, holder: User, outsider: User
) -> None:
    ties.tie(act(outsider, timezone.now()), holder, AccountTie.Kind.MADE)
    holder.set_password("known to the maker")
    holder.save()
    Authenticator.objects.create(user=holder, type="totp", data={"secret": "the maker's"})
    browser, _answer = go(site, "s-1")
    assert who(site, browser) == "holder"
    holder.refresh_from_db()
    assert not holder.has_usable_password()
    assert not Authenticator.objects.exists()
    assert "What others may have set up before has ended" in browser.get(f"{site}/notices/").text


def test_a_password_that_nobody_else_had_in_hand_stays(site: str, holder: User) -> None:
    holder.set_password("the holder's own")
    holder.save()
    go(site, "s-1")
    holder.refresh_from_db()
    assert holder.check_password("the holder's own")


def test_the_subject_counts_from_then_on_not_the_address(site: str, holder: User) -> None:
    go(site, "s-1")
    User.objects.filter(pk=holder.pk).update(email="elsewhere@example.go.jp")
    factories.UserFactory.create(username="other", email="holder@example.go.jp")
    browser, _answer = go(site, "s-1")
    assert who(site, browser) == "holder"
    assert AuditEvent.objects.filter(verb="user.proven").count() == 1


def test_another_subject_does_not_take_over_a_linked_account(site: str, holder: User) -> None:
    go(site, "s-1")
    browser, answer = go(site, "s-4")
    assert answer.status_code == 403
    assert who(site, browser) == ""


@pytest.mark.parametrize("subject", ["s-2", "s-3", "unknown@example.go.jp"])
def test_no_account_is_made_and_no_unverified_address_believed(
    site: str, holder: User, subject: str
) -> None:
    browser, answer = go(site, subject)
    assert answer.status_code == 403
    assert "No account here" in answer.text
    assert who(site, browser) == ""
    assert User.objects.count() == 1
    failed = AuditEvent.objects.get(verb="user.sign_in_failed")
    assert subject not in str(vars(failed))


def test_an_address_of_two_accounts_leads_to_neither(site: str, holder: User) -> None:
    factories.UserFactory.create(username="second", email="holder@example.go.jp")
    assert go(site, "s-1")[1].status_code == 403


def test_an_address_typed_as_ones_own_takes_nobodys_sign_on(
    site: str, holder: User, outsider: User
) -> None:
    accounts.change_address(act(outsider, timezone.now()), outsider, "holder@example.go.jp")
    browser, _answer = go(site, "s-1")
    assert who(site, browser) == "holder"


def test_an_address_planted_in_an_account_in_hand_leads_nowhere(
    site: str, holder: User, outsider: User
) -> None:
    """The maker types a colleague's address as the account: the colleague would land in it."""
    User.objects.filter(pk=holder.pk).update(email="")
    made = factories.UserFactory.create(username="bbb")
    ties.tie(act(outsider, timezone.now()), made, AccountTie.Kind.MADE)
    accounts.change_address(act(made, timezone.now()), made, "holder@example.go.jp")
    assert go(site, "s-1")[1].status_code == 403


def test_the_own_address_handed_on_leads_nowhere(site: str, holder: User, outsider: User) -> None:
    """Whoever signs on with it would prove a second account, and be its holder."""
    accounts.change_address(act(holder, timezone.now()), holder, "elsewhere@example.go.jp")
    accounts.change_address(act(holder, timezone.now()), outsider, "holder@example.go.jp")
    assert go(site, "s-1")[1].status_code == 403
    outsider.refresh_from_db()
    assert outsider.proven_at is None


def test_a_deactivated_account_stays_closed(site: str, holder: User) -> None:
    go(site, "s-1")
    User.objects.filter(pk=holder.pk).update(is_active=False)
    browser, _answer = go(site, "s-1")
    assert who(site, browser) == ""


def test_going_back_at_the_provider_is_told(site: str, holder: User) -> None:
    _browser, answer = go(site, "deny")
    assert answer.url == f"{site}/accounts/login/"
    assert "Single sign-on did not work" in answer.text


def test_an_answer_that_nobody_asked_for_is_refused(site: str, holder: User) -> None:
    answer = requests.get(
        f"{site}/accounts/oidc/oidc/callback/?code=x&state=forged", timeout=30,
        headers={"accept-language": "en"},
    )  # fmt: skip
    assert "Single sign-on did not work" in answer.text
    assert not AuditEvent.objects.filter(verb="user.signed_in").exists()
