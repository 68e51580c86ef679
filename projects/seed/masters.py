"""Default masters: classes, cost items, review types, roles and national targets.

They are what a new register begins with, not what it must keep: the CIO office edits them, and
`load_masters` only ever adds entries that are missing, so an edit is never undone.

Sources: the stock-take of 2013 (system classes), the classes of the Digital Agency since 2021,
the cost division of the Standard Guideline (別紙2; its sub-items are this product's reading of it,
to be corrected as data), the reviews of the guideline (工程レビュー 2014, 一元的プロジェクト管理
from FY2019), the yearly review of government projects (行政事業レビュー).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import transaction

from governance import audit
from governance.access import Role
from governance.audit import Act, State
from governance.models import RoleTerm, Target
from projects.models import CostItem, ReviewType, SystemClass
from projects.models.choices import CostClass, ReviewLayer

# The 2013 stock-take sorted by technique, the Digital Agency sorts by who is in charge: both hold.
SYSTEM_CLASSES: tuple[tuple[str, str, str, date | None], ...] = (
    ("ministry-lan", "府省内LAN", "Ministry LAN", None),
    ("network", "通信ネットワーク", "Communication network", None),
    ("processing", "情報処理システム", "Information processing system", None),
    ("stand-alone", "スタンドアロン", "Stand-alone system", None),
    ("digital-agency", "デジタル庁システム", "Digital Agency system", date(2021, 9, 1)),
    (
        "joint-project",
        "デジタル庁・各府省共同プロジェクト型システム",
        "Joint project of the Digital Agency and a ministry",
        date(2021, 9, 1),
    ),
    ("ministry", "各府省システム", "Ministry system", date(2021, 9, 1)),
)

LEDGER_TOTAL = "ledger-total"
"""Cost item of totals that come without a split (cost class `unclassified`)."""

_DEVELOPMENT = (
    ("research", "調査研究等", "Research and studies"),
    ("pm-support", "プロジェクト管理支援", "Project management support"),
    ("requirements-support", "要件定義支援", "Requirements support"),
    ("build-new", "設計・開発（新規）", "Design and build: new"),
    ("build-renewal", "設計・開発（更改）", "Design and build: renewal"),
    # Apart, since the cut target after FY2020 counts operation and modification together.
    ("modification", "設計・開発（改修）", "Design and build: modification"),
    ("installation", "据付調整", "Installation"),
    ("hardware-purchase", "ハードウェア買取", "Hardware purchase"),
    ("software-purchase", "ソフトウェア買取", "Software purchase"),
    ("works", "工事", "Construction works"),
    ("development-other", "整備経費（その他）", "Development, other"),
    ("development-total", "整備経費（内訳なし）", "Development, not itemised"),
)
_OPERATION = (
    ("hardware-lease", "ハードウェア借料", "Hardware lease"),
    ("software-lease", "ソフトウェア借料", "Software lease"),
    ("cloud-service", "サービス利用料（クラウド等）", "Service fees (cloud)"),
    ("line-fees", "通信回線料", "Line fees"),
    ("facility-fees", "施設利用料", "Facility fees"),
    ("application-maintenance", "アプリケーション保守", "Application maintenance"),
    ("hardware-maintenance", "ハードウェア保守", "Hardware maintenance"),
    ("software-maintenance", "ソフトウェア保守", "Software maintenance"),
    ("operation", "運用", "Operation"),
    ("help-desk", "ヘルプデスク", "Help desk"),
    ("audit", "監査", "Audit"),
    ("operation-other", "運用等経費（その他）", "Operation, other"),
    ("operation-total", "運用等経費（内訳なし）", "Operation, not itemised"),
)
_OTHER = (
    ("digital-infrastructure", "デジタルインフラ等", "Digital infrastructure"),
    ("personnel", "人件費等", "Personnel"),
    ("other-total", "その他経費（内訳なし）", "Other, not itemised"),
)
_UNCLASSIFIED = ((LEDGER_TOTAL, "計（内訳なし）", "Ledger total, no split"),)

COST_ITEMS: tuple[tuple[CostClass, tuple[tuple[str, str, str], ...]], ...] = (
    (CostClass.DEVELOPMENT, _DEVELOPMENT),
    (CostClass.OPERATION, _OPERATION),
    (CostClass.OTHER, _OTHER),
    (CostClass.UNCLASSIFIED, _UNCLASSIFIED),
)

_STAGE_PHASES = (
    (1, "要件定義終了時（調達前）", "first stage: after requirements, before procurement"),
    (2, "要件の再確定後（設計前）", "second stage: requirements confirmed, before design"),
    (3, "テスト後（稼働前）", "third stage: after tests, before go-live"),
)
_STAGE_LAYERS = (
    ("self", ReviewLayer.SELF, "自己点検", "self-check"),
    ("ministry", ReviewLayer.MINISTRY, "府省内レビュー", "ministry review"),
    ("cio", ReviewLayer.CIO, "政府CIOレビュー", "government CIO review"),
)
_UNIFIED = (
    (1, "予算要求前", "before the budget request", ReviewLayer.CIO),
    (2, "予算要求時", "at the budget request", ReviewLayer.CIO),
    (3, "予算執行前", "before execution", ReviewLayer.CIO),
)


def _review_types() -> Iterable[tuple[str, dict[str, Any]]]:
    for stage, phase, phase_en in _STAGE_PHASES:
        for code, layer, name, name_en in _STAGE_LAYERS:
            yield (
                f"stage-{stage}-{code}",
                {
                    "name": f"第{'一二三'[stage - 1]}次工程レビュー（{name}）",
                    "name_en": f"Stage review {stage} ({name_en}), {phase_en}",
                    "layer": layer,
                    "stage_no": stage,
                    "phase": phase,
                    "valid_from": date(2015, 4, 1),
                },
            )
    for stage, phase, phase_en, layer in _UNIFIED:
        yield (
            f"unified-{stage}",
            {
                "name": f"一元的プロジェクト管理レビュー（{phase}）",
                "name_en": f"Unified project management review {phase_en}",
                "layer": layer,
                "stage_no": stage,
                "phase": phase,
                "valid_from": date(2019, 4, 1),
            },
        )
    for code, name, name_en, layer in (
        (
            "rs-team",
            "行政事業レビュー（行政事業レビュー推進チームの所見）",
            "Yearly project review: the ministry's team",
            ReviewLayer.MINISTRY,
        ),
        (
            "rs-outside",
            "行政事業レビュー（外部有識者の点検）",
            "Yearly project review: outside experts",
            ReviewLayer.CIO,
        ),
        ("verification", "第三者検証", "Third-party verification", ReviewLayer.THIRD_PARTY),
        ("closing", "終了レビュー", "Closing review", ReviewLayer.MINISTRY),
    ):
        yield code, {"name": name, "name_en": name_en, "layer": layer}


ROLES: tuple[tuple[Role, str, str, date | None], ...] = (
    # 内閣情報通信政策監, statutory since that day.
    (Role.CIO_OFFICE, "政府CIO室", "Government CIO office", date(2013, 5, 31)),
    (Role.ADVISOR, "政府CIO補佐官", "Government CIO advisor", None),
    (Role.MINISTRY_CIO, "府省CIO・副CIO", "Ministry CIO / deputy CIO", None),
    (Role.PMO, "PMO（府省全体管理組織）", "PMO (Portfolio Management Office)", None),
    (Role.PJMO, "PJMO（プロジェクト推進組織）", "PJMO (ProJect Management Office)", None),
    (Role.ACCOUNTING, "会計担当", "Accounting", None),
    (Role.HR, "人事担当", "Personnel", None),
    (Role.PUBLIC_RELATIONS, "広報担当", "Public relations", None),
    (Role.VERIFIER, "第三者検証者", "Third-party verifier", None),
    (Role.AUDITOR, "監査担当", "Auditor", None),
)


@dataclass(frozen=True, slots=True)
class TargetSpec:
    """A national target as published. A base that is only known roughly is left open."""

    code: str
    title: str
    title_en: str
    metric_id: str
    direction: Target.Direction
    unit: str
    base_year: int | None
    base_value: int | None
    target_year: int
    target_value: int
    source: str


TARGETS = (
    TargetSpec(
        "systems-reduction",
        "政府情報システム数の半減",
        "Half the number of government systems",
        "systems",
        Target.Direction.DOWN,
        "システム",
        2012,
        1_450,
        2018,
        725,
        "デジタル・ガバメント推進方針（2017年5月）: 2012年度1,450システムを2018年度までに半減",
    ),
    TargetSpec(
        "operation-cost-2021",
        "運用コストの3割削減（2013年度比）",
        "Operation cost down by 30 % against FY2013",
        "operation_reduction",
        Target.Direction.UP,
        "%",
        2013,
        0,
        2021,
        30,
        "デジタル・ガバメント推進方針（2017年5月）: 基準年度の運用環境のみを対象とする。基準額は"
        "「約4,000億円」とのみ公表されており、額からは再計算しない",
    ),
    TargetSpec(
        "operation-cost-2025",
        "運用等経費及びシステム改修経費の3割削減（2020年度比）",
        "Operation and modification cost down by 30 % against FY2020",
        "operation_modification_reduction",
        Target.Direction.UP,
        "%",
        2020,
        0,
        2025,
        30,
        "デジタル社会の実現に向けた重点計画（2022年6月）: 2020年度約5,400億円",
    ),
    TargetSpec(
        "procedure-burden",
        "行政手続コストの2割削減",
        "Hours that businesses spend on procedures down by 20 %",
        "procedure_hours",
        Target.Direction.DOWN,
        "時間/年",
        None,
        322_770_000,
        2019,
        258_216_000,
        "規制改革推進会議: 2020年3月までに20%以上削減（基準3億2,277万時間、8,208億円）",
    ),
)


@dataclass(slots=True)
class LoadedMasters:
    """How many entries were added, by model name; and every entry by its code."""

    added: dict[str, int] = field(default_factory=dict)
    system_classes: dict[str, SystemClass] = field(default_factory=dict)
    cost_items: dict[str, CostItem] = field(default_factory=dict)
    review_types: dict[str, ReviewType] = field(default_factory=dict)


def _add(
    model: type[Any],
    key: str,
    wanted: Mapping[str, Mapping[str, Any]],
    act: Act,
    wrote: list[State],
) -> tuple[dict[str, Any], int]:
    """Every entry of `model` by `key` after the missing ones of `wanted` were added; how many.
    `wrote` is told the states of the new ones."""
    known = set(model._default_manager.values_list(key, flat=True))
    new = [
        model(**{key: code}, **values, updated_at=act.at, updated_by=act.user)
        for code, values in wanted.items()
        if code not in known
    ]
    for entry in new:
        entry.full_clean()
    wrote += audit.of(model._default_manager.bulk_create(new))
    return {getattr(entry, key): entry for entry in model._default_manager.all()}, len(new)


def _ordered(entries: Iterable[tuple[str, dict[str, Any]]]) -> dict[str, dict[str, Any]]:
    return {code: {**values, "order": 10 * n} for n, (code, values) in enumerate(entries, 1)}


@transaction.atomic
def load_masters(act: Act) -> LoadedMasters:
    """Add the default masters that are missing; returns all entries by code.

    Entries that exist are left as they are. Audited as one "masters.loaded" with the counts if
    anything was added. Cost: two queries a kind of master.
    """
    loaded = LoadedMasters()
    wrote: list[State] = []
    loaded.system_classes, added = _add(
        SystemClass,
        "code",
        _ordered(
            (code, {"name": name, "name_en": name_en, "valid_from": since})
            for code, name, name_en, since in SYSTEM_CLASSES
        ),
        act,
        wrote,
    )
    loaded.added["systemclass"] = added
    loaded.cost_items, loaded.added["costitem"] = _add(
        CostItem,
        "code",
        _ordered(
            (code, {"name": name, "name_en": name_en, "cost_class": cost_class})
            for cost_class, items in COST_ITEMS
            for code, name, name_en in items
        ),
        act,
        wrote,
    )
    loaded.review_types, loaded.added["reviewtype"] = _add(
        ReviewType, "code", _ordered(_review_types()), act, wrote
    )
    _roles, loaded.added["roleterm"] = _add(
        RoleTerm,
        "role",
        {
            role.value: {"name": name, "name_en": name_en, "valid_from": since}
            for role, name, name_en, since in ROLES
        },
        act,
        wrote,
    )
    _targets, loaded.added["target"] = _add(
        Target,
        "code",
        {
            spec.code: {
                "title": spec.title,
                "title_en": spec.title_en,
                "metric_id": spec.metric_id,
                "direction": spec.direction,
                "unit": spec.unit,
                "base_year": spec.base_year,
                "base_value": None if spec.base_value is None else Decimal(spec.base_value),
                "target_year": spec.target_year,
                "target_value": Decimal(spec.target_value),
                "source": spec.source,
            }
            for spec in TARGETS
        },
        act,
        wrote,
    )
    if any(loaded.added.values()):
        audit.record(
            act,
            "masters.loaded",
            object_type="masters",
            object_key="default",
            after=loaded.added,
            wrote=wrote,
        )
    return loaded
