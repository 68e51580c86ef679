"""The state in which a record stands, and who may write its fields then.

Every door asks here (through `services.register`, the grid, the sheets and the monthly report)
with the table of `governance.field_rights`. Refusals name the field, who may, and how to ask.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from typing import Any, Final

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from governance import field_rights as table
from governance.access import Action, Resource, Role, rights_of
from governance.audit import Act
from governance.field_rights import Line, May, Way
from governance.models import Agency, AuditEvent, RiskPolicy, RoleTerm
from governance.people.ties import tied_to
from projects.metrics.periods import fiscal_year_end, fiscal_year_of, month_of
from projects.models import (
    Baseline,
    Benefit,
    ChangeRequest,
    CostLine,
    Finding,
    Kpi,
    KpiMethod,
    KpiValue,
    MonthlyUpdate,
    Review,
    System,
)
from projects.models.choices import (
    EXECUTION_STAGES,
    EarnedBasis,
    RequestState,
    SystemStatus,
    ValueState,
)
from projects.models.review import LAYER_RESOURCES
from projects.register import Kind, kind_of
from projects.services import filed
from projects.services.requests import locks_on

_CHUNK: Final = 900
_BEFORE_USE: Final = frozenset(
    {SystemStatus.CONCEPT, SystemStatus.PLANNING, SystemStatus.PROCUREMENT, SystemStatus.BUILDING}
)
_YEAR: Final = timedelta(days=365)
_LAST_TESTS: Final = ("last_security_test_on", "last_continuity_test_on")
_LAYERS: Final[Mapping[str, Resource]] = {str(layer): name for layer, name in LAYER_RESOURCES}

_CASE: Final = frozenset({"due_on", "reviewer", "reviewer_user", "reviewer_number"})
# What a named reviewer alone writes: their judgement, that they are the one, and by when.
_JUDGEMENT: Final[Mapping[type, frozenset[str]]] = {
    Review: frozenset({"verdict", "remarks", "held_on", "is_complete"}) | _CASE,
    Finding: frozenset({"category", "weight", "text", "due_on", "accepted_on"}),
}

_HOW_TO_ASK: Final = gettext_lazy(
    "Ask for a change on the page of the record: another person decides."
)
_WHO: Final = gettext_lazy("It is written by: %(roles)s.")
_OF_THE_REPORT: Final = pgettext_lazy("who writes a field", "the approval of the monthly report")


# What the states hang on -----------------------------------------------------------------------------


@dataclass(slots=True)
class Known:
    """What states ask of the register besides the record itself: read once, kept for all rows.

    Cost: one query a project; two for all KPIs read together with `read_kpis`.
    """

    # Project → the states of its plans.
    _plans: dict[int, set[str]] = field(default_factory=dict)
    _methods: dict[int, set[int]] = field(default_factory=dict)
    _values: dict[int, list[tuple[int, int, bool, bool]]] = field(default_factory=dict)
    # Holder of KPIs → the years of which a goal has a target.
    _targets: dict[tuple[str, int], set[int]] = field(default_factory=dict)
    # Project → the years of which a benefit is planned.
    _benefits: dict[int, set[int]] = field(default_factory=dict)
    # Holder → (budget year, stage) → the newest sheet year that reports an amount.
    _sheets: dict[tuple[str, int], dict[tuple[int, str], int]] = field(default_factory=dict)

    def has_plan(self, project_id: int, state: RequestState = RequestState.APPROVED) -> bool:
        """Whether a plan of the project was agreed, or stands in another state."""
        if project_id not in self._plans:
            states = Baseline.objects.filter(project_id=project_id).order_by().distinct()
            self._plans[project_id] = set(states.values_list("state", flat=True))
        return state in self._plans[project_id]

    def read_kpis(self, kpi_ids: Iterable[int]) -> None:
        """Read methods and years of many KPIs at once."""
        wanted = sorted(set(kpi_ids) - self._methods.keys())
        for start in range(0, len(wanted), _CHUNK):
            part = wanted[start : start + _CHUNK]
            self._methods.update({pk: set() for pk in part})
            self._values.update({pk: [] for pk in part})
            numbers = KpiMethod.objects.filter(kpi__in=part).values_list("kpi_id", "number")
            for kpi_id, number in numbers:
                self._methods[kpi_id].add(number)
            rows = KpiValue.objects.filter(kpi__in=part).order_by()
            for kpi_id, pk, year, target, actual in rows.values_list(
                "kpi_id", "pk", "fiscal_year", "target", "actual"
            ):
                self._values[kpi_id].append((pk, year, target is not None, actual is not None))

    def methods(self, kpi_id: int | None) -> set[int]:
        """The methods by which a KPI may be measured; 1 where none is described."""
        if kpi_id is None:
            return {1}
        self.read_kpis([kpi_id])
        return self._methods[kpi_id] or {1}

    def is_used(self, kpi_id: int) -> bool:
        """Whether a target or an actual stands under the KPI."""
        self.read_kpis([kpi_id])
        return any(target or actual for _pk, _year, target, actual in self._values[kpi_id])

    def has_actual(self, kpi_id: int, year: int, *, besides: int | None) -> bool:
        """Whether another value of the KPI holds an actual of the year, by another method."""
        self.read_kpis([kpi_id])
        return any(a and y == year and pk != besides for pk, y, _t, a in self._values[kpi_id])

    def has_target(self, kpi_id: int | None, year: int, *, besides: int | None) -> bool:
        """Whether another value of the KPI holds a target of the year, by another method."""
        if kpi_id is None:
            return False
        self.read_kpis([kpi_id])
        return any(t and y == year and pk != besides for pk, y, t, _a in self._values[kpi_id])

    def read_targets(self, name: str, holder_ids: Iterable[int]) -> None:
        """Read of which years goals of many systems, or projects (`name`), have targets, at once."""
        known = {pk for held, pk in self._targets if held == name}
        wanted = sorted(set(holder_ids) - known)
        for start in range(0, len(wanted), _CHUNK):
            part = wanted[start : start + _CHUNK]
            self._targets.update({(name, pk): set() for pk in part})
            rows = KpiValue.objects.filter(target__isnull=False, **{f"kpi__{name}__in": part})
            found = rows.order_by().values_list(f"kpi__{name}_id", "fiscal_year")
            for holder_id, year in found.distinct():
                self._targets[name, holder_id].add(year)

    def has_past_targets(self, kpi: Kpi, last: int) -> bool:
        """Whether a goal of the same system or project, this one too, has a target of a year up to
        `last`."""
        for name in ("system", "project"):
            holder_id = getattr(kpi, f"{name}_id")
            if holder_id is not None:
                self.read_targets(name, [holder_id])
                return any(since <= last for since in self._targets[name, holder_id])
        return False

    def planned_benefits(self, project_id: int) -> set[int]:
        """The years of which a benefit of the project is planned."""
        if project_id not in self._benefits:
            rows = Benefit.objects.filter(project_id=project_id, planned__isnull=False)
            self._benefits[project_id] = set(rows.values_list("fiscal_year", flat=True))
        return self._benefits[project_id]

    def waits(self, obj: models.Model) -> bool:
        """Whether a change of the record waits for a decision. Cost: one query, not kept."""
        asked = ChangeRequest.objects.filter(kind=kind_of(obj).slug, object_pk=obj.pk)
        return obj.pk is not None and asked.filter(state=RequestState.REQUESTED).exists()

    def read_sheets(self, name: str, holder_ids: Iterable[int]) -> None:
        """Read what many systems, or projects (`name`), have reported, at once."""
        known = {pk for held, pk in self._sheets if held == name}
        wanted = sorted(set(holder_ids) - known)
        for start in range(0, len(wanted), _CHUNK):
            part = wanted[start : start + _CHUNK]
            self._sheets.update({(name, pk): {} for pk in part})
            rows = CostLine.objects.filter(amount__isnull=False, **{f"{name}__in": part}).order_by()
            figures = rows.values_list(f"{name}_id", "budget_year", "stage")
            for pk, year, stage, newest in figures.annotate(models.Max("sheet_year")):
                self._sheets[name, pk][year, stage] = newest

    def newest_sheet(self, name: str, holder_id: int, year: int, stage: str) -> int | None:
        """The newest sheet year in which a holder reported of a budget year and stage."""
        self.read_sheets(name, [holder_id])
        return self._sheets[name, holder_id].get((year, stage))


@dataclass(frozen=True, slots=True)
class Case:
    """A record as it is stored (or not yet), and the values it would get."""

    obj: Any
    given: Mapping[str, Any]
    day: date
    known: Known

    @property
    def is_new(self) -> bool:
        return self.obj.pk is None

    def after(self, name: str) -> Any:
        """The value that would stand in a field."""
        return self.given[name] if name in self.given else getattr(self.obj, name, None)


# States ----------------------------------------------------------------------------------------------


def _new_or(case: Case, *, else_: str) -> str:
    return "new" if case.is_new else else_


def _of_plan(case: Case, *, tells_new: bool, waits: bool = True) -> str:
    # Also where the milestone would go: nothing is smuggled into a plan that was agreed.
    projects = {case.obj.project_id, getattr(case.after("project"), "pk", None)} - {None}
    agreed = {pk for pk in projects if case.known.has_plan(pk)}
    # What is approved is what was asked for: the milestones as they stood then.
    asked = {pk for pk in projects - agreed if case.known.has_plan(pk, RequestState.REQUESTED)}
    if waits and asked:
        return "asked"
    if tells_new and case.is_new:
        return "new"
    return "agreed" if agreed else "draft"


def _identity(case: Case, *, figures: tuple[str, ...]) -> str:
    """What names a figure is fixed while the figure stands."""
    stands = any(getattr(case.obj, name) is not None for name in figures)
    return "stands" if stands and not case.is_new else "blank"


def _line_identity(case: Case) -> str:
    """A line without an amount tells, too, where it is withheld or not applicable: moved to another
    year it would hide what is settled there."""
    tells = not case.is_new and case.obj.amount_state != ValueState.MISSING
    return "stands" if tells else "blank"


def _locked(case: Case, *, figure: str) -> str:
    """A promise for a year locks when the year begins; before, and while there is none, it is open."""
    known = not case.is_new and getattr(case.obj, figure) is not None
    return "locked" if known and case.day >= locks_on(case.obj.fiscal_year) else "open"


def _target(case: Case) -> str:
    """Also where a new method would set a second target beside a locked one."""
    year, kpi = case.after("fiscal_year"), case.after("kpi")
    if year is None or kpi is None:
        return "open"
    beside = case.known.has_target(kpi.pk, year, besides=case.obj.pk)
    if beside and case.day >= locks_on(year):
        return "locked"
    # A target told with the result beside it, which it meets, would thin out those missed.
    is_first = case.is_new or case.obj.target is None
    if is_first and _is_over(case, year) and case.known.has_past_targets(kpi, _last_over(case)):
        return "late"
    return _locked(case, figure="target")


def _last_over(case: Case) -> int:
    """The last fiscal year that is over."""
    return fiscal_year_of(case.day) - 1


def _is_over(case: Case, fiscal_year: int) -> bool:
    return fiscal_year <= _last_over(case)


def _planned(case: Case) -> str:
    """Promised with the plan of the project; else before the year begins, or, where nothing was
    promised before, in hindsight."""
    state, year = _locked(case, figure="planned"), case.after("fiscal_year")
    project = case.after("project")
    if state == "locked" or project is None or project.pk is None:
        return state
    if case.known.has_plan(project.pk):
        return "agreed"
    if case.known.has_plan(project.pk, RequestState.REQUESTED):
        return "asked"
    is_first = case.is_new or case.obj.planned is None
    if is_first and year is not None and _is_over(case, year):
        return "late" if case.known.planned_benefits(project.pk) else state
    return state


def _actual(case: Case) -> str:
    kpi = case.after("kpi")
    if kpi is not None and kpi.project_id is not None:
        return "carried"
    year = case.after("fiscal_year")
    known = kpi is not None and year is not None
    # Nor does a second method put another actual in the place of the one that is reported.
    if known and case.known.has_actual(kpi.pk, year, besides=case.obj.pk):
        return "stands"
    return "first" if case.is_new or case.obj.actual is None else "stands"


def _first_or_stands(case: Case, *, figure: str) -> str:
    return "first" if case.is_new or getattr(case.obj, figure) in (None, "") else "stands"


def _amount(case: Case) -> str:
    """Settled from the second year after the sheet's: the year after it, offices still correct. A
    year's money is told in the sheet after it at last: a later one keeps nothing open."""
    known = not case.is_new and case.obj.amount is not None
    sheet_year = case.obj.sheet_year if known else _newest_beside(case)
    if sheet_year is None:
        return "open"
    last = min(sheet_year, case.after("budget_year") + 1)
    return "settled" if fiscal_year_of(case.day) > last + 1 else "open"


