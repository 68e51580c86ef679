from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from governance.fields import columns
from governance.fields.bounds import FISCAL_YEAR_MAX, FISCAL_YEAR_MIN
from governance.models.base import Tracked
from projects.models.choices import ValueState


class Registered(Tracked):
    """A record of the register; `import_run` tells which file brought it, if one did."""

    import_run = models.ForeignKey(
        "projects.ImportRun",
        verbose_name=_("import"),
        null=True,
        blank=True,
        editable=False,
        on_delete=models.PROTECT,
        related_name="+",
    )

    class Meta:
        abstract = True


FiscalYearField = columns.FiscalYear  # Its name in the first migration.


def person_field(label: Any) -> "models.ForeignKey[Any, Any]":
    """Who did a step of a record; services write it, never a form."""
    return models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=label,
        null=True,
        blank=True,
        editable=False,
        on_delete=models.PROTECT,
        related_name="+",
    )


def owner_field() -> "models.ForeignKey[Any, Any]":
    """Whose work a record is: an account. Who has none is named in words instead."""
    return models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("owner"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )


def year_in_range(field: str, name: str, *, null: bool = False) -> models.CheckConstraint:
    inside = Q(**{f"{field}__gte": FISCAL_YEAR_MIN, f"{field}__lte": FISCAL_YEAR_MAX})
    return models.CheckConstraint(
        condition=(Q(**{f"{field}__isnull": True}) | inside) if null else inside,
        name=name,
        violation_error_message=_("This is not a plausible fiscal year."),
    )


def not_negative(field: str, name: str) -> models.CheckConstraint:
    return models.CheckConstraint(
        condition=Q(**{f"{field}__isnull": True}) | Q(**{f"{field}__gte": 0}),
        name=name,
        violation_error_message=_("This figure cannot be negative."),
    )


def stated(field: str, name: str) -> models.CheckConstraint:
    """A figure is there exactly when its state says that it was reported."""
    return models.CheckConstraint(
        condition=Q(**{f"{field}__isnull": False, f"{field}_state": ValueState.REPORTED})
        | (Q(**{f"{field}__isnull": True}) & ~Q(**{f"{field}_state": ValueState.REPORTED})),
        name=name,
        violation_error_message=_("State a figure, or why there is none: not both, not neither."),
    )


def one_holder(name: str) -> models.CheckConstraint:
    """The record hangs on a system or on a project: exactly one of the two."""
    return models.CheckConstraint(
        condition=Q(system__isnull=False, project__isnull=True)
        | Q(system__isnull=True, project__isnull=False),
        name=name,
        violation_error_message=_("Choose a system or a project: exactly one of the two."),
    )


def in_order(first: str, second: str, name: str, message: Any) -> models.CheckConstraint:
    """`second` is not before `first` where both are known."""
    return models.CheckConstraint(
        condition=Q(**{f"{first}__isnull": True})
        | Q(**{f"{second}__isnull": True})
        | Q(**{f"{second}__gte": models.F(first)}),
        name=name,
        violation_error_message=message,
    )


def once_per_holder(
    name: str, fields: tuple[str, ...], message: Any
) -> tuple[models.UniqueConstraint, models.UniqueConstraint]:
    """`fields` stand once per system and once per project (SQLite counts nulls as distinct)."""
    return (
        models.UniqueConstraint(
            fields=("system", *fields),
            condition=Q(project__isnull=True),
            name=f"{name}_system",
            violation_error_message=message,
        ),
        models.UniqueConstraint(
            fields=("project", *fields),
            condition=Q(system__isnull=True),
            name=f"{name}_project",
            violation_error_message=message,
        ),
    )
