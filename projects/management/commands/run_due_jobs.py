from datetime import datetime
from typing import Any

from celery import current_app
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _

from projects import tasks
from projects.imports import jobs
from projects.services import due


class Command(BaseCommand):
    help = (
        "Run the regular jobs that are due: judge flags (once a day), remind, send mail, take up"
        " imports whose worker stopped. For machines without Celery beat: call it every hour."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--at", help="As if it were this moment (ISO 8601); for trials.")

    def handle(self, *args: Any, **options: Any) -> None:
        at = _moment(options["at"])
        day = timezone.localdate(at)
        if due.once_a_day("judge", day, at):
            due.judge(at)
            self.stdout.write(_("Flags judged for %(day)s.") % {"day": day})
        self.stdout.write(_("New notices: %(n)d") % {"n": due.remind(at)})
        self.stdout.write(_("Mails sent: %(n)d") % {"n": due.mail(at)})
        jobs.expire(at)
        resumed = jobs.resume(at)
        for job in resumed:
            tasks.start(job)
        self.stdout.write(_("Imports taken up again: %(n)d") % {"n": len(resumed)})
        # Of the layer above, so by its name, as beat calls it.
        current_app.tasks["reports.tasks.resume_exports"]()


def _moment(text: str | None) -> datetime:
    if text is None:
        return timezone.now()
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise CommandError(_("“%(given)s” is not a moment.") % {"given": text}) from error
    return at if timezone.is_aware(at) else timezone.make_aware(at)
