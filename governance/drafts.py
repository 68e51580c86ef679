"""Forms that keep what was typed: saved every few seconds, found again after any interruption.

A draft is its writer's alone and no record of account: it is kept as the browser sent it, checked
by nobody, and gone once the form was saved.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

from django import forms
from django.forms.utils import ErrorDict
from django.http import QueryDict

from governance.models import Draft, User

LARGEST: Final = 200_000
"""Characters that a draft may hold: the largest form filled to the brim has half of it."""
_NUL: Final = "\x00"
# Of a form as sent; never kept.
_LEFT_OUT: Final = frozenset({"csrfmiddlewaretoken", "draft", "password"})


def keep(user: User, form: str, sent: Iterable[tuple[str, str]], at: datetime) -> bool:
    """Keep what was typed into a form; False where it is too much to keep, or no database keeps
    it (a NUL). Cost: one statement."""
    data = [[name, value] for name, value in sent if name not in _LEFT_OUT]
    if sum(len(name) + len(value) for name, value in data) > LARGEST:
        return False
    if _NUL in form or any(_NUL in name or _NUL in value for name, value in data):
        return False
    Draft.objects.update_or_create(
        user=user, form=form[:300], defaults={"data": data, "saved_at": at}
    )
    return True


def find(user: User, form: str) -> Draft | None:
    """What this person typed into this form and has not saved. Cost: one query."""
    if _NUL in form:
        return None
    return Draft.objects.filter(user=user, form=form[:300]).first()


def forget(user: User, form: str) -> None:
    """Drop a draft: its form was saved, or its writer discards it. Cost: one statement."""
    if form and _NUL not in form:
        Draft.objects.filter(user=user, form=form[:300]).delete()


def typed(draft: Draft) -> QueryDict:
    """A draft as a form takes it."""
    return QueryDict(urlencode([(name, value) for name, value in draft.data]), mutable=False)


class Resumable(forms.BaseForm):
    """A form that can be shown as it was left: with what was typed, before anything is judged."""

    def resume(self) -> Any:
        """Show what the data say without telling errors yet; the next send tells them."""
        self._errors = ErrorDict(renderer=self.renderer)
        self.cleaned_data: dict[str, Any] = {}
        return self
