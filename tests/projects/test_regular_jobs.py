"""Jobs that nobody starts by hand: the list, and what is in it."""

from datetime import UTC, date, datetime

import pytest
from django.utils import timezone

from governance.tasks import start_due
from projects.models import RiskFlag
from projects.regular_jobs import JOBS
from tests import factories

pytestmark = pytest.mark.django_db


def test_a_review_falls_overdue_overnight() -> None:
    review = factories.ReviewFactory.create(due_on=date(2026, 1, 31))
    start_due.delay()
    flag = RiskFlag.objects.get(rule_id="review_overdue", review=review)
    assert flag.judged_on == timezone.localdate()


def test_every_job_runs_on_an_empty_register_and_tells_what_it_did() -> None:
    at = datetime(2026, 11, 24, 3, tzinfo=UTC)
    assert all(job.run(at) for job in JOBS)
    assert len({job.name for job in JOBS}) == len(JOBS)
