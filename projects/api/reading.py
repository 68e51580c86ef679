"""What clients send, read as values: JSON types exactly, and text as the forms read it.

A figure may come as a JSON number or as text in the ways offices write (`governance.entry`):
"12百万円", "85%", "令和7年度". Nothing is rounded, cut off or guessed.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from governance import entry
from governance.fields.bounds import check_count, check_yen
from governance.fields.text import check_prose, prose
from projects.api.fields import Field, Nature

_LARGEST: Final = 2**63 - 1
_DEEPEST: Final = 20


def text(given: object) -> str:
    """Text without spaces around it; line ends are one character, as in the forms."""
    if not isinstance(given, str):
        raise ValidationError(_("Write text."), code="no_text")
    found = prose(given).strip()
    if found:
        check_prose(found)
    return found


def integer(given: object, read: Callable[[str], int]) -> int:
    """A whole number of 64 bits, from a JSON number or from text that `read` understands."""
    if isinstance(given, str):
        value = read(given)
    elif isinstance(given, bool) or not isinstance(given, int | Decimal):
        raise ValidationError(_("Write a whole number."), code="no_integer")
    else:
        value = _whole(given)
    return value


def yen(given: object) -> int:
    """Integer yen, within the bound of an amount."""
    value = integer(given, entry.yen)
    check_yen(value)
    return value


def count(given: object) -> int:
    """How many, within the bound of a count."""
    value = integer(given, entry.integer)
    check_count(value)
    return value


def _whole(given: int | Decimal) -> int:
    if not -_LARGEST <= given <= _LARGEST or given != int(given):
        raise ValidationError(_("Write a whole number of at most 18 digits."), code="no_integer")
    return int(given)


def decimal(given: object, read: Callable[[str], Decimal]) -> Decimal:
    """An exact decimal, from a JSON number or from text that `read` understands."""
    if isinstance(given, str):
        return read(given)
    if isinstance(given, bool) or not isinstance(given, int | Decimal):
        raise ValidationError(_("Write a number, or a number as text."), code="no_number")
    value = Decimal(given)
    if abs(value.adjusted()) > 30:
        raise ValidationError(_("This number is too large or too small."), code="no_number")
    return read(f"{value:f}")


def written(given: object, read: Callable[[str], Any]) -> Any:
    """A date or month, always as text."""
    if not isinstance(given, str):
        raise ValidationError(_("Write a date as text: 2025-04-01."), code="no_date")
    return read(given)


def truth(given: object) -> bool:
    if not isinstance(given, bool):
        raise ValidationError(_("Write true or false."), code="no_truth")
    return given


def structure(given: object, depth: int = 0) -> Any:
    """JSON as it may be stored: decimals as text, no text that a database refuses."""
    if depth > _DEEPEST:
        raise ValidationError(_("This is nested too deeply."), code="too_deep")
    if isinstance(given, Mapping):
        return {text(name): structure(item, depth + 1) for name, item in given.items()}
    if isinstance(given, list):
        return [structure(item, depth + 1) for item in given]
    if isinstance(given, str):
        return text(given)
    # A threshold keeps its exact digits as text; the rules read either.
    return str(given) if isinstance(given, Decimal) else given


def choice(field: Field, given: object) -> Any:
    """One of the values of a list, of exactly its type."""
    values = [value for value, _label in field.choices]
    if isinstance(given, bool) or not isinstance(given, int | str) or given not in values:
        raise ValidationError(
            _("Write one of: %(values)s."),
            code="no_choice",
            params={"values": ", ".join(str(value) for value in values if value != "")},
        )
    return given


_READERS: Final[Mapping[Nature, Callable[[object], Any]]] = {
    Nature.TEXT: text,
    Nature.BOOL: truth,
    Nature.YEN: yen,
    Nature.COUNT: count,
    Nature.YEAR: lambda given: integer(given, entry.fiscal_year),
    Nature.DECIMAL: lambda given: decimal(given, entry.decimal),
    Nature.RATIO: lambda given: decimal(given, entry.ratio),
    Nature.PERCENT: lambda given: decimal(given, entry.percent),
    Nature.DAY: lambda given: written(given, entry.day),
    Nature.MONTH: lambda given: written(given, entry.month),
    Nature.JSON: structure,
}


def read(field: Field, given: object, *, is_name: bool = False) -> Any:
    """The value of `given` for `field`; names (keys that people give) get their normal width.

    Raises ValidationError with a sentence that says what to write instead. References are
    looked up elsewhere: they need the reader.
    """
    if field.nature is Nature.CHOICE:
        return choice(field, given)
    value = _READERS[field.nature](given)
    return entry.plain(value) if is_name else value
