"""The states that a record stands in, at their edges, and the words in which a write is refused."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from governance.access import Resource, Role
from governance.field_rights import LINES, May, Way
from governance.models import AccountTie, User
from governance.people.ties import tie
from projects.models import CostLine, Finding, KpiValue, Review, YearRollup
from projects.models.choices import CostClass, RequestState, Stage, SystemStatus, Verdict
from projects.register import KINDS
from projects.services import field_rights, register
from projects.services.field_rights import Case, Known
from tests import factories
from tests.conftest import World, act, person

pytestmark = pytest.mark.django_db

TODAY = date(2026, 11, 24)


def state(group: str, obj: Any, day: date = TODAY, **given: Any) -> str:
    return field_rights.STATES[group](Case(obj, given, day, Known()))


def value(world: World, **given: Any) -> Any:
    known = {f"{name}_state": "reported" for name in ("target", "actual") if name in given}
    kpi = given.pop("kpi", None) or factories.KpiFactory.create(system=world.system)
    return factories.KpiValueFactory.create(kpi=kpi, **{"fiscal_year": 2026, **known, **given})


# Systems ----------------------------------------------------------------------------------------------


def test_the_go_live_is_a_plan_until_the_system_is_in_use(world: World) -> None:
    system = world.system
    system.go_live_on = date(2020, 4, 1)
    assert state("system.start", system, go_live_on=date(2031, 4, 1)) == "stands"
    system.status = SystemStatus.BUILDING
    assert state("system.start", system, go_live_on=date(2031, 4, 1)) == "open"
    # Taking it into use and moving its day is one step, and agreed to by two.
    assert state("system.start", system, status=SystemStatus.OPERATING) == "stands"


def test_the_go_live_that_nobody_told_is_told_but_none_to_come(world: World) -> None:
    """A day to come would end every judgement of a system that runs."""
    system = world.system
    system.go_live_on = None
    assert state("system.start", system, go_live_on=TODAY - timedelta(365)) == "open"
    assert state("system.start", system, go_live_on=TODAY + timedelta(1)) == "stands"
    # Nor one of this year, which reads as its last day where only the year is known.
    assert state("system.start", system, go_live_on=TODAY) == "stands"
    only: dict[str, Any] = {
        "go_live_on": TODAY - timedelta(365), "go_live_is_year_only": True,
    }  # fmt: skip
    assert state("system.start", system, **only) == "stands"


# Plans ------------------------------------------------------------------------------------------------


def test_a_plan_is_agreed_once_a_baseline_of_this_project_is(world: World) -> None:
    milestone = factories.MilestoneFactory.create(project=world.project)
    assert state("milestone.plan", milestone) == "draft"
    factories.BaselineFactory.create(project=world.other_project)
    asked = factories.BaselineFactory.create(
        project=world.project, state=RequestState.REQUESTED, number=None, agreed_on=None
    )
    assert state("milestone.plan", milestone) == "asked"
    assert state("milestone.course", milestone) == "draft"
    asked.delete()
    assert state("milestone.plan", milestone) == "draft"
    factories.BaselineFactory.create(project=world.project)
    assert state("milestone.plan", milestone) == "agreed"


def test_nothing_is_moved_into_an_agreed_plan(world: World) -> None:
    milestone = factories.MilestoneFactory.create(project=world.project)
    factories.BaselineFactory.create(project=world.other_project)
    assert state("milestone.plan", milestone, project=world.other_project) == "agreed"
    assert state("milestone.plan", milestone, project=None) == "draft"


# KPIs -------------------------------------------------------------------------------------------------


def test_a_target_locks_with_its_year_and_only_if_there_is_one(world: World) -> None:
    known, blank = value(world, target=Decimal(1)), value(world)
    eve, first = date(2026, 3, 31), date(2026, 4, 1)
    assert [state("kpivalue.target", known, day) for day in (eve, first)] == ["open", "locked"]
    assert state("kpivalue.target", blank, first) == "open"


def test_a_target_beside_a_locked_one_is_locked_from_the_first_day(world: World) -> None:
    known = value(world, target=Decimal(1))
    beside = value(world, kpi=known.kpi, method_version=2)
    eve, first = date(2026, 3, 31), date(2026, 4, 1)
    assert [state("kpivalue.target", beside, day) for day in (eve, first)] == ["open", "locked"]
    other_year = value(world, kpi=known.kpi, fiscal_year=2025)
    assert state("kpivalue.target", other_year, first) == "open"
    # An actual alone is no target.
    actual = value(world, actual=Decimal(1))
    assert state("kpivalue.target", value(world, kpi=actual.kpi, method_version=2)) == "open"


def test_what_is_not_there_yet_locks_nothing(world: World) -> None:
    kpi = value(world, target=Decimal(1)).kpi
    new = KpiValue()
    assert state("kpivalue.target", new, kpi=kpi) == "open"
    assert state("kpivalue.target", KpiValue(fiscal_year=2026)) == "open"
    assert state("kpivalue.target", new, kpi=kpi, fiscal_year=2026) == "locked"
    assert state("kpivalue.actual", new, kpi=kpi) == "first"


def test_a_reported_actual_stands_and_bars_a_second_of_its_year(world: World) -> None:
    known = value(world, actual=Decimal(7))
    assert state("kpivalue.actual", known) == "stands"
    assert state("kpivalue.actual", value(world, kpi=known.kpi, fiscal_year=2025)) == "first"
    assert state("kpivalue.actual", value(world, kpi=known.kpi, method_version=2)) == "stands"
    assert state("kpivalue.actual", value(world)) == "first"
    target = value(world, target=Decimal(7))
    assert state("kpivalue.actual", value(world, kpi=target.kpi, method_version=2)) == "first"


def test_the_actual_of_a_projects_kpi_is_its_reports(world: World) -> None:
    kpi = factories.KpiFactory.create(system=None, project=world.project)
    assert state("kpivalue.actual", value(world, kpi=kpi)) == "carried"


def test_a_kpi_is_used_once_a_figure_stands_under_it(world: World) -> None:
    for given in ({"target": Decimal(1)}, {"actual": Decimal(1)}):
        assert state("kpi.measure", value(world, **given).kpi) == "used"
        assert state("kpi.holder", value(world, **given).kpi) == "used"
    assert state("kpi.measure", value(world).kpi) == "unused"


def test_many_kpis_are_read_in_two_queries(world: World, django_assert_num_queries: Any) -> None:
    rows = [value(world, target=Decimal(1)), value(world, actual=Decimal(1)), value(world)]
    rows[0].kpi.methods.create(number=3, from_year=2024, description="記録", reason="偏り")
    known = Known()
    with django_assert_num_queries(2):
        known.read_kpis(row.kpi_id for row in rows)
        assert [known.is_used(row.kpi_id) for row in rows] == [True, True, False]
        assert [known.methods(row.kpi_id) for row in rows] == [{3}, {1}, {1}]
        assert known.methods(None) == {1}
        assert not known.has_target(None, 2026, besides=None)


# Amounts ----------------------------------------------------------------------------------------------


def line(world: World, **given: Any) -> Any:
    values = {
        "system": world.system, "budget_year": 2023, "sheet_year": 2024, "stage": Stage.INITIAL,
        "amount": 5, "amount_state": "reported", **given,
    }  # fmt: skip
    return factories.CostLineFactory.create(**values)


def test_an_amount_is_settled_from_the_second_year_after_its_sheet(world: World) -> None:
    known = line(world)
    days = [date(2026, 3, 31), date(2026, 4, 1)]
    assert [state("costline.amount", known, day) for day in days] == ["open", "settled"]


def test_a_known_amount_goes_by_its_own_sheet_not_by_a_newer_one(world: World) -> None:
    old, new = line(world, budget_year=2024), line(world, budget_year=2024, sheet_year=2025)
    assert state("costline.amount", old) == "settled"
    assert state("costline.amount", new) == "open"


def test_no_later_sheet_keeps_a_year_open_for_ever(world: World) -> None:
    """Seen: a settled year was opened again by a line of the newest sheet."""
    late = line(world, budget_year=2023, sheet_year=2026)
    assert state("costline.amount", late) == "settled"
    beside = CostLine(budget_year=2023, stage=Stage.INITIAL, account="other")
    assert state("costline.amount", beside, system=world.system) == "settled"


@pytest.mark.parametrize("held", ["system", "project"])
def test_an_empty_line_goes_by_the_newest_amount_beside_it(world: World, held: str) -> None:
    holder = getattr(world, held)
    where = {"system": None, held: holder}
    line(world, **where)
    empty = line(world, **where, account="other", amount=None, amount_state="missing")
    assert state("costline.amount", empty) == "settled"
    new = CostLine(budget_year=2023, stage=Stage.INITIAL)
    assert state("costline.amount", new, **{held: holder}) == "settled"
    # Of another year, another stage, or where nothing is reported yet: open.
    assert state("costline.amount", new, **{held: holder, "budget_year": 2022}) == "open"
    assert state("costline.amount", new, **{held: holder, "stage": Stage.EXECUTED}) == "open"
    assert state("costline.amount", new, system=world.other_system) == "open"
    assert state("costline.amount", new, project=world.other_project) == "open"
    assert state("costline.amount", CostLine()) == "open"


def test_a_ledgers_first_line_beside_settled_classes_is_settled(
    world: World, now: datetime
) -> None:
    """Seen: five yen of the ledger stood for all that was told by class."""
    line(world, stage=Stage.EXECUTED)
    line(world, stage=Stage.AVAILABLE, amount=10)
    ledger = factories.CostItemFactory.create(cost_class=CostClass.UNCLASSIFIED)
    told: dict[str, Any] = {"system": world.system, "sheet_year": 2026, "cost_item": ledger, "account": "",
            "amount": 1, "amount_state": "reported"}  # fmt: skip
    for given in ({}, {"amount": None, "amount_state": "withheld"}):
        for stage in (Stage.EXECUTED, Stage.AVAILABLE):
            place: dict[str, Any] = {"budget_year": 2023, "stage": stage}
            assert state("costline.amount", CostLine(), TODAY, **told, **place) == "settled"
            with pytest.raises(ValidationError, match="settled"):
                register.create(act(None, now), KINDS["cost-lines"], told | place | given)
    # What nobody had told comes in, and leaves what is settled as it was.
    for year, stage in ((2010, Stage.REQUESTED), (2023, Stage.REQUESTED), (2022, Stage.EXECUTED)):
        register.create(
            act(None, now), KINDS["cost-lines"], told | {"budget_year": year, "stage": stage}
        )
    row = YearRollup.objects.get(system=world.system, fiscal_year=2023)
    assert (row.requested, row.available, row.executed) == (1, 10, 5)


def test_a_line_that_withholds_stays_where_it_is(world: World) -> None:
    """Moved into a settled year it would take that year's figure away."""
    withheld = line(world, budget_year=2010, amount=None, amount_state="withheld")
    assert state("costline.identity", withheld, budget_year=2023) == "stands"
    missing = line(world, budget_year=2011, amount=None, amount_state="missing")
    assert state("costline.identity", missing, budget_year=2023) == "blank"


