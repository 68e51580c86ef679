"""No record is moved to where its writer has no office, and no link takes rights."""

from datetime import date, datetime
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from governance.access import Action, Role, can, forget_rights
from governance.models import User
from projects.models import Finding, KpiMethod, KpiValue, Project, Review
from projects.models.choices import ReviewLayer, Stage, ValueState
from projects.register import KINDS
from projects.services import register
from tests import factories
from tests.conftest import World, act, person

pytestmark = pytest.mark.django_db


def edit(user: User, now: datetime, slug: str, obj: Any, **values: Any) -> Any:
    forget_rights(user)
    obj.refresh_from_db()
    return register.edit(act(user, now), KINDS[slug], obj.pk, values, version=obj.version)


def create(user: User, now: datetime, slug: str, **values: Any) -> Any:
    return register.create(act(user, now), KINDS[slug], values)


# Agencies -------------------------------------------------------------------------------------------


def test_who_works_for_a_project_moves_it_nowhere(world: World, pjmo: User, now: datetime) -> None:
    """Not even where the same person holds an office: there they would approve the others' work."""
    factories.MembershipFactory.create(user=pjmo, role=Role.PMO, agency=world.other)
    with pytest.raises(PermissionDenied):
        edit(pjmo, now, "projects", world.project, agency=world.other)
    with pytest.raises(PermissionDenied):
        edit(pjmo, now, "systems", world.system, agency=world.other)
    world.project.refresh_from_db()
    assert world.project.agency == world.home


def test_an_office_moves_records_within_its_own_agencies_alone(
    world: World, pmo: User, now: datetime
) -> None:
    assert edit(pmo, now, "systems", world.system, agency=world.sub).agency == world.sub
    with pytest.raises(PermissionDenied):
        edit(pmo, now, "systems", world.system, agency=world.other)


def test_a_projects_contract_stands_where_the_project_is(
    world: World, pjmo: User, now: datetime
) -> None:
    values = {
        "contract_id": "C-1",
        "title": "開発",
        "project": world.project,
        "vendor": "甲社",
        "fiscal_year": 2026,
        "signed_on": date(2026, 6, 1),
        "amount": 1,
        "amount_state": ValueState.REPORTED,
    }
    with pytest.raises(PermissionDenied):
        create(pjmo, now, "contracts", **values, agency=world.other)
    assert create(pjmo, now, "contracts", **values, agency=world.home).agency == world.home


# Links ----------------------------------------------------------------------------------------------


def test_a_link_takes_no_rights_on_what_one_may_only_read(
    world: World, pmo: User, now: datetime
) -> None:
    """An adviser reads the whole government; a role in a project makes them no office elsewhere."""
    adviser = person(Role.ADVISOR, world)
    factories.MembershipFactory.create(user=adviser, role=Role.PJMO, project=world.project)
    systems = [world.system, world.other_system]
    with pytest.raises(ValidationError, match="the link gives rights on it"):
        edit(adviser, now, "projects", world.project, systems=systems)
    assert not can(adviser, Action.EDIT, world.other_system)
    assert edit(pmo, now, "projects", world.project, systems=[world.system, world.sub_system])


def test_no_unlinking_takes_a_case_from_its_verifier(
    world: World, pmo: User, now: datetime
) -> None:
    """The office would put a harsh review out of the reviewer's sight."""
    verifier = person(Role.VERIFIER, world)
    case = factories.ReviewFactory.create(
        system=world.system, review_type__layer=ReviewLayer.THIRD_PARTY, is_complete=False
    )
    with pytest.raises(ValidationError, match="that case has to end first"):
        edit(pmo, now, "projects", world.project, systems=[world.sub_system])
    assert can(verifier, Action.EDIT, case)
    assert edit(pmo, now, "projects", world.project, systems=[world.system, world.sub_system])
    Review.objects.filter(pk=case.pk).update(is_complete=True)
    assert edit(pmo, now, "projects", world.project, systems=[world.sub_system])


# Reviews, findings, plans -----------------------------------------------------------------------------


