"""Forms: what is typed, what is told where, and that nothing is lost."""

import re
from collections.abc import Mapping
from datetime import date
from html import unescape
from threading import Thread
from typing import Any

import pytest
from django.db import IntegrityError, connection
from django.test import Client

from governance import audit
from governance.access import Role
from governance.models import AuditEvent, RiskPolicy, User
from projects.forms import form_of
from projects.forms.register import told_at
from projects.models import (
    Baseline,
    Contract,
    CostLine,
    MonthlyUpdate,
    Project,
    Risk,
    Service,
    ServiceYear,
    System,
)
from projects.models.choices import CostClass, Stage, SystemStatus, UpdateState, ValueState
from projects.register import KINDS, Kind
from projects.services import register
from tests import factories
from tests.conftest import World, act, person, signed_in

pytestmark = pytest.mark.django_db


def _errors(response: Any) -> dict[str, list[str]]:
    """What the page tells, by field label, as its error summary lists it."""
    assert response.status_code in (403, 409, 422), response.content.decode()
    summary = re.search(r'<div class="error-summary".*?</div>', response.content.decode(), re.S)
    assert summary is not None
    told: dict[str, list[str]] = {}
    for item in re.findall(r"<li>(.*?)</li>", summary.group(), re.S):
        link, sep, message = item.rpartition("</a>: ")
        label = link.rpartition(">")[2] if sep else ""
        told.setdefault(unescape(label), []).append(unescape(message))
    return told


def _hidden(response: Any, name: str) -> str:
    found = re.search(rf'<input type="hidden" name="{name}" value="([^"]*)"', _text(response))
    assert found is not None, name
    return unescape(found.group(1))


def _text(response: Any) -> str:
    return str(response.content.decode())


def _accepted(response: Any) -> bool:
    assert response.status_code == 302, _errors(response)
    return True


def _system(world: World, **more: str) -> dict[str, str]:
    return {
        "system_id": "NEW-1",
        "name": "新台帳",
        "agency": "home",
        "system_class": "processing",
        "status": SystemStatus.PLANNING,
        **more,
    }


def _edit_data(page: Any, **changes: str) -> dict[str, str]:
    """Everything that a browser sends from an edit page, with some fields typed anew."""
    html = _text(page)
    main = html[html.index("data-warn-unsaved") : html.rindex("</form>")]
    data: dict[str, str] = {}
    for tag in re.findall(r"<input[^>]*>", main):
        attrs = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        if "name" not in attrs or (attrs.get("type") == "checkbox" and " checked" not in tag):
            continue
        empty = "on" if attrs.get("type") == "checkbox" else ""
        data[attrs["name"]] = unescape(attrs.get("value", empty))
    for name, body in re.findall(r'<textarea name="([^"]+)"[^>]*>(.*?)</textarea>', main, re.S):
        data[name] = unescape(body).removeprefix("\n")
    for name, body in re.findall(r'<select name="([^"]+)"[^>]*>(.*?)</select>', main, re.S):
        chosen = re.search(r'<option value="([^"]*)" selected', body)
        data[name] = unescape(chosen.group(1)) if chosen else ""
    data.pop("csrfmiddlewaretoken", None)
    return {**data, **changes}


# Entering -----------------------------------------------------------------------------------------


def test_a_system_is_entered_the_way_offices_write(world: World, pmo: User) -> None:
    response = signed_in(pmo).post(
        "/systems/new/",
        _system(
            world,
            system_id="ＮＥＷ－１",
            go_live_on="令和２年４月１日",
            support_ends_on="R12.3.31",
            next_renewal_year="令和１２年度",
            next_renewal_cost="１．２億円",
            rto_hours="４８",
        ),
        follow=True,
    )
    system = System.objects.get(system_id="NEW-1")
    assert response.redirect_chain == [("/systems/NEW-1/", 302)]
    assert "Saved." in _text(response)
    assert system.go_live_on == date(2020, 4, 1)
    assert system.support_ends_on == date(2030, 3, 31)
    assert (system.next_renewal_year, system.next_renewal_cost) == (2030, 120_000_000)
    assert system.rto_hours == 48
    assert system.conforms_api == "unanswered"
    event = AuditEvent.objects.get(verb="system.created")
    assert (event.actor, event.source) == (pmo, "web")


