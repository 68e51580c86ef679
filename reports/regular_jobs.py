"""The regular jobs of the whole site: those of the register, and the dashboard's own."""

from typing import Final

from governance.jobs import Every, Job
from projects import regular_jobs
from reports import tasks

JOBS: Final = (
    *regular_jobs.JOBS,
    Job("resume-exports", tasks.resume_exports, Every(1)),
)
