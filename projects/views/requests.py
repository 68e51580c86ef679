"""Deciding on the plans that somebody asked for."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from governance.access import Action, require
from projects.register import KINDS
from projects.services import requests
from projects.views.deciding import run
from projects.views.objects import find

_BASELINES = KINDS["baselines"]


def decide(
    request: HttpRequest,
    found: Any,
    action: Action,
    service: Callable[..., Any],
    done: str,
    url: str,
) -> HttpResponse:
    """Run a decision (`service`) on what somebody asked for, tell what came of it, go to `url`."""
    require(request.user, action, found)
    if run(request, lambda act, version: service(act, found.pk, version=version), url):
        messages.success(request, done)
    return redirect(url)


@require_POST
def approve_baseline(request: HttpRequest, key: int) -> HttpResponse:
    found = find(request, _BASELINES, key)
    url = _BASELINES.page_url(found)
    done = _("The baseline is agreed on.")
    return decide(request, found, Action.APPROVE, requests.approve_baseline, done, url)


@require_POST
def reject_baseline(request: HttpRequest, key: int) -> HttpResponse:
    found = find(request, _BASELINES, key)
    url = _BASELINES.page_url(found)
    done = _("The baseline is rejected.")
    return decide(request, found, Action.APPROVE, requests.reject_baseline, done, url)


@require_POST
def withdraw_baseline(request: HttpRequest, key: int) -> HttpResponse:
    found = find(request, _BASELINES, key)
    url = _BASELINES.page_url(found)
    done = _("The request is withdrawn.")
    return decide(request, found, Action.CREATE, requests.withdraw_baseline, done, url)
