"""What holds for every portfolio: agencies add up to the whole, and no filter raises a total.

Portfolios are small and drawn at random from a seed: unknown figures, objects that hang on
nothing, systems of one agency in projects of another, flags on every kind of subject.
"""

import random
from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from governance.models import Agency
from projects.metrics.risk import RULES
from projects.models import Project, RiskFlag, System, YearRollup
from projects.models.choices import (
    ContractMethod,
    FlagSeverity,
    OnlineStatus,
    ProjectPhase,
    SystemStatus,
    ValueState,
)
from projects.selectors import AgencyTree, Criteria, SizeBand, WholeRegister, agency_tree
from projects.services import rollups
from reports.dashboards import Figures, YearCost, summarise
from tests import factories

pytestmark = pytest.mark.django_db

AS_OF = date(2026, 11, 24)
NOW = datetime(2026, 11, 1, tzinfo=UTC)
YEARS = (2023, 2024, 2025)
MONEY = (10**7, 3 * 10**8, 2 * 10**9, 5 * 10**10)


def build(seed: int) -> None:
    """A random register of three ministries, one of them with a sub-agency."""
    r = random.Random(seed)
    agencies = [factories.AgencyFactory.create(code=f"a{n}") for n in range(3)]
    agencies.append(factories.AgencyFactory.create(code="a0-sub", parent=agencies[0]))
    classes = [factories.SystemClassFactory.create(code=code) for code in ("lan", "processing")]
    systems = [
        factories.SystemFactory.create(
            system_id=f"SYS-{n}",
            name=r.choice(["年金", "旅券"]) + str(n),
            agency=r.choice(agencies),
            system_class=r.choice(classes),
            status=r.choice(SystemStatus.values),
        )
        for n in range(r.randrange(1, 7))
    ]
    projects = [
        factories.ProjectFactory.create(
            code=f"PRJ-{n}",
            agency=r.choice(agencies),
            phase=r.choice(ProjectPhase.values),
            started_on=r.choice([None, date(2025, 4, 1), date(2026, 11, 1)]),
            systems=r.sample(systems, r.randrange(0, min(3, len(systems)) + 1)),
        )
        for n in range(r.randrange(0, 5))
    ]
    for project in projects:
        if r.random() < 0.5:
            factories.MonthlyUpdateFactory.create(project=project, submitted=True)
    _cost(r, systems, projects)
    _services(r, agencies, systems)
    _contracts_and_reviews(r, agencies, systems, projects)
    rollups.recompute_all()


def _maybe(r: random.Random) -> int | None:
    return None if r.random() < 0.3 else r.choice(MONEY)


def _cost(r: random.Random, systems: list[System], projects: list[Project]) -> None:
    for holder in [*systems, *projects]:
        for year in r.sample(YEARS, r.randrange(0, len(YEARS) + 1)):
            key = "system" if isinstance(holder, System) else "project"
            for stage, item in (("executed", "operation"), ("available", "operation")):
                amount = _maybe(r)
                factories.CostLineFactory.create(
                    **{"system": None, key: holder},
                    budget_year=year,
                    sheet_year=2026,
                    stage=stage,
                    cost_item__cost_class=r.choice(["development", item, "unclassified"]),
                    amount=amount,
                    amount_state=ValueState.MISSING if amount is None else ValueState.REPORTED,
                )


def _services(r: random.Random, agencies: list[Agency], systems: list[System]) -> None:
    for _ in range(r.randrange(0, 6)):
        service = factories.ServiceFactory.create(
            agency=r.choice(agencies),
            online_status=r.choice([OnlineStatus.AVAILABLE, OnlineStatus.PARTLY]),
            systems=r.sample(systems, r.randrange(0, 2)),
        )
        for year in r.sample(YEARS, r.randrange(0, 3)):
            factories.ServiceYearFactory.create(
                service=service, fiscal_year=year, counted=r.random() < 0.8
            )


def _contracts_and_reviews(
    r: random.Random, agencies: list[Agency], systems: list[System], projects: list[Project]
) -> None:
    for _ in range(r.randrange(0, 6)):
        contract = factories.ContractFactory.create(
            agency=r.choice(agencies),
            system=r.choice([None, *systems]),
            project=r.choice([None, *projects]),
            method=r.choice([ContractMethod.OPEN_PRICE, ContractMethod.NEGOTIATED_OTHER]),
            bidders=r.randrange(1, 4),
            fiscal_year=r.choice([None, *YEARS]),
        )
        _flag(r, contract.agency, contract=contract)
    holders: list[System | Project] = [*systems, *projects]
    for holder in holders:
        key = "system" if isinstance(holder, System) else "project"
        _flag(r, holder.agency, **{key: holder})
        if r.random() < 0.5:
            review = factories.ReviewFactory.create(
                **{"system": None, key: holder},
                fiscal_year=r.choice(YEARS),
                due_on=r.choice([None, date(2026, 5, 1), date(2026, 12, 1)]),
            )
            _flag(r, holder.agency, review=review)


