"""Workbooks as somebody sends them who wants the reader to stumble."""

import io
import os
import zipfile
from collections.abc import Callable, Mapping

import xlsxwriter

SHEET = "xl/worksheets/sheet1.xml"


def plain_book(rows: int = 3) -> bytes:
    """A small, harmless workbook."""
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, {"in_memory": True})
    page = book.add_worksheet("Costs")
    for row in range(rows):
        page.write_row(row, 0, [f"text {row}", row, "more"])
    book.close()
    return target.getvalue()


def edited(
    content: bytes,
    change: Callable[[bytes], bytes] = lambda data: data,
    member: str = SHEET,
    more: Mapping[str, bytes] | None = None,
) -> bytes:
    """A zip archive with one member changed, and others added."""
    target = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as source,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as out,
    ):
        for info in source.infolist():
            data = source.read(info.filename)
            out.writestr(info.filename, change(data) if info.filename == member else data)
        for name, data in (more or {}).items():
            out.writestr(name, data)
    return target.getvalue()


def with_cells(xml: str) -> bytes:
    """The plain workbook with further rows."""
    return edited(
        plain_book(),
        lambda data: data.replace(b"</sheetData>", xml.encode() + b"</sheetData>"),
    )


def cell_at(place: str, inside: str = "<v>1</v>") -> bytes:
    row = place.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    return with_cells(f'<row r="{row}"><c r="{place}">{inside}</c></row>')


def endless_tag(length: int) -> bytes:
    """A cell whose attributes never end: the old reader searched it again and again."""

    def cut(data: bytes) -> bytes:
        head = data[: data.index(b"<sheetData>")]
        return head + b'<sheetData><row r="1">' + b'<c r="A1" ' * (length // 10)

    # Beside what does not shrink, so that the archive is no bomb by its ratio.
    return edited(plain_book(), cut, more={"xl/media/noise.bin": os.urandom(length // 20)})
