from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from governance.access import Access, Resource
from governance.fields import columns
from governance.fields.bounds import COUNT_MAX
from governance.fields.columns import within_bounds
from governance.querysets import ScopedQuerySet
from projects.models.base import Registered, not_negative, stated, year_in_range
from projects.models.choices import OnlineStatus, ValueState


def _state() -> "models.CharField[str, str]":
    return models.CharField(
        _("state of the figure"),
        max_length=14,
        choices=ValueState.choices,
        default=ValueState.MISSING,
    )


class Service(Registered):
    """A procedure that people or businesses use, and the systems it runs on."""

    service_id = columns.Line(_("service ID"), max_length=40, unique=True)
    name = columns.Line(_("name"), max_length=500)
    agency = models.ForeignKey(
        "governance.Agency",
        verbose_name=_("agency"),
        on_delete=models.PROTECT,
        related_name="services",
    )
    systems = models.ManyToManyField(
        "projects.System", verbose_name=_("systems"), related_name="services", blank=True
    )
    procedure_type = columns.Line(_("procedure type"), max_length=60, blank=True)
    law = columns.Line(_("law"), max_length=300, blank=True)
    article = columns.Line(_("article"), max_length=300, blank=True)
    user_group = columns.Line(_("who uses it"), max_length=60, blank=True)
    online_status = models.CharField(
        _("online status"),
        max_length=14,
        choices=OnlineStatus.choices,
        default=OnlineStatus.UNKNOWN,
    )
    # As the source names them, kept so that systems which arrive later can be linked.
    system_names = columns.Line(_("systems as named by the source"), max_length=500, blank=True)

    objects = ScopedQuerySet.as_manager()
    access = (
        Access(Resource.SERVICE, agency=("agency_id",), project=("systems__projects",), many=True),
    )

    class Meta:
        verbose_name = _("service")
        verbose_name_plural = _("services")
        ordering = ("service_id",)
        constraints = (
            models.CheckConstraint(
                condition=~Q(service_id=""),
                name="service_id_given",
                violation_error_message=_("A service needs its ID."),
            ),
        )

    def __str__(self) -> str:
        return str(self.name)


class ServiceYear(Registered):
    """What a service did in one fiscal year; each figure has its own state."""

    service = models.ForeignKey(
        Service, verbose_name=_("service"), on_delete=models.PROTECT, related_name="years"
    )
    fiscal_year = columns.FiscalYear(_("fiscal year"))
    cases = columns.Count(_("cases a year"), null=True, blank=True)
    cases_state = _state()
    online_cases = columns.Count(_("online cases a year"), null=True, blank=True)
    online_cases_state = _state()
    started_cases = columns.Count(
        _("cases begun a year"),
        null=True,
        blank=True,
        help_text=_("Applications begun in the year, completed or not."),
    )
    started_cases_state = _state()
    minutes_per_case = models.DecimalField(
        _("minutes a case"), max_digits=9, decimal_places=2, null=True, blank=True
    )
    minutes_per_case_state = _state()
    satisfaction_ratio = models.DecimalField(
        _("satisfaction"),
        max_digits=5,
        decimal_places=4,
        null=True,
        blank=True,
        help_text=_("Share of satisfied answers, 0 to 1."),
    )
    satisfaction_ratio_state = _state()
    satisfaction_answers = columns.Count(
        _("answers about satisfaction"),
        null=True,
        blank=True,
        help_text=_("How many users answered; below 400 the share is uncertain."),
    )
    satisfaction_answers_state = _state()

    objects = ScopedQuerySet.as_manager()
    access = (
        Access(
            Resource.SERVICE,
            agency=("service__agency_id",),
            project=("service__systems__projects",),
            many=True,
        ),
    )

    class Meta:
        verbose_name = _("yearly service figures")
        verbose_name_plural = _("yearly service figures")
        ordering = ("service_id", "-fiscal_year")
        constraints = (
            models.UniqueConstraint(
                fields=("service", "fiscal_year"),
                name="service_year_once",
                violation_error_message=_("This service has figures for that year already."),
            ),
            year_in_range("fiscal_year", "service_year_range"),
            not_negative("cases", "service_cases_positive"),
            not_negative("online_cases", "service_online_positive"),
            # No rule holds completed cases below begun ones: a case begun in March is completed
            # in April. Where it shows, the completion rate says that the two do not fit.
            not_negative("started_cases", "service_started_positive"),
            not_negative("minutes_per_case", "service_minutes_positive"),
            not_negative("satisfaction_answers", "service_answers_positive"),
            stated("cases", "service_cases_stated"),
            stated("online_cases", "service_online_stated"),
            stated("started_cases", "service_started_stated"),
            stated("minutes_per_case", "service_minutes_stated"),
            stated("satisfaction_ratio", "service_satisfaction_stated"),
            stated("satisfaction_answers", "service_answers_stated"),
            *(
                within_bounds(name, f"service_{name}_bound", COUNT_MAX)
                for name in ("cases", "online_cases", "started_cases", "satisfaction_answers")
            ),
            models.CheckConstraint(
                condition=Q(satisfaction_ratio__isnull=True)
                | Q(satisfaction_ratio__gte=0, satisfaction_ratio__lte=1),
                name="service_satisfaction_range",
                violation_error_message=_("Satisfaction is a share between 0 and 1."),
            ),
            models.CheckConstraint(
                condition=Q(cases__isnull=True)
                | Q(online_cases__isnull=True)
                | Q(online_cases__lte=F("cases")),
                name="service_online_within_cases",
                violation_error_message=_("There are more online cases than cases."),
            ),
        )

    def __str__(self) -> str:
        return f"{self.service} {self.fiscal_year}"
