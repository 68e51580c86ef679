"""A link's other end is named only to whoever may see it: no name, no key, no search, no order.

Records move, and files and people of two offices link them: a record of one's own may name one of
another ministry. Each case below is such a record, and every door to it.
"""

import io
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import quote

import pytest
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpResponseBase
from django.test import Client
from django.utils import translation

from governance.access import Role
from governance.models import User
from projects import ends
from projects.api.collections import COLLECTIONS
from projects.forms.register import form_of
from projects.imports import sheets
from projects.models import Contract, RiskFlag, SystemLineage, YearRollup
from projects.register import KINDS
from projects.services import register
from tests import factories
from tests.conftest import World, act, person, signed_in
from tests.projects.api.conftest import Api

pytestmark = pytest.mark.django_db

UNSEEN = "a record that you may not see"
ON = date(2026, 11, 24)
# What names the other ministry's records: their names and keys.
HIDDEN = (
    "別省台帳",
    "OTHER-1",
    "別省更改",
    "OTHER-P1",
    "別省目標",
    "OTHER-K1",
    "別省担当",
    "far_away",
)


@dataclass(frozen=True, slots=True)
class Case:
    """A record of the home ministry with one end elsewhere: what the end is called, and the like of
    it with an end at home."""

    record: models.Model
    field: str
    name: str


def _far_person(world: World) -> User:
    user = factories.UserFactory.create(username="far_away", display_name="別省担当")
    factories.MembershipFactory.create(user=user, role=Role.PMO, agency=world.other)
    return user


def _contract(world: World) -> Case:
    record = factories.ContractFactory.create(
        contract_id="HOME-C1", agency=world.home, project=world.other_project
    )
    return Case(record, "project", "別省更改")


def _contract_of_system(world: World) -> Case:
    record = factories.ContractFactory.create(
        contract_id="HOME-C1", agency=world.home, system=world.other_system
    )
    return Case(record, "system", "別省台帳")


def _successor(world: World) -> Case:
    record = factories.SystemLineageFactory.create(
        predecessor=world.system, successor=world.other_system
    )
    return Case(record, "successor", "別省台帳")


def _predecessor(world: World) -> Case:
    record = factories.SystemLineageFactory.create(
        predecessor=world.other_system, successor=world.system
    )
    return Case(record, "predecessor", "別省台帳")


def _goal(world: World) -> Case:
    origin = factories.KpiFactory.create(code="HOME-K1", system=world.system)
    target = factories.KpiFactory.create(
        code="OTHER-K1", title="別省目標", system=world.other_system
    )
    return Case(factories.KpiLinkFactory.create(origin=origin, target=target), "target", "別省目標")


def _risk(world: World) -> Case:
    record = factories.RiskFactory.create(project=world.project, owner_user=_far_person(world))
    return Case(record, "owner_user", "別省担当")


def _finding(world: World) -> Case:
    kind = factories.ReviewTypeFactory.create(layer="ministry")
    review = factories.ReviewFactory.create(system=world.system, review_type=kind)
    record = factories.FindingFactory.create(review=review, owner_user=_far_person(world))
    return Case(record, "owner_user", "別省担当")


def _review(world: World) -> Case:
    kind = factories.ReviewTypeFactory.create(layer="ministry")
    record = factories.ReviewFactory.create(
        system=world.system, review_type=kind, reviewer_user=_far_person(world)
    )
    return Case(record, "reviewer_user", "別省担当")


CASES = (
    _contract,
    _contract_of_system,
    _successor,
    _predecessor,
    _goal,
    _risk,
    _finding,
    _review,
)
Made = Callable[[World], Case]


def _slug(case: Case) -> str:
    return next(slug for slug, kind in KINDS.items() if kind.model is type(case.record))


def _doors(case: Case) -> list[str]:
    slug = _slug(case)
    kind = KINDS[slug]
    key = kind.key_of(case.record)
    return [
        f"/{slug}/",
        f"/{slug}/{key}/",
        f"/{slug}/{key}/edit/",
        f"/{slug}/export.csv",
        f"/{slug}/export.xlsx",
        f"/api/v1/{slug}/",
        f"/api/v1/{slug}/{key}/",
        "/systems/HOME-1/",
        "/projects/HOME-P1/",
        "/kpis/HOME-K1/",
        "/projects/HOME-P1/reports/2026-10/",
        "/portfolio/",
        "/procurement/",
        "/work/",
        f"/{slug}/?sort={case.field}",
        f"/{slug}/?sort=-{case.field}",
    ]


def _shown(response: HttpResponseBase) -> str:
    raw = (
        b"".join(response.streaming_content)  # type: ignore[attr-defined]
        if response.streaming
        else response.content  # type: ignore[attr-defined]
    )
    if raw[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(raw)) as book:
            raw = b"\n".join(book.read(name) for name in book.namelist() if name.endswith("ml"))
    return raw.decode(errors="replace")


