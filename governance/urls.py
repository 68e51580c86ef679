from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/", include("governance.api.urls")),
    path("api/v1/", include("projects.api.urls")),
    # Before the register: the page of an agency is its dashboard.
    path("", include("reports.site_urls")),
]
