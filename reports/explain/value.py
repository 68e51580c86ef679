"""How the figures of the value page came about: goals, benefits, worth, time and services."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from governance.formatting import fiscal_year
from governance.tabular import Kind
from projects.metric_text import term_name
from projects.metrics.kpi import Actual, latest_change
from projects.metrics.periods import last_ended_fiscal_year
from projects.metrics.types import Measure, Reason
from projects.models import Benefit, Kpi, KpiValue, Project, ServiceYear, System
from projects.models.choices import KpiDirection
from projects.selectors import Criteria
from reports.explain.answer import (
    MISSING_SHOWN,
    ROWS_SHOWN,
    TRACK,
    Asked,
    Explanation,
    Missing,
    Part,
    Row,
    files_of,
    missing_of,
    row_of,
    year_in,
)
from reports.explain.sums import about, measured, summary_of
from reports.links import object_url
from reports.value import due_values, goals, placed_systems
from reports.value_services import TELLS, ServiceSums, counted_years, service_figures, unit_costs
from reports.value_terms import TermsForm
from reports.value_worth import applicable, benefits, portfolio_worth


def rounded(amount: Decimal) -> int:
    """Whole yen, as pages show them."""
    return int(amount.to_integral_value())


# Goals --------------------------------------------------------------------------------------------


def _goals(asked: Asked) -> Explanation:
    found = goals(asked.selection).total
    values = due_values(asked.selection)
    listed = list(values.select_related("kpi", *TRACK).order_by("kpi__code")[:ROWS_SHOWN])
    without = values.filter(Q(actual__isnull=True) | Q(kpi__direction=KpiDirection.UNKNOWN))
    is_share = asked.metric.id == "kpis_met_share"
    return Explanation(
        asked.metric,
        found.share if is_share else found.coverage,
        about(asked),
        parts=[
            Part("kpis_met", found.met, Kind.INTEGER),
            Part("kpis_known", found.known, Kind.INTEGER, found.known, found.asked),
            Part("kpis_asked", found.asked, Kind.INTEGER),
        ],
        columns=[
            ("fiscal_year", _("fiscal year"), Kind.YEAR),
            ("target", term_name("target"), Kind.DECIMAL),
            ("actual", term_name("actual"), Kind.DECIMAL),
            ("met", _("met"), Kind.TEXT),
        ],
        rows=[_goal(value) for value in listed],
        rows_total=values.count(),
        missing=missing_of(v.kpi for v in without.select_related("kpi")[:MISSING_SHOWN]),
        missing_total=without.count(),
        files=files_of(listed),
    )


def _goal(value: KpiValue) -> Row:
    return row_of(
        value,
        {
            "fiscal_year": value.fiscal_year,
            "target": value.target,
            "actual": value.actual,
            "met": _is_met(value),
        },
        str(value.kpi),
    )


def _is_met(value: KpiValue) -> str | None:
    if value.actual is None or value.target is None:
        return None
    if value.kpi.direction == KpiDirection.UP:
        return _("yes") if value.actual >= value.target else _("no")
    if value.kpi.direction == KpiDirection.DOWN:
        return _("yes") if value.actual <= value.target else _("no")
    return None


def _change(asked: Asked) -> Explanation:
    """Of one KPI: never across a change of method. Two queries."""
    kpi: Kpi | None = asked.kpi
    if kpi is None:
        return Explanation(
            asked.metric, Measure(None, Reason.NOT_APPLICABLE), _("one KPI at a time")
        )
    last = last_ended_fiscal_year(asked.as_of)
    values = list(
        kpi.values.filter(actual__isnull=False, fiscal_year__lte=last)
        .select_related(*TRACK)
        .order_by("-fiscal_year", "-method_version")
    )
    methods = dict(kpi.methods.values_list("number", "from_year"))
    found = latest_change(
        [
            Actual(value.fiscal_year, value.method_version, value.actual)
            for value in values
            if value.actual is not None
        ],
        methods,
    )
    previous = None if found is None or found.previous is None else found.previous.value
    notes = []
    if found is not None and found.broken_in is not None:
        notes.append(
            _("The series broke in %(year)s: nothing is compared across a new method.")
            % {"year": fiscal_year(found.broken_in)}
        )
    return Explanation(
        asked.metric,
        Measure(None, Reason.NO_DATA) if found is None else found.growth,
        str(kpi),
        parts=[
            Part("actual", None if found is None else found.current.value, Kind.DECIMAL),
            Part("previous_actual", previous, Kind.DECIMAL),
        ],
        columns=[
            ("fiscal_year", _("fiscal year"), Kind.YEAR),
            ("method", _("method"), Kind.INTEGER),
            ("actual", term_name("actual"), Kind.DECIMAL),
        ],
        rows=[
            row_of(
                value,
                {
                    "fiscal_year": value.fiscal_year,
                    "method": value.method_version,
                    "actual": value.actual,
                },
            )
            for value in values
        ],
        rows_total=len(values),
        notes=notes,
        files=files_of(values),
    )


def _cost_line(asked: Asked) -> Explanation:
    """The line between low and high cost: three statements and one for the lists."""
    summary = summary_of(asked)
    at, rows = placed_systems(asked.selection, summary.year, summary.use_threshold)
    placed = [row for row in rows if row.missing is None]
    return Explanation(
        asked.metric,
        Measure(None, Reason.NO_DATA) if at.cost is None else Measure(Decimal(at.cost)),
        about(asked, year=summary.year),
        parts=[
            Part(
                "median_cost",
                None if at.cost is None else int(at.cost),
                Kind.YEN,
                len(placed),
                len(rows),
            )
        ],
        columns=[("operation", term_name("operation"), Kind.YEN)],
        rows=[
            Row(
                row.name,
                object_url(System(system_id=row.system_id)),
                {"operation": row.operation},
                explain_url=asked.links.explain_holder(
                    "operation_cost", System(system_id=row.system_id), summary.year
                ),
            )
            for row in placed[:ROWS_SHOWN]
        ],
        rows_total=len(placed),
    )


# Benefits and worth -------------------------------------------------------------------------------

_GAINS: Final[Mapping[str, tuple[str, str, str]]] = {
    "benefit_planned": ("planned_benefit", "planned", "asked"),
    "benefit_realised": ("realised_benefit", "realised", "due"),
    "benefit_forecast": ("expected_benefit", "forecast", "asked"),
}


def _benefits(asked: Asked) -> Explanation:
    """Of all, of a fiscal year (`benefit_year`) or of a kind. Three queries."""
    term, name, of = _GAINS[asked.metric.id]
    found = benefits(asked.selection)
    rows = applicable(asked.selection)
    year, kind = year_in(asked.params.get("benefit_year", "")), asked.params.get("kind", "")
    gains = found.total
    if year is not None and year in found.by_year:
        gains, rows = found.by_year[year], rows.filter(fiscal_year=year)
    elif kind in found.by_kind:
        gains, rows = found.by_kind[kind], rows.filter(kind=kind)
    listed = list(rows.select_related("project", *TRACK).order_by("-planned", "pk")[:ROWS_SHOWN])
    value = getattr(gains, name)
    known, asked_of = getattr(gains, f"{name}_known"), getattr(gains, of)
    return Explanation(
        asked.metric,
        measured(value),
        about(asked, year=year),
        parts=[Part(term, value, Kind.YEN, known, asked_of)],
        columns=[
            ("fiscal_year", _("fiscal year"), Kind.YEAR),
            ("planned", _("planned"), Kind.YEN),
            ("realised", _("realised"), Kind.YEN),
        ],
        rows=[_benefit(row) for row in listed],
        rows_total=rows.count(),
        notes=[_("Forecast: realised where the year is over and that is known, else planned.")],
        files=files_of(listed),
    )


def _benefit(row: Benefit) -> Row:
    return row_of(
        row,
        {"fiscal_year": row.fiscal_year, "planned": row.planned, "realised": row.realised},
        f"{row.project}: {row.get_kind_display()}",
    )


def _worth(asked: Asked) -> Explanation:
    """Of the projects together, to one common base year. Six queries."""
    rate = TermsForm(asked.params).terms().rate
    found = portfolio_worth(asked.selection, rate)
    whole = found.worth
    known = [row for row in found.projects if row.worth is not None]
    without = [row for row in found.projects if row.worth is None]
    parts = []
    if whole is not None:
        parts = [
            Part("pv_costs", rounded(whole.appraisal.pv_costs), Kind.YEN, found.known, found.asked),
            Part("pv_benefits", rounded(whole.appraisal.pv_benefits), Kind.YEN),
            Part("", rate, Kind.RATIO, label=_("discount rate")),
            Part("", fiscal_year(whole.base_year), Kind.TEXT, label=_("base year")),
            Part("", whole.horizon, Kind.INTEGER, label=_("years")),
        ]
    return Explanation(
        asked.metric,
        Measure(None, Reason.NO_DATA) if whole is None else _WORTH[asked.metric.id](whole),
        about(asked),
        parts=parts,
        columns=[
            ("pv_costs", term_name("pv_costs"), Kind.YEN),
            ("pv_benefits", term_name("pv_benefits"), Kind.YEN),
        ],
        rows=[_project(asked, row) for row in known[:ROWS_SHOWN]],
        rows_total=len(known),
        missing=[
            Missing(row.name, object_url(Project(code=row.code))) for row in without[:MISSING_SHOWN]
        ],
        missing_total=len(without),
        notes=[_("Each project's row is discounted to its own base year, as on its own page.")],
    )


def _project(asked: Asked, row: Any) -> Row:
    project = Project(code=row.code)
    return Row(
        row.name,
        object_url(project),
        {
            "pv_costs": rounded(row.worth.appraisal.pv_costs),
            "pv_benefits": rounded(row.worth.appraisal.pv_benefits),
        },
        explain_url=asked.links.explain_holder(asked.metric.id, project, None),
    )


_WORTH: Final[Mapping[str, Callable[[Any], Measure]]] = {
    "pv_costs": lambda worth: Measure(worth.appraisal.pv_costs),
    "pv_benefits": lambda worth: Measure(worth.appraisal.pv_benefits),
    "npv": lambda worth: Measure(worth.appraisal.npv),
    "bcr": lambda worth: worth.appraisal.bcr,
    "roi": lambda worth: worth.appraisal.roi,
    "irr": lambda worth: worth.irr,
    "payback": lambda worth: worth.payback,
    "discounted_payback": lambda worth: worth.discounted_payback,
}

# Services -----------------------------------------------------------------------------------------

_SERVICE_FIGURES: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    # Metric → the count of services that tell it, and the fields of a year that it is made of.
    "digital_take_up": ("used", ("online_cases", "cases")),
    "completion_rate": ("completing", ("cases", "started_cases")),
    "satisfaction": ("asked_users", ("satisfaction_ratio", "satisfaction_answers")),
    "user_hours": ("timed", ("cases", "minutes_per_case")),
    "administrative_burden": ("timed", ("cases", "minutes_per_case")),
    "hours_saved": ("compared", ("cases", "minutes_per_case", "base_minutes")),
    "time_saved_value": ("compared", ("cases", "minutes_per_case", "base_minutes")),
}
_KINDS: Final[Mapping[str, Kind]] = {
    "satisfaction_ratio": Kind.RATIO,
    "minutes_per_case": Kind.DECIMAL,
    "base_minutes": Kind.DECIMAL,
}


def _services(asked: Asked) -> Explanation:
    """Over the services of the selection, or one of them, in the latest year each counts cases.
    Four queries."""
    count, names = _SERVICE_FIGURES[asked.metric.id]
    years = counted_years(asked.selection)
    sums = _sums(asked)
    if asked.service is not None:
        years = years.filter(service=asked.service)
    told = years.filter(TELLS[count])
    services = asked.selection.services()
    if asked.service is not None:
        services = services.filter(pk=asked.service.pk)
    without = services.exclude(pk__in=told.order_by().values("service_id"))
    known, asked_of = told.count(), services.count()
    listed: list[Any] = list(
        told.select_related("service", *TRACK).order_by("-cases", "pk")[:ROWS_SHOWN]
    )
    measure, parts = _reading(asked, sums, known, asked_of)
    if asked.metric.id == "satisfaction" and asked.service is not None and not known:
        measure, told = _share_alone(years), years.filter(satisfaction_ratio__isnull=False)
        listed = list(told.select_related("service", *TRACK))
        known = len(listed)
    return Explanation(
        asked.metric,
        measure,
        about(asked) if asked.service is None else str(asked.service),
        parts=parts,
        columns=[
            ("fiscal_year", _("fiscal year"), Kind.YEAR),
            *((name, _label(name), _KINDS.get(name, Kind.INTEGER)) for name in names),
        ],
        rows=[
            row_of(
                year,
                {"fiscal_year": year.fiscal_year, **{n: getattr(year, n) for n in names}},
                str(year.service),
                year.service.service_id,
            )
            for year in listed
        ],
        rows_total=known,
        missing=missing_of(without.order_by("service_id")[:MISSING_SHOWN]),
        missing_total=asked_of - known,
        notes=[_("Of each service the latest year that counts cases, up to the day.")],
        files=files_of(listed),
    )


def _share_alone(years: QuerySet[ServiceYear]) -> Measure:
    """What one service reports as its share of satisfied answers, without how many there were."""
    share = years.values_list("satisfaction_ratio", flat=True).first()
    return Measure(None, Reason.NO_DATA) if share is None else Measure(share)


def _label(name: str) -> str:
    if name == "base_minutes":
        return term_name("base_minutes")
    field = ServiceYear._meta.get_field(name)
    return str(getattr(field, "verbose_name", name))


def _sums(asked: Asked) -> ServiceSums:
    found = service_figures(asked.selection, asked.service)
    return sum(found.by_agency.values(), start=ServiceSums())


def _reading(
    asked: Asked, sums: ServiceSums, known: int, asked_of: int
) -> tuple[Measure, list[Part]]:
    """The value, and the terms of its formula."""
    shares: dict[str, tuple[Measure, tuple[tuple[str, Any], ...]]] = {
        "digital_take_up": (
            sums.digital_take_up,
            (("online_cases", sums.online_cases), ("cases", sums.used_cases)),
        ),
        "completion_rate": (
            sums.completion,
            (("cases", sums.completed), ("started_cases", sums.started)),
        ),
        "satisfaction": (
            sums.satisfaction,
            (("satisfied", Decimal(sums.satisfied) / 10_000), ("answers", sums.answers)),
        ),
    }
    if asked.metric.id in shares:
        measure, terms = shares[asked.metric.id]
        return measure, [
            Part(
                term,
                value if measure.value is not None else None,
                Kind.DECIMAL if isinstance(value, Decimal) else Kind.INTEGER,
                known,
                asked_of,
            )
            for term, value in terms
        ]
    burden = sums.burden(asked_of)
    price = TermsForm(asked.params).terms().yen_per_hour
    is_saved = asked.metric.id in {"hours_saved", "time_saved_value"}
    hours = burden.hours_saved if is_saved else burden.hours
    term = "hours_saved" if is_saved else "hours_spent"
    hours_part = Part(term, hours.value, Kind.DECIMAL, known, asked_of)
    if asked.metric.id in {"user_hours", "hours_saved"}:
        return hours, [hours_part]
    worth = burden.value_saved(price) if is_saved else burden.cost(price)
    return worth, [hours_part, Part("yen_per_hour", price, Kind.YEN)]


def cost_of_a_system(asked: Asked) -> Explanation:
    """Operation cost ÷ cases of all services on one system, as the value page has it. Four
    queries."""
    system = asked.system
    if system is None:
        return _cost_a_case(asked)
    criteria = Criteria(text=system.system_id, fiscal_year=asked.criteria.fiscal_year)
    found = unit_costs(replace(asked, criteria=criteria).selection)
    row = next((one for one in found.rows if one.system_id == system.system_id), None)
    years: list[ServiceYear] = []
    if row is not None:
        years = list(
            asked.rows(ServiceYear)
            .filter(service__systems=system, fiscal_year=row.fiscal_year, cases__isnull=False)
            .select_related("service", *TRACK)
            .order_by("-cases", "pk")
        )
    return Explanation(
        asked.metric,
        Measure(None, Reason.NO_DATA) if row is None else row.cost_per_transaction,
        str(system) if row is None else f"{system}, {fiscal_year(row.fiscal_year)}",
        parts=[
            Part("cost", None if row is None else row.operation, Kind.YEN),
            Part("cases", None if row is None else row.cases, Kind.INTEGER),
        ],
        columns=[("cases", term_name("cases"), Kind.INTEGER)],
        rows=[
            row_of(year, {"cases": year.cases}, str(year.service), year.service.service_id)
            for year in years
        ],
        rows_total=len(years),
        files=files_of(years),
    )


def _cost_a_case(asked: Asked) -> Explanation:
    """Over the systems of the selection that tell their cost and count cases. Three queries."""
    found = unit_costs(asked.selection)
    measure, known, asked_of = found.of()
    told = [row for row in found.rows if row.operation is not None]
    without = [row for row in found.rows if row.operation is None]
    return Explanation(
        asked.metric,
        measure,
        about(asked),
        parts=[
            Part("cost", sum(row.operation or 0 for row in told) if told else None, Kind.YEN,
                 known, asked_of),
            Part("cases", sum(row.cases for row in told) if told else None, Kind.INTEGER),
        ],
        columns=[
            ("fiscal_year", _("fiscal year"), Kind.YEAR),
            ("cost", term_name("cost"), Kind.YEN),
            ("cases", term_name("cases"), Kind.INTEGER),
        ],
        rows=[
            Row(
                row.name,
                object_url(System(system_id=row.system_id)),
                {"fiscal_year": row.fiscal_year, "cost": row.operation, "cases": row.cases},
                explain_url=asked.links.explain_holder(
                    "operation_cost", System(system_id=row.system_id), row.fiscal_year
                ),
            )
            for row in told[:ROWS_SHOWN]
        ],
        rows_total=len(told),
        missing=[
            Missing(row.name, object_url(System(system_id=row.system_id)))
            for row in without[:MISSING_SHOWN]
        ],
        missing_total=len(without),
    )  # fmt: skip


EXPLAINERS: Mapping[str, Callable[[Asked], Explanation]] = {
    "kpis_met_share": _goals,
    "kpi_coverage": _goals,
    "kpi_change": _change,
    "cost_line": _cost_line,
    **dict.fromkeys(_GAINS, _benefits),
    **dict.fromkeys(_WORTH, _worth),
    **dict.fromkeys(_SERVICE_FIGURES, _services),
    "cost_per_transaction": _cost_a_case,
}
OF_A_SYSTEM: Mapping[str, Callable[[Asked], Explanation]] = {
    "cost_per_transaction": cost_of_a_system
}
ABOUT_GOALS: Final = frozenset({"kpis_met_share", "kpi_coverage", "kpi_change", *_GAINS, *_WORTH})
"""Made of KPIs and benefits, which not every reader of the portfolio may read."""
