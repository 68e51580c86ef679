from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _

from governance.exceptions import DomainError
from governance.transfer import reading
from projects.services import rollups


class Command(BaseCommand):
    help = (
        "Bring an export of export_all into an empty database (after migrate): an equal register,"
        " or nothing. Hashes, references, the audit trail and the rollups are checked."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder")

    def handle(self, *args: Any, **options: Any) -> None:
        folder = Path(options["folder"]).resolve()
        try:
            told = reading.load(folder, timezone.now(), derive=_derive)
        except DomainError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            _("Imported: %(kinds)d kinds, %(rows)d rows. The audit trail is whole up to %(seq)d.")
            % {
                "kinds": len(told.kinds),
                "rows": sum(kind.rows for kind in told.kinds),
                "seq": told.audit_seq,
            }
        )
        if not told.with_credentials:
            self.stdout.write(_("Passwords did not come along: everybody sets a new one."))


def _derive() -> Iterator[str]:
    """Rebuild the rollups; anything that then differs from its lines."""
    rollups.recompute_all()
    for found in rollups.differences():
        yield f"{found.holder} {found.holder_id} FY{found.fiscal_year} {found.figure}"
