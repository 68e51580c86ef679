"""What a scenario assumes instead of what holds today, read from plain data with every fault at once.

What is not named stays as it is today, so an empty scenario is today.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from projects.metrics.risk import RULES, ParameterError, Parameters

LONGEST_HORIZON: Final = 50
"""Years of a project that can be looked at."""
LONGEST_DELAY: Final = 20
"""Years by which a project can be deferred."""
DEAREST_HOUR: Final = 1_000_000
"""Yen that an hour of a user can be worth at most: what is more is a slip of the keyboard."""
DROP: Final = "drop"
DEFER: Final = "defer_years"


class Problem(enum.StrEnum):
    """What is wrong with an assumption."""

    SHAPE = "shape"
    UNKNOWN_NAME = "unknown_name"
    UNKNOWN_RULE = "unknown_rule"
    NO_NUMBER = "no_number"
    OUT_OF_BOUNDS = "out_of_bounds"
    NOT_WHOLE = "not_whole"
    NO_CHANGE = "no_change"


@dataclasses.dataclass(frozen=True, slots=True)
class Fault:
    """Something that cannot be assumed: `name` says where, `rule_id` of which rule; `least` and
    `most` are the bounds of a number outside them."""

    problem: Problem
    name: str
    rule_id: str = ""
    least: int = 0
    most: int = 0


@dataclasses.dataclass(frozen=True, slots=True)
class Assumptions:
    """`rate` is the discount rate a year (0.04 is 4 %), `horizon` the years of each project that
    count, `thresholds` parameters by rule, `deferred` years by project code. None and what is
    missing: as today."""

    rate: Decimal | None = None
    horizon: int | None = None
    yen_per_hour: int | None = None
    thresholds: Mapping[str, Parameters] = dataclasses.field(default_factory=dict)
    dropped: frozenset[str] = frozenset()
    deferred: Mapping[str, int] = dataclasses.field(default_factory=dict)

    @property
    def codes(self) -> frozenset[str]:
        """Codes of the projects that it changes."""
        return self.dropped | frozenset(self.deferred)

    def as_json(self) -> dict[str, Any]:
        """The plain data that `read` understands: numbers with decimals as text, in one order."""
        found: dict[str, Any] = {}
        if self.rate is not None:
            found["discount_rate"] = _text(self.rate)
        if self.horizon is not None:
            found["horizon_years"] = self.horizon
        if self.yen_per_hour is not None:
            found["yen_per_hour"] = self.yen_per_hour
        if self.thresholds:
            found["thresholds"] = {
                rule_id: {name: _text(value) for name, value in sorted(own.items())}
                for rule_id, own in sorted(self.thresholds.items())
            }
        if self.codes:
            found["projects"] = {
                code: DROP if code in self.dropped else {DEFER: self.deferred[code]}
                for code in sorted(self.codes)
            }
        return found


def _text(value: Decimal) -> str:
    return f"{value.normalize():f}"


class _Refused(Exception):
    def __init__(self, problem: Problem, least: int = 0, most: int = 0) -> None:
        super().__init__(problem)
        self.problem, self.least, self.most = problem, least, most


def _number(given: object, least: int, most: int) -> Decimal:
    try:
        value = Decimal(str(given))
    except InvalidOperation:
        raise _Refused(Problem.NO_NUMBER) from None
    if not value.is_finite() or not least <= value <= most:
        raise _Refused(Problem.OUT_OF_BOUNDS, least, most)
    return value


def _whole(given: object, least: int, most: int) -> int:
    value = _number(given, least, most)
    if value % 1:
        raise _Refused(Problem.NOT_WHOLE)
    return int(value)


def _project(given: object) -> int | None:
    """Years of delay; None for a project that is dropped."""
    if given == DROP:
        return None
    if isinstance(given, Mapping) and set(given) == {DEFER}:
        return _whole(given[DEFER], 1, LONGEST_DELAY)
    raise _Refused(Problem.NO_CHANGE)


class _Reader:
    def __init__(self) -> None:
        self.faults: list[Fault] = []

    def tell(self, name: str, refused: _Refused) -> None:
        self.faults.append(Fault(refused.problem, name, least=refused.least, most=refused.most))

    def mapping(self, name: str, given: object) -> Iterator[tuple[str, Any]]:
        if isinstance(given, Mapping):
            yield from ((str(key), value) for key, value in given.items())
        else:
            self.faults.append(Fault(Problem.SHAPE, name))

    def thresholds(self, given: object) -> dict[str, Parameters]:
        found: dict[str, Parameters] = {}
        for rule_id, named in self.mapping("thresholds", given):
            rule = RULES.get(rule_id)
            if rule is None:
                self.faults.append(Fault(Problem.UNKNOWN_RULE, rule_id))
                continue
            own: dict[str, Decimal] = {}
            for name, value in self.mapping(rule_id, named):
                try:
                    own[name] = rule.settle({name: value})[name]
                except ParameterError as error:
                    self.faults.append(
                        Fault(Problem(error.problem), name, rule_id, error.least, error.most)
                    )
            if own:
                found[rule_id] = own
        return found

    def projects(self, given: object) -> tuple[frozenset[str], dict[str, int]]:
        dropped: set[str] = set()
        deferred: dict[str, int] = {}
        for code, change in self.mapping("projects", given):
            try:
                years = _project(change)
            except _Refused as refused:
                self.tell(code, refused)
                continue
            if years is None:
                dropped.add(code)
            else:
                deferred[code] = years
        return frozenset(dropped), deferred

    def whole(self, raw: Mapping[str, object], name: str, most: int) -> int | None:
        if raw.get(name) is None:
            return None
        try:
            return _whole(raw[name], 1, most)
        except _Refused as refused:
            self.tell(name, refused)
            return None

    def rate(self, raw: Mapping[str, object]) -> Decimal | None:
        if raw.get("discount_rate") is None:
            return None
        try:
            return _number(raw["discount_rate"], 0, 1)
        except _Refused as refused:
            self.tell("discount_rate", refused)
            return None


_NAMES = frozenset({"discount_rate", "horizon_years", "yen_per_hour", "thresholds", "projects"})


def read(raw: object) -> tuple[Assumptions, tuple[Fault, ...]]:
    """Assumptions out of plain data, and all that is wrong with it (what is wrong is left out).

    `raw`: {"discount_rate": 0–1, "horizon_years": 1–50, "yen_per_hour": whole yen above 0,
    "thresholds": {rule: {parameter: value}}, "projects": {code: "drop" | {"defer_years": 1–20}}};
    each may be missing or None.
    """
    reader = _Reader()
    if not isinstance(raw, Mapping):
        return Assumptions(), (Fault(Problem.SHAPE, ""),)
    for name in raw:
        if name not in _NAMES:
            reader.faults.append(Fault(Problem.UNKNOWN_NAME, str(name)))
    dropped, deferred = reader.projects(raw.get("projects") or {})
    found = Assumptions(
        rate=reader.rate(raw),
        horizon=reader.whole(raw, "horizon_years", LONGEST_HORIZON),
        yen_per_hour=reader.whole(raw, "yen_per_hour", DEAREST_HOUR),
        thresholds=reader.thresholds(raw.get("thresholds") or {}),
        dropped=dropped,
        deferred=deferred,
    )
    return found, tuple(reader.faults)
