"""Form fields that read what offices type (`governance.entry`) and show it as pages do.

What was typed comes back unchanged when a form is refused; stored values are shown in a way that
the field itself reads.
"""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import DecimalValidator, ProhibitNullCharactersValidator
from django.utils.translation import gettext_lazy as _

from governance import entry
from governance.fields import text
from governance.formatting import decimal_number


class EntryField(forms.CharField):
    """Text that stands for a figure; `read` turns it into the value, None stands for empty."""

    read: Callable[[str], Any]

    def __init__(self, **kwargs: Any) -> None:
        # Room for a figure with its unit; what is longer is refused with a sentence of its own.
        kwargs.setdefault("widget", forms.TextInput(attrs={"autocomplete": "off", "size": 24}))
        super().__init__(**kwargs)
        self.empty_value = None

    def to_python(self, value: Any) -> Any:
        if value is None or isinstance(value, int | Decimal | date | dict):
            return value
        given = super().to_python(value)
        return None if given is None else type(self).read(given)

    def prepare_value(self, value: Any) -> Any:
        """A stored value as text; text that was typed stays as it is."""
        return value if value is None or isinstance(value, str) else self.written(value)

    def written(self, value: Any) -> str:
        return str(value)

    def has_changed(self, initial: Any, data: Any) -> bool:
        if self.disabled:
            return False
        try:
            return bool(self.to_python(initial) != self.to_python(data))
        except ValidationError:
            return True


class YenField(EntryField):
    """Integer yen; 千円, 百万円, 億円 and the like are turned into yen."""

    read = staticmethod(entry.yen)

    def written(self, value: Any) -> str:
        return f"{value:,}"


class CountField(EntryField):
    read = staticmethod(entry.integer)

    def written(self, value: Any) -> str:
        return f"{value:,}"


class NumberField(EntryField):
    """An exact decimal; more decimal places than are stored are refused, never rounded."""

    read = staticmethod(entry.decimal)

    def __init__(self, *, max_digits: int = 24, decimal_places: int = 6, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.validators.append(DecimalValidator(max_digits, decimal_places))
        self.step = Decimal(1).scaleb(-decimal_places)

    def clean(self, value: Any) -> Any:
        """The number with the places that are stored, so that 0.8 and 0.800 are no change."""
        number = super().clean(value)
        return number if number is None else number.quantize(self.step)

    def written(self, value: Any) -> str:
        return decimal_number(Decimal(value))


class RatioField(NumberField):
    """A share from 0 to 1, written and shown in percent."""

    read = staticmethod(entry.ratio)

    def written(self, value: Any) -> str:
        return f"{decimal_number(Decimal(value) * 100)}%"


class PercentField(NumberField):
    """A number of percent: 40 stands for 40 %."""

    read = staticmethod(entry.percent)

    def written(self, value: Any) -> str:
        return f"{decimal_number(Decimal(value))}%"


class DayField(EntryField):
    read = staticmethod(entry.day)


class MonthField(EntryField):
    """A month, kept as its first day."""

    read = staticmethod(entry.month)

    def written(self, value: Any) -> str:
        return f"{value:%Y-%m}"


class YearField(EntryField):
    """A fiscal year."""

    read = staticmethod(entry.fiscal_year)


class TextField(forms.CharField):
    """Text that is checked by `check` alone: Django would tell a NUL a second time."""

    check: Callable[[str], None]

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.validators = [
            validator
            for validator in self.validators
            if not isinstance(validator, ProhibitNullCharactersValidator)
        ]

    def run_validators(self, value: Any) -> None:
        if isinstance(value, str) and value:
            type(self).check(value)
        super().run_validators(value)


class LineField(TextField):
    """Text of one line."""

    check = staticmethod(text.check_line)


class ProseField(TextField):
    """Text of several lines; line ends are kept as one character, as files and API send them."""

    check = staticmethod(text.check_prose)
    widget = forms.Textarea(attrs={"rows": 4})

    def to_python(self, value: Any) -> Any:
        given = super().to_python(value)
        return text.prose(given) if isinstance(given, str) else given

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(self.to_python(initial), self.to_python(data))


class NameField(LineField):
    """A key by which people name an object: normal width, so that one ID is not two."""

    def to_python(self, value: Any) -> Any:
        given = super().to_python(value)
        return entry.plain(given) if isinstance(given, str) else given


def tell(form: forms.BaseForm, error: ValidationError) -> None:
    """Tell each error at its field; what the form has no field for, above all of them."""
    if not hasattr(error, "error_dict"):
        form.add_error(None, error)
        return
    for name, told in error.error_dict.items():
        form.add_error(name if name in form.fields else None, told)


def _pairs(given_text: str) -> dict[str, str]:
    lines = text.prose(given_text)
    text.check_structure(lines)
    pairs: dict[str, str] = {}
    for line in lines.split("\n"):
        if not line.strip():
            continue
        name, sign, given = entry.plain(line).partition("=")
        if not sign or not name.strip() or not given.strip():
            raise ValidationError(
                _("“%(line)s” is not of the form: name = value."), params={"line": line[:80]}
            )
        pairs[name.strip()] = given.strip()
    return pairs


class PairsField(EntryField):
    """Names and values, one pair a line: `name = value`."""

    read = staticmethod(_pairs)

    def __init__(self, **kwargs: Any) -> None:
        kwargs["widget"] = forms.Textarea(attrs={"rows": 6, "spellcheck": "false"})
        super().__init__(**kwargs)

    def written(self, value: Any) -> str:
        return "\n".join(f"{name} = {item}" for name, item in sorted(value.items()))
