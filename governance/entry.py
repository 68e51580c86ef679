"""What people type, read as figures: the counterpart of `governance.formatting`.

Pure: text in, value out, or a ValidationError with a sentence that says what to write instead.
Full-width characters, thousands separators, 千円 to 兆円, percent signs and era years are how
offices write; a figure whose unit is not certain is refused rather than guessed.
"""

import re
import unicodedata
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Final

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from governance.fields.bounds import COUNT_MAX, YEN_MAX, check_day
from governance.fields.text import readable

# Longer text is no figure; Python refuses to read endless digits anyway.
_LONGEST: Final = 60

# △ and ▲ are the minus of Japanese accounts.
_MINUS: Final = str.maketrans(dict.fromkeys("−‐‑–—△▲", "-"))

YEN_UNITS: Final[Mapping[str, int]] = {
    "": 1,
    "円": 1,
    "yen": 1,
    "jpy": 1,
    "千円": 10**3,
    "万円": 10**4,
    "百万円": 10**6,
    "億円": 10**8,
    "十億円": 10**9,
    "兆円": 10**12,
}

# Era → the calendar year before its year 1. Years past the end of an era are read on: plans
# written before 2019 speak of 平成33年.
_ERAS: Final[Mapping[str, int]] = {
    "令和": 2018,
    "平成": 1988,
    "昭和": 1925,
    "大正": 1911,
    "明治": 1867,
    "r": 2018,
    "h": 1988,
    "s": 1925,
    "t": 1911,
    "m": 1867,
}

_NUMBER: Final = re.compile(
    r"(?P<sign>[-+]?)\s*¥?\s*(?P<sign2>-?)"
    r"(?P<digits>[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?P<fraction>\.[0-9]+)?\s*(?P<unit>(?:[^0-9,.].*)?)"
)
_YEAR: Final = (
    r"(?:(?P<era>令和|平成|昭和|大正|明治|[rhstm])\s*\.?\s*(?P<n>元|[0-9]{1,2})|(?P<year>[0-9]{4}))"
)
_SEPARATOR: Final = r"\s*[-./]\s*"
_DAY: Final = re.compile(
    rf"{_YEAR}(?:{_SEPARATOR}|\s*年\s*)(?P<month>[0-9]{{1,2}})"
    rf"(?:{_SEPARATOR}|\s*月\s*)(?P<day>[0-9]{{1,2}})\s*日?"
)
_COMPACT_DAY: Final = re.compile(r"(?P<year>[0-9]{4})(?P<month>[0-9]{2})(?P<day>[0-9]{2})")
_MONTH: Final = re.compile(
    rf"{_YEAR}(?:{_SEPARATOR}|\s*年\s*)(?P<month>[0-9]{{1,2}})\s*月?(?:\s*(?:分|報告))?"
)
_FISCAL_YEAR: Final = re.compile(rf"(?:fy\s*)?{_YEAR}\s*(?:年度?)?(?:\s*\([0-9]{{4}}\))?")


def plain(text: str) -> str:
    """`text` in its normal width (NFKC), without spaces around it."""
    return unicodedata.normalize("NFKC", text).strip()


def _typed(text: str) -> str:
    """`text` ready to be read: normal width, plain minus signs, lower case."""
    if len(text) > _LONGEST:
        raise ValidationError(_("This is too long for a figure."), code="too_long")
    return plain(text).translate(_MINUS).lower()


def _shown(text: str) -> dict[str, str]:
    return {"given": readable(text.strip())[:_LONGEST]}


def _number(text: str) -> tuple[Decimal, str]:
    """The number at the start of `text` and the unit after it. Raises ValidationError."""
    found = _NUMBER.fullmatch(_typed(text))
    if found is None or (found["sign"] and found["sign2"]):
        raise ValidationError(
            _("“%(given)s” is not a number. Separators stand every three digits: 1,234,567."),
            code="no_number",
            params=_shown(text),
        )
    sign = "-" if "-" in (found["sign"], found["sign2"]) else ""
    digits = found["digits"].replace(",", "")
    return Decimal(f"{sign}{digits}{found['fraction'] or ''}"), found["unit"].replace(" ", "")


def _within(value: Decimal, most: int, text: str) -> int:
    if abs(value) > most:
        raise ValidationError(
            _("“%(given)s” is larger than any figure here can be."),
            code="too_large",
            params=_shown(text),
        )
    return int(value)


