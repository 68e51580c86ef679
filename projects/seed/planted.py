"""Planted cases: a few systems, projects and contracts whose answers are known beforehand.

`docs/demo-cases.md` lists them, the tests assert them. Nothing here is random; years count back
from the last settled fiscal year, days from the day of the government.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from projects.metrics.periods import fiscal_year_of
from projects.models import (
    Baseline,
    Contract,
    CostLine,
    Finding,
    Kpi,
    KpiValue,
    Milestone,
    MonthlyUpdate,
    PlannedValue,
    Project,
    Review,
    Service,
    ServiceYear,
    System,
    SystemLineage,
)
from projects.models.choices import (
    Answer,
    Confidence,
    ContractMethod,
    FindingCategory,
    FindingWeight,
    Horizon,
    Hosting,
    KpiDirection,
    KpiKind,
    LineageKind,
    OnlineStatus,
    Profile,
    ProjectPhase,
    RequestState,
    ReviewResponse,
    Stage,
    SystemStatus,
    UpdateState,
    ValueState,
    Verdict,
)
from projects.seed.costs import Flow, Holder, filed_at, stage_lines
from projects.seed.delivery import planned_values
from projects.seed.frame import Frame, day_in_month, months_after, months_between
from projects.seed.services import figure
from projects.seed.systems import notice

AGENCY = "kenko"
"""Every planted case belongs to this agency, and so do the accounts of an agency's offices."""

MILLION = 1_000_000
SYSTEMS, PROJECTS, SERVICES, CONTRACTS = 12, 6, 3, 4
"""How many numbers the planted cases take; the generated objects come after them."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What the cases stand on: the agency and the masters by code."""

    frame: Frame
    agency_id: int
    class_ids: Mapping[str, int]
    item_ids: Mapping[str, int]
    review_type_ids: Mapping[str, int]


def plant(ground: Ground) -> None:
    """Write every planted case."""
    systems = {number: _system(ground, number) for number in sorted(_SYSTEM_NAMES)}
    for number, system in systems.items():
        CostLine.objects.bulk_create(_MONEY.get(number, _steady)(ground, system))
    _services(ground, systems)
    _contracts(ground, systems)
    _goal_with_a_break(ground, systems[9])
    for number in systems.keys() - {9, 10}:
        _met_goal(ground, systems[number])
    _reviews_of_systems(ground, systems)
    SystemLineage.objects.create(
        predecessor=systems[10],
        successor=systems[1],
        kind=LineageKind.MERGED,
        happened_on=_retired_on(ground.frame),
        note="機能を統合した。",
        updated_at=ground.frame.moment(ground.frame.as_of),
    )
    for number, build in _PROJECTS.items():
        build(ground, _project(ground, number, systems))


# Systems ------------------------------------------------------------------------------------------

_SYSTEM_NAMES = {
    1: ("窓口相談支援システム", "Desk counselling support system"),
    2: ("技能講習申請システム", "Skills course application system"),
    3: ("育児給付申請システム", "Childcare benefit application system"),
    4: ("医療資材調達システム", "Medical supply system"),
    5: ("検疫記録システム", "Quarantine records system"),
    6: ("労働統計集計システム", "Labour statistics system"),
    7: ("危機管理連絡システム", "Crisis contact system"),
    8: ("職員研修管理システム", "Staff training system"),
    9: ("年次届出システム", "Yearly returns system"),
    10: ("旧相談記録システム", "Old counselling records system"),
    11: ("福祉施設台帳システム", "Welfare facility register"),
    12: ("総合労働保険システム", "General labour insurance system"),
}


def _retired_on(frame: Frame) -> date:
    return date(frame.settled - 6, 3, 31)


def _system(ground: Ground, number: int) -> System:
    frame = ground.frame
    name, name_en = _SYSTEM_NAMES[number]
    is_merged = number == 10
    return System.objects.create(
        system_id=f"DEMO-{number:06}",
        name=name,
        name_en=name_en,
        agency_id=ground.agency_id,
        system_class_id=ground.class_ids["processing"],
        status=SystemStatus.MERGED if is_merged else SystemStatus.OPERATING,
        profile=Profile.TYPE_II,
        hosting=Hosting.GOVERNMENT_CLOUD,
        description=f"架空健康労働省の{name}。docs/demo-cases.md に答えを記した事例。",
        go_live_on=date(frame.settled - 9, 10, 1),
        retired_on=_retired_on(frame) if is_merged else None,
        support_ends_on=None if is_merged else date(frame.settled + 7, 3, 31),
        next_renewal_year=None if is_merged else frame.settled + 5,
        next_renewal_cost=None if is_merged else 400 * MILLION,
        last_security_test_on=frame.days_ago(100),
        last_continuity_test_on=frame.days_ago(200),
        personal_data=Answer.YES,
        conforms_api=Answer.YES,
        conforms_open_data=Answer.NO,
        conforms_data_layout=Answer.NOT_APPLICABLE,
        conforms_my_number=Answer.UNANSWERED,
        conforms_platform=Answer.YES,
        conforms_digital_first=Answer.YES,
        conforms_once_only=Answer.NO,
        conforms_one_stop=Answer.UNANSWERED,
        source_note=notice(frame),
        updated_at=frame.moment(frame.days_ago(30)),
    )