def _told(client: Client, case: Case) -> list[str]:
    found = []
    for door in _doors(case):
        text = _shown(client.get(door))
        found += [f"{door}: {word}" for word in HIDDEN if word in text]
    return found


@pytest.mark.parametrize("make", CASES)
@pytest.mark.parametrize("role", [Role.PMO, Role.PJMO, Role.MINISTRY_CIO, Role.ACCOUNTING])
def test_no_door_names_an_end_that_the_reader_may_not_see(
    make: Made, role: Role, world: World
) -> None:
    case = make(world)
    assert _told(signed_in(person(role, world)), case) == []


@pytest.mark.parametrize("make", CASES)
def test_the_record_stands_and_says_what_it_leads_to(make: Made, world: World) -> None:
    case, user = make(world), person(Role.PMO, world)
    slug, client = _slug(case), signed_in(user)
    key = KINDS[slug].key_of(case.record)
    for door in (f"/{slug}/{key}/", f"/{slug}/{key}/edit/"):
        assert client.get(door).status_code == 200 or slug == "reviews"
    assert UNSEEN in _shown(client.get(f"/{slug}/{key}/"))
    assert UNSEEN in _shown(client.get(f"/{slug}/export.csv")) or slug == "reviews"
    assert Api.of(user).get(f"{slug}/{key}/").json()[case.field] == UNSEEN
    with translation.override("ja"):
        assert str(ends.UNSEEN) in (UNSEEN, "閲覧できない記録")


@pytest.mark.parametrize("make", CASES)
def test_who_sees_both_ends_reads_both_names(make: Made, world: World) -> None:
    case = make(world)
    cio = person(Role.CIO_OFFICE, world)
    key = KINDS[_slug(case)].key_of(case.record)
    assert case.name in _shown(signed_in(cio).get(f"/{_slug(case)}/{key}/"))
    assert UNSEEN not in _shown(signed_in(cio).get(f"/{_slug(case)}/"))


# Search ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("slug", ["lineage", "kpi-links"])
@pytest.mark.parametrize("text", ["別", "別省", "別省台帳", "目標"])
def test_no_search_finds_by_a_name_that_is_not_shown(slug: str, text: str, world: World) -> None:
    made = {"lineage": _successor, "kpi-links": _goal}[slug](world)
    user = person(Role.PMO, world)
    for door in (f"/{slug}/", f"/{slug}/export.csv", f"/api/v1/{slug}/"):
        answers = [
            _blank(_shown(signed_in(user).get(door, query_params={"q": asked})), asked)
            for asked in (text, "そのような名はない")
        ]
        assert answers[0] == answers[1], door
    cio = Api.of(person(Role.CIO_OFFICE, world))
    assert [row["id"] for row in cio.results(f"{slug}/", q=made.name)] == [made.record.pk]


def _blank(text: str, asked: str) -> str:
    text = re.sub(r'(?:value|data-csrf)="[\w-]{20,}"', "", text)
    text = re.sub(r"# Exported at[^\r\n]*|[0-9a-f]{32}", "", text)
    return text.replace(quote(asked), "ASKED").replace(asked, "ASKED")


def test_the_own_ends_are_still_found(world: World) -> None:
    case = _successor(world)
    user = Api.of(person(Role.PMO, world))
    assert [row["id"] for row in user.results("lineage/", q="内務台帳")] == [case.record.pk]


def test_no_made_collection_finds_by_an_unseen_name(world: World) -> None:
    """Rollups and flags of the own agency whose system has moved away."""
    YearRollup.objects.create(system=world.other_system, agency=world.home, fiscal_year=2024)
    RiskFlag.objects.create(
        rule_id="cost_growth",
        rule_version=1,
        agency=world.home,
        system=world.other_system,
        severity="high",
        opened_on=ON,
        severity_since=ON,
        judged_on=ON,
    )
    user = Api.of(person(Role.PMO, world))
    for slug in ("year-rollups", "flags"):
        assert [row["system"] for row in user.results(f"{slug}/")] == [UNSEEN]
        assert user.results(f"{slug}/", q="別省") == []
        assert user.results(f"{slug}/", system="OTHER-1") == []


def test_a_closed_flag_does_not_name_what_has_moved_away(world: World) -> None:
    flag = RiskFlag.objects.create(
        rule_id="cost_growth",
        rule_version=1,
        agency=world.home,
        system=world.other_system,
        severity="high",
        figures={},
        parameters={"window_years": "3", "medium_from_ratio": "0.1", "high_from_ratio": "0.2"},
        opened_on=ON,
        severity_since=ON,
        judged_on=ON,
        closed_on=ON,
    )
    page = _shown(signed_in(person(Role.PMO, world)).get(f"/flags/{flag.pk}/"))
    assert UNSEEN in page
    assert [word for word in HIDDEN if word in page] == []


