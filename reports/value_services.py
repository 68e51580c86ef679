"""What services give their users and take from them: time, use, completion, satisfaction, and what
a case costs.

Of each service the latest year that counts cases is taken, up to the day, or the year asked for.
Statements: one for the agencies, three for the systems, one for the list.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any, Final

from django.db.models import (
    BigIntegerField,
    Count,
    Exists,
    F,
    Max,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
)
from django.db.models.functions import Cast, Round

from governance.sums import ExactSum
from projects.metrics import kpi
from projects.metrics.burden import Burden, ServiceTime, burden
from projects.metrics.types import Measure, Reason
from projects.models import Service, ServiceYear, System, YearRollup
from projects.selectors import Selection

SHOWN: Final = 50
"""Services and systems on the page, those with the most cases; files hold all."""

_HUNDREDTHS: Final = 100
_PARTS: Final = 10_000


def counted_years(selection: Selection) -> QuerySet[ServiceYear]:
    """One year a service, each with `base_minutes`: the minutes a case in the first year that the
    service reports them, if that lies before."""
    years: QuerySet[ServiceYear] = selection.rows(ServiceYear)
    years = years.filter(
        service__in=selection.services().values("pk"),
        cases__isnull=False,
        fiscal_year__lte=selection.last_year,
    )
    if selection.criteria.fiscal_year is not None:
        years = years.filter(fiscal_year=selection.criteria.fiscal_year)
    else:
        later = ServiceYear.objects.filter(
            service=OuterRef("service"),
            cases__isnull=False,
            fiscal_year__gt=OuterRef("fiscal_year"),
            fiscal_year__lte=selection.last_year,
        )
        years = years.filter(~Exists(later))
    # Not narrowed to the reader: who sees a service's year sees those before it.
    first = ServiceYear.objects.filter(
        service=OuterRef("service"),
        minutes_per_case__isnull=False,
        fiscal_year__lt=OuterRef("fiscal_year"),
    ).order_by("fiscal_year")
    return years.annotate(base_minutes=Subquery(first.values("minutes_per_case")[:1]))


@dataclass(frozen=True, slots=True)
class ServiceSums:
    """Sums over the services of one agency, or of many: every field adds up.

    `counted` services have cases; each sum stands on the services that tell what it needs, and the
    field before it says how many. Minutes are in hundredths, satisfied answers in parts of 10,000.
    """

    counted: int = 0
    cases: int = 0
    timed: int = 0
    minutes: int = 0
    compared: int = 0
    saved: int = 0
    used: int = 0
    used_cases: int = 0
    online_cases: int = 0
    completing: int = 0
    completed: int = 0
    started: int = 0
    asked_users: int = 0
    satisfied: int = 0
    answers: int = 0
    small_samples: int = 0

    def __add__(self, more: "ServiceSums") -> "ServiceSums":
        return ServiceSums(*(getattr(self, f.name) + getattr(more, f.name) for f in fields(self)))

    def burden(self, services: int) -> Burden:
        """The users' time, of that many services asked."""
        return Burden(
            Decimal(self.minutes) / _HUNDREDTHS,
            self.timed,
            Decimal(self.saved) / _HUNDREDTHS,
            self.compared,
            services,
        )

    @property
    def digital_take_up(self) -> Measure:
        """Online cases ÷ cases of the services that count both."""
        if not self.used:
            return Measure(None, Reason.NO_DATA)
        return kpi.digital_take_up(Decimal(self.online_cases), Decimal(self.used_cases))

    @property
    def completion(self) -> Measure:
        """Completed ÷ begun cases of the services that count both, and where the two fit."""
        if not self.completing:
            return Measure(None, Reason.NO_DATA)
        return kpi.completion(Decimal(self.completed), Decimal(self.started))

    @property
    def satisfaction(self) -> Measure:
        """Satisfied ÷ all answers of the services that tell both."""
        if not self.asked_users:
            return Measure(None, Reason.NO_DATA)
        return kpi.satisfaction(Decimal(self.satisfied) / _PARTS, Decimal(self.answers))


@dataclass(frozen=True, slots=True)
class ServiceFigures:
    """The services of a selection by agency; `years` are the first and last that are counted."""

    by_agency: Mapping[int, ServiceSums]
    years: tuple[int, int] | None

    @property
    def total(self) -> ServiceSums:
        return sum(self.by_agency.values(), start=ServiceSums())


_TIMED: Final = Q(minutes_per_case__isnull=False)
TELLS: Final[Mapping[str, Q]] = {
    "timed": _TIMED,
    "compared": _TIMED & Q(base_minutes__isnull=False),
    "used": Q(online_cases__isnull=False, online_cases__lte=F("cases")),
    "completing": Q(started_cases__isnull=False, started_cases__gte=F("cases")),
    "asked_users": Q(satisfaction_ratio__isnull=False, satisfaction_answers__isnull=False),
}
"""Which of `counted_years` stand in a sum of `ServiceSums`, by the count beside it."""


