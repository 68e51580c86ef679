"""Answers to addresses that lead nowhere: JSON for programs, a page for people."""

from typing import Final

from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.utils.translation import gettext as _
from django.views import defaults

from governance.api.exceptions import body

API: Final = "/api/v1/"


def not_found(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """404 in the shape that its reader understands."""
    if request.path.startswith(API):
        told = body("not_found", _("There is no such thing, or not for you."))
        return JsonResponse(told, status=404)
    return defaults.page_not_found(request, exception)
