import csv
import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest
from django.test import RequestFactory
from django.utils import translation
from django.utils.translation import gettext_lazy
from hypothesis import given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from governance.formatting import YenUnit
from governance.tabular import Badge, Column, Kind, Unknown
from reports import exports
from reports.downloads import XLSX_TYPE, export_response
from reports.exports import ExportTooLarge, Meta, csv_stream, write_xlsx
from tests.factories import UserFactory

META = Meta(
    title="Systems",
    as_of=date(2025, 6, 30),
    generated_at=datetime(2025, 7, 1, 0, 30, tzinfo=UTC),
    exported_by="cio",
    filters=(("Agency", "Ministry of Finance, all"), ("Year", "FY2024")),
    source="Register",
    sensitivity="Internal",
)


@dataclass(frozen=True)
class Item:
    name: object
    cost: object
    use: object = None
    day: object = None


COLUMNS: Sequence[Column[Item]] = (
    Column("name", "Name", lambda row: row.name, definition="Official name"),
    Column("cost", "Executed", lambda row: row.cost, Kind.YEN, scale=YenUnit.HUNDRED_MILLION),
    Column("use", "Online use", lambda row: row.use, Kind.RATIO, definition="online / all cases"),
    Column("day", "Go-live", lambda row: row.day, Kind.DATE),
)
ITEMS = [
    Item("KSK", 26_050_000_001, Decimal("0.5123"), date(2001, 11, 1)),
    Item("Zero", 0, Decimal(0), Unknown("not_applicable")),
    Item("Empty", None, None, None),
    Item("Hidden", Unknown("withheld", "security"), Decimal("1"), date(2020, 1, 1)),
]
ANY_YEN = st.integers(min_value=-(2**63), max_value=2**63 - 1)
# What a text field of the register can hold: no surrogates, no NUL (PostgreSQL refuses it).
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))


def csv_text(columns: Sequence[Column[Any]], rows: Iterable[Any], meta: Meta = META) -> str:
    return "".join(csv_stream(columns, rows, meta))


