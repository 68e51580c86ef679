"""Which fields of a record who may write, in which state of the record: ONE table, beside the
grants (`governance.access`).

The grants say who may edit a record at all; the lines here say which of its fields, while it
stands in which state. A model that is named here is guarded: each of its fields stands in a group
or among the free ones (those that whoever may edit the record may write), and a field that stands
in neither is refused. `projects.services.field_rights` tells the state of a record and asks.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Any, Final

from django.utils.translation import gettext_lazy as _

from governance.access import GRANTS, Action, Resource, Rights, Role, Scope


class Way(StrEnum):
    """By what way a value reaches a record."""

    DOOR = "door"
    """Somebody writes it: a form, the API, a file, the grid."""
    REPORT = "report"
    """The approval of a monthly report brings in what was filed with it."""
    REQUEST = "request"
    """The approval of a change request writes what was asked for."""


class May(Enum):
    """What somebody may do with a field as the record stands."""

    WRITE = "W"
    ASK = "Q"
    NOTHING = "-"


# Model → group → its fields.
GROUPS: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "system": {
        "life": ("status", "retired_on"),
        "start": ("go_live_on", "go_live_is_year_only"),
    },
    "project": {"phase": ("phase", "started_on", "ended_on")},
    "milestone": {
        "place": ("project",),
        "plan": ("name", "kind", "planned_on"),
        "weight": ("weight",),
        "course": ("forecast_on", "actual_on"),
    },
    "baseline": {
        "plan": ("project", "reason", "planned_start_on", "planned_end_on", "budget_at_completion")
    },
    "monthlyupdate": {
        "month": ("project", "period"),
        "earned": ("progress_percent", "planned_value", "earned_value"),
    },
    "risk": {
        "place": ("project",),
        "rating": ("probability", "impact", "status", "closed_on"),
    },
    "kpi": {
        "holder": ("system", "project"),
        "measure": ("kind", "horizon", "indicator", "unit", "direction"),
    },
    "kpivalue": {
        "identity": ("kpi", "fiscal_year", "method_version"),
        "target": ("target", "target_state"),
        "actual": ("actual", "actual_state"),
    },
    "benefit": {
        "identity": ("project", "kind", "fiscal_year"),
        "planned": ("planned", "planned_state"),
        "realised": ("realised", "realised_state"),
    },
    "costline": {
        "identity": (
            "system", "project", "budget_year", "sheet_year", "cost_item", "stage", "account",
        ),
        "amount": ("amount", "amount_state"),
    },
    "contract": {
        "method": ("method",),
        "signed": ("signed_on",),
        "vendor": ("vendor",),
        "number": ("vendor_number",),
        "amount": ("amount", "amount_state",),
        "bidders": ("bidders", "bidders_state",),
        "ratio": ("award_ratio", "award_ratio_state",),
    },
    "review": {
        "case": (
            "system", "project", "review_type", "fiscal_year", "reviewer", "reviewer_user",
            "reviewer_number",
        ),
        "due": ("due_on",),
        "verdict": ("verdict", "remarks"),
        "completion": ("held_on", "is_complete"),
        "response": ("response", "response_text", "reflected_amount"),
    },
    "agency": {"place": ("parent",)},
    "reviewtype": {"layer": ("layer",)},
    "target": {
        "promise": (
            "agency", "metric_id", "direction", "unit", "base_year", "base_value", "target_year",
            "target_value",
        ),
    },
    "costitem": {"class": ("cost_class",)},
    "roleterm": {"role": ("role",), "term": ("valid_from", "valid_to")},
    "riskpolicy": {
        "terms": ("rule_id", "parameters", "reason", "valid_from"),
        "end": ("valid_to",),
        "force": ("is_in_force",),
    },
    "finding": {
        "text": ("review", "category", "weight", "text"),
        "due": ("due_on",),
        "owner": ("owner_user", "owner"),
        "answer": ("answer",),
        "closure": ("accepted_on",),
    },
}  # fmt: skip

# Fields of guarded models that whoever may edit the record may write.
FREE: Final[Mapping[str, tuple[str, ...]]] = {
    "system": (
        "system_id", "name", "name_en", "agency", "system_class", "profile", "hosting",
        "description", "support_ends_on", "next_renewal_year", "next_renewal_cost", "rto_hours",
        "rpo_hours", "last_security_test_on", "last_continuity_test_on", "personal_data",
        "conforms_api", "conforms_open_data", "conforms_data_layout", "conforms_my_number",
        "conforms_platform", "conforms_digital_first", "conforms_once_only", "conforms_one_stop",
    ),
    "project": (
        "code", "name", "name_en", "agency", "systems", "is_priority", "purpose", "head_name",
    ),
    "milestone": (),
    "baseline": (),
    "monthlyupdate": (
        "basis", "actual_cost", "forecast_cost", "forecast_end_on", "confidence", "narrative",
    ),
    "risk": ("kind", "title", "description", "plan", "owner_user", "owner", "due_on"),
    "kpi": ("code", "title", "source"),
    "kpivalue": (),
    "benefit": ("method",),
    "costline": ("note",),
    "contract": (
        "contract_id", "title", "agency", "system", "project", "fiscal_year", "method_note",
        "single_bid_reason",
    ),
    "review": (),
    "finding": (),
    "agency": (
        "code", "name", "name_en", "order", "contact_accounting", "contact_hr", "contact_pr",
        "valid_from", "valid_to",
    ),
    "reviewtype": (
        "code", "name", "name_en", "stage_no", "phase", "order", "valid_from", "valid_to",
    ),
    "target": ("code", "title", "title_en", "source"),
    "costitem": ("code", "name", "name_en", "order", "valid_from", "valid_to"),
    "roleterm": ("name", "name_en"),
    "riskpolicy": (),
}  # fmt: skip

# Who a review's reviewer is, who answers, and who orders it, by the layer's resource.
PARTS_TABLE = """
resource        | reviewer   | ministry | orderer
review_self     | pjmo       | pjmo     | pjmo
review_ministry | pmo        | pmo pjmo | pmo
review_cio      | cio_office | pmo pjmo | cio_office
verification    | verifier   | pmo pjmo | cio_office ministry_cio pmo verifier
"""

# State of the record, who writes the group then, and who may ask for a change that another person
# decides. `report` is the approval of a monthly report; `-` is nobody.
FIELDS_TABLE = """
group               | state    | write               | by request
system.life         | new      | pmo                 | -
system.life         | stands   | -                   | pmo pjmo
system.start        | new      | pmo                 | -
system.start        | open     | pmo pjmo            | -
system.start        | stands   | -                   | pmo pjmo
project.phase       | new      | pmo                 | -
project.phase       | stands   | -                   | pmo pjmo
milestone.place     | draft    | pmo pjmo            | -
milestone.place     | new      | pmo pjmo            | -
milestone.place     | asked    | -                   | -
milestone.place     | agreed   | -                   | -
milestone.plan      | draft    | pmo pjmo            | -
milestone.plan      | new      | pmo pjmo            | -
milestone.plan      | asked    | -                   | -
milestone.plan      | agreed   | -                   | pmo pjmo
milestone.weight    | draft    | pmo pjmo            | -
milestone.weight    | asked    | -                   | -
milestone.weight    | agreed   | -                   | pmo pjmo
milestone.course    | draft    | pmo pjmo report     | -
milestone.course    | agreed   | report              | pmo pjmo
baseline.plan       | new      | pmo pjmo            | -
baseline.plan       | stands   | -                   | -
monthlyupdate.month | new      | pjmo                | -
monthlyupdate.month | stands   | -                   | -
monthlyupdate.earned| reported | pjmo                | -
monthlyupdate.earned| computed | -                   | -
risk.place          | new      | pmo pjmo report     | -
risk.place          | stands   | -                   | -
risk.rating         | new      | pmo pjmo report     | -
risk.rating         | stands   | report              | pmo pjmo
kpi.holder          | unused   | pmo pjmo            | -
kpi.holder          | used     | -                   | pmo pjmo
kpi.measure         | unused   | pmo pjmo            | -
kpi.measure         | used     | -                   | pmo pjmo
kpivalue.identity   | blank    | pmo pjmo report     | -
kpivalue.identity   | stands   | -                   | -
kpivalue.target     | open     | pmo pjmo            | -
kpivalue.target     | locked   | -                   | pmo pjmo
kpivalue.target     | late     | -                   | pmo pjmo
kpivalue.actual     | first    | pmo pjmo report     | -
kpivalue.actual     | stands   | report              | pmo pjmo
kpivalue.actual     | carried  | report              | pmo pjmo
benefit.identity    | blank    | pmo pjmo            | -
benefit.identity    | stands   | -                   | -
benefit.planned     | open     | pmo pjmo            | -
benefit.planned     | locked   | -                   | pmo pjmo
benefit.planned     | late     | -                   | pmo pjmo
benefit.planned     | asked    | -                   | -
benefit.planned     | agreed   | -                   | pmo pjmo
benefit.realised    | first    | pmo pjmo            | -
benefit.realised    | stands   | -                   | pmo pjmo
costline.identity   | blank    | pmo pjmo accounting | -
costline.identity   | stands   | -                   | -
costline.amount     | open     | pmo pjmo accounting | -
costline.amount     | settled  | -                   | pmo pjmo accounting
contract.method     | first    | pmo pjmo accounting | -
contract.method     | stands   | -                   | pmo pjmo accounting
contract.signed     | first    | pmo pjmo accounting | -
contract.signed     | stands   | -                   | pmo pjmo accounting
contract.vendor     | first    | pmo pjmo accounting | -
contract.vendor     | stands   | -                   | pmo pjmo accounting
contract.number     | first    | pmo pjmo accounting | -
contract.number     | stands   | -                   | pmo pjmo accounting
contract.amount     | first    | pmo pjmo accounting | -
contract.amount     | stands   | -                   | pmo pjmo accounting
contract.bidders    | first    | pmo pjmo accounting | -
contract.bidders    | stands   | -                   | pmo pjmo accounting
contract.ratio      | first    | pmo pjmo accounting | -
contract.ratio      | stands   | -                   | pmo pjmo accounting
review.case         | new      | reviewer orderer    | -
review.case         | open     | reviewer            | orderer
review.case         | complete | -                   | -
review.due          | new      | reviewer orderer    | -
review.due          | open     | reviewer            | ministry orderer
review.due          | complete | -                   | -
review.verdict      | open     | reviewer            | -
review.verdict      | given    | -                   | -
review.completion   | open     | reviewer            | -
review.completion   | complete | -                   | -
review.response     | new      | -                   | -
review.response     | asked    | ministry            | -
review.response     | answered | -                   | ministry
finding.text        | new      | reviewer            | -
finding.text        | open     | reviewer            | -
finding.text        | told     | -                   | -
finding.due         | new      | reviewer            | -
finding.due         | open     | reviewer            | ministry
finding.due         | accepted | -                   | -
finding.owner       | new      | reviewer            | -
finding.owner       | open     | reviewer ministry   | -
finding.owner       | accepted | -                   | -
finding.answer      | new      | -                   | -
finding.answer      | open     | ministry            | -
finding.answer      | accepted | -                   | -
finding.closure     | open     | reviewer            | -
finding.closure     | accepted | -                   | -
agency.place        | new      | cio_office          | -
agency.place        | stands   | -                   | cio_office
reviewtype.layer    | new      | cio_office          | -
reviewtype.layer    | stands   | -                   | -
target.promise      | new      | cio_office          | -
target.promise      | stands   | -                   | cio_office
costitem.class      | new      | cio_office          | -
costitem.class      | stands   | -                   | cio_office
roleterm.role       | new      | cio_office          | -
roleterm.role       | stands   | -                   | -
roleterm.term       | new      | -                   | -
roleterm.term       | stands   | -                   | cio_office
riskpolicy.terms    | draft    | cio_office          | -
riskpolicy.terms    | asked    | -                   | -
riskpolicy.terms    | force    | -                   | -
riskpolicy.end      | draft    | cio_office          | -
riskpolicy.end      | asked    | -                   | -
riskpolicy.end      | force    | -                   | cio_office
riskpolicy.force    | new      | -                   | -
riskpolicy.force    | draft    | -                   | cio_office
riskpolicy.force    | force    | -                   | -
"""

_ASKED: Final = _(
    "A plan waits for approval, and its milestones with it: withdraw it to change them."
)
_AWARDED: Final = _("What was awarded is on record: a correction is agreed to by two.")
_POLICY_ASKED: Final = _("The policy waits for another person: withdraw it to change it.")
# Why the group is not simply written then: the sentence that the reader gets.
WHY: Final[Mapping[tuple[str, str], Any]] = {
    ("system.life", "stands"): _("Where a system stands in its life is agreed to by two."),
    ("system.start", "stands"): _("The go-live of a system in use is agreed to by two."),
    ("project.phase", "stands"): _("A change of phase is agreed to by two."),
    ("milestone.place", "asked"): _ASKED,
    ("milestone.plan", "asked"): _ASKED,
    ("milestone.weight", "asked"): _ASKED,
    ("milestone.place", "agreed"): _("It belongs to the plan that was agreed."),
    ("milestone.plan", "agreed"): _("It belongs to the plan that was agreed."),
    ("milestone.weight", "agreed"): _("It belongs to the plan that was agreed."),
    ("milestone.course", "agreed"): _("The monthly report carries it."),
    ("baseline.plan", "stands"): _("This record stays as it is: add a new one instead."),
    ("monthlyupdate.month", "stands"): _("The month of a report never changes."),
    ("monthlyupdate.earned", "computed"): _(
        "It follows from the weights of the milestones reached: leave it out."
    ),
    ("risk.place", "stands"): _("A risk stays with its project."),
    ("risk.rating", "stands"): _("The monthly report carries it."),
    ("kpi.holder", "used"): _("Figures stand under this KPI."),
    ("kpi.measure", "used"): _("Figures stand under this KPI."),
    ("kpivalue.identity", "stands"): _("It is fixed since a target or an actual stands here."),
    ("kpivalue.target", "locked"): _("This target is locked since its year began."),
    ("kpivalue.target", "late"): _(
        "Its year is over, and other goals are judged by theirs: keep the year without a target"
        " first."
    ),
    ("kpivalue.actual", "stands"): _("This actual is reported."),
    ("kpivalue.actual", "carried"): _("The monthly report of the project carries it."),
    ("benefit.identity", "stands"): _("It is fixed since a figure stands here."),
    ("benefit.planned", "locked"): _("This plan is locked since its year began."),
    ("benefit.planned", "late"): _(
        "Its year is over, and other benefits were planned before: keep the year without a plan"
        " first."
    ),
    ("benefit.planned", "asked"): _(
        "A plan waits for approval, and its benefits with it: withdraw it to change them."
    ),
    ("benefit.planned", "agreed"): _(
        "The plan of the project was agreed, and its benefits with it: keep the year without a plan"
        " first."
    ),
    ("benefit.realised", "stands"): _("This figure is reported."),
    ("costline.identity", "stands"): _("It is fixed since an amount stands here."),
    ("costline.amount", "settled"): _("The sheet year of this amount is settled."),
    ("contract.method", "stands"): _AWARDED,
    ("contract.signed", "stands"): _AWARDED,
    ("contract.vendor", "stands"): _AWARDED,
    ("contract.number", "stands"): _AWARDED,
    ("contract.amount", "stands"): _AWARDED,
    ("contract.bidders", "stands"): _AWARDED,
    ("contract.ratio", "stands"): _AWARDED,
    ("review.case", "open"): _("The review is its reviewer's."),
    ("review.case", "complete"): _("The review is complete."),
    ("review.due", "open"): _("The review is its reviewer's."),
    ("review.due", "complete"): _("The review is complete."),
    ("review.verdict", "open"): _("The verdict is the reviewer's alone."),
    ("review.verdict", "given"): _("A verdict that was given stays."),
    ("review.completion", "open"): _("Completing a review is for its reviewer alone."),
    ("review.completion", "complete"): _("The review is complete."),
    ("review.response", "new"): _("There is nothing to answer yet."),
    ("review.response", "answered"): _("An answer that was given stays."),
    ("review.response", "asked"): _("The ministry under review answers."),
    ("finding.text", "new"): _("A finding is the reviewer's alone."),
    ("finding.text", "open"): _("A finding is the reviewer's alone."),
    ("finding.text", "told"): _("A finding stays as it was answered or judged: add a new one."),
    ("finding.due", "new"): _("A finding is the reviewer's alone."),
    ("finding.due", "open"): _("A finding is the reviewer's alone."),
    ("finding.due", "accepted"): _("The finding is closed."),
    ("finding.owner", "accepted"): _("The finding is closed."),
    ("finding.answer", "new"): _("There is nothing to answer yet."),
    ("finding.answer", "open"): _("The ministry under review answers."),
    ("finding.answer", "accepted"): _("The finding is closed."),
    ("finding.closure", "open"): _("Closing a finding is for its reviewer alone."),
    ("finding.closure", "accepted"): _("The finding is closed."),
    ("agency.place", "stands"): _(
        "Offices reach what lies below them: a move is agreed to by two."
    ),
    ("reviewtype.layer", "stands"): _("Its layer says whose reviews these are: make a new type."),
    ("target.promise", "stands"): _("What the government promised is changed by two."),
    ("costitem.class", "stands"): _(
        "What a cost item is for, in the figures of the whole government, is agreed to by two."
    ),
    ("roleterm.role", "stands"): _("This record stays as it is: add a new one instead."),
    ("roleterm.term", "new"): _("The days of a role, for everybody who holds it, need two."),
    ("roleterm.term", "stands"): _("The days of a role, for everybody who holds it, need two."),
    ("riskpolicy.terms", "draft"): _("What binds the whole government is the CIO office's."),
    ("riskpolicy.end", "draft"): _("What binds the whole government is the CIO office's."),
    ("riskpolicy.terms", "asked"): _POLICY_ASKED,
    ("riskpolicy.end", "asked"): _POLICY_ASKED,
    ("riskpolicy.terms", "force"): _("A policy in force stays as it is: write a new one."),
    ("riskpolicy.end", "force"): _("The end of a policy in force is agreed to by two."),
    ("riskpolicy.force", "new"): _("A policy comes into force when another person agrees."),
    ("riskpolicy.force", "draft"): _("A policy comes into force when another person agrees."),
    ("riskpolicy.force", "force"): _("A policy in force stays as it is: write a new one."),
}

ALL_ROLES: Final = frozenset(Role)
_REPORT: Final = "report"
_PARTS: Final = ("reviewer", "ministry", "orderer")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table: `writes` and `asks` name roles, parts of a review, or `report`."""

    group: str
    state: str
    writes: frozenset[str]
    asks: frozenset[str]