def test_every_error_is_told_at_its_field_and_what_was_typed_stays(world: World, pmo: User) -> None:
    response = signed_in(pmo).post(
        "/systems/new/",
        _system(
            world,
            system_id="HOME-1",
            name="残る名前",
            go_live_on="2025-04-01",
            retired_on="2024-04-01",
            support_ends_on="2025-02-30",
            next_renewal_cost="100ドル",
            rto_hours="-1",
        ),
    )
    told = _errors(response)
    assert told["System ID"] == ["System with this System ID already exists."]
    assert told["Retired on"] == ["The retirement lies before the go-live."]
    assert told["End of support"] == ["There is no day “2025-02-30”."]
    assert told["Expected renewal cost"] == [
        "“ドル” is not a unit of yen. Write 円, 千円, 万円, 百万円, 億円 or 兆円."
    ]
    assert told["Recovery time objective"] == ["Ensure this value is greater than or equal to 0."]
    assert "" not in told
    for typed in ("残る名前", "2025-02-30", "100ドル", "2024-04-01"):
        assert f'value="{typed}"' in _text(response)
    assert not System.objects.filter(name="残る名前").exists()
    assert not AuditEvent.objects.exists()


def test_messages_come_in_the_readers_language(world: World, pmo: User) -> None:
    client = Client(headers={"accept-language": "ja"})
    client.force_login(pmo)
    response = client.post("/systems/new/", _system(world, next_renewal_cost="100ドル"))
    assert "円の単位ではありません" in _text(response) or "ドル" in _text(response)
    assert "is not a unit of yen" not in _text(response)


@pytest.mark.parametrize("taken", ["new", "a/b", ".."])
def test_an_id_that_no_address_could_hold_is_refused(world: World, pmo: User, taken: str) -> None:
    response = signed_in(pmo).post("/systems/new/", _system(world, system_id=taken))
    assert "This ID cannot be used" in _errors(response)["System ID"][0]


def test_a_negative_amount_is_told_at_the_amount(world: World, pmo: User) -> None:
    item = factories.CostItemFactory.create()
    data = {
        "system": "HOME-1",
        "budget_year": "2025",
        "sheet_year": "R8",
        "cost_item": item.code,
        "stage": Stage.INITIAL,
        "amount": "△500千円",
        "amount_state": "missing",
    }
    client = signed_in(pmo)
    told = _errors(client.post("/cost-lines/new/", data))
    assert told == {
        "Amount": ["Only supplements, reserve funds and transfers can be negative amounts."]
    }
    assert (
        client.post("/cost-lines/new/", {**data, "stage": Stage.SUPPLEMENTARY}).status_code == 302
    )
    line = CostLine.objects.get()
    assert (line.amount, line.amount_state, line.sheet_year) == (-500_000, "reported", 2026)


def test_exactly_one_holder_is_asked_for(world: World, pmo: User) -> None:
    item = factories.CostItemFactory.create()
    data = {"budget_year": "2025", "sheet_year": "2025", "cost_item": item.code,
            "stage": Stage.INITIAL, "amount": "1"}  # fmt: skip
    client = signed_in(pmo)
    told = _errors(client.post("/cost-lines/new/", data))
    assert told == {"Project": ["Choose a system or a project: exactly one of the two."]}
    both = {**data, "system": "HOME-1", "project": "HOME-P1"}
    assert "Project" in _errors(client.post("/cost-lines/new/", both))


@pytest.mark.parametrize(
    ("kind", "name", "field"),
    [
        ("systems", "system_retired_after_go_live", "retired_on"),
        ("contracts", "contract_amount_stated", "amount"),
        ("service-years", "service_online_within_cases", "online_cases"),
        ("baselines", "rebaseline_has_reason", "reason"),
        ("kpi-values", "kpi_value_once", "fiscal_year"),
        ("lineage", "lineage_two_systems", "successor"),
        ("agencies", "agency_not_own_parent", "parent"),
        ("risks", "risk_closed_has_day", "closed_on"),
        ("targets", "target_after_base", "target_year"),
        ("updates", "update_once", "period"),
        ("plan-actions", "plan_action_years", "end_year"),
    ],
)
def test_each_rule_speaks_at_one_field(kind: str, name: str, field: str) -> None:
    constraint = next(c for c in KINDS[kind].model._meta.constraints if c.name == name)
    assert told_at(constraint, KINDS[kind].fields) == field


def test_every_rule_with_a_sentence_has_a_field_of_its_form() -> None:
    homeless = [
        constraint.name
        for kind in KINDS.values()
        for constraint in kind.model._meta.constraints
        if constraint.violation_error_message != constraint.default_violation_error_message
        and told_at(constraint, kind.fields) is None
    ]
    # Set by the product itself when somebody decides, never by a form.
    assert homeless == [
        "update_author_is_not_approver",
        "baseline_author_is_not_approver",
    ]


