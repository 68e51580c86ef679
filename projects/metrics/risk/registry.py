"""The rule book's machinery: what a rule is, what it returns, and where rules are listed.

A rule is one small function of facts, parameters and a date. It never guesses: what it cannot
know it calls unknown, and an unknown never raises a flag.
"""

from __future__ import annotations

import dataclasses
import datetime
import enum
import inspect
from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any, Generic, TypeVar

from projects.metrics.types import Reason


class Severity(enum.StrEnum):
    """How much a finding matters. ``UNKNOWN`` is no degree: the rule could not be applied."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    NONE = "none"
    UNKNOWN = "unknown"

    @property
    def fires(self) -> bool:
        """Whether somebody has to act."""
        return self in _DEGREES


_DEGREES = frozenset({Severity.HIGH, Severity.MEDIUM, Severity.LOW})


class Subject(enum.StrEnum):
    """What a rule judges, and so what its flags hang on."""

    CONTRACT = "contract"
    SYSTEM = "system"
    PROJECT = "project"
    REVIEW = "review"


class Source(enum.StrEnum):
    """What a rule's figures are taken from: only who may read all of it is told the figures.

    The values are names of rows of the grants table; a review's row is that of its layer.
    """

    PROJECT = "project"
    SYSTEM = "system"
    SERVICE = "service"
    CONTRACT = "contract"
    BUDGET = "budget"
    EXECUTION = "execution"
    KPI = "kpi"
    UPDATE = "update"
    BASELINE = "baseline"
    STAFFING = "staffing"
    REVIEW = "review"


class Problem(enum.StrEnum):
    """What is wrong with a parameter that a policy gives."""

    UNKNOWN_NAME = "unknown_name"
    NO_NUMBER = "no_number"
    OUT_OF_BOUNDS = "out_of_bounds"
    NOT_WHOLE = "not_whole"


class ParameterError(ValueError):
    """A policy names a parameter that a rule does not have, or gives a value it cannot use.

    ``name`` is the parameter, ``given`` the value; ``least`` and ``most`` are its bounds, for a
    value outside them.
    """

    def __init__(
        self, problem: Problem, name: str, given: object, *, least: int = 0, most: int = 0
    ) -> None:
        super().__init__(f"{name}: {problem} ({given!r})")
        self.problem = problem
        self.name = name
        self.given = given
        self.least = least
        self.most = most


class Unit(enum.StrEnum):
    """Unit of a parameter. A ratio of 0.1 is 10 %."""

    RATIO = "ratio"
    DAYS = "days"
    YEARS = "years"
    YEN = "yen"
    DAY_OF_MONTH = "day of the month"
    COUNT = "times"
    MONTHS = "months"


_BOUNDS = {
    Unit.RATIO: (0, 10),
    Unit.DAYS: (0, 3_650),
    Unit.YEARS: (1, 50),
    Unit.YEN: (0, 10**15),
    Unit.DAY_OF_MONTH: (1, 28),
    Unit.COUNT: (1, 1_000),
    Unit.MONTHS: (1, 120),
}


@dataclasses.dataclass(frozen=True, slots=True)
class Parameter:
    """A threshold that the CIO office may change, with its preset value."""

    default: Decimal
    unit: Unit
    meaning: str

    def read(self, name: str, given: object) -> Decimal:
        """``given`` (a number or its text) as a value of this parameter, which is called ``name``.

        Raises ParameterError for what is no number, lies outside the unit's bounds, or has
        decimals where the unit counts.
        """
        try:
            value = Decimal(str(given))
        except InvalidOperation:
            raise ParameterError(Problem.NO_NUMBER, name, given) from None
        least, most = _BOUNDS[self.unit]
        if not value.is_finite() or not least <= value <= most:
            raise ParameterError(Problem.OUT_OF_BOUNDS, name, given, least=least, most=most)
        if self.unit is not Unit.RATIO and value % 1:
            raise ParameterError(Problem.NOT_WHOLE, name, given)
        return value


Parameters = Mapping[str, Decimal]
Figures = Mapping[str, int | str | None]


@dataclasses.dataclass(frozen=True, slots=True)
class Outcome:
    """A rule's answer for one object.

    ``figures`` are the inputs and results that led to it, fit for JSON: integers are yen, counts,
    years or days, strings are ISO dates or decimal ratios. ``reason`` is set if and only if the
    rule could not be applied: for an unknown, and for an object that it does not concern.
    """

    severity: Severity
    figures: Figures
    reason: Reason | None = None


F = TypeVar("F")


@dataclasses.dataclass(frozen=True, slots=True)
class Rule(Generic[F]):
    """One rule of the book; ``F`` is the type of the facts that it judges.

    ``version`` rises whenever the same facts may lead to another answer. ``sources`` names all that
    the facts are taken from.
    """

    id: str
    version: int
    title: str
    subjects: tuple[Subject, ...]
    sources: frozenset[Source]
    citation: str
    parameters: Mapping[str, Parameter]
    function: Callable[[F, Parameters, datetime.date], Outcome]

    @property
    def description(self) -> str:
        """The rule in words: the docstring of its function."""
        return inspect.getdoc(self.function) or ""

    def settle(self, overrides: Mapping[str, object] | None = None) -> Parameters:
        """The preset parameters with ``overrides`` in their place.

        Raises ParameterError for an unknown name and for a value that cannot be used.
        """
        settled = {name: parameter.default for name, parameter in self.parameters.items()}
        for name, given in (overrides or {}).items():
            if name not in settled:
                raise ParameterError(Problem.UNKNOWN_NAME, name, given)
            settled[name] = self.parameters[name].read(name, given)
        return settled

    def judge(self, facts: F, parameters: Parameters, as_of: datetime.date) -> Outcome:
        """Applies the rule with settled ``parameters`` to what was so on ``as_of``."""
        return self.function(facts, parameters, as_of)


RULES: dict[str, Rule[Any]] = {}
"""Every rule by its id, in the order of their modules."""


def rule(
    *,
    id: str,
    version: int,
    title: str,
    subjects: tuple[Subject, ...],
    sources: tuple[Source, ...],
    citation: str,
    parameters: Mapping[str, Parameter],
) -> Callable[[Callable[[F, Parameters, datetime.date], Outcome]], Rule[F]]:
    """Puts a function into the rule book. Raises ValueError if the id is taken, or if nothing says
    what the rule's figures are taken from: nobody could tell who may read them."""
    if not sources:
        raise ValueError(f"{id} does not say what its figures are taken from")

    def register(function: Callable[[F, Parameters, datetime.date], Outcome]) -> Rule[F]:
        if id in RULES:
            raise ValueError(f"two rules have the id {id}")
        made = Rule(
            id, version, title, subjects, frozenset(sources), citation, parameters, function
        )
        RULES[id] = made
        return made

    return register


