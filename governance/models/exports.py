"""Files that are made in the background, and kept for who asked for them."""

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class ExportState(models.TextChoices):
    """The life of a file that somebody asked for."""

    QUEUED = "queued", _("waiting")
    RUNNING = "running", _("being made")
    DONE = "done", _("ready")
    CANCELLED = "cancelled", _("given up")
    FAILED = "failed", _("broken off")


class ExportJob(models.Model):
    """A file that is too large for one request: made with its owner's rights, for the owner alone.

    `address` is what was asked for; `reach` how far the owner could read when the file was made;
    `attempts` counts starts, before each of them. `heartbeat_at` tells a worker that lives from
    one that was killed.
    """

    outside_trail = _("what was taken stands in the trail")
    left_out_of_export = "its owner's alone, and made anew from the register"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("owner"),
        on_delete=models.PROTECT,
        related_name="export_jobs",
    )
    language = models.CharField(_("language"), max_length=5)
    address = models.TextField(_("address"))
    title = models.CharField(_("title"), max_length=300)
    file_name = models.CharField(_("file"), max_length=255)
    content_type = models.CharField(max_length=100, blank=True)
    state = models.CharField(
        _("state"), max_length=10, choices=ExportState.choices, default=ExportState.QUEUED
    )
    rows_done = models.PositiveIntegerField(_("rows"), default=0)
    rows_total = models.PositiveIntegerField(null=True)
    wants_cancel = models.BooleanField(default=False)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.TextField(_("error"), blank=True)
    reach = models.JSONField(default=dict)
    size = models.PositiveBigIntegerField(_("bytes"), default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(_("asked for at"))
    heartbeat_at = models.DateTimeField(_("last sign of life"), null=True)
    finished_at = models.DateTimeField(_("finished at"), null=True)
    expires_at = models.DateTimeField(_("kept until"), null=True)

    class Meta:
        verbose_name = _("exported file")
        verbose_name_plural = _("exported files")
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return self.file_name


class ExportChunk(models.Model):
    """A piece of a made file: no reader and no writer holds the whole of it in memory."""

    outside_trail = _("part of a file that was made from the register")
    left_out_of_export = "its owner's alone, and made anew from the register"

    job = models.ForeignKey(ExportJob, on_delete=models.CASCADE, related_name="chunks")
    number = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        verbose_name = _("piece of an exported file")
        verbose_name_plural = _("pieces of exported files")
        ordering = ("job", "number")
        constraints = (models.UniqueConstraint(fields=("job", "number"), name="export_chunk_once"),)

    def __str__(self) -> str:
        return f"{self.job_id} {self.number}"
