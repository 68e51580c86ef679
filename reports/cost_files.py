"""The tables of the cost page: one function each, for the page and for the file."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from django.utils.translation import gettext as _

from governance.models import Target
from projects.services.flags import rule_book
from reports import cost_tables as tables
from reports.costs import Costs, Fallen, Item, UnitRow, costs, fallen, items, targets, unit_rows
from reports.files import File, Offered, Request
from reports.links import Links
from reports.reduction_years import POLICY_FALL, ReductionYearsForm, share_of, years_form

YEARS_OF_ITEMS: Final = 5


def years_file(asked: Request, found: Costs) -> File:
    columns = tables.year_columns(Links(asked.query))
    return File("cost-years", _("Cost by fiscal year and class"), columns, found.years())


def stages_file(asked: Request, found: Costs) -> File:
    title = _("Budget stages by fiscal year")
    return File("cost-stages", title, tables.stage_columns(Links(asked.query)), found.years())


def stage_holders_file(asked: Request, found: Costs) -> File:
    title = _("How many report each stage")
    return File("cost-stage-holders", title, tables.stage_holder_columns(), found.years())


def item_years(found: Costs) -> list[int]:
    """The latest years of which anything was spent, the latest last."""
    return [year for year, sums in found.years() if sums.spent is not None][-YEARS_OF_ITEMS:]


def item_rows(asked: Request, found: Costs) -> list[Item]:
    years = item_years(found)
    return items(asked.selection, [(year, sums) for year, sums in found.years() if year in years])


def items_file(asked: Request, found: Costs) -> File:
    columns = tables.item_columns(item_years(found), Links(asked.query))
    return File("cost-items", _("Executed cost by cost item"), columns, item_rows(asked, found))


def rates_file(asked: Request, found: Costs) -> File:
    columns = tables.rate_columns(Links(asked.query))
    title = _("Execution, carry-over and unused rates by agency")
    return File("cost-rates", title, columns, found.agencies())


def mix_years_file(asked: Request, found: Costs) -> File:
    rows = [(year, sums) for year, sums in found.years() if sums.count("split_known")]
    title = _("Run and change by fiscal year")
    return File("cost-mix-years", title, tables.mix_year_columns(Links(asked.query)), rows)


def mix_file(asked: Request, found: Costs) -> File:
    columns = tables.mix_columns(Links(asked.query))
    return File("cost-mix", _("Run and change by agency"), columns, found.agencies())


@dataclass(frozen=True, slots=True)
class Comparison:
    """How operation cost changed; `fallen` is None where no two years tell it. `aim` is the share
    that the latest target asks for, None without one."""

    form: ReductionYearsForm
    targets: tuple[Target, ...]
    aim: Decimal | None
    fallen: Fallen | None


def comparison(asked: Request, found: Costs) -> Comparison:
    """Two queries."""
    aims = targets(asked.selection)
    form = years_form(found, aims, asked.query)
    aim = share_of(aims[-1]) if aims else None
    years = form.years()
    compared = None
    if years is not None:
        compared = fallen(
            asked.selection, asked.tree, *years, target_fall=POLICY_FALL if aim is None else aim
        )
    return Comparison(form, tuple(aims), aim, compared)


def reduction_file(asked: Request, found: Costs, compared: Comparison | None = None) -> File:
    compared = compared or comparison(asked, found)
    title = _("Reduction of operation cost by agency")
    if compared.fallen is None:
        return File("cost-reduction", title, (tables.agency_column(Links(asked.query)),), ())
    change = compared.fallen
    columns = tables.reduction_columns(
        change.base_year, change.end_year, compared.aim, Links(asked.query)
    )
    return File("cost-reduction", title, columns, change.agencies)


def unit_cost_rows(asked: Request) -> list[UnitRow]:
    least = rule_book(asked.as_of)["unit_cost_outlier"]["least_peers"]
    return unit_rows(asked.selection, asked.tree, int(least))


def unit_costs_file(asked: Request) -> File:
    title = _("Cost a case of each system against its class")
    return File(
        "cost-unit-costs", title, tables.unit_columns(Links(asked.query)), unit_cost_rows(asked)
    )


_BY_YEAR: Final[Mapping[str, Any]] = {
    "years": years_file,
    "stages": stages_file,
    "stage-holders": stage_holders_file,
    "items": items_file,
    "rates": rates_file,
    "mix-years": mix_years_file,
    "mix": mix_file,
    "reduction": reduction_file,
}


def _of_sums(make: Any) -> Any:
    return lambda asked: make(asked, costs(asked.selection, asked.tree))


COST_FILES: Final[Offered] = {
    **{table: _of_sums(make) for table, make in _BY_YEAR.items()},
    "unit-costs": unit_costs_file,
}
