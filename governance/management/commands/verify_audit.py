import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _

from governance import audit
from governance.audit import anchors, keys, naming, register
from governance.audit.examination import KEPT
from governance.audit.restores import replaced_text
from governance.exceptions import DomainError

REPLACED: Final = 3
"""The exit code where all else fits; 2 is that of arguments which are none."""


class Command(BaseCommand):
    help = (
        "Compare the audit trail with itself, with anchors outside of the database, and with every"
        " row of the register. Exit 0 only where it is whole; 1 where anything does not fit and"
        " nothing in the trail accounts for it; 3 where all fits but anchors of events that a restore"
        " has replaced: ask who restored (docs/audit.md)."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--anchor",
            action="append",
            default=[],
            metavar="FILE_OR_DIR",
            help="An anchor file, or a directory of them; may be given more than once.",
        )
        parser.add_argument(
            "--key",
            action="append",
            default=[],
            metavar="FINGERPRINT",
            help="SHA-256 of a public key that may have signed anchors (manage.py audit_key).",
        )
        parser.add_argument("--json", action="store_true", help="Print the report as JSON.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            trusted = keys.trusted() | frozenset(options["key"])
        except DomainError as error:
            raise CommandError(str(error)) from error
        folder, files = _read(options["anchor"])
        report = audit.examine(timezone.now(), folder=folder, files=files, trusted=trusted)
        if options["json"]:
            self.stdout.write(json.dumps(report.as_json(), ensure_ascii=False, indent=1))
        else:
            self._tell(report)
        if report.faults:
            raise CommandError(
                _("The audit trail is NOT whole: %(n)d faults.") % {"n": len(report.faults)}
            )
        if report.verdict is audit.Verdict.REPLACED:
            # Not 0: whoever has a job run this is to hear of it.
            raise CommandError(
                _("A restore has replaced events that anchors name: ask who did it and why."),
                returncode=REPLACED,
            )

    def _tell(self, report: audit.Report) -> None:
        for fault in report.faults[:KEPT]:
            self.stderr.write(f"{fault}: {naming.sentence(fault)}")
        if (more := len(report.faults) - KEPT) > 0:
            self.stderr.write(_("and %(n)d more (--json counts them by kind)") % {"n": more})
        self.stdout.write(
            _("Compared: %(rows)d rows of %(kinds)d kinds, each with its last event.")
            % {"rows": sum(report.rows.values()), "kinds": len(report.rows)}
        )
        for anchor in report.anchors:
            self.stdout.write(
                _("Compared: anchor %(name)s (event %(seq)d, %(at)s, key %(key)s).")
                % {
                    "name": anchor.name,
                    "seq": anchor.seq,
                    "at": anchor.at.isoformat(timespec="seconds"),
                    "key": anchor.fingerprint(),
                }
            )
        if not report.anchors:
            self.stdout.write(
                _(
                    "Not compared: anchors outside of the database (--anchor). Whoever owns the"
                    " database could have rewritten the whole chain."
                )
            )
        for name, why in register.outside():
            self.stdout.write(_("Not compared: %(name)s: %(why)s.") % {"name": name, "why": why})
        for one in report.replaced:
            self.stderr.write(replaced_text(one.as_json()))
        if report.verdict is audit.Verdict.REPLACED:
            self.stdout.write(
                _(
                    "All else fits: %(n)d events, last hash %(hash)s. Whether it is whole depends on"
                    " that restore: ask who did it and why, and compare the anchor with the backup"
                    " that was made before it."
                )
                % {"n": report.events, "hash": report.last_hash or "-"}
            )
        if report.is_whole:
            self.stdout.write(
                _("The audit trail is whole: %(n)d events, last hash %(hash)s.")
                % {"n": report.events, "hash": report.last_hash or "-"}
            )


def _read(given: Iterable[str]) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """Anchor files by name: those of the directories named, and the files named."""
    folder: dict[str, bytes] = {}
    files: dict[str, bytes] = {}
    for text in given:
        path = Path(text)
        if not path.is_dir():
            files[str(path)] = _bytes(path)
            continue
        found = anchors.files(path)
        if not found:
            raise CommandError(_("There is no anchor in %(path)s.") % {"path": path})
        folder |= {one.name: _bytes(one) for one in found}
    return folder, files


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CommandError(
            _("%(path)s cannot be read: %(why)s") % {"path": path, "why": error.strerror}
        ) from error
