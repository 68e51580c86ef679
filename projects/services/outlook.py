"""Learns, once a night, what the register teaches of how projects go, and keeps it in one row."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import transaction

from projects.metrics.outlook import raters
from projects.metrics.outlook.reference import Spread, spread
from projects.metrics.outlook.scores import calibration
from projects.metrics.outlook.warning import (
    MODEL,
    Case,
    Model,
    Sign,
    Trial,
    Weights,
    learn,
    try_out,
)
from projects.metrics.periods import fiscal_year_of
from projects.metrics.types import Measure
from projects.models import OutlookRun, Project
from projects.outlook import cases_of_register, finished_projects

RATED_SIGNS = (Sign.COST, Sign.FINISH)


def recompute(as_of: date) -> OutlookRun:
    """Learn from all that was known on a day; a second run of a day replaces the first."""
    cases = cases_of_register(as_of)
    trial = try_out(cases, fiscal_year_of)
    model = learn(cases) if trial.beats_all else None
    agencies = dict(Project.objects.values_list("code", "agency__code"))
    with transaction.atomic():
        run, _is_new = OutlookRun.objects.update_or_create(
            as_of=as_of,
            defaults={
                "cases": len(cases),
                "known": sum(case.worsened is not None for case in cases),
                "model": None if model is None else _model_json(model),
                "trial": trial_json(trial),
                "classes": _classes(as_of),
                "raters": _raters([(agencies[case.subject], case) for case in cases]),
            },
        )
    return run


def latest() -> OutlookRun | None:
    """What was learned last. One query."""
    return OutlookRun.objects.order_by("-as_of").first()


# Early warning ------------------------------------------------------------------------------------


def _model_json(model: Model) -> dict[str, Any]:
    return {
        "centre": model.centre,
        "weights": {
            sign.value: {
                "intercept": weights.intercept,
                "by_factor": dict(weights.by_factor),
                "cases": weights.cases,
                "events": weights.events,
            }
            for sign, weights in model.weights.items()
        },
    }


def model_of(run: OutlookRun) -> Model | None:
    """The model to predict with; None where it did not beat every baseline."""
    if run.model is None:
        return None
    return Model(
        run.model["centre"],
        {
            Sign(sign): Weights(item["intercept"], item["by_factor"], item["cases"], item["events"])
            for sign, item in run.model["weights"].items()
        },
    )


def _text(measure: Measure) -> str | None:
    return None if measure.value is None else str(measure.value)


def trial_json(trial: Trial) -> dict[str, Any]:
    """The scores and the calibration table of a trial; scores are decimals as text, or null."""
    return {
        "held_out": list(trial.held_out),
        "cases": trial.cases,
        "events": trial.events,
        "beats_all": trial.beats_all,
        "scores": {
            name: {"auc": _text(score.auc), "brier": _text(score.brier)}
            for name, score in trial.scores.items()
        },
        "calibration": [
            {
                "low": line.low,
                "high": line.high,
                "cases": line.cases,
                "stated": line.stated,
                "happened": line.happened,
            }
            for line in calibration(trial.forecasts[MODEL])
        ],
    }


# Finished projects --------------------------------------------------------------------------------


def size_class(budget: int) -> str:
    """Classes of first budgets: below 1億, below 10億, above."""
    return "small" if budget < 10**8 else "medium" if budget < 10**9 else "large"


def _classes(as_of: date) -> dict[str, Any]:
    """By class and for `all`: the spread of cost and of time."""
    ratios: dict[str, dict[str, list[Decimal]]] = defaultdict(lambda: {"cost": [], "time": []})
    for done in finished_projects(as_of):
        for name in ("all", size_class(done.budget)):
            if done.cost is not None:
                ratios[name]["cost"].append(done.cost)
            if done.time is not None:
                ratios[name]["time"].append(done.time)
    return {
        name: {of: _spread_json(spread(values)) for of, values in kinds.items()}
        for name, kinds in ratios.items()
    }


def _spread_json(found: Spread) -> dict[str, Any]:
    return {
        "cases": found.cases,
        "p50": _text(found.p50),
        "p80": _text(found.p80),
        "tail": _text(found.tail),
    }


# Raters -------------------------------------------------------------------------------------------


def _raters(cases: Sequence[tuple[str, Case]]) -> list[dict[str, Any]]:
    """Rows of agency (its code), rating, and for each sign the tally, the shrunk rate and the government's."""
    tallies = {sign: raters.tally(cases, sign) for sign in RATED_SIGNS}
    keys = sorted(set().union(*tallies.values()))
    return [
        {
            "agency": agency,
            "rating": rating,
            **{sign.value: _rated(tallies[sign], agency, rating) for sign in RATED_SIGNS},
        }
        for agency, rating in keys
    ]


def _rated(
    tallies: Mapping[tuple[str, int], raters.Tally], agency: str, rating: int
) -> dict[str, Any]:
    found = raters.outcome(tallies, agency, rating)
    everyone = raters.whole(tallies, rating)
    return {
        "cases": found.tally.cases,
        "events": found.tally.events,
        "rate": _text(found.rate),
        "all_cases": everyone.cases,
        "all_events": everyone.events,
    }