def yen(text: str) -> int:
    """Yen: "12,000,000", "12百万円", "1.2億円", "△500千円". Raises ValidationError for another
    unit, and for what does not come to whole yen."""
    value, unit = _number(text)
    if unit not in YEN_UNITS:
        raise ValidationError(
            _("“%(unit)s” is not a unit of yen. Write 円, 千円, 万円, 百万円, 億円 or 兆円."),
            code="wrong_unit",
            params={"unit": readable(unit)[:_LONGEST]},
        )
    amount = value * YEN_UNITS[unit]
    if amount != amount.to_integral_value():
        raise ValidationError(
            _("“%(given)s” does not come to whole yen."), code="no_integer", params=_shown(text)
        )
    return _within(amount, YEN_MAX, text)


def _without_unit(text: str) -> Decimal:
    value, unit = _number(text)
    if unit:
        raise ValidationError(
            _("Write the number alone, without “%(unit)s”."),
            code="wrong_unit",
            params={"unit": readable(unit)[:_LONGEST]},
        )
    return value


def integer(text: str) -> int:
    """A count: "1,450". Raises ValidationError for decimals and units."""
    value = _without_unit(text)
    if value != value.to_integral_value():
        raise ValidationError(
            _("“%(given)s” is not a whole number."), code="no_integer", params=_shown(text)
        )
    return _within(value, COUNT_MAX, text)


def decimal(text: str) -> Decimal:
    """An exact decimal: "3.5". Raises ValidationError for units."""
    return _without_unit(text)


def ratio(text: str) -> Decimal:
    """A share: "85%" or "0.85". A bare number above 1 may mean either, so it is refused."""
    value, unit = _number(text)
    if unit in {"%", "パーセント", "percent"}:
        return value / 100
    if unit:
        raise ValidationError(
            _("“%(unit)s” is not a unit of a share. Write 85%% or 0.85."),
            code="wrong_unit",
            params={"unit": readable(unit)[:_LONGEST]},
        )
    if abs(value) > 1:
        raise ValidationError(
            _("Is “%(given)s” a percentage? Write it with its sign (85%%), or as 0.85."),
            code="wrong_unit",
            params=_shown(text),
        )
    return value


def percent(text: str) -> Decimal:
    """Percent as a number: "40" and "40%" are both 40."""
    value, unit = _number(text)
    if unit not in {"", "%"}:
        raise ValidationError(
            _("“%(unit)s” is not a unit of a percentage. Write 40 or 40%%."),
            code="wrong_unit",
            params={"unit": readable(unit)[:_LONGEST]},
        )
    return value


def _year_of(found: "re.Match[str]") -> int:
    groups = found.groupdict()
    if groups.get("year"):
        return int(groups["year"])
    number = 1 if groups["n"] == "元" else int(groups["n"])
    return _ERAS[groups["era"]] + number


def _no_year_zero(found: "re.Match[str] | None") -> bool:
    return found is not None and found.groupdict().get("n") not in {"0", "00"}


def fiscal_year(text: str) -> int:
    """A fiscal year: "2025", "FY2025", "2025年度", "令和7", "令和7年度 (2025)", "R7"."""
    found = _FISCAL_YEAR.fullmatch(_typed(text))
    if found is None or not _no_year_zero(found):
        raise ValidationError(
            _("“%(given)s” is not a fiscal year. Write 2025, 令和7年度 or R7."),
            code="no_year",
            params=_shown(text),
        )
    return _year_of(found)


def day(text: str) -> date:
    """A date: "2025-04-01", "2025/4/1", "20250401", "令和7年4月1日", "R7.4.1"."""
    typed = _typed(text)
    found = _DAY.fullmatch(typed) or _COMPACT_DAY.fullmatch(typed)
    if found is None or not _no_year_zero(found):
        raise ValidationError(
            _("“%(given)s” is not a date. Write 2025-04-01, 令和7年4月1日 or R7.4.1."),
            code="no_date",
            params=_shown(text),
        )
    return _date(_year_of(found), int(found["month"]), int(found["day"]), text)


def month(text: str) -> date:
    """A month, as its first day: "2025-04", "令和7年4月", "R7.4"; its first day is read too."""
    typed = _typed(text)
    found = _MONTH.fullmatch(typed)
    if found is not None and _no_year_zero(found):
        return _date(_year_of(found), int(found["month"]), 1, text)
    whole = _DAY.fullmatch(typed)
    if whole is not None and _no_year_zero(whole) and int(whole["day"]) == 1:
        return _date(_year_of(whole), int(whole["month"]), 1, text)
    raise ValidationError(
        _("“%(given)s” is not a month. Write 2025-04, 令和7年4月 or R7.4."),
        code="no_month",
        params=_shown(text),
    )


def _date(year: int, month_number: int, day_number: int, text: str) -> date:
    try:
        found = date(year, month_number, day_number)
    except ValueError as error:
        raise ValidationError(
            _("There is no day “%(given)s”."), code="no_date", params=_shown(text)
        ) from error
    check_day(found)
    return found
