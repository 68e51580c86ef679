"""A password, a second factor or a tie to single sign-on that was changed below the program is found,
and nothing that people do with theirs raises an alarm."""

import json
import time
from datetime import datetime
from io import StringIO
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.models import SocialAccount, SocialApp
from django.conf import settings as site
from django.contrib.auth.hashers import PBKDF2PasswordHasher, make_password
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import override_settings

from governance import audit
from governance.audit import Kind, credentials, register, sealing
from governance.models import AuditEvent, User
from governance.people import accounts
from governance.people.links import Way
from tests.conftest import World, act
from tests.governance.people.conftest import PASSWORD, browser, holder, is_in, sign_in, text
from tests.governance.people.test_factors import SECOND, code, enrol

pytestmark = pytest.mark.django_db

SECOND_PASSWORD = "a-longer-Pass-2026"

__all__ = ["holder"]  # A fixture.


class Longer(PBKDF2PasswordHasher):
    iterations = PBKDF2PasswordHasher.iterations + 1


_ANEW = override_settings(PASSWORD_HASHERS=[f"{__name__}.Longer", *site.PASSWORD_HASHERS])


@pytest.fixture
def home(world: World, holder: User, cio: User, now: datetime) -> User:
    """The holder of an account that the trail knows as it is."""
    sealing.seal_register(act(None, now, "the world of this test"))
    assert found() == set()
    return holder


def found() -> set[tuple[Kind, str]]:
    return {(fault.kind, fault.object_key) for fault in register.compare([])}


def _sql(statement: str, *params: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)


def _password(user: User) -> str:
    return f"{user.pk}/password"


def _put(user: User, encoded: str) -> None:
    _sql("UPDATE governance_user SET password = %s WHERE id = %s", encoded, user.pk)


# Below the program ------------------------------------------------------------------------------


def test_a_password_put_in_place_of_another_is_found_until_the_old_one_is_back(home: User) -> None:
    old = home.password
    _put(home, make_password("mine"))
    assert found() == {(Kind.CREDENTIALS, _password(home))}
    _put(home, old)
    assert found() == set()


def test_who_signs_in_with_a_smuggled_password_makes_it_nobodys(home: User) -> None:
    """No other event about the account takes it over: neither the sign-in, nor a factor added."""
    _put(home, make_password("mine"))
    client = browser()
    sign_in(client, password="mine")
    assert is_in(client)
    enrol(client)
    used = (Kind.USED, str(home.pk))
    assert found() == {(Kind.CREDENTIALS, _password(home)), used}


def test_a_password_swapped_and_swapped_back_has_left_a_sign_in(home: User) -> None:
    """Seen: nothing told of it once the old hash was back."""
    old = home.password
    _put(home, make_password("mine"))
    client = browser()
    sign_in(client, password="mine")
    assert is_in(client)
    _put(home, old)
    event = AuditEvent.objects.get(verb="user.signed_in")
    assert event.after is not None
    assert event.after["untold"] == ["password"]
    assert found() == {(Kind.USED, str(home.pk))}
    # Whoever operates the machine says why, by name and for ever.
    sealing.seal_register(act(None, home.date_joined, "tried out with the holder"))
    assert found() == set()


def test_a_foreign_password_that_is_renewed_by_a_page_has_left_its_word(home: User) -> None:
    """Seen: the change of the password made the intruder's one the account's."""
    _put(home, make_password("mine"))
    client = browser()
    sign_in(client, password="mine")
    new = {"new_password1": SECOND_PASSWORD, "new_password2": SECOND_PASSWORD}
    client.post("/accounts/password/", {"old_password": "mine", **new})
    event = AuditEvent.objects.get(verb="user.password_changed")
    assert event.after is not None
    assert event.after["untold"] == ["password"]
    assert found() == {(Kind.USED, str(home.pk))}


def test_a_provider_in_the_database_is_none(home: User, rf: Any) -> None:
    """Seen: a row there let the owner of the database in as anybody, and the trail was whole."""
    SocialApp.objects.create(
        provider="openid_connect",
        provider_id="oidc",
        name="x",
        client_id="x",
        settings={"server_url": "http://127.0.0.1:9"},
    )
    assert get_adapter().list_apps(rf.get("/")) == []
    assert browser().get("/accounts/oidc/oidc/").status_code == 404


