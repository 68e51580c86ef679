"""`/api/v1/imports/`: a workbook or a CSV file over HTTP, by the same rules as on the page."""

from typing import Any
from uuid import UUID

from django.http import Http404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.parsers import MultiPartParser
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from governance.api.parameters import refuse_unknown
from governance.api.schema import ApiSchema, Error
from governance.exceptions import DomainError
from governance.web.limits import Door
from projects import tasks
from projects.imports import jobs, sheets
from projects.models import ImportJob
from projects.models.choices import JobState


class MayImport(BasePermission):
    """Those of whose file anything could come in; every row is judged again."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return jobs.may_import(request.user)


class CellErrorShape(serializers.Serializer[Any]):
    sheet = serializers.CharField(help_text=gettext_lazy("The name of the sheet in the file."))
    row = serializers.IntegerField(
        allow_null=True, help_text=gettext_lazy("As Excel counts; null for the sheet as a whole.")
    )
    column = serializers.CharField(help_text=gettext_lazy("The label of the column."))
    message = serializers.CharField(help_text=gettext_lazy("What is wrong."))


class ChangeShape(serializers.Serializer[Any]):
    sheet = serializers.CharField(help_text=gettext_lazy("The name of the sheet in the file."))
    row = serializers.IntegerField(help_text=gettext_lazy("As Excel counts."))
    key = serializers.CharField(help_text=gettext_lazy("The record's key, or #number."))
    name = serializers.CharField(help_text=gettext_lazy("The record's name."))
    verb = serializers.ChoiceField(
        choices=["create", "edit"], help_text=gettext_lazy("What happens to the record.")
    )
    fields_ = serializers.ListField(
        child=serializers.ListField(child=serializers.CharField(), min_length=3, max_length=3),
        help_text=gettext_lazy("Label, before, after."),
    )

    def get_fields(self) -> dict[str, Any]:
        fields = super().get_fields()
        fields["fields"] = fields.pop("fields_")
        return fields


class JobShape(serializers.Serializer[Any]):
    id = serializers.UUIDField(help_text=gettext_lazy("The file's number."))
    state = serializers.ChoiceField(
        choices=JobState.values, help_text=gettext_lazy("Where the file stands.")
    )
    file_name = serializers.CharField(help_text=gettext_lazy("As it was sent."))
    sha256 = serializers.CharField(help_text=gettext_lazy("Of the file as it was sent."))
    rows = serializers.IntegerField(allow_null=True, help_text=gettext_lazy("Rows read."))
    created = serializers.IntegerField(allow_null=True, help_text=gettext_lazy("New records."))
    edited = serializers.IntegerField(allow_null=True, help_text=gettext_lazy("Changed records."))
    unchanged = serializers.IntegerField(allow_null=True, help_text=gettext_lazy("Other rows."))
    error_count = serializers.IntegerField(
        allow_null=True, help_text=gettext_lazy("All errors; the list may be cut.")
    )
    errors_ = CellErrorShape(many=True, help_text=gettext_lazy("What is wrong, and where."))
    changes = ChangeShape(many=True, help_text=gettext_lazy("What would change, or did."))
    error = serializers.CharField(
        allow_blank=True, help_text=gettext_lazy("Why the file ended without being written.")
    )
    url = serializers.CharField(help_text=gettext_lazy("Where to ask again."))

    def get_fields(self) -> dict[str, Any]:
        fields = super().get_fields()
        # Serializers have an attribute of that name themselves.
        fields["errors"] = fields.pop("errors_")
        return fields


class UploadShape(serializers.Serializer[Any]):
    file = serializers.FileField(help_text=gettext_lazy("A workbook (.xlsx) or a CSV file."))
    kind = serializers.ChoiceField(
        choices=[sheet.slug for sheet in sheets.SHEETS],
        required=False,
        help_text=gettext_lazy("What a CSV file holds."),
    )
    dry_run = serializers.BooleanField(
        default=True, help_text=gettext_lazy("Check alone; false writes a file without errors.")
    )


def shown(job: ImportJob) -> dict[str, Any]:
    """A job as the API tells it."""
    report = job.report
    counts = ("rows", "created", "edited", "unchanged", "error_count")
    return {
        "id": str(job.pk),
        "state": job.state,
        "file_name": job.file_name,
        "sha256": job.sha256,
        **{name: report.get(name) for name in counts},
        "errors": report.get("errors", []),
        "changes": report.get("changes", []),
        "error": job.error,
        "url": reverse("api:imports-job", args=[job.pk]),
    }


class _ImportView(APIView):
    permission_classes = (IsAuthenticated, MayImport)
    schema = ApiSchema()

    def found(self, request: Request, pk: UUID) -> ImportJob:
        """One's own file; another's does not exist."""
        job = ImportJob.objects.filter(pk=pk, owner_id=request.user.pk).defer("content").first()
        if job is None:
            raise Http404
        return job

    def again(self, job: ImportJob) -> dict[str, Any]:
        return shown(ImportJob.objects.defer("content").get(pk=job.pk))


class ImportsView(_ImportView):
    door = Door.UPLOAD
    parser_classes = (MultiPartParser,)
    http_method_names = ["post"]

    @extend_schema(
        operation_id="imports_create",
        summary=gettext_lazy("Send a workbook or a CSV file"),
        description=gettext_lazy(
            "Checks every row by the rules of the forms. Nothing is written unless dry_run is false"
            " and there is no error; then all of it is, in one transaction."
        ),
        request={"multipart/form-data": UploadShape},
        responses={201: JobShape, 400: Error, 401: Error, 403: Error, 429: Error},
        tags=["imports"],
    )
    def post(self, request: Request) -> Response:
        refuse_unknown(request)
        asked = UploadShape(data=request.data)
        asked.is_valid(raise_exception=True)
        values: dict[str, Any] = asked.validated_data
        sent, user = values["file"], request.user
        kind = values.get("kind", "")
        if sent.name.lower().endswith(".csv") and not kind:
            raise serializers.ValidationError({"kind": [_("Choose what the CSV file holds.")]})
        jobs.refuse_large(sent.size)
        job = jobs.upload(
            user,  # type: ignore[arg-type]
            file_name=sent.name,
            content=sent.read(),
            kind=kind if sent.name.lower().endswith(".csv") else "",
            language=get_language() or "ja",
            at=timezone.now(),
        )
        tasks.start(job)
        job.refresh_from_db(fields=["state"])
        if not values["dry_run"] and job.state == JobState.READY:
            _write(job)
        answer = self.again(job)
        return Response(answer, status.HTTP_201_CREATED, headers={"Location": answer["url"]})


def _write(job: ImportJob) -> None:
    if jobs.confirm(job, timezone.now()):
        job.state = JobState.WRITING
        tasks.start(job)


class ImportView(_ImportView):
    http_method_names = ["get", "head"]

    @extend_schema(
        operation_id="imports_retrieve",
        summary=gettext_lazy("How a file stands"),
        responses={200: JobShape, 401: Error, 403: Error, 404: Error},
        tags=["imports"],
    )
    def get(self, request: Request, pk: UUID) -> Response:
        refuse_unknown(request)
        return Response(shown(self.found(request, pk)))


class ConfirmView(_ImportView):
    http_method_names = ["post"]

    @extend_schema(
        operation_id="imports_confirm",
        summary=gettext_lazy("Write a checked file"),
        request=None,
        responses={200: JobShape, 400: Error, 401: Error, 403: Error, 404: Error, 429: Error},
        tags=["imports"],
    )
    def post(self, request: Request, pk: UUID) -> Response:
        job = self.found(request, pk)
        if job.state in (JobState.WRITING, JobState.DONE):  # A second call changes nothing.
            return Response(shown(job))
        if job.state != JobState.READY:
            raise DomainError(
                _("This is not possible in the state “%(state)s”.")
                % {"state": job.get_state_display()}
            )
        _write(job)
        return Response(self.again(job))


class CancelView(_ImportView):
    http_method_names = ["post"]

    @extend_schema(
        operation_id="imports_cancel",
        summary=gettext_lazy("Give a file up"),
        request=None,
        responses={200: JobShape, 400: Error, 401: Error, 403: Error, 404: Error, 429: Error},
        tags=["imports"],
    )
    def post(self, request: Request, pk: UUID) -> Response:
        job = self.found(request, pk)
        if not jobs.cancel(job, timezone.now()):
            raise DomainError(_("Too late: the file has ended, or is being written."))
        return Response(self.again(job))