def test_what_is_reported_of_many_holders_is_read_once_a_kind(
    world: World, django_assert_num_queries: Any
) -> None:
    line(world)
    line(world, sheet_year=2026)
    line(world, system=None, project=world.project, sheet_year=2025)
    line(world, system=world.sub_system, amount=None, amount_state="missing")
    known = Known()
    with django_assert_num_queries(2):
        systems = [world.system.pk, world.sub_system.pk]
        known.read_sheets("system", systems)
        known.read_sheets("project", [world.project.pk, *systems])
        known.read_sheets("system", systems)
        sheets = [known.newest_sheet("system", pk, 2023, Stage.INITIAL) for pk in systems]
        assert sheets == [2026, None]
        assert known.newest_sheet("project", world.project.pk, 2023, Stage.INITIAL) == 2025


# Reviews ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "given",
    [
        {"review__is_complete": True},
        {"review__verdict": "proceed"},
        {"answer": "対応する"},
        {"accepted_on": date(2026, 5, 1)},
    ],
)
def test_a_finding_that_was_told_is_not_reworded(world: World, given: dict[str, Any]) -> None:
    blank = {"review__is_complete": False, "review__verdict": "", "answer": "", "accepted_on": None}
    of = {"review__system": world.system}
    assert state("finding.text", factories.FindingFactory.create(**of, **blank)) == "open"
    told = factories.FindingFactory.create(**of, **{**blank, **given})
    assert state("finding.text", told) == "told"


