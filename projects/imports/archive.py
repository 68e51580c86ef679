"""Zipped CSV tables, opened with distrust: size and ratio limits, strict encoding and header."""

import csv
import io
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from django.utils.translation import gettext as _

from projects.imports.errors import ImportRejected, Problem

MAX_BYTES = 512 * 1024 * 1024
MAX_RATIO = 100
"""Uncompressed to compressed. The official tables reach about 9; a bomb reaches thousands."""
MAX_CELL = 1_000_000


@dataclass(frozen=True, slots=True)
class Row:
    """One data row: its number in the file (the header is 1) and its cells by column."""

    number: int
    cells: dict[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells[column]


def refuse(file: str, message: str, *, row: int | None = None, column: str = "") -> ImportRejected:
    return ImportRejected([Problem(file, message, row, column)])


def digest(path: Path) -> str:
    """SHA-256 (hex) of a file."""
    hashed = sha256()
    with path.open("rb") as source:
        while block := source.read(1 << 20):
            hashed.update(block)
    return hashed.hexdigest()


def _text(path: Path) -> str:
    """The one CSV member of a zip file. Raises ImportRejected for anything else."""
    name = path.name
    try:
        with zipfile.ZipFile(path) as archive:
            members = [info for info in archive.infolist() if not info.is_dir()]
            if len(members) != 1:
                raise refuse(
                    name,
                    _("The archive must hold exactly one table, not %(n)d.") % {"n": len(members)},
                )
            info = members[0]
            too_large = info.file_size > MAX_BYTES
            too_dense = info.file_size > MAX_RATIO * max(info.compress_size, 1)
            if too_large or too_dense:
                raise refuse(name, _("The archive unpacks to far more than a table holds."))
            if info.flag_bits & 1:
                raise refuse(name, _("The archive is protected by a password."))
            with archive.open(info) as member:
                # One byte more than declared tells of a header that lies.
                content = member.read(info.file_size + 1)
    except FileNotFoundError:
        raise refuse(name, _("The file is missing.")) from None
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError) as error:
        raise refuse(name, _("The archive is damaged: %(why)s") % {"why": error}) from error
    if len(content) > info.file_size:
        raise refuse(name, _("The archive unpacks to more than it declares."))
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise refuse(name, _("The table is not written in UTF-8."), row=line) from error


def read_table(path: Path, columns: Sequence[str]) -> Iterator[Row]:
    """Rows of a zipped CSV whose header is exactly `columns`, in any order.

    Raises ImportRejected for a missing, damaged, oversized or wrongly encoded file, a missing or
    unknown or repeated column, and a row with another number of cells.
    """
    csv.field_size_limit(MAX_CELL)
    reader = csv.reader(io.StringIO(_text(path), newline=""))
    try:
        header = next(reader)
    except StopIteration:
        raise refuse(path.name, _("The table is empty.")) from None
    _check_header(path.name, header, columns)
    number = 1
    try:
        for number, cells in enumerate(reader, start=2):
            if len(cells) != len(header):
                raise refuse(
                    path.name,
                    _("The row has %(n)d cells where the header has %(m)d.")
                    % {"n": len(cells), "m": len(header)},
                    row=number,
                )
            yield Row(number, dict(zip(header, cells, strict=True)))
    except csv.Error as error:
        message = _("The table cannot be read: %(why)s") % {"why": error}
        raise refuse(path.name, message, row=number + 1) from error


def _check_header(file: str, header: Sequence[str], columns: Sequence[str]) -> None:
    problems = [
        Problem(file, _("This column is missing."), 1, column)
        for column in columns
        if column not in header
    ]
    problems += [
        Problem(file, _("This column is not known."), 1, column)
        for column in header
        if column not in columns
    ]
    if len(set(header)) != len(header):
        repeated = next(column for column in header if list(header).count(column) > 1)
        problems.append(Problem(file, _("This column stands twice."), 1, repeated))
    if problems:
        raise ImportRejected(problems)
