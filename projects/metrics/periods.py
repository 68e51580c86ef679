"""Fiscal years and reporting months.

A fiscal year is named after the calendar year in which its April lies; a month by its first day.
"""

from __future__ import annotations

import datetime


def fiscal_year_of(day: datetime.date) -> int:
    """The fiscal year that contains ``day``."""
    return day.year if day.month >= 4 else day.year - 1


def fiscal_year_end(fiscal_year: int) -> datetime.date:
    """31 March at the end of ``fiscal_year``."""
    return datetime.date(fiscal_year + 1, 3, 31)


def last_ended_fiscal_year(as_of: datetime.date, *, days_before: int = 0) -> int:
    """The latest fiscal year that had been over for ``days_before`` days on ``as_of``.

    With 0 days a year counts from the day after its 31 March.
    """
    return fiscal_year_of(as_of - datetime.timedelta(days=days_before)) - 1


def month_of(day: datetime.date) -> datetime.date:
    """The first day of the month that contains ``day``."""
    return day.replace(day=1)


def next_month(day: datetime.date) -> datetime.date:
    """The first day of the month after the one that contains ``day``."""
    if day.month == 12:
        return datetime.date(day.year + 1, 1, 1)
    return datetime.date(day.year, day.month + 1, 1)
