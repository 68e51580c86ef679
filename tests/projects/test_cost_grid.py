"""The cost grid: what is read, refused, kept and written."""

import re
from datetime import datetime
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from hypothesis import given
from hypothesis import strategies as st

from governance import audit
from governance.access import Role
from governance.models import AuditEvent, User
from projects.grid import UNITS, in_unit
from projects.models import CostLine, YearRollup
from projects.models.choices import CostClass, Stage, ValueState
from projects.services import cost_grid
from projects.services.cost_grid import Entry, GridConflict, GridRefused, read
from tests import factories
from tests.conftest import World, act, person, signed_in

pytestmark = pytest.mark.django_db

KEY = ("item-operation", "initial", 2025)


@pytest.fixture
def line(world: World) -> CostLine:
    made: CostLine = factories.CostLineFactory.create(
        system=world.system, budget_year=2025, sheet_year=2026, stage=Stage.INITIAL,
        amount=1_234_567,
    )  # fmt: skip
    return made


def save(world: World, user: User, now: datetime, cells: dict[Any, Any], unit: int = 1) -> int:
    entries = {key: e if isinstance(e, Entry) else Entry(e) for key, e in cells.items()}
    return cost_grid.save(act(user, now), world.system, 2026, entries, unit=unit)


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("", 1, (None, ValueState.MISSING)),
        ("１，２００", 1, (1200, ValueState.REPORTED)),
        ("1.5", 1000, (1500, ValueState.REPORTED)),
        ("1.234567", 1_000_000, (1_234_567, ValueState.REPORTED)),
        ("3億円", 1000, (300_000_000, ValueState.REPORTED)),
        ("△5", 1000, (-5000, ValueState.REPORTED)),
        ("該当なし", 1, (None, ValueState.NOT_APPLICABLE)),
        ("N/A", 1, (None, ValueState.NOT_APPLICABLE)),
        ("秘", 1, (None, ValueState.WITHHELD)),
    ],
)
def test_cells_are_read_in_the_unit_of_the_page(text: str, unit: int, value: Any) -> None:
    assert read(text, unit) == value


@given(st.integers(-(10**15), 10**15), st.sampled_from(list(UNITS)))
def test_what_a_cell_shows_is_what_it_means(amount: int, unit: int) -> None:
    assert read(in_unit(amount, unit), unit) == (amount, ValueState.REPORTED)


def test_a_block_is_saved_at_once_and_told_by_line(
    world: World, pmo: User, line: CostLine, now: datetime
) -> None:
    cells = {
        KEY: Entry("2", line.version),
        ("item-operation", "initial", 2026): "3",
        ("item-operation", "requested", 2026): "秘",
        ("item-operation", "transfers", 2026): "-1",
        ("item-operation", "requested", 2025): "",
    }
    assert save(world, pmo, now, cells, unit=1_000_000) == 4
    rows = CostLine.objects.order_by("budget_year", "stage").values_list("stage", "amount")
    assert list(rows) == [
        ("initial", 2_000_000), ("initial", 3_000_000), ("requested", None),
        ("transfers", -1_000_000),
    ]  # fmt: skip
    assert AuditEvent.objects.filter(object_type="costline").count() == 4
    assert YearRollup.objects.get(fiscal_year=2026).initial == 3_000_000
    assert list(audit.verify()) == []


def test_an_untouched_cell_keeps_its_last_yen(
    world: World, pmo: User, line: CostLine, now: datetime
) -> None:
    assert save(world, pmo, now, {KEY: Entry("1.234567", line.version)}, 1_000_000) == 0
    line.refresh_from_db()
    assert (line.amount, line.version) == (1_234_567, 1)


def test_a_cleared_cell_is_unknown_not_zero(
    world: World, pmo: User, line: CostLine, now: datetime
) -> None:
    assert save(world, pmo, now, {KEY: Entry("", line.version)}) == 1
    line.refresh_from_db()
    assert (line.amount, line.amount_state) == (None, ValueState.MISSING)


def test_every_fault_is_told_and_nothing_is_written(
    world: World, pmo: User, line: CostLine, now: datetime
) -> None:
    cells = {
        KEY: Entry("たくさん", line.version),
        ("item-operation", "initial", 2026): "-5",
        ("nothing", "initial", 2026): "5",
        ("item-operation", "requested", 2026): "5",
    }
    with pytest.raises(GridRefused) as told:
        save(world, pmo, now, cells)
    assert len(told.value.errors) == 3
    assert "Only supplements" in told.value.errors["item-operation", "initial", 2026]
    assert CostLine.objects.count() == 1


