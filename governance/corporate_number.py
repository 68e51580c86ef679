"""Corporate numbers (法人番号): thirteen digits, of which the first checks the other twelve."""

import re
import unicodedata
from typing import Final

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

_DIGITS: Final = re.compile(r"[0-9]{13}")


def plain(text: str) -> str:
    """A number as it is compared: digits of normal width, without spaces and hyphens."""
    return re.sub(r"[\s‐-―-]", "", unicodedata.normalize("NFKC", text))


def check_digit(twelve: str) -> int:
    """The first digit of the number whose other twelve digits are given."""
    # From the right, every second digit counts double (法人番号の指定等に関する省令, article 2).
    weighed = sum(
        int(digit) * (2 if place % 2 else 1) for place, digit in enumerate(reversed(twelve))
    )
    return 9 - weighed % 9


def validate(text: str) -> None:
    """Raise ValidationError where `text` is no corporate number."""
    if not _DIGITS.fullmatch(text):
        raise ValidationError(_("A corporate number has 13 digits."))
    if int(text[0]) != check_digit(text[1:]):
        raise ValidationError(_("This is no corporate number: its first digit does not fit."))
