"""What the template of the cost page prints."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from governance.formatting import fiscal_year, integer, percent, yen_short
from governance.models import Agency, Target
from governance.models.base import localized
from governance.tabular import Table, Unknown, build_table, unknown_html
from projects.metrics.reduction import Readings, Reduction
from reports import charts, cost_files, cost_tables
from reports.charts import Chart
from reports.cost_files import Comparison
from reports.costs import OPERATION_TARGETS, Costs, Sums, costs
from reports.files import File, Request
from reports.links import Links
from reports.pages import YEARS_DRAWN, Exports
from reports.reduction_years import ReductionYearsForm, share_of
from reports.tables import shown
from reports.tiles import Tile

UNITS_SHOWN = 50


@dataclass(frozen=True, slots=True)
class CostPage:
    """The sections of the page. `reduction` is None where no two years can be compared."""

    year: int | None
    chart: Chart
    stages: Table
    stage_holders: Table
    items: Table
    rates: Table
    mix_chart: Chart
    mix: Table
    years_form: ReductionYearsForm
    tiles: list[Tile]
    reduction: Table | None
    not_told: int
    units: Table


def cost_page(asked: Request, exports: Exports) -> CostPage:
    """Everything on the page, in the active language. Cost: nine queries at most."""
    found = costs(asked.selection, asked.tree)
    compared = cost_files.comparison(asked, found)
    return CostPage(
        year=found.year,
        chart=_chart(asked, found, exports),
        stages=_table(cost_files.stages_file(asked, found), "stages", exports),
        stage_holders=_table(cost_files.stage_holders_file(asked, found), "stage-holders", exports),
        items=_items(asked, found, exports),
        rates=_by_agency(cost_files.rates_file(asked, found), "rates", found, exports),
        mix_chart=_mix_chart(asked, found, exports),
        mix=_by_agency(cost_files.mix_file(asked, found), "mix", found, exports),
        years_form=compared.form,
        tiles=_tiles(compared, Links(asked.query)),
        reduction=_reduction(asked, found, compared, exports),
        not_told=0 if compared.fallen is None else compared.fallen.total.unknown,
        units=_units(asked, exports),
    )


def _table(
    file: File,
    name: str,
    exports: Exports,
    *,
    rows: Sequence[Any] | None = None,
    caption: str = "",
    total: Any = None,
    hidden: bool = False,
) -> Table:
    """A file's columns and rows as a table of the page. `total` is a row of the whole."""
    totals = None
    if total is not None:
        totals = {column.key: column.value(total) for column in file.columns[1:]}
    return build_table(
        file.columns,
        file.rows if rows is None else rows,
        caption=caption or file.title,
        query=exports.query,
        total=totals,
        exports=exports.links(name),
        id=name,
        caption_hidden=hidden,
    )


def _chart(asked: Request, found: Costs, exports: Exports) -> Chart:
    file = cost_files.years_file(asked, found)
    drawn = [
        charts.CostYear(
            year,
            sums.yen("development"),
            sums.yen("operation"),
            sums.yen("other"),
            sums.yen("unsplit"),
        )
        for year, sums in found.years()
        if sums.spent is not None
    ][-YEARS_DRAWN:]
    return Chart(
        "cost-by-year",
        file.title,
        charts.cost_by_year_and_class(drawn),
        _table(file, "years", exports, hidden=True),
        summary=_("Executed yen of systems and projects, as far as reported."),
        note=_("A year still running, or not reported by all, shows less than it will."),
    )


def _mix_chart(asked: Request, found: Costs, exports: Exports) -> Chart:
    file = cost_files.mix_years_file(asked, found)
    years = [
        charts.MixYear(year, sums.run_share.value, sums.change_share.value)
        for year, sums in file.rows
    ]
    return Chart(
        "mix-by-year",
        file.title,
        charts.mix_by_year(years[-YEARS_DRAWN:]),
        _table(file, "mix-years", exports, hidden=True),
        summary=_("The share of executed cost that keeps things running, and that changes them."),
    )


