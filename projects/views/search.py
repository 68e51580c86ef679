"""One search over the whole register, as far as the reader may see it."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_safe

from governance.access import rights_of
from governance.fields.forms import LineField
from governance.formatting import integer
from governance.models import Agency
from governance.web.limits import Door, limited
from projects.filters import LONGEST_TEXT, text_q
from projects.register import KINDS, Kind, can_read

SHOWN = 20


class SearchForm(forms.Form):
    q = LineField(label=gettext_lazy("Name or ID"), required=False, max_length=LONGEST_TEXT)


@dataclass(frozen=True, slots=True)
class Hit:
    key: str
    name: str
    url: str
    agency: str


@dataclass(frozen=True, slots=True)
class Group:
    """What was found of one kind: the first hits, how many there are, and where all are."""

    slug: str
    title: str
    count_text: str
    hits: list[Hit]
    all_url: str


@require_safe
@limited(Door.SEARCH)
def search(request: HttpRequest) -> HttpResponse:
    """Systems, projects, services, contracts and agencies that fit a text. Cost: two queries a
    kind."""
    if not rights_of(request.user).held:
        raise PermissionDenied
    form = SearchForm(request.GET, label_suffix="")
    text = form.cleaned_data["q"] if form.is_valid() else ""
    kinds = [k for k in KINDS.values() if k.globally_searched and can_read(request.user, k)]
    groups = [_group(kind, request, text) for kind in kinds] if text else []
    groups = [group for group in groups if group.hits]
    return render(
        request,
        "projects/search.html",
        {
            "form": form,
            "text": text,
            "groups": groups,
            "kinds": [capfirst(str(kind.plural)) for kind in kinds],
            "crumbs": [{"label": _("Search")}],
        },
    )


def _group(kind: Kind, request: HttpRequest, text: str) -> Group:
    rows = kind.objects.visible_to(request.user).filter(text_q(kind, text, request.user))
    found = list(rows.select_related(*_joined(kind))[: SHOWN + 1])
    total = rows.count() if len(found) > SHOWN else len(found)
    return Group(
        slug=kind.slug,
        title=capfirst(str(kind.plural)),
        count_text=ngettext("%(count)s found", "%(count)s found", total)
        % {"count": integer(total)},
        hits=[
            Hit(kind.key_of(obj), str(obj), kind.page_url(obj), _agency(obj))
            for obj in found[:SHOWN]
        ],
        all_url=f"{kind.list_url()}?{urlencode({'q': text})}",
    )


def _joined(kind: Kind) -> tuple[str, ...]:
    return () if kind.model is Agency else ("agency",)


def _agency(obj: object) -> str:
    agency = getattr(obj, "agency", None)
    return "" if agency is None else str(agency)
