"""Yearly rollups: what dashboards read instead of raw cost lines.

A rollup is always recomputed from its whole slice (a holder, or an agency's services), never
incremented, inside the transaction of the write that touched it, so it cannot drift;
`differences` (manage.py verify_rollups) proves that.

How lines become one figure (the same rules as `projects.metrics.cost`):
  * among lines of one holder, budget year, cost item, stage and account, the latest sheet year
    wins; a `missing` line never hides an earlier figure, `withheld` and `not applicable` do;
  * where a holder's ledger (cost class `unclassified`) tells of a budget year and stage, it alone
    is that total; the classed lines only split the executed yen. Where it is silent they are the
    total. So a line changes its own year and stage, never what was settled in another;
  * nothing known is null, never zero.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import Count, Exists, F, OuterRef, Q
from django.utils.translation import gettext as _

from governance.exceptions import DomainError
from governance.fields.bounds import SUM_MAX
from governance.models import Agency
from governance.sums import ExactSum
from projects.models import (
    CostLine,
    Project,
    Service,
    ServiceRollup,
    ServiceYear,
    System,
    YearRollup,
)
from projects.models.choices import CostClass, OnlineStatus, Stage, ValueState

CHUNK = 2000
STAGES = tuple(stage.value for stage in Stage)
CLASSES = (CostClass.DEVELOPMENT.value, CostClass.OPERATION.value, CostClass.OTHER.value)
FIGURES = (*STAGES, *CLASSES, "cases", "online_cases")

Key = tuple[str, int, int]
"""("system" or "project", id, fiscal year)"""


@dataclass(slots=True)
class _Slice:
    """Figures of one holder and year while they are gathered."""

    agency_id: int
    figures: dict[str, int | None] = field(default_factory=dict)

    def put(self, name: str, value: int | None) -> None:
        self.figures[name] = value


def _cost_figures(holder: str, ids: list[int], slices: dict[Key, _Slice]) -> None:
    """Adds the cost figures of holders of one kind. Cost: one query."""
    lines = CostLine.objects.filter(**{f"{holder}_id__in": ids})
    unclassified = Q(cost_item__cost_class=CostClass.UNCLASSIFIED)
    sums: dict[str, Any] = {}
    for stage in STAGES:
        # Also a ledger that tells no amount, withheld or not applicable, is one: what it leaves out
        # is not made up for by the classes. Lines that are missing are not among the rows.
        sums[f"told_{stage}"] = Count("pk", filter=Q(stage=stage) & unclassified)
        sums[f"ledger_{stage}"] = ExactSum("amount", filter=Q(stage=stage) & unclassified)
        sums[f"items_{stage}"] = ExactSum("amount", filter=Q(stage=stage) & ~unclassified)
    for cost_class in CLASSES:
        sums[f"class_{cost_class}"] = ExactSum(
            "amount", filter=Q(stage=Stage.EXECUTED, cost_item__cost_class=cost_class)
        )
    later = CostLine.objects.exclude(amount_state=ValueState.MISSING).filter(
        **{f"{holder}_id": OuterRef(f"{holder}_id")},
        budget_year=OuterRef("budget_year"),
        cost_item=OuterRef("cost_item"),
        stage=OuterRef("stage"),
        account=OuterRef("account"),
        sheet_year__gt=OuterRef("sheet_year"),
    )
    rows: Any = (
        lines.exclude(amount_state=ValueState.MISSING)
        .filter(~Exists(later))
        .order_by()
        .values("budget_year", holder_id=F(f"{holder}_id"), agency=F(f"{holder}__agency_id"))
        .annotate(**sums)
    )
    for row in rows:
        piece = slices.setdefault(
            (holder, row["holder_id"], row["budget_year"]), _Slice(row["agency"])
        )
        for stage in STAGES:
            source = "ledger" if row[f"told_{stage}"] else "items"
            piece.put(stage, row[f"{source}_{stage}"])
        for cost_class in CLASSES:
            piece.put(cost_class, row[f"class_{cost_class}"])


def _use_figures(ids: list[int], slices: dict[Key, _Slice]) -> None:
    """Adds case counts of the services on each system. Cost: one query."""
    known = Q(cases__isnull=False, online_cases__isnull=False)
    rows = (
        ServiceYear.objects.filter(known, service__systems__in=ids)
        .order_by()
        .values(
            "fiscal_year", system=F("service__systems"), agency=F("service__systems__agency_id")
        )
        .annotate(all_cases=ExactSum("cases"), all_online=ExactSum("online_cases"))
    )
    for row in rows:
        piece = slices.setdefault(
            ("system", row["system"], row["fiscal_year"]), _Slice(row["agency"])
        )
        piece.put("cases", row["all_cases"])
        piece.put("online_cases", row["all_online"])


def _refuse_endless(slices: Mapping[Key, _Slice]) -> None:
    """What a holder's figures of one year come to must fit the columns, and whatever adds them.
    The write that would go beyond rolls back."""
    for (holder, pk, year), piece in slices.items():
        if sum(abs(value) for value in piece.figures.values() if value is not None) > SUM_MAX:
            model: Any = System if holder == "system" else Project
            raise DomainError(
                _("All figures of “%(name)s” for %(year)d together come to more than can be kept.")
                % {"name": model.objects.get(pk=pk), "year": year}
            )


def _computed(holder: str, ids: list[int]) -> list[YearRollup]:
    slices: dict[Key, _Slice] = {}
    _cost_figures(holder, ids, slices)
    if holder == "system":
        _use_figures(ids, slices)
    _refuse_endless(slices)
    return [
        YearRollup(
            **{f"{holder}_id": holder_id},
            agency_id=piece.agency_id,
            fiscal_year=year,
            **piece.figures,
        )
        for (_kind, holder_id, year), piece in sorted(slices.items())
    ]


def _chunks(ids: Iterable[int]) -> Iterator[list[int]]:
    chunk: list[int] = []
    for pk in ids:
        chunk.append(pk)
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


@transaction.atomic
def recompute(*, system_ids: Iterable[int] = (), project_ids: Iterable[int] = ()) -> int:
    """Recompute the yearly rollups of these holders; returns how many rows stand now.

    Cost: four queries a chunk of 2,000 holders of one kind.
    """
    written = 0
    for holder, ids in (("system", system_ids), ("project", project_ids)):
        for chunk in _chunks(sorted(set(ids))):
            rows = _computed(holder, chunk)
            YearRollup.objects.filter(**{f"{holder}_id__in": chunk}).delete()
            YearRollup.objects.bulk_create(rows, batch_size=CHUNK)
            written += len(rows)
    return written


def _computed_services(agency_ids: list[int]) -> list[ServiceRollup]:
    online = Q(service__online_status=OnlineStatus.AVAILABLE)
    measured = online & Q(cases__isnull=False, online_cases__isnull=False)
    rows = (
        ServiceYear.objects.filter(service__agency_id__in=agency_ids)
        .order_by()
        .values("fiscal_year", agency=F("service__agency_id"))
        .annotate(
            services=Count("pk"),
            services_online=Count("pk", filter=online),
            services_measured=Count("pk", filter=measured),
            sum_cases=ExactSum("cases", filter=measured),
            sum_online=ExactSum("online_cases", filter=measured),
        )
    )
    return [
        ServiceRollup(
            agency_id=row["agency"],
            fiscal_year=row["fiscal_year"],
            services=row["services"],
            services_online=row["services_online"],
            services_measured=row["services_measured"],
            cases=row["sum_cases"] or 0,
            online_cases=row["sum_online"] or 0,
        )
        for row in rows
    ]


@transaction.atomic
def recompute_services(agency_ids: Iterable[int]) -> int:
    """Recompute the service rollups of these agencies. Cost: three queries."""
    ids = sorted(set(agency_ids))
    rows = _computed_services(ids)
    ServiceRollup.objects.filter(agency_id__in=ids).delete()
    ServiceRollup.objects.bulk_create(rows)
    return len(rows)


@transaction.atomic
def recompute_all() -> int:
    """Recompute every rollup; returns how many rows stand now."""
    return recompute(
        system_ids=System.objects.values_list("pk", flat=True),
        project_ids=Project.objects.values_list("pk", flat=True),
    ) + recompute_services(Agency.objects.values_list("pk", flat=True))


def for_service(service: Service) -> None:
    """Recompute what hangs on one service: its agency's rollup and its systems' use figures."""
    recompute_services([service.agency_id])
    recompute(system_ids=service.systems.values_list("pk", flat=True))


@dataclass(frozen=True, slots=True)
class Difference:
    """A stored rollup that its slice does not give: `stored` or `expected` None is absent."""

    holder: str
    holder_id: int
    fiscal_year: int
    figure: str
    stored: int | None
    expected: int | None


def _compare(
    stored: dict[Key, dict[str, int | None]], expected: dict[Key, dict[str, int | None]]
) -> Iterator[Difference]:
    for key in sorted(stored.keys() | expected.keys()):
        was, should = stored.get(key), expected.get(key)
        if was is None or should is None:
            yield Difference(*key, "row", 0 if was is None else 1, 0 if should is None else 1)
            continue
        for name, value in should.items():
            if was[name] != value:
                yield Difference(*key, name, was[name], value)


def _figures_of(row: YearRollup) -> dict[str, int | None]:
    return {"agency": row.agency_id, **{name: getattr(row, name) for name in FIGURES}}


_SERVICE_FIGURES = ("services", "services_online", "services_measured", "cases", "online_cases")


def differences() -> Iterator[Difference]:
    """Where stored rollups differ from their slices; empty where all is well. Writes nothing."""
    for holder, model in (("system", System), ("project", Project)):
        for chunk in _chunks(model._default_manager.order_by("pk").values_list("pk", flat=True)):
            rows = YearRollup.objects.filter(**{f"{holder}_id__in": chunk})
            yield from _compare(
                {(holder, getattr(r, f"{holder}_id"), r.fiscal_year): _figures_of(r) for r in rows},
                {
                    (holder, getattr(r, f"{holder}_id"), r.fiscal_year): _figures_of(r)
                    for r in _computed(holder, chunk)
                },
            )
    ids = list(Agency.objects.values_list("pk", flat=True))

    def by_key(rows: Iterable[ServiceRollup]) -> dict[Key, dict[str, int | None]]:
        return {
            ("agency", row.agency_id, row.fiscal_year): {
                name: getattr(row, name) for name in _SERVICE_FIGURES
            }
            for row in rows
        }

    yield from _compare(by_key(ServiceRollup.objects.all()), by_key(_computed_services(ids)))
