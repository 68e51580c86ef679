"""The workbook that goes out: the reader's rows, ready to be edited and sent back."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final

import xlsxwriter
from django.db import models
from django.db.models import Prefetch, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import override

from governance.models import Agency
from governance.models.base import Valid, valid_on
from projects import ends
from projects.imports.sheets.layout import (
    BY_SLUG,
    NUMBER,
    SHEETS,
    VERSION,
    Cell,
    Sheet,
    written,
)
from projects.register import Kind, parent_kind

FORMAT_VERSION: Final = 1
META: Final = "_meta"
# Empty rows below the data that are open for new records, with their drop-downs.
SPARE_ROWS: Final = 500
FIRST_ROW: Final = 2
"""Row 1 holds the labels, row 2 (hidden) the names of the columns; data begin below."""
# "'" too, so that taking the guard off gives back what stood there.
_RISKY: Final = ("=", "+", "-", "@", "\t", "\r", "'")


def rows_of(sheet: Sheet, user: Any, agency: Agency | None = None) -> QuerySet[Any]:
    """The records on a sheet: those that `user` may see, or all of them for no user."""
    rows: QuerySet[Any] = sheet.kind.objects
    if user is not None:
        rows = sheet.kind.objects.visible_to(user)
    if agency is not None:
        inside = Q()
        for path in sheet.kind.agency_paths():
            inside |= Q(**{path: agency.pk})
        rows = rows.filter(pk__in=sheet.kind.objects.filter(inside).values("pk"))
    names = [name for name in sheet.kind.fields if sheet.kind.field(name).is_relation]
    single = [name for name in names if not sheet.kind.field(name).many_to_many]
    many = [name for name in names if sheet.kind.field(name).many_to_many]
    links = [
        # What the reader does not see is neither named nor taken away.
        Prefetch(name, queryset=_seen(parent_kind(sheet.kind, name), user), to_attr=f"seen_{name}")
        for name in many
    ]
    marked = ends.with_all_seen(rows) if user is None else ends.with_marks(rows, user)
    return marked.select_related(*single).prefetch_related(*links).order_by("pk")


def _seen(kind: Kind, user: Any) -> QuerySet[Any]:
    return kind.objects if user is None else kind.objects.visible_to(user)


def values_of(sheet: Sheet, obj: Any) -> Iterator[tuple[str, Any]]:
    """Column → the value of its cell, in the active language; instead of the key of a record that
    the reader may not see, that it is one."""
    for name in sheet.columns():
        if name == NUMBER:
            yield name, obj.pk
        elif name == VERSION:
            yield name, obj.version
        else:
            yield name, _cell_value(Cell(sheet.kind, name), obj)


def _cell_value(cell: Cell, obj: Any) -> Any:
    target = cell.target
    if target is None:
        return written(cell, getattr(obj, cell.name))
    if cell.field.many_to_many:
        return "\n".join(target.key_of(item) for item in getattr(obj, f"seen_{cell.name}"))
    if ends.is_unseen(obj, cell.name):
        return str(ends.UNSEEN)
    item = getattr(obj, cell.name)
    return "" if item is None else target.key_of(item)


def template(user: Any, *, on: date, language: str, agency: Agency | None = None) -> bytes:
    """A workbook with all sheets filled for the reader's scope. Cost: a query a sheet, and one a
    kind of link."""
    target = io.BytesIO()
    with override(language):
        book = xlsxwriter.Workbook(
            target,
            {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False},
        )
        try:
            _Writer(book, on).write(user, agency)
        finally:
            book.close()
    return target.getvalue()


class _Writer:
    def __init__(self, book: Any, on: date) -> None:
        self.book, self.on = book, on
        self.head = book.add_format(
            {"bold": True, "bg_color": "#E8F1FE", "border": 1, "text_wrap": True, "valign": "top"}
        )
        self.locked = book.add_format({"bg_color": "#F2F2F2", "font_color": "#626264"})
        self.open = book.add_format({"locked": False})
        self.text = book.add_format({"locked": False, "num_format": "@"})
        self.wrapped = book.add_format({"locked": False, "num_format": "@", "text_wrap": True})
        self.day = book.add_format({"locked": False, "num_format": "yyyy-mm-dd"})
        self.yen = book.add_format({"locked": False, "num_format": "#,##0"})
        self.prose = book.add_format({"text_wrap": True, "valign": "top"})
        self.bold = book.add_format({"bold": True, "font_size": 14})
        self.lists: dict[tuple[str, ...], str] = {}

    def write(self, user: Any, agency: Agency | None) -> None:
        self._help()
        for sheet in SHEETS:
            self._sheet(sheet, rows_of(sheet, user, agency))
        meta = self.book.add_worksheet(META)
        meta.write_row(0, 0, ["format", FORMAT_VERSION, f"{self.on:%Y-%m-%d}"])
        for column, (items, _name) in enumerate(self.lists.items(), start=4):
            meta.write_column(0, column, items)
        meta.hide()

    def _help(self) -> None:
        page = self.book.add_worksheet(_("Help"))
        page.set_column(0, 0, 100)
        page.write(0, 0, _("How to use this workbook"), self.bold)
        for row, line in enumerate(_help_lines(), start=2):
            page.write_string(row, 0, line, self.prose)
        page.protect()

    def _format(self, cell: Cell) -> Any:
        field = cell.field
        if isinstance(field, models.DateField):
            return self.day
        if cell.name in cell.kind.yen:
            return self.yen
        if isinstance(field, models.DecimalField | models.IntegerField):
            return self.open
        if isinstance(field, models.TextField) or field.many_to_many:
            return self.wrapped
        return self.text

    def _sheet(self, sheet: Sheet, rows: Iterable[Any]) -> None:
        page = self.book.add_worksheet(sheet.title)
        columns = sheet.columns()
        page.write_row(0, 0, [sheet.label(name) for name in columns], self.head)
        page.write_row(1, 0, columns, self.locked)
        page.set_row(0, 45)
        page.set_row(1, None, None, {"hidden": True})
        page.freeze_panes(FIRST_ROW, 2)
        own = set(sheet.own)
        formats = [
            self.locked if name in own else self._format(Cell(sheet.kind, name)) for name in columns
        ]
        for index, name in enumerate(columns):
            page.set_column(index, index, 12 if name in own else 20, formats[index])
        number = FIRST_ROW
        key_is_locked = sheet.kind.has_own_key
        for number, obj in enumerate(rows, start=FIRST_ROW):
            for index, (_name, value) in enumerate(values_of(sheet, obj)):
                style = self.locked if index == 0 and key_is_locked else formats[index]
                _put(page, number, index, value, style)
        last = number + SPARE_ROWS
        for index, name in enumerate(columns):
            if name not in own:
                self._drop_down(page, Cell(sheet.kind, name), index, last)
        page.protect(
            "",
            {
                "format_columns": True,
                "format_rows": True,
                "sort": True,
                "autofilter": True,
                "insert_rows": True,
            },
        )

    def _drop_down(self, page: Any, cell: Cell, index: int, last: int) -> None:
        """A list of what may be chosen, where it is short."""
        items = tuple(_offered(cell, self.on))
        if not items:
            return
        if items not in self.lists:
            column = 4 + len(self.lists)
            letter = xlsxwriter.utility.xl_col_to_name(column)
            self.lists[items] = f"='{META}'!${letter}$1:${letter}${len(items)}"
        page.data_validation(
            FIRST_ROW,
            index,
            last,
            index,
            {
                "validate": "list",
                "source": self.lists[items],
                "error_title": _("Not in the list"),
                "error_message": _("Choose an entry of the list."),
            },
        )


def _offered(cell: Cell, on: date) -> Iterator[str]:
    field: Any = cell.field
    if field.choices:
        yield from (str(label) for value, label in field.flatchoices if value != "")
    elif type(field).__name__ == "BooleanField":
        yield from (_("yes"), _("no"))
    elif cell.target is not None and cell.target.is_short and not field.many_to_many:
        rows: Any = cell.target.objects
        if issubclass(cell.target.model, Valid):
            rows = rows.filter(valid_on(on))
        yield from (cell.target.key_of(item) for item in rows)


def _put(page: Any, row: int, column: int, value: Any, style: Any) -> None:
    """A typed cell: text is always written as text, never as a formula."""
    if value == "" or value is None:
        page.write_blank(row, column, None, style)
    elif isinstance(value, date):
        page.write_datetime(row, column, value, style)
    elif isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        page.write_number(row, column, value, style)
    else:
        page.write_string(row, column, str(value), style)


def _help_lines() -> Sequence[str]:
    return (
        _("Each sheet holds the records that you may see. Change cells, or add rows below."),
        _("Grey cells tell which record a row is, and which version you saw: leave them alone."),
        _("A row without a number or ID in grey is a new record. Do not copy grey cells."),
        _("A row that you delete here stays as it is in the register: nothing is deleted."),
        _("Yen are whole yen. 12百万円 and 1.2億円 are understood too; full-width digits as well."),
        _("Dates: 2025-04-01, 令和7年4月1日 or R7.4.1. Years: 2025, 令和7年度 or R7."),
        _("An empty figure is unknown, not zero; the column beside it says why it is empty."),
        _("Several IDs in one cell: one a line, or separated by commas."),
        _("Paste values, not formulas; do not merge cells; leave sheets and columns as they are."),
        _(
            "When you send the file, every error and every change is shown before anything is"
            " written; then all of it is written, or nothing."
        ),
    )


def size(user: Any, slug: str = "") -> int:
    """How many rows a workbook of the reader's scope holds, or one sheet of it. Cost: a query a
    sheet."""
    sheets = [BY_SLUG[slug]] if slug else SHEETS
    return sum(rows_of(sheet, user).count() for sheet in sheets)


def template_csv(slug: str, user: Any) -> bytes:
    """One sheet as CSV: the names of the columns, then the rows. UTF-8 with its mark, for Excel."""
    sheet = BY_SLUG[slug]
    target = io.StringIO(newline="")
    writer = csv.writer(target)
    writer.writerow(sheet.columns())
    for obj in rows_of(sheet, user):
        writer.writerow([_guarded(value) for _name, value in values_of(sheet, obj)])
    return target.getvalue().encode("utf-8-sig")


def _guarded(value: Any) -> Any:
    """Text that Excel would take for a formula gets an apostrophe; reading takes it off again."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_RISKY) else value
