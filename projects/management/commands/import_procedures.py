import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError
from django.utils import timezone
from django.utils.translation import gettext as _
from tqdm import tqdm

from governance.audit import Act
from projects.imports import procedures, procedures_commit
from projects.imports.errors import ImportRejected


class Command(BaseCommand):
    help = "Load the survey of administrative procedures 2024 from its parquet file."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--no-progress", action="store_true", help="Draw no progress bar.")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        hidden = options["no_progress"] or not sys.stderr.isatty()
        act = Act(user=None, at=timezone.now(), source="import_procedures")
        try:
            with tqdm(disable=hidden, file=sys.stderr, unit=" rows") as bar:

                def step(rows: int) -> None:
                    bar.update(rows)

                survey = procedures.parse(path, step)
                bar.set_description("→ register")
                report = procedures_commit.commit(act, survey, path)
        except ImportRejected as rejected:
            raise CommandError(str(rejected)) from rejected
        except DatabaseError as error:
            raise CommandError(
                _("The register refused the data: %(why)s") % {"why": error}
            ) from error
        for line in report.lines():
            self.stdout.write(line)