def _newest_beside(case: Case) -> int | None:
    """The newest sheet of what is reported of the same year and stage: another line, of a newer
    sheet or another account, would replace it or add to it. Whatever the item: a ledger's line
    would stand for all that was told by class (`services.rollups`)."""
    year, stage = case.after("budget_year"), case.after("stage")
    for name in ("system", "project"):
        holder = case.after(name)
        if holder is not None and holder.pk is not None:
            return case.known.newest_sheet(name, holder.pk, year, stage)
    return None


def _system_start(case: Case) -> str:
    """A plan that moves while the system is being made; afterwards what its judgement hangs on.
    The day that nobody had told is simply told, but for one to come or just past."""
    if case.is_new:
        return "new"
    day = case.after("go_live_on")
    if day is not None and case.after("go_live_is_year_only"):
        day = fiscal_year_end(fiscal_year_of(day))
    # A day of the last year would be a reason not to judge it yet.
    is_told = case.obj.go_live_on is None and (day is None or day <= case.day - _YEAR)
    stages = {case.obj.status, case.after("status")}
    return "open" if is_told or stages <= _BEFORE_USE else "stands"


def _review(case: Case, *, tells_new: bool) -> str:
    if tells_new and case.is_new:
        return "new"
    return "complete" if case.obj.is_complete and not case.is_new else "open"


