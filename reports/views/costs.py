"""What IT costs: by class, item, stage, agency and year; what was saved; what a case costs."""

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from reports import files
from reports.cost_files import COST_FILES
from reports.cost_pages import cost_page, kept_by_years
from reports.costs import costs, targets
from reports.pages import Exports
from reports.reduction_years import years_form
from reports.views.dashboard import draws_charts, table_file
from reports.views.exporting import exporting
from reports.views.question import (
    Question,
    bad_export,
    for_readers,
    read_question,
    reads_portfolio,
)


@require_safe
@draws_charts
@for_readers(reads_portfolio)
def costs_page(request: HttpRequest) -> HttpResponse:
    """Cost: eleven queries beside those of the frame, whatever the size of the register."""
    asked = read_question(request)
    exports = Exports("reports:costs-export", (), asked.query)
    return render(
        request,
        "reports/costs.html",
        {
            "title": _("Cost"),
            "crumbs": [{"label": _("Cost")}],
            "asked": asked,
            "page": cost_page(_request(asked), exports),
            "kept_by_years": kept_by_years(asked.query),
        },
    )


@require_safe
@exporting
@for_readers(reads_portfolio)
def costs_export(request: HttpRequest, fmt: str) -> HttpResponseBase:
    """One table of the page as a file; 400 where the years to compare cannot be understood."""
    asked = read_question(request)
    if request.GET.get("table") == "reduction" and asked.is_understood:
        complaint = _complaint_of_years(_request(asked))
        if complaint:
            return bad_export(complaint)
    return table_file(request, asked, COST_FILES, fmt)


def _request(asked: Question) -> files.Request:
    return files.Request(asked.rows, asked.criteria, asked.as_of, asked.tree, asked.query)


def _complaint_of_years(asked: files.Request) -> str:
    found = costs(asked.selection, asked.tree)
    return years_form(found, targets(asked.selection), asked.query).complaint
