"""Pages over the whole register; their names carry no namespace."""

from django.urls import path

from projects.views import audit, search, work

urlpatterns = [
    path("work/", work.work_page, name="work"),
    path("search/", search.search, name="search"),
    path("audit/", audit.audit_page, name="audit-list"),
]
