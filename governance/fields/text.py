"""Which characters a text may hold, once for every door.

Refused are characters that no database, mail or file keeps as they are (NUL and the other
controls, halves of surrogate pairs, noncharacters), those that stand for something lost (U+FFFD),
and those that turn the reading direction, so that a name shows what it does not say.
"""

import re
import unicodedata
from collections.abc import Mapping
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

# The last two code points of each plane, which stand for no character, and the 32 of the first.
_NONCHARACTERS: Final = "\ufdd0-\ufdef" + "".join(
    f"{chr(plane * 0x10000 + 0xFFFE)}{chr(plane * 0x10000 + 0xFFFF)}" for plane in range(17)
)
_ALWAYS: Final = (
    "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffd"
    + _NONCHARACTERS
)
_IN_PROSE: Final = re.compile(f"[\r{_ALWAYS}]")
_IN_LINE: Final = re.compile(f"[\t\n\r\u2028\u2029{_ALWAYS}]")
_BREAKS: Final = frozenset("\n\r\x0b\x0c\x85\u2028\u2029")
# Letters and signs that show nothing: fillers of Hangul, the blank of Braille.
_BLANK: Final = frozenset("\u115f\u1160\u3164\uffa0\u2800\u034f")
_DEEPEST: Final = 20


def readable(text: str) -> str:
    """`text` to be repeated in a message: what can't be kept or would turn the message round
    stands there as U+XXXX."""
    return _IN_LINE.sub(lambda found: f"U+{ord(found.group()):04X}", text)


def check_line(text: str) -> None:
    """Raise ValidationError for a text that does not fit one line, or cannot be kept or seen."""
    _check(text, _IN_LINE)


def check_prose(text: str) -> None:
    """Raise ValidationError for a text that cannot be kept or seen; line ends are one "\\n"."""
    _check(text, _IN_PROSE)


def _check(text: str, refused: "re.Pattern[str]") -> None:
    found = refused.search(text)
    if found is not None:
        raise _fault(found.group(), found.start() + 1)
    if text and not text.isascii() and not any(map(_is_seen, text)):
        raise ValidationError(_("This text holds nothing that can be seen."), code="invisible")
    if text.isspace():
        raise ValidationError(_("This text holds nothing that can be seen."), code="invisible")


def _fault(character: str, place: int) -> ValidationError:
    if character in _BREAKS:
        return ValidationError(
            _("This field takes one line: there is a line break after %(n)d characters."),
            code="line_break",
            params={"n": place - 1},
        )
    return ValidationError(
        _("Character %(n)d (U+%(code)s) cannot be kept: delete it."),
        code="character",
        params={"n": place, "code": f"{ord(character):04X}"},
    )


def _is_seen(character: str) -> bool:
    return (
        character not in _BLANK
        and unicodedata.category(character)[0] not in "ZC"
        and not (
            "\ufe00" <= character <= "\ufe0f"  # Variation selectors show nothing by themselves.
        )
    )


def check_structure(value: Any, depth: int = 0) -> None:
    """Raise ValidationError for plain data (JSON) that holds a text which cannot be kept, or is
    nested too deeply. Blank texts are left: a form that was not filled in holds many."""
    if depth > _DEEPEST:
        raise ValidationError(_("This is nested too deeply."), code="too_deep")
    if isinstance(value, str):
        if found := _IN_PROSE.search(value.replace("\r\n", "\n")):
            raise _fault(found.group(), found.start() + 1)
    elif isinstance(value, Mapping):
        for name, item in value.items():
            check_structure(name, depth + 1)
            check_structure(item, depth + 1)
    elif isinstance(value, list | tuple):
        for item in value:
            check_structure(item, depth + 1)


def one_line(text: str) -> str:
    """A text from a source that wraps its lines, as one line."""
    return " ".join(text.split())


def prose(text: str) -> str:
    """A text with one "\\n" for each line end, however the source writes them."""
    return re.sub("\r\n|[\r\x0b\x0c\x85]", "\n", text)
