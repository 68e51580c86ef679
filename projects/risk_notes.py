"""Sentences of the rules whose flags read alike: what was found, what clears it, what is missing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Text = str | Promise


@dataclass(frozen=True, slots=True)
class Sentence:
    """`kinds` says how a figure is written, `words` translates the words in it, `ratios` are the
    thresholds that read as percent. `%(p_name)s` is a threshold."""

    why: Text
    clears_when: Text
    unknown: Text
    is_known_when: Text
    kinds: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, Text] = field(default_factory=dict)
    ratios: tuple[str, ...] = ("medium_from_ratio", "medium_below_ratio")
    low: Text = ""

    @property
    def why_low(self) -> Text:
        return self.low or self.why


_PLAN_WANTED = _("A baseline is agreed and a monthly report with both forecasts is approved.")
_TEST_WANTED = _("The day of the last test is entered.")
_NO_PLAN = _("There is no agreed baseline, or no approved report that forecasts cost and finish.")

SENTENCES: Final[Mapping[str, Sentence]] = {
    "cost_overrun": Sentence(
        _(
            "%(forecast_cost)s is expected, %(growth)s more than the first plan of"
            " %(first_budget)s. The current plan has %(current_budget)s."
        ),
        _("The expected cost is less than %(p_medium_from_ratio)s above the first plan."),
        _NO_PLAN,
        _PLAN_WANTED,
        {
            "forecast_cost": "yen",
            "first_budget": "yen",
            "current_budget": "yen",
            "growth": "percent",
        },
    ),
    "schedule_slip": Sentence(
        _(
            "The finish is expected on %(forecast_end)s, %(days_late)s days after the first plan"
            " (%(first_end)s): %(slip)s of its length. The current plan says %(current_end)s."
        ),
        _("The expected delay is less than %(p_medium_from_ratio)s of the first plan's length."),
        _NO_PLAN,
        _PLAN_WANTED,
        {"slip": "percent", "days_late": "count"},
    ),
    "baseline_growth": Sentence(
        _(
            "Plan no. %(plans)s stands beside the first one: the budget changed by"
            " %(budget_growth)s, the length by %(length_growth)s."
        ),
        _("Budget and length of the current plan are less than %(p_medium_from_ratio)s above."),
        _("There is no agreed baseline."),
        _("A baseline is agreed."),
        {"budget_growth": "percent", "length_growth": "percent"},
    ),
    "rebaselined": Sentence(
        _("The plan was replaced %(new_plans)s times within %(p_window_years)s years."),
        _("Fewer than %(p_medium_from_times)s new plans lie within %(p_window_years)s years."),
        _("There is no agreed baseline."),
        _("A baseline is agreed."),
    ),
    "zero_variance": Sentence(
        _("%(exact_months)s reports in a row forecast the plan to the yen and the day."),
        _("A report forecasts a cost or a finish that differs from the plan, or the work ends."),
        _("There is no agreed baseline, or no approved report."),
        _PLAN_WANTED,
    ),
    "kpi_off_target": Sentence(
        _("%(missed)s of %(known)s goals with a known actual missed their target (%(share)s)."),
        _("Fewer than %(p_medium_from_ratio)s of the goals miss their target."),
        _("Goals have targets, but no actual is reported."),
        _("The actual of a goal is reported for the year of its target."),
        {"share": "percent"},
    ),
    "no_outcome": Sentence(
        _("%(cost)s a year, and no outcome for users is named."),
        _("An outcome goal has a reported actual."),
        _("No outcome is measured, and the yearly cost is not reported."),
        _("The yearly cost is reported, or an outcome is measured."),
        {"cost": "yen"},
        low=_("%(cost)s a year, and no named outcome was ever measured."),
    ),
    "bcr_below_one": Sentence(
        _(
            "Benefits are worth %(pv_benefits)s and costs %(pv_costs)s (present values of the"
            " first year, %(first_year)s): a ratio of %(bcr)s."
        ),
        _("The present value of the benefits reaches that of the costs."),
        _("Costs, or benefits, are not reported for any year."),
        _("Benefits and costs are entered for at least one year."),
        {"pv_benefits": "yen", "pv_costs": "yen", "first_year": "year"},
    ),
    "benefit_shortfall": Sentence(
        _(
            "%(realised)s of %(planned)s planned benefits were realised in %(years)s finished"
            " years (%(share)s)."
        ),
        _("At least %(p_medium_below_ratio)s of the planned benefits are realised."),
        _("Benefits were planned, and no finished year says what was realised."),
        _("The realised benefit of a finished year is reported."),
        {"realised": "yen", "planned": "yen", "share": "percent"},
    ),
    "carry_over": Sentence(
        _("%(share)s of the budget of %(fiscal_year)s (%(carried_out)s) was carried over."),
        _("Less than %(p_medium_from_ratio)s of a later settled year is carried over."),
        _("The budget or the carry-over of the last settled year is not reported."),
        _("The budget available and the carry-over are reported."),
        {"share": "percent", "fiscal_year": "year", "carried_out": "yen"},
    ),
    "unused_budget": Sentence(
        _("%(share)s of the budget of %(fiscal_year)s (%(unused)s) was left unused."),
        _("Less than %(p_medium_from_ratio)s of a later settled year is left unused."),
        _("The budget or the unused amount of the last settled year is not reported."),
        _("The budget available and the unused amount are reported."),
        {"share": "percent", "fiscal_year": "year", "unused": "yen"},
    ),
    "year_end_spending": Sentence(
        _(
            "%(share)s of the contract money of %(fiscal_year)s (%(late)s of %(total)s) was signed"
            " in February and March."
        ),
        _("In a later year less than %(p_medium_from_ratio)s is signed in these months."),
        _("Contracts of the last finished year lack their day or amount."),
        _("The day and the amount of each contract are entered."),
        {"share": "percent", "fiscal_year": "year", "late": "yen", "total": "yen"},
    ),
    "vendor_concentration": Sentence(
        _("%(vendor)s holds %(share)s of the contract money of the last years (%(amount)s)."),
        _("The largest vendor holds less than %(p_medium_from_ratio)s."),
        _("Too few contracts have an amount and a year."),
        _("The amounts and years of the contracts are entered."),
        {"share": "percent", "amount": "yen"},
    ),
    "unit_cost_outlier": Sentence(
        _(
            "A case cost %(unit_cost)s yen in %(fiscal_year)s, %(multiple)s times the median of"
            " %(peers)s systems of the class (%(peer_median)s yen)."
        ),
        _("A case costs less than %(p_medium_from_multiple)s times the median of its class."),
        _("Cases are counted, and the operation cost of that year is not reported."),
        _("The operation cost of the counted year is reported."),
        {
            "unit_cost": "decimal",
            "peer_median": "decimal",
            "multiple": "decimal",
            "fiscal_year": "year",
        },
    ),
    "ageing_system": Sentence(
        _("Support ends on %(support_ends_on)s, and no renewal is planned before that."),
        _("A renewal is planned no later than the year in which support ends."),
        _("It is not known when support ends."),
        _("The end of support is entered."),
    ),
    "conformity_gap": Sentence(
        _("At its renewal the system does without: %(marks)s."),
        _("The system is planned with them, or they do not apply to it."),
        _("The system is being renewed, and not all of the common rules are answered."),
        _("API, open data, My Number and platform are answered."),
        {"marks": "words"},
        {
            "api": _("API"),
            "open_data": _("open data"),
            "my_number": _("My Number / JPKI link"),
            "platform": _("common platform or cloud"),
        },
    ),
    "security_test_overdue": Sentence(
        _("The last security test was on %(tested_on)s, %(days_since)s days ago."),
        _("A security test of the last %(p_medium_from_days)s days is entered."),
        _("No security test is on record."),
        _TEST_WANTED,
    ),
    "continuity_test_overdue": Sentence(
        _("The last continuity drill was on %(tested_on)s, %(days_since)s days ago."),
        _("A continuity drill of the last %(p_medium_from_days)s days is entered."),
        _("No continuity drill is on record."),
        _TEST_WANTED,
    ),
    "missing_roles": Sentence(
        _("Nobody is entered as: %(roles)s."),
        _("These roles are filled."),
        _("Nobody of this agency has been entered, so it is not known who answers for it."),
        _("The people of the agency are entered."),
        {"roles": "words"},
        {
            "leader": _("project leader"),
            "pjmo": _("PJMO"),
            "pmo": _("PMO"),
            "ministry_cio": _("Ministry CIO"),
        },
    ),
    "finding_overdue": Sentence(
        _(
            "%(overdue)s of %(open)s open findings are overdue, the oldest by %(days_overdue)s days."
        ),
        _("The reviewer accepts them as settled, or gives them another day."),
        _("An open finding has no due date."),
        _("Every open finding has a due date."),
    ),
}
