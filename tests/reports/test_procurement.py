"""Bidding and renewals, counted by hand."""

from datetime import date
from decimal import Decimal

import pytest
from django.urls import reverse

from governance.access import Role
from projects.metrics.dictionary import METRICS
from projects.metrics.types import Reason
from projects.models import System
from projects.models.choices import ContractMethod
from reports.procurement import by_agency, by_vendor, renewals
from tests import factories
from tests.conftest import World, person, signed_in
from tests.reports.test_portfolio_page import csv_rows, table_rows

pytestmark = pytest.mark.django_db
AS_OF = date(2026, 10, 15)


@pytest.fixture
def bought(world: World) -> World:
    """Home: three open tenders (one single, one with unknown bidders) and a direct award."""
    rows = (
        ("A社", ContractMethod.OPEN_PRICE, 1, 300, "0.99"),
        ("A社", ContractMethod.OPEN_EVALUATION, 3, 100, "0.81"),
        ("B社", ContractMethod.OPEN_PRICE, None, None, None),
        ("B社", ContractMethod.NEGOTIATED_CALL, None, 600, None),
    )
    for vendor, method, bidders, amount, award in rows:
        factories.ContractFactory.create(
            agency=world.home, system=world.system, vendor=vendor, method=method, bidders=bidders,
            bidders_state="missing" if bidders is None else "reported",
            amount=amount, amount_state="missing" if amount is None else "reported",
            award_ratio=None if award is None else Decimal(award),
            award_ratio_state="missing" if award is None else "reported",
        )  # fmt: skip
    factories.ContractFactory.create(agency=world.other, system=world.other_system, vendor="C社")
    return world


def test_an_agency_is_counted_with_what_is_known(bought: World) -> None:
    (home,) = by_agency(person(Role.PMO, bought), AS_OF)
    assert (home.contracts, home.competitive, home.bidders_known, home.single) == (4, 3, 2, 1)
    assert (home.amount, home.amounts_known) == (1000, 3)
    assert home.mean_award_rate.value == Decimal("0.9")
    assert home.awards_known == 2
    assert home.share.value == 1


def test_vendors_come_by_amount_and_an_unknown_rate_is_no_zero(bought: World) -> None:
    first, second = by_vendor(person(Role.PMO, bought), AS_OF)
    assert (first.name, first.amount, first.share.value) == ("B社", 600, Decimal("0.6"))
    assert first.mean_award_rate.reason is Reason.NO_DATA
    assert second.single_bid_ratio.value == Decimal("0.5")


def test_the_cio_office_sees_all_and_the_page_is_scoped(bought: World) -> None:
    page = signed_in(person(Role.CIO_OFFICE, bought)).get(reverse("reports:procurement"))
    assert "C社" in page.content.decode()
    own = signed_in(person(Role.PMO, bought)).get(reverse("reports:procurement")).content.decode()
    assert "C社" not in own
    assert "2/3" in own


def test_the_wave_counts_what_stays_by_year(world: World) -> None:
    System.objects.filter(pk=world.system.pk).update(next_renewal_year=2028, next_renewal_cost=50)
    factories.SystemFactory.create(agency=world.home, next_renewal_year=2028)
    factories.SystemFactory.create(
        agency=world.home, next_renewal_year=2027, status="retired", next_renewal_cost=9
    )
    found = [
        (item.fiscal_year, item.systems, item.cost, item.costs_known)
        for item in renewals(person(Role.PMO, world))
    ]
    assert found == [(2028, 2, 50, 1), (None, 1, None, 0)]


def test_queries_do_not_grow_with_the_contracts(
    bought: World, django_assert_num_queries: object
) -> None:
    user = person(Role.CIO_OFFICE, bought)
    by_agency(user, AS_OF)  # Rights are read once.
    for number in range(10):
        factories.ContractFactory.create(
            agency=factories.AgencyFactory.create(), system=None, vendor=f"V{number}"
        )
    with django_assert_num_queries(5):  # type: ignore[operator]
        assert len(by_agency(user, AS_OF)) == 12
        assert len(by_vendor(user, AS_OF)) == 13
        assert list(renewals(user))


def test_the_tables_are_files_with_the_rows_of_the_page(bought: World) -> None:
    System.objects.filter(pk=bought.system.pk).update(next_renewal_year=2028, next_renewal_cost=50)
    client = signed_in(person(Role.PMO, bought))
    html = client.get(reverse("reports:procurement")).content.decode()
    for table, first in (("agencies", "Home Ministry"), ("vendors", "B社"), ("renewals", "2028")):
        address = f"{reverse('reports:procurement-export', args=['csv'])}?table={table}"
        assert address in html
        rows = csv_rows(client.get(address))
        assert len(rows) == len(table_rows(html, table)) > 0
        assert first in next(iter(rows[0].values()))
    vendors = csv_rows(client.get("/procurement/export.csv?table=vendors"))
    assert [list(row.values())[2] for row in vendors] == ["600", "400"]
    # A rate that nobody tells is an empty cell, never a zero.
    assert "" in vendors[0].values()
    book = client.get("/procurement/export.xlsx?table=vendors")
    assert b"".join(book)[:2] == b"PK"


def test_the_file_of_vendors_holds_all_and_the_page_the_largest(world: World) -> None:
    for number in range(52):
        factories.ContractFactory.create(agency=world.home, vendor=f"V{number:02}", amount=number)
    client = signed_in(person(Role.PMO, world))
    html = client.get(reverse("reports:procurement")).content.decode()
    assert len(table_rows(html, "vendors")) == 50
    assert len(csv_rows(client.get("/procurement/export.csv?table=vendors"))) == 52


def test_figures_name_their_metric_and_what_is_not_offered_is_not_found(bought: World) -> None:
    client = signed_in(person(Role.PMO, bought))
    html = client.get(reverse("reports:procurement")).content.decode()
    for metric in (
        "contracts", "contract_amount", "vendor_share", "single_bid_ratio", "mean_award_rate",
        "renewal_systems", "renewal_cost",
    ):  # fmt: skip
        assert metric in METRICS
        assert f"#{metric}" in html
    assert client.get("/procurement/export.csv?table=nonsense").status_code == 404
    assert client.get("/procurement/export.pdf").status_code == 404
