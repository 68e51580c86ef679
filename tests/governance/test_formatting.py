from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from governance import formatting
from governance.formatting import YenUnit

ANY_YEN = st.integers(min_value=-(2**63), max_value=2**63 - 1)


@pytest.fixture
def japanese() -> Iterator[None]:
    with translation.override("ja"):
        yield


# The yearly operating cost of the national tax system, RS 2024 sheet 20079, FY2021.
KSK_OPERATION = 26_050_000_000


@pytest.mark.parametrize(
    ("unit", "in_japanese", "in_english"),
    [
        (YenUnit.YEN, "26,050,000,000円", "¥26,050,000,000"),
        (YenUnit.THOUSAND, "26,050,000千円", "¥26,050,000 thousand"),
        (YenUnit.MILLION, "26,050百万円", "¥26,050 million"),
        (YenUnit.HUNDRED_MILLION, "260.5億円", "¥26.05 bn"),
    ],
)
def test_yen_names_its_unit_in_both_languages(
    unit: YenUnit, in_japanese: str, in_english: str
) -> None:
    with translation.override("ja"):
        assert formatting.yen_in(KSK_OPERATION, unit) == in_japanese
    with translation.override("en"):
        assert formatting.yen_in(KSK_OPERATION, unit) == in_english


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        (0, "0億円"),
        (1, "<0.1億円"),
        (4_999_999, "<0.1億円"),
        (5_000_000, "0.1億円"),
        (14_999_999, "0.1億円"),
        (15_000_000, "0.2億円"),
        (-15_000_000, "-0.2億円"),
        (-1, ">-0.1億円"),
        (None, "–"),
    ],
)
@pytest.mark.usefixtures("japanese")
def test_rounding_is_half_up_and_never_makes_a_zero(amount: int | None, shown: str) -> None:
    assert formatting.yen_in(amount, YenUnit.HUNDRED_MILLION) == shown


def test_a_column_may_leave_the_unit_to_its_header() -> None:
    assert formatting.yen_in(KSK_OPERATION, YenUnit.HUNDRED_MILLION, with_unit=False) == "26.05"
    assert formatting.yen_unit_label(YenUnit.HUNDRED_MILLION) == "¥ bn"
    assert formatting.yen_unit_size(YenUnit.HUNDRED_MILLION) == 10**9


@pytest.mark.usefixtures("japanese")
def test_the_unit_of_a_japanese_column() -> None:
    assert formatting.yen_unit_label(YenUnit.HUNDRED_MILLION) == "億円"
    assert formatting.yen_unit_size(YenUnit.HUNDRED_MILLION) == 10**8


@pytest.mark.parametrize(
    ("amount", "shown"),
    [(999_999, "¥999,999"), (1_000_000, "¥1 million"), (10**8, "¥0.10 bn"), (None, "–")],
)
def test_short_yen_choose_their_unit(amount: int | None, shown: str) -> None:
    assert formatting.yen_short(amount) == shown


@given(ANY_YEN)
def test_exact_yen_can_be_read_back(amount: int) -> None:
    with translation.override("ja"):
        text = formatting.yen(amount)
    assert int(text.removesuffix("円").replace(",", "")) == amount


@given(ANY_YEN, st.sampled_from(YenUnit), st.sampled_from(["ja", "en"]))
def test_rounded_yen_are_within_half_of_the_last_digit(
    amount: int, unit: YenUnit, language: str
) -> None:
    with translation.override(language):
        text = formatting.yen_in(amount, unit, with_unit=False).replace(",", "")
        size = formatting.yen_unit_size(unit)
    bare = text.lstrip("<>")
    last_digit = Decimal(1).scaleb(-len(bare.partition(".")[2])) * size
    shown = Decimal(bare) * size
    if text == bare:
        assert abs(shown - amount) <= last_digit / 2
    else:
        assert 0 < abs(amount) < last_digit / 2
        assert (amount < 0) == (shown < 0)


@given(ANY_YEN, st.sampled_from(YenUnit))
def test_only_zero_reads_as_zero(amount: int, unit: YenUnit) -> None:
    text = formatting.yen_in(amount, unit, with_unit=False)
    assert (text.strip("-0.,") == "") == (amount == 0)


