"""What projects cost and promise, from one source for their own page and the portfolio's."""

from datetime import date
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from projects.figures import figures_of
from projects.metric_text import rates_in_words
from projects.metrics import promise
from projects.models.choices import RequestState, ValueState
from projects.services import rollups
from projects.worth import flows, read_rate
from tests import factories
from tests.conftest import World

pytestmark = pytest.mark.django_db

DAY = date(2026, 11, 24)


@pytest.fixture
def planned(world: World) -> World:
    """Home: the second plan counts, a third one is not agreed. Other: cost lines only."""
    for number, budget, agreed, state in (
        (1, 1_000, date(2025, 4, 1), RequestState.APPROVED),
        (2, 2_400, date(2026, 4, 1), RequestState.APPROVED),
        (3, 9_999, date(2026, 12, 1), RequestState.APPROVED),
        (None, 9_999, None, RequestState.REQUESTED),
    ):
        factories.BaselineFactory.create(
            project=world.project, number=number, budget_at_completion=budget, agreed_on=agreed,
            state=state, reason="" if number == 1 else "範囲の変更", planned_start_on=date(2025, 4, 1), planned_end_on=date(2027, 3, 31),
        )  # fmt: skip
    factories.CostLineFactory.create(
        system=None, project=world.other_project, budget_year=2024, amount=700
    )
    factories.BenefitFactory.create(
        project=world.project, fiscal_year=2027, planned=3_000, planned_state=ValueState.REPORTED
    )
    rollups.recompute_all()
    return world


def test_the_current_plan_is_spread_over_its_years(planned: World) -> None:
    found = flows([planned.project.pk, planned.other_project.pk], DAY)
    home, other = found[planned.project.pk], found[planned.other_project.pk]
    assert (home.plan, home.costs) == (2, {2025: 1_200, 2026: 1_200})
    assert home.planned == home.expected(DAY) == {2027: 3_000}
    assert (other.plan, other.costs, other.planned) == (None, {2024: 700}, {})
    before = flows([planned.project.pk], date(2026, 3, 1))[planned.project.pk]
    assert (before.plan, before.costs) == (1, {2025: 500, 2026: 500})


def test_the_page_of_the_project_says_the_same(planned: World) -> None:
    own = flows([planned.project.pk], DAY)[planned.project.pk]
    worth = promise.worth(own.costs, own.expected(DAY), Decimal("0.04"))
    assert worth is not None
    figures = {f.metric.id: f.measure for f in figures_of(planned.project, DAY).figures}
    assert figures["npv"].value == worth.appraisal.npv
    assert figures["bcr"] == worth.appraisal.bcr
    assert figures["payback"] == worth.payback
    assert figures["discounted_payback"] == worth.discounted_payback


def test_many_projects_cost_as_many_statements_as_one(planned: World) -> None:
    many = [factories.ProjectFactory.create(agency=planned.home).pk for _ in range(20)]
    with CaptureQueriesContext(connection) as captured:
        assert len(flows([planned.project.pk, *many], DAY)) == 21
    assert len(captured) == 3


@pytest.mark.parametrize(
    ("text", "rate"), [("4", "0.04"), ("3.5%", "0.035"), ("0", "0"), ("100", "1")]
)
def test_a_rate_is_read_in_percent(text: str, rate: str) -> None:
    assert read_rate(text) == Decimal(rate)


@pytest.mark.parametrize("text", ["abc", "-1", "100.1", "4円"])
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        read_rate(text)


def test_rates_of_return_in_words() -> None:
    assert rates_in_words([Decimal("0.1")]) == ""
    assert rates_in_words([]) == "no rate makes it zero"
    assert rates_in_words([Decimal(0), Decimal(1)]) == "several rates: 0%, 100.0%"
