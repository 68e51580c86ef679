"""Mail that survives: one odd notice, one broken mailbox, a server that is away or hangs."""

import time
from datetime import UTC, datetime, timedelta
from email import message_from_string
from email.header import decode_header, make_header
from itertools import pairwise
from typing import Any

import pytest
from django.core import mail

from governance import mail as post
from governance.access import Role
from governance.mail import IN_A_ROW, MailServerAway, mail_due
from governance.models import MailDigest, Notice, User
from governance.notices import Telling, one_line, tell
from projects.notice_text import words
from tests import factories
from tests.conftest import World, person, signed_in
from tests.smtp import mail_server, no_mail_server, silent_mail_server

pytestmark = pytest.mark.django_db

MORNING = datetime(2026, 11, 11, 0, 0, tzinfo=UTC)  # Nine o'clock in Tokyo, a Wednesday.
ODD = ["two\nlines", "a lone\rreturn", "a\r\nBcc: everybody@example.go.jp", "\x0b\x0c\x1c\x85\u2028\u2029",
       "turned \u202e around", "nul \x00", "half \ud800"]  # fmt: skip


def reader(name: str, **fields: Any) -> User:
    return factories.UserFactory.create(
        username=name, email=f"{name}@example.go.jp", language="en", **fields
    )


def told(user: User, number: int = 1, reason: str = "please check") -> None:
    args = {"month": "2026-10", "project": "P", "reason": reason}
    tell(
        [Telling(user.pk, f"{user.pk}:{n}", "report-returned", args) for n in range(number)],
        MORNING,
    )


def addressed() -> list[str]:
    return [letter.to[0] for letter in mail.outbox]


@pytest.mark.parametrize("reason", ODD)
def test_a_reason_of_any_text_becomes_one_line(reason: str, db: None) -> None:
    told(reader("anna", mail_digest=MailDigest.AT_ONCE), reason=reason)
    told(reader("berta"))
    assert mail_due(MORNING, words) == 2
    subject = mail.outbox[0].subject
    assert subject.startswith("[IT Investment Governance Dashboard] The report of 2026-10")
    assert len(subject.splitlines()) == 1
    assert "Bcc" not in message_from_string(mail.outbox[0].message().as_string())
    assert mail.outbox[0].recipients() == ["anna@example.go.jp"]
    assert mail.outbox[0].body.count("- ") == 1


@pytest.mark.parametrize("reason", ODD[:5])
def test_what_was_kept_before_the_rule_is_mailed_too(reason: str, db: None) -> None:
    user = reader("anna", mail_digest=MailDigest.AT_ONCE)
    args = {"month": "2026-10", "project": "P", "reason": reason}
    Notice.objects.create(user=user, event="e", kind="report-returned", args=args, created_at=MORNING)  # fmt: skip
    assert mail_due(MORNING, words) == 1
    assert len(mail.outbox[0].subject.splitlines()) == 1


def test_one_line_keeps_what_people_write() -> None:
    assert one_line("  令和7年度　報告\t（案） 👩‍💻 ") == "令和7年度 報告 （案） 👩‍💻"


def test_a_mail_that_fails_is_set_aside_and_the_rest_goes_on(
    db: None, caplog: pytest.LogCaptureFixture
) -> None:
    bad, good = reader("anna"), reader("berta")
    User.objects.filter(pk=bad.pk).update(email="anna@example.go.jp\nBcc: everybody@example.go.jp")
    told(bad)
    told(good)
    assert mail_due(MORNING, words) == 1
    assert addressed() == [good.email]
    assert f"Mail to user {bad.pk} could not be sent" in caplog.text
    row = Notice.objects.get(user=bad)
    assert (row.mailed_at, row.mail_attempts, row.mail_error) == (None, 1, "BadHeaderError")
    assert Notice.objects.get(user=good).mailed_at == MORNING


def _refuse(monkeypatch: pytest.MonkeyPatch, pk: int) -> None:
    """The mail of one person cannot even be written."""
    real = post._body

    def body(batch: list[Notice], words: Any) -> str:
        if batch[0].user_id == pk:
            raise ValueError("odd")
        return real(batch, words)

    monkeypatch.setattr(post, "_body", body)