# Figures and why they are not there --------------------------------------------------------------------


def _contract(**more: str) -> dict[str, str]:
    return {"contract_id": "C-1", "title": "保守", "agency": "home", "vendor": "架空社", **more}


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ({"amount": "100", "amount_state": "missing"}, (100, "reported")),
        ({"amount": "0", "amount_state": "missing"}, (0, "reported")),
        ({"amount": "", "amount_state": "withheld"}, (None, "withheld")),
        ({"amount": "", "amount_state": "not_applicable"}, (None, "not_applicable")),
        ({}, (None, "missing")),
    ],
)
def test_a_figure_and_its_state_agree(
    world: World, pmo: User, typed: Mapping[str, str], stored: tuple[int | None, str]
) -> None:
    assert _accepted(signed_in(pmo).post("/contracts/new/", _contract(**typed)))
    contract = Contract.objects.get(contract_id="C-1")
    assert (contract.amount, contract.amount_state) == stored


def test_a_figure_that_is_withheld_is_a_contradiction(world: World, pmo: User) -> None:
    response = signed_in(pmo).post(
        "/contracts/new/", _contract(amount="100", amount_state="withheld")
    )
    told = _errors(response)
    assert list(told) == ["Amount: if empty, why"]
    assert "then it is neither withheld" in told["Amount: if empty, why"][0]
    assert not Contract.objects.exists()


def test_reported_is_no_reason_for_an_empty_figure(world: World, pmo: User) -> None:
    response = signed_in(pmo).post("/contracts/new/", _contract(amount_state="reported"))
    assert response.status_code == 422
    page = signed_in(pmo).get("/contracts/new/")
    assert '<option value="reported"' not in _text(page)


def test_shares_are_entered_in_percent_and_asked_back_when_unclear(world: World, pmo: User) -> None:
    client = signed_in(pmo)
    unclear = client.post("/contracts/new/", _contract(award_ratio="98.5"))
    assert "Is “98.5” a percentage?" in _text(unclear)
    assert _accepted(client.post("/contracts/new/", _contract(award_ratio="９８．５％")))
    assert str(Contract.objects.get().award_ratio) == "0.98500"
    assert 'value="98.5%"' in _text(client.get("/contracts/C-1/edit/"))


# Choosing others -----------------------------------------------------------------------------------------


def test_a_system_is_named_by_its_id_or_a_part_of_its_name(world: World, pmo: User) -> None:
    client = signed_in(pmo)
    for number, text in enumerate(["HOME-1", "ｈｏｍｅ－１", "内務台帳"]):
        data = _contract(contract_id=f"C-{number}", system=text)
        assert _accepted(client.post("/contracts/new/", data))
    assert set(Contract.objects.values_list("system__system_id", flat=True)) == {"HOME-1"}


def test_a_text_that_fits_several_names_them(world: World, pmo: User) -> None:
    response = signed_in(pmo).post("/contracts/new/", _contract(system="台帳"))
    told = _errors(response)["System"][0]
    assert "“台帳” fits several; write the ID of one: " in told
    assert "HOME-1 内務台帳" in told
    assert "SUB-1 外局台帳" in told
    assert "OTHER-1" not in _text(response)
    assert '<option value="SUB-1">外局台帳</option>' in _text(response)


def test_what_the_reader_cannot_see_cannot_be_named(world: World, pmo: User) -> None:
    response = signed_in(pmo).post("/contracts/new/", _contract(system="OTHER-1"))
    assert _errors(response)["System"] == ["Nothing that you can see is called “OTHER-1”."]


@pytest.mark.parametrize("text", ["x" * 500, "9" * 30, "-1", "%"])
def test_strange_keys_are_only_unknown(world: World, pmo: User, text: str) -> None:
    client = signed_in(pmo)
    assert client.post("/contracts/new/", _contract(system=text)).status_code == 422
    assert client.post("/findings/new/", {"review": text}).status_code == 422


def test_systems_of_a_project_are_one_a_line_and_unseen_ones_stay(world: World, pmo: User) -> None:
    world.project.systems.add(world.other_system)
    client = signed_in(pmo)
    page = client.get("/projects/HOME-P1/edit/")
    assert "OTHER-1" not in _text(page)
    data = _edit_data(page, systems="HOME-1\r\nＳＵＢ－１\r\n")
    assert _accepted(client.post("/projects/HOME-P1/edit/", data))
    assert set(world.project.systems.values_list("system_id", flat=True)) == {
        "HOME-1", "SUB-1", "OTHER-1",
    }  # fmt: skip
    wrong = client.post(
        "/projects/HOME-P1/edit/", _edit_data(page, version="2", systems="HOME-1\nX-9\nY-9")
    )
    assert len(_errors(wrong)["Systems"]) == 2


