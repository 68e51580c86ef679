"""One record of every collection at home and one elsewhere, and a JSON client."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.db import models
from django.test import Client

from governance import audit
from governance.models import Agency, RoleTerm, User
from projects.api.collections import COLLECTIONS
from projects.models import (
    ImportRun,
    Project,
    RiskFlag,
    ServiceRollup,
    System,
    YearRollup,
)
from projects.models.choices import CostClass, FlagSeverity, ReviewLayer
from tests import factories
from tests.conftest import World, act


@dataclass(frozen=True, slots=True)
class Api:
    """A program that uses the API in the name of `user`; None has not signed in."""

    client: Client

    @classmethod
    def of(cls, user: User | None, *, csrf: bool = False) -> "Api":
        client = Client(enforce_csrf_checks=csrf, headers={"accept-language": "en"})
        if user is not None:
            client.force_login(user)
        return cls(client)

    def get(self, path: str, **query: str) -> Any:
        return self.client.get(f"/api/v1/{path}", query_params=query)

    def results(self, path: str, **query: str) -> list[dict[str, Any]]:
        answer = self.get(path, **query)
        assert answer.status_code == 200, answer.content
        rows: list[dict[str, Any]] = answer.json()["results"]
        return rows

    def send(self, method: str, path: str, body: object = None) -> Any:
        raw = body if isinstance(body, bytes) else json.dumps(body or {}, ensure_ascii=False)
        return self.client.generic(method, f"/api/v1/{path}", raw, content_type="application/json")

    def post(self, path: str, body: object = None) -> Any:
        return self.send("POST", path, body)

    def patch(self, path: str, body: object = None) -> Any:
        return self.send("PATCH", path, body)

    def put(self, path: str, body: object = None) -> Any:
        return self.send("PUT", path, body)


def path_of(slug: str, obj: models.Model) -> str:
    return f"{slug}/{getattr(obj, COLLECTIONS[slug].key)}/"


Pair = tuple[models.Model, models.Model]


def _register(agency: Agency, system: System, project: Project, tag: str) -> dict[str, Any]:
    """One record a kind, all hanging on these three."""
    review_type = factories.ReviewTypeFactory.create(layer=ReviewLayer.MINISTRY)
    service = factories.ServiceFactory.create(
        service_id=f"{tag}-V1", agency=agency, systems=[system]
    )
    review = factories.ReviewFactory.create(system=system, review_type=review_type)
    kpi = factories.KpiFactory.create(code=f"{tag}-K1", system=system)
    contract = factories.ContractFactory.create(
        contract_id=f"{tag}-C1", agency=agency, system=system, project=project
    )
    successor = factories.SystemFactory.create(system_id=f"{tag}-S2", agency=agency)
    return {
        "systems": system,
        "projects": project,
        "services": service,
        "contracts": contract,
        "cost-lines": factories.CostLineFactory.create(system=system),
        "service-years": factories.ServiceYearFactory.create(service=service, counted=True),
        "updates": factories.MonthlyUpdateFactory.create(project=project),
        "baselines": factories.BaselineFactory.create(project=project),
        "milestones": factories.MilestoneFactory.create(project=project),
        "kpis": kpi,
        "kpi-links": factories.KpiLinkFactory.create(
            origin=kpi, target=factories.KpiFactory.create(code=f"{tag}-K2", system=system)
        ),
        "kpi-values": factories.KpiValueFactory.create(kpi=kpi),
        "benefits": factories.BenefitFactory.create(project=project),
        "risks": factories.RiskFactory.create(project=project),
        "reviews": review,
        "findings": factories.FindingFactory.create(review=review),
        "lineage": factories.SystemLineageFactory.create(predecessor=system, successor=successor),
        "plan-actions": factories.PlanActionFactory.create(code=f"{tag}-a1", agency=agency),
        "flags": RiskFlag.objects.create(
            rule_id="single_bidder",
            rule_version=1,
            agency=agency,
            contract=contract,
            severity=FlagSeverity.MEDIUM,
            figures={"bidders": 1},
            parameters={},
            opened_on=date(2026, 11, 1),
            severity_since=date(2026, 11, 1),
            judged_on=date(2026, 11, 24),
        ),
        "year-rollups": YearRollup.objects.create(
            system=system, agency=agency, fiscal_year=2024, executed=0, operation=None
        ),
        "service-rollups": ServiceRollup.objects.create(
            agency=agency,
            fiscal_year=2024,
            services=1,
            services_online=1,
            services_measured=1,
            cases=100,
            online_cases=50,
        ),
        "import-runs": ImportRun.objects.create(
            kind="rs", started_at=datetime(2026, 11, 1, tzinfo=UTC), agency=agency
        ),
    }


def _masters() -> dict[str, Any]:
    return {
        "targets": factories.TargetFactory.create(),
        "system-classes": factories.SystemClassFactory.create(),
        "cost-items": factories.CostItemFactory.create(cost_class=CostClass.OTHER),
        "review-types": factories.ReviewTypeFactory.create(layer=ReviewLayer.CIO),
        "role-terms": RoleTerm.objects.create(role="hr", name="人事担当"),
        "risk-policies": factories.RiskPolicyFactory.create(
            parameters={"high_award_ratio": "0.98"}, is_in_force=False
        ),
    }


@pytest.fixture
def everything(world: World, now: datetime) -> Mapping[str, Pair]:
    """Collection → a record of the home ministry and one of the other (masters: one for both)."""
    home = _register(world.home, world.system, world.project, "home")
    other = _register(world.other, world.other_system, world.other_project, "other")
    event = audit.record(
        act(None, now),
        "system.checked",
        object_type="system",
        object_key=str(world.system.pk),
        after={"name": "内務台帳"},
    )
    pairs: dict[str, Pair] = {slug: (home[slug], other[slug]) for slug in home}
    pairs |= {slug: (master, master) for slug, master in _masters().items()}
    pairs["agencies"] = (world.home, world.other)
    pairs["audit-events"] = (event, event)
    return pairs
