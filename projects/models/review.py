from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from governance import corporate_number
from governance.access import Access, Resource
from governance.fields import columns
from governance.fields.columns import within_bounds
from governance.querysets import ScopedQuerySet
from projects.models.base import Registered, one_holder, owner_field, year_in_range
from projects.models.choices import (
    FindingCategory,
    FindingWeight,
    ReviewLayer,
    ReviewResponse,
    Verdict,
)

# Each layer of review has rights of its own.
LAYER_RESOURCES = (
    (ReviewLayer.SELF, Resource.REVIEW_SELF),
    (ReviewLayer.MINISTRY, Resource.REVIEW_MINISTRY),
    (ReviewLayer.CIO, Resource.REVIEW_CIO),
    (ReviewLayer.THIRD_PARTY, Resource.VERIFICATION),
)


def _lines(prefix: str) -> tuple[Access, ...]:
    """One access line a review layer; `prefix` leads to the review."""
    return tuple(
        Access(
            resource,
            agency=(f"{prefix}system__agency_id", f"{prefix}project__agency_id"),
            project=(f"{prefix}project_id", f"{prefix}system__projects"),
            when=Q(**{f"{prefix}review_type__layer": layer}),
            many=True,
        )
        for layer, resource in LAYER_RESOURCES
    )


class Review(Registered):
    """One review of a system or project: due, held, verdict, and the answer to it."""

    system = models.ForeignKey(
        "projects.System",
        verbose_name=_("system"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="reviews",
    )
    project = models.ForeignKey(
        "projects.Project",
        verbose_name=_("project"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="reviews",
    )
    review_type = models.ForeignKey(
        "projects.ReviewType",
        verbose_name=_("review type"),
        on_delete=models.PROTECT,
        related_name="reviews",
    )
    fiscal_year = columns.FiscalYear(_("fiscal year"))
    reviewer = columns.Line(_("reviewer"), max_length=200, blank=True)
    reviewer_user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("account of the reviewer"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    reviewer_number = columns.Line(
        _("corporate number of the reviewing body"),
        max_length=13,
        blank=True,
        validators=[corporate_number.validate],
        help_text=_("Third-party verification names an account, or a body by its number."),
    )
    due_on = columns.Day(_("due on"), null=True, blank=True)
    held_on = columns.Day(_("held on"), null=True, blank=True)
    is_complete = models.BooleanField(_("complete"), default=False)
    verdict = models.CharField(
        _("verdict"), max_length=12, choices=Verdict.choices, blank=True, default=Verdict.NONE
    )
    remarks = columns.Prose(_("remarks"), blank=True)
    response = models.CharField(
        _("response"),
        max_length=18,
        choices=ReviewResponse.choices,
        blank=True,
        default=ReviewResponse.NONE,
    )
    response_text = columns.Prose(_("response, in words"), blank=True)
    reflected_amount = columns.Yen(_("amount reflected"), null=True, blank=True)
    source_key = columns.Line(max_length=80, blank=True, editable=False)

    objects = ScopedQuerySet.as_manager()
    access = _lines("")

    class Meta:
        verbose_name = _("review")
        verbose_name_plural = _("reviews")
        ordering = ("-fiscal_year", "pk")
        constraints = (
            one_holder("review_holder"),
            year_in_range("fiscal_year", "review_year"),
            within_bounds("reflected_amount", "review_reflected_bound"),
            models.UniqueConstraint(
                fields=("source_key",),
                condition=~Q(source_key=""),
                name="review_source_once",
            ),
        )

    def __str__(self) -> str:
        return f"{self.review_type} {self.fiscal_year}"


class Finding(Registered):
    """Something a review found: weight, owner, due day, and whether the reviewer accepted."""

    review = models.ForeignKey(
        Review, verbose_name=_("review"), on_delete=models.PROTECT, related_name="findings"
    )
    category = models.CharField(_("category"), max_length=14, choices=FindingCategory.choices)
    weight = models.CharField(_("weight"), max_length=8, choices=FindingWeight.choices)
    text = columns.Prose(_("finding"))
    owner_user = owner_field()
    owner = columns.Line(_("owner outside of this site"), max_length=120, blank=True)
    due_on = columns.Day(_("due on"), null=True, blank=True)
    answer = columns.Prose(_("answer"), blank=True)
    accepted_on = columns.Day(_("accepted on"), null=True, blank=True)

    objects = ScopedQuerySet.as_manager()
    access = _lines("review__")

    class Meta:
        verbose_name = _("finding")
        verbose_name_plural = _("findings")
        ordering = ("review_id", "pk")

    def __str__(self) -> str:
        return str(self.text[:120])

    @property
    def owner_name(self) -> str:
        """Whose work it is, in words; "" where nobody is named."""
        return str(self.owner_user or self.owner)