def test_forms_offer_only_agencies_within_reach(world: World, pmo: User, pjmo: User) -> None:
    for user, offered in ((pmo, {"home", "sub"}), (pjmo, {"home"})):
        html = _text(signed_in(user).get("/contracts/new/"))
        select = re.search(r'<select name="agency".*?</select>', html, re.S)
        assert select is not None
        assert set(re.findall(r'<option value="(\w+)"', select.group())) == offered


def test_masters_of_the_past_are_offered_only_where_they_stand(world: World, pmo: User) -> None:
    old = factories.SystemClassFactory.create(code="old", name="旧区分", name_en="Old class")
    old.valid_to = date(2020, 3, 31)
    old.save()
    client = signed_in(pmo)
    assert "Old class" not in _text(client.get("/systems/new/"))
    System.objects.filter(pk=world.system.pk).update(system_class=old)
    assert "Old class" in _text(client.get("/systems/HOME-1/edit/"))
    refused = client.post("/systems/new/", _system(world, system_class="old"))
    assert "Class" in _errors(refused)


def test_each_office_is_offered_the_stages_and_layers_it_files(world: World, pmo: User) -> None:
    accounting = person(Role.ACCOUNTING, world)
    form_page = _text(signed_in(accounting).get("/cost-lines/new/"))
    assert f'value="{Stage.EXECUTED}"' in form_page
    assert f'value="{Stage.INITIAL}"' not in form_page
    for layer in ("self", "ministry", "cio", "third_party"):
        factories.ReviewTypeFactory.create(layer=layer, name_en=f"Layer {layer}")
    reviews = _text(signed_in(pmo).get("/reviews/new/"))
    assert "Layer ministry" in reviews
    assert "Layer third_party" in reviews
    assert "Layer cio" not in reviews


def test_a_list_of_thousands_is_never_sent(world: World, pmo: User) -> None:
    factories.SystemFactory.create_batch(120, agency=world.home)
    page = _text(signed_in(pmo).get("/contracts/new/"))
    assert "S00" not in page
    assert 'href="/systems/"' in page


def test_what_lies_outside_the_role_is_refused_with_what_was_typed(
    world: World, pjmo: User
) -> None:
    """A PJMO may create contracts of its project: without the project, it is nobody's."""
    client = signed_in(pjmo)
    response = client.post("/contracts/new/", _contract(title="残る件名"))
    assert response.status_code == 403
    assert "outside of what your role may write" in _text(response)
    assert "残る件名" in _text(response)
    assert _accepted(client.post("/contracts/new/", _contract(project="HOME-P1")))


def test_an_address_fills_in_what_is_known(world: World, pmo: User) -> None:
    page = _text(signed_in(pmo).get("/contracts/new/?system=HOME-1&agency=home&unknown=1"))
    assert 'value="HOME-1"' in page
    assert '<option value="home" selected>' in page


# Each kind -----------------------------------------------------------------------------------------------