@pytest.mark.parametrize(
    ("ratio", "shown", "signed"),
    [
        (Decimal("0.512"), "51.2%", "+51.2%"),
        (Decimal("0.51249"), "51.2%", "+51.2%"),
        (Decimal("0.5125"), "51.3%", "+51.3%"),
        (Decimal("-0.214"), "-21.4%", "-21.4%"),
        (Decimal(12), "1,200.0%", "+1,200.0%"),
        (Decimal("0.0004"), "<0.1%", "<0.1%"),
        (Decimal("-0.0004"), ">-0.1%", ">-0.1%"),
        (Decimal(0), "0%", "±0%"),
        (None, "–", "–"),
    ],
)
def test_percent(ratio: Decimal | None, shown: str, signed: str) -> None:
    assert formatting.percent(ratio) == shown
    assert formatting.signed_percent(ratio) == signed


def test_percent_without_decimals() -> None:
    assert formatting.percent(Decimal("0.515"), digits=0) == "52%"


@given(st.decimals(min_value=-1000, max_value=1000, places=8))
def test_percent_is_the_half_up_rounding(ratio: Decimal) -> None:
    text = formatting.percent(ratio).rstrip("%").replace(",", "")
    expected = (ratio * 100).quantize(Decimal("0.1"), rounding=ROUND_HALF_UP)
    if text[0] in "<>":
        assert expected == 0
    else:
        assert Decimal(text) == expected


@pytest.mark.parametrize(
    ("year", "in_japanese"),
    [
        (2025, "令和7年度 (2025)"),
        (2019, "令和元年度 (2019)"),
        (2018, "平成30年度 (2018)"),
        (1989, "平成元年度 (1989)"),
        (1988, "昭和63年度 (1988)"),
        (1926, "大正15年度 (1926)"),
        (1912, "明治45年度 (1912)"),
        (1870, "1870年度"),
        (None, "–"),
    ],
)
def test_fiscal_years_carry_era_and_number(year: int | None, in_japanese: str) -> None:
    with translation.override("ja"):
        assert formatting.fiscal_year(year) == in_japanese
        short = in_japanese.partition(" ")[0]
        assert formatting.fiscal_year_short(year) == short
    assert formatting.fiscal_year(year) == formatting.fiscal_year_short(year)
    assert formatting.fiscal_year(year) == ("–" if year is None else f"FY{year}")


@pytest.mark.parametrize(
    ("day", "in_japanese"),
    [
        (date(2019, 4, 30), "平成31年4月30日 (2019-04-30)"),
        (date(2019, 5, 1), "令和元年5月1日 (2019-05-01)"),
        (date(1989, 1, 7), "昭和64年1月7日 (1989-01-07)"),
        (date(1989, 1, 8), "平成元年1月8日 (1989-01-08)"),
        (date(1872, 12, 31), "1872-12-31"),
        (None, "–"),
    ],
)
def test_dates_change_era_on_the_day(day: date | None, in_japanese: str) -> None:
    with translation.override("ja"):
        assert formatting.era_date(day) == in_japanese
    assert formatting.era_date(day) == formatting.iso_date(day)


@given(st.dates(min_value=date(1873, 1, 1)))
def test_an_era_date_can_be_read_back(day: date) -> None:
    first_years = {"令和": 2019, "平成": 1989, "昭和": 1926, "大正": 1912, "明治": 1868}
    with translation.override("ja"):
        era = formatting.era_date(day).partition(" ")[0]
    name, rest = era[:2], era[2:].replace("元年", "1年")
    year, _, rest = rest.partition("年")
    month, _, rest = rest.partition("月")
    assert date(first_years[name] + int(year) - 1, int(month), int(rest.rstrip("日"))) == day


def test_moments_are_shown_in_the_time_zone_of_the_site() -> None:
    assert formatting.moment(datetime(2025, 3, 31, 15, 30, tzinfo=UTC)) == "2025-04-01 00:30"
    assert formatting.moment(None) == "–"


@pytest.mark.parametrize(
    ("day", "shown"),
    [
        (date(2025, 6, 30), "of the day shown"),
        (date(2025, 6, 29), "1 day old"),
        (date(2025, 4, 2), "89 days old"),
        (date(2025, 4, 1), "2 months old"),
        (date(2023, 7, 1), "23 months old"),
        (date(2023, 6, 30), "2 years old"),
        (date(2025, 7, 1), "dated 2025-07-01, after the day shown"),
        (None, "–"),
    ],
)
def test_age_of_a_figure(day: date | None, shown: str) -> None:
    assert formatting.age(day, as_of=date(2025, 6, 30)) == shown


def test_every_reason_reads_differently() -> None:
    words = {formatting.reason_text(reason) for reason in formatting.REASONS}
    assert len(words) == len(formatting.REASONS) == 5
    assert formatting.reason_text("withheld", "security") == "withheld (security)"


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12))
def test_decimal_figures_lose_nothing(value: Decimal) -> None:
    assert Decimal(formatting.decimal_number(value).replace(",", "")) == value
