"""Value: goals reached, and what users of services get."""

from __future__ import annotations

from projects.metrics.dictionary.entry import NO_DATA, ZERO, Better, Metric, Owner, Term, Unit
from projects.metrics.types import Reason

_GDS = "UK Government Digital Service, service KPIs"

TERMS = {
    "actual": Term("actual", "実績値"),
    "baseline": Term("baseline", "基準値"),
    "target": Term("target", "目標値"),
    "cost": Term("cost", "費用"),
    "cases": Term("cases", "件数"),
    "online_cases": Term("online cases", "オンライン件数"),
    "met_cases": Term("cases that met the standard", "基準を満たした件数"),
}

ENTRIES = (
    Metric(
        "achievement_ratio",
        "Achievement of a KPI",
        "KPI達成率",
        "({actual} − {baseline}) ÷ ({target} − {baseline})",
        Unit.RATIO,
        "any",
        (NO_DATA, ZERO),
        "GSA, Metric Scoring Algorithm",
        Better.MORE,
        Owner.PJMO,
    ),
    Metric(
        "cost_per_transaction",
        "Cost per transaction",
        "1件当たり費用",
        "{cost} ÷ {cases}",
        Unit.YEN,
        "≥ 0",
        (NO_DATA, ZERO),
        _GDS,
        Better.LESS,
        Owner.PMO,
    ),
    Metric(
        "digital_take_up",
        "Digital take-up (online use)",
        "オンライン利用率",
        "{online_cases} ÷ {cases}",
        Unit.RATIO,
        "0 to 1",
        (NO_DATA, ZERO, Reason.INCONSISTENT),
        _GDS,
        Better.MORE,
        Owner.PMO,
    ),
    Metric(
        "performance_percent",
        "Share served to standard",
        "基準達成率",
        "100 × {met_cases} ÷ {cases}",
        Unit.PERCENT,
        "0 to 100",
        (NO_DATA, ZERO),
        "Canada, service inventory",
        Better.MORE,
        Owner.PMO,
    ),
)
