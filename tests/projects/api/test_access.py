"""Who may do what over the API: every collection × every role."""

from collections.abc import Mapping
from typing import Any

import pytest
from django.db import models, transaction

from governance.access import Action, Role, can_somewhere
from governance.models import Agency, User
from projects.api.collections import COLLECTIONS, Collection
from projects.models import System
from tests.conftest import World
from tests.projects.api.conftest import Api, Pair, path_of

pytestmark = pytest.mark.django_db

REGISTER = [collection for collection in COLLECTIONS.values() if collection.kind is not None]


def _sees(collection: Collection, obj: models.Model, user: User, action: Action) -> bool:
    rows = collection.objects.filter(pk=obj.pk)
    return bool(rows.visible_to(user, action).exists())


def _reads(collection: Collection, user: User) -> bool:
    return any(can_somewhere(user, Action.READ, resource) for resource in collection.resources)


def test_every_collection_has_a_record_to_try(everything: Mapping[str, Pair]) -> None:
    assert set(everything) == set(COLLECTIONS)


@pytest.mark.parametrize("role", Role)
def test_lists_hold_what_the_role_may_see(
    role: Role, everything: Mapping[str, Pair], actors: dict[Role, User]
) -> None:
    user, api = actors[role], Api.of(actors[role])
    for slug, collection in COLLECTIONS.items():
        answer = api.get(f"{slug}/")
        if not _reads(collection, user):
            assert answer.status_code == 403, slug
            assert answer.json()["error"]["code"] == "forbidden"
            continue
        assert answer.status_code == 200, (slug, answer.content)
        shown = {row["url"] for row in answer.json()["results"]}
        for obj in everything[slug]:
            url = f"/api/v1/{path_of(slug, obj)}"
            assert (url in shown) is _sees(collection, obj, user, Action.READ), url


@pytest.mark.parametrize("role", Role)
def test_a_record_is_shown_or_does_not_exist(
    role: Role, everything: Mapping[str, Pair], actors: dict[Role, User]
) -> None:
    user, api = actors[role], Api.of(actors[role])
    for slug, collection in COLLECTIONS.items():
        for obj in everything[slug]:
            seen = _sees(collection, obj, user, Action.READ)
            answer = api.get(path_of(slug, obj))
            assert answer.status_code == (200 if seen else 404), (slug, obj)


@pytest.mark.parametrize("role", Role)
def test_unseen_is_404_and_seen_but_not_allowed_is_403(
    role: Role, everything: Mapping[str, Pair], actors: dict[Role, User]
) -> None:
    user, api = actors[role], Api.of(actors[role])
    for collection in REGISTER:
        if collection.kind is None or not collection.kind.is_editable:
            continue
        for obj in everything[collection.slug]:
            answer = api.patch(path_of(collection.slug, obj), {"version": 1})
            if not _sees(collection, obj, user, Action.READ):
                expected = 404
            else:
                expected = 200 if _sees(collection, obj, user, Action.EDIT) else 403
            assert answer.status_code == expected, (collection.slug, obj, answer.content)


def _copied(row: Mapping[str, Any], collection: Collection) -> dict[str, Any]:
    """What would create the record once more."""
    return {field.name: row[field.name] for field in collection.entered}


_MASTERS = {
    "agencies",
    "targets",
    "system-classes",
    "cost-items",
    "review-types",
    "role-terms",
    "risk-policies",
}
_OF_PROJECTS = {
    "services",
    "service-years",
    "contracts",
    "baselines",
    "milestones",
    "kpis",
    "kpi-links",
    "kpi-values",
    "benefits",
    "risks",
}
# What each role puts in at home, where the cost line is one of execution and the review one of
# the ministry. A PJMO's new system hangs on no project yet, so not on theirs.
PUTS_IN = {
    Role.CIO_OFFICE: _MASTERS,
    Role.PMO: {
        *_OF_PROJECTS,
        "systems",
        "projects",
        "lineage",
        "plan-actions",
        "reviews",
        "findings",
    },
    Role.PJMO: {*_OF_PROJECTS, "updates"},
    Role.ACCOUNTING: {"cost-lines"},
}


