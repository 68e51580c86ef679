from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from governance.access import Access, Resource
from governance.fields import columns
from governance.models.base import Tracked, Valid, localized, validity_constraint
from governance.querysets import ScopedQuerySet


class Agency(Valid, Tracked):
    """A ministry, agency or commission (府省庁); a tree in establishment order (建制順).

    There is no stable official ministry code, so `code` is ours; names change, codes never.
    """

    code = models.SlugField(_("agency code"), max_length=40, unique=True)
    name = columns.Line(_("name (Japanese)"), max_length=100)
    name_en = columns.Line(_("name (English)"), max_length=150, blank=True)
    parent = models.ForeignKey(
        "self",
        verbose_name=_("parent agency"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="children",
    )
    order = models.PositiveIntegerField(_("establishment order"), default=999)
    contact_accounting = columns.Line(_("accounting contact"), max_length=200, blank=True)
    contact_hr = columns.Line(_("personnel contact"), max_length=200, blank=True)
    contact_pr = columns.Line(_("public relations contact"), max_length=200, blank=True)

    objects = ScopedQuerySet.as_manager()
    access = (Access(Resource.MASTER, agency=("pk",)),)

    class Meta:
        verbose_name = _("agency")
        verbose_name_plural = _("agencies")
        ordering = ("order", "code")
        constraints = (
            validity_constraint("agency_validity"),
            models.UniqueConstraint(
                fields=("name",),
                condition=Q(valid_to__isnull=True),
                name="agency_name_unique_while_valid",
                violation_error_message=_("A valid agency of this name exists already."),
            ),
            models.CheckConstraint(
                condition=Q(parent__isnull=True) | ~Q(parent=F("id")),
                name="agency_not_own_parent",
                violation_error_message=_("An agency cannot be its own parent."),
            ),
        )

    def __str__(self) -> str:
        return localized(self.name, self.name_en)
