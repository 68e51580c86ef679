"""The outside view and the early warning: of the whole government, and of one project."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from governance import entry
from governance.access import Action, Resource, get_visible_or_404, require_somewhere
from governance.models import Agency
from governance.tabular import Column, Kind, Unknown, build_table
from projects.metrics.outlook.reference import (
    BIASES,
    MIN_CLASS,
    PUBLISHED_CASES,
    PUBLISHED_TAIL,
    managed,
    uplifted,
)
from projects.metrics.outlook.warning import BASELINES, MODEL, Case, Model, Sign
from projects.models import Baseline, MonthlyUpdate, OutlookRun, Project
from projects.models.choices import (
    REPORTING_PHASES,
    SETTLED_STATES,
    Confidence,
    RequestState,
)
from projects.outlook import case_of_each
from projects.outlook_text import BIASES as BIAS_NAMES
from projects.outlook_text import CLASSES, FACTORS, SIGNS, WAYS
from projects.register import KINDS
from projects.services import outlook
from projects.views.metrics import require_reports

Row = Mapping[str, Any]
_FEW: Final = gettext_lazy("not enough cases")
_UNPUBLISHED: Final = gettext_lazy("not published")
_SHOWN: Final = 50


def _number(row: Any, key: str) -> Any:
    value = row[key]
    return Unknown("undefined", _FEW) if value is None else round(Decimal(value), 4)


def _level(row: Any, key: str) -> Any:
    return Unknown("missing", _UNPUBLISHED) if row["name"] == "published" else _number(row, key)


_SCORES: Final[tuple[Column[Row], ...]] = (
    Column("way", gettext_lazy("way of forecasting"), lambda row: WAYS[row["name"]]),
    Column(
        "auc", gettext_lazy("AUC"), lambda row: _number(row, "auc"), kind=Kind.DECIMAL, metric="auc"
    ),
    Column(
        "brier",
        gettext_lazy("Brier score"),
        lambda row: _number(row, "brier"),
        Kind.DECIMAL,
        metric="brier",
    ),
)
_CALIBRATION: Final[tuple[Column[Row], ...]] = (
    Column("stated", gettext_lazy("stated"), lambda row: f"{row['low']:.0%}–{row['high']:.0%}"),
    Column("cases", gettext_lazy("cases"), lambda row: row["cases"], kind=Kind.INTEGER),
    Column(
        "mean", gettext_lazy("mean stated"), lambda row: Decimal(str(row["stated"])), Kind.RATIO
    ),
    Column(
        "happened",
        gettext_lazy("happened"),
        lambda row: Decimal(str(row["happened"])),
        kind=Kind.RATIO,
    ),
)
_CLASSES: Final[tuple[Column[Row], ...]] = (
    Column("class", gettext_lazy("class"), lambda row: CLASSES[row["name"]]),
    Column("of", gettext_lazy("outcome ÷ first plan"), lambda row: row["of"]),
    Column("cases", gettext_lazy("projects"), lambda row: row["cases"], kind=Kind.INTEGER),
    Column(
        "p50", gettext_lazy("P50"), lambda row: _level(row, "p50"), kind=Kind.RATIO, metric="p50"
    ),
    Column(
        "p80", gettext_lazy("P80"), lambda row: _level(row, "p80"), kind=Kind.RATIO, metric="p80"
    ),
    Column(
        "tail",
        gettext_lazy("share above 150 %"),
        lambda row: _number(row, "tail"),
        Kind.RATIO,
        metric="tail_share",
    ),
)


def _after(sign: Sign, label: Any) -> tuple[Column[Row], ...]:
    """Columns of what came after a rating."""
    return (
        Column(
            f"{sign}_cases",
            gettext_lazy("cases"),
            lambda row: row[sign]["cases"],
            kind=Kind.INTEGER,
        ),
        Column(f"{sign}_rate", label, lambda row: _number(row[sign], "rate"), kind=Kind.RATIO),
        Column(
            f"{sign}_all",
            gettext_lazy("whole government"),
            lambda row: _share(row[sign]["all_events"], row[sign]["all_cases"]),
            kind=Kind.RATIO,
        ),
    )


def _share(part: int, whole: int) -> Any:
    return Decimal(part) / whole if whole else Unknown("undefined", _FEW)


_RATERS: Final[tuple[Column[Row], ...]] = (
    Column("agency", gettext_lazy("agency"), lambda row: row["name"], url=lambda row: row["url"]),
    Column("rating", gettext_lazy("confidence"), lambda row: Confidence(row["rating"]).label),
    *_after(Sign.COST, gettext_lazy("cost grew by more than 10 %")),
    *_after(Sign.FINISH, gettext_lazy("finish slipped by more than six months")),
)


@dataclass(frozen=True, slots=True)
class Warned:
    """A project with its probability and what speaks for it."""

    project: Project
    case: Case
    model: Model

    @property
    def probability(self) -> float:
        return self.model.probability(self.case)


_WARNED: Final[tuple[Column[Warned], ...]] = (
    Column(
        "project",
        gettext_lazy("project"),
        lambda row: str(row.project),
        url=lambda row: reverse("projects:projects-outlook", args=[row.project.code]),
    ),
    Column(
        "probability",
        gettext_lazy("probability"),
        lambda row: Decimal(str(row.probability)),
        kind=Kind.RATIO,
        metric="worsening_probability",
    ),
    Column("why", gettext_lazy("what it rests on"), lambda row: _why(row.model, row.case)),
)


def _why(model: Model, case: Case) -> str:
    return "; ".join(
        f"{FACTORS[name]} ({part * 100:+.0f})" for name, part in model.reasons(case)[:4]
    )


def _plain(columns: Any, rows: Any, caption: str) -> Any:
    return build_table(columns, rows, caption=caption, query={})


@require_safe
def outlook_page(request: HttpRequest) -> HttpResponse:
    """What the register teaches of how projects go, and what the early warning is worth."""
    require_somewhere(request.user, Action.READ, Resource.UPDATE)
    run = outlook.latest()
    context: dict[str, Any] = {
        "title": _("Outlook"),
        "crumbs": [{"label": _("Outlook")}],
        "run": run,
        "few": MIN_CLASS,
    }
    if run is not None:
        context |= _tables(request, run)
    return render(request, "projects/outlook.html", context)


def _tables(request: HttpRequest, run: OutlookRun) -> dict[str, Any]:
    scores = [
        {"name": name, **run.trial["scores"][name]}
        for name in (MODEL, *BASELINES)
        if run.trial["held_out"]
    ]
    model = outlook.model_of(run)
    return {
        "trial": run.trial,
        "scores": _plain(_SCORES, scores, _("On years that none of them had seen")),
        "calibration": _plain(_CALIBRATION, run.trial["calibration"], _("Stated and happened")),
        "classes": _plain(_CLASSES, _class_rows(run), _("Outside view: delivered projects")),
        "raters": _plain(_RATERS, _rater_rows(request, run), _("What came after a rating")),
        "warned": None
        if model is None
        else _plain(
            _WARNED,
            _warned(request, model)[:_SHOWN],
            _("Probability of worsening within 12 months"),
        ),
    }


def _class_rows(run: OutlookRun, only: str | None = None) -> list[dict[str, Any]]:
    words = {"cost": _("cost"), "time": _("time")}
    published = {
        "name": "published",
        "of": words["cost"],
        "cases": PUBLISHED_CASES,
        "p50": None,
        "p80": None,
        "tail": str(PUBLISHED_TAIL),
    }
    return [
        published,
        *(
            {"name": name, "of": words[of], **run.classes[name][of]}
            for name in CLASSES
            if name in run.classes and (only is None or name in (only, "all"))
            for of in words
        ),
    ]


def _rater_rows(request: HttpRequest, run: OutlookRun) -> list[dict[str, Any]]:
    """Rows of the agencies whose reports the reader sees."""
    reach = Project.objects.visible_to(request.user).values("agency_id")
    agencies = {agency.code: agency for agency in Agency.objects.filter(pk__in=reach)}
    rows = [
        {
            **row,
            "name": str(agencies[row["agency"]]),
            "url": KINDS["agencies"].page_url(agencies[row["agency"]]),
        }
        for row in run.raters
        if row["agency"] in agencies
    ]
    return sorted(rows, key=lambda row: (row["name"], -row["rating"]))


def _warned(request: HttpRequest, model: Model) -> list[Warned]:
    """The reader's running projects, most likely first."""
    seen = MonthlyUpdate.objects.visible_to(request.user).values("project_id")
    projects = Project.objects.filter(phase__in=REPORTING_PHASES, pk__in=seen)
    running = {project.code: project for project in projects}
    cases = case_of_each(projects, timezone.localdate())
    found = [Warned(running[code], case, model) for code, case in cases.items()]
    return sorted(found, key=lambda item: (-item.probability, item.project.code))


