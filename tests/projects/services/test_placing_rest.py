"""The ways round the rules of place and figures: the grid, a file, a request, another account."""

from datetime import datetime
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction

from governance.access import Role
from governance.exceptions import DomainError
from governance.models import User
from projects.imports import sheets
from projects.models import ChangeRequest, CostLine, KpiMethod
from projects.models.choices import Stage
from projects.register import KINDS
from projects.services import changes, cost_grid, register, requests
from tests import factories
from tests.conftest import World, act, person

pytestmark = pytest.mark.django_db

KEY = ("item-operation", "initial", 2026)


def test_the_grid_takes_no_sheet_of_a_year_to_come(world: World, pmo: User, now: datetime) -> None:
    factories.CostItemFactory.create(code="item-operation")
    with pytest.raises(cost_grid.GridRefused) as refused:
        cost_grid.save(act(pmo, now), world.system, 2027, {KEY: cost_grid.Entry("7")})
    assert "has not begun" in refused.value.errors[KEY]
    assert cost_grid.save(act(pmo, now), world.system, 2026, {KEY: cost_grid.Entry("7")}) == 1


# A settled year ---------------------------------------------------------------------------------------


def settled(world: World, stage: str) -> CostLine:
    made: CostLine = factories.CostLineFactory.create(
        system=world.system, budget_year=2023, sheet_year=2024, stage=stage, amount=1_000
    )
    return made


@pytest.mark.parametrize(
    ("stage", "role"), [(Stage.INITIAL, Role.PMO), (Stage.EXECUTED, Role.ACCOUNTING)]
)
@pytest.mark.parametrize("other", [{"sheet_year": 2026}, {"account": "別の会計"}])
def test_no_new_line_stands_beside_a_settled_one(
    stage: str, role: Role, other: dict[str, Any], world: World, now: datetime
) -> None:
    line = settled(world, stage)
    user = person(role, world)
    values = {
        "system": world.system,
        "budget_year": 2023,
        "sheet_year": 2024,
        "cost_item": line.cost_item,
        "stage": stage,
        "amount": 99,
        "amount_state": "reported",
        **other,
    }
    with pytest.raises(ValidationError, match="is settled"):
        register.create(act(user, now), KINDS["cost-lines"], values)
    # Nor is it taken back by a line that withholds it.
    withheld = values | {"amount": None, "amount_state": "withheld"}
    with pytest.raises(ValidationError, match="is settled"):
        register.create(act(user, now), KINDS["cost-lines"], withheld)
    # Another year is a first entry at any time.
    assert register.create(act(user, now), KINDS["cost-lines"], {**values, "budget_year": 2022})


def test_an_empty_line_is_no_way_round(world: World, pmo: User, now: datetime) -> None:
    line = settled(world, Stage.INITIAL)
    values = {
        "system": world.system,
        "budget_year": 2023,
        "sheet_year": 2026,
        "cost_item": line.cost_item,
        "stage": Stage.INITIAL,
        "amount_state": "missing",
    }
    empty = factories.CostLineFactory.create(**values, amount=None)
    with pytest.raises(ValidationError, match="is settled"):
        register.edit(
            act(pmo, now),
            KINDS["cost-lines"],
            empty.pk,
            {"amount": 9, "amount_state": "reported"},
            version=empty.version,
        )


def test_the_grid_adds_nothing_to_a_settled_year(world: World, pmo: User, now: datetime) -> None:
    line = settled(world, Stage.INITIAL)
    key = (line.cost_item.code, "initial", 2023)
    for sheet_year, account in ((2026, ""), (2024, "別の会計")):
        with pytest.raises(cost_grid.GridRefused) as refused:
            cost_grid.save(
                act(pmo, now),
                world.system,
                sheet_year,
                {key: cost_grid.Entry("5")},
                account=account,
            )
        assert "is settled" in refused.value.errors[key]


# Methods ----------------------------------------------------------------------------------------------


def test_no_method_begins_where_actuals_stand(world: World, pmo: User, now: datetime) -> None:
    kpi = factories.KpiFactory.create(system=world.system)
    factories.KpiValueFactory.create(kpi=kpi, fiscal_year=2025, actual=18, actual_state="reported")
    first = {"from_year": 2010, "description": "調査票", "reason": ""}
    # The first tells how what stands was measured.
    requests.add_method(act(pmo, now), kpi, first)
    for year in (2024, 2025):
        with pytest.raises(ValidationError) as refused:
            requests.add_method(act(pmo, now), kpi, {**first, "from_year": year, "reason": "偏り"})
        assert "from_year" in refused.value.message_dict
    requests.add_method(act(pmo, now), kpi, {**first, "from_year": 2026, "reason": "偏り"})
    assert KpiMethod.objects.count() == 2


def test_no_method_begins_under_a_locked_target(world: World, pmo: User, now: datetime) -> None:
    """Seen: the year's actual then stood under the new method, and the target waited for ever."""
    kpi = factories.KpiFactory.create(system=world.system)
    for year in (2025, 2027):
        factories.KpiValueFactory.create(
            kpi=kpi, fiscal_year=year, target=18, target_state="reported"
        )
    values = {"from_year": 2010, "description": "調査票", "reason": "偏り"}
    requests.add_method(act(pmo, now), kpi, values)
    for year in (2024, 2025):
        with pytest.raises(ValidationError, match="Figures stand"):
            requests.add_method(act(pmo, now), kpi, {**values, "from_year": year})
    # A target of a year to come is open.
    requests.add_method(act(pmo, now), kpi, {**values, "from_year": 2026})


# Requests and files -------------------------------------------------------------------------------------


def test_nobody_asks_a_record_into_another_ministry(world: World, pmo: User, now: datetime) -> None:
    kpi = factories.KpiFactory.create(system=world.system)
    factories.KpiValueFactory.create(kpi=kpi, fiscal_year=2025, target=18, target_state="reported")
    for holder in (
        {"project": world.other_project, "system": None},
        {"system": world.other_system},
    ):
        with pytest.raises(PermissionDenied), transaction.atomic():
            changes.request(act(pmo, now, "十分に長い理由です。"), KINDS["kpis"], kpi.pk, holder)
    assert not ChangeRequest.objects.exists()


def test_what_no_approval_could_write_is_not_asked_for(
    world: World, pmo: User, now: datetime
) -> None:
    review = factories.ReviewFactory.create(
        system=None,
        project=world.project,
        review_type__layer="third_party",
        verdict="stop",
    )
    dummy = factories.ProjectFactory.create(code="HOME-P9", agency=world.home)
    with pytest.raises(ValidationError, match="verdict stand"):
        changes.request(
            act(pmo, now, "十分に長い理由です。"), KINDS["reviews"], review.pk, {"project": dummy}
        )


def test_a_file_that_links_what_one_may_only_read_is_refused_at_its_row(
    world: World, now: datetime
) -> None:
    adviser = person(Role.ADVISOR, world)
    factories.MembershipFactory.create(user=adviser, role=Role.PMO, agency=world.home)
    content = sheets.template_csv("projects", adviser).decode("utf-8-sig")
    assert "HOME-1" in content
    content = content.replace("HOME-1", "OTHER-1", 1)
    checked = sheets.check(
        content.encode(), file_name="x.csv", kind="projects", user=adviser, on=now.date()
    )
    assert checked.errors == []
    with pytest.raises(DomainError, match="the link gives rights on it"), transaction.atomic():
        sheets.commit(act(adviser, now), checked)
