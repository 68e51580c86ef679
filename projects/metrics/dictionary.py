"""The metric dictionary: what each figure means, one entry each, feeding the page, the document and
every answer that names a metric.

Formulae are written with the names of the inputs, so that a reader can put the numbers in.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Iterable, Mapping

from projects.metrics.types import Reason


class Unit(enum.StrEnum):
    """What a metric is counted in."""

    YEN = "yen"
    RATIO = "ratio"
    PERCENT = "percent"
    DAYS = "days"
    PERIODS = "periods"
    COUNT = "count"


class Better(enum.StrEnum):
    """Which way is good."""

    MORE = "more"
    LESS = "less"
    PLAN = "close to plan"
    NEITHER = "neither"


class Owner(enum.StrEnum):
    """Who files the inputs."""

    PJMO = "PJMO"
    PMO = "PMO"
    ACCOUNTING = "accounting"
    CIO_OFFICE = "CIO office"


@dataclasses.dataclass(frozen=True, slots=True)
class Metric:
    """One entry. `undefined` are the reasons for which there may be no value."""

    id: str
    name: str
    name_ja: str
    formula: str
    unit: Unit
    range: str
    undefined: tuple[Reason, ...]
    source: str
    better: Better
    owner: Owner


_N, _Z = Reason.NO_DATA, Reason.ZERO_DENOMINATOR
_EVM = "EIA-748 family; METRICS.md §5"
_ES = "Lipke, earned schedule; METRICS.md §5"
_US = "US Federal IT Dashboard, Variance Score Algorithms"
_A94 = "OMB Circular A-94, Appendix B; METRICS.md §6"
_GDS = "Government Digital Service, service KPIs; METRICS.md §4"
_BIAS = "Mott MacDonald 2002, in the UK's Green Book; METRICS.md §6"
_OUTSIDE = "Flyvbjerg and others 2022; METRICS.md §7"
_BUDGET = "Budget execution (予算執行); DOMAIN.md"

_ENTRIES = (
    Metric("cv", "Cost variance", "コスト差異", "EV − AC", Unit.YEN, "any", (_N,), _EVM,
           Better.PLAN, Owner.PJMO),
    Metric("sv", "Schedule variance", "スケジュール差異", "EV − PV", Unit.YEN, "any", (_N,),
           _EVM, Better.PLAN, Owner.PJMO),
    Metric("cpi", "Cost performance index", "コスト効率指数", "EV ÷ AC", Unit.RATIO, "≥ 0",
           (_N, _Z), _EVM, Better.MORE, Owner.PJMO),
    Metric("spi", "Schedule performance index", "スケジュール効率指数", "EV ÷ PV", Unit.RATIO,
           "≥ 0", (_N, _Z), _EVM, Better.MORE, Owner.PJMO),
    Metric("eac_typical", "Estimate at completion, as so far", "完成時総コスト予測（現状継続）",
           "BAC ÷ CPI", Unit.YEN, "≥ 0", (_N, _Z), _EVM, Better.LESS, Owner.PJMO),
    Metric("eac_atypical", "Estimate at completion, rest as planned",
           "完成時総コスト予測（残作業は計画どおり）", "AC + BAC − EV", Unit.YEN, "≥ 0", (_N,), _EVM,
           Better.LESS, Owner.PJMO),
    Metric("eac_combined", "Estimate at completion, cost and pace as so far",
           "完成時総コスト予測（コスト・進度とも継続）", "AC + (BAC − EV) ÷ (CPI × SPI)", Unit.YEN,
           "≥ 0", (_N, _Z), _EVM, Better.LESS, Owner.PJMO),
    Metric("vac", "Variance at completion", "完成時差異", "BAC − EAC", Unit.YEN, "any", (_N, _Z),
           _EVM, Better.PLAN, Owner.PJMO),
    Metric("etc", "Estimate to complete", "残作業コスト予測", "EAC − AC", Unit.YEN, "any",
           (_N, _Z), _EVM, Better.LESS, Owner.PJMO),
    Metric("tcpi", "To-complete performance index", "残作業効率指数",
           "(BAC − EV) ÷ (BAC − AC)", Unit.RATIO, "any", (_N, _Z), _EVM, Better.LESS, Owner.PJMO),
    Metric("es", "Earned schedule", "アーンド・スケジュール",
           "C + (EV − PV_C) ÷ (PV_C+1 − PV_C)", Unit.PERIODS, "0 to the planned periods",
           (_N, Reason.INCONSISTENT), _ES, Better.MORE, Owner.PJMO),
    Metric("sv_t", "Schedule variance in time", "スケジュール差異（時間）", "ES − AT",
           Unit.PERIODS, "any", (_N, Reason.INCONSISTENT), _ES, Better.PLAN, Owner.PJMO),
    Metric("spi_t", "Schedule performance index in time", "スケジュール効率指数（時間）",
           "ES ÷ AT", Unit.RATIO, "≥ 0", (_N, _Z, Reason.INCONSISTENT), _ES, Better.MORE,
           Owner.PJMO),
    Metric("forecast_duration", "Forecast duration", "予測期間",
           "planned periods ÷ SPI(t)", Unit.PERIODS, "≥ 0", (_N, _Z, Reason.INCONSISTENT), _ES,
           Better.LESS, Owner.PJMO),
    Metric("schedule_variance_days", "Schedule variance in days", "日程差異（日）",
           "planned end − expected end", Unit.DAYS, "any", (_N,), _US, Better.PLAN, Owner.PJMO),
    Metric("schedule_variance_percent", "Schedule variance in percent", "日程差異（%）",
           "schedule variance ÷ planned days × 100", Unit.PERCENT, "any", (_N, _Z), _US,
           Better.PLAN, Owner.PJMO),
    Metric("cost_variance", "Cost variance against the plan", "計画コスト差異",
           "planned cost − expected cost", Unit.YEN, "any", (_N,), _US, Better.PLAN, Owner.PJMO),
    Metric("cost_variance_percent", "Cost variance in percent", "計画コスト差異（%）",
           "cost variance ÷ planned cost × 100", Unit.PERCENT, "any", (_N, _Z), _US,
           Better.PLAN, Owner.PJMO),
    Metric("achievement_ratio", "Achievement of a KPI", "KPI達成率",
           "(actual − baseline) ÷ (target − baseline)", Unit.RATIO, "any", (_N, _Z),
           "GSA, Metric Scoring Algorithm; METRICS.md §2", Better.MORE, Owner.PJMO),
    Metric("npv", "Net present value", "正味現在価値", "PV benefits − PV costs", Unit.YEN, "any",
           (_N,), _A94, Better.MORE, Owner.PJMO),
    Metric("bcr", "Benefit-cost ratio", "費用便益比", "PV benefits ÷ PV costs", Unit.RATIO,
           "≥ 0", (_N, _Z), _A94, Better.MORE, Owner.PJMO),
    Metric("roi", "Return on investment", "投資収益率", "BCR − 1", Unit.RATIO, "≥ −1", (_N, _Z),
           _A94, Better.MORE, Owner.PJMO),
    Metric("irr", "Internal rate of return", "内部収益率", "the rates at which NPV is 0",
           Unit.RATIO, "> −1; several or none are said", (_N, Reason.NOT_APPLICABLE), _A94,
           Better.MORE, Owner.PJMO),
    Metric("payback", "Payback", "回収期間", "periods until cumulative flow is 0", Unit.PERIODS,
           "≥ 0", (_N, Reason.NOT_APPLICABLE, Reason.NOT_DUE), _A94, Better.LESS, Owner.PJMO),
    Metric("execution_rate", "Execution rate", "執行率", "executed ÷ available", Unit.RATIO,
           "≥ 0", (_N, _Z, Reason.WITHHELD), _BUDGET, Better.PLAN, Owner.ACCOUNTING),
    Metric("carry_over_rate", "Carry-over rate", "繰越率", "carried out ÷ available", Unit.RATIO,
           "≥ 0", (_N, _Z, Reason.WITHHELD), _BUDGET, Better.LESS, Owner.ACCOUNTING),
    Metric("unused_rate", "Unused rate", "不用率", "unused ÷ available", Unit.RATIO, "≥ 0",
           (_N, _Z, Reason.WITHHELD), _BUDGET, Better.LESS, Owner.ACCOUNTING),
    Metric("cost_per_transaction", "Cost per transaction", "1件当たり費用",
           "cost ÷ completed transactions", Unit.YEN, "≥ 0", (_N, _Z), _GDS, Better.LESS,
           Owner.PMO),
    Metric("digital_take_up", "Digital take-up (online use)", "オンライン利用率",
           "online cases ÷ cases", Unit.RATIO, "0 to 1", (_N, _Z, Reason.INCONSISTENT), _GDS,
           Better.MORE, Owner.PMO),
    Metric("performance_percent", "Share served to standard", "基準達成率",
           "100 × cases that met the standard ÷ cases", Unit.PERCENT, "0 to 100", (_N, _Z),
           "Canada, service inventory; METRICS.md §4", Better.MORE, Owner.PMO),
    Metric("single_bid_ratio", "Single-bid ratio", "一者応札率",
           "competitive contracts with one bidder ÷ competitive contracts", Unit.RATIO, "0 to 1",
           (_N, _Z), "Board of Audit (会計検査院)", Better.LESS, Owner.ACCOUNTING),
    Metric("bias_percent", "Optimism bias", "楽観バイアス", "sum of share × bias of each kind of work",
           Unit.PERCENT, "≥ 0", (_N,), _BIAS, Better.LESS, Owner.PMO),
    Metric("managed_percent", "Optimism bias that is left", "残る楽観バイアス",
           "(100 − causes managed, %) ÷ 100 × bias", Unit.PERCENT, "≥ 0", (_N,), _BIAS,
           Better.LESS, Owner.PMO),
    Metric("uplifted_estimate", "Estimate with optimism bias", "楽観バイアス加算後の見積り",
           "estimate × (100 + bias) ÷ 100", Unit.YEN, "≥ 0", (_N,), _BIAS, Better.LESS,
           Owner.PMO),
    Metric("p50", "Outside view, P50", "外部視点P50",
           "what half of the class stayed below, of outcome ÷ first plan", Unit.RATIO, "≥ 0",
           (_N,), _OUTSIDE, Better.PLAN, Owner.CIO_OFFICE),
    Metric("p80", "Outside view, P80", "外部視点P80",
           "what four fifths of the class stayed below, of outcome ÷ first plan", Unit.RATIO,
           "≥ 0", (_N,), _OUTSIDE, Better.PLAN, Owner.CIO_OFFICE),
    Metric("tail_share", "Share in the tail", "150%を超えた割合",
           "projects above 150 % of their first plan ÷ projects of the class", Unit.RATIO,
           "0 to 1", (_N,), _OUTSIDE, Better.LESS, Owner.CIO_OFFICE),
    Metric("worsening_probability", "Probability of worsening", "悪化確率",
           "1 − product over rating, finish and cost of (1 − probability of that sign)",
           Unit.RATIO, "0 to 1", (_N,), "docs/decisions/0010", Better.LESS, Owner.CIO_OFFICE),
    Metric("auc", "Ranking of forecasts (AUC)", "予測の順位付け（AUC）",
           "pairs ranked rightly ÷ pairs of a case that came true and one that did not",
           Unit.RATIO, "0 to 1", (_N,), "Hanley and McNeil 1982", Better.MORE,
           Owner.CIO_OFFICE),
    Metric("brier", "Brier score", "ブライアスコア", "mean of (probability − outcome)²", Unit.RATIO,
           "0 to 1", (_N,), "Brier 1950", Better.LESS, Owner.CIO_OFFICE),
    Metric("mean_award_rate", "Mean award rate", "平均落札率",
           "sum of award rates ÷ contracts that tell theirs", Unit.RATIO, "≥ 0", (_N,),
           "Board of Audit (会計検査院)", Better.NEITHER, Owner.ACCOUNTING),
)  # fmt: skip

METRICS: Mapping[str, Metric] = {metric.id: metric for metric in _ENTRIES}

_HEAD = """\
# Metrics

Generated from the code by `python manage.py document_metrics`; do not edit by hand.

A metric that cannot be computed has no value and a reason, never a zero. `manage.py evaluate`
computes them for cases of your own ([evaluate.md](evaluate.md)), `manage.py metrics --json` for a
project.

| id | name | 名称 | formula | unit | range | undefined when | better | inputs from | source |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
"""


def render(metrics: Iterable[Metric]) -> str:
    """The dictionary as Markdown."""
    return _HEAD + "".join(
        "| "
        + " | ".join(
            (
                f"`{metric.id}`",
                metric.name,
                metric.name_ja,
                metric.formula,
                metric.unit,
                metric.range,
                ", ".join(reason.value.replace("_", " ") for reason in metric.undefined),
                metric.better,
                metric.owner,
                metric.source,
            )
        )
        + " |\n"
        for metric in metrics
    )
