"""Passwords: set by a link, changed, forgotten; and the address that proves its holder."""

import re
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.core import mail
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from governance import audit
from governance.models import AccountTie, AuditEvent, Notice, User
from governance.people import accounts, invitations, links, mailboxes, ties
from governance.people.links import Way
from governance.people.ties import tied_to
from projects.services import people
from tests import factories
from tests.conftest import act, signed_in
from tests.governance.people.conftest import PASSWORD, browser, is_in, sign_in, text

pytestmark = pytest.mark.django_db

NEW = "another horse, another battery"


def set_by(path: str, password: str = NEW, client: Client | None = None) -> Any:
    """Open a link and set a password there."""
    client = client or browser()
    form = client.get(path, follow=True)
    if not form.redirect_chain:
        return form
    data = {"new_password1": password, "new_password2": password}
    return client.post(form.redirect_chain[-1][0], data)


def mailed_path() -> str:
    """The address in the only mail that was sent."""
    (one,) = mail.outbox
    found = re.search(r"https?://[^/]+(/\S+)", str(one.body))
    assert found
    return found[1]


@pytest.fixture
def with_mail(settings: Any) -> None:
    settings.HAS_MAIL, settings.PROVING_MAIL_DOMAINS = True, ["example.go.jp"]


def test_a_shown_link_sets_the_password_and_proves_nothing(holder: User, pmo: User) -> None:
    path = invitations.show_link(act(pmo, timezone.now()), holder)
    old = browser()
    sign_in(old)
    path = links.password_path(User.objects.get(pk=holder.pk), Way.SHOWN)
    set_by(path)
    assert sign_in(browser(), password=NEW).status_code == 302
    assert not is_in(old)
    holder.refresh_from_db()
    assert holder.proven_at is None
    assert tied_to([holder.pk]) == {pmo.pk}
    event = AuditEvent.objects.get(verb="user.password_set")
    assert (event.source, event.after) == ("link-shown", {"link": "shown"})


def test_a_mailed_link_reaches_the_holder_alone_and_proves_them(
    holder: User, pmo: User, with_mail: None
) -> None:
    kind = AccountTie.Kind.INVITED
    invitations.mail_link(act(pmo, timezone.now()), holder, "https://g.example", kind)
    assert mail.outbox[0].to == ["holder@example.go.jp"]
    assert tied_to([holder.pk]) == {pmo.pk}
    set_by(mailed_path())
    holder.refresh_from_db()
    assert holder.proven_at is not None
    assert tied_to([holder.pk]) == frozenset()


def test_a_link_works_once(holder: User) -> None:
    path = links.password_path(holder, Way.SHOWN)
    set_by(path)
    assert "has been used" in text(browser().get(path))
    assert sign_in(browser(), password=NEW).status_code == 302


@pytest.mark.parametrize("change", ["email", "password", "is_active"])
def test_a_link_dies_with_what_it_stood_for(holder: User, change: str) -> None:
    path = links.password_path(holder, Way.MAIL)
    given: dict[str, Any] = {"email": "x@example.go.jp", "password": "!", "is_active": False}
    User.objects.filter(pk=holder.pk).update(**{change: given[change]})
    assert "has been used" in text(used := set_by(path))
    assert '<a href="/accounts/login/">Back to sign-in</a>' in text(used)


def test_a_link_ends_after_some_days(holder: User, settings: Any) -> None:
    path = links.password_path(holder, Way.MAIL)
    settings.PASSWORD_RESET_TIMEOUT = -1
    assert "has been used" in text(set_by(path))


def test_a_link_of_one_kind_is_none_of_the_other(holder: User) -> None:
    shown, mailed = (
        links.password_path(holder, way).split("/")[-2] for way in (Way.SHOWN, Way.MAIL)
    )
    assert links.way_of(holder, shown) is Way.SHOWN
    assert links.way_of(holder, mailed) is Way.MAIL
    assert links.way_of(holder, "x") is None


