"""Early warning: the probability that a project worsens within twelve months.

A project worsens when its rating falls, its finish moves by more than six months, or its cost grows
by more than a tenth. Each of these signs has a logistic regression over named factors, held back
towards the base rate (ridge): few cases move it little. A project worsens unless none of the signs
comes. It is tried without hindsight: for each held-out year it knows only the cases whose outcome
was known before that year began.
"""

from __future__ import annotations

import dataclasses
import datetime
import enum
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Final

from projects.metrics.outlook.scores import Forecast, auc, brier
from projects.metrics.types import Measure

SLIP_DAYS: Final = 183
"""A finish that moves further than this (six months) has slipped."""
GROWTH: Final = Decimal("0.10")
"""A cost that grows by more than this share has grown."""
HELD_BACK: Final = 5.0
"""Strength of the ridge: how much evidence a factor needs before it moves the answer."""
_STEPS: Final = 50  # Newton's error squares near the end: a handful is enough, fifty are sure.
_HALVINGS: Final = 30
_STILL: Final = 1e-10
"""The fit ends when a step adds less than this to the log-likelihood."""
HORIZON: Final = datetime.timedelta(days=365)
MIN_CASES, MIN_EVENTS = 40, 8
"""Fewer known cases teach nothing; fewer in which a sign came (or did not) move no factor."""


class Sign(enum.StrEnum):
    """A way to worsen."""

    RATING = "rating"
    FINISH = "finish"
    COST = "cost"


@dataclasses.dataclass(frozen=True, slots=True)
class State:
    """What was known of a project on a day; None is unknown.

    `rating` runs from 1 (worst) to 5, `cost` is the expected final cost in any money unit,
    `spent` is money spent ÷ money planned to that day, `cpi` and `spi` as earned value has them.
    """

    rating: int | None = None
    finish: datetime.date | None = None
    cost: Decimal | None = None
    spent: float | None = None
    cpi: float | None = None
    spi: float | None = None


Signs = Mapping[Sign, bool | None]
"""Which signs came; None is not known, or not yet."""


@dataclasses.dataclass(frozen=True, slots=True)
class Case:
    """A project on a day: its state, that of a year before (None if there was none), its years on
    record, and the signs that came within the year after (empty: not known, or not yet)."""

    subject: str
    day: datetime.date
    now: State
    before: State | None = None
    years: int = 0
    signs: Signs = dataclasses.field(default_factory=dict)

    @property
    def worsened(self) -> bool | None:
        """One known sign is enough for yes; no needs rating and finish to be known."""
        if any(self.signs.values()):
            return True
        known = (self.signs.get(Sign.RATING), self.signs.get(Sign.FINISH))
        return None if None in known else False


def signs(now: State, then: State) -> Signs:
    """Which signs came between two days."""
    return {
        Sign.RATING: rating_fell(now, then),
        Sign.FINISH: slipped(now, then),
        Sign.COST: grew(now, then),
    }


def rating_fell(now: State, then: State) -> bool | None:
    """Whether the rating fell by a step or more."""
    if now.rating is None or then.rating is None:
        return None
    return then.rating < now.rating


def slipped(now: State, then: State) -> bool | None:
    """Whether the finish moved later by more than `SLIP_DAYS`."""
    if now.finish is None or then.finish is None:
        return None
    return (then.finish - now.finish).days > SLIP_DAYS


def grew(now: State, then: State) -> bool | None:
    """Whether the cost grew by more than `GROWTH`; None without a cost above zero to begin with."""
    if not now.cost or then.cost is None:
        return None
    return then.cost > now.cost * (1 + GROWTH)


# Factors ------------------------------------------------------------------------------------------


