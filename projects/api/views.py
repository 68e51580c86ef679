"""`/api/v1/`: the register over HTTP, default-deny; writes go through the same services."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

from django.core.exceptions import NON_FIELD_ERRORS, PermissionDenied, ValidationError
from django.http import Http404
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from governance.access import Action, Resource, can_somewhere, get_visible_or_404
from governance.api.exceptions import StaleVersion
from governance.api.parameters import refuse_unknown
from governance.api.schema import ApiSchema, Error
from governance.audit import Act
from governance.exceptions import Conflict
from governance.querysets import ScopedQuerySet
from projects.api import serializers
from projects.api.collections import COLLECTIONS, Collection, Rows
from projects.api.filters import FilterBackend, SortBackend
from projects.api.schema import CollectionSchema
from projects.filing_text import finding_text
from projects.forms.register import told_at
from projects.models import MonthlyUpdate
from projects.register import Kind
from projects.services import register, updates


@contextmanager
def told_at_fields(kind: Kind) -> Iterator[None]:
    """Tells what the model says of a whole record at the field that it is about, as forms do."""
    try:
        yield
    except ValidationError as error:
        placed: dict[str, list[str]] = {}
        for name, messages in error.message_dict.items():
            for message in messages:
                placed.setdefault(_place(kind, name, message), []).append(message)
        raise ValidationError(placed) from error


def _place(kind: Kind, name: str, message: str) -> str:
    if name != NON_FIELD_ERRORS:
        return name
    for constraint in kind.model._meta.constraints:
        if str(constraint.violation_error_message) == message:
            return told_at(constraint, kind.fields) or name
    return name


class CollectionViewSet(GenericViewSet[Any]):
    """Lists and single records of one collection, to read."""

    collection: ClassVar[Collection] = COLLECTIONS["systems"]  # Each address names its own.
    schema = CollectionSchema()
    filter_backends = (FilterBackend, SortBackend)
    http_method_names = ["get", "head", "post", "put", "patch"]

    @property
    def resources(self) -> tuple[Resource, ...]:
        return self.collection.resources

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if self.action != "list":
            refuse_unknown(request)

    def get_queryset(self) -> ScopedQuerySet[Any]:
        return self.collection.objects.visible_to(self.request.user)

    def list(self, request: Request) -> Response:
        rows = Rows(self.collection, self.filter_queryset(self.get_queryset()), request.user)
        page = self.paginate_queryset(rows)  # type: ignore[arg-type]
        return self.get_paginated_response(page)

    def retrieve(self, request: Request, key: str) -> Response:
        rows = self.collection.rows(self.get_queryset().filter(**self._lookup(key)), request.user)
        if not rows:
            raise Http404
        return Response(rows[0])

    def _lookup(self, key: str | int) -> dict[str, Any]:
        if isinstance(key, str) and "\x00" in key:
            raise Http404  # PostgreSQL refuses even to look for it.
        return {self.collection.key: key}

    def _row(self, pk: int) -> dict[str, Any]:
        """A record just written, as the API shows it: its writer may see it."""
        return self.collection.rows(self.collection.objects.filter(pk=pk), self.request.user)[0]


class RegisterViewSet(CollectionViewSet):
    """A collection that people write to."""

    @property
    def kind(self) -> Kind:
        if self.collection.kind is None:
            raise Http404
        return self.collection.kind

    def create(self, request: Request) -> Response:
        values = self._input(serializers.new(self.collection))
        with told_at_fields(self.kind):
            stored = register.create(self._act(), self.kind, values)
        row = self._row(stored.pk)
        return Response(row, status.HTTP_201_CREATED, headers={"Location": row["url"]})

    def update(self, request: Request, key: str) -> Response:
        return self._save(key, serializers.whole(self.collection))

    def partial_update(self, request: Request, key: str) -> Response:
        return self._save(key, serializers.change(self.collection))

    def _save(self, key: str, expected: type[serializers.Input]) -> Response:
        stored = self._permitted(key)
        values = self._input(expected, stored)
        version = values.pop("version")
        try:
            with told_at_fields(self.kind):
                register.edit(self._act(), self.kind, stored.pk, values, version=version)
        except Conflict as conflict:
            raise StaleVersion(self._row(stored.pk)) from conflict
        return Response(self._row(stored.pk))

    def _permitted(self, key: str) -> Any:
        """The record; 404 where it cannot be seen, 403 where the action is not allowed."""
        stored = get_visible_or_404(self.collection.objects, self.request.user, **self._lookup(key))
        self.check_object_permissions(self.request, stored)
        return stored

    def _input(self, expected: type[serializers.Input], stored: Any = None) -> dict[str, Any]:
        context = {"user": self.request.user, "instance": stored}
        serializer = expected(data=self.request.data, context=context)
        serializer.is_valid(raise_exception=True)
        values: dict[str, Any] = serializer.validated_data
        return values

    def _act(self, reason: str = "") -> Act:
        user: Any = self.request.user
        return Act(user=user, at=timezone.now(), source="api", reason=reason)


class UpdateViewSet(RegisterViewSet):
    """Monthly reports: drafted and edited as any record, then handed over and judged."""

    rights: ClassVar[dict[str, Action]] = {
        "submit": Action.SUBMIT,
        "approve": Action.APPROVE,
        "send_back": Action.APPROVE,
        "publish": Action.READ,
    }

    def submit(self, request: Request, key: str) -> Response:
        stored = self._permitted(key)
        answers = self._input(serializers.Answers).get("answers", {})
        try:
            update = updates.submit(self._act(), stored.pk, answers)
        except updates.NeedsAnswers as needs:
            told: dict[str, list[str]] = {}
            for found in needs.findings:
                told.setdefault(found.field, []).append(f"{found.check}: {finding_text(found)}")
            raise ValidationError(told) from needs
        return Response(self._row(update.pk))

    def approve(self, request: Request, key: str) -> Response:
        return self._decide(key, updates.approve, serializers.Seen)

    def send_back(self, request: Request, key: str) -> Response:
        return self._decide(key, updates.send_back, serializers.Reason)

    def publish(self, request: Request, key: str) -> Response:
        if not updates.may_publish(request.user, self._permitted(key)):
            raise PermissionDenied
        return self._decide(key, updates.publish, serializers.Seen)

    def _decide(
        self, key: str, service: Callable[..., MonthlyUpdate], expected: type[serializers.Input]
    ) -> Response:
        """Decide on the version that was read; 409 with the report as it is where it is another."""
        stored = self._permitted(key)
        said = self._input(expected)
        try:
            service(self._act(said.get("reason", "")), stored.pk, version=said["version"])
        except Conflict as conflict:
            raise StaleVersion(self._row(stored.pk)) from conflict
        return Response(self._row(stored.pk))


class RootView(APIView):
    """The addresses of the collections that you may read, by name."""

    permission_classes = (IsAuthenticated,)
    schema = ApiSchema()
    http_method_names = ["get", "head"]

    @extend_schema(operation_id="root", responses={200: OpenApiTypes.OBJECT, 401: Error})
    def get(self, request: Request) -> Response:
        refuse_unknown(request)
        return Response(
            {
                slug: reverse(f"api:{slug}-list")
                for slug, collection in COLLECTIONS.items()
                if any(
                    can_somewhere(request.user, Action.READ, resource)
                    for resource in collection.resources
                )
            }
        )