def _response(case: Case) -> str:
    """Of a review that judges nothing yet there is nothing to answer; what was answered stays."""
    if case.is_new or not (case.obj.verdict or case.obj.is_complete or case.obj.findings.exists()):
        return "new"
    given = case.obj.response or case.obj.response_text or case.obj.reflected_amount is not None
    return "answered" if given else "asked"


def _finding_text(case: Case) -> str:
    if case.is_new:
        return "new"
    review = case.obj.review
    told = review.is_complete or review.verdict or case.obj.answer or case.obj.accepted_on
    return "told" if told else "open"


def _finding(case: Case, *, tells_new: bool) -> str:
    if case.is_new:
        return "new" if tells_new else "open"
    return "open" if case.obj.accepted_on is None else "accepted"


def _policy(case: Case, *, tells_new: bool = False) -> str:
    if tells_new and case.is_new:
        return "new"
    if case.obj.is_in_force and not case.is_new:
        return "force"
    # Agreed to is what was asked for: the terms as they stood then.
    return "asked" if not tells_new and case.known.waits(case.obj) else "draft"


STATES: Final[Mapping[str, Callable[[Case], str]]] = {
    # A system that is retired, or not yet in use, is judged by few rules: as a project's phase.
    "system.life": partial(_new_or, else_="stands"),
    "system.start": _system_start,
    "project.phase": partial(_new_or, else_="stands"),
    "milestone.place": partial(_of_plan, tells_new=True),
    "milestone.plan": partial(_of_plan, tells_new=True),
    "milestone.weight": partial(_of_plan, tells_new=False),
    "milestone.course": partial(_of_plan, tells_new=False, waits=False),
    "baseline.plan": partial(_new_or, else_="stands"),
    "monthlyupdate.month": partial(_new_or, else_="stands"),
    "monthlyupdate.earned": lambda case: (
        "computed" if case.after("basis") == EarnedBasis.MILESTONES else "reported"
    ),
    "risk.place": partial(_new_or, else_="stands"),
    "risk.rating": partial(_new_or, else_="stands"),
    "kpi.holder": lambda case: (
        "used" if not case.is_new and case.known.is_used(case.obj.pk) else "unused"
    ),
    "kpi.measure": lambda case: (
        "used" if not case.is_new and case.known.is_used(case.obj.pk) else "unused"
    ),
    "kpivalue.identity": partial(_identity, figures=("target", "actual")),
    "kpivalue.target": _target,
    "kpivalue.actual": _actual,
    "benefit.identity": partial(_identity, figures=("planned", "realised")),
    "benefit.planned": _planned,
    "benefit.realised": partial(_first_or_stands, figure="realised"),
    "costline.identity": _line_identity,
    "costline.amount": _amount,
    "contract.method": partial(_first_or_stands, figure="method"),
    "contract.signed": partial(_first_or_stands, figure="signed_on"),
    "contract.vendor": partial(_first_or_stands, figure="vendor"),
    "contract.number": partial(_first_or_stands, figure="vendor_number"),
    "contract.amount": partial(_first_or_stands, figure="amount"),
    "contract.bidders": partial(_first_or_stands, figure="bidders"),
    "contract.ratio": partial(_first_or_stands, figure="award_ratio"),
    "review.case": partial(_review, tells_new=True),
    "review.due": partial(_review, tells_new=True),
    "review.verdict": lambda case: "given" if case.obj.verdict and not case.is_new else "open",
    "review.completion": partial(_review, tells_new=False),
    "review.response": _response,
    "finding.text": _finding_text,
    "finding.due": partial(_finding, tells_new=True),
    "finding.owner": partial(_finding, tells_new=True),
    "finding.answer": partial(_finding, tells_new=True),
    "finding.closure": partial(_finding, tells_new=False),
    "agency.place": partial(_new_or, else_="stands"),
    "reviewtype.layer": partial(_new_or, else_="stands"),
    "target.promise": partial(_new_or, else_="stands"),
    "costitem.class": partial(_new_or, else_="stands"),
    "roleterm.role": partial(_new_or, else_="stands"),
    "roleterm.term": partial(_new_or, else_="stands"),
    "riskpolicy.terms": _policy,
    "riskpolicy.end": _policy,
    "riskpolicy.force": partial(_policy, tells_new=True),
}


