from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from governance.access import Access, Resource
from governance.querysets import ScopedQuerySet


class ImportRun(models.Model):
    """One import: which files (name, SHA-256), by whom, when, and what came of it."""

    kind = models.CharField(_("kind"), max_length=40)
    started_at = models.DateTimeField(_("started at"))
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("actor"),
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    agency = models.ForeignKey(
        "governance.Agency",
        verbose_name=_("agency"),
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    files = models.JSONField(_("files"), default=list)
    report = models.JSONField(_("report"), default=dict)

    objects = ScopedQuerySet.as_manager()
    access = (Access(Resource.IMPORT, agency=("agency_id",)),)

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        ordering = ("-started_at", "-pk")

    def __str__(self) -> str:
        return f"{self.kind} {self.started_at:%Y-%m-%d %H:%M}"
