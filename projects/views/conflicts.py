"""Two people changed one record: both versions, field by field, and a choice for each.

The address and the form stay the same: the page sends everything that was typed, once more, with
the new version and, for each field that differs, whose value stands.
"""

from dataclasses import dataclass
from typing import Any, Final

from django import forms
from django.db import models
from django.http import QueryDict
from django.utils.translation import gettext as _

from governance.fields.forms import EntryField
from governance.formatting import DASH
from projects.ends import UNSEEN

CHOICE: Final = "choice-"
_INITIAL: Final = "initial-"
_THEIRS: Final = "theirs"
# Parameters of the form that are no values of the record.
_OWN: Final = ("csrfmiddlewaretoken", "version")


@dataclass(frozen=True, slots=True)
class Difference:
    """One field whose two versions differ; `prefers_mine` where the reader changed it."""

    name: str
    label: str
    mine: str
    theirs: str
    prefers_mine: bool


@dataclass(frozen=True, slots=True)
class Conflicting:
    """Both versions: what differs, and what the page sends again."""

    differences: list[Difference]
    hidden: list[tuple[str, str]]


def chosen(data: QueryDict) -> QueryDict:
    """What was sent, with the other person's value wherever the reader took it.

    Their values are the ones that the conflict page sent along as those that it had shown.
    """
    if not any(name.startswith(CHOICE) for name in data):
        return data
    settled = data.copy()
    for param in data:
        if param.startswith(CHOICE) and data[param] == _THEIRS:
            name = param.removeprefix(CHOICE)
            settled[name] = data.get(f"{_INITIAL}{name}", "")
    return settled


def compare(mine: forms.BaseForm, theirs: forms.BaseForm) -> Conflicting:
    """`mine` is bound and valid, `theirs` unbound, of the record as it is stored now."""
    changed_by_me = set(mine.changed_data)
    differences, hidden = [], []
    for name, field in mine.fields.items():
        if field.disabled or name == "version" or name not in theirs.fields:
            continue  # A question about what I wrote has no counterpart: its answer travels along.
        stored = theirs.get_initial_for_field(theirs.fields[name], name)
        hidden.append((f"{_INITIAL}{name}", _raw(theirs, name)))
        if not field.has_changed(stored, mine[name].data):
            continue
        differences.append(
            Difference(
                name=name,
                label=str(field.label),
                mine=_shown(field, mine.cleaned_data.get(name)),
                theirs=_shown(theirs.fields[name], stored),
                prefers_mine=name in changed_by_me,
            )
        )
    typed = [
        (param, str(value))
        for param, value in mine.data.items()
        if param not in _OWN and not param.startswith((_INITIAL, CHOICE))
    ]
    return Conflicting(differences, [*typed, *hidden])


def _raw(form: forms.BaseForm, name: str) -> str:
    """The stored value as the form would send it."""
    value = form[name].value()
    return "" if value is None else str(value)


def _shown(field: forms.Field, value: Any) -> str:
    """A value in words; without the names of records that the reader may not see."""
    unseen = getattr(field, "hidden", None)
    if isinstance(unseen, models.Model) and value in (None, unseen):
        return str(UNSEEN)
    if isinstance(value, list) and unseen:
        value = [item for item in value if item not in unseen]
    if value is None or value in ("", [], ()):
        return DASH
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, models.Model):
        return str(value)
    if isinstance(value, list):
        return "\n".join(str(item) for item in value)
    if isinstance(field, EntryField):
        return str(field.prepare_value(value))
    if isinstance(field, forms.ChoiceField):
        choices: Any = field.choices
        return str({str(key): label for key, label in choices}.get(str(value), value))
    return str(value)
