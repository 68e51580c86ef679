"""Cost: what was budgeted, spent and left, and how it was bought."""

from __future__ import annotations

from projects.metrics.dictionary.entry import NO_DATA, ZERO, Better, Metric, Owner, Term, Unit
from projects.metrics.types import Reason

_BUDGET = "Board of Audit 2021: execution of information-system budgets"
_BOARD = "Board of Audit: bidding for information systems"

TERMS = {
    "executed": Term("executed", "執行額"),
    "available": Term("budget available", "予算現額"),
    "carried_out": Term("carried out", "翌年度繰越額"),
    "unused": Term("unused", "不用額"),
    "single_bids": Term("competitive contracts with one bidder", "一者応札の競争契約"),
    "competitive": Term("competitive contracts", "競争契約"),
    "award_rate": Term("award rate", "落札率"),
    "awards_known": Term("contracts that tell theirs", "落札率が分かる契約"),
}

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
)
