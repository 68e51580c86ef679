"""Opening what somebody sent: nothing of it is trusted, and little of it is read here.

Workbooks, and CSV files of some size, are read by a process of its own with limits
(`projects.imports.reader`); what that process found, or why it found nothing, is told here in the
reader's language.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from governance import entry
from projects.imports.reader.apart import Beat, read_apart
from projects.imports.reader.child import read_csv
from projects.imports.reader.limits import MAX_BYTES, Refused

# Of a CSV file that is read here: starting a process would take longer than reading it.
SMALL_BYTES: Final = 256 * 1024

_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_REFUSED: Final[Mapping[str, Promise]] = {
    "unpacks": gettext_lazy("The file unpacks to far more than a workbook holds."),
    "macros": gettext_lazy("The workbook holds macros: save it as .xlsx without them."),
    "links": gettext_lazy(
        "The workbook refers to other workbooks: break the links and save it again."
    ),
    "no_workbook": gettext_lazy("This is no Excel workbook (.xlsx)."),
    "damaged": gettext_lazy("This is no workbook, or it is damaged."),
    "password": gettext_lazy("The file is protected by a password."),
    "doctype": gettext_lazy("The file defines XML entities: no workbook of Excel does."),
    "sheets": gettext_lazy("A workbook has at most %(n)s sheets: split the file."),
    "rows": gettext_lazy("A sheet has at most %(n)s rows: split the file."),
    "columns": gettext_lazy("A sheet has at most %(n)s columns: is something standing far out?"),
    "cells": gettext_lazy("A workbook has at most %(n)s cells: split the file."),
    "memory": gettext_lazy("Reading this file takes more memory than a table may: split it."),
    "time": gettext_lazy("Reading this file takes longer than a table may: split it."),
    "encoding": gettext_lazy("The text is neither UTF-8 nor Shift_JIS: save it as CSV UTF-8."),
    "no_csv": gettext_lazy("This is no CSV file."),
    "csv": gettext_lazy(
        "The table cannot be read from line %(n)s on: a cell is too long, or a quotation mark is not"
        " closed."
    ),
}
_FAULTS: Final[Mapping[str, Promise]] = {
    "formula": gettext_lazy("This cell holds a formula: copy it and paste its value."),
    "broken": gettext_lazy("This cell shows an error of Excel instead of a value."),
    "merged": gettext_lazy("These cells are merged: split them, a value in each."),
}


@dataclass(frozen=True, slots=True)
class CellError:
    """One thing wrong, told so that a person finds it. `row` counts as Excel shows it."""

    sheet: str
    row: int | None
    column: str
    message: str

    def as_json(self) -> dict[str, Any]:
        return {
            "sheet": self.sheet,
            "row": self.row,
            "column": self.column,
            "message": self.message,
        }

    def __str__(self) -> str:
        place = [part for part in (self.sheet, "" if self.row is None else str(self.row)) if part]
        if self.column:
            place.append(self.column)
        return f"{' / '.join(place)}: {self.message}" if place else self.message


class Unreadable(Exception):
    """The file cannot be read at all, or must not be; `errors` say why."""

    def __init__(self, errors: Sequence[CellError]) -> None:
        super().__init__("; ".join(str(error) for error in errors))
        self.errors = list(errors)


def _refuse(message: str) -> Unreadable:
    return Unreadable([CellError("", None, "", message)])


@dataclass(frozen=True, slots=True)
class RawSheet:
    """A sheet as it was sent: its name and its rows, from row 1 on. Rows end with their last cell
    that holds something."""

    name: str
    rows: list[list[Any]]


def open_file(
    content: bytes, file_name: str, beat: Beat | None = None
) -> tuple[list[RawSheet], list[CellError]]:
    """The sheets of a workbook, or of a CSV file, and what is wrong with single cells.

    `beat` is called about every second while the file is read. Raises Unreadable.
    """
    if not content:
        raise _refuse(_("The file is empty."))
    if len(content) > MAX_BYTES:
        raise _refuse(
            _("The file is larger than %(n)d MB: split it.") % {"n": MAX_BYTES // 1024 // 1024}
        )
    is_csv = file_name.lower().endswith(".csv")
    if not is_csv:
        _refuse_by_kind(content, file_name)
    try:
        if is_csv and len(content) <= SMALL_BYTES:
            return [RawSheet("", _unguarded(read_csv(content)))], []
        read = read_apart(content, "csv" if is_csv else "xlsx", beat)
    except Refused as refused:
        raise Unreadable([_told(refused)]) from refused
    tidy: Callable[[list[list[Any]]], list[list[Any]]] = _unguarded if is_csv else list
    return [RawSheet(name, tidy(rows)) for name, rows in read.sheets], [
        _fault(*fault) for fault in read.faults
    ]


def _refuse_by_kind(content: bytes, file_name: str) -> None:
    if content.startswith(_OLE):
        raise _refuse(
            _(
                "The file is protected by a password, or of the old format (.xls). Save it without"
                " a password as .xlsx."
            )
        )
    if file_name.lower().endswith((".xlsm", ".xlsb", ".xls")):
        raise _refuse(_("Only .xlsx workbooks without macros, and .csv files, are taken."))


def _told(refused: Refused) -> CellError:
    values = {
        name: f"{value:,}" if isinstance(value, int) else value[:80]
        for name, value in refused.values.items()
    }
    place = values.get("place", "")
    message = str(_REFUSED[refused.code]) % values
    return CellError(values.get("sheet", ""), _row_of(place), place, message)


def _fault(kind: str, sheet: str, place: str) -> CellError:
    return CellError(sheet, _row_of(place), place, str(_FAULTS[kind]))


def _row_of(place: str) -> int | None:
    """The row of an address: 7 of "AB7", 5 of "D5:E6"."""
    digits = place.partition(":")[0].lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    return int(digits) if digits.isascii() and digits.isdecimal() else None


def _unguarded(rows: list[list[Any]]) -> list[list[Any]]:
    """Texts that our files guard against being taken for a formula, without their guard."""
    return [[cell[1:] if _is_guarded(cell) else cell for cell in row] for row in rows]


def _is_guarded(cell: str) -> bool:
    return cell[:1] == "'" and cell[1:2] in ("=", "+", "-", "@", "\t", "\r", "'")


def plain_name(text: Any) -> str:
    """A sheet's or column's name as compared: normal width, no case, no spaces around it."""
    return entry.plain(str(text)).lower()
