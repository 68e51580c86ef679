"""What every template may use."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def site(request: HttpRequest) -> dict[str, Any]:
    """The notice shown on every page (e.g. that the data are fictional). No query."""
    return {"site_notice": settings.SITE_NOTICE}
