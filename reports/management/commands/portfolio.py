"""`manage.py portfolio`: the headline figures of the whole register, for scripts and for people."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from governance.fields.bounds import FISCAL_YEAR_MAX, FISCAL_YEAR_MIN
from governance.formatting import DASH, fiscal_year, integer, iso_date, percent, yen
from governance.management.days import day_of
from projects.metrics.types import Measure
from projects.risk_text import title_of
from projects.selectors import SEVERITIES, Criteria, WholeRegister, agency_tree
from reports.dashboards import Summary, summarise
from reports.headlines import as_json, years


class Command(BaseCommand):
    help = "Print the headline figures of the portfolio (docs/portfolio-json.md has the shape)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print JSON")
        parser.add_argument(
            "--as-of", metavar="DATE", help="the day, as 2026-04-01; today if left out"
        )
        parser.add_argument("--agency", metavar="CODE", help="one agency with those below it")
        parser.add_argument("--year", metavar="FY", help="yearly figures of this fiscal year only")

    def handle(self, *args: Any, **options: Any) -> None:
        rows = WholeRegister()
        tree = agency_tree(rows)
        agency_ids = None
        if options["agency"] is not None:
            agency = tree.find(options["agency"])
            if agency is None:
                raise CommandError(_("There is no agency %(code)s.") % {"code": options["agency"]})
            agency_ids = tree.below(agency)
        criteria = Criteria(agency_ids=agency_ids, fiscal_year=_year(options["year"]))
        summary = summarise(rows, criteria, day_of(options["as_of"]), tree)
        if options["json"]:
            self.stdout.write(json.dumps(as_json(summary), indent=2))
        else:
            self._print(summary)

    def _print(self, summary: Summary) -> None:
        found, total = as_json(summary), summary.total
        facts = [
            (_("As of"), iso_date(summary.as_of)),
            (_("Agencies"), integer(summary.agencies_valid)),
            (_("Systems"), integer(total.systems)),
            (_("Projects"), integer(total.projects)),
            (_("Services"), integer(total.services)),
        ]
        for year, cost in years(summary):
            facts += [
                (f"{fiscal_year(year)} {label}", yen(getattr(cost, key)))
                for key, label in (
                    ("development", _("Development")),
                    ("operation", _("Operation")),
                    ("other", _("Other")),
                    ("initial", _("Initial budget")),
                    ("available", _("Budget available")),
                    ("executed", _("Executed")),
                )
            ]
        facts += [
            (_("Contracts"), integer(total.contracts)),
            (_("Competitive contracts"), integer(total.competitive)),
            (_("Single bids"), f"{integer(total.single_bids)} ({_share(total.single_bid_ratio)})"),
            (_("Online use"), _share(total.online_use)),
            (_("Reviews overdue"), f"{integer(total.reviews_overdue)} / {integer(total.reviews)}"),
            (_("Reports late"), f"{integer(total.reports_late)} / {integer(total.reports_due)}"),
        ]
        for label, value in facts:
            self.stdout.write(f"{label}: {value}")
        for rule_id, counts in found["flags"].items():
            words = ", ".join(f"{level.label} {counts[level.value]}" for level in SEVERITIES)
            self.stdout.write(f"{title_of(rule_id)}: {words}")


def _share(measure: Measure) -> str:
    return DASH if measure.value is None else percent(measure.value)


def _year(given: str | None) -> int | None:
    if given is None:
        return None
    if not given.isdecimal() or not FISCAL_YEAR_MIN <= int(given) <= FISCAL_YEAR_MAX:
        raise CommandError(_("“%(given)s” is not a fiscal year (write 2024).") % {"given": given})
    return int(given)
