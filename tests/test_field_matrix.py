"""Resource × group of fields × state × role, on the own record, another ministry's, and for nobody.

The table below is written out by hand and never computed from `governance.field_rights`: a change
of rights shows here as a failing cell. A field of a guarded model that no line speaks of fails.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.db import transaction

from governance import field_rights as table
from governance.access import Resource, Role
from governance.field_rights import May
from governance.models import RiskPolicy, RoleTerm, User
from projects.models import ChangeRequest, CostItem
from projects.models.choices import (
    EarnedBasis,
    RequestState,
    ReviewLayer,
    Stage,
    SystemStatus,
    Verdict,
)
from projects.register import KINDS
from projects.services import field_rights
from projects.services.field_rights import Case, Known
from tests import factories
from tests.conftest import World

pytestmark = pytest.mark.django_db

TODAY = date(2026, 11, 24)

# W writes, Q asks for it and another person decides, - nothing. Roles that are not named have -.
MATRIX = """
group                | resource        | state    | cio_office | ministry_cio | pmo | pjmo | accounting | verifier
system.life          | system          | new      | - | - | W | - | - | -
system.life          | system          | stands   | - | - | Q | Q | - | -
system.start         | system          | new      | - | - | W | - | - | -
system.start         | system          | open     | - | - | W | W | - | -
system.start         | system          | stands   | - | - | Q | Q | - | -
project.phase        | project         | new      | - | - | W | - | - | -
project.phase        | project         | stands   | - | - | Q | Q | - | -
milestone.place      | baseline        | new      | - | - | W | W | - | -
milestone.place      | baseline        | draft    | - | - | W | W | - | -
milestone.place      | baseline        | asked    | - | - | - | - | - | -
milestone.place      | baseline        | agreed   | - | - | - | - | - | -
milestone.plan       | baseline        | new      | - | - | W | W | - | -
milestone.plan       | baseline        | draft    | - | - | W | W | - | -
milestone.plan       | baseline        | asked    | - | - | - | - | - | -
milestone.plan       | baseline        | agreed   | - | - | Q | Q | - | -
milestone.weight     | baseline        | draft    | - | - | W | W | - | -
milestone.weight     | baseline        | asked    | - | - | - | - | - | -
milestone.weight     | baseline        | agreed   | - | - | Q | Q | - | -
milestone.course     | baseline        | draft    | - | - | W | W | - | -
milestone.course     | baseline        | agreed   | - | - | Q | Q | - | -
baseline.plan        | baseline        | new      | - | - | W | W | - | -
baseline.plan        | baseline        | stands   | - | - | - | - | - | -
monthlyupdate.month  | update          | new      | - | - | - | W | - | -
monthlyupdate.month  | update          | stands   | - | - | - | - | - | -
monthlyupdate.earned | update          | reported | - | - | - | W | - | -
monthlyupdate.earned | update          | computed | - | - | - | - | - | -
risk.place           | risk            | new      | - | - | W | W | - | -
risk.place           | risk            | stands   | - | - | - | - | - | -
risk.rating          | risk            | new      | - | - | W | W | - | -
risk.rating          | risk            | stands   | - | - | Q | Q | - | -
kpi.holder           | kpi             | unused   | - | - | W | W | - | -
kpi.holder           | kpi             | used     | - | - | Q | Q | - | -
kpi.measure          | kpi             | unused   | - | - | W | W | - | -
kpi.measure          | kpi             | used     | - | - | Q | Q | - | -
kpivalue.identity    | kpi             | blank    | - | - | W | W | - | -
kpivalue.identity    | kpi             | stands   | - | - | - | - | - | -
kpivalue.target      | kpi             | open     | - | - | W | W | - | -
kpivalue.target      | kpi             | locked   | - | - | Q | Q | - | -
kpivalue.target      | kpi             | late     | - | - | Q | Q | - | -
kpivalue.actual      | kpi             | first    | - | - | W | W | - | -
kpivalue.actual      | kpi             | stands   | - | - | Q | Q | - | -
kpivalue.actual      | kpi             | carried  | - | - | Q | Q | - | -
benefit.identity     | kpi             | blank    | - | - | W | W | - | -
benefit.identity     | kpi             | stands   | - | - | - | - | - | -
benefit.planned      | kpi             | open     | - | - | W | W | - | -
benefit.planned      | kpi             | locked   | - | - | Q | Q | - | -
benefit.planned      | kpi             | late     | - | - | Q | Q | - | -
benefit.planned      | kpi             | asked    | - | - | - | - | - | -
benefit.planned      | kpi             | agreed   | - | - | Q | Q | - | -
benefit.realised     | kpi             | first    | - | - | W | W | - | -
benefit.realised     | kpi             | stands   | - | - | Q | Q | - | -
costline.identity    | budget          | blank    | - | - | W | W | - | -
costline.identity    | budget          | stands   | - | - | - | - | - | -
costline.amount      | budget          | open     | - | - | W | W | - | -
costline.amount      | budget          | settled  | - | - | Q | Q | - | -
costline.identity    | execution       | blank    | - | - | - | - | W | -
costline.identity    | execution       | stands   | - | - | - | - | - | -
costline.amount      | execution       | open     | - | - | - | - | W | -
costline.amount      | execution       | settled  | - | - | - | - | Q | -
contract.method      | contract        | first    | - | - | W | W | W | -
contract.method      | contract        | stands   | - | - | Q | Q | Q | -
contract.signed      | contract        | first    | - | - | W | W | W | -
contract.signed      | contract        | stands   | - | - | Q | Q | Q | -
contract.vendor      | contract        | first    | - | - | W | W | W | -
contract.vendor      | contract        | stands   | - | - | Q | Q | Q | -
contract.number      | contract        | first    | - | - | W | W | W | -
contract.number      | contract        | stands   | - | - | Q | Q | Q | -
contract.amount      | contract        | first    | - | - | W | W | W | -
contract.amount      | contract        | stands   | - | - | Q | Q | Q | -
contract.bidders     | contract        | first    | - | - | W | W | W | -
contract.bidders     | contract        | stands   | - | - | Q | Q | Q | -
contract.ratio       | contract        | first    | - | - | W | W | W | -
contract.ratio       | contract        | stands   | - | - | Q | Q | Q | -
review.case          | review_self     | new      | - | - | - | W | - | -
review.case          | review_self     | open     | - | - | - | W | - | -
review.case          | review_self     | complete | - | - | - | - | - | -
review.due           | review_self     | new      | - | - | - | W | - | -
review.due           | review_self     | open     | - | - | - | W | - | -
review.due           | review_self     | complete | - | - | - | - | - | -
review.verdict       | review_self     | open     | - | - | - | W | - | -
review.verdict       | review_self     | given    | - | - | - | - | - | -
review.completion    | review_self     | open     | - | - | - | W | - | -
review.completion    | review_self     | complete | - | - | - | - | - | -
review.response      | review_self     | new      | - | - | - | - | - | -
review.response      | review_self     | asked    | - | - | - | W | - | -
review.response      | review_self     | answered | - | - | - | Q | - | -
finding.text         | review_self     | new      | - | - | - | W | - | -
finding.text         | review_self     | open     | - | - | - | W | - | -
finding.text         | review_self     | told     | - | - | - | - | - | -
finding.due          | review_self     | new      | - | - | - | W | - | -
finding.due          | review_self     | open     | - | - | - | W | - | -
finding.due          | review_self     | accepted | - | - | - | - | - | -
finding.owner        | review_self     | new      | - | - | - | W | - | -
finding.owner        | review_self     | open     | - | - | - | W | - | -
finding.owner        | review_self     | accepted | - | - | - | - | - | -
finding.answer       | review_self     | new      | - | - | - | - | - | -
finding.answer       | review_self     | open     | - | - | - | W | - | -
finding.answer       | review_self     | accepted | - | - | - | - | - | -
finding.closure      | review_self     | open     | - | - | - | W | - | -
finding.closure      | review_self     | accepted | - | - | - | - | - | -
review.case          | review_ministry | new      | - | - | W | - | - | -
review.case          | review_ministry | open     | - | - | W | - | - | -
review.case          | review_ministry | complete | - | - | - | - | - | -
review.due           | review_ministry | new      | - | - | W | - | - | -
review.due           | review_ministry | open     | - | - | W | Q | - | -
review.due           | review_ministry | complete | - | - | - | - | - | -
review.verdict       | review_ministry | open     | - | - | W | - | - | -
review.verdict       | review_ministry | given    | - | - | - | - | - | -
review.completion    | review_ministry | open     | - | - | W | - | - | -
review.completion    | review_ministry | complete | - | - | - | - | - | -
review.response      | review_ministry | new      | - | - | - | - | - | -
review.response      | review_ministry | asked    | - | - | W | W | - | -
review.response      | review_ministry | answered | - | - | Q | Q | - | -
finding.text         | review_ministry | new      | - | - | W | - | - | -
finding.text         | review_ministry | open     | - | - | W | - | - | -
finding.text         | review_ministry | told     | - | - | - | - | - | -
finding.due          | review_ministry | new      | - | - | W | - | - | -
finding.due          | review_ministry | open     | - | - | W | Q | - | -
finding.due          | review_ministry | accepted | - | - | - | - | - | -
finding.owner        | review_ministry | new      | - | - | W | - | - | -
finding.owner        | review_ministry | open     | - | - | W | W | - | -
finding.owner        | review_ministry | accepted | - | - | - | - | - | -
finding.answer       | review_ministry | new      | - | - | - | - | - | -
finding.answer       | review_ministry | open     | - | - | W | W | - | -
finding.answer       | review_ministry | accepted | - | - | - | - | - | -
finding.closure      | review_ministry | open     | - | - | W | - | - | -
finding.closure      | review_ministry | accepted | - | - | - | - | - | -
review.case          | review_cio      | new      | W | - | - | - | - | -
review.case          | review_cio      | open     | W | - | - | - | - | -
review.case          | review_cio      | complete | - | - | - | - | - | -
review.due           | review_cio      | new      | W | - | - | - | - | -
review.due           | review_cio      | open     | W | - | Q | Q | - | -
review.due           | review_cio      | complete | - | - | - | - | - | -
review.verdict       | review_cio      | open     | W | - | - | - | - | -
review.verdict       | review_cio      | given    | - | - | - | - | - | -
review.completion    | review_cio      | open     | W | - | - | - | - | -
review.completion    | review_cio      | complete | - | - | - | - | - | -
review.response      | review_cio      | new      | - | - | - | - | - | -
review.response      | review_cio      | asked    | - | - | W | W | - | -
review.response      | review_cio      | answered | - | - | Q | Q | - | -
finding.text         | review_cio      | new      | W | - | - | - | - | -
finding.text         | review_cio      | open     | W | - | - | - | - | -
finding.text         | review_cio      | told     | - | - | - | - | - | -
finding.due          | review_cio      | new      | W | - | - | - | - | -
finding.due          | review_cio      | open     | W | - | Q | Q | - | -
finding.due          | review_cio      | accepted | - | - | - | - | - | -
finding.owner        | review_cio      | new      | W | - | - | - | - | -
finding.owner        | review_cio      | open     | W | - | W | W | - | -
finding.owner        | review_cio      | accepted | - | - | - | - | - | -
finding.answer       | review_cio      | new      | - | - | - | - | - | -
finding.answer       | review_cio      | open     | - | - | W | W | - | -
finding.answer       | review_cio      | accepted | - | - | - | - | - | -
finding.closure      | review_cio      | open     | W | - | - | - | - | -
finding.closure      | review_cio      | accepted | - | - | - | - | - | -
review.case          | verification    | new      | W | W | W | - | - | W
review.case          | verification    | open     | Q | - | Q | - | - | W
review.case          | verification    | complete | - | - | - | - | - | -
review.due           | verification    | new      | W | W | W | - | - | W
review.due           | verification    | open     | Q | - | Q | Q | - | W
review.due           | verification    | complete | - | - | - | - | - | -
review.verdict       | verification    | open     | - | - | - | - | - | W
review.verdict       | verification    | given    | - | - | - | - | - | -
review.completion    | verification    | open     | - | - | - | - | - | W
review.completion    | verification    | complete | - | - | - | - | - | -
review.response      | verification    | new      | - | - | - | - | - | -
review.response      | verification    | asked    | - | - | W | W | - | -
review.response      | verification    | answered | - | - | Q | Q | - | -
finding.text         | verification    | new      | - | - | - | - | - | W
finding.text         | verification    | open     | - | - | - | - | - | W
finding.text         | verification    | told     | - | - | - | - | - | -
finding.due          | verification    | new      | - | - | - | - | - | W
finding.due          | verification    | open     | - | - | Q | Q | - | W
finding.due          | verification    | accepted | - | - | - | - | - | -
finding.owner        | verification    | new      | - | - | - | - | - | W
finding.owner        | verification    | open     | - | - | W | W | - | W
finding.owner        | verification    | accepted | - | - | - | - | - | -
finding.answer       | verification    | new      | - | - | - | - | - | -
finding.answer       | verification    | open     | - | - | W | W | - | -
finding.answer       | verification    | accepted | - | - | - | - | - | -
finding.closure      | verification    | open     | - | - | - | - | - | W
finding.closure      | verification    | accepted | - | - | - | - | - | -
agency.place         | master          | new      | W | - | - | - | - | -
agency.place         | master          | stands   | Q | - | - | - | - | -
reviewtype.layer     | master          | new      | W | - | - | - | - | -
reviewtype.layer     | master          | stands   | - | - | - | - | - | -
target.promise       | master          | new      | W | - | - | - | - | -
target.promise       | master          | stands   | Q | - | - | - | - | -
costitem.class       | master          | new      | W | - | - | - | - | -
costitem.class       | master          | stands   | Q | - | - | - | - | -
roleterm.role        | master          | new      | W | - | - | - | - | -
roleterm.role        | master          | stands   | - | - | - | - | - | -
roleterm.term        | master          | new      | - | - | - | - | - | -
roleterm.term        | master          | stands   | Q | - | - | - | - | -
riskpolicy.terms     | master          | draft    | W | - | - | - | - | -
riskpolicy.terms     | master          | asked    | - | - | - | - | - | -
riskpolicy.terms     | master          | force    | - | - | - | - | - | -
riskpolicy.end       | master          | draft    | W | - | - | - | - | -
riskpolicy.end       | master          | asked    | - | - | - | - | - | -
riskpolicy.end       | master          | force    | Q | - | - | - | - | -
riskpolicy.force     | master          | new      | - | - | - | - | - | -
riskpolicy.force     | master          | draft    | Q | - | - | - | - | -
riskpolicy.force     | master          | force    | - | - | - | - | - | -
"""

# Models of the register none of whose fields has a state or a part of its own: whoever may edit
# the record keeps all of it. A model that stands neither here nor in the table fails.
UNGUARDED = {
    "systemlineage", "service", "serviceyear", "kpilink", "planaction",  # of offices
    "systemclass",  # a list of the CIO office
}  # fmt: skip

Row = tuple[str, str, str]


def _parsed() -> dict[Row, dict[str, str]]:
    lines = [[cell.strip() for cell in line.split("|")] for line in MATRIX.strip().splitlines()]
    header = lines[0][3:]
    return {(a, b, c): dict(zip(header, cells, strict=True)) for a, b, c, *cells in lines[1:]}


CELLS = _parsed()


# One record a group and state -------------------------------------------------------------------------

LAYERS = {
    "review_self": ReviewLayer.SELF,
    "review_ministry": ReviewLayer.MINISTRY,
    "review_cio": ReviewLayer.CIO,
    "verification": ReviewLayer.THIRD_PARTY,
}


def _make(factory: Any, state: str, **values: Any) -> Any:
    """A stored record; in the state `new` one that is not stored yet."""
    return factory.build(**values) if state == "new" else factory.create(**values)


def _project(project: Any, _resource: str, state: str) -> Any:
    if state == "new":
        return factories.ProjectFactory.build(agency=project.agency)
    return project


def _system(project: Any, _resource: str, state: str) -> Any:
    if state == "new":
        return factories.SystemFactory.build(agency=project.agency)
    system = project.systems.get()
    system.status = SystemStatus.BUILDING if state == "open" else SystemStatus.OPERATING
    system.go_live_on = date(2020, 4, 1)
    system.save()
    return system


def _milestone(project: Any, _resource: str, state: str) -> Any:
    if state == "agreed":
        factories.BaselineFactory.create(project=project)
    if state == "asked":
        factories.BaselineFactory.create(
            project=project, state=RequestState.REQUESTED, number=None, agreed_on=None
        )
    return _make(factories.MilestoneFactory, state, project=project)


def _update(project: Any, _resource: str, state: str) -> Any:
    basis = EarnedBasis.MILESTONES if state == "computed" else EarnedBasis.REPORTED
    return _make(factories.MonthlyUpdateFactory, state, project=project, basis=basis)


def _kpi(project: Any, _resource: str, state: str) -> Any:
    kpi = factories.KpiFactory.create(system=None, project=project)
    if state == "used":
        factories.KpiValueFactory.create(kpi=kpi, target=1, target_state="reported")
    return kpi


def _kpi_value(project: Any, _resource: str, state: str) -> Any:
    holder = {"project": project, "system": None}
    if state != "carried":
        holder = {"project": None, "system": project.systems.get()}
    values: dict[str, Any] = {}
    if state in ("stands", "locked"):
        values = {"target": 5, "target_state": "reported", "actual": 4, "actual_state": "reported"}
    if state == "late":
        told = {"target": 5, "target_state": "reported"}
        other = factories.KpiFactory.create(**holder)
        factories.KpiValueFactory.create(kpi=other, fiscal_year=2025, **told)
    return factories.KpiValueFactory.create(
        kpi=factories.KpiFactory.create(**holder), fiscal_year=2025, **values
    )


def _benefit(project: Any, _resource: str, state: str) -> Any:
    values: dict[str, Any] = {}
    if state in ("stands", "locked"):
        values = {
            "planned": 5, "planned_state": "reported", "realised": 4, "realised_state": "reported",
        }  # fmt: skip
    if state == "agreed":
        factories.BaselineFactory.create(project=project)
    if state == "asked":
        factories.BaselineFactory.create(
            project=project, state=RequestState.REQUESTED, number=None, agreed_on=None
        )
    if state == "late":
        told = {"planned": 5, "planned_state": "reported"}
        factories.BenefitFactory.create(project=project, fiscal_year=2024, **told)
    blank = {} if values else {"planned": None, "planned_state": "missing"}
    return factories.BenefitFactory.create(project=project, fiscal_year=2025, **values, **blank)


def _cost_line(project: Any, resource: str, state: str) -> Any:
    stage = Stage.EXECUTED if resource == "execution" else Stage.INITIAL
    year = {"open": 2025, "settled": 2024}.get(state, 2025)
    blank = {"amount": None, "amount_state": "missing"} if state == "blank" else {}
    return factories.CostLineFactory.create(
        system=None, project=project, sheet_year=year, budget_year=year, stage=stage, **blank
    )


def _review(project: Any, resource: str, state: str) -> Any:
    return _make(
        factories.ReviewFactory,
        state,
        system=None,
        project=project,
        review_type=factories.ReviewTypeFactory.create(layer=LAYERS[resource]),
        is_complete=state == "complete",
        verdict=Verdict.REDO if state in ("given", "asked", "answered") else Verdict.NONE,
        response_text="直します" if state == "answered" else "",
    )


def _finding(project: Any, resource: str, state: str) -> Any:
    return _make(
        factories.FindingFactory,
        state,
        review=_review(project, resource, "given" if state == "told" else "open"),
        accepted_on=TODAY if state == "accepted" else None,
    )


def _cost_item(_project: Any, _resource: str, state: str) -> Any:
    # One stored item a class: both records of a state stand beside each other.
    return _make(factories.CostItemFactory, state, code=f"item-{CostItem.objects.count()}")


def _role_term(_project: Any, _resource: str, state: str) -> Any:
    role = list(Role)[RoleTerm.objects.count()]  # One row a role.
    term = RoleTerm(role=role, name="役割", updated_at=datetime(2026, 4, 1, tzinfo=UTC))
    if state != "new":
        term.save()
    return term


def _policy(_project: Any, _resource: str, state: str) -> Any:
    since = date(2027, 4, 1 + RiskPolicy.objects.count())
    policy = _make(
        factories.RiskPolicyFactory, state, is_in_force=state == "force", valid_from=since
    )
    if state == "asked":
        ChangeRequest.objects.create(
            kind="risk-policies", object_pk=policy.pk, object_name="x", resource="master",
            before={"is_in_force": False}, after={"is_in_force": True},
            reason="基準を見直すため", requested_at=datetime(2026, 11, 1, tzinfo=UTC),
            updated_at=datetime(2026, 11, 1, tzinfo=UTC),
        )  # fmt: skip
    return policy


def _contract(project: Any, _resource: str, state: str) -> Any:
    given: dict[str, Any] = {
        "method": "", "vendor": "", "vendor_number": "", "signed_on": None,
        "amount": None, "amount_state": "missing", "bidders": None, "bidders_state": "missing",
        "award_ratio": None, "award_ratio_state": "missing",
    }  # fmt: skip
    if state == "stands":
        given = {
            "method": "open_price", "vendor": "架空電機", "vendor_number": "5010005007398",
            "signed_on": TODAY, "amount": 5, "bidders": 2, "award_ratio": "0.9",
            "award_ratio_state": "reported",
        }  # fmt: skip
    return factories.ContractFactory.create(project=project, agency=project.agency, **given)


MAKERS: Mapping[str, Callable[[Any, str, str], Any]] = {
    "system": _system,
    "project": _project,
    "milestone": _milestone,
    "baseline": lambda p, _r, state: _make(factories.BaselineFactory, state, project=p),
    "monthlyupdate": _update,
    "risk": lambda p, _r, state: _make(factories.RiskFactory, state, project=p),
    "kpi": _kpi,
    "kpivalue": _kpi_value,
    "benefit": _benefit,
    "costline": _cost_line,
    "review": _review,
    "finding": _finding,
    "contract": _contract,
    "agency": lambda _p, _r, state: _make(factories.AgencyFactory, state),
    "reviewtype": lambda _p, _r, state: _make(factories.ReviewTypeFactory, state),
    "target": lambda _p, _r, state: _make(factories.TargetFactory, state),
    "costitem": _cost_item,
    "roleterm": _role_term,
    "riskpolicy": _policy,
}


def _may(user: User, obj: Any, group: str) -> set[May]:
    """What `user` may do with the fields of a group: one answer."""
    model, _, name = group.partition(".")
    case, roles = Case(obj, {}, TODAY, Known()), field_rights.roles_over(user, obj)
    return {field_rights.may(case, field, roles) for field in table.GROUPS[model][name]}


@pytest.mark.parametrize(
    ("model", "resource"), dict.fromkeys((g.partition(".")[0], r) for g, r, _state in CELLS)
)
def test_who_writes_what_in_which_state(
    model: str, resource: str, world: World, actors: dict[Role, User], outsider: User
) -> None:
    wrong: list[Any] = []
    people: dict[Role | None, User] = {**actors, None: outsider}  # type: ignore[dict-item]
    for (group, of, state), row in CELLS.items():
        if (group.partition(".")[0], of) == (model, resource):
            with transaction.atomic():  # One state leaves nothing to the next.
                wrong += _wrong(group, resource, state, row, world, people)
                transaction.set_rollback(True)
    assert wrong == []


def _wrong(
    group: str,
    resource: str,
    state: str,
    row: Mapping[str, str],
    world: World,
    people: Mapping[Role | None, User],
) -> list[Any]:
    """The cells that differ from what stands in the table."""
    make = MAKERS[group.partition(".")[0]]
    home, other = make(world.project, resource, state), make(world.other_project, resource, state)
    assert field_rights.STATES[group](Case(home, {}, TODAY, Known())) == state
    assert field_rights.resource_of(home) == resource
    wrong = []
    for role, user in people.items():
        expected = May("-" if role is None else row.get(role.value, "-"))
        # The CIO office holds its rights over every ministry; nobody else holds any elsewhere.
        elsewhere = expected if role is Role.CIO_OFFICE else May.NOTHING
        for name, obj, cell in (("own", home, expected), ("other", other, elsewhere)):
            if _may(user, obj, group) != {cell}:
                wrong.append((group, state, role, name, _may(user, obj, group), cell))
    return wrong


# Nothing is left out ------------------------------------------------------------------------------------


def test_every_line_of_the_table_stands_here() -> None:
    expected = set()
    for line in table.LINES.values():
        model = line.group.partition(".")[0]
        resources: tuple[str, ...] = tuple(LAYERS)
        if model not in ("review", "finding"):
            resources = tuple(r.value for r in KINDS_BY_MODEL[model].resources)
        expected |= {(line.group, resource, line.state) for resource in resources}
    assert set(CELLS) == expected


KINDS_BY_MODEL = {str(kind.model._meta.model_name): kind for kind in KINDS.values()}


def test_every_field_of_a_guarded_model_is_in_a_group_or_free() -> None:
    """Denied by default: a new field has to be spoken of."""
    assert set(KINDS_BY_MODEL) == set(table.GROUPS) | UNGUARDED
    assert set(table.FREE) == set(table.GROUPS)
    for model, groups in table.GROUPS.items():
        spoken = [name for names in groups.values() for name in names] + [*table.FREE[model]]
        assert len(spoken) == len(set(spoken)), model
        assert set(spoken) == set(KINDS_BY_MODEL[model].fields), model


def test_a_field_that_nobody_spoke_of_is_refused() -> None:
    with pytest.raises(KeyError):
        table.group_of("finding", "new_field")


def test_what_people_enter_is_all_that_they_can_write() -> None:
    """What a model keeps besides is written by services alone: no door takes it."""
    for model in table.GROUPS:
        entered = set(KINDS_BY_MODEL[model].fields)
        columns = {f.name for f in KINDS_BY_MODEL[model].model._meta.concrete_fields}
        assert entered <= columns | {"systems"}


def test_every_part_of_a_review_is_somebody() -> None:
    for resource in LAYERS:
        parts = table.PARTS[Resource(resource)]
        assert all(parts[name] for name in ("reviewer", "ministry", "orderer"))


def test_whoever_is_refused_is_told_why() -> None:
    silent = [
        line
        for line in table.LINES.values()
        if (line.group, line.state) not in table.WHY
        # Where both offices of the ministry write, only those without any right are refused.
        and not {"pmo", "pjmo"} <= line.writes
        and not line.writes & {"reviewer", "ministry"}
        and line.state not in ("new", "reported")
    ]
    assert silent == []


def test_what_may_be_asked_for_is_seen_and_decided_under_its_resource() -> None:
    """A request of a resource without a line of its own is seen, and decided on, by nobody."""
    asked = {Resource(of) for (_g, of, _s), row in CELLS.items() if May.ASK.value in row.values()}
    assert asked <= {line.resource for line in ChangeRequest.access}
