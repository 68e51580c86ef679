"""One list, form and page a kind of register object."""

from collections.abc import Iterator

from django.urls import URLPattern, path

from projects.converters import KEY
from projects.register import KINDS, Kind
from projects.views import editing, lists, objects, updates

app_name = "projects"


def _of(kind: Kind) -> Iterator[URLPattern]:
    slug, of = kind.slug, {"slug": kind.slug}
    one = f"{slug}/<{KEY if kind.has_own_key else 'int'}:key>/"
    yield path(f"{slug}/", lists.list_page, of, name=f"{slug}-list")
    yield path(f"{slug}/new/", editing.new_page, of, name=f"{slug}-new")
    yield path(one, objects.object_page, of, name=f"{slug}-detail")
    if kind.is_editable:
        yield path(f"{one}edit/", editing.edit_page, of, name=f"{slug}-edit")


urlpatterns = [
    *(pattern for kind in KINDS.values() for pattern in _of(kind)),
    path("updates/<int:key>/submit/", updates.submit, name="updates-submit"),
    path("updates/<int:key>/approve/", updates.approve, name="updates-approve"),
    path("updates/<int:key>/return/", updates.send_back, name="updates-return"),
]
