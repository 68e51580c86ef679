"""What allauth asks this product: who may sign in, what is kept of it, and whose identity a single
sign-on proves."""

import base64
import hashlib
from typing import Any, NoReturn

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import authenticate
from django.contrib.auth.forms import AuthenticationForm
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from governance import audit
from governance.audit import Act
from governance.models import User
from governance.people import accounts, devices, mailboxes, sessions, sign_ins, throttle

THROTTLED = "throttled"


def client_of(request: HttpRequest) -> str:
    """The client's address, as far as the proxies in front are trusted."""
    return str(AccountAdapter(request).get_client_ip(request))


def wrong_password() -> ValidationError:
    """Django's own sentence: it tells not which of the two is wrong."""
    name = User._meta.get_field("username").verbose_name
    message = AuthenticationForm.error_messages["invalid_login"]
    return ValidationError(message, code="invalid_login", params={"username": name})


class AccountAdapter(DefaultAccountAdapter):
    """Sign-in with a password, and what every way in has in common."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "incorrect_code": gettext_lazy("This code is not right, or has been used."),
        "incorrect_password": gettext_lazy("This password is not right."),
        "too_many_login_attempts": gettext_lazy("Too many wrong codes. Wait for five minutes."),
    }

    def validation_error(self, code: str, *args: Any) -> ValidationError:
        return (
            wrong_password()
            if code == "username_password_mismatch"
            else super().validation_error(code, *args)
        )

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def add_message(
        self, request: HttpRequest, level: int, *args: Any, message: str | None = None, **kw: Any
    ) -> None:
        """Messages of the library's templates are left out: pages tell in their own words."""
        if message:
            messages.add_message(request, level, message)

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """The account of this name and password, or None; refused in words where too many were
        wrong."""
        name, client = str(credentials.get("username", "")), self.get_client_ip(request)
        named = User.objects.filter(username=name).first()
        attempt = throttle.attempt(name, client, devices.mark_of(request, named))
        if attempt.is_refused:
            sign_ins.refused(named, name, client, attempt)
            minutes = throttle.WINDOW // 60
            message = ngettext(
                "Too many wrong passwords. Try again in %(n)d minute at the latest.",
                "Too many wrong passwords. Try again in %(n)d minutes at the latest.",
                minutes,
            )
            raise ValidationError(message, code=THROTTLED, params={"n": minutes})
        user = authenticate(request, username=name, password=credentials.get("password"))
        if not isinstance(user, User):
            sign_ins.failed(named, name, client, attempt)
            return None
        attempt.was_right()
        return user

    def post_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse:
        response: HttpResponse = super().post_login(request, user, **kwargs)
        sign_ins.succeeded(request, response, user, self.get_client_ip(request))
        if settings.LANGUAGE_COOKIE_NAME not in request.COOKIES:
            # Somebody who has chosen no language here yet gets their own one.
            response.set_cookie(
                settings.LANGUAGE_COOKIE_NAME,
                user.language,
                max_age=settings.LANGUAGE_COOKIE_AGE,
                path=settings.LANGUAGE_COOKIE_PATH,
                domain=settings.LANGUAGE_COOKIE_DOMAIN,
                secure=settings.LANGUAGE_COOKIE_SECURE,
                httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
                samesite="Lax",
            )
        return response

    def respond_user_inactive(self, request: HttpRequest, user: User) -> HttpResponse:
        """A deactivated account is told no more than a wrong password."""
        messages.error(request, wrong_password().messages[0])
        return redirect("login")

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Who has just signed in need not confirm it again."""
        return not sessions.is_recent(self.request.session)

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        """Who has neither password nor second factor here (single sign-on) signs in again."""
        found: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        names = {
            "reauthenticate": _("Use your password"),
            "mfa_reauthenticate": _("Use a code"),
            "mfa_reauthenticate:webauthn": _("Use a passkey"),
        }
        for method in found:
            method["description"] = names[method["id"]]
        again = {"id": "again", "description": _("Sign in again"), "url": reverse("login")}
        return found or [again]


class MfaAdapter(DefaultMFAAdapter):
    """Second factors; their secrets are kept encrypted."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": AccountAdapter.error_messages["incorrect_code"],
    }

    def _get_user_identifier(self, user: User) -> str:
        return user.username

    def generate_authenticator_name(self, user: User, type: Authenticator.Type) -> str:
        count = Authenticator.objects.filter(user=user, type=type).count()
        return _("Passkey %(n)d") % {"n": count + 1}

    def encrypt(self, text: str) -> str:
        return self._cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return self._cipher().decrypt(encrypted_text.encode()).decode()

    @staticmethod
    def _cipher() -> MultiFernet:
        """Keys from SECRET_KEY and the ones before it (SECRET_KEY_FALLBACKS)."""
        secrets = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
        keys = (hashlib.sha256(f"governance.mfa:{secret}".encode()).digest() for secret in secrets)
        return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in keys])


class SingleSignOnAdapter(DefaultSocialAccountAdapter):
    """Single sign-on leads to an account that exists, never to a new one."""

    def list_apps(self, request: HttpRequest, *args: Any, **kwargs: Any) -> list[Any]:
        """Providers come from the settings alone: who could write one into the database would say
        who anybody is."""
        return [app for app in super().list_apps(request, *args, **kwargs) if app.pk is None]

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        """Find the account: by the subject that is kept, else the one whose own address the
        provider has verified. The subject is kept then, so that a later change of an address leads
        nobody elsewhere. Either way the holder is proven."""
        if sociallogin.state.get("process") != "login":
            self._refuse(request, sociallogin)
        is_linked = sociallogin.is_existing
        verified = [one.email for one in sociallogin.email_addresses if one.verified]
        user = sociallogin.user if is_linked else mailboxes.holder_of(verified)
        if user is None:
            self._refuse(request, sociallogin)
        act = Act(user=user, at=timezone.now(), source="oidc")
        with transaction.atomic():
            if not is_linked:
                stood = audit.credentials.standing([user.pk])
                sociallogin.connect(request, user)
                kept = sociallogin.account
                after: dict[str, Any] = {"provider": kept.provider, "subject": kept.uid}
                after |= audit.credentials.untold(stood, user)
                verb = "user.single_sign_on_linked"
                wrote = audit.credentials.since(stood, user)
                audit.record_object(act, verb, user, before=None, after=after, wrote=wrote)
            if user.is_active and not accounts.is_proven(user):
                accounts.prove(act, user, is_password_new=False)

    def on_authentication_error(
        self, request: HttpRequest, provider: Any, *args: Any, **kwargs: Any
    ) -> NoReturn:
        """The provider refused, or the person went back."""
        messages.error(request, _("Single sign-on did not work. Try again, or use your password."))
        raise ImmediateHttpResponse(redirect("login"))

    def _refuse(self, request: HttpRequest, sociallogin: Any) -> NoReturn:
        client = client_of(request)
        attempt = throttle.attempt(f"oidc {sociallogin.account.uid}", client, "")
        sign_ins.failed(None, f"oidc {sociallogin.account.uid}", client, attempt)
        raise ImmediateHttpResponse(render(request, "account/no_account.html", status=403))
