"""Bringing a backup back: checked before, done as a whole, checked after.

A mark stands in the database from the first step to the last check. Whoever is killed between them
leaves a database that says so (`manage.py check --database default`) and takes a restore again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.db import connections, transaction
from django.utils.translation import gettext as _

from governance import audit
from governance.audit import Act, Fault, restores
from governance.audit.anchors import Anchor
from governance.backup import archive, making
from governance.backup.engine import Engine, engine_of_site, is_empty
from governance.backup.manifest import Manifest, of_the_code
from governance.exceptions import DomainError


@dataclass(frozen=True, slots=True)
class Restored:
    """What came of a restore. `faults` are those of the trail: the backup's own, since the database
    equals it. Where `is_older`, migrations are to be applied, and the trail was not walked yet."""

    manifest: Manifest
    before: Path | None
    is_older: bool
    faults: tuple[Fault, ...]


def needs_consent() -> bool:
    """Whether the database holds anything that a restore would remove."""
    engine = engine_of_site()
    return not engine.is_unfinished() and not is_empty(engine.state())


def restore(
    file: Path,
    at: datetime,
    *,
    replace: bool,
    keep_old_in: Path,
    replaces: Sequence[Anchor] = (),
) -> Restored:
    """Bring a backup back. With `replace`, what the database holds is first backed up itself.

    The head of the trail that was there stands in the restore's own event, so that anchors made on
    it are accounted for. `replaces` are anchors of a trail that is lost, or that an unfinished
    restore has left.

    Raises DomainError: for a file that is not whole or does not fit before anything is touched.
    """
    engine = engine_of_site()
    manifest = archive.verify(file)
    is_older = _fits(manifest, engine)
    before: Path | None = None
    if needs_consent():
        if not replace:
            raise DomainError(
                _(
                    "The database %(name)s is not empty. Restore into an empty one, or with"
                    " --replace, which backs it up first and then replaces everything in it."
                )
                % {"name": engine.database}
            )
        before = making.make(keep_old_in, at, prefix=making.BEFORE_RESTORE).file
    heads = [*_heads(engine, manifest), *(_head(a.seq, a.hash, a.name) for a in replaces)]
    connections.close_all()
    _replace(engine, file, manifest)
    if found := manifest.state.differences(engine.state()):
        raise DomainError(
            _("The restored database does not equal the backup, and says so itself: %(what)s")
            % {"what": "; ".join(found[:10])}
        )
    engine.finish()
    faults = () if is_older else _walk(file, manifest, at, heads, before)
    return Restored(manifest, before, is_older, faults)


def _replace(engine: Engine, file: Path, manifest: Manifest) -> None:
    try:
        with TemporaryDirectory(prefix="restore-") as scratch:
            part = archive.extract(file, manifest.parts[0], Path(scratch))
            engine.begin(file.name)
            engine.load(part, file.name)
    except OSError as error:
        raise DomainError(
            _("The backup could not be unpacked (TMPDIR names another place for it): %(why)s")
            % {"why": error.strerror or error}
        ) from error


def _fits(manifest: Manifest, engine: Engine) -> bool:
    """Whether the backup is older than this release; raises DomainError where it doesn't fit."""
    if manifest.engine != engine.name:
        raise DomainError(
            _(
                "This is a backup of %(theirs)s, and this site runs on %(ours)s: go by export_all"
                " and import_all."
            )
            % {"theirs": manifest.engine, "ours": engine.name}
        )
    if [part.name for part in manifest.parts] != [engine.part]:
        raise DomainError(_("This backup holds other parts than a database."))
    ours, theirs = of_the_code(), set(manifest.state.migrations)
    if newer := sorted(theirs - ours):
        raise DomainError(
            _(
                "This backup was made by version %(version)s, whose database this release does not"
                " know (%(what)s): install that version, restore, and then update."
            )
            % {"version": manifest.product, "what": ", ".join(newer[:5])}
        )
    return bool(ours - theirs)


def _head(seq: int, link: str, origin: str) -> dict[str, Any]:
    return {"seq": seq, "hash": link, "from": origin}


def _heads(engine: Engine, manifest: Manifest) -> list[dict[str, Any]]:
    """The head of the trail that is about to be replaced, and those that it has itself replaced
    since the backup: their events go too. None where the database is empty or is half of one."""
    if engine.is_unfinished():
        return []
    state, since = engine.state(), manifest.state.audit_seq
    heads = [_head(state.audit_seq, state.audit_hash, "database")] if state.audit_seq else []
    if set(state.migrations) == of_the_code():
        for one in restores.known(after=since):
            heads += [_head(seq, link, f"event {one.seq}") for seq, link in one.heads]
    return [head for head in heads if head["seq"] > since]


def _walk(
    file: Path, manifest: Manifest, at: datetime, heads: list[dict[str, Any]], before: Path | None
) -> tuple[Fault, ...]:
    """The faults of the restored trail; then the restore itself goes into it."""
    faults = tuple(audit.verify())
    with transaction.atomic():
        audit.record(
            Act(user=None, at=at, source="restore"),
            restores.VERB,
            object_type="backup",
            object_key=file.name[:120],
            object_name=file.name,
            after={
                "made_at": manifest.made_at,
                "faults": len(faults),
                "replaced": heads,
                "kept_as": "" if before is None else before.name,
            },
        )
    return faults
