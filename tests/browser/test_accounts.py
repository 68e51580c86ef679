"""Second factors and time-outs in a real browser: an app, a passkey of a virtual device, and what
was typed when the session had ended."""

import time
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from playwright.sync_api import Page, expect

from governance.access import Role
from governance.models import AuditEvent, User
from governance.people import sessions
from tests import factories
from tests.browser.conftest import Complaints
from tests.conftest import World

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PASSWORD = "a-password-for-the-browser"


@pytest.fixture
def holder(world: World) -> User:
    user = factories.UserFactory.create(username="holder")
    user.set_password(PASSWORD)
    user.save()
    factories.MembershipFactory.create(user=user, role=Role.PMO, agency=world.home)
    return user


def sign_in(page: Page) -> None:
    page.get_by_label("Username").fill("holder")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def sign_out(page: Page) -> None:
    page.goto("/accounts/")
    page.locator(".user-menu summary").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_an_app_is_enrolled_because_the_role_asks_for_it(
    page: Page, holder: User, complaints: Complaints, settings: Any
) -> None:
    settings.MFA_REQUIRED_ROLES = ["pmo"]
    page.goto("/systems/")
    sign_in(page)
    expect(page.get_by_text("Your role asks for a second factor")).to_be_visible()
    page.get_by_role("link", name="Add an authenticator app").click()
    assert page.locator(".qr-code").evaluate("image => image.naturalWidth > 0")
    key = page.locator("[data-app-key]").inner_text()
    page.get_by_label("Code").fill(format_hotp_value(hotp_value(key, int(time.time() // 30))))
    page.get_by_role("button", name="Set up").click()
    expect(page.locator(".code-list li")).to_have_count(10)
    recovery = page.locator(".code-list li").first.inner_text()
    sign_out(page)
    page.goto("/systems/")
    sign_in(page)
    page.get_by_label("Code").fill(recovery)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", name="Systems")).to_be_visible()
    assert (complaints.console, complaints.foreign) == ([], [])


def test_a_passkey_signs_in_alone_and_as_a_second_step(
    page: Page, holder: User, complaints: Complaints
) -> None:
    device = page.context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True,
        "hasUserVerification": True, "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }  # fmt: skip
    device.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    page.goto("/accounts/passkeys/add/")
    sign_in(page)
    page.get_by_label("Name of the passkey").fill("Office key")
    page.get_by_label("Sign in with this passkey alone").check()
    page.get_by_role("button", name="Make the passkey").click()
    expect(page.get_by_text("The passkey is set up.")).to_be_visible()
    sign_out(page)
    page.goto("/systems/")
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("heading", name="Systems")).to_be_visible()
    sign_out(page)
    sign_in(page)
    page.get_by_role("button", name="Use a passkey").click()
    # Until the next page is there: leaving before would break the step off.
    expect(page.get_by_role("button", name="Use a passkey")).to_have_count(0)
    page.wait_for_load_state()
    page.goto("/accounts/")
    expect(page.get_by_text("Office key")).to_be_visible()
    ways = AuditEvent.objects.filter(verb="user.signed_in").values_list("after__by", flat=True)
    assert list(ways) == ["password+webauthn", "passkey", "password"]
    assert (complaints.console, complaints.foreign) == ([], [])


def test_what_was_typed_after_the_time_out_comes_back(
    page: Page, holder: User, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.SESSION_IDLE_SECONDS = 1800
    page.goto("/systems/HOME-1/edit/")
    sign_in(page)
    later = sessions.moment() + 1801
    monkeypatch.setattr(sessions, "moment", lambda: later)
    name = page.locator("form[data-draft-url] [name=name]")
    name.fill("時間切れの後")
    expect(page.get_by_text("are you still signed in?")).to_be_visible(timeout=15000)
    page.once("dialog", lambda dialog: dialog.accept())
    page.goto("/systems/HOME-1/edit/")
    expect(page.get_by_text("You were signed out after a while")).to_be_visible()
    sign_in(page)
    expect(page.get_by_text("This is what you had typed")).to_be_visible()
    expect(name).to_have_value("時間切れの後")
