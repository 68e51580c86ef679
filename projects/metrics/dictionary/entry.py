"""What one entry of the metric dictionary holds.

A formula is a template over named terms ("{ev} − {ac}"): with the terms' names in it, it reads in
either language; with figures in it, it shows how one value came about.
"""

from __future__ import annotations

import dataclasses
import enum
import string
from collections.abc import Mapping

from projects.metrics.types import Reason

NO_DATA, ZERO = Reason.NO_DATA, Reason.ZERO_DENOMINATOR


class Unit(enum.StrEnum):
    """What a metric is counted in."""

    YEN = "yen"
    RATIO = "ratio"
    PERCENT = "percent"
    DAYS = "days"
    PERIODS = "periods"
    COUNT = "count"
    HOURS = "hours"


class Better(enum.StrEnum):
    """Which way is good."""

    MORE = "more"
    LESS = "less"
    PLAN = "close to plan"
    NEITHER = "neither"


class Owner(enum.StrEnum):
    """Who files the inputs."""

    PJMO = "PJMO"
    PMO = "PMO"
    ACCOUNTING = "accounting"
    CIO_OFFICE = "CIO office"


@dataclasses.dataclass(frozen=True, slots=True)
class Term:
    """The name of one input of formulae."""

    name: str
    name_ja: str


@dataclasses.dataclass(frozen=True, slots=True)
class Metric:
    """One entry. `template` is the formula over the keys of terms; `undefined` are the reasons
    for which there may be no value."""

    id: str
    name: str
    name_ja: str
    template: str
    unit: Unit
    range: str
    undefined: tuple[Reason, ...]
    source: str
    better: Better
    owner: Owner

    @property
    def terms(self) -> tuple[str, ...]:
        """The keys of the terms, in the order of the formula, each once."""
        named = (key for _text, key, _spec, _conversion in string.Formatter().parse(self.template))
        return tuple(dict.fromkeys(key for key in named if key))

    def filled(self, terms: Mapping[str, str]) -> str:
        """The formula with a text in place of each term. Raises KeyError for one left out."""
        return self.template.format_map(terms)