def service_figures(selection: Selection, service: Service | None = None) -> ServiceFigures:
    """Of the selection, or of one service of it. One statement, a row an agency. Sums are exact:
    decimals are added as integers."""
    minutes = _whole(F("minutes_per_case") * _HUNDREDTHS)
    base = _whole(F("base_minutes") * _HUNDREDTHS)
    parts = _whole(F("satisfaction_ratio") * _PARTS)
    timed, compared, used, completing, told = TELLS.values()
    years = counted_years(selection)
    if service is not None:
        years = years.filter(service=service)
    small = Q(satisfaction_answers__lt=kpi.LEAST_ANSWERS)
    sums: dict[str, Any] = {
        "counted": Count("pk"),
        "cases": ExactSum("cases"),
        "timed": Count("pk", filter=timed),
        "minutes": ExactSum(F("cases") * minutes, filter=timed),
        "compared": Count("pk", filter=compared),
        "saved": ExactSum(F("cases") * (base - minutes), filter=compared),
        "used": Count("pk", filter=used),
        "used_cases": ExactSum("cases", filter=used),
        "online_cases": ExactSum("online_cases", filter=used),
        "completing": Count("pk", filter=completing),
        "completed": ExactSum("cases", filter=completing),
        "started": ExactSum("started_cases", filter=completing),
        "asked_users": Count("pk", filter=told),
        "satisfied": ExactSum(F("satisfaction_answers") * parts, filter=told),
        "answers": ExactSum("satisfaction_answers", filter=told),
        "small_samples": Count("pk", filter=told & small),
    }
    rows: Iterable[Mapping[str, Any]] = (
        years.order_by()
        .values(agency=F("service__agency_id"))
        # The names of the sums are those of columns, which an alias may not repeat.
        .annotate(
            first=Min("fiscal_year"),
            last=Max("fiscal_year"),
            **{f"sum_{name}": total for name, total in sums.items()},
        )
    )
    found: dict[int, ServiceSums] = {}
    seen: list[int] = []
    for row in rows:
        found[row["agency"]] = ServiceSums(*(row[f"sum_{name}"] or 0 for name in sums))
        seen += (row["first"], row["last"])
    return ServiceFigures(found, (min(seen), max(seen)) if seen else None)


def _whole(expression: Any) -> Cast:
    return Cast(Round(expression), BigIntegerField())


# What a case costs ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class UnitCost:
    """One system in the latest year in which a service on it counts cases: its operation yen of
    that year, and the cases of all its services."""

    system_id: str
    name: str
    name_en: str
    agency_id: int
    fiscal_year: int
    services: int
    cases: int
    operation: int | None

    @property
    def cost_per_transaction(self) -> Measure:
        """Yen a case; a missing cost is none, never 0."""
        cost = None if self.operation is None else Decimal(self.operation)
        return kpi.cost_per_transaction(cost, Decimal(self.cases))


@dataclass(frozen=True, slots=True)
class UnitCosts:
    """Systems with services, those with the most cases first."""

    rows: Sequence[UnitCost]

    def of(self, agency_id: int | None = None) -> tuple[Measure, int, int]:
        """Operation yen ÷ cases over the systems of an agency (None: of all) that tell both, how
        many these are, and how many systems count cases. A case on two systems costs on both."""
        mine = [row for row in self.rows if agency_id in (None, row.agency_id)]
        known = [row for row in mine if row.operation is not None]
        if not known:
            return Measure(None, Reason.NO_DATA), 0, len(mine)
        cost = Decimal(sum(row.operation or 0 for row in known))
        cases = Decimal(sum(row.cases for row in known))
        return kpi.cost_per_transaction(cost, cases), len(known), len(mine)


def unit_costs(selection: Selection) -> UnitCosts:
    """Of the systems that stay. Three statements: cases by system and year, cost, and names."""
    counted: dict[int, tuple[int, int, int]] = {}
    cases = ServiceYear.objects.filter(
        service__systems__in=selection.systems().values("pk"),
        cases__isnull=False,
        fiscal_year__lte=selection.last_year,
    )
    if selection.criteria.fiscal_year is not None:
        cases = cases.filter(fiscal_year=selection.criteria.fiscal_year)
    rows: Iterable[tuple[Any, ...]] = (
        cases.order_by()
        .values("fiscal_year", system=F("service__systems"))
        .annotate(services=Count("pk"), total=ExactSum("cases"))
        .order_by("fiscal_year")
        .values_list("system", "fiscal_year", "services", "total")
    )
    for system, year, services, total in rows:
        counted[system] = (year, services, total)  # The latest year counts.
    costs: dict[tuple[int, int], int | None] = {
        (system, year): operation
        for system, year, operation in YearRollup.objects.filter(
            system__in=selection.systems().values("pk"),
            fiscal_year__in={year for year, *_rest in counted.values()},
        ).values_list("system_id", "fiscal_year", "operation")
    }
    words: Iterable[tuple[Any, ...]] = System.objects.filter(
        pk__in=selection.systems().filter(services__isnull=False).values("pk")
    ).values_list("pk", "system_id", "name", "name_en", "agency_id")
    found = [
        UnitCost(system_id, name, name_en, agency_id, year, services, total, costs.get((pk, year)))
        for pk, system_id, name, name_en, agency_id in words
        if pk in counted
        for year, services, total in (counted[pk],)
    ]
    return UnitCosts(sorted(found, key=lambda row: (-row.cases, row.system_id)))


# The list of services -------------------------------------------------------------------------------


def largest_services(selection: Selection) -> QuerySet[ServiceYear]:
    """The counted year of each service, those with the most cases first."""
    return (
        counted_years(selection)
        .select_related("service__agency")
        .order_by("-cases", "service__service_id")
    )


def time_of(year: ServiceYear) -> Burden:
    """What one service takes from its users, and what it spares them."""
    base: Decimal | None = year.base_minutes  # type: ignore[attr-defined]
    return burden([ServiceTime(year.cases, year.minutes_per_case, base)])