def factors(case: Case) -> dict[str, float]:
    """What the model looks at, by name: 1 where it holds; `size` is log10 of the cost.

    What is unknown has a factor of its own where it can teach something, and is 0 elsewhere.
    """
    found = {f"rating_{case.now.rating}" if case.now.rating else "rating_unknown": 1.0}
    found.pop("rating_3", None)  # The middle is what the others are held against.
    found |= _time(case)
    before = case.before
    if before is not None:
        if case.now.rating is not None and before.rating is not None:
            found["rating_fell"] = float(case.now.rating < before.rating)
            found["rating_rose"] = float(case.now.rating > before.rating)
        found["finish_slipped"] = float(slipped(before, case.now) or False)
        found["cost_grew"] = float(grew(before, case.now) or False)
    if case.now.spent is not None:
        found["underspent"] = float(case.now.spent < 0.9)
        found["overspent"] = float(case.now.spent > 1.05)
    if case.now.cpi is not None:
        found["cost_index_low"] = float(case.now.cpi < 0.9)
    if case.now.spi is not None:
        found["pace_low"] = float(case.now.spi < 0.9)
    if case.now.cost:
        found["size"] = math.log10(float(case.now.cost))
    return found


def _time(case: Case) -> dict[str, float]:
    found = {"first_year": float(case.years == 0), "long_on_record": float(case.years >= 2)}
    if case.now.finish is None:
        return found | {"finish_unknown": 1.0}
    left = (case.now.finish - case.day).days / 365
    return found | {
        "finish_past": float(left < 0),
        "finish_near": float(0 <= left < 2),
        "finish_far": float(left >= 4),
    }


FACTORS: Final = (
    "rating_1", "rating_2", "rating_4", "rating_5", "rating_unknown", "rating_fell", "rating_rose",
    "finish_past", "finish_near", "finish_far", "finish_unknown", "finish_slipped", "cost_grew",
    "first_year", "long_on_record", "underspent", "overspent", "cost_index_low", "pace_low",
    "size",
)  # fmt: skip


# The model ----------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True, slots=True)
class Weights:
    """Of one sign, in log-odds: where it starts and what each factor adds; `cases` and `events`
    are what was learned from."""

    intercept: float
    by_factor: Mapping[str, float]
    cases: int
    events: int

    def probability(self, found: Mapping[str, float]) -> float:
        """From 0 to 1, of factors whose size is centred."""
        odds = self.intercept + sum(self.by_factor[name] * value for name, value in found.items())
        return _share(odds)


@dataclasses.dataclass(frozen=True, slots=True)
class Model:
    """What was learned, sign by sign; `centre` is the size that the factor `size` counts from."""

    centre: float
    weights: Mapping[Sign, Weights]

    def of_sign(self, case: Case) -> dict[Sign, float]:
        """Probability of each sign, from 0 to 1."""
        found = _centred(factors(case), self.centre)
        return {sign: weights.probability(found) for sign, weights in self.weights.items()}

    def probability(self, case: Case) -> float:
        """Probability that one sign or more comes, from 0 to 1."""
        return 1 - math.prod(1 - part for part in self.of_sign(case).values())

    def reasons(self, case: Case) -> list[tuple[str, float]]:
        """The factors that hold, with what the probability would be less without them; the
        strongest first."""
        found = _centred(factors(case), self.centre)
        whole = self.probability(case)
        parts = [(name, whole - self._without(found, name)) for name in found if found[name]]
        return sorted(parts, key=lambda part: -abs(part[1]))

    def _without(self, found: Mapping[str, float], left_out: str) -> float:
        rest = {name: value for name, value in found.items() if name != left_out}
        return 1 - math.prod(1 - weights.probability(rest) for weights in self.weights.values())


def _centred(found: dict[str, float], centre: float) -> dict[str, float]:
    return found | {"size": found["size"] - centre} if "size" in found else found