# What is said -----------------------------------------------------------------------------------------


def test_a_refusal_says_why_and_who_or_how_to_ask(world: World) -> None:
    locked, stands = LINES["kpivalue.target", "locked"], LINES["review.verdict", "given"]
    asks = field_rights.why(locked, Resource.KPI, [Role.PMO])
    assert asks == (
        "This target is locked since its year began."
        " Ask for a change on the page of the record: another person decides."
    )
    nobody = field_rights.why(stands, Resource.VERIFICATION, [Role.PMO])
    assert nobody.endswith(".")
    assert "Ask for" not in nobody
    assert "written by" not in nobody
    open_ = field_rights.why(LINES["review.verdict", "open"], Resource.VERIFICATION, [Role.PMO])
    assert open_.endswith("It is written by: Third-party verifier.")
    report = field_rights.why(LINES["risk.rating", "stands"], Resource.RISK, [Role.AUDITOR])
    assert report.endswith("It is written by: the approval of the monthly report.")


def test_what_one_may_ask_for_and_what_the_form_closes(
    world: World, pmo: User, outsider: User
) -> None:
    locked = value(world, target=Decimal(1), actual=Decimal(2))
    assert field_rights.asked_fields(pmo, locked, TODAY) == [
        "target", "target_state", "actual", "actual_state",
    ]  # fmt: skip
    assert field_rights.asked_fields(outsider, locked, TODAY) == []
    closed = field_rights.closed_fields(pmo, locked, TODAY)
    assert set(closed) == {
        "kpi", "fiscal_year", "method_version",
        "target", "target_state", "actual", "actual_state",
    }  # fmt: skip
    assert closed["target"].startswith("This target is locked")
    assert field_rights.closed_fields(pmo, value(world), TODAY) == {}
    assert field_rights.closed_fields(pmo, factories.PlanActionFactory.create(), TODAY) == {}
    assert field_rights.closed_fields(pmo, KpiValue(), TODAY) == {}
    assert field_rights.asked_fields(pmo, world.system, TODAY) == ["status", "retired_on"]