@pytest.mark.parametrize("layer", [ReviewLayer.THIRD_PARTY, ReviewLayer.CIO, ReviewLayer.MINISTRY])
def test_a_review_stays_with_those_who_judge(
    layer: str, world: World, pjmo: User, now: datetime
) -> None:
    own = factories.ReviewFactory.create(
        system=None, project=world.project, review_type__layer=ReviewLayer.SELF, verdict=""
    )
    other = factories.ReviewTypeFactory.create(layer=layer)
    with pytest.raises(ValidationError, match="stays with those who judge"):
        edit(
            pjmo, now, "reviews", own,
            review_type=other, reviewer="政府CIO室", verdict="proceed", is_complete=True,
            held_on=date(2026, 11, 1),
        )  # fmt: skip
    assert Review.objects.get(pk=own.pk).review_type == own.review_type


def test_a_judged_review_stays_with_its_project(world: World, pmo: User, now: datetime) -> None:
    dummy = factories.ProjectFactory.create(code="HOME-P9", agency=world.home)
    judged = factories.ReviewFactory.create(
        system=None,
        project=world.project,
        review_type__layer=ReviewLayer.MINISTRY,
        verdict="stop",
        is_complete=False,
    )
    with pytest.raises(ValidationError, match="verdict"):
        edit(pmo, now, "reviews", judged, project=dummy)


def test_a_finding_stays_with_its_review(world: World, pmo: User, now: datetime) -> None:
    own = factories.FindingFactory.create(
        review__system=None,
        review__project=world.project,
        review__review_type__layer=ReviewLayer.MINISTRY,
    )
    third = factories.ReviewFactory.create(
        system=None, project=world.project, review_type__layer=ReviewLayer.THIRD_PARTY
    )
    with pytest.raises(ValidationError, match="stays with its review"):
        edit(pmo, now, "findings", own, review=third)
    assert Finding.objects.get(pk=own.pk).review_id == own.review_id


def test_nobody_answers_and_closes_in_one_step(world: World, pmo: User, now: datetime) -> None:
    finding = factories.FindingFactory.create(
        review__system=None,
        review__project=world.project,
        review__review_type__layer=ReviewLayer.MINISTRY,
        answer="",
        accepted_on=None,
    )
    with pytest.raises(ValidationError, match="answered themselves"):
        edit(pmo, now, "findings", finding, answer="済み", accepted_on=date(2026, 11, 24))


def test_nothing_is_smuggled_into_an_agreed_plan(world: World, pmo: User, now: datetime) -> None:
    factories.BaselineFactory.create(project=world.project)
    dummy = factories.ProjectFactory.create(code="HOME-P9", agency=world.home)
    milestone = factories.MilestoneFactory.create(project=dummy, weight=50)
    with pytest.raises(ValidationError, match="the plan that was agreed"):
        edit(pmo, now, "milestones", milestone, project=world.project)


# Figures ----------------------------------------------------------------------------------------------


def test_no_sheet_of_a_year_to_come_replaces_a_figure(
    world: World, pjmo: User, now: datetime
) -> None:
    item = factories.CostItemFactory.create()
    values = {
        "system": world.system,
        "budget_year": 2026,
        "cost_item": item,
        "stage": Stage.INITIAL,
        "amount": 7,
        "amount_state": ValueState.REPORTED,
    }
    with pytest.raises(ValidationError, match="has not begun"):
        create(pjmo, now, "cost-lines", **values, sheet_year=2027)
    assert create(pjmo, now, "cost-lines", **values, sheet_year=2026).sheet_year == 2026


def test_a_second_method_puts_no_other_actual_in_the_place_of_the_reported_one(
    world: World, pmo: User, now: datetime
) -> None:
    kpi = factories.KpiFactory.create(system=world.system)
    factories.KpiValueFactory.create(kpi=kpi, fiscal_year=2025, actual=18, actual_state="reported")
    for number, year in ((1, 2010), (2, 2025)):
        KpiMethod.objects.create(
            kpi=kpi, number=number, from_year=year, description="数え方", reason="理由"
        )
    with pytest.raises(ValidationError):
        create(
            pmo, now, "kpi-values",
            kpi=kpi, fiscal_year=2025, method_version=2, actual=99_999, actual_state="reported",
        )  # fmt: skip
    assert KpiValue.objects.get(kpi=kpi).actual == 18
    assert Project.objects.count() == 2
