"""Addresses that fail on purpose: for the tests of what is logged and shown then."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import include, path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from governance.urls import handler400, handler500

__all__ = ["SOMEBODY", "handler400", "handler500", "urlpatterns"]

SOMEBODY = "anna@example.go.jp"


def crash(request: HttpRequest, token: str = "") -> HttpResponse:
    raise ZeroDivisionError("no such share")


def row(request: HttpRequest) -> HttpResponse:
    """As a database words it: the second line holds the row."""
    refused = IntegrityError(f"no\nDETAIL:  Key (email)=({SOMEBODY}) exists.")
    raise RuntimeError(f"could not be kept\n{SOMEBODY}") from refused


def missing(request: HttpRequest) -> HttpResponse:
    raise Http404


def refused(request: HttpRequest) -> HttpResponse:
    raise PermissionDenied


class ApiCrash(APIView):
    permission_classes = ()
    schema = None

    def get(self, request: Request, **kwargs: Any) -> Response:
        raise ZeroDivisionError("no such share")


urlpatterns = [
    path("broken/crash/", crash),
    path("broken/set/<token>/", crash),
    path("broken/row/", row),
    path("broken/missing/", missing),
    path("broken/refused/", refused),
    path("api/v1/broken/", ApiCrash.as_view()),
    path("", include("governance.urls")),
]
