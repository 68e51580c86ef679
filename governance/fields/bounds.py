"""How large a figure may be and how far away a day: refused beyond, in every door.

A million billion yen is some ten times all that a year's whole economy makes: what is larger is a
slip of the keys, or meant to break a sum.
"""

from datetime import date, datetime
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

YEN_MAX: Final = 10**15
"""Of one amount, either sign."""
COUNT_MAX: Final = 9 * 10**9
"""Of one count, such as cases a year: one for each person on Earth. Times minutes in hundredths, of
nine digits, it still is an integer of 64 bits."""
SUM_MAX: Final = 9 * 10**18
"""Of the sums that a row keeps, together: a column ends at 2^63, some 9.2 × 10^18."""
FISCAL_YEAR_MIN: Final = 1980
FISCAL_YEAR_MAX: Final = 2099
DAY_MIN: Final = date(1950, 1, 1)
DAY_MAX: Final = date(2100, 12, 31)


def check_yen(value: int) -> None:
    """Raise ValidationError for an amount beyond `YEN_MAX`."""
    if abs(value) > YEN_MAX:
        raise ValidationError(
            _("Amounts of more than %(most)s yen are not taken."),
            code="too_large",
            params={"most": f"{YEN_MAX:,}"},
        )


def check_count(value: int) -> None:
    """Raise ValidationError for a count beyond `COUNT_MAX`."""
    if abs(value) > COUNT_MAX:
        raise ValidationError(
            _("Counts of more than %(most)s are not taken."),
            code="too_large",
            params={"most": f"{COUNT_MAX:,}"},
        )


def check_year(value: int) -> None:
    """Raise ValidationError for a fiscal year that no figure here can be of."""
    if not FISCAL_YEAR_MIN <= value <= FISCAL_YEAR_MAX:
        raise ValidationError(
            _("This is not a plausible fiscal year: %(first)d to %(last)d are taken."),
            code="no_year",
            params={"first": FISCAL_YEAR_MIN, "last": FISCAL_YEAR_MAX},
        )


def check_day(value: Any) -> None:
    """Raise ValidationError for a day that no record here can be of."""
    day = value.date() if isinstance(value, datetime) else value
    if not DAY_MIN <= day <= DAY_MAX:
        raise ValidationError(
            _("This is not a plausible date: days from %(first)s to %(last)s are taken."),
            code="no_date",
            params={"first": DAY_MIN.isoformat(), "last": DAY_MAX.isoformat()},
        )
