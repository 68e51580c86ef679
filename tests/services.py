"""What a test needs from outside, and whether this machine has it.

Without it a test is skipped with the reason and the remedy; with REQUIRE_SERVICES=1 (as CI sets
it) a missing service fails instead, so that no skip goes unseen.
"""

import os
import shutil
import socket
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def require_or_skip(name: str, *, available: bool, how: str) -> None:
    """Skip the calling test where `name` is missing; fail where REQUIRE_SERVICES=1."""
    if available:
        return
    message = f"{name} is not available: {how}"
    if os.environ.get("REQUIRE_SERVICES") == "1":
        pytest.fail(message)
    pytest.skip(message)


def _listens(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def need_redis() -> None:
    require_or_skip("Redis", available=_listens(6379), how="start it on 127.0.0.1:6379")


def need_rabbitmq() -> None:
    """A second broker, asked where it is there: CI starts Redis alone."""
    if not _listens(5672):
        pytest.skip("RabbitMQ is not available: start it on 127.0.0.1:5672")


def need_postgres() -> None:
    require_or_skip("PostgreSQL", available=_listens(5432), how="start it on 127.0.0.1:5432")


def need_chromium() -> str:
    """Path of the system's Chromium."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or ""
    require_or_skip("Chromium", available=bool(path), how="apt-get install chromium")
    return path


def need_gettext() -> None:
    available = shutil.which("xgettext") is not None
    require_or_skip("gettext", available=available, how="apt-get install gettext")


def need_shared_data() -> Path:
    """The folder of the open data files, ../shared/data unless SHARED_DATA names another."""
    folder = Path(os.environ.get("SHARED_DATA", ROOT.parent / "shared" / "data"))
    require_or_skip(
        "The open data",
        available=(folder / "rs2024").is_dir(),
        how=f"put the files described in the README into {folder}",
    )
    return folder
