"""The headline figures of the value page as tiles: figure, what it rests on, where it stands."""

from decimal import Decimal

from django.utils.translation import gettext as _

from governance.formatting import decimal_number, integer, percent, yen, yen_short
from governance.tabular import Unknown, unknown_html
from projects.metrics.types import Measure
from reports import value, value_services, value_worth
from reports.dashboards import Summary
from reports.tiles import Tile
from reports.value_tables import told
from reports.value_terms import Terms


def _share(measure: Measure) -> str:
    found = told(measure)
    return unknown_html(found) if isinstance(found, Unknown) else percent(found)


def coverage(summary: Summary) -> Tile:
    """Share of system cost whose outcome is measured."""
    total = summary.total
    return Tile(
        "outcome_coverage",
        _("Outcome coverage"),
        _share(summary.cost.measured_share),
        _("Share of system cost whose outcome is measured."),
        note=_("%(measured)s of %(systems)s systems")
        % {"measured": integer(total.measured_systems), "systems": integer(total.systems)},
        url="#outcomes",
    )


def goals(found: value.Goals) -> Tile:
    """KPIs that met their target, of those known."""
    total = found.total
    return Tile(
        "kpis_met_share",
        _("KPIs that met their target"),
        _share(total.share),
        _("Of the KPIs with a target in a finished year, as far as an actual is known."),
        note=_("%(met)s of %(known)s known; %(asked)s have a target")
        % {
            "met": integer(total.met),
            "known": integer(total.known),
            "asked": integer(total.asked),
        },
        url="#kpis",
    )


def worth(found: value_worth.PortfolioWorth) -> Tile:
    """Benefits over costs of the projects together."""
    note = _("%(known)s of %(asked)s projects known") % {
        "known": integer(found.known),
        "asked": integer(found.asked),
    }
    ratio = None if found.worth is None else found.worth.appraisal.bcr.value
    text: str = unknown_html(Unknown("undefined"))
    if ratio is not None and found.worth is not None:
        text = decimal_number(ratio.quantize(Decimal("0.01")))
        note = _("NPV %(npv)s; %(known)s") % {
            "npv": yen_short(int(found.worth.appraisal.npv)),
            "known": note,
        }
    return Tile(
        "bcr",
        _("Benefit-cost ratio"),
        text,
        _("Present value of forecast benefits ÷ that of costs, over projects that tell both."),
        note=note,
        url="#project-worth",
    )


def time(summary: Summary, found: value_services.ServiceFigures, terms: Terms) -> Tile:
    """What services take from their users, in yen."""
    burden = found.total.burden(summary.total.services)
    cost = burden.cost(terms.yen_per_hour).value
    text: str = unknown_html(Unknown("missing")) if cost is None else yen_short(int(cost))
    hours = burden.hours.value
    note = _("%(known)s of %(asked)s services known") % {
        "known": integer(burden.known),
        "asked": integer(burden.asked),
    }
    if hours is not None:
        note = _("%(hours)s hours a year; %(known)s") % {
            "hours": integer(int(hours.to_integral_value())),
            "known": note,
        }
    return Tile(
        "administrative_burden",
        _("Administrative burden"),
        text,
        _("Hours that users spend on services, at the price of an hour."),
        note=note,
        url="#users-time",
    )


def use(summary: Summary, found: value_services.ServiceFigures) -> Tile:
    """Online cases of all services."""
    total = found.total
    return Tile(
        "digital_take_up",
        _("Digital take-up"),
        _share(total.digital_take_up),
        _("Online cases ÷ all cases of the services that count both."),
        note=_("%(known)s of %(asked)s services known")
        % {"known": integer(total.used), "asked": integer(summary.total.services)},
        url="#service-figures",
    )


def cost(costs: value_services.UnitCosts) -> Tile:
    """What a case costs."""
    measure, known, asked = costs.of()
    text: str = unknown_html(Unknown("missing"))
    if measure.value is not None:
        text = yen(int(measure.value.to_integral_value()))
    return Tile(
        "cost_per_transaction",
        _("Cost per transaction"),
        text,
        _("Operation cost of systems ÷ cases of the services on them."),
        note=_("%(known)s of %(asked)s systems that count cases")
        % {"known": integer(known), "asked": integer(asked)},
        url="#service-figures",
    )
