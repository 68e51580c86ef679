from django.apps import AppConfig
from django.core import checks
from django.utils.translation import gettext_lazy as _


class GovernanceConfig(AppConfig):
    name = "governance"
    verbose_name = _("Governance")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.contrib.auth.signals import user_logged_in

        from governance import checks as _checks  # noqa: F401  (registers them)
        from governance.backup.checks import restore_is_finished
        from governance.people import sessions
        from governance.web import checks as _web_checks  # noqa: F401  (registers them)

        checks.register(restore_is_finished, checks.Tags.database)
        user_logged_in.connect(sessions.begin, dispatch_uid="governance.sessions.begin")
