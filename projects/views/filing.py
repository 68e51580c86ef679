"""The monthly report on one page: opens with last month's values, saves, and is handed over."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from governance import drafts
from governance.access import Action, Resource, get_visible_or_404, rights_of
from governance.exceptions import Conflict, DomainError
from governance.fields.forms import tell
from projects import reporting
from projects.forms.filing import FIGURES, Around, FilingForm, initial_of
from projects.metrics import filing
from projects.metrics.periods import month_of
from projects.models import MonthlyUpdate, Project
from projects.models.choices import OPEN_STATES, SETTLED_STATES, UpdateState
from projects.register import KINDS
from projects.services import updates
from projects.views import conflicts
from projects.views.editing import act_of

_UPDATES, _PROJECTS = KINDS["updates"], KINDS["projects"]
# What a new report takes over from the last one; the narrative is written anew.
_CARRIED_ON = tuple(name for name in FIGURES if name != "narrative")


@dataclass(frozen=True, slots=True)
class _Page:
    """One month's report with all that its form needs."""

    project: Project
    period: date
    month: reporting.Month
    around: Around

    @property
    def stored(self) -> MonthlyUpdate | None:
        """The report that this form changes; None where saving makes a new one."""
        latest = self.month.latest
        return latest if latest is not None and latest.state in OPEN_STATES else None

    @property
    def is_correction(self) -> bool:
        latest = self.month.latest
        return latest is not None and (latest.state in SETTLED_STATES or latest.revision > 1)

    def start(self) -> MonthlyUpdate:
        """What the form starts with: the open report, the approved one to correct, or the last
        month's values."""
        if self.month.latest is not None:
            return self.month.latest
        started = MonthlyUpdate(project=self.project, period=self.period)
        for name in _CARRIED_ON:
            if self.around.last is not None:
                setattr(started, name, getattr(self.around.last, name))
        if self.month.planned is not None:
            started.planned_value = self.month.planned
        return started

    def initial(self) -> dict[str, Any]:
        version = 0 if self.stored is None else self.stored.version
        start = self.start()
        if self.stored is None and self.month.latest is not None:
            # The register holds what the approved report brought in: nothing to bring in twice.
            start.details, start.answers = {}, {}
        return initial_of(start, self.around, version=version)

    def findings(self, update: MonthlyUpdate) -> list[filing.Finding]:
        return updates.examine(update, self.month.before, self.month.baseline)


def _may_file(user: Any, project: Project) -> bool:
    reach = rights_of(user).reach(Resource.UPDATE, Action.SUBMIT)
    inside = project.pk in reach.project_ids or project.agency_id in reach.agency_ids
    return reach.everything or inside


def _page_of(request: HttpRequest, project: Project, period: date) -> _Page:
    month = reporting.month_of_project(project, period)
    around = Around(
        milestones=reporting.milestones_of(project),
        kpis=reporting.kpis_of(project, request.user, period),
        risks=reporting.risks_of(project, request.user),
        last=month.before[0] if month.before else None,
    )
    return _Page(project, period, month, around)


def _project(user: Any, key: str, month: date) -> Project:
    """The project on which `user` may report for a month; Http404 or PermissionDenied otherwise."""
    rows: Any = reporting.with_plan(month)
    project: Project = get_visible_or_404(rows, user, code=key)
    if not _may_file(user, project):
        raise PermissionDenied
    if month > month_of(timezone.localdate()):
        raise Http404(_("This month has not begun."))
    if project.started_on is not None and month < month_of(project.started_on):
        raise Http404(_("The project had not begun in this month."))
    return project


@drafts.kept_for(_project)
@require_http_methods(["GET", "HEAD", "POST"])
def report_page(request: HttpRequest, key: str, month: date) -> HttpResponse:
    """File the report of one month: save as often as one likes, then hand it over."""
    project = _project(request.user, key, month)
    page = _page_of(request, project, month)
    latest = page.month.latest
    if latest is not None and latest.state == UpdateState.SUBMITTED:
        messages.info(request, _("The report of this month is handed over: it waits for the PMO."))
        return redirect(_UPDATES.page_url(latest))
    if request.method == "POST":
        return _posted(request, page)
    started = page.stored
    findings = [] if started is None else page.findings(started)
    draft = drafts.find(act_of(request).user, request.path)  # type: ignore[arg-type]
    form = FilingForm(around=page.around, initial=page.initial(), findings=findings)
    if draft is not None:
        form = FilingForm(
            drafts.typed(draft), around=page.around, initial=page.initial(), findings=findings
        ).resume()
    return _show(request, page, form, draft=draft)


