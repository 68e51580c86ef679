"""The audit trail, for those who may read it."""

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from governance.access import Action, Resource, require_somewhere
from governance.audit import reading
from governance.tabular import build_table, export_links
from projects.audit_list import audit_listing
from projects.audit_text import entries

EVENTS_PER_PAGE = 50


@require_safe
@reading.anyhow(is_exact=False)
def audit_page(request: HttpRequest) -> HttpResponse:
    """Who did what to what, and when: the latest first."""
    require_somewhere(request.user, Action.READ, Resource.AUDIT)
    asked = audit_listing(request.user, request.GET)
    page_obj: Any = Paginator(asked.rows, EVENTS_PER_PAGE).get_page(request.GET.get("page"))
    table = build_table(
        asked.columns,
        entries(reading.shown(page_obj.object_list)),
        caption=_("Audit trail"),
        caption_hidden=True,
        query=request.GET,
        page=page_obj,
        empty_text=_("No event fits these filters.") if asked.described else "",
        exports=export_links(lambda fmt: reverse("reports:audit-export", args=[fmt]), request.GET)
        if asked.is_understood
        else (),
        id="list",
    )
    return render(
        request,
        "governance/audit.html",
        {
            "filters": asked.filters,
            "table": table,
            "page_obj": page_obj,
            "crumbs": [{"label": _("Audit trail")}],
        },
    )
