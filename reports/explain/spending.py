"""How the figures of the cost page came about: stages, items, rates, mix, reduction, unit cost."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext as _

from governance.formatting import fiscal_year
from governance.sums import ExactSum
from governance.tabular import Kind
from projects.metric_text import term_name
from projects.metrics import cost
from projects.metrics.reduction import Readings, Reduction
from projects.metrics.types import Measure, Reason
from projects.models import CostItem, YearRollup
from projects.models.choices import Stage
from projects.selectors import has_split
from projects.services.flag_facts import unit_costs
from projects.services.flags import rule_book
from reports.costs import Sums, costs, fallen, in_reading, item_lines, targets, with_ends
from reports.explain import holders
from reports.explain.answer import (
    MISSING_SHOWN,
    ROWS_SHOWN,
    TRACK,
    Asked,
    Explanation,
    Part,
    Row,
    files_of,
    missing_of,
    row_of,
)
from reports.explain.rollups import known, rollup_rows, yen_columns
from reports.explain.sums import about, measured, rollups_of
from reports.links import object_url
from reports.reduction_years import POLICY_FALL, years_form

# Stages that the dashboard does not sum: metric → term of its formula, stage.
_STAGES: Final[Mapping[str, tuple[str, str]]] = {
    "requested_budget": ("requested_total", Stage.REQUESTED),
    "supplementary_budget": ("supplementary_total", Stage.SUPPLEMENTARY),
    "carried_in_budget": ("carried_in_total", Stage.CARRIED_IN),
    "reserve_budget": ("reserve_total", Stage.RESERVE),
    "transferred_budget": ("transfers_total", Stage.TRANSFERS),
    "carried_out_budget": ("carried_out_total", Stage.CARRIED_OUT),
    "unused_budget": ("unused_total", Stage.UNUSED),
}
_RATES: Final[Mapping[str, tuple[str, str]]] = {
    "carry_over_rate": ("carried_out", Stage.CARRIED_OUT),
    "unused_rate": ("unused", Stage.UNUSED),
}


def _year(asked: Asked) -> tuple[int | None, Sums]:
    """The year of the page and its sums. Two queries."""
    found = costs(asked.selection, asked.tree)
    return found.year, dict(found.years()).get(found.year or 0, Sums())


def _stage(asked: Asked) -> Explanation:
    term, stage = _STAGES[asked.metric.id]
    year, sums = _year(asked)
    rows = rollups_of(asked, year).filter(known(stage))
    listed, total, files = rollup_rows(asked, rows, {term: stage}, {term: asked.metric.id})
    value = sums.yen(stage)
    return Explanation(
        asked.metric,
        measured(value),
        about(asked, year=year),
        parts=[Part(term, value, Kind.YEN, sums.count(f"{stage}_known"), sums.count("holders"))],
        columns=yen_columns({term: term_name(term)}),
        rows=listed,
        rows_total=total,
        files=files,
    )


def _rate(asked: Asked) -> Explanation:
    term, stage = _RATES[asked.metric.id]
    year, sums = _year(asked)
    any_figure = rollups_of(asked, year)
    rows = any_figure.filter(known(stage, Stage.AVAILABLE))
    listed, total, files = rollup_rows(
        asked,
        rows,
        {term: stage, "available": Stage.AVAILABLE},
        {term: asked.metric.id},
    )
    covered = (sums.count(f"{stage}_both"), sums.count("holders"))
    without = asked.selection.systems().filter(
        pk__in=any_figure.exclude(known(stage, Stage.AVAILABLE)).order_by().values("system_id")
    )
    return Explanation(
        asked.metric,
        sums.rate(stage),
        about(asked, year=year),
        parts=[
            Part(term, sums.yen(f"{stage}_rated"), Kind.YEN, *covered),
            Part("available", sums.yen(f"{stage}_base"), Kind.YEN, *covered),
        ],
        columns=yen_columns({name: term_name(name) for name in (term, "available")}),
        rows=listed,
        rows_total=total,
        missing=missing_of(without.order_by("system_id")[:MISSING_SHOWN]),
        missing_total=without.count(),
        notes=[_("Only systems and projects that report both figures are in the rate.")],
        files=files,
    )


_MIX: Final = {
    "development_cost": "development",
    "operation_cost": "operation",
    "other_cost": "other",
}


def _mix(asked: Asked) -> Explanation:
    year, sums = _year(asked)
    rows = rollups_of(asked, year).filter(has_split())
    first = "operation_cost" if asked.metric.id == "run_share" else "development_cost"
    figures = {first: _MIX[first], **_MIX}
    listed, total, files = rollup_rows(asked, rows, figures, {first: first})
    covered = (sums.count("split_known"), sums.count("spent_known"))
    return Explanation(
        asked.metric,
        sums.run_share if asked.metric.id == "run_share" else sums.change_share,
        about(asked, year=year),
        parts=[Part(term, sums.yen(name), Kind.YEN, *covered) for term, name in _MIX.items()],
        columns=yen_columns({term: term_name(term) for term in figures}),
        rows=listed,
        rows_total=total,
        files=files,
    )


def _item(asked: Asked) -> Explanation:
    """Of one cost item, or of all of them. Four queries."""
    year, _sums = _year(asked)
    lines = item_lines(asked.selection, [] if year is None else [year])
    named = CostItem.objects.filter(code=asked.params.get("item", "")).first()
    if named is not None:
        lines = lines.filter(cost_item=named)
    value = lines.order_by().aggregate(total=ExactSum("amount"))["total"]
    listed: list[Any] = list(
        lines.select_related("system", "project", "cost_item", *TRACK).order_by(
            F("amount").desc(nulls_last=True), "pk"
        )[:ROWS_SHOWN]
    )
    whole = None if value is None else int(value)
    where = about(asked, year=year)
    return Explanation(
        asked.metric,
        measured(whole),
        where if named is None else f"{named}, {where}",
        parts=[Part("item_executed", whole, Kind.YEN, list_url=_item_list(asked, year, named))],
        columns=yen_columns({"item_executed": _("amount")}),
        rows=[
            row_of(
                line,
                {"item_executed": line.amount},
                f"{line.system or line.project}: {line.cost_item}",
                line.note,
            )
            for line in listed
        ],
        rows_total=lines.count(),
        notes=[_("Of each cost item the latest sheet counts; earlier ones stay readable.")],
        files=files_of(listed),
    )


def _item_list(asked: Asked, year: int | None, named: CostItem | None) -> str:
    return "" if year is None or named is None else asked.links.item_lines(year, named.code)


# Reduction ----------------------------------------------------------------------------------------

_READINGS: Final[Mapping[str, tuple[str, str, str, Callable[[Readings], Reduction]]]] = {
    "reduction_gross": ("gross", "base_gross", "current_gross", lambda r: r.gross),
    "reduction_same_systems": (
        "same_systems",
        "base_same",
        "current_same",
        lambda r: r.same_systems,
    ),
    "reduction_base_environment": (
        "base_environment",
        "base_environment",
        "current_environment",
        lambda r: r.base_environment,
    ),
}


def _reduction(asked: Asked) -> Explanation:
    """Seven queries."""
    reading, base_term, current_term, read = _READINGS[asked.metric.id]
    selection = asked.selection
    form = years_form(costs(selection, asked.tree), targets(selection), asked.params)
    years = form.years()
    if years is None:
        return Explanation(asked.metric, Measure(None, Reason.NO_DATA), about(asked))
    found = read(fallen(selection, asked.tree, *years, POLICY_FALL).total)
    systems = with_ends(selection, *years)
    rows = systems.filter(in_reading(reading))
    listed: list[Any] = list(rows.order_by(F("base").desc(nulls_last=True), "pk")[:ROWS_SHOWN])
    without = systems.exclude(pk__in=rows.values("pk"))
    looked_at = found.systems + found.left_out
    names = {
        base_term: fiscal_year(years[0]),
        current_term: fiscal_year(years[1]),
    }
    return Explanation(
        asked.metric,
        found.ratio,
        f"{about(asked)}, {fiscal_year(years[0])} → {fiscal_year(years[1])}",
        parts=[
            Part(base_term, found.base, Kind.YEN, found.systems, looked_at),
            Part(current_term, found.current, Kind.YEN, found.systems, looked_at),
        ],
        columns=yen_columns(names),
        rows=[
            Row(
                str(system),
                object_url(system),
                {base_term: system.base, current_term: system.current},
                explain_url=asked.links.explain_holder("operation_cost", system, years[0]),
            )
            for system in listed
        ],
        rows_total=rows.count(),
        missing=missing_of(without.order_by("system_id")[:MISSING_SHOWN]),
        missing_total=without.count(),
        notes=[_("Positive: cost fell. What is listed as missing is not in this reading.")],
    )


# Unit cost ----------------------------------------------------------------------------------------


def unit_cost(asked: Asked) -> Explanation:
    """A system's cost a case, alone or beside its class. Cost: up to six queries."""
    if asked.system is None:
        return Explanation(asked.metric, Measure(None, Reason.NOT_APPLICABLE), about(asked))
    if asked.metric.id == "unit_cost":
        return holders.unit_cost(asked)
    facts = unit_costs([asked.system.pk], asked.as_of).get(asked.system.pk)
    if facts is None:
        return Explanation(asked.metric, Measure(None, Reason.NO_DATA), str(asked.system))
    least = int(rule_book(asked.as_of)["unit_cost_outlier"]["least_peers"])
    own = cost.unit_cost(facts.cost, facts.cases)
    multiple = cost.unit_cost_multiple(own, facts.peer_median, peers=facts.peers, least_peers=least)
    median = facts.peer_median
    is_median = asked.metric.id == "unit_cost_median"
    peers = _peers(asked, facts.fiscal_year)
    listed = list(peers.select_related("system")[:ROWS_SHOWN])
    return Explanation(
        asked.metric,
        (Measure(None, Reason.NO_DATA) if median is None else Measure(median))
        if is_median
        else multiple,
        f"{asked.system}, {fiscal_year(facts.fiscal_year)}",
        parts=[
            Part("unit_operation", facts.cost, Kind.YEN),
            Part("unit_cases", facts.cases, Kind.INTEGER),
            Part("peer_median", median, Kind.DECIMAL),
        ],
        columns=[
            ("operation", term_name("operation_cost"), Kind.YEN),
            ("cases", term_name("cases"), Kind.INTEGER),
        ],
        rows=[_peer(asked, row) for row in listed],
        rows_total=peers.count(),
        notes=[
            _("The median is of %(peers)s systems of the whole government; those you may see are"
              " listed.") % {"peers": f"{facts.peers:,}"}
        ],
    )  # fmt: skip


def _peers(asked: Asked, year: int | None) -> QuerySet[YearRollup]:
    rows: QuerySet[YearRollup] = asked.rows(YearRollup).filter(
        Q(cases__gt=0, operation__gt=0),
        fiscal_year=year or 0,
        system__system_class=getattr(asked.system, "system_class_id", None),
    )
    return rows.order_by("-operation", "pk")


def _peer(asked: Asked, rollup: Any) -> Row:
    return Row(
        str(rollup.system),
        object_url(rollup.system),
        {"operation": rollup.operation, "cases": rollup.cases},
        explain_url=asked.links.explain_holder("unit_cost", rollup.system, rollup.fiscal_year),
    )


EXPLAINERS: Mapping[str, Callable[[Asked], Explanation]] = {
    **dict.fromkeys(_STAGES, _stage),
    **dict.fromkeys(_RATES, _rate),
    "run_share": _mix,
    "change_share": _mix,
    "item_cost": _item,
    **dict.fromkeys(_READINGS, _reduction),
}
OF_A_SYSTEM: Mapping[str, Callable[[Asked], Explanation]] = dict.fromkeys(
    ("unit_cost", "unit_cost_median", "unit_cost_multiple"), unit_cost
)
