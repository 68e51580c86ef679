from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from projects import retention


class Command(BaseCommand):
    help = (
        "Remove what is kept for a time only (docs/retention.md); never the register or the trail."
        " Celery beat and run_due_jobs do it once a day."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        for name, count in retention.purge(timezone.now()).items():
            self.stdout.write(f"{name}: {count}")
