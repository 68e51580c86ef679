import uuid
from typing import Any, Final, NoReturn

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from governance.access import Access, Resource
from governance.exceptions import AuditIsAppendOnly
from governance.querysets import ScopedQuerySet


class AuditQuerySet(ScopedQuerySet["AuditEvent"]):
    def update(self, **kwargs: Any) -> NoReturn:
        raise AuditIsAppendOnly

    def delete(self) -> NoReturn:
        raise AuditIsAppendOnly


class AuditEvent(models.Model):
    """One write, told once and never changed; `hash` covers the row and `previous_hash`.

    Actor and object stand as text too, so that the story survives their removal. `state` is the
    hash of the object as the write left it (`governance.audit.states`; "gone" where it was deleted,
    "" where the event is about no single row), `seals` the hash over the rows of `AuditSeal` of a
    write to many. `origin` tells where it came from (`governance.origin`); events from before there was
    such a column have none, and their hash covers none.
    """

    seq = models.PositiveBigIntegerField(_("number"), unique=True)
    at = models.DateTimeField(_("at"))
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("actor"),
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    actor_name = models.CharField(_("actor"), max_length=200)
    source = models.CharField(_("by way of"), max_length=40)
    verb = models.CharField(_("verb"), max_length=60)
    object_type = models.CharField(_("object type"), max_length=60)
    object_key = models.CharField(_("object"), max_length=120)
    object_name = models.CharField(_("object name"), max_length=300)
    before = models.JSONField(_("before"), null=True)
    after = models.JSONField(_("after"), null=True)
    reason = models.TextField(_("reason"), blank=True)
    state = models.CharField(max_length=64, blank=True, default="")
    seals = models.CharField(max_length=64, blank=True, default="")
    origin = models.JSONField(_("from where"), null=True)
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64, unique=True)

    outside_trail = _("the trail itself")
    objects = AuditQuerySet.as_manager()
    access = (Access(Resource.AUDIT),)

    class Meta:
        verbose_name = _("audit event")
        verbose_name_plural = _("audit events")
        ordering = ("-seq",)
        indexes = (models.Index(fields=("object_type", "object_key"), name="audit_object"),)

    def __str__(self) -> str:
        return f"{self.seq} {self.verb} {self.object_type} {self.object_key}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Append; a stored event refuses to be saved again."""
        if not self._state.adding:
            raise AuditIsAppendOnly
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise AuditIsAppendOnly


class AuditSeal(models.Model):
    """The state in which a write to many rows left one of them; the event `seq` covers it."""

    outside_trail = _("part of the trail itself")

    seq = models.PositiveBigIntegerField()
    number = models.PositiveIntegerField()
    object_type = models.CharField(max_length=60)
    object_key = models.CharField(max_length=120)
    state = models.CharField(max_length=64)

    class Meta:
        verbose_name = _("audit seal")
        verbose_name_plural = _("audit seals")
        constraints = (models.UniqueConstraint(fields=("seq", "number"), name="audit_seal_once"),)
        indexes = (models.Index(fields=("object_type", "object_key"), name="audit_seal_object"),)

    def __str__(self) -> str:
        return f"{self.seq}.{self.number} {self.object_type} {self.object_key}"


class AuditHead(models.Model):
    """The chain's last link, one row: locked by each writer, so the chain cannot fork."""

    ONLY: Final = 1
    outside_trail = _("part of the trail itself")

    id = models.PositiveSmallIntegerField(primary_key=True, default=ONLY, editable=False)
    seq = models.PositiveBigIntegerField(default=0)
    hash = models.CharField(max_length=64, default="", blank=True)

    class Meta:
        verbose_name = _("head of the audit trail")
        verbose_name_plural = _("heads of the audit trail")
        constraints = (models.CheckConstraint(condition=models.Q(id=1), name="audit_one_head"),)

    def __str__(self) -> str:
        return f"{self.seq} {self.hash}"


class AuditCheck(models.Model):
    """A verification of the trail that somebody asked for on the page, and what it found.

    `anchors` are the files it compared with, as text by name; `result` what `audit.Report` says.
    `heartbeat_at` tells a worker that lives from one that was killed.
    """

    class State(models.TextChoices):
        QUEUED = "queued", _("waiting")
        RUNNING = "running", _("at work")
        DONE = "done", _("done")
        FAILED = "failed", _("broke off")

    outside_trail = _("a job; its result is told by an event of its own")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("asked by"),
        on_delete=models.PROTECT,
        related_name="+",
    )
    asked_at = models.DateTimeField(_("asked at"))
    anchors = models.JSONField(_("anchors"), default=dict)
    state = models.CharField(_("state"), max_length=7, choices=State.choices, default=State.QUEUED)
    progress_done = models.PositiveBigIntegerField(default=0)
    progress_total = models.PositiveBigIntegerField(default=0)
    attempts = models.PositiveSmallIntegerField(default=0)
    heartbeat_at = models.DateTimeField(_("last sign of life"), null=True)
    finished_at = models.DateTimeField(_("finished at"), null=True)
    result = models.JSONField(_("result"), default=dict)
    error = models.TextField(_("error"), blank=True)

    objects = ScopedQuerySet.as_manager()
    access = (Access(Resource.AUDIT),)

    class Meta:
        verbose_name = _("verification of the trail")
        verbose_name_plural = _("verifications of the trail")
        ordering = ("-asked_at",)

    def __str__(self) -> str:
        return f"{self.asked_at:%Y-%m-%d %H:%M} {self.asked_by}"
