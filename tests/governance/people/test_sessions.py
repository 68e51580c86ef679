"""Sessions: their limits, their list, their end; what was typed is not lost."""

from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from governance.access import Role
from governance.models import AuditEvent, Draft, Notice, User
from governance.people import accounts, sessions
from tests.conftest import World, act, person, signed_in
from tests.governance.people.conftest import browser, is_in, sign_in, text

pytestmark = pytest.mark.django_db


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The clock of sessions, to be moved on."""

    class Clock:
        now = sessions.moment()

        def on(self, seconds: float) -> None:
            self.now += seconds

    moved = Clock()
    monkeypatch.setattr(sessions, "moment", lambda: moved.now)
    return moved


@pytest.fixture
def signed(holder: User, clock: Any) -> Client:
    client = browser()
    sign_in(client)
    return client


def test_a_session_that_nobody_uses_ends(signed: Client, clock: Any, settings: Any) -> None:
    settings.SESSION_IDLE_SECONDS = 1800
    clock.on(1700)
    assert is_in(signed)
    clock.on(1800)
    assert is_in(signed)
    clock.on(1801)
    answer = signed.get("/systems/?q=x", follow=True)
    assert answer.redirect_chain[-1][0] == "/accounts/login/?next=/systems/%3Fq%3Dx"
    assert "You were signed out after a while" in text(answer)
    assert AuditEvent.objects.get(verb="user.timed_out").after == {"because": "idle"}


def test_without_an_idle_limit_it_lasts_until_the_whole_limit(
    signed: Client, clock: Any, settings: Any
) -> None:
    settings.SESSION_COOKIE_AGE = 3600
    clock.on(3600)
    assert is_in(signed)
    clock.on(1)
    assert not is_in(signed)


def test_use_does_not_stretch_the_whole_limit(signed: Client, clock: Any, settings: Any) -> None:
    settings.SESSION_COOKIE_AGE = 3600
    for _ in range(4):
        clock.on(900)
        assert is_in(signed)
    clock.on(900)
    assert not is_in(signed)


def test_the_api_is_told_to_sign_in(signed: Client, clock: Any, settings: Any) -> None:
    settings.SESSION_IDLE_SECONDS = 60
    clock.on(61)
    assert signed.get("/api/v1/systems/").status_code == 401


def test_a_session_from_before_the_limits_is_over(holder: User, signed: Client) -> None:
    session = signed.session
    del session[sessions.BEGAN]
    session.save()
    assert not is_in(signed)


def test_a_time_out_loses_no_draft(world: World, clock: Any, settings: Any) -> None:
    settings.SESSION_IDLE_SECONDS = 60
    pjmo = person(Role.PJMO, world)
    client = signed_in(pjmo)
    form = "/projects/HOME-P1/edit/"
    typed = {"draft": form, "name": "途中の名称"}
    assert client.post("/drafts/", typed).status_code == 204
    clock.on(61)
    late = client.post(
        "/drafts/", {**typed, "name": "x"}, headers={"referer": "http://testserver" + form}
    )
    assert late.headers["Location"] == f"/accounts/login/?next={form}"
    assert Draft.objects.get(user=pjmo).data == [["name", "途中の名称"]]
    client.force_login(pjmo)
    assert "途中の名称" in text(client.get(form))


def test_a_button_pressed_too_late_leads_back_to_its_page(world: World) -> None:
    page = "http://testserver/updates/1/"
    answer = Client().post("/updates/1/approve/", headers={"referer": page})
    assert answer.headers["Location"] == "/accounts/login/?next=/updates/1/"


@pytest.mark.parametrize("referer", ["", "https://evil.example/updates/1/"])
def test_no_other_host_says_where_to_go_back_to(world: World, referer: str) -> None:
    answer = Client().post("/updates/1/approve/", headers={"referer": referer})
    assert answer.headers["Location"] == "/accounts/login/?next=/"


def test_the_address_of_a_button_is_never_blank(world: World, pmo: User) -> None:
    answer = signed_in(pmo).get("/updates/1/approve/")
    assert answer.status_code == 405
    assert "This address belongs to a button" in text(answer)
    assert 'href="/updates/1/"' in text(answer)


def test_own_sessions_are_listed_and_ended(holder: User) -> None:
    here, there, third = browser("192.0.2.1"), browser("192.0.2.2"), browser("192.0.2.3")
    for client in (here, there, third):
        sign_in(client)
    page = text(here.get("/accounts/"))
    assert "192.0.2.2" in page
    chosen = page.split("192.0.2.2")[1].split('name="session" value="')[1].split('"')[0]
    here.post("/accounts/sessions/end/", {"session": chosen})
    assert [is_in(client) for client in (here, there, third)] == [True, False, True]
    here.post("/accounts/sessions/end/")
    assert [is_in(client) for client in (here, there, third)] == [True, False, False]
    events = AuditEvent.objects.filter(verb="user.sessions_ended")
    assert list(events.values_list("after__sessions", flat=True)) == [1, 1]


def test_a_session_of_endless_digits_is_none(holder: User, signed: Client) -> None:
    assert signed.post("/accounts/sessions/end/", {"session": "9" * 5000}).status_code < 500


def test_nobody_ends_the_sessions_of_others(holder: User, outsider: User) -> None:
    client = browser()
    sign_in(client)
    pk = sessions.sessions_of(holder)[0].pk
    stranger = browser()
    stranger.force_login(outsider)
    stranger.post("/accounts/sessions/end/", {"session": str(pk)})
    assert is_in(client)


def test_deactivation_ends_pages_and_api_at_once(holder: User) -> None:
    client = browser()
    sign_in(client)
    assert client.get("/api/v1/systems/").status_code == 200
    accounts.deactivate(act(None, timezone.now(), "left"), holder)
    assert not is_in(client)
    assert client.get("/api/v1/systems/").status_code == 401
    assert sign_in(client).status_code == 200
    accounts.reactivate(act(None, timezone.now(), "back"), holder)
    assert not is_in(client)  # the old session stays ended
    assert sign_in(browser()).status_code == 302


def test_closing_the_browser_signs_out(holder: User) -> None:
    client = browser()
    sign_in(client)
    assert client.cookies["sessionid"]["max-age"] == ""


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (
            "Mozilla/5.0 (Windows NT 10.0) AppleWebKit Chrome/120 Safari/537 Edg/120",
            "Edge, Windows",
        ),
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit Chrome/156 Safari/537", "Chrome, Linux"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17) Version/17 Safari/604", "Safari, iPhone"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X; rv:128) Firefox/128", "Firefox, Mac"),
        ("curl/8.5", "curl/8.5"),
        ("", ""),
    ],
)
def test_browsers_are_called_by_their_names(sent: str, told: str) -> None:
    assert sessions.browser_name(sent) == told


def test_a_password_set_by_the_command_is_told_and_ends_every_session(
    holder: User, signed: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("getpass.getpass", lambda prompt="": "entirely-new-Pass-2026")
    call_command("changepassword", "holder", verbosity=0)
    holder.refresh_from_db()
    assert holder.check_password("entirely-new-Pass-2026")
    event = AuditEvent.objects.get(verb="user.password_set")
    assert (event.actor, event.source, event.object_key) == (None, "changepassword", str(holder.pk))
    assert not is_in(signed)
    assert Notice.objects.filter(user=holder, kind="password-changed").exists()


def test_a_password_that_the_command_refuses_leaves_no_event(
    holder: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("getpass.getpass", lambda prompt="": "short")
    with pytest.raises(CommandError, match="Aborting"):
        call_command("changepassword", "holder")
    assert not AuditEvent.objects.filter(verb="user.password_set").exists()
