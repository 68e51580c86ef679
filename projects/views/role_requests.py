"""Roles asked for: what waits, who has to agree, and what came of it."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from governance.models import AccountTie, RoleRequest, User
from governance.tabular import Column, Kind, build_table
from projects import people
from projects.services import role_requests as service
from projects.views.deciding import run

# Of those that are decided, the latest.
_SHOWN = 50


def columns() -> tuple[Column[Any], ...]:
    """Requests as rows, here and on the page of a person."""
    return (
        Column(
            "account",
            _("Account name"),
            lambda row: row.user.username,
            url=lambda row: reverse("role-request", args=[row.pk]),
        ),
        Column("role", _("role"), lambda row: row.get_role_display()),
        Column("place", _("where"), lambda row: str(row.agency or row.project)),
        Column("by", _("requested by"), lambda row: str(row.requested_by or "–")),
        Column("at", _("requested at"), lambda row: row.requested_at, Kind.DATETIME),
        Column("state", _("state"), lambda row: row.get_state_display()),
    )


def _reader(request: HttpRequest) -> User:
    if not isinstance(request.user, User):
        raise Http404
    return request.user


@require_safe
def requests_page(request: HttpRequest) -> HttpResponse:
    """What waits for the reader, what the reader asked for, and what was decided in their sight.
    Cost: a fixed number of queries."""
    user, on = _reader(request), timezone.localdate()
    seen = service.seen_by(user)
    waiting = service.waiting_for(user, on)
    mine = {row.pk for row in waiting}
    others = [row for row in seen.filter(state=RoleRequest.State.REQUESTED) if row.pk not in mine]
    decided = seen.exclude(state=RoleRequest.State.REQUESTED).order_by("-decided_at", "-pk")
    parts = (
        ("waiting", _("Roles waiting for you to agree"), waiting),
        ("others", _("Waiting for others"), others),
        ("decided", _("Decided"), list(decided[:_SHOWN])),
    )
    return render(
        request,
        "projects/role_requests.html",
        {
            "title": _("Requests for roles"),
            "crumbs": [{"label": _("Requests for roles")}],
            "parts": [
                (
                    id_,
                    title,
                    build_table(
                        columns(),
                        rows,
                        caption=title,
                        caption_hidden=True,
                        query={},
                        empty_text=_("None."),
                        id=id_,
                    ),
                )
                for id_, title, rows in parts
            ],
        },
    )


def _find(request: HttpRequest, pk: int) -> RoleRequest:
    found = service.seen_by(_reader(request)).filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


@require_safe
def request_page(request: HttpRequest, pk: int) -> HttpResponse:
    """One request: who asked, who has to agree, and the reader's own part in it."""
    found, user = _find(request, pk), _reader(request)
    part = service.Judge([found], timezone.localdate()).part(user, found)
    why_not = service.why_not(user, found, part) if part else ""
    # Whoever decides has to know about whom.
    is_seen = bool(part) or found.user_id == user.pk or people.may_see(user, found.user)
    makers = AccountTie.objects.filter(user=found.user, ended_at__isnull=True)
    return render(
        request,
        "projects/role_request.html",
        {
            "title": _("Role asked for: %(role)s") % {"role": found.get_role_display()},
            "crumbs": [
                {"label": _("Requests for roles"), "url": reverse("role-requests")},
                {"label": found.get_role_display()},
            ],
            "found": found,
            "place": found.agency or found.project,
            "account_is_seen": is_seen,
            # Whoever confirms should know who else may sign in with this account.
            "ties": makers.select_related("actor") if part.office else (),
            "may_decide": bool(part) and not why_not,
            "is_holder": found.user_id == user.pk,
            "why_not": why_not,
            "may_withdraw": found.requested_by_id == user.pk
            and found.state == RoleRequest.State.REQUESTED,
        },
    )


def _do(
    request: HttpRequest, pk: int, write: Callable[..., RoleRequest], done: str
) -> HttpResponse:
    found = _find(request, pk)
    url = reverse("role-request", args=[found.pk])
    after = run(request, lambda act, version: write(act, found.pk, version=version), url)
    if after is not None:
        if after.state == RoleRequest.State.REQUESTED:
            done = _("You have agreed; somebody else has to agree as well.")
        messages.success(request, done)
    return redirect(url)


@require_POST
def approve(request: HttpRequest, pk: int) -> HttpResponse:
    return _do(request, pk, service.approve, _("The role is given."))


@require_POST
def reject(request: HttpRequest, pk: int) -> HttpResponse:
    return _do(request, pk, service.reject, _("The request is rejected."))


@require_POST
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    return _do(request, pk, service.withdraw, _("The request is withdrawn."))
