import sys
from pathlib import Path
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _
from tqdm import tqdm

from governance.audit import Act
from governance.exceptions import DomainError
from governance.models import User
from projects.imports import sheets
from projects.imports.reader.limits import MAX_BYTES


class Command(BaseCommand):
    help = "Check a workbook (.xlsx) or one sheet as CSV, and write it: all of it or nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        kinds = [sheet.slug for sheet in sheets.SHEETS]
        parser.add_argument("file", type=Path)
        parser.add_argument("--kind", choices=kinds, default="", help="What a CSV file holds.")
        parser.add_argument("--dry-run", action="store_true", help="Check alone; write nothing.")
        parser.add_argument("--user", help="Write with this person's rights, in their name.")
        parser.add_argument("--no-progress", action="store_true", help="Draw no progress bar.")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        content = _content(path)
        user = _person(options["user"])
        act = Act(user=user, at=timezone.now(), source="import_workbook")
        hidden = options["no_progress"] or not sys.stderr.isatty()
        with tqdm(disable=hidden, file=sys.stderr) as bar:

            def step(done: int, total: int) -> None:
                bar.total = total
                bar.update(done - bar.n)

            checked = sheets.check(
                content,
                file_name=path.name,
                kind=options["kind"],
                user=user,
                on=timezone.localdate(act.at),
                progress=step,
            )
        for change in checked.changes:
            self.stdout.write(f"{change.sheet} / {change.row}: {change.verb} {change.key}")
            for label, before, after in change.fields:
                self.stdout.write(f"  {label}: {before} → {after}")
        self.stdout.write(
            _("%(read)d rows: %(created)d new, %(edited)d changed, %(same)d unchanged")
            % {
                "read": checked.read,
                "created": checked.created,
                "edited": checked.edited,
                "same": checked.unchanged,
            }
        )
        if checked.errors:
            lines = "\n".join(str(error) for error in checked.errors)
            raise CommandError(
                _("%(n)d errors, nothing was written:") % {"n": len(checked.errors)} + f"\n{lines}"
            )
        if options["dry_run"]:
            self.stdout.write(_("Dry run: nothing was written."))
        elif checked.rows:
            self._write(act, checked)

    def _write(self, act: Act, checked: sheets.Checked) -> None:
        try:
            run = sheets.commit(act, checked)
        except (DomainError, PermissionDenied) as error:
            raise CommandError(str(error) or _("You may not write this.")) from error
        self.stdout.write(_("Written as import %(pk)d.") % {"pk": run.pk})


def _content(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise CommandError(
                _("The file is larger than %(n)d MB: split it.") % {"n": MAX_BYTES // 1024 // 1024}
            )
        return path.read_bytes()
    except OSError as error:
        raise CommandError(_("The file cannot be read: %(why)s") % {"why": error}) from error


def _person(username: str | None) -> User | None:
    if username is None:
        return None
    user = User.objects.filter(username=username, is_active=True).first()
    if user is None:
        raise CommandError(_("There is no user “%(name)s”.") % {"name": username})
    return user
