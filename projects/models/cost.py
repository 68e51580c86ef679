from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from governance.access import Access, Resource
from governance.fields import columns
from governance.fields.columns import within_bounds
from governance.querysets import ScopedQuerySet
from projects.models.base import (
    Registered,
    once_per_holder,
    one_holder,
    stated,
    year_in_range,
)
from projects.models.choices import EXECUTION_STAGES, SIGNED_STAGES, Stage, ValueState

_AGENCY = ("system__agency_id", "project__agency_id")
_PROJECT = ("project_id", "system__projects")


class CostLine(Registered):
    """Yen of one system or project, for one year, cost item and budget stage.

    `budget_year` is what the money is for, `sheet_year` when it was reported: the latest report
    wins in every total while the earlier ones stay readable.
    """

    system = models.ForeignKey(
        "projects.System",
        verbose_name=_("system"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="cost_lines",
    )
    project = models.ForeignKey(
        "projects.Project",
        verbose_name=_("project"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="cost_lines",
    )
    budget_year = columns.FiscalYear(_("budget year"))
    sheet_year = columns.FiscalYear(_("sheet year"))
    cost_item = models.ForeignKey(
        "projects.CostItem",
        verbose_name=_("cost item"),
        on_delete=models.PROTECT,
        related_name="lines",
    )
    stage = models.CharField(_("budget stage"), max_length=14, choices=Stage.choices)
    account = columns.Line(_("account"), max_length=120, blank=True)
    amount = columns.Yen(_("amount"), null=True, blank=True)
    amount_state = models.CharField(
        _("state of the figure"),
        max_length=14,
        choices=ValueState.choices,
        default=ValueState.REPORTED,
    )
    note = columns.Line(_("note"), max_length=500, blank=True)

    objects = ScopedQuerySet.as_manager()
    access = (
        Access(
            Resource.BUDGET,
            agency=_AGENCY,
            project=_PROJECT,
            when=~Q(stage__in=EXECUTION_STAGES),
            many=True,
        ),
        Access(
            Resource.EXECUTION,
            agency=_AGENCY,
            project=_PROJECT,
            when=Q(stage__in=EXECUTION_STAGES),
            many=True,
        ),
    )

    class Meta:
        verbose_name = _("cost line")
        verbose_name_plural = _("cost lines")
        ordering = ("-budget_year", "stage", "pk")
        constraints = (
            one_holder("cost_line_holder"),
            year_in_range("budget_year", "cost_line_budget_year"),
            year_in_range("sheet_year", "cost_line_sheet_year"),
            stated("amount", "cost_line_amount_stated"),
            within_bounds("amount", "cost_line_amount_bound"),
            models.CheckConstraint(
                condition=Q(amount__isnull=True) | Q(amount__gte=0) | Q(stage__in=SIGNED_STAGES),
                name="cost_line_not_negative",
                violation_error_message=_(
                    "Only supplements, reserve funds and transfers can be negative amounts."
                ),
            ),
            *once_per_holder(
                "cost_line_once",
                ("budget_year", "cost_item", "stage", "account", "sheet_year"),
                _("This cost line exists already."),
            ),
        )
        indexes = (
            models.Index(fields=("system", "budget_year"), name="cost_line_system_year"),
            models.Index(fields=("project", "budget_year"), name="cost_line_project_year"),
        )

    def __str__(self) -> str:
        return f"{self.system or self.project} {self.budget_year} {self.get_stage_display()}"