def csv_rows(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


def workbook(
    columns: Sequence[Column[Any]], rows: Iterable[Any], meta: Meta = META
) -> CalamineWorkbook:
    file = io.BytesIO()
    write_xlsx(columns, rows, meta, file)
    return CalamineWorkbook.from_filelike(io.BytesIO(file.getvalue()))


def sheet(book: CalamineWorkbook, name: str) -> list[list[Any]]:
    return book.get_sheet_by_name(name).to_python(skip_empty_area=False)


# --- every stored figure survives --------------------------------------------------------------


def yen_column(key: str = "yen") -> Column[int | None]:
    return Column(key, "Amount", lambda row: row, Kind.YEN, scale=YenUnit.HUNDRED_MILLION)


@given(st.lists(ANY_YEN | st.none(), min_size=1))
def test_every_yen_figure_comes_back_exactly_from_csv(amounts: list[int | None]) -> None:
    names = Column[int | None]("n", "Name", lambda _row: "x")
    text = csv_text([names, yen_column()], amounts)
    lines = csv_rows(text)[1 : len(amounts) + 1]
    assert [int(line[1]) if line[1] else None for line in lines] == amounts


@settings(deadline=None)
@given(st.lists(ANY_YEN | st.none(), min_size=1, max_size=20))
def test_every_yen_figure_comes_back_exactly_from_xlsx(amounts: list[int | None]) -> None:
    names = Column[int | None]("n", "Name", lambda _row: "x")
    lines = sheet(workbook([names, yen_column()], amounts), "Data")[2:]
    # int() of the cell, number or text: a float that had lost a yen would show here.
    assert [int(line[1]) if line[1] != "" else None for line in lines] == amounts


@pytest.mark.parametrize(
    ("amount", "cell"),
    [
        (999_999_999_999_999, 999_999_999_999_999.0),
        (-999_999_999_999_999, -999_999_999_999_999.0),
        (10**15 + 1, "1000000000000001"),
        (10**18, 1e18),
    ],
)
def test_integers_that_excel_would_round_are_text(amount: int, cell: object) -> None:
    (value,) = sheet(workbook([yen_column()], [amount]), "Data")[2]
    assert value == cell
    assert type(value) is type(cell)


@given(ANY_TEXT)
def test_text_comes_back_from_csv_but_for_the_guard(text: str) -> None:
    column = Column[str]("t", "Text", lambda row: row)
    (cell,) = csv_rows(csv_text([column], [text]))[1]
    assert cell in {text, f"'{text}"}
    assert not re.match(r"[=+\-@\t\r]", cell)


@settings(deadline=None)
@given(ANY_TEXT.filter(lambda text: bool(text)))
def test_text_comes_back_from_xlsx(text: str) -> None:
    column = Column[str]("t", "Text", lambda row: row)
    (cell,) = sheet(workbook([column, column], [text]), "Data")[2][:1]
    # XML turns a lone carriage return into a line feed; nothing else may change.
    assert cell.replace("\r\n", "\n").replace("\r", "\n") == text.replace("\r\n", "\n").replace(
        "\r", "\n"
    )


# --- CSV -------------------------------------------------------------------------------------


def test_csv_opens_with_bom_and_a_header_that_names_the_units() -> None:
    text = csv_text(COLUMNS, ITEMS)
    assert text.startswith("\ufeff")
    assert csv_rows(text)[0] == ["Name", "Executed (yen)", "Online use (ratio, 0-1)", "Go-live"]


def test_csv_tells_zero_from_unknown() -> None:
    rows = csv_rows(csv_text(COLUMNS, ITEMS))[1:5]
    assert rows == [
        ["KSK", "26050000001", "0.5123", "2001-11-01"],
        ["Zero", "0", "0", ""],
        ["Empty", "", "", ""],
        ["Hidden", "", "1", "2020-01-01"],
    ]


def test_csv_ends_with_its_origin_and_a_mark_that_it_is_whole() -> None:
    lines = csv_text(COLUMNS, ITEMS).splitlines()[5:]
    assert lines == [
        "# Title: Systems",
        "# As of: 2025-06-30",
        "# Filter: Agency: Ministry of Finance all",
        "# Filter: Year: FY2024",
        "# Rows: 4",
        "# Exported at: 2025-07-01 09:30",
        "# Exported by: cio",
        "# Source: Register",
        "# Handling: Internal",
        "# Empty cells not reported: 2",
        "# Empty cells not applicable: 1",
        "# Empty cells withheld: 1",
        "# Empty cells cannot be computed: 1",
        "# END rows=4",
    ]


def test_pandas_reads_exactly_the_rows() -> None:
    items = [*ITEMS, Item('#1 in text, "quoted"\nand broken', 10**16 + 1)]
    frame = pd.read_csv(
        io.BytesIO(csv_text(COLUMNS, items).encode()),
        comment="#",
        dtype={"Executed (yen)": "Int64"},
    )
    assert next(iter(frame.columns)) == "Name"
    assert frame["Name"].tolist()[-1] == '#1 in text, "quoted"\nand broken'
    assert frame["Executed (yen)"].dropna().tolist() == [26_050_000_001, 0, 10**16 + 1]
    assert len(frame) == 5


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "＝"])
def test_csv_text_is_no_formula_but_numbers_keep_their_minus(start: str) -> None:
    (name, cost) = csv_rows(csv_text(COLUMNS[:2], [Item(f"{start}cmd()", -5)]))[1]
    assert name == f"'{start}cmd()"
    assert cost == "-5"


def test_a_header_or_an_origin_line_is_no_formula_either() -> None:
    column = Column[int]("k", "=1+1", lambda row: row, Kind.INTEGER)
    meta = Meta("t", META.as_of, META.generated_at, "u", filters=[("q", "a\n=1,=2;=3\t=4")])
    text = csv_text([column], [1], meta)
    assert csv_rows(text)[0] == ["'=1+1"]
    assert "# Filter: q: a =1 =2 =3 =4" in text.splitlines()
    assert all(len(row) == 1 for row in csv_rows(text))


def test_a_broken_stream_says_that_it_is_incomplete() -> None:
    def rows() -> Iterator[Item]:
        yield ITEMS[0]
        raise ConnectionError("database gone")

    pieces: list[str] = []
    with pytest.raises(ConnectionError):
        pieces.extend(csv_stream(COLUMNS, rows(), META))
        # extend keeps what was yielded before the error
    text = "".join(pieces)
    assert text.splitlines()[-1] == "# INCOMPLETE rows=1"
    assert "KSK" in text
    assert "# END" not in text


