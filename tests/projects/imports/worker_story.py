"""Steps of the story of a killed worker, each run in a process of its own on a real database.

    python -m tests.projects.imports.worker_story STEP [ARGUMENT]

Prints one line of JSON.
"""

import json
import os
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

ROWS, SYSTEMS = 20_000, 400


def prepare() -> dict[str, Any]:
    """An office, its systems, and a checked job of many new cost lines."""
    from bench.import_workbook import workbook
    from governance.access import Role
    from governance.models import Agency, Membership, User
    from projects.imports import jobs
    from projects.models import CostItem, System, SystemClass
    from projects.models.choices import CostClass, SystemStatus

    agency = Agency.objects.create(code="kill", name="中断省")
    kind = SystemClass.objects.create(code="kill", name="中断")
    System.objects.bulk_create(
        System(
            system_id=f"S{n:05}",
            name=f"システム{n}",
            agency=agency,
            system_class=kind,
            status=SystemStatus.OPERATING,
        )
        for n in range(SYSTEMS)
    )
    for n in range(4):
        CostItem.objects.create(code=f"item{n}", name=f"費{n}", cost_class=CostClass.OPERATION)
    user = User.objects.create_user("kill-pmo")
    Membership.objects.create(user=user, role=Role.PMO, agency=agency)
    job = jobs.upload(
        user,
        file_name="many.xlsx",
        content=workbook(ROWS, SYSTEMS),
        kind="",
        language="en",
        at=datetime.now(UTC),
    )
    jobs.check_job(job.pk)
    return status(str(job.pk))


def status(pk: str) -> dict[str, Any]:
    from governance import audit
    from governance.models import AuditEvent
    from projects.models import CostLine, ImportJob, ImportRun

    job = ImportJob.objects.get(pk=pk)
    return {
        "job": pk,
        "state": job.state,
        "attempts": job.attempts,
        "error": job.error,
        "lines": CostLine.objects.count(),
        "runs": ImportRun.objects.count(),
        "events": AuditEvent.objects.filter(verb="workbook.imported").count(),
        "faults": len(list(audit.verify())),
    }


def confirm(pk: str) -> dict[str, Any]:
    """What the page does when its reader confirms."""
    from projects import tasks
    from projects.imports import jobs
    from projects.models import ImportJob

    job = ImportJob.objects.get(pk=pk)
    jobs.confirm(job, datetime.now(UTC))
    job.refresh_from_db()
    tasks.start(job)
    return status(pk)


def resume(pk: str) -> dict[str, Any]:
    """What the page, or the beat, does with a job whose worker fell silent."""
    from projects import tasks
    from projects.imports import jobs

    for job in jobs.resume(datetime.now(UTC), silent=timedelta(0)):
        tasks.start(job)
    return status(pk)


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "governance.settings.base")
    import django

    django.setup()
    steps: dict[str, Any] = {
        "prepare": prepare,
        "status": status,
        "confirm": confirm,
        "resume": resume,
    }
    print(json.dumps(steps[sys.argv[1]](*sys.argv[2:])))  # noqa: T201


if __name__ == "__main__":
    main()
