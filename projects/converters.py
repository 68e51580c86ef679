"""Parts of addresses that the register gives a meaning."""

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
