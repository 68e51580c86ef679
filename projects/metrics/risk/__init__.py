"""The rule book: importing this package lists every rule in ``RULES``."""

from projects.metrics.risk.bidders import Award, single_bidder
from projects.metrics.risk.execution import Budget, Settlement, execution_rate
from projects.metrics.risk.monthly_reports import Reporting, late_report
from projects.metrics.risk.online_use import OnlineUse, low_online_use
from projects.metrics.risk.operation_cost import Operation, OperationCost, cost_growth
from projects.metrics.risk.registry import (
    RULES,
    Outcome,
    ParameterError,
    Parameters,
    Problem,
    Rule,
    Severity,
    Subject,
)
from projects.metrics.risk.reviews import ReviewDates, review_overdue

__all__ = [
    "RULES",
    "Award",
    "Budget",
    "OnlineUse",
    "Operation",
    "OperationCost",
    "Outcome",
    "ParameterError",
    "Parameters",
    "Problem",
    "Reporting",
    "ReviewDates",
    "Rule",
    "Settlement",
    "Severity",
    "Subject",
    "cost_growth",
    "execution_rate",
    "late_report",
    "low_online_use",
    "review_overdue",
    "single_bidder",
]
