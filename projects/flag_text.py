"""Words of a flag's evidence: the figures a rule used, its thresholds, and what it rests on."""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from governance.formatting import DASH, fiscal_year, integer, percent, yen
from governance.tabular import Badge, Tone
from projects.metrics.risk import RULES
from projects.metrics.risk.registry import Unit
from projects.models import RiskFlag
from projects.models.choices import FlagSeverity
from projects.risk_notes import SENTENCES
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

# The words of the rules themselves, so that the translators see them: the rules are pure Python.
RULE_TEXTS: Final = (
    gettext_noop(
        "Board of Audit 2021, 765 systems: development budgets had high rates of unused money. "
        "The shares are presets."
    ),
    gettext_noop("Contracts from this amount owe a reason"),
    gettext_noop("A large contract awarded from this ratio is high"),
    gettext_noop("A fiscal year is judged from this many days after its end"),
    gettext_noop("How many settled years to look back for a known rate"),
    gettext_noop("Medium below this rate"),
    gettext_noop("High below this rate"),
    gettext_noop("Above 1 plus this rate is high; above 1 and within it is medium"),
    gettext_noop("Due on this day of the following month (1 to 28)"),
    gettext_noop("Medium from this many days late"),
    gettext_noop("High from this many days late: the next report is late too"),
    gettext_noop(
        "Tell the next role after each so many business days without a report or an approval"
    ),
    gettext_noop("Judged from this many days after go-live"),
    gettext_noop("High up to this use ratio"),
    gettext_noop("Medium below this use ratio"),
    gettext_noop("Compares the ends of this many fiscal years, the last one over"),
    gettext_noop("Medium from this growth"),
    gettext_noop("High from this growth"),
    gettext_noop("Medium from this"),
    gettext_noop("High from this"),
    gettext_noop("Counts new plans of so many years"),
    gettext_noop("Low from so many reports in a row"),
    gettext_noop("Medium from so many"),
    gettext_noop("High when overdue for more than this many days"),
    gettext_noop("High when one is overdue for more than this many days"),
    gettext_noop("How many settled years to look back for a known share"),
    gettext_noop("Judged from so many contracts"),
    gettext_noop("Looks back so many fiscal years"),
    gettext_noop("Needs so many systems of the class"),
    gettext_noop("Medium from so many medians"),
    gettext_noop("High from so many medians"),
    gettext_noop("Medium if support ends within so many days"),
    gettext_noop("High if it ends within so many days, or has ended"),
    gettext_noop("Asked so many years before a renewal"),
    gettext_noop("One missed goal alone is no high"),
    gettext_noop("Asked from this yearly cost"),
    gettext_noop("High from this yearly cost without an outcome"),
    gettext_noop("Discount rate a year"),
    gettext_noop("Medium below this ratio"),
    gettext_noop("High below this ratio"),
    gettext_noop("Medium below this share"),
    gettext_noop("High below this share"),
    gettext_noop(
        "Board of Audit: 73.9 % of competitive IT contracts of FY2018 had one bidder, "
        "at 96.0 % of the ceiling price against 82.5 % with two or more. RS 2024 table "
        "5-4 asks for the reason from 1,000,000,000 yen. The award ratio is a preset."
    ),
    gettext_noop(
        "Board of Audit 2021, 765 systems: much development budget was carried over or "
        "left unused, and PMOs did not follow execution. RS 2024 table 2-1: 372 rows "
        "spent more than was available. The thresholds are presets."
    ),
    gettext_noop(
        "Ministries disclose their IT investments themselves and update progress "
        "monthly in principle (IT Dashboard, 2015). The days are presets."
    ),
    gettext_noop(
        "Board of Audit, reports for FY2008 and FY2009: electronic filing systems used "
        "for 10 % of cases or less were to be stopped or simplified. The medium "
        "threshold is a preset."
    ),
    gettext_noop(
        "Digital Government Promotion Policy 2017: operation cost of government systems"
        " 30 % down by FY2021. The thresholds are presets; the comparison is gross, "
        "without the adjustment for law changes and tax that the official measure "
        "makes."
    ),
    gettext_noop(
        "The 10 and 30 % are those of the US Federal IT Dashboard, a preset. A project "
        "over its plan is told apart from one below it."
    ),
    gettext_noop(
        "The 10 and 30 % are those of the US Federal IT Dashboard, a preset. An end "
        "that has passed unreached is late today, whatever was forecast."
    ),
    gettext_noop("GAO on the US dashboard: new baselines hid growth. The shares are presets."),
    gettext_noop(
        "DESIGN of this product: original baselines stay for ever, so that a slip "
        "cannot be hidden by a new plan. The numbers are presets."
    ),
    gettext_noop(
        "GAO on the US dashboard: whole agencies reported no variance at all. A "
        "forecast that is the plan to the yen and the day, month after month, is seldom"
        " a measurement. The months are presets."
    ),
    gettext_noop(
        "Priority Plan 2022: the verdict of the review decides whether a project may "
        "enter its next stage. The days are presets."
    ),
    gettext_noop(
        "Policy of 2017: follow-up of third-party verification. Every finding has an "
        "owner and a day, as each action of a TechStat has. The days are presets."
    ),
    gettext_noop(
        "Board of Audit 2021, 765 systems: development budgets had high rates of carry-"
        "over from schedules that were planned anew. The shares are presets."
    ),
    gettext_noop(
        "Board of Audit on information systems: budgets used up at the end of the year."
        " The shares are presets."
    ),
    gettext_noop(
        "Board of Audit: 73.9 % of competitions had one bidder, often the vendor of the"
        " system in use. The shares are presets."
    ),
    gettext_noop(
        "Policy of 2017: against systems built larger than users need. The multiples of"
        " the class's median are presets."
    ),
    gettext_noop("IT review sheets since 2024 ask for the next renewal. The days are presets."),
    gettext_noop(
        "Policy of 2017, directions 1 and 2: API, open data, My Number and the common "
        "platform are looked at when a system is renewed. The numbers are presets."
    ),
    gettext_noop("Common standards for information security (政府機関等の統一基準群). Presets."),
    gettext_noop("Standard Guideline, operation: drills of continuity plans. Presets."),
    gettext_noop(
        "Policy of 2017, direction 3-1: the roles of ministry CIO, PMO and PJMO are clear."
    ),
    gettext_noop(
        "Policy of 2017: investment is judged by what users get. Met or not by the US "
        "rule, in the goal's direction. The shares are presets."
    ),
    gettext_noop(
        "Policy of 2017, direction 3-2: cost alone is not enough, the value for users "
        "is judged. The amount is a preset."
    ),
    gettext_noop(
        "OMB Circular A-94; 4 % a year is Japan's customary rate. The ratios are presets."
    ),
    gettext_noop("Standard Guideline: realising benefits (便益の実現). The ratios are presets."),
)

_UNITS: Final[Mapping[Unit, Callable[[Decimal], str]]] = {
    Unit.RATIO: lambda value: percent(value),
    Unit.YEN: lambda value: yen(int(value)),
    Unit.DAYS: lambda value: _("%(n)s days") % {"n": integer(int(value))},
    Unit.YEARS: lambda value: _("%(n)s years") % {"n": integer(int(value))},
    Unit.MONTHS: lambda value: _("%(n)s months") % {"n": integer(int(value))},
    Unit.DAY_OF_MONTH: lambda value: _("day %(n)s") % {"n": integer(int(value))},
    Unit.COUNT: lambda value: integer(int(value)),
}


def citation(rule_id: str) -> str:
    """What a rule rests on, in the active language; "" for a rule that is no longer in the book."""
    rule = RULES.get(rule_id)
    return "" if rule is None else _(rule.citation)


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
            yield _(parameter.meaning), _UNITS[parameter.unit](Decimal(given))
