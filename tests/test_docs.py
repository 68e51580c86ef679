"""Documents that must stay complete."""

import re
from pathlib import Path

import pytest
from django.core.management import call_command, get_commands

ROOT = Path(__file__).resolve().parent.parent


def _read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_the_readme_names_only_targets_and_commands_that_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", _read("Makefile"), flags=re.MULTILINE))
    readme = _read("README.md")
    assert set(re.findall(r"\bmake ([a-z-]+)", readme)) <= targets
    named = set(re.findall(r"manage\.py ([a-z_]+)", readme)) - {"migrate", "collectstatic"}
    assert named <= set(get_commands())


def test_the_permission_document_is_the_table() -> None:
    call_command("document_permissions", check=True)


def test_every_linked_document_exists() -> None:
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links {target}"


def test_decisions_are_numbered_without_gaps() -> None:
    numbers = sorted(int(p.name[:4]) for p in (ROOT / "docs" / "decisions").glob("*.md"))
    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize(("name", "least"), [("reliability", 25), ("attacks", 20)])
def test_every_fault_names_a_test_that_exists(name: str, least: int) -> None:
    rows = [line for line in _read(f"docs/{name}.md").splitlines() if line.startswith("| ")][2:]
    assert len(rows) > least
    for row in rows:
        named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", row)
        assert named, row
        for path, test in named:
            assert f"def {test}(" in _read(path), f"{path}::{test}"
