import csv
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from projects.metrics.cases import COLUMNS, BadCase, evaluate


class Command(BaseCommand):
    help = (
        "Compute the metrics of cases that somebody brings (CSV; column `kind` says which columns"
        " are read), so that outsiders can check the arithmetic. See docs/evaluate.md."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--cases", type=Path, required=True, help="CSV file, one case a row.")
        parser.add_argument("--out", type=Path, help="Where to write; the terminal if left out.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with options["cases"].open(encoding="utf-8-sig", newline="") as source:
                # Cells beyond the header belong to no column.
                rows = [
                    {name: text for name, text in row.items() if name is not None}
                    for row in csv.DictReader(source)
                ]
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise CommandError(_("The file cannot be read: %(why)s") % {"why": error}) from error
        answers = list(_answers(rows))
        kinds = dict.fromkeys((row.get("kind") or "").strip() for row in rows)
        names = ["case_id", "kind"]
        names += list(dict.fromkeys(c for kind in kinds for c in COLUMNS.get(kind, ())))
        names.append("note")
        if options["out"] is None:
            _write(self.stdout, names, answers)
        else:
            with options["out"].open("w", encoding="utf-8", newline="") as target:
                _write(target, names, answers)


def _answers(rows: Iterable[dict[str, Any]]) -> Iterator[dict[str, str]]:
    for row in rows:
        given = {name: value or "" for name, value in row.items()}
        told = {"case_id": given.get("case_id", ""), "kind": given.get("kind", "")}
        try:
            yield {**told, **evaluate(given)}
        except BadCase as bad:
            yield {**told, "note": str(bad)}


def _write(target: Any, names: list[str], answers: Iterable[dict[str, str]]) -> None:
    writer = csv.DictWriter(target, names, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(answers)