def test_a_value_of_the_wrong_kind_breaks_the_file_loudly() -> None:
    with pytest.raises(TypeError):
        csv_text(COLUMNS, [Item("x", 1.5)])
    with pytest.raises(TypeError):
        workbook(COLUMNS, [Item("x", 1.5)])


def test_csv_is_streamed_in_pieces() -> None:
    read = 0

    def rows() -> Iterator[Item]:
        nonlocal read
        for _ in range(5_000):
            read += 1
            yield ITEMS[0]

    stream = csv_stream(COLUMNS, rows(), META)
    assert read == 0
    first = next(stream)
    assert 0 < read < 2_000
    assert first.startswith("\ufeff")
    assert len(csv_rows(first + "".join(stream))) > 5_000


def test_the_language_of_the_reader_holds_to_the_last_line() -> None:
    level = Column[int]("l", "Level", lambda _row: gettext_lazy("yes"), Kind.CHOICE)
    year = Column[int]("y", "Year", lambda row: row, Kind.YEAR)
    cost = Column[int]("c", "Amount", lambda row: row, Kind.YEN)
    with translation.override("ja"):
        expected = str(gettext_lazy("yes"))
        stream = csv_stream([level, year, cost], [2025], META)
    with translation.override("en"):
        text = "".join(stream)
        assert translation.get_language() == "en"
    assert '"Amount (円)"' in text
    assert "令和7年6月30日" in text
    assert csv_rows(text)[1] == [expected, "2025", "2025"]


def test_other_kinds_in_csv() -> None:
    columns: list[Column[None]] = [
        Column("d", "Decimal", lambda _: Decimal("3.50"), Kind.DECIMAL),
        Column("t", "Moment", lambda _: datetime(2025, 3, 31, 15, tzinfo=UTC), Kind.DATETIME),
        Column("c", "Level", lambda _: Badge("High", "high"), Kind.CHOICE),
        Column("n", "No", lambda _: False, Kind.BOOL),
    ]
    row = csv_rows(csv_text(columns, [None]))[1]
    assert row == ["3.50", "2025-04-01T00:00:00+09:00", "High", "FALSE"]


# --- XLSX ------------------------------------------------------------------------------------


def test_a_workbook_has_typed_cells_under_header_and_units() -> None:
    data = sheet(workbook(COLUMNS, ITEMS), "Data")
    assert data[0] == ["Name", "Executed", "Online use", "Go-live"]
    assert data[1] == ["", "yen", "%", ""]
    assert data[2] == ["KSK", 26_050_000_001.0, 0.5123, date(2001, 11, 1)]
    assert data[3] == ["Zero", 0.0, 0.0, ""]
    assert data[4] == ["Empty", "", "", ""]


def test_a_workbook_lists_each_empty_cell_with_its_reason() -> None:
    rows = sheet(workbook(COLUMNS, ITEMS), "Empty cells")
    assert rows == [
        ["Cell", "Row", "Column", "Reason", "Note"],
        ["D4", "Zero", "Go-live", "not applicable", ""],
        ["B5", "Empty", "Executed", "not reported", ""],
        ["C5", "Empty", "Online use", "cannot be computed", ""],
        ["D5", "Empty", "Go-live", "not reported", ""],
        ["B6", "Hidden", "Executed", "withheld", "security"],
    ]


def test_a_workbook_without_empty_cells_has_no_sheet_for_them() -> None:
    assert workbook(COLUMNS, ITEMS[:1]).sheet_names == ["Data", "About", "Definitions"]


def test_a_workbook_says_where_it_comes_from() -> None:
    about = dict(row[:2] for row in sheet(workbook(COLUMNS, ITEMS), "About"))
    assert about["As of"] == "2025-06-30"
    assert about["Filter: Agency"] == "Ministry of Finance, all"
    assert about["Filter: Year"] == "FY2024"
    assert about["Exported by"] == "cio"
    assert about["Rows"] == "4"
    assert about["Empty cells"] == "5"
    unfiltered = Meta("t", META.as_of, META.generated_at, "u")
    assert dict(sheet(workbook(COLUMNS, [], unfiltered), "About"))["Filter"] == "none"


def test_a_workbook_defines_its_columns() -> None:
    rows = sheet(workbook(COLUMNS, ITEMS), "Definitions")
    assert rows[0] == ["Key", "Column", "Unit", "Definition", "Metric"]
    assert rows[1:3] == [
        ["name", "Name", "", "Official name", ""],
        ["cost", "Executed", "yen", "", ""],
    ]
    assert rows[3] == ["use", "Online use", "", "online / all cases", ""]


