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
    """What somebody is typing, sent by the page every few seconds: 204 where it is kept.

    400: no form's address, or a NUL; 403 and 404: not a form that this person can open; 413: no room
    for it; 429: too often, with Retry-After.
    """
    user, form, at = request.user, request.POST.get("draft", ""), timezone.now()
    if not isinstance(user, User):
        return HttpResponse(status=400)
    sent = ((name, value) for name in request.POST for value in request.POST.getlist(name))
    try:
        drafts.pace(user, at)
        drafts.require_form(user, form)
        drafts.keep(user, form, sent, at)
    except drafts.TooOften as error:
        return HttpResponse(status=429, headers={"Retry-After": str(error.again_in)})
    except drafts.TooMuch:
        return HttpResponse(status=413)
    except drafts.Unusable:
        return HttpResponse(status=400)
    return HttpResponse(status=204)


@require_POST
def discard_draft(request: HttpRequest) -> HttpResponse:
    """Throw a draft away and open its form afresh, or the page that `next` names."""
    user, form = request.user, request.POST.get("draft", "")
    if not isinstance(user, User) or "\0" in form:
        return HttpResponse(status=400)
    drafts.forget(user, form)
    to = request.POST.get("next") or form
    is_here = url_has_allowed_host_and_scheme(to, allowed_hosts=None) and to.startswith("/")
    return redirect(to if is_here else "/")
