from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _

from projects import retention


class Command(BaseCommand):
    help = (
        "Remove what is kept for a time only (docs/retention.md); never the register or the trail."
        " Celery beat and run_due_jobs do it once a day."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--list", action="store_true", help="tell what is kept how long here; remove nothing"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["list"]:
            for rule in retention.RULES:
                self.stdout.write(
                    _("%(name)s: %(days)d days. %(what)s. %(why)s")
                    % {
                        "name": rule.name,
                        "days": rule.period.days,
                        "what": rule.what,
                        "why": rule.why,
                    }
                )
            return
        for name, count in retention.purge(timezone.now()).items():
            self.stdout.write(f"{name}: {count}")
