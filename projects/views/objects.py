"""The page of one register object."""

from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from governance.access import (
    Action,
    Resource,
    can,
    can_somewhere,
    get_visible_or_404,
    rights_of,
)
from governance.people.deciding import why_same_person
from projects import ends, pages
from projects.goals import goals
from projects.metrics.periods import month_of
from projects.models import Baseline, ChangeRequest, MonthlyUpdate, SystemLineage
from projects.models.choices import OPEN_STATES, SETTLED_STATES, RequestState, UpdateState
from projects.register import KINDS, Kind
from projects.services import changes, field_rights, placing, requests, updates
from projects.tables import list_rows
from projects.ties import ties_of


def find(request: HttpRequest, kind: Kind, key: str | int) -> Any:
    """The object of that key, joined with what its page shows; 404 where it is not to be seen."""
    joined = ["updated_by"]
    if any(field.name == "import_run" for field in kind.model._meta.fields):
        joined.append("import_run")
    rows: Any = list_rows(kind, kind.objects, request.user).select_related(*kind.related, *joined)
    return get_visible_or_404(rows, request.user, **{kind.key: key})


@require_safe
def object_page(request: HttpRequest, slug: str, key: str | int) -> HttpResponse:
    """Everything the register holds about one object, as far as the reader may see it."""
    kind, user = KINDS[slug], request.user
    obj = find(request, kind, key)
    ties = ties_of(kind, obj)
    hanging = pages.hanging(kind, obj, user, ties)
    return render(
        request,
        "projects/object.html",
        {
            "title": ends.name_of(obj),
            "kind_name": capfirst(str(kind.name)),
            "key": kind.key_of(obj) if kind.has_own_key else "",
            "crumbs": [
                {"label": capfirst(str(kind.plural)), "url": kind.list_url()},
                {"label": ends.name_of(obj)},
            ],
            "actions": actions(kind, obj, user),
            "version": obj.version,
            "changes": _changes(kind, obj),
            "sections": pages.sections(kind, obj, user),
            "flags": pages.flags(kind, obj, user, timezone.localdate()),
            "plan": pages.against_plan(kind, obj, user, timezone.localdate())
            or pages.phasing(kind, obj, user),
            "years": pages.years(kind, obj, user),
            "goals": goals(kind, obj, user, ties),
            "hanging": hanging,
            "bare": [part for part in hanging if not part.table.rows],
            "source": pages.provenance(obj),
            "history": pages.history(kind, obj, user),
        },
    )


def _changes(kind: Kind, obj: Any) -> list[tuple[str, ChangeRequest]]:
    """What was asked of the record, the latest first, each with its fields in words. Cost: one
    query."""
    if not field_rights.changes_by_request(kind):
        return []
    rows = changes.of_record(kind, obj.pk).select_related("requested_by", "decided_by")
    return [(changes.labels(row), row) for row in rows[: pages.SHOWN]]


def actions(kind: Kind, obj: Any, user: Any) -> dict[str, str]:
    """Addresses of what the reader may do with `obj` now; "why_not" tells why a decision that the
    reader's role would allow is another person's. Cost: at most eight queries."""
    offered: dict[str, str] = {}
    is_update = isinstance(obj, MonthlyUpdate)
    is_open = not is_update or obj.state in OPEN_STATES
    is_whole = not isinstance(obj, SystemLineage) or placing.reaches_both_ends(
        user, obj, Action.EDIT
    )
    if kind.is_editable and is_open and is_whole and can(user, Action.EDIT, obj):
        offered["edit"] = kind.edit_url(obj)
        if field_rights.asked_fields(user, obj, timezone.localdate()):
            offered["ask"] = kind.change_url(obj)
    if is_update and (is_open or obj.state in SETTLED_STATES) and can(user, Action.EDIT, obj):
        name = "edit" if is_open else "correct"
        offered[name] = reverse("projects:projects-report", args=[obj.project.code, obj.period])
    if is_update and is_open and can(user, Action.SUBMIT, obj):
        offered["submit"] = reverse("projects:updates-submit", args=[obj.pk])
    if is_update and obj.state == UpdateState.SUBMITTED and can(user, Action.APPROVE, obj):
        # Nobody approves their own report; giving it back to oneself is harmless.
        if why := why_same_person(user, obj, own=gettext("Nobody approves their own report.")):
            offered["why_not"] = why
        else:
            offered["approve"] = reverse("projects:updates-approve", args=[obj.pk])
        offered["send_back"] = reverse("projects:updates-return", args=[obj.pk])
    if is_update and obj.state == UpdateState.APPROVED and updates.may_publish(user, obj):
        if why := why_same_person(user, obj, own=gettext("Nobody publishes their own report.")):
            offered["why_not"] = why
        else:
            offered["publish"] = reverse("projects:updates-publish", args=[obj.pk])
    offered |= _further(kind, obj, user)
    if isinstance(obj, Baseline) and obj.state == RequestState.REQUESTED:
        offered |= _baseline_actions(obj, user)
    return offered


def _further(kind: Kind, obj: Any, user: Any) -> dict[str, str]:
    """Pages of their own: the cost grid, the monthly report, the goals' editor, a KPI's years."""
    found: dict[str, str] = {}
    if kind.slug in ("systems", "projects"):
        reads = (Resource.BUDGET, Resource.EXECUTION)
        if any(can_somewhere(user, Action.READ, resource) for resource in reads):
            found["costs"] = reverse(f"projects:{kind.slug}-costs", args=[kind.key_of(obj)])
        if can_somewhere(user, Action.CREATE, Resource.KPI):
            found["goals"] = reverse(f"projects:{kind.slug}-goals", args=[kind.key_of(obj)])
    if kind.slug == "projects":
        seen = rights_of(user).reach(Resource.UPDATE, Action.READ)
        if seen.everything or obj.agency_id in seen.agency_ids or obj.pk in seen.project_ids:
            found["figures"] = reverse("projects:projects-figures", args=[obj.code])
            found["outlook"] = reverse("projects:projects-outlook", args=[obj.code])
        reach = rights_of(user).reach(Resource.UPDATE, Action.SUBMIT)
        if obj.pk in reach.project_ids or obj.agency_id in reach.agency_ids:
            month = month_of(month_of(timezone.localdate()) - timedelta(days=1))
            found["report"] = reverse("projects:projects-report", args=[obj.code, month])
    if kind.slug == "kpis":
        found["series"] = reverse("reports:kpi-series", args=[obj.code])
    return found


def _baseline_actions(obj: Baseline, user: Any) -> dict[str, str]:
    """A plan that waits: others decide, its author may take it back."""
    if obj.requested_by_id == user.pk:
        return {"withdraw": reverse("projects:baselines-withdraw", args=[obj.pk])}
    if not can(user, Action.APPROVE, obj):
        return {}
    own = requests.words_to_planners(user, obj)
    if why := why_same_person(user, obj, own=own, also=requests.planners_of(obj)):
        return {"why_not": why}
    return {
        "agree": reverse("projects:baselines-approve", args=[obj.pk]),
        "reject": reverse("projects:baselines-reject", args=[obj.pk]),
    }
