"""Pages over the whole register; their names carry no namespace."""

from django.urls import path

from projects.views import (
    audit,
    contradictions,
    flags,
    imports,
    metrics,
    mutes,
    notices,
    outlook,
    people,
    search,
    work,
)

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
    path("people/", people.people_page, name="people"),
    path("people/new/", people.new_person, name="people-new"),
    path("people/vacancies/", people.vacancies, name="vacancies"),
    path("people/roles/new/", people.new_membership, name="membership-new"),
    path("people/roles/<int:pk>/", people.edit_membership, name="membership-edit"),
    path("people/training/<int:pk>/", people.edit_training, name="training-edit"),
    path("people/p/<str:username>/", people.person_page, name="people-person"),
    path("people/p/<str:username>/hand-over/", people.hand_over, name="people-handover"),
    path("people/p/<str:username>/training/new/", people.new_training, name="training-new"),
    path("metrics/", metrics.metrics_page, name="metrics"),
    path("contradictions/", contradictions.contradictions_page, name="contradictions"),
    path("flags/<int:key>/", flags.flag_page, name="flag"),
    path("flags/<int:key>/mute/", mutes.mute_page, name="flag-mute"),
    path("flags/<int:key>/unmute/", mutes.unmute, name="flag-unmute"),
    path("mutes/<int:key>/approve/", mutes.approve, name="mute-approve"),
    path("mutes/<int:key>/reject/", mutes.reject, name="mute-reject"),
    path("outlook/", outlook.outlook_page, name="outlook"),
    path("work/", work.work_page, name="work"),
    path("search/", search.search, name="search"),
    path("audit/", audit.audit_page, name="audit-list"),
]
