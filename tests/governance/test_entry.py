"""What people type: every way of writing that offices use, and a sentence for the rest."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from governance import entry, formatting
from governance.fields.bounds import DAY_MAX, DAY_MIN, YEN_MAX
from governance.formatting import YenUnit


def _refusal(read: Callable[[str], object], text: str) -> str:
    with pytest.raises(ValidationError) as refused:
        read(text)
    return refused.value.messages[0]


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("0", 0),
        ("12000000", 12_000_000),
        (" 12,000,000円 ", 12_000_000),
        ("１２，０００，０００", 12_000_000),
        ("￥1,000", 1_000),
        ("¥1,000", 1_000),
        ("500千円", 500_000),
        ("12.5百万円", 12_500_000),
        ("１．２億円", 120_000_000),
        ("3万円", 30_000),
        ("2十億円", 2_000_000_000),
        ("1.5兆円", 1_500_000_000_000),
        ("1,000 yen", 1_000),
        ("-1,000", -1_000),
        ("△1,000千円", -1_000_000),
        ("▲５００円", -500),
        ("−7", -7),
        ("¥-7", -7),
    ],
)
def test_yen_are_read_with_their_unit(text: str, amount: int) -> None:
    assert entry.yen(text) == amount


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("100ドル", "“ドル” is not a unit of yen"),
        ("100万", "“万” is not a unit of yen"),
        ("5%", "“%” is not a unit of yen"),
        ("1億2000万円", "is not a unit of yen"),
        ("約100円", "is not a number"),
        ("x\u202e34", "“xU+202E34” is not a number"),
        ("12\u202e34", "“U+202E34” is not a unit of yen"),
        ("2026-04-01\x00", "“-04-01U+0000” is not a unit of yen"),
        ("", "is not a number"),
        ("1,00", "is not a number"),
        ("1.5.2", "is not a number"),
        ("--5", "is not a number"),
        ("0.5円", "does not come to whole yen"),
        ("1.2345千円", "does not come to whole yen"),
        ("1000.000000000001兆円", "larger than any figure"),
        ("9223372036854775807", "larger than any figure"),
        ("10000000兆円", "larger than any figure"),
        ("9" * 61, "too long"),
        ("٣", "is not a number"),
    ],
)
def test_an_uncertain_amount_is_refused_with_a_sentence(text: str, sentence: str) -> None:
    assert sentence in _refusal(entry.yen, text)


@given(st.integers(min_value=-YEN_MAX, max_value=YEN_MAX), st.sampled_from(["ja", "en"]))
def test_what_the_page_shows_can_be_typed_back(amount: int, language: str) -> None:
    from django.utils import translation

    with translation.override(language):
        assert entry.yen(formatting.yen(amount)) == amount
        assert entry.yen(formatting.yen_in(amount, YenUnit.YEN, with_unit=False)) == amount


def test_counts_take_no_unit_and_no_decimals() -> None:
    assert entry.integer("１，４５０") == 1_450
    assert entry.integer("3.0") == 3
    assert "not a whole number" in _refusal(entry.integer, "3.5")
    assert "without “件”" in _refusal(entry.integer, "3件")


def test_decimals_stay_exact() -> None:
    assert entry.decimal("３．１４１５９２") == Decimal("3.141592")


@pytest.mark.parametrize(
    ("text", "share"), [("85%", "0.85"), ("８５．５％", "0.855"), ("0.85", "0.85"), ("1", "1")]
)
def test_shares_are_read_as_percent_or_fraction(text: str, share: str) -> None:
    assert entry.ratio(text) == Decimal(share)


def test_a_share_above_one_without_a_sign_is_asked_back() -> None:
    assert _refusal(entry.ratio, "85") == (
        "Is “85” a percentage? Write it with its sign (85%), or as 0.85."
    )
    assert _refusal(entry.ratio, "85円") == "“円” is not a unit of a share. Write 85% or 0.85."
    assert entry.percent("40%") == entry.percent("40") == 40
    assert "Write 40 or 40%." in _refusal(entry.percent, "40円")


@pytest.mark.parametrize(
    "text",
    [
        "2025-04-01", "2025/4/1", "2025.4.1", "20250401", "2025年4月1日", "２０２５－０４－０１",
        "令和7年4月1日", "令和７年４月１日", "R7.4.1", "r7/4/1", "Ｒ７．４．１", "㋿7年4月1日", "平成37年4月1日",
    ],
)  # fmt: skip
def test_dates_of_both_calendars_are_read(text: str) -> None:
    assert entry.day(text) == date(2025, 4, 1)


def test_first_years_of_eras() -> None:
    assert entry.day("令和元年5月1日") == date(2019, 5, 1)
    assert entry.day("H31.4.30") == date(2019, 4, 30)
    assert entry.day("昭和64年1月7日") == date(1989, 1, 7)


@pytest.mark.parametrize("text", ["2025-02-30", "R7.13.1", "2025-00-10"])
def test_days_that_never_were(text: str) -> None:
    assert "There is no day" in _refusal(entry.day, text)


@pytest.mark.parametrize("text", ["1949-12-31", "0025-04-01", "2101-01-01", "9999-12-31", "M1.1.1"])
def test_a_day_that_no_record_can_be_of(text: str) -> None:
    assert "not a plausible date" in _refusal(entry.day, text)


@pytest.mark.parametrize("text", ["tomorrow", "4/1", "令和0年4月1日", "2025-04", "25-04-01", ""])
def test_what_is_no_date(text: str) -> None:
    assert "is not a date" in _refusal(entry.day, text)


@given(st.dates(min_value=DAY_MIN, max_value=DAY_MAX))
def test_every_date_that_a_page_shows_can_be_typed_back(day: date) -> None:
    from django.utils import translation

    assert entry.day(formatting.iso_date(day)) == day
    with translation.override("ja"):
        assert entry.day(formatting.era_date(day).split(" (")[0]) == day


@pytest.mark.parametrize(
    "text", ["2025-04", "2025/4", "令和7年4月", "令和7年4月分", "R7.4", "2025-04-01", "R7.4.1"]
)
def test_months(text: str) -> None:
    assert entry.month(text) == date(2025, 4, 1)


def test_a_day_within_a_month_is_no_month() -> None:
    assert "is not a month" in _refusal(entry.month, "2025-04-02")
    assert "There is no day" in _refusal(entry.month, "2025-13")


@pytest.mark.parametrize(
    "text",
    ["2025", "２０２５", "FY2025", "2025年度", "令和7", "令和7年度", "令和7年度 (2025)", "R7"],
)
def test_fiscal_years(text: str) -> None:
    assert entry.fiscal_year(text) == 2025


@given(st.integers(min_value=1980, max_value=2099), st.sampled_from(["ja", "en"]))
def test_every_fiscal_year_that_a_page_shows_can_be_typed_back(year: int, language: str) -> None:
    from django.utils import translation

    with translation.override(language):
        assert entry.fiscal_year(formatting.fiscal_year(year)) == year


@pytest.mark.parametrize("text", ["25", "令和", "R0", "2025-04-01", "last year"])
def test_what_is_no_fiscal_year(text: str) -> None:
    assert "is not a fiscal year" in _refusal(entry.fiscal_year, text)
