"""Statements that contradict each other, side by side, an agency at a time or all of them."""

from collections import Counter
from dataclasses import dataclass
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
from projects.register import kind_of

_PER_PAGE: Final = 50


@dataclass(frozen=True, slots=True)
class Row:
    """A contradiction in words; `url` leads to what it is about."""

    title: str
    agency: str
    about: str
    url: str
    one: str
    other: str


def _row(found: Found) -> Row:
    about = found.about
    url = "" if about is None else kind_of(about).page_url(about)
    one, other = statements(found.contradiction)
    return Row(
        title=str(TITLES[found.contradiction.kind]),
        agency=str(found.agency),
        about=_("the whole agency") if about is None else str(about),
        url=url or "",
        one=one,
        other=other,
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
    return render(
        request,
        "projects/contradictions.html",
        {
            "title": _("Contradictions"),
            "crumbs": [{"label": _("Contradictions")}],
            "agencies": agencies,
            "chosen": chosen,
            "rows": [_row(item) for item in page],
            "page_obj": page,
            "counts": None
            if chosen is not None or not found
            else build_table(
                _COUNTS,
                sorted(counts.items(), key=lambda pair: (-pair[1], pair[0].name)),
                caption=_("By agency"),
                query={},
            ),
        },
    )