def test_an_address_that_two_accounts_share_proves_neither(holder: User, with_mail: None) -> None:
    """An insider who gives both accounts the own address is still one person."""
    factories.UserFactory.create(username="second", email="Holder+2@Example.go.jp")
    set_by(links.password_path(holder, Way.MAIL))
    holder.refresh_from_db()
    assert holder.proven_at is None


def test_the_own_mailbox_handed_on_proves_nobody(holder: User, pmo: User, with_mail: None) -> None:
    """An official mailbox counts once: who takes another address cannot be the holder with it."""
    User.objects.filter(pk=pmo.pk).update(email="pmo@example.go.jp")
    accounts.change_address(act(pmo, timezone.now()), pmo, "other@example.go.jp")
    accounts.change_address(act(pmo, timezone.now()), holder, "pmo+1@example.go.jp")
    holder.refresh_from_db()
    set_by(links.password_path(holder, Way.MAIL))
    assert tied_to([holder.pk]) == {pmo.pk}


def test_a_mailbox_that_somebody_had_is_nobody_elses_proof(
    holder: User, pmo: User, outsider: User, with_mail: None
) -> None:
    """A colleague hands the own mailbox on, an accomplice types it as a new account's."""
    User.objects.filter(pk=pmo.pk).update(email="pmo@example.go.jp")
    accounts.change_address(act(pmo, timezone.now()), pmo, "other@example.go.jp")
    accounts.change_address(act(outsider, timezone.now()), holder, "pmo@example.go.jp")
    holder.refresh_from_db()
    set_by(links.password_path(holder, Way.MAIL))
    assert tied_to([holder.pk]) == {outsider.pk}


ODD = [
    '"pmo"@example.go.jp',
    '"p\\mo"@example.go.jp',
    '"pmo+x"@example.go.jp',
    "ｐｍｏ@example.go.jp",
]


@pytest.mark.parametrize("address", ODD)
def test_the_own_mailbox_spelt_differently_is_refused_and_proves_nobody(
    holder: User, pmo: User, with_mail: None, address: str
) -> None:
    """Seen: quotation marks made a second mailbox of the own, and of one person two."""
    User.objects.filter(pk=pmo.pk).update(email="pmo@example.go.jp")
    with pytest.raises(ValidationError, match="plain letters"):
        accounts.change_address(act(pmo, timezone.now()), holder, address)
    with pytest.raises(ValidationError, match="plain letters"):
        people.add_person(
            act(pmo, timezone.now()),
            username="ghost", display_name="ghost", email=address, language="en",
        )  # fmt: skip
    # However it came there.
    User.objects.filter(pk=holder.pk).update(email=address)
    holder.refresh_from_db()
    assert mailboxes.is_shared(holder)
    User.objects.filter(pk=holder.pk).update(email="pmo@example.go.jp")
    User.objects.filter(pk=pmo.pk).update(email=address)
    holder.refresh_from_db()
    assert mailboxes.is_shared(holder)


def test_a_domain_in_its_own_script_is_the_same_domain(holder: User, pmo: User) -> None:
    for own, other in (("例え.jp", "xn--r8jz45g.jp"), ("xn--r8jz45g.jp", "例え.jp")):
        User.objects.filter(pk=pmo.pk).update(email=f"pmo@{own}")
        User.objects.filter(pk=holder.pk).update(email=f"pmo@{other}")
        holder.refresh_from_db()
        assert mailboxes.is_shared(holder)


def test_nobody_keeps_a_colleague_unproven_by_typing_their_address(
    holder: User, pmo: User, outsider: User, with_mail: None
) -> None:
    """Seen: an address typed as one's own, and never confirmed, barred the holder for ever."""
    accounts.change_address(act(outsider, timezone.now()), outsider, "holder@example.go.jp")
    outsider.refresh_from_db()
    ties.tie(act(pmo, timezone.now()), holder, AccountTie.Kind.MADE)
    set_by(links.password_path(holder, Way.MAIL))
    assert tied_to([holder.pk]) == frozenset()
    assert mailboxes.is_shared(outsider)
    # Whoever answers a mail to it reads it; then neither account proves anything by it.
    set_by(links.password_path(outsider, Way.MAIL))
    assert mailboxes.is_shared(holder)


