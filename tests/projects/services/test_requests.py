"""Plans: asked for by one person, decided by another, never lost."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from hypothesis import given
from hypothesis import strategies as st

from governance.access import Role
from governance.exceptions import Conflict, DomainError
from governance.models import AuditEvent, User
from projects.metrics.delivery import Phase, spread_evenly
from projects.models import Baseline, KpiValue, PlannedValue, Project
from projects.models.choices import RequestState
from projects.register import KINDS
from projects.services import register, requests
from projects.services.requests import phasing_faults
from tests import factories
from tests.conftest import World, act, person, signed_in
from tests.trail import unsealed, untold

pytestmark = pytest.mark.django_db

PLAN: dict[str, Any] = {
    "planned_start_on": date(2026, 4, 1),
    "planned_end_on": date(2027, 3, 31),
    "budget_at_completion": 1_200,
    "reason": "",
}


MILESTONE: dict[str, Any] = {
    "name": "総合テスト完了", "kind": "milestone", "planned_on": date(2026, 12, 1), "weight": 3,
}  # fmt: skip


def ask(world: World, user: User, now: datetime, **changes: Any) -> Baseline:
    return requests.request_baseline(act(user, now), {"project": world.project, **PLAN, **changes})


def test_the_first_plan_stays_and_the_next_stands_beside_it(
    world: World, pjmo: User, pmo: User, now: datetime
) -> None:
    first = ask(world, pjmo, now)
    assert (first.number, first.state) == (None, RequestState.REQUESTED)
    requests.approve_baseline(act(pmo, now), first.pk)
    second = ask(world, pjmo, now, planned_end_on=date(2027, 9, 30), reason="移行の延長")
    requests.approve_baseline(act(pmo, now), second.pk)
    plans = Baseline.objects.filter(project=world.project).order_by("number")
    assert [(p.number, p.planned_end_on) for p in plans] == [
        (1, date(2027, 3, 31)), (2, date(2027, 9, 30)),
    ]  # fmt: skip
    verbs = AuditEvent.objects.filter(object_type="baseline").values_list("verb", flat=True)
    assert sorted(verbs) == ["baseline.approved"] * 2 + ["baseline.requested"] * 2
    assert untold() == []
    assert (unsealed("baseline"), unsealed("plannedvalue")) == (0, 0)


def test_nobody_decides_on_their_own_plan(world: World, pmo: User, now: datetime) -> None:
    plan = ask(world, pmo, now)
    for decide in (requests.approve_baseline, requests.reject_baseline):
        with pytest.raises(DomainError, match="own request"):
            decide(act(pmo, now, "x"), plan.pk)
    requests.withdraw_baseline(act(pmo, now), plan.pk)
    plan.refresh_from_db()
    assert plan.state == RequestState.WITHDRAWN


def test_nobody_agrees_to_a_plan_of_their_own_milestones(
    world: World, pjmo: User, pmo: User, now: datetime
) -> None:
    """The first plan brings the milestones into force: their writer would have agreed alone."""
    mine = register.create(
        act(pmo, now), KINDS["milestones"], MILESTONE | {"project": world.project}
    )
    plan = ask(world, pjmo, now)
    for decide in (requests.approve_baseline, requests.reject_baseline):
        with pytest.raises(DomainError, match="You wrote milestones or benefits of this plan"):
            decide(act(pmo, now, "x"), plan.pk)
    page = signed_in(pmo).get(f"/baselines/{plan.pk}/")
    assert "You wrote milestones or benefits of this plan" in page.content.decode()
    requests.approve_baseline(act(person(Role.MINISTRY_CIO, world), now), plan.pk)
    # Later plans bring no milestones with them.
    later = ask(world, pjmo, now, planned_end_on=date(2027, 9, 30), reason="移行の延長")
    requests.approve_baseline(act(pmo, now), later.pk)
    assert mine.project == world.project


def test_benefits_are_part_of_a_first_plan_too(
    world: World, pjmo: User, pmo: User, now: datetime
) -> None:
    """Seen: what was planned to be gained was changed while the plan waited, and agreed to unseen."""
    kind = KINDS["benefits"]
    gain = {"project": world.project, "kind": "user_time", "fiscal_year": 2028, "method": "調査",
            "planned": 10**9, "planned_state": "reported"}  # fmt: skip
    made = register.create(act(pmo, now), kind, gain)
    plan = ask(world, pjmo, now)
    with pytest.raises(ValidationError, match="its benefits with it"):
        register.edit(act(pjmo, now), kind, made.pk, {"planned": 1}, version=made.version)
    with pytest.raises(DomainError, match="milestones or benefits"):
        requests.approve_baseline(act(pmo, now), plan.pk)


def test_milestones_stand_as_they_were_asked_for(
    world: World, pjmo: User, pmo: User, now: datetime
) -> None:
    kind = KINDS["milestones"]
    mine = register.create(act(pjmo, now), kind, MILESTONE | {"project": world.project})
    plan = ask(world, pjmo, now)
    for values in ({"planned_on": date(2029, 1, 1)}, {"weight": 1}, {"name": "別の段階"}):
        with pytest.raises(ValidationError, match="A plan waits for approval"):
            register.edit(act(pjmo, now), kind, mine.pk, values, version=mine.version)
    with pytest.raises(ValidationError, match="A plan waits for approval"):
        register.create(
            act(pjmo, now), kind, MILESTONE | {"project": world.project, "name": "忍び込む段階"}
        )
    # What happens meanwhile is told as ever.
    register.edit(
        act(pjmo, now), kind, mine.pk, {"forecast_on": date(2027, 1, 5)}, version=mine.version
    )
    requests.withdraw_baseline(act(pjmo, now), plan.pk)
    mine.refresh_from_db()
    register.edit(act(pjmo, now), kind, mine.pk, {"weight": 1}, version=mine.version)


def test_a_rejection_has_a_reason_and_takes_no_number(
    world: World, pjmo: User, pmo: User, now: datetime
) -> None:
    plan = ask(world, pjmo, now)
    with pytest.raises(DomainError, match="why"):
        requests.reject_baseline(act(pmo, now), plan.pk)
    requests.reject_baseline(act(pmo, now, "根拠がない"), plan.pk)
    again = ask(world, pjmo, now)
    requests.approve_baseline(act(pmo, now), again.pk)
    assert Baseline.objects.get(number=1).pk == again.pk


def test_one_request_at_a_time_and_later_ones_with_a_reason(
    world: World, pjmo: User, pmo: User, now: datetime
) -> None:
    first = ask(world, pjmo, now)
    with pytest.raises(ValidationError, match="waits for a decision"):
        ask(world, pjmo, now)
    requests.approve_baseline(act(pmo, now), first.pk)
    with pytest.raises(ValidationError, match="needs a reason"):
        ask(world, pjmo, now)


def test_whoever_may_not_approve_is_refused(
    world: World, pjmo: User, other_pmo: User, now: datetime
) -> None:
    with pytest.raises(PermissionDenied):
        ask(world, other_pmo, now)
    plan = ask(world, pjmo, now)
    with pytest.raises(PermissionDenied):
        requests.approve_baseline(act(other_pmo, now), plan.pk)


def test_a_plan_spread_over_its_months(world: World, pjmo: User, now: datetime) -> None:
    phases = spread_evenly(PLAN["planned_start_on"], PLAN["planned_end_on"], 1_200)
    plan = ask(world, pjmo, now, phases=phases)
    stored = list(PlannedValue.objects.filter(baseline=plan).values_list("period", "amount"))
    assert stored[0] == (date(2026, 4, 1), 100)
    assert stored[-1] == (date(2027, 3, 1), 1_200)
    assert len(stored) == 12


@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(0, 900), st.integers(0, 10**12))
def test_an_even_spread_is_always_a_sound_plan(start: date, days: int, budget: int) -> None:
    end = date.fromordinal(start.toordinal() + days)
    phases = spread_evenly(start, end, budget)
    assert phasing_faults(phases, start, end, budget) == []
    assert phases[-1].amount == budget


@pytest.mark.parametrize(
    ("phases", "message"),
    [
        ([Phase(date(2026, 5, 1), 2), Phase(date(2026, 5, 1), 1_200)], "stands twice"),
        ([Phase(date(2026, 5, 1), 1_300), Phase(date(2026, 6, 1), 1_200)], "never goes down"),
        ([Phase(date(2026, 3, 1), 1_200)], "before the planned start"),
        ([Phase(date(2027, 4, 1), 1_200)], "after the planned end"),
        ([Phase(date(2026, 5, 1), 1_199)], "must reach the budget"),
    ],
)
def test_an_unsound_phasing_is_told(
    phases: list[Phase], message: str, world: World, pjmo: User, now: datetime
) -> None:
    with pytest.raises(ValidationError, match=message):
        ask(world, pjmo, now, phases=phases)
    assert not Baseline.objects.exists()


def test_the_form_takes_what_excel_copies(world: World, pjmo: User, pmo: User) -> None:
    data = {
        "project": "HOME-P1",
        "planned_start_on": "R8.4.1",
        "planned_end_on": "令和8年6月30日",
        "budget_at_completion": "12億円",
        "phases": "2026-04\t4億円\n2026年5月  8億円\n2026-06\t1,200,000,000\n",
    }
    answer = signed_in(pjmo).post("/baselines/new/", data)
    assert answer.status_code == 302, answer.content.decode()
    plan = Baseline.objects.get()
    assert [v.amount for v in plan.planned_values.all()] == [
        400_000_000, 800_000_000, 1_200_000_000,
    ]  # fmt: skip
    page = signed_in(pmo).get(f"/baselines/{plan.pk}/").content.decode()
    assert "Agree to this baseline" in page
    signed_in(pmo).post(f"/baselines/{plan.pk}/approve/")
    plan.refresh_from_db()
    assert plan.number == 1
    wrong = signed_in(pjmo).post("/baselines/new/", {**data, "phases": "Mai viel", "reason": "x"})
    assert "Line 1:" in wrong.content.decode()
    assert "Mai viel" in wrong.content.decode()


# Methods ----------------------------------------------------------------------------------------------------


@pytest.fixture
def value(world: World) -> KpiValue:
    kpi = factories.KpiFactory.create(code="HOME-K", system=world.system)
    made: KpiValue = factories.KpiValueFactory.create(
        kpi=kpi, fiscal_year=2026, target=Decimal(80), target_state="reported"
    )
    return made


def test_methods_follow_each_other_with_a_reason(
    world: World, pjmo: User, value: KpiValue, now: datetime
) -> None:
    first = {"from_year": 2024, "description": "調査票", "reason": ""}
    requests.add_method(act(pjmo, now), value.kpi, first)
    with pytest.raises(ValidationError, match="needs a reason"):
        requests.add_method(act(pjmo, now), value.kpi, {**first, "from_year": 2027})
    with pytest.raises(ValidationError, match="earlier year"):
        requests.add_method(act(pjmo, now), value.kpi, {**first, "reason": "x"})
    second = {"from_year": 2027, "description": "記録", "reason": "偏り"}
    assert requests.add_method(act(pjmo, now), value.kpi, second).number == 2


def test_the_ministry_cio_may_agree_to_plans(world: World, pjmo: User, now: datetime) -> None:
    minister = person(Role.MINISTRY_CIO, world)
    plan = ask(world, pjmo, now)
    assert requests.approve_baseline(act(minister, now), plan.pk).number == 1
    assert Project.objects.get(pk=world.project.pk).baselines.count() == 1


def test_every_step_of_a_plan_is_on_the_trail_before_and_after(
    world: World, pjmo: User, pmo: User, now: datetime
) -> None:
    plan = ask(world, pjmo, now)
    assert (plan.updated_by, plan.requested_by) == (pjmo, pjmo)
    requests.withdraw_baseline(act(pjmo, now), plan.pk)
    requests.reject_baseline(act(pmo, now, "根拠がない"), ask(world, pjmo, now).pk)
    steps = [
        (event.verb, (event.before or {}).get("state"), (event.after or {}).get("state"))
        for event in AuditEvent.objects.filter(object_type="baseline").order_by("seq")
    ]
    assert steps == [
        ("baseline.requested", None, "requested"),
        ("baseline.withdrawn", "requested", "withdrawn"),
        ("baseline.requested", None, "requested"),
        ("baseline.rejected", "requested", "rejected"),
    ]
    assert untold() == []


@pytest.mark.parametrize(
    "step", [requests.approve_baseline, requests.reject_baseline, requests.withdraw_baseline]
)
def test_a_decision_on_an_old_page_is_refused(
    step: Any, world: World, pjmo: User, pmo: User, now: datetime
) -> None:
    plan = ask(world, pjmo, now)
    who = pjmo if step is requests.withdraw_baseline else pmo
    with pytest.raises(Conflict):
        step(act(who, now, "理由"), plan.pk, version=plan.version + 1)
    assert Baseline.objects.get().state == RequestState.REQUESTED


def test_a_plan_spans_fifty_years_at_most_and_says_where_it_is_wrong(
    world: World, pjmo: User, now: datetime
) -> None:
    months = [Phase(date(2000 + n // 12, n % 12 + 1, 1), n) for n in range(601)]
    assert phasing_faults(months[:600], None, None, None) == []
    assert phasing_faults(months, None, None, None) == ["A plan has at most 600 months."]
    with pytest.raises(ValidationError) as refused:
        ask(world, pjmo, now, phases=months)
    assert "A plan has at most 600 months." in refused.value.message_dict["phases"]
