"""What happens to a monthly report after it was written: submitted, approved, sent back."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from governance.access import Action, require
from governance.audit import Act
from governance.exceptions import DomainError
from projects.models import MonthlyUpdate
from projects.register import KINDS
from projects.services import register
from projects.views.editing import act_of
from projects.views.objects import find

_UPDATES = KINDS["updates"]


def _do(
    request: HttpRequest,
    key: int,
    action: Action,
    service: Callable[[Act, int], MonthlyUpdate],
    done: str,
) -> HttpResponse:
    update = find(request, _UPDATES, key)
    require(request.user, action, update)
    try:
        service(act_of(request, request.POST.get("reason", "")), update.pk)
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, done)
    return redirect(_UPDATES.page_url(update))


@require_POST
def submit(request: HttpRequest, key: int) -> HttpResponse:
    return _do(request, key, Action.SUBMIT, register.submit_update, _("The report is submitted."))


@require_POST
def approve(request: HttpRequest, key: int) -> HttpResponse:
    return _do(request, key, Action.APPROVE, register.approve_update, _("The report is approved."))


@require_POST
def send_back(request: HttpRequest, key: int) -> HttpResponse:
    return _do(request, key, Action.APPROVE, register.return_update, _("The report is sent back."))
