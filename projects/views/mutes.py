"""Muting a flag: what is asked, who decides, and what came of it."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from governance.access import Action, can, get_visible_or_404, require
from governance.exceptions import DomainError
from governance.fields.forms import tell
from governance.models import User
from governance.people.deciding import why_same_person
from projects.flag_links import readable_subject_url
from projects.flag_sight import FlagSight
from projects.forms.mutes import MuteForm
from projects.models import FlagMute, RiskFlag
from projects.models.choices import RequestState
from projects.risk_text import title_of
from projects.services import mutes
from projects.views.editing import act_of
from projects.views.kept import keeps, key_of, resume
from projects.views.requests import decide


def _flag(user: Any, key: int) -> RiskFlag:
    """An open flag that the reader may mute, or decide on."""
    rows: Any = RiskFlag.objects.select_related(
        "system",
        "project",
        "contract",
        "review__review_type",
        "review__system",
        "review__project",
    ).filter(closed_on__isnull=True)
    found: RiskFlag = get_visible_or_404(rows, user, pk=key)
    require(user, Action.FLAG, found)
    return found


@keeps(_flag)
@require_http_methods(["GET", "HEAD", "POST"])
def mute_page(request: HttpRequest, key: int) -> HttpResponse:
    """A flag with its mutings; asks for one, or decides on the one that waits."""
    flag = _flag(request.user, key)
    form = MuteForm(request.POST or None, label_suffix="")
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            mutes.request_mute(act_of(request, values["reason"]), flag.pk, values["expires_on"])
        except ValidationError as error:
            tell(form, error)
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("Asked. Another person decides."))
            return redirect(request.path)
    return render(
        request,
        "projects/mute.html",
        {
            **_context(request, flag),
            "form": form,
            "draft": resume(request, form),
            "draft_key": key_of(request),
        },
        status=422 if request.method == "POST" else 200,
    )


def _context(request: HttpRequest, flag: RiskFlag) -> dict[str, Any]:
    rows = list(flag.mutes.select_related("requested_by", "decided_by"))
    waiting = next((row for row in rows if row.state == RequestState.REQUESTED), None)
    sight = FlagSight(request.user)
    back = readable_subject_url(flag, request.user)
    may_decide = waiting is not None and can(request.user, Action.APPROVE, waiting)
    why_not = ""
    if waiting is not None and may_decide and isinstance(request.user, User):
        why_not = why_same_person(request.user, waiting)
    return {
        "title": _("Mute a flag"),
        "crumbs": [{"label": sight.subject(flag), "url": back}, {"label": _("Mute a flag")}],
        "flag": flag,
        "flag_title": title_of(flag.rule_id),
        "why": sight.note(flag).why,
        "back": back,
        "rows": rows,
        "waiting": waiting,
        "is_muted": flag.is_muted(timezone.localdate()),
        "may_decide": may_decide and not why_not,
        "why_not": why_not,
    }


def _asked(request: HttpRequest, key: int) -> tuple[FlagMute, str]:
    rows: Any = FlagMute.objects.select_related("flag")
    found: FlagMute = get_visible_or_404(rows, request.user, pk=key)
    return found, reverse("flag-mute", args=[found.flag_id])


@require_POST
def approve(request: HttpRequest, key: int) -> HttpResponse:
    found, url = _asked(request, key)
    done = _("The flag is muted.")
    return decide(request, found, Action.APPROVE, mutes.approve_mute, done, url)


@require_POST
def reject(request: HttpRequest, key: int) -> HttpResponse:
    found, url = _asked(request, key)
    done = _("The request is rejected.")
    return decide(request, found, Action.APPROVE, mutes.reject_mute, done, url)


@require_POST
def unmute(request: HttpRequest, key: int) -> HttpResponse:
    flag = _flag(request.user, key)
    try:
        mutes.unmute(act_of(request), flag.pk)
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("The flag is heard again."))
    return redirect("flag-mute", flag.pk)
