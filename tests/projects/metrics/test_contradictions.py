"""Each contradiction at its boundary; the unknown contradicts nothing."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projects.metrics.contradictions import (
    Kind,
    Report,
    above_ledger,
    closed_yet_funded,
    date_order,
    kpis_against_rating,
    milestone_dates,
    narrative_against_rating,
    rating_against_variance,
    ten_times,
    zero_variance,
)

MONTH = date(2026, 10, 1)
END = date(2027, 3, 31)
SOUND = Report(
    MONTH, confidence=4, progress=Decimal(50), planned_value=100, earned_value=100, actual_cost=100,
    forecast_cost=200, forecast_end=END,
)  # fmt: skip


@pytest.mark.parametrize(
    ("confidence", "earned", "is_found"),
    [(4, 89, True), (4, 90, False), (3, 50, False), (None, 50, False), (5, None, False)],
)
def test_confidence_against_the_figures(
    confidence: int | None, earned: int | None, is_found: bool
) -> None:
    report = replace(SOUND, confidence=confidence, earned_value=earned)
    assert (rating_against_variance(report) is not None) == is_found


def test_the_lower_index_speaks() -> None:
    found = rating_against_variance(replace(SOUND, earned_value=80, planned_value=160))
    assert found is not None
    assert (found.facts["index"], found.facts["value"]) == ("SPI", Decimal("0.5"))


def test_an_index_without_a_divisor_says_nothing() -> None:
    report = replace(SOUND, earned_value=50, planned_value=0, actual_cost=None)
    assert rating_against_variance(report) is None


@pytest.mark.parametrize(
    ("confidence", "text", "word"),
    [
        (5, "遅れは次月に取り戻せる見込み。", "遅れ"),
        (4, "The move is delayed.", "delay"),
        (4, "遅れはない。", None),
        (4, "遅延なし、順調。", None),
        (4, "There was no delay.", None),
        (4, "Related work continues.", None),
        (3, "遅れている。", None),
        (2, "おおむね順調。", "順調"),
        (1, "順調だが要員が不足。", None),
        (2, "", None),
        (None, "遅れている。", None),
    ],
)
def test_words_against_confidence(confidence: int | None, text: str, word: str | None) -> None:
    found = narrative_against_rating(replace(SOUND, confidence=confidence, narrative=text))
    assert (None if found is None else found.facts["word"]) == word


@pytest.mark.parametrize(
    ("confidence", "asked", "met", "is_found"),
    [(2, 3, 3, True), (1, 1, 1, True), (2, 3, 2, False), (2, 0, 0, False), (3, 3, 3, False)],
)
def test_all_kpis_met_yet_red(confidence: int, asked: int, met: int, is_found: bool) -> None:
    report = replace(SOUND, confidence=confidence)
    assert (kpis_against_rating(report, asked=asked, met=met) is not None) == is_found


@pytest.mark.parametrize(
    ("target", "actual", "is_found"),
    [("5", "50", True), ("5", "49.9", False), ("-5", "50", True), ("0", "9", False)],
)
def test_ten_times_the_target(target: str, actual: str, is_found: bool) -> None:
    found = ten_times("K", 2025, Decimal(target), Decimal(actual))
    assert (found is not None) == is_found


def test_a_missing_target_or_actual_is_not_ten_times_anything() -> None:
    assert ten_times("K", 2025, None, Decimal(9)) is None
    assert ten_times("K", 2025, Decimal(9), None) is None


@given(st.decimals("0.001", "1000", places=3), st.integers(1, 1000))
def test_ten_times_does_not_depend_on_the_unit(target: Decimal, times: int) -> None:
    one = ten_times("K", 2025, target, target * times)
    assert (one is not None) == (ten_times("K", 2025, target * 7, target * 7 * times) is not None)


@pytest.mark.parametrize(
    ("finish", "progress", "is_found"),
    [
        (date(2026, 9, 30), 99, True),
        (date(2026, 10, 1), 99, False),
        (date(2026, 9, 30), 100, False),
        (None, 50, False),
        (date(2026, 9, 30), None, False),
    ],
)
def test_a_finish_before_the_report(
    finish: date | None, progress: int | None, is_found: bool
) -> None:
    report = replace(
        SOUND, forecast_end=finish, progress=None if progress is None else Decimal(progress)
    )
    assert (date_order(report) is not None) == is_found


def test_milestones_met_before_the_start_or_in_the_future() -> None:
    start, today = date(2026, 4, 1), date(2026, 11, 24)
    met = [
        ("early", date(2026, 3, 31)), ("first", start), ("today", today),
        ("tomorrow", date(2026, 11, 25)),
    ]  # fmt: skip
    found = list(milestone_dates(start, today, met))
    assert [(one.facts["milestone"], one.facts["side"]) for one in found] == [
        ("early", "start"),
        ("tomorrow", "today"),
    ]
    assert [one.facts["milestone"] for one in milestone_dates(None, today, met)] == ["tomorrow"]


@pytest.mark.parametrize(
    ("spent", "ledger", "is_found"),
    [
        (101, [60, 40], True),
        (100, [60, 40], False),
        (101, [60, None], False),
        (101, [], False),
        (None, [60], False),
    ],
)
def test_spent_more_than_the_ledger_holds(
    spent: int | None, ledger: list[int | None], is_found: bool
) -> None:
    assert (above_ledger(replace(SOUND, actual_cost=spent), ledger) is not None) == is_found


def test_a_whole_agency_exactly_on_plan() -> None:
    exact = (100, 100, END, END)
    found = zero_variance([exact] * 3)
    assert found is not None
    assert found.facts["projects"] == 3
    assert zero_variance([exact] * 2) is None
    assert zero_variance([exact, exact, (101, 100, END, END)]) is None
    assert zero_variance([exact, exact, (100, 100, None, END)]) is None


def test_closed_yet_funded() -> None:
    """It ended in fiscal year 2025: that year's money may stand, the next one's may not."""
    ended = date(2026, 3, 31)
    assert closed_yet_funded(ended, {2025: 10}) is None
    assert closed_yet_funded(ended, {2026: 0}) is None
    assert closed_yet_funded(None, {2026: 10}) is None
    found = closed_yet_funded(ended, {2027: 5, 2026: 10})
    assert found is not None
    assert (found.kind, found.facts["fiscal_year"]) == (Kind.CLOSED_FUNDED, 2026)
