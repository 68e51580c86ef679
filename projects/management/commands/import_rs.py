import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError
from django.utils import timezone
from django.utils.translation import gettext as _
from tqdm import tqdm

from governance.audit import Act
from projects.imports import rs, rs_columns, rs_commit
from projects.imports.errors import ImportRejected


class Command(BaseCommand):
    help = "Load the IT programmes of 行政事業レビュー 2024 from a folder of its zipped CSV tables."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path)
        parser.add_argument("--no-progress", action="store_true", help="Draw no progress bar.")

    def handle(self, *args: Any, **options: Any) -> None:
        folder: Path = options["folder"]
        hidden = options["no_progress"] or not sys.stderr.isatty()
        act = Act(user=None, at=timezone.now(), source="import_rs")
        try:
            with tqdm(total=len(rs_columns.TABLES) + 1, disable=hidden, file=sys.stderr) as bar:

                def step(table: str) -> None:
                    bar.set_description(table)
                    bar.update()

                portfolio = rs.parse(folder, step)
                step("→ register")
                report = rs_commit.commit(act, portfolio, rs.files(folder))
        except ImportRejected as rejected:
            raise CommandError(str(rejected)) from rejected
        except DatabaseError as error:
            raise CommandError(
                _("The register refused the data: %(why)s") % {"why": error}
            ) from error
        for line in report.lines():
            self.stdout.write(line)
