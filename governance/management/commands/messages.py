import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

_PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w*\}")


def _catalogues() -> Iterator[Path]:
    for folder in settings.LOCALE_PATHS:
        yield from sorted(Path(folder).glob("*/LC_MESSAGES/django.po"))


def _compiled(path: Path) -> bytes:
    """The .mo bytes of a .po file; Babel does it in Python, so no gettext tools are needed."""
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    with path.open("rb") as source:
        catalogue = read_po(source)
    target = path.with_suffix(".mo.tmp")
    with target.open("wb") as output:
        write_mo(output, catalogue)
    content = target.read_bytes()
    target.unlink()
    return content


def _faults(path: Path) -> Iterator[str]:
    """Everything wrong with one catalogue, a line each."""
    from babel.messages.pofile import read_po

    with path.open("rb") as source:
        catalogue = read_po(source)
    for message in catalogue:
        if not message.id:
            continue
        ids = message.id if isinstance(message.id, tuple | list) else (message.id,)
        texts = message.string if isinstance(message.string, tuple | list) else (message.string,)
        if message.fuzzy:
            yield f"fuzzy: {ids[0]}"
        if not all(texts):
            yield f"untranslated: {ids[0]}"
        wanted = set(_PLACEHOLDER.findall(ids[-1]))
        yield from (
            f"placeholders differ: {ids[0]}"
            for text in texts
            if text and not set(_PLACEHOLDER.findall(text)) <= wanted
        )
    compiled = path.with_suffix(".mo")
    if not compiled.exists() or compiled.read_bytes() != _compiled(path):
        yield "the .mo file is not compiled from this .po file (make messages)"


def _uncollected() -> list[str]:
    """Strings of the source that the catalogue lacks, as xgettext finds them."""
    before = {path: path.read_bytes() for path in _catalogues()}
    try:
        _collect()
        return [
            str(path)
            for path, content in before.items()
            if _ids(content) != _ids(path.read_bytes())
        ]
    finally:
        for path, content in before.items():
            path.write_bytes(content)


def _ids(content: bytes) -> set[str]:
    from io import BytesIO

    from babel.messages.pofile import read_po

    return {
        f"{message.context or ''}|{message.id}"
        for message in read_po(BytesIO(content))
        if message.id
    }


def _collect() -> None:
    call_command(
        "makemessages",
        locale=["ja"],
        ignore=[".venv", "tests", "static", "staticfiles", "var", "bench"],
        no_location=True,
        no_wrap=True,
        no_obsolete=True,
        verbosity=0,
    )


class Command(BaseCommand):
    help = "Collect, compile or check the translations; --check exits 1 on anything unfinished."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--collect", action="store_true", help="Collect strings (xgettext).")
        parser.add_argument("--compile", action="store_true", help="Compile .po to .mo.")
        parser.add_argument("--check", action="store_true", help="Fail on unfinished work.")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["collect"]:
            _collect()
        if options["compile"]:
            for path in _catalogues():
                path.with_suffix(".mo").write_bytes(_compiled(path))
        if options["check"]:
            self._check()

    def _check(self) -> None:
        faults = [f"{path}: {fault}" for path in _catalogues() for fault in _faults(path)]
        try:
            subprocess.run(["xgettext", "--version"], capture_output=True, check=True)  # noqa: S607  (wherever gettext is installed)
        except FileNotFoundError:
            self.stderr.write("xgettext is missing: new strings were not looked for.")
        else:
            faults += [
                f"{path}: strings are not collected (make messages)" for path in _uncollected()
            ]
        for fault in faults:
            self.stderr.write(fault)
        if faults:
            raise CommandError(f"{len(faults)} faults in the translations.")
        self.stdout.write("Every string is translated.")
