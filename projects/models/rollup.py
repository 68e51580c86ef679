from django.db import models
from django.utils.translation import gettext_lazy as _

from governance.access import Access, Resource
from governance.fields import columns
from governance.querysets import ScopedQuerySet
from projects.models.base import once_per_holder, one_holder


def _yen() -> "models.BigIntegerField[int | None, int | None]":
    return models.BigIntegerField(null=True)


class YearRollup(models.Model):
    """Cost of one system or project in one fiscal year, resolved from its cost lines.

    Null is unknown. Recomputed from its slice by `services.rollups`, never incremented;
    `manage.py verify_rollups` proves it. Agency and class stand here for grouping.
    """

    outside_trail = _("derived from the register, made anew at any time")

    system = models.ForeignKey(
        "projects.System", null=True, on_delete=models.CASCADE, related_name="year_rollups"
    )
    project = models.ForeignKey(
        "projects.Project", null=True, on_delete=models.CASCADE, related_name="year_rollups"
    )
    agency = models.ForeignKey("governance.Agency", on_delete=models.CASCADE, related_name="+")
    fiscal_year = columns.FiscalYear(_("fiscal year"))
    requested = _yen()
    initial = _yen()
    supplementary = _yen()
    carried_in = _yen()
    reserve = _yen()
    transfers = _yen()
    available = _yen()
    executed = _yen()
    carried_out = _yen()
    unused = _yen()
    # Executed yen by cost class.
    development = _yen()
    operation = _yen()
    other = _yen()
    # Use of the services that run on the system, where both counts are known.
    cases = models.BigIntegerField(null=True)
    online_cases = models.BigIntegerField(null=True)

    left_out_of_export = "recomputed from the lines that it sums"

    objects = ScopedQuerySet.as_manager()
    access = (
        Access(
            Resource.SYSTEM,
            agency=("agency_id",),
            project=("project_id", "system__projects"),
            many=True,
        ),
    )

    class Meta:
        verbose_name = _("sums of a year")
        verbose_name_plural = _("sums by year")
        constraints = (
            one_holder("year_rollup_holder"),
            *once_per_holder("year_rollup_once", ("fiscal_year",), None),
        )
        indexes = (models.Index(fields=("fiscal_year", "agency"), name="year_rollup_year"),)


class ServiceRollup(models.Model):
    """Services of one agency in one fiscal year; case counts of services that are online
    and whose two counts are known (the base of the online use rate, オンライン利用率)."""

    outside_trail = _("derived from the register, made anew at any time")

    agency = models.ForeignKey("governance.Agency", on_delete=models.CASCADE, related_name="+")
    fiscal_year = columns.FiscalYear(_("fiscal year"))
    services = models.PositiveIntegerField()
    services_online = models.PositiveIntegerField()
    services_measured = models.PositiveIntegerField()
    cases = models.BigIntegerField()
    online_cases = models.BigIntegerField()

    left_out_of_export = "recomputed from the lines that it sums"

    objects = ScopedQuerySet.as_manager()
    access = (Access(Resource.SERVICE, agency=("agency_id",)),)

    class Meta:
        verbose_name = _("sums of services")
        verbose_name_plural = _("sums of services by year")
        constraints = (
            models.UniqueConstraint(fields=("agency", "fiscal_year"), name="service_rollup_once"),
        )
