from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _

from governance.audit import Act, sealing
from governance.exceptions import DomainError


class Command(BaseCommand):
    help = (
        "Tell the trail of rows that changed past the program on purpose (a migration, a loaded"
        " copy): one event with the reason names each of them. Run verify_audit before the change."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--reason", required=True, help="What changed the rows; stays on record."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        act = Act(None, timezone.now(), source="seal_register", reason=options["reason"])
        try:
            told = sealing.seal_register(act)
        except DomainError as error:
            raise CommandError(str(error)) from error
        for name, counts in told.items():
            for kind, number in counts.items():
                self.stdout.write(f"{name}: {kind}: {number}")
        total = sum(sum(counts.values()) for counts in told.values())
        self.stdout.write(_("Rows sealed: %(n)d") % {"n": total})
