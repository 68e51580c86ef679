"""What stands before every page: sessions that are over, and the second factor that is missing."""

from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.views import redirect_to_login
from django.db import transaction
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    JsonResponse,
)
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import Resolver404, resolve, reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from governance import audit
from governance.access import rights_of
from governance.api.exceptions import body
from governance.audit import Act
from governance.models import User
from governance.people import sessions, sign_ins

Answer = Callable[[HttpRequest], HttpResponseBase]

# Kept in the session once a second factor was seen: nobody loses one and keeps a session.
HAS_FACTOR: Final = "governance.has_factor"
# Where somebody without the second factor that their role asks for may go: there, and out.
ENROLMENT: Final = frozenset(
    {
        "account",
        "password-change",
        "account_reauthenticate",
        "mfa_activate_totp",
        "mfa_add_webauthn",
        "mfa_view_recovery_codes",
        "login",
        "account_login",
        "logout",
        "set_language",
    }
)


class SignInFirst(LoginRequiredMiddleware):
    """Django's, with a way back for what was sent when the session had ended."""

    def handle_no_permission(
        self, request: HttpRequest, view_func: Callable[..., HttpResponseBase]
    ) -> HttpResponseRedirect:
        """An address for buttons alone can't be opened after signing in: the page with the button
        is what comes after."""
        if request.method in ("GET", "HEAD"):
            return super().handle_no_permission(request, view_func)
        page = request.headers.get("Referer", "")
        hosts = {request.get_host()}
        is_ours = url_has_allowed_host_and_scheme(page, hosts, require_https=request.is_secure())
        parts = urlsplit(page)
        back = f"{parts.path}?{parts.query}" if parts.query else parts.path
        return redirect_to_login(back if is_ours else reverse(settings.LOGIN_REDIRECT_URL))


class SessionLimits:
    """Ends a session that was not used for too long, or has lasted for too long."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if settings.SESSION_COOKIE_NAME in request.COOKIES:
            user = request.user
            if isinstance(user, User) and (why := sessions.over_because(request.session)):
                self._end(request, user, why)
            elif user.is_authenticated:
                sessions.touch(request.session)
        return self.get_response(request)

    def _end(self, request: HttpRequest, user: User, why: str) -> None:
        act = Act(user=None, at=timezone.now(), source="time-out")
        with transaction.atomic():
            audit.record_object(act, "user.timed_out", user, before=None, after={"because": why})
            logout(request)
        messages.info(
            request,
            _(
                "You were signed out after a while. What you had typed into a form is kept, but for"
                " passwords and codes."
            ),
        )


class SecondFactorFirst:
    """Who holds a role that asks for a second factor and has none is led to enrol one."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view_func: object, args: object, kwargs: object
    ) -> HttpResponseBase | None:
        match = request.resolver_match
        if match is None or match.view_name in ENROLMENT or not must_enrol(request):
            return None
        if request.path.startswith("/api/"):
            text = _("Your role asks for a second factor: enrol one under “My account”.")
            return JsonResponse(body("second_factor", text), status=403)
        messages.warning(
            request, _("Your role asks for a second factor. Enrol one to go on: it takes a minute.")
        )
        return redirect("account")


def must_enrol(request: HttpRequest) -> bool:
    """Whether the person has to enrol a second factor first. Cost: nothing where no role asks for
    one; else the rights, and one query until a factor was seen."""
    user = request.user
    if not settings.MFA_REQUIRED_ROLES or not isinstance(user, User):
        return False
    if request.session.get(HAS_FACTOR):
        return False
    if settings.OIDC_HAS_SECOND_FACTOR and "oidc" in request.session.get(sessions.WAY, ""):
        return False
    if not rights_of(user).roles() & set(settings.MFA_REQUIRED_ROLES):
        return False
    if sign_ins.has_second_factor(user):
        request.session[HAS_FACTOR] = True
        return False
    return True


class ButtonsHavePages:
    """An address for a button alone, opened as a page, is never blank."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        is_page = request.method == "GET" and not request.path.startswith("/api/")
        if response.status_code == 405 and is_page and isinstance(response, HttpResponse):
            context = {"page": _page_above(request.path)}
            response.content = render_to_string("405.html", context, request).encode()
            response.headers["Content-Type"] = "text/html; charset=utf-8"
        return response


def _page_above(path: str) -> str:
    """The nearest address above that leads somewhere: what the button is about."""
    parts = path.strip("/").split("/")
    while parts:
        parts.pop()
        above = f"/{'/'.join(parts)}/" if parts else "/"
        try:
            resolve(above)
        except Resolver404:
            continue
        return above
    return "/"
