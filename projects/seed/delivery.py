"""Projects: plans, milestones and three years of monthly reports, with the trouble real ones have.

Progress follows an S-curve. Behaviours: on track, late, over cost, re-baselined, silent (reports
stop), stale (the same report month after month), figures that are too good (planned, earned and
actual never differ), money without earned value, and optimists who stay confident.
"""

import enum
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any

from projects.metrics.periods import fiscal_year_of
from projects.models import Baseline, Milestone, MonthlyUpdate, PlannedValue, Project, System
from projects.models.choices import (
    ENDED_PHASES,
    REPORTING_PHASES,
    Confidence,
    ProjectPhase,
    RequestState,
    SystemStatus,
    UpdateState,
)
from projects.seed.frame import (
    Frame,
    day_in_month,
    months_after,
    months_between,
    ratio_of,
    weighted,
)
from projects.seed.systems import SystemPlan

MONTHS_OF_HISTORY = 36


class Behaviour(enum.Enum):
    """What kind of trouble a project is in."""

    ON_TRACK = "on_track"
    LATE = "late"
    OVER = "over"
    REBASELINED = "rebaselined"
    SILENT = "silent"
    STALE = "stale"
    TOO_GOOD = "too_good"
    NO_EARNED_VALUE = "no_earned_value"
    OPTIMIST = "optimist"


_BEHAVIOURS = (
    (Behaviour.ON_TRACK, 38.0),
    (Behaviour.LATE, 12.0),
    (Behaviour.OVER, 9.0),
    (Behaviour.REBASELINED, 12.0),
    (Behaviour.SILENT, 11.0),
    (Behaviour.STALE, 5.0),
    (Behaviour.TOO_GOOD, 4.0),
    (Behaviour.NO_EARNED_VALUE, 5.0),
    (Behaviour.OPTIMIST, 4.0),
)
# Phase → months since the start, and the share of the planned time that has gone by.
_AGES: dict[ProjectPhase, tuple[int, int, float, float]] = {
    ProjectPhase.PLANNING: (2, 8, 0.06, 0.15),
    ProjectPhase.REQUIREMENTS: (5, 12, 0.18, 0.30),
    ProjectPhase.PROCUREMENT: (8, 16, 0.28, 0.42),
    ProjectPhase.BUILDING: (12, 30, 0.42, 0.82),
    ProjectPhase.TESTING: (20, 36, 0.84, 0.97),
    ProjectPhase.OPERATING: (30, 44, 1.0, 1.1),
    ProjectPhase.CLOSED: (26, 44, 1.0, 1.1),
    ProjectPhase.STOPPED: (14, 30, 0.4, 0.7),
}
_DELIVERED = (ProjectPhase.OPERATING, ProjectPhase.CLOSED)
_PHASES_OF_STATUS: dict[SystemStatus, tuple[tuple[ProjectPhase, float], ...]] = {
    SystemStatus.CONCEPT: ((ProjectPhase.PLANNING, 1.0),),
    SystemStatus.PLANNING: ((ProjectPhase.PLANNING, 1.0), (ProjectPhase.REQUIREMENTS, 1.0)),
    SystemStatus.PROCUREMENT: ((ProjectPhase.REQUIREMENTS, 1.0), (ProjectPhase.PROCUREMENT, 2.0)),
    SystemStatus.BUILDING: ((ProjectPhase.BUILDING, 3.0), (ProjectPhase.TESTING, 1.0)),
    SystemStatus.RENEWING: (
        (ProjectPhase.REQUIREMENTS, 1.0),
        (ProjectPhase.PROCUREMENT, 1.0),
        (ProjectPhase.BUILDING, 4.0),
        (ProjectPhase.TESTING, 2.0),
    ),
    SystemStatus.OPERATING: (
        (ProjectPhase.OPERATING, 3.0),
        (ProjectPhase.CLOSED, 3.0),
        (ProjectPhase.STOPPED, 1.0),
    ),
}
_PROJECTS_PER_SYSTEM = {SystemStatus.OPERATING: 0.025, SystemStatus.CONCEPT: 0.4}
_MILESTONES = (
    ("要件定義の完了", Milestone.Kind.GATE, 0.22),
    ("調達手続の開始", Milestone.Kind.MILESTONE, 0.30),
    ("設計の完了", Milestone.Kind.GATE, 0.52),
    ("結合テストの完了", Milestone.Kind.MILESTONE, 0.78),
    ("稼働判定", Milestone.Kind.GATE, 0.93),
    ("本番稼働", Milestone.Kind.MILESTONE, 1.0),
)
_NARRATIVES = {
    Behaviour.ON_TRACK: (
        "計画どおり進捗。",
        "設計レビューを予定どおり実施した。",
        "特段の課題なし。",
    ),
    Behaviour.LATE: (
        "関係機関との調整に時間を要し遅れている。",
        "要員が計画を下回り、遅延が続く。",
    ),
    Behaviour.OVER: ("仕様変更により工数が増えている。", "追加のテストに費用を要した。"),
    Behaviour.REBASELINED: ("見直し後の計画に沿って進めている。", "計画変更の影響を確認中。"),
    Behaviour.NO_EARNED_VALUE: ("出来高は把握していない。支出のみ報告する。",),
    Behaviour.OPTIMIST: ("遅れは次月に取り戻せる見込み。", "おおむね順調。"),
}
_REBASELINE_REASONS = (
    "制度改正の施行日が変わり、要件を見直したため。",
    "移行方式を一括から段階へ改めたため。",
    "調達が不調となり、再公告したため。",
)


