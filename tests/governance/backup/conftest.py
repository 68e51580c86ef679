"""A site whose database is really there, with a small register in it; on both engines."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from governance import audit
from governance.models import User
from tests import factories
from tests.conftest import act
from tests.databases import ENGINES, Site, Sites

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
EVENTS = 5


def a_register() -> None:
    """An agency with a system, a user, and a trail of five events."""
    agency = factories.AgencyFactory.create(code="home", name="内務省")
    factories.SystemFactory.create(system_id="HOME-1", agency=agency, name="台帳")
    user: User = factories.UserFactory.create(username="clerk")
    for number in range(EVENTS):
        with transaction.atomic():
            audit.record(
                act(user, NOW),
                "system.edited",
                object_type="system",
                object_key=str(number),
                after={"name": f"名{number}"},
            )


@pytest.fixture(scope="session")
def _filled(sites: Sites) -> dict[str, Site]:
    return {}


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def stored(engine: str, sites: Sites, _filled: dict[str, Site]) -> Site:
    """A database with a small register that tests share: to be read."""
    if engine not in _filled:
        _filled[engine] = sites.migrated(engine, a_register)
    return _filled[engine]


@pytest.fixture
def site(sites: Sites, stored: Site) -> Site:
    """A database with a small register, of this test alone."""
    return sites.new(stored.engine, like=stored)


@pytest.fixture
def empty(engine: str, sites: Sites, _filled: dict[str, Site]) -> Site:
    """A database without a single table."""
    if engine == "sqlite":
        return sites.new(engine)
    # Making and dropping databases takes a server seconds each: one is emptied for each test.
    if "empty" not in _filled:
        _filled["empty"] = sites.new(engine)
    _filled["empty"].sql("DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
    return _filled["empty"]


@pytest.fixture
def folder(tmp_path: Path, settings: Any) -> Path:
    """Where backups go."""
    settings.BACKUP_DIR = str(tmp_path / "backups")
    return tmp_path / "backups"
