import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from governance.management.days import day_of
from projects.imports.gmpp import UnreadableFile, read_cases
from projects.metrics.outlook.scores import calibration
from projects.metrics.outlook.warning import BASELINES, MODEL, Case, Trial, try_out
from projects.metrics.periods import fiscal_year_of
from projects.metrics.types import Measure
from projects.outlook import cases_of_register
from projects.services.outlook import trial_json


class Command(BaseCommand):
    help = (
        "Try the early warning without hindsight: each year is forecast from what was known before"
        " it began, beside three baselines. On this register, or on the UK's published file."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--file", type=Path, help="The UK's major projects, as published.")
        parser.add_argument("--as-of", help="Know nothing after this day; today if left out.")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path | None = options["file"]
        if path is None:
            cases = cases_of_register(day_of(options["as_of"]))
            trial = try_out(cases, fiscal_year_of)
        else:
            try:
                cases = read_cases(path)
            except UnreadableFile as error:
                raise CommandError(str(error)) from error
            trial = try_out(cases, lambda day: day.year)
        if options["json"]:
            self.stdout.write(json.dumps(_counts(cases) | trial_json(trial), indent=2))
            return
        for line in _lines(cases, trial):
            self.stdout.write(line)


def _counts(cases: Sequence[Case]) -> dict[str, Any]:
    """How many cases there are, and of how many it is known what came."""
    return {"all": len(cases), "known": sum(case.worsened is not None for case in cases)}


def _lines(cases: Sequence[Case], trial: Trial) -> Iterator[str]:
    yield _("%(all)d cases, %(known)d with a known outcome.") % _counts(cases)
    if not trial.held_out:
        yield _("Not enough cases to learn from: nothing is predicted.")
        return
    yield _("Held out: %(years)s: %(cases)d cases, %(events)d worsened within 12 months.") % {
        "years": ", ".join(str(year) for year in trial.held_out),
        "cases": trial.cases,
        "events": trial.events,
    }
    yield f"{'':<14}{'AUC':>8}{'Brier':>8}"
    for name in (MODEL, *BASELINES):
        score = trial.scores[name]
        yield f"{name:<14}{_text(score.auc):>8}{_text(score.brier):>8}"
    yield f"{'stated':<14}{'cases':>8}{'mean':>8}{'happened':>10}"
    for line in calibration(trial.forecasts[MODEL]):
        span = f"{line.low:.0%}-{line.high:.0%}"
        yield f"{span:<14}{line.cases:>8}{line.stated:>8.1%}{line.happened:>10.1%}"
    yield (
        _("It beats all three baselines on both scores.")
        if trial.beats_all
        else _("It does not beat all three baselines on both scores.")
    )


def _text(measure: Measure) -> str:
    return str(measure.reason) if measure.value is None else f"{measure.value:.4f}"
