"""Which sheets a workbook has, with which columns, and how a cell of each is read and written.

The columns are the fields that the forms of the register ask for, read by the same rules
(`governance.entry`), so that a cell and a form field never disagree.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import override

from governance import entry
from governance.fields.text import prose
from projects.filters import capital
from projects.register import KINDS, Kind, parent_kind
from projects.tables import is_ratio, is_year, unit_of

LANGUAGES: Final = ("ja", "en")
# Columns besides the fields: the record's number (where people give no key), and its version.
NUMBER, VERSION = "#", "version"
_YES: Final = frozenset({"○", "〇", "はい", "有", "yes", "true", "1", "y"})
_NO: Final = frozenset({"×", "いいえ", "無", "no", "false", "0", "n", "-"})
# Excel keeps 15 digits of a number; longer ones travel as text.
EXACT: Final = 10**15


@dataclass(frozen=True, slots=True)
class Cell:
    """One column: a field of a kind."""

    kind: Kind
    name: str

    @property
    def field(self) -> "models.Field[Any, Any]":
        return self.kind.field(self.name)

    def label(self) -> str:
        """What stands over the column, in the active language, with the unit."""
        text = capital(self.field.verbose_name)
        if self.name in self.kind.yen:
            return f"{text} ({_('yen')})"
        unit = str(unit_of(self.name))
        if self.name.endswith("_state") and self.kind.states(self.name.removesuffix("_state")):
            figure = capital(self.kind.field(self.name.removesuffix("_state")).verbose_name)
            return _("%(figure)s: if empty, why") % {"figure": figure}
        return f"{text} ({unit})" if unit else str(text)

    @property
    def target(self) -> Kind | None:
        """The kind that the cell refers to, if it names other records."""
        return parent_kind(self.kind, self.name) if self.field.is_relation else None


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet: the rows of a kind."""

    slug: str
    # Fields that find the row of a record that has no number in the file.
    natural: tuple[str, ...] = ()

    @property
    def kind(self) -> Kind:
        return KINDS[self.slug]

    @property
    def title(self) -> str:
        """The sheet's name in the active language."""
        return str(capital(self.kind.plural))[:31]

    def titles(self) -> set[str]:
        """Its names in every language, for reading."""
        found = {self.slug}
        for language in LANGUAGES:
            with override(language):
                found.add(self.title)
        return found

    @property
    def cells(self) -> tuple[Cell, ...]:
        return tuple(Cell(self.kind, name) for name in self.kind.fields)

    @property
    def own(self) -> tuple[str, ...]:
        """The columns before the fields."""
        return (VERSION,) if self.kind.has_own_key else (NUMBER, VERSION)

    def columns(self) -> tuple[str, ...]:
        """All columns by name: the key first, so that it stays in sight."""
        names = self.kind.fields
        if self.kind.has_own_key:
            return (self.kind.key, VERSION, *(n for n in names if n != self.kind.key))
        return (NUMBER, VERSION, *names)

    def own_label(self, name: str) -> str:
        return _("Number (do not change)") if name == NUMBER else _("Version (do not change)")

    def label(self, name: str) -> str:
        return self.own_label(name) if name in self.own else Cell(self.kind, name).label()


SHEETS: Final[tuple[Sheet, ...]] = (
    Sheet("systems"),
    Sheet("projects"),
    Sheet("services"),
    Sheet("contracts"),
    Sheet(
        "cost-lines",
        ("system", "project", "budget_year", "cost_item", "stage", "account", "sheet_year"),
    ),
    Sheet("kpis"),
    Sheet("kpi-values", ("kpi", "fiscal_year", "method_version")),
)
BY_SLUG: Final[Mapping[str, Sheet]] = {sheet.slug: sheet for sheet in SHEETS}


# Words for choices ------------------------------------------------------------------------------------


@cache
def _words(model: type[models.Model], name: str) -> Mapping[str, Any]:
    """What stands for a choice in either language, in normal width and lower case → its value."""
    field: Any = model._meta.get_field(name)
    found: dict[str, Any] = {}
    for language in LANGUAGES:
        with override(language):
            for value, label in field.flatchoices:
                found.setdefault(_plain(str(label)), value)
                found.setdefault(_plain(str(value)), value)
    return found


def _plain(text: str) -> str:
    return entry.plain(text).lower()


# Reading ------------------------------------------------------------------------------------------------

Reader = Callable[[Any], Any]


def is_empty(raw: Any) -> bool:
    return raw is None or (isinstance(raw, str) and not raw.strip())


def as_text(raw: Any) -> str:
    """A cell as text: a whole number loses Excel's ".0", a date is written as one."""
    if isinstance(raw, bool):
        return "1" if raw else "0"
    if isinstance(raw, float) and raw.is_integer():
        return str(int(raw))
    if isinstance(raw, datetime):
        return f"{raw:%Y-%m-%d}"
    return str(raw)


def _number(raw: Any) -> Decimal | None:
    """The exact decimal that a number cell shows; None where the cell holds text."""
    if isinstance(raw, bool):
        raise ValidationError(_("A yes or no is no figure."))
    if not isinstance(raw, int | float | Decimal):
        return None
    return Decimal(repr(raw)) if isinstance(raw, float) else Decimal(raw)


