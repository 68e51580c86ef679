"""Making a backup, and letting old ones go."""

import re
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from django.db import OperationalError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from governance import audit
from governance.audit import Act
from governance.backup import archive
from governance.backup.engine import Engine, engine_of_site
from governance.backup.manifest import Manifest, of_the_code
from governance.backup.rotation import Rule
from governance.exceptions import DomainError
from governance.version import VERSION

REGULAR: Final = "backup"
BEFORE_RESTORE: Final = "before-restore"
_PARTIAL: Final = ".partial-"
# What a killed run left behind is swept away after so long; until then it may be alive.
_DEAD: Final = timedelta(days=1)
_STAMP: Final = "%Y%m%dT%H%M%SZ"
_NAME: Final = re.compile(rf"{REGULAR}-([0-9]{{8}}T[0-9]{{6}}Z)\.zip")


@dataclass(frozen=True, slots=True)
class Made:
    file: Path
    sha256: str
    manifest: Manifest


def make(folder: Path, at: datetime, *, prefix: str = REGULAR) -> Made:
    """Write a backup of the site's database into a folder, while the application runs.

    Nothing stands under the final name before it was read back and found whole; what fails leaves
    nothing. Raises DomainError.
    """
    engine = engine_of_site()
    if engine.is_unfinished():
        raise DomainError(
            _("This database is not whole: its restore was not finished. Restore it again first.")
        )
    final = folder / f"{prefix}-{at.astimezone(UTC).strftime(_STAMP)}.zip"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _sweep(folder, at)
        with TemporaryDirectory(prefix=_PARTIAL, dir=folder) as scratch:
            manifest, sha256 = _write(engine, Path(scratch), final, at)
    except OSError as error:
        raise DomainError(
            _("The backup could not be written to %(folder)s: %(why)s. Nothing was left there.")
            % {"folder": folder, "why": error.strerror or error}
        ) from error
    return Made(final, sha256, manifest)


def _write(engine: Engine, scratch: Path, final: Path, at: datetime) -> tuple[Manifest, str]:
    part, state = engine.snapshot(scratch)
    manifest = Manifest.of(engine.name, VERSION, at, [archive.part_of(part)], state)
    packed = scratch / "packed"
    archive.write(packed, [part], manifest, compress=not engine.is_packed)
    archive.verify(packed)
    sha256 = archive.hash_of(packed)
    archive.publish(packed, final)
    return manifest, sha256


def _sweep(folder: Path, at: datetime) -> None:
    for left in folder.glob(f"{_PARTIAL}*"):
        if datetime.fromtimestamp(left.stat().st_mtime, UTC) < at - _DEAD:
            shutil.rmtree(left)


def tell(made: Made, at: datetime) -> str:
    """Put the backup into the trail. Returns why that could not be done, "" where it was: the backup
    is whole in any case."""
    if set(made.manifest.state.migrations) != of_the_code():
        # The trail of another release is not this one's to write.
        return _("migrations are outstanding")
    try:
        with transaction.atomic():
            audit.record(
                Act(user=None, at=at, source="backup"),
                "backup.made",
                object_type="backup",
                object_key=made.file.name,
                object_name=made.file.name,
                after={"sha256": made.sha256, "audit_seq": made.manifest.state.audit_seq},
            )
    except OperationalError as error:  # A long import holds the only writer's place, for one.
        return str(error)
    return ""


def rotate(folder: Path, rule: Rule) -> list[Path]:
    """Remove the regular backups that a rule does not keep; returns them. Days, weeks and months
    are those of the site's time zone."""
    found: dict[datetime, Path] = {}
    for file in folder.iterdir():
        if named := _NAME.fullmatch(file.name):
            at = datetime.strptime(named[1], _STAMP).replace(tzinfo=UTC)
            found[timezone.localtime(at)] = file
    gone = [found[at] for at in sorted(set(found) - rule.kept(found))]
    for file in gone:
        file.unlink()
    return gone
