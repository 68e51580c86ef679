"""Signing in and out, the own account, and passwords."""

from typing import Any

from allauth.account.views import LoginView as AllauthLoginView
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout, update_session_auth_hash
from django.contrib.auth import views as auth_views
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse, reverse_lazy
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from governance import tasks
from governance.audit import Act
from governance.models import AccountTie, User
from governance.people import accounts, invitations, links, mailboxes, sessions, sign_ins, throttle
from governance.people.adapters import THROTTLED, client_of
from governance.people.factors import confirmed
from governance.people.forms import AddressForm, ForgottenForm, OwnPasswordForm, SignInForm

# Requests for a mail, in a window of throttle.WINDOW seconds.
MAILS_PER_CLIENT = 10


def holder_of(request: HttpRequest) -> User:
    """The signed-in person."""
    if not isinstance(request.user, User):
        raise Http404
    return request.user


class LoginView(AllauthLoginView):
    """Account name and password; a second factor follows where one is enrolled."""

    form_class = SignInForm
    template_name = "account/login.html"

    def form_valid(self, form: forms.Form) -> HttpResponse:
        if isinstance(self.request.user, User):
            # Somebody else's turn: the second step belongs to nobody who is signed in.
            _end_session(self.request, self.request.user)
        response: HttpResponse = super().form_valid(form)
        return response

    def form_invalid(self, form: forms.Form) -> HttpResponse:
        response: HttpResponse = super().form_invalid(form)
        if form.has_error("__all__", THROTTLED):
            response.status_code = 429
            response.headers["Retry-After"] = str(throttle.WINDOW)
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {
            **super().get_context_data(**kwargs),
            "next": self.get_next_url() or "",
            "single_sign_on": settings.OIDC_NAME if settings.OIDC_SERVER_URL else "",
            "has_mail": settings.HAS_MAIL,
            "is_demonstration": not settings.HAS_MAIL and not settings.MFA_REQUIRED_ROLES,
        }


@transaction.atomic
def _end_session(request: HttpRequest, user: User) -> None:
    sign_ins.signed_out(request, user)
    UserSession.objects.filter(session_key=request.session.session_key).delete()
    logout(request)


class LogoutView(auth_views.LogoutView):
    """Ends the session; told in the trail."""

    @method_decorator(never_cache)
    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if isinstance(request.user, User):
            _end_session(request, request.user)
        return super().post(request, *args, **kwargs)


def _way(by: str) -> str:
    """By what somebody signed in (sign_ins.way_of), in words."""
    names = {
        "password": _("password"),
        "totp": _("authenticator app"),
        "recovery_codes": _("recovery code"),
        "webauthn": _("passkey"),
        "passkey": _("passkey"),
        "oidc": _("single sign-on"),
    }
    return " + ".join(str(names.get(part, part)) for part in by.split("+"))


def _how_to_prove(user: User) -> str:
    """What this site would believe the holder by. Cost: as `mailboxes.proves`."""
    by_mail = settings.HAS_MAIL and mailboxes.proves(user)
    if by_mail and settings.OIDC_SERVER_URL:
        return _("not yet: by a link mailed to your address, or by single sign-on")
    if by_mail:
        return _("not yet: by a link mailed to your address")
    if settings.OIDC_SERVER_URL:
        return _("not yet: by single sign-on")
    return _("not yet: ask the office that looks after your account")


@require_safe
@never_cache
def account_page(request: HttpRequest) -> HttpResponse:
    """The own account: password, address, second factors, sessions, the last sign-ins."""
    user = holder_of(request)
    found: dict[str, list[Authenticator]] = {}
    for one in Authenticator.objects.filter(user=user).order_by("pk"):
        found.setdefault(one.type, []).append(one)
    codes = found.get(Authenticator.Type.RECOVERY_CODES, [])
    return render(
        request,
        "account/account.html",
        {
            "crumbs": [{"label": _("My account")}],
            "person": user,
            "has_app": bool(found.get(Authenticator.Type.TOTP)),
            "passkeys": found.get(Authenticator.Type.WEBAUTHN, []),
            "codes_left": len(codes[0].wrap().get_unused_codes()) if codes else None,
            "how_to_prove": "" if user.proven_at else _how_to_prove(user),
            "single_sign_on": user.socialaccount_set.exists(),  # type: ignore[attr-defined]
            "sessions": [
                (sessions.browser_name(one.user_agent), one) for one in sessions.sessions_of(user)
            ],
            "this_session": request.session.session_key,
            "sign_ins": [
                (event, _way((event.after or {}).get("by", ""))) for event in sign_ins.latest(user)
            ],
            "has_mail": settings.HAS_MAIL,
        },
    )


@require_POST
def end_sessions(request: HttpRequest) -> HttpResponse:
    """End one of the own sessions (`session`), or all but this one."""
    user, chosen = holder_of(request), request.POST.get("session", "")
    this = request.session.session_key
    act = Act(user=user, at=timezone.now())
    rows = UserSession.objects.filter(user=user).exclude(session_key=this)
    if chosen:
        rows = rows.filter(
            pk=int(chosen) if chosen.isascii() and chosen.isdecimal() and len(chosen) < 19 else 0
        )
    with transaction.atomic():
        count = sessions.end(act, user, list(rows), "holder")
    messages.success(request, _("Sessions ended: %(n)d.") % {"n": count})
    return redirect("account")


