"""How IT is bought, and what will have to be renewed."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from governance.access import Action, Resource, can_somewhere, require_somewhere
from governance.tabular import (
    Column,
    ExportLink,
    Kind,
    Table,
    Unknown,
    build_table,
    export_links,
)
from projects.metric_text import REASONS
from projects.metrics.types import Measure, Reason
from projects.register import KINDS
from reports.downloads import export_response
from reports.exports import FORMATS, Meta
from reports.files import File
from reports.links import Links
from reports.procurement import VENDORS, Bought, Renewals, by_agency, by_vendor, renewals
from reports.views.exporting import exporting


def _shown(measure: Measure) -> object:
    if measure.value is None:
        return Unknown("undefined", REASONS[measure.reason or Reason.NO_DATA])
    return measure.value


def _of(part: int, whole: int) -> str:
    return f"{part:,}/{whole:,}"


def _explained(metric: str) -> Callable[[Bought], str]:
    """The Explain page of a figure of one agency or vendor."""

    def url(row: Bought) -> str:
        if row.agency is not None:
            return Links().explain_agency(metric, row.agency.code)
        return Links().explain(metric, vendor=row.name)

    return url


def _renewed(metric: str) -> Callable[[Renewals], str]:
    return lambda row: Links().explain(
        metric, renewal="none" if row.fiscal_year is None else str(row.fiscal_year)
    )


_NAME: Final = Column[Bought]("vendor", gettext_lazy("vendor"), lambda row: row.name)
_AGENCY: Final = Column[Bought](
    "agency",
    gettext_lazy("agency"),
    lambda row: row.name,
    url=lambda row: None if row.agency is None else KINDS["agencies"].page_url(row.agency),
)
_BOUGHT: Final[tuple[Column[Bought], ...]] = (
    Column(
        "contracts",
        gettext_lazy("contracts"),
        lambda row: row.contracts,
        Kind.INTEGER,
        url=_explained("contracts"),
        metric="contracts",
    ),
    Column(
        "amount",
        gettext_lazy("known amount"),
        lambda row: row.amount,
        Kind.YEN,
        url=_explained("contract_amount"),
        metric="contract_amount",
    ),
    Column(
        "amounts_known",
        gettext_lazy("amounts known"),
        lambda row: _of(row.amounts_known, row.contracts),
    ),
    Column(
        "share",
        gettext_lazy("share"),
        lambda row: _shown(row.share),
        Kind.RATIO,
        url=_explained("vendor_share"),
        metric="vendor_share",
    ),
    Column(
        "single_bid_ratio",
        gettext_lazy("single-bid ratio"),
        lambda row: _shown(row.single_bid_ratio),
        Kind.RATIO,
        url=_explained("single_bid_ratio"),
        metric="single_bid_ratio",
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
        url=_explained("mean_award_rate"),
        metric="mean_award_rate",
    ),
    Column(
        "awards_known",
        gettext_lazy("award rates known"),
        lambda row: _of(row.awards_known, row.contracts),
    ),
)
_RENEWALS: Final[tuple[Column[Renewals], ...]] = (
    Column("fiscal_year", gettext_lazy("fiscal year"), lambda row: row.fiscal_year, Kind.YEAR),
    Column(
        "systems",
        gettext_lazy("systems"),
        lambda row: row.systems,
        Kind.INTEGER,
        url=_renewed("renewal_systems"),
        metric="renewal_systems",
    ),
    Column(
        "cost",
        gettext_lazy("expected renewal cost"),
        lambda row: row.cost,
        Kind.YEN,
        url=_renewed("renewal_cost"),
        metric="renewal_cost",
    ),
    Column(
        "costs_known",
        gettext_lazy("costs known"),
        lambda row: _of(row.costs_known, row.systems),
    ),
)


def _agencies_file(user: Any) -> File:
    return File(
        "procurement-agencies",
        _("Bidding by agency"),
        (_AGENCY, *_BOUGHT),
        by_agency(user, timezone.localdate()),
    )


def _vendors_file(user: Any) -> File:
    rows = by_vendor(user, timezone.localdate(), most=None)
    return File("procurement-vendors", _("Bidding by vendor"), (_NAME, *_BOUGHT), rows)


def _renewals_file(user: Any) -> File:
    require_somewhere(user, Action.READ, Resource.SYSTEM)
    return File("procurement-renewals", _("Renewal wave"), _RENEWALS, list(renewals(user)))


_FILES: Final[Mapping[str, Callable[[Any], File]]] = {
    "agencies": _agencies_file,
    "vendors": _vendors_file,
    "renewals": _renewals_file,
}


def _exports(table: str) -> tuple[ExportLink, ...]:
    return export_links(
        lambda fmt: reverse("reports:procurement-export", args=[fmt]), {}, table=table
    )


@require_safe
def procurement_page(request: HttpRequest) -> HttpResponse:
    """Four queries beside those of the frame, however many contracts there are."""
    require_somewhere(request.user, Action.READ, Resource.CONTRACT)
    user = request.user
    wave: Table | None = None
    if can_somewhere(user, Action.READ, Resource.SYSTEM):
        wave = build_table(
            _RENEWALS,
            renewals(user),
            caption=_("Renewal wave"),
            query={},
            exports=_exports("renewals"),
            id="renewals",
        )
    return render(
        request,
        "reports/procurement.html",
        {
            "title": _("Procurement"),
            "crumbs": [{"label": _("Procurement")}],
            "vendors": VENDORS,
            "by_agency": build_table(
                (_AGENCY, *_BOUGHT),
                by_agency(user, timezone.localdate()),
                caption=_("By agency"),
                query={},
                exports=_exports("agencies"),
                id="agencies",
            ),
            "by_vendor": build_table(
                (_NAME, *_BOUGHT),
                by_vendor(user, timezone.localdate()),
                caption=_("By vendor"),
                query={},
                exports=_exports("vendors"),
                id="vendors",
            ),
            "wave": wave,
        },
    )


@require_safe
@exporting
def procurement_export(request: HttpRequest, fmt: str) -> HttpResponseBase:
    """One table as a file, with every vendor. 404 for a table or format that is not offered."""
    require_somewhere(request.user, Action.READ, Resource.CONTRACT)
    make = _FILES.get(request.GET.get("table", "agencies"))
    if make is None or fmt not in FORMATS:
        raise Http404(_("There is no such table."))
    file = make(request.user)
    meta = Meta(
        title=file.title,
        as_of=timezone.localdate(),
        generated_at=timezone.now(),
        exported_by=str(request.user),
    )
    return export_response(request, fmt, file.columns, file.rows, meta, name=file.name)
