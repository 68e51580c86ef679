"""The words of the rule book: what a threshold does, its unit, and what a rule rests on.

The rule book is pure and speaks English; its sentences stand here for the translators, and a test
holds both against each other.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from governance.formatting import decimal_number, percent, yen
from projects.metrics.risk import RULES
from projects.metrics.risk.registry import Parameter, Unit

UNITS: Final[Mapping[Unit, str | Promise]] = {
    Unit.RATIO: "",  # Written with its sign.
    Unit.DAYS: _("days"),
    Unit.YEARS: _("years"),
    Unit.YEN: _("yen"),
    Unit.DAY_OF_MONTH: _("day of the month"),
    Unit.COUNT: _("times"),
    Unit.MONTHS: _("months"),
}

MEANINGS: Final = frozenset(
    {
        gettext_noop("Contracts from this amount owe a reason"),
        gettext_noop("A large contract awarded from this ratio is high"),
        gettext_noop("A fiscal year is judged from this many days after its end"),
        gettext_noop("How many settled years to look back for a known rate"),
        gettext_noop("How many settled years to look back for a known share"),
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
    }
)

CITATIONS: Final = frozenset(
    (
        gettext_noop(
            "Board of Audit 2021, 765 systems: development budgets had high rates of unused money. "
            "The shares are presets."
        ),
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
        gettext_noop(
            "Common standards for information security (政府機関等の統一基準群). Presets."
        ),
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
        gettext_noop(
            "Standard Guideline: realising benefits (便益の実現). The ratios are presets."
        ),
    )
)


def meaning_of(parameter: Parameter) -> str:
    """What a threshold does, in the active language."""
    return gettext(parameter.meaning)


def threshold(parameter: Parameter, value: Decimal) -> str:
    """A threshold with its unit."""
    if parameter.unit is Unit.RATIO:
        return percent(value, 2 if (value * 1000) % 1 else 1)
    if parameter.unit is Unit.YEN:
        return yen(int(value))
    return f"{decimal_number(value)} {UNITS[parameter.unit]}"


def citation(rule_id: str) -> str:
    """What a rule rests on, in the active language; "" for a rule that is no longer in the book."""
    rule = RULES.get(rule_id)
    return "" if rule is None else gettext(rule.citation)
