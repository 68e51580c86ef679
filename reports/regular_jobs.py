"""The list of regular jobs of the whole site: the register's, and those of exported files."""

from typing import Final

from governance.jobs import Daily, Every, Job
from projects.regular_jobs import JOBS as OF_THE_REGISTER
from reports import tasks

JOBS: Final = (
    *OF_THE_REGISTER,
    Job("resume-exports", tasks.resume_exports, Every(1)),
    Job("drop-exports", tasks.drop_exports, Daily(3, 40)),
)
