"""The regular jobs, run by Celery beat or by `manage.py run_due_jobs`: the same functions."""

from datetime import date, datetime

from django.db import transaction
from django.utils import timezone

from governance.audit import Act
from governance.models import JobMark
from governance.notices import mail_due
from projects.notice_text import words
from projects.services import flags, outlook, reminders


def judge(at: datetime) -> None:
    """Judge every flag for today: reports and reviews fall due without anybody writing. Then learn
    from what is known by now."""
    day = timezone.localdate(at)
    flags.recompute_all(Act(user=None, at=at, source="schedule"), as_of=day)
    outlook.recompute(day)


def once_a_day(name: str, day: date, at: datetime) -> bool:
    """Whether a daily job still has to run for `day`; marks it as run. Two machines that ask at the
    same moment get different answers."""
    with transaction.atomic():
        JobMark.objects.get_or_create(name=name, defaults={"ran_for": date(1, 1, 1), "ran_at": at})
        mark = JobMark.objects.select_for_update(of=("self",)).get(name=name)
        if mark.ran_for >= day:
            return False
        mark.ran_for, mark.ran_at = day, at
        mark.save()
        return True


def mail(at: datetime) -> int:
    """Send the mails that are due; returns how many."""
    return mail_due(at, words)


def remind(at: datetime) -> int:
    """Tell what has fallen due; returns how many notices are new."""
    return reminders.remind(at)
