"""Counts, sums and rates of the dashboards: the value as the page has it, and what stands under it."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _

from governance.formatting import fiscal_year
from governance.tabular import Kind
from projects.flag_sight import FlagSight
from projects.metric_text import term_name
from projects.metrics.types import Measure, Reason
from projects.models import YearRollup
from projects.models.choices import FlagSeverity, OnlineStatus
from projects.risk_text import title_of
from projects.selectors import (
    ENDED_STATUSES,
    flagged_projects,
    has_split,
    is_bulk,
    is_late,
    is_measured,
    is_overdue,
    owes_report,
    spent,
    worst_severity,
)
from reports.dashboards import Summary, summarise
from reports.explain.answer import (
    MISSING_SHOWN,
    ROWS_SHOWN,
    TRACK,
    Asked,
    Explanation,
    Part,
    Row,
    files_of,
    missing_of,
    row_of,
)
from reports.explain.rollups import known, rollup_rows, yen_columns

# Metric → term of its formula, field of the rollup, attribute of the year's cost.
_COSTS: Final[Mapping[str, tuple[str, str, str]]] = {
    "development_cost": ("development", "development", "development"),
    "operation_cost": ("operation", "operation", "operation"),
    "other_cost": ("other", "other", "other"),
    "executed_cost": ("executed_total", "executed", "executed"),
    "initial_budget": ("initial", "initial", "initial"),
    "available_budget": ("available_budget", "available", "available"),
}


_CLASSES: Final = frozenset({"development", "operation", "other"})


def summary_of(asked: Asked) -> Summary:
    """The figures of the page under the same filters. Cost: three statements."""
    return summarise(asked.rows, asked.criteria, asked.as_of, asked.tree)


def measured(value: int | None) -> Measure:
    return Measure(None, Reason.NO_DATA) if value is None else Measure(Decimal(value))


def about(asked: Asked, *, year: int | None = None) -> str:
    """What the figure is about, in words."""
    where = _("All that you may see") if asked.agency is None else str(asked.agency)
    return where if year is None else f"{where}, {fiscal_year(year)}"


def rollups_of(asked: Asked, year: int | None) -> QuerySet[YearRollup]:
    rollups = asked.selection.rollups()
    return rollups.none() if year is None else rollups.filter(fiscal_year=year)


# Cost ---------------------------------------------------------------------------------------------


def _cost(asked: Asked) -> Explanation:
    term, name, attribute = _COSTS[asked.metric.id]
    summary = summary_of(asked)
    value = getattr(summary.cost, attribute)
    rows = rollups_of(asked, summary.year).filter(known(name))
    found = _of_rollups(asked, summary, rows, {term: name}, {term: asked.metric.id})
    found.measure = measured(value)
    found.parts = [_covered(asked, summary, rows, term, value)]
    return found


def _covered(
    asked: Asked, summary: Summary, rows: QuerySet[YearRollup], term: str, value: int | None
) -> Part:
    """A sum with its coverage: systems whose figure is in it, of all systems."""
    held = rows.aggregate(systems=Count("system"))["systems"]
    lines = asked.links.cost_lines(summary.year, term) if term in _CLASSES else ""
    return Part(term, value, Kind.YEN, held, summary.total.systems, lines)


def _of_rollups(
    asked: Asked,
    summary: Summary,
    rows: QuerySet[YearRollup],
    figures: Mapping[str, str],
    level: Mapping[str, str],
) -> Explanation:
    listed, total, files = rollup_rows(asked, rows, figures, level)
    without = asked.selection.systems().exclude(
        pk__in=rows.filter(system__isnull=False).order_by().values("system_id")
    )
    return Explanation(
        asked.metric,
        Measure(None, Reason.NO_DATA),
        about(asked, year=summary.year),
        columns=yen_columns({term: term_name(term) for term in figures}),
        rows=listed,
        rows_total=total,
        missing=missing_of(without.order_by("system_id")[:MISSING_SHOWN]),
        missing_total=without.count(),
        files=files,
    )


def _unsplit(asked: Asked) -> Explanation:
    summary = summary_of(asked)
    rows = rollups_of(asked, summary.year).filter(known("executed"), ~has_split() & ~is_bulk())
    found = _of_rollups(asked, summary, rows, {"unsplit": "executed"}, {"unsplit": "executed_cost"})
    found.measure = measured(summary.cost.unsplit)
    found.parts = [Part("unsplit", summary.cost.unsplit, Kind.YEN)]
    # Here nothing is missing: most systems say what their money was for.
    found.missing, found.missing_total = (), 0
    return found


def _spent(asked: Asked) -> Explanation:
    summary = summary_of(asked)
    rows = rollups_of(asked, summary.year).filter(
        has_split() | Q(executed__isnull=False) & ~is_bulk()
    )
    figures = {"executed_total": "executed"} | {
        name: name for name in ("development", "operation", "other")
    }
    found = _of_rollups(asked, summary, rows, figures, {"executed_total": "executed_cost"})
    found.measure = measured(summary.cost.spent)
    terms = ("development", "operation", "other", "unsplit")
    found.parts = [Part(term, getattr(summary.cost, term), Kind.YEN) for term in terms]
    return found


def _execution_rate(asked: Asked) -> Explanation:
    summary = summary_of(asked)
    either = rollups_of(asked, summary.year).filter(
        Q(executed__isnull=False) | Q(available__isnull=False)
    )
    rated = either.filter(known("executed", "available"))
    listed, total, files = rollup_rows(
        asked,
        rated,
        {"executed": "executed", "available": "available"},
        {"executed": "execution_rate"},
    )
    asked_of = either.count()
    without = asked.selection.systems().filter(
        pk__in=either.exclude(pk__in=rated.order_by().values("pk")).order_by().values("system_id")
    )
    cost = summary.cost
    return Explanation(
        asked.metric,
        cost.execution_rate,
        about(asked, year=summary.year),
        parts=[
            Part("executed", cost.rated_executed, Kind.YEN, total, asked_of),
            Part("available", cost.rated_available, Kind.YEN, total, asked_of),
        ],
        columns=yen_columns({term: term_name(term) for term in ("executed", "available")}),
        rows=listed,
        rows_total=total,
        missing=missing_of(without.order_by("system_id")[:MISSING_SHOWN]),
        missing_total=without.count(),
        notes=[_("Only systems and projects that report both figures are in the rate.")],
        files=files,
    )


def _outcome_coverage(asked: Asked) -> Explanation:
    summary = summary_of(asked)
    cost = summary.cost
    last = asked.selection.last_year
    rows = (
        rollups_of(asked, summary.year)
        .filter(system__isnull=False)
        .annotate(spent_here=spent())
        .filter(spent_here__isnull=False)
    )
    in_value = rows.filter(is_measured(last, "system_id"))
    listed, total, files = rollup_rows(
        asked, in_value, {"spent_measured": "spent_here"}, {"spent_measured": "executed_cost"}
    )
    without = asked.selection.systems().exclude(is_measured(last))
    return Explanation(
        asked.metric,
        cost.measured_share,
        about(asked, year=summary.year),
        parts=[
            Part("spent_measured", cost.measured_spent or 0, Kind.YEN, total, rows.count()),
            Part("spent_all", cost.system_spent, Kind.YEN),
        ],
        columns=yen_columns({"spent_measured": term_name("spent_measured")}),
        rows=listed,
        rows_total=total,
        missing=missing_of(without.order_by("system_id")[:MISSING_SHOWN]),
        missing_total=without.count(),
        files=files,
    )


# Counts -------------------------------------------------------------------------------------------


def counted(
    asked: Asked, rows: QuerySet[Any], term: str, *, of: int | None = None, list_url: str = ""
) -> Explanation:
    """A number of register rows, with the first of them. Cost: two queries."""
    total = rows.count()
    listed = list(rows.select_related(*TRACK)[:ROWS_SHOWN])
    return Explanation(
        asked.metric,
        measured(total),
        about(asked),
        parts=[Part(term, total, Kind.INTEGER, list_url=list_url)],
        rows=[row_of(row, {}) for row in listed],
        rows_total=total,
        files=files_of(listed),
        notes=[] if of is None else [_("Of %(all)s.") % {"all": f"{of:,}"}],
    )


def _systems(asked: Asked) -> Explanation:
    rows = asked.selection.systems().order_by("system_id")
    return counted(asked, rows, "system", list_url=asked.links.systems())


def _live_systems(asked: Asked) -> Explanation:
    gone = Q(status__in=ENDED_STATUSES) | Q(retired_on__isnull=False, retired_on__lte=asked.as_of)
    systems = asked.selection.systems()
    rows = systems.exclude(gone).order_by("system_id")
    return counted(asked, rows, "live_system", of=systems.count(), list_url=asked.links.systems())


def _measured_systems(asked: Asked) -> Explanation:
    systems = asked.selection.systems()
    condition = is_measured(asked.selection.last_year)
    found = counted(asked, systems.filter(condition).order_by("system_id"), "measured_system")
    without = systems.exclude(condition)
    found.missing = missing_of(without.order_by("system_id")[:MISSING_SHOWN])
    found.missing_total = without.count()
    asked_of = found.rows_total + found.missing_total
    found.parts = [
        Part("measured_system", found.rows_total, Kind.INTEGER, found.rows_total, asked_of)
    ]
    return found


def _projects(asked: Asked) -> Explanation:
    rows = asked.selection.projects().order_by("code")
    return counted(asked, rows, "project", list_url=asked.links.projects())


def _high_risk(asked: Asked) -> Explanation:
    projects = asked.selection.projects()
    rows = projects.annotate(
        worst=worst_severity(asked.selection.open_flags(), flagged_projects)
    ).filter(worst=FlagSeverity.HIGH)
    return counted(asked, rows.order_by("code"), "project_high", of=projects.count())


def _open_flags(asked: Asked) -> Explanation:
    """Findings; what could not be judged is no finding and is counted beside them."""
    flags = asked.selection.flags()
    rows = flags if asked.criteria.severity else flags.exclude(severity=FlagSeverity.UNKNOWN)
    total = rows.count()
    listed = rows.select_related(
        "system", "project", "contract", "review__review_type", "review__system", "review__project"
    ).order_by("opened_on", "pk")[:ROWS_SHOWN]
    unknown = flags.filter(severity=FlagSeverity.UNKNOWN).count()
    sight = FlagSight(asked.user)
    return Explanation(
        asked.metric,
        measured(total),
        about(asked),
        parts=[Part("flag", total, Kind.INTEGER, list_url=asked.links.attention())],
        rows=[_flag_row(asked, flag, sight) for flag in listed],
        rows_total=total,
        columns=[
            ("severity", _("Severity"), Kind.TEXT),
            ("opened_on", _("Open since"), Kind.DATE),
            ("judged_on", _("Judged on"), Kind.DATE),
        ],
        notes=[
            _("Rules that could not be applied for want of data: %(n)s.") % {"n": f"{unknown:,}"}
        ],
    )


def _flag_row(asked: Asked, flag: Any, sight: FlagSight) -> Row:
    return Row(
        f"{title_of(flag.rule_id)}: {sight.subject(flag)}",
        asked.links.flag(flag.pk),
        {
            "severity": str(flag.get_severity_display()),
            "opened_on": flag.opened_on,
            "judged_on": flag.judged_on,
        },
    )


def _not_shown(asked: Asked) -> Explanation:
    """Of rows that the reader's role may not read nothing is told, not even how many there are."""
    return Explanation(
        asked.metric,
        Measure(None, Reason.NOT_SHOWN),
        about(asked),
    )


