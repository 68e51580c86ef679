"""Alters what decides and what proves, line by line, and names what no test noticed.

    python bench/mutate.py [NAME …]     e.g. projects.services.updates*

mutmut leaves decorated functions alone, and services are decorated (`@transaction.atomic`). So the
program is copied to var/mutate first, and there `@transaction.atomic` becomes a line behind the
function, which means the same. A run goes on where the last one ended, unless the program has changed.
"""

import ast
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
COPY: Final = ROOT / "var" / "mutate"
DECORATOR: Final = "@transaction.atomic"
_LEFT: Final = shutil.ignore_patterns(
    ".git", ".venv", "var", "*.sqlite3*", "__pycache__", ".*_cache"
)


def undecorated(source: str) -> str:
    """The module with `f = transaction.atomic(f)` behind each function that was decorated so."""
    lines = source.splitlines()
    for node in reversed(ast.parse(source).body):
        if not isinstance(node, ast.FunctionDef) or len(node.decorator_list) != 1:
            continue
        at = node.decorator_list[0].lineno - 1
        if lines[at] != DECORATOR or node.end_lineno is None:
            continue
        # The same number of lines before the function, so that reports name the right ones.
        lines[at] = ""
        lines.insert(node.end_lineno, f"\n\n{node.name} = transaction.atomic({node.name})")
    return "\n".join(lines) + "\n"


def copied() -> None:
    """Bring the copy in line with the program; what mutmut learned there stays."""
    COPY.mkdir(parents=True, exist_ok=True)
    for item in ROOT.iterdir():
        if item.name in _LEFT(str(ROOT), [item.name]):
            continue
        if item.is_dir():
            shutil.rmtree(COPY / item.name, ignore_errors=True)
            shutil.copytree(item, COPY / item.name, ignore=_LEFT)
        else:
            shutil.copy2(item, COPY / item.name)
    for path in sorted((COPY / "projects" / "services").glob("*.py")) + sorted(
        (COPY / "governance").rglob("*.py")
    ):
        source = path.read_text()
        if DECORATOR in source:
            path.write_text(undecorated(source))


def main() -> int:
    copied()
    mutmut = Path(sys.executable).parent / "mutmut"
    run = subprocess.run([mutmut, "run", *sys.argv[1:]], cwd=COPY, check=False)  # noqa: S603
    subprocess.run([mutmut, "results"], cwd=COPY, check=False)  # noqa: S603
    return run.returncode


if __name__ == "__main__":
    sys.exit(main())
