"""One JSON shape for every error: {"error": {"code", "message", "fields"}}."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.exceptions import ValidationError as DjangoValidationError
from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler

from governance.exceptions import Conflict, DomainError


def _answer(code: str, message: str, status: int, fields: Any = None) -> Response:
    return Response(
        {"error": {"code": code, "message": message, "fields": fields or {}}}, status=status
    )


def handler(exc: Exception, context: dict[str, Any]) -> Response | None:
    """Domain, Django and DRF errors in one shape; anything else stays a server error."""
    if isinstance(exc, DjangoValidationError):
        fields = exc.message_dict if hasattr(exc, "error_dict") else {"__all__": exc.messages}
        return _answer("invalid", _("The input has errors."), 400, fields)
    if isinstance(exc, exceptions.ValidationError):
        return _answer("invalid", _("The input has errors."), 400, exc.detail)
    if isinstance(exc, Conflict):
        return _answer("conflict", str(exc), 409, exc.theirs)
    if isinstance(exc, DomainError):
        return _answer("refused", str(exc), 400)
    if isinstance(exc, Http404):
        return _answer("not_found", _("There is no such thing, or not for you."), 404)
    if isinstance(exc, PermissionDenied):
        return _answer("forbidden", _("You may see this, but not do this."), 403)
    response = exception_handler(exc, context)
    if response is not None and isinstance(exc, exceptions.APIException):
        codes = exc.get_codes()
        code = codes if isinstance(codes, str) else "error"
        response.data = {"error": {"code": code, "message": str(exc.detail), "fields": {}}}
    return response
