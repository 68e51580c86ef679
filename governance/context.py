"""What every template may use."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from governance.notices import unread_count


def site(request: HttpRequest) -> dict[str, Any]:
    """The notice shown on every page (e.g. that the data are fictional), and how many notices wait:
    one query where a page shows it."""
    return {
        "site_notice": settings.SITE_NOTICE,
        "unread_notices": SimpleLazyObject(lambda: _unread(request)),
    }


def _unread(request: HttpRequest) -> int:
    return unread_count(request.user) if request.user.is_authenticated else 0
