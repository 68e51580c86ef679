"""The description of the API, for programs and for people; nothing comes from another host."""

from functools import cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import (
    OpenApiJsonRenderer,
    OpenApiJsonRenderer2,
    OpenApiYamlRenderer,
    OpenApiYamlRenderer2,
)
from rest_framework.exceptions import ValidationError
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from governance.api.parameters import refuse_unknown


def _generator() -> Any:
    """Untyped, as its library is."""
    return SchemaGenerator()  # type: ignore[no-untyped-call]


@cache
def _description(language: str) -> dict[str, Any]:
    """The OpenAPI description in a language; made once, since only a new release changes it."""
    with translation.override(language):
        made: dict[str, Any] = _generator().get_schema(request=None, public=True)
    return made


class SchemaView(APIView):
    """OpenAPI 3.1 as JSON or, where YAML is asked for, YAML; `lang` chooses the language."""

    permission_classes = (IsAuthenticated,)
    renderer_classes = (
        OpenApiJsonRenderer2,
        OpenApiJsonRenderer,
        OpenApiYamlRenderer,
        OpenApiYamlRenderer2,
    )
    http_method_names = ["get", "head"]
    schema = None

    def get(self, request: Request) -> Response:
        refuse_unknown(request, {"lang"})
        languages = dict(settings.LANGUAGES)
        language = request.query_params.get("lang") or translation.get_language()
        if language not in languages:
            raise ValidationError({"lang": [_("There is no such language here.")]})
        return Response(_description(language))


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """The description as a page on which requests can be tried."""
    return render(request, "governance/api_docs.html")
