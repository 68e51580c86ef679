"""Second factors: enrolled, asked for, required by role, lost and reset."""

import time
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.core.cache import cache
from django.test import Client

from governance.access import Role
from governance.models import AuditEvent, Notice, User
from governance.people import sessions
from tests.conftest import World, person, signed_in
from tests.governance.people.conftest import browser, is_in, sign_in, text

pytestmark = pytest.mark.django_db

SECOND = "/accounts/login/second-factor/"


def code(secret: str, at: float | None = None) -> str:
    """What an authenticator app shows."""
    shown: str = format_hotp_value(hotp_value(secret, int((at or time.time()) // 30)))
    return shown


def enrol(client: Client) -> tuple[str, list[str]]:
    """Set up an app as a person does; its key, and the recovery codes."""
    page = text(client.get("/accounts/app/"))
    key = page.split("data-app-key>")[1].split("<")[0]
    answer = client.post("/accounts/app/", {"code": code(key)}, follow=True)
    assert "The authenticator app is set up." in text(answer)
    codes = [part.split("<")[0] for part in text(answer).split("<li><code>")[1:]]
    return key, codes


@pytest.fixture
def enrolled(holder: User) -> tuple[str, list[str]]:
    client = browser()
    sign_in(client)
    return enrol(client)


def test_an_app_is_set_up_and_asked_for(enrolled: tuple[str, list[str]]) -> None:
    key, codes = enrolled
    assert len(codes) == 10
    client = browser()
    assert sign_in(client).headers["Location"] == SECOND
    assert not is_in(client)
    wrong = client.post(SECOND, {"code": "000000"})
    assert "This code is not right" in text(wrong)
    right = client.post(SECOND, {"code": code(key, time.time() + 30)})
    assert right.headers["Location"] == "/"
    assert is_in(client)
    signed = AuditEvent.objects.filter(verb="user.signed_in").first()
    assert signed is not None
    assert (signed.after or {})["by"] == "password+totp"
    assert AuditEvent.objects.filter(verb="user.second_factor_failed").count() == 1
    assert "<td>password + authenticator app</td>" in text(client.get("/accounts/"))


def test_where_somebody_wanted_to_go_outlives_the_second_step(
    enrolled: tuple[str, list[str]],
) -> None:
    client = browser()
    sign_in(client, next="/systems/")
    answer = client.post(SECOND, {"code": code(enrolled[0], time.time() + 30)})
    assert answer.headers["Location"] == "/systems/"


def test_a_code_works_once(enrolled: tuple[str, list[str]]) -> None:
    used = code(enrolled[0], time.time() + 30)
    for expected in (302, 200):
        client = browser()
        sign_in(client)
        assert client.post(SECOND, {"code": used}).status_code == expected


def test_the_code_that_set_the_app_up_lets_nobody_in(holder: User) -> None:
    client = browser()
    sign_in(client)
    key = text(client.get("/accounts/app/")).split("data-app-key>")[1].split("<")[0]
    used = code(key)
    client.post("/accounts/app/", {"code": used})
    again = browser()
    sign_in(again)
    assert again.post(SECOND, {"code": used}).status_code == 200
    assert not is_in(again)


def test_a_recovery_code_works_once(enrolled: tuple[str, list[str]]) -> None:
    _key, codes = enrolled
    for expected in (302, 200):
        client = browser()
        sign_in(client)
        assert client.post(SECOND, {"code": codes[0]}).status_code == expected


def test_codes_can_not_be_guessed(enrolled: tuple[str, list[str]]) -> None:
    key, _codes = enrolled
    client = browser()
    sign_in(client)
    for n in range(5):
        client.post(SECOND, {"code": f"{n:06}"})
    refused = client.post(SECOND, {"code": code(key, time.time() + 30)})
    assert "Too many wrong codes" in text(refused)


def test_recovery_codes_are_shown_once(holder: User) -> None:
    client = browser()
    sign_in(client)
    _key, codes = enrol(client)
    again = text(client.get("/accounts/codes/"))
    assert codes[0] not in again
    assert "10 codes are left" in again
    renewed = client.post("/accounts/codes/new/", follow=True)
    assert len(text(renewed).split("<li><code>")) == 11
    assert AuditEvent.objects.filter(verb="user.factor_renewed").count() == 1


def test_keys_are_not_readable_in_the_database(enrolled: tuple[str, list[str]]) -> None:
    stored = Authenticator.objects.get(type="totp").data["secret"]
    assert enrolled[0] not in stored


def test_keys_outlive_a_change_of_the_secret_key(
    enrolled: tuple[str, list[str]], settings: Any
) -> None:
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "the-next-one"
    totp = TOTP(Authenticator.objects.get(type="totp"))
    assert totp.validate_code(code(enrolled[0], time.time() + 30))


def test_a_factor_is_removed_by_its_holder_and_told(enrolled: tuple[str, list[str]]) -> None:
    client = browser()
    sign_in(client)
    client.post(SECOND, {"code": code(enrolled[0], time.time() + 30)})
    client.post("/accounts/app/remove/")
    assert not Authenticator.objects.exists()
    kinds = set(Notice.objects.values_list("kind", flat=True))
    assert {"factor-added", "factor-removed"} <= kinds
    verbs = AuditEvent.objects.filter(verb__startswith="user.factor").order_by("seq")
    assert [event.verb for event in verbs] == ["user.factor_added", "user.factor_removed"]


def test_after_some_minutes_the_password_is_asked_once_more(
    holder: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = browser()
    sign_in(client)
    assert client.get("/accounts/app/").status_code == 200
    later = sessions.moment() + 301
    monkeypatch.setattr(sessions, "moment", lambda: later)
    asked = client.get("/accounts/app/")
    assert asked.headers["Location"] == "/accounts/confirm/?next=%2Faccounts%2Fapp%2F"
    wrong = client.post("/accounts/confirm/", {"password": "x", "next": "/accounts/app/"})
    assert "This password is not right." in text(wrong)
    right = client.post(
        "/accounts/confirm/",
        {"password": "correct horse battery staple", "next": "/accounts/app/"},
    )
    assert right.headers["Location"] == "/accounts/app/"
    assert client.get("/accounts/app/").status_code == 200


def test_the_password_asked_once_more_is_slowed_like_a_sign_in(
    holder: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = browser()
    sign_in(client)
    cache.clear()
    later = sessions.moment() + 301
    monkeypatch.setattr(sessions, "moment", lambda: later)
    answers = [text(client.post("/accounts/confirm/", {"password": f"x{n}"})) for n in range(11)]
    assert "This password is not right." in answers[9]
    assert "Too many" in answers[10]


# Required by role --------------------------------------------------------------------------------


def test_who_needs_one_enrols_before_anything_else(world: World, settings: Any) -> None:
    settings.MFA_REQUIRED_ROLES = ["pmo"]
    client = signed_in(person(Role.PMO, world))
    for path in ("/systems/", "/", "/settings/", "/people/"):
        assert client.get(path).headers["Location"] == "/accounts/", path
    refused = client.get("/api/v1/systems/")
    assert refused.status_code == 403
    assert refused.json()["error"]["code"] == "second_factor"
    assert client.post("/drafts/", {"draft": "/x/"}).headers["Location"] == "/accounts/"
    told = text(client.get("/accounts/"))
    assert "Your role asks for a second factor" in told
    enrol(client)
    assert client.get("/systems/").status_code == 200
    client.post("/accounts/app/remove/")
    assert client.get("/systems/").headers["Location"] == "/accounts/"


def test_nobody_else_is_asked(world: World, settings: Any, pjmo: User) -> None:
    settings.MFA_REQUIRED_ROLES = ["pmo"]
    assert signed_in(pjmo).get("/systems/").status_code == 200


def test_single_sign_on_with_a_second_factor_is_enough(world: World, settings: Any) -> None:
    settings.MFA_REQUIRED_ROLES = ["pmo"]
    client = signed_in(person(Role.PMO, world))
    session = client.session
    session[sessions.WAY] = "oidc"
    session.save()
    assert client.get("/systems/").status_code == 302
    settings.OIDC_HAS_SECOND_FACTOR = True
    assert client.get("/systems/").status_code == 200
