"""The answers where a request was bad or the server failed: nothing that could fail again.

No query, no reader, no include: only the language, which is known before a view runs.
"""

import logging
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from governance.api.exceptions import body

logger = logging.getLogger(__name__)

_API = "/api/"
# Where even the page of the error breaks.
_BARE = "<!doctype html><title>500</title><h1>500</h1><p>{}</p>"


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400: what was sent cannot be read at all."""
    if request.path.startswith(_API):
        message = _("The request holds characters that cannot be read.")
        return JsonResponse(body("invalid", message), status=HTTPStatus.BAD_REQUEST)
    return HttpResponse(render_to_string("400.html"), status=HTTPStatus.BAD_REQUEST)


def server_error(request: HttpRequest) -> HttpResponse:
    """500, with the number under which the log says more."""
    number: str = getattr(request, "request_id", "")
    if request.path.startswith(_API):
        message = _("The server failed. Under this number its log says more: %(number)s")
        return JsonResponse(
            body("server_error", message % {"number": number}),
            status=HTTPStatus.INTERNAL_SERVER_ERROR,
        )
    context: dict[str, Any] = {"request_id": number}
    try:
        page: str = render_to_string("500.html", context)
    except Exception:
        logger.exception("The page of the error failed too")
        page = _BARE.format(number)
    return HttpResponse(page, status=HTTPStatus.INTERNAL_SERVER_ERROR)