# Order ----------------------------------------------------------------------------------------------


def _two_contracts(world: World) -> tuple[Contract, Contract]:
    """Two whose hidden ends lie in the order against their numbers."""
    late = factories.ProjectFactory.create(code="OTHER-P8", name="ん計画", agency=world.other)
    early = factories.ProjectFactory.create(code="OTHER-P7", name="あ計画", agency=world.other)
    return (
        factories.ContractFactory.create(contract_id="C-1", agency=world.home, project=late),
        factories.ContractFactory.create(contract_id="C-2", agency=world.home, project=early),
    )


@pytest.mark.parametrize("sort", ["project", "-project"])
def test_no_order_tells_the_name_of_an_unseen_end(sort: str, world: World) -> None:
    _two_contracts(world)
    user = person(Role.PMO, world)
    client, api = signed_in(user), Api.of(user)
    assert [row["contract_id"] for row in api.results("contracts/", sort=sort)] == ["C-1", "C-2"]
    for door in (f"/contracts/?sort={sort}", f"/contracts/export.csv?sort={sort}"):
        text = _shown(client.get(door))
        assert text.index("C-1") < text.index("C-2")
    cio = Api.of(person(Role.CIO_OFFICE, world))
    asked = [row["contract_id"] for row in cio.results("contracts/", sort="project")]
    assert asked == ["C-2", "C-1"]


# Writing back -----------------------------------------------------------------------------------------


def test_a_form_keeps_what_its_reader_may_not_see(world: World) -> None:
    case, user = _contract(world), person(Role.PMO, world)
    form = form_of(KINDS["contracts"])(user=user, on=ON, instance=case.record)
    typed = {name: form[name].value() for name in form.fields}
    typed = {name: value for name, value in typed.items() if value not in (None, False)}
    assert "project" not in typed
    answer = signed_in(user).post("/contracts/HOME-C1/edit/", {**typed, "title": "改めた名"})
    assert answer.status_code == 302
    case.record.refresh_from_db()
    assert (case.record.title, case.record.project) == ("改めた名", world.other_project)  # type: ignore[attr-defined]


def test_the_api_writes_back_what_it_showed_and_takes_no_guess(world: World) -> None:
    case, user = _contract(world), person(Role.PMO, world)
    api = Api.of(user)
    row = api.get("contracts/HOME-C1/").json()
    kept = api.patch(
        "contracts/HOME-C1/", {"version": row["version"], "project": UNSEEN, "title": "改めた名"}
    )
    assert kept.status_code == 200, kept.content
    case.record.refresh_from_db()
    assert case.record.project == world.other_project  # type: ignore[attr-defined]
    version = kept.json()["version"]
    told = [
        api.patch("contracts/HOME-C1/", {"version": version, "project": key}).json()["error"][
            "fields"
        ]
        for key in ("OTHER-P1", "NO-SUCH-1")
    ]
    assert str(told[0]).replace("OTHER-P1", "KEY") == str(told[1]).replace("NO-SUCH-1", "KEY")
    # Nor do the words name anything where nothing is hidden.
    plain = factories.ContractFactory.create(contract_id="HOME-C2", agency=world.home)
    body = {"version": plain.version, "project": UNSEEN}
    assert api.patch("contracts/HOME-C2/", body).status_code == 400


def test_a_sheet_names_no_unseen_record_and_keeps_it(world: World) -> None:
    _contract(world)
    user = person(Role.PMO, world)
    content = sheets.template_csv("contracts", user).decode("utf-8-sig")
    assert UNSEEN in content
    assert "OTHER-P1" not in content
    found = sheets.check(
        content.replace("契約", "約定").encode(),
        file_name="contracts.csv",
        kind="contracts",
        user=user,
        on=ON,
    )
    assert found.errors == []
    assert "OTHER-P1" not in str(found.changes)
    told = [
        [
            error.message
            for error in sheets.check(
                content.replace(UNSEEN, key).encode(),
                file_name="contracts.csv",
                kind="contracts",
                user=user,
                on=ON,
            ).errors
        ]
        for key in ("OTHER-P1", "NO-SUCH-1")
    ]
    assert [message.replace("OTHER-P1", "KEY") for message in told[0]] == [
        message.replace("NO-SUCH-1", "KEY") for message in told[1]
    ]
    assert told[0] != []
    # The machine's operator writes without an account and sees all.
    assert "OTHER-P1" in sheets.template_csv("contracts", None).decode("utf-8-sig")


