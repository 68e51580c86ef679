"""The figures for scripts: a shape that does not change, and one message for every mistake."""

import json
from datetime import UTC, date, datetime
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from governance import audit
from projects.metrics.dictionary import METRICS
from projects.metrics.risk import RULES
from projects.models.choices import ContractMethod, CostClass, Stage
from projects.services import flags, rollups
from tests import factories
from tests.conftest import World

pytestmark = pytest.mark.django_db

AS_OF = "2026-11-24"


def printed(*arguments: str) -> str:
    out = StringIO()
    call_command("portfolio", "--as-of", AS_OF, *arguments, stdout=out)
    return out.getvalue()


def portfolio(*arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(printed("--json", *arguments))
    return found


def none_of_any_rule() -> dict[str, dict[str, int]]:
    return {rule: {"high": 0, "medium": 0, "low": 0, "unknown": 0} for rule in RULES}


def test_an_empty_register_has_the_whole_shape_and_no_figure(db: None) -> None:
    told = portfolio()
    assert set(told.pop("metrics").values()) <= set(METRICS)
    assert told == {
        "as_of": AS_OF,
        "agencies": 0,
        "systems": 0,
        "projects": 0,
        "services": 0,
        "cost": {},
        "contracts": {"count": 0, "competitive": 0, "single_bid": 0, "single_bid_ratio": None},
        "services_online": {"cases": None, "online_cases": None, "use_ratio": None},
        "reviews": {"count": 0, "overdue": 0},
        "updates": {"due": 0, "late": 0},
        "flags": none_of_any_rule(),
    }


@pytest.fixture
def filled(world: World) -> World:
    for system, stage, cost_class, amount in (
        (world.system, Stage.EXECUTED, CostClass.DEVELOPMENT, 3_000_000_000_000),
        (world.system, Stage.EXECUTED, CostClass.OPERATION, 7),
        (world.system, Stage.INITIAL, CostClass.OPERATION, 11),
        (world.other_system, Stage.AVAILABLE, CostClass.OTHER, 13),
    ):
        factories.CostLineFactory.create(
            system=system, stage=stage, cost_item__cost_class=cost_class, amount=amount
        )
    factories.CostLineFactory.create(system=world.system, budget_year=2023, amount=5)
    for bidders in (1, 1, 2):
        factories.ContractFactory.create(
            agency=world.home, method=ContractMethod.OPEN_PRICE, bidders=bidders, fiscal_year=2024
        )
    service = factories.ServiceFactory.create(agency=world.home, systems=[world.system])
    factories.ServiceYearFactory.create(service=service, counted=True)
    factories.ReviewFactory.create(system=world.system, due_on=date(2026, 5, 1))
    factories.MonthlyUpdateFactory.create(project=world.project, submitted=True)
    rollups.recompute_all()
    act = audit.Act(user=None, at=datetime(2026, 11, 24, tzinfo=UTC), source="test")
    flags.recompute_all(act, as_of=date(2026, 11, 24))
    return world


def test_the_figures_of_a_small_register(filled: World) -> None:
    found = portfolio()
    assert found["agencies"] == 3
    assert (found["systems"], found["projects"], found["services"]) == (3, 2, 1)
    assert found["cost"] == {
        "2023": {
            "development": None,
            "operation": 5,
            "other": None,
            "initial": None,
            "available": None,
            "executed": 5,
        },
        "2024": {
            "development": 3_000_000_000_000,
            "operation": 7,
            "other": None,
            "initial": 11,
            "available": 13,
            "executed": 3_000_000_000_007,
        },
    }
    assert found["contracts"] == {
        "count": 3,
        "competitive": 3,
        "single_bid": 2,
        "single_bid_ratio": 0.666667,
    }
    assert found["services_online"] == {"cases": 100, "online_cases": 50, "use_ratio": 0.5}
    assert found["reviews"] == {"count": 1, "overdue": 1}
    assert found["updates"] == {"due": 2, "late": 1}
    assert set(found["flags"]) == set(RULES)
    assert found["flags"]["review_overdue"]["high"] == 1
    assert found["flags"]["single_bidder"]["medium"] == 2


def test_a_year_keeps_what_belongs_to_it(filled: World) -> None:
    found = portfolio("--year", "2023")
    assert list(found["cost"]) == ["2023"]
    assert found["contracts"]["count"] == 0
    assert found["services_online"]["use_ratio"] is None
    assert found["systems"] == 3


def test_an_agency_takes_those_below_it_along(filled: World) -> None:
    assert portfolio("--agency", "home")["systems"] == 2
    assert portfolio("--agency", "sub")["systems"] == 1
    other = portfolio("--agency", "other")
    assert other["cost"]["2024"]["executed"] is None
    assert other["contracts"]["single_bid_ratio"] is None


def test_an_agency_that_is_no_longer_valid_is_not_counted(filled: World) -> None:
    filled.sub.valid_to = date(2026, 3, 31)
    filled.sub.save()
    assert portfolio()["agencies"] == 2
    assert portfolio()["systems"] == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--agency", "nowhere"), "There is no agency nowhere."),
        (("--year", "24"), "“24” is not a fiscal year"),
        (("--year", "two"), "“two” is not a fiscal year"),
        (("--as-of", "2026-02-30"), "“2026-02-30” is no date"),
        (("--as-of", "yesterday"), "“yesterday” is no date"),
    ],
)
def test_what_cannot_be_understood_ends_in_one_message(
    db: None, arguments: tuple[str, str], message: str
) -> None:
    with pytest.raises(CommandError, match=message):
        portfolio(*arguments)


def test_people_read_the_same_figures(filled: World) -> None:
    text = printed()
    assert "As of: 2026-11-24" in text
    assert "FY2024 Executed: ¥3,000,000,000,007" in text
    assert "FY2024 Other: –" in text
    assert "Single bids: 2 (66.7%)" in text
    assert "Reports late: 1 / 2" in text
    assert "Review overdue: high 1, medium 0, low 0, unknown 0" in text