# Money --------------------------------------------------------------------------------------------


def _flow(
    year: int, executed: int, available: int, *, carried_out: int = 0, carried_in: int = 0
) -> Flow:
    """One year: whatever is neither spent nor carried over is unused."""
    initial = available - carried_in
    return Flow(
        year,
        {
            Stage.REQUESTED: initial,
            Stage.INITIAL: initial,
            Stage.SUPPLEMENTARY: 0,
            Stage.CARRIED_IN: carried_in,
            Stage.RESERVE: 0,
            Stage.TRANSFERS: 0,
            Stage.AVAILABLE: available,
            Stage.EXECUTED: executed,
            Stage.CARRIED_OUT: carried_out,
            Stage.UNUSED: max(available - executed - carried_out, 0),
        },
    )


def _holder(ground: Ground, system: System) -> Holder:
    return Holder(ground.item_ids, system_id=system.pk)


def _years(ground: Ground, system: System, *flows: Flow) -> list[CostLine]:
    holder = _holder(ground, system)
    return [line for flow in flows for line in stage_lines(ground.frame, holder, "operation", flow)]


def _steady(ground: Ground, system: System) -> list[CostLine]:
    """100 million yen and one million more each year, 95 % of what was available."""
    return _years(
        ground,
        system,
        *(
            _flow(year, (100 + n) * MILLION, (105 + n) * MILLION)
            for n, year in enumerate(ground.frame.actual_years)
        ),
    )


def _half_spent(ground: Ground, system: System) -> list[CostLine]:
    """38 % of 500 million yen spent, 260 million carried over, 50 million unused."""
    *before, last = ground.frame.actual_years
    return _years(
        ground,
        system,
        *(_flow(year, 190 * MILLION, 200 * MILLION) for year in before),
        _flow(last, 190 * MILLION, 500 * MILLION, carried_out=260 * MILLION),
    )


def _overspent(ground: Ground, system: System) -> list[CostLine]:
    """824 million yen spent where 800 million were available."""
    *before, last = ground.frame.actual_years
    return _years(
        ground,
        system,
        *(_flow(year, 780 * MILLION, 800 * MILLION) for year in before),
        _flow(last, 824 * MILLION, 800 * MILLION),
    )


def _growing(ground: Ground, system: System) -> list[CostLine]:
    """From 200 to 260 million yen: 30 %, whether the first year is still in the window or not."""
    yearly = (200, 200, 215, 235, 260)
    return _years(
        ground,
        system,
        *(
            _flow(year, yen * MILLION, (yen + 10) * MILLION)
            for year, yen in zip(ground.frame.actual_years, yearly, strict=True)
        ),
    )


def _withheld(ground: Ground, system: System) -> list[CostLine]:
    """Budgets are known, execution never is."""
    holder = _holder(ground, system)
    return [
        line
        for year in ground.frame.actual_years
        for line in stage_lines(
            ground.frame,
            holder,
            "operation",
            _flow(year, 90 * MILLION, 100 * MILLION),
            hidden=ValueState.WITHHELD,
        )
    ]


def _restated(ground: Ground, system: System) -> list[CostLine]:
    """Of the year before the last: 90 million yen on the earlier sheet, 95 on the latest."""
    frame = ground.frame
    year = frame.settled - 1
    lines = [
        line
        for line in _steady(ground, system)
        if (line.budget_year, line.stage) not in ((year, Stage.EXECUTED), (year, Stage.UNUSED))
    ]
    holder = _holder(ground, system)
    for sheet, executed, unused in ((frame.settled, 90, 18), (frame.sheet, 95, 13)):
        at = filed_at(frame, sheet)
        for stage, yen in ((Stage.EXECUTED, executed), (Stage.UNUSED, unused)):
            lines.append(holder.line("operation", year, stage, yen * MILLION, sheet=sheet, at=at))
    return lines


