from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from governance.access import Access, Resource
from governance.fields import columns
from governance.querysets import ScopedQuerySet
from projects.models.base import Registered, in_order
from projects.models.choices import ProjectPhase


class Project(Registered):
    """An undertaking that builds or renews systems, led by a PJMO."""

    code = columns.Line(_("project code"), max_length=40, unique=True)
    name = columns.Line(_("name"), max_length=200)
    name_en = columns.Line(_("name (English)"), max_length=200, blank=True)
    agency = models.ForeignKey(
        "governance.Agency",
        verbose_name=_("agency"),
        on_delete=models.PROTECT,
        related_name="projects",
    )
    systems = models.ManyToManyField(
        "projects.System", verbose_name=_("systems"), related_name="projects", blank=True
    )
    phase = models.CharField(_("phase"), max_length=14, choices=ProjectPhase.choices)
    is_priority = models.BooleanField(_("priority project (重点プロジェクト)"), default=False)
    purpose = columns.Prose(_("purpose"), blank=True)
    head_name = columns.Line(
        _("project leader (プロジェクト推進責任者)"), max_length=120, blank=True
    )
    started_on = columns.Day(_("started on"), null=True, blank=True)
    ended_on = columns.Day(_("ended on"), null=True, blank=True)

    objects = ScopedQuerySet.as_manager()
    access = (Access(Resource.PROJECT, agency=("agency_id",), project=("pk",)),)

    class Meta:
        verbose_name = _("project")
        verbose_name_plural = _("projects")
        ordering = ("code",)
        constraints = (
            models.CheckConstraint(
                condition=~Q(code=""),
                name="project_code_given",
                violation_error_message=_("A project needs its code."),
            ),
            in_order(
                "started_on",
                "ended_on",
                "project_end_after_start",
                _("The end lies before the start."),
            ),
        )

    def __str__(self) -> str:
        return str(self.name)
