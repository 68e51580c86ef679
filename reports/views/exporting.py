"""Files that people take away: at once where they are small, made in the background otherwise."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from governance.exceptions import DomainError
from governance.models import ExportJob, ExportState, User
from governance.tabular import Column, Kind, Table, build_table
from governance.web.limits import Door, limited
from reports import export_jobs, tasks
from reports.downloads import JobRequest, TooManyRows

View = TypeVar("View", bound=Callable[..., HttpResponseBase])

SHOWN = 50


def exporting(view: View) -> View:
    """A view that answers with a file: counted a person, and handed to a job where it is large."""
    counted = limited(Door.EXPORT)(view)

    @wraps(view)
    def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if isinstance(request, JobRequest):
            return view(request, *args, **kwargs)
        try:
            return counted(request, *args, **kwargs)
        except TooManyRows as large:
            return _hand_over(request, large)

    return cast("View", answered)


def _hand_over(request: HttpRequest, large: TooManyRows) -> HttpResponse:
    if request.method == "HEAD":
        return HttpResponse()
    try:
        job, is_new = export_jobs.ask(
            _person(request),
            address=request.get_full_path(),
            title=large.title,
            file_name=large.file_name,
            language=get_language() or "ja",
            at=timezone.now(),
        )
    except DomainError as error:
        messages.error(request, str(error))
        return redirect("reports:exports")
    if is_new:
        tasks.start(job)
    return redirect("reports:export-job", job.pk)


def _person(request: HttpRequest) -> User:
    if not isinstance(request.user, User):
        raise Http404
    return request.user


def _found(request: HttpRequest, pk: UUID) -> ExportJob:
    """One's own file, taken up again where its worker fell silent; another's does not exist."""
    job = ExportJob.objects.filter(owner=_person(request), pk=pk).first()
    if job is None:
        raise Http404
    if job.state in export_jobs.PENDING:
        for lost in export_jobs.resume(timezone.now(), only=pk):
            tasks.start(lost)
        job.refresh_from_db()
    return job


def _told(job: ExportJob) -> dict[str, Any]:
    return {
        "job": job,
        "is_running": job.state in export_jobs.PENDING,
        "is_ready": job.state == ExportState.DONE,
        "was_resumed": job.attempts > 1 and job.state in export_jobs.PENDING,
    }


def _table(user: User) -> Table:
    columns: tuple[Column[Any], ...] = (
        Column(
            "file",
            _("File"),
            lambda job: job.file_name,
            url=lambda job: reverse("reports:export-job", args=[job.pk]),
        ),
        Column("title", _("What it holds"), lambda job: job.title),
        Column("at", _("asked for at"), lambda job: job.created_at, Kind.DATETIME),
        Column("state", _("state"), lambda job: job.get_state_display()),
        Column("rows", _("rows"), lambda job: job.rows_done or None, Kind.INTEGER),
        Column("until", _("kept until"), lambda job: job.expires_at, Kind.DATETIME),
    )
    return build_table(
        columns,
        ExportJob.objects.filter(owner=user)[:SHOWN],
        caption=_("Your exported files"),
        caption_hidden=True,
        query={},
        empty_text=_("You have no exported files. Large exports appear here."),
    )


@require_safe
def exports_page(request: HttpRequest) -> HttpResponse:
    """The large files that the reader asked for."""
    return render(
        request,
        "reports/exports.html",
        {
            "title": _("Your exported files"),
            "crumbs": [{"label": _("Your exported files")}],
            "table": _table(_person(request)),
        },
    )


@require_safe
def export_job_page(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One file: how far it is, then where it can be taken."""
    job = _found(request, pk)
    return render(
        request,
        "reports/export_job.html",
        {
            "title": job.title,
            "crumbs": [
                {"label": _("Your exported files"), "url": reverse("reports:exports")},
                {"label": job.file_name},
            ],
            **_told(job),
        },
    )


@require_safe
def export_progress(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The progress alone, for the page to ask again and again."""
    job = _found(request, pk)
    response = render(request, "reports/_export_progress.html", _told(job))
    if job.state not in export_jobs.PENDING:
        response.headers["HX-Refresh"] = "true"
    return response


@require_POST
def export_cancel(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Give a file up."""
    job = _found(request, pk)
    if export_jobs.cancel(job, timezone.now()):
        messages.info(request, _("The file is given up."))
    else:
        messages.error(request, _("Too late: the file has ended."))
    return redirect("reports:export-job", pk)


@require_safe
@limited(Door.EXPORT)
def export_file(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """The file itself, for its owner, as long as the owner may read what it holds."""
    job = _found(request, pk)
    if request.method == "HEAD":
        return HttpResponse(status=200 if job.state == ExportState.DONE else 404)
    try:
        pieces = export_jobs.take(request, job, timezone.now())
    except DomainError as error:
        messages.error(request, str(error))
        return redirect("reports:export-job", pk)
    return StreamingHttpResponse(
        pieces,
        content_type=job.content_type,
        headers={
            "Content-Disposition": content_disposition_header(
                as_attachment=True, filename=job.file_name
            ),
            "Content-Length": str(job.size),
        },
    )