@dataclass(frozen=True, slots=True)
class Plan:
    """One agreed plan: in force from a month on, for so many months and so much money."""

    number: int
    from_month: int
    months: int
    budget: int


@dataclass(frozen=True, slots=True)
class ProjectPlan:
    """One project to be. Months count from `start`, the first day of a month."""

    number: int
    system: SystemPlan
    phase: ProjectPhase
    behaviour: Behaviour
    start: date
    plans: tuple[Plan, ...]
    pace: float
    cost_index: float
    ended_on: date | None

    @property
    def code(self) -> str:
        return f"DEMO-P{self.number:05}"

    def plan_at(self, month: int) -> Plan:
        """The plan in force after so many months."""
        return [plan for plan in self.plans if plan.from_month <= month][-1]

    @property
    def is_ended(self) -> bool:
        return self.phase in ENDED_PHASES


def project_plans(
    frame: Frame, rng: Random, first: int, systems: list[SystemPlan]
) -> list[ProjectPlan]:
    """The projects of these systems, numbered from `first`: most of what is planned, built or
    renewed has one, of the rest a few."""
    made: list[ProjectPlan] = []
    for system in systems:
        phases = _PHASES_OF_STATUS.get(system.status)
        if phases is None or rng.random() >= _PROJECTS_PER_SYSTEM.get(system.status, 0.92):
            continue
        made.append(_project_plan(frame, rng, first + len(made), system, weighted(rng, phases)))
    return made


def _project_plan(
    frame: Frame, rng: Random, number: int, system: SystemPlan, phase: ProjectPhase
) -> ProjectPlan:
    low, high, gone_low, gone_high = _AGES[phase]
    age = rng.randint(low, high)
    months = max(round(age / rng.uniform(gone_low, gone_high)), 6)
    start = months_after(frame.as_of, -age)
    behaviour = weighted(rng, _BEHAVIOURS)
    budget = max(int(system.size * rng.uniform(0.5, 1.8)), 20_000_000) // 1000 * 1000
    pace, cost_index = _pace(rng, behaviour)
    if phase in _DELIVERED:
        months = max(round(months * pace), 6)  # It took as long as its pace says.
    ended_on = None
    if phase in ENDED_PHASES:
        taken = min(round(months / pace), age)
        ended_on = frame.past(months_after(start, taken) - timedelta(days=1))
    return ProjectPlan(
        number=number,
        system=system,
        phase=phase,
        behaviour=behaviour,
        start=start,
        plans=tuple(_plans(rng, behaviour, age, months, budget)),
        pace=pace,
        cost_index=cost_index,
        ended_on=ended_on,
    )


def _pace(rng: Random, behaviour: Behaviour) -> tuple[float, float]:
    """How fast work is done against the plan, and earned value ÷ actual cost."""
    match behaviour:
        case Behaviour.LATE:
            return rng.uniform(0.62, 0.86), rng.uniform(0.88, 1.0)
        case Behaviour.OVER:
            return rng.uniform(0.9, 1.0), rng.uniform(0.68, 0.86)
        case Behaviour.REBASELINED:
            return rng.uniform(0.65, 0.85), rng.uniform(0.8, 0.98)
        case Behaviour.OPTIMIST:
            return rng.uniform(0.7, 0.88), rng.uniform(0.75, 0.92)
        case Behaviour.TOO_GOOD:
            return 1.0, 1.0
        case _:
            return rng.uniform(0.95, 1.04), rng.uniform(0.94, 1.06)


