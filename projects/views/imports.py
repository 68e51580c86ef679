"""The Excel round trip: take a workbook out, send it back, see what it would do, confirm."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from governance.audit.taken import taken
from governance.exceptions import DomainError
from governance.models import User
from governance.tabular import Column, Kind, build_table
from governance.web.limits import Door, limited
from governance.web.readers import open_to
from projects import tasks
from projects.forms.imports import UploadForm
from projects.imports import jobs, sheets
from projects.models import ImportJob
from projects.models.choices import JobState
from projects.views import once
from projects.views.editing import act_of

ROWS_PER_PAGE = 100
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def _person(request: HttpRequest) -> User:
    user = request.user
    if not isinstance(user, User) or not jobs.may_import(user):
        raise PermissionDenied
    return user


def _found(request: HttpRequest, pk: UUID) -> ImportJob:
    """One's own file; another's does not exist."""
    user = request.user
    job = ImportJob.objects.filter(pk=pk, owner_id=user.pk).defer("content").first()
    if job is None:
        raise Http404
    return job


def _jobs_table(user: User) -> Any:
    columns: tuple[Column[Any], ...] = (
        Column(
            "file",
            _("File"),
            lambda job: job.file_name,
            url=lambda job: reverse("imports-job", args=[job.pk]),
        ),
        Column("at", _("sent at"), lambda job: job.created_at, Kind.DATETIME),
        Column("state", _("state"), lambda job: job.get_state_display()),
        Column("created", _("new"), lambda job: job.report.get("created"), Kind.INTEGER),
        Column("edited", _("changed"), lambda job: job.report.get("edited"), Kind.INTEGER),
        Column("errors", _("errors"), lambda job: job.report.get("error_count"), Kind.INTEGER),
    )
    rows = ImportJob.objects.filter(owner=user).defer("content")[:50]
    return build_table(
        columns,
        rows,
        caption=_("Your files"),
        caption_hidden=True,
        query={},
        empty_text=_("You have sent no file yet."),
    )


@open_to(jobs.may_import)
@require_http_methods(["GET", "HEAD", "POST"])
@limited(Door.UPLOAD, "POST")
def imports_page(request: HttpRequest) -> HttpResponse:
    """Take a workbook out, and send one in."""
    user = _person(request)
    form, status = UploadForm(), 200
    token = request.POST.get("once") or once.new_token()
    if request.method == "POST":
        form, status = UploadForm(request.POST, request.FILES), 422
        if form.is_valid():
            try:
                return redirect(_upload(request, user, form, token))
            except DomainError as error:
                form.add_error("file", str(error))
    return render(
        request,
        "projects/imports.html",
        {
            "title": _("Excel and CSV"),
            "crumbs": [{"label": _("Excel and CSV")}],
            "form": form,
            "once": token,
            "sheets": sheets.SHEETS,
            "table": _jobs_table(user),
        },
        status=status,
    )


def _upload(request: HttpRequest, user: User, form: UploadForm, token: str) -> str:
    """Take the file in, once a token; returns the address of its page."""
    sent = form.cleaned_data["file"]
    jobs.refuse_large(sent.size)
    content = sent.read()
    with transaction.atomic():
        if url := once.made_before(request, token):
            return url
        job = jobs.upload(
            user,
            file_name=sent.name,
            content=content,
            kind=form.cleaned_data["kind"] if sent.name.lower().endswith(".csv") else "",
            language=get_language() or "ja",
            at=timezone.now(),
        )
        url = reverse("imports-job", args=[job.pk])
        once.remember(request, token, url)
    if not tasks.start(job, size=len(content)):
        _say_later(request)
    return url


def _say_later(request: HttpRequest) -> None:
    messages.warning(
        request,
        _("The file is stored. It will be read later: the part of this site that does so is away."),
    )


@require_safe
@limited(Door.EXPORT)
def template_file(request: HttpRequest, fmt: str) -> HttpResponse:
    """The workbook of the reader's scope, or one sheet of it as CSV."""
    user, act = _person(request), act_of(request)
    on = timezone.localdate(act.at)
    slug = request.GET.get("sheet", "")
    if fmt == "xlsx":
        content = sheets.template(user, on=on, language=get_language() or "ja")
        slug, name, kind = "", f"register-{on:%Y%m%d}.xlsx", _XLSX
    elif fmt == "csv" and any(sheet.slug == slug for sheet in sheets.SHEETS):
        content = sheets.template_csv(slug, user)
        name, kind = f"{slug}-{on:%Y%m%d}.csv", "text/csv; charset=utf-8"
    else:
        raise Http404
    rows = sheets.size(user, slug)
    taken(request, slug or "register", fmt, title=_("Excel and CSV"), rows=rows)
    return HttpResponse(
        content,
        content_type=kind,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _resume(job: ImportJob) -> ImportJob:
    """Where the worker fell silent, take the file up again: no beat process is needed for that."""
    if job.state in jobs.RUNNING:
        for lost in jobs.resume(timezone.now(), only=job.pk):
            tasks.start(lost)
        job.refresh_from_db(fields=["state", "error", "attempts", "report", "progress_done"])
    return job


def _progress(job: ImportJob) -> dict[str, Any]:
    return {
        "job": job,
        "is_running": job.state in jobs.RUNNING,
        "can_cancel": job.state in (JobState.QUEUED, JobState.READING, JobState.READY),
        "was_resumed": job.attempts > 1 and job.state not in (JobState.FAILED,),
    }


@require_safe
def job_page(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What a file would do, or did; errors first."""
    job = _resume(_found(request, pk))
    report = job.report
    errors = Paginator(report.get("errors", []), ROWS_PER_PAGE).get_page(request.GET.get("errors"))
    changes = Paginator(report.get("changes", []), ROWS_PER_PAGE).get_page(
        request.GET.get("changes")
    )
    return render(
        request,
        "projects/import_job.html",
        {
            "title": job.file_name,
            "crumbs": [
                {"label": _("Excel and CSV"), "url": reverse("imports")},
                {"label": job.file_name},
            ],
            "report": report,
            "errors": errors,
            "changes": changes,
            **_progress(job),
        },
    )


@require_safe
def job_progress(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The progress alone, for the page to ask again and again."""
    job = _resume(_found(request, pk))
    response = render(request, "projects/_import_progress.html", _progress(job))
    if job.state not in jobs.RUNNING:
        response["HX-Refresh"] = "true"
    return response


@require_POST
def confirm(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Write a checked file. The second of two clicks finds it under way."""
    job, at = _found(request, pk), timezone.now()
    _person(request)
    if jobs.confirm(job, at):
        job.state = JobState.WRITING
        if not tasks.start(job):
            _say_later(request)
        job.refresh_from_db(fields=["state", "error"])
        if job.state == JobState.DONE:
            messages.success(request, _("All of the file is written."))
    return redirect("imports-job", pk)


@require_POST
def cancel(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Give a file up."""
    job = _found(request, pk)
    if jobs.cancel(job, timezone.now()):
        messages.info(request, _("The file is given up: nothing of it was written."))
    else:
        messages.error(request, _("Too late: the file has ended, or is being written."))
    return redirect("imports-job", pk)
