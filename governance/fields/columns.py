"""The database's fields for what people enter. Each refuses, in `full_clean` and once more on the
way to the database (bulk writes and commands included), what `text` and `bounds` do not take."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from governance.fields import bounds, forms, text

if TYPE_CHECKING:
    _Char = models.CharField[Any, Any]
    _Text = models.TextField[Any, Any]
    _Big = models.BigIntegerField[Any, Any]
    _Small = models.PositiveSmallIntegerField[Any, Any]
    _Date = models.DateField[Any, Any]
    _Json = models.JSONField[Any, Any]
    _Field = models.Field[Any, Any]
else:  # Django's fields take no subscript at run time.
    _Char, _Text, _Big = models.CharField, models.TextField, models.BigIntegerField
    _Small, _Date, _Json = models.PositiveSmallIntegerField, models.DateField, models.JSONField
    _Field = object


class Guarded(_Field):
    """A field whose `default_validators` hold for every write, whether validated before or not."""

    default_validators: list[Callable[[Any], None]] = []

    def get_db_prep_save(self, value: Any, connection: Any) -> Any:
        """Raises ValidationError at this field."""
        if value is not None and not hasattr(value, "as_sql"):
            for check in self.default_validators:
                try:
                    check(self.to_python(value))
                except ValidationError as error:
                    raise ValidationError({self.name: error}) from error
        return super().get_db_prep_save(value, connection)

    def deconstruct(self) -> Any:
        """Migrations know the column alone, as Django's own: these rules are not the database's."""
        name, _path, args, kwargs = super().deconstruct()
        own = next(base for base in type(self).__mro__ if base.__module__.startswith("django."))
        return name, f"django.db.models.{own.__name__}", args, kwargs


class Line(Guarded, _Char):
    """Text of one line, such as a name."""

    default_validators = [text.check_line]

    def formfield(self, **kwargs: Any) -> Any:
        return super().formfield(**{"form_class": forms.LineField, **kwargs})


class Prose(Guarded, _Text):
    """Text of several lines; each line end is one "\\n"."""

    default_validators = [text.check_prose]

    def formfield(self, **kwargs: Any) -> Any:
        return super().formfield(**{"form_class": forms.ProseField, **kwargs})


class Yen(Guarded, _Big):
    """Integer yen of one amount. `within_bounds` gives the database the same rule."""

    default_validators = [bounds.check_yen]


class Count(Guarded, _Big):
    """How many of something, where it may be more than two thousand million."""

    default_validators = [bounds.check_count]


class FiscalYear(Guarded, _Small):
    """A Japanese fiscal year: the calendar year in which its April lies."""

    default_validators = [bounds.check_year]


class Day(Guarded, _Date):
    """A day on which something was, is or shall be."""

    default_validators = [bounds.check_day]


class Json(Guarded, _Json):
    """Plain data that people's texts are part of."""

    default_validators = [text.check_structure]


def within_bounds(field: str, name: str, most: int = bounds.YEN_MAX) -> models.CheckConstraint:
    """The bound of an amount or count, kept by the database itself."""
    inside = Q(**{f"{field}__gte": -most, f"{field}__lte": most})
    return models.CheckConstraint(
        condition=Q(**{f"{field}__isnull": True}) | inside,
        name=name,
        violation_error_message=_("This figure is larger than any figure here can be."),
    )
