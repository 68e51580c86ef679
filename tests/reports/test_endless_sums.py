"""One ministry writes the largest amounts that are taken, thousands of times: every page of the
government stands, and says the right sum."""

from datetime import date
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from governance.audit import Act
from governance.exceptions import DomainError
from governance.fields.bounds import COUNT_MAX, YEN_MAX
from governance.models import User
from projects.models import (
    Benefit,
    Contract,
    CostLine,
    Service,
    ServiceYear,
    System,
    YearRollup,
)
from projects.models.choices import BenefitKind, OnlineStatus, Stage, ValueState
from projects.register import KINDS
from projects.services import register, rollups
from reports.cost_files import COST_FILES
from reports.files import AGENCY_FILES, PORTFOLIO_FILES
from reports.value_files import VALUE_FILES
from tests import factories
from tests.conftest import World, signed_in

pytestmark = pytest.mark.django_db

SYSTEMS, LINES = 10, 930
TOTAL = SYSTEMS * LINES * YEN_MAX
YEAR = 2025
PAGES = [
    "/",
    "/portfolio/",
    "/costs/",
    "/procurement/",
    "/value/",
    "/delivery/",
    "/outlook/",
    "/attention/",
    "/contradictions/",
    "/agencies/home/",
    *(f"/portfolio/export.csv?table={table}" for table in PORTFOLIO_FILES),
    *(f"/portfolio/export.xlsx?table={table}" for table in PORTFOLIO_FILES),
    *(f"/agencies/home/export.csv?table={table}" for table in AGENCY_FILES),
    *(f"/costs/export.csv?table={table}" for table in COST_FILES),
    *(f"/costs/export.xlsx?table={table}" for table in COST_FILES),
    *(f"/value/export.csv?table={table}" for table in VALUE_FILES),
    "/delivery/export.csv",
    "/procurement/export.csv",
    "/procurement/export.csv?table=vendors",
    "/explain/executed_cost/",
    "/explain/executed_cost/?agency=home",
    "/explain/executed_cost/?system=HOME-1",
    "/explain/item_cost/",
    "/explain/contract_amount/",
    "/explain/vendor_share/?vendor=X",
    "/explain/renewal_cost/",
    "/explain/benefit_planned/",
    "/explain/administrative_burden/",
    "/explain/execution_rate/",
    "/explain/reduction_gross/",
    "/systems/HOME-1/",
    "/systems/HOME-1/costs/",
    "/api/v1/portfolio/",
    "/api/v1/year-rollups/",
]


@pytest.fixture
def endless(world: World) -> None:
    """9,300 cost lines and contracts of 10^15 yen, benefits and renewals, and services of as many cases as are
    taken."""
    item = factories.CostItemFactory.create()
    model = factories.SystemFactory.create(agency=world.home, next_renewal_cost=YEN_MAX)
    systems = System.objects.bulk_create(
        System(
            system_id=f"END-{n}",
            name=f"巨額{n}",
            agency=world.home,
            system_class=model.system_class,
            status=model.status,
            next_renewal_year=2028,
            next_renewal_cost=YEN_MAX,
        )
        for n in range(SYSTEMS - 1)
    )
    holders = [world.system, *systems]
    CostLine.objects.bulk_create(
        [
            CostLine(
                system=system,
                budget_year=YEAR,
                sheet_year=2026,
                cost_item=item,
                stage=Stage.EXECUTED,
                account=f"会計{n}",
                amount=YEN_MAX,
                amount_state=ValueState.REPORTED,
            )
            for system in holders
            for n in range(LINES)
        ],
        batch_size=2000,
    )
    Contract.objects.bulk_create(
        [
            Contract(
                contract_id=f"END-C{n}",
                title="巨額契約",
                agency=world.home,
                system=world.system,
                vendor="X",
                fiscal_year=YEAR,
                signed_on=date(2025, 6, 1),
                amount=YEN_MAX,
                amount_state=ValueState.REPORTED,
            )
            for n in range(SYSTEMS * LINES)
        ],
        batch_size=2000,
    )
    projects = factories.ProjectFactory.create_batch(3, agency=world.home, systems=[world.system])
    Benefit.objects.bulk_create(
        Benefit(
            project=project,
            kind=kind,
            fiscal_year=year,
            planned=YEN_MAX,
            planned_state=ValueState.REPORTED,
            realised=YEN_MAX,
            realised_state=ValueState.REPORTED,
        )
        for project in projects
        for kind in BenefitKind.values
        for year in range(1981, 2099)
    )
    services = Service.objects.bulk_create(
        Service(
            service_id=f"END-S{n}",
            name=f"巨大{n}",
            agency=world.home,
            online_status=OnlineStatus.AVAILABLE,
        )
        for n in range(1500)
    )
    ServiceYear.objects.bulk_create(
        ServiceYear(
            service=service,
            fiscal_year=YEAR,
            **{
                name: value
                for figure, most in (
                    ("cases", COUNT_MAX),
                    ("online_cases", COUNT_MAX),
                    ("started_cases", COUNT_MAX),
                    ("minutes_per_case", "9999999.99"),
                    ("satisfaction_ratio", 1),
                    ("satisfaction_answers", COUNT_MAX),
                )
                for name, value in ((figure, most), (f"{figure}_state", ValueState.REPORTED))
            },
        )
        for service in services
    )
    rollups.recompute_all()


