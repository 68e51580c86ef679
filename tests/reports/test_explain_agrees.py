"""A figure on a page and its Explain page say the same, all over a small fictional government.

The pages' own links are followed: a few of each metric and page, the exact figures compared.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
from django.db import transaction
from django.test import Client
from pytest_django import DjangoDbBlocker

from governance.access import Role
from governance.audit import Act
from governance.models import Agency, User
from projects.seed import load
from projects.seed.frame import Frame
from tests import factories
from tests.conftest import signed_in

pytestmark = pytest.mark.django_db

ACT = Act(user=None, at=datetime(2026, 11, 24, 3, 0, tzinfo=UTC), source="test")
PAGES = ("/portfolio/", "/costs/", "/value/", "/delivery/", "/procurement/", "/systems/")
EACH = 2
_LINK = re.compile(
    r'<a (?:class="tile-explain" )?href="(/explain/[^"]+)"[^>]*>(.*?)</a>', re.DOTALL
)
_EXACT = re.compile(r'<data value="(-?\d+)"')
_FIGURE = re.compile(r'class="tile-value">\s*(.*?)</p>', re.DOTALL)
_PERCENT = re.compile(r"^-?[\d,.]+%$")


@pytest.fixture(scope="module")
def government(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Seeded once for the tests of this module; gone after it."""
    with django_db_blocker.unblock(), transaction.atomic():
        load.seed_government(ACT, Frame(1, date(2026, 11, 24)), size=160)
        yield
        transaction.set_rollback(True)


def reader(role: Role, agency: Agency | None) -> User:
    user = factories.UserFactory.create(username=f"agrees-{role.value}")
    factories.MembershipFactory.create(user=user, role=role, agency=agency)
    return user


def links(client: Client, path: str) -> Iterator[tuple[str, str]]:
    """A few links of each metric on a page, with what stands in them."""
    html = client.get(path).content.decode()
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for address, shown in _LINK.findall(html):
        found[address.split("/")[2]][address.replace("&amp;", "&")] = shown
    for of_metric in found.values():
        chosen = sorted(of_metric.items())
        yield from chosen[:EACH] + chosen[-EACH:]


def explained(client: Client, address: str) -> str:
    """The figure; of a reduction, whose ends stand in columns of their own, the whole page."""
    response = client.get(address)
    assert response.status_code == 200, address
    html = response.content.decode()
    if address.startswith("/explain/reduction_"):
        return re.sub(r"<[^>]+>", " ", html)
    figure = _FIGURE.search(html)
    assert figure is not None, address
    return re.sub(r"<[^>]+>", "", figure.group(1)).strip()


def expected(shown: str) -> str | None:
    """What Explain must say of a figure: exact yen, or the same percent; None for the rest."""
    exact = _EXACT.search(shown)
    if exact is not None:
        return f"¥{int(exact.group(1)):,}".replace("¥-", "-¥")
    text = re.sub(r"<[^>]+>", "", shown).strip()
    return f"({text})" if _PERCENT.match(text) else None


@pytest.mark.parametrize("role", [Role.CIO_OFFICE, Role.PMO])
def test_page_and_explanation_agree(role: Role, government: None) -> None:
    agency = None if role is Role.CIO_OFFICE else Agency.objects.order_by("order").first()
    client = signed_in(reader(role, agency))
    compared = 0
    wrong = []
    for path in PAGES:
        for address, shown in links(client, path):
            figure, wanted = explained(client, address), expected(shown)
            if wanted is not None:
                compared += 1
                if wanted not in figure:
                    wrong.append((path, address, wanted, figure))
    assert wrong == []
    assert compared > 40
