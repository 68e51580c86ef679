"""Whom a view lets in, told to the links that lead to it."""

from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

from django.urls import resolve

View = TypeVar("View", bound=Callable[..., Any])
Reads = Callable[[Any], bool]


def open_to(reads: Reads) -> Callable[[View], View]:
    """Names the predicate by which a view judges a person; the view itself decides by it."""

    def name(view: View) -> View:
        view.readers = reads  # type: ignore[attr-defined]
        return view

    return name


@cache
def readers_of(_urlconf: str, path: str) -> Reads | None:
    """The predicate of the view at an address without arguments; None where it names none."""
    found: Reads | None = getattr(resolve(path).func, "readers", None)
    return found