def _four_states(ground: Ground, system: System) -> list[CostLine]:
    """In the last year: transfers missing, reserve not applicable, unused withheld, carried out 0."""
    states = {
        Stage.TRANSFERS: ValueState.MISSING,
        Stage.RESERVE: ValueState.NOT_APPLICABLE,
        Stage.UNUSED: ValueState.WITHHELD,
    }
    lines = _steady(ground, system)
    for line in lines:
        state = states.get(Stage(line.stage))
        if state is not None and line.budget_year == ground.frame.settled:
            line.amount, line.amount_state = None, state.value
    return lines


def _large(ground: Ground, system: System) -> list[CostLine]:
    """2,000 million yen a year, 98 % of what was available."""
    return _years(
        ground,
        system,
        *(_flow(year, 2000 * MILLION, 2040 * MILLION) for year in ground.frame.actual_years),
    )


def _nothing(ground: Ground, system: System) -> list[CostLine]:
    """Ended before the years shown."""
    return []


_MONEY: Mapping[int, Callable[[Ground, System], list[CostLine]]] = {
    4: _half_spent,
    5: _overspent,
    6: _growing,
    7: _withheld,
    8: _restated,
    10: _nothing,
    11: _four_states,
    12: _large,
}


# What hangs on systems ----------------------------------------------------------------------------

# Service and system number → name, cases, and the online cases of the last three years.
_SERVICE_FIGURES = {
    1: ("窓口相談の予約", 200_000, (130_000, 148_000, 164_000)),
    2: ("技能講習の受講申請", 120_000, (4_800, 7_200, 9_600)),
    3: ("育児給付の申請", 50_000, (15_000, 18_000, 21_000)),
}


