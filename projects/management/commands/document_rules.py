from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from projects.metrics.risk import RULES
from projects.metrics.risk.document import render

PAGE = Path("docs") / "risk-rules.md"


class Command(BaseCommand):
    requires_system_checks = ()  # Reads the rules alone.
    help = "Write docs/risk-rules.md from the rules; with --check, fail if the page is not current."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="compare, write nothing")

    def handle(self, *args: Any, check: bool = False, **options: Any) -> None:
        path = Path(settings.BASE_DIR) / PAGE
        text = render(RULES.values())
        if not check:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
            self.stdout.write(_("%(path)s is written.") % {"path": PAGE})
            return
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            raise CommandError(
                _("%(path)s is not current: run manage.py document_rules.") % {"path": PAGE}
            )
        self.stdout.write(_("%(path)s is current.") % {"path": PAGE})