def test_may_is_the_table_for_a_guarded_field_and_free_for_others(world: World, pmo: User) -> None:
    case = Case(value(world, target=Decimal(1)), {}, TODAY, Known())
    assert field_rights.may(case, "target", [Role.PMO]) is May.ASK
    assert field_rights.may(case, "target", [Role.AUDITOR]) is May.NOTHING
    assert field_rights.may(case, "actual", [Role.PMO]) is May.WRITE
    project = Case(world.project, {}, TODAY, Known())
    assert field_rights.may(project, "purpose", []) is May.WRITE
    assert field_rights.line_of(project, "purpose") is None


def test_the_form_of_a_new_record_knows_what_nobody_writes_in_it() -> None:
    policy = factories.RiskPolicyFactory.build(is_in_force=False)
    assert field_rights.closed_in_new(policy, TODAY) == {
        "is_in_force": "A policy comes into force when another person agrees."
    }
    answer = {"response", "response_text", "reflected_amount"}
    assert set(field_rights.closed_in_new(Review(), TODAY)) == answer
    assert field_rights.closed_in_new(factories.PlanActionFactory.build(agency=None), TODAY) == {}


# Hindsight --------------------------------------------------------------------------------------------


def goal(world: World, code: str) -> Any:
    return factories.KpiFactory.create(system=world.system, code=code)


