"""How figures, years and dates read in Japanese and English.

Pure: a value in, text out, in the active language. Sums are made elsewhere and in yen; the
rounding here is for display only and always states its unit. Rounding is half up, away from
zero. What is not zero is never shown as zero: it reads "<0.1" instead.

The styles of numbers, units and eras are data of this module rather than translations, because
a unit word and its power of ten must not come apart; sentences go through gettext.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal, localcontext
from enum import Enum
from typing import Final, Literal

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext, ngettext
from django.utils.translation import gettext_lazy as _

# The sign for every value that is not there.
DASH: Final = "–"

Reason = Literal["missing", "not_applicable", "withheld", "undefined", "not_shown"]

# One wording wherever a figure is there and the reader's role may not read it: never "not reported".
NOT_SHOWN: Final = _("not shown to your role")
REASONS: Final[Mapping[Reason, str | Promise]] = {
    "missing": _("not reported"),
    "not_applicable": _("not applicable"),
    "withheld": _("withheld"),
    "undefined": _("cannot be computed"),
    "not_shown": NOT_SHOWN,
}


def reason_text(reason: Reason, note: str | Promise = "") -> str:
    """Why a value is not there, as words: "not reported", "withheld (national security)"."""
    words = str(REASONS[reason])
    return f"{words} ({note})" if note else words


class YenUnit(Enum):
    """A unit in which yen are shown.

    HUNDRED_MILLION is 億円 in Japanese; English counts the same column in billions, with one
    more digit, so that both show the same precision (10 million yen).
    """

    YEN = "yen"
    THOUSAND = "thousand"
    MILLION = "million"
    HUNDRED_MILLION = "hundred_million"


@dataclass(frozen=True, slots=True)
class _Style:
    """One unit in one language: power of ten, digits after the point, words around it."""

    power: int
    digits: int
    label: str
    before: str = ""
    after: str = ""


_STYLES: Final[Mapping[str, Mapping[YenUnit, _Style]]] = {
    "ja": {
        YenUnit.YEN: _Style(0, 0, "円", after="円"),
        YenUnit.THOUSAND: _Style(3, 0, "千円", after="千円"),
        YenUnit.MILLION: _Style(6, 0, "百万円", after="百万円"),
        YenUnit.HUNDRED_MILLION: _Style(8, 1, "億円", after="億円"),
    },
    "en": {
        YenUnit.YEN: _Style(0, 0, "yen", before="¥"),
        YenUnit.THOUSAND: _Style(3, 0, "¥ thousand", before="¥", after=" thousand"),
        YenUnit.MILLION: _Style(6, 0, "¥ million", before="¥", after=" million"),
        YenUnit.HUNDRED_MILLION: _Style(9, 2, "¥ bn", before="¥", after=" bn"),
    },
}


def _language() -> str:
    """ "ja" or "en"; every other language, and none, reads English."""
    return "ja" if (get_language() or "").startswith("ja") else "en"


def _style(unit: YenUnit) -> _Style:
    return _STYLES[_language()][unit]


def _rounded(amount: int, power: int, digits: int) -> str:
    """`amount` ÷ 10^power with `digits` decimals, grouped by thousands, without sign."""
    size = abs(amount)
    if power >= digits:
        step: int = 10 ** (power - digits)
        parts = (2 * size + step) // (2 * step)
    else:
        parts = size * 10 ** (digits - power)
    whole, fraction = divmod(parts, 10**digits)
    return f"{whole:,}.{fraction:0{digits}d}" if digits else f"{whole:,}"


def _smallest(digits: int) -> str:
    """The smallest amount that `digits` decimals can show: "0.1"."""
    return f"0.{'0' * (digits - 1)}1" if digits else "1"


def integer(value: int) -> str:
    """A count with separators: "1,450"."""
    return f"{value:,}"


def decimal_number(value: Decimal) -> str:
    """A decimal figure exactly as stored, without trailing zeros: "3.5", "1,200"."""
    text = f"{value:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def yen(amount: int | None) -> str:
    """Exact yen with separators: "26,050,000,000円" / "¥26,050,000,000"."""
    return yen_in(amount, YenUnit.YEN)


def yen_in(amount: int | None, unit: YenUnit, *, with_unit: bool = True) -> str:
    """Yen rounded to a unit: "260.5億円" / "¥26.05 bn"; `with_unit=False` is for columns whose
    header names the unit. None reads as a dash."""
    if amount is None:
        return DASH
    style = _style(unit)
    before, after = (style.before, style.after) if with_unit else ("", "")
    sign = "-" if amount < 0 else ""
    if amount == 0:
        return f"{before}0{after}"
    number = _rounded(amount, style.power, style.digits)
    if not number.strip("0.,"):
        edge = ">" if amount < 0 else "<"
        return f"{edge}{sign}{before}{_smallest(style.digits)}{after}"
    return f"{sign}{before}{number}{after}"


def yen_short(amount: int | None) -> str:
    """Yen in the unit that fits their size, for a tile or a sentence; never in a column."""
    if amount is None:
        return DASH
    size = abs(amount)
    if size >= 10**8:
        return yen_in(amount, YenUnit.HUNDRED_MILLION)
    if size >= 10**6:
        return yen_in(amount, YenUnit.MILLION)
    return yen_in(amount, YenUnit.YEN)


def yen_unit_label(unit: YenUnit) -> str:
    """The unit as a column header names it: "億円" / "¥ bn"."""
    return _style(unit).label


def yen_unit_size(unit: YenUnit) -> int:
    """How many yen one of the shown unit is: 100,000,000 for 億円, 10^9 for "¥ bn"."""
    return int(10 ** _style(unit).power)


def _percent_number(ratio: Decimal, digits: int) -> Decimal:
    with localcontext() as context:
        context.prec = 60
        return (ratio * 100).quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)


def percent(ratio: Decimal | None, digits: int = 1) -> str:
    """A ratio as percent: 0.512 reads "51.2%"; None reads as a dash."""
    if ratio is None:
        return DASH
    number = _percent_number(ratio, digits)
    if number == 0 and ratio != 0:
        return f">-{_smallest(digits)}%" if ratio < 0 else f"<{_smallest(digits)}%"
    if ratio == 0:
        return "0%"
    return f"{number:,f}%"


def signed_percent(ratio: Decimal | None, digits: int = 1) -> str:
    """A change as percent, always with its sign: "+12.5%", "-3.0%", "±0%"."""
    if ratio is None:
        return DASH
    if ratio == 0:
        return "±0%"
    text = percent(ratio, digits)
    return f"+{text}" if ratio > 0 and text[0] not in "<>" else text


# First day, name, first year of each era (Gregorian calendar in Japan since 1873).
_ERAS: Final = (
    (date(2019, 5, 1), "令和", 2019),
    (date(1989, 1, 8), "平成", 1989),
    (date(1926, 12, 25), "昭和", 1926),
    (date(1912, 7, 30), "大正", 1912),
    (date(1873, 1, 1), "明治", 1868),
)
# The year of the last change of era began under 平成 but is 令和元年度 as a whole, by the
# agreement of ministries of 2019-04-02. Earlier changes fell late in the fiscal year.
_FISCAL_YEARS_NAMED_LATER: Final = {2019: ("令和", 1)}


def _era_year(day: date) -> tuple[str, int] | None:
    """Name of the era and its year on `day`; None before 1873."""
    for first_day, name, first_year in _ERAS:
        if day >= first_day:
            return name, day.year - first_year + 1
    return None


def _era_text(era: tuple[str, int]) -> str:
    name, year = era
    return f"{name}{'元' if year == 1 else year}年"


def _fiscal_era(year: int) -> tuple[str, int] | None:
    return _FISCAL_YEARS_NAMED_LATER.get(year) or _era_year(date(year, 4, 1))


def fiscal_year(year: int | None) -> str:
    """The fiscal year in whose first month, April, lies `year`: "令和7年度 (2025)" / "FY2025"."""
    if year is None:
        return DASH
    if _language() == "en":
        return f"FY{year}"
    era = _fiscal_era(year)
    return f"{_era_text(era)}度 ({year})" if era else f"{year}年度"


def fiscal_year_short(year: int | None) -> str:
    """The fiscal year where space is short (chart axes): "令和7年度" / "FY2025"."""
    if year is None:
        return DASH
    if _language() == "en":
        return f"FY{year}"
    era = _fiscal_era(year)
    return f"{_era_text(era)}度" if era else f"{year}年度"


def iso_date(day: date | None) -> str:
    """The date as tables and files show it, the same in every language: "2025-04-01"."""
    return DASH if day is None else f"{day.year:04d}-{day.month:02d}-{day.day:02d}"


def era_date(day: date | None) -> str:
    """The date in a sentence: "令和7年4月1日 (2025-04-01)" / "2025-04-01"."""
    if day is None:
        return DASH
    era = _era_year(day) if _language() == "ja" else None
    if era is None:
        return iso_date(day)
    return f"{_era_text(era)}{day.month}月{day.day}日 ({iso_date(day)})"


def moment(at: datetime | None) -> str:
    """Date and minute in the time zone of the site: "2025-04-01 13:05"."""
    if at is None:
        return DASH
    local = timezone.localtime(at)
    return f"{iso_date(local.date())} {local.hour:02d}:{local.minute:02d}"


def age(day: date | None, as_of: date) -> str:
    """How old a figure is on `as_of`: "today", "12 days old", "5 months old", "3 years old"."""
    if day is None:
        return DASH
    days = (as_of - day).days
    if days < 0:
        return gettext("dated %(day)s, after the day shown") % {"day": iso_date(day)}
    if days == 0:
        return gettext("of the day shown")
    if days < 90:
        return ngettext("%(count)d day old", "%(count)d days old", days) % {"count": days}
    months = (as_of.year - day.year) * 12 + as_of.month - day.month - (as_of.day < day.day)
    if months < 24:
        return ngettext("%(count)d month old", "%(count)d months old", months) % {"count": months}
    years = months // 12
    return ngettext("%(count)d year old", "%(count)d years old", years) % {"count": years}