def test_a_forgotten_password_leads_to_no_account_that_merely_claims_the_address(
    holder: User, outsider: User, with_mail: None
) -> None:
    accounts.change_address(act(outsider, timezone.now()), outsider, "holder@example.go.jp")
    browser().post("/accounts/forgotten/", {"name": "holder@example.go.jp"})
    told = AuditEvent.objects.filter(verb="user.link_mailed")
    assert [event.object_key for event in told] == [str(holder.pk)]
    # By its name, and where nobody else has the address, it is meant.
    browser("198.51.100.7").post("/accounts/forgotten/", {"name": outsider.username})
    assert told.all().count() == 2
    User.objects.filter(pk=holder.pk).update(email="")
    browser("198.51.100.8").post("/accounts/forgotten/", {"name": "holder@example.go.jp"})
    assert told.all().count() == 3


def test_who_had_an_account_in_hand_may_not_have_typed_its_address_as_the_own(
    holder: User, pmo: User, with_mail: None
) -> None:
    accounts.change_address(act(pmo, timezone.now()), pmo, "holder@example.go.jp")
    ties.tie(act(pmo, timezone.now()), holder, AccountTie.Kind.MADE)
    set_by(links.password_path(holder, Way.MAIL))
    assert tied_to([holder.pk]) == {pmo.pk}


@pytest.mark.parametrize(
    ("domains", "proves"),
    [(["Example.go.jp"], True), (["@example.go.jp"], True), (["go.jp"], False), ([], False)],
)
def test_only_addresses_of_these_domains_prove(
    holder: User, settings: Any, domains: list[str], proves: bool
) -> None:
    settings.PROVING_MAIL_DOMAINS = domains
    assert mailboxes.proves(holder) is proves


@pytest.mark.parametrize(
    ("domains", "tied"), [([], True), (["go.jp"], True), (["example.go.jp"], False)]
)
def test_a_maker_who_types_a_second_address_proves_nobody(
    pmo: User, with_mail: None, settings: Any, domains: list[str], tied: bool
) -> None:
    """Otherwise the maker files as the account and approves it; a colleague is proven all the same
    by a mail to an official address."""
    settings.PROVING_MAIL_DOMAINS = domains
    made = people.add_person(
        act(pmo, timezone.now()),
        username="ghost",
        display_name="ghost",
        email="pmo-2@example.go.jp",
        language="en",
    )
    kind = AccountTie.Kind.INVITED
    invitations.mail_link(act(pmo, timezone.now()), made, "https://g.example", kind)
    set_by(mailed_path())
    made.refresh_from_db()
    assert (made.proven_at is None) is tied
    assert (tied_to([made.pk]) == {pmo.pk}) is tied


def test_an_address_typed_as_the_account_is_its_makers_too(
    holder: User, pmo: User, with_mail: None, settings: Any
) -> None:
    settings.PROVING_MAIL_DOMAINS = []
    ties.tie(act(pmo, timezone.now()), holder, AccountTie.Kind.LINK_SEEN)
    accounts.change_address(act(holder, timezone.now()), holder, "second@example.com")
    holder.refresh_from_db()
    set_by(links.password_path(holder, Way.MAIL))
    assert tied_to([holder.pk]) == {pmo.pk}


def test_an_address_that_the_holder_typed_alone_proves_them(
    holder: User, pmo: User, with_mail: None, settings: Any
) -> None:
    settings.PROVING_MAIL_DOMAINS = []
    accounts.change_address(act(holder, timezone.now()), holder, "own@example.com")
    holder.refresh_from_db()
    kind = AccountTie.Kind.RESET
    invitations.mail_link(act(pmo, timezone.now()), holder, "https://g.example", kind)
    set_by(mailed_path())
    assert tied_to([holder.pk]) == frozenset()


