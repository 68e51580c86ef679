"""What an import refuses, told so that a person finds the place: file, row, column, message."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from governance.exceptions import DomainError


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in a file. `row` counts from 1 with the header as row 1; None is the file."""

    file: str
    message: Any
    row: int | None = None
    column: str = ""

    def __str__(self) -> str:
        place = [self.file]
        if self.row is not None:
            place.append(_("row %(n)d") % {"n": self.row})
        if self.column:
            place.append(_("column “%(name)s”") % {"name": self.column})
        return f"{', '.join(place)}: {self.message}"


class ImportRejected(DomainError):
    """The file is refused as a whole; nothing was written. Carries every problem found."""

    SHOWN = 20

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        lines = [str(problem) for problem in self.problems[: self.SHOWN]]
        if len(self.problems) > self.SHOWN:
            lines.append(f"… +{len(self.problems) - self.SHOWN}")
        super().__init__("\n".join(lines))
