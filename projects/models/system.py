from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from governance.access import Access, Resource
from governance.fields import columns
from governance.fields.columns import within_bounds
from governance.querysets import ScopedQuerySet
from projects.models.base import Registered, in_order, not_negative, year_in_range
from projects.models.choices import Answer, Hosting, LineageKind, Profile, SystemStatus


def _mark(label: object) -> "models.CharField[str, str]":
    return models.CharField(
        label,  # type: ignore[arg-type]
        max_length=14,
        choices=Answer.choices,
        default=Answer.UNANSWERED,
    )


class System(Registered):
    """An information system: the spine of the register; `system_id` survives renames and moves."""

    # The conformity marks of the 2017 policy, in the order shown.
    CONFORMITY_FIELDS = (
        "conforms_api",
        "conforms_open_data",
        "conforms_data_layout",
        "conforms_my_number",
        "conforms_platform",
        "conforms_digital_first",
        "conforms_once_only",
        "conforms_one_stop",
    )

    system_id = columns.Line(_("system ID"), max_length=40, unique=True)
    name = columns.Line(_("name"), max_length=200)
    name_en = columns.Line(_("name (English)"), max_length=200, blank=True)
    agency = models.ForeignKey(
        "governance.Agency",
        verbose_name=_("agency"),
        on_delete=models.PROTECT,
        related_name="systems",
    )
    system_class = models.ForeignKey(
        "projects.SystemClass",
        verbose_name=_("class"),
        on_delete=models.PROTECT,
        related_name="systems",
    )
    status = models.CharField(_("status"), max_length=12, choices=SystemStatus.choices)
    profile = models.CharField(
        _("profile type"), max_length=8, choices=Profile.choices, default=Profile.UNKNOWN
    )
    hosting = models.CharField(
        _("hosting"), max_length=20, choices=Hosting.choices, default=Hosting.UNKNOWN
    )
    description = columns.Prose(_("description"), blank=True)
    go_live_on = columns.Day(_("go-live"), null=True, blank=True)
    go_live_is_year_only = models.BooleanField(
        _("only the fiscal year of go-live is known"), default=False
    )
    retired_on = columns.Day(_("retired on"), null=True, blank=True)
    support_ends_on = columns.Day(_("end of support"), null=True, blank=True)
    next_renewal_year = columns.FiscalYear(_("next renewal year"), null=True, blank=True)
    next_renewal_cost = columns.Yen(
        _("expected renewal cost"), null=True, blank=True, validators=[MinValueValidator(0)]
    )
    rto_hours = models.PositiveIntegerField(_("recovery time objective"), null=True, blank=True)
    rpo_hours = models.PositiveIntegerField(_("recovery point objective"), null=True, blank=True)
    last_security_test_on = columns.Day(_("last security test"), null=True, blank=True)
    last_continuity_test_on = columns.Day(_("last continuity test"), null=True, blank=True)
    personal_data = _mark(_("handles personal data"))
    conforms_api = _mark(_("offers an API"))
    conforms_open_data = _mark(_("open data by design"))
    conforms_data_layout = _mark(_("standard data layout"))
    conforms_my_number = _mark(_("My Number / JPKI link"))
    conforms_platform = _mark(_("common platform or cloud"))
    conforms_digital_first = _mark(_("digital-first"))
    conforms_once_only = _mark(_("once-only"))
    conforms_one_stop = _mark(_("one-stop"))
    source_note = columns.Prose(_("note on the source"), blank=True)

    objects = ScopedQuerySet.as_manager()
    access = (Access(Resource.SYSTEM, agency=("agency_id",), project=("projects",), many=True),)

    class Meta:
        verbose_name = _("system")
        verbose_name_plural = _("systems")
        ordering = ("system_id",)
        constraints = (
            models.CheckConstraint(
                condition=~Q(system_id=""),
                name="system_id_given",
                violation_error_message=_("A system needs its ID."),
            ),
            year_in_range("next_renewal_year", "system_renewal_year", null=True),
            not_negative("next_renewal_cost", "system_renewal_cost"),
            within_bounds("next_renewal_cost", "system_renewal_bound"),
            in_order(
                "go_live_on",
                "retired_on",
                "system_retired_after_go_live",
                _("The retirement lies before the go-live."),
            ),
        )

    def __str__(self) -> str:
        return str(self.name)


class SystemLineage(Registered):
    """What became of a system: merged, split, renewed, moved; history follows it."""

    predecessor = models.ForeignKey(
        System,
        verbose_name=_("predecessor"),
        on_delete=models.PROTECT,
        related_name="successor_links",
    )
    successor = models.ForeignKey(
        System,
        verbose_name=_("successor"),
        on_delete=models.PROTECT,
        related_name="predecessor_links",
    )
    kind = models.CharField(_("kind"), max_length=10, choices=LineageKind.choices)
    happened_on = columns.Day(_("on"))
    note = columns.Prose(_("note"), blank=True)

    objects = ScopedQuerySet.as_manager()
    access = (Access(Resource.SYSTEM, agency=("predecessor__agency_id", "successor__agency_id")),)

    class Meta:
        verbose_name = _("system lineage")
        verbose_name_plural = _("system lineage")
        ordering = ("-happened_on", "pk")
        constraints = (
            models.CheckConstraint(
                condition=~Q(predecessor=F("successor")) | Q(kind=LineageKind.MOVED),
                name="lineage_two_systems",
                violation_error_message=_("A system cannot be its own successor."),
            ),
            models.UniqueConstraint(
                fields=("predecessor", "successor", "kind"),
                name="lineage_once",
                violation_error_message=_("This link exists already."),
            ),
        )

    def __str__(self) -> str:
        return f"{self.predecessor} → {self.successor}"