def _posted(request: HttpRequest, page: _Page) -> HttpResponse:
    data = conflicts.chosen(request.POST)
    stored = page.stored
    findings = [] if stored is None else page.findings(stored)
    form = _bound(page, data, findings)
    if not form.is_valid():
        return _show(request, page, form, status=422)
    act = act_of(request)
    try:
        update = updates.save(
            act,
            page.project,
            page.period,
            form.figures(),
            form.details(),
            form.answers(),
            version=form.cleaned_data["version"],
        )
    except Conflict:
        return _conflict(request, page, form)
    except (ValidationError, DomainError) as error:
        tell(form, error if isinstance(error, ValidationError) else ValidationError(str(error)))
        return _show(request, page, form, status=422)
    drafts.forget(act.user, request.path)  # type: ignore[arg-type]
    if "submit" not in request.POST:
        messages.success(request, _("Saved as a draft: nobody was told yet."))
        return redirect(request.path)
    try:
        updates.submit(act, update.pk)
    except updates.NeedsAnswers as needs:
        return _asked(request, page, update, data, needs)
    messages.success(
        request,
        _("The report of %(month)s is handed over to the PMO.") % {"month": f"{page.period:%Y-%m}"},
    )
    return redirect("work")


def _bound(page: _Page, data: QueryDict, findings: list[filing.Finding]) -> FilingForm:
    """The form with what was sent. Reasons are read for every check that was asked about, though
    the figures that called for it may just have been mended."""
    asked = {found.check for found in findings}
    further = [
        rule for rule in filing.CHECKS if f"answer-{rule.id}" in data and rule.id not in asked
    ]
    form = FilingForm(data, around=page.around, initial=page.initial(), findings=findings)
    form.also_answer(rule.id for rule in further)
    return form


def _asked(
    request: HttpRequest,
    page: _Page,
    update: MonthlyUpdate,
    data: QueryDict,
    needs: updates.NeedsAnswers,
) -> HttpResponse:
    """The report is saved, not handed over: the form once more, with what needs a second look."""
    again = data.copy()
    again["version"] = str(update.version)
    findings = updates.examine(update, page.month.before, page.month.baseline)
    form = FilingForm(again, around=page.around, initial=page.initial(), findings=findings)
    form.is_valid()
    for found in needs.findings:
        form.tell(found)
    form.add_error(
        None, _("The report is saved as a draft, but not handed over: see the marked fields.")
    )
    return _show(request, page, form, status=422)


def _conflict(request: HttpRequest, page: _Page, form: FilingForm) -> HttpResponse:
    """Somebody saved in between: both versions, field by field."""
    fresh = _page_of(request, page.project, page.period)
    latest = fresh.month.latest
    url = request.path
    if latest is None or latest.state not in OPEN_STATES:
        messages.error(
            request,
            _("Somebody else has handed this report over, or it was decided, since you opened it."),
        )
        return redirect(url if latest is None else _UPDATES.page_url(latest))
    theirs = FilingForm(around=fresh.around, initial=fresh.initial())
    both = conflicts.compare(form, theirs)
    if not both.differences and "submit" not in request.POST:
        messages.info(request, _("Somebody else has already saved the same values."))
        return redirect(url)
    title = _title(page)
    return render(
        request,
        "projects/conflict.html",
        {
            "title": _("Two versions: %(name)s") % {"name": title},
            "crumbs": [*_crumbs(page), {"label": title, "url": url}, {"label": _("Two versions")}],
            "both": both,
            "version": latest.version,
            "changed_by": str(latest.updated_by or ""),
            "changed_at": latest.updated_at,
            "back": url,
        },
        status=409,
    )


def _title(page: _Page) -> str:
    return _("Report of %(month)s: %(project)s") % {
        "month": f"{page.period:%Y-%m}",
        "project": page.project,
    }


def _crumbs(page: _Page) -> list[dict[str, Any]]:
    return [
        {"label": capfirst(str(_PROJECTS.plural)), "url": _PROJECTS.list_url()},
        {"label": str(page.project), "url": _PROJECTS.page_url(page.project)},
    ]


def _show(
    request: HttpRequest,
    page: _Page,
    form: FilingForm,
    *,
    status: int = 200,
    draft: Any = None,
) -> HttpResponse:
    title = _title(page)
    return render(
        request,
        "projects/filing.html",
        {
            "title": title,
            "crumbs": [*_crumbs(page), {"label": title}],
            "form": form,
            "page": page,
            "draft": draft,
            "draft_key": request.path,
            "back": _PROJECTS.page_url(page.project),
        },
        status=status,
    )
