from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class GovernanceConfig(AppConfig):
    name = "governance"
    verbose_name = _("Governance")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.contrib.auth.signals import user_logged_in

        from governance import checks  # noqa: F401  (registers them)
        from governance.people import sessions

        user_logged_in.connect(sessions.begin, dispatch_uid="governance.sessions.begin")
