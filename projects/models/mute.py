from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from governance.access import Access, Resource
from governance.fields import columns
from governance.models.base import Tracked
from governance.querysets import ScopedQuerySet
from projects.models.base import person_field
from projects.models.choices import FlagSeverity, RequestState


class FlagMute(Tracked):
    """A flag asked to be set aside until a day, at the severity that it had; somebody else decides.

    It covers what was known then: a flag that becomes graver is heard again.
    """

    flag = models.ForeignKey(
        "projects.RiskFlag",
        verbose_name=_("risk flag"),
        on_delete=models.PROTECT,
        related_name="mutes",
    )
    severity = models.CharField(_("severity"), max_length=8, choices=FlagSeverity.choices)
    reason = columns.Prose(_("reason"))
    expires_on = columns.Day(_("until"))
    state = models.CharField(
        _("state"), max_length=10, choices=RequestState.choices, default=RequestState.REQUESTED
    )
    requested_at = models.DateTimeField(_("requested at"))
    requested_by = person_field(_("requested by"))
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)
    decided_by = person_field(_("decided by"))
    decision_reason = columns.Prose(_("reason of the decision"), blank=True)

    objects = ScopedQuerySet.as_manager()
    access = (
        Access(
            Resource.FLAG,
            agency=("flag__agency_id",),
            project=(
                "flag__project_id",
                "flag__contract__project_id",
                "flag__review__project_id",
                "flag__system__projects",
            ),
            many=True,
        ),
    )

    class Meta:
        verbose_name = _("muting of a flag")
        verbose_name_plural = _("mutings of flags")
        ordering = ("-requested_at", "pk")
        constraints = (
            models.UniqueConstraint(
                fields=("flag",),
                condition=Q(state=RequestState.REQUESTED),
                name="flag_mute_one_request",
                violation_error_message=_("A muting of this flag waits for a decision."),
            ),
            models.CheckConstraint(
                condition=~Q(reason=""),
                name="flag_mute_reason",
                violation_error_message=_("Say why the flag should be muted."),
            ),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True)
                | Q(requested_by__isnull=True)
                | ~Q(state__in=[RequestState.APPROVED, RequestState.REJECTED])
                | ~Q(decided_by=F("requested_by")),
                name="flag_mute_author_is_not_approver",
                violation_error_message=_("Nobody decides on their own request."),
            ),
        )

    def __str__(self) -> str:
        return f"{self.flag} → {self.expires_on}"
