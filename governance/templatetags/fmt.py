"""Filters that show figures, years and dates; each shows None or `Unknown` as a dash with its
reason. The work is done in `governance.formatting`."""

from collections.abc import Callable
from datetime import date
from typing import Any

from django import template
from django.utils.safestring import SafeString

from governance import formatting
from governance.formatting import Reason, YenUnit
from governance.tabular import Kind, Unknown, display, unknown_html

register = template.Library()


def _or_dash(value: Any, show: Callable[[Any], str], reason: Reason = "missing") -> str:
    if value is None or value == "":
        return unknown_html(Unknown(reason))
    if isinstance(value, Unknown):
        return unknown_html(value)
    return show(value)


@register.filter
def yen(value: Any) -> str:
    """Exact yen: 26,050,000,000円 / ¥26,050,000,000."""
    return _or_dash(value, formatting.yen)


@register.filter
def yen_in(value: Any, unit: str) -> str:
    """Rounded yen with the unit: `amount|yen_in:"hundred_million"`; see formatting.YenUnit."""
    return _or_dash(value, lambda amount: formatting.yen_in(amount, YenUnit(unit)))


@register.filter
def yen_short(value: Any) -> str:
    """Yen in the unit that fits their size: 260.5億円 / ¥26.05 bn."""
    return _or_dash(value, formatting.yen_short)


@register.filter
def integer(value: Any) -> str:
    """A count with separators: 1,450."""
    return _or_dash(value, lambda number: display(number, Kind.INTEGER))


@register.filter
def decimal(value: Any) -> str:
    """An exact decimal figure without trailing zeros: 3.5."""
    return _or_dash(value, lambda number: display(number, Kind.DECIMAL))


@register.filter
def percent(value: Any) -> str:
    """A ratio as percent: 51.2%."""
    return _or_dash(value, formatting.percent, "undefined")


@register.filter
def signed_percent(value: Any) -> str:
    """A change as percent with its sign: +12.5%."""
    return _or_dash(value, formatting.signed_percent, "undefined")


@register.filter
def fiscal_year(value: Any) -> str:
    """令和7年度 (2025) / FY2025."""
    return _or_dash(value, formatting.fiscal_year)


@register.filter
def era_date(value: Any) -> str:
    """令和7年4月1日 (2025-04-01) / 2025-04-01."""
    return _or_dash(value, formatting.era_date)


@register.filter
def iso_date(value: Any) -> str:
    """2025-04-01, the same in every language."""
    return _or_dash(value, formatting.iso_date)


@register.filter
def moment(value: Any) -> str:
    """Date and minute in the time zone of the site."""
    return _or_dash(value, formatting.moment)


@register.filter
def age(value: Any, as_of: date) -> str:
    """How old a date is on the day shown: `updated_on|age:as_of`."""
    return _or_dash(value, lambda day: formatting.age(day, as_of))


@register.filter
def or_dash(value: Any) -> str | SafeString:
    """Any other value, or the dash with its reason where it is None, empty or `Unknown`."""
    return _or_dash(value, lambda shown: shown)
