"""Lists: what a row says, filters, sorting, pages, and what they cost."""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from governance.models import User
from projects.api.collections import COLLECTIONS
from projects.models.choices import SystemStatus, ValueState
from tests import factories
from tests.conftest import World
from tests.projects.api.conftest import Api, Pair

pytestmark = pytest.mark.django_db


def _keys(rows: list[dict[str, Any]], name: str = "system_id") -> list[str]:
    return [row[name] for row in rows]


def test_a_system_names_its_relations_by_key(world: World, auditor: User) -> None:
    row = Api.of(auditor).get("systems/HOME-1/").json()
    assert row["agency"] == "home"
    assert row["system_class"] == "processing"
    assert row["status"] == "operating"
    assert row["version"] == 1
    assert row["url"] == "/api/v1/systems/HOME-1/"
    assert row["next_renewal_cost"] is None
    assert "id" not in row


def test_figures_come_exactly_and_say_why_they_are_missing(world: World, auditor: User) -> None:
    contract = factories.ContractFactory.create(
        agency=world.home,
        amount=999_999_999_999_999,  # The largest that is taken.
        award_ratio=Decimal("0.98500"),
        award_ratio_state=ValueState.REPORTED,
        bidders=None,
        bidders_state=ValueState.WITHHELD,
        signed_on=date(2026, 4, 1),
    )
    answer = Api.of(auditor).get(f"contracts/{contract.contract_id}/")
    assert b'"amount":999999999999999,' in answer.content
    row = answer.json()
    assert row["award_ratio"] == "0.98500"
    assert (row["bidders"], row["bidders_state"]) == (None, "withheld")
    assert row["signed_on"] == "2026-04-01"


def test_zero_is_not_nothing(everything: Mapping[str, Pair], auditor: User) -> None:
    rows = Api.of(auditor).results("year-rollups/", system="HOME-1")
    assert [(row["executed"], row["operation"]) for row in rows] == [(0, None)]


def test_a_list_says_the_same_as_a_record(everything: Mapping[str, Pair], auditor: User) -> None:
    api = Api.of(auditor)
    for slug in COLLECTIONS:
        for row in api.results(f"{slug}/"):
            assert api.get(row["url"].removeprefix("/api/v1/")).json() == row


def test_a_project_names_only_systems_that_the_reader_sees(
    world: World, pmo: User, auditor: User
) -> None:
    world.project.systems.add(world.other_system, world.sub_system)
    row = Api.of(pmo).get("projects/HOME-P1/").json()
    assert row["systems"] == ["HOME-1", "SUB-1"]
    assert Api.of(auditor).get("projects/HOME-P1/").json()["systems"] == [
        "HOME-1",
        "OTHER-1",
        "SUB-1",
    ]


def test_filters_are_those_of_the_pages(world: World, auditor: User) -> None:
    factories.SystemFactory.create(
        system_id="HOME-2", agency=world.home, status=SystemStatus.RETIRED
    )
    api = Api.of(auditor)
    # An agency with those below it.
    assert _keys(api.results("systems/", agency="home")) == ["HOME-1", "HOME-2", "SUB-1"]
    assert _keys(api.results("systems/", agency="home", status="retired")) == ["HOME-2"]
    assert _keys(api.results("systems/", q="別省")) == ["OTHER-1"]
    assert _keys(api.results("systems/", q="ｏｔｈｅｒ－１")) == ["OTHER-1"]
    assert _keys(api.results("projects/", system="HOME-1"), "code") == ["HOME-P1"]


def test_flags_and_rollups_can_be_narrowed(everything: Mapping[str, Pair], auditor: User) -> None:
    api = Api.of(auditor)
    assert len(api.results("flags/")) == 2
    assert [row["contract"] for row in api.results("flags/", agency="home")] == ["home-C1"]
    assert [row["figures"] for row in api.results("flags/", contract="home-C1")] == [{"bidders": 1}]
    assert api.results("flags/", open="no") == []
    assert len(api.results("flags/", open="yes", rule="single_bidder", severity="medium")) == 2
    assert api.results("flags/", rule="late_report") == []
    assert len(api.results("year-rollups/", fiscal_year="令和6年度")) == 2
    assert api.results("year-rollups/", fiscal_year="2023") == []
    assert len(api.results("service-rollups/", agency="other")) == 1


def test_the_trail_can_be_read_by_object_and_time(
    everything: Mapping[str, Pair], world: World, auditor: User
) -> None:
    api = Api.of(auditor)
    of_system = {"object_type": "system", "object_key": str(world.system.pk)}
    (row,) = api.results("audit-events/", **of_system)
    assert (row["verb"], row["after"]) == ("system.checked", {"name": "内務台帳"})
    assert api.results("audit-events/", object_type="system", object_key="0") == []
    assert len(api.results("audit-events/", since="2026-11-24T03:00:00Z", **of_system)) == 1
    assert api.results("audit-events/", until="2026-11-24T03:00:00Z", **of_system) == []


