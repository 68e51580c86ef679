"""Values that know why they are absent.

Missing, not applicable, withheld and zero are four different things, so a bare ``None`` is never
enough: a figure carries its state, a measure its reason, a total how much of it is known.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Iterable
from decimal import Decimal


class Reason(enum.StrEnum):
    """Why a measure has no value, or why a rule has nothing to say."""

    NO_DATA = "no_data"
    """Nobody has reported an input."""
    ZERO_DENOMINATOR = "zero_denominator"
    """The inputs are known, but the divisor is zero."""
    NOT_DUE = "not_due"
    """The time at which the figure can be judged has not come."""
    WITHHELD = "withheld"
    """An input exists and is not shown."""
    NOT_APPLICABLE = "not_applicable"
    """The question does not arise for this object."""
    NOT_SHOWN = "not_shown"
    """The reader's role may not read the inputs."""
    INCONSISTENT = "inconsistent"
    """The inputs contradict each other (more online cases than cases)."""


class ValueState(enum.StrEnum):
    """State of one reported figure; only ``REPORTED`` comes with a number."""

    REPORTED = "reported"
    MISSING = "missing"
    NOT_APPLICABLE = "not_applicable"
    WITHHELD = "withheld"


_REASON_OF_STATE = {
    ValueState.MISSING: Reason.NO_DATA,
    ValueState.NOT_APPLICABLE: Reason.NOT_APPLICABLE,
    ValueState.WITHHELD: Reason.WITHHELD,
}


@dataclasses.dataclass(frozen=True, slots=True)
class Figure:
    """One reported integer (yen or a count), or the state that stands in its place.

    Raises ValueError unless a number is given exactly when the state is ``REPORTED``.
    """

    value: int | None
    state: ValueState = ValueState.REPORTED

    def __post_init__(self) -> None:
        if (self.value is not None) != (self.state is ValueState.REPORTED):
            raise ValueError(f"a {self.state} figure cannot have the value {self.value}")

    @classmethod
    def of(cls, value: int | None) -> Figure:
        """``value`` as a reported figure; None as a missing one."""
        return MISSING if value is None else cls(value)


MISSING = Figure(None, ValueState.MISSING)


@dataclasses.dataclass(frozen=True, slots=True)
class Measure:
    """A ratio or other derived decimal, or the reason why it is undefined.

    Raises ValueError unless exactly one of value and reason is given.
    """

    value: Decimal | None
    reason: Reason | None = None

    def __post_init__(self) -> None:
        if (self.value is None) == (self.reason is None):
            raise ValueError("a measure has either a value or a reason")


@dataclasses.dataclass(frozen=True, slots=True)
class Total:
    """A sum over the known figures, with its coverage.

    ``known`` of ``asked`` figures are in ``value``; figures that do not apply are not asked for.
    ``value`` is None when nothing is known; ``reason`` then says why.
    """

    value: int | None
    known: int
    asked: int
    reason: Reason | None = None

    @property
    def is_complete(self) -> bool:
        """Whether every figure asked for is in the sum."""
        return self.known == self.asked

    @property
    def coverage(self) -> Measure:
        """known / asked, from 0 to 1; not applicable when nothing was asked for."""
        if self.asked == 0:
            return Measure(None, Reason.NOT_APPLICABLE)
        return ratio(self.known, self.asked)

    def __add__(self, other: Total) -> Total:
        """The total over both sets of figures."""
        return _make_total(
            (self.value or 0) + (other.value or 0),
            known=self.known + other.known,
            asked=self.asked + other.asked,
            is_withheld=Reason.WITHHELD in (self.reason, other.reason),
        )


def total_of(figures: Iterable[Figure]) -> Total:
    """Sum of the reported figures, with the share of figures that it covers.

    Unknown figures are left out, never counted as zero. Without one known figure the value is
    None: not applicable if no figure applies, withheld if one is withheld, else no data.
    """
    value = known = asked = 0
    is_withheld = False
    for figure in figures:
        if figure.state is ValueState.NOT_APPLICABLE:
            continue
        asked += 1
        is_withheld = is_withheld or figure.state is ValueState.WITHHELD
        if figure.value is not None:
            known += 1
            value += figure.value
    return _make_total(value, known=known, asked=asked, is_withheld=is_withheld)


def _make_total(value: int, *, known: int, asked: int, is_withheld: bool) -> Total:
    if known:
        return Total(value, known, asked)
    if asked == 0:
        return Total(None, 0, 0, Reason.NOT_APPLICABLE)
    return Total(None, 0, asked, Reason.WITHHELD if is_withheld else Reason.NO_DATA)


Input = Figure | Total | int | None
"""What a ratio can be made of; a bare None is an unknown figure."""


def reason_for(*inputs: Input) -> Reason | None:
    """The reason of the first input that has no value; None if all of them have one."""
    for given in inputs:
        if given is None:
            return Reason.NO_DATA
        if isinstance(given, Figure) and given.state is not ValueState.REPORTED:
            return _REASON_OF_STATE[given.state]
        if isinstance(given, Total) and given.reason is not None:
            return given.reason
    return None


def ratio(numerator: Input, denominator: Input) -> Measure:
    """numerator / denominator to 28 significant digits.

    Undefined, with the reason of the input at fault, when an input is unknown, and with
    ``ZERO_DENOMINATOR`` when the denominator is zero.
    """
    above, below = _number(numerator), _number(denominator)
    if above is None or below is None:
        return Measure(None, reason_for(numerator, denominator))
    if below == 0:
        return Measure(None, Reason.ZERO_DENOMINATOR)
    return Measure(Decimal(above) / Decimal(below))


def _number(given: Input) -> int | None:
    return given.value if isinstance(given, (Figure, Total)) else given
