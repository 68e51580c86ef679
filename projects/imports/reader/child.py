"""The process that reads a file from a stranger. It knows nothing but the file.

    python -m projects.imports.reader.child xlsx|csv < FILE > ANSWER

It bounds itself before the first byte is read, and answers in lines of JSON: what is refused or
faulty, then each sheet's name and its rows, then a line that says that this was all.
"""

import csv
import io
import json
import resource
import sys
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Any, BinaryIO, TextIO

from projects.imports.reader.limits import (
    MAX_COLUMNS,
    MAX_MEMORY,
    MAX_OUTPUT,
    MAX_ROWS,
    MAX_SECONDS,
    Refused,
)
from projects.imports.reader.shape import Fault, weigh

Rows = Iterable[list[Any]]
# Characters that a field of a CSV file may have; longer is a quotation mark left open.
_LONGEST_FIELD = 131_072


def bound() -> None:
    """Take the limits upon oneself; the kernel keeps them from here on."""
    for limit, most in (
        (resource.RLIMIT_AS, MAX_MEMORY),
        (resource.RLIMIT_CPU, MAX_SECONDS),
        (resource.RLIMIT_FSIZE, MAX_OUTPUT),
        (resource.RLIMIT_CORE, 0),
    ):
        _soft, hard = resource.getrlimit(limit)
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(limit, (most, most))


def csv_rows(text: str) -> Iterator[list[Any]]:
    """The rows of a CSV text. Raises Refused."""
    csv.field_size_limit(_LONGEST_FIELD)  # Of the whole process: others may have set it.
    lines = csv.reader(io.StringIO(text, newline=""))
    begins = 1
    try:
        for row in _bounded(lines):
            begins = lines.line_num + 1
            yield row
    except csv.Error as error:
        raise Refused("csv", n=begins) from error


def _bounded(lines: Iterable[list[str]]) -> Iterator[list[Any]]:
    for number, row in enumerate(lines, start=1):
        if number > MAX_ROWS + 1:
            raise Refused("rows", n=MAX_ROWS, place=str(number))
        if len(row) > MAX_COLUMNS:
            raise Refused("columns", n=MAX_COLUMNS, place=str(number))
        yield row


def decoded(content: bytes) -> str:
    """CSV in UTF-8, or in the encoding in which Japanese Excel saves CSV. Raises Refused."""
    for encoding in ("utf-8-sig", "cp932"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Refused("encoding")


def read_csv(content: bytes) -> list[list[Any]]:
    """The rows of a CSV file. Raises Refused."""
    text = decoded(content)
    if "\x00" in text:
        raise Refused("no_csv")
    return list(csv_rows(text))


def read_workbook(source: BinaryIO) -> tuple[list[Fault], Iterator[tuple[str, Rows]]]:
    """The faults of single cells, and each sheet with its rows. Raises Refused."""
    try:
        with zipfile.ZipFile(source) as archive:
            faults = weigh(archive)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError) as error:
        raise Refused("damaged") from error
    except RuntimeError as error:  # zipfile's answer to an encrypted member.
        raise Refused("password") from error
    source.seek(0)
    return faults, _values(source)


def _values(source: BinaryIO) -> Iterator[tuple[str, Rows]]:
    # Only here: a file that is refused by its shape never meets this parser.
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        workbook = CalamineWorkbook.from_filelike(source)
        for name in workbook.sheet_names:
            sheet = workbook.get_sheet_by_name(name)
            # Rows are given from row 1 on, but only from the first column that holds something.
            left = [""] * (sheet.start[1] if sheet.start else 0)
            yield name, _trimmed(left + row for row in sheet.iter_rows())
    except (CalamineError, ValueError, OSError, UnicodeDecodeError) as error:
        raise Refused("damaged") from error


def _trimmed(rows: Rows) -> Iterator[list[Any]]:
    """Rows without the empty cells at their end."""
    for row in rows:
        last = len(row)
        while last and row[last - 1] == "":
            last -= 1
        yield row[:last]


def _plain(value: object) -> Any:
    """What JSON does not know, as something that it does."""
    if isinstance(value, datetime):
        return {"moment": value.isoformat()}
    if isinstance(value, date):
        return {"day": value.isoformat()}
    return {"other": str(value)}  # Times and durations: no column of ours takes them.


def _answer(out: TextIO, line: object) -> None:
    out.write(json.dumps(line, default=_plain, separators=(",", ":")))
    out.write("\n")


def answer(form: str, source: BinaryIO, out: TextIO) -> None:
    """Read one file and tell what it holds."""
    try:
        if form == "csv":
            faults: list[Fault] = []
            sheets: Iterable[tuple[str, Rows]] = [("", read_csv(source.read()))]
        else:
            faults, sheets = read_workbook(source)
        _answer(out, {"faults": faults})
        for name, rows in sheets:
            _answer(out, {"sheet": name})
            for row in rows:
                _answer(out, row)
    except Refused as refused:
        _answer(out, {"refused": refused.code, "values": refused.values})
    except MemoryError:
        _answer(out, {"refused": "memory", "values": {}})
    _answer(out, {"end": True})
    out.flush()


if __name__ == "__main__":
    bound()
    answer(sys.argv[1], sys.stdin.buffer, sys.stdout)
