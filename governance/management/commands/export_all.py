from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _

from governance.exceptions import DomainError
from governance.transfer import writing


class Command(BaseCommand):
    help = (
        "Write the whole register, with people, roles and the audit trail, into a new folder: a CSV"
        " file a kind and a manifest that explains every column. Nobody's rights are asked: it is"
        " for those who run the machine."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", help="a folder that does not exist yet, or is empty")
        parser.add_argument(
            "--with-credentials",
            action="store_true",
            help="password hashes and second factors too: the folder is then as secret as they are",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        folder = Path(options["folder"]).resolve()
        try:
            made = writing.export(
                folder, timezone.now(), with_credentials=options["with_credentials"]
            )
        except DomainError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            _("Exported to %(folder)s: %(kinds)d kinds, %(rows)d rows, audit trail up to %(seq)d.")
            % {
                "folder": folder,
                "kinds": len(made.kinds),
                "rows": sum(kind.rows for kind in made.kinds),
                "seq": made.audit_seq,
            }
        )
