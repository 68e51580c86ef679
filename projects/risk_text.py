"""Risk flags in words: why a flag stands and what clears it, in the reader's language.

A flag stores figures, never sentences, so the same flag reads well in every language.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from governance.formatting import DASH, fiscal_year, integer, percent, yen_short
from projects.metrics.risk import Severity
from projects.metrics.types import Reason
from projects.models import RiskFlag
from projects.risk_notes import SENTENCES, Sentence

TITLES: Final[Mapping[str, str | Promise]] = {
    "late_report": gettext_lazy("Monthly report late"),
    "single_bidder": gettext_lazy("Single bidder"),
    "low_online_use": gettext_lazy("Low online use"),
    "execution_rate": gettext_lazy("Execution rate out of bounds"),
    "cost_growth": gettext_lazy("Operation cost growing"),
    "review_overdue": gettext_lazy("Review overdue"),
    "cost_overrun": gettext_lazy("Cost above the first plan"),
    "schedule_slip": gettext_lazy("Finish after the first plan"),
    "baseline_growth": gettext_lazy("Plan grown since the first"),
    "rebaselined": gettext_lazy("Plan replaced again"),
    "zero_variance": gettext_lazy("Never a difference from the plan"),
    "kpi_off_target": gettext_lazy("Goals missed"),
    "no_outcome": gettext_lazy("Money without a measured outcome"),
    "bcr_below_one": gettext_lazy("Benefits below the costs"),
    "benefit_shortfall": gettext_lazy("Benefits short of the plan"),
    "carry_over": gettext_lazy("Budget carried over"),
    "unused_budget": gettext_lazy("Budget left unused"),
    "year_end_spending": gettext_lazy("Contracts at the end of the year"),
    "vendor_concentration": gettext_lazy("One vendor holds the contracts"),
    "unit_cost_outlier": gettext_lazy("Cost a case far above its peers"),
    "ageing_system": gettext_lazy("Support ends without a renewal plan"),
    "conformity_gap": gettext_lazy("Renewal without the common rules"),
    "security_test_overdue": gettext_lazy("Security test overdue"),
    "continuity_test_overdue": gettext_lazy("Continuity test overdue"),
    "missing_roles": gettext_lazy("Nobody answers for it"),
    "finding_overdue": gettext_lazy("Findings not settled in time"),
}


@dataclass(frozen=True, slots=True)
class Note:
    """Why a flag stands, and what has to happen for it to clear."""

    why: str
    clears_when: str


def title_of(rule_id: str) -> str:
    """The name of a rule; its id where the rule book no longer holds it."""
    return str(TITLES.get(rule_id, rule_id))


def note_of(flag: RiskFlag) -> Note:
    """A flag in words, in the active language. Reads nothing but the flag's own columns."""
    sentence = SENTENCES.get(flag.rule_id)
    if sentence is not None:
        return _said(_Facts(flag), sentence)
    reader = _READERS.get(flag.rule_id)
    if reader is None:
        return Note(_("The rule behind this flag is no longer in use."), DASH)
    return reader(_Facts(flag))


class _Facts:
    """A flag's figures and thresholds, ready for a sentence."""

    def __init__(self, flag: RiskFlag) -> None:
        self.figures: Mapping[str, Any] = flag.figures
        self.parameters: Mapping[str, str] = flag.parameters
        self.severity = flag.severity
        self.reason = flag.reason

    @property
    def is_unknown(self) -> bool:
        return self.severity == Severity.UNKNOWN

    def has(self, name: str) -> bool:
        return self.figures.get(name) is not None

    def number(self, name: str) -> int:
        return int(self.figures[name])

    def text(self, name: str) -> str:
        value = self.figures.get(name)
        return DASH if value is None else str(value)

    def count(self, name: str) -> str:
        return integer(self.number(name))

    def yen(self, name: str) -> str:
        return yen_short(self.figures.get(name))

    def year(self, name: str) -> str:
        return fiscal_year(self.figures.get(name))

    def percent(self, name: str) -> str:
        value = self.figures.get(name)
        return percent(None if value is None else Decimal(value))

    def bound(self, name: str) -> Decimal:
        return Decimal(self.parameters[name])