# Whose record it is ------------------------------------------------------------------------------------


def resource_of(obj: models.Model) -> Resource:
    """The resource of the grants table that a record belongs to as it stands."""
    match obj:
        case Review():
            return _LAYERS[obj.review_type.layer]
        case Finding():
            return _LAYERS[obj.review.review_type.layer]
        case CostLine():
            return Resource.EXECUTION if obj.stage in EXECUTION_STAGES else Resource.BUDGET
        case _:
            resource: Resource = type(obj).access[0].resource  # type: ignore[attr-defined]
            return resource


def _ids(obj: models.Model, path: str) -> set[int]:
    """The ids that a path of the access lines leads to, of a record stored or not."""
    here: list[Any] = [obj]
    for part in path.split("__"):
        found: list[Any] = []
        for item in here:
            value: Any = None if _is_unmade(item, part) else getattr(item, part, None)
            if hasattr(value, "values_list"):
                found += value.values_list("pk", flat=True)
            elif value is not None:
                found.append(value)
        here = found
    return set(here)


def _is_unmade(item: Any, part: str) -> bool:
    """Whether a part holds many others that a record not stored yet cannot have."""
    if not isinstance(item, models.Model) or item.pk is not None:
        return False
    meta = type(item)._meta
    backward = {relation.get_accessor_name() for relation in meta.related_objects}
    return part in backward | {field.name for field in meta.many_to_many}


