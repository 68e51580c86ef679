"""The shape of a workbook, before anything unfolds it: its XML is read as a stream, never kept.

What is too large, too far out or no workbook at all is refused here; formulas, merged cells and
broken values are told with their places. Runs in the reading process, so nothing of Django.
"""

import zipfile
from collections.abc import Callable, Iterator
from typing import Any, Final
from xml.parsers import expat

from projects.imports.reader.limits import (
    MAX_AREA,
    MAX_COLUMNS,
    MAX_MEMBERS,
    MAX_RATIO,
    MAX_ROWS,
    MAX_SHEETS,
    MAX_STRINGS,
    MAX_TOLD,
    MAX_UNPACKED,
    Refused,
)

Fault = tuple[str, str, str]
"""Which fault (formula, broken, merged), on which sheet, at which address."""

_BLOCK: Final = 1 << 16
# Bytes of an element's tag, or of a text: a cell holds at most 32,767 characters.
_LONGEST_TOKEN: Final = 1 << 20
_DIGITS: Final = "0123456789"
# Formulas of extensions (conditional formats, validations) stand outside of cells.
_EXTENSION: Final = "http://schemas.microsoft.com/office/excel/2006/main f"
_MACROS: Final = ("vbaproject", "macroenabled", "macrosheet")
_TYPES, _BOOK, _RELATIONS = (
    "[Content_Types].xml",
    "xl/workbook.xml",
    "xl/_rels/workbook.xml.rels",
)
_STRINGS: Final = "xl/sharedStrings.xml"

Start = Callable[[str, dict[str, str]], None]


def weigh(archive: zipfile.ZipFile) -> list[Fault]:
    """The faults of single cells. Raises Refused for what must not be unfolded."""
    infos = archive.infolist()
    unpacked = sum(info.file_size for info in infos)
    packed = sum(max(info.compress_size, 1) for info in infos)
    if unpacked > MAX_UNPACKED or unpacked > MAX_RATIO * max(packed, 1) or len(infos) > MAX_MEMBERS:
        raise Refused("unpacks")
    names = [info.filename for info in infos]
    if len({name.lower() for name in names}) < len(names):
        raise Refused("damaged")
    _refuse_active(archive, names)
    if _BOOK not in names:
        raise Refused("no_workbook")
    for name in (_STRINGS, "xl/styles.xml"):
        if name in names:
            _stream(archive, name, _Counter("si", MAX_STRINGS).start)
    found = _Faults()
    for title, member in _sheets(archive, set(names)):
        sheet = _Sheet(title, found)
        _stream(archive, member, sheet.start)
        found.area += sheet.area
    return found.told


def _refuse_active(archive: zipfile.ZipFile, names: list[str]) -> None:
    """Macros and links to other files, by the names of the members and by what they declare."""
    said = [name.lower() for name in names]

    def start(_name: str, given: dict[str, str]) -> None:
        said.append(given.get("ContentType", "").lower())

    if _TYPES in names:
        _stream(archive, _TYPES, start)
    if any(mark in text for text in said for mark in _MACROS):
        raise Refused("macros")
    if any("externallink" in text for text in said):
        raise Refused("links")


def _sheets(archive: zipfile.ZipFile, names: set[str]) -> Iterator[tuple[str, str]]:
    """Sheet name → its member. Raises Refused where one of them is not in the archive."""
    relations: dict[str, str] = {}
    sheets: list[tuple[str, str]] = []

    def relation(name: str, given: dict[str, str]) -> None:
        if _local(name) == "Relationship":
            relations[given.get("Id", "")] = given.get("Target", "")

    def sheet(name: str, given: dict[str, str]) -> None:
        if _local(name) == "sheet":
            key = next((value for at, value in given.items() if at.endswith(" id")), "")
            sheets.append((given.get("name", ""), key))

    if _RELATIONS in names:
        _stream(archive, _RELATIONS, relation)
    _stream(archive, _BOOK, sheet)
    if len(sheets) > MAX_SHEETS:
        raise Refused("sheets", n=MAX_SHEETS)
    for title, key in sheets:
        target = relations.get(key, "").lstrip("/")
        member = target if target.startswith("xl/") else f"xl/{target}"
        if member not in names:
            raise Refused("damaged")
        yield title, member


def _local(name: str) -> str:
    return name.rpartition(" ")[2]


