"""What the site includes: the start page, which has no namespace, and the dashboard."""

from django.urls import include, path

from reports.views.dashboard import home

urlpatterns = [
    path("", home, name="home"),
    path("", include("reports.urls")),
]
