"""Writing over the API: strict input, the same rules as the forms, versions, the trail."""

import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from governance import audit
from governance.models import AuditEvent, RiskPolicy, User
from projects.models import Contract, CostLine, KpiValue, Project, System, YearRollup
from projects.models.choices import ValueState
from tests import factories
from tests.conftest import World
from tests.projects.api.conftest import Api, Pair, path_of

pytestmark = pytest.mark.django_db


def _system(**more: object) -> dict[str, object]:
    return {
        "system_id": "NEW-1",
        "name": "新台帳",
        "agency": "home",
        "system_class": "processing",
        "status": "planning",
        **more,
    }


def _contract(**more: object) -> dict[str, object]:
    return {
        "contract_id": "NEW-C1",
        "title": "更改",
        "agency": "home",
        "vendor": "株式会社架空",
        **more,
    }


def _fields(answer: Any, status: int = 400) -> dict[str, list[str]]:
    assert answer.status_code == status, answer.content
    error = answer.json()["error"]
    assert set(error) == {"code", "message", "fields", "stored"}
    found: dict[str, list[str]] = error["fields"]
    return found


def test_creating_answers_with_the_record_and_tells_the_trail(world: World, pmo: User) -> None:
    answer = Api.of(pmo).post("systems/", _system(next_renewal_cost=1_200_000_000))
    assert answer.status_code == 201
    assert answer.headers["Location"] == "/api/v1/systems/NEW-1/"
    row = answer.json()
    assert (row["agency"], row["next_renewal_cost"], row["version"]) == ("home", 1_200_000_000, 1)
    assert row["updated_by"] == "pmo"
    event = AuditEvent.objects.get(verb="system.created")
    assert (event.actor_name, event.source) == ("pmo", "api")
    assert list(audit.verify()) == []


def test_a_refused_write_leaves_nothing(world: World, pmo: User) -> None:
    answer = Api.of(pmo).post("systems/", _system(agency="other"))
    assert answer.status_code == 403
    assert not System.objects.filter(system_id="NEW-1").exists()
    assert not AuditEvent.objects.exists()


def test_every_error_of_the_input_at_once(world: World, pmo: User) -> None:
    fields = _fields(
        Api.of(pmo).post(
            "systems/",
            {
                "system_id": "NEW-1",
                "agency": "no-such",
                "status": "exploded",
                "next_renewal_cost": 1.5,
                "go_live_is_year_only": "perhaps",
                "go_live_on": "someday",
                "colour": "red",
                "version": 3,
                "description": None,
            },
        )
    )
    assert fields["name"] == ["This field is required."]
    assert fields["system_class"] == ["This field is required."]
    assert fields["agency"] == ["There is no “no-such” here, or not for you."]
    assert fields["status"][0].startswith("Write one of: concept, planning")
    assert fields["next_renewal_cost"] == ["Write a whole number of at most 18 digits."]
    assert fields["go_live_is_year_only"] == ["Write true or false."]
    assert "someday" in fields["go_live_on"][0]
    assert fields["colour"] == ["Unknown field."]
    assert fields["version"] == ["This field is read-only."]
    assert fields["description"] == ["This field may not be null."]
    assert len(fields) == 10


def test_rules_of_the_register_are_told_at_the_field(world: World, pmo: User) -> None:
    api = Api.of(pmo)
    assert _fields(api.post("systems/", _system(system_id="HOME-1"))) == {
        "system_id": ["System with this System ID already exists."]
    }
    fields = _fields(
        api.post("systems/", _system(go_live_on="2026-04-01", retired_on="2025-04-01"))
    )
    assert fields == {"retired_on": ["The retirement lies before the go-live."]}
    assert "next_renewal_cost" in _fields(api.post("systems/", _system(next_renewal_cost=-1)))
    assert "system_id" in _fields(api.post("systems/", _system(system_id="a/b")))
    assert "system_id" in _fields(api.post("systems/", _system(system_id="new")))


