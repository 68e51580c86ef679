from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _

from governance.audit import anchors, keys
from governance.audit.anchors import Anchor
from governance.backup import restoring
from governance.backup.engine import engine_of_site
from governance.backup.restoring import Restored
from governance.exceptions import DomainError


class Command(BaseCommand):
    help = (
        "Bring a backup back. Stop the application first. The file is checked before, the database"
        " afterwards: rows, audit trail, migrations."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file")
        where = parser.add_mutually_exclusive_group()
        where.add_argument(
            "--into-empty", action="store_true", help="only into an empty database (the default)"
        )
        where.add_argument(
            "--replace",
            action="store_true",
            help="back up what the database holds, then replace all of it",
        )
        parser.add_argument(
            "--no-input", action="store_true", help="with --replace: ask nothing, for scripts"
        )

        parser.add_argument(
            "--replaces",
            action="append",
            default=[],
            metavar="ANCHOR",
            help="an anchor of the trail that was lost, for the event of this restore: anchors up to"
            " it are then told as replaced by it; may be given more than once",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["replace"] and not options["no_input"] and restoring.needs_consent():
                self._ask()
            restored = restoring.restore(
                Path(options["file"]).resolve(),
                timezone.now(),
                replace=options["replace"],
                keep_old_in=Path(settings.BACKUP_DIR),
                replaces=[_anchor(Path(given)) for given in options["replaces"]],
            )
        except DomainError as error:
            raise CommandError(str(error)) from error
        self._tell(restored)

    def _ask(self) -> None:
        name = engine_of_site().database
        try:
            answer = input(
                _("Everything in %(name)s will be replaced. Type its name to go on: ")
                % {"name": name}
            )
        except EOFError as error:
            raise CommandError(
                _("Nobody answered, and nothing was changed: scripts say --no-input.")
            ) from error
        if answer != name:
            raise CommandError(_("Nothing was changed."))

    def _tell(self, restored: Restored) -> None:
        state = restored.manifest.state
        if restored.before is not None:
            self.stdout.write(_("What was there before: %(file)s") % {"file": restored.before})
        self.stdout.write(
            _("Restored as of %(at)s: %(tables)d tables with %(rows)d rows, as in the backup.")
            % {
                "at": restored.manifest.made_at,
                "tables": len(state.rows),
                "rows": sum(state.rows.values()),
            }
        )
        if restored.is_older:
            self.stdout.write(
                _(
                    "The backup is of an older release (%(version)s): run manage.py migrate, then"
                    " manage.py verify_audit, before anybody signs in."
                )
                % {"version": restored.manifest.product}
            )
            return
        if restored.faults:
            for fault in restored.faults[:20]:
                self.stderr.write(f"{fault.seq}: {fault.kind}")
            raise CommandError(
                _("The trail in this backup is NOT whole: %(n)d faults.")
                % {"n": len(restored.faults)}
            )
        self.stdout.write(
            _("The audit trail is whole: %(n)d events, last hash %(hash)s.")
            % {"n": state.audit_seq, "hash": state.audit_hash or "-"}
        )


def _anchor(path: Path) -> Anchor:
    """An anchor that its key has signed, by a key that is known here. Raises DomainError."""
    try:
        found = anchors.read(path.name, path.read_bytes())
    except (OSError, anchors.NoAnchor) as error:
        raise DomainError(_("%(file)s is no anchor of the trail.") % {"file": path}) from error
    for fault in anchors.signature_faults([found], keys.trusted()):
        raise DomainError(f"{path}: {fault.kind.label}")
    return found
