from django.db import models
from django.utils.translation import gettext_lazy as _

from governance.access import Access, Resource
from governance.fields import columns
from governance.models.base import Master, validity_constraint
from governance.querysets import ScopedQuerySet
from projects.models.choices import CostClass, ReviewLayer


class SystemClass(Master):
    """Classes of systems; the lists of 2013 and 2021 differ, hence the validity dates."""

    objects = ScopedQuerySet.as_manager()
    access = (Access(Resource.MASTER),)

    class Meta:
        verbose_name = _("system class")
        verbose_name_plural = _("system classes")
        ordering = ("order", "code")
        constraints = (validity_constraint("system_class_validity"),)


class CostItem(Master):
    """A sub-item of the cost taxonomy (経費区分), belonging to one headline class."""

    cost_class = models.CharField(_("cost class"), max_length=12, choices=CostClass.choices)

    objects = ScopedQuerySet.as_manager()
    access = (Access(Resource.MASTER),)

    class Meta:
        verbose_name = _("cost item")
        verbose_name_plural = _("cost items")
        ordering = ("order", "code")
        constraints = (validity_constraint("cost_item_validity"),)


class ReviewType(Master):
    """A kind of review; schemes were renumbered, so layer, stage and phase stand apart."""

    layer = models.CharField(_("layer"), max_length=12, choices=ReviewLayer.choices)
    stage_no = models.PositiveSmallIntegerField(_("stage number"), null=True, blank=True)
    phase = columns.Line(_("phase"), max_length=120, blank=True)

    objects = ScopedQuerySet.as_manager()
    access = (Access(Resource.MASTER),)

    class Meta:
        verbose_name = _("review type")
        verbose_name_plural = _("review types")
        ordering = ("order", "code")
        constraints = (validity_constraint("review_type_validity"),)
