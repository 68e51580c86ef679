"""Forms for new objects and for changes; every write goes through `services.register`."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from governance import drafts
from governance.access import Action, get_visible_or_404, require
from governance.audit import Act
from governance.exceptions import Conflict, DomainError
from governance.fields.text import check_prose, prose
from governance.models import User
from governance.tabular import Text
from projects import ends
from projects.forms import RegisterForm, form_of
from projects.prefill import prefilled
from projects.register import KINDS, Kind, can_create
from projects.services import register
from projects.views import conflicts, once
from projects.views.objects import find

LONGEST_REASON = 2000


def act_of(request: HttpRequest, reason: str = "") -> Act:
    """The person behind a request, now. Raises DomainError for a reason that cannot be kept."""
    given = prose(reason).strip()
    if len(given) > LONGEST_REASON:
        raise DomainError(
            _("Reason: at most %(most)s characters, and these are %(given)s.")
            % {"most": f"{LONGEST_REASON:,}", "given": f"{len(given):,}"}
        )
    try:
        check_prose(given)
    except ValidationError as error:
        raise DomainError(_("Reason: %(why)s") % {"why": " ".join(error.messages)}) from error
    return Act(user=_person(request), at=timezone.now(), reason=given)


def _form_page(
    request: HttpRequest,
    kind: Kind,
    form: RegisterForm,
    *,
    title: str,
    status: int,
    back: str,
    more: Mapping[str, Any],
) -> HttpResponse:
    return render(
        request,
        "projects/form.html",
        {
            "title": title,
            "crumbs": [
                {"label": capfirst(str(kind.plural)), "url": kind.list_url()},
                {"label": title},
            ],
            "form": form,
            "sections": form.sections,
            "back": back,
            "draft_key": _draft_key(request),
            **more,
        },
        status=status,
    )


def _person(request: HttpRequest) -> User:
    """Who is signed in: pages are only shown to them."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def _draft_key(request: HttpRequest) -> str:
    """The form that a draft belongs to: its address, with what the address fills in."""
    sent = request.POST.get("draft", "")
    return sent if sent.startswith(request.path) else request.get_full_path()


def _tell(form: RegisterForm, error: Exception) -> int:
    """Tell at the form why nothing was saved; returns the status of the answer."""
    if isinstance(error, ValidationError):
        form.add_error(None, error)
        return 422
    if isinstance(error, PermissionDenied):
        form.add_error(
            None,
            _("With these values the record would lie outside of what your role may write."),
        )
        return 403
    if isinstance(error, IntegrityError):
        # Somebody was faster: now the same check finds their row, and tells it at its field.
        form.full_clean()
        if not form.errors:
            form.add_error(
                None,
                _("Somebody saved the same record at the same moment. Please check and try again."),
            )
        return 422
    form.add_error(None, str(error))
    return 409


_REFUSALS = (ValidationError, PermissionDenied, IntegrityError, DomainError)


def _may_create(user: User, slug: str) -> None:
    if not can_create(user, KINDS[slug]):
        raise PermissionDenied


def may_edit(user: User, slug: str, key: str | int) -> None:
    """Raise Http404 or PermissionDenied unless `user` may edit the record of this address."""
    kind = KINDS[slug]
    require(user, Action.EDIT, get_visible_or_404(kind.objects, user, **{kind.key: key}))


@drafts.kept_for(_may_create)
@require_http_methods(["GET", "HEAD", "POST"])
def new_page(request: HttpRequest, slug: str) -> HttpResponse:
    """The form for a new object; an address may fill fields in (?system=…)."""
    kind = KINDS[slug]
    _may_create(_person(request), slug)
    on, draft = timezone.localdate(), None
    status, token = 200, request.POST.get("once") or once.new_token()
    if request.method == "POST":
        form = form_of(kind)(request.POST, user=request.user, on=on)
        status = 422
        if form.is_valid():
            try:
                return _create(request, kind, form, token)
            except _REFUSALS as error:
                status = _tell(form, error)
    else:
        initial = prefilled(kind, request.user, request.GET)
        form = form_of(kind)(user=request.user, on=on, initial=initial)
        if draft := drafts.find(_person(request), _draft_key(request)):
            data = drafts.typed(draft)
            form = form_of(kind)(data, user=request.user, on=on, initial=initial).resume()
            # A first send may have gone through: its token still tells.
            token = data.get("once") or token
    title = _("New: %(kind)s") % {"kind": kind.name}
    return _form_page(
        request,
        kind,
        form,
        title=title,
        status=status,
        back=kind.list_url(),
        more={"once": token, "is_new": True, "draft": draft},
    )


