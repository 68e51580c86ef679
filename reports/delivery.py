"""Delivery of the portfolio: every project that reports, and the roll-up by agency."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from governance.models import Agency
from projects.delivery import Delivery, deliveries, reported_to
from projects.metrics.evm import RolledUp, rolled_up
from projects.metrics.variance import State
from projects.selectors import Selection


@dataclass(frozen=True, slots=True)
class AgencyDelivery:
    """One agency's projects: earned value rolled up, and how many stand where against their first
    plan. `agency` is None for all together."""

    agency: Agency | None
    rolled: RolledUp
    schedule: Counter[State]
    cost: Counter[State]


def portfolio_deliveries(selection: Selection, user: object) -> list[Delivery]:
    """Projects that report, the latest against their first plan first. Cost: four queries."""
    rows = reported_to(user, selection.projects()).order_by("code")
    return sorted(deliveries(rows, selection.as_of), key=_lateness)


def _lateness(row: Delivery) -> tuple[bool, int]:
    days = None if row.first is None else row.first.days.amount.value
    return days is None, 0 if days is None else int(days)


def by_agency(rows: Sequence[Delivery]) -> list[AgencyDelivery]:
    """One row an agency in establishment order. Queries nothing."""
    groups: dict[Agency, list[Delivery]] = defaultdict(list)
    for row in rows:
        groups[row.project.agency].append(row)
    ordered = sorted(groups, key=lambda agency: (agency.order, agency.code))
    return [together(agency, groups[agency]) for agency in ordered]


def together(agency: Agency | None, rows: Sequence[Delivery]) -> AgencyDelivery:
    """Sums and counts: those of the whole are those of the parts added up."""
    return AgencyDelivery(
        agency,
        rolled_up(row.value for row in rows),
        Counter(State.UNKNOWN if r.first is None else r.first.schedule_state for r in rows),
        Counter(State.UNKNOWN if r.first is None else r.first.cost_state for r in rows),
    )
