from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from governance.access import Access, Resource
from governance.fields import columns
from governance.fields.columns import within_bounds
from governance.models.base import Tracked
from governance.querysets import ScopedQuerySet
from projects.models.base import Registered, one_holder, stated, year_in_range
from projects.models.choices import (
    BenefitKind,
    Horizon,
    KpiDirection,
    KpiKind,
    ValueState,
)


def _state() -> "models.CharField[str, str]":
    return models.CharField(
        _("state of the figure"),
        max_length=14,
        choices=ValueState.choices,
        default=ValueState.MISSING,
    )


class Kpi(Registered):
    """A node of the goal chain: activity → output → outcome."""

    code = columns.Line(_("KPI code"), max_length=60, unique=True)
    system = models.ForeignKey(
        "projects.System",
        verbose_name=_("system"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="kpis",
    )
    project = models.ForeignKey(
        "projects.Project",
        verbose_name=_("project"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="kpis",
    )
    kind = models.CharField(_("kind"), max_length=10, choices=KpiKind.choices)
    horizon = models.CharField(
        _("horizon"), max_length=8, choices=Horizon.choices, blank=True, default=Horizon.NONE
    )
    title = columns.Prose(_("goal"))
    indicator = columns.Line(_("indicator"), max_length=500, blank=True)
    unit = columns.Line(_("unit"), max_length=40, blank=True)
    direction = models.CharField(
        _("direction"), max_length=8, choices=KpiDirection.choices, default=KpiDirection.UNKNOWN
    )
    source = columns.Line(_("source"), max_length=300, blank=True)

    objects = ScopedQuerySet.as_manager()
    access = (
        Access(
            Resource.KPI,
            agency=("system__agency_id", "project__agency_id"),
            project=("project_id", "system__projects"),
            many=True,
        ),
    )

    class Meta:
        verbose_name = _("KPI")
        verbose_name_plural = _("KPIs")
        ordering = ("code",)
        constraints = (one_holder("kpi_holder"),)

    def __str__(self) -> str:
        return str(self.title[:120])


class KpiLink(Registered):
    """Why one goal leads to another: the reason is part of the plan."""

    origin = models.ForeignKey(
        Kpi, verbose_name=_("from"), on_delete=models.PROTECT, related_name="links_out"
    )
    target = models.ForeignKey(
        Kpi, verbose_name=_("to"), on_delete=models.PROTECT, related_name="links_in"
    )
    reason = columns.Prose(_("reason"), blank=True)

    objects = ScopedQuerySet.as_manager()
    access = (
        Access(
            Resource.KPI,
            agency=("origin__system__agency_id", "origin__project__agency_id"),
            project=("origin__project_id", "origin__system__projects"),
            many=True,
        ),
    )

    class Meta:
        verbose_name = _("KPI link")
        verbose_name_plural = _("KPI links")
        ordering = ("origin_id", "target_id")
        constraints = (
            models.UniqueConstraint(
                fields=("origin", "target"),
                name="kpi_link_once",
                violation_error_message=_("This link exists already."),
            ),
            models.CheckConstraint(
                condition=~Q(origin=F("target")),
                name="kpi_link_two_goals",
                violation_error_message=_("A goal cannot lead to itself."),
            ),
        )

    def __str__(self) -> str:
        return f"{self.origin} → {self.target}"


class KpiValue(Registered):
    """Target and actual of a KPI in one year; a new method version breaks the series."""

    kpi = models.ForeignKey(
        Kpi, verbose_name=_("KPI"), on_delete=models.PROTECT, related_name="values"
    )
    fiscal_year = columns.FiscalYear(_("fiscal year"))
    # 15 digits: what SQLite, which keeps decimals as binary floats, gives back exactly.
    method_version = models.PositiveSmallIntegerField(_("method version"), default=1)
    target = models.DecimalField(
        _("target"), max_digits=15, decimal_places=3, null=True, blank=True
    )
    target_state = _state()
    actual = models.DecimalField(
        _("actual"), max_digits=15, decimal_places=3, null=True, blank=True
    )
    actual_state = _state()

    objects = ScopedQuerySet.as_manager()
    access = (
        Access(
            Resource.KPI,
            agency=("kpi__system__agency_id", "kpi__project__agency_id"),
            project=("kpi__project_id", "kpi__system__projects"),
            many=True,
        ),
    )

    class Meta:
        verbose_name = _("KPI value")
        verbose_name_plural = _("KPI values")
        ordering = ("kpi_id", "fiscal_year", "method_version")
        constraints = (
            models.UniqueConstraint(
                fields=("kpi", "fiscal_year", "method_version"),
                name="kpi_value_once",
                violation_error_message=_("This KPI has values for that year already."),
            ),
            year_in_range("fiscal_year", "kpi_value_year"),
            stated("target", "kpi_target_stated"),
            stated("actual", "kpi_actual_stated"),
        )

    def __str__(self) -> str:
        return f"{self.kpi} {self.fiscal_year}"


class KpiMethod(Tracked):
    """How a KPI is measured, from a year on: a new method breaks the series."""

    kpi = models.ForeignKey(
        Kpi, verbose_name=_("KPI"), on_delete=models.PROTECT, related_name="methods"
    )
    number = models.PositiveSmallIntegerField(_("method version"))
    from_year = columns.FiscalYear(_("from fiscal year"))
    description = columns.Prose(_("how it is measured"))
    reason = columns.Prose(_("why it changed"), blank=True)

    objects = ScopedQuerySet.as_manager()
    access = (
        Access(
            Resource.KPI,
            agency=("kpi__system__agency_id", "kpi__project__agency_id"),
            project=("kpi__project_id", "kpi__system__projects"),
            many=True,
        ),
    )

    class Meta:
        verbose_name = _("method of a KPI")
        verbose_name_plural = _("methods of KPIs")
        ordering = ("kpi_id", "number")
        constraints = (
            models.UniqueConstraint(
                fields=("kpi", "number"),
                name="kpi_method_once",
                violation_error_message=_("This KPI has that method already."),
            ),
            year_in_range("from_year", "kpi_method_year"),
            models.CheckConstraint(
                condition=Q(number=1) | ~Q(reason=""),
                name="kpi_method_reason",
                violation_error_message=_("A new method needs a reason."),
            ),
        )

    def __str__(self) -> str:
        return f"{self.kpi} v{self.number}"


class Benefit(Registered):
    """What users or the government gain from a project in one year, in yen."""

    project = models.ForeignKey(
        "projects.Project",
        verbose_name=_("project"),
        on_delete=models.PROTECT,
        related_name="benefits",
    )
    kind = models.CharField(_("kind"), max_length=10, choices=BenefitKind.choices)
    fiscal_year = columns.FiscalYear(_("fiscal year"))
    planned = columns.Yen(_("planned"), null=True, blank=True)
    planned_state = _state()
    realised = columns.Yen(_("realised"), null=True, blank=True)
    realised_state = _state()
    method = columns.Line(_("how it is measured"), max_length=300, blank=True)

    objects = ScopedQuerySet.as_manager()
    access = (Access(Resource.KPI, agency=("project__agency_id",), project=("project_id",)),)

    class Meta:
        verbose_name = _("benefit")
        verbose_name_plural = _("benefits")
        ordering = ("project_id", "fiscal_year", "kind")
        constraints = (
            models.UniqueConstraint(
                fields=("project", "kind", "fiscal_year"),
                name="benefit_once",
                violation_error_message=_("This benefit has figures for that year already."),
            ),
            year_in_range("fiscal_year", "benefit_year"),
            stated("planned", "benefit_planned_stated"),
            stated("realised", "benefit_realised_stated"),
            within_bounds("planned", "benefit_planned_bound"),
            within_bounds("realised", "benefit_realised_bound"),
        )

    def __str__(self) -> str:
        return f"{self.project} {self.get_kind_display()} {self.fiscal_year}"
