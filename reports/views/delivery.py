"""Delivery of the portfolio: earned value, earned schedule and variance as of a day."""

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from governance.access import Action, Resource, can_somewhere
from governance.tabular import Sort, build_table, sort_rows
from projects.selectors import Selection
from reports import delivery, delivery_tables, pages
from reports.downloads import export_response
from reports.exports import FORMATS
from reports.links import Links
from reports.views.exporting import exporting
from reports.views.question import Question, bad_export, for_readers, read_question

_PER_PAGE = 50


def _reads_reports(user: object) -> bool:
    return can_somewhere(user, Action.READ, Resource.UPDATE)


@require_safe
@for_readers(_reads_reports)
def delivery_page(request: HttpRequest) -> HttpResponse:
    """Cost: four queries beside those of the frame and the filters."""
    asked = read_question(request)
    rows = delivery.portfolio_deliveries(_selection(asked), request.user)
    links = Links(asked.query)
    exports = pages.Exports("reports:delivery-export", (), asked.query)
    columns = delivery_tables.project_columns(links)
    sort = Sort.parse(asked.query.get("sort"), columns)
    page = Paginator(sort_rows(rows, columns, sort), _PER_PAGE).get_page(request.GET.get("page"))
    whole = delivery.together(None, rows)
    agencies = delivery_tables.agency_columns(links)
    return render(
        request,
        "reports/delivery.html",
        {
            "title": _("Delivery of projects"),
            "crumbs": [{"label": _("Delivery of projects")}],
            "asked": asked,
            "whole": whole,
            "agencies": build_table(
                agencies,
                delivery.by_agency(rows),
                caption=_("By agency"),
                query=asked.query,
                total={
                    column.key: column.value(whole) for column in agencies if column.key != "agency"
                },
                exports=exports.links("agencies"),
                id="agencies",
            ),
            "projects": build_table(
                columns,
                page.object_list,
                caption=_("Projects that report"),
                query=asked.query,
                sort=sort,
                page=page,
                empty_text=_("No project reports under these filters."),
                exports=exports.links("projects"),
                id="projects",
            ),
            "page_obj": page,
        },
    )


def _selection(asked: Question) -> Selection:
    return Selection(asked.rows, asked.criteria, asked.as_of)


@require_safe
@exporting
@for_readers(_reads_reports)
def delivery_export(request: HttpRequest, fmt: str) -> HttpResponseBase:
    """One of the two tables as a file."""
    asked = read_question(request)
    if fmt not in FORMATS:
        raise Http404
    if not asked.is_understood:
        return bad_export(asked.complaint)
    rows = delivery.portfolio_deliveries(_selection(asked), request.user)
    links = Links(asked.query)
    if request.GET.get("table") == "agencies":
        meta = asked.meta(request, _("Delivery by agency"))
        columns = delivery_tables.agency_columns(links)
        return export_response(
            request, fmt, columns, delivery.by_agency(rows), meta, name="delivery-agencies"
        )
    meta = asked.meta(request, _("Delivery of projects"))
    listed = delivery_tables.project_columns(links)
    sort = Sort.parse(asked.query.get("sort"), listed)
    return export_response(
        request, fmt, listed, sort_rows(rows, listed, sort), meta, name="delivery-projects"
    )
