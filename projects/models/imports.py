import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from governance.access import Access, Resource
from governance.fields import columns
from governance.querysets import ScopedQuerySet
from projects.models.choices import JobState


class ImportRun(models.Model):
    """One import: which files (name, SHA-256), by whom, when, and what came of it."""

    WORKBOOK = "workbook"
    """The kind of a ministry's own workbook; the others bring open data"""

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
        return f"{self.kind} {timezone.localtime(self.started_at):%Y-%m-%d %H:%M}"


class ImportJob(models.Model):
    """A file that somebody uploaded: checked first, written after they confirmed.

    The file is kept in the database, so that any worker can read it, until the job has ended.
    `heartbeat_at` tells a worker that lives from one that was killed.
    """

    outside_trail = _("a job; what it writes is told by events")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("owner"),
        on_delete=models.PROTECT,
        related_name="import_jobs",
    )
    language = models.CharField(_("language"), max_length=5, default="ja")
    file_name = columns.Line(_("file"), max_length=255)
    sha256 = models.CharField(max_length=64)
    content = models.BinaryField(null=True)
    # What a CSV file holds; "" for a workbook, whose sheets say it themselves.
    kind = models.CharField(_("kind"), max_length=40, blank=True)
    state = models.CharField(
        _("state"), max_length=10, choices=JobState.choices, default=JobState.QUEUED
    )
    progress_done = models.PositiveIntegerField(default=0)
    progress_total = models.PositiveIntegerField(default=0)
    wants_cancel = models.BooleanField(default=False)
    # Begun so far, to check it or, once it was confirmed, to write it.
    attempts = models.PositiveSmallIntegerField(default=0)
    report = models.JSONField(_("report"), default=dict)
    error = models.TextField(_("error"), blank=True)
    created_at = models.DateTimeField(_("uploaded at"))
    heartbeat_at = models.DateTimeField(_("last sign of life"), null=True)
    finished_at = models.DateTimeField(_("finished at"), null=True)
    run = models.ForeignKey(
        ImportRun,
        verbose_name=_("import"),
        null=True,
        on_delete=models.PROTECT,
        related_name="jobs",
    )

    class Meta:
        verbose_name = _("uploaded file")
        verbose_name_plural = _("uploaded files")
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return str(self.file_name)