# One project --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Expected:
    """One way to look at the end: cost in yen and finish, None where it says nothing."""

    name: str
    cost: int | None
    finish: date | None
    source: str


_EXPECTED: Final[tuple[Column[Expected], ...]] = (
    Column("name", gettext_lazy("reading"), lambda row: row.name),
    Column("cost", gettext_lazy("final cost"), lambda row: row.cost, kind=Kind.YEN),
    Column("finish", gettext_lazy("finish"), lambda row: row.finish, kind=Kind.DATE),
    Column("source", gettext_lazy("taken from"), lambda row: row.source),
)


@require_safe
def project_page(request: HttpRequest, key: str) -> HttpResponse:
    """A project from outside: what became of others, and what that says of this one."""
    project: Project = get_visible_or_404(
        Project.objects.select_related("agency"), request.user, code=key
    )
    require_reports(request, project)
    run = outlook.latest()
    today = timezone.localdate()
    bias, reduction = _asked(request)
    plan = (
        Baseline.objects.filter(project=project, state=RequestState.APPROVED)
        .order_by("number")
        .first()
    )
    report = (
        MonthlyUpdate.objects.filter(project=project, state__in=SETTLED_STATES)
        .order_by("-period", "-revision")
        .first()
    )
    kind = KINDS["projects"]
    model = None if run is None else outlook.model_of(run)
    case = case_of_each(Project.objects.filter(pk=project.pk), today).get(project.code)
    only = None if plan is None else outlook.size_class(plan.budget_at_completion)
    return render(
        request,
        "projects/project_outlook.html",
        {
            "title": _("Outlook: %(name)s") % {"name": project},
            "crumbs": [
                {"label": capfirst(str(kind.plural)), "url": kind.list_url()},
                {"label": str(project), "url": kind.page_url(project)},
                {"label": _("Outlook")},
            ],
            "run": run,
            "case": case,
            "plan": plan,
            "warning": None if model is None or case is None else _warning(model, case),
            "biases": BIAS_NAMES,
            "bias": bias,
            "reduction": reduction,
            "few": MIN_CLASS,
            "expected": None
            if plan is None
            else _plain(
                _EXPECTED,
                _expected(plan, report, run, bias, reduction),
                _("Where it may end"),
            ),
            "classes": None
            if run is None
            else _plain(_CLASSES, _class_rows(run, only), _("Delivered projects")),
        },
    )


