"""`/api/v1/portfolio/`: the headline figures of what the reader may see."""

from typing import Any, ClassVar

from django.http import HttpRequest
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from governance.access import Resource
from governance.api.parameters import refuse_unknown
from governance.api.schema import ApiSchema
from projects.selectors import SEVERITIES
from reports.dashboards import summarise
from reports.filters import PortfolioFilterForm
from reports.headlines import COST_KEYS, as_json
from reports.views.question import read_question

DAY = "as_of"


def _of(**properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "required": list(properties), "properties": properties}


def _count() -> dict[str, Any]:
    return {"type": "integer"}


def _known() -> dict[str, Any]:
    return {"type": ["integer", "null"], "description": _("Null where your role may not know.")}


def _ratio() -> dict[str, Any]:
    return {"type": ["number", "null"], "description": _("From 0 to 1, six decimal places.")}


def _answer() -> dict[str, Any]:
    """The shape of docs/portfolio-json.md as JSON schema."""
    yen = {"type": ["integer", "null"], "x-unit": _("yen")}
    by_severity = _of(**{severity.value: _count() for severity in SEVERITIES})
    return _of(
        metrics={
            "type": "object",
            "description": _("Figure of this answer → its id in the metric dictionary."),
            "additionalProperties": {"type": "string"},
        },
        as_of={"type": "string", "format": "date"},
        agencies=_count(),
        systems=_count(),
        projects=_count(),
        services=_count(),
        cost={
            "type": "object",
            "description": _("Fiscal year → yen; null where no figure is known."),
            "additionalProperties": _of(**dict.fromkeys(COST_KEYS, yen)),
        },
        contracts=_of(
            count=_count(), competitive=_count(), single_bid=_count(), single_bid_ratio=_ratio()
        ),
        services_online=_of(
            cases={"type": ["integer", "null"]},
            online_cases={"type": ["integer", "null"]},
            use_ratio=_ratio(),
        ),
        reviews=_of(count=_known(), overdue=_known()),
        updates=_of(due=_known(), late=_known()),
        flags={
            "type": "object",
            "description": _("Rule → open flags by severity."),
            "additionalProperties": by_severity,
        },
    )


class PortfolioSchema(ApiSchema):
    def get_operation_id(self) -> str:
        return "portfolio"

    def get_tags(self) -> list[str]:
        return ["portfolio"]

    def get_summary(self) -> str:
        return _("Headline figures")

    def get_description(self) -> str:  # type: ignore[override]
        return _("Of what you may see, under the filters of the portfolio page, as of a day.")

    def get_override_parameters(self) -> list[Any]:
        day = OpenApiParameter(DAY, str, description=_("The day; today if left out."))
        return [
            *(
                OpenApiParameter(name, str, description=str(field.label))
                for name, field in PortfolioFilterForm.base_fields.items()
            ),
            day,
        ]

    def get_response_serializers(self) -> Any:
        return {200: _answer(), **self.errors()}


class PortfolioView(APIView):
    """Answers with what `manage.py portfolio --json` prints, for one reader."""

    resources: ClassVar[tuple[Resource, ...]] = (Resource.SYSTEM, Resource.BUDGET)
    schema = PortfolioSchema()
    http_method_names = ["get", "head"]

    def get(self, request: Request) -> Response:
        refuse_unknown(request, {*PortfolioFilterForm.base_fields, DAY})
        plain: HttpRequest = request._request  # noqa: SLF001  (the request that pages read)
        asked = read_question(plain)
        errors: dict[str, Any] = dict(asked.form.errors)
        if asked.as_of_error:
            errors[DAY] = [_("Write a day: 2026-04-01.")]
        if errors:
            raise ValidationError(errors)
        return Response(as_json(summarise(asked.rows, asked.criteria, asked.as_of, asked.tree)))
