"""What happens to a monthly report after it was written: submitted, approved, sent back."""

from collections.abc import Callable

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from governance.access import Action, require
from projects.models import MonthlyUpdate
from projects.register import KINDS
from projects.services import updates
from projects.views.deciding import run
from projects.views.objects import find

_UPDATES = KINDS["updates"]


def _do(
    request: HttpRequest,
    key: int,
    action: Action,
    service: Callable[..., MonthlyUpdate],
    done: str,
) -> HttpResponse:
    update = find(request, _UPDATES, key)
    require(request.user, action, update)
    url = _UPDATES.page_url(update)
    try:
        written = run(
            request,
            lambda act, version: service(act, update.pk, version=version),
            url,
            passing=(updates.NeedsAnswers,),
        )
    except updates.NeedsAnswers as error:
        messages.warning(request, str(error))
        return redirect("projects:projects-report", update.project.code, update.period)
    if written:
        messages.success(request, done)
    return redirect(url)


@require_POST
def submit(request: HttpRequest, key: int) -> HttpResponse:
    return _do(request, key, Action.SUBMIT, updates.submit, _("The report is submitted."))


@require_POST
def approve(request: HttpRequest, key: int) -> HttpResponse:
    return _do(request, key, Action.APPROVE, updates.approve, _("The report is approved."))


@require_POST
def send_back(request: HttpRequest, key: int) -> HttpResponse:
    return _do(request, key, Action.APPROVE, updates.send_back, _("The report is sent back."))


@require_POST
def publish(request: HttpRequest, key: int) -> HttpResponse:
    update = find(request, _UPDATES, key)
    if not updates.may_publish(request.user, update):
        raise PermissionDenied
    return _do(request, key, Action.READ, updates.publish, _("The report is published."))
