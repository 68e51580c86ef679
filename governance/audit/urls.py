from django.urls import path

from governance.audit import views

urlpatterns = [
    path("verify/", views.verify_page, name="audit-verify"),
    path("verify/<uuid:pk>/", views.check_page, name="audit-check"),
    path("verify/<uuid:pk>/progress/", views.check_progress, name="audit-check-progress"),
]