def _said(facts: _Facts, sentence: Sentence) -> Note:
    if facts.is_unknown:
        return Note(str(sentence.unknown), str(sentence.is_known_when))
    values: dict[str, str] = {}
    for name, given in facts.figures.items():
        kind = sentence.kinds.get(name)
        if given is None:
            values[name] = str(_NOT_KNOWN)
        elif kind == "words":
            values[name] = ", ".join(str(sentence.words[word]) for word in str(given).split(", "))
        elif kind is not None:
            values[name] = _AS[kind](facts, name)
        else:
            values[name] = str(given)
    values |= {
        f"p_{name}": percent(Decimal(value), 0) if name in sentence.ratios else value
        for name, value in facts.parameters.items()
    }
    why = str(sentence.why_low if facts.severity == Severity.LOW else sentence.why)
    return Note(why % values, str(sentence.clears_when) % values)


_NOT_KNOWN: Final = gettext_lazy("(not known)")
_AS: Final[Mapping[str, Callable[[_Facts, str], str]]] = {
    "yen": _Facts.yen,
    "percent": _Facts.percent,
    "year": _Facts.year,
    "count": _Facts.count,
    "decimal": lambda facts, name: f"{Decimal(facts.figures[name]).quantize(Decimal('0.1')):,}",
}


def _joined(*sentences: str) -> str:
    between = "" if (get_language() or "").startswith("ja") else " "
    return between.join(sentence for sentence in sentences if sentence)


def _late_report(facts: _Facts) -> Note:
    if facts.is_unknown:
        return Note(
            _("It is not known whether, or since when, this project owes monthly reports."),
            _("The project's start is entered and its first report is submitted."),
        )
    month = facts.text("period")
    days = facts.number("days_late")
    return Note(
        ngettext(
            "The report for %(month)s was due on %(due)s and is %(days)d day late.",
            "The report for %(month)s was due on %(due)s and is %(days)d days late.",
            days,
        )
        % {"month": month, "due": facts.text("due_on"), "days": days},
        _("The report for %(month)s or a later month is submitted.") % {"month": month},
    )


def _single_bidder(facts: _Facts) -> Note:
    if facts.is_unknown:
        return Note(
            _unknown_competition(facts),
            _("The method of the contract and the number of bidders are entered."),
        )
    why = (
        _("One bidder in an open competition for %(amount)s.") % {"amount": facts.yen("amount")}
        if facts.has("amount")
        else _("One bidder in an open competition; its amount is not reported.")
    )
    stays = _("The number of bidders is corrected: a single bid that happened stays on record.")
    if facts.severity != Severity.HIGH:
        return Note(why, stays)
    large = yen_short(int(facts.bound("large_amount_yen")))
    is_near_ceiling = facts.has("award_ratio") and Decimal(
        facts.text("award_ratio")
    ) >= facts.bound("high_award_ratio")
    no_reason = ceiling = ""
    if not facts.number("has_reason"):
        no_reason = _("Contracts from %(large)s owe a reason, and none is on record.") % {
            "large": large
        }
    if is_near_ceiling:
        ceiling = _("It was awarded at %(ratio)s of the ceiling price.") % {
            "ratio": facts.percent("award_ratio")
        }
    falls = "" if is_near_ceiling else _("It falls to medium once the reason is on record.")
    return Note(_joined(why, no_reason, ceiling), _joined(stays, falls))


def _unknown_competition(facts: _Facts) -> str:
    if not facts.has("is_competitive"):
        return _("It is not known whether the contract was open to competition.")
    if facts.reason == Reason.INCONSISTENT:
        return _("An open competition is recorded with fewer than one bidder.")
    if facts.reason == Reason.WITHHELD:
        return _("The number of bidders is withheld.")
    return _("The number of bidders is not reported.")


