"""How large a file from a stranger may be, and what reading it may cost."""

from collections.abc import Mapping
from typing import Final

MAX_BYTES: Final = 20 * 1024 * 1024
"""Of a file as sent."""
MAX_UNPACKED: Final = 150 * 1024 * 1024
MAX_RATIO: Final = 200
MAX_MEMBERS: Final = 2_000
MAX_SHEETS: Final = 100
MAX_ROWS: Final = 100_000
"""Of one sheet, by its last cell that holds something; rows that are only formatted do not count."""
MAX_COLUMNS: Final = 200
MAX_AREA: Final = 3_000_000
"""Cells from A1 to the last one that holds something, over all sheets."""
MAX_STRINGS: Final = 2_000_000
# Cells of one kind of fault that are told one by one, a sheet.
MAX_TOLD: Final = 100

MAX_MEMORY: Final = 600 * 1024 * 1024
"""Address space of the reading process."""
MAX_SECONDS: Final = 30
"""Of processor time; four times as long may pass where the machine has more to do."""
MAX_OUTPUT: Final = 100 * 1024 * 1024
"""Of what the reading process writes."""


CODES: Final[Mapping[str, frozenset[str]]] = {
    **dict.fromkeys(
        ("unpacks", "macros", "links", "no_workbook", "damaged", "password", "doctype"), frozenset()
    ),
    **dict.fromkeys(("memory", "time", "encoding", "no_csv"), frozenset()),
    **dict.fromkeys(("sheets", "rows", "columns", "cells", "csv"), frozenset({"n"})),
}
"""Why a file may be refused, and the values that each reason is told with."""


class Refused(Exception):
    """The file must not be read further; `code` and `values` say why, in no language yet."""

    def __init__(self, code: str, **values: str | int) -> None:
        super().__init__(code)
        self.code, self.values = code, values
