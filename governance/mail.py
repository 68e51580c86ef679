"""Notices by mail: each at least once, none of them in the way of another.

An attempt is counted and put off until later in a transaction of its own, before the mail goes out;
no lock is held while a mail server takes its time. So of two runs at one moment one sends a mail,
and a mail that ends its worker is not tried for ever. A worker that is killed between the server's
"yes" and the mark sends that mail again: twice is better than never.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override

from governance.business_days import is_business_day
from governance.models import MailDigest, Notice, User
from governance.notices import local, one_line, tell_office

logger = logging.getLogger(__name__)

# Digests go out when offices open.
OPENS: Final = 8
# After a first attempt so long, then twice as long each time: the last about a day after the first.
WAIT: Final = timedelta(minutes=10)
# So many mails in a row that fail are the server's trouble: the others wait for the next run.
IN_A_ROW: Final = 3
# Lines of one mail; the rest is in the application.
_LONGEST: Final = 200

Words = Callable[[str, Mapping[str, Any]], str]
"""(kind, args) → a sentence in the active language"""


class MailServerAway(Exception):
    """Nothing can be sent now; what waits keeps waiting."""


def mail_due(at: datetime, words: Words) -> int:
    """Send what is due by mail; returns how many mails went out.

    At once, daily or weekly as each person prefers, on business days of their time zone. A mail
    that fails is logged, put off and at last given up, which is told to the CIO office. Raises
    MailServerAway where the server does not answer.
    """
    people = (
        User.objects.filter(pk__in=_waiting(at).values("user_id"), is_active=True)
        .exclude(email="")
        .exclude(mail_digest=MailDigest.NEVER)
        .order_by("pk")
    )
    post = _Post()
    try:
        for person in people:
            if _is_due(person, at):
                for batch in _batches(person, at):
                    post.send(person, batch, at, words)
    finally:
        post.close()
    return post.sent


def _waiting(at: datetime) -> QuerySet[Notice]:
    return Notice.objects.filter(
        Q(mail_after__isnull=True) | Q(mail_after__lte=at),
        mailed_at__isnull=True,
        mail_attempts__lt=Notice.MAIL_ATTEMPTS,
    )


def _is_due(person: User, at: datetime) -> bool:
    here = local(person, at)
    if not is_business_day(here.date()):
        return False
    if person.mail_digest == MailDigest.AT_ONCE:
        return True
    if here.hour < OPENS:
        return False
    last = (
        Notice.objects.filter(user=person, mailed_at__isnull=False)
        .order_by("-mailed_at")
        .values_list("mailed_at", flat=True)
        .first()
    )
    if last is None:
        return True
    before = local(person, last).date()
    if person.mail_digest == MailDigest.WEEKLY:
        return _week(before) != _week(here.date())
    return before != here.date()


def _week(day: date) -> date:
    """The Monday of a day's week."""
    return day - timedelta(days=day.weekday())


def _batches(person: User, at: datetime) -> Iterator[list[Notice]]:
    """What goes into one mail each, taken when it is asked for."""
    if person.mail_digest != MailDigest.AT_ONCE:
        if taken := _take(_waiting(at).filter(user=person), at):
            yield taken
        return
    for pk in list(
        _waiting(at).filter(user=person).order_by("created_at", "pk").values_list("pk", flat=True)
    ):
        if taken := _take(_waiting(at).filter(pk=pk), at):
            yield taken


@transaction.atomic
def _take(rows: QuerySet[Notice], at: datetime) -> list[Notice]:
    """Count an attempt to mail these rows; those that somebody else has taken are left out."""
    found = list(
        rows.select_for_update(of=("self",), skip_locked=True).order_by("created_at", "pk")
    )
    for notice in found:
        notice.mail_after = at + WAIT * (1 << notice.mail_attempts)
        notice.mail_attempts += 1
    Notice.objects.bulk_update(found, ("mail_attempts", "mail_after"))
    return found


class _Post:
    """The way to the mail server during one run: one connection, opened anew after a failure."""

    def __init__(self) -> None:
        self.sent = 0
        self._connection: Any = None
        self._failed_in_a_row = 0

    def send(self, person: User, batch: list[Notice], at: datetime, words: Words) -> None:
        """Send one mail and mark it; raises MailServerAway."""
        rows = Notice.objects.filter(pk__in=[notice.pk for notice in batch])
        self._open(rows)
        try:
            with override(person.language):
                message = EmailMessage(
                    _subject(batch, words),
                    _body(batch, words),
                    None,
                    [person.email],
                    connection=self._connection,
                )
            message.send()
        except Exception as error:  # Whatever is wrong with this one, the others go out.
            self._set_aside(person, rows, error, at)
            return
        rows.update(mailed_at=at, mail_error="")
        self.sent += 1
        self._failed_in_a_row = 0

    def close(self) -> None:
        connection, self._connection = self._connection, None
        try:
            if connection is not None:
                connection.close()
        except Exception:
            # All that was sent is marked; the server may have hung up first.
            logger.warning("The connection to the mail server did not end well", exc_info=True)

    def _open(self, rows: QuerySet[Notice]) -> None:
        if self._connection is not None:
            return
        connection = get_connection()
        try:
            connection.open()
        except Exception as error:
            # Not the fault of this mail: its attempt does not count.
            rows.update(mail_attempts=F("mail_attempts") - 1, mail_after=None)
            raise MailServerAway(str(error)) from error
        self._connection = connection

    def _set_aside(
        self, person: User, rows: QuerySet[Notice], error: Exception, at: datetime
    ) -> None:
        logger.error("Mail to user %s could not be sent", person.pk, exc_info=error)
        self.close()
        name = type(error).__name__
        rows.update(mail_error=name[:200])
        if rows.filter(mail_attempts__gte=Notice.MAIL_ATTEMPTS).exists():
            # Once a month a person: a mailbox that is gone is no news every day.
            what, args = f"{person.pk}:{at:%Y-%m}", {"person": str(person), "error": name}
            tell_office("mail-given-up", what, args, at)
        self._failed_in_a_row += 1
        if self._failed_in_a_row >= IN_A_ROW:
            message = f"{IN_A_ROW} mails in a row could not be sent"
            raise MailServerAway(message) from error


def _subject(batch: list[Notice], words: Words) -> str:
    if len(batch) == 1:
        text = words(batch[0].kind, batch[0].args)
    else:
        text = ngettext("%(count)d notice", "%(count)d notices", len(batch)) % {"count": len(batch)}
    return one_line(f"[{_('IT Investment Governance Dashboard')}] {text}")[:200]


def _body(batch: list[Notice], words: Words) -> str:
    lines = []
    for notice in batch[:_LONGEST]:
        lines.append(f"- {one_line(words(notice.kind, notice.args))}")
        if notice.path:
            lines.append(f"  {settings.SITE_URL}{one_line(notice.path)}")
    if len(batch) > _LONGEST:
        lines.append(_("There are more; see the notices in the application."))
    return "\n".join(lines) + "\n"