def _low_online_use(facts: _Facts) -> Note:
    if facts.is_unknown:
        if facts.reason == Reason.INCONSISTENT:
            why = _("More online cases than cases are reported for %(year)s.") % {
                "year": facts.year("fiscal_year")
            }
        elif facts.has("cases"):
            why = _("It is not known since when the system has been in use.")
        else:
            why = _("No year has both case counts for the services on this system.")
        return Note(
            why, _("The go-live date and both case counts of a finished year are reported.")
        )
    return Note(
        _("%(ratio)s of %(cases)s cases were done online in %(year)s (%(online)s cases).")
        % {
            "ratio": facts.percent("use_ratio"),
            "cases": facts.count("cases"),
            "year": facts.year("fiscal_year"),
            "online": facts.count("online_cases"),
        },
        _("At least %(bound)s of a finished year's cases are done online.")
        % {"bound": percent(facts.bound("medium_below_ratio"), 0)},
    )


def _execution_rate(facts: _Facts) -> Note:
    year = facts.year("fiscal_year")
    unreported = facts.year("unreported_year")
    is_behind = facts.has("unreported_year")
    if facts.is_unknown:
        wanted = unreported if is_behind else year
        why = (
            _("%(year)s should be settled and is not reported; %(before)s was in order.")
            % {"year": unreported, "before": year}
            if is_behind
            else _("Budget and execution are not both known for any settled year up to %(year)s.")
            % {"year": year}
        )
        return Note(
            why,
            _("The budget available and the amount spent in %(year)s are reported.")
            % {"year": wanted},
        )
    if facts.has("execution_rate"):
        why = _("%(rate)s of the budget available in %(year)s (%(available)s) was spent.") % {
            "rate": facts.percent("execution_rate"),
            "year": year,
            "available": facts.yen("available"),
        }
    else:
        why = _("%(executed)s was spent in %(year)s without any budget available.") % {
            "executed": facts.yen("executed"),
            "year": year,
        }
    carried = behind = ""
    if facts.has("carried_out") and facts.number("carried_out"):
        carried = _("%(amount)s was carried over to the next year.") % {
            "amount": facts.yen("carried_out")
        }
    if is_behind:
        behind = _("%(year)s is not reported yet.") % {"year": unreported}
    return Note(
        _joined(why, carried, behind),
        _("A later settled year lies between %(low)s and 100%% of its budget.")
        % {"low": percent(facts.bound("medium_below_ratio"), 0)},
    )


def _cost_growth(facts: _Facts) -> Note:
    years = integer(int(facts.bound("window_years")))
    if facts.is_unknown:
        return Note(
            _("Operation cost is known for fewer than two of the last %(years)s fiscal years.")
            % {"years": years},
            _("The operation cost spent in a further year is reported."),
        )
    return Note(
        _(
            "Operation cost rose by %(growth)s, from %(first)s in %(first_year)s to %(last)s in"
            " %(last_year)s."
        )
        % {
            "growth": facts.percent("growth"),
            "first": facts.yen("first"),
            "first_year": facts.year("first_year"),
            "last": facts.yen("last"),
            "last_year": facts.year("last_year"),
        },
        _("The growth within %(years)s fiscal years falls below %(bound)s.")
        % {"years": years, "bound": percent(facts.bound("medium_from_ratio"), 0)},
    )


def _review_overdue(facts: _Facts) -> Note:
    if facts.is_unknown:
        return Note(
            _("The review is open and has no due date."),
            _("A due date is entered, or the review is marked complete."),
        )
    days = facts.number("days_overdue")
    why = ngettext(
        "The review was due on %(due)s and is %(days)d day overdue.",
        "The review was due on %(due)s and is %(days)d days overdue.",
        days,
    ) % {"due": facts.text("due_on"), "days": days}
    held = ""
    if facts.has("held_on"):
        held = _("It was held on %(held)s but is not complete.") % {"held": facts.text("held_on")}
    return Note(_joined(why, held), _("The review is marked complete."))


_READERS: Final[Mapping[str, Callable[[_Facts], Note]]] = {
    "late_report": _late_report,
    "single_bidder": _single_bidder,
    "low_online_use": _low_online_use,
    "execution_rate": _execution_rate,
    "cost_growth": _cost_growth,
    "review_overdue": _review_overdue,
}