def test_the_wait_doubles_and_in_the_end_the_mail_is_given_up(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    cio, bad = person(Role.CIO_OFFICE, world), reader("anna")
    told(bad)
    _refuse(monkeypatch, bad.pk)
    tried, at = [], MORNING
    while at < MORNING + timedelta(days=5):
        before = Notice.objects.get(user=bad).mail_attempts
        mail_due(at, words)
        if Notice.objects.get(user=bad).mail_attempts > before:
            tried.append(at)
        at += timedelta(minutes=10)
    assert len(tried) == Notice.MAIL_ATTEMPTS
    waits = [(later - earlier) for earlier, later in pairwise(tried)]
    assert waits[:4] == [timedelta(minutes=minutes) for minutes in (10, 20, 40, 80)]
    notice = Notice.objects.get(user=cio)
    assert "Mail to" in words(notice.kind, notice.args)
    assert "ValueError" in words(notice.kind, notice.args)
    page = signed_in(bad).get("/notices/").content.decode()
    assert "could not be sent to you by e-mail" in page
    assert "came back: please check" in page


def test_a_mail_is_marked_before_the_next_is_sent(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that is killed between two mails sends none of them twice."""
    user = reader("anna", mail_digest=MailDigest.AT_ONCE)
    told(user, 3)
    real = post._Post.send

    def killed_at_the_third(self: Any, person: User, batch: list[Notice], *rest: Any) -> None:
        if self.sent == 2:
            raise KeyboardInterrupt
        real(self, person, batch, *rest)

    monkeypatch.setattr(post._Post, "send", killed_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        mail_due(MORNING, words)
    monkeypatch.setattr(post._Post, "send", real)
    assert mail_due(MORNING + timedelta(minutes=1), words) == 0  # It may be under way still.
    assert mail_due(MORNING + timedelta(minutes=10), words) == 1
    assert len(mail.outbox) == 3


def test_two_runs_at_one_moment_send_a_mail_once(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    told(reader("anna"))
    told(reader("berta"))
    real = post._Post.send
    inner: list[int] = []

    def meets(self: Any, *rest: Any) -> None:
        if not inner:
            inner.append(0)
            inner[0] = mail_due(MORNING, words)
        real(self, *rest)

    monkeypatch.setattr(post._Post, "send", meets)
    assert mail_due(MORNING, words) + inner[0] == 2
    assert sorted(addressed()) == ["anna@example.go.jp", "berta@example.go.jp"]


def test_a_clock_that_was_set_back_stops_no_digest(db: None) -> None:
    user = reader("anna")
    told(user)
    mail_due(MORNING + timedelta(days=370), words)
    tell([Telling(user.pk, "later", "report-approved", {"month": "m", "project": "P"})], MORNING)
    assert mail_due(MORNING, words) == 1


# A real server ----------------------------------------------------------------------------------


def test_a_run_uses_one_connection(db: None, settings: Any) -> None:
    with mail_server(settings) as server:
        for name in ("anna", "berta", "carla"):
            told(reader(name, mail_digest=MailDigest.AT_ONCE), 2, reason="二行\nの理由")
        assert mail_due(MORNING, words) == 6
        assert server.connections == 1
        subject = make_header(decode_header(message_from_string(server.letters[0][1])["Subject"]))
        assert "二行 の理由" in str(subject).replace("\n", "")


def test_a_mailbox_that_the_server_refuses_stops_no_other(db: None, settings: Any) -> None:
    with mail_server(settings) as server:
        server.refused = {"berta@example.go.jp"}
        for name in ("anna", "berta", "carla"):
            told(reader(name))
        assert mail_due(MORNING, words) == 2
        assert [to for to, _letter in server.letters] == ["anna@example.go.jp", "carla@example.go.jp"]  # fmt: skip
        assert Notice.objects.get(user__username="berta").mail_error == "SMTPRecipientsRefused"
        server.refused = set()
        assert mail_due(MORNING + timedelta(minutes=10), words) == 1


def test_a_server_that_is_away_costs_no_attempt(db: None, settings: Any) -> None:
    told(reader("anna"))
    no_mail_server(settings)
    for _hour in range(20):
        with pytest.raises(MailServerAway):
            mail_due(MORNING, words)
    row = Notice.objects.get()
    assert (row.mail_attempts, row.mail_after, row.mailed_at) == (0, None, None)
    with mail_server(settings):
        assert mail_due(MORNING, words) == 1


def test_a_server_that_hangs_is_left_after_the_time_allowed(db: None, settings: Any) -> None:
    for name in ("anna", "berta", "carla"):
        told(reader(name))
    with silent_mail_server(settings):
        begun = time.monotonic()
        with pytest.raises(MailServerAway):
            mail_due(MORNING, words)
        assert time.monotonic() - begun < 3


def test_a_server_that_refuses_one_after_the_other_is_left_alone(db: None, settings: Any) -> None:
    for number in range(IN_A_ROW + 2):
        told(reader(f"reader{number}"))
    with mail_server(settings) as server:
        server.refused = {f"reader{number}@example.go.jp" for number in range(IN_A_ROW + 2)}
        with pytest.raises(MailServerAway):
            mail_due(MORNING, words)
    assert Notice.objects.filter(mail_attempts=0).count() == 2
