from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from governance.access import Access, Resource
from governance.fields import columns
from governance.fields.columns import within_bounds
from governance.querysets import ScopedQuerySet
from projects.models.base import Registered, in_order, not_negative, person_field
from projects.models.choices import (
    OPEN_STATES,
    SETTLED_STATES,
    Confidence,
    EarnedBasis,
    RequestState,
    UpdateState,
)


def _moment(label: Any) -> "models.DateTimeField[Any, Any]":
    return models.DateTimeField(label, null=True, blank=True, editable=False)


class Baseline(Registered):
    """A plan that was agreed on, or is asked for.

    A plan gets its number when another person than its author agrees to it. Number 1 stays for
    ever; later ones stand beside it.
    """

    project = models.ForeignKey(
        "projects.Project",
        verbose_name=_("project"),
        on_delete=models.PROTECT,
        related_name="baselines",
    )
    number = models.PositiveSmallIntegerField(
        _("number"), null=True, blank=True, editable=False, validators=[MinValueValidator(1)]
    )
    state = models.CharField(
        _("state"),
        max_length=10,
        choices=RequestState.choices,
        default=RequestState.REQUESTED,
        editable=False,
    )
    agreed_on = columns.Day(_("agreed on"), null=True, blank=True, editable=False)
    reason = columns.Prose(_("reason"), blank=True)
    planned_start_on = columns.Day(_("planned start"))
    planned_end_on = columns.Day(_("planned end"))
    budget_at_completion = columns.Yen(_("budget at completion"))
    requested_at = _moment(_("requested at"))
    requested_by = person_field(_("requested by"))
    decided_at = _moment(_("decided at"))
    decided_by = person_field(_("decided by"))
    decision_reason = columns.Prose(_("reason of the decision"), blank=True, editable=False)

    objects = ScopedQuerySet.as_manager()
    access = (Access(Resource.BASELINE, agency=("project__agency_id",), project=("project_id",)),)

    class Meta:
        verbose_name = _("baseline")
        verbose_name_plural = _("baselines")
        ordering = ("project_id", "number")
        constraints = (
            within_bounds("budget_at_completion", "baseline_budget_bound"),
            models.UniqueConstraint(
                fields=("project", "number"),
                name="baseline_once",
                violation_error_message=_("This project has a baseline of that number already."),
            ),
            models.CheckConstraint(
                condition=Q(state=RequestState.APPROVED, number__gte=1, agreed_on__isnull=False)
                | (~Q(state=RequestState.APPROVED) & Q(number__isnull=True)),
                name="baseline_numbered_when_agreed",
            ),
            models.UniqueConstraint(
                fields=("project",),
                condition=Q(state=RequestState.REQUESTED),
                name="baseline_one_request",
                violation_error_message=_("A baseline of this project waits for a decision."),
            ),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True)
                | Q(requested_by__isnull=True)
                | ~Q(state__in=[RequestState.APPROVED, RequestState.REJECTED])
                | ~Q(decided_by=F("requested_by")),
                name="baseline_author_is_not_approver",
                violation_error_message=_("Nobody decides on their own request."),
            ),
            not_negative("budget_at_completion", "baseline_budget_positive"),
            in_order(
                "planned_start_on",
                "planned_end_on",
                "baseline_dates",
                _("The planned end lies before the planned start."),
            ),
            models.CheckConstraint(
                condition=Q(number__isnull=True) | Q(number=1) | ~Q(reason=""),
                name="rebaseline_has_reason",
                violation_error_message=_("A new baseline needs a reason."),
            ),
        )

    def __str__(self) -> str:
        return f"{self.project} {f'#{self.number}' if self.number else self.get_state_display()}"