def _typed(world: World) -> dict[str, dict[str, str]]:
    """What somebody types for one new object of each kind; the rest stays as the form opens."""
    service = factories.ServiceFactory.create(service_id="V-1", agency=world.home)
    factories.ServiceFactory.create(service_id="V-2", agency=world.home)
    for code in ("K-1", "K-2"):
        factories.KpiFactory.create(code=code, system=world.system)
    layer = factories.ReviewTypeFactory.create(layer="ministry")
    review = factories.ReviewFactory.create(system=world.system, review_type=layer)
    item = factories.CostItemFactory.create(cost_class=CostClass.OTHER)
    assert service.pk
    project, system = {"project": "HOME-P1"}, {"system": "HOME-1"}
    master = {"code": "m-1", "name": "項目", "valid_from": "R8.4.1"}
    return {
        "systems": _system(world),
        "projects": {"code": "P-1", "name": "更改", "agency": "home", "phase": "planning"},
        "services": {"service_id": "V-9", "name": "手続", "agency": "home", "systems": "HOME-1"},
        "contracts": _contract(**system),
        "agencies": {"code": "new-agency", "name": "新庁", "parent": "home"},
        "cost-lines": {**system, "budget_year": "2025", "sheet_year": "2025",
                       "cost_item": item.code, "stage": "initial", "amount": "5百万円"},
        "service-years": {"service": "V-1", "fiscal_year": "令和6", "cases": "1,000",
                          "online_cases": "400", "started_cases": "1,250",
                          "satisfaction_ratio": "80%", "satisfaction_answers": "412"},
        "updates": {**project, "period": "令和8年9月", "progress_percent": "40%"},
        "baselines": {**project, "planned_start_on": "2025-04-01", "planned_end_on": "2027-03-31",
                      "budget_at_completion": "3億円"},
        "milestones": {**project, "name": "稼働", "planned_on": "2027-03-31"},
        "kpis": {**system, "code": "K-9", "kind": "outcome", "title": "待ち時間の短縮"},
        "kpi-links": {"origin": "K-1", "target": "K-2", "reason": "使われるほど待たない"},
        "kpi-values": {"kpi": "K-1", "fiscal_year": "2025", "actual": "12.5"},
        "benefits": {**project, "kind": "user_time", "fiscal_year": "2025", "planned": "1億円"},
        "risks": {**project, "kind": "risk", "title": "要員不足", "probability": "3"},
        "reviews": {**system, "review_type": layer.code, "fiscal_year": "2026"},
        "findings": {"review": str(review.pk), "category": "plan", "weight": "major",
                     "text": "工程の根拠がない"},
        "lineage": {"predecessor": "HOME-1", "successor": "SUB-1", "kind": "renewed",
                    "happened_on": "2025-04-01"},
        "plan-actions": {"code": "pa-1", "agency": "home", "title": "統合", "strand": "cut",
                         "responsible": "PMO", "start_year": "R7", "end_year": "R9",
                         "status": "planned"},
        "targets": {"code": "t-1", "title": "半減", "metric_id": "systems", "direction": "down",
                    "unit": "件", "target_year": "2030", "target_value": "700"},
        "system-classes": master,
        "cost-items": {**master, "cost_class": "other"},
        "review-types": {**master, "layer": "cio"},
        "role-terms": {"role": "hr", "name": "人事担当"},
        "risk-policies": {"rule_id": "single_bidder", "valid_from": "2026-04-01",
                          "parameters": "high_award_ratio = 0.98", "reason": "試行"},
    }  # fmt: skip


_BY_CIO = {kind.slug for kind in KINDS.values() if kind.is_master} | {"agencies"}


def _author(slug: str, world: World) -> User:
    if slug in _BY_CIO:
        return person(Role.CIO_OFFICE, world)
    return person(Role.PJMO if slug == "updates" else Role.PMO, world)


@pytest.mark.parametrize("slug", KINDS)
def test_every_kind_is_created_and_edited_by_its_form(slug: str, world: World) -> None:
    kind = KINDS[slug]
    typed = _typed(world)[slug]
    client = signed_in(_author(slug, world))
    page = client.get(f"/{slug}/new/")
    assert page.status_code == 200
    before = set(kind.objects.values_list("pk", flat=True))
    response = client.post(f"/{slug}/new/", _edit_data(page, **typed))
    assert _accepted(response)
    created = kind.objects.exclude(pk__in=before).get()
    assert response.headers["Location"] == kind.page_url(created)
    assert client.get(response.headers["Location"]).status_code == 200
    made = "requested" if slug == "baselines" else "created"
    assert AuditEvent.objects.filter(verb=f"{created._meta.model_name}.{made}").count() == 1
    if kind.is_editable:
        _edit_without_and_with_a_change(client, kind, created)
    assert list(audit.verify()) == []


_CHANGED: Mapping[str, dict[str, str]] = {
    "cost-lines": {"note": "注"},
    "service-years": {"cases": "2,000"},
    "updates": {"narrative": "遅れなし"},
    "milestones": {"forecast_on": "2027-04-30"},
    "kpis": {"indicator": "分"},
    "kpi-links": {"reason": "別の理由"},
    "kpi-values": {"target": "15"},
    "benefits": {"method": "調査"},
    "risks": {"owner": "PJMO"},
    "reviews": {"reviewer": "PMO"},
    "findings": {"owner": "PJMO"},
    "lineage": {"note": "更改"},
    "contracts": {"title": "別件"},
    "plan-actions": {"title": "別件"},
    "targets": {"title": "別件"},
    "risk-policies": {"reason": "見直し"},
}


