"""What an import tells at its end: read, loaded, skipped and why, warnings."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _


@dataclass(slots=True)
class ImportReport:
    """Counts by table or kind; `changes` is 0 where a run found everything there already."""

    rows_read: Counter[str] = field(default_factory=Counter)
    loaded: Counter[str] = field(default_factory=Counter)
    updated: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)
    warnings: list[str] = field(default_factory=list)

    @property
    def changes(self) -> int:
        return self.loaded.total() + self.updated.total()

    def as_json(self) -> dict[str, Any]:
        return {
            "rows_read": dict(self.rows_read),
            "loaded": dict(self.loaded),
            "updated": dict(self.updated),
            "skipped": dict(self.skipped),
            "notes": dict(self.notes),
            "warnings": self.warnings,
        }

    def lines(self) -> Iterator[str]:
        """The report for a terminal, a line each."""
        for title, counts in (
            (_("Rows read"), self.rows_read),
            (_("Created"), self.loaded),
            (_("Updated"), self.updated),
            (_("Skipped"), self.skipped),
        ):
            yield f"{title}: {counts.total():,}"
            for name, count in sorted(counts.items()):
                if count:
                    yield f"  {name}: {count:,}"
        for name, count in sorted(self.notes.items()):
            yield f"{name}: {count:,}"
        yield _("Warnings: %(n)d") % {"n": len(self.warnings)}
        for warning in self.warnings:
            yield f"  {warning}"
        if not self.changes:
            yield _("Nothing changed: all of this was loaded before.")
