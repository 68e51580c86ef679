"""Two beats, or two `run_due_jobs`, at one moment: on PostgreSQL, with threads."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier, Lock

import pytest
from django.db import connection

from governance import jobs
from governance.jobs import Every, Job
from governance.models import JobMark

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

BEATS = 8
NINE = datetime(2026, 11, 24, 0, 0, tzinfo=UTC)


def test_of_eight_beats_one_runs_each_job_each_time() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("threads cannot share SQLite's database in memory: PostgreSQL runs this")
    ran: list[datetime] = []
    lock = Lock()

    def work(at: datetime) -> str:
        with lock:
            ran.append(at)
        return "done"

    job = Job("together", work, Every(10))
    for turn in range(3):  # The first time there is no mark yet.
        start, at = Barrier(BEATS), NINE + timedelta(minutes=10 * turn)

        def beat(number: int, start: Barrier = start, at: datetime = at) -> str:
            start.wait(30)
            try:
                outcome = jobs.run(job, at + timedelta(milliseconds=number))
                return "" if outcome is None else outcome.error or outcome.did
            finally:
                connection.close()

        with ThreadPoolExecutor(BEATS) as pool:
            told = list(pool.map(beat, range(BEATS)))
        assert sorted(told) == [""] * (BEATS - 1) + ["done"]
        assert len(ran) == turn + 1
    assert JobMark.objects.get().failures == 0
