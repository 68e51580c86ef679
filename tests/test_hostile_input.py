"""Addresses and forms that somebody bends on purpose: an answer, never a crash, never a script.

In the suite each page is asked with every value and in every parameter, turned by one from page to
page; CRAWL=full asks for every value in every parameter of every page.
"""

import os
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from django.test import Client

from governance.models import User
from projects.register import KINDS
from projects.services import rollups
from tests import factories
from tests.conftest import World, signed_in

pytestmark = pytest.mark.django_db

VALUES = [
    "\x00",
    "x" * 5000,
    "' OR 1=1 --",
    "-1",
    "99999999999999999999",
    "0001-01-01",
    "9999-12-31",
    "令和99年",
    "<script>alert(1)</script>",
]
PARAMETERS = ("q", "page", "sort", "as_of", "agency", "fiscal_year", "system", "table", "rule")
PAGES = [
    "/portfolio/",
    "/portfolio/export.csv",
    "/agencies/home/",
    "/attention/",
    "/attention/export.csv",
    "/search/",
    "/audit/",
    "/audit/export.csv",
    "/api/v1/portfolio/",
    "/costs/",
    "/costs/export.csv",
    "/value/",
    "/value/export.csv",
    "/delivery/",
    "/procurement/",
    "/contradictions/",
    "/outlook/",
    "/scenarios/",
    *(f"/{slug}/" for slug in KINDS),
    *(f"/{slug}/export.csv" for slug in ("systems", "cost-lines")),
    *(f"/api/v1/{slug}/" for slug in ("systems", "cost-lines", "flags")),
]


def _bent(page: str) -> Iterator[tuple[str, str]]:
    turn = PAGES.index(page)
    for number, value in enumerate(VALUES):
        if os.environ.get("CRAWL") == "full":
            yield from ((name, value) for name in PARAMETERS)
        else:
            yield PARAMETERS[(number + turn) % len(PARAMETERS)], value


@pytest.mark.parametrize("page", PAGES)
def test_bent_addresses_are_answered(page: str, world: World, cio: User) -> None:
    client = signed_in(cio)
    for name, value in _bent(page):
        response = client.get(f"{page}?{urlencode({name: value})}")
        assert response.status_code in (200, 302, 400, 404), (name, value)
        body = b"".join(response) if response.streaming else response.content
        if response["Content-Type"].startswith("text/html"):
            assert b"<script>alert(1)" not in body
        assert response["X-Content-Type-Options"] == "nosniff"


EXPLAINED = {
    "executed_cost": ("year", "own", "project", "kpi", "service"),
    "single_bid_ratio": ("vendor",),
    "item_cost": ("item",),
    "renewal_cost": ("renewal",),
    "reduction_gross": ("base_year", "end_year"),
    "benefit_planned": ("benefit_year", "kind"),
    "npv": ("rate", "plan"),
    "administrative_burden": ("yen_per_hour",),
}


@pytest.mark.parametrize("metric", EXPLAINED)
def test_bent_questions_about_a_figure_are_answered(metric: str, world: World, cio: User) -> None:
    client = signed_in(cio)
    for name in ("as_of", "agency", "system", *EXPLAINED[metric]):
        for value in (*VALUES, "²⁰²⁵", "２０２５", "NaN", "1e999"):
            response = client.get(f"/explain/{metric}/?{urlencode({name: value})}")
            assert response.status_code in (200, 400, 404), (name, value)
            assert b"<script>alert(1)" not in response.content


def test_names_that_are_scripts_are_shown_as_text(world: World, cio: User) -> None:
    evil = "</script><script>alert(1)</script><img src=x onerror=alert(1)>"
    system = factories.SystemFactory.create(system_id="EVIL-1", name=evil, agency=world.home)
    line = factories.CostLineFactory.create(system=system, amount=10**12)
    assert line.pk
    factories.ServiceYearFactory.create(service__systems=[system], service__name=evil, counted=True)
    factories.ContractFactory.create(agency=world.home, system=system, title=evil, bidders=1)
    rollups.recompute_all()
    client = signed_in(cio)
    for page in (
        "/portfolio/",
        "/systems/",
        "/systems/EVIL-1/",
        "/search/?q=alert",
        "/agencies/home/",
    ):
        body = client.get(page).content.decode()
        assert "<script>alert(1)" not in body, page
        assert "<img src=x" not in body, page


def test_bent_forms_are_answered_at_the_field(world: World, pmo: User) -> None:
    client = signed_in(pmo)
    bad = {
        "system_id": "A/B",
        "name": "x" * 5000,
        "agency": "999999999999999999999",
        "system_class": "-1",
        "status": "<script>",
        "go_live_on": "0000-00-00",
        "next_renewal_year": "1",
        "next_renewal_cost": "9" * 30,
    }
    response = client.post("/systems/new/", bad)
    assert response.status_code == 422
    assert "x" * 5000 in response.content.decode(), "what was typed is kept"


def test_signing_in_with_nonsense_is_refused(db: None) -> None:
    client = Client(headers={"accept-language": "en"})
    response = client.post("/accounts/login/", {"username": "a\u200bb", "password": "x" * 5000})
    assert response.status_code == 200
    for target in ("https://evil.example/", "//evil.example"):
        factories.UserFactory.create(username=f"u{len(target)}").set_password("x")
        response = client.get("/accounts/login/", {"next": target})
        assert response.status_code == 200
