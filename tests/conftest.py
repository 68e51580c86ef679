"""Named actors and the two ministries they work in: every test reads as a story.

The home ministry has a sub-agency; the other ministry is what nobody of the home one may see.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client, TransactionTestCase, override_settings
from django.utils import translation
from hypothesis import settings as hypothesis_settings

from governance.access import Role
from governance.audit import Act, barriers
from governance.models import Agency, AuditHead, User
from projects.models import Project, System
from tests import factories
from tests.schema import migrated_once

# A busy machine is slow now and then: that is no finding.
hypothesis_settings.register_profile("suite", deadline=None)
hypothesis_settings.load_profile("suite")


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None,
) -> Iterator[None]:
    """Every worker's database comes from one migrated file."""
    with migrated_once():
        yield


@dataclass(frozen=True, slots=True)
class World:
    """Home ministry (with a sub-agency) and another one, each with a system and a project."""

    home: Agency
    sub: Agency
    other: Agency
    system: System
    sub_system: System
    other_system: System
    project: Project
    other_project: Project


@pytest.fixture(autouse=True, scope="session")
def _emptying_goes_past_the_barriers() -> Iterator[None]:
    """Tests with transactions of their own empty every table afterwards, which the trail's barriers
    refuse: they are down for that moment, and the head begins anew."""
    plain: Any = TransactionTestCase._fixture_teardown  # type: ignore[attr-defined]

    def teardown(case: TransactionTestCase) -> None:
        _run(barriers.lower_all(connection))
        plain(case)
        AuditHead.objects.create()
        _run(barriers.raise_all(connection))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", teardown)
        yield


@pytest.fixture(autouse=True, scope="session")
def _anchors_go_elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Anchors of tests, and the key that signs them, stay out of the working copy."""
    folder = tmp_path_factory.mktemp("trail")
    with override_settings(
        AUDIT_ANCHOR_DIR=folder / "anchors", AUDIT_SIGNING_KEY_DEFAULT=folder / "key" / "audit.pem"
    ):
        yield


def _run(statements: list[str]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    """Tests assert English sentences unless they ask for Japanese."""
    with translation.override("en"):
        yield


@pytest.fixture(autouse=True)
def _fresh_cache() -> None:
    """Nobody's wrong passwords are counted against the next test."""
    cache.clear()


@pytest.fixture
def world(db: None) -> World:
    home = factories.AgencyFactory.create(code="home", name="内務省", name_en="Home Ministry")
    sub = factories.AgencyFactory.create(
        code="sub", name="内務外局", name_en="Home Sub-agency", parent=home
    )
    other = factories.AgencyFactory.create(code="other", name="別省", name_en="Other Ministry")
    system = factories.SystemFactory.create(system_id="HOME-1", name="内務台帳", agency=home)
    sub_system = factories.SystemFactory.create(system_id="SUB-1", name="外局台帳", agency=sub)
    other_system = factories.SystemFactory.create(
        system_id="OTHER-1", name="別省台帳", agency=other
    )
    return World(
        home=home,
        sub=sub,
        other=other,
        system=system,
        sub_system=sub_system,
        other_system=other_system,
        project=factories.ProjectFactory.create(
            code="HOME-P1", name="内務更改", agency=home, systems=[system]
        ),
        other_project=factories.ProjectFactory.create(
            code="OTHER-P1", name="別省更改", agency=other, systems=[other_system]
        ),
    )


_GOVERNMENT_WIDE = (Role.CIO_OFFICE, Role.ADVISOR, Role.AUDITOR)
_OF_A_PROJECT = (Role.PJMO, Role.VERIFIER)


def person(role: Role, world: World) -> User:
    """Somebody who holds `role` where it belongs: everywhere, at home, or in the home project."""
    user = factories.UserFactory.create(username=role.value, display_name=role.value)
    where: dict[str, object] = {}
    if role in _OF_A_PROJECT:
        where["project"] = world.project
    elif role not in _GOVERNMENT_WIDE:
        where["agency"] = world.home
    factories.MembershipFactory.create(user=user, role=role, **where)
    return user


@pytest.fixture
def actors(world: World) -> dict[Role, User]:
    """One person a role."""
    return {role: person(role, world) for role in Role}


@pytest.fixture
def cio(world: World) -> User:
    return person(Role.CIO_OFFICE, world)


@pytest.fixture
def pmo(world: World) -> User:
    return person(Role.PMO, world)


@pytest.fixture
def pjmo(world: World) -> User:
    return person(Role.PJMO, world)


@pytest.fixture
def auditor(world: World) -> User:
    return person(Role.AUDITOR, world)


@pytest.fixture
def other_pmo(world: World) -> User:
    """The PMO of the other ministry."""
    user = factories.UserFactory.create(username="other_pmo")
    factories.MembershipFactory.create(user=user, role=Role.PMO, agency=world.other)
    return user


@pytest.fixture
def outsider(db: None) -> User:
    """Signed in, without any role."""
    return factories.UserFactory.create(username="outsider")


@pytest.fixture
def now() -> datetime:
    return datetime(2026, 11, 24, 3, 0, tzinfo=UTC)


def act(user: User | None, now: datetime, reason: str = "") -> Act:
    return Act(user=user, at=now, source="test", reason=reason)


def signed_in(user: User) -> Client:
    """A browser of `user`, in English."""
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client
