"""Accounts in the hands of offices: who gets a link, who resets, who closes (cases S1, S2)."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.core import mail
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from governance import audit
from governance.access import Role
from governance.exceptions import DomainError
from governance.models import AccountTie, AuditEvent, RoleRequest, User
from governance.people.ties import tied_to
from projects.services import accounts, people
from tests import factories
from tests.conftest import World, act, person, signed_in

pytestmark = pytest.mark.django_db

ON = timezone.localdate
SITE = "https://g.example"


def made_by(actor: User, now: datetime, name: str = "taro", email: str = "") -> User:
    return people.add_person(
        act(actor, now), username=name, display_name=name, email=email, language="en"
    )


def hold(user: User, role: Role, **where: Any) -> Any:
    """A role that somebody else's office gave."""
    return factories.MembershipFactory.create(user=user, role=role, **where)


def text(response: Any) -> str:
    found: str = response.content.decode()
    return found


def test_whoever_makes_an_account_is_tied_to_it(pmo: User, now: datetime) -> None:
    made = made_by(pmo, now)
    assert tied_to([made.pk]) == {pmo.pk}


def test_the_maker_sees_the_link_while_every_role_is_in_reach(
    world: World, pmo: User, now: datetime
) -> None:
    made = made_by(pmo, now)
    assert accounts.may_see_link(pmo, made, ON())
    hold(made, Role.PJMO, project=world.project)
    assert accounts.may_see_link(pmo, made, ON())
    hold(made, Role.PJMO, project=world.other_project)
    assert not accounts.may_see_link(pmo, made, ON())
    with pytest.raises(PermissionDenied):
        accounts.hand_link(act(pmo, now), made, SITE)


def test_a_role_that_begins_later_counts_already(world: World, pmo: User, now: datetime) -> None:
    made = made_by(pmo, now)
    hold(made, Role.PMO, agency=world.other, valid_from=ON() + timedelta(days=30))
    assert not accounts.in_reach(pmo, made, ON())


def test_a_role_that_ended_counts_no_more(world: World, pmo: User, now: datetime) -> None:
    made = made_by(pmo, now)
    hold(made, Role.PMO, agency=world.other, valid_to=ON() - timedelta(days=1))
    assert accounts.in_reach(pmo, made, ON())


def test_a_higher_role_is_out_of_reach(world: World, pmo: User, now: datetime) -> None:
    """A PMO gives no ministry CIO, and so has none in hand."""
    made = made_by(pmo, now)
    hold(made, Role.MINISTRY_CIO, agency=world.home)
    assert not accounts.in_reach(pmo, made, ON())
    assert not accounts.in_reach(pmo, person(Role.CIO_OFFICE, world), ON())


def test_a_role_given_to_a_foreign_account_shows_no_link(
    world: World, pmo: User, other_pmo: User, now: datetime
) -> None:
    """Case S1: the viewer's own gift opens nothing."""
    made = made_by(other_pmo, now)
    values = {"user": made, "role": Role.PJMO, "project": world.project}
    asked = people.grant(act(pmo, now), values)
    assert isinstance(asked, RoleRequest)  # The holder or that ministry agrees to it first.
    given = hold(made, Role.PJMO, project=world.project)
    audit.record_object(act(pmo, now), "membership.granted", given, before=None, after={})
    assert not accounts.may_see_link(pmo, made, ON())
    client = signed_in(pmo)
    page = text(client.get("/people/p/taro/"))
    assert "/accounts/set/" not in page
    assert "one-time link" not in page
    client.post("/people/p/taro/link/")
    assert not AuditEvent.objects.filter(verb="user.link_shown").exists()


def test_a_foreign_role_beside_it_takes_the_whole_account_out_of_reach(
    world: World, pmo: User, other_pmo: User, now: datetime
) -> None:
    made = made_by(other_pmo, now)
    hold(made, Role.PMO, agency=world.other)
    hold(made, Role.PJMO, project=world.project)
    for path in ("link", "deactivate", "factors", "address", "reactivate"):
        answer = signed_in(pmo).post(f"/people/p/taro/{path}/", {"reason": "x", "email": "a@b.jp"})
        assert answer.status_code == 403, path
    made.refresh_from_db()
    assert (made.is_active, made.email) == (True, "")


