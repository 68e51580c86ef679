"""The rollups sum in SQL what `projects.metrics.cost` sums in Python: both must agree."""

import random
from collections import defaultdict

import pytest

from projects.metrics import cost
from projects.metrics.types import Figure
from projects.metrics.types import ValueState as State
from projects.models import CostLine, System, YearRollup
from projects.models.choices import CostClass, Stage, ValueState
from projects.services import rollups
from tests import factories

pytestmark = pytest.mark.django_db

STATES = (*[ValueState.REPORTED] * 6, ValueState.MISSING, ValueState.WITHHELD)


def register_of(dice: random.Random) -> None:
    """Four systems, every second with a ledger that tells some years and stages; sheets that repeat, correct and leave out."""
    for number in range(4):
        system = factories.SystemFactory.create()
        classes = [item for item in CostClass if item != CostClass.UNCLASSIFIED or number % 2]
        seen = set()
        for _ in range(80):
            key = (
                dice.choice([2022, 2023, 2024]),
                dice.choice([2023, 2024, 2025]),
                dice.choice(classes),
                dice.choice([Stage.AVAILABLE, Stage.EXECUTED, Stage.SUPPLEMENTARY]),
                dice.choice(["一般会計", "特別会計"]),
            )
            if key in seen:
                continue
            seen.add(key)
            state = dice.choice(STATES)
            is_reported = state == ValueState.REPORTED
            factories.CostLineFactory.create(
                system=system,
                budget_year=key[0],
                sheet_year=key[1],
                cost_item__cost_class=key[2],
                stage=key[3],
                account=key[4],
                amount=dice.choice([0, dice.randrange(1, 10**12)]) if is_reported else None,
                amount_state=state,
            )


def _line(row: CostLine) -> cost.Line:
    return cost.Line(
        holder=row.system_id,
        budget_year=row.budget_year,
        item=row.cost_item.code,
        cost_class=cost.CostClass(row.cost_item.cost_class),
        stage=cost.Stage(row.stage),
        sheet_year=row.sheet_year,
        account=row.account,
        amount=Figure(row.amount, State(row.amount_state)),
    )


def _expected(system: System) -> dict[int, dict[str, int | None]]:
    """Figures a budget year; a figure that nobody reported is None."""
    rows = CostLine.objects.filter(system=system).select_related("cost_item")
    found: dict[int, dict[str, int | None]] = defaultdict(dict)
    for year in cost.yearly_cost(_line(row) for row in rows):
        for name in (*cost.Stage, *rollups.CLASSES):
            found[year.budget_year][str(name)] = None
        for stage, total in year.stages.items():
            found[year.budget_year][stage.value] = total.value
        for cost_class, total in year.executed_by_class.items():
            found[year.budget_year][cost_class.value] = total.value
    return found


@pytest.mark.parametrize("seed", range(6))
def test_both_ways_of_adding_up_agree(seed: int) -> None:
    register_of(random.Random(seed))
    rollups.recompute_all()
    compared = 0
    for system in System.objects.all():
        expected = _expected(system)
        for row in YearRollup.objects.filter(system=system):
            stored = {name: getattr(row, name) for name in expected[row.fiscal_year]}
            assert stored == expected.pop(row.fiscal_year)
            compared += sum(value is not None for value in stored.values())
        # A year of which nothing at all is known has no rollup.
        assert not any(value for year in expected.values() for value in year.values())
    assert compared > 20