@pytest.mark.parametrize("role", Role)
def test_own_rows_go_in_and_foreign_rows_stay_out(
    role: Role, everything: Mapping[str, Pair], actors: dict[Role, User]
) -> None:
    """Each record is taken away and created again by the role, through the API."""
    api, reader = Api.of(actors[role]), Api.of(actors[Role.AUDITOR])
    went_in: tuple[set[str], set[str]] = (set(), set())
    for collection in REGISTER:
        for obj, accepted in zip(everything[collection.slug], went_in, strict=True):
            body = _copied(reader.get(path_of(collection.slug, obj)).json(), collection)
            with transaction.atomic():
                _take_away(collection, obj)
                before = collection.objects.count()
                answer = api.post(f"{collection.slug}/", body)
                added = collection.objects.count() - before
                transaction.set_rollback(True)
            if answer.status_code == 201:
                accepted.add(collection.slug)
            else:
                # A reference that cannot be seen is an error of the input, 400.
                assert answer.status_code in {400, 403}, (collection.slug, body, answer.content)
            assert added == int(answer.status_code == 201)
    assert went_in[0] == PUTS_IN.get(role, set())
    assert went_in[1] == (_MASTERS if role is Role.CIO_OFFICE else set())


def _take_away(collection: Collection, obj: models.Model) -> None:
    """Leave the place of `obj` free: under another key where it has one, gone where not."""
    rows = collection.objects.filter(pk=obj.pk)
    if collection.key != "pk":
        rows.update(**{collection.key: "elsewhere"})
        if isinstance(obj, Agency):
            rows.update(name="旧省")
        return
    for relation in obj._meta.related_objects:
        relation.related_model._default_manager.filter(**{relation.field.name: obj}).delete()
    rows.delete()


def test_nobody_without_a_role_gets_anything(world: World, outsider: User) -> None:
    api = Api.of(outsider)
    assert api.get("").json() == {}
    for slug in COLLECTIONS:
        assert api.get(f"{slug}/").status_code == 403
    assert api.get("systems/HOME-1/").status_code == 404
    assert api.post("systems/", {}).status_code == 403


def test_whoever_has_not_signed_in_is_told_so(everything: Mapping[str, Pair]) -> None:
    """401 as JSON, never a redirect to the sign-in page, and the same for what does not exist."""
    api = Api.of(None)
    paths = ["", "systems/no-such/"]
    for slug, (obj, _other) in everything.items():
        paths += [f"{slug}/", path_of(slug, obj)]
    for path in paths:
        answer = api.get(path)
        assert answer.status_code == 401, path
        assert answer.json()["error"]["code"] == "not_authenticated"
        assert answer.headers["WWW-Authenticate"] == 'Session realm="api"'
    assert api.post("systems/", {"name": "x"}).status_code == 401
    assert api.patch("systems/HOME-1/", {"version": 1}).status_code == 401


def test_a_session_alone_writes_nothing_without_the_csrf_token(world: World, pmo: User) -> None:
    answer = Api.of(pmo, csrf=True).patch("systems/HOME-1/", {"version": 1, "name": "改名"})
    assert answer.status_code == 403
    assert "CSRF" in answer.json()["error"]["message"]
    world.system.refresh_from_db()
    assert world.system.name == "内務台帳"


def test_the_root_lists_what_one_may_read(world: World, actors: dict[Role, User]) -> None:
    shown = Api.of(actors[Role.HR]).get("").json()
    assert "projects" in shown
    assert "systems" not in shown
    assert set(Api.of(actors[Role.AUDITOR]).get("").json()) == set(COLLECTIONS)


def test_records_that_others_made_are_out_of_reach_by_moving(world: World, pmo: User) -> None:
    answer = Api.of(pmo).patch("systems/HOME-1/", {"version": 1, "agency": "other"})
    assert answer.status_code == 403
    assert System.objects.get(system_id="HOME-1").agency == world.home


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "systems/HOME-1/"),
        ("PUT", "systems/"),
        ("OPTIONS", "systems/"),
        ("POST", "flags/"),
        ("PATCH", "audit-events/1/"),
        ("DELETE", "audit-events/1/"),
    ],
)
def test_what_is_not_offered_is_405(world: World, cio: User, method: str, path: str) -> None:
    answer = Api.of(cio).send(method, path)
    assert answer.status_code == 405
    assert answer.json()["error"]["code"] == "method_not_allowed"


def test_a_baseline_is_never_changed(everything: Mapping[str, Pair], pmo: User) -> None:
    path = path_of("baselines", everything["baselines"][0])
    assert Api.of(pmo).patch(path, {"version": 1, "number": 2}).status_code == 405