def test_no_target_told_after_its_year_thins_out_those_that_were_missed(
    world: World, pmo: User, now: datetime
) -> None:
    """Seen: three goals with targets of last year, set and met today, closed the flag."""
    kind = KINDS["kpi-values"]
    missed = {"target": Decimal(10), "actual": Decimal(1)}
    value(world, fiscal_year=2025, kpi=goal(world, "MISSED"), **missed)
    told = {"kpi": goal(world, "NEW"), "fiscal_year": 2025, "method_version": 1,
            "target": Decimal(1), "target_state": "reported",
            "actual": Decimal(2), "actual_state": "reported"}  # fmt: skip
    with pytest.raises(ValidationError) as refused:
        register.create(act(pmo, now), kind, told)
    assert "Its year is over" in str(refused.value.message_dict["target"])
    # Without a target first, which is then asked for.
    blank = told | {"target": None, "target_state": "missing"}
    made = register.create(act(pmo, now), kind, blank)
    assert field_rights.asked_fields(pmo, made, TODAY)[:2] == ["target", "target_state"]
    # Nor of another year that is over: what was missed would not be the latest any more.
    with pytest.raises(ValidationError, match="Its year is over"):
        register.create(act(pmo, now), kind, told | {"fiscal_year": 2024})
    register.create(act(pmo, now), kind, told | {"fiscal_year": 2026})


def test_a_file_of_the_first_years_is_no_hindsight(world: World) -> None:
    """What one file brings is judged by what stood before it."""
    known, kpis = Known(), [goal(world, "ONE"), goal(world, "TWO")]
    known.read_targets("system", [world.system.pk])
    for kpi in kpis:
        row = KpiValue(kpi=kpi, fiscal_year=2025)
        case = Case(row, {"target": Decimal(5)}, TODAY, known)
        assert field_rights.STATES["kpivalue.target"](case) == "open"
        value(world, fiscal_year=2025, kpi=kpi, target=Decimal(5))


def test_benefits_of_an_agreed_plan_are_promised_with_it(
    world: World, pmo: User, now: datetime
) -> None:
    """Seen: a benefit planned and realised at once for a past year closed the shortfall's flag."""
    kind = KINDS["benefits"]
    told = {"project": world.project, "kind": "user_time", "fiscal_year": 2025, "method": "調査",
            "planned": 5, "planned_state": "reported", "realised": 5,
            "realised_state": "reported"}  # fmt: skip
    register.create(act(pmo, now), kind, told | {"fiscal_year": 2024})
    with pytest.raises(ValidationError) as refused:
        register.create(act(pmo, now), kind, told)
    assert "Its year is over" in str(refused.value.message_dict["planned"])
    # Nothing is realised of a year to come.
    blank = told | {"planned": None, "planned_state": "missing"}
    with pytest.raises(ValidationError, match="This year has not begun"):
        register.create(act(pmo, now), kind, blank | {"fiscal_year": 2027})
    ahead = told | {"fiscal_year": 2029, "realised": None, "realised_state": "missing"}
    register.create(act(pmo, now), kind, ahead)
    factories.BaselineFactory.create(project=world.project)
    with pytest.raises(ValidationError) as refused:
        register.create(act(pmo, now), kind, ahead | {"fiscal_year": 2030})
    assert "agreed" in str(refused.value.message_dict["planned"])
    blank = {"fiscal_year": 2030, "planned": None, "planned_state": "missing"}
    register.create(act(pmo, now), kind, ahead | blank)


# Answers ----------------------------------------------------------------------------------------------


def test_nothing_is_answered_before_a_judgement_and_an_answer_stays(
    world: World, pmo: User, now: datetime
) -> None:
    """Seen: the answer to a completed review was rewritten at any time; another came first."""
    review = factories.ReviewFactory.create(system=None, project=world.project)
    answer = {"response_text": "直します"}
    write = lambda words: register.edit(  # noqa: E731
        act(pmo, now), KINDS["reviews"], review.pk, words, version=review.version
    )
    with pytest.raises(ValidationError, match="nothing to answer yet"):
        write(answer)
    Review.objects.filter(pk=review.pk).update(verdict=Verdict.REDO, is_complete=True)
    review = write(answer)
    with pytest.raises(ValidationError, match="An answer that was given stays"):
        write({"response_text": "何も言っていない"})
    assert "response_text" in field_rights.asked_fields(pmo, review, TODAY)


def test_no_test_is_of_a_day_to_come(world: World, pmo: User, now: datetime) -> None:
    for name in ("last_security_test_on", "last_continuity_test_on"):
        with pytest.raises(ValidationError, match="still to come"):
            register.edit(act(pmo, now), KINDS["systems"], world.system.pk,
                          {name: TODAY + timedelta(1)}, version=1)  # fmt: skip
    register.edit(act(pmo, now), KINDS["systems"], world.system.pk,
                  {"last_security_test_on": TODAY}, version=1)  # fmt: skip


