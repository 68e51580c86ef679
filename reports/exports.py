"""What the user sees, as CSV and XLSX, from the same columns as the page.

Rules of both files
- Yen and counts are exact integers, ratios unrounded (0-1 in CSV, percent cells in XLSX), dates
  are dates. Totals are left out: a reader who sums a column must not count them twice.
- A zero is 0. A value that is not there is an empty cell; XLSX lists each of these with its
  reason on a sheet of its own, CSV counts them by reason after the rows.
- The as-of date, the filters, who took the file and when stand in the file.

CSV (UTF-8 with BOM for Excel): header and rows first, then comment lines that start with "#".
All text is quoted, so `pandas.read_csv(path, comment="#")` gives exactly the rows. The last line
reads `# END rows=N`; a file whose stream broke ends with `# INCOMPLETE rows=N`, or without
either. Text that a spreadsheet would take for a formula gets an apostrophe in front; numbers are
typed and keep their minus.

XLSX: sheets for data, origin, definitions and, where there are any, empty cells. Excel shows 15
digits of a number, so longer integers are written as text rather than rounded.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import IO, Any, Final, TypeVar

import xlsxwriter
from django.utils import timezone, translation
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from xlsxwriter.utility import xl_rowcol_to_cell

from governance.exceptions import DomainError
from governance.formatting import REASONS, era_date, integer, iso_date, moment
from governance.tabular import Column, Kind, Text, Unknown, exact_decimal, exact_integer

R = TypeVar("R")

FORMATS: Final = ("csv", "xlsx")


@dataclass(frozen=True, slots=True)
class Meta:
    """Where a file comes from: what it holds, as of when, narrowed how, taken by whom."""

    title: Text
    as_of: date
    generated_at: datetime
    exported_by: str
    filters: Sequence[tuple[Text, Text]] = ()
    source: Text = ""
    sensitivity: Text = ""

    def facts(self, rows: int) -> list[tuple[str, str]]:
        """Labels and values in the active language, in the order of the file."""
        facts = [
            (gettext("Title"), str(self.title)),
            (gettext("As of"), era_date(self.as_of)),
        ]
        if self.filters:
            facts += [
                (gettext("Filter: %(name)s") % {"name": label}, str(value))
                for label, value in self.filters
            ]
        else:
            facts.append((gettext("Filter"), gettext("none")))
        facts += [
            (gettext("Rows"), integer(rows)),
            (gettext("Exported at"), moment(self.generated_at)),
            (gettext("Exported by"), self.exported_by),
        ]
        if self.source:
            facts.append((gettext("Source"), str(self.source)))
        if self.sensitivity:
            facts.append((gettext("Handling"), str(self.sensitivity)))
        return facts


class ExportTooLarge(DomainError):
    message = _("A workbook holds at most 1,048,574 rows. Please narrow the filter or take CSV.")


# --- CSV --------------------------------------------------------------------------------------

_BOM: Final = "\ufeff"
_NEWLINE: Final = "\r\n"
# Excel, LibreOffice and Japanese input methods take these, at the start of a cell, for a formula.
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_CHUNK_CHARS: Final = 32_768


def csv_stream(columns: Sequence[Column[R]], rows: Iterable[R], meta: Meta) -> Iterator[str]:
    """The file in pieces of about 32,000 characters, in the language active at the call."""
    header = ",".join(_quoted(_headed(column)) for column in columns)
    return _csv_pieces(columns, rows, meta, header, translation.get_language() or "en")


def _csv_pieces(
    columns: Sequence[Column[R]], rows: Iterable[R], meta: Meta, header: str, language: str
) -> Iterator[str]:
    lines = [_BOM + header]
    size = count = 0
    unknowns: Counter[str] = Counter()
    try:
        for row in rows:
            # The stream is read after the view has ended, when another language may be active.
            with translation.override(language):
                line = _csv_line(columns, row, unknowns)
            lines.append(line)
            count += 1
            size += len(line)
            if size > _CHUNK_CHARS:
                yield _NEWLINE.join(lines) + _NEWLINE
                lines, size = [], 0
    except Exception:
        # The reader already holds the first rows: say in the file that the rest is missing,
        # and let the server log the error.
        yield _NEWLINE.join([*lines, f"# INCOMPLETE rows={count}", ""])
        raise
    with translation.override(language):
        lines += [_comment(f"{label}: {value}") for label, value in meta.facts(count)]
        lines += [
            _comment(f"{gettext('Metric')}: {column.label} = {column.metric}")
            for column in columns
            if column.metric
        ]
        lines += [
            _comment(
                gettext("Empty cells, %(reason)s: %(count)s")
                % {"reason": REASONS[reason], "count": integer(unknowns[reason])}
            )
            for reason in REASONS
            if unknowns[reason]
        ]
    yield _NEWLINE.join([*lines, f"# END rows={count}", ""])


def _headed(column: Column[Any]) -> str:
    """The header of a CSV column carries its unit: 執行額 (円)."""
    unit = column.export_unit()
    if not unit and column.kind is Kind.RATIO:
        unit = gettext("ratio, 0-1")
    return f"{column.label} ({unit})" if unit else str(column.label)


def _csv_line(columns: Sequence[Column[R]], row: R, unknowns: Counter[str]) -> str:
    cells = []
    for column in columns:
        value = column.read(row)
        if isinstance(value, Unknown):
            unknowns[value.reason] += 1
            cells.append("")
        else:
            cells.append(_CSV_CELL[column.kind](value))
    return ",".join(cells)


def _quoted(text: object) -> str:
    """Text as a quoted field that no spreadsheet runs."""
    field = str(text)
    if field.startswith(_FORMULA_STARTS):
        field = f"'{field}"
    return '"{}"'.format(field.replace('"', '""'))


def _comment(text: str) -> str:
    """One line that readers skip. Separators and line ends are taken out, so that no part of it
    becomes a cell of its own."""
    for separator in (",", ";", "\t", '"'):
        text = text.replace(separator, " ")
    return f"# {' '.join(text.split())}"


def _local_iso(value: object) -> str:
    if not isinstance(value, datetime):
        raise TypeError(value)
    return timezone.localtime(value).isoformat(timespec="seconds")


def _plain_date(value: object) -> date:
    if not isinstance(value, date) or isinstance(value, datetime):
        raise TypeError(value)
    return value


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError(value)
    return value


_CSV_CELL: Final[dict[Kind, Callable[[object], str]]] = {
    Kind.TEXT: _quoted,
    Kind.CHOICE: _quoted,
    Kind.INTEGER: lambda value: str(exact_integer(value)),
    Kind.YEN: lambda value: str(exact_integer(value)),
    Kind.YEAR: lambda value: str(exact_integer(value)),
    Kind.RATIO: lambda value: f"{exact_decimal(value):f}",
    Kind.DECIMAL: lambda value: f"{exact_decimal(value):f}",
    Kind.DATE: lambda value: iso_date(_plain_date(value)),
    Kind.DATETIME: _local_iso,
    Kind.BOOL: lambda value: "TRUE" if _truth(value) else "FALSE",
}


# --- XLSX -------------------------------------------------------------------------------------

_XLSX_ROWS: Final = 1_048_576
_HEAD_ROWS: Final = 2
_XLSX_TEXT: Final = 32_767
# Excel shows and edits numbers with 15 significant digits.
_XLSX_DIGITS: Final = 15
# The calendar of Excel starts here, and its first two months hold a day that never was.
_XLSX_FIRST_DAY: Final = date(1900, 3, 1)
_WIDTHS: Final[dict[Kind, int]] = {
    Kind.TEXT: 32,
    Kind.CHOICE: 18,
    Kind.INTEGER: 14,
    Kind.DECIMAL: 14,
    Kind.YEN: 20,
    Kind.RATIO: 12,
    Kind.YEAR: 10,
    Kind.DATE: 12,
    Kind.DATETIME: 18,
    Kind.BOOL: 10,
}
_NUMBER_FORMATS: Final[dict[Kind, str]] = {
    Kind.INTEGER: "#,##0",
    Kind.YEN: "#,##0",
    Kind.YEAR: "0",
    Kind.DECIMAL: "#,##0.####",
    Kind.RATIO: "0.0%",
    Kind.DATE: "yyyy-mm-dd",
    Kind.DATETIME: "yyyy-mm-dd hh:mm",
}


def write_xlsx(
    columns: Sequence[Column[R]], rows: Iterable[R], meta: Meta, file: IO[bytes]
) -> None:
    """Write the workbook to `file`, row by row. Raises ExportTooLarge."""
    book = xlsxwriter.Workbook(
        file,
        {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        },
    )
    with closing(book):
        _Workbook(book, columns, meta).fill(rows)


class _Workbook:
    """The sheets of one file while it is written: rows go out in order, none is kept."""

    def __init__(self, book: Any, columns: Sequence[Column[Any]], meta: Meta) -> None:
        self.book = book
        self.columns = columns
        self.meta = meta
        self.head = book.add_format(
            {"bold": True, "bg_color": "#E8F1FE", "bottom": 1, "text_wrap": True, "valign": "top"}
        )
        self.units = book.add_format({"italic": True, "bg_color": "#E8F1FE", "bottom": 1})
        self.wrapped = book.add_format({"text_wrap": True, "valign": "top"})
        self.formats = {
            kind: book.add_format({"num_format": text}) for kind, text in _NUMBER_FORMATS.items()
        }
        self.data = self._sheet(gettext("Data"), [_WIDTHS[c.kind] for c in columns])
        self.about = self._sheet(gettext("About"), [24, 80])
        self.definitions = self._sheet(gettext("Definitions"), [24, 28, 16, 90, 28])
        self.empty: Any = None
        self.empty_rows = 0

    def _sheet(self, name: str, widths: Sequence[int]) -> Any:
        sheet = self.book.add_worksheet(name)
        for index, width in enumerate(widths):
            sheet.set_column(index, index, width)
        return sheet

    def fill(self, rows: Iterable[Any]) -> None:
        for index, column in enumerate(self.columns):
            _write_text(self.data, 0, index, column.label, self.head)
        for index, column in enumerate(self.columns):
            unit = column.export_unit() or ("%" if column.kind is Kind.RATIO else "")
            _write_text(self.data, 1, index, unit, self.units)
        count = 0
        for row in rows:
            count += 1
            if count > _XLSX_ROWS - _HEAD_ROWS:
                raise ExportTooLarge
            self._row(count + 1, row)
        self._arrange(count)
        self._about(count)
        self._definitions()

    def _row(self, at: int, row: Any) -> None:
        title = ""
        for index, column in enumerate(self.columns):
            value = column.read(row)
            if isinstance(value, Unknown):
                self._note_empty(at, index, title, value)
                continue
            if index == 0:
                title = str(value)
            self._cell(at, index, value, column.kind)

    def _cell(self, row: int, column: int, value: object, kind: Kind) -> None:
        style = self.formats.get(kind)
        if kind in {Kind.INTEGER, Kind.YEN, Kind.YEAR}:
            self._number(row, column, Decimal(exact_integer(value)), style)
        elif kind is Kind.RATIO:
            # A share needs no more than the 16 digits of a spreadsheet number.
            self.data.write_number(row, column, float(exact_decimal(value)), style)
        elif kind is Kind.DECIMAL:
            self._number(row, column, exact_decimal(value), style)
        elif kind is Kind.DATE:
            self._moment(row, column, _plain_date(value), style)
        elif kind is Kind.DATETIME:
            if not isinstance(value, datetime):
                raise TypeError(value)
            self._moment(row, column, timezone.localtime(value).replace(tzinfo=None), style)
        elif kind is Kind.BOOL:
            self.data.write_boolean(row, column, _truth(value))
        else:
            _write_text(self.data, row, column, value)

    def _number(self, row: int, column: int, value: Decimal, style: Any) -> None:
        if len(value.normalize().as_tuple().digits) <= _XLSX_DIGITS:
            self.data.write_number(row, column, float(value), style)
        else:
            _write_text(self.data, row, column, f"{value:f}")

    def _moment(self, row: int, column: int, value: date, style: Any) -> None:
        day = value.date() if isinstance(value, datetime) else value
        if day < _XLSX_FIRST_DAY:
            _write_text(self.data, row, column, value.isoformat())
        else:
            self.data.write_datetime(row, column, value, style)

    def _note_empty(self, row: int, column: int, title: str, value: Unknown) -> None:
        if self.empty is None:
            self.empty = self._sheet(gettext("Empty cells"), [12, 40, 28, 20, 60])
            heads = (
                gettext("Cell"),
                gettext("Row"),
                gettext("Column"),
                gettext("Reason"),
                gettext("Note"),
            )
            for index, head in enumerate(heads):
                _write_text(self.empty, 0, index, head, self.head)
        self.empty_rows += 1
        if self.empty_rows >= _XLSX_ROWS:
            # The sheet is full; the About sheet still tells how many there are.
            return
        cells = (
            xl_rowcol_to_cell(row, column),
            title,
            self.columns[column].label,
            REASONS[value.reason],
            value.note,
        )
        for index, text in enumerate(cells):
            _write_text(self.empty, self.empty_rows, index, text)

    def _arrange(self, count: int) -> None:
        last_row = max(count + _HEAD_ROWS - 1, _HEAD_ROWS - 1)
        if self.columns:
            # Filter buttons stand in the row of units: sorting then leaves both head rows alone.
            self.data.autofilter(_HEAD_ROWS - 1, 0, last_row, len(self.columns) - 1)
        self.data.freeze_panes(_HEAD_ROWS, 1)
        self.data.repeat_rows(0, _HEAD_ROWS - 1)
        self.data.set_landscape()
        self.data.set_paper(9)
        self.data.fit_to_pages(1, 0)

    def _about(self, count: int) -> None:
        facts = self.meta.facts(count)
        facts.append((gettext("Empty cells"), integer(self.empty_rows)))
        facts.append(
            (
                gettext("How to read"),
                gettext(
                    "An empty cell is a value that is not there; it is never a zero. The sheet of"
                    " empty cells gives the reason for each. Amounts are exact yen."
                ),
            )
        )
        for row, (label, value) in enumerate(facts):
            _write_text(self.about, row, 0, label, self.head)
            _write_text(self.about, row, 1, value, self.wrapped)

    def _definitions(self) -> None:
        heads = (
            gettext("Key"),
            gettext("Column"),
            gettext("Unit"),
            gettext("Definition"),
            gettext("Metric"),
        )
        for index, head in enumerate(heads):
            _write_text(self.definitions, 0, index, head, self.head)
        for row, column in enumerate(self.columns, start=1):
            cells = (
                column.key,
                column.label,
                column.export_unit(),
                column.definition,
                column.metric,
            )
            for index, text in enumerate(cells):
                _write_text(self.definitions, row, index, text, self.wrapped)


def _write_text(sheet: Any, row: int, column: int, value: object, style: Any = None) -> None:
    """Text as text: never a formula, a link or markup, and never dropped for its length."""
    text = str(value)
    if not text:
        sheet.write_blank(row, column, None, style)
        return
    if len(text.encode("utf-16-le")) // 2 > _XLSX_TEXT:
        mark = gettext(" … [cut here: a cell holds 32,767 characters; CSV has the whole text]")
        kept = text.encode("utf-16-le")[: 2 * (_XLSX_TEXT - len(mark))]
        text = kept.decode("utf-16-le", errors="ignore") + mark
    if text.startswith("<r>") and text.endswith("</r>"):
        # XlsxWriter passes this shape through as markup; a space makes it text again.
        text += " "
    if sheet.write_string(row, column, text, style) != 0:
        raise ValueError((row, column))
