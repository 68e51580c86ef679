from django.db import models
from django.utils.translation import gettext_lazy as _


class OutlookRun(models.Model):
    """What the register taught on a day: the early warning with its trial, the spread of finished
    projects, and what came after each rating. Sums over the whole government: no row of anybody.

    Recomputed whole by `services.outlook`, never edited; only the latest is read.
    """

    outside_trail = _("derived from the register, made anew at any time")

    as_of = models.DateField(_("as of"), unique=True)
    cases = models.PositiveIntegerField()
    known = models.PositiveIntegerField()
    # The shapes are those of `services.outlook`.
    model = models.JSONField(null=True, blank=True)
    trial = models.JSONField()
    classes = models.JSONField()
    raters = models.JSONField()

    class Meta:
        verbose_name = _("what the register taught")
        verbose_name_plural = _("what the register taught")
        ordering = ("-as_of",)

    def __str__(self) -> str:
        return f"{self.as_of}"
