"""Small forms on a page of their own, which keep what is typed as the large ones do.

A form that asks for a secret is none of them: drafts lie in the database as they were typed.
"""

from collections.abc import Callable, Mapping
from functools import wraps
from http import HTTPStatus
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.encoding import escape_uri_path

from governance import drafts
from governance.models import Draft, User

View = Callable[..., HttpResponse]


def keeps(opens: drafts.Opens) -> Callable[[View], View]:
    """Mark a view, as its outermost decorator, as that of a form at its own address whose drafts
    are kept for whoever `opens` lets in. A sending that was not refused ends the draft."""

    def mark(view: View) -> View:
        @wraps(view)
        def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            response = view(request, *args, **kwargs)
            if request.method == "POST" and response.status_code < HTTPStatus.BAD_REQUEST:
                forget(request)
            return response

        return drafts.kept_for(opens)(inner)

    return mark


def _writer(request: HttpRequest) -> User:
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def key_of(request: HttpRequest, name: str = "") -> str:
    """The address by which drafts of a page's form are kept, as a browser writes it; `name` where
    the page has several."""
    path: str = escape_uri_path(request.path)
    return f"{path}?form={name}" if name else path


def forget(request: HttpRequest, name: str = "") -> None:
    """Drop the draft of a form: it was saved. Cost: one statement."""
    drafts.forget(_writer(request), key_of(request, name))


def resume(request: HttpRequest, form: forms.BaseForm, name: str = "") -> Draft | None:
    """Show in a form that nothing was sent to what its reader had typed there, without telling
    errors yet. Cost: one query."""
    if form.is_bound:
        return None
    draft = drafts.find(_writer(request), key_of(request, name))
    if draft is not None:
        form.data, form.is_bound = drafts.typed(draft), True
        drafts.unjudged(form)
    return draft


def form_page(
    request: HttpRequest, form: forms.BaseForm, context: Mapping[str, Any]
) -> HttpResponse:
    """The page of one form: title, crumbs, back and, where there is one, lead and submit. Its view
    is marked with `keeps`."""
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    draft = resume(request, form)
    return render(
        request,
        "projects/simple_form.html",
        {**context, "form": form, "draft": draft, "draft_key": key_of(request)},
        status=status,
    )
