"""The cost grid: all figures of one system or project in one sheet year, as people enter them."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from governance.access import Action, Reach, Resource, rights_of
from governance.models.base import valid_on
from projects.models import CostItem, CostLine, Project, System
from projects.models.choices import EXECUTION_STAGES, Stage, ValueState

Holder = System | Project

UNITS: Final[Mapping[int, str]] = {1: "円", 1000: "千円", 1_000_000: "百万円"}
"""Units as they are typed behind a figure"""
UNIT_NAMES: Final[Mapping[int, Any]] = {
    1: _("yen"),
    1000: _("thousand yen"),
    1_000_000: _("million yen"),
}
LONGEST: Final = 10
"""Budget years side by side."""
# What a cell says where there is no figure, as it is written and read.
NOT_APPLICABLE, WITHHELD = "該当なし", "秘"
WORDS: Final[Mapping[str, ValueState]] = {
    "該当なし": ValueState.NOT_APPLICABLE,
    "非該当": ValueState.NOT_APPLICABLE,
    "n/a": ValueState.NOT_APPLICABLE,
    "秘": ValueState.WITHHELD,
    "非公表": ValueState.WITHHELD,
    "withheld": ValueState.WITHHELD,
}

Key = tuple[str, str, int]
"""Cost item code, stage, budget year"""


@dataclass(frozen=True, slots=True)
class Cell:
    """One figure of the grid; `line` is None where nothing is stored."""

    item: CostItem
    stage: Stage
    year: int
    line: CostLine | None
    may_write: bool
    earlier: CostLine | None = None
    """What an earlier sheet year reported, where this one says nothing"""

    @property
    def name(self) -> str:
        return f"c-{self.item.code}-{self.stage}-{self.year}"

    @property
    def key(self) -> Key:
        return self.item.code, self.stage.value, self.year


@dataclass(frozen=True, slots=True)
class GridRow:
    """One cost item at one stage, over the years."""

    item: CostItem
    stage: Stage
    cells: list[Cell]

    @property
    def total(self) -> int | None:
        """Sum of what is known; None where nothing is."""
        return known_sum(cell.line.amount for cell in self.cells if cell.line is not None)


@dataclass(slots=True)
class Grid:
    """The rows, the years, and what the reader may write."""

    holder: Holder
    sheet_year: int
    years: list[int]
    account: str = ""
    rows: list[GridRow] = field(default_factory=list)
    accounts: list[str] = field(default_factory=list)
    """Every account that has lines here; the grid shows one at a time"""

    def totals(self) -> list[tuple[Stage, list[int | None], int | None]]:
        """Per stage with several cost items: the sum of each year, and of all."""
        found = []
        for stage in Stage:
            rows = [row for row in self.rows if row.stage is stage]
            if len(rows) < 2:  # The row itself is its sum.
                continue
            by_year = [
                known_sum(
                    cell.line.amount
                    for row in rows
                    for cell in row.cells
                    if cell.year == year and cell.line is not None
                )
                for year in self.years
            ]
            found.append((stage, by_year, known_sum(by_year)))
        return found

    @property
    def may_write(self) -> bool:
        return any(cell.may_write for row in self.rows for cell in row.cells)

    def cells(self) -> Iterable[Cell]:
        return (cell for row in self.rows for cell in row.cells)


def known_sum(amounts: Iterable[int | None]) -> int | None:
    """Sum of the known figures; None where none is known."""
    known = [amount for amount in amounts if amount is not None]
    return sum(known) if known else None


def writes(user: Any, holder: Holder, stage: Stage, *, exists: bool) -> bool:
    """Whether `user` may write figures of a stage: execution is accounting's, the rest the
    budget side's. Cost: none but the rights, and the holder's projects once."""
    resource = Resource.EXECUTION if stage in EXECUTION_STAGES else Resource.BUDGET
    action = Action.EDIT if exists else Action.CREATE
    return _reaches(rights_of(user).reach(resource, action), holder)


def stages_to_add(user: Any, holder: Holder) -> list[Stage]:
    """The stages of which `user` may write new figures. Cost: that of `writes`, twice."""
    may = {
        stages: writes(user, holder, stages[0], exists=False)
        for stages in (
            tuple(stage for stage in Stage if stage in EXECUTION_STAGES),
            tuple(stage for stage in Stage if stage not in EXECUTION_STAGES),
        )
    }
    return [stage for stage in Stage if any(stage in stages for stages, ok in may.items() if ok)]


def _reaches(reach: Reach, holder: Holder) -> bool:
    if reach.everything or holder.agency_id in reach.agency_ids:
        return True
    if isinstance(holder, Project):
        return holder.pk in reach.project_ids
    if not reach.project_ids:
        return False
    return holder.projects.filter(pk__in=reach.project_ids).exists()


def lines_of(holder: Holder) -> Any:
    return CostLine.objects.filter(
        **{"system" if isinstance(holder, System) else "project": holder}
    )


def grid_of(
    holder: Holder,
    user: Any,
    *,
    sheet_year: int,
    years: list[int],
    on: Any,
    account: str | None = None,
    more: Iterable[tuple[str, str]] = (),
) -> Grid:
    """Every item and stage that has a figure in these years under one account (None: the one with
    the most lines), and the rows asked for (`more`: item code, stage).

    Cost: three queries, and one for a project role.
    """
    stored: dict[Key, CostLine] = {}
    earlier: dict[Key, CostLine] = {}
    visible = lines_of(holder).visible_to(user).filter(sheet_year__lte=sheet_year)
    lines = list(visible.select_related("cost_item").order_by("sheet_year"))
    often = Counter(line.account for line in lines)
    if account is None:
        account = max(often, key=lambda name: (often[name], name), default="")
    grid = Grid(holder, sheet_year, years, account, accounts=sorted({*often, account}))
    for line in lines:
        if line.budget_year not in years or line.account != account:
            continue
        key = (line.cost_item.code, line.stage, line.budget_year)
        (stored if line.sheet_year == sheet_year else earlier)[key] = line
    wanted = {(code, stage) for code, stage, _year in (*stored, *earlier)}
    stages = set(Stage.values)
    wanted |= {(code, stage) for code, stage in more if stage in stages}
    items = {
        item.code: item
        for item in CostItem.objects.filter(
            Q(valid_on(on)) | Q(code__in=[code for code, _stage in wanted])
        ).filter(code__in=[code for code, _stage in wanted])
    }
    allowed = {
        (stage, exists): writes(user, holder, stage, exists=exists)
        for stage in Stage
        for exists in (True, False)
        if any(stage == asked for _code, asked in wanted)
    }
    order = {stage: number for number, stage in enumerate(Stage)}
    for code, stage_value in sorted(
        wanted, key=lambda pair: (order[Stage(pair[1])], _rank(items.get(pair[0])), pair[0])
    ):
        item, stage = items.get(code), Stage(stage_value)
        if item is None:
            continue
        cells = []
        for year in years:
            key = (code, stage_value, year)
            line = stored.get(key)
            cells.append(
                Cell(
                    item,
                    stage,
                    year,
                    line,
                    allowed[stage, line is not None],
                    None if line is not None else earlier.get(key),
                )
            )
        grid.rows.append(GridRow(item, stage, cells))
    return grid


def _rank(item: CostItem | None) -> int:
    return 0 if item is None else item.order


def in_unit(amount: int | None, unit: int) -> str:
    """Yen in a unit, exactly: 1,234,567 yen in millions are 1.234567."""
    if amount is None:
        return ""
    return f"{Decimal(amount) / unit:,f}"


def text_of(line: CostLine | None, unit: int) -> str:
    """What a cell shows for a stored line."""
    if line is None or line.amount_state == ValueState.MISSING:
        return ""
    if line.amount_state == ValueState.NOT_APPLICABLE:
        return NOT_APPLICABLE
    if line.amount_state == ValueState.WITHHELD:
        return WITHHELD
    return in_unit(line.amount, unit)