class PasswordChangeView(auth_views.PasswordChangeView):
    """The signed-in person changes the own password; every other session ends."""

    template_name = "account/form.html"
    success_url = reverse_lazy("account")
    form_class = OwnPasswordForm

    def dispatch(self, *args: Any, **kwargs: Any) -> Any:
        if not holder_of(self.request).has_usable_password():
            messages.info(self.request, _("This account has no password: use single sign-on."))
            return redirect("account")
        return super().dispatch(*args, **kwargs)

    def get_form(self, form_class: Any = None) -> Any:
        form = super().get_form(form_class)
        form.label_suffix = ""
        return form

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        title = _("Change your password")
        lead = _("Every other session of yours ends.")
        return {**super().get_context_data(**kwargs), **_page(title, lead)}

    def form_valid(self, form: Any) -> HttpResponse:
        user, password = holder_of(self.request), form.cleaned_data["new_password1"]
        act = Act(user=user, at=timezone.now())
        with transaction.atomic():
            keep = self.request.session.session_key
            accounts.change_password(act, user, password, keep=keep)
            UserSession.objects.filter(session_key=keep).delete()
            update_session_auth_hash(self.request, user)
            UserSession.objects.create_from_request(self.request)
        messages.success(self.request, _("Your password is changed."))
        return redirect("account")


@method_decorator(login_not_required, name="dispatch")
class PasswordSetView(auth_views.PasswordResetConfirmView):
    """Where the holder of a one-time link sets a password: the address works once."""

    template_name = "account/password_set.html"
    success_url = reverse_lazy("login")
    token_generator = links.PasswordTokens()

    user: User

    def form_valid(self, form: Any) -> HttpResponse:
        token = self.request.session.pop(auth_views.INTERNAL_RESET_SESSION_TOKEN, "")
        way = links.way_of(self.user, token)
        if way is None:
            # Used in another tab since the form was shown.
            return redirect("login")
        act = Act(user=None, at=timezone.now(), source=f"link-{way}")
        password = form.cleaned_data["new_password1"]
        accounts.set_password_by_link(act, self.user, password, way)
        messages.success(self.request, _("Your password is set. Sign in with it."))
        return redirect("login")


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def forgotten(request: HttpRequest) -> HttpResponse:
    """Ask for a mail with a link. Nothing is looked up here, so the answer and the time it takes
    tell nothing about names and addresses."""
    form = ForgottenForm(request.POST or None, label_suffix="")
    if request.method == "POST" and settings.HAS_MAIL and form.is_valid():
        if not throttle.may_ask(f"mails to {client_of(request)}", MAILS_PER_CLIENT):
            form.add_error(None, _("Too many requests. Wait for a quarter of an hour."))
            return _forgotten(request, form, status=429)
        tasks.in_background(
            tasks.mail_password_link, form.cleaned_data["name"], links.site_of(request)
        )
        messages.success(
            request,
            _("If an account fits and has an address, a mail with a link is on its way to it."),
        )
        return redirect("login")
    return _forgotten(request, form, status=422 if form.is_bound and form.errors else 200)


def _forgotten(request: HttpRequest, form: forms.Form, *, status: int) -> HttpResponse:
    context = {"form": form, "has_mail": settings.HAS_MAIL}
    return render(request, "account/forgotten.html", context, status=status)


def _page(title: str, lead: str = "") -> dict[str, Any]:
    crumbs = [{"label": _("My account"), "url": reverse("account")}, {"label": title}]
    return {"title": title, "lead": lead, "crumbs": crumbs, "back": reverse("account")}


@confirmed
@require_http_methods(["GET", "HEAD", "POST"])
def change_address(request: HttpRequest) -> HttpResponse:
    """The holder gives another address; with a mail server a link to it confirms it."""
    user = holder_of(request)
    form = AddressForm(request.POST or None, initial={"email": user.email}, label_suffix="")
    if request.method == "POST" and form.is_valid():
        act, email = Act(user=user, at=timezone.now()), form.cleaned_data["email"]
        try:
            is_changed = accounts.change_address(act, user, email)
        except ValidationError as error:
            form.add_error(None, error.messages)
        else:
            if is_changed or not user.proven_at:
                ask_to_confirm(request, act, User.objects.get(pk=user.pk))
            return redirect("account")
    title = _("Change your address")
    lead = _("Mails about your account go to it. It has to be confirmed again.")
    status = 422 if form.is_bound else 200
    return render(request, "account/form.html", {**_page(title, lead), "form": form}, status=status)


def ask_to_confirm(request: HttpRequest, act: Act, user: User) -> None:
    """Mail a link to a changed address, and say so. To set a password with it confirms it: a click
    alone would leave whoever knows the old password inside."""
    kind = AccountTie.Kind.RESET
    if invitations.goes_by_mail(user) and invitations.mail_link(
        act, user, links.site_of(request), kind
    ):
        messages.success(
            request, _("Saved. To confirm the address, set a password with the link mailed to it.")
        )
    else:
        messages.success(request, _("Saved."))
