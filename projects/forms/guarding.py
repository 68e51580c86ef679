"""Forms of the register: what the state of the record closes, and the page that asks for it."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from governance.fields.forms import ProseField
from projects.models.change import SHORTEST_REASON
from projects.services import field_rights

if TYPE_CHECKING:
    from django import forms

    _Form = forms.ModelForm[Any]
else:  # A mixin: the form class stands beside it.
    _Form = object


class Guarded(_Form):
    """Closes the fields that the reader may not write now, and tells why; or offers those alone
    that change by request."""

    user: Any
    on: date
    closed: Mapping[str, str] = {}
    """Field → why it is closed"""
    asked: Sequence[str] = ()

    def _guard(self, *, asks: bool) -> None:
        """Call once the fields of a stored record are made; `asks` is for the page that asks."""
        if asks:
            self._ask()
        else:
            self._close(field_rights.closed_fields(self.user, self.instance, self.on))

    def _guard_new(self) -> None:
        """The same for a record to be made: what nobody writes in a new one."""
        self._close(field_rights.closed_in_new(self.instance, self.on))

    def _close(self, closed: Mapping[str, str]) -> None:
        """What the reader may not write as the record stands is shown, with the reason."""
        self.closed = closed
        for name, why in self.closed.items():
            if name in self.fields:
                field = self.fields[name]
                field.disabled, field.required, field.show_hidden_initial = True, False, False
                field.help_text = why

    def _refuse_closed(self) -> None:
        """A page that was opened before a field closed still sends it: nothing typed is dropped
        without a word."""
        for name, why in self.closed.items():
            if name not in self.fields or self.add_prefix(name) not in self.data:
                continue
            field, param = self.fields[name], self.add_prefix(name)
            sent = field.widget.value_from_datadict(self.data, self.files, param)
            stored, field.disabled = self.get_initial_for_field(field, name), False
            if field.has_changed(stored, sent):
                self.add_error(name, why)
            field.disabled = True

    def _ask(self) -> None:
        """Only what changes by request as the record stands, and why it should."""
        self.asked = field_rights.asked_fields(self.user, self.instance, self.on)
        kept = {*self.asked, "version"}
        self.fields = {name: field for name, field in self.fields.items() if name in kept}
        self.fields["reason"] = ProseField(
            label=_("Reason"),
            min_length=SHORTEST_REASON,
            max_length=500,
            help_text=_(
                "%(n)d characters or more. Who decides reads it; it stays in the audit trail."
            )
            % {"n": SHORTEST_REASON},
        )
