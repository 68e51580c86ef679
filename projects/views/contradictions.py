"""Statements that contradict each other, side by side, an agency at a time or all of them."""

from collections import Counter
from typing import Any, Final

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from governance.access import Action, Resource, require_somewhere
from governance.tabular import Column, Kind, build_table
from projects.contradiction_text import TITLES, statements
from projects.contradictions import Found, agencies_of, find
from projects.register import KINDS, kind_of

_PER_PAGE: Final = 50
_COLUMNS: Final[tuple[Column[Found], ...]] = (
    Column(
        "agency",
        gettext_lazy("agency"),
        lambda row: str(row.agency),
        url=lambda row: KINDS["agencies"].page_url(row.agency),
    ),
    Column(
        "about",
        gettext_lazy("about"),
        lambda row: _("the whole agency") if row.about is None else str(row.about),
        url=lambda row: None if row.about is None else kind_of(row.about).page_url(row.about),
    ),
    Column("kind", gettext_lazy("what contradicts"), lambda row: TITLES[row.contradiction.kind]),
    Column("one", gettext_lazy("one statement"), lambda row: statements(row.contradiction)[0]),
    Column("other", gettext_lazy("the other"), lambda row: statements(row.contradiction)[1]),
)
_COUNTS: Final[tuple[Column[Any], ...]] = (
    Column(
        "agency",
        gettext_lazy("agency"),
        lambda row: str(row[0]),
        url=lambda row: f"{reverse('contradictions')}?agency={row[0].code}",
    ),
    Column("count", gettext_lazy("contradictions"), lambda row: row[1], kind=Kind.INTEGER),
)


@require_safe
def contradictions_page(request: HttpRequest) -> HttpResponse:
    """The list, fifty a page; its counts by agency lead to the agency's own list."""
    require_somewhere(request.user, Action.READ, Resource.UPDATE)
    agencies = agencies_of(request.user)
    code = request.GET.get("agency", "")
    chosen = next((agency for agency in agencies if agency.code == code), None)
    if code and chosen is None:
        messages.error(request, _("There is no such agency that you may see; all are shown."))
    found = find(request.user, timezone.localdate(), None if chosen is None else chosen.pk)
    counts = Counter(item.agency for item in found)
    page = Paginator(found, _PER_PAGE).get_page(request.GET.get("page"))
    query = {} if chosen is None else {"agency": chosen.code}
    return render(
        request,
        "projects/contradictions.html",
        {
            "title": _("Contradictions"),
            "crumbs": [{"label": _("Contradictions")}],
            "agencies": agencies,
            "chosen": chosen,
            "found": len(found),
            "page_obj": page,
            "counts": None
            if chosen is not None
            else build_table(
                _COUNTS,
                sorted(counts.items(), key=lambda pair: (-pair[1], pair[0].name)),
                caption=_("By agency"),
                query={},
            ),
            "table": build_table(
                _COLUMNS,
                list(page),
                caption=_("Contradictions"),
                caption_hidden=True,
                query=query,
            ),
        },
    )
