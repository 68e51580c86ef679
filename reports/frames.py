"""Wide tables for analysts, pivoted with pandas from figures that are already summed in SQL."""

from collections.abc import Iterable
from typing import Any, cast

import pandas as pd
from django.utils.translation import gettext as _

from governance.formatting import fiscal_year
from governance.tabular import Column, Kind
from projects.metrics.dictionary import METRIC_OF_FIGURE
from reports.dashboards import AgencyFigures
from reports.tables import COST_TEXT

FIGURES = ("development", "operation", "other", "unsplit", "initial", "available", "executed")


def cost_cube(agencies: Iterable[AgencyFigures]) -> pd.DataFrame:
    """Yen by agency (rows: code and name) and (fiscal year, figure) (columns), exact integers.

    Years ascend and figures stand in the order of `FIGURES`; unknown is <NA>, never zero. Columns
    in which nothing is known are left out.
    """
    long = pd.DataFrame(
        [
            (row.agency.code, str(row.agency), year, figure, amount)
            for row in agencies
            for year, cost in row.figures.years.items()
            for figure in FIGURES
            if (amount := getattr(cost, figure)) is not None
        ],
        columns=["code", "agency", "year", "figure", "yen"],
    )
    # pandas keeps integers of 64 bits; a larger sum stays what it is in Python.
    fits = bool(long["yen"].map(lambda yen: abs(yen) < 2**63).all())
    long = long.astype({"yen": "Int64" if fits else object})
    wide = long.pivot(index=["code", "agency"], columns=["year", "figure"], values="yen")
    order = sorted(wide.columns, key=lambda key: (key[0], FIGURES.index(key[1])))
    return wide[order].reindex(pd.MultiIndex.from_frame(long[["code", "agency"]].drop_duplicates()))


def cube_columns(cube: pd.DataFrame) -> tuple[Column[Any], ...]:
    """Columns for the rows of `cube.itertuples(name=None)`: the agency, then every figure."""
    names = {
        "development": _("development"),
        "operation": _("operation"),
        "other": _("other"),
        "unsplit": _("not split"),
        "initial": _("initial budget"),
        "available": _("budget available"),
        "executed": _("executed"),
    }

    keys = cast("list[tuple[int, str]]", list(cube.columns))

    def amount(position: int) -> Any:
        return lambda row: None if pd.isna(row[position]) else int(row[position])

    return (
        Column("agency", _("Agency"), lambda row: row[0][1]),
        Column("agency_code", _("Agency code"), lambda row: row[0][0]),
        *(
            Column(
                f"{figure}_{year}",
                f"{fiscal_year(year)} {names[figure]}",
                amount(position),
                Kind.YEN,
                definition=COST_TEXT[figure],
                metric=METRIC_OF_FIGURE[figure],
            )
            for position, (year, figure) in enumerate(keys, start=1)
        ),
    )