def as_text(ratio: Decimal) -> str:
    """A ratio as evidence: four decimal places, so hundredths of a per cent, rounded half up.

    Rules compare the exact ratio; this text is only for the reader.
    """
    return str(ratio.quantize(Decimal("0.0001"), rounding=ROUND_HALF_UP))


def unknown(reason: Reason, figures: Figures) -> Outcome:
    """The rule cannot be applied, because of ``reason``."""
    return Outcome(Severity.UNKNOWN, figures, reason)


def clear(figures: Figures, reason: Reason | None = None) -> Outcome:
    """Nothing to act on; with a ``reason``, because the rule does not concern the object."""
    return Outcome(Severity.NONE, figures, reason)


def graded(value: Decimal | int, parameters: Parameters, figures: Figures, unit: str) -> Outcome:
    """High from ``high_from_<unit>``, medium from ``medium_from_<unit>``, else nothing to act on."""
    if value >= parameters[f"high_from_{unit}"]:
        return Outcome(Severity.HIGH, figures)
    if value >= parameters[f"medium_from_{unit}"]:
        return Outcome(Severity.MEDIUM, figures)
    return clear(figures)


def bounds(medium: str | int, high: str | int, unit: Unit, name: str) -> dict[str, Parameter]:
    """The two parameters that ``graded`` reads."""
    return {
        f"medium_from_{name}": Parameter(Decimal(medium), unit, "Medium from this"),
        f"high_from_{name}": Parameter(Decimal(high), unit, "High from this"),
    }
