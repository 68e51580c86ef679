"""The form field of each field of the register, by its type."""

from typing import Any, Final

from django import forms
from django.db import models
from django.utils.translation import gettext_lazy as _

from governance.fields.forms import (
    CountField,
    DayField,
    MonthField,
    NameField,
    NumberField,
    PairsField,
    PercentField,
    ProseField,
    RatioField,
    YearField,
    YenField,
)
from governance.models import User
from governance.tabular import Text
from projects.filters import capital
from projects.forms.references import KeyField, KeysField, PersonField
from projects.register import Kind, parent_kind
from projects.tables import is_ratio, is_year, unit_of

_HELP_YEN: Final = _("Yen, or with a unit: 12,000,000 / 12百万円 / 1.2億円")
_HELP_DAY: Final = _("For example 2025-04-01, 令和7年4月1日 or R7.4.1")
_HELP_YEAR: Final = _("For example 2025, 令和7年度 or R7")
_HELP_MONTH: Final = _("For example 2025-04, 令和7年4月 or R7.4")
_HELP_RATIO: Final = _("In percent: 85%")


def form_field(kind: Kind, field: "models.Field[Any, Any]") -> forms.Field | None:
    """The form field of a model field of `kind`."""
    given: dict[str, Any] = {
        "label": capital(field.verbose_name),
        "required": not field.blank,
        "help_text": field.help_text,
    }
    if field.has_default():
        given["initial"] = field.get_default()
    if field.is_relation:
        return _reference_field(kind, field, given)
    if field.name == kind.key:
        return _key_text(field, given)
    if field.choices or isinstance(field, models.BooleanField):
        return _choice_field(field)
    return _entry_field(kind, field, given)


def _choice_field(field: "models.Field[Any, Any]") -> forms.Field | None:
    made = field.formfield()
    if isinstance(made, forms.TypedChoiceField) and field.has_default():
        # One of its choices always stands: nobody has to be told to choose.
        made.required, made.empty_value = False, field.get_default()
    return made


def _key_text(field: "models.Field[Any, Any]", given: dict[str, Any]) -> forms.Field | None:
    if field.choices:
        return field.formfield()
    return NameField(max_length=field.max_length, **given)


def _reference_field(
    kind: Kind, field: "models.Field[Any, Any]", given: dict[str, Any]
) -> forms.Field:
    if field.related_model is User:
        given["help_text"] = given["help_text"] or _("The name of the account.")
        return PersonField(**given)
    other = parent_kind(kind, field.name)
    if field.many_to_many:
        given["help_text"] = given["help_text"] or _("One ID a line.")
        return KeysField(other, **given)
    if other.is_short:
        return forms.ModelChoiceField(
            queryset=other.objects.none(), to_field_name="code", empty_label="–", **given
        )
    given["help_text"] = given["help_text"] or _("Its ID, or a part of its name.")
    return KeyField(other, **given)


def _entry_field(
    kind: Kind, field: "models.Field[Any, Any]", given: dict[str, Any]
) -> forms.Field | None:
    name = field.name
    if name in kind.yen:
        return YenField(**_with_help(given, _HELP_YEN))
    if is_year(field):
        return YearField(**_with_help(given, _HELP_YEAR))
    if name == "period":
        return MonthField(**{**given, "help_text": _HELP_MONTH})
    if isinstance(field, models.DateField):
        return DayField(**_with_help(given, _HELP_DAY))
    if isinstance(field, models.DecimalField):
        return _decimal_field(field, given)
    if isinstance(field, models.IntegerField):
        return CountField(**_with_help(given, unit_of(name)))
    if isinstance(field, models.JSONField):
        return PairsField(**given)
    if isinstance(field, models.TextField):
        return ProseField(**given)
    return field.formfield()


def _decimal_field(field: "models.DecimalField[Any, Any]", given: dict[str, Any]) -> forms.Field:
    digits = {"max_digits": field.max_digits, "decimal_places": field.decimal_places}
    if is_ratio(field):
        return RatioField(**{**given, "help_text": _HELP_RATIO}, **digits)
    if field.name.endswith("_percent"):
        return PercentField(**given, **digits)
    return NumberField(**_with_help(given, unit_of(field.name)), **digits)


def _with_help(given: dict[str, Any], help_text: Text) -> dict[str, Any]:
    return {**given, "help_text": given["help_text"] or help_text}
