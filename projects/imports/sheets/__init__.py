"""The Excel round trip: a workbook (or one sheet as CSV) out, edited, checked, and in again."""

from projects.imports.sheets.checking import Change, Checked, check
from projects.imports.sheets.committing import commit
from projects.imports.sheets.layout import SHEETS, Sheet
from projects.imports.sheets.opening import CellError
from projects.imports.sheets.writing import size, template, template_csv

__all__ = [
    "SHEETS",
    "CellError",
    "Change",
    "Checked",
    "Sheet",
    "check",
    "commit",
    "size",
    "template",
    "template_csv",
]
