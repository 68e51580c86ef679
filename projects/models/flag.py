from datetime import date

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from governance.access import Access, Resource
from governance.querysets import ScopedQuerySet
from projects.models.choices import FlagSeverity

SUBJECTS = ("system", "project", "contract", "review")


class RiskFlag(models.Model):
    """What a rule found on one subject, with the figures it used; written by `services.flags`.

    An open flag has no `closed_on`. `unknown` is a state of its own: the rule could not judge.
    """

    # The rules say the rest, and say it again at any time; people decide what is set aside.
    trail_leaves_out = frozenset(
        {
            "id",
            "rule_id",
            "rule_version",
            "agency_id",
            *(f"{subject}_id" for subject in SUBJECTS),
            "severity",
            "reason",
            "figures",
            "parameters",
            "opened_on",
            "severity_since",
            "judged_on",
            "closed_on",
        }
    )

    rule_id = models.CharField(_("rule"), max_length=60)
    rule_version = models.PositiveSmallIntegerField(_("rule version"))
    agency = models.ForeignKey(
        "governance.Agency",
        verbose_name=_("agency"),
        on_delete=models.PROTECT,
        related_name="flags",
    )
    system = models.ForeignKey(
        "projects.System", null=True, on_delete=models.PROTECT, related_name="flags"
    )
    project = models.ForeignKey(
        "projects.Project", null=True, on_delete=models.PROTECT, related_name="flags"
    )
    contract = models.ForeignKey(
        "projects.Contract", null=True, on_delete=models.PROTECT, related_name="flags"
    )
    review = models.ForeignKey(
        "projects.Review", null=True, on_delete=models.PROTECT, related_name="flags"
    )
    severity = models.CharField(_("severity"), max_length=8, choices=FlagSeverity.choices)
    reason = models.CharField(_("reason"), max_length=60, blank=True)
    figures = models.JSONField(_("figures used"), default=dict)
    parameters = models.JSONField(_("thresholds used"), default=dict)
    opened_on = models.DateField(_("opened on"))
    severity_since = models.DateField(_("at this severity since"))
    judged_on = models.DateField(_("judged on"))
    closed_on = models.DateField(_("closed on"), null=True)
    # The first and last day on which it is set aside (`FlagMute`); graver flags are heard again.
    muted_on = models.DateField(_("muted on"), null=True, blank=True)
    muted_until = models.DateField(_("muted until"), null=True, blank=True)

    objects = ScopedQuerySet.as_manager()
    access = (
        Access(
            Resource.FLAG,
            agency=("agency_id",),
            project=(
                "project_id",
                "contract__project_id",
                "review__project_id",
                "system__projects",
            ),
            many=True,
        ),
    )

    class Meta:
        verbose_name = _("risk flag")
        verbose_name_plural = _("risk flags")
        ordering = ("-opened_on", "pk")
        constraints = (
            *(
                models.UniqueConstraint(
                    fields=("rule_id", subject),
                    condition=Q(closed_on__isnull=True, **{f"{subject}__isnull": False}),
                    name=f"flag_open_once_{subject}",
                )
                for subject in SUBJECTS
            ),
            models.CheckConstraint(
                condition=Q(
                    system__isnull=False,
                    project__isnull=True,
                    contract__isnull=True,
                    review__isnull=True,
                )
                | Q(
                    system__isnull=True,
                    project__isnull=False,
                    contract__isnull=True,
                    review__isnull=True,
                )
                | Q(
                    system__isnull=True,
                    project__isnull=True,
                    contract__isnull=False,
                    review__isnull=True,
                )
                | Q(
                    system__isnull=True,
                    project__isnull=True,
                    contract__isnull=True,
                    review__isnull=False,
                ),
                name="flag_one_subject",
            ),
            models.CheckConstraint(
                condition=Q(closed_on__isnull=True) | Q(closed_on__gte=models.F("opened_on")),
                name="flag_closed_after_opened",
            ),
        )
        indexes = (
            models.Index(
                fields=("rule_id", "severity"),
                condition=Q(closed_on__isnull=True),
                name="flag_open",
            ),
            models.Index(fields=("agency", "closed_on"), name="flag_agency"),
        )

    def __str__(self) -> str:
        return f"{self.rule_id} {self.severity}"

    def is_muted(self, on: date) -> bool:
        """Whether it is set aside on a day."""
        if self.muted_on is None or self.muted_until is None:
            return False
        return self.muted_on <= on <= self.muted_until

    @property
    def subject(self) -> models.Model | None:
        """The one thing the flag is about."""
        return self.contract or self.review or self.project or self.system
