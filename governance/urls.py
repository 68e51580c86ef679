"""All addresses. The dashboard comes before the register: the page of an agency is its own."""

from django.contrib.auth.views import LogoutView
from django.urls import include, path

from governance import views

handler404 = "governance.web.errors.not_found"

urlpatterns = [
    path("", include("reports.site_urls")),
    path("", include("projects.site_urls")),
    path("accounts/login/", views.LoginView.as_view(), name="login"),
    path("accounts/logout/", LogoutView.as_view(), name="logout"),
    path("accounts/set/<uidb64>/<token>/", views.PasswordSetView.as_view(), name="password-set"),
    path("drafts/", views.keep_draft, name="draft"),
    path("drafts/discard/", views.discard_draft, name="draft-discard"),
    path("i18n/setlang/", views.set_language, name="set_language"),
    path("api/", include("governance.api.urls")),
    path("api/v1/", include("reports.api.urls")),
    path("api/v1/", include("projects.api.urls")),
    path("", include("projects.urls")),
]