def test_text_is_read_as_in_the_forms(world: World, pmo: User) -> None:
    answer = Api.of(pmo).post(
        "contracts/",
        _contract(
            contract_id=" Ｃ－１２ ",
            system="HOME-1",
            fiscal_year="令和7年度",
            signed_on="R7.4.1",
            amount="１２百万円",
            bidders="３",
            award_ratio="98.5%",
            title="  契約 ",
            single_bid_reason="  一行目\r\n二行目 ",
        ),
    )
    assert answer.status_code == 201, answer.content
    stored = Contract.objects.get(contract_id="C-12")
    assert (stored.fiscal_year, stored.signed_on) == (2025, date(2025, 4, 1))
    assert (stored.amount, stored.bidders) == (12_000_000, 3)
    assert stored.award_ratio == Decimal("0.985")
    assert (stored.title, stored.single_bid_reason) == ("契約", "一行目\n二行目")
    assert stored.amount_state == ValueState.REPORTED  # A figure given alone is reported.


@pytest.mark.parametrize(
    ("given", "stored"),
    [(10**15, 10**15), ("1.2億円", 120_000_000), (12.0, 12), ("0", 0)],
)
def test_yen_that_are_accepted(world: World, pmo: User, given: object, stored: int) -> None:
    assert Api.of(pmo).post("contracts/", _contract(amount=given)).status_code == 201
    assert Contract.objects.get(contract_id="NEW-C1").amount == stored


@pytest.mark.parametrize(
    "given", [1.5, True, "12ドル", "1,2", "", [1], {"yen": 1}, 2**63, 10**40, "9" * 30, -1]
)
def test_yen_that_are_refused(world: World, pmo: User, given: object) -> None:
    assert list(_fields(Api.of(pmo).post("contracts/", _contract(amount=given)))) == ["amount"]
    assert not Contract.objects.exists()


def test_decimals_keep_every_digit(world: World, pmo: User) -> None:
    kpi = factories.KpiFactory.create(code="K1", system=world.system)
    raw = b'{"kpi": "K1", "fiscal_year": 2024, "target": 123456789012.123, "actual": 1e2}'
    answer = Api.of(pmo).post("kpi-values/", raw)
    assert answer.status_code == 201, answer.content
    assert answer.json()["target"] == "123456789012.123"
    assert KpiValue.objects.get(kpi=kpi).actual == 100


@pytest.mark.parametrize("given", [85, "85", 1.000001, "0.1234567", "NaN", True, None])
def test_shares_that_are_refused(world: World, pmo: User, given: object) -> None:
    """85 may mean 85 % or 85 times; null contradicts the state given with it."""
    body = _contract(award_ratio=given, award_ratio_state="reported")
    assert list(_fields(Api.of(pmo).post("contracts/", body))) == ["award_ratio"]


def test_null_and_the_reason_for_it(world: World, pmo: User) -> None:
    api = Api.of(pmo)
    withheld = _contract(amount=None, amount_state="withheld", bidders=None)
    assert api.post("contracts/", withheld).status_code == 201
    stored = Contract.objects.get(contract_id="NEW-C1")
    assert stored.amount_state == ValueState.WITHHELD
    assert stored.bidders_state == ValueState.MISSING
    both = api.patch("contracts/NEW-C1/", {"version": 1, "amount": 5, "amount_state": "withheld"})
    assert list(_fields(both)) == ["amount"]
    assert api.patch("contracts/NEW-C1/", {"version": 1, "amount": 5}).status_code == 200
    stored.refresh_from_db()
    assert (stored.amount, stored.amount_state) == (5, ValueState.REPORTED)
    # What was awarded is corrected by two; an amount of a sheet that is open, by who wrote it.
    assert list(_fields(api.patch("contracts/NEW-C1/", {"version": 2, "amount": None}))) == [
        "amount", "amount_state",
    ]  # fmt: skip
    line = factories.CostLineFactory.create(
        system=world.system, budget_year=2026, sheet_year=2026, stage="initial", amount=5
    )
    blank = api.patch(f"cost-lines/{line.pk}/", {"version": 1, "amount": None})
    assert blank.status_code == 200
    line.refresh_from_db()
    assert line.amount_state == ValueState.MISSING


def test_a_change_raises_the_version_and_touches_nothing_else(world: World, pmo: User) -> None:
    answer = Api.of(pmo).patch("systems/HOME-1/", {"version": 1, "name": "新しい名"})
    assert answer.status_code == 200
    assert (answer.json()["name"], answer.json()["version"]) == ("新しい名", 2)
    world.system.refresh_from_db()
    assert world.system.status == "operating"
    event = AuditEvent.objects.get(verb="system.edited")
    assert event.before is not None
    assert event.before["name"] == "内務台帳"