# Whose record -----------------------------------------------------------------------------------------


def test_roles_count_where_the_record_hangs(world: World, pmo: User, pjmo: User) -> None:
    kpi = value(world).kpi
    assert field_rights.ties_of(kpi) == ({world.home.pk}, {world.project.pk})
    assert field_rights.roles_over(pmo, kpi) == {Role.PMO}
    assert field_rights.roles_over(pjmo, kpi) == {Role.PJMO}
    kpi.system = world.other_system
    assert field_rights.ties_of(kpi) == ({world.other.pk}, {world.other_project.pk})
    assert field_rights.roles_over(pmo, kpi) == frozenset()
    assert field_rights.roles_over(None, kpi) == frozenset(Role)


def test_no_role_over_it_no_write(world: World, other_pmo: User, pmo: User, now: datetime) -> None:
    blank = value(world)
    given = {"target": Decimal(3), "target_state": "reported", "fiscal_year": 2027}
    with pytest.raises(PermissionDenied):
        field_rights.refuse(act(other_pmo, now), blank, given)
    field_rights.refuse(act(other_pmo, now), blank, {})
    field_rights.refuse(act(pmo, now), blank, given)
    # What a request wrote was judged when it was asked for.
    field_rights.refuse(act(other_pmo, now), blank, given, way=Way.REQUEST)


def test_who_answered_a_finding_does_not_close_it(world: World, now: datetime) -> None:
    finding = factories.FindingFactory.create(
        review__system=None, review__project=world.project,
        review__review_type__layer="ministry", answer="", accepted_on=None,
    )  # fmt: skip
    pmo = person(Role.PMO, world)
    both = {"accepted_on": TODAY, "answer": "済"}
    with pytest.raises(ValidationError, match="answered themselves"):
        field_rights.refuse(act(pmo, now), finding, both)
    field_rights.refuse(act(pmo, now), finding, {"accepted_on": TODAY})


def test_what_somebody_answered_another_person_closes(world: World, now: datetime) -> None:
    """By the trail, and whoever may be one person with them."""
    finding, other = (
        factories.FindingFactory.create(
            review__system=None, review__project=world.project,
            review__review_type__layer="ministry", answer="", accepted_on=None,
        )
        for _n in range(2)
    )  # fmt: skip
    pmo, second, puppet = (
        person(Role.PMO, world),
        *(factories.UserFactory.create(username=name) for name in ("second", "puppet")),
    )
    for user in (second, puppet):
        factories.MembershipFactory.create(user=user, role=Role.PMO, agency=world.home)
    tie(act(pmo, now), puppet, AccountTie.Kind.MADE)
    register.edit(act(pmo, now), KINDS["findings"], finding.pk, {"answer": "済"}, version=1)
    finding.refresh_from_db()
    close = {"accepted_on": TODAY}
    for user in (pmo, puppet):
        with pytest.raises(ValidationError, match="answered themselves"):
            field_rights.refuse(act(user, now), finding, close)
        field_rights.refuse(act(user, now), other, close)
    field_rights.refuse(act(second, now), finding, close)
    field_rights.refuse(act(None, now), finding, close)
    # Who only named an owner has answered nothing.
    register.edit(act(second, now), KINDS["findings"], other.pk, {"owner": "甲"}, version=1)
    field_rights.refuse(act(second, now), other, close)