def _create(
    request: HttpRequest, kind: Kind, form: RegisterForm, token: str
) -> HttpResponseRedirect:
    with transaction.atomic():
        url = once.made_before(request, token)
        if not url:
            obj = register.create(act_of(request), kind, form.values())
            url = kind.page_url(obj)
            once.remember(request, token, url)
        drafts.forget(_person(request), _draft_key(request))
    messages.success(request, _("Saved."))
    return redirect(url)


@drafts.kept_for(may_edit)
@require_http_methods(["GET", "HEAD", "POST"])
def edit_page(request: HttpRequest, slug: str, key: str | int) -> HttpResponse:
    """The form of a stored object; a colleague's change in between is shown, never lost."""
    kind = KINDS[slug]
    obj = find(request, kind, key)
    require(request.user, Action.EDIT, obj)
    title, url = ends.name_of(obj), kind.page_url(obj)
    on, draft = timezone.localdate(), None
    if closed := register.closed_because(kind, obj):
        messages.error(request, str(closed))
        return redirect(url)
    status = 200
    if request.method == "POST":
        form = form_of(kind)(conflicts.chosen(request.POST), user=request.user, on=on, instance=obj)
        status = 422
        if form.is_valid():
            try:
                return _edit(request, kind, form, url)
            except Conflict:
                return _conflict_page(request, kind, form, key=key, title=title, back=url)
            except _REFUSALS as error:
                status = _tell(form, error)
    else:
        form = form_of(kind)(user=request.user, on=on, instance=obj)
        if draft := drafts.find(_person(request), _draft_key(request)):
            data = drafts.typed(draft)
            form = form_of(kind)(data, user=request.user, on=on, instance=obj).resume()
    return _form_page(
        request,
        kind,
        form,
        title=_("Edit: %(name)s") % {"name": title},
        status=status,
        back=url,
        more={
            "change_reason": request.POST.get("change_reason", ""),
            "is_new": False,
            "draft": draft,
        },
    )


def _edit(request: HttpRequest, kind: Kind, form: RegisterForm, url: str) -> HttpResponseRedirect:
    act = act_of(request, request.POST.get("change_reason", ""))
    version = form.cleaned_data["version"]
    changed = register.edit(act, kind, form.instance.pk, form.values(), version=version)
    drafts.forget(_person(request), _draft_key(request))
    if changed.version == version:
        messages.info(request, _("Nothing was changed."))
    else:
        messages.success(request, _("Saved."))
    return redirect(url)


def _conflict_page(
    request: HttpRequest,
    kind: Kind,
    form: RegisterForm,
    *,
    key: str | int,
    title: str,
    back: Text,
) -> HttpResponse:
    stored = find(request, kind, key)
    theirs = form_of(kind)(user=request.user, on=timezone.localdate(), instance=stored)
    both = conflicts.compare(form, theirs)
    if not both.differences:
        messages.info(request, _("Somebody else has already saved the same values."))
        return redirect(str(back))
    return render(
        request,
        "projects/conflict.html",
        {
            "title": _("Two versions: %(name)s") % {"name": title},
            "crumbs": [
                {"label": capfirst(str(kind.plural)), "url": kind.list_url()},
                {"label": title, "url": back},
                {"label": _("Two versions")},
            ],
            "both": both,
            "version": stored.version,
            "changed_by": str(stored.updated_by or ""),
            "changed_at": stored.updated_at,
            "back": back,
        },
        status=409,
    )
