"""Words of the metric dictionary in the reader's language."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import get_language, gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from governance.formatting import NOT_SHOWN, percent
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
    Reason.NOT_SHOWN: NOT_SHOWN,
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


SOURCES: Final = frozenset(
    (
        gettext_noop("Board of Audit 2021: execution of information-system budgets"),
        gettext_noop("The register"),
        gettext_noop("Digital Government Promotion Policy 2017: half of 1,450 by FY2018"),
        gettext_noop("Digital Government Promotion Policy 2017, direction 3-2"),
        gettext_noop("docs/risk-rules.md"),
        gettext_noop("Monthly updates in principle (IT Dashboard, 2015)"),
        gettext_noop("Priority Plan 2022"),
        gettext_noop("White Paper on Information and Communications 2021 (60 % in FY2018)"),
        gettext_noop("Board of Audit: bidding for information systems"),
        gettext_noop(
            "Board of Audit 2021: stages of the budget (予算現額, 執行額, 翌年度繰越額, 不用額)"
        ),
        gettext_noop("US FITARA metrics: share of development and modernisation in spend"),
        gettext_noop(
            "Digital Government Promotion Policy 2017: operation cost of the base year's environment"
        ),
        gettext_noop("UK Government Digital Service: cost per transaction"),
        gettext_noop("Digital Agency: sheets since 2024 ask for the next renewal and its cost"),
        gettext_noop("EIA-748, earned value management"),
        gettext_noop("Lipke, earned schedule"),
        gettext_noop("US Federal IT Dashboard, Variance Score Algorithms"),
        gettext_noop("GSA, Metric Scoring Algorithm"),
        gettext_noop("UK Government Digital Service, service KPIs"),
        gettext_noop("Canada, service inventory"),
        gettext_noop("UK Government Digital Service, service KPIs; steady from 400 answers on"),
        gettext_noop("alphagov/transactions-explorer, coverage"),
        gettext_noop("alphagov/transactions-explorer; none across a break in the series"),
        gettext_noop("Plan to cut administrative burden 2017 (行政手続コスト削減)"),
        gettext_noop("Median of the systems whose cost and online use are both known"),
        gettext_noop("OMB Circular A-94, Appendix B"),
        gettext_noop("Administrative-burden plan of 2017 (8,208億円 ÷ 3億2,277万 hours)"),
        gettext_noop("UK Green Book, benefits register; Standard Guideline (便益)"),
        gettext_noop("Mott MacDonald 2002, in the UK's Green Book"),
        gettext_noop("Flyvbjerg and others 2022"),
        gettext_noop("docs/decisions/0010"),
        gettext_noop("Hanley and McNeil 1982"),
        gettext_noop("Brier 1950"),
    )
)
"""Where metrics come from: the dictionary is pure Python, its words stand here for translators."""


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


def source_of(metric: Metric) -> str:
    """Where the metric comes from, in the reader's language."""
    return gettext(metric.source)
