"""What-if: scenarios of the portfolio, computed for whoever reads them."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from governance.access import (
    Action,
    Resource,
    can_somewhere,
    get_visible_or_404,
    require,
    require_somewhere,
)
from governance.exceptions import Conflict
from governance.tabular import Column, Kind, Unknown, build_table
from projects.forms.scenarios import LISTED, ScenarioForm
from projects.metrics.assumptions import read
from projects.metrics.burden import YEN_PER_HOUR
from projects.models import Scenario
from projects.scenario_text import assumed, fault_text
from projects.selectors import Visible
from projects.services import scenarios
from projects.services.flags import rule_book
from projects.views.editing import act_of
from projects.whatif import Comparison, compare, project_rows, scoped
from projects.worth import DISCOUNT_RATE
from reports import whatif
from reports.downloads import export_response
from reports.exports import FORMATS, Meta
from reports.views.dashboard import draws_charts
from reports.views.exporting import exporting

_LIST: Final[tuple[Column[Scenario], ...]] = (
    Column(
        "name",
        gettext_lazy("name"),
        lambda row: row.name,
        url=lambda row: reverse("reports:scenario", args=[row.pk]),
    ),
    Column(
        "agency",
        gettext_lazy("agency"),
        lambda row: str(row.agency) if row.agency else _("whole government"),
    ),
    Column("owner", gettext_lazy("owner"), lambda row: str(row.owner)),
    Column("changed", gettext_lazy("changes"), lambda row: _changes(row), Kind.INTEGER),
    Column("note", gettext_lazy("note"), lambda row: row.note or Unknown("not_applicable")),
    Column("updated_at", gettext_lazy("saved at"), lambda row: row.updated_at, Kind.DATETIME),
)


def _changes(row: Scenario) -> int:
    """How many assumptions differ from today."""
    found, _faults = read(row.assumptions)
    single = (found.rate, found.horizon, found.yen_per_hour)
    return (
        sum(value is not None for value in single)
        + sum(len(own) for own in found.thresholds.values())
        + len(found.codes)
    )


def _crumbs(*labels: tuple[str, str]) -> list[dict[str, str]]:
    return [
        {"label": _("What-if"), "url": reverse("reports:scenarios")},
        *({"label": label, "url": url} for label, url in labels),
    ]


def _may_write(request: HttpRequest) -> bool:
    return can_somewhere(request.user, Action.CREATE, Resource.SCENARIO)


@require_safe
def scenarios_page(request: HttpRequest) -> HttpResponse:
    """The scenarios that the reader may see. One query beside those of the frame."""
    require_somewhere(request.user, Action.READ, Resource.SCENARIO)
    rows = Scenario.objects.visible_to(request.user).select_related("agency", "owner")
    return render(
        request,
        "reports/scenarios.html",
        {
            "title": _("What-if"),
            "crumbs": [{"label": _("What-if")}],
            "may_write": _may_write(request),
            "table": build_table(
                _LIST,
                rows,
                caption=_("Scenarios"),
                query={},
                empty_text=_("No scenario is saved yet."),
            ),
        },
    )


def _find(request: HttpRequest, pk: int) -> Scenario:
    require_somewhere(request.user, Action.READ, Resource.SCENARIO)
    rows: Any = Scenario.objects.select_related("agency", "owner")
    found: Scenario = get_visible_or_404(rows, request.user, pk=pk)
    return found


def _find_own(request: HttpRequest, pk: int) -> Scenario:
    """The reader's own; 403 for another's that they may see."""
    found = _find(request, pk)
    require(request.user, Action.EDIT, found)
    if found.owner_id != request.user.pk:
        raise PermissionDenied
    return found


def _compared(request: HttpRequest, found: Scenario) -> tuple[Comparison, list[str]]:
    """The comparison, and what of the scenario no longer stands in the rule book."""
    assumptions, faults = read(found.assumptions)
    rows = scoped(Visible(request.user), found.agency)
    return compare(rows, assumptions, timezone.localdate()), [fault_text(one) for one in faults]


@require_safe
@draws_charts
def scenario_page(request: HttpRequest, pk: int) -> HttpResponse:
    """Today beside the scenario, over the rows that the reader sees."""
    found = _find(request, pk)
    comparison, stale = _compared(request, found)

    def address(key: str, fmt: str) -> str:
        path = reverse("reports:scenario-export", args=[found.pk, fmt])
        return f"{path}?{urlencode({'table': key})}"

    return render(
        request,
        "reports/scenario.html",
        {
            "title": found.name,
            "crumbs": _crumbs((found.name, "")),
            "scenario": found,
            "result": whatif.page(comparison, whatif.all_links(address)),
            "stale": stale,
            "may_copy": _may_write(request),
            "is_own": _may_write(request) and found.owner_id == request.user.pk,
        },
    )


@require_safe
@exporting
def scenario_export(request: HttpRequest, pk: int, fmt: str) -> HttpResponseBase:
    """One table of the comparison, whole. 404 for a table or a format that is not offered."""
    found = _find(request, pk)
    key = request.GET.get("table", "value")
    if fmt not in FORMATS or key not in whatif.KEYS:
        raise Http404(_("There is no such table."))
    comparison, _stale = _compared(request, found)
    made = whatif.sheet(comparison, key)
    meta = Meta(
        title=f"{found.name}: {made.title}",
        as_of=comparison.as_of,
        generated_at=timezone.now(),
        exported_by=str(request.user),
        filters=[
            (row.name, f"{row.today} → {row.scenario}")
            for row in whatif.assumption_rows(comparison)
        ],
    )
    return export_response(request, fmt, made.columns, made.rows, meta, name=f"scenario-{key}")


# Writing ------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@draws_charts
def new_scenario(request: HttpRequest) -> HttpResponse:
    """Assume something, compute it, and keep it under a name, in this order or at once."""
    require_somewhere(request.user, Action.CREATE, Resource.SCENARIO)
    return _form_page(request, None)


@require_http_methods(["GET", "HEAD", "POST"])
@draws_charts
def edit_scenario(request: HttpRequest, pk: int) -> HttpResponse:
    return _form_page(request, _find_own(request, pk))


class _Desk:
    """A form at work: what it was filled with, and what came of it."""

    def __init__(self, request: HttpRequest, scenario: Scenario | None) -> None:
        self.request, self.scenario = request, scenario
        self.today = timezone.localdate()
        self.book = rule_book(self.today)
        self.projects = project_rows(scoped(Visible(request.user), None), self.today)
        self.form = self.filled(request.POST if request.method == "POST" else None)
        self.status = 200
        self.theirs: list[str] = []
        self.result: dict[str, Any] | None = None

    def filled(self, data: Any) -> ScenarioForm:
        return ScenarioForm(
            data,
            user=self.request.user,
            book=self.book,
            projects=self.projects,
            scenario=self.scenario,
        )

    def refuse(self, error: Exception) -> None:
        """Tell at the form why nothing came of it."""
        self.status = 422
        if isinstance(error, ValidationError):
            for name, found in error.message_dict.items():
                for message in found:
                    self.form.add_error(name if name in self.form.fields else None, message)
        elif isinstance(error, IntegrityError):
            self.form.add_error("name", _("You have a scenario of this name already."))
        else:
            self.status = 403
            self.form.add_error(None, _("This lies outside of what your role may write."))

    def compute(self) -> None:
        agency = self.form.cleaned_data["agency"]
        assumptions = scenarios.settled(self.request.user, self.form.raw, agency)
        rows = scoped(Visible(self.request.user), agency)
        self.result = whatif.page(compare(rows, assumptions, self.today))

    def save(self) -> Scenario:
        values = {name: self.form.cleaned_data[name] for name in ("name", "note", "agency")}
        values["assumptions"] = self.form.raw
        act = act_of(self.request)
        if self.scenario is None:
            return scenarios.create(act, values)
        version = self.form.cleaned_data["version"] or 0
        return scenarios.change(act, self.scenario.pk, values, version=version)

    def show_both(self, scenario: Scenario) -> None:
        """Saved in another window in between: what is stored is told, and saving again replaces
        it."""
        stored = Scenario.objects.select_related("agency").get(pk=scenario.pk)
        data = self.request.POST.copy()
        data["version"] = str(stored.version)
        self.form = self.filled(data)
        self.status, self.theirs = 409, _stored(stored, self.book)


def _stored(scenario: Scenario, book: Mapping[str, Any]) -> list[str]:
    """A stored scenario in words."""
    found, _faults = read(scenario.assumptions)
    rows = assumed(found, rate=DISCOUNT_RATE, yen_per_hour=YEN_PER_HOUR, book=book, names={})
    agency = str(scenario.agency) if scenario.agency else _("whole government")
    return [
        f"{_('Name')}: {scenario.name}",
        f"{_('Agency')}: {agency}",
        f"{_('Note')}: {scenario.note or '–'}",
        *(f"{row.name}: {row.scenario}" for row in rows),
    ]


def _form_page(request: HttpRequest, scenario: Scenario | None) -> HttpResponse:
    desk = _Desk(request, scenario)
    if request.method == "POST":
        done = _posted(request, desk)
        if done is not None:
            return done
    title = _("New scenario") if scenario is None else _("Edit: %(name)s") % {"name": scenario}
    back = (
        reverse("reports:scenarios")
        if scenario is None
        else reverse("reports:scenario", args=[scenario.pk])
    )
    return render(
        request,
        "reports/scenario_form.html",
        {
            "title": title,
            "crumbs": _crumbs((title, "")),
            "form": desk.form,
            "result": desk.result,
            "theirs": desk.theirs,
            "back": back,
            "fitting": len(desk.form.fitting()),
            "listed": LISTED,
        },
        status=desk.status,
    )


def _posted(request: HttpRequest, desk: _Desk) -> HttpResponse | None:
    """What was asked: to find projects, to compute, or to save (an answer of its own)."""
    if request.POST.get("do") == "find":
        return None
    if not desk.form.is_valid():
        desk.status = 422
        return None
    try:
        if request.POST.get("do") != "save":
            desk.compute()
            return None
        saved = desk.save()
    except Conflict:
        if desk.scenario is not None:
            desk.show_both(desk.scenario)
        return None
    except (ValidationError, IntegrityError, PermissionDenied) as error:
        desk.refuse(error)
        return None
    messages.success(request, _("Saved."))
    return redirect("reports:scenario", saved.pk)


@require_POST
def delete_scenario(request: HttpRequest, pk: int) -> HttpResponse:
    found = _find_own(request, pk)
    scenarios.delete(act_of(request), found.pk)
    messages.success(request, _("The scenario is deleted."))
    return redirect("reports:scenarios")


@require_POST
def copy_scenario(request: HttpRequest, pk: int) -> HttpResponse:
    """A scenario of one's own that begins as another's."""
    found = _find(request, pk)
    require_somewhere(request.user, Action.CREATE, Resource.SCENARIO)
    try:
        made = scenarios.copy(act_of(request), found.pk)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("reports:scenario", found.pk)
    messages.success(request, _("Copied: this one is yours."))
    return redirect("reports:scenario-edit", made.pk)
