"""Cost: what was budgeted, spent and left, and how it was bought."""

from __future__ import annotations

from projects.metrics.dictionary.entry import NO_DATA, ZERO, Better, Metric, Owner, Term, Unit
from projects.metrics.types import Reason

_BUDGET = "Board of Audit 2021: execution of information-system budgets"
_BOARD = "Board of Audit: bidding for information systems"
_STAGES = "Board of Audit 2021: stages of the budget (予算現額, 執行額, 翌年度繰越額, 不用額)"
_MIX = "US FITARA metrics: share of development and modernisation in spend"
_CUT = "Digital Government Promotion Policy 2017: operation cost of the base year's environment"
_PEERS = "UK Government Digital Service: cost per transaction"
_REGISTER = "The register"
_RENEWAL = "Digital Agency: sheets since 2024 ask for the next renewal and its cost"

TERMS = {
    "executed": Term("executed", "執行額"),
    "available": Term("budget available", "予算現額"),
    "carried_out": Term("carried out", "翌年度繰越額"),
    "unused": Term("unused", "不用額"),
    "single_bids": Term("competitive contracts with one bidder", "一者応札の競争契約"),
    "competitive": Term("competitive contracts", "競争契約"),
    "award_rate": Term("award rate", "落札率"),
    "awards_known": Term("contracts that tell theirs", "落札率が分かる契約"),
    "requested_total": Term("Σ requested", "Σ 概算要求額"),
    "supplementary_total": Term("Σ supplementary budget", "Σ 補正予算"),
    "carried_in_total": Term("Σ carried in", "Σ 前年度繰越額"),
    "reserve_total": Term("Σ reserve funds", "Σ 予備費等"),
    "transfers_total": Term("Σ transfers", "Σ 流用等増減額"),
    "carried_out_total": Term("Σ carried out", "Σ 翌年度繰越額"),
    "unused_total": Term("Σ unused", "Σ 不用額"),
    "item_executed": Term("Σ executed cost of the item", "Σ 当該経費区分の執行額"),
    "development_cost": Term("executed development cost", "整備経費の執行額"),
    "operation_cost": Term("executed operation cost", "運用等経費の執行額"),
    "other_cost": Term("executed other cost", "その他経費の執行額"),
    "base_gross": Term("operation cost of the base year", "基準年度の運用等経費"),
    "current_gross": Term("operation cost of the year compared", "比較年度の運用等経費"),
    "base_same": Term(
        "operation cost of the base year, of systems with a cost at both ends",
        "両年度に経費のあるシステムの基準年度の運用等経費",
    ),
    "current_same": Term(
        "operation cost of the year compared, of the same systems",
        "同一システムの比較年度の運用等経費",
    ),
    "base_environment": Term(
        "operation cost of the base year, ended systems included",
        "基準年度の運用等経費（廃止・統合済みを含む）",
    ),
    "current_environment": Term(
        "operation cost of the year compared, of the base year's systems and their successors",
        "基準年度のシステムとその後継の比較年度の運用等経費",
    ),
    "unit_operation": Term("operation cost of the system", "システムの運用等経費"),
    "unit_cases": Term("cases of its services", "対象手続の件数"),
    "peer_median": Term(
        "median of operation cost ÷ cases over the systems of its class",
        "同じ種別のシステムの「運用等経費÷件数」の中央値",
    ),
    "contract": Term("contracts", "契約"),
    "contract_amounts": Term("Σ known contract amounts", "Σ 判明している契約金額"),
    "own_amounts": Term(
        "Σ known amounts of the vendor's or agency's contracts",
        "Σ 当該事業者・府省庁の判明している契約金額",
    ),
    "renewing_system": Term("systems to be renewed in the year", "当該年度に更改予定のシステム"),
    "renewal_costs": Term("Σ expected renewal cost", "Σ 更改見込額"),
}

_SETTLED = (NO_DATA, Reason.WITHHELD)


def _stage(id: str, name: str, name_ja: str, term: str, *, signed: bool = False) -> Metric:
    return Metric(
        id,
        name,
        name_ja,
        f"{{{term}}}",
        Unit.YEN,
        "any" if signed else "≥ 0",
        _SETTLED,
        _STAGES,
        Better.NEITHER,
        Owner.ACCOUNTING,
    )


def _reduction(id: str, name: str, name_ja: str, base: str, current: str) -> Metric:
    return Metric(
        id,
        name,
        name_ja,
        f"({{{base}}} − {{{current}}}) ÷ {{{base}}}",
        Unit.RATIO,
        "≤ 1",
        (NO_DATA, ZERO),
        _CUT,
        Better.MORE,
        Owner.ACCOUNTING,
    )


def _share(id: str, name: str, name_ja: str, part: str) -> Metric:
    return Metric(
        id,
        name,
        name_ja,
        f"{{{part}}} ÷ ({{development_cost}} + {{operation_cost}} + {{other_cost}})",
        Unit.RATIO,
        "0 to 1",
        (NO_DATA, ZERO),
        _MIX,
        Better.NEITHER,
        Owner.ACCOUNTING,
    )