def _stream(archive: zipfile.ZipFile, member: str, start: Start) -> None:
    """Let `start` hear of each element of a member. Raises Refused for broken XML, for entities
    and for an element that does not end."""
    parser = expat.ParserCreate(namespace_separator=" ")

    def doctype(*_given: Any) -> None:
        raise Refused("doctype")

    parser.StartElementHandler = start
    parser.StartDoctypeDeclHandler = doctype
    fed = 0
    with archive.open(member) as source:
        try:
            while block := source.read(_BLOCK):
                parser.Parse(block)
                fed += len(block)
                # Where the parser stands: at the start of an element that has not ended yet.
                if fed - parser.CurrentByteIndex > _LONGEST_TOKEN:
                    raise Refused("damaged")
            parser.Parse(b"", True)  # noqa: FBT003 - takes no keyword
        except expat.ExpatError as error:
            raise Refused("damaged") from error


class _Counter:
    """Refuses a member that holds more elements of a name than a workbook needs."""

    def __init__(self, name: str, most: int) -> None:
        self.name, self.most, self.seen = name, most, 0

    def start(self, name: str, _given: dict[str, str]) -> None:
        if name.endswith(self.name) and _local(name) == self.name:
            self.seen += 1
            if self.seen > self.most:
                raise Refused("cells", n=self.most)


class _Faults:
    """What is told of all sheets together: so many of a kind, then no more."""

    def __init__(self) -> None:
        self.told: list[Fault] = []
        self.area = 0
        self._counts: dict[tuple[str, str], int] = {}

    def tell(self, kind: str, sheet: str, place: str) -> None:
        count = self._counts.get((kind, sheet), 0)
        if count < MAX_TOLD:
            self._counts[kind, sheet] = count + 1
            self.told.append((kind, sheet, place))


class _Sheet:
    """One sheet as it goes by: which cell is open, and how far out the last one with data lies.

    Elements are known by their local names, as the parser knows them that reads the values.
    """

    def __init__(self, title: str, found: _Faults) -> None:
        self.title, self.found = title, found
        self.row = self.column = self.last_row = self.last_column = 0
        self._hear: dict[str, Callable[[dict[str, str]], None] | None] = {}
        self._columns: dict[str, int] = {}

    @property
    def area(self) -> int:
        """Cells of the rectangle from A1 to the last cell that holds something."""
        return self.last_row * self.last_column

    def start(self, name: str, given: dict[str, str]) -> None:
        try:
            hear = self._hear[name]
        except KeyError:
            hear = None if name == _EXTENSION else getattr(self, f"_on_{_local(name)}", None)
            if len(self._hear) < MAX_MEMBERS:
                self._hear[name] = hear
        if hear is not None:
            hear(given)

    def _on_row(self, given: dict[str, str]) -> None:
        number = given.get("r", "")
        self.row = self._number(number) if number else self.row + 1
        self.column = 0

    def _on_c(self, given: dict[str, str]) -> None:
        place = given.get("r", "")
        if place:
            letters = place.rstrip(_DIGITS)
            self.column = self._columns.get(letters) or self._column(letters)
            self.row = self._number(place[len(letters) :])
        else:
            self.column += 1
        if given.get("t") == "e":
            self.found.tell("broken", self.title, self._address())

    def _on_v(self, _given: dict[str, str]) -> None:
        """The open cell holds something: it counts, wherever it stands."""
        if self.row > self.last_row:
            self.last_row = self.row
        if self.column > self.last_column:
            self.last_column = self.column
        if self.row > MAX_ROWS + 2:
            raise Refused("rows", sheet=self.title, place=self._address(), n=MAX_ROWS)
        if self.column > MAX_COLUMNS:
            raise Refused("columns", sheet=self.title, place=self._address(), n=MAX_COLUMNS)
        if self.area + self.found.area > MAX_AREA:
            raise Refused("cells", sheet=self.title, place=self._address(), n=MAX_AREA)

    _on_is = _on_v

    def _on_f(self, _given: dict[str, str]) -> None:
        self.found.tell("formula", self.title, self._address())

    def _on_mergeCell(self, given: dict[str, str]) -> None:  # noqa: N802
        self.found.tell("merged", self.title, given.get("ref", "")[:40])

    def _address(self) -> str:
        letters, left = "", self.column
        while left:
            left, digit = divmod(left - 1, 26)
            letters = chr(65 + digit) + letters
        return f"{letters}{self.row}"

    @staticmethod
    def _number(text: str) -> int:
        if not text.isascii() or not text.isdecimal() or len(text) > 7:
            raise Refused("damaged")
        return int(text)

    def _column(self, letters: str) -> int:
        if not letters.isascii() or not letters.isalpha() or len(letters) > 3:
            raise Refused("damaged")
        column = 0
        for letter in letters.upper():
            column = column * 26 + ord(letter) - 64
        self._columns[letters] = column
        return column
