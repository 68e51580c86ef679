"""Editing the goal chain of a system or project, and methods."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from governance import drafts
from governance.access import Action, get_visible_or_404, require
from governance.exceptions import DomainError
from projects.forms.goals import GoalForm, LinkForm, MethodForm
from projects.goals import GOALS, goals
from projects.models import Kpi, System
from projects.register import KINDS
from projects.services import register, requests
from projects.ties import can_add, ties_of
from projects.views.editing import act_of, may_edit
from projects.views.kept import forget, form_page, keeps, key_of, resume
from projects.views.objects import find

_KPIS, _LINKS = KINDS["kpis"], KINDS["kpi-links"]


def _may_add(user: Any, slug: str, key: str) -> None:
    kind = KINDS[slug]
    holder = get_visible_or_404(kind.objects, user, **{kind.key: key})
    if not can_add(user, _KPIS, ties_of(kind, holder)):
        raise PermissionDenied


@drafts.kept_for(_may_add)
@require_http_methods(["GET", "HEAD", "POST"])
def goals_page(request: HttpRequest, slug: str, key: str) -> HttpResponse:
    """The chain as a tree, with a form for a new goal and one for a new link."""
    kind = KINDS[slug]
    holder = find(request, kind, key)
    ties = ties_of(kind, holder)
    if not can_add(request.user, _KPIS, ties):
        raise PermissionDenied
    field = "system" if isinstance(holder, System) else "project"
    kpis = list(Kpi.objects.visible_to(request.user).filter(**{field: holder})[:GOALS])
    goal, link = GoalForm(kpis=kpis), LinkForm(kpis=kpis)
    status = 200
    if request.method == "POST":
        status = 422
        if "goal-code" in request.POST:
            goal = GoalForm(request.POST, kpis=kpis)
            if goal.is_valid() and _saved(request, goal, lambda: _add(request, holder, goal, kpis)):
                forget(request, "goal")
                return redirect(request.path)
        else:
            link = LinkForm(request.POST, kpis=kpis)
            if link.is_valid() and _saved(request, link, lambda: _link(request, link, kpis)):
                forget(request, "link")
                return redirect(request.path)
    return render(
        request,
        "projects/goals.html",
        {
            "title": _("Goals: %(name)s") % {"name": holder},
            "crumbs": [
                {"label": capfirst(str(kind.plural)), "url": kind.list_url()},
                {"label": str(holder), "url": kind.page_url(holder)},
                {"label": _("Goals")},
            ],
            "goals": goals(kind, holder, request.user, ties),
            "goal_form": goal,
            # Two forms at one address: each keeps what is typed under a name of its own.
            "goal_key": key_of(request, "goal"),
            "goal_draft": resume(request, goal, "goal"),
            "link_form": link,
            "link_key": key_of(request, "link"),
            "link_draft": resume(request, link, "link"),
        },
        status=status,
    )


def _saved(request: HttpRequest, form: forms.Form, write: Any) -> bool:
    """Run a write; tells at the form why nothing was saved."""
    try:
        with transaction.atomic():
            write()
    except ValidationError as error:
        told = error.message_dict if hasattr(error, "error_dict") else {"__all__": error.messages}
        for name, found in told.items():
            for message in found:
                form.add_error(name if name in form.fields else None, message)
        return False
    except DomainError as error:
        form.add_error(None, str(error))
        return False
    messages.success(request, _("Saved."))
    return True


def _by_code(kpis: list[Kpi], code: str) -> Kpi:
    return next(kpi for kpi in kpis if kpi.code == code)


def _add(request: HttpRequest, holder: Any, form: GoalForm, kpis: list[Kpi]) -> None:
    values, act = form.cleaned_data, act_of(request)
    names = ("kind", "code", "title", "indicator", "unit", "direction", "horizon")
    field = "system" if isinstance(holder, System) else "project"
    made = register.create(act, _KPIS, {**{n: values[n] for n in names}, field: holder})
    if values["origin"]:
        origin = _by_code(kpis, values["origin"])
        register.create(act, _LINKS, {"origin": origin, "target": made, "reason": values["reason"]})


def _link(request: HttpRequest, form: LinkForm, kpis: list[Kpi]) -> None:
    values = form.cleaned_data
    pair = {name: _by_code(kpis, values[name]) for name in ("origin", "target")}
    register.create(act_of(request), _LINKS, {**pair, "reason": values["reason"]})


@keeps(lambda user, key: may_edit(user, _KPIS.slug, key))
@require_http_methods(["GET", "HEAD", "POST"])
def new_method(request: HttpRequest, key: str) -> HttpResponse:
    """Describe how a KPI is measured from a year on."""
    kpi = find(request, _KPIS, key)
    require(request.user, Action.EDIT, kpi)
    form = MethodForm(label_suffix="")
    if request.method == "POST":
        form = MethodForm(request.POST, label_suffix="")
        if form.is_valid():
            act, values = act_of(request), form.cleaned_data
            if _saved(request, form, lambda: requests.add_method(act, kpi, values)):
                return redirect("reports:kpi-series", kpi.code)
    lead = _("A new method breaks the series: years before and after it are not compared.")
    title, back = _("Add a method"), _KPIS.page_url(kpi)
    crumbs = [
        {"label": capfirst(str(_KPIS.plural)), "url": _KPIS.list_url()},
        {"label": str(kpi), "url": back},
        {"label": title},
    ]
    return form_page(request, form, {"title": title, "lead": lead, "crumbs": crumbs, "back": back})