def _reports_late(asked: Asked) -> Explanation:
    summary = summary_of(asked)
    if "reports" in summary.not_shown:
        return _not_shown(asked)
    period = summary.period
    projects = asked.selection.projects().filter(asked.selection.reads_reports())
    found = counted(
        asked,
        projects.filter(is_late(period, asked.as_of)).order_by("code"),
        "late",
        of=projects.filter(owes_report(period, asked.as_of)).count(),
        list_url=asked.links.attention(rule="late_report"),
    )
    found.notes.append(_("For the month %(month)s.") % {"month": f"{period:%Y-%m}"})
    return found


def _reviews_overdue(asked: Asked) -> Explanation:
    if "reviews" in summary_of(asked).not_shown:
        return _not_shown(asked)
    reviews = asked.selection.reviews()
    rows = reviews.filter(is_overdue(asked.as_of)).select_related(
        "review_type", "system", "project"
    )
    return counted(asked, rows.order_by("due_on", "pk"), "overdue", of=reviews.count())


# Use ----------------------------------------------------------------------------------------------


def _online_use(asked: Asked) -> Explanation:
    summary = summary_of(asked)
    total = summary.total
    years = asked.selection.service_years().select_related("service", *TRACK)
    listed = list(years.order_by("-cases", "pk")[:ROWS_SHOWN])
    services = asked.selection.services().filter(online_status=OnlineStatus.AVAILABLE)
    without = services.exclude(pk__in=years.order_by().values("service_id"))
    return Explanation(
        asked.metric,
        total.online_use,
        about(asked),
        parts=[
            Part("counted_online", total.online_cases, Kind.INTEGER, total.services_measured,
                 services.count()),
            Part("counted_cases", total.cases, Kind.INTEGER),
        ],
        columns=[
            ("fiscal_year", _("fiscal year"), Kind.YEAR),
            ("counted_online", term_name("online_cases"), Kind.INTEGER),
            ("counted_cases", term_name("cases"), Kind.INTEGER),
        ],
        rows=[
            row_of(
                year,
                {
                    "fiscal_year": year.fiscal_year,
                    "counted_online": year.online_cases,
                    "counted_cases": year.cases,
                },
                str(year.service),
            )
            for year in listed
        ],
        rows_total=total.services_measured,
        missing=missing_of(without.order_by("service_id")[:MISSING_SHOWN]),
        missing_total=without.count(),
        notes=[_("Services that are online and report both counts, each agency's latest year.")],
        files=files_of(listed),
    )  # fmt: skip


EXPLAINERS: Mapping[str, Callable[[Asked], Explanation]] = {
    **dict.fromkeys(_COSTS, _cost),
    "unsplit_cost": _unsplit,
    "spent_cost": _spent,
    "execution_rate": _execution_rate,
    "outcome_coverage": _outcome_coverage,
    "systems": _systems,
    "live_systems": _live_systems,
    "measured_systems": _measured_systems,
    "projects": _projects,
    "projects_at_high_risk": _high_risk,
    "open_flags": _open_flags,
    "reports_late": _reports_late,
    "reviews_overdue": _reviews_overdue,
    "online_use": _online_use,
}