def _rows(table: str) -> list[list[str]]:
    lines = [line for line in table.strip().splitlines() if line.strip()]
    return [[cell.strip() for cell in line.split("|")] for line in lines[1:]]


def _names(cell: str) -> frozenset[str]:
    return frozenset() if cell == "-" else frozenset(cell.split())


def _parse_parts(table: str) -> Mapping[Resource, Mapping[str, frozenset[Role]]]:
    return {
        Resource(resource): {
            part: frozenset(Role(name) for name in cell.split())
            for part, cell in zip(_PARTS, cells, strict=True)
        }
        for resource, *cells in _rows(table)
    }


def _parse(table: str) -> Mapping[tuple[str, str], Line]:
    known = {role.value for role in Role} | {_REPORT, *_PARTS}
    lines: dict[tuple[str, str], Line] = {}
    for group, state, writes, asks in _rows(table):
        line = Line(group, state, _names(writes), _names(asks))
        if (line.writes | line.asks) - known or (group, state) in lines:
            raise ValueError(line)
        lines[group, state] = line
    named = {f"{model}.{group}" for model, groups in GROUPS.items() for group in groups}
    if differing := named ^ {group for group, _state in lines}:
        raise ValueError(differing)
    return lines


PARTS: Final = _parse_parts(PARTS_TABLE)
LINES: Final = _parse(FIELDS_TABLE)
_GROUP_OF: Final[Mapping[tuple[str, str], str]] = {
    (model, name): f"{model}.{group}"
    for model, groups in GROUPS.items()
    for group, names in groups.items()
    for name in names
}


