"""The limits of `governance.web.limits` for the API."""

from typing import TYPE_CHECKING

from django.utils import timezone
from rest_framework.exceptions import ErrorDetail, Throttled
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from governance.web.limits import Door, sentence, wait

if TYPE_CHECKING:  # The framework's views read the settings, and the settings name this module.
    from rest_framework.views import APIView


class TooMany(Throttled):
    """429; `wait` becomes the header Retry-After."""

    def __init__(self, seconds: int) -> None:
        super().__init__()
        self.detail = ErrorDetail(sentence(seconds), "throttled")
        self.wait = seconds


class PersonThrottle(BaseThrottle):
    """Counts writes; a view that names a `door` is counted there instead, whatever the method."""

    def allow_request(self, request: Request, view: "APIView") -> bool:
        door: Door | None = getattr(view, "door", None)
        if door is None:
            if request.method in SAFE_METHODS:
                return True
            door = Door.API_WRITE
        if seconds := wait(door, request.user, timezone.now()):
            raise TooMany(seconds)
        return True
