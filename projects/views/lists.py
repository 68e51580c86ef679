"""The list of each kind of register object."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from governance.tabular import build_table, export_links
from projects.filters import listing
from projects.register import KINDS, can_create, can_read

ROWS_PER_PAGE = 50


@require_safe
def list_page(request: HttpRequest, slug: str) -> HttpResponse:
    """One kind, narrowed, sorted and cut into pages as the address says."""
    kind = KINDS[slug]
    if not can_read(request.user, kind):
        raise PermissionDenied
    asked = listing(kind, request.user, request.GET, on=timezone.localdate())
    page_obj: Any = Paginator(asked.rows, ROWS_PER_PAGE).get_page(request.GET.get("page"))
    title = capfirst(str(kind.plural))
    table = build_table(
        asked.columns,
        page_obj.object_list,
        caption=title,
        caption_hidden=True,
        query=request.GET,
        sort=asked.sort,
        page=page_obj,
        empty_text=_("Nothing fits these filters.") if asked.filters.described() else "",
        exports=export_links(lambda fmt: reverse(f"reports:{slug}-export", args=[fmt]), request.GET)
        if asked.is_understood
        else (),
        id="list",
    )
    return render(
        request,
        "projects/list.html",
        {
            "title": title,
            "crumbs": [{"label": title}],
            "filters": asked.filters,
            "keep": {"sort": asked.sort.param} if asked.sort else {},
            "table": table,
            "page_obj": page_obj,
            "new_url": kind.new_url() if can_create(request.user, kind) else "",
            "new_label": kind.name,
        },
    )
