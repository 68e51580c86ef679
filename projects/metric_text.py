"""Words of the metric dictionary in the reader's language."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from governance.formatting import percent
from projects.metrics.dictionary import TERMS, Better, Metric, Owner, Unit, formula
from projects.metrics.types import Reason
from projects.metrics.variance import State

UNITS: Final[Mapping[Unit, str | Promise]] = {
    Unit.YEN: _("yen"),
    Unit.RATIO: _("ratio"),
    Unit.PERCENT: "%",
    Unit.DAYS: _("days"),
    Unit.PERIODS: _("periods"),
    Unit.COUNT: _("count"),
    Unit.HOURS: _("hours"),
}
BETTER: Final[Mapping[Better, str | Promise]] = {
    Better.MORE: _("more is better"),
    Better.LESS: _("less is better"),
    Better.PLAN: _("close to the plan"),
    Better.NEITHER: _("neither"),
}
OWNERS: Final[Mapping[Owner, str | Promise]] = {
    Owner.PJMO: "PJMO",
    Owner.PMO: "PMO",
    Owner.ACCOUNTING: _("Accounting"),
    Owner.CIO_OFFICE: _("Government CIO office"),
}
REASONS: Final[Mapping[Reason, str | Promise]] = {
    Reason.NO_DATA: _("an input is not reported"),
    Reason.ZERO_DENOMINATOR: _("the divisor is zero"),
    Reason.NOT_DUE: _("it does not happen within the period"),
    Reason.WITHHELD: _("an input is withheld"),
    Reason.NOT_APPLICABLE: _("the question does not arise"),
    Reason.INCONSISTENT: _("the inputs contradict each other"),
}
STATES: Final[Mapping[State, str | Promise]] = {
    State.OVER: _("over"),
    State.LATE: _("late"),
    State.ON_PLAN: _("on plan"),
    State.UNDER: _("under"),
    State.EARLY: _("early"),
    State.UNKNOWN: _("unknown"),
}
RANGES: Final[Mapping[str, str | Promise]] = {
    "any": _("any"),
    "0 to 1": _("0 to 1"),
    "0 to 100": _("0 to 100"),
    "0 to the planned periods": _("0 to the planned periods"),
    "> −1; several or none are said": _("> −1; several or none are said"),
}
"""Ranges that need words; the others read the same in both languages."""


def _is_japanese() -> bool:
    return not (get_language() or "ja").startswith("en")


def formula_of(metric: Metric) -> str:
    """The formula in the reader's language."""
    return formula(metric, japanese=_is_japanese())


def term_name(key: str) -> str:
    """The name of an input in the reader's language."""
    return TERMS[key].name_ja if _is_japanese() else TERMS[key].name


def rates_in_words(rates: Sequence[Decimal]) -> str:
    """Why there is not one internal rate of return: several are told, none is said; "" for one."""
    if not rates:
        return gettext("no rate makes it zero")
    if len(rates) == 1:
        return ""
    each = ", ".join(percent(rate) for rate in rates)
    return gettext("several rates: %(rates)s") % {"rates": each}
