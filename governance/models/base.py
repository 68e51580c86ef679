"""What records of account have in common: validity, versions, provenance."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from governance.conditions import faults
from governance.fields import columns


def validity_constraint(name: str) -> models.CheckConstraint:
    """`valid_to`, where set, is not before `valid_from`, where set."""
    return models.CheckConstraint(
        condition=Q(valid_from__isnull=True)
        | Q(valid_to__isnull=True)
        | Q(valid_to__gte=F("valid_from")),
        name=name,
        violation_error_message=_("The end of validity lies before its start."),
    )


def valid_on(on: date) -> Q:
    """Rows whose validity (both ends inclusive, open where null) covers `on`."""
    return (Q(valid_from__isnull=True) | Q(valid_from__lte=on)) & (
        Q(valid_to__isnull=True) | Q(valid_to__gte=on)
    )


class Valid(models.Model):
    """Something that exists from a day to a day, both inclusive; null is open."""

    valid_from = columns.Day(_("valid from"), null=True, blank=True)
    valid_to = columns.Day(_("valid to"), null=True, blank=True)

    class Meta:
        abstract = True


class Tracked(models.Model):
    """A record with an optimistic lock and the last writer; written by services only."""

    version = models.PositiveIntegerField(_("version"), default=1, editable=False)
    updated_at = models.DateTimeField(_("updated at"), default=timezone.now, editable=False)
    updated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("updated by"),
        null=True,
        blank=True,
        editable=False,
        on_delete=models.SET_NULL,
        related_name="+",
    )

    class Meta:
        abstract = True

    def get_constraints(self) -> list[tuple[type[models.Model], Sequence[models.BaseConstraint]]]:
        """The constraints that need a query: check constraints are judged in Python."""
        return [
            (model, [c for c in found if not isinstance(c, models.CheckConstraint)])
            for model, found in super().get_constraints()
        ]

    def validate_constraints(self, exclude: Collection[str] | None = None) -> None:
        """Django's, without a query and two savepoints for each rule about the row itself."""
        errors: list[ValidationError] = []
        try:
            super().validate_constraints(exclude)
        except ValidationError as error:
            errors.append(error)
        errors += faults(self, exclude or ())
        if errors:
            found: dict[str, list[ValidationError]] = {}
            for single in errors:
                found = single.update_error_dict(found)
            raise ValidationError(found)

    # Fields that a form or an API never sets.
    @classmethod
    def system_fields(cls) -> frozenset[str]:
        return frozenset({"id", "version", "updated_at", "updated_by", "import_run"})


class Master(Valid, Tracked):
    """An entry of an editable list; codes never change meaning, names may."""

    code = models.SlugField(_("code"), max_length=40, unique=True)
    name = columns.Line(_("name (Japanese)"), max_length=120)
    name_en = columns.Line(_("name (English)"), max_length=160, blank=True)
    order = models.PositiveIntegerField(_("order"), default=0)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return localized(self.name, self.name_en)


def localized(name: str, name_en: str) -> str:
    """The name in the reader's language; Japanese where no English one is kept."""
    from django.utils.translation import get_language

    if name_en and (get_language() or "").startswith("en"):
        return name_en
    return name


def snapshot(instance: models.Model) -> dict[str, Any]:
    """Column values of `instance` for the audit trail: JSON types, foreign keys as ids."""
    values: dict[str, Any] = {}
    for field in instance._meta.concrete_fields:
        values[field.attname] = to_json(field.value_from_object(instance))
    return values


def to_json(value: object) -> Any:
    """`value` as a JSON type without loss: decimals, dates and times as text."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, dict):
        return {str(key): to_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [to_json(item) for item in value]
    return str(value)