def test_a_write_needs_the_version_it_is_based_on(world: World, pmo: User) -> None:
    api = Api.of(pmo)
    assert _fields(api.patch("systems/HOME-1/", {"name": "x"})) == {
        "version": ["This field is required."]
    }
    assert list(_fields(api.patch("systems/HOME-1/", {"name": "x", "version": None}))) == [
        "version"
    ]


def test_whoever_comes_second_gets_the_stored_record(world: World, pmo: User) -> None:
    api = Api.of(pmo)
    assert api.patch("systems/HOME-1/", {"version": 1, "name": "先"}).status_code == 200
    answer = api.patch("systems/HOME-1/", {"version": 1, "name": "後"})
    assert answer.status_code == 409
    error = answer.json()["error"]
    assert error["code"] == "conflict"
    assert error["stored"] == api.get("systems/HOME-1/").json()
    assert (error["stored"]["name"], error["stored"]["version"]) == ("先", 2)


def test_put_names_every_field(world: World, pmo: User) -> None:
    api = Api.of(pmo)
    row = api.get("systems/HOME-1/").json()
    missing = _fields(api.put("systems/HOME-1/", {"version": 1, "name": "x"}))
    assert {"status", "agency", "description"} <= set(missing)
    read_only = {"system_id", "url", "updated_at", "updated_by", "source_note", "import_run"}
    body = {name: value for name, value in row.items() if name not in read_only}
    assert api.put("systems/HOME-1/", {**body, "hosting": "public_cloud"}).status_code == 200
    assert System.objects.get(system_id="HOME-1").hosting == "public_cloud"


def test_what_was_read_can_be_written_back(
    everything: Mapping[str, Pair], world: World, pmo: User
) -> None:
    """Every kind: the record's own values are accepted and change nothing."""
    api = Api.of(pmo)
    for slug, fields in (("contracts", "amount"), ("projects", "systems"), ("kpis", "title")):
        path = path_of(slug, everything[slug][0])
        row = api.get(path).json()
        answer = api.patch(path, {"version": 1, fields: row[fields]})
        assert answer.json() == row


def test_a_key_never_changes(world: World, pmo: User) -> None:
    answer = Api.of(pmo).patch("systems/HOME-1/", {"version": 1, "system_id": "X"})
    assert _fields(answer) == {"system_id": ["This field is read-only."]}


def test_links_are_given_by_key_and_hidden_ones_stay(world: World, pmo: User) -> None:
    world.project.systems.add(world.other_system)
    api = Api.of(pmo)
    body = {"version": 1, "systems": ["SUB-1", "SUB-1"]}
    assert api.patch("projects/HOME-P1/", body).json()["systems"] == ["SUB-1"]
    linked = Project.objects.get(code="HOME-P1").systems.values_list("system_id", flat=True)
    assert sorted(linked) == ["OTHER-1", "SUB-1"]


@pytest.mark.parametrize(
    "given", ["HOME-1", [1], [None], [["HOME-1"]], ["OTHER-1"], ["\x00"], None]
)
def test_links_that_are_refused(world: World, pmo: User, given: object) -> None:
    answer = Api.of(pmo).patch("projects/HOME-P1/", {"version": 1, "systems": given})
    assert list(_fields(answer)) == ["systems"]


def test_links_cost_the_same_however_many(world: World, pmo: User) -> None:
    api = Api.of(pmo)
    keys = [
        factories.SystemFactory.create(system_id=f"M-{n}", agency=world.home).system_id
        for n in range(60)
    ]

    def cost(version: int, linked: list[str]) -> int:
        with CaptureQueriesContext(connection) as queries:
            body = {"version": version, "systems": linked}
            assert api.patch("projects/HOME-P1/", body).status_code == 200
        return len(queries)

    few = cost(1, keys[:2])
    assert cost(2, keys[2:]) <= few  # The first write also opens what was never judged.
    too_many = api.patch("projects/HOME-P1/", {"version": 3, "systems": ["x"] * 1001})
    assert list(_fields(too_many)) == ["systems"]


def test_an_unseen_reference_is_no_oracle(world: World, pmo: User) -> None:
    """A foreign system and one that does not exist get the same answer."""
    api = Api.of(pmo)
    foreign = _fields(api.post("contracts/", _contract(system="OTHER-1")))
    nothing = _fields(api.post("contracts/", _contract(system="OTHER-9")))
    assert foreign["system"][0].replace("OTHER-1", "OTHER-9") == nothing["system"][0]


