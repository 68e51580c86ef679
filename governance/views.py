"""Choosing a language, and keeping what was typed."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views import i18n
from django.views.decorators.http import require_POST

from governance import drafts
from governance.models import User


@login_not_required
def set_language(request: HttpRequest) -> HttpResponse:
    """Django's language choice, open to those who have not signed in yet."""
    response: HttpResponse = i18n.set_language(request)
    return response


@require_POST
def keep_draft(request: HttpRequest) -> HttpResponse:
    """What somebody is typing, sent by the page every few seconds: 204, or 413 for too much."""
    user, form = request.user, request.POST.get("draft", "")
    if not isinstance(user, User) or not form.startswith("/"):
        return HttpResponse(status=400)
    sent = ((name, value) for name in request.POST for value in request.POST.getlist(name))
    is_kept = drafts.keep(user, form, sent, timezone.now())
    return HttpResponse(status=204 if is_kept else 413)


@require_POST
def discard_draft(request: HttpRequest) -> HttpResponse:
    """Throw a draft away and open its form afresh."""
    user, form = request.user, request.POST.get("draft", "")
    if not isinstance(user, User):
        return HttpResponse(status=400)
    drafts.forget(user, form)
    is_here = url_has_allowed_host_and_scheme(form, allowed_hosts=None) and form.startswith("/")
    return redirect(form if is_here else "/")