@_ANEW
def test_a_smuggled_password_stays_so_when_it_is_hashed_anew(home: User) -> None:
    _put(home, make_password("mine", hasher="md5"))
    client = browser()
    sign_in(client, password="mine")
    assert is_in(client)
    assert AuditEvent.objects.filter(verb="user.password_rehashed").exists()
    assert found() == {(Kind.CREDENTIALS, _password(home)), (Kind.USED, str(home.pk))}


def test_a_password_that_was_taken_away_is_found(home: User) -> None:
    _put(home, make_password(None))
    assert found() == {(Kind.CREDENTIALS, _password(home))}


def test_factors_that_came_went_or_changed_are_found(home: User) -> None:
    client = browser()
    sign_in(client)
    enrol(client)
    assert found() == set()
    app = Authenticator.objects.get(type="totp")
    key, data = f"{home.pk}/factor/{app.pk}", app.data
    Authenticator.objects.filter(pk=app.pk).update(data={"secret": "another"})
    assert found() == {(Kind.CREDENTIALS, key)}
    Authenticator.objects.filter(pk=app.pk).delete()
    assert found() == {(Kind.CREDENTIALS, key)}
    Authenticator.objects.create(pk=app.pk, user=home, type="totp", data=data)
    assert found() == set()
    other = Authenticator.objects.create(user=home, type="webauthn", data={"name": "x"})
    assert found() == {(Kind.NO_EVENT, f"{home.pk}/factor/{other.pk}")}


def test_used_recovery_codes_that_work_again_are_found_and_stay_so(home: User) -> None:
    client = browser()
    sign_in(client)
    _key, codes = enrol(client)
    second = browser()
    sign_in(second)
    second.post(SECOND, {"code": codes[0]})
    assert is_in(second)
    row = Authenticator.objects.get(type="recovery_codes")
    Authenticator.objects.filter(pk=row.pk).update(data={**row.data, "used_mask": 0})
    assert found() == {(Kind.CREDENTIALS, f"{home.pk}/factor/{row.pk}")}
    third = browser()
    sign_in(third)
    third.post(SECOND, {"code": codes[1]})
    assert is_in(third)
    used = (Kind.USED, str(home.pk))
    assert found() == {(Kind.CREDENTIALS, f"{home.pk}/factor/{row.pk}"), used}


def test_a_tie_to_single_sign_on_is_found(home: User, cio: User, now: datetime) -> None:
    tie = SocialAccount.objects.create(user=home, provider="oidc", uid="me")
    assert found() == {(Kind.NO_EVENT, f"{home.pk}/sign-on/{tie.pk}")}
    sealing.seal_register(act(None, now, "tied by hand"))
    assert found() == set()
    _sql("UPDATE socialaccount_socialaccount SET user_id = %s", cio.pk)
    assert found() == {
        (Kind.CREDENTIALS, f"{home.pk}/sign-on/{tie.pk}"),
        (Kind.NO_EVENT, f"{cio.pk}/sign-on/{tie.pk}"),
    }


@pytest.mark.skipif(
    site.DATABASES["default"]["ENGINE"].endswith("postgresql"), reason="columns have types"
)
def test_data_that_cannot_be_read_hide_nothing_else(home: User, now: datetime) -> None:
    row = Authenticator.objects.create(user=home, type="totp", data={"secret": "s"})
    sealing.seal_register(act(None, now, "added by hand"))
    _sql("PRAGMA ignore_check_constraints = ON")
    _sql("UPDATE mfa_authenticator SET data = 'abc'")
    _sql("PRAGMA ignore_check_constraints = OFF")
    _put(home, "x")
    assert found() == {
        (Kind.CREDENTIALS, f"{home.pk}/factor/{row.pk}"),
        (Kind.CREDENTIALS, _password(home)),
    }


# Through the program ----------------------------------------------------------------------------


@_ANEW
def test_a_password_hashed_anew_at_sign_in_is_told(home: User) -> None:
    assert not home.password.startswith("pbkdf2_sha256$" + str(Longer.iterations))
    client = browser()
    sign_in(client)
    assert is_in(client)
    event = AuditEvent.objects.get(verb="user.password_rehashed")
    assert (event.object_key, event.after) == (str(home.pk), {})
    assert User.objects.get(pk=home.pk).password != home.password
    assert found() == set()
    sign_in(browser())
    assert AuditEvent.objects.filter(verb="user.password_rehashed").count() == 1


