"""The parts of the OpenAPI description that every endpoint shares."""

from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiResponse
from rest_framework import serializers

_CODES = (
    ("invalid", gettext_lazy("the input has errors")),
    ("refused", gettext_lazy("a rule of the register forbids it")),
    ("parse_error", gettext_lazy("the body is not JSON")),
    ("too_large", gettext_lazy("the body is too large")),
    ("unsupported_media_type", gettext_lazy("the body is not announced as JSON")),
    ("not_authenticated", gettext_lazy("nobody is signed in")),
    ("forbidden", gettext_lazy("not allowed, or the CSRF token is missing")),
    ("not_found", gettext_lazy("no such record, or not for you")),
    ("method_not_allowed", gettext_lazy("the address does not take this method")),
    ("not_acceptable", gettext_lazy("only JSON can be had")),
    ("conflict", gettext_lazy("somebody else saved first")),
    ("throttled", gettext_lazy("asked too often: Retry-After tells the seconds")),
)


# No docstrings on serializers: the schema would show them, in one language.
class ErrorDetail(serializers.Serializer[Any]):
    code = serializers.ChoiceField(choices=_CODES)
    message = serializers.CharField(
        help_text=gettext_lazy("One sentence, in the reader's language.")
    )
    fields = serializers.DictField(  # type: ignore[assignment]
        child=serializers.ListField(child=serializers.CharField()),
        help_text=gettext_lazy("Field → sentences; `__all__` for what concerns no single field."),
    )
    stored = serializers.DictField(
        allow_null=True,
        help_text=gettext_lazy("The record as it is now, where the version named is an old one."),
    )


class Error(serializers.Serializer[Any]):
    error = ErrorDetail()


def _answers() -> dict[int, str]:
    return {
        400: _("The request is refused: `fields` names what is wrong where."),
        401: _("Nobody is signed in."),
        403: _("You may see this, but not do this."),
        404: _("There is no such thing, or not for you."),
        409: _("Somebody else saved first: `stored` is the record as it is now."),
        429: _("You have written very often; Retry-After tells after how many seconds to go on."),
    }


class ApiSchema(AutoSchema):
    """Knows the answers that any operation may give."""

    def errors(self) -> dict[int, Any]:
        """Status → shape, for the errors of this operation."""
        statuses = [400, 401, 403]
        # Of a list, a page beyond its last one.
        if getattr(self.view, "detail", False) or getattr(self.view, "action", "") == "list":
            statuses.append(404)
        if self.method in {"PUT", "PATCH"}:
            statuses.append(409)
        if self.method not in {"GET", "HEAD"}:
            statuses.append(429)
        return {
            status: OpenApiResponse(Error, description=_answers()[status]) for status in statuses
        }

    def get_tags(self) -> list[str]:
        return ["v1"]


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How one signs in: the cookie of the site, and its CSRF token on every write."""

    target_class = "governance.api.authentication.SessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "cookie",
            "name": settings.SESSION_COOKIE_NAME,
            "description": _(
                "Sign in to the site. Writes also need the header X-CSRFToken and, over HTTPS, a"
                " Referer of the site."
            ),
        }
