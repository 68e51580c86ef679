"""Second factors: allauth's pages in this product's look, each change with its event."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

from allauth.account.decorators import reauthentication_required
from allauth.account.views import ReauthenticateView
from allauth.mfa.base import views as base
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes import views as codes
from allauth.mfa.totp import views as totp
from allauth.mfa.totp.internal.auth import TOTP
from allauth.mfa.webauthn import views as webauthn
from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse, reverse_lazy
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from governance import audit
from governance.audit import Act
from governance.people import accounts, sign_ins
from governance.people.adapters import client_of
from governance.people.forms import (
    CodeForm,
    ConfirmCodeForm,
    ConfirmPasswordForm,
    EnrolAppForm,
    EnrolPasskeyForm,
)
from governance.people.middleware import HAS_FACTOR

APP, PASSKEY, CODES = "totp", "webauthn", "recovery_codes"


def confirmed(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A page for those who have signed in, or confirmed who they are, in the last minutes."""
    checked: Callable[..., HttpResponse] = wraps(view)(
        reauthentication_required(view, app="governance")
    )
    return checked


@contextmanager
def _changes(request: HttpRequest, verb: str, kind: str) -> Iterator[None]:
    """Around what adds, removes or renews a second factor: one transaction, and its event."""
    user: Any = request.user
    with transaction.atomic():
        stood = audit.credentials.standing([user.pk])
        yield
        accounts.factor_changed(Act(user=user, at=timezone.now()), user, verb, kind, stood)
    request.session.pop(HAS_FACTOR, None)


def _titled(title: str, **more: Any) -> dict[str, Any]:
    crumbs = [{"label": _("My account"), "url": reverse("account")}, {"label": title}]
    return {"title": title, "crumbs": crumbs, "back": reverse("account"), **more}


@method_decorator(never_cache, name="dispatch")
class EnrolAppView(totp.ActivateTOTPView):
    """Scan a code with an authenticator app, and prove it with the first code."""

    form_class = EnrolAppForm
    template_name = "account/app_add.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {**super().get_context_data(**kwargs), **_titled(_("Add an authenticator app"))}

    def get_success_url(self) -> str:
        return reverse("mfa_view_recovery_codes" if self.did_generate_recovery_codes else "account")

    def form_valid(self, form: forms.Form) -> HttpResponse:
        with _changes(self.request, "user.factor_added", APP):
            response: HttpResponse = super().form_valid(form)
            # The library forgets this: the code that proved the app would let somebody in once more.
            app = Authenticator.objects.get(user=self.request.user, type=Authenticator.Type.TOTP)
            TOTP(app).validate_code(form.cleaned_data["code"])
        messages.success(self.request, _("The authenticator app is set up."))
        return response


class RemoveAppView(totp.DeactivateTOTPView):
    template_name = "account/confirm.html"
    success_url = reverse_lazy("account")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        lead = _("Its codes will no longer be asked for, and no longer work.")
        more = _titled(_("Remove the authenticator app"), lead=lead, button=_("Remove"))
        return {**super().get_context_data(**kwargs), **more}

    def form_valid(self, form: forms.Form) -> HttpResponse:
        with _changes(self.request, "user.factor_removed", APP):
            response: HttpResponse = super().form_valid(form)
        messages.success(self.request, _("The authenticator app is removed."))
        return response


@method_decorator(never_cache, name="dispatch")
class EnrolPasskeyView(webauthn.AddWebAuthnView):
    """Make a passkey with the device or a security key."""

    form_class = EnrolPasskeyForm
    template_name = "account/passkey_add.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        # The library drops the refused form here.
        kwargs.setdefault("form", self.get_form())
        more = _titled(_("Add a passkey"), form=kwargs["form"])
        return {**super().get_context_data(**kwargs), **more}

    def get_success_url(self) -> str:
        return reverse("mfa_view_recovery_codes" if self.did_generate_recovery_codes else "account")

    def form_valid(self, form: forms.Form) -> HttpResponse:
        with _changes(self.request, "user.factor_added", PASSKEY):
            response: HttpResponse = super().form_valid(form)
        messages.success(self.request, _("The passkey is set up."))
        return response


class RemovePasskeyView(webauthn.RemoveWebAuthnView):
    template_name = "account/confirm.html"
    success_url = reverse_lazy("account")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        lead = _("The passkey “%(name)s” will no longer work here.") % {"name": self.object}
        more = _titled(_("Remove a passkey"), lead=lead, button=_("Remove"))
        return {**super().get_context_data(**kwargs), **more}

    def form_valid(self, form: forms.Form) -> HttpResponse:
        with _changes(self.request, "user.factor_removed", PASSKEY):
            response: HttpResponse = super().form_valid(form)
        messages.success(self.request, _("The passkey is removed."))
        return response


class CodesView(codes.ViewRecoveryCodesView):
    """The recovery codes, shown once."""

    template_name = "account/codes.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {**super().get_context_data(**kwargs), **_titled(_("Recovery codes"))}


class NewCodesView(codes.GenerateRecoveryCodesView):
    template_name = "account/confirm.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        lead = _("The codes you have stop working. The new ones are shown once.")
        more = _titled(_("New recovery codes"), lead=lead, button=_("Make new codes"))
        return {**super().get_context_data(**kwargs), **more}

    def form_valid(self, form: forms.Form) -> HttpResponse:
        with _changes(self.request, "user.factor_renewed", CODES):
            response: HttpResponse = super().form_valid(form)
        return response


class SecondFactorView(base.AuthenticateView):
    """The second step of signing in."""

    form_class = CodeForm
    template_name = "account/second_factor.html"

    def form_invalid(self, form: forms.Form) -> HttpResponse:
        sign_ins.code_failed(self.request, self.stage.login.user, client_of(self.request))
        response: HttpResponse = super().form_invalid(form)
        return response


@method_decorator(login_not_required, name="dispatch")
class PasskeySignInView(webauthn.LoginWebAuthnView):
    """Signing in with a passkey alone."""

    def form_valid(self, form: forms.Form) -> HttpResponse:
        authenticator: Authenticator = form.cleaned_data["credential"]
        login = webauthn.Login(user=authenticator.user, redirect_url=self.get_next())
        response: HttpResponse = webauthn.flows.perform_passwordless_login(
            self.request, authenticator, login
        )
        return response

    def get_next(self) -> str | None:
        """Where to go then: never another host."""
        from allauth.account.utils import get_next_redirect_url

        found: str | None = get_next_redirect_url(self.request)
        return found


class _Confirm:
    """Showing once more who one is, before something that matters."""

    template_name = "account/reauthenticate.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        found: dict[str, Any] = super().get_context_data(**kwargs)  # type: ignore[misc]
        return {**found, **_titled(_("Confirm that it is you"))}


class ConfirmPasswordView(_Confirm, ReauthenticateView):
    form_class = ConfirmPasswordForm


class ConfirmCodeView(_Confirm, base.ReauthenticateView):
    form_class = ConfirmCodeForm


class ConfirmPasskeyView(_Confirm, webauthn.ReauthenticateWebAuthnView):
    template_name = "account/reauthenticate_passkey.html"
