"""Rows behind a yearly sum: one rollup a system or project, with the entry that changed it last."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from governance.tabular import Kind
from projects.models import CostLine, YearRollup
from projects.register import kind_of
from reports.explain.answer import ROWS_SHOWN, TRACK, Asked, Row, entered, files_of


def rollup_rows(
    asked: Asked,
    rollups: QuerySet[YearRollup],
    figures: Mapping[str, str],
    level: Mapping[str, str],
) -> tuple[list[Row], int, list[tuple[str, str]]]:
    """The first rows by the first figure, how many there are, and the files that brought them.

    `figures` maps a term to the field of the rollup, `level` a term to the metric by which the
    holder's own figure is explained. Cost: three queries.
    """
    first = next(iter(figures.values()))
    found: Sequence[Any] = list(
        rollups.select_related("system", "project")
        .annotate(last_line=_last_line())
        .order_by(F(first).desc(nulls_last=True), "pk")[:ROWS_SHOWN]
    )
    lines = CostLine.objects.select_related(*TRACK).in_bulk([row.last_line for row in found])
    metric = next(iter(level.values()))
    rows = [_row(asked, row, lines.get(row.last_line), figures, metric) for row in found]
    return rows, rollups.count(), files_of(lines.values())


def _last_line() -> Coalesce:
    """The cost line of the holder and year that was entered last."""

    def of(holder: str) -> Subquery:
        return Subquery(
            CostLine.objects.filter(
                **{holder: OuterRef(holder)}, budget_year=OuterRef("fiscal_year")
            )
            .order_by("-updated_at", "-pk")
            .values("pk")[:1]
        )

    return Coalesce(of("system"), of("project"))


def _row(
    asked: Asked, rollup: Any, line: CostLine | None, figures: Mapping[str, str], metric: str
) -> Row:
    holder = rollup.system or rollup.project
    url = kind_of(holder).page_url(holder)
    told = {} if line is None else entered(line)
    return Row(
        label=str(holder),
        url=url,
        figures={term: getattr(rollup, name) for term, name in figures.items()},
        explain_url=asked.links.explain_holder(metric, holder, rollup.fiscal_year),
        **told,
    )


def known(*names: str) -> Q:
    """Rollups in which all of these figures are known."""
    return Q(**{f"{name}__isnull": False for name in names})


def yen_columns(labels: Mapping[str, str]) -> list[tuple[str, str, Kind]]:
    return [(term, label, Kind.YEN) for term, label in labels.items()]