def learn(cases: Iterable[Case]) -> Model | None:
    """Fit each sign to the cases in which it is known; None when they are too few to learn from.

    A sign that was seen too rarely, or nearly always, keeps its base rate: no factor moves it.
    """
    rows = [(factors(case), case.signs) for case in cases]
    sizes = sorted(found["size"] for found, _ in rows if "size" in found)
    centre = sizes[len(sizes) // 2] if sizes else 0.0
    table = [(_centred(found, centre), outcome) for found, outcome in rows]
    weights: dict[Sign, Weights] = {}
    is_taught = False
    for sign in Sign:
        known = [
            (found, outcome[sign] is True)
            for found, outcome in table
            if outcome.get(sign) is not None
        ]
        events = sum(came for _, came in known)
        if len(known) < MIN_CASES:
            return None
        if min(events, len(known) - events) >= MIN_EVENTS:
            weights[sign] = _fit(known, events)
            is_taught = True
        else:
            base = (events + 0.5) / (len(known) + 1)
            same = dict.fromkeys(FACTORS, 0.0)
            weights[sign] = Weights(math.log(base / (1 - base)), same, len(known), events)
    return Model(centre, weights) if is_taught else None


Row = tuple[list[tuple[int, float]], bool]
"""The factors of a case by place, and whether the sign came."""


def _fit(known: Sequence[tuple[Mapping[str, float], bool]], events: int) -> Weights:
    """Newton's method on the ridge-penalised log-likelihood, which is strictly concave: it has
    one answer, whatever the order of the cases. A step that overshoots is halved until the
    likelihood does not fall, so that no data set can drive it away."""
    places = {name: place for place, name in enumerate(FACTORS, 1)}
    rows: list[Row] = [
        ([(0, 1.0), *((places[name], value) for name, value in found.items() if value)], came)
        for found, came in known
    ]
    weights = [math.log(events / (len(known) - events)), *[0.0] * len(FACTORS)]
    best = _likelihood(weights, rows)
    for _ in range(_STEPS):
        step = _solve(*_slopes(weights, rows))
        weights, found = _stepped(weights, step, rows, best)
        if found - best < _STILL:
            break
        best = found
    return Weights(weights[0], dict(zip(FACTORS, weights[1:], strict=True)), len(known), events)


def _stepped(
    weights: list[float], step: list[float], rows: Sequence[Row], best: float
) -> tuple[list[float], float]:
    """The weights after the largest part of the step that does not make them worse."""
    for halvings in range(_HALVINGS):
        part = 0.5**halvings
        tried = [weight + part * move for weight, move in zip(weights, step, strict=True)]
        found = _likelihood(tried, rows)
        if found >= best:
            return tried, found
    return weights, best


def _odds(weights: Sequence[float], row: Sequence[tuple[int, float]]) -> float:
    return sum(weights[place] * value for place, value in row)


def _share(odds: float) -> float:
    """1 ÷ (1 + e^−odds), for odds of any size."""
    if odds >= 0:
        return 1 / (1 + math.exp(-odds))
    small = math.exp(odds)
    return small / (1 + small)


def _likelihood(weights: Sequence[float], rows: Sequence[Row]) -> float:
    held = HELD_BACK / 2 * sum(weight * weight for weight in weights[1:])
    total = 0.0
    for row, came in rows:
        odds = _odds(weights, row)
        against = -odds if came else odds
        # log(1 + e^x) without overflow: the logarithm of the probability of what happened.
        total += max(against, 0.0) + math.log1p(math.exp(-abs(against)))
    return -total - held


def _slopes(weights: Sequence[float], rows: Sequence[Row]) -> tuple[list[list[float]], list[float]]:
    """Second and first derivatives, for Newton's step."""
    size = len(weights)
    slope = [0.0, *(-HELD_BACK * weight for weight in weights[1:])]
    bend = [[HELD_BACK * (i == j and i > 0) for j in range(size)] for i in range(size)]
    for row, came in rows:
        stated = _share(_odds(weights, row))
        spread = stated * (1 - stated)
        for i, value in row:
            slope[i] += value * (came - stated)
            for j, other in row:
                bend[i][j] += value * other * spread
    return bend, slope


def _solve(matrix: list[list[float]], right: list[float]) -> list[float]:
    """Gauss's elimination; the matrix is positive definite, so no pivot is zero."""
    size = len(right)
    rows = [[*line, right[i]] for i, line in enumerate(matrix)]
    for i in range(size):
        for j in range(i + 1, size):
            factor = rows[j][i] / rows[i][i]
            if factor:
                rows[j] = [b - factor * a for a, b in zip(rows[i], rows[j], strict=True)]
    answer = [0.0] * size
    for i in reversed(range(size)):
        rest = sum(rows[i][j] * answer[j] for j in range(i + 1, size))
        answer[i] = (rows[i][size] - rest) / rows[i][i]
    return answer


# The trial ----------------------------------------------------------------------------------------

BASE_RATE, RATING, LAST_CHANGE, MODEL = "base_rate", "rating", "last_change", "model"
BASELINES: Final = (RATING, BASE_RATE, LAST_CHANGE)
_FEW: Final = 5  # A group's rate is pulled towards the base rate as if by so many cases.


def _group_rate(cases: Sequence[Case], key: Callable[[Case], object]) -> Callable[[Case], float]:
    """What happened in the group that a case belongs to; the base rate where the group is new."""
    base = sum(case.worsened is True for case in cases) / len(cases)
    counts: dict[object, list[int]] = {}
    for case in cases:
        entry = counts.setdefault(key(case), [0, 0])
        entry[0] += case.worsened is True
        entry[1] += 1

    def rate(case: Case) -> float:
        events, size = counts.get(key(case), (0, 0))
        return (events + _FEW * base) / (size + _FEW)

    return rate


def _last_change(case: Case) -> str:
    if case.before is None or case.before.rating is None or case.now.rating is None:
        return "unknown"
    change = case.now.rating - case.before.rating
    return "same" if change == 0 else "rose" if change > 0 else "fell"


@dataclasses.dataclass(frozen=True, slots=True)
class Score:
    """How well one way of forecasting did on the held-out years."""

    name: str
    auc: Measure
    brier: Measure


@dataclasses.dataclass(frozen=True, slots=True)
class Trial:
    """The model against the three baselines, on years that none of them had seen."""

    held_out: tuple[int, ...]
    forecasts: Mapping[str, tuple[Forecast, ...]]

    @property
    def scores(self) -> dict[str, Score]:
        """By name: the model and the three baselines."""
        return {
            name: Score(name, auc(items), brier(items)) for name, items in self.forecasts.items()
        }

    @property
    def cases(self) -> int:
        return len(self.forecasts[MODEL])

    @property
    def events(self) -> int:
        return sum(item.happened for item in self.forecasts[MODEL])

    @property
    def beats_all(self) -> bool:
        """Whether the model ranks better (AUC) and is nearer (Brier) than each baseline and than
        chance. No where a score is undefined."""
        scores = self.scores
        model = scores.pop(MODEL)
        if (
            model.auc.value is None
            or model.brier.value is None
            or model.auc.value <= Decimal("0.5")
        ):
            return False
        return all(
            score.auc.value is not None
            and score.brier.value is not None
            and model.auc.value > score.auc.value
            and model.brier.value < score.brier.value
            for score in scores.values()
        )


def try_out(cases: Sequence[Case], year_of: Callable[[datetime.date], int]) -> Trial:
    """Forecast each year from what was known before it began.

    A year is held out as soon as enough cases before it had their outcome known by the first day
    on which one of its own cases stands.
    """
    known = [case for case in cases if case.worsened is not None]
    held_out: list[int] = []
    forecasts: dict[str, list[Forecast]] = {name: [] for name in (MODEL, *BASELINES)}
    for year in sorted({year_of(case.day) for case in known}):
        asked = [case for case in known if year_of(case.day) == year]
        first = min(case.day for case in asked)
        past = [case for case in known if case.day + HORIZON <= first]
        model = learn(past)
        if model is None:
            continue
        held_out.append(year)
        ways: dict[str, Callable[[Case], float]] = {
            MODEL: model.probability,
            RATING: _group_rate(past, lambda case: case.now.rating),
            BASE_RATE: _group_rate(past, lambda case: None),
            LAST_CHANGE: _group_rate(past, _last_change),
        }
        for name, way in ways.items():
            forecasts[name] += [Forecast(way(case), case.worsened is True) for case in asked]
    return Trial(tuple(held_out), {name: tuple(items) for name, items in forecasts.items()})
