from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projects.metrics.risk import Outcome, ReviewDates, Severity, review_overdue
from projects.metrics.types import Reason

PRESET = review_overdue.settle()
DUE = date(2025, 1, 31)


def judge(facts: ReviewDates, as_of: date) -> Outcome:
    return review_overdue.judge(facts, PRESET, as_of)


@pytest.mark.parametrize(
    ("days_after_due", "severity"),
    [(-1, "none"), (0, "none"), (1, "medium"), (90, "medium"), (91, "high"), (999, "high")],
)
def test_an_open_review_is_overdue_the_day_after(days_after_due: int, severity: str) -> None:
    outcome = judge(ReviewDates(DUE), DUE + timedelta(days=days_after_due))
    assert (outcome.severity, outcome.reason) == (severity, None)


@pytest.mark.parametrize(
    ("as_of", "severity"), [(date(2025, 4, 9), "medium"), (date(2025, 4, 10), "none")]
)
def test_completion_clears_it_from_that_day(as_of: date, severity: str) -> None:
    assert (
        judge(ReviewDates(DUE, is_complete=True, held_on=date(2025, 4, 10)), as_of).severity
        == severity
    )


def test_an_open_review_without_a_due_date_is_unknown() -> None:
    outcome = judge(ReviewDates(None), DUE)
    assert (outcome.severity, outcome.reason) == (Severity.UNKNOWN, Reason.NO_DATA)


def test_a_completed_review_needs_no_due_date() -> None:
    assert judge(ReviewDates(None, is_complete=True), DUE).severity is Severity.NONE


def test_a_review_that_was_held_but_is_not_complete_stays_open() -> None:
    assert judge(ReviewDates(DUE, held_on=DUE), date(2025, 2, 1)).severity is Severity.MEDIUM


def test_the_figures_count_the_days() -> None:
    assert judge(ReviewDates(DUE, held_on=DUE), date(2025, 2, 3)).figures == {
        "due_on": "2025-01-31",
        "held_on": "2025-01-31",
        "days_overdue": 3,
    }


RANK = [Severity.NONE, Severity.MEDIUM, Severity.HIGH]


@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(0, 400))
def test_waiting_never_lowers_the_severity(as_of: date, wait: int) -> None:
    now, later = (judge(ReviewDates(DUE), as_of + timedelta(days=days)) for days in (0, wait))
    assert RANK.index(now.severity) <= RANK.index(later.severity)
