"""The answers where a request was bad or the server failed: nothing that could fail again.

No query, no reader: only the language, which is known before a view runs. Includes nothing that asks.
"""

import logging
from http import HTTPStatus
from typing import Any

from django.core.exceptions import (
    DisallowedHost,
    RequestDataTooBig,
    TooManyFieldsSent,
    TooManyFilesSent,
)
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from governance.api.exceptions import body
from governance.exceptions import OddCharacters

logger = logging.getLogger(__name__)

_API = "/api/"
_LONGEST = 200
# Where even the page of the error breaks.
_BARE = "<!doctype html><title>500</title><h1>500</h1><p>{}</p>"


_TOO_LARGE = (RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400, or 413 for too much at once: what was sent is not read, and why."""
    _tell(exception)
    status, title, texts = _reason(exception)
    if request.path.startswith(_API):
        code = "too_large" if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE else "invalid"
        return JsonResponse(body(code, " ".join(texts)), status=status)
    number: str = getattr(request, "request_id", "")
    context = {"title": title, "texts": texts, "request_id": number}
    return HttpResponse(render_to_string("400.html", context), status=status)


def _tell(exception: Exception) -> None:
    """One line: Django's own is not kept (governance.logs.TOLD_TWICE)."""
    name = type(exception).__name__
    if isinstance(exception, DisallowedHost):
        # Names the host, escaped: who runs the site sees what ALLOWED_HOSTS lacks.
        logger.warning("Refused a request: %s: %s", name, str(exception)[:_LONGEST])
    else:
        logger.warning("Refused a request: %s", name)


def _reason(exception: Exception) -> tuple[HTTPStatus, str, list[str]]:
    """Status, title and sentences for the reader."""
    if isinstance(exception, DisallowedHost):
        return (
            HTTPStatus.BAD_REQUEST,
            _("This address is not known here"),
            [_("The site does not answer under the name in the address. Check the address.")],
        )
    if isinstance(exception, _TOO_LARGE):
        return (
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            _("The form is too large"),
            [
                _("More was sent than is taken at once. Nothing was changed."),
                _("Send less at a time."),
            ],
        )
    title = _("This request cannot be read")
    if isinstance(exception, OddCharacters):
        return (
            HTTPStatus.BAD_REQUEST,
            title,
            [
                _(
                    "The address or the form holds characters that cannot be kept."
                    " Nothing was changed."
                ),
                _("Type the address or the text anew instead of pasting it."),
            ],
        )
    return HTTPStatus.BAD_REQUEST, title, [_("What was sent is damaged. Nothing was changed.")]


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
