from datetime import date
from decimal import Decimal

import pytest

from projects.metrics.outlook.raters import Tally, outcome, tally, whole
from projects.metrics.outlook.warning import Case, Sign, State
from projects.metrics.types import Reason


def cases(rater: str, rating: int | None, came: int, all_: int) -> list[tuple[str, Case]]:
    day, now = date(2024, 3, 31), State(rating=rating)
    return [
        (rater, Case(f"{rater}{n}", day, now, signs={Sign.COST: n < came})) for n in range(all_)
    ]


def test_what_came_after_a_rating_is_counted_where_it_is_known() -> None:
    unknown = [("A", Case("x", date(2024, 3, 31), State(rating=4), signs={Sign.COST: None}))]
    found = tally([*cases("A", 4, 2, 8), *cases("A", None, 3, 3), *unknown], Sign.COST)
    assert found == {("A", 4): Tally(8, 2)}


def test_a_small_group_is_pulled_towards_the_government() -> None:
    found = tally([*cases("A", 5, 5, 5), *cases("B", 5, 5, 95)], Sign.COST)
    assert whole(found, 5) == Tally(100, 10)
    # (5 + 10 × 0.1) ÷ (5 + 10)
    assert outcome(found, "A", 5).rate.value == Decimal(6) / 15
    assert outcome(found, "B", 5).rate.value == Decimal(6) / 105


@pytest.mark.parametrize(("size", "is_judged"), [(4, False), (5, True)])
def test_too_few_cases_are_not_judged(size: int, is_judged: bool) -> None:
    found = outcome(tally(cases("A", 3, 1, size), Sign.COST), "A", 3)
    assert found.tally == Tally(size, 1)
    assert (found.rate.value is not None) == is_judged
    assert found.rate.reason is (None if is_judged else Reason.NO_DATA)


def test_a_rater_who_never_gave_a_rating_has_no_case() -> None:
    assert outcome({}, "A", 3).tally == Tally(0, 0)
