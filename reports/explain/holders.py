"""How the figures of one system or project came about: down to the lines that people entered."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from django.db.models import Q
from django.utils.translation import gettext as _

from governance.formatting import fiscal_year
from governance.tabular import Kind
from projects.metric_text import term_name
from projects.metrics import cost
from projects.metrics.types import Figure, Measure, ValueState, ratio
from projects.metrics.value import online_use_ratio
from projects.models import CostLine, Service, ServiceYear, YearRollup
from projects.models.choices import CostClass, Stage
from reports.explain.answer import TRACK, Asked, Explanation, Part, Row, files_of, row_of
from reports.explain.sums import measured

# Metric → (term, field of the rollup, stage of the lines, class of the lines or "" for all).
_SUMS: Final[Mapping[str, tuple[str, str, str, str]]] = {
    "development_cost": ("development", "development", Stage.EXECUTED, CostClass.DEVELOPMENT),
    "operation_cost": ("operation", "operation", Stage.EXECUTED, CostClass.OPERATION),
    "other_cost": ("other", "other", Stage.EXECUTED, CostClass.OTHER),
    "executed_cost": ("executed_total", "executed", Stage.EXECUTED, ""),
    "unsplit_cost": ("unsplit", "executed", Stage.EXECUTED, ""),
    "initial_budget": ("initial", "initial", Stage.INITIAL, ""),
    "available_budget": ("available_budget", "available", Stage.AVAILABLE, ""),
    "requested_budget": ("requested_total", "requested", Stage.REQUESTED, ""),
    "supplementary_budget": ("supplementary_total", "supplementary", Stage.SUPPLEMENTARY, ""),
    "carried_in_budget": ("carried_in_total", "carried_in", Stage.CARRIED_IN, ""),
    "reserve_budget": ("reserve_total", "reserve", Stage.RESERVE, ""),
    "transferred_budget": ("transfers_total", "transfers", Stage.TRANSFERS, ""),
    "carried_out_budget": ("carried_out_total", "carried_out", Stage.CARRIED_OUT, ""),
    "unused_budget": ("unused_total", "unused", Stage.UNUSED, ""),
}
# Metric → (rate, term and field above, term and field below).
_RATES: Final[Mapping[str, tuple[Callable[..., Measure], str, str]]] = {
    "execution_rate": (cost.execution_rate, "executed", Stage.EXECUTED),
    "carry_over_rate": (cost.carry_over_rate, "carried_out", Stage.CARRIED_OUT),
    "unused_rate": (cost.unused_rate, "unused", Stage.UNUSED),
}


def _holder(asked: Asked) -> dict[str, Any]:
    if asked.system is not None:
        return {"system": asked.system}
    return {"project": asked.project}


def _about(asked: Asked, year: int | None) -> str:
    name = str(asked.system or asked.project)
    return name if year is None else f"{name}, {fiscal_year(year)}"


def _rollup(asked: Asked, *names: str) -> YearRollup | None:
    """The year asked for, else the latest with these figures up to the day. Cost: one query."""
    rows = asked.rows(YearRollup).filter(
        **_holder(asked), fiscal_year__lte=asked.selection.last_year
    )
    if asked.criteria.fiscal_year is not None:
        rows = rows.filter(fiscal_year=asked.criteria.fiscal_year)
    else:
        rows = rows.filter(**{f"{name}__isnull": False for name in names})
    found: YearRollup | None = rows.order_by("-fiscal_year").first()
    return found


def _lines(
    asked: Asked, year: int | None, stages: Iterable[str], cost_class: str
) -> list[CostLine]:
    """The lines that the reader sees, the latest sheets first. Cost: one query."""
    rows = asked.rows(CostLine).filter(**_holder(asked), budget_year=year, stage__in=list(stages))
    if cost_class:
        rows = rows.filter(cost_item__cost_class=cost_class)
    return list(
        rows.select_related("cost_item", *TRACK).order_by("stage", "cost_item", "-sheet_year", "pk")
    )


def _counts(lines: Sequence[CostLine]) -> frozenset[int]:
    """The lines that are in the sum: of each item and stage the latest sheet; a ledger's total
    stands for all of the holder, and its split repeats the same money."""
    by_key = {
        (line.budget_year, line.cost_item.code, line.stage, line.account, line.sheet_year): line
        for line in lines
    }
    winners = cost.resolve_latest(
        cost.Line(
            holder=0,
            budget_year=line.budget_year,
            item=line.cost_item.code,
            cost_class=cost.CostClass(line.cost_item.cost_class),
            stage=cost.Stage(line.stage),
            sheet_year=line.sheet_year,
            account=line.account,
            amount=Figure(line.amount, ValueState(line.amount_state)),
        )
        for line in lines
    )
    return frozenset(
        by_key[line.budget_year, line.item, line.stage.value, line.account, line.sheet_year].pk
        for line in winners
    )


def _line_rows(asked: Asked, lines: Sequence[CostLine]) -> dict[str, Any]:
    """Cost lines as evidence, with which of them count."""
    winners = _counts(lines)
    return {
        "columns": [
            ("sheet_year", _("sheet year"), Kind.YEAR),
            ("stage", _("budget stage"), Kind.TEXT),
            ("amount", _("amount"), Kind.YEN),
            ("counts", _("counts"), Kind.TEXT),
        ],
        "rows": [_line_row(line, is_counted=line.pk in winners) for line in lines],
        "rows_total": len(lines),
        "files": files_of(lines),
        "notes": _rules(lines),
    }


def _rules(lines: Sequence[CostLine]) -> list[str]:
    notes = [_("Of each cost item the latest sheet counts; earlier ones stay readable.")]
    told = [line for line in lines if line.amount_state != ValueState.MISSING]
    ledger = {line.stage for line in told if line.cost_item.cost_class == CostClass.UNCLASSIFIED}
    # Where the ledger is silent, its holder's other lines are the total of that stage.
    if any(
        line.stage in ledger and line.cost_item.cost_class != CostClass.UNCLASSIFIED
        for line in told
    ):
        notes.append(_("The ledger's total counts; the lines by class split the same money."))
    return notes


def _line_row(line: CostLine, *, is_counted: bool) -> Row:
    return row_of(
        line,
        {
            "sheet_year": line.sheet_year,
            "stage": str(line.get_stage_display()),
            "amount": line.amount,
            "counts": _("yes") if is_counted else _("no: a later sheet says otherwise"),
        },
        str(line.cost_item),
        line.note,
    )


def _sum(asked: Asked) -> Explanation:
    term, name, stage, cost_class = _SUMS[asked.metric.id]
    rollup = _rollup(asked, name)
    year = rollup.fiscal_year if rollup else asked.criteria.fiscal_year
    value = getattr(rollup, name) if rollup else None
    lines = _lines(asked, year, (stage,), cost_class)
    return Explanation(
        asked.metric,
        measured(value),
        _about(asked, year),
        parts=[Part(term, value, Kind.YEN)],
        **_line_rows(asked, lines),
    )


def _rate(asked: Asked) -> Explanation:
    rate, term, stage = _RATES[asked.metric.id]
    rollup = _rollup(asked, stage, Stage.AVAILABLE)
    year = rollup.fiscal_year if rollup else asked.criteria.fiscal_year
    above = getattr(rollup, stage) if rollup else None
    below = rollup.available if rollup else None
    lines = _lines(asked, year, (stage, Stage.AVAILABLE), "")
    return Explanation(
        asked.metric,
        rate(above, below),
        _about(asked, year),
        parts=[Part(term, above, Kind.YEN), Part("available", below, Kind.YEN)],
        **_line_rows(asked, lines),
    )


def _take_up(asked: Asked) -> Explanation:
    rollup = _rollup(asked, "cases", "online_cases")
    cases, online = (rollup.cases, rollup.online_cases) if rollup else (None, None)
    return Explanation(
        asked.metric,
        online_use_ratio(cases, online),
        _about(asked, rollup.fiscal_year if rollup else None),
        parts=[
            Part("online_cases", online, Kind.INTEGER),
            Part("cases", cases, Kind.INTEGER),
        ],
        **_service_rows(asked, rollup),
    )


def take_up_of_service(asked: Asked, service: Service) -> Explanation:
    """Of one service, in the year asked for or the latest that has both counts. One query."""
    rows = asked.rows(ServiceYear).filter(
        service=service, fiscal_year__lte=asked.selection.last_year
    )
    if asked.criteria.fiscal_year is not None:
        rows = rows.filter(fiscal_year=asked.criteria.fiscal_year)
    else:
        rows = rows.filter(cases__isnull=False, online_cases__isnull=False)
    year = rows.select_related("service", *TRACK).order_by("-fiscal_year").first()
    cases, online = (year.cases, year.online_cases) if year else (None, None)
    return Explanation(
        asked.metric,
        online_use_ratio(cases, online),
        str(service) if year is None else f"{service}, {fiscal_year(year.fiscal_year)}",
        parts=[Part("online_cases", online, Kind.INTEGER), Part("cases", cases, Kind.INTEGER)],
        **_years_as_rows([] if year is None else [year]),
    )


def unit_cost(asked: Asked) -> Explanation:
    """Operation cost ÷ cases of the services on a system that count online cases too, in the
    latest year with both: what the rule about unit costs looks at."""
    rollup = _rollup(asked, "operation", "cases")
    spent, cases = (rollup.operation, rollup.cases) if rollup else (None, None)
    return Explanation(
        asked.metric,
        ratio(spent, cases),
        _about(asked, rollup.fiscal_year if rollup else None),
        parts=[Part("unit_operation", spent, Kind.YEN), Part("unit_cases", cases, Kind.INTEGER)],
        **_service_rows(asked, rollup),
    )


def _service_rows(asked: Asked, rollup: YearRollup | None) -> dict[str, Any]:
    """The yearly figures of the services on the system. Cost: one query."""
    if rollup is None or asked.system is None:
        return {}
    years = list(
        asked.rows(ServiceYear)
        .filter(
            Q(cases__isnull=False, online_cases__isnull=False),
            service__systems=asked.system,
            fiscal_year=rollup.fiscal_year,
        )
        .select_related("service", *TRACK)
        .order_by("-cases", "pk")
    )
    return _years_as_rows(years)


def _years_as_rows(years: Sequence[ServiceYear]) -> dict[str, Any]:
    return {
        "columns": [
            ("online_cases", term_name("online_cases"), Kind.INTEGER),
            ("cases", term_name("cases"), Kind.INTEGER),
        ],
        "rows": [
            row_of(
                year,
                {"online_cases": year.online_cases, "cases": year.cases},
                str(year.service),
                year.service.service_id,
            )
            for year in years
        ],
        "rows_total": len(years),
        "files": files_of(years),
    }


EXPLAINERS: Mapping[str, Callable[[Asked], Explanation]] = {
    **dict.fromkeys(_SUMS, _sum),
    **dict.fromkeys(_RATES, _rate),
    "digital_take_up": _take_up,
}
