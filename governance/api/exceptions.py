"""One JSON shape for every error: {"error": {"code", "message", "fields", "stored"}}.

`fields` maps a field (or "__all__") to sentences; `stored` is the state of the record where
somebody else saved it in between, and null otherwise.
"""

import logging
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import IntegrityError
from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.views import exception_handler

from governance.exceptions import Conflict, DomainError

logger = logging.getLogger(__name__)
ALL = "__all__"


class StaleVersion(exceptions.APIException):
    """The record has another version than the one named; `stored` is how the API shows it now."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "conflict"

    def __init__(self, stored: Mapping[str, Any]) -> None:
        super().__init__(str(Conflict.message))
        self.stored = stored


def body(
    code: str,
    message: str,
    fields: Mapping[str, list[str]] | None = None,
    stored: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    return {
        "error": {"code": code, "message": message, "fields": fields or {}, "stored": stored},
    }


def _sentences(detail: Any) -> list[str]:
    """All sentences of a nested answer, in order."""
    if isinstance(detail, Mapping):
        return [sentence for item in detail.values() for sentence in _sentences(item)]
    if isinstance(detail, list | tuple):
        return [sentence for item in detail for sentence in _sentences(item)]
    return [str(detail)]


def _by_field(detail: Any) -> dict[str, list[str]]:
    if isinstance(detail, Mapping):
        return {str(name): _sentences(item) for name, item in detail.items()}
    return {ALL: _sentences(detail)}


def _domain_answer(exc: Exception) -> Response | None:
    """What the register's own errors and Django's say over HTTP."""
    if isinstance(exc, DjangoValidationError):
        detail = exc.message_dict if hasattr(exc, "error_dict") else exc.messages
        return Response(body("invalid", _("The input has errors."), _by_field(detail)), 400)
    if isinstance(exc, Conflict):
        return Response(body("conflict", str(exc), stored=exc.theirs), 409)
    if isinstance(exc, DomainError):
        return Response(body("refused", str(exc)), 400)
    if isinstance(exc, Http404):
        return Response(body("not_found", _("There is no such thing, or not for you.")), 404)
    if isinstance(exc, PermissionDenied):
        return Response(body("forbidden", _("You may see this, but not do this.")), 403)
    if isinstance(exc, IntegrityError):
        # Validation has passed, so somebody wrote between it and the save.
        logger.warning("A write met another one", exc_info=exc)
        message = _("Somebody else wrote at the same moment. Read again, then try again.")
        return Response(body("conflict", message), 409)
    return None


_CODES = {"permission_denied": "forbidden"}


def handler(exc: Exception, context: dict[str, Any]) -> Response | None:
    """Domain, Django and DRF errors in one shape; anything else stays a server error."""
    answer = _domain_answer(exc)
    if answer is not None:
        return answer
    response = exception_handler(exc, context)  # Keeps headers such as WWW-Authenticate.
    if response is None or not isinstance(exc, exceptions.APIException):
        return response
    if isinstance(exc, exceptions.ValidationError):
        response.data = body("invalid", _("The input has errors."), _by_field(exc.detail))
    elif isinstance(exc, StaleVersion):
        response.data = body("conflict", str(exc.detail), stored=exc.stored)
    else:
        code = str(exc.get_codes())
        response.data = body(_CODES.get(code, code), str(exc.detail))
    return response