def _plans(rng: Random, behaviour: Behaviour, age: int, months: int, budget: int) -> Iterator[Plan]:
    yield Plan(1, 0, months, budget)
    if behaviour is not Behaviour.REBASELINED:
        return
    number, since = 2, max(int(age * rng.uniform(0.3, 0.6)), 1)
    while since < age and number < 4:
        months = int(months * rng.uniform(1.2, 1.5))
        budget = int(budget * rng.uniform(1.1, 1.35)) // 1000 * 1000
        yield Plan(number, since, months, budget)
        number, since = number + 1, since + rng.randint(6, 18)


def project(frame: Frame, rng: Random, plan: ProjectPlan, system: System) -> Project:
    """The register's entry of a plan for one stored system, unsaved."""
    kind = (
        "更改" if plan.system.status in (SystemStatus.RENEWING, SystemStatus.OPERATING) else "整備"
    )
    kind_en = "renewal" if kind == "更改" else "development"
    name = system.name
    return Project(
        code=plan.code,
        name=f"{name}{kind}プロジェクト",
        name_en=f"{system.name_en}: {kind_en}",
        agency_id=system.agency_id,
        phase=plan.phase,
        is_priority=plan.plans[0].budget >= 10**9 and rng.random() < 0.5,
        purpose=f"{name}の{kind}により、利用者の手間と運用経費を減らす。",
        head_name=f"架空 {rng.choice(('太郎', '花子', '一郎', '恵', '健', '直美'))}",
        started_on=plan.start,
        ended_on=plan.ended_on,
        updated_at=frame.moment(frame.days_ago(rng.randint(2, 200))),
    )


def baselines(frame: Frame, rng: Random, plan: ProjectPlan, project_id: int) -> Iterator[Baseline]:
    """The agreed plans. A project that is still being planned may have none yet."""
    if plan.phase is ProjectPhase.PLANNING and rng.random() < 0.6:
        return
    for item in plan.plans:
        agreed_on = months_after(plan.start, item.from_month)
        yield Baseline(
            project_id=project_id,
            number=item.number,
            state=RequestState.APPROVED,
            agreed_on=agreed_on,
            reason=rng.choice(_REBASELINE_REASONS) if item.number > 1 else "",
            planned_start_on=plan.start,
            planned_end_on=months_after(plan.start, item.months) - timedelta(days=1),
            budget_at_completion=item.budget,
            updated_at=frame.moment(agreed_on),
        )


def asked_baselines(frame: Frame) -> Iterator[Baseline]:
    """New plans that wait for a decision: for every thirtieth project that is being built."""
    building = Project.objects.filter(phase=ProjectPhase.BUILDING).order_by("pk")
    agreed = Baseline.objects.filter(project__in=building).order_by("project_id", "-number")
    latest: dict[int, Baseline] = {}
    for baseline in agreed:
        latest.setdefault(baseline.project_id, baseline)
    for last in list(latest.values())[::30]:
        yield Baseline(
            project_id=last.project_id,
            planned_start_on=last.planned_start_on,
            planned_end_on=months_after(last.planned_end_on.replace(day=1), 7) - timedelta(days=1),
            budget_at_completion=last.budget_at_completion * 112 // 100,
            reason="要件の追加により、移行の工程を延ばす必要があるため。",
            requested_at=frame.moment(frame.days_ago(6), 14),
            updated_at=frame.moment(frame.days_ago(6), 14),
        )


def planned_values(baselines: Iterable[Baseline]) -> Iterator[PlannedValue]:
    """The time-phased plan of each stored baseline: the S-curve of its budget, month by month."""
    for baseline in baselines:
        start = baseline.planned_start_on.replace(day=1)
        months = months_between(start, baseline.planned_end_on) + 1
        for number in range(1, months + 1):
            share = 1 if number == months else curve(number / months)
            yield PlannedValue(
                baseline_id=baseline.pk,
                period=months_after(start, number - 1),
                amount=int(baseline.budget_at_completion * share),
            )