def _services(ground: Ground, systems: Mapping[int, System]) -> None:
    frame = ground.frame
    for number, (name, cases, online) in _SERVICE_FIGURES.items():
        service = Service.objects.create(
            service_id=f"DEMO-V{number:06}",
            name=name,
            agency_id=ground.agency_id,
            procedure_type="申請等",
            law="架空手続法",
            article=f"第{number}条第1項",
            user_group="国民等",
            online_status=OnlineStatus.AVAILABLE,
            updated_at=frame.moment(frame.days_ago(40)),
        )
        service.systems.set([systems[number]])
        ServiceYear.objects.bulk_create(
            ServiceYear(
                service=service,
                fiscal_year=frame.settled - 2 + n,
                updated_at=frame.moment(date(frame.settled - 1 + n, 7, 15)),
                **figure("cases", cases),
                **figure("online_cases", online_cases),
                **figure("started_cases", cases * 5 // 4),
                **figure("minutes_per_case", Decimal(20)),
                **figure("satisfaction_ratio", Decimal("0.7000")),
                **figure("satisfaction_answers", 500),
            )
            for n, online_cases in enumerate(online)
        )


def _contracts(ground: Ground, systems: Mapping[int, System]) -> None:
    frame = ground.frame
    reason = "大規模なため応札できる者が限られた。次回は分割調達とする。"
    withheld = figure("bidders", None, ValueState.WITHHELD)
    cases: tuple[tuple[int, str, int, str, dict[str, Any], str], ...] = (
        (1, "運用・保守業務", 90 * MILLION, "0.82100", figure("bidders", 3), ""),
        (12, "次期システム設計・開発業務", 1480 * MILLION, "0.99500", figure("bidders", 1), ""),
        (12, "運用・保守業務", 1200 * MILLION, "0.96200", figure("bidders", 1), reason),
        (12, "機器賃貸借", 300 * MILLION, "0.91000", withheld, ""),
    )
    signed_on = date(frame.settled, 4, 1)
    for number, (system, work, amount, award, bidders, note) in enumerate(cases, 1):
        Contract.objects.create(
            contract_id=f"DEMO-C{number:06}",
            title=f"{systems[system].name}の{work}",
            agency_id=ground.agency_id,
            system=systems[system],
            vendor="株式会社架空システムズ",
            fiscal_year=frame.settled,
            signed_on=signed_on,
            method=ContractMethod.OPEN_EVALUATION,
            single_bid_reason=note,
            updated_at=frame.moment(signed_on + timedelta(days=30)),
            **figure("amount", amount),
            **bidders,
            **figure("award_ratio", Decimal(award)),
        )


def _met_goal(ground: Ground, system: System) -> None:
    """An outcome that is measured and reached, so that no rule asks for one."""
    frame = ground.frame
    kpi = Kpi.objects.create(
        code=f"{system.system_id}-K-1",
        system=system,
        kind=KpiKind.OUTCOME,
        horizon=Horizon.SHORT,
        title="利用者の待ち時間を短くする",
        indicator="平均待ち時間",
        unit="分",
        direction=KpiDirection.DOWN,
        source="架空データ",
        updated_at=frame.moment(frame.days_ago(60)),
    )
    KpiValue.objects.create(
        kpi=kpi,
        fiscal_year=frame.settled,
        updated_at=frame.moment(date(frame.settled + 1, 7, 31)),
        **figure("target", Decimal(20)),
        **figure("actual", Decimal(18)),
    )


def _goal_with_a_break(ground: Ground, system: System) -> None:
    """Yen a case fall from 520 to 263 on paper; by the old method they fall to 480."""
    frame = ground.frame
    kpi = Kpi.objects.create(
        code="DEMO-000009-K-1",
        system=system,
        kind=KpiKind.OUTCOME,
        horizon=Horizon.MEDIUM,
        title="1件当たり費用を下げる",
        indicator="1件当たり費用",
        unit="円",
        direction=KpiDirection.DOWN,
        source="架空データ（算定方法を途中で改めた例）",
        updated_at=frame.moment(frame.days_ago(60)),
    )
    last = frame.settled
    for year, version, yen in ((last - 1, 1, 520), (last, 1, 480), (last, 2, 263)):
        KpiValue.objects.create(
            kpi=kpi,
            fiscal_year=year,
            method_version=version,
            updated_at=frame.moment(date(year + 1, 7, 31)),
            **figure("target", Decimal(500)),
            **figure("actual", Decimal(yen)),
        )


def _reviews_of_systems(ground: Ground, systems: Mapping[int, System]) -> None:
    frame = ground.frame
    due_on = date(frame.settled, 8, 31)
    Review.objects.create(
        system=systems[1],
        review_type_id=ground.review_type_ids["rs-team"],
        fiscal_year=frame.settled,
        reviewer="架空レビューチーム",
        due_on=due_on,
        held_on=due_on - timedelta(days=10),
        is_complete=True,
        verdict=Verdict.PROCEED,
        remarks="特段の指摘なし。",
        response=ReviewResponse.AS_IS,
        updated_at=frame.moment(due_on),
    )


# Projects -----------------------------------------------------------------------------------------

# Number → name, English name, system number.
_PROJECT_NAMES = {
    1: ("報告が遅れたプロジェクト", "Project whose reports are late", 2),
    2: ("順調なプロジェクト", "Project without trouble", 1),
    3: ("差異のないプロジェクト", "Project without any variance", 3),
    4: ("計画を見直したプロジェクト", "Re-baselined project", 12),
    5: ("レビューが遅れたプロジェクト", "Project with an overdue review", 4),
    6: ("費用が超過したプロジェクト", "Project over its cost", 5),
}
_MONTHS, _BUDGET = 24, 600 * MILLION
_AGE = 15
"""Months since the start; the plan is a straight line of 25 million yen a month."""


def _project(ground: Ground, number: int, systems: Mapping[int, System]) -> Project:
    frame = ground.frame
    name, name_en, system = _PROJECT_NAMES[number]
    start = months_after(frame.as_of, -_AGE)
    project = Project.objects.create(
        code=f"DEMO-P{number:05}",
        name=name,
        name_en=name_en,
        agency_id=ground.agency_id,
        phase=ProjectPhase.BUILDING,
        is_priority=number == 4,
        purpose=f"{systems[system].name}を更改し、利用者の手間を減らす。",
        head_name="架空 太郎",
        started_on=start,
        updated_at=frame.moment(frame.days_ago(20)),
    )
    project.systems.set([systems[system]])
    baseline = Baseline.objects.create(
        project=project,
        number=1,
        state=RequestState.APPROVED,
        agreed_on=start,
        planned_start_on=start,
        planned_end_on=months_after(start, _MONTHS) - timedelta(days=1),
        budget_at_completion=_BUDGET,
        updated_at=frame.moment(start),
    )
    PlannedValue.objects.bulk_create(planned_values([baseline]))
    Milestone.objects.create(
        project=project,
        name="本番稼働",
        planned_on=months_after(start, _MONTHS) - timedelta(days=1),
        forecast_on=months_after(start, _MONTHS) - timedelta(days=1),
        updated_at=frame.moment(start),
    )
    return project


def _report(
    ground: Ground,
    project: Project,
    *,
    until: date | None = None,
    done: Decimal = Decimal(1),
    cost: Decimal = Decimal(1),
    note: str = "計画どおり進捗。",
) -> None:
    """Approved monthly reports from the start; `done` is earned ÷ planned value, `cost` actual cost
    ÷ earned value."""
    frame = ground.frame
    start = months_after(frame.as_of, -_AGE)
    last = months_between(start, until or frame.last_period) + 1
    for number in range(1, last + 1):
        period = months_after(start, number - 1)
        planned = _BUDGET // _MONTHS * number
        earned = int(planned * done)
        submitted_on = day_in_month(period, 1, 5)
        MonthlyUpdate.objects.create(
            project=project,
            period=period,
            state=UpdateState.APPROVED,
            progress_percent=(Decimal(earned) * 100 / _BUDGET).quantize(Decimal("0.01")),
            planned_value=planned,
            earned_value=earned,
            actual_cost=int(earned * cost),
            forecast_cost=int(_BUDGET * cost),
            forecast_end_on=months_after(start, int(_MONTHS / done)) - timedelta(days=1),
            confidence=Confidence.HIGH if abs(float(cost) - float(done)) < 0.05 else Confidence.LOW,
            narrative=note,
            submitted_at=frame.moment(submitted_on, 10),
            approved_at=frame.moment(submitted_on + timedelta(days=2), 15),
            updated_at=frame.moment(submitted_on + timedelta(days=2), 15),
        )


def _late_report(ground: Ground, project: Project) -> None:
    until = months_after(ground.frame.as_of, -4)
    _report(ground, project, until=until, cost=Decimal("0.99"))


def _clean(ground: Ground, project: Project) -> None:
    _report(ground, project, done=Decimal("1.02"), cost=Decimal("0.98"))
    frame = ground.frame
    holder = Holder(ground.item_ids, project_id=project.pk)
    CostLine.objects.bulk_create(
        stage_lines(frame, holder, "pm-support", _flow(frame.settled, 19 * MILLION, 20 * MILLION))
    )


def _zero_variance(ground: Ground, project: Project) -> None:
    _report(ground, project)


def _rebaselined(ground: Ground, project: Project) -> None:
    _report(ground, project, done=Decimal("0.70"), cost=Decimal("1.10"), note="計画を見直した。")
    frame = ground.frame
    start = months_after(frame.as_of, -_AGE)
    baseline = Baseline.objects.create(
        project=project,
        number=2,
        state=RequestState.APPROVED,
        agreed_on=months_after(start, 9),
        reason="移行方式を一括から段階へ改めたため。",
        planned_start_on=start,
        planned_end_on=months_after(start, _MONTHS + 18) - timedelta(days=1),
        budget_at_completion=840 * MILLION,
        updated_at=frame.moment(months_after(start, 9)),
    )
    PlannedValue.objects.bulk_create(planned_values([baseline]))
    verification = Review.objects.create(
        project=project,
        review_type_id=ground.review_type_ids["verification"],
        fiscal_year=frame.current_year,
        reviewer="架空検証委員会",
        due_on=frame.as_of + timedelta(days=60),
        updated_at=frame.moment(frame.days_ago(10)),
    )
    Finding.objects.create(
        review=verification,
        category=FindingCategory.SCHEDULE,
        weight=FindingWeight.MAJOR,
        text="WBSの作業単位が大きく、遅れを捉えられない。",
        owner="PJMO",
        due_on=frame.as_of + timedelta(days=45),
        updated_at=frame.moment(frame.days_ago(10)),
    )


def _overdue_review(ground: Ground, project: Project) -> None:
    _report(ground, project, cost=Decimal("0.99"))
    frame = ground.frame
    due_on = frame.days_ago(120)
    Review.objects.create(
        project=project,
        review_type_id=ground.review_type_ids["stage-2-ministry"],
        fiscal_year=fiscal_year_of(due_on),
        reviewer="架空健康労働省 PMO",
        due_on=due_on,
        updated_at=frame.moment(due_on),
    )


def _over_cost(ground: Ground, project: Project) -> None:
    _report(
        ground,
        project,
        done=Decimal("0.90"),
        cost=Decimal("1.30"),
        note="仕様変更により工数が増えている。",
    )


_PROJECTS: Mapping[int, Callable[[Ground, Project], None]] = {
    1: _late_report,
    2: _clean,
    3: _zero_variance,
    4: _rebaselined,
    5: _overdue_review,
    6: _over_cost,
}
