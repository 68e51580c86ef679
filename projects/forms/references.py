"""Choosing other objects in a form: by the key that people know them by.

A register holds tens of thousands of systems and services: no select could list them. A key, or
a text that fits exactly one object, is typed; where several fit, the form names them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import QuerySet
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from governance import entry
from governance.fields.forms import LineField, TextField
from governance.fields.text import check_line, prose
from governance.models import User
from projects.ends import UNSEEN
from projects.filters import LONGEST_TEXT, text_q
from projects.register import Kind

# How many candidates a form names where a text fits several objects.
CANDIDATES: Final = 10
# Up to how many objects a form offers all of them while typing.
OFFERED: Final = 100


@dataclass(frozen=True, slots=True)
class Offer:
    """One object that a form suggests: the key to type and the name beside it."""

    key: str
    name: str


class KeyInput(forms.TextInput):
    """A text input with suggestions, and a link to the list where the key can be looked up."""

    offers: Iterable[Offer] = ()
    lookup_url = ""
    current = ""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        attrs = dict(attrs or {})
        offers = [(offer.key, offer.name) for offer in self.offers]
        if offers:
            attrs["list"] = f"{attrs.get('id', name)}_offers"
        parts = [super().render(name, value, attrs, renderer)]
        if offers:
            options = format_html_join("", '<option value="{}">{}</option>', offers)
            parts.append(format_html('<datalist id="{}">{}</datalist>', attrs["list"], options))
        if self.current:
            parts.append(format_html('<p class="note">{} {}</p>', _("Now:"), self.current))
        parts.append(_lookup_link(self.lookup_url))
        return SafeString("".join(parts))


class KeysInput(forms.Textarea):
    """A text area with one key a line, and a link to the list where keys can be looked up."""

    lookup_url = ""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        return SafeString(
            super().render(name, value, attrs, renderer) + _lookup_link(self.lookup_url)
        )


def _lookup_link(url: str) -> SafeString:
    if not url:
        return SafeString("")
    return format_html(
        '<p class="note"><a href="{}" target="_blank" rel="noopener">{}</a></p>',
        url,
        _("Look it up in the list (opens a new tab)"),
    )


class _ByKey(TextField):
    """Objects of another kind, told by the key that people know them by.

    `rows` are those that `reader` may see; `kept` are those of them that the record names already
    and that stay valid. What the reader does not see stays by leaving it, never by its name.
    Nothing is offered as a list of thousands.
    """

    other: Kind
    rows: QuerySet[Any]
    kept: tuple[Any, ...] = ()
    reader: Any = None

    def bind(self, rows: QuerySet[Any], kept: Iterable[Any], reader: Any = None) -> None:
        self.rows, self.kept, self.reader = rows, tuple(kept), reader

    def find(self, text: str) -> Any:
        """The object of that key, or the only one that the text fits. Raises ValidationError."""
        key = entry.plain(text)
        check_line(text)
        if len(text) > LONGEST_TEXT:
            raise self._unknown(text)
        for obj in self.kept:
            if self.other.key_of(obj) == key:
                return obj
        found = self._by_key(key)
        if found is not None:
            return found
        near = list(self.rows.filter(text_q(self.other, text, self.reader))[: CANDIDATES + 1])
        if len(near) == 1:
            return near[0]
        if not near:
            raise self._unknown(text)
        self.suggest(near[:CANDIDATES])
        raise ValidationError(
            _("“%(given)s” fits several; write the ID of one: %(candidates)s"),
            code="ambiguous",
            params={
                "given": text[:80],
                "candidates": "; ".join(f"{self.other.key_of(o)} {o}" for o in near[:CANDIDATES])
                + ("; …" if len(near) > CANDIDATES else ""),
            },
        )

    def _unknown(self, text: str) -> ValidationError:
        return ValidationError(
            _("Nothing that you can see is called “%(given)s”."),
            code="unknown",
            params={"given": text[:80]},
        )

    def _by_key(self, key: str) -> Any:
        if self.other.has_own_key:
            return self.rows.filter(**{self.other.key: key}).first()
        number = key.removeprefix("#")
        # Longer numbers name no row, and a database would refuse them.
        if not (number.isascii() and number.isdecimal() and len(number) < 19):
            return None
        return self.rows.filter(pk=int(number)).first()

    def run_validators(self, value: Any) -> None:
        """Objects need no validators of text; `find` refuses what is no text to look for."""

    def suggest(self, near: Iterable[Any]) -> None:
        """Offer these objects beside the input."""

    def offers(self, objects: Iterable[Any]) -> list[Offer]:
        return [Offer(self.other.key_of(obj), str(obj)) for obj in objects]


class KeyField(_ByKey):
    """One object of another kind."""

    def __init__(self, other: Kind, **kwargs: Any) -> None:
        super().__init__(widget=KeyInput(attrs={"autocomplete": "off"}), **kwargs)
        self.other = other
        self.hidden: Any = None
        """What stands there and the reader does not see: it stays where nothing else is typed."""

    def hide(self, obj: Any) -> None:
        self.hidden, self.required = obj, False
        self.widget.is_required = False
        self.widget.current = str(UNSEEN)

    def suggest(self, near: Iterable[Any]) -> None:
        self.widget.offers = self.offers(near)

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        return self.hidden if text in self.empty_values else self.find(str(text))

    def prepare_value(self, value: Any) -> Any:
        return self.other.key_of(value) if isinstance(value, models.Model) else value

    def has_changed(self, initial: Any, data: Any) -> bool:
        return entry.plain(str(self.prepare_value(initial) or "")) != entry.plain(str(data or ""))


class PersonField(LineField):
    """A person by the name of the account, among those that the reader may see.

    `kept` is whom the record names already: they stay valid. `hidden` is whom it names and the
    reader does not see: they stay where nobody else is named.
    """

    rows: QuerySet[User] | None = None
    kept: User | None = None
    hidden: User | None = None

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            **{"widget": KeyInput(attrs={"autocomplete": "off"}), "max_length": 150, **kwargs}
        )

    def hide(self, person: User) -> None:
        self.hidden, self.required = person, False
        self.widget.is_required = False
        self.widget.current = str(UNSEEN)

    def bind(self, rows: QuerySet[User], kept: User | None = None) -> None:
        """Offer these people, all of them while they are few."""
        self.rows, self.kept = rows.filter(is_active=True), kept
        some = list(self.rows.order_by("username")[: OFFERED + 1])
        if len(some) <= OFFERED:
            self.widget.offers = [Offer(person.username, str(person)) for person in some]

    def to_python(self, value: Any) -> Any:
        if isinstance(value, User):
            return value
        text = str(super().to_python(value) or "").strip()
        if not text:
            return self.hidden
        if self.kept is not None and self.kept.username == text:
            return self.kept
        check_line(text)
        found = self.find(text)
        if found is None:
            raise ValidationError(
                _("There is no account of this name that you can see."), code="unknown"
            )
        return found

    def find(self, username: str) -> User | None:
        return None if self.rows is None else self.rows.filter(username=username).first()

    def run_validators(self, value: Any) -> None:
        """A person needs no validators of text."""

    def prepare_value(self, value: Any) -> Any:
        return value.username if isinstance(value, User) else value

    def has_changed(self, initial: Any, data: Any) -> bool:
        return str(self.prepare_value(initial) or "") != str(data or "").strip()


class KeysField(_ByKey):
    """Any number of objects of another kind, one key a line."""

    def __init__(self, other: Kind, **kwargs: Any) -> None:
        super().__init__(widget=KeysInput(attrs={"rows": 4, "spellcheck": "false"}), **kwargs)
        self.other = other
        self.hidden: tuple[Any, ...] = ()

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        found: dict[int, Any] = {}
        errors = []
        for line in prose(str(text or "")).split("\n"):
            if not line.strip():
                continue
            try:
                obj = self.find(line)
                found[obj.pk] = obj
            except ValidationError as error:
                errors.append(error)
        if errors:
            raise ValidationError(errors)
        # What the reader cannot see is not theirs to take away.
        return [*found.values(), *(obj for obj in self.hidden if obj.pk not in found)]

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, str) or value is None:
            return value
        return "\n".join(self.other.key_of(obj) for obj in value)

    def has_changed(self, initial: Any, data: Any) -> bool:
        if isinstance(initial, list):
            initial = [obj for obj in initial if obj not in self.hidden]
        before = str(self.prepare_value(initial) or "").splitlines()
        after = str(data or "").splitlines()
        return {entry.plain(line) for line in before} != {
            entry.plain(line) for line in after if line.strip()
        }
