"""Cases that outsiders bring, to check the arithmetic: a row of text in, the computed columns out.

One row a case; `kind` says which columns are read. What is undefined stays empty, and `note` says
why, so that nobody takes an empty cell for a zero.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation

from projects.metrics import evm, investment, kpi, variance
from projects.metrics.outlook import reference
from projects.metrics.types import Measure, Reason

Row = Mapping[str, str]
Answer = dict[str, str]

COLUMNS: dict[str, tuple[str, ...]] = {
    "variance": (
        "schedule_variance_days",
        "schedule_variance_percent",
        "schedule_colour",
        "cost_variance",
        "cost_variance_percent",
        "cost_colour",
        "schedule_state",
        "cost_state",
    ),
    "evm": (
        "cv",
        "sv",
        "cpi",
        "spi",
        "eac_typical",
        "eac_atypical",
        "eac_combined",
        "vac",
        "etc",
        "tcpi",
    ),
    "earned_schedule": ("es", "sv_t", "spi_t", "forecast_duration"),
    "kpi": ("achievement_ratio", "met"),
    "service": ("cost_per_transaction", "digital_take_up", "performance_percent"),
    "flows": (
        "npv",
        "irr",
        "payback",
        "discounted_payback",
        "pv_costs",
        "pv_benefits",
        "bcr",
        "roi",
    ),
    "optimism_bias": ("bias_percent", "managed_percent", "uplifted_estimate"),
}
"""Kind of case → the columns it computes."""

_WHY = {
    Reason.NO_DATA: "an input is missing",
    Reason.ZERO_DENOMINATOR: "the divisor is zero",
    Reason.INCONSISTENT: "the inputs contradict each other",
    Reason.NOT_APPLICABLE: "the question does not arise",
    Reason.NOT_DUE: "never within the flows",
    Reason.WITHHELD: "an input is withheld",
}
_PLACES = Decimal(1).scaleb(-10)


class BadCase(ValueError):
    """A case that cannot be read; the text says which column and why."""


def text_of(value: Decimal) -> str:
    """A decimal to ten places, without trailing zeros: 1.1111111111, -5000, 0."""
    text = f"{value.quantize(_PLACES):f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "") else text


def _number(row: Row, name: str) -> Decimal | None:
    text = (row.get(name) or "").strip().replace(",", "")
    if not text:
        return None
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise BadCase(f"{name}: {text!r} is not a number") from None
    if not value.is_finite():
        raise BadCase(f"{name}: {text!r} is not a number")
    return value


def _numbers(row: Row, name: str) -> list[Decimal]:
    parts = [part.strip() for part in (row.get(name) or "").split(";")]
    found = [_number({name: part}, name) for part in parts if part]
    return [value for value in found if value is not None]


def _day(row: Row, name: str) -> datetime.date | None:
    text = (row.get(name) or "").strip()
    if not text:
        return None
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        raise BadCase(f"{name}: {text!r} is not a date (2025-04-01)") from None


class _Answers:
    """Columns with their values, and why some are empty."""

    def __init__(self, kind: str) -> None:
        self.found: Answer = dict.fromkeys(COLUMNS[kind], "")
        self.notes: list[str] = []

    def put(self, name: str, measure: Measure) -> None:
        if measure.value is not None:
            self.found[name] = text_of(measure.value)
        else:
            self.notes.append(f"{name}: {_WHY[measure.reason or Reason.NO_DATA]}")

    def done(self) -> Answer:
        return {**self.found, "note": "; ".join(self.notes)}


def _variance(row: Row) -> Answer:
    dates = variance.Dates(
        _day(row, "planned_start"),
        _day(row, "planned_end"),
        _day(row, "projected_end"),
        _day(row, "actual_end"),
    )
    costs = variance.Costs(
        _number(row, "planned_cost"), _number(row, "projected_cost"), _number(row, "actual_cost")
    )
    late = variance.schedule(dates, _day(row, "as_of"))
    over = variance.cost(costs, is_ended=dates.actual_end is not None)
    answers = _Answers("variance")
    answers.put("schedule_variance_days", late.amount)
    answers.put("schedule_variance_percent", late.percent)
    answers.put("cost_variance", over.amount)
    answers.put("cost_variance_percent", over.percent)
    answers.found["schedule_colour"] = str(late.colour() or "")
    answers.found["cost_colour"] = str(over.colour() or "")
    state = variance.State
    answers.found["schedule_state"] = variance.state_of(late, state.LATE, state.EARLY)
    answers.found["cost_state"] = variance.state_of(over, state.OVER, state.UNDER)
    return answers.done()


def _evm(row: Row) -> Answer:
    found = evm.EarnedValue(*(_number(row, name) for name in ("bac", "pv", "ev", "ac")))
    answers = _Answers("evm")
    for name in COLUMNS["evm"]:
        answers.put(name, getattr(found, name))
    return answers.done()


def _earned_schedule(row: Row) -> Answer:
    found = evm.earned_schedule(
        _numbers(row, "pv_cumulative"), _number(row, "ev"), _number(row, "actual_time")
    )
    answers = _Answers("earned_schedule")
    for name in COLUMNS["earned_schedule"]:
        answers.put(name, getattr(found, name))
    return answers.done()


def _kpi(row: Row) -> Answer:
    given = (row.get("direction") or "").strip().lower()
    if given not in set(kpi.Direction):
        raise BadCase(f"direction: {given!r} is neither up nor down")
    found = kpi.achievement(
        kpi.Direction(given),
        _number(row, "target"),
        _number(row, "actual"),
        _number(row, "baseline"),
    )
    answers = _Answers("kpi")
    answers.put("achievement_ratio", found.ratio)
    answers.found["met"] = "" if found.met is None else str(found.met).lower()
    return answers.done()


def _service(row: Row) -> Answer:
    volume = _number(row, "volume")
    answers = _Answers("service")
    per_case = kpi.cost_per_transaction(_number(row, "cost"), volume)
    answers.put("cost_per_transaction", per_case)
    answers.put("digital_take_up", kpi.digital_take_up(_number(row, "digital_volume"), volume))
    answers.put("performance_percent", kpi.performance(_number(row, "met_volume"), volume))
    return answers.done()


def _flows(row: Row) -> Answer:
    rate, flows = _number(row, "rate"), _numbers(row, "flows")
    costs, benefits = _numbers(row, "costs"), _numbers(row, "benefits")
    answers = _Answers("flows")
    if rate is not None and rate <= -1:
        raise BadCase("rate: it must be above -1")
    if not flows and not (costs or benefits):
        answers.notes.append("an input is missing")
        return answers.done()
    if flows:
        out = [max(-flow, Decimal(0)) for flow in flows]
        back = [max(flow, Decimal(0)) for flow in flows]
        net, first = flows, 0
    else:
        length = max(len(costs), len(benefits))
        out = costs + [Decimal(0)] * (length - len(costs))
        back = benefits + [Decimal(0)] * (length - len(benefits))
        net, first = [Decimal(0), *(b - c for b, c in zip(back, out, strict=True))], 1
    _rates(answers, net)
    answers.put("payback", investment.payback(net))
    if rate is None:
        answers.notes.append("no rate: nothing is discounted")
        return answers.done()
    answers.put("discounted_payback", investment.payback(net, rate))
    found = investment.appraise(out, back, rate, first=first)
    answers.put("npv", Measure(found.npv))
    answers.put("pv_costs", Measure(found.pv_costs))
    answers.put("pv_benefits", Measure(found.pv_benefits))
    answers.put("bcr", found.bcr)
    answers.put("roi", found.roi)
    return answers.done()


def _rates(answers: _Answers, net: list[Decimal]) -> None:
    """One rate of return; several or none are told, never chosen from."""
    rates = investment.irr(net)
    if len(rates) == 1:
        answers.put("irr", Measure(rates[0]))
    elif rates:
        several = ", ".join(text_of(rate) for rate in rates)
        answers.notes.append(f"irr: several rates ({several})")
    else:
        answers.notes.append("irr: no rate makes the flows zero")


def _optimism_bias(row: Row) -> Answer:
    biases, shares = _numbers(row, "biases"), _numbers(row, "shares") or [Decimal(1)]
    reduction, estimate = _number(row, "reduction") or Decimal(0), _number(row, "estimate")
    answers = _Answers("optimism_bias")
    if len(biases) != len(shares) or sum(shares) != 1:
        raise BadCase("shares: one a bias, and they make up 1")
    if not 0 <= reduction <= 100:
        raise BadCase("reduction: it lies from 0 to 100")
    whole = reference.mixed(list(zip(shares, biases, strict=True)))
    left = reference.managed(whole, reduction)
    answers.put("bias_percent", Measure(whole))
    answers.put("managed_percent", Measure(left))
    answers.put(
        "uplifted_estimate",
        Measure(None, Reason.NO_DATA)
        if estimate is None
        else Measure(reference.uplifted(estimate, left)),
    )
    return answers.done()


_KINDS: dict[str, Callable[[Row], Answer]] = {
    "variance": _variance,
    "evm": _evm,
    "earned_schedule": _earned_schedule,
    "kpi": _kpi,
    "service": _service,
    "flows": _flows,
    "optimism_bias": _optimism_bias,
}


def evaluate(row: Row) -> Answer:
    """The computed columns of one case and its note. Raises BadCase, naming the column."""
    kind = (row.get("kind") or "").strip()
    if kind not in _KINDS:
        raise BadCase(f"kind: {kind!r} is none of {', '.join(_KINDS)}")
    return _KINDS[kind](row)
