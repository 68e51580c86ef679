"""What an office does to the accounts of its people; each page hangs on the page of the person."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from governance.access import Action, Resource, require_somewhere
from governance.audit import Act
from governance.exceptions import DomainError
from governance.models import User
from governance.people import invitations, links, sign_ins
from governance.people.forms import AddressForm
from governance.people.views import ask_to_confirm
from projects import people
from projects.services import accounts as service
from projects.services.accounts import Handed
from projects.views.editing import act_of
from projects.views.kept import form_page, keeps


class ReasonForm(forms.Form):
    """Why something is done to somebody's account."""

    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=300)


def _found(user: Any, username: str) -> User:
    """The person, where the reader may see them and has the account in reach."""
    require_somewhere(user, Action.READ, Resource.STAFFING)
    found = User.objects.filter(username=username).first()
    if found is None or not people.may_see(user, found):
        raise Http404
    if not service.in_reach(user, found, timezone.localdate()):
        raise PermissionDenied
    return found


def _addressed(user: Any, username: str) -> User:
    """The same, where the reader may mend the address too."""
    found = _found(user, username)
    if not service.may_see_link(user, found, timezone.localdate()):
        raise PermissionDenied
    return found


def account_of(request: HttpRequest, person: User) -> dict[str, Any]:
    """What the page of a person offers about the account. Cost: seven queries at most."""
    on = timezone.localdate()
    if not service.in_reach(request.user, person, on):
        return {"is_in_reach": False}
    by_mail = invitations.goes_by_mail(person)
    may_see_link = service.may_see_link(request.user, person, on)
    return {
        "is_in_reach": True,
        "by_mail": by_mail,
        "may_link": by_mail or may_see_link,
        "may_change_address": may_see_link,
        "has_factor": sign_ins.has_second_factor(person),
    }


def link_page(request: HttpRequest, person: User, handed: Handed) -> HttpResponse:
    """Say that the link is mailed, or show it: this once, and to this person alone."""
    if handed.mailed:
        messages.success(request, _("A link to set the password is mailed to the holder."))
        return redirect("people-person", person.username)
    url = request.build_absolute_uri(handed.path)
    response = render(
        request,
        "projects/one_time_link.html",
        {
            "title": _("One-time link"),
            "crumbs": _crumbs(person, _("One-time link")),
            "person": person,
            "link": url,
        },
    )
    add_never_cache_headers(response)
    return response


def _crumbs(person: User, label: str) -> list[dict[str, str]]:
    return [
        {"label": _("People"), "url": reverse("people")},
        {"label": str(person), "url": reverse("people-person", args=[person.username])},
        {"label": label},
    ]


@require_POST
def hand_link(request: HttpRequest, username: str) -> HttpResponse:
    """A new link to set the password: mailed, or shown once where there is no mail."""
    person = _found(request.user, username)
    try:
        handed = service.hand_link(act_of(request), person, links.site_of(request))
    except DomainError as error:
        messages.error(request, str(error))
        return redirect("people-person", username)
    return link_page(request, person, handed)


def _with_reason(
    request: HttpRequest,
    username: str,
    title: str,
    lead: str,
    write: Callable[[Act, User], Any],
) -> HttpResponse:
    """A page that asks for the reason, and does it."""
    person = _found(request.user, username)
    form = ReasonForm(request.POST or None, label_suffix="")
    if request.method == "POST" and form.is_valid():
        try:
            write(act_of(request, form.cleaned_data["reason"]), person)
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("Saved."))
            return redirect("people-person", username)
    return _form(request, person, form, title, lead)


def _form(
    request: HttpRequest, person: User, form: forms.Form, title: str, lead: str
) -> HttpResponse:
    context = {
        "title": title,
        "lead": lead,
        "crumbs": _crumbs(person, title),
        "back": reverse("people-person", args=[person.username]),
    }
    return form_page(request, form, context)


@keeps(_found)
@require_http_methods(["GET", "HEAD", "POST"])
def reset_factors(request: HttpRequest, username: str) -> HttpResponse:
    """Take away second factors that somebody has lost."""
    title = _("Reset the second factor: %(name)s") % {"name": username}
    lead = _(
        "Every second factor and every session of the account ends. Until its holder is proven"
        " again, you count as one person with it and don't approve what it files."
    )
    return _with_reason(request, username, title, lead, service.reset_factors)


@keeps(_found)
@require_http_methods(["GET", "HEAD", "POST"])
def deactivate(request: HttpRequest, username: str) -> HttpResponse:
    """Close an account at once."""
    title = _("Deactivate: %(name)s") % {"name": username}
    lead = _("Sessions and the API end at once. Roles stay as they are until they are ended.")
    return _with_reason(request, username, title, lead, service.deactivate)


@keeps(_found)
@require_http_methods(["GET", "HEAD", "POST"])
def reactivate(request: HttpRequest, username: str) -> HttpResponse:
    """Open a closed account again."""
    title = _("Reactivate: %(name)s") % {"name": username}
    lead = _(
        "The account works again with its roles. Until its holder is proven again, you count as one"
        " person with it and don't approve what it files."
    )
    return _with_reason(request, username, title, lead, service.reactivate)


@keeps(_addressed)
@require_http_methods(["GET", "HEAD", "POST"])
def change_address(request: HttpRequest, username: str) -> HttpResponse:
    """Mend the address of somebody's account."""
    person = _addressed(request.user, username)
    form = AddressForm(request.POST or None, initial={"email": person.email}, label_suffix="")
    if request.method == "POST" and form.is_valid():
        act = act_of(request)
        try:
            is_changed = service.change_address(act, person, form.cleaned_data["email"])
        except ValidationError as error:
            for message in error.messages:
                form.add_error(None, message)
        else:
            if is_changed:
                ask_to_confirm(request, act, User.objects.get(pk=person.pk))
            return redirect("people-person", username)
    title = _("Address: %(name)s") % {"name": person}
    return _form(request, person, form, title, _("The holder has to be proven again."))
