"""Portfolio: counts and sums that stand on the dashboards."""

from __future__ import annotations

from projects.metrics.dictionary.entry import NO_DATA, ZERO, Better, Metric, Owner, Term, Unit
from projects.metrics.types import Reason

_BUDGET = "Board of Audit 2021: execution of information-system budgets"
_REGISTER = "The register"
_POLICY = "Digital Government Promotion Policy 2017, direction 3-2"

TERMS = {
    "development": Term("Σ executed development cost", "Σ 整備経費の執行額"),
    "operation": Term("Σ executed operation cost", "Σ 運用等経費の執行額"),
    "other": Term("Σ executed other cost", "Σ その他経費の執行額"),
    "unsplit": Term("Σ executed cost without a class", "Σ 区分のない執行額"),
    "initial": Term("Σ initial budget", "Σ 当初予算"),
    "available_budget": Term("Σ budget available", "Σ 予算現額"),
    "executed_total": Term("Σ executed", "Σ 執行額"),
    "system": Term("systems", "システム"),
    "live_system": Term("systems neither merged nor retired", "統合・廃止されていないシステム"),
    "measured_system": Term("systems with a measured value", "価値が測定されたシステム"),
    "project": Term("projects", "プロジェクト"),
    "project_high": Term("projects with a high flag", "高リスクのプロジェクト"),
    "flag": Term("open flags", "未解消のフラグ"),
    "late": Term("projects whose report is late", "報告が遅れているプロジェクト"),
    "overdue": Term("reviews past their due day", "期限を過ぎたレビュー"),
    "spent_measured": Term(
        "Σ spent on systems with a measured value", "Σ 価値が測定されたシステムの支出"
    ),
    "spent_all": Term("Σ spent on all systems", "Σ 全システムの支出"),
    "counted_cases": Term("Σ cases of online services", "Σ オンライン手続の全件数"),
    "counted_online": Term("Σ online cases of online services", "Σ オンライン手続のオンライン件数"),
}

METRIC_OF_FIGURE = {
    "development": "development_cost",
    "operation": "operation_cost",
    "other": "other_cost",
    "unsplit": "unsplit_cost",
    "spent": "spent_cost",
    "executed": "executed_cost",
    "initial": "initial_budget",
    "available": "available_budget",
    "execution_rate": "execution_rate",
}
"""What pages, files and the API call the figures of a year's cost → their metric."""

_SETTLED = (NO_DATA, Reason.WITHHELD)


def _cost(id: str, name: str, name_ja: str, term: str) -> Metric:
    return Metric(
        id,
        name,
        name_ja,
        f"{{{term}}}",
        Unit.YEN,
        "any" if term == "initial" else "≥ 0",
        _SETTLED,
        _BUDGET,
        Better.NEITHER,
        Owner.ACCOUNTING,
    )


def _count(id: str, name: str, name_ja: str, term: str, better: Better, source: str) -> Metric:
    return Metric(
        id, name, name_ja, f"{{{term}}}", Unit.COUNT, "≥ 0", (), source, better, Owner.PMO
    )


ENTRIES = (
    _cost("development_cost", "Invested in development", "整備経費", "development"),
    _cost("operation_cost", "Run cost", "運用等経費", "operation"),
    _cost("other_cost", "Other cost", "その他経費", "other"),
    _cost("unsplit_cost", "Cost without a class", "区分のない経費", "unsplit"),
    Metric(
        "spent_cost",
        "Spent",
        "支出額",
        "{development} + {operation} + {other} + {unsplit}",
        Unit.YEN,
        "≥ 0",
        _SETTLED,
        _BUDGET,
        Better.NEITHER,
        Owner.ACCOUNTING,
    ),
    _cost("executed_cost", "Executed", "執行額", "executed_total"),
    _cost("initial_budget", "Initial budget", "当初予算", "initial"),
    _cost("available_budget", "Budget available", "予算現額", "available_budget"),
    _count("systems", "Systems", "システム数", "system", Better.NEITHER, _REGISTER),
    _count(
        "live_systems",
        "Systems in the inventory",
        "現有システム数",
        "live_system",
        Better.LESS,
        "Digital Government Promotion Policy 2017: half of 1,450 by FY2018",
    ),
    _count(
        "measured_systems",
        "Systems with a value measure",
        "価値が測定されたシステム数",
        "measured_system",
        Better.MORE,
        _POLICY,
    ),
    Metric(
        "outcome_coverage",
        "Outcome coverage",
        "成果測定カバー率",
        "{spent_measured} ÷ {spent_all}",
        Unit.RATIO,
        "0 to 1",
        (NO_DATA, ZERO),
        _POLICY,
        Better.MORE,
        Owner.PMO,
    ),
    _count("projects", "Projects", "プロジェクト数", "project", Better.NEITHER, _REGISTER),
    _count(
        "projects_at_high_risk",
        "Projects at high risk",
        "高リスクのプロジェクト数",
        "project_high",
        Better.LESS,
        "docs/risk-rules.md",
    ),
    _count(
        "open_flags", "Open flags", "未解消のフラグ数", "flag", Better.LESS, "docs/risk-rules.md"
    ),
    _count(
        "reports_late",
        "Reports late",
        "報告の遅れ",
        "late",
        Better.LESS,
        "Monthly updates in principle (IT Dashboard, 2015)",
    ),
    _count(
        "reviews_overdue",
        "Reviews overdue",
        "期限超過のレビュー",
        "overdue",
        Better.LESS,
        "Priority Plan 2022",
    ),
    Metric(
        "online_use",
        "Online use of online services",
        "オンライン利用率（オンライン手続）",
        "{counted_online} ÷ {counted_cases}",
        Unit.RATIO,
        "0 to 1",
        (NO_DATA, ZERO),
        "White Paper on Information and Communications 2021 (60 % in FY2018)",
        Better.MORE,
        Owner.PMO,
    ),
)
