"""Addresses of sign-in and the own account: only what is offered has one.

The names with an underscore are those by which allauth finds its own pages.
"""

from allauth.socialaccount.providers.openid_connect import views as oidc
from django.urls import path

from governance.people import factors, views

urlpatterns = [
    path("", views.account_page, name="account"),
    path("login/", views.LoginView.as_view(), name="login"),
    path("login/", views.LoginView.as_view(), name="account_login"),
    path("login/passkey/", factors.PasskeySignInView.as_view(), name="mfa_login_webauthn"),
    path("login/second-factor/", factors.SecondFactorView.as_view(), name="mfa_authenticate"),
    path("oidc/<slug:provider_id>/", oidc.login, name="openid_connect_login"),
    path("oidc/<slug:provider_id>/callback/", oidc.callback, name="openid_connect_callback"),
    path("logout/", views.LogoutView.as_view(), name="logout"),
    path("forgotten/", views.forgotten, name="password-forgotten"),
    path("set/<uidb64>/<token>/", views.PasswordSetView.as_view(), name="password-set"),
    path("password/", views.PasswordChangeView.as_view(), name="password-change"),
    path("address/", views.change_address, name="address-change"),
    path("sessions/end/", views.end_sessions, name="sessions-end"),
    path("confirm/", factors.ConfirmPasswordView.as_view(), name="account_reauthenticate"),
    path("confirm/code/", factors.ConfirmCodeView.as_view(), name="mfa_reauthenticate"),
    path(
        "confirm/passkey/",
        factors.ConfirmPasskeyView.as_view(),
        name="mfa_reauthenticate_webauthn",
    ),
    path("app/", factors.EnrolAppView.as_view(), name="mfa_activate_totp"),
    path("app/remove/", factors.RemoveAppView.as_view(), name="mfa_deactivate_totp"),
    path("codes/", factors.CodesView.as_view(), name="mfa_view_recovery_codes"),
    path("codes/new/", factors.NewCodesView.as_view(), name="mfa_generate_recovery_codes"),
    path("passkeys/add/", factors.EnrolPasskeyView.as_view(), name="mfa_add_webauthn"),
    path(
        "passkeys/<int:pk>/remove/", factors.RemovePasskeyView.as_view(), name="mfa_remove_webauthn"
    ),
]
