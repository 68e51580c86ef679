"""Opening what somebody sent: nothing is trusted before it was weighed.

A workbook is a zip archive of XML. Before a parser sees it, its sizes, its rows, formulas, merged
cells and macros are looked for in the archive itself, without unfolding it in memory.
"""

import csv
import html
import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext as _
from python_calamine import CalamineError, CalamineWorkbook

from governance import entry

MAX_BYTES: Final = 20 * 1024 * 1024
"""Of a file as sent."""
MAX_UNPACKED: Final = 300 * 1024 * 1024
MAX_RATIO: Final = 200
MAX_ROWS: Final = 100_000
"""Of one sheet."""
# Cells of one kind of fault that are told one by one.
MAX_TOLD: Final = 100

_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SHEET: Final = re.compile(r"<(?:\w+:)?sheet\s[^>]*>")
_RELATION: Final = re.compile(r"<(?:\w+:)?Relationship\s[^>]*>")
_ATTRIBUTE: Final = re.compile(r'([\w:]+)\s*=\s*"([^"]*)"')
_ROW: Final = re.compile(rb"<(?:\w+:)?row[\s>/]")
_FORMULA: Final = re.compile(rb'<(?:\w+:)?c\s[^>]*?r="([A-Z]+[0-9]+)"[^>]*>\s*<(?:\w+:)?f[\s>/]')
_BROKEN: Final = re.compile(rb'<(?:\w+:)?c\s(?=[^>]*t="e")[^>]*?r="([A-Z]+[0-9]+)"')
_MERGED: Final = re.compile(rb'<(?:\w+:)?mergeCell\s[^>]*ref="([^"]+)"')
_BLOCK: Final = 1 << 20


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
    """A sheet as it was sent: its name and its rows, from row 1 on."""

    name: str
    rows: list[list[Any]]


def open_file(content: bytes, file_name: str) -> tuple[list[RawSheet], list[CellError]]:
    """The sheets of a workbook, or of a CSV file, and what is wrong with single cells.

    Raises Unreadable.
    """
    if not content:
        raise _refuse(_("The file is empty."))
    if len(content) > MAX_BYTES:
        raise _refuse(
            _("The file is larger than %(n)d MB: split it.") % {"n": MAX_BYTES // 1024 // 1024}
        )
    if file_name.lower().endswith(".csv"):
        return [RawSheet("", _csv_rows(content))], []
    return _workbook(content, file_name)


# CSV ------------------------------------------------------------------------------------------------------


def _csv_rows(content: bytes) -> list[list[Any]]:
    """Rows of a CSV file in UTF-8, or in the encoding in which Japanese Excel saves CSV."""
    for encoding in ("utf-8-sig", "cp932"):
        try:
            text = content.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise _refuse(_("The text is neither UTF-8 nor Shift_JIS: save it as CSV UTF-8."))
    if "\x00" in text:
        raise _refuse(_("This is no CSV file."))
    try:
        rows: list[list[Any]] = []
        for row in csv.reader(io.StringIO(text, newline="")):
            rows.append([_unguarded(cell) for cell in row])
            if len(rows) > MAX_ROWS + 1:
                raise _too_long("")
    except csv.Error as error:
        raise _refuse(_("The table cannot be read: %(why)s") % {"why": error}) from error
    return rows


def _unguarded(cell: str) -> str:
    """A text that our files guard against being taken for a formula, without its guard."""
    is_guarded = cell[:1] == "'" and cell[1:2] in ("=", "+", "-", "@", "\t", "\r", "'")
    return cell[1:] if is_guarded else cell


def _too_long(sheet: str) -> Unreadable:
    message = _("A sheet has at most %(n)s rows: split the file.") % {"n": f"{MAX_ROWS:,}"}
    return Unreadable([CellError(sheet, None, "", message)])


# Workbooks --------------------------------------------------------------------------------------------------


def _workbook(content: bytes, file_name: str) -> tuple[list[RawSheet], list[CellError]]:
    if content.startswith(_OLE):
        raise _refuse(
            _(
                "The file is protected by a password, or of the old format (.xls). Save it without"
                " a password as .xlsx."
            )
        )
    if file_name.lower().endswith((".xlsm", ".xlsb", ".xls")):
        raise _refuse(_("Only .xlsx workbooks without macros, and .csv files, are taken."))
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            errors = _weigh(archive)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError) as error:
        raise _refuse(_("This is no workbook, or it is damaged.")) from error
    except RuntimeError as error:  # zipfile's answer to an encrypted member.
        raise _refuse(_("The file is protected by a password.")) from error
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(content))
        sheets = [
            RawSheet(name, workbook.get_sheet_by_name(name).to_python(skip_empty_area=False))
            for name in workbook.sheet_names
        ]
    except (CalamineError, ValueError, OSError, UnicodeDecodeError) as error:
        raise _refuse(_("This is no workbook, or it is damaged.")) from error
    return sheets, errors


