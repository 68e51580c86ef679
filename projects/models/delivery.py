from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from governance.access import Access, Resource
from governance.querysets import ScopedQuerySet
from projects.models.base import Registered, in_order, not_negative
from projects.models.choices import Confidence, UpdateState


class Baseline(Registered):
    """A plan that was agreed on. Number 1 stays for ever; later ones stand beside it."""

    project = models.ForeignKey(
        "projects.Project",
        verbose_name=_("project"),
        on_delete=models.PROTECT,
        related_name="baselines",
    )
    number = models.PositiveSmallIntegerField(_("number"), validators=[MinValueValidator(1)])
    agreed_on = models.DateField(_("agreed on"))
    reason = models.TextField(_("reason"), blank=True)
    planned_start_on = models.DateField(_("planned start"))
    planned_end_on = models.DateField(_("planned end"))
    budget_at_completion = models.BigIntegerField(_("budget at completion"))

    objects = ScopedQuerySet.as_manager()
    access = (Access(Resource.BASELINE, agency=("project__agency_id",), project=("project_id",)),)

    class Meta:
        verbose_name = _("baseline")
        verbose_name_plural = _("baselines")
        ordering = ("project_id", "number")
        constraints = (
            models.UniqueConstraint(
                fields=("project", "number"),
                name="baseline_once",
                violation_error_message=_("This project has a baseline of that number already."),
            ),
            models.CheckConstraint(condition=Q(number__gte=1), name="baseline_number"),
            not_negative("budget_at_completion", "baseline_budget_positive"),
            in_order(
                "planned_start_on",
                "planned_end_on",
                "baseline_dates",
                _("The planned end lies before the planned start."),
            ),
            models.CheckConstraint(
                condition=Q(number=1) | ~Q(reason=""),
                name="rebaseline_has_reason",
                violation_error_message=_("A new baseline needs a reason."),
            ),
        )

    def __str__(self) -> str:
        return f"{self.project} #{self.number}"


class Milestone(Registered):
    """A milestone or gate with its planned, forecast and actual day."""

    class Kind(models.TextChoices):
        MILESTONE = "milestone", _("milestone")
        GATE = "gate", _("gate")

    project = models.ForeignKey(
        "projects.Project",
        verbose_name=_("project"),
        on_delete=models.PROTECT,
        related_name="milestones",
    )
    name = models.CharField(_("name"), max_length=200)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices, default=Kind.MILESTONE)
    planned_on = models.DateField(_("planned"))
    forecast_on = models.DateField(_("forecast"), null=True, blank=True)
    actual_on = models.DateField(_("actual"), null=True, blank=True)

    objects = ScopedQuerySet.as_manager()
    access = (Access(Resource.BASELINE, agency=("project__agency_id",), project=("project_id",)),)

    class Meta:
        verbose_name = _("milestone")
        verbose_name_plural = _("milestones")
        ordering = ("project_id", "planned_on", "pk")
        constraints = (
            models.UniqueConstraint(
                fields=("project", "name"),
                name="milestone_once",
                violation_error_message=_("This project has a milestone of that name already."),
            ),
        )

    def __str__(self) -> str:
        return self.name


class MonthlyUpdate(Registered):
    """What the PJMO reported for one month; a correction is a new revision, the old one stays."""

    project = models.ForeignKey(
        "projects.Project",
        verbose_name=_("project"),
        on_delete=models.PROTECT,
        related_name="updates",
    )
    period = models.DateField(_("month"), help_text=_("The first day of the month."))
    revision = models.PositiveSmallIntegerField(_("revision"), default=1)
    state = models.CharField(
        _("state"), max_length=10, choices=UpdateState.choices, default=UpdateState.DRAFT
    )
    progress_percent = models.DecimalField(
        _("progress"),
        max_digits=5,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0), MaxValueValidator(100)],
    )
    planned_value = models.BigIntegerField(_("planned value"), null=True, blank=True)
    earned_value = models.BigIntegerField(_("earned value"), null=True, blank=True)
    actual_cost = models.BigIntegerField(_("actual cost to date"), null=True, blank=True)
    forecast_cost = models.BigIntegerField(_("forecast final cost"), null=True, blank=True)
    forecast_end_on = models.DateField(_("forecast finish"), null=True, blank=True)
    confidence = models.PositiveSmallIntegerField(
        _("PJMO's confidence"), choices=Confidence.choices, null=True, blank=True
    )
    narrative = models.TextField(_("narrative"), blank=True)
    submitted_at = models.DateTimeField(_("submitted at"), null=True, blank=True, editable=False)
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("submitted by"),
        null=True,
        blank=True,
        editable=False,
        on_delete=models.PROTECT,
        related_name="+",
    )
    approved_at = models.DateTimeField(_("approved at"), null=True, blank=True, editable=False)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("approved by"),
        null=True,
        blank=True,
        editable=False,
        on_delete=models.PROTECT,
        related_name="+",
    )

    objects = ScopedQuerySet.as_manager()
    access = (Access(Resource.UPDATE, agency=("project__agency_id",), project=("project_id",)),)

    class Meta:
        verbose_name = _("monthly update")
        verbose_name_plural = _("monthly updates")
        ordering = ("-period", "project_id", "-revision")
        constraints = (
            models.UniqueConstraint(
                fields=("project", "period", "revision"),
                name="update_once",
                violation_error_message=_("This project has a report for that month already."),
            ),
            models.CheckConstraint(
                condition=Q(period__day=1),
                name="update_period_is_month",
                violation_error_message=_("A report belongs to a month: give its first day."),
            ),
            models.CheckConstraint(
                condition=Q(progress_percent__isnull=True)
                | Q(progress_percent__gte=0, progress_percent__lte=100),
                name="update_progress_range",
                violation_error_message=_("Progress lies between 0 and 100 %."),
            ),
            not_negative("planned_value", "update_pv_positive"),
            not_negative("earned_value", "update_ev_positive"),
            not_negative("actual_cost", "update_ac_positive"),
            not_negative("forecast_cost", "update_forecast_positive"),
            models.CheckConstraint(
                condition=Q(state__in=[UpdateState.DRAFT, UpdateState.RETURNED])
                | Q(submitted_at__isnull=False),
                name="update_submitted_has_time",
            ),
            models.CheckConstraint(
                condition=~Q(state=UpdateState.APPROVED) | Q(approved_at__isnull=False),
                name="update_approved_has_time",
            ),
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True)
                | Q(submitted_by__isnull=True)
                | ~Q(approved_by=F("submitted_by")),
                name="update_author_is_not_approver",
                violation_error_message=_("Nobody approves their own report."),
            ),
        )

    def __str__(self) -> str:
        return f"{self.project} {self.period:%Y-%m}"
