"""Writing a grid of cost figures: every cell is judged, then all are written, or none."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from governance import audit, entry
from governance.audit import Act
from governance.exceptions import DomainError
from projects.grid import UNITS, WORDS, Holder, Key, in_unit, lines_of, writes
from projects.models import CostItem, CostLine, System
from projects.models.choices import Stage, ValueState
from projects.services import field_rights
from projects.services.register import Touched, recompute
from projects.services.writing import state_of


class GridRefused(DomainError):
    """Cells that cannot be saved, by key; nothing was written."""

    def __init__(self, errors: Mapping[Key, str]) -> None:
        self.errors = dict(errors)
        super().__init__(_("Some cells cannot be saved. Nothing was written."))


class GridConflict(DomainError):
    """Cells that somebody else saved in between: key → the stored line; nothing was written."""

    def __init__(self, theirs: Mapping[Key, CostLine]) -> None:
        self.theirs = dict(theirs)
        super().__init__(_("Somebody else has saved some of these cells since you opened them."))


@dataclass(frozen=True, slots=True)
class Entry:
    """What was typed into a cell, and the version of the line that was seen (0 for none)."""

    text: str
    version: int = 0


def read(text: str, unit: int) -> tuple[int | None, ValueState]:
    """A cell's yen and state. A unit typed into the cell wins over the page's.

    Raises ValidationError.
    """
    plain = entry.plain(text)
    if not plain:
        return None, ValueState.MISSING
    if plain.lower() in WORDS:
        return None, WORDS[plain.lower()]
    if unit == 1 or any(sign in plain for sign in ("円", "yen", "¥")):
        return entry.yen(text), ValueState.REPORTED
    return entry.yen(f"{plain}{UNITS[unit]}"), ValueState.REPORTED


def _is_as_stored(line: CostLine | None, text: str, unit: int) -> bool:
    """Whether a cell still shows what is stored: its yen stay as they are, to the last one."""
    if line is None:
        return not entry.plain(text)
    if line.amount is None:
        return False
    try:
        shown = Decimal(entry.plain(text).replace(",", "") or "NaN")
    except ArithmeticError:
        return False
    return shown == Decimal(in_unit(line.amount, unit).replace(",", ""))


@dataclass(slots=True)
class _Save:
    """One save of a grid: what differs, what is wrong, what somebody else wrote."""

    act: Act
    holder: Holder
    sheet_year: int
    account: str
    unit: int
    items: Mapping[str, CostItem]
    errors: dict[Key, str] = field(default_factory=dict)
    theirs: dict[Key, CostLine] = field(default_factory=dict)
    changed: list[tuple[CostLine, dict[str, Any] | None]] = field(default_factory=list)
    known: field_rights.Known = field(default_factory=field_rights.Known)

    def judge(self, key: Key, given: Entry, line: CostLine | None) -> None:
        """Sort one cell: unchanged, refused, in conflict, or to be written."""
        if _is_as_stored(line, given.text, self.unit):
            return
        try:
            amount, state = read(given.text, self.unit)
        except ValidationError as error:
            self.errors[key] = " ".join(error.messages)
            return
        stored = (None, ValueState.MISSING) if line is None else (line.amount, line.amount_state)
        if stored == (amount, state):
            return
        if (0 if line is None else line.version) != given.version:
            self.theirs[key] = line or CostLine(amount=None, amount_state=ValueState.MISSING)
            return
        self._change(key, line, amount, state)

    def _change(
        self, key: Key, line: CostLine | None, amount: int | None, state: ValueState
    ) -> None:
        code, stage, year = key
        if code not in self.items or stage not in Stage.values:
            self.errors[key] = _("There is no such cost item or stage.")
            return
        user = self.act.user
        if user is not None and not writes(
            user, self.holder, Stage(stage), exists=line is not None
        ):
            raise PermissionDenied
        before = None if line is None else state_of(line)
        line = line or CostLine(
            system=self.holder if isinstance(self.holder, System) else None,
            project=None if isinstance(self.holder, System) else self.holder,
            budget_year=year,
            sheet_year=self.sheet_year,
            cost_item=self.items[code],
            stage=stage,
            account=self.account,
        )
        given: dict[str, Any] = {"amount": amount, "amount_state": state}
        if before is None:
            given["sheet_year"] = self.sheet_year
        try:
            entered = field_rights.changed_fields(line, given)
            field_rights.refuse(self.act, line, entered, known=self.known)
            line.amount, line.amount_state = amount, state
            line.full_clean()
        except ValidationError as error:
            self.errors[key] = " ".join(error.messages)
            return
        self.changed.append((line, before))

    def write(self) -> None:
        touched = Touched()
        for line, before in self.changed:
            if before is not None:
                line.version += 1
            line.updated_at, line.updated_by = self.act.at, self.act.user
            line.save()
            verb = "costline.created" if before is None else "costline.edited"
            audit.record_object(self.act, verb, line, before=before, after=state_of(line))
            touched.add(line)
        if self.changed:
            recompute(self.act, touched)


@transaction.atomic
def save(
    act: Act,
    holder: Holder,
    sheet_year: int,
    cells: Mapping[Key, Entry],
    *,
    unit: int = 1,
    account: str = "",
) -> int:
    """Save the cells that differ from what is stored; returns how many.

    Raises GridRefused (every fault at once), GridConflict, PermissionDenied. Audited by line;
    rollups and flags are recomputed once.
    """
    if unit not in UNITS:
        raise DomainError(_("This is not a unit."))
    try:
        CostLine._meta.get_field("account").run_validators(account)
    except ValidationError as error:
        raise DomainError(_("Account: %(why)s") % {"why": " ".join(error.messages)}) from error
    # Two who write into the same empty cell wait for each other here.
    type(holder)._default_manager.select_for_update(of=("self",)).get(pk=holder.pk)
    stored = {
        (line.cost_item.code, line.stage, line.budget_year): line
        for line in lines_of(holder)
        .filter(sheet_year=sheet_year, account=account)
        .select_related("cost_item")
        .select_for_update(of=("self",))
    }
    items = CostItem.objects.in_bulk({code for code, _stage, _year in cells}, field_name="code")
    saving = _Save(act, holder, sheet_year, account, unit, items)
    for key, given in cells.items():
        saving.judge(key, given, stored.get(key))
    if saving.errors:
        raise GridRefused(saving.errors)
    if saving.theirs:
        raise GridConflict(saving.theirs)
    saving.write()
    return len(saving.changed)
