"""Sums that no number of rows can overflow."""

import pytest
from django.db.models import Count, F, Q
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from governance.fields.bounds import SUM_MAX
from governance.sums import ExactSum, largest_first
from projects.models import YearRollup
from tests.conftest import World

pytestmark = pytest.mark.django_db

KEPT = st.none() | st.integers(-SUM_MAX, SUM_MAX)


def rollups(world: World, amounts: list[int | None], agency: str = "home") -> None:
    """A row a year: years are free here, amounts count."""
    YearRollup.objects.bulk_create(
        YearRollup(
            system=world.system if agency == "home" else world.other_system,
            agency=world.home if agency == "home" else world.other,
            fiscal_year=1980 + number,
            executed=amount,
        )
        for number, amount in enumerate(amounts)
    )


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(amounts=st.lists(KEPT, max_size=12))
def test_a_sum_is_exact(amounts: list[int | None], world: World) -> None:
    YearRollup.objects.all().delete()
    rollups(world, amounts)
    known = [amount for amount in amounts if amount is not None]
    found = YearRollup.objects.aggregate(
        all=ExactSum("executed"),
        negative=ExactSum("executed", filter=Q(executed__lt=0)),
        doubled=ExactSum(F("fiscal_year") * 2),
    )
    assert found["all"] == (sum(known) if known else None)
    assert (found["negative"] or 0) == sum(amount for amount in known if amount < 0)
    assert (found["doubled"] or 0) == sum(2 * (1980 + n) for n in range(len(amounts)))


def test_a_sum_by_group_beside_other_figures(world: World) -> None:
    rollups(world, [SUM_MAX, SUM_MAX, None])
    rollups(world, [-SUM_MAX, -SUM_MAX, 7], "other")
    rows = YearRollup.objects.values("agency__code").annotate(
        total=ExactSum("executed"), rows=Count("pk")
    )
    assert sorted(rows.values_list("agency__code", "total", "rows")) == [
        ("home", 2 * SUM_MAX, 3),
        ("other", 7 - 2 * SUM_MAX, 3),
    ]


@pytest.mark.parametrize(
    ("home", "other"),
    [
        ([SUM_MAX, SUM_MAX], [SUM_MAX, SUM_MAX, 1]),
        ([5], [SUM_MAX, -SUM_MAX, 6]),
        ([-1], [0]),
        ([-SUM_MAX, -SUM_MAX], [-1]),
        ([2**32 - 1], [2**32]),
        ([None], [-5]),
    ],
)
def test_groups_come_in_the_order_of_their_sums(
    home: list[int | None], other: list[int | None], world: World
) -> None:
    rollups(world, home)
    rollups(world, other, "other")
    rows = YearRollup.objects.order_by().values("agency__code").annotate(n=Count("pk"))
    ordered = largest_first(rows, "executed", "agency__code")
    assert [row["agency__code"] for row in ordered] == ["other", "home"]
