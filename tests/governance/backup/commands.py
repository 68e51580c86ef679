"""What the tests of backups do again and again."""

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from governance.backup import making
from tests.databases import Site
from tests.governance.backup.conftest import NOW

ON_A_FILE = pytest.mark.parametrize("engine", ["sqlite"])
"""For what both engines do by the same code"""


def command(*arguments: str, **options: Any) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out, stderr=StringIO(), **options)
    return out.getvalue()


def grumbled(*arguments: str, **options: Any) -> str:
    """What a command that succeeds says to those who watch for trouble."""
    said = StringIO()
    call_command(*arguments, stdout=StringIO(), stderr=said, **options)
    return said.getvalue()


def backed_up(site: Site, folder: Path) -> Path:
    """A backup of a site, made by the command."""
    with site.open():
        command("backup", to=str(folder))
    return max(folder.glob("backup-*.zip"))


def made(stored: Site, folder: Path) -> Path:
    """A backup of a site that tests share: the trail isn't told."""
    with stored.open():
        return making.make(folder, NOW).file


def all_files(folder: Path) -> list[str]:
    return sorted(str(file.relative_to(folder)) for file in folder.rglob("*"))
