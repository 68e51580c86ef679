"""Worth: benefits over cost in money and time."""

from __future__ import annotations

from projects.metrics.dictionary.entry import NO_DATA, ZERO, Better, Metric, Owner, Term, Unit
from projects.metrics.types import Reason

_A94 = "OMB Circular A-94, Appendix B"

_BURDEN = "Administrative-burden plan of 2017 (8,208億円 ÷ 3億2,277万 hours)"

TERMS = {
    "pv_costs": Term("PV costs", "費用の現在価値"),
    "pv_benefits": Term("PV benefits", "便益の現在価値"),
    "irr_rule": Term(
        "the rate at which the present value of benefits − costs is 0",
        "便益−費用の現在価値が0になる率",
    ),
    "discounted_costs": Term(
        "Σ cost of each year ÷ (1 + discount rate)^(years since the base year)",
        "Σ各年度の費用÷（1＋割引率）^（基準年度からの年数）",
    ),
    "discounted_benefits": Term(
        "Σ benefit of each year ÷ (1 + discount rate)^(years since the base year)",
        "Σ各年度の便益÷（1＋割引率）^（基準年度からの年数）",
    ),
    "hours_spent": Term("hours that users spend in a year", "利用者が年間に費やす時間"),
    "hours_saved": Term(
        "hours that users no longer spend, at today's cases",
        "現在の件数で利用者が費やさなくなった時間",
    ),
    "yen_per_hour": Term("yen an hour", "1時間当たりの円"),
    "payback_rule": Term(
        "years until the sum of benefits − costs is 0", "便益−費用の累計が0になるまでの年数"
    ),
    "discounted_rule": Term(
        "years until the sum of discounted benefits − costs is 0",
        "割引後の便益−費用の累計が0になるまでの年数",
    ),
    "planned_benefit": Term("benefits planned", "便益の計画額"),
    "realised_benefit": Term("benefits realised", "便益の実現額"),
    "expected_benefit": Term(
        "benefits realised in years that are over, else planned",
        "終了年度の便益の実現額、それ以外は計画額",
    ),
}

_BENEFITS = "UK Green Book, benefits register; Standard Guideline (便益)"


def _benefit(id: str, name: str, name_ja: str, term: str) -> Metric:
    return Metric(
        id,
        name,
        name_ja,
        f"Σ {{{term}}}",
        Unit.YEN,
        "≥ 0",
        (NO_DATA, Reason.WITHHELD),
        _BENEFITS,
        Better.MORE,
        Owner.PJMO,
    )


ENTRIES = (
    Metric(
        "npv",
        "Net present value",
        "正味現在価値",
        "{pv_benefits} − {pv_costs}",
        Unit.YEN,
        "any",
        (NO_DATA,),
        _A94,
        Better.MORE,
        Owner.PJMO,
    ),
    Metric(
        "bcr",
        "Benefit-cost ratio",
        "費用便益比",
        "{pv_benefits} ÷ {pv_costs}",
        Unit.RATIO,
        "≥ 0",
        (NO_DATA, ZERO),
        _A94,
        Better.MORE,
        Owner.PJMO,
    ),
    Metric(
        "roi",
        "Return on investment",
        "投資収益率",
        "{pv_benefits} ÷ {pv_costs} − 1",
        Unit.RATIO,
        "≥ −1",
        (NO_DATA, ZERO),
        _A94,
        Better.MORE,
        Owner.PJMO,
    ),
    Metric(
        "irr",
        "Internal rate of return",
        "内部収益率",
        "{irr_rule}",
        Unit.RATIO,
        "> −1; several or none are said",
        (NO_DATA, Reason.NOT_APPLICABLE),
        _A94,
        Better.MORE,
        Owner.PJMO,
    ),
    Metric(
        "payback",
        "Payback",
        "回収期間",
        "{payback_rule}",
        Unit.PERIODS,
        "≥ 0",
        (NO_DATA, Reason.NOT_APPLICABLE, Reason.NOT_DUE),
        _A94,
        Better.LESS,
        Owner.PJMO,
    ),
    Metric(
        "discounted_payback",
        "Discounted payback",
        "割引回収期間",
        "{discounted_rule}",
        Unit.PERIODS,
        "≥ 0",
        (NO_DATA, Reason.NOT_APPLICABLE, Reason.NOT_DUE),
        _A94,
        Better.LESS,
        Owner.PJMO,
    ),
    Metric(
        "pv_costs",
        "Present value of costs",
        "費用の現在価値",
        "{discounted_costs}",
        Unit.YEN,
        "≥ 0",
        (NO_DATA,),
        _A94,
        Better.LESS,
        Owner.PJMO,
    ),
    Metric(
        "pv_benefits",
        "Present value of benefits",
        "便益の現在価値",
        "{discounted_benefits}",
        Unit.YEN,
        "any",
        (NO_DATA,),
        _A94,
        Better.MORE,
        Owner.PJMO,
    ),
    Metric(
        "administrative_burden",
        "Administrative burden in money",
        "行政手続コスト",
        "{hours_spent} × {yen_per_hour}",
        Unit.YEN,
        "≥ 0",
        (NO_DATA,),
        _BURDEN,
        Better.LESS,
        Owner.PMO,
    ),
    Metric(
        "time_saved_value",
        "Value of the users' time saved",
        "利用者の時間短縮の価値",
        "{hours_saved} × {yen_per_hour}",
        Unit.YEN,
        "any",
        (NO_DATA,),
        _BURDEN,
        Better.MORE,
        Owner.PMO,
    ),
    _benefit("benefit_planned", "Benefits planned", "便益（計画）", "planned_benefit"),
    _benefit("benefit_realised", "Benefits realised", "便益（実現）", "realised_benefit"),
    _benefit("benefit_forecast", "Benefits forecast", "便益（見込み）", "expected_benefit"),
)
