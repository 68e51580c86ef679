import json
from collections.abc import Mapping
from decimal import Decimal
from typing import IO, Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from rest_framework import parsers, status
from rest_framework.exceptions import APIException, ParseError


class TooLarge(APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_detail = _("The request is too large.")
    default_code = "too_large"


class _NotTaken(Exception):
    """JSON that would lose something."""


def _no_constant(name: str) -> Any:
    raise _NotTaken(_("%(name)s is no number.") % {"name": name})


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _NotTaken(_("A name stands twice in one object."))
    return found


def _why(error: Exception) -> Any:
    """Why a body is no JSON that is taken here, in the reader's language."""
    if isinstance(error, _NotTaken):
        return str(error)
    if isinstance(error, json.JSONDecodeError):
        place = {"line": error.lineno, "column": error.colno}
        return _("Line %(line)d, character %(column)d is not JSON.") % place
    if isinstance(error, RecursionError):
        return _("It is nested too deeply.")
    if isinstance(error, UnicodeDecodeError):
        return _("It is not UTF-8.")
    return _("A number is too long.")


class JSONParser(parsers.JSONParser):
    """JSON without loss and without surprise.

    Decimals stay exact, a name given twice is an error, and neither size nor depth brings a
    worker down: Django bounds only the bodies that it reads itself.
    """

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 2**31
        raw = stream.read(limit + 1)
        if len(raw) > limit:
            raise TooLarge
        try:
            return json.loads(
                raw.decode("utf-8-sig"),
                parse_float=Decimal,
                parse_constant=_no_constant,
                object_pairs_hook=_once,
            )
        except (ValueError, RecursionError, _NotTaken) as error:
            raise ParseError(
                _("This JSON cannot be read: %(why)s") % {"why": _why(error)}
            ) from error
