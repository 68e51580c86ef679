from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _

from governance.audit import Act
from governance.management.days import day_of
from projects.metrics.risk import RULES, Severity
from projects.services import flags, outlook, rollups

_SEVERITIES = (Severity.HIGH, Severity.MEDIUM, Severity.LOW, Severity.UNKNOWN)


class Command(BaseCommand):
    help = (
        "Recompute every rollup, judge every risk rule and learn how projects go; prints the flags"
        " that stand."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--as-of", help="the day to judge for, YYYY-MM-DD (default: today)")

    def handle(self, *args: Any, as_of: str | None = None, **options: Any) -> None:
        day = day_of(as_of)
        last = flags.last_judged_on()
        if last is not None and day < last:
            raise CommandError(
                _("The flags were judged for %(last)s: give that day or a later one.")
                % {"last": last}
            )
        act = Act(user=None, at=timezone.now(), source="recompute")
        rollups.recompute_all()
        try:
            run = flags.recompute_all(act, as_of=day)
        except ValidationError as error:
            raise CommandError(
                _("A risk policy cannot be used: %(problem)s")
                % {"problem": "; ".join(error.messages)}
            ) from error
        outlook.recompute(day)
        self.stdout.write(
            _("As of %(day)s: %(opened)d opened, %(changed)d changed, %(closed)d closed.")
            % {
                "day": day,
                "opened": run.opened,
                "changed": run.changed,
                "closed": run.closed,
            }
        )
        for subject, pk, reason in run.left_out:
            self.stderr.write(f"{subject} #{pk}: {type(reason).__name__}")
        for rule_id in sorted(RULES):
            counts = ", ".join(f"{s} {run.standing[rule_id, s.value]}" for s in _SEVERITIES)
            self.stdout.write(f"  {rule_id}: {counts}")
