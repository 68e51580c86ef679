"""Asking for a change of guarded fields, and deciding on one."""

from collections.abc import Callable
from typing import Any, cast

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from governance import drafts
from governance.access import Action, get_visible_or_404, require
from governance.exceptions import Conflict, DomainError
from governance.models import User
from governance.people.deciding import why_same_person
from projects import change_text
from projects.forms import RegisterForm, form_of
from projects.models import ChangeRequest
from projects.models.choices import RequestState
from projects.register import KINDS
from projects.services import changes
from projects.views.deciding import run
from projects.views.editing import act_of, may_edit
from projects.views.kept import forget, form_page
from projects.views.objects import find


@drafts.kept_for(may_edit)
@require_http_methods(["GET", "HEAD", "POST"])
def ask_page(request: HttpRequest, slug: str, key: str | int) -> HttpResponse:
    """Ask for fields of a record to be changed that change by request alone as it stands."""
    kind = KINDS[slug]
    obj = find(request, kind, key)
    require(request.user, Action.EDIT, obj)
    title, url, on = str(obj), kind.page_url(obj), timezone.localdate()
    waiting = changes.of_record(kind, obj.pk).filter(state=RequestState.REQUESTED).first()
    if waiting is not None and not changes.has_moved(waiting, obj):
        messages.info(request, _("A change of this record waits for a decision."))
        return redirect("change", waiting.pk)
    data = request.POST if request.method == "POST" else None
    form = form_of(kind)(data, user=request.user, on=on, instance=obj, asks=True)
    if not form.asked:
        messages.info(request, _("Nothing of this record changes by request as it stands."))
        return redirect(url)
    if form.is_bound and form.is_valid() and (made := _asked(request, form)) is not None:
        forget(request)
        messages.success(request, _("Asked. Another person decides."))
        return redirect("change", made.pk)
    return form_page(
        request,
        form,
        {
            "title": _("Ask for a change: %(name)s") % {"name": title},
            "lead": _("Another person decides. Nothing changes until then."),
            "crumbs": [
                {"label": capfirst(str(kind.plural)), "url": kind.list_url()},
                {"label": title, "url": url},
                {"label": _("Ask for a change")},
            ],
            "back": url,
            "submit": _("Ask for this change"),
        },
    )


def _asked(request: HttpRequest, form: RegisterForm) -> ChangeRequest | None:
    """The request that was made; None after the form was told why there is none."""
    act = act_of(request, form.cleaned_data["reason"])
    try:
        return changes.request(
            act,
            form.kind,
            form.instance.pk,
            form.values(),
            version=form.cleaned_data["version"],
        )
    except ValidationError as error:
        form.add_error(None, error)
    except Conflict as conflict:
        form.add_error(None, str(conflict))
    except DomainError as error:
        form.add_error(None, str(error))
    return None


def _found(request: HttpRequest, key: int) -> ChangeRequest:
    rows: Any = ChangeRequest.objects.select_related("requested_by", "decided_by", "agency")
    found: ChangeRequest = get_visible_or_404(rows, request.user, pk=key)
    return found


@require_safe
def change_page(request: HttpRequest, key: int) -> HttpResponse:
    """What is asked, by whom and why, what would be written, and who decides."""
    change = _found(request, key)
    kind, obj = KINDS[change.kind], change_text.record_of(change)
    # Who saw the record where it was sees no more of it than what was asked.
    has_gone = changes.has_moved(change, obj)
    found = change_text.lines(change, obj, request.user, shows_now=not has_gone)
    is_open = change.state == RequestState.REQUESTED
    is_own = change.requested_by_id == getattr(request.user, "pk", None)
    may_decide = (
        is_open and not is_own and changes.may_decide(request.user, change, timezone.localdate())
    )
    why_not = why_same_person(cast("User", request.user), change) if may_decide else ""
    return render(
        request,
        "projects/change.html",
        {
            "title": _("Change request: %(name)s") % {"name": change.object_name},
            "crumbs": [
                {"label": capfirst(str(kind.plural)), "url": kind.list_url()},
                *([] if has_gone else [{"label": str(obj), "url": kind.page_url(obj)}]),
                {"label": _("Change request")},
            ],
            "change": change,
            "record": change.object_name if has_gone else str(obj),
            "record_url": "" if has_gone else kind.page_url(obj),
            "has_gone": has_gone and is_open,
            "lines": found,
            "has_moved": is_open and any(line.has_moved for line in found),
            "may_withdraw": is_open and is_own,
            "may_decide": may_decide and not why_not,
            "why_not": why_not,
            "is_open": is_open,
        },
    )


def _decide(
    request: HttpRequest, key: int, service: Callable[..., ChangeRequest], done: str
) -> HttpResponse:
    """Run a decision and tell what came of it on the page of the request."""
    change = _found(request, key)
    is_own = change.requested_by_id == getattr(request.user, "pk", None)
    if not is_own and not changes.may_decide(request.user, change, timezone.localdate()):
        raise PermissionDenied
    url = changes.url_of(change)
    if run(request, lambda act, version: service(act, change.pk, version=version), url):
        messages.success(request, done)
    return redirect(url)


@require_POST
def approve(request: HttpRequest, key: int) -> HttpResponse:
    return _decide(request, key, changes.approve, _("Agreed to, and written."))


@require_POST
def reject(request: HttpRequest, key: int) -> HttpResponse:
    return _decide(request, key, changes.reject, _("The request is rejected; nothing changed."))


@require_POST
def withdraw(request: HttpRequest, key: int) -> HttpResponse:
    return _decide(request, key, changes.withdraw, _("The request is withdrawn."))