class PlannedValue(models.Model):
    """Cumulative planned value of a baseline at the end of a month: its time-phased plan."""

    baseline = models.ForeignKey(
        Baseline,
        verbose_name=_("baseline"),
        on_delete=models.PROTECT,
        related_name="planned_values",
    )
    period = columns.Day(_("month"))
    amount = columns.Yen(_("planned value to date"))

    objects = ScopedQuerySet.as_manager()
    access = (
        Access(
            Resource.BASELINE,
            agency=("baseline__project__agency_id",),
            project=("baseline__project_id",),
        ),
    )

    class Meta:
        verbose_name = _("planned value")
        verbose_name_plural = _("planned values")
        ordering = ("baseline_id", "period")
        constraints = (
            models.UniqueConstraint(
                fields=("baseline", "period"),
                name="planned_value_once",
                violation_error_message=_("This month stands twice."),
            ),
            models.CheckConstraint(condition=Q(period__day=1), name="planned_value_month"),
            not_negative("amount", "planned_value_positive"),
            within_bounds("amount", "planned_value_bound"),
        )

    def __str__(self) -> str:
        return f"{self.baseline} {self.period:%Y-%m}"


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
    name = columns.Line(_("name"), max_length=200)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices, default=Kind.MILESTONE)
    planned_on = columns.Day(_("planned"))
    forecast_on = columns.Day(_("forecast"), null=True, blank=True)
    actual_on = columns.Day(_("actual"), null=True, blank=True)
    weight = models.PositiveSmallIntegerField(
        _("weight"),
        null=True,
        blank=True,
        help_text=_("Its share of the work, beside the weights of the other milestones."),
    )

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
        return str(self.name)


class MonthlyUpdate(Registered):
    """What the PJMO reported for one month; a correction is a new revision, the old one stays."""

    project = models.ForeignKey(
        "projects.Project",
        verbose_name=_("project"),
        on_delete=models.PROTECT,
        related_name="updates",
    )
    period = columns.Day(_("month"), help_text=_("The first day of the month."))
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
    planned_value = columns.Yen(_("planned value"), null=True, blank=True)
    earned_value = columns.Yen(_("earned value"), null=True, blank=True)
    actual_cost = columns.Yen(_("actual cost to date"), null=True, blank=True)
    forecast_cost = columns.Yen(_("forecast final cost"), null=True, blank=True)
    forecast_end_on = columns.Day(_("forecast finish"), null=True, blank=True)
    confidence = models.PositiveSmallIntegerField(
        _("PJMO's confidence"), choices=Confidence.choices, null=True, blank=True
    )
    narrative = columns.Prose(_("narrative"), blank=True)
    basis = models.CharField(
        _("basis of the earned value"),
        max_length=10,
        choices=EarnedBasis.choices,
        default=EarnedBasis.REPORTED,
    )
    # What was filed on milestones, KPIs and risks (`projects.services.filing`): it reaches these
    # records with the approval, and stays here as it was filed.
    details = columns.Json(_("filed with it"), default=dict, blank=True, editable=False)
    # Check → the reason the PJMO gave for what looks odd.
    answers = columns.Json(_("reasons given"), default=dict, blank=True, editable=False)
    submitted_at = _moment(_("submitted at"))
    submitted_by = person_field(_("submitted by"))
    returned_at = _moment(_("returned at"))
    returned_by = person_field(_("returned by"))
    return_reason = columns.Prose(_("why it was returned"), blank=True, editable=False)
    approved_at = _moment(_("approved at"))
    approved_by = person_field(_("approved by"))
    published_at = _moment(_("published at"))
    published_by = person_field(_("published by"))

    objects = ScopedQuerySet.as_manager()
    access = (Access(Resource.UPDATE, agency=("project__agency_id",), project=("project_id",)),)

    class Meta:
        verbose_name = _("monthly update")
        verbose_name_plural = _("monthly updates")
        ordering = ("-period", "project_id", "-revision")
        constraints = (
            *(
                within_bounds(name, f"update_{name}_bound")
                for name in ("planned_value", "earned_value", "actual_cost", "forecast_cost")
            ),
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
                condition=Q(state__in=OPEN_STATES) | Q(submitted_at__isnull=False),
                name="update_submitted_has_time",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=SETTLED_STATES) | Q(approved_at__isnull=False),
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
