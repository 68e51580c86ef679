"""Notices in the application, and how each person wants them."""

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from governance import audit, notices
from governance.models import Notice, User
from governance.models.base import snapshot
from projects.notice_text import words
from projects.views.editing import act_of
from projects.views.kept import form_page, keeps

NOTICES_PER_PAGE = 50


def _signed_in(user: Any) -> User:
    if not isinstance(user, User):
        raise PermissionDenied
    return user


@require_safe
def notices_page(request: HttpRequest) -> HttpResponse:
    """What the reader should know, the latest first."""
    page: Any = Paginator(
        Notice.objects.filter(user=_signed_in(request.user)), NOTICES_PER_PAGE
    ).get_page(request.GET.get("page"))
    return render(
        request,
        "projects/notices.html",
        {
            "title": _("Notices"),
            "crumbs": [{"label": _("Notices")}],
            "notices": [(notice, words(notice.kind, notice.args)) for notice in page],
            "page_obj": page,
        },
    )


@require_POST
def read_notices(request: HttpRequest) -> HttpResponse:
    """Mark one notice as read and open what it is about, or mark all."""
    user, given = _signed_in(request.user), request.POST.get("notice", "")
    pk = int(given) if given.isascii() and given.isdecimal() and len(given) < 19 else None
    notices.mark_read(user, timezone.now(), pk)
    notice = Notice.objects.filter(user=user, pk=pk).first() if pk is not None else None
    return redirect(notice.path if notice is not None and notice.path else "notices")


class PreferencesForm(forms.ModelForm):  # type: ignore[type-arg]
    time_zone = forms.ChoiceField(
        label=gettext_lazy("Time zone"),
        required=False,
        choices=lambda: [
            ("", _("that of this site")),
            *((name, name) for name in sorted(available_timezones()) if "/" in name),
        ],
    )

    class Meta:
        model = User
        fields = ("display_name", "language", "mail_digest", "time_zone")


@keeps(_signed_in)
@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: HttpRequest) -> HttpResponse:
    """Name, language, time zone and how often mail comes; the address is the account page's."""
    user = User.objects.get(pk=_signed_in(request.user).pk)
    form = PreferencesForm(instance=user, label_suffix="")
    if request.method == "POST":
        form = PreferencesForm(request.POST, instance=user, label_suffix="")
        if form.is_valid():
            _save(request, form)
            messages.success(request, _("Saved."))
            return redirect("preferences")
    title = _("My settings")
    return form_page(request, form, {"title": title, "crumbs": [{"label": title}], "back": "/"})


def _kept(user: User) -> dict[str, Any]:
    """The columns that the trail keeps of an account: never the password."""
    names = PreferencesForm.Meta.fields
    return {name: value for name, value in snapshot(user).items() if name in names}


def _save(request: HttpRequest, form: Any) -> None:
    """Write what was changed over what is stored by now: others may have written meanwhile."""
    with transaction.atomic():
        user = User.objects.select_for_update().get(pk=form.instance.pk)
        before = _kept(user)
        for name in form.changed_data:
            setattr(user, name, form.cleaned_data[name])
        after = _kept(user)
        if after != before:
            user.save()
            audit.record_object(act_of(request), "user.edited", user, before=before, after=after)
