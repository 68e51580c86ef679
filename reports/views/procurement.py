"""How IT is bought, and what will have to be renewed."""

from typing import Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from governance.access import Action, Resource, can_somewhere, require_somewhere
from governance.tabular import Column, Kind, Table, Unknown, build_table
from projects.metric_text import REASONS
from projects.metrics.types import Measure, Reason
from projects.register import KINDS
from reports.procurement import VENDORS, Bought, Renewals, by_agency, by_vendor, renewals


def _shown(measure: Measure) -> object:
    if measure.value is None:
        return Unknown("undefined", REASONS[measure.reason or Reason.NO_DATA])
    return measure.value


def _of(part: int, whole: int) -> str:
    return f"{part:,}/{whole:,}"


_NAME: Final = Column[Bought]("vendor", gettext_lazy("vendor"), lambda row: row.name)
_AGENCY: Final = Column[Bought](
    "agency",
    gettext_lazy("agency"),
    lambda row: row.name,
    url=lambda row: None if row.agency is None else KINDS["agencies"].page_url(row.agency),
)
_BOUGHT: Final[tuple[Column[Bought], ...]] = (
    Column("contracts", gettext_lazy("contracts"), lambda row: row.contracts, Kind.INTEGER),
    Column("amount", gettext_lazy("known amount"), lambda row: row.amount, Kind.YEN),
    Column(
        "amounts_known",
        gettext_lazy("amounts known"),
        lambda row: _of(row.amounts_known, row.contracts),
    ),
    Column("share", gettext_lazy("share"), lambda row: _shown(row.share), Kind.RATIO),
    Column(
        "single_bid_ratio",
        gettext_lazy("single-bid ratio"),
        lambda row: _shown(row.single_bid_ratio),
        Kind.RATIO,
    ),
    Column(
        "bidders_known",
        gettext_lazy("bidders known"),
        lambda row: _of(row.bidders_known, row.competitive),
    ),
    Column(
        "mean_award_rate",
        gettext_lazy("mean award rate"),
        lambda row: _shown(row.mean_award_rate),
        Kind.RATIO,
    ),
    Column(
        "awards_known",
        gettext_lazy("award rates known"),
        lambda row: _of(row.awards_known, row.contracts),
    ),
)
_RENEWALS: Final[tuple[Column[Renewals], ...]] = (
    Column("fiscal_year", gettext_lazy("fiscal year"), lambda row: row.fiscal_year, Kind.YEAR),
    Column("systems", gettext_lazy("systems"), lambda row: row.systems, Kind.INTEGER),
    Column("cost", gettext_lazy("expected renewal cost"), lambda row: row.cost, Kind.YEN),
    Column(
        "costs_known",
        gettext_lazy("costs known"),
        lambda row: _of(row.costs_known, row.systems),
    ),
)


@require_safe
def procurement_page(request: HttpRequest) -> HttpResponse:
    """Four queries beside those of the frame, however many contracts there are."""
    require_somewhere(request.user, Action.READ, Resource.CONTRACT)
    user = request.user
    wave: Table | None = None
    if can_somewhere(user, Action.READ, Resource.SYSTEM):
        wave = build_table(_RENEWALS, list(renewals(user)), caption=_("Renewal wave"), query={})
    return render(
        request,
        "reports/procurement.html",
        {
            "title": _("Procurement"),
            "crumbs": [{"label": _("Procurement")}],
            "vendors": VENDORS,
            "by_agency": build_table(
                (_AGENCY, *_BOUGHT), by_agency(user), caption=_("By agency"), query={}
            ),
            "by_vendor": build_table(
                (_NAME, *_BOUGHT), by_vendor(user), caption=_("By vendor"), query={}
            ),
            "wave": wave,
        },
    )