def test_two_who_edit_at_once_are_told_of_no_unseen_record(world: World) -> None:
    """The page that shows both versions of a record shows no more of it than its form."""
    world.project.systems.add(world.other_system)
    contract, user = _contract(world).record, person(Role.PMO, world)
    for slug, key, record in (
        ("contracts", "HOME-C1", contract),
        ("projects", "HOME-P1", world.project),
    ):
        form = form_of(KINDS[slug])(user=user, on=ON, instance=record)
        typed = {name: form[name].value() for name in form.fields}
        typed = {name: value for name, value in typed.items() if value not in (None, False)}
        many = {"project": "HOME-P1"} if slug == "contracts" else {"systems": "SUB-1"}
        type(record)._default_manager.filter(pk=record.pk).update(version=7)
        answer = signed_in(user).post(f"/{slug}/{key}/edit/", {**typed, **many, "version": "1"})
        assert answer.status_code == 409
        text = _shown(answer)
        assert [word for word in HIDDEN if word in text] == []


# Every kind -------------------------------------------------------------------------------------------


def test_a_row_without_marks_names_nobody(world: World) -> None:
    """A list that forgot to ask shows too little, never too much."""
    case = _contract(world)
    row = Contract.objects.get(pk=case.record.pk)
    assert ends.word(row, "project") == ends.UNSEEN


def test_the_links_of_every_collection_are_known() -> None:
    found = {slug: sorted(ends.ends_of(one.model)) for slug, one in COLLECTIONS.items()}
    assert {slug: names for slug, names in found.items() if names} == {
        "baselines": ["project"],
        "benefits": ["project"],
        "contracts": ["project", "system"],
        "cost-lines": ["project", "system"],
        "findings": ["owner_user", "review"],
        "flags": ["contract", "project", "review", "system"],
        "kpi-links": ["origin", "target"],
        "kpi-values": ["kpi"],
        "kpis": ["project", "system"],
        "lineage": ["predecessor", "successor"],
        "milestones": ["project"],
        "reviews": ["project", "reviewer_user", "system"],
        "risks": ["owner_user", "project"],
        "service-years": ["service"],
        "updates": ["project"],
        "year-rollups": ["project", "system"],
    }


# Lineage takes two --------------------------------------------------------------------------------------


def _link(world: World) -> dict[str, Any]:
    return {
        "predecessor": world.system,
        "successor": world.other_system,
        "kind": "merged",
        "happened_on": date(2026, 4, 1),
        "note": "",
    }


@pytest.mark.parametrize("side", ["pmo", "other_pmo"])
def test_neither_ministry_alone_tells_what_became_of_two_systems(
    side: str, world: World, request: pytest.FixtureRequest, now: Any
) -> None:
    user = request.getfixturevalue(side)
    # Reading everything lets nobody write more.
    factories.MembershipFactory.create(user=user, role=Role.AUDITOR)
    with pytest.raises(PermissionDenied):
        register.create(act(user, now), KINDS["lineage"], _link(world))
    assert not SystemLineage.objects.exists()


@pytest.mark.parametrize("side", ["pmo", "other_pmo"])
def test_neither_ministry_alone_changes_or_takes_such_a_link(
    side: str, world: World, request: pytest.FixtureRequest, now: Any
) -> None:
    user = request.getfixturevalue(side)
    link = factories.SystemLineageFactory.create(
        predecessor=world.system, successor=world.other_system
    )
    own = world.system if side == "pmo" else world.other_system
    beside = factories.SystemFactory.create(agency=own.agency)
    for values in (
        {"note": "改める"},
        {"successor" if side == "pmo" else "predecessor": beside},
    ):
        with pytest.raises(PermissionDenied):
            register.edit(act(user, now), KINDS["lineage"], link.pk, values, version=link.version)
    api = Api.of(user)
    body = {"version": link.version, "note": "改める"}
    assert api.patch(f"lineage/{link.pk}/", body).status_code == 403
    assert f"/lineage/{link.pk}/edit/" not in _shown(signed_in(user).get(f"/lineage/{link.pk}/"))
    link.refresh_from_db()
    assert (link.note, link.version) == ("", 1)


def test_who_acts_for_both_ministries_may(world: World, pmo: User, now: Any) -> None:
    factories.MembershipFactory.create(user=pmo, role=Role.PMO, agency=world.other)
    link = register.create(act(pmo, now), KINDS["lineage"], _link(world))
    values = {"note": "改める"}
    register.edit(act(pmo, now), KINDS["lineage"], link.pk, values, version=link.version)
    assert SystemLineage.objects.get().note == "改める"


def test_within_one_ministry_its_pmo_tells_alone(world: World, pmo: User, now: Any) -> None:
    values = {**_link(world), "successor": world.sub_system}
    register.create(act(pmo, now), KINDS["lineage"], values)
    assert SystemLineage.objects.get().successor == world.sub_system
