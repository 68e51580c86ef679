from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from governance.access import Access, Resource
from governance.fields import columns
from governance.fields.columns import within_bounds
from governance.querysets import ScopedQuerySet
from projects.models.base import Registered, not_negative, stated, year_in_range
from projects.models.choices import ContractMethod, ValueState


def _state(default: str = ValueState.MISSING) -> "models.CharField[str, str]":
    return models.CharField(
        _("state of the figure"), max_length=14, choices=ValueState.choices, default=default
    )


class Contract(Registered):
    """A contract: vendor, method, bidders, price and how near it came to the ceiling."""

    contract_id = columns.Line(_("contract ID"), max_length=60, unique=True)
    title = columns.Line(_("title"), max_length=1000)
    agency = models.ForeignKey(
        "governance.Agency",
        verbose_name=_("agency"),
        on_delete=models.PROTECT,
        related_name="contracts",
    )
    system = models.ForeignKey(
        "projects.System",
        verbose_name=_("system"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="contracts",
    )
    project = models.ForeignKey(
        "projects.Project",
        verbose_name=_("project"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="contracts",
    )
    vendor = columns.Line(_("vendor"), max_length=300)
    vendor_number = columns.Line(_("corporate number"), max_length=13, blank=True)
    fiscal_year = columns.FiscalYear(_("fiscal year"), null=True, blank=True)
    signed_on = columns.Day(_("signed on"), null=True, blank=True)
    method = models.CharField(
        _("method"), max_length=24, choices=ContractMethod.choices, default=ContractMethod.UNKNOWN
    )
    method_note = columns.Line(_("method, in words"), max_length=300, blank=True)
    amount = columns.Yen(_("amount"), null=True, blank=True)
    amount_state = _state()
    bidders = models.PositiveIntegerField(_("bidders"), null=True, blank=True)
    bidders_state = _state()
    award_ratio = models.DecimalField(
        _("award rate (落札率)"),
        max_digits=7,
        decimal_places=5,
        null=True,
        blank=True,
        help_text=_("Price ÷ ceiling price, 0 to 1."),
    )
    award_ratio_state = _state()
    single_bid_reason = columns.Prose(_("reason for a single bid"), blank=True)

    objects = ScopedQuerySet.as_manager()
    access = (
        Access(
            Resource.CONTRACT,
            agency=("agency_id",),
            project=("project_id", "system__projects"),
            many=True,
        ),
    )

    class Meta:
        verbose_name = _("contract")
        verbose_name_plural = _("contracts")
        ordering = ("contract_id",)
        constraints = (
            models.CheckConstraint(
                condition=~Q(contract_id=""),
                name="contract_id_given",
                violation_error_message=_("A contract needs its ID."),
            ),
            year_in_range("fiscal_year", "contract_year", null=True),
            not_negative("amount", "contract_amount_positive"),
            not_negative("award_ratio", "contract_award_positive"),
            stated("amount", "contract_amount_stated"),
            within_bounds("amount", "contract_amount_bound"),
            stated("bidders", "contract_bidders_stated"),
            stated("award_ratio", "contract_award_stated"),
        )

    def __str__(self) -> str:
        return str(self.title)
