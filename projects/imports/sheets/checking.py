"""The dry run: every error of every row, and every change before → after. Writes nothing.

The rules are those of the forms: cells are read as form fields read, the models' own constraints
judge each row that changes, references must be open to the actor, and each row must lie within
what the actor's roles may write. A whole sheet costs a handful of queries, not some a row.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from hashlib import sha256
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import override

from governance import entry
from governance.access import Action, Resource, Role, rights_of
from governance.conditions import holds
from governance.field_rights import ALL_ROLES, roles_over
from governance.fields.text import readable
from projects import ends
from projects.forms.register import told_at
from projects.imports.sheets import opening
from projects.imports.sheets.guarding import guarded
from projects.imports.sheets.layout import (
    BY_SLUG,
    LANGUAGES,
    NUMBER,
    SHEETS,
    VERSION,
    Reader,
    Sheet,
    as_text,
    empty_value,
    is_empty,
    keys_of,
    reader_of,
    shown,
)
from projects.imports.sheets.opening import CellError, RawSheet, Unreadable
from projects.imports.sheets.writing import META
from projects.models import Project
from projects.models.choices import ValueState
from projects.register import UNUSABLE, Kind, parent_kind
from projects.services import field_rights

Progress = Callable[[int, int], None]
# Rows after which progress is told.
STEP: Final = 500
# After so many, a file is not looked at any further: each holds memory until all are told.
MAX_ERRORS: Final = 20_000
_CHUNK: Final = 900
_MISSING: Final = object()
_UNSEEN: Final = object()
"""A cell that says that the actor may not see what stands there."""


@dataclass(frozen=True, slots=True)
class Change:
    """One record that would be made or changed, in words."""

    sheet: str
    row: int
    key: str
    name: str
    verb: str
    fields: list[tuple[str, str, str]]

    def as_json(self) -> dict[str, Any]:
        return {
            "sheet": self.sheet,
            "row": self.row,
            "key": self.key,
            "name": self.name,
            "verb": self.verb,
            "fields": [list(part) for part in self.fields],
        }


@dataclass(slots=True)
class Row:
    """One row of the file that changes something: the record, and the values it gets.

    `obj` is the stored record, or a new one that is not saved; `many` are its links.
    """

    sheet: Sheet
    number: int
    obj: Any
    version: int
    values: dict[str, Any]
    many: dict[str, list[Any]] = field(default_factory=dict)

    @property
    def is_new(self) -> bool:
        return self.obj.pk is None


@dataclass(slots=True)
class Checked:
    """What a file would do."""

    file_name: str
    digest: str
    errors: list[CellError] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    read: int = 0
    unchanged: int = 0

    @property
    def created(self) -> int:
        return sum(change.verb == "create" for change in self.changes)

    @property
    def edited(self) -> int:
        return len(self.changes) - self.created


def check(
    content: bytes,
    *,
    file_name: str,
    user: Any,
    on: date,
    kind: str = "",
    progress: Progress | None = None,
) -> Checked:
    """The dry run of a workbook, or of one sheet (`kind`) as CSV. `user` None may do anything: a
    command on the machine itself. `progress(done, total)` may raise to stop."""
    checked = Checked(file_name, sha256(content).hexdigest())
    try:
        beat = None if progress is None else partial(progress, 0, 0)
        raw, checked.errors = opening.open_file(content, file_name, beat)
    except Unreadable as unreadable:
        checked.errors = unreadable.errors
        return checked
    known = _known_sheets(raw, kind, checked)
    total = sum(max(len(sheet.rows) - 1, 0) for _sheet, sheet in known)
    scope = Scope(user, on)
    done = 0
    for sheet, found in known:
        worker = _SheetCheck(sheet, found, scope, checked, is_csv=bool(kind or not found.name))
        for number in worker.run():
            done += 1
            if progress is not None and number % STEP == 0:
                progress(done, total)
    if progress is not None:
        progress(total, total)
    checked.errors.sort(key=lambda e: (e.sheet, e.row or 0))
    return checked


def _ignored() -> set[str]:
    names = {META}
    for language in LANGUAGES:
        with override(language):
            names.add(opening.plain_name(_("Help")))
    return names


def _known_sheets(
    raw: Iterable[RawSheet], kind: str, checked: Checked
) -> list[tuple[Sheet, RawSheet]]:
    """The sheets that are understood, in the order in which they are written."""
    if kind or (checked.file_name.lower().endswith(".csv")):
        if kind not in BY_SLUG:
            message = _("Say what the CSV file holds: %(kinds)s.")
            kinds = ", ".join(BY_SLUG)
            checked.errors.append(CellError("", None, "", message % {"kinds": kinds}))
            return []
        return [(BY_SLUG[kind], next(iter(raw)))]
    by_title = {opening.plain_name(title): sheet for sheet in SHEETS for title in sheet.titles()}
    found: dict[str, RawSheet] = {}
    for sheet in raw:
        name = opening.plain_name(sheet.name)
        known = by_title.get(name)
        if known is not None:
            found[known.slug] = sheet
        elif name not in _ignored() and any(not is_empty(v) for row in sheet.rows for v in row):
            expected = "、".join(s.title for s in SHEETS)
            message = _("This sheet is not known: was it renamed? Known are: %(names)s.")
            checked.errors.append(CellError(sheet.name, None, "", message % {"names": expected}))
    if not found:
        message = _("None of the sheets is one of the workbook that can be downloaded here.")
        checked.errors.append(CellError("", None, "", message))
    return [(sheet, found[sheet.slug]) for sheet in SHEETS if sheet.slug in found]


# What is known of the register ----------------------------------------------------------------------------


class Scope:
    """What the actor sees and may write; read once, shared by the sheets.

    New records of one sheet can be named by the next.
    """

    def __init__(self, user: Any, on: date) -> None:
        self.user, self.on = user, on
        self._by_key: dict[str, dict[str, Any]] = {}
        self._ties: dict[str, dict[int, frozenset[int]]] = {}

    def visible(self, kind: Kind, action: Action = Action.READ) -> Any:
        return kind.objects if self.user is None else kind.objects.visible_to(self.user, action)

    def by_key(self, kind: Kind) -> dict[str, Any]:
        """Key → record, of those that the actor may see, and of those that the file makes."""
        if kind.slug not in self._by_key:
            rows = self.visible(kind)
            if kind.slug == "systems":
                rows = rows.only("pk", "system_id", "name", "name_en", "agency_id")
            self._by_key[kind.slug] = {kind.key_of(obj): obj for obj in rows}
        return self._by_key[kind.slug]

    def projects_of(self, system_id: int | None) -> frozenset[int]:
        """The projects that a system belongs to."""
        if "systems" not in self._ties:
            links = Project.systems.through._default_manager.values_list("system_id", "project_id")
            found: dict[int, set[int]] = defaultdict(set)
            for system, project in links:
                found[system].add(project)
            self._ties["systems"] = {pk: frozenset(ids) for pk, ids in found.items()}
        return (
            frozenset() if system_id is None else self._ties["systems"].get(system_id, frozenset())
        )

    def may(self, sheet: Sheet, row: Row, action: Action) -> bool:
        """Whether the row, as it would be saved, lies within what the actor may write."""
        if self.user is None:
            return True
        agencies, projects = self._ties_of(sheet, row)
        lines = sheet.kind.model.access  # type: ignore[attr-defined]
        for line in lines:
            if line.when and not holds(line.when, row.values):
                continue
            reach = rights_of(self.user).reach(line.resource, action)
            inside = reach.agency_ids & agencies or (line.project and reach.project_ids & projects)
            if reach.everything or inside:
                return True
        return False

    def roles_over(self, row: Row) -> frozenset[Role]:
        """The roles by which the actor may write the record of a row as it stands."""
        if self.user is None:
            return ALL_ROLES
        action = Action.CREATE if row.is_new else Action.EDIT
        resource = field_rights.resource_of(row.obj)
        return roles_over(rights_of(self.user), resource, action, *self._ties_of(row.sheet, row))

    def _ties_of(self, sheet: Sheet, row: Row) -> tuple[set[int], set[int]]:
        """The agencies and projects that a row hangs on."""
        values: Mapping[str, Any] = row.values
        if sheet.slug == "kpi-values":
            kpi = values["kpi"]
            values = {"system": kpi.system, "project": kpi.project}
        own, system, project = (values.get(name) for name in ("agency", "system", "project"))
        holder = own or system or project
        agencies = set() if holder is None else {holder.pk if own else holder.agency_id}
        systems = [system, *row.many.get("systems", ())] if sheet.slug != "projects" else []
        projects = {pk for item in systems if item for pk in self.projects_of(item.pk)}
        if project is not None:
            projects.add(project.pk)
        if sheet.slug == "systems":
            projects |= self.projects_of(row.obj.pk)
        if sheet.slug == "projects":
            projects.add(row.obj.pk)
        return agencies, projects - {None}


# One sheet --------------------------------------------------------------------------------------------------


class _SheetCheck:
    """Reads one sheet row by row, and judges what changes."""

    def __init__(
        self, sheet: Sheet, raw: RawSheet, scope: Scope, checked: Checked, *, is_csv: bool
    ) -> None:
        self.sheet, self.kind, self.raw = sheet, sheet.kind, raw
        self.scope, self.checked, self.is_csv = scope, checked, is_csv
        self.title = raw.name or sheet.title
        self.first = 1 if is_csv else 2
        self.fields = {cell.name: cell.field for cell in sheet.cells}
        self.cells = {cell.name: cell for cell in sheet.cells}
        self.many = {name for name, f in self.fields.items() if f.many_to_many}
        self.relations = {name for name, f in self.fields.items() if f.is_relation}
        self.readers: dict[str, Reader] = {
            name: reader_of(cell) for name, cell in self.cells.items() if cell.target is None
        }
        self.states = {n: s for n in self.kind.fields if (s := self.kind.states(n))}
        self.labels = {name: sheet.label(name) for name in sheet.columns()}
        self.constraints = [
            c for c in self.kind.model._meta.constraints if isinstance(c, models.CheckConstraint)
        ]
        self.changed: list[Row] = []

    def tell(self, row: int | None, column: str, message: Any) -> None:
        label = self.labels.get(column, column)
        self.checked.errors.append(CellError(self.title, row, str(label), str(message)))

    # Columns

    def places(self) -> dict[str, int] | None:
        """Column → its place; None where the sheet cannot be read."""
        wanted = self.sheet.columns()
        head, ids = self._header()
        labels = self._label_names()
        by_ids = len(set(ids) & set(wanted)) * 2 >= len(wanted)
        names = (
            ids if by_ids else [text if text in wanted else labels.get(text, "") for text in head]
        )
        if not by_ids:
            for text, name in zip(head, names, strict=True):
                if text and not name:
                    self.tell(1, text, _("This column is not known."))
            if not self.is_csv and not set(ids) & set(wanted):
                # The hidden row was deleted: data begin right below the labels.
                self.first = 1
        places: dict[str, int] = {}
        for place, name in enumerate(names):
            if name in wanted and name in places:
                self.tell(1, name, _("This column stands twice."))
                return None
            if name in wanted:
                places[name] = place
        if by_ids:
            self._refuse_shifted(head, places, labels)
        missing = [n for n in wanted if n not in places and n != VERSION]
        for name in missing:
            self.tell(1, name, _("This column is missing."))
        return None if missing else places

    def _header(self) -> tuple[list[str], list[str]]:
        """The labels, and the hidden names below them."""
        rows = self.raw.rows
        head = [opening.plain_name(v) for v in (rows[0] if rows else [])]
        below = rows[1] if len(rows) > 1 and not self.is_csv else []
        return head, [opening.plain_name(v) for v in below]

    def _label_names(self) -> dict[str, str]:
        """Label in either language → column."""
        found: dict[str, str] = {}
        for language in LANGUAGES:
            with override(language):
                for name in self.sheet.columns():
                    found[opening.plain_name(self.sheet.label(name))] = name
        return found

    def _refuse_shifted(
        self, head: list[str], places: Mapping[str, int], labels: Mapping[str, str]
    ) -> None:
        """The visible labels and the hidden names must speak of the same columns."""
        for name, place in places.items():
            label = labels.get(head[place], "") if place < len(head) else ""
            if label and label != name:
                self.tell(
                    1,
                    name,
                    _("The heading of this column was moved: its name says “%(name)s”.")
                    % {"name": name},
                )

    # Rows

    def run(self) -> Iterator[int]:
        """Judge the sheet; yields the number of each row as it is done with."""
        places = self.places()
        if places is None:
            return
        stored = self._stored(places)
        seen: dict[Any, int] = {}
        for number, cells in enumerate(self.raw.rows[self.first :], start=self.first + 1):
            if all(is_empty(value) for value in cells):
                continue
            self.checked.read += 1
            row = self._row(number, cells, places, stored)
            if row is not None:
                mark = row.obj.pk or self._key(row)
                if mark and mark in seen:
                    message = _("This record stands in row %(n)d already.") % {"n": seen[mark]}
                    self.tell(number, self.sheet.columns()[0], message)
                else:
                    seen[mark] = number
                    self._judge(row)
            yield number
            if len(self.checked.errors) > MAX_ERRORS:
                self.tell(number, "", _("There are more errors than these: the rest is not read."))
                return
        self._refuse_doubles()
        self._refuse_foreign()
        for row, name, why in guarded(self.changed, self.scope.roles_over, self.scope.on):
            self.tell(row.number, name, why)

    def _key(self, row: Row) -> Any:
        return row.values.get(self.kind.key) if self.kind.has_own_key else None

    def _stored(self, places: Mapping[str, int]) -> dict[Any, Any]:
        """The records that the rows name, by key or number. Cost: one query a 900 rows."""
        column = self.kind.key if self.kind.has_own_key else NUMBER
        place = places[column]
        names = {
            entry.plain(as_text(cells[place]))
            for cells in self.raw.rows[self.first :]
            if place < len(cells) and not is_empty(cells[place])
        }
        if not self.kind.has_own_key:
            names = {
                name for name in names if name.isascii() and name.isdecimal() and len(name) < 19
            }
        many = list(self.many)
        single = [name for name in self.relations if name not in self.many]
        found: dict[Any, Any] = {}
        rows = self.scope.visible(self.kind).select_related(*single).prefetch_related(*many)
        for part in _chunks(sorted(names)):
            for obj in rows.filter(**{f"{self.kind.key}__in": part}):
                found[self.kind.key_of(obj)] = obj
        if self.sheet.natural:
            self._add_natural(found, places, rows)
        return found

    def _refuse_unseen(self, row: Row, differences: list[tuple[str, Any, Any]]) -> None:
        """A record that the actor does not see may stay where it stands, not be named anew."""
        for name, _old, value in differences:
            if not isinstance(value, models.Model):
                continue
            if not self._is_seen(name, value):
                key = parent_kind(self.kind, name).key_of(value)
                message = _("There is no “%(key)s” here, or it is not open to you.")
                self.tell(row.number, name, message % {"key": key[:60]})

    def _add_natural(self, found: dict[Any, Any], places: Mapping[str, int], rows: Any) -> None:
        """Rows without a number are found by what makes them one of a kind, so that a file sent
        twice makes nothing twice. Cost: one query a 900 holders."""
        natural = self.sheet.natural
        for name in ("system", "project", "kpi"):
            if name not in natural:
                continue
            keys = {
                entry.plain(as_text(cells[places[name]]))
                for cells in self.raw.rows[self.first :]
                if places[name] < len(cells)
                and not is_empty(cells[places[name]])
                and is_empty(cells[places[NUMBER]] if places[NUMBER] < len(cells) else None)
            }
            other = parent_kind(self.kind, name)
            for part in _chunks(sorted(keys)):
                for obj in rows.filter(**{f"{name}__{other.key}__in": part}):
                    found[self._natural_of(partial(getattr, obj))] = obj

    def _natural_of(self, get: Callable[[str], Any]) -> tuple[Any, ...]:
        return tuple(
            item.pk if isinstance(item := get(name), models.Model) else item
            for name in self.sheet.natural
        )

    def _row(
        self,
        number: int,
        cells: list[Any],
        places: Mapping[str, int],
        stored: Mapping[Any, Any],
    ) -> Row | None:
        """The row's record with its new values; None where cells cannot be read."""
        before = len(self.checked.errors)

        def raw(name: str) -> Any:
            place = places.get(name, -1)
            return cells[place] if 0 <= place < len(cells) else None

        values: dict[str, Any] = {}
        many: dict[str, list[Any]] = {}
        for name in self.kind.fields:
            found = self._cell(number, name, raw(name))
            if found is _MISSING:
                continue
            (many if name in self.many else values)[name] = found
        if len(self.checked.errors) > before:
            return None
        self._fit_states(number, values)
        obj = self._find(number, raw, values, stored)
        if obj is None or len(self.checked.errors) > before:
            return None
        if not self._keep_unseen(number, obj, values):
            return None
        version = self._version(number, raw(VERSION), obj)
        if len(self.checked.errors) > before:
            return None
        for name in self.many:
            many[name] = self._with_hidden(obj, name, many.get(name, []))
        return Row(self.sheet, number, obj, version, values, many)

    def _cell(self, number: int, name: str, raw: Any) -> Any:
        """One cell's value; `_MISSING` after an error was told."""
        try:
            if name in self.relations:
                return self._reference(name, raw)
            if is_empty(raw):
                return self._empty(name)
            value = self.readers[name](raw)
            if value == "":  # Nothing was left of it.
                return self._empty(name)
            self.fields[name].run_validators(value)
        except ValidationError as error:
            for message in error.messages:
                self.tell(number, name, message)
            return _MISSING
        except (ValueError, ArithmeticError, OverflowError):
            self.tell(
                number,
                name,
                _("“%(given)s” cannot be read.") % {"given": readable(as_text(raw))[:60]},
            )
            return _MISSING
        return value

    def _empty(self, name: str) -> Any:
        value = empty_value(self.fields[name])
        if value in (None, "") and not self.fields[name].blank:
            raise ValidationError(_("This cell must be filled."))
        return value

    def _reference(self, name: str, raw: Any) -> Any:
        other = parent_kind(self.kind, name)
        if name in self.many:
            return [self._named(other, key) for key in ([] if is_empty(raw) else keys_of(raw))]
        if is_empty(raw):
            return self._empty(name)
        text = entry.plain(as_text(raw))
        return _UNSEEN if ends.says_unseen(text) else self._named(other, text)

    def _keep_unseen(self, number: int, obj: Any, values: dict[str, Any]) -> bool:
        """What the actor may not see stays where it stands, by the words that the file has for it:
        by its key alone nobody learns whether it is there. False after an error was told."""
        is_fine = True
        for name in [name for name, value in values.items() if value is _UNSEEN]:
            stored = None if obj.pk is None else getattr(obj, name)
            if stored is None or self._is_seen(name, stored):
                self.tell(number, name, _("Write the ID of a record that you may see."))
                is_fine = False
            values[name] = stored
        return is_fine

    def _is_seen(self, name: str, item: models.Model) -> bool:
        other = parent_kind(self.kind, name)
        return other.key_of(item) in self.scope.by_key(other)

    def _named(self, other: Kind, key: str) -> Any:
        found = self.scope.by_key(other).get(key)
        if found is None:
            raise ValidationError(
                _("There is no “%(key)s” here, or it is not open to you.") % {"key": key[:60]}
            )
        return found

    def _fit_states(self, number: int, values: dict[str, Any]) -> None:
        """A figure given is reported; one that is not there says why: as the forms do."""
        for name, state in self.states.items():
            if name not in values or state not in values:
                continue
            chosen = values[state] or ValueState.MISSING
            if values[name] is None:
                is_said = chosen != ValueState.REPORTED
                values[state] = chosen if is_said else ValueState.MISSING
            elif chosen in (ValueState.MISSING, ValueState.REPORTED):
                values[state] = ValueState.REPORTED
            else:
                message = _("A figure is given: then it is neither withheld nor “not applicable”.")
                self.tell(number, state, message)

    def _find(
        self,
        number: int,
        raw: Callable[[str], Any],
        values: Mapping[str, Any],
        stored: Mapping[Any, Any],
    ) -> Any:
        """The stored record of a row, or a new one; None after an error was told."""
        if self.kind.has_own_key:
            key = values[self.kind.key]
            if fault := self.kind.key_fault(key):
                self.tell(number, self.kind.key, fault)
                return None
            found = stored.get(key)
            if found is None and not is_empty(raw(VERSION)):
                self.tell(
                    number,
                    self.kind.key,
                    _("There is no “%(key)s” here, or it is not open to you.") % {"key": key[:60]},
                )
                return None
            return found or self.kind.model()
        given = raw(NUMBER)
        if is_empty(given):
            return stored.get(self._natural_of(values.__getitem__)) or self.kind.model()
        found = stored.get(entry.plain(as_text(given)))
        if found is None:
            self.tell(number, NUMBER, _("There is no such record, or it is not open to you."))
        return found

    def _version(self, number: int, raw: Any, obj: Any) -> int:
        """The version that the file is based on; the stored one where it says none."""
        if obj.pk is None or is_empty(raw):
            return obj.version if obj.pk is not None else 0
        text = as_text(raw)
        if not (text.isascii() and text.isdecimal() and len(text) < 10):
            self.tell(number, VERSION, _("Leave the grey cells as they were."))
            return 0
        return int(text)

    def _with_hidden(self, obj: Any, name: str, given: list[Any]) -> list[Any]:
        """What the actor cannot see is not theirs to take away."""
        if obj.pk is None:
            return list(dict.fromkeys(given))
        other = parent_kind(self.kind, name)
        seen = self.scope.by_key(other)
        hidden = [item for item in getattr(obj, name).all() if other.key_of(item) not in seen]
        return [*dict.fromkeys(given), *hidden]

    # Judging

    def _differences(self, row: Row) -> list[tuple[str, Any, Any]]:
        found: list[tuple[str, Any, Any]] = []
        for name, value in row.values.items():
            stored = getattr(row.obj, name) if not row.is_new else _MISSING
            if row.is_new:
                if value not in (None, ""):
                    found.append((name, None, value))
            elif stored != value:
                found.append((name, stored, value))
        for name, items in row.many.items():
            before = [] if row.is_new else list(getattr(row.obj, name).all())
            if {id(i) if i.pk is None else i.pk for i in items} != {i.pk for i in before}:
                found.append((name, before, items))
        return found

    def _judge(self, row: Row) -> None:
        differences = self._differences(row)
        if not differences:
            self.checked.unchanged += 1
            return
        if not row.is_new and row.version != row.obj.version:
            who = f" ({row.obj.updated_by})" if row.obj.updated_by_id else ""
            self.tell(
                row.number,
                VERSION,
                _(
                    "Somebody changed this record%(who)s after the file was made: download it anew,"
                    " or empty the version cell to write over it."
                )
                % {"who": who},
            )
            return
        before = len(self.checked.errors)
        self._refuse_unseen(row, differences)
        self._check_constraints(row)
        action = Action.CREATE if row.is_new else Action.EDIT
        if not self.scope.may(self.sheet, row, action):
            self.tell(
                row.number,
                self.sheet.columns()[0],
                _("This row lies outside of what your role may write."),
            )
        if len(self.checked.errors) > before:
            return
        if row.is_new:
            for name, value in row.values.items():
                setattr(row.obj, name, value)
            if self.kind.has_own_key:
                self.scope.by_key(self.kind)[self.kind.key_of(row.obj)] = row.obj
        self.changed.append(row)
        self.checked.rows.append(row)
        self.checked.changes.append(self._told(row, differences))

    def _told(self, row: Row, differences: list[tuple[str, Any, Any]]) -> Change:
        return Change(
            sheet=self.title,
            row=row.number,
            key=self._name_of(row),
            name=str(row.obj)[:120] if not row.is_new else "",
            verb="create" if row.is_new else "edit",
            fields=[
                (
                    str(self.labels[name]),
                    "–" if row.is_new else self._shown(name, old),
                    self._shown(name, new),
                )
                for name, old, new in differences
            ],
        )

    def _shown(self, name: str, value: Any) -> str:
        """A value in words; without the names of records that the actor may not see."""
        if isinstance(value, models.Model) and not self._is_seen(name, value):
            return str(ends.UNSEEN)
        if name in self.many:
            value = [item for item in value if self._is_seen(name, item)]
        return shown(self.cells[name], value)

    def _name_of(self, row: Row) -> str:
        if self.kind.has_own_key:
            return str(row.values[self.kind.key])
        return "" if row.is_new else f"#{row.obj.pk}"

    def _check_constraints(self, row: Row) -> None:
        for constraint in self.constraints:
            if holds(constraint.condition, row.values | _absent(constraint, row)) is False:
                at = told_at(constraint, self.kind.fields) or self.sheet.columns()[0]
                self.tell(row.number, at, constraint.get_violation_error_message())

    def _refuse_doubles(self) -> None:
        """Unique keys, against the register (seen or not) and within the file. Cost: one query a
        900 rows and constraint."""
        for constraint in self._unique():
            fields, condition, message = constraint
            keys: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
            for row in self.changed:
                if condition is not None and not holds(condition, row.values):
                    continue
                key = tuple(_mark(row.values[name]) for name in fields)
                if None not in key:
                    keys[key].append(row)
            self._tell_doubles(keys, fields, message)

    def _unique(self) -> Iterator[tuple[tuple[str, ...], Any, Any]]:
        constraints: Iterable[Any] = self.kind.model._meta.constraints
        for item in constraints:
            is_unique = isinstance(item, models.UniqueConstraint) and item.fields
            if is_unique and set(item.fields) <= set(self.fields):
                yield item.fields, item.condition, item.get_violation_error_message()
        for name, field_ in self.fields.items():
            if field_.unique:
                yield (name,), None, _("This exists already.")

    def _tell_doubles(
        self, keys: Mapping[tuple[Any, ...], list[Row]], fields: tuple[str, ...], message: Any
    ) -> None:
        taken: dict[tuple[Any, ...], int] = {}
        first = {key[0] for key in keys if not isinstance(key[0], _New)}
        model = self.kind.model
        for part in _chunks(sorted(first, key=str)):
            known = model._default_manager.filter(**{f"{fields[0]}__in": part})
            for pk, *stored in known.order_by().values_list("pk", *fields):
                taken[tuple(stored)] = pk
        for key, rows in keys.items():
            for row in rows[1:]:
                self.tell(row.number, fields[-1], message)
            found = taken.get(key)
            if found is not None and found != rows[0].obj.pk:
                # A key that the actor sees names the stored record: this one is out of sight.
                is_unseen = fields == (self.kind.key,)
                self.tell(rows[0].number, fields[-1], UNUSABLE if is_unseen else message)

    def _refuse_foreign(self) -> None:
        """Stored rows that change must be the actor's to change as they stand now, too."""
        if self.scope.user is None:
            return
        edited = {row.obj.pk: row for row in self.changed if not row.is_new}
        allowed: set[int] = set()
        for part in _chunks(sorted(edited)):
            rows = self.scope.visible(self.kind, Action.EDIT).filter(pk__in=part)
            allowed.update(rows.values_list("pk", flat=True))
        for pk, row in edited.items():
            if pk not in allowed:
                self.tell(
                    row.number,
                    self.sheet.columns()[0],
                    _("This row lies outside of what your role may write."),
                )


class _New:
    """Stands for a record that the file makes: equal to itself alone."""

    def __init__(self, obj: Any) -> None:
        self.obj = obj

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _New) and other.obj is self.obj

    def __hash__(self) -> int:
        return id(self.obj)


def _mark(value: Any) -> Any:
    if isinstance(value, models.Model):
        return _New(value) if value.pk is None else value.pk
    return value


def _absent(constraint: models.CheckConstraint, row: Row) -> dict[str, Any]:
    """Fields that a rule speaks of and the sheet does not hold: as they are stored."""
    condition: Any = constraint.condition
    names = {str(name).split("__")[0] for name in condition.referenced_base_fields}
    return {
        name: getattr(row.obj, name, None)
        for name in names
        if name not in row.values and name not in row.many
    }


def _chunks(items: list[Any]) -> Iterator[list[Any]]:
    for start in range(0, len(items), _CHUNK):
        yield items[start : start + _CHUNK]


def resources() -> set[Resource]:
    """The resources that a workbook can write to."""
    return {resource for sheet in SHEETS for resource in sheet.kind.resources}
