"""The site's list of regular jobs holds the register's and the dashboard's."""

from governance import jobs
from projects import regular_jobs


def test_the_site_runs_the_jobs_of_the_register_and_its_own() -> None:
    names = [job.name for job in jobs.regular()]
    assert names == [*(job.name for job in regular_jobs.JOBS), "resume-exports"]
