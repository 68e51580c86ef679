"""What no text, amount, year or day may be, sent through every door: refused at its field, told in
words, and nothing is written."""

import json
from datetime import date
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from governance.fields.bounds import YEN_MAX
from governance.models import AuditEvent, Draft, User
from projects.forms.register import form_of
from projects.imports import sheets
from projects.imports.errors import ImportRejected
from projects.imports.report import ImportReport
from projects.imports.sync import Sync
from projects.models import Contract, CostLine, System
from projects.register import KINDS
from tests import factories
from tests.conftest import World, act, signed_in
from tests.governance.fields.test_text import NEVER
from tests.projects.api.conftest import Api
from tests.projects.imports.test_sheets import ON, made, put, read, told

pytestmark = pytest.mark.django_db

BAD_NAMES = {**NEVER, "nothing to see": "", "lone return": "\r", "line": "\u2028"}


def name_with(kind: str) -> str:
    return "\u200b\u200b" if kind == "nothing to see" else f"内務{BAD_NAMES[kind]}台帳"


def unchanged() -> tuple[Any, ...]:
    return (
        AuditEvent.objects.count(),
        list(System.objects.order_by("pk").values()),
        list(CostLine.objects.order_by("pk").values()),
    )


def form_data(system: System, **changed: str) -> dict[str, str]:
    """The edit form of a system as its page sends it."""
    user = system.updated_by
    form = form_of(KINDS["systems"])(user=user, on=ON, instance=system)
    sent = {}
    for bound in form:
        value = bound.value()
        sent[bound.html_name] = (
            "" if value in (None, False) else str(bound.field.prepare_value(value))
        )
    return sent | changed


@pytest.mark.parametrize("kind", [k for k in BAD_NAMES if "half" not in k])
def test_a_name_on_the_page(kind: str, world: World, pmo: User) -> None:
    world.system.updated_by = pmo
    before = unchanged()
    data = form_data(world.system, name=name_with(kind))
    answer = signed_in(pmo).post("/systems/HOME-1/edit/", data)
    if kind == "NUL":  # No person types it: refused before any form reads it.
        assert answer.status_code == 400
    else:
        assert answer.status_code == 422
        assert 'id="id_name_error"' in answer.content.decode()
    assert unchanged() == before


@pytest.mark.parametrize("kind", BAD_NAMES)
def test_a_name_over_the_api(kind: str, world: World, pmo: User) -> None:
    before = unchanged()
    body = {"name": name_with(kind), "version": 1}
    raw = json.dumps(body).encode()  # Lone surrogates as escapes.
    answer = Api.of(pmo).send("PATCH", "systems/HOME-1/", raw)
    assert answer.status_code == 400, answer.content
    assert list(answer.json()["error"]["fields"]) == ["name"]
    assert unchanged() == before


@pytest.mark.parametrize("kind", [k for k in BAD_NAMES if "half" not in k])
def test_a_name_in_a_csv_file(kind: str, world: World, pmo: User) -> None:
    text = sheets.template_csv("systems", pmo).decode("utf-8-sig")
    before = unchanged()
    changed = text.replace("内務台帳", f'"{name_with(kind)}"')
    checked = sheets.check(changed.encode(), file_name="a.csv", kind="systems", user=pmo, on=ON)
    assert checked.errors
    assert checked.rows == []
    if kind != "NUL":  # Which no CSV file holds at all.
        assert [(e.row, e.column) for e in checked.errors] == [(2, "Name")]
    assert unchanged() == before


@pytest.mark.parametrize("kind", ["turned to the left", "lost", "next line", "nothing to see"])
def test_a_name_in_a_workbook(kind: str, world: World, pmo: User) -> None:
    book = read(sheets.template(pmo, on=ON, language="en"))
    put(book["Systems"], 3, name=name_with(kind))
    checked = sheets.check(made(book), file_name="a.xlsx", user=pmo, on=ON)
    assert [(e.row, e.column) for e in checked.errors] == [(3, "Name")]
    assert checked.rows == []


def test_a_required_cell_of_which_nothing_is_left(world: World, pmo: User) -> None:
    """`_x000D_` is how Excel writes a lone return: as a vendor it is none."""
    contract = factories.ContractFactory.create(agency=world.home, system=world.system)
    text = sheets.template_csv("contracts", pmo).decode("utf-8-sig")
    changed = text.replace(contract.vendor, "_x000D_")
    checked = sheets.check(changed.encode(), file_name="a.csv", kind="contracts", user=pmo, on=ON)
    assert [(e.row, e.column) for e in checked.errors] == [(2, "Vendor")]
    assert Contract.objects.get().vendor == contract.vendor


