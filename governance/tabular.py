"""One column list feeds the page, the CSV file and the workbook.

A `Column` says how a figure is read from a row, of what kind it is, in which unit and what it
means. `build_table` turns columns and rows into text and links that a template prints as they
are; `reports.exports` writes the same columns to files, unrounded.

Values: missing, not applicable, withheld, undefined and zero are five different things. A value
function returns the figure, or `Unknown(reason)`; a bare None means "not reported" (a ratio:
"cannot be computed"). A zero is shown and exported as 0, an unknown is shown as a dash with its
reason for screen readers and exported as an empty cell.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, Generic, Literal, TypeVar

from django.core.paginator import Page
from django.db.models import F
from django.db.models.expressions import Combinable, OrderBy
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext, ngettext

from governance import formatting
from governance.formatting import DASH, Reason, YenUnit, reason_text
from governance.icons import icon

Text = str | Promise
R = TypeVar("R")


class Kind(StrEnum):
    """What a column holds, and so how it is shown, aligned, sorted and exported.

    YEAR is a fiscal year (int), DECIMAL an exact Decimal that is no ratio (a KPI value).
    """

    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    YEN = "yen"
    RATIO = "ratio"
    YEAR = "year"
    DATE = "date"
    DATETIME = "datetime"
    CHOICE = "choice"
    BOOL = "bool"


NUMERIC: Final = frozenset({Kind.INTEGER, Kind.DECIMAL, Kind.YEN, Kind.RATIO})


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value that is not there, with the reason; `note` may add the ground in words."""

    reason: Reason
    note: Text = ""

    def __str__(self) -> str:
        return reason_text(self.reason, self.note)


Tone = Literal["high", "medium", "low", "unknown", "ok", "info"]


@dataclass(frozen=True, slots=True)
class Badge:
    """A state shown as icon and word; exported as its word. `rank` orders badges, low first."""

    text: Text
    tone: Tone
    rank: int = 0

    def __str__(self) -> str:
        return str(self.text)


# No slots: on Python 3.11 a frozen generic dataclass with slots cannot be called as Column[Row](…).
@dataclass(frozen=True)
class Column(Generic[R]):
    """One column for page, CSV and XLSX.

    `value` gives the figure in base units (yen, ratio 0–1). `sort` names the ORM path to order
    by (for rows that are no models: any non-empty text makes the column sortable). `scale` is
    the unit in which the page shows yen; files always hold exact yen. `definition` goes to the
    definitions sheet. `metric` is the id of what the column shows in the metric dictionary:
    headers lead there, files name it, and `url` leads a figure to its Explain page.
    """

    key: str
    label: Text
    value: Callable[[R], object]
    kind: Kind = Kind.TEXT
    unit: Text = ""
    sort: str = ""
    url: Callable[[R], str | None] | None = None
    definition: Text = ""
    scale: YenUnit = YenUnit.YEN
    metric: str = ""

    def shown_unit(self) -> str:
        """The unit under the header of the page."""
        if self.unit or self.kind is not Kind.YEN:
            return str(self.unit)
        return formatting.yen_unit_label(self.scale)

    def export_unit(self) -> str:
        """The unit in files: yen are exact there, whatever the page rounds to."""
        if self.kind is Kind.YEN:
            return formatting.yen_unit_label(YenUnit.YEN)
        return str(self.unit)

    def read(self, row: R) -> object:
        """The value of `row`, with None made an `Unknown`."""
        return normalised(self.value(row), self.kind)


def normalised(value: object, kind: Kind) -> object:
    """`value`, with None made the `Unknown` that it means for this kind."""
    if value is None:
        return Unknown("undefined" if kind is Kind.RATIO else "missing")
    return value