ENTRIES = (
    Metric(
        "execution_rate",
        "Execution rate",
        "執行率",
        "{executed} ÷ {available}",
        Unit.RATIO,
        "≥ 0",
        (NO_DATA, ZERO, Reason.WITHHELD),
        _BUDGET,
        Better.PLAN,
        Owner.ACCOUNTING,
    ),
    Metric(
        "carry_over_rate",
        "Carry-over rate",
        "繰越率",
        "{carried_out} ÷ {available}",
        Unit.RATIO,
        "≥ 0",
        (NO_DATA, ZERO, Reason.WITHHELD),
        _BUDGET,
        Better.LESS,
        Owner.ACCOUNTING,
    ),
    Metric(
        "unused_rate",
        "Unused rate",
        "不用率",
        "{unused} ÷ {available}",
        Unit.RATIO,
        "≥ 0",
        (NO_DATA, ZERO, Reason.WITHHELD),
        _BUDGET,
        Better.LESS,
        Owner.ACCOUNTING,
    ),
    Metric(
        "single_bid_ratio",
        "Single-bid ratio",
        "一者応札率",
        "{single_bids} ÷ {competitive}",
        Unit.RATIO,
        "0 to 1",
        (NO_DATA, ZERO),
        _BOARD,
        Better.LESS,
        Owner.ACCOUNTING,
    ),
    Metric(
        "mean_award_rate",
        "Mean award rate",
        "平均落札率",
        "Σ {award_rate} ÷ {awards_known}",
        Unit.RATIO,
        "≥ 0",
        (NO_DATA,),
        _BOARD,
        Better.NEITHER,
        Owner.ACCOUNTING,
    ),
    _stage("requested_budget", "Requested", "概算要求額", "requested_total"),
    _stage(
        "supplementary_budget",
        "Supplementary budget",
        "補正予算",
        "supplementary_total",
        signed=True,
    ),
    _stage("carried_in_budget", "Carried in", "前年度繰越額", "carried_in_total"),
    _stage("reserve_budget", "Reserve funds etc.", "予備費等", "reserve_total", signed=True),
    _stage("transferred_budget", "Transfers", "流用等増減額", "transfers_total", signed=True),
    _stage("carried_out_budget", "Carried out", "翌年度繰越額", "carried_out_total"),
    _stage("unused_budget", "Unused", "不用額", "unused_total"),
    _stage("item_cost", "Cost of an item", "経費区分別の執行額", "item_executed"),
    _share("run_share", "Run share", "運用比率", "operation_cost"),
    _share("change_share", "Change share", "整備比率", "development_cost"),
    _reduction(
        "reduction_gross", "Reduction, gross", "削減率（総額）", "base_gross", "current_gross"
    ),
    _reduction(
        "reduction_same_systems",
        "Reduction, same systems",
        "削減率（同一システム）",
        "base_same",
        "current_same",
    ),
    _reduction(
        "reduction_base_environment",
        "Reduction, base-year environment",
        "削減率（基準年度の運用環境）",
        "base_environment",
        "current_environment",
    ),
    Metric(
        "unit_cost",
        "Operation cost a case",
        "1件当たり運用経費",
        "{unit_operation} ÷ {unit_cases}",
        Unit.YEN,
        "≥ 0",
        (NO_DATA, ZERO),
        _PEERS,
        Better.LESS,
        Owner.ACCOUNTING,
    ),
    Metric(
        "unit_cost_median",
        "Median cost a case of the class",
        "同種システムの1件当たり運用経費（中央値）",
        "{peer_median}",
        Unit.YEN,
        "≥ 0",
        (Reason.NOT_APPLICABLE,),
        _PEERS,
        Better.NEITHER,
        Owner.ACCOUNTING,
    ),
    Metric(
        "unit_cost_multiple",
        "Cost a case against its peers",
        "1件当たり運用経費の同種比（倍）",
        "({unit_operation} ÷ {unit_cases}) ÷ {peer_median}",
        Unit.RATIO,
        "≥ 0",
        (NO_DATA, ZERO, Reason.NOT_APPLICABLE),
        _PEERS,
        Better.LESS,
        Owner.ACCOUNTING,
    ),
    Metric(
        "contracts",
        "Contracts",
        "契約数",
        "{contract}",
        Unit.COUNT,
        "≥ 0",
        (),
        _REGISTER,
        Better.NEITHER,
        Owner.PMO,
    ),
    Metric(
        "contract_amount",
        "Amount of contracts",
        "契約金額",
        "{contract_amounts}",
        Unit.YEN,
        "≥ 0",
        _SETTLED,
        _REGISTER,
        Better.NEITHER,
        Owner.ACCOUNTING,
    ),
    Metric(
        "vendor_share",
        "Share of the contract amounts",
        "契約金額の割合",
        "{own_amounts} ÷ {contract_amounts}",
        Unit.RATIO,
        "0 to 1",
        (NO_DATA, ZERO),
        _REGISTER,
        Better.NEITHER,
        Owner.ACCOUNTING,
    ),
    Metric(
        "renewal_systems",
        "Systems to be renewed",
        "更改予定のシステム数",
        "{renewing_system}",
        Unit.COUNT,
        "≥ 0",
        (),
        _RENEWAL,
        Better.NEITHER,
        Owner.PMO,
    ),
    Metric(
        "renewal_cost",
        "Expected renewal cost",
        "更改見込額",
        "{renewal_costs}",
        Unit.YEN,
        "≥ 0",
        (NO_DATA,),
        _RENEWAL,
        Better.NEITHER,
        Owner.PMO,
    ),
)
