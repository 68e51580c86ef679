"""What happens to every request: it gets a number and a line in the log, and one with characters
that nobody types is refused."""

import re
from collections.abc import Callable, Iterable
from typing import Any, Final
from urllib.parse import unquote_to_bytes

import structlog
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.urls import resolve
from django_structlog.middlewares import RequestMiddleware

from governance import origin
from governance.exceptions import OddCharacters
from governance.fields.text import check_structure

# Parts of an address that name an object of the register, a figure or a form of answer: no person,
# and no key that opens anything.
_SHOWN: Final = frozenset(("key", "pk", "slug", "metric", "fmt", "agency", "code", "period"))

_HEALTH: Final = ("/healthz", "/readyz")


class RequestLog(RequestMiddleware):
    """One line a request: who, from where, what came of it; the number is in the answer too, and in
    each event of the trail.

    Never asks the database: an account is named if somebody else looked it up.
    """

    def prepare(self, request: HttpRequest) -> None:
        structlog.contextvars.clear_contextvars()
        super().prepare(request)
        number = structlog.contextvars.get_contextvars()["request_id"]
        request.request_id = number  # type: ignore[attr-defined]
        origin.enter(number, client_address(request))

    def handle_response(self, request: HttpRequest, response: HttpResponse) -> None:
        response["X-Request-ID"] = request.request_id  # type: ignore[attr-defined]
        super().handle_response(request, response)
        origin.leave()

    @staticmethod
    def format_request(request: HttpRequest) -> str:
        """Method and route: an address may hold a name, a search or a one-time link."""
        match = request.resolver_match
        if match is None:
            return f"{request.method} ?"
        keys = {name: value for name, value in match.kwargs.items() if name in _SHOWN}
        return f"{request.method} {match.route}" + "".join(f" {k}={v}" for k, v in keys.items())

    @classmethod
    def bind_ip(cls, request: HttpRequest) -> None:
        structlog.contextvars.bind_contextvars(ip=client_address(request))

    @staticmethod
    def bind_user_id(request: HttpRequest) -> None:
        user = getattr(request, "_cached_user", None)
        if user is not None and user.pk is not None:
            structlog.contextvars.bind_contextvars(user_id=user.pk)


def client_address(request: HttpRequest) -> str:
    """Where a request came from: what the outermost of our own proxies (TRUSTED_PROXY_COUNT) saw;
    what a client says of itself is not believed."""
    if settings.TRUSTED_PROXY_COUNT:
        hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",")]
        if len(hops) >= settings.TRUSTED_PROXY_COUNT and hops[-settings.TRUSTED_PROXY_COUNT]:
            return str(hops[-settings.TRUSTED_PROXY_COUNT])
    return str(request.META.get("REMOTE_ADDR", ""))


class HealthFirst:
    """Answers those who ask whether this process is well before host, session and sign-in are looked
    at: a load balancer brings none of them, and a database that is away must not matter to one."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info in _HEALTH:
            request.resolver_match = match = resolve(request.path_info)
            answer: HttpResponse = match.func(request)
            return answer
        return self.get_response(request)


# Characters ---------------------------------------------------------------------------------------

_HALF_A_CHARACTER: Final = re.compile("[\ud800-\udfff]")


class RefuseOddCharacters:
    """Answers 400 to NUL, half a character and bytes that are no UTF-8, in address, query, cookies
    and forms: no database keeps them, and no person types them. Nor do addresses of pages hold other
    controls or turned directions. Typed text and JSON are read by field, the API's query by parameter.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        _refuse((request.path_info,))
        _refuse_bytes(request.META.get("QUERY_STRING", ""))
        _refuse(request.COOKIES.values())
        if not request.path_info.startswith("/api/"):
            _refuse_controls([request.path_info, dict(request.GET.lists())])
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: dict[str, Any]
    ) -> None:
        # Bodies are read after the CSRF check alone; where there is none (the API), by its parsers.
        if request.method == "POST" and not getattr(view, "csrf_exempt", False):
            if request.content_type == "application/x-www-form-urlencoded":
                _refuse_bytes(request.body.decode("latin-1"))
            for name, values in request.POST.lists():
                _refuse((name, *(str(value) for value in values)))


def _refuse(texts: Iterable[str]) -> None:
    for text in texts:
        if "\x00" in text or _HALF_A_CHARACTER.search(text):
            raise OddCharacters("odd characters")


def _refuse_controls(address: object) -> None:
    try:
        check_structure(address)
    except ValidationError as error:
        message = "controls in an address"
        raise OddCharacters(message) from error


def _refuse_bytes(encoded: str) -> None:
    """For text in which bytes stand as %00."""
    try:
        raw = unquote_to_bytes(encoded.encode("latin-1", "replace"))
        _refuse((raw.decode(),))
    except UnicodeDecodeError as error:
        message = "bytes that are no UTF-8"
        raise OddCharacters(message) from error