def test_a_colleagues_figure_is_not_written_over(
    world: World, pmo: User, line: CostLine, now: datetime
) -> None:
    save(world, pmo, now, {KEY: Entry("5", line.version)})
    with pytest.raises(GridConflict) as told:
        save(world, pmo, now, {KEY: Entry("6", line.version)})
    assert told.value.theirs[KEY].amount == 5
    # Who types the same has no conflict.
    assert save(world, pmo, now, {KEY: Entry("5", line.version)}) == 0


def test_execution_is_accountings_alone(
    world: World, pmo: User, line: CostLine, now: datetime
) -> None:
    clerk = person(Role.ACCOUNTING, world)
    executed = ("item-operation", "executed", 2025)
    with pytest.raises(PermissionDenied):
        save(world, pmo, now, {executed: "5"})
    with pytest.raises(PermissionDenied):
        save(world, clerk, now, {KEY: Entry("5", line.version)})
    assert save(world, clerk, now, {executed: "5"}) == 1


URL = "/systems/HOME-1/costs/?sheet_year=2026"


def text(response: Any) -> str:
    found: str = response.content.decode()
    return found


def test_the_page_offers_what_the_reader_may_write(world: World, pmo: User, line: CostLine) -> None:
    factories.CostLineFactory.create(
        system=world.system, budget_year=2025, sheet_year=2026, stage=Stage.EXECUTED, amount=9
    )
    page = text(signed_in(pmo).get(URL))
    assert 'name="c-item-operation-initial-2025" value="1,234,567"' in page
    assert 'name="c-item-operation-executed-2025"' not in page
    assert "data-fixed>9<" in page
    clerk = text(signed_in(person(Role.ACCOUNTING, world)).get(URL))
    assert 'name="c-item-operation-executed-2025"' in clerk
    assert 'name="c-item-operation-initial-2025"' not in clerk


def test_units_rows_and_earlier_reports(world: World, pmo: User, line: CostLine) -> None:
    factories.CostItemFactory.create(code="extra", name="追加", cost_class=CostClass.DEVELOPMENT)
    factories.CostLineFactory.create(
        system=world.system, budget_year=2026, sheet_year=2025, stage=Stage.INITIAL, amount=7
    )
    page = text(signed_in(pmo).get(f"{URL}&unit=1000&item=extra&stage=requested"))
    assert 'value="1,234.567"' in page
    assert "c-extra-requested-2026" in page
    assert "reported in 2025: 0.007" in page


def test_a_refused_grid_keeps_what_was_typed(world: World, pmo: User, line: CostLine) -> None:
    client = signed_in(pmo)
    data = {"c-item-operation-initial-2025": "百", "v-item-operation-initial-2025": "1"}
    answer = client.post(URL, data)
    assert answer.status_code == 422
    assert 'value="百"' in text(answer)
    assert "is not a number" in text(answer)


def test_a_conflict_shows_both_and_takes_a_knowing_second_save(
    world: World, pmo: User, line: CostLine
) -> None:
    client = signed_in(pmo)
    CostLine.objects.filter(pk=line.pk).update(amount=5, version=2)
    data = {"c-item-operation-initial-2025": "6", "v-item-operation-initial-2025": "1"}
    answer = client.post(URL, data)
    page = text(answer)
    assert answer.status_code == 409
    assert "stored now: 5" in page
    assert 'value="6"' in page
    version = re.search(r'name="v-item-operation-initial-2025" value="(\d+)"', page)
    assert version is not None
    client.post(URL, {**data, "v-item-operation-initial-2025": version[1]})
    line.refresh_from_db()
    assert line.amount == 6


def test_hostile_addresses(world: World, pmo: User, line: CostLine) -> None:
    client = signed_in(pmo)
    for query in ("sheet_year=x", "from=2099&to=1", "unit=7", "item=x&stage=x", "from=9" * 9):
        assert client.get(f"/systems/HOME-1/costs/?{query}").status_code == 200
    assert client.get("/systems/OTHER-1/costs/").status_code == 404
    assert client.post("/systems/OTHER-1/costs/").status_code == 404


@pytest.mark.parametrize(
    ("role", "offered", "kept"),
    [
        (Role.PMO, 'value="initial"', 'value="executed"'),
        (Role.ACCOUNTING, 'value="executed"', 'value="initial"'),
        (Role.AUDITOR, "No figure is on record for these years.", "Add rows"),
    ],
)
def test_rows_are_offered_only_to_who_may_fill_them(
    world: World, role: Role, offered: str, kept: str
) -> None:
    html = signed_in(person(role, world)).get("/systems/HOME-1/costs/").content.decode()
    assert offered in html
    assert kept not in html