def milestones(frame: Frame, plan: ProjectPlan, project_id: int) -> Iterator[Milestone]:
    """Milestones as first planned, with the forecast of today's pace and the days they were met."""
    first, before = plan.plans[0], 0.0
    for name, kind, share in _MILESTONES:
        planned = _day_at(plan.start, first.months * share)
        expected = _day_at(plan.start, first.months * share / plan.pace)
        is_past = expected <= frame.as_of
        is_met = is_past and plan.phase is not ProjectPhase.STOPPED
        yield Milestone(
            project_id=project_id,
            name=name,
            kind=kind,
            weight=round((share - before) * 100),
            planned_on=planned,
            forecast_on=None if is_met or plan.is_ended else max(expected, frame.as_of),
            actual_on=expected if is_met else None,
            updated_at=frame.moment(expected if is_met else frame.days_ago(20)),
        )
        before = share


def _day_at(start: date, months: float) -> date:
    return start + timedelta(days=round(months * 30.4375))


# Monthly reports ----------------------------------------------------------------------------------


def curve(share: float) -> float:
    """Share of the work that an S-curve has done after a share of the time."""
    inside = min(max(share, 0.0), 1.0)
    return inside * inside * (3 - 2 * inside)


@dataclass(frozen=True, slots=True)
class _Month:
    """The figures of one month."""

    progress: float
    planned: int
    earned: int
    actual: int
    budget: int
    forecast_end: date
    admitted: float


def _admitted(gone: float, behaviour: Behaviour) -> float:
    """Share of the trouble to come that a project's forecasts own up to after a share of its time.

    Nothing at first, then in steps of a quarter, as plans are looked through again. Optimists wait
    the longest.
    """
    since = 0.7 if behaviour is Behaviour.OPTIMIST else 0.25
    return min(max(int((gone - since) / 0.5 * 4) / 4, 0.0), 1.0)


def _months(plan: ProjectPlan, last: int, rng: Random) -> list[_Month]:
    """Months 1 to `last`: earned value and actual cost never fall."""
    found: list[_Month] = []
    earned = actual = 0
    first = plan.plans[0]
    for month in range(1, last + 1):
        current = plan.plan_at(month)
        share = month / first.months * plan.pace
        progress = 1.0 if share >= 0.96 else curve(share)
        planned = int(current.budget * curve(month / current.months))
        now_earned = max(int(current.budget * progress), earned)
        if plan.behaviour is Behaviour.TOO_GOOD:
            now_earned, actual = max(planned, earned), max(planned, actual)
        else:
            actual += int((now_earned - earned) / plan.cost_index * rng.uniform(0.9, 1.1))
        earned = now_earned
        admitted = _admitted(month / first.months * plan.pace, plan.behaviour)
        late = first.months / plan.pace - first.months
        end = _day_at(plan.start, first.months + late * admitted)
        found.append(_Month(progress, planned, earned, actual, current.budget, end, admitted))
    return found


def updates(
    frame: Frame, rng: Random, plan: ProjectPlan, project_id: int
) -> Iterator[MonthlyUpdate]:
    """Up to three years of monthly reports, to the latest one that is due or to the end."""
    if plan.phase is ProjectPhase.OPERATING:
        last_period = months_after(plan.start, round(plan.plans[0].months / plan.pace))
    else:
        last_period = plan.ended_on or frame.last_period
    last_period = min(last_period.replace(day=1), frame.last_period)
    if plan.behaviour is Behaviour.SILENT and not plan.is_ended:
        last_period = months_after(last_period, -rng.choice((1, 1, 2, 3, 5, 8)))
    last = months_between(plan.start, last_period) + 1
    months = _months(plan, last, rng)
    if plan.behaviour is Behaviour.STALE:
        months = _stale(months, rng)
    for number, month in enumerate(months, 1):
        if last - number >= MONTHS_OF_HISTORY:
            continue
        yield from _reports(frame, rng, plan, project_id, number, month, is_last=number == last)
    if plan.phase in REPORTING_PHASES and last >= 1 and rng.random() < 0.2:
        yield _draft(frame, plan, project_id, months_after(last_period, 1), months[-1])


def _stale(months: list[_Month], rng: Random) -> list[_Month]:
    """The last months repeat the report before them."""
    same = min(rng.randint(3, 7), len(months) - 1)
    return months if same < 1 else [*months[:-same], *[months[-same - 1]] * same]


def _figures(plan: ProjectPlan, month: _Month) -> dict[str, Any]:
    figures: dict[str, Any] = {
        "progress_percent": ratio_of(month.progress * 100, 2),
        "planned_value": month.planned,
        "earned_value": month.earned,
        "actual_cost": month.actual,
        "forecast_end_on": month.forecast_end,
    }
    hides = plan.behaviour in (Behaviour.OPTIMIST, Behaviour.STALE, Behaviour.TOO_GOOD)
    over = 0.0 if hides or not month.actual else (1 / plan.cost_index - 1) * month.admitted
    figures["forecast_cost"] = max(int(month.budget * (1 + over)), month.actual)
    if plan.behaviour is Behaviour.NO_EARNED_VALUE:
        figures |= {"planned_value": None, "earned_value": None, "progress_percent": None}
    return figures


