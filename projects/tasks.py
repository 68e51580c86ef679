"""Background jobs: three lines each, by id, safe to run twice."""

from celery import shared_task
from django.utils import timezone

from governance.audit import Act
from projects.services import flags


@shared_task
def judge_daily() -> None:
    """Judge every flag for today: reports and reviews fall due without anybody writing."""
    now = timezone.now()
    flags.recompute_all(Act(user=None, at=now, source="schedule"), as_of=timezone.localdate(now))