def display(value: object, kind: Kind, scale: YenUnit = YenUnit.YEN) -> str:
    """`value` as the page shows it, without its unit where the header names it.

    Raises TypeError when the value does not fit the kind: a float among yen, a text among dates.
    """
    value = normalised(value, kind)
    if isinstance(value, Unknown):
        return DASH
    if kind is Kind.YEN:
        return formatting.yen_in(exact_integer(value), scale, with_unit=False)
    return _SHOW[kind](value)


def _show_date(value: object) -> str:
    if isinstance(value, date) and not isinstance(value, datetime):
        return formatting.iso_date(value)
    raise TypeError(_misfit(value, Kind.DATE))


def _show_moment(value: object) -> str:
    if isinstance(value, datetime):
        return formatting.moment(value)
    raise TypeError(_misfit(value, Kind.DATETIME))


def _show_bool(value: object) -> str:
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    raise TypeError(_misfit(value, Kind.BOOL))


def exact_integer(value: object) -> int:
    """The integer behind an INTEGER, YEN or YEAR value.

    Database sums may come as Decimal. Raises TypeError for anything inexact, floats first.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, Decimal) and value == value.to_integral_value():
        return int(value)
    raise TypeError(_misfit(value, Kind.INTEGER))


def exact_decimal(value: object) -> Decimal:
    """The Decimal behind a RATIO or DECIMAL value. Raises TypeError for anything inexact."""
    if isinstance(value, Decimal):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    raise TypeError(_misfit(value, Kind.DECIMAL))


_SHOW: Final[Mapping[Kind, Callable[[object], str]]] = {
    Kind.TEXT: str,
    Kind.CHOICE: str,
    Kind.INTEGER: lambda value: formatting.integer(exact_integer(value)),
    Kind.DECIMAL: lambda value: formatting.decimal_number(exact_decimal(value)),
    Kind.RATIO: lambda value: formatting.percent(exact_decimal(value)),
    Kind.YEAR: lambda value: formatting.fiscal_year(exact_integer(value)),
    Kind.DATE: _show_date,
    Kind.DATETIME: _show_moment,
    Kind.BOOL: _show_bool,
}


def _misfit(value: object, kind: Kind) -> str:
    return f"{value!r} is no value for a column of kind {kind}."


# --- sorting --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sort:
    """The column by which a list is ordered; written `key` or `-key` in the address."""

    key: str
    descending: bool = False

    @property
    def param(self) -> str:
        return f"-{self.key}" if self.descending else self.key

    @classmethod
    def parse(
        cls, raw: str | None, columns: Sequence[Column[Any]], default: str = ""
    ) -> "Sort | None":
        """The sort asked for in an address; unknown or unsortable keys give the default."""
        sortable = {column.key for column in columns if column.sort}
        for text in (raw or "", default):
            key = text.removeprefix("-")
            if key in sortable:
                return cls(key, descending=text.startswith("-"))
        return None


def ordering(
    columns: Sequence[Column[Any]],
    sort: Sort | None,
    expression: Callable[[str], Combinable] = F,
) -> tuple[OrderBy | str, ...]:
    """Arguments for `order_by`: unknown values last either way, `pk` settles ties. `expression`
    makes of a path what this reader's order may follow."""
    for column in columns:
        if sort is not None and column.key == sort.key and column.sort:
            path: Any = expression(column.sort)
            if sort.descending:
                return (path.desc(nulls_last=True), "pk")
            return (path.asc(nulls_last=True), "pk")
    return ()


def sort_rows(rows: Iterable[R], columns: Sequence[Column[R]], sort: Sort | None) -> list[R]:
    """Rows in memory in the order asked for; unknown values last either way. Stable."""
    listed = list(rows)
    column = next((c for c in columns if sort is not None and c.key == sort.key), None)
    if sort is None or column is None:
        return listed
    known: list[tuple[Any, R]] = []
    unknown: list[R] = []
    for row in listed:
        value = column.read(row)
        if isinstance(value, Unknown):
            unknown.append(row)
        else:
            known.append((_sort_key(value), row))
    known.sort(key=lambda pair: pair[0], reverse=sort.descending)
    return [row for _key, row in known] + unknown


