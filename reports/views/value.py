"""What users get for the money that is spent."""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from governance.access import Action, Resource, can_somewhere
from reports import pages
from reports.files import Request
from reports.value_files import ABOUT_GOALS, VALUE_FILES
from reports.value_pages import value_page
from reports.value_terms import TermsForm
from reports.views.dashboard import draws_charts, table_file
from reports.views.exporting import exporting
from reports.views.question import bad_export, for_readers, read_question, reads_portfolio

_OWN = ("rate", "yen_per_hour", "page", "table")


@require_safe
@draws_charts
@for_readers(reads_portfolio)
def value(request: HttpRequest) -> HttpResponse:
    """A constant number of statements: see `value_page`."""
    asked = read_question(request)
    form = TermsForm(request.GET)
    terms = form.terms()
    sees_goals = can_somewhere(request.user, Action.READ, Resource.KPI)
    page = value_page(
        Request(asked.rows, asked.criteria, asked.as_of, asked.tree, asked.query),
        terms,
        pages.Exports("reports:value-export", (), asked.query),
        sees_goals=sees_goals,
    )
    return render(
        request,
        "reports/value.html",
        {
            "title": _("Value"),
            "crumbs": [{"label": _("Value")}],
            "asked": asked,
            "form": form,
            "kept_by_terms": {name: asked.query[name] for name in asked.query if name not in _OWN},
            "terms": terms,
            "page": page,
            "sees_goals": sees_goals,
        },
    )


@require_safe
@exporting
@for_readers(reads_portfolio)
def value_export(request: HttpRequest, fmt: str) -> HttpResponseBase:
    """One table. Answers 400 where filters or terms cannot be understood."""
    table = request.GET.get("table", "")
    if table in ABOUT_GOALS and not can_somewhere(request.user, Action.READ, Resource.KPI):
        raise PermissionDenied
    form = TermsForm(request.GET)
    if form.errors:
        return bad_export(form.complaint())
    asked = read_question(request)
    return table_file(request, asked, VALUE_FILES, fmt, terms=form.terms().of(table))
