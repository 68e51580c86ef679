"""My work: the first page of everybody who files, approves or checks."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from governance import retention
from governance.access import rights_of
from governance.models import Agency, Draft, User
from governance.web.readers import open_to
from projects.flag_links import readable_subject_url
from projects.flag_sight import FlagSight
from projects.models import RiskFlag
from projects.risk_text import title_of
from projects.services.flags import rule_book
from projects.work import work_of
from projects.work_tables import sections


@dataclass(frozen=True, slots=True)
class FlagTask:
    """A flag with the record on which it can be cleared."""

    severity: str
    flag_url: str
    title: str
    subject: str
    url: str
    why: str
    clears_when: str


@dataclass(frozen=True, slots=True)
class KeptDraft:
    """What was typed into a form, and until when it is kept."""

    form: str
    saved_at: datetime
    kept_until: datetime
    is_soon_gone: bool


def _kept(draft: Draft, at: datetime) -> KeptDraft:
    until = draft.saved_at + retention.DRAFTS.period
    return KeptDraft(draft.form, draft.saved_at, until, until - at < retention.WARNED)


def _task(flag: RiskFlag, user: Any, sight: FlagSight) -> FlagTask:
    note = sight.note(flag)
    return FlagTask(
        severity=flag.severity,
        flag_url=reverse("flag", args=[flag.pk]),
        title=title_of(flag.rule_id),
        subject=sight.subject(flag),
        url=readable_subject_url(flag, user),
        why=note.why,
        clears_when=note.clears_when,
    )


def _has_work(user: Any) -> bool:
    return bool(rights_of(user).held)


@open_to(_has_work)
@require_safe
def work_page(request: HttpRequest) -> HttpResponse:
    """What is due, late, returned, waiting for the reader, and which flags they could clear."""
    user = request.user
    if not isinstance(user, User) or not _has_work(user):
        raise PermissionDenied
    at = timezone.now()
    on = timezone.localdate(at)
    work = work_of(user, on, int(rule_book(on)["late_report"]["due_day"]))
    wanted = {row.agency_id for row in work.by_agency or ()}
    agencies = Agency.objects.in_bulk(wanted) if wanted else {}
    sight = FlagSight(user)
    return render(
        request,
        "projects/work.html",
        {
            "title": _("My work"),
            "crumbs": [{"label": _("My work")}],
            "work": work,
            "drafts": [_kept(draft, at) for draft in work.drafts],
            "sections": sections(work, agencies),
            "flags": [_task(flag, user, sight) for flag in work.flags or ()],
            "has_flags": work.flags is not None,
        },
    )