def ties_of(obj: models.Model) -> tuple[set[int], set[int]]:
    """The agencies and projects that a record hangs on, stored or not."""
    agencies: set[int] = set()
    projects: set[int] = set()
    for line in type(obj).access:  # type: ignore[attr-defined]
        agencies |= set().union(*(_ids(obj, path) for path in line.agency))
        projects |= set().union(*(_ids(obj, path) for path in line.project))
    return agencies, projects


def roles_over(user: Any, obj: models.Model) -> frozenset[Role]:
    """The roles by which `user` may edit a record, or make it where it is not stored yet. Nobody
    behind an act is whoever operates the machine: what no role writes, they don't write either."""
    if user is None:
        return table.ALL_ROLES
    action = Action.CREATE if obj.pk is None else Action.EDIT
    return table.roles_over(rights_of(user), resource_of(obj), action, *ties_of(obj))


# What every door asks -----------------------------------------------------------------------------------


def changed_fields(obj: models.Model, values: Mapping[str, Any]) -> dict[str, Any]:
    """Those of `values` that differ from what is stored; of a new record from what it starts with.

    Links to many are left out: none of them is guarded.
    """
    found: dict[str, Any] = {}
    for name, value in values.items():
        column: Any = obj._meta.get_field(name)
        if column.many_to_many:
            continue
        if obj.pk is None:
            start = column.get_default()
            differs = value not in (None, "") and value != start
        else:
            differs = _plain(value) != getattr(obj, column.attname)
        if differs:
            found[name] = value
    return found


