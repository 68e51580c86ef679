"""Starting the process that reads a file from a stranger, waiting for it, judging its answer.

Whatever the file does to its reader, it does it to that process: this one is told "refused".
"""

import json
import logging
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import IO, Any, Final

from django.conf import settings

from projects.imports.reader.limits import CODES, MAX_OUTPUT, MAX_SECONDS, Refused
from projects.imports.reader.shape import Fault

logger = logging.getLogger(__name__)

Beat = Callable[[], None]
"""Called about every second while the file is read; what it raises stops the reading."""

_WALL: Final = 4 * MAX_SECONDS
_PAUSE: Final = 0.5


@dataclass(slots=True)
class Read:
    """What the other process read."""

    faults: list[Fault] = field(default_factory=list)
    sheets: list[tuple[str, list[list[Any]]]] = field(default_factory=list)


def read_apart(content: bytes, form: str, beat: Beat | None = None) -> Read:
    """Read a file (`form`: xlsx or csv) in a process of its own. Raises Refused."""
    with (
        tempfile.TemporaryFile() as given,
        tempfile.TemporaryFile() as answered,
        tempfile.TemporaryFile() as complaints,
    ):
        given.write(content)
        given.seek(0)
        process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "projects.imports.reader.child", form],
            stdin=given,
            stdout=answered,
            stderr=complaints,
            cwd=settings.BASE_DIR,
            # Neither the site's secrets nor its database: the file shall find nothing there.
            env={"PATH": os.defpath, "PYTHONUTF8": "1", "PYTHONDONTWRITEBYTECODE": "1"},
        )
        try:
            status = _wait(process, beat)
        finally:
            _end(process)
        if status:
            raise _told(status, complaints)
        return _judged(answered)


def _wait(process: "subprocess.Popen[bytes]", beat: Beat | None) -> int:
    deadline = time.monotonic() + _WALL
    pause = 0.05
    while time.monotonic() < deadline:
        try:
            return process.wait(pause)
        except subprocess.TimeoutExpired:
            pause = _PAUSE
            if beat is not None:
                beat()
    raise Refused("time")


def _end(process: "subprocess.Popen[bytes]") -> None:
    """No reader is left behind, whatever happened here."""
    if process.poll() is None:
        process.kill()
        process.wait()


def _told(status: int, complaints: IO[bytes]) -> Refused:
    """Why a reader died, as far as its status tells."""
    complaints.seek(0)
    tail = complaints.read(1 << 16).decode("utf-8", "replace").strip().splitlines()[-1:]
    logger.warning("The reading process ended with status %d: %s", status, "".join(tail))
    if -status in (signal.SIGXCPU, signal.SIGKILL):
        return Refused("time")
    if -status in (signal.SIGABRT, signal.SIGSEGV) or "MemoryError" in "".join(tail):
        return Refused("memory")
    return Refused("damaged")


def _judged(answered: IO[bytes]) -> Read:
    """The answer, believed in nothing but its plain values. Raises Refused."""
    if os.fstat(answered.fileno()).st_size >= MAX_OUTPUT:
        raise Refused("memory")
    answered.seek(0)
    try:
        return _assembled(json.loads(line, object_hook=_value) for line in answered)
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        raise Refused("damaged") from error


def _assembled(lines: Iterator[Any]) -> Read:
    read, is_whole = Read(), False
    for line in lines:
        if isinstance(line, list):
            read.sheets[-1][1].append(line)
        elif "refused" in line:
            raise _refused(line["refused"], line["values"])
        elif "faults" in line:
            read.faults = [(str(kind), str(sheet), str(at)) for kind, sheet, at in line["faults"]]
        elif "sheet" in line:
            read.sheets.append((str(line["sheet"]), []))
        else:
            is_whole = line["end"] is True
    if not is_whole:
        raise Refused("damaged")
    return read


def _refused(code: str, given: dict[str, Any]) -> Refused:
    """A reason that is known, with plain values."""
    if not CODES[code] <= set(given):
        raise KeyError(code)
    return Refused(code, **{name: v if isinstance(v, int) else str(v) for name, v in given.items()})


def _value(found: dict[str, Any]) -> Any:
    """A date, a moment or a text, out of what stands for it; anything else as it is."""
    if len(found) == 1:
        (name, text) = next(iter(found.items()))
        if name == "day":
            return date.fromisoformat(text)
        if name == "moment":
            return datetime.fromisoformat(text)
        if name == "other":
            return str(text)
    return found
