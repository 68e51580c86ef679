"""Every address that can be got × odd parts and odd parameters × roles: never a server error.

In the suite each address is asked with every odd value, spread over the parameters; CRAWL=full asks
for every value in every parameter (some minutes).
"""

import os
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from governance.access import Role
from governance.models import User
from tests.projects.api.conftest import everything  # noqa: F401  (one record of each kind)
from tests.test_permission_matrix import _ARGS, STATUSES, Pairs, _addresses

pytestmark = pytest.mark.django_db

# As they stand in an address.
ODD = (
    "%00",
    "9223372036854775808",
    "99999999999999999999999999999999999999",
    "-9223372036854775809",
    "2026-13-45",
    "0000-00",
    "99999",
    "%ff%fe",
    "%zz%",
    "%ed%a0%80",
    "x" * 5000,
    "1e999",
    "NaN",
    "%E2%81%BD%C2%B2",
    "'%22%3E%3Cscript%3E",
    "a&a=b&a=c",
    "%F0%9F%92%A9",
    "",
)
PARAMETERS = (
    "q", "page", "sort", "as_of", "agency", "year", "fiscal_year", "system", "project", "kpi", "service",
    "table", "rule", "severity", "status", "since", "until", "type", "verb", "key", "system_class", "size",
    "unknown", "sheet", "errors", "changes", "format", "limit", "page_size", "parent", "base_year",
    "end_year", "rate", "plan", "vendor", "item", "renewal", "kind", "own", "compare", "period", "month",
)  # fmt: skip
IS_FULL = os.environ.get("CRAWL") == "full"

# Odd parts of an address, by what the address takes there.
PARTS: Mapping[str, tuple[str, ...]] = {
    "IntConverter": ("0", "9223372036854775808", "9" * 40, "9" * 5000),
    "StringConverter": ("%00", "%ff", "x" * 5000, "..", "%F0%9F%92%A9", "%E2%80%AE"),
    "KeyConverter": ("%00", "%ff", "x" * 5000, "..", "%25", "9" * 40, "%E2%80%AE"),
    "SlugConverter": ("nope", "x" * 5000, "-"),
    "UUIDConverter": ("00000000-0000-0000-0000-000000000000",),
    "MonthConverter": ("1000-01", "2999-12"),
}


def _patterns(patterns: list[Any], before: str = "/") -> Iterator[tuple[str, dict[str, Any]]]:
    """Route and converters of every address written as a route."""
    for pattern in patterns:
        route = getattr(pattern.pattern, "_route", None)
        if route is None:
            continue
        if isinstance(pattern, URLResolver):
            yield from _patterns(pattern.url_patterns, before + route)
        elif isinstance(pattern, URLPattern):
            yield before + route, pattern.pattern.converters


def odd_paths() -> Iterator[str]:
    """Every route with odd parts, one odd value in all of its parts at once."""
    for route, converters in _patterns(get_resolver().url_patterns):
        kinds = {name: type(converter).__name__ for name, converter in converters.items()}
        for number in range(max((len(PARTS[kind]) for kind in kinds.values()), default=0)):
            path = ""
            for piece in route.split("<"):
                inner, closed, rest = piece.partition(">")
                if not closed:
                    path += piece
                    continue
                values = PARTS[kinds[inner.rpartition(":")[2]]]
                path += values[number % len(values)] + rest
            yield path


def real_paths(pairs: Pairs) -> list[str]:
    """Every address of the permission matrix that is got, with records that exist."""
    found = {path for method, path, _status in _addresses("cio_office", pairs) if method == "GET"}
    for name in STATUSES:
        if name in _ARGS or not _takes_parts(name):
            found.add(reverse(name, args=_ARGS.get(name, [])))
    return sorted(found)


def _takes_parts(name: str) -> bool:
    try:
        reverse(name)
    except Exception:
        return True
    return False


def queries(number: int) -> Iterator[str]:
    """Queries for the address of this number."""
    if IS_FULL:
        yield from (f"{name}={value}" for name in PARAMETERS for value in ODD)
        return
    # What is refused at once would hide the others: it is asked alone, in one parameter.
    refused = [value for value in ODD if value in {"%00", "%ff%fe", "%ed%a0%80"}]
    read = [value for value in ODD if value not in refused]
    yield f"{PARAMETERS[number % len(PARAMETERS)]}={refused[number % len(refused)]}"
    for turn in range(3):
        values = (read[(number + 5 * turn + place) % len(read)] for place in range(len(PARAMETERS)))
        yield "&".join(f"{name}={value}" for name, value in zip(PARAMETERS, values, strict=True))


def faults(client: Client, addresses: Iterator[str]) -> list[str]:
    wrong = []
    for address in addresses:
        try:
            response: Any = client.get(address)
            if response.streaming:
                b"".join(response.streaming_content)
            fault = response.status_code if response.status_code >= 500 else ""
        except Exception as error:
            fault = repr(error)
        if fault:
            wrong.append(f"{address[:200]}: {str(fault)[:200]}")
    return wrong


def browser(user: User | AnonymousUser) -> Client:
    client = Client(headers={"accept-language": "en"})
    if isinstance(user, User):
        client.force_login(user)
    return client


def test_every_address_with_odd_parameters(everything: Pairs, cio: User) -> None:  # noqa: F811
    paths = real_paths(everything)
    assert len(paths) > 150
    addresses = (f"{path}?{query}" for n, path in enumerate(paths) for query in queries(n))
    assert faults(browser(cio), addresses) == []


@pytest.mark.parametrize("role", [*(Role if IS_FULL else (Role.PMO, Role.VERIFIER)), "anonymous"])
def test_every_address_as_others_ask(
    role: str,
    everything: Pairs,  # noqa: F811
    actors: dict[Role, User],
) -> None:
    user = AnonymousUser() if role == "anonymous" else actors[Role(role)]
    asked = (f"{path}?{next(queries(n))}" for n, path in enumerate(real_paths(everything)))
    assert faults(browser(user), asked) == []
    several = (f"{path}?{list(queries(n))[1]}" for n, path in enumerate(real_paths(everything)))
    assert faults(browser(user), several) == []


def test_every_route_with_odd_parts(everything: Pairs, cio: User, pmo: User) -> None:  # noqa: F811
    paths = list(odd_paths())
    assert len(paths) > 300
    assert faults(browser(cio), iter(paths)) == []
    for user in (pmo, AnonymousUser()):
        assert faults(browser(user), iter(paths if IS_FULL else paths[::7])) == []