def test_the_office_that_the_person_belongs_to_sees_it_too(
    world: World, pmo: User, pjmo: User
) -> None:
    assert accounts.may_see_link(pmo, pjmo, ON())
    assert not accounts.may_see_link(pmo, pmo, ON())
    assert not accounts.may_see_link(pjmo, pmo, ON())


@pytest.mark.parametrize(
    "role", [Role.PMO, Role.ACCOUNTING, Role.HR, Role.MINISTRY_CIO], ids=lambda role: role.value
)
def test_no_office_sees_the_link_of_who_decides_alone(
    world: World, cio: User, now: datetime, role: Role
) -> None:
    """Otherwise personnel publishes as the ministry's CIO; makers are no exception."""
    hr = person(Role.HR, world)
    made = made_by(hr, now)
    hold(made, role, agency=world.home, valid_from=ON() + timedelta(days=30))
    assert accounts.in_reach(hr, made, ON())
    assert not accounts.may_see_link(hr, made, ON())
    with pytest.raises(DomainError, match="only the CIO office"):
        accounts.hand_link(act(hr, now), made, SITE)
    with pytest.raises(PermissionDenied):
        accounts.change_address(act(hr, now), made, "hr.private@example.net")
    assert accounts.may_see_link(cio, made, ON())
    assert "/accounts/set/" in text(signed_in(cio).post("/people/p/taro/link/"))
    assert cio.pk in tied_to([made.pk])


def test_who_is_verified_has_no_verifier_in_hand(
    world: World, pmo: User, cio: User, now: datetime
) -> None:
    """One click on "link" would tie the verifier to the PMO, and silence them for good."""
    verifier = made_by(pmo, now - timedelta(days=2), "verifier")
    hold(verifier, Role.VERIFIER, project=world.project)
    for path in ("link", "deactivate", "factors", "address", "reactivate"):
        answer = signed_in(pmo).post(
            f"/people/p/verifier/{path}/", {"reason": "x", "email": "a@b.jp"}
        )
        assert answer.status_code == 403, path
    assert not AccountTie.objects.exclude(kind=AccountTie.Kind.MADE).exists()
    assert accounts.may_see_link(cio, verifier, ON())


def test_the_cio_office_reaches_no_other_accounts(
    world: World, pmo: User, pjmo: User, cio: User
) -> None:
    """Those that one office looks after, those of the whole government, and a double office's own."""
    assert not accounts.in_reach(cio, pjmo, ON())
    assert not accounts.in_reach(cio, person(Role.AUDITOR, world), ON())
    assert accounts.in_reach(cio, pmo, ON())
    hold(pmo, Role.CIO_OFFICE)
    hold(pmo, Role.PJMO, project=world.project)
    assert not accounts.in_reach(cio, pmo, ON())
    hr = person(Role.HR, world)
    double = factories.UserFactory.create(username="double")
    hold(double, Role.CIO_OFFICE)
    hold(double, Role.PMO, agency=world.home)
    assert not accounts.may_see_link(double, hr, ON())


def test_the_link_is_shown_once_and_told(world: World, pmo: User) -> None:
    client = signed_in(pmo)
    made = client.post("/people/new/", {"username": "taro", "display_name": "太郎",
                                        "language": "ja"})  # fmt: skip
    assert "/accounts/set/" in text(made)
    assert "no-store" in made.headers["Cache-Control"]
    client.post("/people/roles/new/", {"user": "taro", "role": "pjmo", "project": "HOME-P1",
                                       "valid_from": "R8.11.1"})  # fmt: skip
    assert "/accounts/set/" not in text(client.get("/people/p/taro/"))
    event = AuditEvent.objects.get(verb="user.link_shown")
    assert event.actor == pmo
    kinds = AccountTie.objects.filter(user__username="taro").values_list("kind", flat=True)
    assert set(kinds) == {"made", "link_seen"}
    assert "/accounts/set/" not in str(list(AuditEvent.objects.values()))
    assert list(audit.verify()) == []