def _asked(request: HttpRequest) -> tuple[str, Decimal]:
    """The kind of work and how far its causes of bias are managed, in percent."""
    bias = request.GET.get("work", "equipment")
    if bias not in BIASES:
        messages.error(request, _("This kind of work is not known; IT is shown."))
        bias = "equipment"
    try:
        reduction = entry.percent(request.GET.get("managed") or "0")
    except ValidationError:
        reduction = Decimal(-1)
    if not 0 <= reduction <= 100:
        messages.error(request, _("The managed share lies from 0 to 100 %; 0 is shown."))
        reduction = Decimal(0)
    return bias, reduction


def _warning(model: Model, case: Case) -> dict[str, Any]:
    return {
        "probability": Decimal(str(model.probability(case))),
        "signs": [(SIGNS[sign], Decimal(str(part))) for sign, part in model.of_sign(case).items()],
        "why": _why(model, case),
    }


def _expected(
    plan: Baseline,
    report: MonthlyUpdate | None,
    run: OutlookRun | None,
    bias: str,
    reduction: Decimal,
) -> list[Expected]:
    """The plan, the project's own forecast, and the views from outside, beside one another."""
    budget = plan.budget_at_completion
    days = (plan.planned_end_on - plan.planned_start_on).days
    rows = [Expected(_("first plan"), budget, plan.planned_end_on, _("baseline 1"))]
    if report is not None:
        source = _("monthly report %(month)s") % {"month": f"{report.period:%Y-%m}"}
        rows.append(
            Expected(_("own forecast"), report.forecast_cost, report.forecast_end_on, source)
        )
    name = outlook.size_class(budget)
    found = {} if run is None else run.classes
    if found.get(name, {}).get("cost", {}).get("p50") is None:
        name = "all"
    kinds = found.get(name, {})
    for level in ("p50", "p80"):
        cost, time = (kinds.get(of, {}).get(level) for of in ("cost", "time"))
        if cost is None and time is None:
            continue
        rows.append(
            Expected(
                level.upper(),
                None if cost is None else int(budget * Decimal(cost)),
                None
                if time is None
                else plan.planned_start_on + timedelta(days=int(days * Decimal(time))),
                str(CLASSES[name]),
            )
        )
    work = BIASES[bias]
    cost_percent = managed(Decimal(work.cost[0]), reduction)
    finish = None
    if work.duration is not None:
        time_percent = managed(Decimal(work.duration[0]), reduction)
        finish = plan.planned_start_on + timedelta(days=int(days * (100 + time_percent) / 100))
    rows.append(
        Expected(
            _("with optimism bias"),
            int(uplifted(Decimal(budget), cost_percent).to_integral_value()),
            finish,
            _("Green Book (Mott MacDonald 2002): %(percent)s %% on the cost")
            % {"percent": f"{cost_percent.normalize():f}"},
        )
    )
    return rows
