"""What belongs to one person at work: forms begun, and notices."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Draft(models.Model):
    """What somebody typed into a form and has not saved: theirs alone, no record of account.

    `form` is the address of the form; `data` the fields as a browser sends them (name, value), and
    `size` the characters of these.
    """

    outside_trail = _("one person's typing, no record of account")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="drafts"
    )
    form = models.CharField(max_length=300)
    data = models.JSONField(default=list)
    size = models.PositiveIntegerField(default=0)
    saved_at = models.DateTimeField()

    left_out_of_export = "not saved yet, and its writer's alone"

    class Meta:
        verbose_name = _("draft")
        verbose_name_plural = _("drafts")
        ordering = ("-saved_at",)
        constraints = (models.UniqueConstraint(fields=("user", "form"), name="draft_once"),)

    def __str__(self) -> str:
        return self.form


class Notice(models.Model):
    """Something one person should know: told once an event, in the application and by mail.

    `event` names what happened, so that the same thing is never told twice; the text is made
    from `kind` and `args` in the reader's language. An attempt to mail counts before it begins, and
    none begins before `mail_after`; after MAIL_ATTEMPTS the mail is given up.
    """

    MAIL_ATTEMPTS = 8
    outside_trail = _("tells of what stands elsewhere")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notices"
    )
    event = models.CharField(max_length=200)
    kind = models.CharField(max_length=40)
    args = models.JSONField(default=dict)
    path = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)
    mailed_at = models.DateTimeField(null=True)
    mail_attempts = models.PositiveSmallIntegerField(default=0)
    mail_after = models.DateTimeField(null=True)
    mail_error = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        ordering = ("-created_at", "-pk")
        constraints = (models.UniqueConstraint(fields=("user", "event"), name="notice_once"),)
        indexes = (
            models.Index(
                fields=("user",), condition=models.Q(read_at__isnull=True), name="notice_unread"
            ),
        )

    def __str__(self) -> str:
        return self.event

    @property
    def is_mail_given_up(self) -> bool:
        return self.mailed_at is None and self.mail_attempts >= self.MAIL_ATTEMPTS


class JobMark(models.Model):
    """How a regular job stands (`governance.jobs`): taken before it runs, so that of two that ask at
    one moment one runs it.

    `planned_for` is the moment of its rhythm that it ran for last; `failures` counts those in a row.
    """

    outside_trail = _("when a job ran")

    name = models.CharField(max_length=60, unique=True)
    planned_for = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    is_running = models.BooleanField(default=False)
    failures = models.PositiveIntegerField(default=0)
    failed_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=500, blank=True)

    class Meta:
        verbose_name = _("regular job")
        verbose_name_plural = _("regular jobs")

    def __str__(self) -> str:
        return self.name