def test_what_was_saved_since(world: World, auditor: User) -> None:
    api = Api.of(auditor)
    assert len(api.results("systems/", updated_since="2020-01-01T00:00:00+09:00")) == 3
    assert api.results("systems/", updated_since="2100-01-01T00:00:00+09:00") == []


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ({"colour": "red"}, "colour"),
        ({"status": "exploded"}, "status"),
        ({"agency": "no-such"}, "agency"),
        ({"sort": "colour"}, "sort"),
        ({"sort": "--name"}, "sort"),
        ({"page_size": "1001"}, "page_size"),
        ({"page_size": "0"}, "page_size"),
        ({"page_size": "ten"}, "page_size"),
        ({"next_renewal_year": "soon"}, "next_renewal_year"),
        ({"updated_since": "yesterday"}, "updated_since"),
        ({"updated_since": "0001-01-01T00:00:00"}, "updated_since"),
        ({"updated_since": "9999-12-31T23:59:59-14:00"}, "updated_since"),
        ({"format": "csv"}, "format"),
    ],
)
def test_a_parameter_that_cannot_be_read_is_an_error(
    world: World, auditor: User, query: dict[str, str], named: str
) -> None:
    answer = Api.of(auditor).get("systems/", **query)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "invalid"
    assert list(answer.json()["error"]["fields"]) == [named]


def test_a_parameter_stands_once(world: World, auditor: User) -> None:
    answer = Api.of(auditor).client.get("/api/v1/systems/?agency=home&agency=other")
    assert answer.json()["error"]["fields"] == {"agency": ["Give this once."]}


def test_a_record_takes_no_parameters(world: World, auditor: User) -> None:
    answer = Api.of(auditor).get("systems/HOME-1/", fields="name")
    assert answer.status_code == 400
    assert list(answer.json()["error"]["fields"]) == ["fields"]


def test_unknown_values_sort_last_either_way(world: World, auditor: User) -> None:
    world.system.next_renewal_cost = 5
    world.system.save()
    world.sub_system.next_renewal_cost = 7
    world.sub_system.save()
    api = Api.of(auditor)
    rising = _keys(api.results("systems/", sort="next_renewal_cost"))
    assert rising == ["HOME-1", "SUB-1", "OTHER-1"]
    falling = _keys(api.results("systems/", sort="-next_renewal_cost"))
    assert falling == ["SUB-1", "HOME-1", "OTHER-1"]
    assert _keys(api.results("systems/", sort="-agency"))[0] == "SUB-1"


def test_pages_hold_every_row_once(world: World, auditor: User) -> None:
    api = Api.of(auditor)
    first = api.get("systems/", page_size="2", agency="").json()
    assert (first["count"], first["previous"]) == (3, None)
    second = api.client.get(first["next"]).json()
    assert second["next"] is None
    assert _keys(first["results"] + second["results"]) == ["HOME-1", "OTHER-1", "SUB-1"]
    assert api.get("systems/", page="3", page_size="2").status_code == 404


def test_a_key_that_no_database_takes_is_not_found(world: World, auditor: User) -> None:
    api = Api.of(auditor)
    assert api.get("systems/%00/").status_code == 400
    assert api.get("cost-lines/99999999999999999999999999/").status_code == 404
    assert api.get("cost-lines/abc/").status_code == 404


def test_an_id_with_signs_is_found_by_its_url(world: World, auditor: User) -> None:
    factories.SystemFactory.create(system_id="R5.1 号?#%", agency=world.home)
    api = Api.of(auditor)
    url = api.results("systems/", q="R5.1")[0]["url"]
    assert api.get(url.removeprefix("/api/v1/")).json()["system_id"] == "R5.1 号?#%"


def test_only_json_can_be_had(world: World, auditor: User) -> None:
    client = Api.of(auditor).client
    answer = client.get("/api/v1/systems/", headers={"accept": "text/csv"})
    assert answer.status_code == 406
    assert answer.json()["error"]["code"] == "not_acceptable"


def _systems(numbers: range, world: World) -> None:
    for _ in numbers:
        factories.SystemFactory.create(agency=world.home)


def _projects(numbers: range, world: World) -> None:
    for _ in numbers:
        factories.ProjectFactory.create(agency=world.home, systems=[world.system, world.sub_system])


def _costs(numbers: range, world: World) -> None:
    item = factories.CostItemFactory.create()
    for number in numbers:
        factories.CostLineFactory.create(system=world.system, cost_item=item, account=str(number))


def _findings(numbers: range, world: World) -> None:
    for _ in numbers:
        factories.FindingFactory.create(review=factories.ReviewFactory.create(system=world.system))


def _updates(numbers: range, world: World) -> None:
    for number in numbers:
        factories.MonthlyUpdateFactory.create(
            project=world.project, period=date(2020 + number // 12, number % 12 + 1, 1)
        )


@pytest.mark.parametrize(
    ("slug", "make"),
    [
        ("systems", _systems),
        ("projects", _projects),
        ("cost-lines", _costs),
        ("findings", _findings),
        ("updates", _updates),
    ],
)
def test_a_list_costs_the_same_at_3_and_30_rows(
    world: World, pmo: User, slug: str, make: Callable[[range, World], None]
) -> None:
    """Session, user, memberships, roles that ended, the agency tree (for rights and for the
    filter), what the filters offer, count, rows, and one more where rows hold keys."""
    api = Api.of(pmo)

    def cost(least: int) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert len(api.results(f"{slug}/", page_size="1000")) >= least
        return len(queries)

    make(range(3), world)
    few = cost(3)
    make(range(3, 30), world)
    assert cost(30) == few <= 10
