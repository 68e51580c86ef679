"""What is achieved for the money: goal chains, benefits, and the risks to them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from random import Random
from typing import Any

from governance.access import Resource
from governance.models.base import to_json
from projects.models import Benefit, ChangeRequest, Kpi, KpiLink, KpiMethod, KpiValue, Risk
from projects.models.choices import (
    BenefitKind,
    Horizon,
    KpiDirection,
    KpiKind,
    RiskKind,
    RiskStatus,
    ValueState,
)
from projects.seed.delivery import ProjectPlan
from projects.seed.frame import Frame, ratio_of
from projects.seed.services import figure


@dataclass(frozen=True, slots=True)
class Goal:
    """One kind of goal: how it is measured, where it starts and ends, and which way is better."""

    title: str
    indicator: str
    unit: str
    direction: KpiDirection
    low: float
    high: float


_ACTIVITIES = (
    Goal("改修を計画どおり行う", "改修件数", "件", KpiDirection.UP, 4, 30),
    Goal("説明会を開く", "説明会の開催回数", "回", KpiDirection.UP, 2, 40),
    Goal("運用手順を見直す", "見直した手順数", "件", KpiDirection.UP, 5, 60),
)
_OUTPUTS = (
    Goal("オンライン手続を増やす", "オンラインでできる手続の数", "件", KpiDirection.UP, 10, 300),
    Goal("システムを止めない", "稼働率", "%", KpiDirection.UP, 98.5, 99.99),
    Goal("障害を減らす", "障害件数", "件", KpiDirection.DOWN, 1, 40),
)
_OUTCOMES = (
    Goal("利用者の手間を減らす", "1件当たりの所要時間", "分", KpiDirection.DOWN, 8, 90),
    Goal("オンライン利用を広げる", "オンライン利用率", "%", KpiDirection.UP, 20, 95),
    Goal("運用等経費を減らす", "運用等経費の削減率", "%", KpiDirection.UP, 0, 30),
    Goal("利用者の満足を高める", "利用者満足度", "%", KpiDirection.UP, 55, 92),
    Goal("処理を早める", "標準処理日数", "日", KpiDirection.DOWN, 3, 45),
)
_HORIZONS = (Horizon.SHORT, Horizon.MEDIUM, Horizon.LONG)
_LINK_REASONS = (
    "活動により手続の改善が進むため。",
    "利用できる手続が増えれば、利用者の手間が減るため。",
)


def chain(
    frame: Frame,
    rng: Random,
    code: str,
    *,
    system_id: int | None = None,
    project_id: int | None = None,
) -> list[Kpi]:
    """A goal chain activity → output → outcome (unsaved); codes begin with `code`."""
    goals = (
        (KpiKind.ACTIVITY, rng.choice(_ACTIVITIES), Horizon.NONE),
        (KpiKind.OUTPUT, rng.choice(_OUTPUTS), Horizon.NONE),
        (KpiKind.OUTCOME, rng.choice(_OUTCOMES), rng.choice(_HORIZONS)),
    )
    return [
        Kpi(
            code=f"{code}-{number}",
            system_id=system_id,
            project_id=project_id,
            kind=kind,
            horizon=horizon,
            title=goal.title,
            indicator=goal.indicator,
            unit=goal.unit,
            direction=goal.direction,
            source="架空データ",
            updated_at=frame.moment(frame.days_ago(rng.randint(30, 400))),
        )
        for number, (kind, goal, horizon) in enumerate(goals, 1)
    ]


def links(frame: Frame, goals: list[Kpi]) -> Iterator[KpiLink]:
    """The links of one stored chain, each with its reason."""
    for reason, origin, target in zip(_LINK_REASONS, goals, goals[1:], strict=False):
        yield KpiLink(
            origin=origin, target=target, reason=reason, updated_at=frame.moment(frame.as_of)
        )


_BY_INDICATOR = {goal.indicator: goal for goal in (*_ACTIVITIES, *_OUTPUTS, *_OUTCOMES)}


def kpi_values(frame: Frame, rng: Random, kpi: Kpi) -> Iterator[KpiValue]:
    """Four settled years of one stored KPI, and the target of the next year.

    About one series in thirty changes its method: from then on there are two versions.
    """
    goal = _BY_INDICATOR[kpi.indicator]
    start, step = rng.uniform(0.1, 0.6), rng.uniform(-0.03, 0.12)
    breaks_in = frame.settled - 1 if rng.random() < 0.035 else None
    is_withheld = rng.random() < 0.02
    for offset in range(5):
        year = frame.settled - 3 + offset
        share = min(max(start + step * offset + rng.gauss(0, 0.02), 0), 1)
        # About two goals in five miss their target in the last settled year.
        target = min(start + 0.03 + 0.02 * offset, 1)
        is_over = year <= frame.settled
        state = ValueState.REPORTED if is_over else ValueState.MISSING
        if is_over and rng.random() < (0.15 if year == frame.settled else 0.05):
            state = ValueState.MISSING
        if is_over and is_withheld:
            state = ValueState.WITHHELD
        version = 2 if breaks_in is not None and year >= breaks_in else 1
        has_target = rng.random() > 0.06
        yield KpiValue(
            kpi=kpi,
            fiscal_year=year,
            method_version=version,
            updated_at=frame.moment(date(year + 1, 7, 31)),
            **figure(
                "target",
                _on_scale(goal, target),
                ValueState.REPORTED if has_target else ValueState.NOT_APPLICABLE,
            ),
            **figure("actual", _on_scale(goal, share, version), state),
        )


def _on_scale(goal: Goal, share: float, version: int = 1) -> Decimal:
    """A share of the way from the worse end to the better one, as the KPI's own unit."""
    way = share if goal.direction is KpiDirection.UP else 1 - share
    value = (goal.low + (goal.high - goal.low) * way) * (0.9 if version == 2 else 1)
    return ratio_of(value, 0 if goal.unit in ("件", "回") else 2)