def _plain(value: Any) -> Any:
    return value.pk if isinstance(value, models.Model) else value


def line_of(case: Case, name: str) -> Line | None:
    """The line of the table that holds for a field now; None for a free one."""
    model = str(case.obj._meta.model_name)
    group = table.group_of(model, name)
    return table.LINES[group, STATES[group](case)] if group else None


def may(case: Case, name: str, roles: Iterable[Role]) -> May:
    """What holders of `roles` over the record may do with a field now."""
    line = line_of(case, name)
    return May.WRITE if line is None else table.may(line, resource_of(case.obj), roles)


def why(line: Line, resource: Resource, roles: Iterable[Role]) -> str:
    """Why a field is not simply written, who may, and how to ask: one sentence or two."""
    parts = [str(table.WHY.get((line.group, line.state), ""))]
    if table.may(line, resource, roles) is May.ASK:
        parts.append(str(_HOW_TO_ASK))
    elif line.writes:
        writers = table.roles_of(line.writes, resource)
        names = [str(role.label) for role in Role if role in writers]
        if "report" in line.writes:
            names.append(str(_OF_THE_REPORT))
        parts.append(str(_WHO) % {"roles": ", ".join(names)})
    return " ".join(part for part in parts if part)


def refusals(case: Case, roles: Iterable[Role], *, way: Way = Way.DOOR) -> dict[str, str]:
    """Field → why it may not be written by this way; also what no record of its kind may hold."""
    if not table.is_guarded(str(case.obj._meta.model_name)):
        return {}
    roles, resource = frozenset(roles), resource_of(case.obj)
    found: dict[str, str] = {}
    for name in case.given:
        line = line_of(case, name)
        if line is not None and not table.allows(line, resource, roles, way):
            found[name] = why(line, resource, roles)
    return found | _faults(case)