def _edit_without_and_with_a_change(client: Client, kind: Kind, obj: Any) -> None:
    url = kind.edit_url(obj)
    page = client.get(url)
    unchanged = client.post(url, _edit_data(page), follow=True)
    assert "Nothing was changed." in _text(unchanged)
    changes = _CHANGED.get(kind.slug, {"name": "別の名"})
    response = client.post(url, _edit_data(page, change_reason="誤記", **changes))
    assert _accepted(response)
    obj.refresh_from_db()
    assert obj.version == 2
    event = AuditEvent.objects.get(verb=f"{obj._meta.model_name}.edited")
    assert event.reason == "誤記"
    name = next(iter(changes))
    assert event.after is not None
    assert name in event.after


def test_a_key_never_changes(world: World, pmo: User) -> None:
    client = signed_in(pmo)
    page = client.get("/systems/HOME-1/edit/")
    assert "It never changes." in _text(page)
    client.post("/systems/HOME-1/edit/", _edit_data(page, system_id="OTHER-9", name="改称"))
    world.system.refresh_from_db()
    assert (world.system.system_id, world.system.name) == ("HOME-1", "改称")


def test_thresholds_that_no_rule_knows_are_refused_at_their_field(world: World, cio: User) -> None:
    data = {"rule_id": "single_bidder", "valid_from": "2026-04-01"}
    client = signed_in(cio)
    unknown = client.post("/risk-policies/new/", {**data, "parameters": "no_such = 1"})
    assert _errors(unknown)["Parameters"] == ["The rule has no parameter “no_such”."]
    shape = client.post("/risk-policies/new/", {**data, "parameters": "high_award_ratio"})
    assert "name = value" in _errors(shape)["Parameters"][0]
    assert not RiskPolicy.objects.exists()


# Two people, two clicks ----------------------------------------------------------------------------------


def test_a_new_record_tells_what_nobody_writes_in_it(world: World, cio: User) -> None:
    client = signed_in(cio)
    html = _text(client.get("/risk-policies/new/"))
    assert "A policy comes into force when another person agrees." in html
    assert re.search(r'name="is_in_force"[^>]*disabled', html)
    data = {"rule_id": "single_bidder", "parameters": "high_award_ratio = 0.995", "reason": "x"}
    refused = client.post("/risk-policies/new/", {**data, "is_in_force": "on"})
    assert "A policy comes into force when another person agrees." in _text(refused)
    assert not RiskPolicy.objects.exists(), "nothing typed is dropped without a word"
    assert _accepted(client.post("/risk-policies/new/", data))


def test_a_conflict_shows_both_versions_and_loses_neither(
    world: World, pmo: User, now: Any
) -> None:
    client = signed_in(pmo)
    page = client.get("/systems/HOME-1/edit/")
    colleague = factories.UserFactory.create(username="colleague", display_name="同僚")
    factories.MembershipFactory.create(user=colleague, role=Role.PMO, agency=world.home)
    register.edit(
        act(colleague, now),
        KINDS["systems"],
        world.system.pk,
        {"name": "同僚の名", "hosting": "public_cloud", "rto_hours": 24},
        version=1,
    )
    mine = _edit_data(page, name="私の名", description="私の説明", change_reason="改称")
    conflict = client.post("/systems/HOME-1/edit/", mine)
    assert conflict.status_code == 409
    html = _text(conflict)
    assert "同僚 saved this record" in html
    for shown in ("同僚の名", "私の名", "私の説明", "public cloud", "not known"):
        assert shown in html
    # What I changed starts as mine, what I had not touched as theirs.
    assert re.search(r'name="choice-name" value="mine" checked', html)
    assert re.search(r'name="choice-hosting" value="theirs" checked', html)
    assert re.search(r'name="choice-rto_hours" value="theirs" checked', html)
    again = {
        name: unescape(value)
        for name, value in re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', html)
        if name != "csrfmiddlewaretoken"
    }
    choices = {f"choice-{name}": "theirs" for name in ("name", "hosting", "rto_hours")}
    choices["choice-description"] = "mine"
    saved = client.post("/systems/HOME-1/edit/", {**again, **choices})
    assert _accepted(saved)
    world.system.refresh_from_db()
    assert world.system.name == "同僚の名"
    assert world.system.description == "私の説明"
    assert (world.system.hosting, world.system.rto_hours) == ("public_cloud", 24)
    assert world.system.version == 3
    event = AuditEvent.objects.filter(verb="system.edited").latest("seq")
    assert (event.actor, event.reason) == (pmo, "改称")