# Benefits and risks of projects -------------------------------------------------------------------


def benefits(frame: Frame, rng: Random, plan: ProjectPlan, project_id: int) -> Iterator[Benefit]:
    """What users or the government gain, planned and (of years that are over) realised."""
    if rng.random() < 0.45:
        return
    yearly = int(plan.plans[0].budget * rng.uniform(0.05, 0.4)) // 1000 * 1000
    is_live = plan.is_ended or plan.system.is_running
    kinds = (BenefitKind.USER_TIME, BenefitKind.STAFF_TIME, BenefitKind.CASH)
    for kind in rng.sample(kinds, rng.choice((1, 1, 2))):
        for year in range(frame.settled - 1, frame.settled + 4):
            yield Benefit(
                project_id=project_id,
                kind=kind,
                fiscal_year=year,
                method="利用件数 × 短縮時間 × 人件費単価",
                updated_at=frame.moment(date(year + 1, 7, 31)),
                **figure("planned", yearly),
                **_realised(frame, rng, yearly, year, is_live=is_live),
            )


def _realised(
    frame: Frame, rng: Random, yearly: int, year: int, *, is_live: bool
) -> dict[str, Any]:
    if not is_live:
        return figure("realised", None, ValueState.NOT_APPLICABLE)
    if year > frame.settled or rng.random() < 0.25:
        return figure("realised", None, ValueState.MISSING)
    return figure("realised", int(yearly * rng.uniform(0.2, 1.1)))


_RISKS = (
    ("要員の離任により知見が失われる", "引継書を整え、後任を2か月前に置く。"),
    ("データ移行の品質が足りない", "移行の予行を3回行う。"),
    ("関係機関の改修が間に合わない", "月次で三者の調整会議を開く。"),
    ("性能が要件を満たさない", "早期に性能試験を行い、基準値を定める。"),
    ("法令改正により要件が変わる", "変更管理の手続と予備費を用意する。"),
    ("調達が不調になる", "市場調査を早め、仕様を分ける。"),
    ("脆弱性が見つかる", "稼働前に外部診断を受ける。"),
)


def risks(frame: Frame, rng: Random, plan: ProjectPlan, project_id: int) -> Iterator[Risk]:
    """Risks and issues; of ended projects all are closed."""
    for title, treatment in rng.sample(_RISKS, rng.randint(1, 4)):
        is_closed = plan.is_ended or rng.random() < 0.3
        since = frame.days_ago(rng.randint(10, 300))
        yield Risk(
            project_id=project_id,
            kind=RiskKind.ISSUE if rng.random() < 0.3 else RiskKind.RISK,
            title=title,
            probability=None if rng.random() < 0.08 else rng.randint(1, 5),
            impact=None if rng.random() < 0.08 else rng.randint(1, 5),
            plan=treatment if rng.random() < 0.85 else "",
            owner="プロジェクト推進責任者" if rng.random() < 0.8 else "",
            status=RiskStatus.CLOSED
            if is_closed
            else rng.choice((RiskStatus.OPEN, RiskStatus.MITIGATING)),
            due_on=frame.days_ago(rng.randint(-200, 120)),
            closed_on=since if is_closed else None,
            updated_at=frame.moment(since),
        )


def methods(frame: Frame) -> Iterator[KpiMethod]:
    """How the KPIs are measured whose series breaks: the old method and the new one."""
    since: dict[int, int] = {}
    broken = KpiValue.objects.filter(method_version=2).order_by("kpi_id", "fiscal_year")
    for kpi_id, year in broken.values_list("kpi_id", "fiscal_year"):
        since.setdefault(kpi_id, year)
    for kpi_id, year in since.items():
        yield KpiMethod(
            kpi_id=kpi_id,
            number=1,
            from_year=frame.settled - 3,
            description="窓口での調査票による集計。",
            updated_at=frame.moment(date(frame.settled - 2, 4, 1)),
        )
        yield KpiMethod(
            kpi_id=kpi_id,
            number=2,
            from_year=year,
            description="システムの利用記録からの自動集計。",
            reason="調査票では回答者が偏っていたため。",
            updated_at=frame.moment(date(year, 4, 1)),
        )


def target_changes(frame: Frame) -> Iterator[ChangeRequest]:
    """Locked targets of this year that somebody asks to lower: every two-hundredth."""
    locked = (
        KpiValue.objects.filter(
            fiscal_year=frame.settled + 1, target__isnull=False, actual__isnull=True
        )
        .select_related("kpi__system__agency", "kpi__project__agency")
        .order_by("pk")
    )
    for value in locked[::200]:
        asked_at = frame.moment(frame.days_ago(4), 11)
        lower = (value.target or Decimal()) * Decimal("0.9")
        holder = value.kpi.project or value.kpi.system
        if holder is None:
            continue
        yield ChangeRequest(
            kind="kpi-values",
            object_pk=value.pk,
            object_name=str(value)[:300],
            resource=Resource.KPI.value,
            agency=holder.agency,
            system=value.kpi.system,
            project=value.kpi.project,
            before={"target": to_json(value.target)},
            after={"target": to_json(lower.quantize(Decimal("0.001")))},
            reason="前提とした法改正の施行が延期されたため。",
            requested_at=asked_at,
            updated_at=asked_at,
        )
