"""Jobs that nobody starts by hand."""

from datetime import date

import pytest
from django.conf import settings
from django.utils import timezone

from governance.celery import app
from projects.models import RiskFlag
from projects.tasks import judge_daily
from tests import factories

pytestmark = pytest.mark.django_db


def test_a_review_falls_overdue_overnight() -> None:
    review = factories.ReviewFactory.create(due_on=date(2026, 1, 31))
    judge_daily.delay()
    flag = RiskFlag.objects.get(rule_id="review_overdue", review=review)
    assert flag.judged_on == timezone.localdate()


def test_the_schedule_names_a_job_that_exists() -> None:
    app.loader.import_default_modules()
    for entry in settings.CELERY_BEAT_SCHEDULE.values():
        assert entry["task"] in app.tasks
