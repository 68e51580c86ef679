from django.apps import AppConfig
from django.core import checks
from django.utils.translation import gettext_lazy as _


class GovernanceConfig(AppConfig):
    name = "governance"
    verbose_name = _("Governance")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from governance.backup.checks import restore_is_finished

        checks.register(restore_is_finished, checks.Tags.database)
