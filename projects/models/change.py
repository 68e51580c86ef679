from django.core.validators import MinLengthValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from governance.access import Access, Resource, Role
from governance.fields import columns
from governance.models.base import Tracked
from governance.querysets import ScopedQuerySet
from projects.models.base import person_field
from projects.models.choices import RequestState

SHORTEST_REASON = 10
"""Characters that a reason has at least: "x" explains nothing to who decides."""


class ChangeRequest(Tracked):
    """Fields of one record asked to be changed; somebody else decides.

    The record is named by its kind (as in addresses) and number; agency, system, project and
    resource say whose it was when this was asked; a list of the whole government is no agency's. `before` and `after` hold the fields in question
    by name, foreign keys as ids. `higher` is the office that decides where nobody else of the one
    that has the right could.
    """

    kind = models.CharField(_("kind"), max_length=40)
    object_pk = models.PositiveBigIntegerField(_("number"))
    object_name = models.CharField(_("record"), max_length=300)
    resource = models.CharField(_("resource"), max_length=30)
    agency = models.ForeignKey(
        "governance.Agency",
        verbose_name=_("agency"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    system = models.ForeignKey(
        "projects.System",
        verbose_name=_("system"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    project = models.ForeignKey(
        "projects.Project",
        verbose_name=_("project"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    before = columns.Json(_("before"))
    after = columns.Json(_("asked for"))
    reason = columns.Prose(_("reason"), validators=[MinLengthValidator(SHORTEST_REASON)])
    higher = models.CharField(
        _("decided one level up by"), max_length=30, choices=Role.choices, blank=True
    )
    state = models.CharField(
        _("state"), max_length=10, choices=RequestState.choices, default=RequestState.REQUESTED
    )
    requested_at = models.DateTimeField(_("requested at"))
    requested_by = person_field(_("requested by"))
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)
    decided_by = person_field(_("decided by"))
    decision_reason = columns.Prose(_("reason of the decision"), blank=True)

    objects = ScopedQuerySet.as_manager()
    access = tuple(
        Access(
            resource,
            agency=("agency_id",),
            project=("project_id", "system__projects"),
            when=Q(resource=resource.value),
            many=True,
        )
        for resource in (
            Resource.SYSTEM,
            Resource.PROJECT,
            Resource.BASELINE,
            Resource.RISK,
            Resource.KPI,
            Resource.CONTRACT,
            Resource.BUDGET,
            Resource.EXECUTION,
            Resource.REVIEW_SELF,
            Resource.REVIEW_MINISTRY,
            Resource.REVIEW_CIO,
            Resource.VERIFICATION,
            Resource.MASTER,
        )
    )

    class Meta:
        verbose_name = _("change request")
        verbose_name_plural = _("change requests")
        ordering = ("-requested_at", "-pk")
        indexes = (models.Index(fields=("kind", "object_pk"), name="change_request_object"),)
        constraints = (
            models.UniqueConstraint(
                fields=("kind", "object_pk"),
                condition=Q(state=RequestState.REQUESTED),
                name="change_request_once",
                violation_error_message=_("A change of this record waits for a decision."),
            ),
            models.CheckConstraint(
                condition=~Q(reason=""),
                name="change_request_reason",
                violation_error_message=_("Say why it should change."),
            ),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True)
                | Q(requested_by__isnull=True)
                | ~Q(state__in=[RequestState.APPROVED, RequestState.REJECTED])
                | ~Q(decided_by=F("requested_by")),
                name="change_request_author_is_not_approver",
                violation_error_message=_("Nobody decides on their own request."),
            ),
        )

    def __str__(self) -> str:
        return self.object_name
