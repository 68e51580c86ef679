"""What an explanation consists of."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from django.db import models

from governance.models import Agency
from governance.tabular import Kind
from projects.metrics.dictionary import Metric, Unit
from projects.metrics.types import Measure
from projects.models import ImportRun, Kpi, Project, Service, System
from projects.register import kind_of
from projects.selectors import AgencyTree, Criteria, Selection, Visible
from reports.links import Links

ROWS_SHOWN: Final = 50
"""Rows listed behind a figure; the rest is one link away."""
MISSING_SHOWN: Final = 20

Value = Decimal | int | date | str | None

KIND_OF_UNIT: Final[Mapping[Unit, Kind]] = {
    Unit.YEN: Kind.YEN,
    Unit.RATIO: Kind.RATIO,
    Unit.PERCENT: Kind.DECIMAL,
    Unit.DAYS: Kind.DECIMAL,
    Unit.PERIODS: Kind.DECIMAL,
    Unit.COUNT: Kind.INTEGER,
    Unit.HOURS: Kind.DECIMAL,
}


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose figure, of what, under which filters, on which day."""

    metric: Metric
    rows: Visible
    criteria: Criteria
    as_of: date
    tree: AgencyTree
    links: Links
    system: System | None = None
    project: Project | None = None
    service: Service | None = None
    kpi: Kpi | None = None
    agency: Agency | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    """Further parameters of the address: vendor, item, years compared, …"""

    @property
    def user(self) -> Any:
        return self.rows.user

    @property
    def selection(self) -> Selection:
        return Selection(self.rows, self.criteria, self.as_of)


@dataclass(frozen=True, slots=True)
class Part:
    """One term of the formula: its value, of how many rows it is known, and where they are listed.

    `asked` is None where the question of coverage does not arise (a count is always complete).
    """

    term: str
    value: Value
    kind: Kind
    known: int | None = None
    asked: int | None = None
    list_url: str = ""
    label: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One row behind the figure: what it is, its figures by term, who entered it and when.

    `explain_url` leads one level down, where the row is itself a sum of others.
    """

    label: str
    url: str
    figures: Mapping[str, Value]
    entered_at: datetime | None = None
    entered_by: str = ""
    source: str = ""
    explain_url: str = ""


@dataclass(frozen=True, slots=True)
class Missing:
    """Something that should have a figure and has none."""

    label: str
    url: str


@dataclass(slots=True)
class Explanation:
    """How a figure came about. `rows` are the first of `rows_total`; so are the missing ones."""

    metric: Metric
    measure: Measure
    about: str
    parts: Sequence[Part] = ()
    columns: Sequence[tuple[str, str, Kind]] = ()
    """Term (or key of `Row.figures`), label and kind of each figure of the rows."""
    rows: Sequence[Row] = ()
    rows_total: int = 0
    missing: Sequence[Missing] = ()
    missing_total: int = 0
    notes: list[str] = field(default_factory=list)
    files: Sequence[tuple[str, str]] = ()
    """Names and SHA-256 of the files that brought the rows."""

    @property
    def kind(self) -> Kind:
        return KIND_OF_UNIT[self.metric.unit]

    @property
    def newest(self) -> datetime | None:
        return max((row.entered_at for row in self.rows if row.entered_at), default=None)

    @property
    def oldest(self) -> datetime | None:
        return min((row.entered_at for row in self.rows if row.entered_at), default=None)

    @property
    def coverage(self) -> tuple[int, int] | None:
        """Known and asked of the least known part; None where nothing is asked for."""
        told = [
            (p.known, p.asked) for p in self.parts if p.known is not None and p.asked is not None
        ]
        return min(told, key=lambda pair: pair[0] / pair[1] if pair[1] else 1, default=None)

    def worked(self, text: Callable[[Value, Kind], str], dash: str) -> str:
        """The formula with the numbers put in; "" where the parts are not its terms."""
        given = {part.term: part for part in self.parts}
        if not self.metric.terms or not set(self.metric.terms) <= given.keys():
            return ""
        return self.metric.filled(
            {
                key: dash if given[key].value is None else text(given[key].value, given[key].kind)
                for key in self.metric.terms
            }
        )


def year_in(text: str) -> int | None:
    """A fiscal year as an address writes it, or None."""
    return int(text) if len(text) == 4 and text.isascii() and text.isdigit() else None


def entered(obj: Any) -> dict[str, Any]:
    """Who entered a register row, when, and from what file: for `Row`."""
    run: ImportRun | None = obj.import_run if getattr(obj, "import_run_id", None) else None
    return {
        "entered_at": obj.updated_at,
        "entered_by": "" if obj.updated_by is None else str(obj.updated_by),
        "source": "" if run is None else str(run),
    }


TRACK: Final = ("updated_by", "import_run")
"""What `entered` reads besides the row: for select_related."""


def row_of(obj: models.Model, figures: Mapping[str, Value], label: str = "", note: str = "") -> Row:
    """A register row as evidence."""
    told = entered(obj)
    if note:
        told["source"] = f"{note} · {told['source']}" if told["source"] else note
    return Row(label or str(obj), kind_of(obj).page_url(obj), figures, **told)


def missing_of(objects: Iterable[models.Model]) -> list[Missing]:
    return [Missing(str(obj), kind_of(obj).page_url(obj)) for obj in objects]


def files_of(objects: Iterable[Any]) -> list[tuple[str, str]]:
    """The files of the imports that brought the rows, each once. No query (rows carry theirs)."""
    found: dict[str, str] = {}
    for obj in objects:
        run = obj.import_run if getattr(obj, "import_run_id", None) else None
        if run is not None:
            found |= {file["name"]: file["sha256"] for file in run.files}
    return sorted(found.items())
