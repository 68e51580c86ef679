"""Reviews, their findings, and the actions of the ministries' plans.

Verdicts keep roughly the proportions of the yearly review of 2024 (5,664 sheets: 2,533 as is,
1,790 to be improved in part, 78 to be reworked, 611 to end, 8 to be stopped).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from governance.models import PlanAction
from projects.metrics.periods import fiscal_year_of
from projects.models import Finding, Review
from projects.models.choices import (
    FindingCategory,
    FindingWeight,
    ProjectPhase,
    ReviewResponse,
    Verdict,
)
from projects.seed.agencies import AgencySpec
from projects.seed.delivery import Behaviour, ProjectPlan
from projects.seed.frame import Frame, weighted
from projects.seed.systems import OKU, SystemPlan

_VERDICTS = (
    (Verdict.PROCEED, 2533.0),
    (Verdict.CONDITIONS, 1790.0),
    (Verdict.REDO, 78.0),
    (Verdict.ENDING, 611.0),
    (Verdict.STOP, 8.0),
)
_RESPONSES = {
    Verdict.PROCEED: (ReviewResponse.AS_IS,),
    Verdict.CONDITIONS: (
        ReviewResponse.IMPROVE_EXECUTION,
        ReviewResponse.STUDY,
        ReviewResponse.REDUCE,
    ),
    Verdict.REDO: (ReviewResponse.STUDY, ReviewResponse.REDUCE),
    Verdict.ENDING: (ReviewResponse.ENDING,),
    Verdict.STOP: (ReviewResponse.STOP,),
}
_REMARKS = {
    Verdict.PROCEED: "特段の指摘なし。",
    Verdict.CONDITIONS: "一者応札の改善と利用率の目標を明らかにすること。",
    Verdict.REDO: "目的と手段の対応を根本から見直すこと。",
    Verdict.ENDING: "所期の目的を達したため、予定どおり終了すること。",
    Verdict.STOP: "効果が認められないため、廃止すること。",
}
_STAGES_OF_PHASE: Mapping[ProjectPhase, int] = {
    ProjectPhase.PROCUREMENT: 1,
    ProjectPhase.BUILDING: 2,
    ProjectPhase.TESTING: 2,
    ProjectPhase.OPERATING: 3,
    ProjectPhase.CLOSED: 3,
}
_FINDINGS = (
    (FindingCategory.SCHEDULE, "WBSの作業単位が大きく、遅れを捉えられない。"),
    (FindingCategory.RISK, "リスク一覧に事前の評価がない。"),
    (FindingCategory.PROCUREMENT, "一者応札が続いており、要因の分析がない。"),
    (FindingCategory.USE, "利用率の目標と実績の差の原因が分析されていない。"),
    (FindingCategory.COST, "契約額の積算根拠が確認できない。"),
    (FindingCategory.REQUIREMENTS, "非機能要件に測れる基準がない。"),
    (FindingCategory.QUALITY, "試験の合格基準が定められていない。"),
    (FindingCategory.SECURITY, "脆弱性診断の結果への対応期限がない。"),
    (FindingCategory.ORGANISATION, "PJMOの要員が兼務のみで構成されている。"),
)
_OVERDUE = 0.06


@dataclass(frozen=True, slots=True)
class Due:
    """A review to be: whose, which type, and when it is due."""

    type_code: str
    due_on: date
    system_id: int | None = None
    project_id: int | None = None


def _of_systems(frame: Frame, rng: Random, systems: list[tuple[SystemPlan, int]]) -> Iterator[Due]:
    """The yearly review of larger systems, and of some an outside check."""
    for plan, system_id in systems:
        if plan.size < 3 * OKU or not plan.is_running:
            continue
        for year in (frame.settled, frame.settled + 1):
            yield Due("rs-team", date(year, 8, 31), system_id=system_id)
            if rng.random() < 0.15:
                yield Due("rs-outside", date(year, 7, 31), system_id=system_id)


def _of_projects(
    frame: Frame, rng: Random, projects: list[tuple[ProjectPlan, int]]
) -> Iterator[Due]:
    """Stage reviews that the phase asks for, the unified review, verification of the troubled."""
    for plan, project_id in projects:
        for stage in range(1, _STAGES_OF_PHASE.get(plan.phase, 0) + 1):
            due_on = plan.start + timedelta(days=int(plan.plans[0].months * 30 * 0.25 * stage))
            for layer in ("self", "ministry", "cio"):
                if layer == "cio" and plan.plans[0].budget < 10 * OKU:
                    continue
                yield Due(f"stage-{stage}-{layer}", due_on, project_id=project_id)
        if plan.plans[0].budget >= 10 * OKU and not plan.is_ended:
            yield Due("unified-2", date(frame.current_year, 9, 30), project_id=project_id)
        is_troubled = plan.behaviour in (Behaviour.REBASELINED, Behaviour.OVER)
        if is_troubled and rng.random() < 0.35:
            due_on = frame.days_ago(rng.randint(-90, 200))
            yield Due("verification", due_on, project_id=project_id)


def reviews(
    frame: Frame,
    rng: Random,
    type_ids: Mapping[str, int],
    systems: list[tuple[SystemPlan, int]],
    projects: list[tuple[ProjectPlan, int]],
) -> list[Review]:
    """Every review (unsaved). What was due is mostly done; some of it is overdue."""
    dues = [*_of_systems(frame, rng, systems), *_of_projects(frame, rng, projects)]
    return [_review(frame, rng, type_ids, due) for due in dues]


def _review(frame: Frame, rng: Random, type_ids: Mapping[str, int], due: Due) -> Review:
    held_on = due.due_on - timedelta(days=rng.randint(0, 25))
    is_recent = due.due_on > frame.days_ago(300)
    is_done = held_on <= frame.as_of and not (is_recent and rng.random() < 2 * _OVERDUE)
    verdict = weighted(rng, _VERDICTS) if is_done else Verdict.NONE
    response = ReviewResponse.NONE
    if is_done and rng.random() < 0.9:
        response = rng.choice(_RESPONSES[verdict])
    reduced = verdict is not Verdict.PROCEED and response is not ReviewResponse.NONE
    return Review(
        system_id=due.system_id,
        project_id=due.project_id,
        review_type_id=type_ids[due.type_code],
        fiscal_year=min(fiscal_year_of(due.due_on), frame.current_year),
        reviewer="架空レビューチーム",
        due_on=None if not is_done and rng.random() < 0.04 else due.due_on,
        held_on=held_on if is_done else None,
        is_complete=is_done,
        verdict=verdict,
        remarks=_REMARKS.get(verdict, ""),
        response=response,
        response_text="指摘を踏まえて対応する。" if reduced else "",
        reflected_amount=-rng.randint(1, 300) * 1_000_000 if reduced else None,
        updated_at=frame.moment(held_on if is_done else frame.days_ago(15)),
    )


def findings(frame: Frame, rng: Random, review: Review) -> Iterator[Finding]:
    """Findings of one stored review that was not satisfied; some answered, some accepted."""
    if review.verdict not in (Verdict.CONDITIONS, Verdict.REDO) or review.held_on is None:
        return
    for category, text in rng.sample(_FINDINGS, rng.choice((1, 1, 2, 3))):
        due_on = review.held_on + timedelta(days=rng.choice((60, 90, 180)))
        is_answered = rng.random() < 0.92
        accepted_on = review.held_on + timedelta(days=rng.randint(30, 170))
        is_accepted = is_answered and rng.random() < 0.92 and accepted_on <= frame.as_of
        yield Finding(
            review=review,
            category=category,
            weight=weighted(
                rng,
                (
                    (FindingWeight.MAJOR, 15.0),
                    (FindingWeight.MODERATE, 50.0),
                    (FindingWeight.MINOR, 35.0),
                ),
            ),
            text=text,
            owner="PJMO",
            due_on=due_on,
            answer="対応計画を定め、着手した。" if is_answered else "",
            accepted_on=accepted_on if is_accepted else None,
            updated_at=frame.moment(accepted_on if is_accepted else review.held_on),
        )


# Plans of the ministries --------------------------------------------------------------------------

_ACTIONS = (
    (PlanAction.Strand.INVEST, "投資対効果の点検を全システムで行う", "点検済みシステムの割合 100%"),
    (PlanAction.Strand.INVEST, "重点プロジェクトの工程レビューを定例化する", "期限内実施率 95%"),
    (PlanAction.Strand.CUT, "共通基盤への移行により運用等経費を減らす", "運用等経費 30%減"),
    (PlanAction.Strand.CUT, "類似システムを統合する", "システム数 2割減"),
    (PlanAction.Strand.ONLINE, "主要手続をオンラインで完結させる", "オンライン利用率 80%"),
    (PlanAction.Strand.ONLINE, "添付書類を情報連携により省く", "省略した添付書類の数 50"),
)
_STATUSES = (
    (PlanAction.Status.PLANNED, 15.0),
    (PlanAction.Status.RUNNING, 50.0),
    (PlanAction.Status.DONE, 18.0),
    (PlanAction.Status.EXTENDED, 13.0),
    (PlanAction.Status.STOPPED, 4.0),
)


def plan_actions(
    frame: Frame, rng: Random, agencies: list[tuple[AgencySpec, int]]
) -> Iterator[PlanAction]:
    """Two to four actions of each agency's multi-year plan."""
    for spec, agency_id in agencies:
        for number, (strand, title, kpi) in enumerate(rng.sample(_ACTIONS, rng.randint(2, 4)), 1):
            status = weighted(rng, _STATUSES)
            start = frame.current_year + 1 if status == "planned" else frame.settled - 1
            yield PlanAction(
                code=f"demo-{spec.code}-{number}",
                agency_id=agency_id,
                title=title,
                strand=strand,
                responsible=f"{spec.name} PMO",
                start_year=start,
                end_year=start + rng.randint(1, 3),
                kpi=kpi,
                status=status,
                follow_up="進捗を四半期ごとに確認している。" if status != "planned" else "",
                updated_at=frame.moment(frame.days_ago(rng.randint(10, 200))),
            )