def test_every_page_stands(endless: None, world: World, cio: User) -> None:
    client = signed_in(cio)
    bodies: dict[str, str] = {}
    for page in PAGES:
        answer = client.get(page, follow=True)
        assert answer.status_code == 200, page
        raw = b"".join(answer.streaming_content) if answer.streaming else answer.content  # type: ignore[attr-defined]
        bodies[page] = raw.decode(errors="replace")
    assert TOTAL > 2**63  # What SQLite's own sum refuses.
    for page in (
        "/portfolio/export.csv?table=cost-cube",
        "/procurement/export.csv",
        "/procurement/export.csv?table=vendors",
    ):
        assert str(TOTAL) in bodies[page], page
    assert f"{TOTAL:,}" in bodies["/explain/executed_cost/?agency=home"]


def test_the_sum_of_all_is_exact(endless: None, world: World, cio: User) -> None:
    rows = YearRollup.objects.filter(fiscal_year=YEAR)
    executed = sum(figure or 0 for figure in rows.values_list("executed", flat=True))
    assert executed == TOTAL


def _line(world: World, amount: int, account: str = "") -> dict[str, Any]:
    return {
        "system": world.system,
        "budget_year": YEAR,
        "sheet_year": 2026,
        "cost_item": factories.CostItemFactory.create(),
        "stage": Stage.INITIAL,
        "account": account,
        "amount": amount,
        "amount_state": ValueState.REPORTED,
    }


def test_what_a_holder_cannot_hold_is_refused_with_its_name(world: World, pmo: User) -> None:
    """A rollup's columns end at 2^63: the write that would go beyond changes nothing."""
    line = _line(world, YEN_MAX)
    CostLine.objects.bulk_create(
        [CostLine(**{**line, "account": f"会計{n}"}) for n in range(9_000)], batch_size=2000
    )
    act = Act(user=pmo, at=timezone.now())
    with pytest.raises(DomainError, match="more than can be kept") as refused:
        register.create(act, KINDS["cost-lines"], _line(world, YEN_MAX, "one more"))
    assert "“内務台帳” for 2025" in str(refused.value)
    assert CostLine.objects.count() == 9_000


def test_the_database_itself_refuses_larger_amounts(world: World) -> None:
    line = factories.CostLineFactory.create(system=world.system)
    with pytest.raises(IntegrityError), transaction.atomic():
        # An expression, which no field of ours checks.
        CostLine.objects.filter(pk=line.pk).update(amount=F("amount") * 0 + YEN_MAX + 1)
