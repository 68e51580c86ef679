"""Reading an export into an empty database: an equal register, or nothing.

Rows keep their numbers and the trail comes in verbatim: every hash must be right again.
"""

import csv
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final

from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection, models, transaction
from django.utils.translation import gettext as _

from governance import audit
from governance.audit import Act, barriers
from governance.exceptions import DomainError
from governance.models import AuditHead, User
from governance.transfer import cells, kinds, manifest, numbers
from governance.transfer.manifest import Kind, Manifest
from governance.transfer.writing import hash_of

_BATCH: Final = 1000
# What `migrate` itself puts into an empty database.
_BY_MIGRATE: Final = frozenset(
    {"contenttypes.ContentType", "auth.Permission", "governance.AuditHead"}
)
_LONGEST_CELL: Final = 2**31 - 1

Derive = Callable[[], Iterable[str]]
"""Recomputes what an export leaves out because it follows from the rest; yields what is wrong"""


def load(folder: Path, at: datetime, *, derive: Derive) -> Manifest:
    """Bring an export in, all of it or nothing; then its own event, "register.imported".

    Takes a batch of rows of one kind in memory at a time. Raises DomainError: for a file that is not
    what the manifest says, a release with other columns, a database that holds anything.
    """
    told = _verified(folder)
    models_of = _fitting(told)
    _refuse_non_empty()
    try:
        with transaction.atomic():
            # A whole trail comes in at once: its barriers are down until it stands, and no longer.
            _run(barriers.lower_all(connection))
            AuditHead.objects.all()._raw_delete(connection.alias)  # noqa: SLF001
            for kind in told.kinds:
                _read_kind(folder, kind, models_of[kind.label])
            connection.check_constraints()
            _run(barriers.raise_all(connection))
            for kind in told.kinds:
                numbers.go_on_after(models_of[kind.label], kind.last_id)
            _check_trail(told)
            if wrong := list(islice(derive(), 5)):
                raise DomainError("; ".join(wrong))
            audit.record(
                Act(user=None, at=at, source="import_all"),
                "register.imported",
                object_type="register",
                object_key=folder.name[:120],
                object_name=str(folder),
                after={"made_at": told.made_at, "with_credentials": told.with_credentials},
                wrote=() if told.with_credentials else audit.credentials.left_behind(),
            )
    except DatabaseError as error:
        raise DomainError(_("The database refused the export: %(why)s") % {"why": error}) from error
    return told


def _run(statements: Iterable[str]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def _verified(folder: Path) -> Manifest:
    """The manifest of an export whose every file is as it says."""
    try:
        told = Manifest.from_json((folder / manifest.FILE).read_text(encoding="utf-8"))
        for kind in told.kinds:
            # Its own name alone: a manifest from elsewhere must not point at other files.
            if (
                kind.file != f"{kind.label.lower()}.csv"
                or hash_of(folder / kind.file) != kind.sha256
            ):
                raise DomainError(
                    _("%(file)s is not what the manifest says: it was altered.")
                    % {"file": kind.file}
                )
    except (OSError, UnicodeDecodeError) as error:
        raise DomainError(
            _("%(folder)s cannot be read as an export: %(why)s") % {"folder": folder, "why": error}
        ) from error
    return told


def _fitting(told: Manifest) -> dict[str, kinds.Model]:
    """The models of an export by label; refuses one of a release with other tables or columns."""
    ours = {m._meta.label: m for m in kinds.carried(with_credentials=told.with_credentials)}
    theirs = {kind.label: kind for kind in told.kinds}
    wrong = sorted(ours.keys() ^ theirs.keys())
    for label in ours.keys() & theirs.keys():
        fields = kinds.columns(ours[label], with_credentials=told.with_credentials)
        names = {field.attname for field in fields}
        wrong += [f"{label}.{n}" for n in names ^ {c.name for c in theirs[label].columns}]
    if wrong:
        raise DomainError(
            _(
                "The export was made by version %(version)s, whose tables differ from this"
                " release's (%(what)s): import it with that version, and then update."
            )
            % {"version": told.product, "what": ", ".join(sorted(wrong)[:5])}
        )
    return ours


def _refuse_non_empty() -> None:
    for model in kinds.every():
        if model._meta.label not in _BY_MIGRATE and model._base_manager.exists():
            raise DomainError(
                _("The database is not empty (%(what)s): import into one that only knows migrate.")
                % {"what": model._meta.verbose_name_plural}
            )


def _read_kind(folder: Path, kind: Kind, model: kinds.Model) -> None:
    read = 0
    for batch in _batches(_rows(folder / kind.file, kind, model)):
        read += len(batch)
        if _stamps_itself(model):
            for row in batch:
                row.save_base(raw=True, force_insert=True)
        else:
            model._base_manager.bulk_create(batch)
    if read != kind.rows:
        raise DomainError(
            _("%(file)s has %(read)d rows, and the manifest says %(told)d.")
            % {"file": kind.file, "read": read, "told": kind.rows}
        )


def _stamps_itself(model: kinds.Model) -> bool:
    """Whether saving would put today's date in place of what was exported."""
    return any(
        getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False)
        for field in model._meta.concrete_fields
    )


def _rows(file: Path, kind: Kind, model: kinds.Model) -> Iterator[models.Model]:
    by_name = {field.attname: field for field in model._meta.concrete_fields}
    csv.field_size_limit(_LONGEST_CELL)
    with file.open(encoding="utf-8", newline="") as lines:
        reader = csv.reader(lines, strict=True)
        fields = [by_name[name] for name in next(reader)]
        for number, row in enumerate(reader, start=1):
            try:
                values: dict[str, Any] = {
                    field.attname: cells.value_of(field, text)
                    for field, text in zip(fields, row, strict=True)
                }
            except (ValueError, ValidationError) as error:
                raise DomainError(
                    _("%(file)s, row %(row)d: %(why)s")
                    % {"file": file.name, "row": number, "why": error}
                ) from error
            if model is User:
                # Without credentials: nobody signs in until a password was set again.
                values.setdefault("password", make_password(None))
            yield model(**values)


def _batches(rows: Iterator[models.Model]) -> Iterator[list[models.Model]]:
    while batch := list(islice(rows, _BATCH)):
        yield batch


def _check_trail(told: Manifest) -> None:
    fault = next(audit.verify(), None)
    head = AuditHead.objects.order_by("pk").first()
    found = (head.seq, head.hash) if head is not None else (0, "")
    if fault is not None or found != (told.audit_seq, told.audit_hash):
        raise DomainError(
            _("The exported trail is not whole: %(what)s")
            % {"what": f"{fault.seq} {fault.kind}" if fault else found[0]}
        )