def test_with_mail_nobody_but_the_holder_sees_it(world: World, pmo: User, settings: Any) -> None:
    settings.HAS_MAIL = True
    client = signed_in(pmo)
    made = client.post("/people/new/", {"username": "taro", "display_name": "太郎",
                                        "email": "taro@example.go.jp", "language": "ja"},
                       follow=True)  # fmt: skip
    assert "/accounts/set/" not in text(made)
    assert "is mailed to the holder" in text(made)
    (sent,) = mail.outbox
    assert sent.to == ["taro@example.go.jp"]
    assert "/accounts/set/" in str(sent.body)
    assert AuditEvent.objects.filter(
        verb="user.link_mailed", after__to="taro@example.go.jp"
    ).exists()


def test_a_mail_that_fails_is_told_and_the_account_stands(
    world: World, pmo: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: Any, **kwargs: Any) -> None:
        raise ConnectionRefusedError

    settings.HAS_MAIL = True
    monkeypatch.setattr("governance.people.mails.send_mail", broken)
    made = signed_in(pmo).post("/people/new/", {"username": "taro", "display_name": "太郎",
                                                "email": "taro@example.go.jp", "language": "ja"},
                               follow=True)  # fmt: skip
    assert "The mail could not be sent" in text(made)
    assert User.objects.filter(username="taro").exists()
    verbs = AuditEvent.objects.filter(verb__startswith="user.link").order_by("seq")
    assert [event.verb for event in verbs] == ["user.link_mailed", "user.link_not_sent"]


def test_lost_factors_are_reset_with_a_reason_and_a_tie(
    world: World, pmo: User, pjmo: User, now: datetime
) -> None:
    Authenticator.objects.create(user=pjmo, type="totp", data={"secret": "x"})
    client = signed_in(pmo)
    assert "count as one person" in text(client.get("/people/p/pjmo/factors/"))
    assert client.post("/people/p/pjmo/factors/", {"reason": ""}).status_code == 422
    assert client.post("/people/p/pjmo/factors/", {"reason": "phone lost"}).status_code == 302
    assert not Authenticator.objects.filter(user=pjmo).exists()
    event = AuditEvent.objects.get(verb="user.factors_reset")
    assert (event.actor, event.reason, event.before) == (pmo, "phone lost", {"factors": ["totp"]})
    assert tied_to([pjmo.pk]) == {pmo.pk}
    assert pjmo.notices.get().kind == "factor-removed"


def test_an_account_is_closed_and_opened_by_its_office(world: World, pmo: User, pjmo: User) -> None:
    client, theirs = signed_in(pmo), signed_in(pjmo)
    client.post("/people/p/pjmo/deactivate/", {"reason": "left"})
    assert theirs.get("/systems/").status_code == 302
    assert theirs.get("/api/v1/systems/").status_code == 401
    assert "This account is deactivated" in text(client.get("/people/p/pjmo/"))
    assert AuditEvent.objects.get(verb="user.deactivated").reason == "left"
    assert tied_to([pjmo.pk]) == frozenset()
    client.post("/people/p/pjmo/reactivate/", {"reason": "back"})
    assert theirs.get("/systems/").status_code == 200
    assert tied_to([pjmo.pk]) == {pmo.pk}


def test_a_closed_account_gets_no_link(world: World, pmo: User, pjmo: User, now: datetime) -> None:
    accounts.deactivate(act(pmo, now, "left"), pjmo)
    pjmo.refresh_from_db()
    with pytest.raises(DomainError, match="closed"):
        accounts.hand_link(act(pmo, now), pjmo, SITE)


def test_an_office_mends_an_address_and_the_holder_is_proven_anew(
    world: World, pmo: User, pjmo: User, now: datetime
) -> None:
    User.objects.filter(pk=pjmo.pk).update(proven_at=datetime(2026, 1, 1, tzinfo=UTC))
    signed_in(pmo).post("/people/p/pjmo/address/", {"email": "pjmo@example.go.jp"})
    pjmo.refresh_from_db()
    assert (pjmo.email, pjmo.proven_at) == ("pjmo@example.go.jp", None)
    assert tied_to([pjmo.pk]) == {pmo.pk}
    assert "pjmo@example.go.jp" in text(signed_in(pmo).get("/people/p/pjmo/"))