def _faults(case: Case) -> dict[str, str]:
    """What a service alone can know to be wrong, by field."""
    obj, given = case.obj, case.given
    if isinstance(obj, KpiValue) and ("method_version" in given or "kpi" in given or case.is_new):
        kpi, number = case.after("kpi"), case.after("method_version")
        if kpi is not None and number not in case.known.methods(kpi.pk):
            return {"method_version": _("This KPI has no such method: describe it first.")}
    if isinstance(obj, MonthlyUpdate) and given.get("period", date.min) > month_of(case.day):
        return {"period": _("This month has not begun.")}
    if isinstance(obj, Agency) and _is_below(given.get("parent"), obj):
        return {"parent": _("This agency lies below it: the two would reach each other.")}
    if isinstance(obj, Benefit) and given.get("realised") is not None:
        year = case.after("fiscal_year")
        if year is not None and year > fiscal_year_of(case.day):
            return {"realised": _("This year has not begun.")}
    if isinstance(obj, System):
        ahead = [name for name in _LAST_TESTS if (given.get(name) or date.min) > case.day]
        return dict.fromkeys(ahead, _("This day is still to come."))
    if isinstance(obj, CostLine) and (given.get("sheet_year") or 0) > fiscal_year_of(case.day):
        # The newest sheet counts: one of a year to come would replace every figure before it.
        return {"sheet_year": _("The year of this sheet has not begun.")}
    if isinstance(obj, RoleTerm | RiskPolicy) and not case.is_new:
        return _of_whom_it_binds(case)
    return {} if case.is_new else _of_a_review(obj, given)


def _is_below(agency: Agency | None, above: Agency) -> bool:
    """Whether an agency lies below another one, or is it. Cost: one query a step."""
    here, seen = agency, set[int]()
    while here is not None and here.pk not in seen:
        if here.pk == above.pk:
            return True
        seen.add(here.pk)
        here = here.parent
    return False


def _of_whom_it_binds(case: Case) -> dict[str, str]:
    """What binds everybody is told before it counts: nothing begins or ends backdated."""
    obj, given = case.obj, case.given
    counts = isinstance(obj, RoleTerm) or obj.is_in_force
    if counts and given.get("valid_to") is not None and given["valid_to"] < case.day:
        return {"valid_to": _("The last day is today, or a day to come.")}
    begins, began = given.get("valid_from"), obj.valid_from or date.min
    if isinstance(obj, RoleTerm) and begins is not None and began <= case.day < begins:
        return {"valid_from": _("The role exists: it would end at once for everybody.")}
    if given.get("is_in_force"):
        since = case.after("valid_from")
        if since is None or since <= case.day:
            return {"is_in_force": _("It has to begin on a day to come: set that day first.")}
        if not str(case.after("reason")).strip():
            return {"is_in_force": _("Say why first: the policy has no reason.")}
    return {}


def _of_a_review(obj: Any, given: Mapping[str, Any]) -> dict[str, str]:
    """Who judges, and of what, is settled when a review is made: its layer says whose it is."""
    if isinstance(obj, Finding) and "review" in given:
        return {"review": _("A finding stays with its review.")}
    if not isinstance(obj, Review):
        return {}
    moved = given.get("review_type")
    if moved is not None and _LAYERS[moved.layer] is not resource_of(obj):
        return {"review_type": _("A review stays with those who judge: add a new one.")}
    place = [name for name in ("review_type", "project", "system") if name in given]
    if place and (obj.verdict or obj.findings.exists()):
        return dict.fromkeys(place, _("Findings or a verdict stand under this review."))
    return {}


def refuse(
    act: Act,
    obj: models.Model,
    given: Mapping[str, Any],
    *,
    way: Way = Way.DOOR,
    known: Known | None = None,
) -> None:
    """Raise ValidationError (field → why) unless the actor may write `given` to `obj` by this way,
    PermissionDenied where they may not write the record at all.

    `obj` stands as it is stored, or as it would be made. Cost: at most three queries.
    """
    if not given or not table.is_guarded(str(obj._meta.model_name)):
        return
    case = Case(obj, given, timezone.localdate(act.at), known or Known())
    roles = roles_over(act.user, obj) if way is Way.DOOR else table.ALL_ROLES
    if not roles:
        raise PermissionDenied
    if isinstance(obj, MonthlyUpdate):
        # What the milestones give may be sent along as it is.
        figures = filed.computed(obj, given)
        kept = {n: v for n, v in given.items() if n not in figures or v != figures[n]}
        case = Case(obj, kept, case.day, case.known)
    found = refusals(case, roles, way=way) | _own_answer(act, obj, given)
    if way is Way.DOOR:  # Whom to name instead is asked for, and decided by others.
        found |= _anothers_judgement(act, obj, given)
    if found:
        raise ValidationError(found)


