"""The headline figures over the API: scoped to the reader, in the published shape."""

import io
import json
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
from django.core.management import call_command

from governance.access import Role
from governance.models import User
from projects.models.choices import Stage
from projects.services import rollups
from reports.api.views import _answer
from tests import factories
from tests.conftest import World
from tests.projects.api.conftest import Api

pytestmark = pytest.mark.django_db


@pytest.fixture
def spent(world: World) -> World:
    """5 yen at home, 7 elsewhere, in FY2024."""
    for system, amount in ((world.system, 5), (world.other_system, 7)):
        factories.CostLineFactory.create(system=system, stage=Stage.EXECUTED, amount=amount)
    rollups.recompute(system_ids={world.system.pk, world.other_system.pk}, project_ids=set())
    return world


def _portfolio(user: User, **query: str) -> dict[str, Any]:
    answer = Api.of(user).get("portfolio/", **query)
    assert answer.status_code == 200, answer.content
    found: dict[str, Any] = answer.json()
    return found


def test_each_reader_gets_what_they_may_see(spent: World, cio: User, pmo: User) -> None:
    assert _portfolio(cio)["cost"]["2024"]["executed"] == 12
    assert _portfolio(pmo)["cost"]["2024"]["executed"] == 5
    assert (_portfolio(cio)["systems"], _portfolio(pmo)["systems"]) == (3, 2)


def test_it_says_what_the_command_says(spent: World, auditor: User) -> None:
    out = io.StringIO()
    call_command("portfolio", "--json", "--as-of", "2026-11-24", stdout=out)
    assert _portfolio(auditor, as_of="2026-11-24") == json.loads(out.getvalue())


def test_it_has_the_shape_described(spent: World, auditor: User) -> None:
    jsonschema.validate(_portfolio(auditor), _answer())


def test_filters_are_those_of_the_page(spent: World, cio: User) -> None:
    assert _portfolio(cio, agency="other")["cost"]["2024"]["executed"] == 7
    assert _portfolio(cio, q="HOME-1")["systems"] == 1
    assert _portfolio(cio, as_of="2026-04-01")["as_of"] == "2026-04-01"


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ({"agency": "no-such"}, "agency"),
        ({"as_of": "2026-13-01"}, "as_of"),
        ({"year": "MMXXIV"}, "year"),
        ({"page": "2"}, "page"),
    ],
)
def test_what_cannot_be_read_is_an_error(
    world: World, cio: User, query: dict[str, str], named: str
) -> None:
    answer = Api.of(cio).get("portfolio/", **query)
    assert answer.status_code == 400
    assert list(answer.json()["error"]["fields"]) == [named]


def test_it_is_for_readers_of_the_portfolio(actors: dict[Role, User], outsider: User) -> None:
    refused = {role for role, user in actors.items() if _status(user) == 403}
    assert refused == {Role.HR, Role.PUBLIC_RELATIONS}
    assert _status(outsider) == 403
    assert _status(None) == 401


def _status(user: User | None) -> int:
    return int(Api.of(user).get("portfolio/").status_code)
