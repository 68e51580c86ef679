"""Bring stored rows in line with what a file says: create, update, never delete.

A row is found by its business key; only fields that differ are written, so a second run of the
same file writes nothing at all.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _

from governance import audit
from governance.audit import Act, State
from governance.fields import columns
from governance.fields.text import one_line, prose
from projects.imports.errors import ImportRejected, Problem
from projects.imports.report import ImportReport
from projects.models import ImportRun

BATCH = 1000


@dataclass(slots=True)
class Sync:
    """One import's writes. The run's row is made with the first change, so that an import that
    changes nothing leaves no trace."""

    act: Act
    kind: str
    files: list[dict[str, str]]
    report: ImportReport
    wrote: dict[type[models.Model], set[int]] = field(default_factory=lambda: defaultdict(set))
    _run: ImportRun | None = None
    _started: dict[int, datetime] | None = None

    def states(self) -> Iterator[State]:
        """The states of all rows that this import wrote, its own among them."""
        yield from audit.stored(ImportRun, [self.run.pk])
        for model, pks in self.wrote.items():
            yield from audit.stored(model, pks)

    @property
    def run(self) -> ImportRun:
        if self._run is None:
            self._run = ImportRun.objects.create(
                kind=self.kind, started_at=self.act.at, actor=self.act.user, files=self.files
            )
        return self._run

    def rows(
        self,
        model: type[models.Model],
        key: Sequence[str],
        wanted: Iterable[Mapping[str, Any]],
        within: models.Q,
    ) -> dict[tuple[Any, ...], Any]:
        """Make the rows `wanted`; returns all rows `within` by `key`.

        `wanted` maps field names (foreign keys by their `_id`) to values. Cost: three queries and
        one a batch of 1,000 changed rows. Values are checked by their fields, and by the
        database's constraints. Raises ImportRejected.
        """
        name = str(model._meta.verbose_name_plural)
        guarded = [f for f in model._meta.concrete_fields if isinstance(f, columns.Guarded)]
        manager: Any = model._default_manager
        stored = {self._key(row, key): row for row in manager.filter(within)}
        created, changed, fields = [], [], set()
        for given in wanted:
            values = self._checked(given, guarded)
            found = tuple(values[part] for part in key)
            row = stored.get(found)
            if row is None:
                row = model(**values)
                row.import_run = self.run  # type: ignore[attr-defined]
                row.updated_at, row.updated_by = self.act.at, self.act.user  # type: ignore[attr-defined]
                created.append(row)
                stored[found] = row
            elif different := [f for f, value in values.items() if getattr(row, f) != value]:
                if self._is_edited(row):
                    # What people wrote since the last import is theirs.
                    self.report.skipped[_("changed by people since; kept")] += 1
                    continue
                for part in different:
                    setattr(row, part, values[part])
                row.version += 1
                row.import_run = self.run
                row.updated_at, row.updated_by = self.act.at, self.act.user
                fields.update(different)
                changed.append(row)
        manager.bulk_create(created, batch_size=BATCH)
        if changed:
            tracked = ("version", "import_run", "updated_at", "updated_by")
            manager.bulk_update(changed, [*sorted(fields), *tracked], batch_size=BATCH)
        self.wrote[model] |= {row.pk for row in (*created, *changed)}
        self.report.loaded[name] += len(created)
        self.report.updated[name] += len(changed)
        return stored

    def _is_edited(self, row: Any) -> bool:
        """Whether somebody saved the row after the import that brought it, or made it by hand."""
        if row.import_run_id is None:
            return True
        if self._started is None:
            self._started = dict(ImportRun.objects.values_list("pk", "started_at"))
        return bool(row.updated_at != self._started.get(row.import_run_id, self.act.at))

    def _checked(
        self, values: Mapping[str, Any], guarded: Iterable[columns.Guarded]
    ) -> dict[str, Any]:
        """The values with line ends as they are kept; what their fields refuse refuses the import:
        nothing is cut off or left out in silence."""
        found = dict(values)
        for column in guarded:
            value = found.get(column.name)
            if value is None or value == "":
                continue
            if isinstance(column, columns.Line):
                value = found[column.name] = one_line(value)
            elif isinstance(column, columns.Prose):
                value = found[column.name] = prose(value).strip()
            try:
                column.run_validators(value)
            except ValidationError as error:
                shown = {"text": str(value)[:30], "name": column.verbose_name}
                message = _("“%(text)s…”, for “%(name)s”: ") % shown + " ".join(error.messages)
                raise ImportRejected(
                    [Problem(str(column.model._meta.verbose_name), message)]
                ) from error
        return found

    @staticmethod
    def _key(row: models.Model, key: Sequence[str]) -> tuple[Any, ...]:
        return tuple(getattr(row, part) for part in key)


def content_digest(values: Iterable[object]) -> str:
    """SHA-256 (hex) over what was loaded, for the audit event of a bulk write."""
    hashed = sha256()
    for value in values:
        hashed.update(repr(value).encode())
        hashed.update(b"\n")
    return hashed.hexdigest()
