from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projects.metrics.risk import OnlineUse, Outcome, Severity, low_online_use
from projects.metrics.types import Reason

PRESET = low_online_use.settle()
LIVE = date(2020, 4, 1)
AS_OF = date(2025, 6, 1)


def judge(facts: OnlineUse, as_of: date = AS_OF) -> Outcome:
    return low_online_use.judge(facts, PRESET, as_of)


@pytest.mark.parametrize(
    ("online", "severity"),
    [(0, "high"), (999, "high"), (1000, "high"), (1001, "medium"), (4999, "medium"),
     (5000, "none"), (10000, "none")],
)  # fmt: skip
def test_up_to_ten_per_cent_is_high_and_below_half_is_medium(online: int, severity: str) -> None:
    assert judge(OnlineUse(2, LIVE, 2023, 10_000, online)).severity == severity


@pytest.mark.parametrize(
    ("as_of", "severity", "reason"),
    [
        (date(2021, 3, 31), "none", Reason.NOT_DUE),
        (date(2021, 4, 1), "high", None),
        (date(2020, 1, 1), "none", Reason.NOT_DUE),
    ],
)
def test_a_system_is_judged_from_a_year_after_go_live(
    as_of: date, severity: str, reason: Reason | None
) -> None:
    outcome = judge(OnlineUse(1, LIVE, 2020, 100, 1), as_of)
    assert (outcome.severity, outcome.reason) == (severity, reason)


@pytest.mark.parametrize(
    ("as_of", "severity"), [(date(2025, 3, 30), "none"), (date(2025, 3, 31), "high")]
)
def test_online_cases_prove_use_where_the_go_live_date_is_unknown(
    as_of: date, severity: str
) -> None:
    assert judge(OnlineUse(1, None, 2023, 100, 1), as_of).severity == severity


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        (OnlineUse(1, None, 2023, 100, 0), Reason.NO_DATA),
        (OnlineUse(1, None, 2023, 100, None), Reason.NO_DATA),
        (OnlineUse(1, None), Reason.NO_DATA),
        (OnlineUse(1, LIVE), Reason.NO_DATA),
        (OnlineUse(1, LIVE, 2023, 100, None), Reason.NO_DATA),
        (OnlineUse(1, LIVE, 2023, None, 1), Reason.NO_DATA),
        (OnlineUse(1, LIVE, 2023, 1, 2), Reason.INCONSISTENT),
    ],
)
def test_without_counts_or_a_start_the_answer_is_unknown(facts: OnlineUse, reason: Reason) -> None:
    outcome = judge(facts)
    assert (outcome.severity, outcome.reason) == (Severity.UNKNOWN, reason)
    assert outcome.figures["use_ratio"] is None


@pytest.mark.parametrize(
    "facts", [OnlineUse(0, LIVE), OnlineUse(1, LIVE, 2023, 100, 0, is_running=False)]
)
def test_a_system_without_a_service_or_that_has_ended_is_not_concerned(facts: OnlineUse) -> None:
    outcome = judge(facts)
    assert (outcome.severity, outcome.reason) == (Severity.NONE, Reason.NOT_APPLICABLE)


def test_a_service_that_nobody_applied_for_has_no_use_to_judge() -> None:
    outcome = judge(OnlineUse(1, LIVE, 2023, 0, 0))
    assert (outcome.severity, outcome.reason) == (Severity.NONE, Reason.ZERO_DENOMINATOR)


def test_the_figures_show_the_ratio_and_its_parts() -> None:
    assert judge(OnlineUse(3, LIVE, 2023, 138_380_000, 70_840_000)).figures == {
        "services": 3,
        "live_on": "2020-04-01",
        "fiscal_year": 2023,
        "cases": 138_380_000,
        "online_cases": 70_840_000,
        "use_ratio": "0.5119",
    }


RANK = [Severity.HIGH, Severity.MEDIUM, Severity.NONE]
counts = st.integers(1, 10**9)


@given(counts, counts, counts, st.integers(2, 50))
def test_more_online_cases_never_raise_the_severity_and_scale_does_not_matter(
    cases: int, one: int, other: int, scale: int
) -> None:
    few, many = sorted((min(one, cases), min(other, cases)))
    fewer, more = (judge(OnlineUse(1, LIVE, 2023, cases, online)) for online in (few, many))
    assert RANK.index(fewer.severity) <= RANK.index(more.severity)
    scaled = judge(OnlineUse(1, LIVE, 2023, cases * scale, few * scale))
    assert scaled.severity == fewer.severity
