"""The lists of the register and the audit trail as files: what the page shows, all of its pages."""

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseBase
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from governance.access import Action, Resource, get_visible_or_404, require_somewhere
from governance.tabular import Text
from projects.audit_list import audit_listing
from projects.filters import listing
from projects.pages import year_rows
from projects.register import KINDS, can_read
from projects.tables import year_columns
from reports.downloads import Counted, export_response
from reports.exports import FORMATS, Meta
from reports.views.exporting import exporting
from reports.views.question import bad_export


@require_safe
@exporting
def register_export(request: HttpRequest, slug: str, fmt: str) -> HttpResponseBase:
    """One register list under the filters and in the order of its address.

    Answers 400 where a filter cannot be read: a file that holds more than was asked for is none.
    """
    kind = KINDS[slug]
    if fmt not in FORMATS:
        raise Http404
    if not can_read(request.user, kind):
        raise PermissionDenied
    asked = listing(kind, request.user, request.GET, on=timezone.localdate())
    if not asked.is_understood:
        return bad_export(asked.complaint)
    meta = _meta(request, capfirst(str(kind.plural)), asked.filters.described())
    return export_response(request, fmt, asked.columns, asked.rows, meta, name=slug)


@require_safe
@exporting
def years_export(request: HttpRequest, slug: str, key: str, fmt: str) -> HttpResponseBase:
    """Cost and online use of one system or project by fiscal year."""
    kind = KINDS[slug]
    if fmt not in FORMATS:
        raise Http404
    obj = get_visible_or_404(kind.objects, request.user, **{kind.key: key})
    rows = year_rows(kind, obj, request.user)
    if rows is None:
        raise PermissionDenied
    meta = _meta(request, _("Cost and online use by fiscal year"), [(kind.name, str(obj))])
    return export_response(request, fmt, year_columns(obj), rows, meta, name=f"{slug}-years")


@require_safe
@exporting
def audit_export(request: HttpRequest, fmt: str) -> HttpResponseBase:
    """The audit trail under the filters of its address."""
    if fmt not in FORMATS:
        raise Http404
    require_somewhere(request.user, Action.READ, Resource.AUDIT)
    asked = audit_listing(request.user, request.GET)
    if not asked.is_understood:
        return bad_export(asked.complaint)
    meta = _meta(request, _("Audit trail"), asked.described)
    rows = Counted(asked.rows.count(), asked.streamed())
    return export_response(request, fmt, asked.columns, rows, meta, name="audit")


def _meta(request: HttpRequest, title: str, filters: list[tuple[Text, Text]]) -> Meta:
    return Meta(
        title=title,
        as_of=timezone.localdate(),
        generated_at=timezone.now(),
        exported_by=str(request.user),
        filters=filters,
    )
