"""The auditor verifies in the browser: what the trail is anchored to, and whether all fits."""

from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from governance.access import Action, Resource, get_visible_or_404, require_somewhere
from governance.audit import anchors, checks, keys, naming, reading, register, restores, tasks
from governance.audit.anchors import Anchor
from governance.audit.events import Act
from governance.audit.examination import Verdict
from governance.audit.faults import Fault
from governance.audit.forms import VerifyForm
from governance.audit.restores import replaced_text
from governance.exceptions import DomainError
from governance.formatting import DASH, integer
from governance.models import AuditCheck, AuditEvent, AuditHead, User
from governance.tabular import Badge, Column, Kind, Table, build_table

SHOWN: Final = 10
"""Anchors and verifications that the page lists."""
FAULTS_PER_PAGE: Final = 100


def _person(request: HttpRequest) -> User:
    require_somewhere(request.user, Action.READ, Resource.AUDIT)
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def _crumbs(*more: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"label": _("Audit trail"), "url": reverse("audit-list")}, *more]


def _verdict(check: AuditCheck) -> Badge | str:
    if check.state != AuditCheck.State.DONE:
        return str(check.get_state_display())
    whole = check.result["whole"]
    if check.result.get("verdict") == Verdict.REPLACED:
        return Badge(_("replaced by a restore"), "medium")
    return Badge(_("whole"), "ok") if whole else Badge(_("NOT whole"), "high")


def _checks_table() -> Table:
    columns: tuple[Column[AuditCheck], ...] = (
        Column(
            "at",
            _("asked at"),
            lambda check: check.asked_at,
            Kind.DATETIME,
            url=lambda check: reverse("audit-check", args=[check.pk]),
        ),
        Column("by", _("asked by"), lambda check: str(check.asked_by)),
        Column("verdict", _("result"), _verdict),
        Column("events", _("events"), lambda check: check.result.get("events"), Kind.INTEGER),
        Column("faults", _("faults"), lambda check: check.result.get("fault_count"), Kind.INTEGER),
        Column(
            "anchors",
            _("anchors compared"),
            lambda check: len(check.result["anchors"]) if "anchors" in check.result else None,
            Kind.INTEGER,
        ),
    )
    return build_table(
        columns,
        AuditCheck.objects.select_related("asked_by")[:SHOWN],
        caption=_("Verifications"),
        query={},
        empty_text=_("Nobody has verified the trail on this page yet."),
        id="checks",
    )


def _anchors_table(found: list[Anchor]) -> Table:
    latest = found[: -SHOWN - 1 : -1]
    standing = dict(
        AuditEvent.objects.filter(seq__in=[a.seq for a in latest]).values_list("seq", "hash")
    )

    done = restores.known()

    def fits(anchor: Anchor) -> Badge:
        if anchor.is_signed() and standing.get(anchor.seq, "") == anchor.hash:
            return Badge(_("fits"), "ok")
        if anchor.is_signed() and restores.accounting(done, anchor) is not None:
            return Badge(_("replaced by a restore"), "medium")
        return Badge(_("does NOT fit"), "high")

    columns: tuple[Column[Anchor], ...] = (
        Column("at", _("at"), lambda anchor: anchor.at, Kind.DATETIME),
        Column("seq", _("event"), lambda anchor: anchor.seq, Kind.INTEGER),
        Column("fits", _("the event today"), fits),
        Column("file", _("file"), lambda anchor: anchor.name),
        Column("key", _("fingerprint of the key"), lambda anchor: anchor.fingerprint()[:16]),
    )
    return build_table(
        columns,
        latest,
        caption=_("Last anchors"),
        query={},
        empty_text=_("The trail is not anchored yet: the regular jobs do so daily."),
        id="anchors",
    )


def _key_text() -> str:
    """The fingerprint of the key here, or why there is none. Makes none."""
    if not keys.path().exists():
        return _("none yet")
    try:
        return keys.fingerprint(keys.signing_key().public_key())
    except DomainError as error:
        return str(error)


def _last_event() -> AuditEvent | None:
    """The last event, also where nothing but its number can be read."""
    rows = reading.numbered(AuditEvent.objects.order_by("-seq"), "seq")
    return next(iter(reading.events(rows[:1])), None)


