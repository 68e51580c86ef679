"""Every operation that the API describes, called with cases made from its own description.

Five roles, real records of the own and of another ministry beside made-up keys: no answer is a
server error, and every answer has the status, the type and the shape that the description says.
`make fuzz-api` goes deeper.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, models, transaction
from django.test import Client
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from governance.access import Role
from governance.api.views import _description
from governance.models import User
from projects.api.collections import COLLECTIONS
from tests.conftest import World, person
from tests.projects.api.conftest import Api

pytestmark = [pytest.mark.django_db, pytest.mark.fuzz]

EXAMPLES: Final = int(os.environ.get("FUZZ_EXAMPLES", "1"))
# Otherwise each operation is called by two of the five roles.
IN_FULL: Final = "FUZZ_ALL" in os.environ
ROLES: Final = (Role.CIO_OFFICE, Role.PMO, Role.PJMO, Role.ACCOUNTING, Role.AUDITOR)
CHECKS: Final = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
Pairs = Mapping[str, tuple[models.Model, models.Model]]


def _cookies(user: User) -> dict[str, str]:
    client = Client()
    client.force_login(user)
    token = client.get("/settings/").context["csrf_token"]
    return {
        "sessionid": client.cookies["sessionid"].value,
        "csrftoken": client.cookies["csrftoken"].value,
        "token": str(token),
    }


def _slug(path: str) -> str:
    return path.removeprefix("/api/v1/").split("/")[0]


def _keys(slug: str, pairs: Pairs) -> list[str]:
    """Keys of real records, one of each ministry, and some that there are none of."""
    if slug not in pairs:
        return ["00000000-0000-0000-0000-000000000000"]
    key = COLLECTIONS[slug].key
    return [str(getattr(obj, key)) for obj in pairs[slug]] + ["999999", "0", "ＮＯ"]


def _shown(user: User, slug: str, key: str) -> dict[str, Any]:
    """The record as its reader sees it; nothing where it is out of sight."""
    answer = Api.of(user).get(f"{slug}/{key}/")
    found: dict[str, Any] = answer.json() if answer.status_code == 200 else {}
    return found


def _likely(case: Any, row: Mapping[str, Any], made_up: frozenset[str]) -> None:
    """Half of a body from a real record, so that a write gets past the first rule."""
    if isinstance(case.body, dict) and row:
        real = {name: value for name, value in row.items() if name in case.body}
        case.body |= {name: value for name, value in real.items() if name not in made_up}
        if "version" in case.body:
            case.body["version"] = row["version"]


@contextmanager
def _one_connection() -> Iterator[None]:
    """A request through WSGI begins and ends with its own connection; here it shares the test's,
    as it does behind Django's own client (which puts the receivers back after each request)."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    try:
        yield
    finally:
        for signal in signals:
            signal.connect(close_old_connections)


def _call(case: Any, cookies: Mapping[str, str]) -> None:
    jar = {name: value for name, value in cookies.items() if name != "token"}
    with _one_connection(), transaction.atomic():  # What one case wrote is taken back.
        response = case.call(headers={"X-CSRFToken": cookies["token"]}, cookies=jar)
        transaction.set_rollback(True)
    case.validate_response(response, checks=CHECKS)


def _exercise(operation: Any, user: User, pairs: Pairs, cookies: Mapping[str, str]) -> None:
    """One operation with some cases."""
    slug = _slug(operation.path)
    keys = _keys(slug, pairs)
    rows = {key: _shown(user, slug, key) for key in keys} if slug in pairs else {}
    names = [field.name for field in COLLECTIONS[slug].fields] if slug in pairs else [""]

    @settings(
        max_examples=EXAMPLES,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    @given(
        case=operation.as_strategy(),
        key=st.sampled_from(keys),
        made_up=st.frozensets(st.sampled_from(names), max_size=3),
    )
    def answers(case: Any, key: str, made_up: frozenset[str]) -> None:
        if case.path_parameters:
            case.path_parameters = dict.fromkeys(case.path_parameters, key)
        _likely(case, rows.get(key, {}), made_up)
        _call(case, cookies)

    answers()


@pytest.mark.parametrize("role", ROLES)
def test_every_operation_answers_as_it_is_described(
    role: Role, request: pytest.FixtureRequest, world: World
) -> None:
    pairs: Pairs = request.getfixturevalue("everything")
    user = person(role, world)
    cookies = _cookies(user)
    schema = schemathesis.openapi.from_dict(_description("en"))
    schema.app = get_wsgi_application()
    found: Any = schema.get_all_operations()
    operations = [operation.ok() for operation in found]
    turn = ROLES.index(role)
    assert len(operations) > 100
    wrong = []
    for number, operation in enumerate(operations):
        if not IN_FULL and number % len(ROLES) not in (turn, (turn + 2) % len(ROLES)):
            continue
        try:
            _exercise(operation, user, pairs, cookies)
        except FailureGroup as group:
            wrong += [f"{operation.label}: {failure}" for failure in group.exceptions]
    assert not wrong, "\n".join(wrong)