def is_guarded(model: str) -> bool:
    """Whether fields of a model (by its lower-case name) have rights of their own."""
    return model in GROUPS


def group_of(model: str, field: str) -> str:
    """The group of a field; "" where it is free. Raises KeyError for a field of a guarded model
    that no line speaks of."""
    if field in FREE.get(model, ()):
        return ""
    return _GROUP_OF[model, field]


def roles_of(names: Iterable[str], resource: Resource) -> frozenset[Role]:
    """The roles behind the names of a line, for records of a resource."""
    found: set[Role] = set()
    for name in names:
        if name in _PARTS:
            found |= PARTS.get(resource, {}).get(name, frozenset())
        elif name != _REPORT:
            found.add(Role(name))
    return frozenset(found)


def may(line: Line, resource: Resource, roles: Iterable[Role]) -> May:
    """What holders of `roles` over the record may do with a group in a state."""
    held = frozenset(roles)
    if held & roles_of(line.writes, resource):
        return May.WRITE
    return May.ASK if held & roles_of(line.asks, resource) else May.NOTHING


def allows(line: Line, resource: Resource, roles: Iterable[Role], way: Way) -> bool:
    """Whether a value may be written by this way. A request was judged when it was asked for: its
    approval writes whatever somebody may ask for, or write."""
    if way is Way.REPORT:
        return _REPORT in line.writes
    if way is Way.REQUEST:
        return may(line, resource, ALL_ROLES) is not May.NOTHING
    return may(line, resource, roles) is May.WRITE


def roles_over(
    rights: Rights,
    resource: Resource,
    action: Action,
    agency_ids: Iterable[int],
    project_ids: Iterable[int],
) -> frozenset[Role]:
    """The roles by which somebody may perform `action` on a record with these ties."""
    agencies, projects = frozenset(agency_ids), frozenset(project_ids)
    found: set[Role] = set()
    for held in rights.held:
        grant = GRANTS[resource].get(held.role)
        if grant is None or action not in grant.actions:
            continue
        reached = {
            Scope.ALL: True,
            Scope.OWN: bool(agencies & (held.agency_ids | {held.project_agency_id})),
        }.get(grant.scope, held.project_id in projects)
        if reached:
            found.add(held.role)
    return frozenset(found)
