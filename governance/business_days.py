"""Business days of the national administration: no weekends, no public holidays, and not from
29 December to 3 January (行政機関の休日に関する法律, 1988)."""

from datetime import date, timedelta

import jpholiday


def is_business_day(day: date) -> bool:
    """Whether offices are open."""
    if day.weekday() >= 5 or (day.month, day.day) in ((1, 2), (1, 3)):
        return False
    if day.month == 12 and day.day >= 29:
        return False
    return not jpholiday.is_holiday(day)


def next_business_day(day: date) -> date:
    """`day` itself where offices are open, else the first day after it on which they are."""
    while not is_business_day(day):
        day += timedelta(days=1)
    return day


def add_business_days(day: date, number: int) -> date:
    """The business day that is `number` of them after `day`; before it where negative."""
    step = timedelta(days=1 if number >= 0 else -1)
    left = abs(number)
    while left:
        day += step
        left -= is_business_day(day)
    return day


def business_days_after(start: date, end: date) -> int:
    """How many business days lie after `start` up to and with `end`; 0 where `end` is not later."""
    day, found = start, 0
    while day < end:
        day += timedelta(days=1)
        found += is_business_day(day)
    return found
