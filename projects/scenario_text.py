"""Scenarios in words: what is assumed, what a threshold means, what cannot be assumed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from governance.formatting import integer, percent, yen
from projects.metrics.assumptions import Assumptions, Fault, Problem
from projects.metrics.risk import RULES, Parameters
from projects.metrics.risk.registry import Unit
from projects.risk_text import title_of
from projects.rule_text import meaning_of, threshold

_NAMES: Final[Mapping[str, str | Promise]] = {
    "": _("the scenario"),
    "discount_rate": _("Discount rate a year"),
    "horizon_years": _("Horizon in years"),
    "yen_per_hour": _("Yen an hour of a user's time"),
    "thresholds": _("thresholds"),
    "projects": _("projects"),
}
_FAULTS: Final[Mapping[Problem, str | Promise]] = {
    Problem.SHAPE: _("“%(name)s” must be given by name and value."),
    Problem.UNKNOWN_NAME: _("There is no assumption “%(name)s”."),
    Problem.UNKNOWN_RULE: _("There is no rule “%(name)s”."),
    Problem.NO_NUMBER: _("“%(name)s” must be a number."),
    Problem.OUT_OF_BOUNDS: _("“%(name)s” must lie between %(least)s and %(most)s."),
    Problem.NOT_WHOLE: _("“%(name)s” must be a whole number."),
    Problem.NO_CHANGE: _("Project “%(name)s” can be kept, dropped or deferred by whole years."),
}


def fault_text(fault: Fault) -> str:
    """Why something cannot be assumed; bounds are written as the form takes them."""
    name = str(_NAMES.get(fault.name, fault.name))
    is_share = fault.name == "discount_rate"
    if fault.rule_id:
        parameter = RULES[fault.rule_id].parameters.get(fault.name)
        meaning = fault.name if parameter is None else meaning_of(parameter)
        name = f"{title_of(fault.rule_id)}: {meaning}"
        is_share = parameter is not None and parameter.unit is Unit.RATIO
    least, most = (
        percent(Decimal(bound), 0) if is_share else integer(bound)
        for bound in (fault.least, fault.most)
    )
    return str(_FAULTS[fault.problem]) % {"name": name, "least": least, "most": most}


@dataclass(frozen=True, slots=True)
class Assumed:
    """One assumption beside what holds today."""

    name: str
    today: str
    scenario: str

    @property
    def is_changed(self) -> bool:
        return self.today != self.scenario


def horizon_text(years: int | None) -> str:
    if years is None:
        return gettext("all known years")
    return ngettext("%(years)d year", "%(years)d years", years) % {"years": years}


def delay_text(years: int) -> str:
    return ngettext("defer by %(years)d year", "defer by %(years)d years", years) % {"years": years}


def assumed(
    assumptions: Assumptions,
    *,
    rate: Decimal,
    yen_per_hour: int,
    book: Mapping[str, Parameters],
    names: Mapping[str, str],
) -> Iterator[Assumed]:
    """What the two sides assume; thresholds and projects only where they differ. `rate`,
    `yen_per_hour` and `book` are today's, `names` those of projects by code."""
    yield Assumed(
        gettext("Discount rate"),
        percent(rate, 2),
        percent(rate if assumptions.rate is None else assumptions.rate, 2),
    )
    yield Assumed(
        gettext("Horizon, from each project's first year"),
        horizon_text(None),
        horizon_text(assumptions.horizon),
    )
    yield Assumed(
        gettext("Worth of a user's hour"),
        yen(yen_per_hour),
        yen(assumptions.yen_per_hour or yen_per_hour),
    )
    for rule_id, own in sorted(assumptions.thresholds.items()):
        for name, value in sorted(own.items()):
            parameter = RULES[rule_id].parameters[name]
            yield Assumed(
                f"{title_of(rule_id)}: {meaning_of(parameter)}",
                threshold(parameter, book[rule_id][name]),
                threshold(parameter, value),
            )
    for code in sorted(assumptions.codes):
        delay = assumptions.deferred.get(code)
        yield Assumed(
            names.get(code, code),
            gettext("keep"),
            gettext("drop") if delay is None else delay_text(delay),
        )
