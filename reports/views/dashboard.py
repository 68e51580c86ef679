"""The pages that people look at first: portfolio, one agency, what needs attention."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

from csp.constants import UNSAFE_INLINE
from csp.decorators import csp_update
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from governance.access import Action, Resource, Role, can_somewhere, rights_of
from projects.selectors import Selection
from reports import dashboards, files, pages
from reports.downloads import export_response
from reports.exports import FORMATS
from reports.views.exporting import exporting
from reports.views.question import (
    Question,
    View,
    bad_export,
    for_readers,
    no_role,
    read_question,
    reads_portfolio,
)

FLAGS_PER_PAGE = 50
WORKING_ROLES = frozenset({Role.PMO, Role.PJMO, Role.ACCOUNTING, Role.VERIFIER})


def draws_charts(view: View) -> View:
    """Plotly sets style attributes on its legend and tool bar: on pages that draw, and only on
    these, styles may be inline."""
    decorate: Any = csp_update({"style-src": UNSAFE_INLINE})
    return cast("View", decorate(view))


def _reads_flags(user: Any) -> bool:
    return can_somewhere(user, Action.READ, Resource.FLAG)


def _reads_agencies(user: Any) -> bool:
    return can_somewhere(user, Action.READ, Resource.MASTER)


@require_safe
def home(request: HttpRequest) -> HttpResponseBase:
    """Who files, approves or checks begins with what waits for them; others with the portfolio."""
    if not rights_of(request.user).held:
        return no_role(request)
    if rights_of(request.user).roles() & WORKING_ROLES:
        return redirect("work")
    if Role.HR in rights_of(request.user).roles() and not reads_portfolio(request.user):
        return redirect("people")
    return redirect(
        "reports:portfolio" if reads_portfolio(request.user) else "projects:projects-list"
    )


@require_safe
@draws_charts
@for_readers(reads_portfolio)
def portfolio(request: HttpRequest) -> HttpResponse:
    asked = read_question(request)
    found = dashboards.portfolio(asked.rows, asked.criteria, asked.as_of, asked.tree)
    exports = pages.Exports("reports:portfolio-export", (), asked.query)
    page = pages.dashboard_page(found, asked.tree, asked.query, exports, request.user)
    return render(request, "reports/portfolio.html", {"asked": asked, "page": page})


@require_safe
@exporting
@for_readers(reads_portfolio)
def portfolio_export(request: HttpRequest, fmt: str) -> HttpResponseBase:
    return table_file(request, read_question(request), files.PORTFOLIO_FILES, fmt)


@require_safe
@draws_charts
@for_readers(_reads_agencies)
def agency(request: HttpRequest, code: str) -> HttpResponse:
    asked = read_question(request, code)
    row = asked.tree.by_code(code)
    facts = pages.agency_facts(row, asked.tree, asked.query, request.user)
    page = None
    if asked.rows.reads_any_of(asked.tree.below(row)):
        found = dashboards.agency_portfolio(asked.rows, asked.criteria, asked.as_of, asked.tree)
        exports = pages.Exports("reports:agency-export", (code,), asked.query)
        page = pages.agency_page(found, row, asked.tree, asked.query, exports, request.user)
    return render(request, "reports/agency.html", {"asked": asked, "facts": facts, "page": page})


@require_safe
@exporting
@for_readers(reads_portfolio)
def agency_export(request: HttpRequest, code: str, fmt: str) -> HttpResponseBase:
    return table_file(request, read_question(request, code), files.AGENCY_FILES, fmt)


@require_safe
@for_readers(_reads_flags)
def attention(request: HttpRequest) -> HttpResponse:
    asked = read_question(request)
    flags = dashboards.attention(Selection(asked.rows, asked.criteria, asked.as_of))
    page_obj = Paginator(flags, FLAGS_PER_PAGE).get_page(request.GET.get("page"))
    exports = pages.Exports("reports:attention-export", (), asked.query)
    table = pages.attention_table(page_obj, asked.query, exports, request.user)
    return render(
        request,
        "reports/attention.html",
        {"asked": asked, "table": table, "page_obj": page_obj},
    )


@require_safe
@exporting
@for_readers(_reads_flags)
def attention_export(request: HttpRequest, fmt: str) -> HttpResponseBase:
    return table_file(request, read_question(request), {"": files.all_flags}, fmt)


def table_file(
    request: HttpRequest,
    asked: Question,
    offered: files.Offered,
    fmt: str,
    terms: Sequence[tuple[str, str]] = (),
) -> HttpResponseBase:
    """One table as a file. Answers 400 where the address cannot be understood, 404 for a table
    or a format that is not offered. `terms` are told in the file beside the filters."""
    make = offered.get(request.GET.get("table", ""), offered.get(""))
    if make is None or fmt not in FORMATS:
        raise Http404(_("There is no such table."))
    if not asked.is_understood:
        return bad_export(asked.complaint)
    file = make(files.Request(asked.rows, asked.criteria, asked.as_of, asked.tree, asked.query))
    meta = asked.meta(request, file.title)
    meta = replace(meta, filters=(*meta.filters, *terms))
    return export_response(request, fmt, file.columns, file.rows, meta, name=file.name)
