import json
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _

from projects.imports.gmpp import UnreadableFile, read_cases
from projects.metrics.outlook.scores import calibration
from projects.metrics.outlook.warning import BASELINES, MODEL, Case, Trial, try_out
from projects.metrics.periods import fiscal_year_of
from projects.metrics.types import Measure
from projects.outlook import cases_of_register


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
            cases = cases_of_register(_day(options["as_of"]))
            trial = try_out(cases, fiscal_year_of)
        else:
            try:
                cases = read_cases(path)
            except UnreadableFile as error:
                raise CommandError(str(error)) from error
            trial = try_out(cases, lambda day: day.year)
        if options["json"]:
            self.stdout.write(json.dumps(_as_json(cases, trial), indent=2))
            return
        for line in _lines(cases, trial):
            self.stdout.write(line)


def _day(text: str | None) -> date:
    if text is None:
        return timezone.localdate()
    try:
        day = parse_date(text)
    except ValueError:
        day = None
    if day is None:
        raise CommandError(_("“%(text)s” is no date: write YYYY-MM-DD.") % {"text": text})
    return day


def _lines(cases: Sequence[Case], trial: Trial) -> Iterator[str]:
    known = sum(case.worsened is not None for case in cases)
    yield _("%(all)d cases, %(known)d with a known outcome.") % {"all": len(cases), "known": known}
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
        _("It beats all three baselines: the product shows it.")
        if trial.beats_all
        else _("It does not beat all three baselines: the product shows no prediction.")
    )


def _text(measure: Measure) -> str:
    return str(measure.reason) if measure.value is None else f"{measure.value:.4f}"


def _as_json(cases: Sequence[Case], trial: Trial) -> dict[str, Any]:
    return {
        "cases": len(cases),
        "known": sum(case.worsened is not None for case in cases),
        "held_out": list(trial.held_out),
        "held_out_cases": trial.cases,
        "worsened": trial.events,
        "beats_all": trial.beats_all,
        "scores": {
            name: {"auc": _number(score.auc), "brier": _number(score.brier)}
            for name, score in trial.scores.items()
        },
        "calibration": [
            {
                "from": line.low,
                "to": line.high,
                "cases": line.cases,
                "stated": round(line.stated, 4),
                "happened": round(line.happened, 4),
            }
            for line in calibration(trial.forecasts[MODEL])
        ],
    }


def _number(measure: Measure) -> float | None:
    return None if measure.value is None else round(float(measure.value), 4)