def test_an_address_that_the_office_typed_proves_nobody_to_it(
    world: World, pmo: User, pjmo: User, settings: Any, django_capture_on_commit_callbacks: Any
) -> None:
    """Otherwise an office takes over an account with a mailbox of its own, and agrees with itself."""
    settings.HAS_MAIL, settings.PROVING_MAIL_DOMAINS = True, []
    User.objects.filter(pk=pjmo.pk).update(email="pjmo@example.go.jp", proven_at=timezone.now())
    with django_capture_on_commit_callbacks(execute=True):
        signed_in(pmo).post("/people/p/pjmo/address/", {"email": "pmo-2@example.com"})
    told, link = sorted(mail.outbox, key=lambda one: "/accounts/set/" in str(one.body))
    assert (told.to, link.to) == (["pjmo@example.go.jp"], ["pmo-2@example.com"])
    assert "pmo-2" not in str(told.body)
    path = re.search(r"https?://[^/]+(/accounts/set/\S+)", str(link.body))
    assert path
    client = Client()
    form = client.get(path[1], follow=True).redirect_chain[-1][0]
    words = "another horse, another battery"
    assert client.post(form, {"new_password1": words, "new_password2": words}).status_code == 302
    pjmo.refresh_from_db()
    assert pjmo.check_password(words)
    assert pjmo.proven_at is None
    assert tied_to([pjmo.pk]) == {pmo.pk}


def test_an_office_that_may_see_no_link_changes_no_address(
    world: World, pmo: User, other_pmo: User, now: datetime
) -> None:
    """The link goes to whatever address stands there: the actor's own gift opens nothing."""
    made = made_by(other_pmo, now)
    given = hold(made, Role.PJMO, project=world.project)
    audit.record_object(act(pmo, now), "membership.granted", given, before=None, after={})
    client = signed_in(pmo)
    assert client.get("/people/p/taro/address/").status_code == 403
    assert client.post("/people/p/taro/address/", {"email": "a@b.jp"}).status_code == 403
    assert "/people/p/taro/address/" not in text(client.get("/people/p/taro/"))
    with pytest.raises(PermissionDenied):
        accounts.change_address(act(pmo, now), made, "a@b.jp")
    made.refresh_from_db()
    assert made.email == ""


def test_the_settings_page_changes_no_address(pjmo: User) -> None:
    """It would ask for no password."""
    data = {"display_name": "x", "email": "a@example.go.jp", "language": "ja",
            "mail_digest": "daily", "time_zone": ""}  # fmt: skip
    signed_in(pjmo).post("/settings/", data)
    pjmo.refresh_from_db()
    assert (pjmo.display_name, pjmo.email) == ("x", "")


# Commands ----------------------------------------------------------------------------------------


def test_an_account_is_closed_on_the_machine(pjmo: User, capsys: Any) -> None:
    client = signed_in(pjmo)
    call_command("deactivate_user", "pjmo", reason="stolen")
    assert client.get("/systems/").status_code == 302
    event = AuditEvent.objects.get(verb="user.deactivated")
    assert (event.source, event.reason) == ("deactivate_user", "stolen")
    call_command("deactivate_user", "pjmo", reason="again")
    assert "Was deactivated" in capsys.readouterr().out
    assert AuditEvent.objects.filter(verb="user.deactivated").count() == 1
    with pytest.raises(CommandError, match="There is no user"):
        call_command("deactivate_user", "nobody", reason="x")
    with pytest.raises(CommandError, match="reason"):
        call_command("deactivate_user", "pjmo", reason=" ")


def test_a_first_account_gets_its_link_on_the_machine(cio: User, capsys: Any) -> None:
    with pytest.raises(CommandError, match="There is no user"):
        call_command("account_link", "nobody", site="https://g.example")
    call_command("account_link", "cio_office", site="https://g.example/")
    link = capsys.readouterr().out.strip()
    assert link.startswith("https://g.example/accounts/set/")
    page = Client().get(link.removeprefix("https://g.example"), follow=True)
    assert page.redirect_chain
    assert AuditEvent.objects.get(verb="user.link_shown").source == "account_link"


def test_the_days_of_reach_are_inclusive(world: World, pmo: User, now: datetime) -> None:
    made = made_by(pmo, now)
    hold(made, Role.PMO, agency=world.other, valid_to=date(2026, 11, 24))
    assert not accounts.in_reach(pmo, made, date(2026, 11, 24))
    assert accounts.in_reach(pmo, made, date(2026, 11, 25))
