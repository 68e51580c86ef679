"""Whoever may not see a record learns by no answer whether it exists.

What somebody out of sight has taken is told like what nobody can take; what is asked for by a name
is answered the same whether it is out of sight or was never there.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any
from urllib.parse import quote

import pytest
from django.db import models
from django.http import HttpResponseBase
from django.test import Client
from django.urls import reverse

from governance.access import Role
from governance.models import AuditEvent, User
from projects.forms.register import form_of
from projects.imports import sheets
from projects.register import KINDS, UNUSABLE, Kind
from tests import factories
from tests.conftest import World, signed_in
from tests.projects.api.conftest import Api, everything  # noqa: F401  (one record of each kind)
from tests.projects.imports.test_sheets import made, read

pytestmark = pytest.mark.django_db

ON = date(2026, 11, 24)
KEYED = [
    "systems",
    "projects",
    "services",
    "contracts",
    "kpis",
    "plan-actions",
]
Pairs = Mapping[str, tuple[models.Model, models.Model]]


@pytest.fixture
def pairs(request: pytest.FixtureRequest) -> Pairs:
    found: Pairs = request.getfixturevalue("everything")
    return found


# Keys that are taken ---------------------------------------------------------------------------------


def _typed(kind: Kind, user: User, obj: models.Model) -> dict[str, Any]:
    """What somebody types to make a record like `obj`."""
    form = form_of(kind)(user=user, on=ON, instance=obj)
    values = {name: form[name].value() for name in form.fields if name != "version"}
    return {name: value for name, value in values.items() if value not in (None, False)}


def _refused_form(pmo: User, kind: Kind, obj: models.Model, key: str) -> list[str]:
    typed = {**_typed(kind, pmo, obj), kind.key: key}
    response = signed_in(pmo).post(kind.new_url(), typed)
    assert response.status_code == 422
    form = response.context["form"]
    assert set(form.errors) == {kind.key}
    return [str(error) for error in form.errors[kind.key]]


def _refused_api(pmo: User, kind: Kind, obj: models.Model, key: str) -> list[str]:
    api = Api.of(pmo)
    row = api.get(f"{kind.slug}/{kind.key_of(obj)}/").json()
    body = {name: row[name] for name in kind.fields if name in row} | {kind.key: key}
    answer = api.post(f"{kind.slug}/", body)
    assert answer.status_code == 400, answer.content
    fields = answer.json()["error"]["fields"]
    assert set(fields) == {kind.key}
    errors: list[str] = fields[kind.key]
    return errors


@pytest.mark.parametrize("slug", KEYED)
@pytest.mark.parametrize("door", [_refused_form, _refused_api])
def test_an_id_taken_out_of_sight_is_told_like_one_that_nobody_can_take(
    door: Any, slug: str, pmo: User, pairs: Pairs
) -> None:
    kind = KINDS[slug]
    mine, theirs = pairs[slug]
    unseen = door(pmo, kind, mine, kind.key_of(theirs))
    assert unseen == [str(UNUSABLE)]
    if slug != "plan-actions":  # Its codes are slugs: told as such.
        assert door(pmo, kind, mine, "new") == unseen


@pytest.mark.parametrize("slug", KEYED)
@pytest.mark.parametrize("door", [_refused_form, _refused_api])
def test_an_id_taken_in_sight_is_told_as_taken(
    door: Any, slug: str, pmo: User, pairs: Pairs
) -> None:
    kind = KINDS[slug]
    mine, _theirs = pairs[slug]
    (message,) = door(pmo, kind, mine, kind.key_of(mine))
    assert message.endswith("already exists.")


def test_who_sees_both_ministries_is_told_plainly(world: World, pmo: User) -> None:
    factories.MembershipFactory.create(user=pmo, role=Role.AUDITOR)
    (message,) = _refused_form(pmo, KINDS["systems"], world.system, "OTHER-1")
    assert message.endswith("already exists.")


SHEETS = [sheet.slug for sheet in sheets.SHEETS if sheet.slug in KEYED]


def _checked_csv(user: User, slug: str, home: str, key: str) -> list[str]:
    rows = list(csv.reader(io.StringIO(sheets.template_csv(slug, user).decode("utf-8-sig"))))
    heads = next(row for row in rows if KINDS[slug].key in row)
    place, version = heads.index(KINDS[slug].key), heads.index("version")
    (row,) = (row for row in rows if row[place] == home)
    row[place], row[version] = key, ""
    target = io.StringIO()
    csv.writer(target).writerows([heads, row])
    found = sheets.check(
        target.getvalue().encode(), file_name=f"{slug}.csv", kind=slug, user=user, on=ON
    )
    return [error.message for error in found.errors]


def _checked_xlsx(user: User, slug: str, home: str, key: str) -> list[str]:
    book = read(sheets.template(user, on=ON, language="en"))
    (name,) = (n for n in book if n in _titles(slug))
    rows = book[name]
    heads = rows[1]
    place, version = heads.index(KINDS[slug].key), heads.index("version")
    (row,) = (row for row in rows[2:] if row[place] == home)
    row[place], row[version] = key, ""
    content = made({name: [rows[0], heads, row]})
    found = sheets.check(content, file_name="x.xlsx", kind="", user=user, on=ON)
    return [error.message for error in found.errors]


def _titles(slug: str) -> set[str]:
    (sheet,) = (sheet for sheet in sheets.SHEETS if sheet.slug == slug)
    return sheet.titles()


@pytest.mark.parametrize("slug", SHEETS)
@pytest.mark.parametrize("door", [_checked_csv, _checked_xlsx])
def test_a_file_is_told_the_same(door: Any, slug: str, pmo: User, pairs: Pairs) -> None:
    kind = KINDS[slug]
    home, other = (kind.key_of(obj) for obj in pairs[slug])
    assert door(pmo, slug, home, other) == [str(UNUSABLE)]
    assert door(pmo, slug, home, "new") == [str(UNUSABLE)]
    assert door(pmo, slug, home, f"{home}-FREE") == []


@pytest.mark.parametrize("key", ["OTHER-1", "FREE-1"])
def test_where_one_may_not_create_a_taken_id_is_refused_like_a_free_one(
    key: str, pmo: User, world: World
) -> None:
    api = Api.of(pmo)
    row = api.get("systems/HOME-1/").json()
    body = {name: row[name] for name in KINDS["systems"].fields if name in row}
    before = AuditEvent.objects.count()
    answer = api.post("systems/", {**body, "system_id": key, "agency": "other"})
    assert answer.status_code == 403
    assert AuditEvent.objects.count() == before


def test_the_name_of_an_account_out_of_sight_is_told_like_any_that_cannot_be_had(
    pmo: User, other_pmo: User, pjmo: User, world: World
) -> None:
    def refused(username: str) -> list[str]:
        typed = {"username": username, "display_name": "N", "language": "ja"}
        response = signed_in(pmo).post(reverse("people-new"), typed)
        assert response.status_code == 422
        return [str(error) for error in response.context["form"].errors["username"]]

    unseen = ["This account name cannot be used: choose another one."]
    assert refused("other_pmo") == unseen
    assert refused("pjmo") == ["A user with that username already exists."]


# Names that are asked for -----------------------------------------------------------------------------

_RANDOM = re.compile(r'(?:value|data-csrf)="[\w-]{20,}"')


def _shown(response: HttpResponseBase, key: str) -> tuple[int, str]:
    """An answer without what differs by chance and without the name that was asked for."""
    if response.streaming:
        body = b"".join(response.streaming_content).decode(errors="replace")  # type: ignore[attr-defined]
        body = re.sub(r"# Exported at[^\r\n]*", "", body)
    else:
        body = response.content.decode()  # type: ignore[attr-defined]
    body = _RANDOM.sub("", body).replace(response.headers["X-Request-ID"], "")
    for written in (quote(key, safe=""), key):
        # A number means a record only where an address names it.
        before = "(?<=/)" if key.isdecimal() else r"(?<![\w-])"
        body = re.sub(rf"{before}{re.escape(written)}(?![\w-])", "KEY", body)
    return response.status_code, body


def _pages(kind: Kind) -> Iterator[str]:
    """Addresses that name one record."""
    one = f"/{kind.slug}/{{key}}/"
    yield from (one, f"/api/v1{one}", f"{one}edit/")
    if kind.slug in ("systems", "projects"):
        yield from (f"{one}costs/", f"{one}goals/", f"{one}years.csv")
        yield f"/explain/executed_cost/?{kind.slug[:-1]}={{key}}"
    if kind.slug == "projects":
        yield from (f"{one}figures/", f"{one}outlook/", f"{one}reports/2026-10/")
    if kind.slug == "kpis":
        yield from (f"{one}series/", f"{one}methods/new/")
    if kind.slug == "services":
        yield "/explain/online_ratio/?service={key}"


def _lists(kind: Kind) -> Iterator[str]:
    """Addresses that narrow by one record."""
    name = {"kpis": "kpi"}.get(kind.slug, kind.slug[:-1])
    for other in KINDS.values():
        if name in {parent.removesuffix("s") for parent in other.parents}:
            yield f"/{other.slug}/?{name}={{key}}"
            yield f"/{other.slug}/new/?{name}={{key}}"
            yield f"/{other.slug}/export.csv?{name}={{key}}"
            yield f"/api/v1/{other.slug}/?{name}={{key}}"
    yield f"/{kind.slug}/?q={{key}}"
    yield "/search/?q={key}"


def _differing(client: Client, templates: Iterator[str], unseen: str, nowhere: str) -> list[str]:
    found = []
    for template in templates:
        answers = [
            _shown(client.get(template.format(key=quote(key, safe=""))), key)
            for key in (unseen, nowhere)
        ]
        if answers[0] != answers[1]:
            found.append(f"{template}: {answers[0][0]}, {answers[1][0]}")
    return found


@pytest.mark.parametrize("role", [Role.PMO, Role.PJMO, Role.ACCOUNTING, Role.HR, Role.VERIFIER])
def test_what_is_out_of_sight_is_answered_like_what_was_never_there(
    role: Role, actors: dict[Role, User], pairs: Pairs
) -> None:
    client, wrong = signed_in(actors[role]), []
    for slug, (_mine, theirs) in pairs.items():
        kind = KINDS.get(slug)
        if kind is None or kind.is_master or slug == "agencies":
            continue
        if slug == "targets" or _mine == theirs:
            continue
        unseen = kind.key_of(theirs)
        nowhere = "NO-SUCH-1" if kind.has_own_key else "999999"
        wrong += _differing(client, _pages(kind), unseen, nowhere)
        if kind.has_own_key:
            wrong += _differing(client, _lists(kind), unseen, nowhere)
    assert wrong == []


def test_a_filter_does_not_tell_what_ones_own_records_hang_on_out_of_sight(
    world: World, pmo: User
) -> None:
    factories.ServiceFactory.create(agency=world.home, systems=[world.other_system])
    world.project.systems.add(world.other_system)
    client = signed_in(pmo)
    for slug in ("services", "projects"):
        templates = (
            f"/{slug}/?system={{key}}",
            f"/{slug}/export.csv?system={{key}}",
            f"/api/v1/{slug}/?system={{key}}",
        )
        assert _differing(client, iter(templates), "OTHER-1", "NO-SUCH-1") == []
    assert Api.of(pmo).results("projects/", system="HOME-1")


@pytest.mark.parametrize("role", [Role.PMO, Role.PJMO])
@pytest.mark.parametrize("slug", ["systems", "projects", "contracts", "kpis", "risks"])
def test_writes_to_what_is_out_of_sight_are_answered_alike(
    role: Role, slug: str, actors: dict[Role, User], pairs: Pairs
) -> None:
    kind, api = KINDS[slug], Api.of(actors[role])
    unseen = kind.key_of(pairs[slug][1])
    nowhere = "NO-SUCH-1" if kind.has_own_key else "999999"
    for method in ("PATCH", "PUT"):
        answers = [
            _shown(api.send(method, f"{slug}/{key}/", {"version": 1}), key)
            for key in (unseen, nowhere)
        ]
        assert answers[0] == answers[1]
        assert answers[0][0] == 404
    answers = [
        _shown(api.client.post(f"/{slug}/{key}/edit/", {"version": "1"}), key)
        for key in (unseen, nowhere)
    ]
    assert answers[0] == answers[1]


@pytest.mark.parametrize(
    ("slug", "field"),
    [("contracts", "system"), ("contracts", "project"), ("kpis", "system"), ("risks", "project")],
)
def test_a_reference_out_of_sight_is_refused_like_one_that_leads_nowhere(
    slug: str, field: str, pmo: User, pairs: Pairs
) -> None:
    kind, mine = KINDS[slug], pairs[slug][0]
    unseen = KINDS[f"{field}s"].key_of(pairs[f"{field}s"][1])
    told = []
    for key in (unseen, "NO-SUCH-1"):
        typed = {**_typed(kind, pmo, mine), field: key}
        form = signed_in(pmo).post(kind.new_url(), typed).context["form"]
        api = Api.of(pmo)
        row = api.get(f"{slug}/{kind.key_of(mine)}/").json()
        body = {name: row[name] for name in kind.fields if name in row} | {field: key}
        answer = api.post(f"{slug}/", body)
        assert answer.status_code == 400
        told.append(
            (
                str(form.errors[field]).replace(key, "KEY"),
                str(answer.json()["error"]["fields"][field]).replace(key, "KEY"),
            )
        )
    assert told[0] == told[1]


@pytest.mark.parametrize("role", [Role.PMO, Role.HR, Role.PJMO, Role.ACCOUNTING])
def test_a_person_out_of_sight_is_answered_like_one_who_was_never_there(
    role: Role, actors: dict[Role, User], other_pmo: User
) -> None:
    templates = (f"/people/p/{{key}}/{tail}" for tail in ("", "hand-over/", "training/new/"))
    client = signed_in(actors[role])
    assert _differing(client, templates, "other_pmo", "no_such_person") == []
    assert _differing(client, iter(["/people/?q={key}"]), "other_pmo", "no_such_person") == []