def _sort_key(value: object) -> Any:
    if isinstance(value, Badge):
        return (value.rank, str(value.text))
    if isinstance(value, Promise):
        return str(value)
    return value


# --- what the template prints ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cell:
    html: SafeString
    css: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    cells: tuple[Cell, ...]
    id: str = ""


@dataclass(frozen=True, slots=True)
class Header:
    """A column head; `sort_url` is the address that sorts by it, "" where it does not sort."""

    key: str
    label: str
    unit: str = ""
    definition: str = ""
    css: str = ""
    metric: str = ""
    sort_url: str = ""
    sort_hint: str = ""
    sort_icon: str = ""
    aria_sort: str = ""


@dataclass(frozen=True, slots=True)
class ExportLink:
    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Table:
    """All that `includes/_table.html` prints. The first cell of a row is its heading."""

    caption: str
    headers: tuple[Header, ...]
    rows: tuple[Row, ...]
    total: Row | None = None
    id: str = ""
    empty_text: str = ""
    count_text: str = ""
    caption_hidden: bool = False
    exports: tuple[ExportLink, ...] = field(default=())


Query = QueryDict | Mapping[str, str]


def _changed(query: Query, **changes: str | None) -> str:
    """The query string of `query` with some parameters set (or dropped: None), without "?"."""
    if isinstance(query, QueryDict):
        changed = query.copy()
    else:
        changed = QueryDict(mutable=True)
        changed.update(dict(query))
    for name, value in changes.items():
        if value is None:
            changed.pop(name, None)
        else:
            changed[name] = value
    return changed.urlencode()


def export_links(
    path_of: Callable[[str], str], query: Query, **changes: str | None
) -> tuple[ExportLink, ...]:
    """Links to the CSV and XLSX files of what the reader sees: same filters, same order, all
    pages. `path_of("csv")` gives the path; `changes` sets further parameters."""
    tail = _changed(query, page=None, **changes)
    return tuple(
        ExportLink(fmt.upper(), f"{path_of(fmt)}?{tail}" if tail else path_of(fmt))
        for fmt in ("csv", "xlsx")
    )


def build_table(
    columns: Sequence[Column[R]],
    rows: Iterable[R],
    *,
    caption: Text,
    query: Query,
    sort: Sort | None = None,
    total: Mapping[str, object] | None = None,
    page: "Page[Any] | None" = None,
    empty_text: Text = "",
    exports: tuple[ExportLink, ...] = (),
    id: str = "",
    caption_hidden: bool = False,
    sort_param: str = "sort",
    page_param: str = "page",
    row_id: Callable[[R], str] | None = None,
) -> Table:
    """Columns and rows as a page shows them.

    `rows` are those of the page, already in order; `sort` tells which order that is; `total`
    gives figures of a last row by column key, summed by the caller over all pages. Tables that
    share a page need their own `id`, `sort_param` and `page_param`. `row_id` gives each row an
    anchor. Queries only what the value functions do.
    """
    headers = tuple(
        _header(column, query, sort, anchor=id, sort_param=sort_param, page_param=page_param)
        for column in columns
    )
    return Table(
        caption=str(caption),
        headers=headers,
        rows=tuple(
            Row(
                tuple(_cell(column, row) for column in columns),
                "" if row_id is None else row_id(row),
            )
            for row in rows
        ),
        total=None if total is None else _total_row(columns, total),
        id=id,
        empty_text=str(empty_text) or gettext("There is nothing to show here."),
        count_text="" if page is None else _count_text(page),
        caption_hidden=caption_hidden,
        exports=exports,
    )


def _count_text(page: "Page[Any]") -> str:
    total = page.paginator.count
    shown = {
        "first": formatting.integer(page.start_index()),
        "last": formatting.integer(page.end_index()),
        "total": formatting.integer(total),
    }
    return (
        ngettext(
            "Row %(first)s–%(last)s of %(total)s",
            "Rows %(first)s–%(last)s of %(total)s",
            total,
        )
        % shown
    )


