"""The input of writes: every name known, every value read strictly, every error at once."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import models
from django.utils.functional import lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import serializers

from projects.api import reading
from projects.api.collections import Collection
from projects.api.fields import Field, Nature, field_of
from projects.ends import says_unseen, sees
from projects.models.choices import ValueState

# Texts of the schema are made in the language of whoever reads it, and only then.
_described = lazy(Field.description, str)


class Entered(serializers.Field[Any, Any, Any, Any]):
    """One value as a client sends it, read as `projects.api.reading` says."""

    def __init__(self, field: Field, *, is_name: bool = False, **kwargs: Any) -> None:
        super().__init__(help_text=_described(field), **kwargs)
        self.entry = field
        self.is_name = is_name

    def to_internal_value(self, data: Any) -> Any:
        try:
            if self.entry.nature is Nature.KEYS:
                return self._many(data)
            if self.entry.nature is Nature.KEY:
                return self._one(data)
            return reading.read(self.entry, data, is_name=self.is_name)
        except DjangoValidationError as error:
            raise serializers.ValidationError(error.messages) from error

    def to_representation(self, value: Any) -> Any:
        raise NotImplementedError  # Rows are read by `Collection.rows`.

    def _many(self, data: Any) -> list[models.Model]:
        if not isinstance(data, list):
            raise serializers.ValidationError(_("Write a list of keys."))
        if len(data) > 1000:
            raise serializers.ValidationError(_("Write at most 1,000 keys."))
        found = self._found(data)
        instance: models.Model | None = self.context.get("instance")
        if instance is None or self.entry.column is None:
            return found
        # What the writer cannot see is not theirs to take away.
        linked = getattr(instance, self.entry.column.name)
        hidden = linked.exclude(pk__in=self.entry.visible(self.context["user"]))
        return [*found, *hidden]

    def _one(self, data: Any) -> models.Model:
        """The record of this key; by the words that stand for one that the writer may not see, the
        one that stands in the record already, so that what was read can be written back. Its key
        would not do: who guesses it would learn that it is there."""
        held = self._held()
        is_unnamed = isinstance(data, str) and says_unseen(data)
        if held is not None and is_unnamed and not sees(self.context["user"], held):
            return held
        return self._found([data])[0]

    def _found(self, given: list[Any]) -> list[models.Model]:
        """The records of these keys that the writer may see, each once, in the order given. Cost:
        one query."""
        keys = list(dict.fromkeys(self._key(item) for item in given))
        name = self.entry.target_key
        visible = self.entry.visible(self.context["user"])
        rows = list(visible.filter(**{f"{name}__in": keys}))
        found = {getattr(row, name): row for row in rows}
        if unknown := [str(key) for key in keys if key not in found]:
            raise serializers.ValidationError(
                [_("There is no “%(key)s” here, or not for you.") % {"key": key} for key in unknown]
            )
        return [found[key] for key in keys]

    def _held(self) -> models.Model | None:
        instance: models.Model | None = self.context.get("instance")
        if instance is None or self.entry.column is None:
            return None
        held: models.Model | None = getattr(instance, self.entry.column.name)
        return held

    def _key(self, given: Any) -> int | str:
        if self.entry.target_key == "pk":
            return reading.integer(given, _no_text)
        return reading.text(given)


def _no_text(given: str) -> int:
    raise DjangoValidationError(_("Write the id as a number."), code="no_id")


# No docstrings here: the schema would show them, in one language.
class Input(serializers.Serializer[Any]):
    # A JSON object in which every name must be known: nothing is ever ignored.

    # Names that the API shows but nobody enters.
    shown: frozenset[str] = frozenset()
    # Figure → the field that tells why it is not there.
    states: Mapping[str, str] = {}

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        errors: dict[str, list[str]] = {}
        if isinstance(data, Mapping):
            for name in data:
                if name in self.fields:
                    continue
                known = name in self.shown
                errors[str(name)] = [
                    _("This field is read-only.") if known else _("Unknown field.")
                ]
        try:
            values: dict[str, Any] = super().to_internal_value(data)
        except serializers.ValidationError as error:
            if isinstance(error.detail, dict):
                raise serializers.ValidationError({**error.detail, **errors}) from error
            raise
        if errors:
            raise serializers.ValidationError(errors)
        return self._with_states(values)

    def _with_states(self, values: dict[str, Any]) -> dict[str, Any]:
        """A figure given alone is reported, a null given alone is missing, as in the forms.

        Where the state is given, it must fit: told here at the figure, of which a record has
        several.
        """
        errors: dict[str, list[str]] = {}
        for name, state in self.states.items():
            if state in values:
                figure = values.get(name, getattr(self.context["instance"], name, None))
                if (figure is None) is (values[state] == ValueState.REPORTED):
                    errors[name] = [_("State a figure, or why there is none.")]
            elif name in values:
                missing = values[name] is None
                values[state] = ValueState.MISSING if missing else ValueState.REPORTED
        if errors:
            raise serializers.ValidationError(errors)
        return values


class Seen(Input):
    # What was read before it is decided on.
    version = serializers.IntegerField(
        min_value=1, help_text=gettext_lazy("The version you read: nobody decides on another one.")
    )


class Reason(Seen):
    # Why a report is returned.
    reason = serializers.CharField(
        max_length=2000, help_text=gettext_lazy("Why: the author reads it.")
    )


class Answers(Input):
    # Reasons for what looks odd in a report.
    answers = serializers.DictField(
        child=serializers.CharField(max_length=1000),
        required=False,
        help_text=gettext_lazy("Check → why the figure is right. Named where they are asked for."),
    )


def _entered(collection: Collection, field: Field, *, required: bool) -> Entered:
    is_name = field.name == collection.key
    return Entered(field, is_name=is_name, required=required, allow_null=field.is_nullable)


def _input(collection: Collection, suffix: str, fields: Mapping[str, Any]) -> type[Input]:
    shown = frozenset(field.name for field in collection.fields) | {"url"}
    states = {field.name: field.state for field in collection.entered if field.state}
    name = f"{collection.model.__name__}{suffix}"
    return type(name, (Input,), {**fields, "shown": shown, "states": states})


def _changeable(collection: Collection) -> list[Field]:
    """The fields that people may change: all but the key, which never does."""
    return [field for field in collection.entered if field.name != collection.key]


def _version(collection: Collection) -> Entered:
    return Entered(field_of(collection.model, "version"), required=True)


@cache
def new(collection: Collection) -> type[Input]:
    """What POST takes: fields without a default are required."""
    fields = {
        field.name: _entered(collection, field, required=field.is_needed)
        for field in collection.entered
    }
    return _input(collection, "New", fields)


@cache
def change(collection: Collection) -> type[Input]:
    """What PATCH takes: the version seen, and the fields that change."""
    fields = {
        field.name: _entered(collection, field, required=False) for field in _changeable(collection)
    }
    return _input(collection, "Change", {**fields, "version": _version(collection)})


@cache
def whole(collection: Collection) -> type[Input]:
    """What PUT takes: the version seen, and every field but the key."""
    fields = {
        field.name: _entered(collection, field, required=True) for field in _changeable(collection)
    }
    return _input(collection, "Whole", {**fields, "version": _version(collection)})


class Shown(serializers.Field[Any, Any, Any, Any]):
    """One value as the API shows it; for the schema alone, rows are read as they are stored."""

    def __init__(self, field: Field, **kwargs: Any) -> None:
        super().__init__(help_text=_described(field), **kwargs)
        self.entry = field

    def to_internal_value(self, data: Any) -> Any:
        raise NotImplementedError

    def to_representation(self, value: Any) -> Any:
        return value


@cache
def shown(collection: Collection) -> type[serializers.Serializer[Any]]:
    """What the API answers with, for the schema."""
    fields: dict[str, Any] = {
        # Any JSON may be null anyway.
        field.name: Shown(field, allow_null=field.is_nullable and field.nature is not Nature.JSON)
        for field in collection.fields
    }
    fields["url"] = Shown(Field("url", "", Nature.TEXT))
    name = collection.model.__name__
    return type(name, (serializers.Serializer,), {**fields})