def _own_answer(act: Act, obj: models.Model, given: Mapping[str, Any]) -> dict[str, str]:
    """Where the ministry reviews itself, nobody closes a finding that they answered."""
    closes = isinstance(obj, Finding) and given.get("accepted_on") is not None
    if not closes or act.user is None or resource_of(obj) is Resource.REVIEW_SELF:
        return {}
    told = {"accepted_on": _("Nobody closes a finding that they answered themselves.")}
    if given.get("answer"):
        return told  # Both at once.
    person = {act.user.pk} | tied_to({act.user.pk})
    answered = AuditEvent.objects.filter(
        object_type="finding",
        object_key=str(obj.pk),
        verb="finding.edited",
        actor__in=person,
        after__has_key="answer",
    )
    if not answered.exists():
        return {}
    return told


def _anothers_judgement(act: Act, obj: Any, given: Mapping[str, Any]) -> dict[str, str]:
    """A third party's judgement is that of the person who is named for it, not of whoever else
    verifies the same project."""
    review = obj.review if isinstance(obj, Finding) else obj
    if act.user is None or resource_of(obj) is not Resource.VERIFICATION:
        return {}
    named = review.reviewer_user
    if named is None or named.pk == act.user.pk:
        return {}
    told = _("%(name)s is named as the reviewer, and writes it alone.") % {"name": named}
    written = _JUDGEMENT[type(obj)]
    if isinstance(obj, Review) and obj._state.adding:
        written -= _CASE  # Who orders a review names somebody for it.
    return {name: told for name in given if name in written}


def closed_fields(user: Any, obj: models.Model, day: date) -> dict[str, str]:
    """Field → why the reader may not simply write it, of a stored record: for its form."""
    model = str(obj._meta.model_name)
    if obj.pk is None or not table.is_guarded(model):
        return {}
    case, roles, resource = Case(obj, {}, day, Known()), roles_over(user, obj), resource_of(obj)
    found: dict[str, str] = {}
    for names in table.GROUPS[model].values():
        line = line_of(case, names[0])
        if line is not None and not table.allows(line, resource, roles, Way.DOOR):
            found |= dict.fromkeys(names, why(line, resource, roles))
    return found


def closed_in_new(obj: models.Model, day: date) -> dict[str, str]:
    """Field → why nobody writes it in a new record of this kind, as it starts: for its form."""
    model, case = str(obj._meta.model_name), Case(obj, {}, day, Known())
    found: dict[str, str] = {}
    for names in table.GROUPS.get(model, {}).values():
        line = line_of(case, names[0])
        if line is not None and not line.writes:
            found |= dict.fromkeys(names, str(table.WHY.get((line.group, line.state), "")))
    return found


def asked_fields(user: Any, obj: models.Model, day: date) -> list[str]:
    """The fields of a stored record that the reader may ask to be changed."""
    model = str(obj._meta.model_name)
    if not table.is_guarded(model):
        return []
    case, roles = Case(obj, {}, day, Known()), roles_over(user, obj)
    return [
        name
        for names in table.GROUPS[model].values()
        for name in names
        if may(case, name, roles) is May.ASK
    ]


def changes_by_request(kind: Kind) -> bool:
    """Whether some field of the kind changes by request in some state."""
    model = str(kind.model._meta.model_name)
    return any(line.asks for line in table.LINES.values() if line.group.startswith(f"{model}."))