def _flag(r: random.Random, agency: Agency, **subject: Any) -> None:
    if r.random() < 0.5:
        RiskFlag.objects.create(
            rule_id=r.choice(sorted(RULES)),
            rule_version=1,
            severity=r.choice(FlagSeverity.values),
            agency=agency,
            opened_on=date(2026, 6, 1),
            severity_since=date(2026, 6, 1),
            judged_on=date(2026, 6, 1),
            **subject,
        )


def total(criteria: Criteria, tree: AgencyTree) -> Figures:
    return summarise(WholeRegister(), criteria, AS_OF, tree).total


def additive(figures: Figures) -> Iterator[tuple[str, int | None]]:
    """Every count and sum of a selection, by name."""
    for item in fields(Figures):
        value = getattr(figures, item.name)
        if isinstance(value, int) or value is None:
            yield item.name, value
    for severity, number in figures.project_risk.items():
        yield f"risk {severity}", number
    for rule, counts in figures.flags.items():
        for severity, number in counts.items():
            yield f"{rule} {severity}", number
    for year, cost in figures.years.items():
        for column in fields(YearCost):
            yield f"{year} {column.name}", getattr(cost, column.name)


examples = settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
seeds = st.integers(min_value=0, max_value=10**6)


class _Undo(Exception):
    pass


def in_register(seed: int, check: Any) -> None:
    """Runs `check(tree)` in the register of a seed, and takes the register back."""
    with pytest.raises(_Undo), transaction.atomic():
        build(seed)
        check(agency_tree(WholeRegister()))
        raise _Undo


@given(seed=seeds)
@examples
def test_agencies_add_up_to_the_portfolio(db: None, seed: int) -> None:
    def check(tree: AgencyTree) -> None:
        parts = [
            total(Criteria(agency_ids=tree.below(agency)), tree)
            for agency in tree.by_id.values()
            if agency.parent_id is None
        ]
        whole = dict(additive(total(Criteria(), tree)))
        added = dict(additive(sum(parts, start=Figures())))
        assert {k: v for k, v in added.items() if v} == {k: v for k, v in whole.items() if v}
        # Zero and unknown are not the same thing.
        assert {k for k, v in added.items() if v is None} <= {
            k for k, v in whole.items() if v is None
        } | set(added) - set(whole)

    in_register(seed, check)


narrowed: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "agency_ids": st.sampled_from(["a0", "a1", "a0-sub"]),
        "system_class": st.sampled_from(["lan", "processing"]),
        "status": st.sampled_from(SystemStatus.values),
        "size": st.sampled_from(SizeBand.values),
        "text": st.sampled_from(["年金", "sys-1"]),
        "rule_id": st.sampled_from(sorted(RULES)),
        "severity": st.sampled_from(FlagSeverity.values),
    },
)


@given(seed=seeds, asked=narrowed, year=st.sampled_from([None, *YEARS]))
@settings(examples, max_examples=30)
def test_adding_a_filter_never_raises_a_total(
    db: None, seed: int, asked: dict[str, Any], year: int | None
) -> None:
    def check(tree: AgencyTree) -> None:
        criteria = Criteria(fiscal_year=year)
        wider = dict(additive(total(criteria, tree)))
        for name, value in asked.items():
            chosen = tree.below(tree.by_code(value)) if name == "agency_ids" else value
            changes: dict[str, Any] = {name: chosen}
            criteria = replace(criteria, **changes)
            narrower = dict(additive(total(criteria, tree)))
            for key, amount in narrower.items():
                assert (amount or 0) <= (wider.get(key) or 0), (name, key)
            wider = narrower

    in_register(seed, check)


@given(seed=seeds)
@examples
def test_cost_of_the_portfolio_is_the_sum_of_its_rollups(db: None, seed: int) -> None:
    def check(tree: AgencyTree) -> None:
        expected: dict[tuple[int, str], int] = {}
        for row in YearRollup.objects.all():
            for name in ("development", "operation", "available", "executed"):
                amount = getattr(row, name)
                if amount is not None:
                    key = row.fiscal_year, name
                    expected[key] = expected.get(key, 0) + amount
        found = {
            (year, name): getattr(cost, name)
            for year, cost in total(Criteria(), tree).years.items()
            for name in ("development", "operation", "available", "executed")
            if getattr(cost, name) is not None
        }
        assert found == expected

    in_register(seed, check)


@given(seed=seeds)
@examples
def test_the_two_ways_to_online_use_agree(db: None, seed: int) -> None:
    """Rollups of agencies and the sum over their services give the same figures."""

    def check(tree: AgencyTree) -> None:
        by_rollup = summarise(WholeRegister(), Criteria(), AS_OF, tree)
        by_service = summarise(WholeRegister(reads_whole_agencies=False), Criteria(), AS_OF, tree)
        for one, other in zip(by_rollup.agencies, by_service.agencies, strict=True):
            assert one.figures.cases == other.figures.cases
            assert one.figures.online_cases == other.figures.online_cases
            assert one.figures.services_measured == other.figures.services_measured

    in_register(seed, check)