def _whole(raw: Any, read: Callable[[str], int]) -> int:
    number = _number(raw)
    if number is None:
        return read(as_text(raw))
    if number != number.to_integral_value() or abs(number) >= 2**63:
        raise ValidationError(_("“%(given)s” is not a whole number.") % {"given": raw})
    return int(number)


def _decimal(field: Any, raw: Any, read: Callable[[str], Decimal]) -> Decimal:
    number = _number(raw)
    value = read(as_text(raw)) if number is None else number
    step = Decimal(1).scaleb(-field.decimal_places)
    rounded = value.quantize(step)
    # 0.1 + 0.2 in a cell is 0.30000000000000004: what Excel shows is meant.
    if abs(rounded - value) > step / 1000:
        raise ValidationError(
            _("“%(given)s” has more decimal places than the %(n)d that are kept.")
            % {"given": raw, "n": field.decimal_places}
        )
    return rounded


def _day(raw: Any) -> date:
    if isinstance(raw, datetime):
        return raw.date()
    if isinstance(raw, date):
        return raw
    if isinstance(raw, int | float) and not isinstance(raw, bool) and raw > 10**7:
        raw = int(raw)  # 20250401 as a number
    return entry.day(as_text(raw))


def _choice(model: type[models.Model], name: str, raw: Any) -> Any:
    words = _words(model, name)
    found = words.get(_plain(as_text(raw)))
    if found is None:
        field: Any = model._meta.get_field(name)
        offered = "、".join(str(label) for value, label in field.flatchoices if value != "")
        raise ValidationError(
            _("“%(given)s” is none of: %(offered)s")
            % {"given": as_text(raw)[:60], "offered": offered}
        )
    return found


def _truth(raw: Any) -> bool:
    text = _plain(as_text(raw))
    if text in _YES:
        return True
    if text in _NO:
        return False
    raise ValidationError(_("Write yes or no."))


def _prose(field: Any, raw: Any) -> str:
    text = prose(as_text(raw).replace("_x000D_", "")).strip()
    limit = field.max_length
    if limit and len(text) > limit:
        raise ValidationError(_("At most %(n)d characters.") % {"n": limit})
    return text


def reader_of(cell: Cell) -> Reader:
    """How a cell that is not empty and names no other record is read. Raises ValidationError."""
    field, kind, name = cell.field, cell.kind, cell.name
    model = kind.model
    if isinstance(field, models.BooleanField):
        return _truth
    if field.choices:
        return lambda raw: _choice(model, name, raw)
    if name in kind.yen:
        return lambda raw: _whole(raw, entry.yen)
    if is_year(field):
        return lambda raw: _whole(raw, entry.fiscal_year)
    if isinstance(field, models.DateField):
        return _day
    if isinstance(field, models.DecimalField):
        reads = entry.ratio if is_ratio(field) else entry.decimal
        return lambda raw: _decimal(field, raw, reads)
    if isinstance(field, models.IntegerField):
        return lambda raw: _whole(raw, entry.integer)
    if name == kind.key:
        return lambda raw: entry.plain(_prose(field, raw))
    return lambda raw: _prose(field, raw)


def empty_value(field: "models.Field[Any, Any]") -> Any:
    """What an empty cell stands for."""
    if field.has_default() and (field.choices or isinstance(field, models.BooleanField)):
        return field.get_default()
    if isinstance(field, models.IntegerField) and field.has_default():
        return field.get_default()
    return "" if isinstance(field, models.CharField | models.TextField) else None


# Writing ------------------------------------------------------------------------------------------------


def written(cell: Cell, value: Any) -> Any:
    """A stored value as a cell holds it, in the active language: numbers and dates as such."""
    field = cell.field
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if field.choices:
        return str(dict(field.flatchoices).get(value, value))
    if isinstance(value, int) and abs(value) >= EXACT:
        return str(value)
    if isinstance(value, Decimal):
        return str(value) if abs(value) >= EXACT else value
    return value


def shown(cell: Cell, value: Any) -> str:
    """A value in words, for "before → after"."""
    if value is None or value == "":
        return "–"
    if isinstance(value, models.Model):
        target = cell.target
        return str(value) if target is None else target.key_of(value)
    if isinstance(value, list | tuple | set):
        return ", ".join(sorted(shown(cell, item) for item in value)) or "–"
    if isinstance(value, int) and not isinstance(value, bool) and cell.name in cell.kind.yen:
        return f"{value:,}"
    return str(written(cell, value))


def keys_of(raw: Any) -> list[str]:
    """The keys that a cell names, one a line or separated by commas."""
    text = as_text(raw).replace("\r", "\n")
    for sign in (",", ";", "、", "，"):
        text = text.replace(sign, "\n")
    return [entry.plain(part) for part in text.split("\n") if part.strip()]


def sheet_order(slugs: Iterable[str]) -> Iterator[Sheet]:
    wanted = set(slugs)
    return (sheet for sheet in SHEETS if sheet.slug in wanted)