def _confidence(rng: Random, plan: ProjectPlan, month: _Month) -> Confidence | None:
    if rng.random() < 0.06:
        return None
    if plan.behaviour in (Behaviour.OPTIMIST, Behaviour.TOO_GOOD):
        return Confidence.VERY_HIGH
    strain = max(1 - plan.pace, 1 - plan.cost_index) * (0.3 + 0.7 * month.admitted)
    steps = ((0.06, Confidence.HIGH), (0.14, Confidence.MEDIUM), (0.25, Confidence.LOW))
    return next((level for bound, level in steps if strain < bound), Confidence.VERY_LOW)


def _narrative(rng: Random, plan: ProjectPlan) -> str:
    if plan.behaviour is Behaviour.STALE:
        return "前月から変更なし。"
    return rng.choice(_NARRATIVES.get(plan.behaviour, _NARRATIVES[Behaviour.ON_TRACK]))


def _reports(
    frame: Frame,
    rng: Random,
    plan: ProjectPlan,
    project_id: int,
    number: int,
    month: _Month,
    *,
    is_last: bool,
) -> Iterator[MonthlyUpdate]:
    period = months_after(plan.start, number - 1)
    submitted_on = day_in_month(period, 1, rng.randint(2, 10))
    if rng.random() < 0.08 and not is_last:
        submitted_on += timedelta(days=rng.randint(3, 25))
    submitted_at = frame.moment(submitted_on, rng.randint(9, 18), rng.randint(0, 59))
    approved_on = submitted_on + timedelta(days=rng.randint(1, 6))
    state = UpdateState.APPROVED
    if approved_on > frame.as_of or (is_last and rng.random() < 0.18):
        state = UpdateState.SUBMITTED
    if is_last and not plan.is_ended and rng.random() < 0.03:
        state = UpdateState.RETURNED
    report: dict[str, Any] = {
        "project_id": project_id,
        "period": period,
        "confidence": _confidence(rng, plan, month),
        "narrative": _narrative(rng, plan),
        "submitted_at": submitted_at,
        **_figures(plan, month),
    }
    approved_at = frame.moment(approved_on, rng.randint(9, 18))
    is_approved = state is UpdateState.APPROVED
    yield MonthlyUpdate(
        **report,
        state=state,
        approved_at=approved_at if is_approved else None,
        updated_at=approved_at if is_approved else submitted_at,
    )
    if is_approved and rng.random() < 0.02:
        corrected_on = frame.moment(approved_on + timedelta(days=rng.randint(3, 20)), 11)
        yield MonthlyUpdate(
            **{
                **report,
                "actual_cost": month.actual + month.actual // 100,
                "narrative": "支出額を訂正した。",
                "submitted_at": corrected_on,
            },
            revision=2,
            state=UpdateState.APPROVED,
            approved_at=corrected_on,
            updated_at=corrected_on,
        )


def _draft(
    frame: Frame, plan: ProjectPlan, project_id: int, period: date, month: _Month
) -> MonthlyUpdate:
    """The next month's report, begun from the last values."""
    return MonthlyUpdate(
        project_id=project_id,
        period=period,
        state=UpdateState.DRAFT,
        narrative="（作成中）",
        updated_at=frame.moment(day_in_month(period, 1, 3)),
        **_figures(plan, month),
    )


def yearly_spending(frame: Frame, rng: Random, plan: ProjectPlan) -> dict[str, dict[int, int]]:
    """What the project office itself spends, by cost item and settled year.

    Studies and support only: the building is paid from the systems' lines, so no yen is counted
    twice.
    """
    if plan.is_ended or rng.random() < 0.35:
        return {}
    first = max(frame.settled - 2, fiscal_year_of(plan.start))
    yearly = plan.plans[0].budget * rng.uniform(0.02, 0.07)
    items = rng.sample(("pm-support", "requirements-support", "research"), 2)
    return {
        item: {
            year: max(int(yearly * rng.uniform(0.3, 0.7)) // 1000 * 1000, 1000)
            for year in range(first, frame.settled + 1)
        }
        for item in items
        if first <= frame.settled
    }
