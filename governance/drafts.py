"""Forms that keep what was typed: saved every few seconds, found again after any interruption.

A draft is its writer's alone and no record of account: it is kept as the browser sent it, checked
by nobody, and gone once the form was saved. It belongs to a form that its writer can open, there is
room for so much a person and no more, and it expires (`governance.retention`). What is refused here
leaves every draft that is kept already as it is.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, Final, TypeVar
from urllib.parse import unquote, urlencode, urlsplit

from django import forms
from django.core.cache import cache
from django.db import transaction
from django.db.models import Count, Q, Sum
from django.forms.utils import ErrorDict
from django.http import Http404, QueryDict
from django.urls import resolve

from governance.models import Draft, User

LARGEST: Final = 200_000
"""Characters that a draft may hold: the largest form filled to the brim has half of it."""
MOST: Final = 40
"""Drafts that one person may have"""
ROOM: Final = 2_000_000
"""Characters that all drafts of one person may hold together"""
A_MINUTE: Final = 60
"""How often one person's pages may send a minute; one page sends every two seconds at most"""
_LONGEST_ADDRESS: Final = 300
# Of a form as sent; never kept.
_LEFT_OUT: Final = frozenset({"csrfmiddlewaretoken", "draft"})


class NotKept(Exception):
    """What was sent is not kept."""


class Unusable(NotKept):
    """No address of a form, or signs that no form sends."""


class TooMuch(NotKept):
    """It is too large, or there are too many: some have to be saved or discarded first."""


class TooOften(NotKept):
    """It was sent too often; `again_in` says after how many seconds it may be."""

    def __init__(self, again_in: int) -> None:
        super().__init__()
        self.again_in = again_in


# Which forms --------------------------------------------------------------------------------------

Opens = Callable[..., object]
"""(user, the parts of the address) → anything; raises Http404 or PermissionDenied for somebody who
can't open the form"""
View = TypeVar("View", bound=Callable[..., Any])
_FORMS: Final[dict[Callable[..., Any], Opens]] = {}


def kept_for(opens: Opens) -> Callable[[View], View]:
    """Mark a view, as its outermost decorator, as that of a form whose drafts are kept."""

    def mark(view: View) -> View:
        _FORMS[view] = opens
        return view

    return mark


def require_form(user: User, address: str) -> None:
    """Raise Unusable, Http404 or PermissionDenied unless `address` is that of a form that keeps
    drafts and `user` can open it. Cost: what the form's own access check costs."""
    if not _is_usable(address):
        raise Unusable
    found = resolve(unquote(urlsplit(address).path))
    opens = _FORMS.get(found.func)
    if opens is None:
        raise Http404
    opens(user, *found.args, **found.kwargs)


def _is_usable(address: str) -> bool:
    is_here = address.startswith("/") and not address.startswith("//")
    return is_here and "\0" not in address and len(address) <= _LONGEST_ADDRESS


# Keeping ------------------------------------------------------------------------------------------


def pace(user: User, at: datetime) -> None:
    """Count one sending; raises TooOften. Processes that share no cache count each for itself."""
    second = int(at.timestamp())
    key = f"drafts:{user.pk}:{second // 60}"
    cache.add(key, 0, timeout=120)
    try:
        count = cache.incr(key)
    except ValueError:  # Evicted in between: nobody is refused for that.
        return
    if count > A_MINUTE:
        raise TooOften(60 - second % 60)


def _is_left_out(name: str) -> bool:
    return name in _LEFT_OUT or "password" in name.casefold()


@transaction.atomic
def keep(user: User, form: str, sent: Iterable[tuple[str, str]], at: datetime) -> None:
    """Keep what was typed into a form. Raises TooMuch, and Unusable for a NUL.

    Cost: five statements.
    """
    data = [[name, value] for name, value in sent if not _is_left_out(name)]
    if any("\0" in name or "\0" in value for name, value in data):
        raise Unusable
    size = sum(len(name) + len(value) for name, value in data)
    if size > LARGEST:
        raise TooMuch
    # One sending of a person after the other: two at once would both find the last room.
    User.objects.select_for_update(of=("self",)).only("pk").get(pk=user.pk)
    this = Q(form=form)
    held = Draft.objects.filter(user=user).aggregate(
        this=Count("pk", filter=this), all=Count("pk"), others=Sum("size", filter=~this)
    )
    if (not held["this"] and held["all"] >= MOST) or (held["others"] or 0) + size > ROOM:
        raise TooMuch
    Draft.objects.update_or_create(
        user=user, form=form, defaults={"data": data, "size": size, "saved_at": at}
    )


def find(user: User, form: str) -> Draft | None:
    """What this person typed into this form and has not saved. Cost: one query."""
    return Draft.objects.filter(user=user, form=form).first() if _is_usable(form) else None


def forget(user: User, form: str) -> None:
    """Drop a draft: its form was saved, or its writer discards it. Cost: one statement."""
    if _is_usable(form):
        Draft.objects.filter(user=user, form=form).delete()


def typed(draft: Draft) -> QueryDict:
    """A draft as a form takes it."""
    return QueryDict(urlencode([(name, value) for name, value in draft.data]), mutable=False)


def unjudged(form: Any) -> None:
    """Let a bound form show what its data say without telling errors; the next send tells them."""
    form._errors = ErrorDict(renderer=form.renderer)  # noqa: SLF001  what `errors` would fill
    form.cleaned_data = {}


class Resumable(forms.BaseForm):
    """A form that can be shown as it was left: with what was typed, before anything is judged."""

    def resume(self) -> Any:
        """Show what the data say without telling errors yet; the next send tells them."""
        unjudged(self)
        return self