def test_a_third_version_is_a_conflict_again(world: World, pmo: User, now: Any) -> None:
    client = signed_in(pmo)
    page = client.get("/systems/HOME-1/edit/")
    for version, name in ((1, "甲"), (2, "乙")):
        register.edit(
            act(None, now), KINDS["systems"], world.system.pk, {"name": name}, version=version
        )
        data = _edit_data(page, name="丙", version=str(version))
        assert client.post("/systems/HOME-1/edit/", data).status_code == 409


def test_the_same_change_by_two_people_is_no_quarrel(world: World, pmo: User, now: Any) -> None:
    client = signed_in(pmo)
    page = client.get("/systems/HOME-1/edit/")
    register.edit(act(None, now), KINDS["systems"], world.system.pk, {"name": "同"}, version=1)
    response = client.post("/systems/HOME-1/edit/", _edit_data(page, name="同"), follow=True)
    assert "already saved the same values" in _text(response)


def test_a_form_sent_twice_makes_one_record(world: World, pmo: User) -> None:
    client = signed_in(pmo)
    token = _hidden(client.get("/risks/new/"), "once")
    data = {"project": "HOME-P1", "kind": "risk", "title": "要員不足", "status": "open",
            "once": token}  # fmt: skip
    first, second = (client.post("/risks/new/", data) for _ in range(2))
    assert first.headers["Location"] == second.headers["Location"]
    assert Risk.objects.count() == 1
    # The same risk in a form of its own is a second one: nobody forbids that.
    other = {**data, "once": _hidden(client.get("/risks/new/"), "once")}
    assert _accepted(client.post("/risks/new/", other))
    assert Risk.objects.count() == 2


def test_a_refused_form_may_be_sent_again(world: World, pmo: User) -> None:
    client = signed_in(pmo)
    refused = client.post("/risks/new/", {"once": "t", "project": "HOME-P1"})
    assert _hidden(refused, "once") == "t"
    data = {"project": "HOME-P1", "kind": "risk", "title": "x", "status": "open", "once": "t"}
    assert _accepted(client.post("/risks/new/", data))


