from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from governance.access import Access, Resource
from governance.fields import columns
from governance.models.base import Tracked
from governance.querysets import ScopedQuerySet


class Scenario(Tracked):
    """Assumptions under which somebody looks at the portfolio, kept under a name.

    No record of account: it holds what is assumed (`metrics.assumptions`), never a result, and
    nothing of the register depends on it. Without an agency it is about the whole government.
    """

    name = columns.Line(_("name"), max_length=120)
    note = columns.Prose(_("note"), blank=True)
    agency = models.ForeignKey(
        "governance.Agency",
        verbose_name=_("agency"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="scenarios",
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("owner"),
        editable=False,
        on_delete=models.PROTECT,
        related_name="scenarios",
    )
    assumptions = columns.Json(_("assumptions"), default=dict, blank=True)

    objects = ScopedQuerySet.as_manager()
    access = (Access(Resource.SCENARIO, agency=("agency_id",)),)

    class Meta:
        verbose_name = _("scenario")
        verbose_name_plural = _("scenarios")
        ordering = ("name", "pk")
        constraints = (
            models.UniqueConstraint(
                fields=("owner", "name"),
                name="scenario_name_once_per_owner",
                violation_error_message=_("You have a scenario of this name already."),
            ),
            models.CheckConstraint(
                condition=~Q(name=""),
                name="scenario_named",
                violation_error_message=_("Give the scenario a name."),
            ),
        )

    def __str__(self) -> str:
        return str(self.name)
