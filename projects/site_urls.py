"""Pages over the whole register; their names carry no namespace."""

from django.urls import path

from projects.views import audit, imports, notices, search, work

urlpatterns = [
    path("imports/", imports.imports_page, name="imports"),
    path("imports/template.<slug:fmt>", imports.template_file, name="imports-template"),
    path("imports/<uuid:pk>/", imports.job_page, name="imports-job"),
    path("imports/<uuid:pk>/progress/", imports.job_progress, name="imports-progress"),
    path("imports/<uuid:pk>/confirm/", imports.confirm, name="imports-confirm"),
    path("imports/<uuid:pk>/cancel/", imports.cancel, name="imports-cancel"),
    path("notices/", notices.notices_page, name="notices"),
    path("notices/read/", notices.read_notices, name="notices-read"),
    path("settings/", notices.preferences, name="preferences"),
    path("work/", work.work_page, name="work"),
    path("search/", search.search, name="search"),
    path("audit/", audit.audit_page, name="audit-list"),
]
