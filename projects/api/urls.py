"""One list and one record address a collection, and the actions on monthly reports."""

from collections.abc import Iterator
from typing import Any

from django.urls import URLPattern, path

from projects.api import imports
from projects.api.collections import COLLECTIONS, Collection
from projects.api.views import CollectionViewSet, RegisterViewSet, RootView, UpdateViewSet

app_name = "api"


def _view_of(collection: Collection) -> type[CollectionViewSet]:
    if collection.kind is None:
        return CollectionViewSet
    return UpdateViewSet if collection.slug == "updates" else RegisterViewSet


def _addresses(collection: Collection) -> Iterator[URLPattern]:
    slug, kind = collection.slug, collection.kind
    view = _view_of(collection)
    listed: dict[str, Any] = {"get": "list"}
    single: dict[str, Any] = {"get": "retrieve"}
    if kind is not None:
        listed["post"] = "create"
        if kind.is_editable:
            single |= {"put": "update", "patch": "partial_update"}
    converter = "int" if collection.key in {"pk", "seq"} else "str"
    one = f"{slug}/<{converter}:key>/"
    of = {"collection": collection}
    yield path(f"{slug}/", view.as_view(listed, detail=False, **of), name=f"{slug}-list")
    yield path(one, view.as_view(single, detail=True, **of), name=f"{slug}-detail")
    if view is UpdateViewSet:
        for action, tail in (
            ("submit", "submit"),
            ("approve", "approve"),
            ("send_back", "return"),
            ("publish", "publish"),
        ):
            shown = view.as_view({"post": action}, detail=True, **of)
            yield path(f"{one}{tail}/", shown, name=f"{slug}-{tail}")


urlpatterns = [
    path("", RootView.as_view(), name="root"),
    path("imports/", imports.ImportsView.as_view(), name="imports"),
    path("imports/<uuid:pk>/", imports.ImportView.as_view(), name="imports-job"),
    path("imports/<uuid:pk>/confirm/", imports.ConfirmView.as_view(), name="imports-confirm"),
    path("imports/<uuid:pk>/cancel/", imports.CancelView.as_view(), name="imports-cancel"),
    *(pattern for collection in COLLECTIONS.values() for pattern in _addresses(collection)),
]
