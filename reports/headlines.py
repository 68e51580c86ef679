"""The headline figures in their published shape: one for scripts and for the API."""

from decimal import Decimal
from typing import Any, Final

from governance.formatting import iso_date
from projects.metrics.dictionary import METRIC_OF_FIGURE
from projects.metrics.risk import RULES
from projects.metrics.types import Measure
from projects.selectors import SEVERITIES
from reports.dashboards import Summary, YearCost

PLACES = Decimal("0.000001")
COST_KEYS = ("development", "operation", "other", "initial", "available", "executed")


METRIC_IDS: Final[dict[str, str]] = {
    "systems": "systems",
    "projects": "projects",
    **{f"cost.*.{key}": METRIC_OF_FIGURE[key] for key in COST_KEYS},
    "contracts.single_bid_ratio": "single_bid_ratio",
    "services_online.use_ratio": "online_use",
    "reviews.overdue": "reviews_overdue",
    "updates.late": "reports_late",
    "flags.*": "open_flags",
}
"""Figures of the answer (a star stands for any key) → their entry in the metric dictionary."""


def as_json(summary: Summary) -> dict[str, Any]:
    """The shape of docs/portfolio-json.md: integer yen and counts, ratios to six places, unknown
    null. A published shape: keys may be added, none is taken away or changes its meaning."""
    total = summary.total
    return {
        "metrics": METRIC_IDS,
        "as_of": iso_date(summary.as_of),
        "agencies": summary.agencies_valid,
        "systems": total.systems,
        "projects": total.projects,
        "services": total.services,
        "cost": {
            str(year): {key: getattr(cost, key) for key in COST_KEYS}
            for year, cost in years(summary)
        },
        "contracts": {
            "count": total.contracts,
            "competitive": total.competitive,
            "single_bid": total.single_bids,
            "single_bid_ratio": _number(total.single_bid_ratio),
        },
        "services_online": {
            "cases": total.cases,
            "online_cases": total.online_cases,
            "use_ratio": _number(total.online_use),
        },
        "reviews": _unless(
            "reviews" in summary.not_shown, count=total.reviews, overdue=total.reviews_overdue
        ),
        "updates": _unless(
            "reports" in summary.not_shown, due=total.reports_due, late=total.reports_late
        ),
        "flags": {
            rule_id: {
                severity.value: total.flags.get(rule_id, {}).get(severity, 0)
                for severity in SEVERITIES
            }
            for rule_id in sorted({*RULES, *total.flags})
        },
    }


def _unless(is_hidden: bool, **counts: int) -> dict[str, int | None]:  # noqa: FBT001
    """Null where the reader's role may not know: a nought would say that there is none."""
    return {name: None if is_hidden else count for name, count in counts.items()}


def years(summary: Summary) -> list[tuple[int, YearCost]]:
    """Years with any of the published figures; only the year asked for, if one was."""
    asked = summary.criteria.fiscal_year
    return [
        (year, cost)
        for year, cost in sorted(summary.total.years.items())
        if asked in (None, year) and any(getattr(cost, key) is not None for key in COST_KEYS)
    ]


def _number(measure: Measure) -> float | None:
    return None if measure.value is None else float(measure.value.quantize(PLACES))
