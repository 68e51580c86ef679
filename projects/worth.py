"""What projects cost and promise, year by year: the one source of every figure of their worth.

The cost is the whole of the current plan, spread evenly over its months: what was spent so far
would flatter a project that has only begun. Without a plan the years' costs stand in for it.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from governance import entry
from projects.metrics import promise
from projects.metrics.risk import Plan
from projects.models import Baseline
from projects.models.choices import RequestState
from projects.services import flag_facts

DISCOUNT_RATE: Final = Decimal("0.04")
"""Japan's customary social discount rate a year."""


def read_rate(text: str) -> Decimal:
    """A discount rate typed in percent ("4", "3.5%"), as a ratio. Raises ValidationError for what
    is no number, and outside 0 to 100 %."""
    rate = entry.percent(text) / 100
    if not 0 <= rate <= 1:
        raise ValidationError(_("The rate lies from 0 to 100 %."), code="rate_range")
    return rate


@dataclass(frozen=True, slots=True)
class Flows:
    """One project: yen by fiscal year. `plan` is the number of the plan that the costs are from;
    None where they are from the cost lines."""

    costs: promise.Years
    plan: int | None
    benefits: Sequence[promise.Benefit]

    @property
    def planned(self) -> promise.Years:
        """Benefits as planned."""
        return promise.as_planned(self.benefits)

    def expected(self, as_of: date) -> promise.Years:
        """Benefits as realised in years that are over and measured, else as planned."""
        return promise.as_expected(self.benefits, as_of)


def current_plans(ids: Collection[int], as_of: date) -> dict[int, Baseline]:
    """The latest plan of each project that was agreed by the day. Cost: one query."""
    rows = Baseline.objects.filter(
        project_id__in=ids, state=RequestState.APPROVED, agreed_on__lte=as_of
    ).order_by("project_id", "number")
    return {row.project_id: row for row in rows}


def flows(ids: Collection[int], as_of: date) -> dict[int, Flows]:
    """Costs and benefits of projects. Cost: three queries."""
    return flows_of(ids, current_plans(ids, as_of))


def flows_of(ids: Collection[int], plans: dict[int, Baseline]) -> dict[int, Flows]:
    """`flows` by plans that are known already. Cost: two queries."""
    money, benefits = flag_facts.money("project", ids), flag_facts.benefits(ids)
    found: dict[int, Flows] = {}
    for pk in ids:
        plan = plans.get(pk)
        if plan is None:
            years = flag_facts.costs(money.get(pk, []))
        else:
            years = flag_facts.planned_cost([_terms(plan)])
        found[pk] = Flows(
            {year.fiscal_year: year.cost for year in years},
            None if plan is None else plan.number or 0,
            [
                promise.Benefit(row.fiscal_year, row.planned, row.realised)
                for row in benefits.get(pk, [])
            ],
        )
    return found


def _terms(plan: Baseline) -> Plan:
    return Plan(
        plan.agreed_on or plan.planned_start_on,
        plan.planned_start_on,
        plan.planned_end_on,
        plan.budget_at_completion,
    )