def test_what_holders_do_with_their_factors_is_in_step(home: User) -> None:
    client = browser()
    sign_in(client)
    key, codes = enrol(client)
    assert found() == set()
    client.get("/accounts/codes/")
    client.post("/accounts/codes/new/")
    assert found() == set()
    again = browser()
    sign_in(again)
    again.post(SECOND, {"code": codes[0]})
    assert not is_in(again)  # They were renewed.
    again.post(SECOND, {"code": code(key, time.time() + 30)})
    assert is_in(again)
    assert found() == set()
    again.post("/accounts/app/remove/")
    assert not Authenticator.objects.exists()
    assert found() == set()


def test_a_recovery_code_that_was_used_is_told(home: User) -> None:
    client = browser()
    sign_in(client)
    _key, codes = enrol(client)
    again = browser()
    sign_in(again)
    assert "This code is not right" in text(again.post(SECOND, {"code": "00000000"}))
    assert not AuditEvent.objects.filter(verb="user.recovery_code_used").exists()
    again.post(SECOND, {"code": codes[0]})
    assert is_in(again)
    event = AuditEvent.objects.get(verb="user.recovery_code_used")
    assert (event.actor, event.object_key) == (home, str(home.pk))
    assert found() == set()


def test_each_way_to_another_password_is_in_step(
    home: User, cio: User, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    accounts.change_password(act(home, now), home, "a-long-Enough-1", keep=None)
    assert found() == set()
    accounts.set_password_by_link(act(None, now), home, "a-long-Enough-2", Way.SHOWN)
    assert found() == set()
    monkeypatch.setattr("getpass.getpass", lambda prompt="": "entirely-new-Pass-2026")
    call_command("changepassword", "holder", verbosity=0)
    assert found() == set()
    Authenticator.objects.create(user=home, type="totp", data={"secret": "s"})
    sealing.seal_register(act(None, now, "added by hand"))
    accounts.reset_factors(act(cio, now), home)
    assert found() == set()
    accounts.prove(act(home, now), home, is_password_new=False)
    assert not User.objects.get(pk=home.pk).has_usable_password()
    assert found() == set()
    User.objects.create_superuser("first", password="x")
    assert found() == set()


def test_looking_at_codes_and_using_a_factor_change_nothing(home: User, now: datetime) -> None:
    row = Authenticator.objects.create(user=home, type="recovery_codes", data={"seed": "s"})
    sealing.seal_register(act(None, now, "added by hand"))
    row.wrap().mark_as_viewed()
    row.record_usage()
    assert found() == set()


# In words ---------------------------------------------------------------------------------------


def test_neither_hash_nor_secret_stands_in_the_trail(home: User) -> None:
    client = browser()
    sign_in(client)
    key, codes = enrol(client)
    told = json.dumps(
        [*AuditEvent.objects.values_list("before", "after"), *credentials.standing().items()]
    )
    user = User.objects.get(pk=home.pk)
    secret = Authenticator.objects.get(type="totp").data["secret"]
    for hidden in (PASSWORD, user.password, key, secret, *codes):
        assert hidden not in told


def test_sealing_takes_what_came_past_the_trail_into_it_with_its_reason(
    home: User, now: datetime
) -> None:
    _put(home, make_password("mine"))
    told = sealing.seal_register(act(None, now, "reset by hand, ticket 7"))
    assert told == {"credential": {"credentials changed": 1}}
    assert found() == set()


def test_what_is_compared_is_counted_and_no_more_left_out(home: User) -> None:
    compared: list[register.Compared] = []
    list(register.compare(compared))
    counts = {one.object_type: one.rows for one in compared}
    assert counts["credential"] == len(audit.credentials.standing()) > 0
    outside = dict(register.outside())
    assert "users: groups, last login, user permissions" in outside
    assert not any("second factors" in name for name in outside)


def test_the_command_says_so(home: User) -> None:
    _put(home, make_password("mine"))
    err = StringIO()
    with pytest.raises(CommandError, match="NOT whole: 1 faults"):
        call_command("verify_audit", stdout=StringIO(), stderr=err)
    assert "credentials changed outside the trail" in err.getvalue()
