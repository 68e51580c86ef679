"""docs/asvs.md answers every requirement of ASVS 5.0.0 up to level 2, by what exists."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(__file__).resolve().parent.parent
# Section → how many of its requirements lie on level 1 or 2: those of level 3 are left out.
COUNTS = (
    "1.1:2 1.2:9 1.3:11 1.4:3 1.5:2 2.1:3 2.2:3 2.3:4 2.4:1 3.2:2 3.3:4 3.4:6 3.5:5 3.7:2 4.1:3"
    " 4.2:1 4.3:2 4.4:4 5.1:1 5.2:3 5.3:2 5.4:3 6.1:3 6.2:12 6.3:4 6.4:4 6.5:5 6.6:3 6.8:4 7.1:3"
    " 7.2:4 7.3:2 7.4:5 7.5:2 7.6:2 8.1:2 8.2:3 8.3:1 8.4:1 9.1:3 9.2:4 10.1:2 10.2:2 10.3:4"
    " 10.4:11 10.5:5 10.6:2 10.7:3 11.1:2 11.2:3 11.3:3 11.4:4 11.5:1 11.6:1 12.1:3 12.2:2 12.3:4"
    " 13.1:1 13.2:5 13.3:2 13.4:5 14.1:2 14.2:4 14.3:3 15.1:3 15.2:3 15.3:7 16.1:1 16.2:5 16.3:4"
    " 16.4:3 16.5:3 17.1:1 17.2:4 17.3:2"
)
STATES = {"met", "partly", "not met", "operator", "n/a"}


def _rows() -> Iterator[list[str]]:
    for line in (ROOT / "docs/asvs.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if re.fullmatch(r"\d+\.\d+\.\d+", cells[0]):
            yield cells


def test_every_requirement_is_answered_once() -> None:
    expected = [
        f"{section}.{number}"
        for section, count in (part.split(":") for part in COUNTS.split())
        for number in range(1, int(count) + 1)
    ]
    assert [row[0] for row in _rows()] == expected
    for number, level, what, state, answer in _rows():
        assert level in {"1", "2"}, number
        assert what, number
        assert state in STATES, number
        assert answer, number


def test_the_head_counts_what_stands_below() -> None:
    counted = Counter(row[3] for row in _rows())
    head = (ROOT / "docs/asvs.md").read_text().split("## ")[0]
    assert (
        f"{counted.total()} requirements: {counted['met']} met, {counted['partly']} partly,"
        f" {counted['not met']} not met, {counted['operator']} left to the operator,"
        f" {counted['n/a']} about something" in " ".join(head.split())
    )


@pytest.mark.parametrize("name", ["docs/asvs.md", "SECURITY.md"])
def test_every_test_setting_and_document_named_exists(name: str) -> None:
    text = (ROOT / name).read_text()
    missing = []
    for path, test in re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", text):
        file = ROOT / path
        if not file.exists() or f"\ndef {test}(" not in file.read_text():
            missing.append(f"{path}::{test}")
    for listed in re.findall(r"setting ((?:`[A-Z_]+`(?:, setting )?)+)", text):
        missing += [one for one in re.findall(r"[A-Z_]+", listed) if not hasattr(settings, one)]
    missing += [
        path for path in re.findall(r"\bdocs/[\w-]+\.md", text) if not (ROOT / path).exists()
    ]
    assert missing == []


def test_one_script_alone_uses_browser_storage() -> None:
    # What is typed after a time-out waits there, for the same person.
    used = re.compile(r"localStorage|sessionStorage|indexedDB|document\.cookie|caches\.open")
    assert [p.name for p in (ROOT / "static/js").glob("*.js") if used.search(p.read_text())] == [
        "drafts.js"
    ]
