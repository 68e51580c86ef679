"""Headers of every answer: what the browser may keep, what the page may use, who may embed it."""

from collections.abc import Callable
from typing import Final

from django.http import HttpRequest, HttpResponseBase

Answer = Callable[[HttpRequest], HttpResponseBase]

# The product needs none of these; passkeys are asked for by the site itself alone.
_UNUSED: Final = (
    "accelerometer", "autoplay", "camera", "display-capture", "encrypted-media",
    "fullscreen", "geolocation", "gyroscope", "hid", "idle-detection", "local-fonts",
    "magnetometer", "microphone", "midi", "payment", "picture-in-picture", "screen-wake-lock",
    "serial", "usb", "xr-spatial-tracking",
)  # fmt: skip
_OWN: Final = ("publickey-credentials-create", "publickey-credentials-get")
PERMISSIONS: Final = ", ".join(
    [*(f"{name}=()" for name in _UNUSED), *(f"{name}=(self)" for name in _OWN)]
)


def isolate(answer: Answer) -> Answer:
    """No other site embeds an answer, and no page uses the device. Stands before the middleware
    that serves static files, so that these carry it too."""

    def isolated(request: HttpRequest) -> HttpResponseBase:
        response = answer(request)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        return response

    return isolated


def keep_nothing(answer: Answer) -> Answer:
    """Nothing that a view makes is kept, by a browser or on the way: who comes to the machine
    after a sign-out finds no page. Stands after the middleware that serves static files, whose
    addresses change with their content."""

    def unkept(request: HttpRequest) -> HttpResponseBase:
        response = answer(request)
        response.headers["Cache-Control"] = "private, no-store"
        return response

    return unkept