@require_http_methods(["GET", "HEAD", "POST"])
@reading.anyhow(is_exact=False)
def verify_page(request: HttpRequest) -> HttpResponse:
    """Where the trail stands, what it was anchored to, and a form to have it verified."""
    user = _person(request)
    form, status = VerifyForm(), 200
    if request.method == "POST":
        form, status = VerifyForm(request.POST, request.FILES), 422
        if form.is_valid():
            check = checks.ask(
                Act(user, timezone.now()),
                form.files_sent,
                with_folder=form.cleaned_data["with_folder"],
            )
            if check.state == AuditCheck.State.QUEUED:
                tasks.start(check)
            return redirect("audit-check", check.pk)
    found, unreadable = anchors.read_files(anchors.files(anchors.directory()))
    return render(
        request,
        "governance/audit_verify.html",
        {
            "crumbs": _crumbs({"label": _("Verification")}),
            "head": AuditHead.objects.filter(pk=AuditHead.ONLY).first(),
            "last": _last_event(),
            "key": _key_text(),
            "unreadable": unreadable,
            "anchors": _anchors_table(found),
            "checks": _checks_table(),
            "form": form,
        },
        status=status,
    )


# One verification -------------------------------------------------------------------------------


def _found(request: HttpRequest, pk: UUID) -> AuditCheck:
    """The verification; taken up again where its worker fell silent."""
    _person(request)
    check: AuditCheck = get_visible_or_404(
        AuditCheck.objects.select_related("asked_by"), request.user, pk=pk
    )
    if check.state in checks.OPEN and checks.resume(check.pk, timezone.now()):
        tasks.start(check)
    check.refresh_from_db()
    return check


def _progress(check: AuditCheck) -> dict[str, Any]:
    return {"check": check, "is_running": check.state in checks.OPEN}


def _history(fault: Fault) -> str | None:
    """Where the trail lists what was done to the record of a fault; none where that lists nothing."""
    object_type, key = naming.about(fault)
    if not object_type or not fault.has_history:
        return None
    return f"{reverse('audit-list')}?{urlencode({'type': object_type, 'key': key})}"


def _faults_table(check: AuditCheck, request: HttpRequest) -> tuple[Table, Any]:
    faults = [Fault.of(stored) for stored in check.result["faults"]]
    page = Paginator(faults, FAULTS_PER_PAGE).get_page(request.GET.get("page"))
    columns: tuple[Column[Fault], ...] = (
        # Most faults have no event, field or detail: that is nothing that somebody has yet to report.
        Column("seq", _("event"), lambda fault: integer(fault.seq) if fault.seq else DASH),
        Column(
            "object",
            _("object"),
            naming.record_words,
            url=_history,
        ),
        Column("kind", _("what is wrong"), lambda fault: fault.kind.label),
        Column("fields", _("field"), naming.field_words),
        Column("detail", _("detail"), lambda fault: fault.detail),
    )
    table = build_table(
        columns,
        page.object_list,
        caption=_("Faults"),
        query=request.GET,
        page=page,
        id="faults",
    )
    return table, page


def _compared_table(check: AuditCheck) -> Table:
    columns: tuple[Column[tuple[str, int]], ...] = (
        Column("kind", _("kind"), lambda row: naming.type_words(row[0])),
        Column("rows", _("rows"), lambda row: row[1], Kind.INTEGER),
    )
    return build_table(
        columns,
        sorted(check.result["rows"].items()),
        caption=_("Rows compared, each with its last event"),
        query={},
        id="rows",
    )


@require_safe
def check_page(request: HttpRequest, pk: UUID) -> HttpResponse:
    """How far a verification is, or what it found: to be read, and printed."""
    check = _found(request, pk)
    context: dict[str, Any] = {
        "crumbs": _crumbs(
            {"label": _("Verification"), "url": reverse("audit-verify")},
            {"label": _("Result")},
        ),
        **_progress(check),
    }
    if check.state == AuditCheck.State.DONE:
        faults, page = _faults_table(check, request)
        context |= {
            "result": check.result,
            "faults": faults,
            "replaced": list(map(replaced_text, check.result.get("replaced", []))),
            "is_replaced": check.result.get("verdict") == Verdict.REPLACED,
            "page_obj": page,
            "unlisted": check.result["fault_count"] - len(check.result["faults"]),
            "rows": _compared_table(check),
            "outside": register.outside_words(check.result["outside"]),
        }
    return render(request, "governance/audit_check.html", context)


@require_safe
def check_progress(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The progress alone, for the page to ask again and again."""
    check = _found(request, pk)
    response = render(request, "governance/_audit_check_progress.html", _progress(check))
    if check.state not in checks.OPEN:
        response["HX-Refresh"] = "true"
    return response
