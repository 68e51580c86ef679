"""Benefits planned, realised and forecast, and what projects are worth against their cost.

The forecast of a year is what was realised where the year is over and that is known, and the plan
elsewhere. Statements: one for benefits, five for worth (three more each 2,000 projects).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from typing import Any, Final

from django.db.models import Case, Count, F, Q, QuerySet, When

from governance.sums import ExactSum
from projects import worth
from projects.metrics import promise
from projects.metrics.periods import last_ended_fiscal_year
from projects.metrics.types import Measure, Reason
from projects.models import Benefit
from projects.models.choices import BenefitKind, ValueState
from projects.selectors import Selection

PROJECTS_SHOWN: Final = 50
CHUNK: Final = 2000


@dataclass(frozen=True, slots=True)
class Gains:
    """Benefits in yen; None where no figure is known. `*_known` figures stand in each sum; `asked`
    is how many were to be planned, `due` how many of these lie in years that are over."""

    planned: int | None = None
    planned_known: int = 0
    realised: int | None = None
    realised_known: int = 0
    forecast: int | None = None
    forecast_known: int = 0
    asked: int = 0
    due: int = 0

    def __add__(self, more: "Gains") -> "Gains":
        return Gains(*(_added(getattr(self, f.name), getattr(more, f.name)) for f in fields(self)))


def _added(one: int | None, other: int | None) -> Any:
    if one is None or other is None:
        return one if other is None else other
    return one + other


@dataclass(frozen=True, slots=True)
class Benefits:
    """Sums by fiscal year and by kind of benefit; both add up to `total`."""

    by_year: Mapping[int, Gains]
    by_kind: Mapping[str, Gains]

    @property
    def total(self) -> Gains:
        return sum(self.by_kind.values(), start=Gains())


def benefits(selection: Selection) -> Benefits:
    """Of projects that stay, all years: a plan reaches beyond the day. One statement, a row a year
    and kind. What does not apply, planned and realised, is not asked for."""
    over = Q(fiscal_year__lte=last_ended_fiscal_year(selection.as_of))
    forecast = Case(
        When(over & Q(realised__isnull=False), then=F("realised")), default=F("planned")
    )
    rows = (
        applicable(selection)
        .annotate(expected=forecast)
        .order_by()
        .values("fiscal_year", "kind")
        .annotate(
            sum_planned=ExactSum("planned"),
            planned_known=Count("planned"),
            sum_realised=ExactSum("realised", filter=over),
            realised_known=Count("realised", filter=over),
            sum_forecast=ExactSum("expected"),
            forecast_known=Count("expected"),
            asked=Count("pk"),
            due=Count("pk", filter=over & ~Q(realised_state=ValueState.NOT_APPLICABLE)),
        )
    )
    by_year: dict[int, Gains] = {}
    by_kind: dict[str, Gains] = {}
    for row in rows:
        gains = Gains(
            row["sum_planned"],
            row["planned_known"],
            row["sum_realised"],
            row["realised_known"],
            row["sum_forecast"],
            row["forecast_known"],
            row["asked"],
            row["due"],
        )
        year, kind = row["fiscal_year"], row["kind"]
        by_year[year] = by_year.get(year, Gains()) + gains
        by_kind[kind] = by_kind.get(kind, Gains()) + gains
    kinds = [kind.value for kind in BenefitKind if kind.value in by_kind]
    return Benefits(dict(sorted(by_year.items())), {kind: by_kind[kind] for kind in kinds})


def applicable(selection: Selection) -> QuerySet[Benefit]:
    """Benefits of projects that stay, without those that do not apply. Queries nothing."""
    rows: QuerySet[Benefit] = selection.rows(Benefit)
    return rows.filter(project__in=selection.projects().values("pk")).exclude(
        planned_state=ValueState.NOT_APPLICABLE, realised_state=ValueState.NOT_APPLICABLE
    )


# Worth ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ProjectWorth:
    """One project with a benefit on record; `worth` is None where a year of its costs or benefits
    is not known. `has_plan` tells whether the cost is that of a plan."""

    code: str
    name: str
    agency_id: int
    has_plan: bool
    worth: promise.Worth | None

    @property
    def bcr(self) -> Measure:
        if self.worth is None:
            return Measure(None, Reason.NO_DATA)
        return self.worth.appraisal.bcr


@dataclass(frozen=True, slots=True)
class PortfolioWorth:
    """What `known` of `asked` projects are worth together, all discounted to one base year; the
    projects with a benefit on record by ascending benefit-cost ratio, the unknown last."""

    worth: promise.Worth | None
    known: int
    asked: int
    projects: Sequence[ProjectWorth]
    rate: Decimal


def portfolio_worth(selection: Selection, rate: Decimal) -> PortfolioWorth:
    """Benefits as forecast over the cost of the current plans, at a rate a year (above −1)."""
    projects = selection.projects()
    asked = projects.count()
    promised = projects.filter(pk__in=applicable(selection).order_by().values("project_id"))
    rows: list[tuple[Any, ...]] = list(
        promised.order_by("code").values_list("pk", "code", "name", "agency_id")
    )
    flows = dict(_flows([pk for pk, *_rest in rows], selection.as_of))
    found, costs, gains = [], [], []
    for pk, code, name, agency_id in rows:
        own = flows[pk]
        expected = own.expected(selection.as_of)
        its = promise.worth(own.costs, expected, rate)
        found.append(ProjectWorth(code, name, agency_id, own.plan is not None, its))
        if its is not None:
            costs.append(own.costs)
            gains.append(expected)
    whole = promise.worth(promise.pooled(costs), promise.pooled(gains), rate)
    return PortfolioWorth(whole, len(costs), asked, sorted(found, key=_least_first), rate)


def _flows(ids: Sequence[int], as_of: date) -> Iterator[tuple[int, worth.Flows]]:
    for start in range(0, len(ids), CHUNK):
        yield from worth.flows(ids[start : start + CHUNK], as_of).items()


def _least_first(row: ProjectWorth) -> tuple[bool, Decimal, str]:
    ratio = row.bcr.value
    return (ratio is None, ratio or Decimal(0), row.code)
