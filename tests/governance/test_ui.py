"""The shared page parts, rendered against a few addresses of their own."""

import re
from typing import Any

import pytest
from django import forms
from django.contrib.auth.models import AnonymousUser
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.template import Context, Template
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.urls import path

from governance import icons
from governance.access import Role
from governance.models import User
from tests import factories
from tests.conftest import World, person, signed_in

pytestmark = pytest.mark.urls(__name__)


def _page(_request: HttpRequest) -> HttpResponse:
    return HttpResponse()


urlpatterns = [path("systems/", _page, name="systems"), path("audit/", _page, name="audit")]


def nav(request: HttpRequest, arguments: str) -> str:
    return Template("{% load ui %}{% nav_link " + arguments + " %}").render(
        Context({"request": request})
    )


@pytest.mark.parametrize(
    ("address", "current"),
    [
        ("/systems/", ' aria-current="page"'),
        ("/systems/S-1/edit/", ' aria-current="true"'),
        ("/systemsx/", ""),
        ("/", ""),
    ],
)
def test_the_navigation_tells_where_the_reader_stands(
    rf: RequestFactory, address: str, current: str
) -> None:
    html = nav(rf.get(address), '"systems" "Systems"')
    assert html == f'<li><a href="/systems/"{current}>Systems</a></li>'


@pytest.mark.django_db
def test_the_navigation_leaves_out_what_the_reader_has_no_right_to(rf: RequestFactory) -> None:
    request = rf.get("/")
    request.user = AnonymousUser()
    assert nav(request, '"audit" "Audit" "audit"') == ""
    auditor = factories.UserFactory.create()
    factories.MembershipFactory(user=auditor, role=Role.AUDITOR, agency=None)
    request.user = auditor
    assert 'href="/audit/"' in nav(request, '"audit" "Audit" "audit"')
    assert 'href="/audit/"' in nav(request, '"audit" "Audit" "import audit"')


def test_every_icon_is_hidden_from_screen_readers_and_has_its_own_shape() -> None:
    for name in icons.ICON_PATHS:
        html = icons.icon(name)
        assert 'aria-hidden="true"' in html
        assert " style=" not in html
    severities = [icons.ICON_PATHS[name] for name in ("high", "medium", "low", "unknown", "ok")]
    assert len(set(severities)) == len(severities)


class SystemForm(forms.Form):
    name = forms.CharField(label="Name", help_text="As in the statute")
    cost = forms.IntegerField(label="Cost (yen)", min_value=0)
    kind = forms.ChoiceField(label="Kind", choices=[("a", "A")], widget=forms.RadioSelect)
    token = forms.CharField(widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        raise forms.ValidationError("The dates contradict each other.")


def test_a_refused_form_tells_every_error_at_its_field_and_keeps_the_values() -> None:
    form = SystemForm({"name": "KSK", "cost": "-5"})
    html = render_to_string("includes/_form.html", {"form": form})
    summary = html[html.index("error-summary") : html.index("</div>")]
    assert "The dates contradict each other." in summary
    assert '<a href="#id_cost">Cost (yen)</a>' in summary
    assert "token" in summary.lower()
    # The radio group has no single input: the summary leads to the group.
    assert '<a href="#id_kind">' in summary
    assert re.search(r'<fieldset[^>]*id="id_kind"', html)
    cost = re.search(r'<input[^>]*name="cost"[^>]*>', html)
    assert cost is not None
    assert 'aria-invalid="true"' in cost[0]
    assert 'aria-describedby="id_cost_error"' in cost[0]
    assert 'id="id_cost_error"' in html
    assert 'value="-5"' in cost[0]
    assert 'aria-describedby="id_name_helptext"' in html
    assert 'id="id_name_helptext"' in html
    assert html.count('name="token"') == 1


def test_a_fresh_form_has_no_error_summary() -> None:
    html = render_to_string("includes/_form.html", {"form": SystemForm()})
    assert "error-summary" not in html
    assert html.count("(required)") == 3


def test_pages_are_real_addresses_that_keep_filters_and_order(rf: RequestFactory) -> None:
    request = rf.get("/systems/?agency=15&sort=-cost&page=5")
    page = Paginator(range(1000), 50).page(5)
    html = render_to_string("includes/_pagination.html", {"page_obj": page}, request=request)
    assert 'href="?agency=15&amp;sort=-cost&amp;page=6" rel="next"' in html
    assert 'href="?agency=15&amp;sort=-cost&amp;page=4" rel="prev"' in html
    assert html.count('aria-current="page"') == 1
    assert "…" in html
    shown = re.findall(r'aria-label="Page (\d+)"', html)
    assert shown == ["1", "2", "3", "4", "5", "6", "7", "20"]


def test_one_page_needs_no_page_links(rf: RequestFactory) -> None:
    page = Paginator(range(3), 50).page(1)
    html = render_to_string("includes/_pagination.html", {"page_obj": page}, request=rf.get("/"))
    assert "<nav" not in html


@pytest.mark.parametrize(
    ("severity", "word"),
    [("high", "High"), ("medium", "Medium"), ("low", "Low"), ("unknown", "Unknown"), ("x", "Unkn")],
)
def test_a_severity_is_told_by_icon_and_word(severity: str, word: str) -> None:
    html = render_to_string("includes/_severity.html", {"severity": severity})
    assert "<svg" in html
    assert f"</svg>{word}" in html


def test_a_tile_links_once_and_tells_its_age() -> None:
    tile = {"label": "Systems", "value": "1,450", "unit": "systems", "age": "12 days old"}
    assert "<a" not in render_to_string("includes/_tile.html", {"tile": tile})
    html = render_to_string("includes/_tile.html", {"tile": tile | {"url": "/systems/"}})
    assert html.count('<a href="/systems/">Systems</a>') == 1
    assert "12 days old" in html


@pytest.mark.django_db
@pytest.mark.urls("governance.urls")
@pytest.mark.parametrize("role", [*Role, None])
def test_no_entry_of_the_navigation_leads_to_a_refusal(
    role: Role | None, world: World, outsider: User
) -> None:
    client = signed_in(outsider if role is None else person(role, world))
    html = client.get("/notices/").content.decode()
    parts = re.findall(r'<nav class="site-nav.*?</nav>|<footer.*?</footer>', html, re.S)
    assert len(parts) == 3
    links = set(re.findall(r'<a href="(/[^"?#]*)"', "".join(parts)))
    assert [path for path in sorted(links) if client.get(path).status_code != 200] == []
    assert ("/portfolio/" in links) is (role not in {Role.HR, Role.PUBLIC_RELATIONS, None})
    assert ("/imports/" in links) is (role in {Role.PMO, Role.PJMO, Role.ACCOUNTING})
