from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from projects.metrics.dictionary import METRICS, render

PAGE = Path("docs") / "metrics.md"


class Command(BaseCommand):
    requires_system_checks = ()  # Reads the dictionary alone.
    help = "Write docs/metrics.md from the dictionary; with --check, fail if it is not current."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="compare, write nothing")

    def handle(self, *args: Any, check: bool = False, **options: Any) -> None:
        path = Path(settings.BASE_DIR) / PAGE
        text = render(METRICS.values())
        if not check:
            path.write_text(text, encoding="utf-8")
            self.stdout.write(_("%(path)s is written.") % {"path": PAGE})
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            raise CommandError(
                _("%(path)s is not current: run manage.py document_metrics.") % {"path": PAGE}
            )
        else:
            self.stdout.write(_("%(path)s is current.") % {"path": PAGE})
