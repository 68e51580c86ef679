"""Notices: told once an event, in the application and, as each person prefers, by mail."""

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from smtplib import SMTPException
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override

from governance.business_days import is_business_day
from governance.models import MailDigest, Notice, User

logger = logging.getLogger(__name__)

# Digests go out when offices open.
OPENS: Final = 8
# Lines of one mail; the rest is in the application.
_LONGEST: Final = 200

Words = Callable[[str, Mapping[str, Any]], str]
"""(kind, args) → a sentence in the active language"""


@dataclass(frozen=True, slots=True)
class Telling:
    """One thing to tell one person; `event` names it, so that it is never told twice."""

    user_id: int
    event: str
    kind: str
    args: Mapping[str, Any] = field(default_factory=dict)
    path: str = ""


def tell(tellings: Iterable[Telling], at: datetime) -> int:
    """Keep what was not told yet; returns how much that was. Cost: two statements a 500."""
    wanted = {(one.user_id, one.event[:200]): one for one in tellings}
    if not wanted:
        return 0
    known = set(
        Notice.objects.filter(
            user_id__in={user for user, _event in wanted},
            event__in={event for _user, event in wanted},
        ).values_list("user_id", "event")
    )
    fresh = [
        Notice(
            user_id=user,
            event=event,
            kind=one.kind,
            args=dict(one.args),
            path=one.path[:300],
            created_at=at,
        )
        for (user, event), one in wanted.items()
        if (user, event) not in known
    ]
    # Somebody else may tell the same at this moment: the database lets one of the two through.
    Notice.objects.bulk_create(fresh, ignore_conflicts=True, batch_size=500)
    return len(fresh)


def unread_count(user: Any) -> int:
    """How many notices wait. Cost: one query."""
    return Notice.objects.filter(user_id=user.pk, read_at__isnull=True).count()


def mark_read(user: User, at: datetime, pk: int | None = None) -> int:
    """Mark one notice of a person as read, or all; returns how many."""
    rows = Notice.objects.filter(user=user, read_at__isnull=True)
    return (rows if pk is None else rows.filter(pk=pk)).update(read_at=at)


def local(user: User, at: datetime) -> datetime:
    """A moment in a person's own time zone; the site's where they chose none."""
    try:
        return at.astimezone(ZoneInfo(user.time_zone or settings.TIME_ZONE))
    except (ZoneInfoNotFoundError, ValueError):
        return at.astimezone(ZoneInfo(settings.TIME_ZONE))


# Mail -----------------------------------------------------------------------------------------------------


def mail_due(at: datetime, words: Words) -> int:
    """Send what is due by mail; returns how many mails went out.

    At once, daily or weekly as each person prefers, on business days of their time zone. What
    could not be sent is logged, stays unmailed, and is tried again with the next run.
    """
    waiting = User.objects.filter(
        notices__mailed_at__isnull=True, notices__pk__isnull=False, is_active=True
    ).exclude(email="")
    people = waiting.exclude(mail_digest=MailDigest.NEVER).distinct().order_by("pk")
    sent = 0
    for person in people:
        if not _is_due(person, at):
            continue
        try:
            sent += _mail(person, at, words)
        except (SMTPException, OSError):
            logger.exception("Mail to user %s could not be sent", person.pk)
    return sent


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
    return before < here.date()


def _week(day: date) -> date:
    """The Monday of a day's week."""
    return day - timedelta(days=day.weekday())


@transaction.atomic
def _mail(person: User, at: datetime, words: Words) -> int:
    rows = Notice.objects.select_for_update(of=("self",)).filter(
        user=person, mailed_at__isnull=True
    )
    found = list(rows.order_by("created_at", "pk"))
    if not found:
        return 0
    at_once = person.mail_digest == MailDigest.AT_ONCE
    batches = [[notice] for notice in found] if at_once else [found]
    with override(person.language):
        for batch in batches:
            send_mail(_subject(batch, words), _body(batch, words), None, [person.email])
    rows.filter(pk__in=[notice.pk for notice in found]).update(mailed_at=at)
    return len(batches)


def _subject(batch: list[Notice], words: Words) -> str:
    if len(batch) == 1:
        text = words(batch[0].kind, batch[0].args)
    else:
        text = ngettext("%(count)d notice", "%(count)d notices", len(batch)) % {"count": len(batch)}
    return f"[{_('IT Investment Governance Dashboard')}] {text}".replace("\n", " ")[:200]


def _body(batch: list[Notice], words: Words) -> str:
    lines = []
    for notice in batch[:_LONGEST]:
        lines.append(f"- {words(notice.kind, notice.args)}")
        if notice.path:
            lines.append(f"  {settings.SITE_URL}{notice.path}")
    if len(batch) > _LONGEST:
        lines.append(_("There are more; see the notices in the application."))
    return "\n".join(lines) + "\n"
