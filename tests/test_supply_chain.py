"""What is installed is what was reviewed: pinned, with a reason, and hashed for every system."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PIN = re.compile(r"^(?P<name>[\w.-]+)(?:\[[\w, -]+\])?==(?P<version>[\w.]+)")
STAGES = ["requirements", "requirements-dev", "requirements-audit"]


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _wanted(stage: str) -> dict[str, str]:
    """What a person wrote into the requirements file: name → version."""
    found = {}
    for line in (ROOT / f"{stage}.txt").read_text().splitlines():
        if line.startswith(("#", "-r ")):
            continue
        pin = PIN.match(line)
        assert pin, f"{stage}.txt: not pinned: {line}"
        assert "  # " in line, f"{stage}.txt: no reason given: {line}"
        found[_normal(pin["name"])] = pin["version"]
    return found


def _locked(stage: str) -> dict[str, set[tuple[str, int]]]:
    """The lock: name → its versions with the number of files each allows."""
    found: dict[str, set[tuple[str, int]]] = {}
    text = (ROOT / f"{stage}.lock").read_text().replace("\\\n", " ")
    for line in text.splitlines():
        pin = PIN.match(line)
        assert pin, f"{stage}.lock: not a pin: {line[:80]}"
        hashes = len(re.findall(r"--hash=sha256:[0-9a-f]{64}\b", line))
        found.setdefault(_normal(pin["name"]), set()).add((pin["version"], hashes))
    return found


@pytest.mark.parametrize("stage", STAGES)
def test_the_lock_holds_every_requirement_with_hashes(stage: str) -> None:
    locked = _locked(stage)
    for name, version in _wanted(stage).items():
        assert version in {each for each, _ in locked.get(name, ())}, f"{name}: run make lock"
    unhashed = [name for name, pins in locked.items() if any(not count for _, count in pins)]
    assert unhashed == []


@pytest.mark.parametrize("stage", STAGES)
def test_the_lock_leaves_it_to_the_machine_where_files_come_from(stage: str) -> None:
    text = (ROOT / f"{stage}.lock").read_text()
    assert not re.search(r"https?://|file:|--(extra-)?index-url|--find-links|--trusted-host", text)


@pytest.mark.parametrize(("lower", "upper"), [STAGES[:2], STAGES[1:]])
def test_tests_and_audits_run_on_the_packages_that_production_runs_on(
    lower: str, upper: str
) -> None:
    pins = _locked(upper)
    assert {name: found for name, found in _locked(lower).items() if pins.get(name) != found} == {}


def test_the_lock_serves_other_systems_than_the_one_it_was_made_on() -> None:
    # Debian 12's Python 3.11.2 needs a package that 3.11.3 does not; numpy has a file a system.
    assert "async-timeout" in _locked("requirements")
    ((_, files),) = _locked("requirements")["numpy"]
    assert files > 20
