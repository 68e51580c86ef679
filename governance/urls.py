"""All addresses. The dashboard comes before the register: the page of an agency is its own."""

from django.urls import include, path

from governance import health, views

handler400 = "governance.errors.bad_request"
handler500 = "governance.errors.server_error"

handler404 = "governance.web.errors.not_found"

urlpatterns = [
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
    path("", include("reports.site_urls")),
    path("audit/", include("governance.audit.urls")),
    path("", include("projects.site_urls")),
    path("accounts/", include("governance.people.urls")),
    path("drafts/", views.keep_draft, name="draft"),
    path("drafts/discard/", views.discard_draft, name="draft-discard"),
    path("i18n/setlang/", views.set_language, name="set_language"),
    path("api/", include("governance.api.urls")),
    path("api/v1/", include("reports.api.urls")),
    path("api/v1/", include("projects.api.urls")),
    path("", include("projects.urls")),
]
