"""What the regular jobs of the register do, and how each tells what it did."""

from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from governance.audit import Act
from governance.jobs import tell_left_out
from governance.mail import mail_due
from projects.notice_text import words
from projects.services import flags, outlook, reminders


def judge(at: datetime) -> str:
    """Judge every flag for today: reports and reviews fall due without anybody writing."""
    day = timezone.localdate(at)
    run = flags.recompute_all(Act(user=None, at=at, source="schedule"), as_of=day)
    for subject, pk, error in run.left_out:
        tell_left_out("judge", f"{subject} #{pk}", error, at)
    return _("Flags judged for %(day)s.") % {"day": day}


def learn(at: datetime) -> str:
    """Learn how projects go from what is known by now."""
    day = timezone.localdate(at)
    outlook.recompute(day)
    return _("Learned from what was known on %(day)s.") % {"day": day}


def mail(at: datetime) -> str:
    """Send the mails that are due."""
    return _("Mails sent: %(n)d") % {"n": mail_due(at, words)}


def remind(at: datetime) -> str:
    """Tell what has fallen due."""
    return _("New notices: %(n)d") % {"n": reminders.remind(at)}
