"""The OpenAPI description of the collections, made from their fields in the reader's language."""

from collections.abc import Mapping
from typing import Any, Final

from django.utils.translation import gettext as _
from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from drf_spectacular.openapi import AutoSchema

from governance.api.schema import ApiSchema
from projects.api import serializers
from projects.api.collections import COLLECTIONS, Collection
from projects.api.fields import Field, Nature

_TYPES: Final[Mapping[Nature, Mapping[str, Any]]] = {
    Nature.TEXT: {"type": "string"},
    Nature.BOOL: {"type": "boolean"},
    Nature.YEN: {"type": "integer", "format": "int64"},
    Nature.COUNT: {"type": "integer", "format": "int64"},
    Nature.YEAR: {"type": "integer", "minimum": 1980, "maximum": 2099},
    Nature.DECIMAL: {"type": "string", "format": "decimal"},
    Nature.RATIO: {"type": "string", "format": "decimal"},
    Nature.PERCENT: {"type": "string", "format": "decimal"},
    Nature.DAY: {"type": "string", "format": "date"},
    Nature.MONTH: {"type": "string", "format": "date"},
    Nature.MOMENT: {"type": "string", "format": "date-time"},
    Nature.JSON: {},
}


def _choice_type(field: Field) -> dict[str, Any]:
    values = [value for value, _label in field.choices]
    kind = "integer" if all(isinstance(value, int) for value in values) else "string"
    return {"type": kind, "enum": values}


def _key_type(field: Field) -> dict[str, Any]:
    return {"type": "integer"} if field.target_key == "pk" else {"type": "string"}


def type_of(field: Field) -> dict[str, Any]:
    """The JSON schema of one value of `field`, null aside."""
    if field.nature is Nature.CHOICE:
        found = _choice_type(field)
    elif field.nature is Nature.KEY:
        found = _key_type(field)
    elif field.nature is Nature.KEYS:
        found = {"type": "array", "items": _key_type(field)}
    else:
        found = dict(_TYPES[field.nature])
    length = getattr(field.column, "max_length", None)
    if field.nature is Nature.TEXT and length is not None:
        found["maxLength"] = length
    if unit := field.unit():
        found["x-unit"] = unit
    return found


def _with_null(found: dict[str, Any], *, nullable: bool) -> dict[str, Any]:
    """Null said once, as JSON Schema 2020-12 does; the values of a list name it too."""
    if nullable and "enum" in found:
        found["enum"] = [*found["enum"], None]
    return found


class EnteredExtension(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    target_class = "projects.api.serializers.Entered"

    def map_serializer_field(self, auto_schema: AutoSchema, direction: str) -> dict[str, Any]:
        field: Field = self.target.entry
        return _with_null(type_of(field), nullable=self.target.allow_null)


class ShownExtension(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    target_class = "projects.api.serializers.Shown"

    def map_serializer_field(self, auto_schema: AutoSchema, direction: str) -> dict[str, Any]:
        field: Field = self.target.entry
        found = type_of(field)
        if field.may_be_unseen and found["type"] == "integer":
            found["type"] = ["integer", "string"]  # The words that stand for the unseen.
        return _with_null(found, nullable=self.target.allow_null)


class CollectionSchema(ApiSchema):
    """Operations of one collection; the verbs of the view's actions make ids and summaries."""

    @property
    def collection(self) -> Collection:
        view: Any = self.view
        found: Collection = view.collection
        return found

    @property
    def _action(self) -> str:
        view: Any = self.view
        return str(view.action)

    def get_operation_id(self) -> str:
        return f"{self.collection.slug.replace('-', '_')}_{self._action}"

    def get_tags(self) -> list[str]:
        return [self.collection.slug]

    def get_summary(self) -> str:
        meta = self.collection.model._meta
        words = {"kind": meta.verbose_name, "plural": meta.verbose_name_plural}
        return _summaries()[self._action] % words

    def get_description(self) -> str:  # type: ignore[override]
        return _descriptions().get(self._action, "")

    def get_request_serializer(self) -> Any:
        made = {
            "create": serializers.new,
            "update": serializers.whole,
            "partial_update": serializers.change,
        }.get(self._action)
        if made is not None:
            return made(self.collection)
        inputs: dict[str, Any] = {
            "approve": serializers.Seen,
            "publish": serializers.Seen,
            "send_back": serializers.Reason,
            "submit": serializers.Answers,
        }
        return inputs.get(self._action)

    def get_response_serializers(self) -> Any:
        status = 201 if self._action == "create" else 200
        return {status: serializers.shown(self.collection), **self.errors()}

    def get_extensions(self) -> dict[str, Any]:
        """Who may: the grants table is the only place that tells."""
        return {"x-resources": [str(resource) for resource in self.collection.resources]}


def describe_tags(result: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
    """Adds what each group of operations is about; called when the description is made."""
    result["tags"] = [
        {"name": slug, "description": str(collection.model._meta.verbose_name_plural)}
        for slug, collection in COLLECTIONS.items()
    ]
    return result


def _summaries() -> dict[str, str]:
    return {
        "list": _("List: %(plural)s"),
        "retrieve": _("Read one: %(kind)s"),
        "create": _("Create: %(kind)s"),
        "update": _("Write in full: %(kind)s"),
        "partial_update": _("Change: %(kind)s"),
        "submit": _("Submit: %(kind)s"),
        "approve": _("Approve: %(kind)s"),
        "send_back": _("Return: %(kind)s"),
        "publish": _("Publish: %(kind)s"),
    }


def _descriptions() -> dict[str, str]:
    return {
        "list": _(
            "The rows you may see. Filters are those of the page; an unknown parameter is an error."
        ),
        "retrieve": _("404 if there is no such record, or not for you."),
        "create": _("Fields with a default may be left out; an unknown field is an error."),
        "update": _("Every field must be named, and the version you read."),
        "partial_update": _(
            "Name the version you read and what changes. If somebody saved in between, the answer"
            " is 409 with the record as it is now."
        ),
        "submit": _(
            "Hands a draft or a returned report to the PMO. What looks odd needs a reason: the answer"
            " names the checks, `answers` gives the reasons."
        ),
        "approve": _("Approves a submitted report; nobody approves their own."),
        "send_back": _("Returns a submitted report to its author, with the reason."),
        "publish": _("Releases an approved report: the ministry CIO answers for it from then on."),
    }
