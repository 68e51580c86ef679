from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _

from governance import jobs


class Command(BaseCommand):
    help = (
        "Run the regular jobs that are due: judge flags and anchor the trail (once a day), remind, send"
        " mail, take up imports whose worker stopped, remove what has expired. For machines without"
        " Celery beat: call it every hour."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--at", help="As if it were this moment (ISO 8601); for trials.")

    def handle(self, *args: Any, **options: Any) -> None:
        outcomes = jobs.run_due(_moment(options["at"]))
        failed = [outcome.name for outcome in outcomes if outcome.error]
        for outcome in outcomes:
            if outcome.error:
                self.stderr.write(f"{outcome.name}: {outcome.error}")
            else:
                self.stdout.write(outcome.did)
        if failed:
            raise CommandError(_("Jobs that failed: %(names)s") % {"names": ", ".join(failed)})


def _moment(text: str | None) -> datetime:
    if text is None:
        return timezone.now()
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise CommandError(_("“%(given)s” is not a moment.") % {"given": text}) from error
    return at if timezone.is_aware(at) else timezone.make_aware(at)