def test_a_reference_by_id_is_a_number(
    everything: Mapping[str, Pair], world: World, pmo: User
) -> None:
    api = Api.of(pmo)
    finding = {"category": "plan", "weight": "minor", "text": "遅れ"}
    review = everything["reviews"][0]
    assert api.post("findings/", {**finding, "review": review.pk}).status_code == 201
    for wrong in (str(review.pk), 0, 10**30, True, 1.5, None):
        assert list(_fields(api.post("findings/", {**finding, "review": wrong}))) == ["review"]


def test_a_cost_line_reaches_the_rollup_at_once(world: World, pmo: User) -> None:
    factories.CostItemFactory.create(code="licence")
    body = {
        "system": "HOME-1",
        "budget_year": 2026,
        "sheet_year": 2026,
        "cost_item": "licence",
        "stage": "initial",
        "amount": 500,
    }
    answer = Api.of(pmo).post("cost-lines/", body)
    assert answer.status_code == 201, answer.content
    assert answer.json()["id"] == CostLine.objects.get().pk
    assert YearRollup.objects.get(system=world.system, fiscal_year=2026).initial == 500
    again = _fields(Api.of(pmo).post("cost-lines/", body))
    assert list(again.values()) == [["This cost line exists already."]]


def test_thresholds_are_checked_before_they_apply(world: World, cio: User) -> None:
    api = Api.of(cio)
    policy = {"rule_id": "single_bidder", "reason": "試行"}
    good = {**policy, "parameters": {"high_award_ratio": 0.985}}
    assert api.post("risk-policies/", good).status_code == 201
    assert RiskPolicy.objects.get().parameters == {"high_award_ratio": "0.985"}
    faulty: list[object] = [{"colour": 1}, {"high_award_ratio": "red"}, {}, [], "x", None]
    for wrong in (*faulty, {"\x00": 1}):
        answer = api.post(
            "risk-policies/", {**policy, "parameters": wrong, "valid_from": "2026-04-01"}
        )
        assert "parameters" in _fields(answer)
    assert RiskPolicy.objects.count() == 1


_DEEP = b'{"parameters": ' + b"[" * 200_000 + b"]" * 200_000 + b"}"


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"{", "Line 1, character 2 is not JSON."),
        (b"name=x", "Line 1, character 1 is not JSON."),
        (b'{"name": NaN}', "NaN is no number."),
        (b'{"name": Infinity}', "Infinity is no number."),
        (b'{"name": ' + b"9" * 5000 + b"}", "A number is too long."),
        (b'{"name": "a", "name": "b"}', "A name stands twice in one object."),
        (b'{"name": "\xff"}', "It is not UTF-8."),
        (_DEEP, "It is nested too deeply."),
    ],
)
def test_a_body_that_is_no_json(world: World, pmo: User, raw: bytes, why: str) -> None:
    answer = Api.of(pmo).post("systems/", raw)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "parse_error"
    assert why in str(answer.json())


@pytest.mark.parametrize("raw", [b"[]", b'"x"', b"null", b"1"])
def test_a_body_that_is_no_object(world: World, pmo: User, raw: bytes) -> None:
    assert list(_fields(Api.of(pmo).post("systems/", raw))) == ["__all__"]


def test_text_that_no_database_takes(world: World, pmo: User) -> None:
    for raw in (b'"a\\u0000"', b'"\\ud800"'):
        body = json.dumps(_system(name="?")).encode().replace(b'"?"', raw)
        assert list(_fields(Api.of(pmo).post("systems/", body))) == ["name"]
    for raw in (b'"\\ud800"', b'"a\\u0000"'):
        body = json.dumps(_system(agency="?")).encode().replace(b'"?"', raw)
        assert list(_fields(Api.of(pmo).post("systems/", body))) == ["agency"]


def test_a_form_is_no_json(world: World, pmo: User) -> None:
    answer = Api.of(pmo).client.post("/api/v1/systems/", {"name": "x"})
    assert answer.status_code == 415
    assert answer.json()["error"]["code"] == "unsupported_media_type"


def test_messages_come_in_the_readers_language(world: World, pmo: User) -> None:
    api = Api.of(pmo)
    answer = api.client.get(
        "/api/v1/systems/", query_params={"colour": "red"}, headers={"accept-language": "ja"}
    )
    assert answer.json()["error"]["fields"]["colour"] != ["Unknown parameter."]