def test_who_typed_the_address_is_tied_again_by_a_link_to_it(
    holder: User, pmo: User, with_mail: None, settings: Any
) -> None:
    """Single sign-on has proven the holder; then whoever asks for a forgotten password is mailed it
    where that person typed the address."""
    settings.PROVING_MAIL_DOMAINS = []
    accounts.change_address(act(pmo, timezone.now()), holder, "pmo-2@example.com")
    holder.refresh_from_db()
    accounts.prove(act(holder, timezone.now()), holder, is_password_new=False)
    assert tied_to([holder.pk]) == frozenset()
    browser().post("/accounts/forgotten/", {"name": "holder"})
    set_by(mailed_path())
    assert tied_to([holder.pk]) == {pmo.pk}
    assert list(audit.verify()) == []


def test_a_refused_password_leaves_the_link_as_it_is(holder: User) -> None:
    client, path = browser(), links.password_path(holder, Way.SHOWN)
    short = set_by(path, "short", client)
    assert short.status_code == 200
    assert "too short" in text(short)
    assert set_by(path, NEW, client).status_code == 302


# Forgotten ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("typed", ["holder", "holder@example.go.jp", "HOLDER@example.go.jp"])
def test_a_forgotten_password_is_set_by_mail(holder: User, with_mail: None, typed: str) -> None:
    browser().post("/accounts/forgotten/", {"name": typed})
    set_by(mailed_path())
    assert sign_in(browser(), password=NEW).status_code == 302
    assert AuditEvent.objects.get(verb="user.link_mailed").source == "forgotten"
    assert not AccountTie.objects.filter(user=holder).exists()