@pytest.mark.parametrize("amount", [YEN_MAX + 1, -YEN_MAX - 1, 2**63 - 1, 2**63, 10**40])
def test_an_amount_beyond_every_bound(amount: int, world: World, pmo: User) -> None:
    line = factories.CostLineFactory.create(system=world.system, stage="transfers")
    before = unchanged()
    api = Api.of(pmo).patch(f"cost-lines/{line.pk}/", {"amount": amount, "version": 1})
    assert (api.status_code, list(api.json()["error"]["fields"])) == (400, ["amount"])
    page = signed_in(pmo).post(
        f"/cost-lines/{line.pk}/edit/", {"amount": str(amount), "version": "1"}
    )
    assert page.status_code == 422
    assert "larger than any figure here can be" in page.content.decode()
    name = f"c-{line.cost_item.code}-transfers-{line.budget_year}"
    grid = signed_in(pmo).post(
        f"/systems/HOME-1/costs/?sheet_year={line.sheet_year}&from=2024&to=2025",
        {name: str(amount), f"v{name[1:]}": "1", "account": ""},
    )
    assert grid.status_code == 422
    text = (
        sheets.template_csv("cost-lines", pmo).decode("utf-8-sig").replace("1000000", str(amount))
    )
    checked = sheets.check(text.encode(), file_name="a.csv", kind="cost-lines", user=pmo, on=ON)
    assert [e.column for e in checked.errors] == ["Amount (yen)"]
    book = read(sheets.template(pmo, on=ON, language="en"))
    put(book["Cost lines"], 3, amount=float(amount))
    checked = sheets.check(made(book), file_name="a.xlsx", user=pmo, on=ON)
    assert [e.column for e in checked.errors] == ["Amount (yen)"]
    assert unchanged() == before


def test_a_truth_is_no_amount(world: World, pmo: User) -> None:
    factories.CostLineFactory.create(system=world.system)
    book = read(sheets.template(pmo, on=ON, language="en"))
    put(book["Cost lines"], 3, amount=True)
    checked = sheets.check(made(book), file_name="a.xlsx", user=pmo, on=ON)
    assert [(e.row, e.column) for e in checked.errors] == [(3, "Amount (yen)")]


@pytest.mark.parametrize("day", ["0025-04-01", "1949-12-31", "2101-01-01", "9999-12-31"])
def test_a_day_out_of_reach(day: str, world: World, pmo: User) -> None:
    before = unchanged()
    answer = Api.of(pmo).patch("systems/HOME-1/", {"go_live_on": day, "version": 1})
    assert (answer.status_code, list(answer.json()["error"]["fields"])) == (400, ["go_live_on"])
    world.system.updated_by = pmo
    page = signed_in(pmo).post("/systems/HOME-1/edit/", form_data(world.system, go_live_on=day))
    assert page.status_code == 422
    for given_ in (day, date.fromisoformat(day)):
        book = read(sheets.template(pmo, on=ON, language="en"))
        if isinstance(given_, date) and given_.year < 1900:
            continue  # Excel knows no such day.
        put(book["Systems"], 3, go_live_on=given_)
        checked = sheets.check(made(book), file_name="a.xlsx", user=pmo, on=ON)
        assert [(e.row, e.column) for e in checked.errors] == [(3, "Go-live")], told(checked)
    assert unchanged() == before


def test_an_official_file_with_such_a_text_is_refused(world: World, now: Any) -> None:
    files = [{"name": "1-1.zip", "sha256": "0"}]
    sync = Sync(act(None, now), "rs", files, ImportReport())
    row = {"system_id": "RS-1", "name": "台\u202e帳", "agency_id": world.home.pk}
    with pytest.raises(ImportRejected, match=r"system: .*台.*U\+202E"):
        sync.rows(System, ("system_id",), [row], Q(pk__in=[]))
    assert not System.objects.filter(system_id="RS-1").exists()


# What is no field of a form ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "/people/?q=%00",
        "/people/?agency=%00",
        "/people/p/%00/",
        "/search/?q=a%00b",
        "/systems/?q=%E2%80%AE",
        "/systems/?%00=1",
        "/contradictions/?agency=%00",
        "/systems/A%00B/",
        "/systems/HOME-1/costs/?account=%00",
        "/explain/executed_cost/?agency=%07",
    ],
)
def test_an_address_with_a_control_leads_nowhere(address: str, world: World, cio: User) -> None:
    assert signed_in(cio).get(address).status_code == 400


