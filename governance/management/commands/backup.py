from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _

from governance.backup import making
from governance.backup.rotation import Rule
from governance.exceptions import DomainError


class Command(BaseCommand):
    help = (
        "Back the database up into one file that proves itself, while the application runs (SQLite:"
        " online copy; PostgreSQL: pg_dump). Settings and keys are not in it: keep them elsewhere."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--to", metavar="DIR", help="the folder (default: BACKUP_DIR)")
        parser.add_argument(
            "--keep",
            metavar="RULE",
            help="then remove older ones but the newest of each day, week and month:"
            " daily=7,weekly=5,monthly=12",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        folder = Path(options["to"] or settings.BACKUP_DIR).resolve()
        at = timezone.now()
        try:
            rule = Rule.read(options["keep"]) if options["keep"] else None
            made = making.make(folder, at)
        except DomainError as error:
            raise CommandError(str(error)) from error
        state = made.manifest.state
        self.stdout.write(
            _("Backed up: %(file)s, %(rows)d rows, audit trail up to %(seq)d. SHA-256 %(hash)s")
            % {
                "file": made.file,
                "rows": sum(state.rows.values()),
                "seq": state.audit_seq,
                "hash": made.sha256,
            }
        )
        if why := making.tell(made, at):
            self.stderr.write(_("The trail does not tell of this backup: %(why)s") % {"why": why})
        if rule is not None:
            for gone in making.rotate(folder, rule):
                self.stdout.write(_("Removed by rule: %(file)s") % {"file": gone.name})