def _header(
    column: Column[Any],
    query: Query,
    sort: Sort | None,
    *,
    anchor: str,
    sort_param: str,
    page_param: str,
) -> Header:
    head = Header(
        key=column.key,
        label=capfirst(str(column.label)),
        unit=column.shown_unit(),
        definition=str(column.definition),
        css=_css(column.kind),
        metric=column.metric,
    )
    if not column.sort:
        return head
    is_current = sort is not None and sort.key == column.key
    # The first click on a figure asks for the largest, on a word for the first letter.
    descending = not sort.descending if sort and is_current else column.kind in NUMERIC
    asked = Sort(column.key, descending=descending)
    tail = _changed(query, **{sort_param: asked.param, page_param: None})
    hint = gettext("Sort descending") if descending else gettext("Sort ascending")
    aria_sort = ""
    if sort and is_current:
        aria_sort = "descending" if sort.descending else "ascending"
    return replace(
        head,
        sort_url=f"?{tail}#{anchor}" if anchor else f"?{tail}",
        sort_hint=hint,
        sort_icon=f"sort-{aria_sort}" if aria_sort else "sort",
        aria_sort=aria_sort,
    )


def _css(kind: Kind) -> str:
    if kind in NUMERIC:
        return "cell-number"
    if kind in {Kind.DATE, Kind.DATETIME, Kind.YEAR}:
        return "cell-date"
    return "cell-text" if kind is Kind.TEXT else ""


def value_html(value: object, kind: Kind, scale: YenUnit = YenUnit.YEN) -> SafeString:
    """`value` as HTML: a dash with its reason, a badge, or text; rounded yen carry the exact."""
    value = normalised(value, kind)
    if isinstance(value, Unknown):
        return unknown_html(value)
    if isinstance(value, Badge):
        return badge_html(value)
    text = display(value, kind, scale)
    if kind is Kind.YEN and scale is not YenUnit.YEN:
        amount = exact_integer(value)
        return format_html(
            '<data value="{}" title="{}">{}</data>', amount, formatting.yen(amount), text
        )
    return conditional_escape(text)


def unknown_html(value: Unknown) -> SafeString:
    """The dash for the eye, the reason for everybody: as tooltip and for screen readers. What is
    there and not for this reader is said in words: a dash would read as "not reported"."""
    reason = str(value)
    if value.reason == "not_shown":
        return format_html('<span class="unknown">{}</span>', reason)
    return format_html(
        '<span class="unknown" title="{}"><span aria-hidden="true">{}</span>'
        '<span class="visually-hidden">{}</span></span>',
        reason,
        DASH,
        reason,
    )


def badge_html(badge: Badge) -> SafeString:
    """Icon and word; the colour only repeats what they say."""
    return format_html(
        '<span class="badge badge-{}">{}{}</span>', badge.tone, icon(badge.tone), badge.text
    )


def _cell(column: Column[R], row: R) -> Cell:
    value = column.read(row)
    html = value_html(value, column.kind, column.scale)
    url = column.url(row) if column.url is not None and not isinstance(value, Unknown) else None
    if url:
        html = format_html('<a href="{}">{}</a>', url, html)
    return Cell(html, _css(column.kind))


def _total_row(columns: Sequence[Column[Any]], total: Mapping[str, object]) -> Row:
    cells: list[Cell] = []
    for index, column in enumerate(columns):
        if column.key in total:
            html = value_html(total[column.key], column.kind, column.scale)
            cells.append(Cell(html, _css(column.kind)))
        elif index == 0:
            cells.append(Cell(conditional_escape(gettext("Total"))))
        else:
            cells.append(Cell(SafeString(""), _css(column.kind)))
    return Row(tuple(cells))