def test_a_race_for_an_id_is_told_at_the_field(
    world: World, pmo: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other request commits between our check and our insert: the database refuses."""
    create = register.create

    def beaten(*args: Any, **kwargs: Any) -> Any:
        monkeypatch.setattr(register, "create", create)
        raise IntegrityError

    def saved_by_another(*args: Any, **kwargs: Any) -> Any:
        raise IntegrityError

    client = signed_in(pmo)
    monkeypatch.setattr(register, "create", saved_by_another)
    silent = client.post("/systems/new/", _system(world))
    assert "at the same moment" in _text(silent)
    monkeypatch.setattr(register, "create", beaten)
    form = form_of(KINDS["systems"])

    class Late(form):  # type: ignore[misc,valid-type]
        """The other row appears after the first check."""

        def full_clean(self) -> None:
            super().full_clean()
            if not System.objects.filter(system_id="NEW-1").exists():
                factories.SystemFactory.create(system_id="NEW-1", agency=world.home)

    monkeypatch.setattr("projects.views.editing.form_of", lambda kind: Late)
    told = _errors(client.post("/systems/new/", _system(world)))
    assert told["System ID"] == ["System with this System ID already exists."]


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_once_make_one_record(world: World, pmo: User) -> None:
    if connection.vendor == "sqlite":
        pytest.skip("threads cannot share SQLite's database in memory: PostgreSQL runs this")
    client = signed_in(pmo)
    token = _hidden(client.get("/risks/new/"), "once")
    data = {"project": "HOME-P1", "kind": "risk", "title": "要員不足", "status": "open",
            "once": token}  # fmt: skip
    answers: list[tuple[int, str]] = []

    def click() -> None:
        browser = Client(headers={"accept-language": "en"})
        browser.cookies = client.cookies
        try:
            response = browser.post("/risks/new/", data)
            answers.append((response.status_code, response.headers.get("Location", "")))
        finally:
            connection.close()

    clicks = [Thread(target=click) for _ in range(3)]
    for thread in clicks:
        thread.start()
    for thread in clicks:
        thread.join()
    assert Risk.objects.count() == 1
    assert {status for status, _url in answers} == {302}
    assert len({url for _status, url in answers}) == 1


# Monthly reports -------------------------------------------------------------------------------------------


def test_next_months_report_starts_from_the_last(world: World, pjmo: User) -> None:
    factories.MonthlyUpdateFactory.create(
        project=world.project, period=date(2026, 9, 1), planned_value=70_000_000,
        progress_percent=40, narrative="九月",
    )  # fmt: skip
    page = _text(signed_in(pjmo).get("/updates/new/?project=HOME-P1"))
    assert 'value="2026-10"' in page
    assert 'value="70,000,000"' in page
    assert 'value="40%"' in page
    assert "九月" not in page


def test_a_second_report_for_a_month_is_told_at_the_month(world: World, pjmo: User) -> None:
    factories.MonthlyUpdateFactory.create(project=world.project, period=date(2026, 10, 1))
    response = signed_in(pjmo).post(
        "/updates/new/", {"project": "HOME-P1", "period": "令和8年10月"}
    )
    assert _errors(response)["Month"] == ["This project has a report for that month already."]


def test_a_correction_of_an_approved_report_is_a_new_revision(world: World, pjmo: User) -> None:
    factories.MonthlyUpdateFactory.create(
        project=world.project, period=date(2026, 10, 1), approved=True
    )
    response = signed_in(pjmo).post("/updates/new/", {"project": "HOME-P1", "period": "2026-10"})
    assert response.status_code == 302
    assert set(MonthlyUpdate.objects.values_list("revision", "state")) == {
        (1, UpdateState.APPROVED),
        (2, UpdateState.DRAFT),
    }


def test_a_submitted_report_is_closed_to_edits(world: World, pjmo: User) -> None:
    update = factories.MonthlyUpdateFactory.create(project=world.project, submitted=True)
    client = signed_in(pjmo)
    for response in (
        client.get(f"/updates/{update.pk}/edit/", follow=True),
        client.post(f"/updates/{update.pk}/edit/", {"version": "1"}, follow=True),
    ):
        assert "A submitted report can no longer be edited." in _text(response)
    assert "Edit</a>" not in _text(client.get(f"/updates/{update.pk}/"))


def test_a_second_baseline_needs_a_reason(world: World, pmo: User) -> None:
    factories.BaselineFactory.create(project=world.project)
    client = signed_in(pmo)
    page = client.get("/baselines/new/?project=HOME-P1")
    data = {"planned_start_on": "2025-04-01",
            "planned_end_on": "2028-03-31", "budget_at_completion": "4億円"}  # fmt: skip
    told = _errors(client.post("/baselines/new/", _edit_data(page, **data)))
    assert told == {"Reason": ["A new baseline needs a reason."]}
    assert Baseline.objects.count() == 1


def test_text_keeps_its_lines_as_one_kind_of_line_end(world: World, pmo: User) -> None:
    Project.objects.filter(pk=world.project.pk).update(purpose="一行目\n二行目")
    client = signed_in(pmo)
    page = client.get("/projects/HOME-P1/edit/")
    data = _edit_data(page)
    data["purpose"] = data["purpose"].replace("\n", "\r\n")
    assert "Nothing was changed." in _text(
        client.post("/projects/HOME-P1/edit/", data, follow=True)
    )


def test_services_and_their_years_are_entered(world: World, pmo: User) -> None:
    client = signed_in(pmo)
    client.post(
        "/services/new/",
        {"service_id": "V-1", "name": "届出", "agency": "home", "systems": "HOME-1\nSUB-1"},
    )
    service = Service.objects.get(service_id="V-1")
    assert service.systems.count() == 2
    told = _errors(
        client.post(
            "/service-years/new/",
            {"service": "V-1", "fiscal_year": "2025", "cases": "10", "online_cases": "20"},
        )
    )
    assert told == {"Online cases a year": ["There are more online cases than cases."]}
    assert not ServiceYear.objects.exists()


def test_no_form_of_a_reader_opens(world: World, auditor: User) -> None:
    client = signed_in(auditor)
    assert client.get("/systems/new/").status_code == 403
    assert client.get("/systems/HOME-1/edit/").status_code == 403
    assert "/systems/new/" not in _text(client.get("/systems/"))
    assert "/systems/HOME-1/edit/" not in _text(client.get("/systems/HOME-1/"))


def test_states_of_figures_are_told_apart_on_the_page(world: World, pmo: User) -> None:
    factories.ContractFactory.create(
        contract_id="C-9", agency=world.home, amount=None, amount_state=ValueState.WITHHELD,
        bidders=None, bidders_state=ValueState.NOT_APPLICABLE,
    )  # fmt: skip
    page = _text(signed_in(pmo).get("/contracts/C-9/"))
    assert "withheld" in page
    assert "not applicable" in page
    assert "not reported" in page
