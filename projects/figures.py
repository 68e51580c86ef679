"""A project's figures on a day, with the inputs that they were made from.

Every figure names its metric; what has no value says why. Reports count from the day on which they
were approved, baselines from the day on which they were agreed.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Model
from django.utils.translation import gettext as _

from governance.formatting import DASH
from governance.tabular import Kind
from projects import delivery
from projects.metric_text import STATES, formula_of, rates_in_words, term_name
from projects.metrics import evm, promise, variance
from projects.metrics.dictionary import METRICS, Metric
from projects.metrics.types import Measure, Reason
from projects.models import Baseline, Milestone, MonthlyUpdate, PlannedValue, Project
from projects.models.choices import SETTLED_STATES, RequestState
from projects.selectors import end_of
from projects.worth import DISCOUNT_RATE, flows_of


@dataclass(frozen=True, slots=True)
class Input:
    """One number that went into a figure: its term, value and where it stands. `record` is the
    row that holds it; `label` names it where it is no term of a formula."""

    term: str
    value: Decimal | int | date | str | None
    source: str
    record: Model | None = None
    label: str = ""
    kind: Kind = Kind.YEN

    @property
    def name(self) -> str:
        return self.label or term_name(self.term)


@dataclass(frozen=True, slots=True)
class Figure:
    """One metric of a project, on a day, against one plan."""

    metric: Metric
    measure: Measure
    inputs: tuple[Input, ...]
    note: str = ""

    def worked(self, text: Callable[[Any], str]) -> str:
        """The formula with the numbers put in (`text` writes one); a dash stands for what is not
        known. Empty where the inputs are no terms of the formula."""
        given = {item.term: item.value for item in self.inputs if item.term}
        if not set(self.metric.terms) <= given.keys():
            return ""
        return self.metric.filled(
            {key: DASH if given[key] is None else text(given[key]) for key in self.metric.terms}
        )

    def as_json(self) -> dict[str, Any]:
        return {
            "metric": self.metric.id,
            "name": self.metric.name,
            "formula": formula_of(self.metric),
            "worked": self.worked(str),
            "unit": self.metric.unit,
            "value": None if self.measure.value is None else str(self.measure.value),
            "reason": self.measure.reason,
            "note": self.note,
            "inputs": [
                {
                    "name": item.name,
                    "value": None if item.value is None else str(item.value),
                    "source": item.source,
                }
                for item in self.inputs
            ],
        }


@dataclass(frozen=True, slots=True)
class MilestoneFigure:
    """One milestone on a day: when it is expected, and by how many days that differs from the plan
    (below zero is late; undefined, with the reason, where nothing says when)."""

    milestone: Milestone
    expected_on: date | None
    days: Measure
    state: variance.State

    def as_json(self) -> dict[str, Any]:
        expected = self.expected_on
        return {
            "name": self.milestone.name,
            "planned_on": self.milestone.planned_on.isoformat(),
            "expected_on": None if expected is None else expected.isoformat(),
            "metric": "schedule_variance_days",
            "value": None if self.days.value is None else str(self.days.value),
            "reason": self.days.reason,
            "state": self.state,
        }


@dataclass(slots=True)
class ProjectFigures:
    """All figures of a project on a day, and how old they are."""

    project: Project
    as_of: date
    report: MonthlyUpdate | None
    first: Baseline | None
    current: Baseline | None
    figures: list[Figure] = field(default_factory=list)
    milestones: list[MilestoneFigure] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        report = self.report
        return {
            "project": self.project.code,
            "as_of": self.as_of.isoformat(),
            "report": None
            if report is None
            else {
                "period": f"{report.period:%Y-%m}",
                "revision": report.revision,
                "approved_at": None
                if report.approved_at is None
                else report.approved_at.isoformat(),
                "age_days": None
                if report.approved_at is None
                else (self.as_of - report.approved_at.date()).days,
            },
            "baselines": [plan.number for plan in _plans(self)],
            "figures": [figure.as_json() for figure in self.figures],
            "milestones": [one.as_json() for one in self.milestones],
        }


def _plans(figures: ProjectFigures) -> list[Baseline]:
    plans = [plan for plan in (figures.first, figures.current) if plan is not None]
    return plans[:1] if len(plans) > 1 and plans[0].pk == plans[1].pk else plans


def figures_of(project: Project, as_of: date, rate: Decimal = DISCOUNT_RATE) -> ProjectFigures:
    """All figures of a project, money discounted at `rate` a year (above -1). Cost: six queries."""
    report = (
        MonthlyUpdate.objects.filter(
            project=project, state__in=SETTLED_STATES, approved_at__lt=end_of(as_of)
        )
        .order_by("-period", "-revision")
        .first()
    )
    agreed = list(
        Baseline.objects.filter(
            project=project, state=RequestState.APPROVED, agreed_on__lte=as_of
        ).order_by("number")
    )
    first, current = (agreed[0], agreed[-1]) if agreed else (None, None)
    found = ProjectFigures(project, as_of, report, first, current)
    found.figures += _earned(report, current)
    found.figures += _scheduled(report, current)
    for plan in _plans(found):
        found.figures += _against(report, plan, as_of)
    found.figures += _worth(project, current, as_of, rate)
    rows = Milestone.objects.filter(project=project).order_by("planned_on", "pk")
    found.milestones += [_milestone(row, as_of) for row in rows]
    return found


def _from_report(
    report: MonthlyUpdate | None, name: str, term: str, kind: Kind = Kind.YEN
) -> Input:
    value = None if report is None else getattr(report, name)
    source = ""
    if report is not None:
        source = _("monthly report %(month)s, revision %(n)d") % {
            "month": f"{report.period:%Y-%m}",
            "n": report.revision,
        }
    return Input(term, value, source, report, kind=kind)


def _from_plan(plan: Baseline | None, name: str, term: str, kind: Kind = Kind.YEN) -> Input:
    value = None if plan is None else getattr(plan, name)
    return Input(term, value, _plan_name(plan), plan, kind=kind)


def _plan_name(plan: Baseline | None) -> str:
    return "" if plan is None else _("baseline %(n)d") % {"n": plan.number or 0}


def _earned(report: MonthlyUpdate | None, plan: Baseline | None) -> Iterator[Figure]:
    inputs = (
        _from_plan(plan, "budget_at_completion", "bac"),
        _from_report(report, "planned_value", "pv"),
        _from_report(report, "earned_value", "ev"),
        _from_report(report, "actual_cost", "ac"),
    )
    found = delivery.earned_value(report, plan)
    for name in (
        "cv", "sv", "cpi", "spi", "eac_typical", "eac_atypical", "eac_combined", "vac", "etc",
        "tcpi",
    ):  # fmt: skip
        yield Figure(METRICS[name], getattr(found, name), inputs)


def _yen(amount: Decimal | None) -> int | None:
    return None if amount is None else int(amount)


def _scheduled(report: MonthlyUpdate | None, plan: Baseline | None) -> Iterator[Figure]:
    """Months are the periods; the first month of the plan is the first."""
    phases: list[int] = []
    if plan is not None:
        rows = PlannedValue.objects.filter(baseline=plan).order_by("period")
        phases = list(rows.values_list("amount", flat=True))
    months = delivery.months_run(report, plan)
    found = delivery.earned_schedule(report, plan, phases)
    inputs = (
        Input("planned_periods", len(phases) or None, _plan_name(plan), plan, kind=Kind.INTEGER),
        _from_report(report, "earned_value", "ev"),
        Input("reached", found.reached, _plan_name(plan), plan, kind=Kind.INTEGER),
        Input("pv_reached", _yen(found.pv_reached), _plan_name(plan), plan),
        Input("pv_next", _yen(found.pv_next), _plan_name(plan), plan),
        Input("es", found.es.value, "", kind=Kind.DECIMAL),
        Input("at", months, _("months since the planned start"), kind=Kind.INTEGER),
    )
    for name in ("es", "sv_t", "spi_t"):
        yield Figure(METRICS[name], getattr(found, name), inputs)
    finish = (
        None
        if plan is None
        else evm.forecast_finish(plan.planned_start_on, found.forecast_duration)
    )
    note = "" if finish is None else _("finish in %(month)s") % {"month": f"{finish:%Y-%m}"}
    yield Figure(METRICS["forecast_duration"], found.forecast_duration, inputs, note)


def _against(report: MonthlyUpdate | None, plan: Baseline, as_of: date) -> Iterator[Figure]:
    """The US formula, recomputed for the day: a project past its end is late today."""
    found = delivery.against(report, plan, as_of)
    late, over = found.days, found.money
    dates = delivery.plan_dates(report, plan)
    days = (
        _from_plan(plan, "planned_start_on", "planned_start", Kind.DATE),
        _from_plan(plan, "planned_end_on", "planned_end", Kind.DATE),
        replace(_from_report(report, "forecast_end_on", "", Kind.DATE), label=_("forecast finish")),
        Input("expected_end", variance.expected_end(dates, as_of), "", kind=Kind.DATE),
        Input("", as_of, "", label=_("as of"), kind=Kind.DATE),
    )
    money = (
        _from_plan(plan, "budget_at_completion", "planned_cost"),
        _from_report(report, "forecast_cost", "expected_cost"),
    )
    when = STATES[found.schedule_state]
    spent = STATES[found.cost_state]
    against = _("against baseline %(n)d") % {"n": plan.number or 0}
    yield Figure(METRICS["schedule_variance_days"], late.amount, days, f"{against}: {when}")
    yield Figure(METRICS["schedule_variance_percent"], late.percent, days, against)
    yield Figure(METRICS["cost_variance"], over.amount, money, f"{against}: {spent}")
    yield Figure(METRICS["cost_variance_percent"], over.percent, money, against)


def _milestone(row: Milestone, as_of: date) -> MilestoneFigure:
    """Met by the day: that day counts. Else the forecast while it lies ahead, else the day itself:
    a milestone that was due and is not met is late today, whatever was forecast once."""
    met_on = row.actual_on if row.actual_on is not None and row.actual_on <= as_of else None
    dates = variance.Dates(None, row.planned_on, row.forecast_on, met_on)
    late = variance.schedule(dates, as_of)
    state = variance.state_of(late, variance.State.LATE, variance.State.EARLY)
    return MilestoneFigure(row, variance.expected_end(dates, as_of), late.amount, state)


def _worth(project: Project, plan: Baseline | None, as_of: date, rate: Decimal) -> Iterator[Figure]:
    """Benefits over the whole cost of the current plan: as planned, and as it looks now."""
    plans = {} if plan is None else {project.pk: plan}
    flows = flows_of([project.pk], plans)[project.pk]
    source = _("cost lines") if plan is None else _plan_name(plan)
    planned, expected = flows.planned, flows.expected(as_of)
    yield from _appraised(flows.costs, planned, rate, _("benefits as planned"), source)
    if expected != planned:
        note = _("benefits as realised, else as planned")
        yield from _appraised(flows.costs, expected, rate, note, source)


def _appraised(
    costs: promise.Years, gains: promise.Years, rate: Decimal, note: str, source: str
) -> Iterator[Figure]:
    found = promise.worth(costs, gains, rate)
    inputs = [
        *_by_year(_("cost"), costs, source),
        *_by_year(_("benefit"), gains, _("benefits")),
        Input("", rate, "", label=_("discount rate"), kind=Kind.RATIO),
    ]
    if found is None:
        missing = Measure(None, Reason.NO_DATA)
        for name in ("npv", "bcr", "roi", "irr", "payback", "discounted_payback"):
            yield Figure(METRICS[name], missing, tuple(inputs), note)
        return
    inputs += [
        Input("", str(found.base_year), "", label=_("base year"), kind=Kind.TEXT),
        Input("", found.horizon, "", label=_("years"), kind=Kind.INTEGER),
        Input("pv_costs", int(found.appraisal.pv_costs.to_integral_value()), ""),
        Input("pv_benefits", int(found.appraisal.pv_benefits.to_integral_value()), ""),
    ]
    told = tuple(inputs)
    yield Figure(METRICS["npv"], Measure(found.appraisal.npv), told, note)
    yield Figure(METRICS["bcr"], found.appraisal.bcr, told, note)
    yield Figure(METRICS["roi"], found.appraisal.roi, told, note)
    words = rates_in_words(found.rates)
    rates = f"{note}; {words}" if words else note
    yield Figure(METRICS["irr"], found.irr, told, rates)
    yield Figure(METRICS["payback"], found.payback, told, note)
    yield Figure(METRICS["discounted_payback"], found.discounted_payback, told, note)


def _by_year(name: str, years: promise.Years, source: str) -> Sequence[Input]:
    return [
        Input("", amount, source, label=f"{name} {year}") for year, amount in sorted(years.items())
    ]