def test_a_verdict_is_the_named_reviewers_alone(world: World, now: datetime) -> None:
    """Seen: a second verifier of the project closed the finding and gave the verdict, in the name
    of the first."""
    named = person(Role.VERIFIER, world)
    other = factories.UserFactory.create(username="second")
    factories.MembershipFactory.create(user=other, role=Role.VERIFIER, project=world.project)
    review = factories.ReviewFactory.create(
        system=None, project=world.project, review_type__layer="third_party", verdict="",
        is_complete=False, reviewer_user=named,
    )  # fmt: skip
    finding = factories.FindingFactory.create(review=review, answer="", accepted_on=None)
    verdict = {"verdict": "proceed", "remarks": "よい", "held_on": TODAY, "is_complete": True}
    for obj, given in (
        (review, verdict),
        # Nor does somebody else take the name away first, or the day on which it is due.
        (review, {"reviewer_user": None}),
        (review, {"due_on": None, "reviewer": "別人"}),
        (finding, {"due_on": None}),
        (finding, {"accepted_on": TODAY}),
        (finding, {"text": "x"}),
    ):
        with pytest.raises(ValidationError, match="is named as the reviewer") as refused:
            field_rights.refuse(act(other, now), obj, given)
        assert set(refused.value.message_dict) == set(given)
        field_rights.refuse(act(named, now), obj, given)
    new = Finding(review=review)
    with pytest.raises(ValidationError, match="is named as the reviewer"):
        field_rights.refuse(act(other, now), new, {"text": "x", "category": "plan"})
    # The ministry answers; where nobody is named, whoever verifies writes.
    pmo = person(Role.PMO, world)
    field_rights.refuse(act(pmo, now), finding, {"answer": "済"})
    review.reviewer_user = None
    field_rights.refuse(act(other, now), review, verdict)


def test_the_place_of_a_judged_review_is_settled(world: World) -> None:
    review = factories.ReviewFactory.create(
        system=world.system, review_type__layer="third_party", verdict="", is_complete=False
    )
    kind = factories.ReviewTypeFactory.create(layer="third_party")
    moves: tuple[dict[str, Any], ...] = (
        {"review_type": kind},
        {"project": world.project},
        {"system": world.sub_system},
    )
    assert [fault(review, **move) for move in moves] == [{}, {}, {}]
    factories.FindingFactory.create(review=review)
    for move in moves:
        assert list(fault(review, **move)) == list(move)
    assert "remarks" not in fault(review, remarks="よい")


# What a service alone knows ---------------------------------------------------------------------------


def fault(obj: Any, **given: Any) -> dict[str, str]:
    case = Case(obj, given, TODAY, Known())
    return field_rights.refusals(case, frozenset(Role), way=Way.REQUEST)


def test_only_methods_that_are_described_measure(world: World) -> None:
    kpi = factories.KpiFactory.create(system=world.system)
    kpi.methods.create(number=2, from_year=2024, description="記録", reason="偏り")
    held = factories.KpiValueFactory.create(kpi=kpi, method_version=2)
    assert "method_version" in fault(held, method_version=1)
    assert fault(held, method_version=2) == {}
    assert "method_version" in fault(KpiValue(), kpi=kpi, method_version=1)
    other = factories.KpiFactory.create(system=world.system)
    assert "method_version" in fault(held, kpi=other)


@pytest.mark.parametrize(
    ("make", "given", "told"),
    [
        (factories.MonthlyUpdateFactory.build, {"period": date(2026, 12, 1)}, True),
        (factories.MonthlyUpdateFactory.build, {"period": date(2026, 11, 1)}, False),
        (CostLine, {"sheet_year": 2027}, True),
        (CostLine, {"sheet_year": 2026}, False),
        (CostLine, {"sheet_year": None}, False),
    ],
)
def test_nothing_is_of_a_time_that_is_too_far_ahead(
    make: Callable[..., Any], given: dict[str, Any], *, told: bool, world: World
) -> None:
    obj = make() if make is CostLine else make(project=world.project)
    found = field_rights._faults(Case(obj, given, TODAY, Known()))
    assert any("has not begun" in text for text in found.values()) is told


def test_only_what_differs_counts_as_changed(world: World) -> None:
    kpi = factories.KpiFactory.create(system=world.system)
    held = factories.KpiValueFactory.create(kpi=kpi, fiscal_year=2026, target=None)
    same = {"kpi": kpi, "fiscal_year": 2026, "target": None}
    assert field_rights.changed_fields(held, same) == {}
    assert field_rights.changed_fields(held, {**same, "fiscal_year": 2025}) == {"fiscal_year": 2025}
    assert field_rights.changed_fields(world.project, {"systems": []}) == {}
    # Of a new record what it starts with anyway says nothing.
    new = {"kpi": kpi, "fiscal_year": 2026, "method_version": 1, "target": None, "note": ""}
    new.pop("note")
    assert set(field_rights.changed_fields(KpiValue(), new)) == {"kpi", "fiscal_year"}