def _items(asked: Request, found: Costs, exports: Exports) -> Table:
    file = cost_files.items_file(asked, found)
    spent = {year: sums.spent for year, sums in found.years()}
    total = {f"executed_{year}": spent[year] for year in cost_files.item_years(found)}
    return build_table(
        file.columns,
        file.rows,
        caption=file.title,
        query=exports.query,
        total=total or None,
        exports=exports.links("items"),
        id="items",
    )


def _by_agency(file: File, name: str, found: Costs, exports: Exports) -> Table:
    rows = found.agencies()
    whole = sum((sums for _agency, sums in rows), start=Sums())
    return _table(
        file,
        name,
        exports,
        caption=_("%(title)s, %(year)s") % {"title": file.title, "year": fiscal_year(found.year)},
        total=(Agency(), whole) if rows else None,
    )


def _reduction(
    asked: Request, found: Costs, compared: Comparison, exports: Exports
) -> Table | None:
    if compared.fallen is None:
        return None
    change = compared.fallen
    file = cost_files.reduction_file(asked, found, compared)
    return _table(
        file,
        "reduction",
        exports,
        caption=_("%(title)s, %(base)s to %(end)s")
        % {
            "title": file.title,
            "base": fiscal_year(change.base_year),
            "end": fiscal_year(change.end_year),
        },
        total=(Agency(), change.total) if change.agencies else None,
    )


def _tiles(compared: Comparison, links: Links) -> list[Tile]:
    """The three readings of the whole, and what the targets ask for beside them."""
    change = compared.fallen
    base = None if change is None else change.base_year
    return [
        *(() if change is None else _reading_tiles(change.total, compared.aim, links)),
        *(_target_tile(target, base) for target in compared.targets),
    ]


def _reading_tiles(total: Readings, aim: Decimal | None, links: Links) -> list[Tile]:
    story = _("%(rose)s of them rose") % {"rose": integer(total.rose)}
    if aim is not None:
        story = _("%(rose)s of them rose, %(fell)s fell by %(aim)s") % {
            "rose": integer(total.rose),
            "fell": integer(total.fell_by_target),
            "aim": percent(aim, 0),
        }
    stories = {"same_systems": story}
    return [
        _reading_tile(key, str(label), read(total), stories.get(key, ""), links)
        for key, label, read in cost_tables.READINGS
    ]


def _reading_tile(key: str, label: str, found: Reduction, story: str, links: Links) -> Tile:
    value = shown(found.ratio)
    is_unknown = isinstance(value, Unknown)
    return Tile(
        key,
        label,
        unknown_html(value) if isinstance(value, Unknown) else percent(value),
        str(cost_tables.TEXT[key]),
        note=_("%(base)s → %(end)s; systems in it: %(systems)s, left out: %(out)s")
        % {
            "base": yen_short(found.base),
            "end": yen_short(found.current),
            "systems": integer(found.systems),
            "out": integer(found.left_out),
        },
        age=story,
        tone="unknown" if is_unknown else "",
        metric=f"reduction_{key}",
        explain=links.explain(f"reduction_{key}"),
    )


def _target_tile(target: Target, base: int | None) -> Tile:
    notes = [
        localized(target.title, target.title_en),
        _("%(base)s to %(end)s")
        % {"base": fiscal_year(target.base_year), "end": fiscal_year(target.target_year)},
    ]
    if target.base_year != base:
        notes.append(_("another base year than the one shown"))
    if target.metric_id == OPERATION_TARGETS[1]:
        notes.append(_("counts modification as well"))
    return Tile(
        target.code,
        _("Target"),
        percent(share_of(target)),
        target.source,
        note="; ".join(notes),
    )


def _units(asked: Request, exports: Exports) -> Table:
    file = cost_files.unit_costs_file(asked)
    rows = list(file.rows)
    caption = file.title
    if len(rows) > UNITS_SHOWN:
        caption = _("%(what)s (the first %(shown)s of %(total)s)") % {
            "what": file.title,
            "shown": integer(UNITS_SHOWN),
            "total": integer(len(rows)),
        }
    return _table(file, "unit-costs", exports, rows=rows[:UNITS_SHOWN], caption=caption)


def kept_by_years(query: QueryDict) -> dict[str, str]:
    """Parameters that the form for other years takes along."""
    own = {"base_year", "end_year", "page", "table"}
    return {name: str(query[name]) for name in query if name not in own}
