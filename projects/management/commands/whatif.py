import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import override

from governance.management.days import day_of
from projects.metrics.assumptions import read
from projects.models import Scenario
from projects.scenario_text import fault_text
from projects.selectors import WholeRegister
from projects.whatif import Comparison, as_json, compare, scoped


class Command(BaseCommand):
    help = "Print the portfolio today beside a scenario (docs/what-if.md has the shape)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="As JSON; else a line a figure.")
        parser.add_argument("--scenario", required=True, help="The scenario's name or number.")
        parser.add_argument("--as-of", metavar="DATE", help="2026-04-01; today if left out.")

    def handle(self, *args: Any, **options: Any) -> None:
        scenario = _find(options["scenario"])
        assumptions, faults = read(scenario.assumptions)
        for fault in faults:
            self.stderr.write(fault_text(fault))
        rows = scoped(WholeRegister(), scenario.agency)
        with override("en"):  # For scripts: the same words everywhere.
            found = compare(rows, assumptions, day_of(options["as_of"]))
            if options["json"]:
                told = {"scenario": {"id": scenario.pk, "name": scenario.name}, **as_json(found)}
                self.stdout.write(json.dumps(told, ensure_ascii=False, indent=2))
            else:
                self._print(found)

    def _print(self, found: Comparison) -> None:
        told = as_json(found)
        for name, today in told["today"]["measures"].items():
            values = (today, told["scenario_side"]["measures"][name])
            shown = [one["reason"] if one["value"] is None else one["value"] for one in values]
            self.stdout.write(f"{name}: {shown[0]} -> {shown[1]}")
        for severity, number in told["today"]["flags"].items():
            self.stdout.write(
                f"flags {severity}: {number} -> {told['scenario_side']['flags'][severity]}"
            )


def _find(given: str) -> Scenario:
    """By number, or by a name that only one person uses."""
    rows = Scenario.objects.select_related("agency")
    named = list(rows.filter(name=given)[:2])
    if not named and given.isascii() and given.isdecimal() and len(given) < 19:
        named = list(rows.filter(pk=int(given)))
    if not named:
        raise CommandError(_("There is no scenario “%(name)s”.") % {"name": given})
    if len(named) > 1:
        raise CommandError(
            _("Several people have a scenario “%(name)s”: give its number.") % {"name": given}
        )
    return named[0]
