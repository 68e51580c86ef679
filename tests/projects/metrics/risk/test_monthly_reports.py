from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projects.metrics.risk import Outcome, Reporting, Severity, late_report
from projects.metrics.risk.monthly_reports import due_on, oldest_owed
from projects.metrics.types import Reason

PRESET = late_report.settle()
OWED_MAY = Reporting(True, date(2025, 4, 1), None, date(2025, 4, 1))
DUE = date(2025, 6, 10)


def judge(facts: Reporting, as_of: date) -> Outcome:
    return late_report.judge(facts, PRESET, as_of)


@pytest.mark.parametrize(
    ("days_after_due", "severity"),
    [(-40, "none"), (-1, "none"), (0, "none"), (1, "low"), (10, "low"), (11, "medium"),
     (30, "medium"), (31, "high"), (400, "high")],
)  # fmt: skip
def test_severity_grows_with_the_days_late(days_after_due: int, severity: str) -> None:
    assert judge(OWED_MAY, DUE + timedelta(days=days_after_due)).severity == severity


def test_the_figures_name_the_month_and_the_day() -> None:
    assert judge(OWED_MAY, date(2025, 6, 13)) == Outcome(
        Severity.LOW,
        {
            "period": "2025-05",
            "due_on": "2025-06-10",
            "days_late": 3,
            "latest_submitted": "2025-04",
        },
    )


def test_a_project_that_never_reported_owes_its_first_month() -> None:
    outcome = judge(Reporting(True, date(2025, 1, 20)), date(2025, 6, 13))
    assert outcome.severity is Severity.HIGH
    assert outcome.figures["period"] == "2025-01"


def test_a_report_that_came_before_the_duty_does_not_move_the_first_month() -> None:
    facts = Reporting(True, date(2025, 5, 1), None, date(2024, 1, 1))
    assert oldest_owed(facts) == date(2025, 5, 1)


def test_a_later_report_makes_up_for_a_skipped_month() -> None:
    facts = Reporting(True, date(2025, 1, 1), None, date(2025, 5, 1))
    assert judge(facts, date(2025, 7, 10)).severity is Severity.NONE


def test_nothing_is_owed_after_the_last_month() -> None:
    ended = Reporting(True, date(2025, 1, 1), date(2025, 4, 15), date(2025, 4, 1))
    assert oldest_owed(ended) is None
    assert judge(ended, date(2026, 1, 1)) == Outcome(
        Severity.NONE,
        {"period": None, "due_on": None, "days_late": None, "latest_submitted": "2025-04"},
    )


def test_the_last_month_itself_is_owed() -> None:
    ended = Reporting(True, date(2025, 1, 1), date(2025, 5, 15), date(2025, 4, 1))
    assert judge(ended, date(2026, 1, 1)).severity is Severity.HIGH


def test_a_project_that_does_not_report_is_not_concerned() -> None:
    outcome = judge(Reporting(False), date(2025, 6, 13))
    assert (outcome.severity, outcome.reason) == (Severity.NONE, Reason.NOT_APPLICABLE)


@pytest.mark.parametrize("facts", [Reporting(None, date(2020, 1, 1)), Reporting(True)])
def test_without_a_known_duty_the_answer_is_unknown(facts: Reporting) -> None:
    outcome = judge(facts, date(2025, 6, 13))
    assert (outcome.severity, outcome.reason) == (Severity.UNKNOWN, Reason.NO_DATA)
    assert oldest_owed(facts) == facts.first_period


def test_a_known_report_is_enough_to_know_the_next_one() -> None:
    facts = Reporting(True, None, None, date(2025, 4, 1))
    assert judge(facts, date(2025, 6, 13)).severity is Severity.LOW


def test_a_report_is_due_in_the_month_after() -> None:
    assert due_on(date(2025, 12, 1), 10) == date(2026, 1, 10)
    assert due_on(date(2025, 1, 31), 28) == date(2025, 2, 28)


RANK = [Severity.NONE, Severity.LOW, Severity.MEDIUM, Severity.HIGH]


@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(0, 400))
def test_waiting_never_lowers_the_severity(as_of: date, wait: int) -> None:
    now, later = judge(OWED_MAY, as_of), judge(OWED_MAY, as_of + timedelta(days=wait))
    assert RANK.index(now.severity) <= RANK.index(later.severity)