def _weigh(archive: zipfile.ZipFile) -> list[CellError]:
    """Refuse what is dangerous to unfold; tell formulas, merged cells and broken values."""
    infos = archive.infolist()
    unpacked = sum(info.file_size for info in infos)
    packed = sum(max(info.compress_size, 1) for info in infos)
    if unpacked > MAX_UNPACKED or unpacked > MAX_RATIO * max(packed, 1) or len(infos) > 2000:
        raise _refuse(_("The file unpacks to far more than a workbook holds."))
    names = {info.filename for info in infos}
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        raise _refuse(_("The workbook holds macros: save it as .xlsx without them."))
    if "xl/workbook.xml" not in names:
        raise _refuse(_("This is no Excel workbook (.xlsx)."))
    errors: list[CellError] = []
    for title, member in _sheet_members(archive, names):
        errors += _scan(archive, member, title)
    return errors


def _read_small(archive: zipfile.ZipFile, name: str) -> str:
    with archive.open(name) as member:
        return member.read(_BLOCK * 4).decode("utf-8", "replace")


def _attributes(tag: str) -> dict[str, str]:
    return {name: html.unescape(value) for name, value in _ATTRIBUTE.findall(tag)}


def _sheet_members(archive: zipfile.ZipFile, names: set[str]) -> Iterator[tuple[str, str]]:
    """Sheet name → its XML in the archive."""
    relations: dict[str, str] = {}
    if "xl/_rels/workbook.xml.rels" in names:
        for tag in _RELATION.findall(_read_small(archive, "xl/_rels/workbook.xml.rels")):
            given = _attributes(tag)
            relations[given.get("Id", "")] = given.get("Target", "")
    for tag in _SHEET.findall(_read_small(archive, "xl/workbook.xml")):
        given = _attributes(tag)
        relation = next((v for k, v in given.items() if k.endswith(":id")), "")
        target = relations.get(relation, "").lstrip("/")
        member = target if target.startswith("xl/") else f"xl/{target}"
        if member in names:
            yield given.get("name", ""), member


def _scan(archive: zipfile.ZipFile, member: str, title: str) -> list[CellError]:
    rows = 0
    parts: list[bytes] = []
    tail = b""
    with archive.open(member) as source:
        while block := source.read(_BLOCK):
            rows += len(_ROW.findall(tail + block)) - len(_ROW.findall(tail))
            tail = block[-8:]
            parts.append(block)
            if rows > MAX_ROWS + 2:
                raise _too_long(title)
    text = b"".join(parts)
    found = [
        (
            _FORMULA,
            _("This cell holds a formula: copy it and paste its value."),
        ),
        (_BROKEN, _("This cell shows an error of Excel instead of a value.")),
        (_MERGED, _("These cells are merged: split them, a value in each.")),
    ]
    errors = []
    for pattern, message in found:
        for match in list(pattern.finditer(text))[:MAX_TOLD]:
            place = match.group(1).decode("ascii", "replace")
            number = re.search(r"[0-9]+", place)
            errors.append(CellError(title, int(number.group()) if number else None, place, message))
    return errors


def plain_name(text: Any) -> str:
    """A sheet's or column's name as compared: normal width, no case, no spaces around it."""
    return entry.plain(str(text)).lower()
