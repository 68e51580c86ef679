"""How a goal's achievement came about: the target, the actual figure and the base of one KPI."""

from collections.abc import Callable, Mapping

from django.utils.translation import gettext as _

from governance.tabular import Kind
from projects.metric_text import term_name
from projects.metrics.kpi import Direction, achievement
from projects.metrics.types import Measure, Reason
from projects.models import Kpi, KpiValue
from projects.models.choices import KpiDirection
from reports.explain.answer import TRACK, Asked, Explanation, Part, Row, files_of, row_of


def _achievement(asked: Asked) -> Explanation:
    """Of one KPI: the latest year up to the day that has a target. Cost: one query."""
    kpi = asked.kpi
    if kpi is None:
        return Explanation(
            asked.metric,
            Measure(None, Reason.NOT_APPLICABLE),
            _("one KPI at a time"),
            notes=[_("Open a KPI to see how its achievement came about.")],
        )
    values = list(
        kpi.values.filter(fiscal_year__lte=asked.selection.last_year)
        .select_related(*TRACK)
        .order_by("fiscal_year", "method_version")
    )
    wanted = [value for value in values if value.target is not None]
    if asked.criteria.fiscal_year is not None:
        wanted = [value for value in wanted if value.fiscal_year == asked.criteria.fiscal_year]
    latest = wanted[-1] if wanted else None
    return Explanation(
        asked.metric,
        _measure(kpi, latest),
        str(kpi) if latest is None else f"{kpi}, {latest.fiscal_year}",
        parts=[
            Part("actual", None if latest is None else latest.actual, Kind.DECIMAL),
            Part("target", None if latest is None else latest.target, Kind.DECIMAL),
        ],
        columns=[
            ("fiscal_year", _("fiscal year"), Kind.YEAR),
            ("method", _("method"), Kind.INTEGER),
            ("target", term_name("target"), Kind.DECIMAL),
            ("actual", term_name("actual"), Kind.DECIMAL),
        ],
        rows=[_row(value) for value in reversed(values)],
        rows_total=len(values),
        notes=[
            _("Without a baseline: actual ÷ target, or target ÷ actual where less is better."),
            _("Direction: %(direction)s.") % {"direction": kpi.get_direction_display()},
        ],
        files=files_of(values),
    )


def _measure(kpi: Kpi, latest: KpiValue | None) -> Measure:
    if latest is None or kpi.direction == KpiDirection.UNKNOWN:
        return Measure(None, Reason.NO_DATA)
    return achievement(Direction(kpi.direction), latest.target, latest.actual).ratio


def _row(value: KpiValue) -> Row:
    return row_of(
        value,
        {
            "fiscal_year": value.fiscal_year,
            "method": value.method_version,
            "target": value.target,
            "actual": value.actual,
        },
    )


EXPLAINERS: Mapping[str, Callable[[Asked], Explanation]] = {"achievement_ratio": _achievement}
