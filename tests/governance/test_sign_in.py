"""Signing in and out, and in which language."""

from typing import Any

import pytest
from django.test import Client

from governance.models import User
from tests import factories
from tests.conftest import World

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery staple"
LOGIN = "/accounts/login/"
LANGUAGE_COOKIE = "django_language"


@pytest.fixture
def reader(world: World) -> User:
    user = factories.UserFactory.create(username="reader", language="en")
    user.set_password(PASSWORD)
    user.save()
    factories.MembershipFactory.create(user=user, role="auditor")
    return user


def _sign_in(client: Client, **more: str) -> str:
    data = {"username": "reader", "password": PASSWORD, **more}
    response = client.post(LOGIN, data)
    return str(response.headers.get("Location", ""))


def test_a_page_asked_for_comes_after_signing_in(reader: User) -> None:
    client = Client()
    asked = client.get("/systems/HOME-1/")
    assert asked.headers["Location"] == f"{LOGIN}?next=/systems/HOME-1/"
    assert _sign_in(client, next="/systems/HOME-1/") == "/systems/HOME-1/"
    assert client.get("/systems/HOME-1/").status_code == 200


def test_nobody_is_led_to_another_host(reader: User) -> None:
    assert _sign_in(Client(), next="https://example.com/") == "/"


def test_a_wrong_password_tells_nothing_about_the_name(reader: User) -> None:
    client = Client(headers={"accept-language": "en"})
    wrong = client.post(LOGIN, {"username": "reader", "password": "x"}).content
    unknown = client.post(LOGIN, {"username": "nobody", "password": "x"}).content
    assert b"Please enter a correct username and password" in wrong
    assert wrong.count(b"error") == unknown.count(b"error")


def test_the_persons_language_is_taken_up_unless_one_was_chosen(reader: User) -> None:
    client = Client(headers={"accept-language": "ja"})
    _sign_in(client)
    assert client.cookies[LANGUAGE_COOKIE].value == "en"
    assert '<html lang="en">' in client.get("/systems/").content.decode()
    chosen = Client(headers={"accept-language": "en"})
    chosen.post("/i18n/setlang/", {"language": "ja", "next": LOGIN})
    _sign_in(chosen)
    assert '<html lang="ja">' in chosen.get("/systems/").content.decode()


def test_the_language_can_be_chosen_before_signing_in() -> None:
    client = Client(headers={"accept-language": "ja"})
    assert '<html lang="ja">' in client.get(LOGIN).content.decode()
    response = client.post("/i18n/setlang/", {"language": "en", "next": LOGIN})
    assert response.headers["Location"] == LOGIN
    assert '<html lang="en">' in client.get(LOGIN).content.decode()


def test_signing_out_is_a_post_and_ends_the_session(reader: User) -> None:
    client = Client()
    client.force_login(reader)
    assert client.get("/accounts/logout/").status_code == 405
    assert client.post("/accounts/logout/").headers["Location"] == LOGIN
    assert client.get("/systems/").status_code == 302


def test_a_forged_form_is_refused_in_words(reader: User) -> None:
    client = Client(enforce_csrf_checks=True, headers={"accept-language": "en"})
    client.force_login(reader)
    response = client.post("/systems/new/", {"name": "x"})
    assert response.status_code == 403
    assert "The form had expired" in response.content.decode()


def test_errors_are_told_on_pages_of_the_site(reader: User) -> None:
    client = Client(headers={"accept-language": "en"})
    client.force_login(reader)
    unseen = client.get("/systems/NO-SUCH/")
    assert unseen.status_code == 404
    assert "This page was not found" in unseen.content.decode()
    refused = client.get("/systems/new/")
    assert refused.status_code == 403
    assert "You may not do this" in refused.content.decode()


def test_a_demonstration_says_what_is_off_and_asks_for_no_more(reader: User) -> None:
    client = Client(headers={"accept-language": "en"})
    assert "Demonstration: no second factor" in client.get(LOGIN).content.decode()
    assert _sign_in(client) == "/"


@pytest.mark.parametrize("name", ["HAS_MAIL", "MFA_REQUIRED_ROLES"])
def test_a_real_site_is_no_demonstration(name: str, settings: Any) -> None:
    setattr(settings, name, True if name == "HAS_MAIL" else ["pmo"])
    page = Client(headers={"accept-language": "en"}).get(LOGIN).content.decode()
    assert "Demonstration" not in page
    assert ("Password forgotten</a>" in page) is (name == "HAS_MAIL")


@pytest.mark.parametrize(
    "path", ["signup/", "email/", "confirm-email/", "password/reset/", "login/code/", "2fa/",
             "3rdparty/", "signup/passkey/", "inactive/"],
)  # fmt: skip
def test_what_the_library_offers_and_this_product_does_not_has_no_address(
    reader: User, path: str
) -> None:
    client = Client()
    client.force_login(reader)
    assert client.get(f"/accounts/{path}").status_code == 404


def test_somebody_elses_turn_ends_the_session_before(reader: User, world: World) -> None:
    other = factories.UserFactory.create(username="other", language="en")
    client = Client()
    client.force_login(other)
    _sign_in(client)
    page = client.get("/accounts/", headers={"accept-language": "en"}).content.decode()
    assert "<strong>reader</strong>" in page


def test_passwords_are_hidden_from_error_reports(reader: User) -> None:
    request: Any = Client().post(LOGIN, {"username": "reader", "password": "x"}).wsgi_request
    assert "password" in request.sensitive_post_parameters
