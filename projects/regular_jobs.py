"""The list of regular jobs: what this site does by itself, and when. One line each."""

from typing import Final

from governance.audit import anchoring
from governance.jobs import Daily, Every, Job
from projects import retention, tasks
from projects.services import due

JOBS: Final = (
    # Reports and reviews fall due overnight, without anybody writing.
    Job("judge", due.judge, Daily(0, 30)),
    Job("learn", due.learn, Daily(0, 45)),
    Job("remind", due.remind, Every(60, past=5)),
    Job("mail", due.mail, Every(10)),
    Job("anchor", anchoring.anchor_daily, Daily(0, 15)),
    Job("purge", retention.told, Daily(3, 30)),
    Job("resume-imports", tasks.resume_imports, Every(1)),
)
