"""Tags for the shared page parts: icons, navigation links, page numbers."""

from collections.abc import Iterator
from typing import Any, Final

from django import template
from django.conf import settings
from django.core.paginator import Paginator
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from governance import icons
from governance.access import Action, Resource, can_somewhere
from governance.web.readers import readers_of

register = template.Library()

TYPED_REASON: Final = "typed_reason"
"""Key of the session: the page of a refused decision ("at") and the reason typed there ("text")"""

register.simple_tag(icons.icon, name="icon")


@register.simple_tag(takes_context=True)
def nav_link(context: dict[str, Any], url_name: str, label: str, resources: str = "") -> SafeString:
    """A list entry of the navigation that knows whether the reader stands on it or below it.

    `resources`: names of governance.access.Resource, separated by spaces; the entry is left out
    for a reader who may read none of them, and for one whom the view itself would turn away
    (governance.web.readers). Cost: the rights, read once a request.
    """
    request = context["request"]
    if resources and not any(
        can_somewhere(request.user, Action.READ, Resource(name)) for name in resources.split()
    ):
        return SafeString("")
    url = reverse(url_name)
    may_open = readers_of(settings.ROOT_URLCONF, url)
    if may_open is not None and not may_open(request.user):
        return SafeString("")
    if request.path == url:
        current = mark_safe(' aria-current="page"')
    elif request.path.startswith(url):
        current = mark_safe(' aria-current="true"')
    else:
        current = SafeString("")
    return format_html('<li><a href="{}"{}>{}</a></li>', url, current, label)


@register.filter
def page_range(paginator: "Paginator[Any]", number: int) -> Iterator[int | None]:
    """The page numbers around `number` and at both ends; None stands for a gap."""
    for page in paginator.get_elided_page_range(number, on_each_side=2, on_ends=1):
        yield page if isinstance(page, int) else None


@register.simple_tag(takes_context=True)
def typed_reason(context: dict[str, Any]) -> str:
    """The reason typed with a decision that was refused just now on this page; told once."""
    request = context["request"]
    kept = request.session.get(TYPED_REASON)
    if kept is None or kept["at"] != request.path:
        return ""
    del request.session[TYPED_REASON]
    text: str = kept["text"]
    return text
