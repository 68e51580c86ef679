"""What belongs to one person at work: forms begun, and notices."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Draft(models.Model):
    """What somebody typed into a form and has not saved: theirs alone, no record of account.

    `form` is the address of the form; `data` the fields as a browser sends them (name, value), and
    `size` the characters of these.
    """

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
    from `kind` and `args` in the reader's language.
    """

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


class JobMark(models.Model):
    """When a regular job ran last, and for which day: `manage.py run_due_jobs` asks it."""

    name = models.CharField(max_length=60, unique=True)
    ran_for = models.DateField()
    ran_at = models.DateTimeField()

    class Meta:
        verbose_name = _("regular job")
        verbose_name_plural = _("regular jobs")

    def __str__(self) -> str:
        return f"{self.name} {self.ran_for}"