def test_the_answer_tells_nothing_about_names(
    holder: User, with_mail: None, django_assert_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is looked up in the request: known and unknown are handed on alike."""
    asked: list[tuple[Any, ...]] = []
    monkeypatch.setattr("governance.tasks.in_background", lambda task, *args: asked.append(args))
    answers = []
    for name in ("holder", "nobody", "nobody@example.go.jp"):
        client = browser()
        with django_assert_num_queries(0):
            answer = client.post("/accounts/forgotten/", {"name": name})
        answers.append((answer.status_code, answer.headers["Location"], answer.content))
    assert len(set(answers)) == 1
    assert [args[0] for args in asked] == ["holder", "nobody", "nobody@example.go.jp"]


def test_closed_accounts_and_strangers_get_no_mail(holder: User, with_mail: None) -> None:
    User.objects.filter(pk=holder.pk).update(is_active=False)
    for name in ("holder", "nobody"):
        browser().post("/accounts/forgotten/", {"name": name})
    assert mail.outbox == []


def test_nobody_is_flooded_with_mails(holder: User, with_mail: None) -> None:
    for n in range(12):
        browser(f"198.51.100.{n}").post("/accounts/forgotten/", {"name": "holder"})
    assert len(mail.outbox) == invitations.MAILS_PER_ACCOUNT
    client = browser()
    answers = [
        client.post("/accounts/forgotten/", {"name": f"n{n}"}).status_code for n in range(11)
    ]
    assert (answers[9], answers[10]) == (302, 429)


def test_without_mail_the_page_says_whom_to_ask(holder: User) -> None:
    assert "This site sends no mail" in text(browser().get("/accounts/forgotten/"))
    browser().post("/accounts/forgotten/", {"name": "holder"})
    assert mail.outbox == []
    page = text(browser().get("/accounts/login/"))
    assert "Ask the office that looks after your account for a new link" in page


# Changed by the holder ---------------------------------------------------------------------------


def _change(client: Client, old: str, new: str = NEW) -> Any:
    data = {"old_password": old, "new_password1": new, "new_password2": new}
    return client.post("/accounts/password/", data)


def test_the_password_is_changed_and_other_sessions_end(holder: User) -> None:
    here, there = browser(), browser("192.0.2.2")
    sign_in(here)
    sign_in(there)
    assert "incorrect" in text(_change(here, "wrong"))
    assert _change(here, PASSWORD).status_code == 302
    assert (is_in(here), is_in(there)) == (True, False)
    assert "this one" in text(here.get("/accounts/"))
    assert sign_in(browser(), password=PASSWORD).status_code == 200
    assert AuditEvent.objects.get(verb="user.password_changed").actor == holder
    assert Notice.objects.filter(user=holder, kind="password-changed").count() == 1


def test_the_old_password_can_not_be_guessed_here_either(holder: User) -> None:
    client = browser()
    sign_in(client)
    answers = [text(_change(client, f"wrong {n}")) for n in range(11)]
    assert "Too many wrong passwords" not in answers[9]
    assert "Too many wrong passwords" in answers[10]
    assert "Too many wrong passwords" in text(_change(client, PASSWORD))


def test_a_changed_address_is_proven_again(holder: User, with_mail: None) -> None:
    User.objects.filter(pk=holder.pk).update(proven_at=timezone.now())
    client = browser()
    sign_in(client)
    client.post("/accounts/address/", {"email": "new@example.go.jp"})
    holder.refresh_from_db()
    assert (holder.email, holder.proven_at) == ("new@example.go.jp", None)
    assert mail.outbox[0].to == ["new@example.go.jp"]
    set_by(mailed_path())
    holder.refresh_from_db()
    assert holder.proven_at is not None
    event = AuditEvent.objects.get(verb="user.address_changed")
    assert (event.before or {})["email"] == "holder@example.go.jp"


@pytest.mark.parametrize("address", ["", "holder@example.go.jp"])
def test_the_same_or_no_address_asks_for_no_mail(
    holder: User, with_mail: None, address: str
) -> None:
    User.objects.filter(pk=holder.pk).update(proven_at=timezone.now())
    client = browser()
    sign_in(client)
    client.post("/accounts/address/", {"email": address})
    assert mail.outbox == []


# What a maker leaves behind ----------------------------------------------------------------------


def test_a_maker_who_set_everything_up_is_out_once_the_holder_is_proven(
    holder: User, pmo: User, with_mail: None
) -> None:
    """Otherwise the maker files as the holder and approves it: the tie is cut."""
    set_by(invitations.show_link(act(pmo, timezone.now()), holder))
    maker = browser("203.0.113.5")
    sign_in(maker, password=NEW)
    Authenticator.objects.create(user=holder, type="webauthn", data={"name": "the maker's"})
    set_by(links.password_path(User.objects.get(pk=holder.pk), Way.MAIL), "the holder's own words")
    assert not is_in(maker)
    assert not Authenticator.objects.filter(user=holder).exists()
    assert sign_in(browser(), password="the holder's own words").status_code == 302
    ended = AuditEvent.objects.get(verb="user.credentials_ended")
    # The passkey came past the program here: that is told too.
    assert ended.after == {"factors": ["webauthn"], "password": False, "untold": ["factor"]}


def test_a_factor_from_before_the_account_was_in_other_hands_stays(
    holder: User, pmo: User, with_mail: None
) -> None:
    """A forgotten password, or one reset by the office, is no way around the second factor."""
    User.objects.filter(pk=holder.pk).update(proven_at=timezone.now())
    holder.refresh_from_db()
    Authenticator.objects.create(user=holder, type="totp", data={"secret": "x"})
    set_by(links.password_path(holder, Way.MAIL))
    assert Authenticator.objects.filter(user=holder).exists()
    holder.refresh_from_db()
    kind = AccountTie.Kind.RESET
    invitations.mail_link(act(pmo, timezone.now()), holder, "https://g.example", kind)
    set_by(mailed_path(), "yet another of words")
    assert Authenticator.objects.filter(user=holder).exists()


@pytest.mark.parametrize(
    ("has_mail", "domains", "server", "told"),
    [
        (True, ["example.go.jp"], "https://id.example", "mailed to your address, or by single"),
        (True, ["example.go.jp"], "", "by a link mailed to your address"),
        (True, [], "https://id.example", "not yet: by single sign-on"),
        (False, ["example.go.jp"], "", "not yet: ask the office"),
        (True, [], "", "not yet: ask the office"),
    ],
)
def test_the_own_page_promises_no_proof_that_would_not_count(
    holder: User, settings: Any, *, has_mail: bool, domains: list[str], server: str, told: str
) -> None:
    settings.HAS_MAIL, settings.PROVING_MAIL_DOMAINS = has_mail, domains
    settings.OIDC_SERVER_URL = server
    assert told in text(signed_in(holder).get("/accounts/"))
