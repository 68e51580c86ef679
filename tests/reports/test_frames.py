"""The wide table for analysts: exact, and unknown is never zero."""

import csv
from io import StringIO

import pytest

from governance.models import User
from projects.models.choices import CostClass
from projects.services import rollups
from tests import factories
from tests.conftest import World, signed_in

pytestmark = pytest.mark.django_db


def test_the_wide_table_holds_exact_yen_and_leaves_unknown_empty(world: World, cio: User) -> None:
    # 2^53 + 1, which no binary fraction holds: nine lines of the most one line takes, and a rest.
    lines = [10**15] * 9 + [7_199_254_740_993]
    for n, (system, year, cost_class, amount) in enumerate(
        [
            *((world.system, 2023, CostClass.DEVELOPMENT, amount) for amount in lines),
            (world.system, 2024, CostClass.OPERATION, 0),
            (world.other_system, 2024, CostClass.OPERATION, 7),
        ]
    ):
        factories.CostLineFactory.create(
            system=system,
            budget_year=year,
            cost_item__cost_class=cost_class,
            account=f"会計{n}",
            amount=amount,
        )
    rollups.recompute_all()
    file = signed_in(cio).get("/portfolio/export.csv?table=cost-cube")
    rows = list(csv.reader(StringIO(b"".join(file).decode("utf-8-sig"))))
    head, home, other = rows[0], rows[1], rows[2]
    assert head[2:] == [
        "FY2023 development (yen)",
        "FY2023 executed (yen)",
        "FY2024 operation (yen)",
        "FY2024 executed (yen)",
    ]
    assert home == ["Home Ministry", "home", "9007199254740993", "9007199254740993", "0", "0"]
    assert other == ["Other Ministry", "other", "", "", "7", "7"]


def test_an_empty_portfolio_gives_an_empty_table(world: World, cio: User) -> None:
    file = signed_in(cio).get("/portfolio/export.csv?table=cost-cube")
    assert file.status_code == 200
    assert b'"Agency"' in b"".join(file)
