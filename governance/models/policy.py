from datetime import date

from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from governance.access import Access, Resource
from governance.fields import columns
from governance.models.base import Tracked, Valid, validity_constraint
from governance.querysets import ScopedQuerySet


class Target(Tracked):
    """A national or agency target: from a base to a value by a fiscal year, with its source."""

    class Direction(models.TextChoices):
        UP = "up", _("higher is better")
        DOWN = "down", _("lower is better")

    code = models.SlugField(_("target code"), max_length=40, unique=True)
    title = columns.Line(_("title (Japanese)"), max_length=200)
    title_en = columns.Line(_("title (English)"), max_length=200, blank=True)
    agency = models.ForeignKey(
        "governance.Agency",
        verbose_name=_("agency"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="targets",
        help_text=_("Empty for a target of the whole government."),
    )
    metric_id = columns.Line(_("metric"), max_length=60)
    direction = models.CharField(_("direction"), max_length=4, choices=Direction.choices)
    unit = columns.Line(_("unit"), max_length=20)
    base_year = columns.FiscalYear(_("base year"), null=True, blank=True)
    base_value = models.DecimalField(
        _("base value"), max_digits=15, decimal_places=3, null=True, blank=True
    )
    target_year = columns.FiscalYear(_("target year"))
    target_value = models.DecimalField(_("target value"), max_digits=15, decimal_places=3)
    source = columns.Line(_("source"), max_length=300, blank=True)

    objects = ScopedQuerySet.as_manager()
    access = (Access(Resource.MASTER),)

    class Meta:
        verbose_name = _("target")
        verbose_name_plural = _("targets")
        ordering = ("target_year", "code")
        constraints = (
            models.CheckConstraint(
                condition=Q(base_year__isnull=True) | Q(target_year__gte=F("base_year")),
                name="target_after_base",
                violation_error_message=_("The target year lies before the base year."),
            ),
        )

    def __str__(self) -> str:
        return str(self.title)


class PlanAction(Tracked):
    """One action of a ministry's multi-year plan (中長期計画 / 実行計画)."""

    class Strand(models.TextChoices):
        INVEST = "invest", _("investment management")
        CUT = "cut", _("cost reduction")
        ONLINE = "online", _("online services")

    class Status(models.TextChoices):
        PLANNED = "planned", _("planned")
        RUNNING = "running", _("under way")
        DONE = "done", _("done")
        EXTENDED = "extended", _("extended")
        STOPPED = "stopped", _("stopped")

    code = models.SlugField(_("action code"), max_length=40, unique=True)
    agency = models.ForeignKey(
        "governance.Agency",
        verbose_name=_("agency"),
        on_delete=models.PROTECT,
        related_name="plan_actions",
    )
    title = columns.Line(_("title"), max_length=200)
    strand = models.CharField(_("strand"), max_length=10, choices=Strand.choices)
    responsible = columns.Line(_("responsible body"), max_length=120)
    start_year = columns.FiscalYear(_("start year"))
    end_year = columns.FiscalYear(_("end year"))
    kpi = columns.Line(_("KPI"), max_length=300, blank=True)
    status = models.CharField(_("status"), max_length=10, choices=Status.choices)
    follow_up = columns.Prose(_("follow-up"), blank=True)

    objects = ScopedQuerySet.as_manager()
    access = (Access(Resource.PLAN, agency=("agency_id",)),)

    class Meta:
        verbose_name = _("plan action")
        verbose_name_plural = _("plan actions")
        ordering = ("agency__order", "start_year", "code")
        constraints = (
            models.CheckConstraint(
                condition=Q(end_year__gte=F("start_year")),
                name="plan_action_years",
                violation_error_message=_("The end year lies before the start year."),
            ),
        )

    def __str__(self) -> str:
        return str(self.title)


class RiskPolicy(Valid, Tracked):
    """Thresholds of one risk rule for a time; the CIO office writes them, with a reason. They count
    once a second person of it has agreed."""

    rule_id = columns.Line(_("rule"), max_length=60)
    parameters = columns.Json(_("parameters"), default=dict)
    reason = columns.Prose(_("reason"), blank=True)
    is_in_force = models.BooleanField(_("in force"), default=False)

    objects = ScopedQuerySet.as_manager()
    access = (Access(Resource.MASTER),)

    class Meta:
        verbose_name = _("risk policy")
        verbose_name_plural = _("risk policies")
        ordering = ("rule_id", "valid_from")
        constraints = (
            validity_constraint("risk_policy_validity"),
            models.UniqueConstraint(
                F("rule_id"),
                Coalesce("valid_from", Value(date(1, 1, 1))),
                name="risk_policy_once",
                violation_error_message=_("This rule has a policy from that day already."),
            ),
        )

    def __str__(self) -> str:
        return str(self.rule_id)
