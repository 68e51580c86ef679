from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import PageNumberPagination
from rest_framework.request import Request


class PagePagination(PageNumberPagination):
    """Pages of 100 rows, or as many as `page_size` asks for, up to 1,000."""

    page_size = 100
    page_size_query_param = "page_size"
    max_page_size = 1000
    page_query_description = gettext_lazy("The page; the first is 1.")  # type: ignore[assignment]
    page_size_query_description = gettext_lazy(  # type: ignore[assignment]
        "Rows a page, 1 to 1000; 100 if not given."
    )

    def get_page_size(self, request: Request) -> int:
        """Raises ValidationError for a size that cannot be had, instead of giving another one."""
        raw = request.query_params.get("page_size", "")
        if not raw:
            return self.page_size
        if raw.isascii() and raw.isdigit() and len(raw) < 5 and 1 <= int(raw) <= 1000:
            return int(raw)
        raise ValidationError({"page_size": [_("Write a number from 1 to 1000.")]})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {"type": ["string", "null"], "format": "uri"}
        return {
            "type": "object",
            "required": ["count", "next", "previous", "results"],
            "properties": {
                "count": {"type": "integer", "description": _("Rows on all pages.")},
                "next": {**link, "description": _("The next page, if there is one.")},
                "previous": {**link, "description": _("The page before, if there is one.")},
                "results": schema,
            },
        }
