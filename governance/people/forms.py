"""Forms about the own account."""

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.forms import LoginForm, ReauthenticateForm
from allauth.mfa.base.forms import AuthenticateForm, BaseAuthenticateForm
from allauth.mfa.base.forms import ReauthenticateForm as CodeReauthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.webauthn.forms import AddWebAuthnForm
from django import forms
from django.contrib.auth.forms import PasswordChangeForm
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from governance import audit
from governance.people import accounts


class SignInForm(LoginForm):
    """Account name and password, under the names that browsers and scripts know."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "label_suffix": ""})
        name, password = self.fields["login"], self.fields["password"]
        name.label, password.label = _("Username"), _("Password")
        name.widget.attrs.pop("placeholder", None)
        password.widget.attrs.pop("placeholder", None)
        name.widget.attrs["autofocus"] = True
        password.help_text = ""

    def add_prefix(self, field_name: str) -> str:
        return str(super().add_prefix("username" if field_name == "login" else field_name))

    def clean_login(self) -> str:
        # Nothing is cut off: the name is compared as it was typed.
        return str(self.cleaned_data["login"])


class ConfirmPasswordForm(ReauthenticateForm):
    """The password once more, before something that matters."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "label_suffix": ""})
        self.fields["password"].label = _("Password")
        self.fields["password"].widget.attrs.pop("placeholder", None)


def _as_code(field: forms.Field) -> None:
    field.label = _("Code")
    field.widget.attrs.pop("placeholder", None)
    field.widget.attrs.update({"inputmode": "numeric", "autocomplete": "one-time-code"})


class _TellsOfCodes(BaseAuthenticateForm):
    """A recovery code is used up in one transaction with its event."""

    def clean_code(self) -> str:
        with transaction.atomic():
            stood = audit.credentials.standing([self.user.pk])
            code: str = super().clean_code()
            if self.authenticator.type == Authenticator.Type.RECOVERY_CODES:
                act = audit.Act(user=self.user, at=timezone.now())
                accounts.recovery_code_used(act, self.user, stood)
        return code


class CodeForm(_TellsOfCodes, AuthenticateForm):
    """A code of the authenticator app, or a recovery code."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "label_suffix": ""})
        _as_code(self.fields["code"])


class ConfirmCodeForm(_TellsOfCodes, CodeReauthenticateForm):
    """A code once more, before something that matters."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "label_suffix": ""})
        _as_code(self.fields["code"])


class EnrolAppForm(ActivateTOTPForm):
    """The first code of an authenticator app."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "label_suffix": ""})
        _as_code(self.fields["code"])


class EnrolPasskeyForm(AddWebAuthnForm):
    """A passkey, with a name by which its holder knows it again."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "label_suffix": ""})
        self.fields["name"].label = _("Name of the passkey")
        self.fields["name"].max_length = 60
        self.fields["name"].widget.attrs["maxlength"] = 60
        passwordless = self.fields["passwordless"]
        passwordless.label = _("Sign in with this passkey alone, without a password")
        passwordless.help_text = _("Needs a device that asks for a fingerprint, a face or a PIN.")


class OwnPasswordForm(PasswordChangeForm):
    """Another password; the old one is asked for, and guessing it is slowed like a sign-in."""

    def clean_old_password(self) -> str:
        password: str = self.cleaned_data["old_password"]
        if not get_adapter().reauthenticate(self.user, password):
            message = self.error_messages["password_incorrect"]
            raise forms.ValidationError(message, code="password_incorrect")
        return password


class ForgottenForm(forms.Form):
    """Whose password is forgotten."""

    name = forms.CharField(
        label=_("Username or e-mail"),
        max_length=254,
        widget=forms.TextInput(attrs={"autocomplete": "username"}),
    )


class AddressForm(forms.Form):
    """The address of an account."""

    email = forms.EmailField(label=_("E-mail"), required=False)
