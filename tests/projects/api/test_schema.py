"""The description of the API: valid, complete, and true of what the API answers."""

import io
import json
from collections.abc import Mapping
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
from django.core.management import call_command
from django.utils import translation

from governance.models import User
from projects.api.collections import COLLECTIONS
from projects.api.fields import FIGURES, UNITLESS, Nature
from projects.register import KINDS
from tests.conftest import World
from tests.projects.api.conftest import Api, Pair, path_of

OFFERED = {
    (slug, method)
    for slug, collection in COLLECTIONS.items()
    for method in (("get", "post") if collection.kind else ("get",))
}


@pytest.fixture(scope="module")
def description() -> dict[str, Any]:
    """The OpenAPI description in English; making it fails on any warning."""
    out = io.StringIO()
    with translation.override("en"):
        call_command(
            "spectacular",
            format="openapi-json",
            validate=True,
            fail_on_warn=True,
            stdout=out,
        )
    found: dict[str, Any] = json.loads(out.getvalue())
    return found


def test_every_address_is_described(description: dict[str, Any]) -> None:
    described = {
        (path.removeprefix("/api/v1/").strip("/"), method)
        for path, methods in description["paths"].items()
        for method in methods
        if "{" not in path
    }
    assert described == OFFERED | {("", "get"), ("portfolio", "get"), ("imports", "post")}
    assert set(description["paths"]["/api/v1/updates/{key}/return/"]) == {"post"}
    assert set(description["paths"]["/api/v1/baselines/{key}/"]) == {"get"}
    assert set(description["paths"]["/api/v1/systems/{key}/"]) == {"get", "put", "patch"}


def test_every_field_and_parameter_is_explained(description: dict[str, Any]) -> None:
    for name, component in description["components"]["schemas"].items():
        if name.startswith(("Paginated", "Error")):
            continue
        for field, schema in component["properties"].items():
            assert schema.get("description"), (name, field)
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            assert operation["tags"]
            for parameter in operation.get("parameters", []):
                if parameter["in"] == "query":
                    assert parameter.get("description"), (path, method, parameter["name"])


def test_every_figure_has_its_unit() -> None:
    with translation.override("en"):
        for collection in COLLECTIONS.values():
            for field in collection.fields:
                measured = field.nature in FIGURES and field.name not in UNITLESS
                expected = measured or field.nature is Nature.YEAR
                assert bool(field.unit()) is expected, (collection.slug, field.name)


def test_yen_are_what_the_register_says_they_are() -> None:
    for kind in KINDS.values():
        fields = COLLECTIONS[kind.slug].entered
        assert {f.name for f in fields if f.nature is Nature.YEN} == set(kind.yen), kind.slug


def test_money_is_an_integer_and_a_ratio_is_text(description: dict[str, Any]) -> None:
    contract = description["components"]["schemas"]["Contract"]["properties"]
    assert contract["amount"]["type"] == ["integer", "null"]
    assert contract["amount"]["x-unit"] == "yen"
    assert "Null exactly when amount_state is not “reported”." in contract["amount"]["description"]
    assert contract["award_ratio"]["type"] == ["string", "null"]
    assert contract["amount_state"]["enum"] == ["reported", "missing", "not_applicable", "withheld"]


def test_input_says_what_is_needed(description: dict[str, Any]) -> None:
    schemas = description["components"]["schemas"]
    assert set(schemas["SystemNew"]["required"]) == {
        "system_id",
        "name",
        "agency",
        "system_class",
        "status",
    }
    assert schemas["SystemChange"]["required"] == ["version"]
    assert "system_id" not in schemas["SystemChange"]["properties"]
    whole = schemas["SystemWhole"]
    assert set(whole["required"]) == set(whole["properties"])


@pytest.mark.django_db
def test_answers_are_as_described(
    description: dict[str, Any], everything: Mapping[str, Pair], auditor: User
) -> None:
    api = Api.of(auditor)
    for slug, (obj, _other) in everything.items():
        component = COLLECTIONS[slug].model.__name__
        record = {
            "$ref": f"#/components/schemas/{component}",
            "components": description["components"],
        }
        row = api.get(path_of(slug, obj)).json()
        jsonschema.validate(row, record)
        # No field beyond the described ones.
        assert set(row) == set(description["components"]["schemas"][component]["properties"])
        page = {**record, "$ref": f"#/components/schemas/Paginated{component}List"}
        jsonschema.validate(api.get(f"{slug}/").json(), page)


@pytest.mark.django_db
def test_errors_are_as_described(description: dict[str, Any], world: World, pmo: User) -> None:
    api = Api.of(pmo)
    error = {"$ref": "#/components/schemas/Error", "components": description["components"]}
    api.patch("systems/HOME-1/", {"version": 1, "name": "先"})
    for status, answer in (
        (400, api.get("systems/", colour="red")),
        (401, Api.of(None).get("systems/")),
        (403, api.get("audit-events/")),
        (404, api.get("systems/OTHER-1/")),
        (405, api.send("DELETE", "systems/HOME-1/")),
        (409, api.patch("systems/HOME-1/", {"version": 1, "name": "後"})),
        (415, api.client.post("/api/v1/systems/", {"name": "x"})),
    ):
        assert answer.status_code == status
        jsonschema.validate(answer.json(), error)
