"""What the regular jobs of the register do, and how each tells what it did."""

from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from governance.audit import Act
from governance.mail import mail_due
from projects.notice_text import words
from projects.services import flags, outlook, reminders


def judge(at: datetime) -> str:
    """Judge every flag for today: reports and reviews fall due without anybody writing. Then learn
    from what is known by now."""
    day = timezone.localdate(at)
    flags.recompute_all(Act(user=None, at=at, source="schedule"), as_of=day)
    outlook.recompute(day)
    return _("Flags judged for %(day)s.") % {"day": day}


def mail(at: datetime) -> str:
    """Send the mails that are due."""
    return _("Mails sent: %(n)d") % {"n": mail_due(at, words)}


def remind(at: datetime) -> str:
    """Tell what has fallen due."""
    return _("New notices: %(n)d") % {"n": reminders.remind(at)}
