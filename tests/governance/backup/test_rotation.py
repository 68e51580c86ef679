"""Which backups stay."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.backup.rotation import Rule
from governance.exceptions import DomainError

START = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)  # A Tuesday.


def _days_kept(rule: str, days: range) -> list[int]:
    moments = {START - timedelta(days=n): n for n in days}
    return sorted(moments[at] for at in Rule.read(rule).kept(moments))


def test_the_newest_of_each_day_week_and_month_stays() -> None:
    assert _days_kept("daily=3", range(10)) == [0, 1, 2]
    # Tuesday, and the Sundays before.
    assert _days_kept("weekly=3", range(30)) == [0, 2, 9]
    # Today, 31 October, 30 September.
    assert _days_kept("monthly=3", range(90)) == [0, 24, 55]
    assert _days_kept("daily=2,monthly=2", range(60)) == [0, 1, 24]


def test_of_one_day_the_last_stays() -> None:
    hours = [START + timedelta(hours=n) for n in range(5)]
    assert Rule.read("daily=7").kept(hours) == {hours[-1]}


def test_days_without_a_backup_do_not_use_up_the_rule() -> None:
    assert _days_kept("daily=3", range(0, 40, 10)) == [0, 10, 20]


def test_a_rule_that_keeps_nothing_is_refused() -> None:
    with pytest.raises(DomainError, match="no backup at all"):
        Rule.read("daily=0,weekly=0")


@given(
    st.lists(st.integers(0, 50_000).map(lambda n: START - timedelta(hours=n))),
    st.integers(0, 9),
    st.integers(0, 9),
)
def test_the_newest_always_stays_and_a_second_look_removes_nothing(
    moments: list[datetime], daily: int, weekly: int
) -> None:
    rule = Rule({"daily": daily, "weekly": weekly})
    kept = rule.kept(moments)
    assert kept <= set(moments)
    assert not moments or max(moments) in kept
    assert rule.kept(kept) == kept
