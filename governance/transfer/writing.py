"""Writing the register out: a CSV file a kind, and a manifest; as of one moment, while others write."""

import csv
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from tempfile import mkdtemp
from typing import Final, TextIO

from django.db import OperationalError, connection, transaction
from django.utils.translation import gettext as _

from governance import audit
from governance.audit import Act
from governance.exceptions import DomainError
from governance.models import AuditHead
from governance.transfer import cells, kinds, manifest, numbers
from governance.transfer.manifest import Kind, Manifest
from governance.version import VERSION

_CHUNK: Final = 2000


def export(folder: Path, at: datetime, *, with_credentials: bool) -> Manifest:
    """Write the whole register into a new folder. The export's own event is part of it.

    The folder appears when it is whole. Takes a chunk of rows of one kind in memory at a time. Raises
    DomainError for a folder that holds anything, and where it can't be written.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DomainError(_("%(folder)s is not empty.") % {"folder": folder})
    try:
        _tell(folder, at, with_credentials=with_credentials)
    except OperationalError as error:
        raise DomainError(
            _("The trail could not be told, so that nothing was exported: %(why)s") % {"why": error}
        ) from error
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(mkdtemp(prefix=".partial-", dir=folder.parent))
        try:
            with _one_moment():
                made = _write(scratch, at, with_credentials=with_credentials)
            if folder.exists():
                folder.rmdir()
            scratch.rename(folder)
        except BaseException:
            shutil.rmtree(scratch, ignore_errors=True)
            raise
    except OSError as error:
        raise DomainError(
            _("The export could not be written to %(folder)s: %(why)s. Nothing was left there.")
            % {"folder": folder, "why": error.strerror or error}
        ) from error
    return made


@transaction.atomic
def _tell(folder: Path, at: datetime, *, with_credentials: bool) -> None:
    audit.record(
        Act(user=None, at=at, source="export_all"),
        "register.exported",
        object_type="register",
        object_key=folder.name[:120],
        object_name=str(folder),
        after={"with_credentials": with_credentials},
    )


@contextmanager
def _one_moment() -> Iterator[None]:
    """All reading within sees the database as of one moment, and keeps nobody from writing."""
    if connection.in_atomic_block:
        yield
    elif connection.vendor == "sqlite":
        # Django's own transactions take the lock of writers here; a reader needs none.
        with connection.cursor() as cursor:
            cursor.execute("BEGIN DEFERRED")
            try:
                yield
            finally:
                cursor.execute("ROLLBACK")
    else:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield


def _write(folder: Path, at: datetime, *, with_credentials: bool) -> Manifest:
    head = AuditHead.objects.order_by("pk").first()
    made = Manifest(
        product=VERSION,
        made_at=at.isoformat(timespec="seconds"),
        with_credentials=with_credentials,
        audit_seq=head.seq if head else 0,
        audit_hash=head.hash if head else "",
        left_out={
            model._meta.label: reason
            for model in kinds.every()
            if (reason := kinds.reason_left_out(model, with_credentials=with_credentials))
        },
        kinds=tuple(
            _write_kind(folder, model, with_credentials=with_credentials)
            for model in kinds.carried(with_credentials=with_credentials)
        ),
    )
    with _new(folder / manifest.FILE) as file:
        file.write(made.to_json())
    return made


def _write_kind(folder: Path, model: kinds.Model, *, with_credentials: bool) -> Kind:
    fields = kinds.columns(model, with_credentials=with_credentials)
    file, rows = folder / f"{model._meta.label_lower}.csv", 0
    names = [field.attname for field in fields]
    stored = model._base_manager.order_by("pk").values_list(*names)
    with _new(file) as out:
        writer = csv.writer(out, lineterminator="\r\n")
        writer.writerow(names)
        for row in stored.iterator(chunk_size=_CHUNK):
            writer.writerow(map(cells.text_of, fields, row))
            rows += 1
    return Kind(
        label=model._meta.label,
        title=manifest.title_of(model),
        file=file.name,
        sha256=hash_of(file),
        rows=rows,
        last_id=numbers.last_of(model),
        columns=manifest.describe(fields),
    )


@contextmanager
def _new(file: Path) -> Iterator[TextIO]:
    """A new text file that its owner alone may read, on the disk when it is closed."""
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8", newline="") as out:
        yield out
        out.flush()
        os.fsync(out.fileno())


def hash_of(file: Path) -> str:
    """SHA-256 (hex) of a file, read piece by piece."""
    with file.open("rb") as raw:
        digest = sha256()
        while piece := raw.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()
