"""The file of a backup: a ZIP with a manifest and the parts that it names, each with its SHA-256.

It is written under another name, flushed to the disk and only then renamed, so that whatever stands
under the final name is whole.
"""

import os
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, Final
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile

from django.utils.translation import gettext as _

from governance.backup.manifest import Manifest, Part
from governance.exceptions import DomainError

MANIFEST: Final = "manifest.json"
_CHUNK: Final = 1 << 20


def _new(file: Path) -> BinaryIO:
    """A new file that its owner alone may read."""
    return os.fdopen(os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b")


def hash_of(file: Path) -> str:
    """SHA-256 (hex) of a file, read piece by piece."""
    with file.open("rb") as raw:
        digest = sha256()
        while piece := raw.read(_CHUNK):
            digest.update(piece)
    return digest.hexdigest()


def part_of(file: Path) -> Part:
    return Part(file.name, file.stat().st_size, hash_of(file))


def write(file: Path, parts: Sequence[Path], manifest: Manifest, *, compress: bool) -> None:
    """Write a backup, readable by its owner alone, down to the disk itself. Raises OSError."""
    packing = ZIP_DEFLATED if compress else ZIP_STORED
    with _new(file) as raw:
        with ZipFile(raw, "w") as packed:
            packed.writestr(MANIFEST, manifest.to_json())
            for part in parts:
                packed.write(part, part.name, compress_type=packing)
        raw.flush()
        os.fsync(raw.fileno())


def publish(file: Path, final: Path) -> None:
    """Give a finished file its final name; never over another backup. Raises OSError."""
    if final.exists():
        raise FileExistsError(None, _("there is a backup of this very moment already"), str(final))
    file.rename(final)
    folder = os.open(final.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def _opened(file: Path) -> Iterator[tuple[ZipFile, Manifest]]:
    """A backup and its manifest; what is wrong with the file is told as a DomainError."""
    try:
        with ZipFile(file) as packed:
            manifest = Manifest.from_json(packed.read(MANIFEST).decode())
            if sorted(packed.namelist()) != sorted([MANIFEST, *(p.name for p in manifest.parts)]):
                raise DomainError(
                    _("%(file)s does not hold what its manifest says.") % {"file": file}
                )
            yield packed, manifest
    except FileNotFoundError as error:
        raise DomainError(_("There is no file %(file)s.") % {"file": file}) from error
    except (BadZipFile, KeyError, EOFError, UnicodeDecodeError, zlib.error) as error:
        raise DomainError(_("%(file)s is no backup, or it is damaged.") % {"file": file}) from error


def _copy(packed: ZipFile, part: Part, to: BinaryIO | None) -> None:
    """Read a part to its end, and on to `to`. Raises DomainError where it is not as promised."""
    digest, size = sha256(), 0
    with packed.open(part.name) as raw:
        while piece := raw.read(_CHUNK):
            digest.update(piece)
            size += len(piece)
            if to is not None:
                to.write(piece)
    if (size, digest.hexdigest()) != (part.size, part.sha256):
        raise DomainError(
            _("%(part)s in the backup is not what its manifest says: it was altered.")
            % {"part": part.name}
        )


def verify(file: Path) -> Manifest:
    """Read a backup to its end; its manifest where every hash is right, else a DomainError."""
    with _opened(file) as (packed, manifest):
        for part in manifest.parts:
            _copy(packed, part, None)
    return manifest


def extract(file: Path, part: Part, folder: Path) -> Path:
    """Unpack one part into a folder, and check it on the way."""
    target = folder / "part"
    with _opened(file) as (packed, _manifest), _new(target) as raw:
        _copy(packed, part, raw)
    return target
