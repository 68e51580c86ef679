from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from governance.access import Access, Resource
from governance.fields import columns
from governance.querysets import ScopedQuerySet
from projects.models.base import Registered, owner_field
from projects.models.choices import RiskKind, RiskStatus

_ONE_TO_FIVE = [MinValueValidator(1), MaxValueValidator(5)]


class Risk(Registered):
    """A risk or an issue of a project, with owner, plan and due day."""

    project = models.ForeignKey(
        "projects.Project",
        verbose_name=_("project"),
        on_delete=models.PROTECT,
        related_name="risks",
    )
    kind = models.CharField(_("kind"), max_length=6, choices=RiskKind.choices)
    title = columns.Line(_("title"), max_length=200)
    description = columns.Prose(_("description"), blank=True)
    probability = models.PositiveSmallIntegerField(
        _("probability (1–5)"), null=True, blank=True, validators=_ONE_TO_FIVE
    )
    impact = models.PositiveSmallIntegerField(
        _("impact (1–5)"), null=True, blank=True, validators=_ONE_TO_FIVE
    )
    plan = columns.Prose(_("treatment plan"), blank=True)
    owner_user = owner_field()
    owner = columns.Line(_("owner outside of this site"), max_length=120, blank=True)
    status = models.CharField(
        _("status"), max_length=10, choices=RiskStatus.choices, default=RiskStatus.OPEN
    )
    due_on = columns.Day(_("due on"), null=True, blank=True)
    closed_on = columns.Day(_("closed on"), null=True, blank=True)

    objects = ScopedQuerySet.as_manager()
    access = (Access(Resource.RISK, agency=("project__agency_id",), project=("project_id",)),)

    class Meta:
        verbose_name = _("risk or issue")
        verbose_name_plural = _("risks and issues")
        ordering = ("project_id", "pk")
        constraints = (
            models.CheckConstraint(
                condition=(Q(probability__isnull=True) | Q(probability__range=(1, 5)))
                & (Q(impact__isnull=True) | Q(impact__range=(1, 5))),
                name="risk_one_to_five",
                violation_error_message=_("Probability and impact go from 1 to 5."),
            ),
            models.CheckConstraint(
                condition=~Q(status=RiskStatus.CLOSED) | Q(closed_on__isnull=False),
                name="risk_closed_has_day",
                violation_error_message=_("Give the day on which it was closed."),
            ),
        )

    def __str__(self) -> str:
        return str(self.title)

    @property
    def owner_name(self) -> str:
        """Whose work it is, in words; "" where nobody is named."""
        return str(self.owner_user or self.owner)
