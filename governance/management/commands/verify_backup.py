from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from governance.backup import archive
from governance.exceptions import DomainError


class Command(BaseCommand):
    help = "Read a backup to its end and check every hash; exit 1 where it is not whole."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file")

    def handle(self, *args: Any, **options: Any) -> None:
        file = Path(options["file"])
        try:
            manifest = archive.verify(file)
        except DomainError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            _(
                "The backup is whole: made %(at)s by version %(version)s on %(engine)s, %(rows)d"
                " rows, audit trail up to %(seq)d (%(head)s)."
            )
            % {
                "at": manifest.made_at,
                "version": manifest.product,
                "engine": manifest.engine,
                "rows": sum(manifest.state.rows.values()),
                "seq": manifest.state.audit_seq,
                "head": manifest.state.audit_hash or "-",
            }
        )
