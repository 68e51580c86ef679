"""Worth: benefits over cost in money and time."""

from __future__ import annotations

from projects.metrics.dictionary.entry import NO_DATA, ZERO, Better, Metric, Owner, Term, Unit
from projects.metrics.types import Reason

_A94 = "OMB Circular A-94, Appendix B"

TERMS = {
    "pv_costs": Term("PV costs", "費用の現在価値"),
    "pv_benefits": Term("PV benefits", "便益の現在価値"),
    "irr_rule": Term(
        "the rate at which the present value of benefits − costs is 0",
        "便益−費用の現在価値が0になる率",
    ),
    "payback_rule": Term(
        "years until the sum of benefits − costs is 0", "便益−費用の累計が0になるまでの年数"
    ),
}

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
)