def test_the_api_tells_the_parameter(world: World, cio: User) -> None:
    answer = Api.of(cio).get("systems/", q="a\u202eb")
    assert answer.status_code == 400
    assert "q" in answer.json()["error"]["fields"]
    answer = Api.of(cio).get("systems/", q="a\x00b")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid")


@pytest.mark.parametrize("name", ["draft", "value", "name"])
def test_a_draft_with_a_nul_is_not_kept(name: str, world: World, pmo: User) -> None:
    sent = {"draft": "/systems/new/", "value": "a", "name": "b"}
    sent[name] = f"/systems/new/{chr(0)}"
    client = signed_in(pmo)
    assert client.post("/drafts/", sent).status_code == 400
    assert not Draft.objects.exists()
    client.post("/drafts/discard/", {"draft": "/a\x00b/"})


def test_a_reason_that_cannot_be_kept(world: World, pmo: User) -> None:
    world.system.updated_by = pmo
    before = unchanged()
    data = form_data(world.system, name="改名", change_reason="a\u202eb")
    answer = signed_in(pmo).post("/systems/HOME-1/edit/", data)
    assert answer.status_code == 409  # As every refusal by a service.
    assert "Reason: Character 2 (U+202E)" in answer.content.decode()
    assert unchanged() == before


@pytest.mark.parametrize("account", ["\x01", "a\nb", "\u200b"])
def test_an_account_that_no_line_can_have(account: str, world: World, pmo: User) -> None:
    line = factories.CostLineFactory.create(system=world.system, stage="initial")
    name = f"c-{line.cost_item.code}-initial-2025"
    answer = signed_in(pmo).post(
        "/systems/HOME-1/costs/?sheet_year=2025&from=2024&to=2025",
        {name: "5", f"v{name[1:]}": "0", "account": account},
    )
    assert answer.status_code == 422
    assert "Account: " in answer.content.decode()
    assert CostLine.objects.count() == 1


@pytest.mark.parametrize("door", ["/people/roles/new/", "/people/new/"])
def test_forms_about_people(door: str, world: World, pmo: User) -> None:
    sent = {"user": "a\x00b", "username": "a\x00b", "display_name": "a\x00b", "role": "pjmo"}
    assert signed_in(pmo).post(door, sent).status_code == 400
    sent = {name: value.replace("\x00", "\u202e") for name, value in sent.items()}
    assert signed_in(pmo).post(door, sent).status_code in (200, 422)
    assert not User.objects.filter(username__startswith="a").exclude(username="auditor").exists()


# Anything at all --------------------------------------------------------------------------------------------

TEXTS = ("name", "name_en", "description", "system_id")
ANYTHING = st.text(
    st.one_of(
        st.sampled_from([*NEVER.values(), "\r", "\n", "\u200b", "=", "'", "<", "あ"]),
        st.characters(),
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from(TEXTS), text=ANYTHING)
def test_any_text_is_kept_as_it_is_or_refused(
    name: str, text: str, world: World, pmo: User
) -> None:
    """Form and API agree; what is kept passes the column's own check; a refusal names the field."""
    kind = KINDS["systems"]
    stored = getattr(System.objects.get(pk=world.system.pk), name)
    raw = json.dumps({name: text, "version": System.objects.get(pk=world.system.pk).version})
    answer = Api.of(pmo).send("PATCH", "systems/HOME-1/", raw.encode())
    assert answer.status_code in (200, 400), answer.content
    fresh = System.objects.get(pk=world.system.pk)
    if answer.status_code == 400:
        assert name in answer.json()["error"]["fields"]
        assert getattr(fresh, name) == stored
    else:
        value = getattr(fresh, name)
        if value:
            kind.field(name).run_validators(value)
    surrogates = any("\ud800" <= sign <= "\udfff" for sign in text)
    if not surrogates and name != "system_id":
        fresh.updated_by = pmo
        page = signed_in(pmo).post("/systems/HOME-1/edit/", form_data(fresh, **{name: text}))
        refused = 400 if "\x00" in text else 422
        assert (page.status_code == refused) == (answer.status_code == 400), (
            text,
            page.status_code,
        )


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=ANYTHING)
def test_the_check_and_the_columns_agree(text: str, world: World) -> None:
    system = world.system
    system.name = text
    try:
        system.full_clean()
    except ValidationError:
        with pytest.raises(ValidationError), transaction.atomic():
            System.objects.bulk_update([system], ["name"])
    else:
        System.objects.bulk_update([system], ["name"])
        assert System.objects.get(pk=system.pk).name == text
