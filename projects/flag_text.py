"""Words of a flag's evidence: the figures that a rule used, and its thresholds."""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from governance.formatting import DASH, fiscal_year, integer, percent, yen
from governance.tabular import Badge, Tone
from projects.metrics.risk import RULES
from projects.models import RiskFlag
from projects.models.choices import FlagSeverity
from projects.risk_notes import SENTENCES
from projects.rule_text import meaning_of, threshold
from projects.selectors import SEVERITIES

Text = str | Promise

_TONES: Final[dict[str, Tone]] = {
    FlagSeverity.HIGH: "high",
    FlagSeverity.MEDIUM: "medium",
    FlagSeverity.LOW: "low",
    FlagSeverity.UNKNOWN: "unknown",
}


def severity_badge(severity: str) -> Badge:
    """A severity as icon and word, the gravest ranked first; "" is no open flag."""
    if not severity:
        return Badge(gettext_lazy("none"), "ok", len(SEVERITIES))
    level = FlagSeverity(severity)
    return Badge(level.label, _TONES[level], SEVERITIES.index(level))


# What a rule calls its figures, and how each is written.
_FIGURES: Final[Mapping[str, tuple[Text, str]]] = {
    "amount": (gettext_lazy("amount"), "yen"),
    "asked": (gettext_lazy("asked"), "count"),
    "available": (gettext_lazy("budget available"), "yen"),
    "award_ratio": (gettext_lazy("award rate"), "ratio"),
    "bcr": (gettext_lazy("benefit-cost ratio"), "plain"),
    "bidders": (gettext_lazy("bidders"), "count"),
    "budget_growth": (gettext_lazy("growth of the budget"), "ratio"),
    "carried_out": (gettext_lazy("carried to the next year"), "yen"),
    "cases": (gettext_lazy("cases"), "count"),
    "contracts": (gettext_lazy("contracts"), "count"),
    "cost": (gettext_lazy("cost"), "yen"),
    "current_budget": (gettext_lazy("budget of the current plan"), "yen"),
    "current_end": (gettext_lazy("end of the current plan"), "plain"),
    "days_late": (gettext_lazy("days late"), "count"),
    "days_left": (gettext_lazy("days left"), "count"),
    "days_overdue": (gettext_lazy("days overdue"), "count"),
    "days_since": (gettext_lazy("days since"), "count"),
    "due_on": (gettext_lazy("due on"), "plain"),
    "exact_months": (gettext_lazy("reports in a row that equal the plan"), "count"),
    "executed": (gettext_lazy("executed"), "yen"),
    "execution_rate": (gettext_lazy("execution rate"), "ratio"),
    "first": (gettext_lazy("cost in the first year"), "yen"),
    "first_budget": (gettext_lazy("budget of the first plan"), "yen"),
    "first_end": (gettext_lazy("end of the first plan"), "plain"),
    "first_year": (gettext_lazy("first year"), "year"),
    "fiscal_year": (gettext_lazy("fiscal year"), "year"),
    "forecast_cost": (gettext_lazy("expected cost"), "yen"),
    "forecast_end": (gettext_lazy("expected end"), "plain"),
    "gaps": (gettext_lazy("answered with no"), "count"),
    "growth": (gettext_lazy("growth"), "ratio"),
    "has_reason": (gettext_lazy("a reason is on record"), "truth"),
    "held_on": (gettext_lazy("held on"), "plain"),
    "is_competitive": (gettext_lazy("open competition"), "truth"),
    "known": (gettext_lazy("known"), "count"),
    "last": (gettext_lazy("cost in the last year"), "yen"),
    "last_year": (gettext_lazy("last year"), "year"),
    "latest_submitted": (gettext_lazy("latest month reported"), "plain"),
    "length_growth": (gettext_lazy("growth of the length"), "ratio"),
    "live_on": (gettext_lazy("go-live"), "plain"),
    "major": (gettext_lazy("major findings"), "count"),
    "marks": (gettext_lazy("which"), "words"),
    "measured": (gettext_lazy("outcomes measured"), "count"),
    "missed": (gettext_lazy("missed"), "count"),
    "multiple": (gettext_lazy("multiple of the median"), "plain"),
    "new_plans": (gettext_lazy("new plans"), "count"),
    "next_renewal_year": (gettext_lazy("next renewal"), "year"),
    "online_cases": (gettext_lazy("online cases"), "count"),
    "open": (gettext_lazy("open findings"), "count"),
    "outcomes": (gettext_lazy("outcomes named"), "count"),
    "overdue": (gettext_lazy("overdue findings"), "count"),
    "peer_median": (gettext_lazy("median of the class, yen a case"), "plain"),
    "peers": (gettext_lazy("systems compared"), "count"),
    "period": (gettext_lazy("month"), "plain"),
    "planned": (gettext_lazy("planned benefit"), "yen"),
    "plans": (gettext_lazy("plans"), "count"),
    "pv_benefits": (gettext_lazy("present value of benefits"), "yen"),
    "pv_costs": (gettext_lazy("present value of costs"), "yen"),
    "realised": (gettext_lazy("realised benefit"), "yen"),
    "roles": (gettext_lazy("which"), "words"),
    "services": (gettext_lazy("services"), "count"),
    "share": (gettext_lazy("share"), "ratio"),
    "slip": (gettext_lazy("delay as a share of the plan"), "ratio"),
    "support_ends_on": (gettext_lazy("support ends on"), "plain"),
    "tested_on": (gettext_lazy("last test on"), "plain"),
    "total": (gettext_lazy("all contracts"), "yen"),
    "unanswered": (gettext_lazy("not answered"), "count"),
    "unit_cost": (gettext_lazy("yen a case"), "plain"),
    "unreported_year": (gettext_lazy("year not reported"), "year"),
    "unused": (gettext_lazy("left unused"), "yen"),
    "late": (gettext_lazy("signed in February and March"), "yen"),
    "use_ratio": (gettext_lazy("online use"), "ratio"),
    "vacant": (gettext_lazy("vacant"), "count"),
    "vendor": (gettext_lazy("largest vendor"), "plain"),
    "years": (gettext_lazy("years compared"), "count"),
}


def figures(flag: RiskFlag) -> Iterator[tuple[str, str]]:
    """Name and value of each figure that the rule used, in the active language."""
    for key, value in flag.figures.items():
        label, kind = _FIGURES.get(key, (key, "plain"))
        yield str(label), DASH if value is None else _written(flag, value, kind)


def _written(flag: RiskFlag, value: Any, kind: str) -> str:
    if kind == "words":
        sentence = SENTENCES.get(flag.rule_id)
        words = {} if sentence is None else sentence.words
        return ", ".join(str(words.get(word, word)) for word in str(value).split(", "))
    return _WRITE[kind](value)


_WRITE: Final[Mapping[str, Callable[[Any], str]]] = {
    "yen": lambda value: yen(int(value)),
    "ratio": lambda value: percent(Decimal(value)),
    "year": lambda value: fiscal_year(int(value)),
    "count": lambda value: integer(int(value)),
    "truth": lambda value: _("yes") if value else _("no"),
    "plain": str,
}


def thresholds(flag: RiskFlag) -> Iterator[tuple[str, str]]:
    """Meaning and value of each threshold that was used, in the active language."""
    rule = RULES.get(flag.rule_id)
    for name, given in flag.parameters.items():
        parameter = None if rule is None else rule.parameters.get(name)
        if parameter is None:
            yield name, str(given)
        else:
            yield meaning_of(parameter), threshold(parameter, Decimal(given))