def test_text_in_a_workbook_is_never_formula_link_or_markup() -> None:
    texts = ["=1+1", "http://example.jp/", "<r><t>x</t></r>", "a\x01b", "1234"]
    file = io.BytesIO()
    column = Column[str]("t", "=SUM(A1)", lambda row: row)
    write_xlsx([column], texts, META, file)
    with zipfile.ZipFile(file) as archive:
        xml = archive.read("xl/worksheets/sheet1.xml").decode()
        names = archive.namelist()
    assert "<f>" not in xml
    assert not any("sheet1.xml.rels" in name for name in names)
    file.seek(0)
    cells = [row[0] for row in sheet(CalamineWorkbook.from_filelike(file), "Data")]
    assert cells[0] == "=SUM(A1)"
    assert cells[2:] == ["=1+1", "http://example.jp/", "<r><t>x</t></r> ", "a\x01b", "1234"]


def test_text_too_long_for_a_cell_is_cut_with_a_word_and_not_dropped() -> None:
    column = Column[str]("t", "Text", lambda row: row)
    (cell,) = sheet(workbook([column], ["あ𠮷" * 20_000]), "Data")[2]
    assert len(cell.encode("utf-16-le")) // 2 <= 32_767
    assert cell.startswith("あ𠮷あ𠮷")
    assert cell.endswith("CSV has the whole text]")


def test_other_kinds_in_a_workbook() -> None:
    columns: list[Column[None]] = [
        Column("d", "Decimal", lambda _: Decimal("3.50"), Kind.DECIMAL),
        Column("l", "Long", lambda _: Decimal("1.2345678901234567"), Kind.DECIMAL),
        Column("t", "Moment", lambda _: datetime(2025, 3, 31, 15, 5, tzinfo=UTC), Kind.DATETIME),
        Column("o", "Old", lambda _: date(1899, 12, 31), Kind.DATE),
        Column("c", "Level", lambda _: Badge("High", "high"), Kind.CHOICE),
        Column("n", "No", lambda _: False, Kind.BOOL),
        Column("y", "Year", lambda _: 2025, Kind.YEAR),
    ]
    assert sheet(workbook(columns, [None]), "Data")[2] == [
        3.5,
        "1.2345678901234567",
        datetime(2025, 4, 1, 0, 5),  # noqa: DTZ001  (a spreadsheet knows no time zones)
        "1899-12-31",
        "High",
        False,
        2025.0,
    ]


def test_the_header_stays_and_the_filter_starts_under_the_units() -> None:
    file = io.BytesIO()
    write_xlsx(COLUMNS, ITEMS, META, file)
    with zipfile.ZipFile(file) as archive:
        xml = archive.read("xl/worksheets/sheet1.xml").decode()
    assert '<autoFilter ref="A2:D6"/>' in xml
    assert 'ySplit="2"' in xml
    assert 'state="frozen"' in xml


def test_too_many_rows_for_a_workbook_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "_XLSX_ROWS", 5)
    assert len(sheet(workbook(COLUMNS, ITEMS[:3]), "Data")) == 5
    with pytest.raises(ExportTooLarge):
        workbook(COLUMNS, ITEMS)


# --- responses -------------------------------------------------------------------------------


@pytest.mark.django_db  # closing a response asks the connection whether it is still good
@pytest.mark.parametrize(
    ("fmt", "content_type"),
    [("csv", "text/csv; charset=utf-8"), ("xlsx", XLSX_TYPE)],
)
def test_a_file_is_downloaded_under_its_name(fmt: str, content_type: str) -> None:
    request = RequestFactory().get("/")
    request.user = UserFactory.create()
    response = export_response(request, fmt, COLUMNS, ITEMS, META, name="systems")
    assert response["Content-Type"] == content_type
    assert response["Content-Disposition"] == f'attachment; filename="systems_2025-06-30.{fmt}"'
    body = b"".join(response)
    assert body[:3] == (b"\xef\xbb\xbf" if fmt == "csv" else b"PK\x03")
    response.close()


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(KeyError):
        export_response(RequestFactory().get("/"), "pdf", COLUMNS, ITEMS, META, name="systems")
