"""Parts of addresses that the register gives a meaning."""

from datetime import date
from typing import Final

from django.urls import register_converter

KEY: Final = "key"


class KeyConverter:
    """A key as people write it; "new" is the form for a new object, never a key."""

    regex = r"(?!new/)[^/\x00-\x1f\x7f]+"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: object) -> str:
        return str(value)


register_converter(KeyConverter, KEY)


class MonthConverter:
    """A month: 2026-10 is its first day."""

    regex = r"[12][0-9]{3}-(?:0[1-9]|1[0-2])"

    def to_python(self, value: str) -> date:
        year, month = value.split("-")
        return date(int(year), int(month), 1)

    def to_url(self, value: date) -> str:
        return f"{value:%Y-%m}"


register_converter(MonthConverter, "month")
