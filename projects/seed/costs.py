"""Cost lines: five settled years, the budget of the next and the request after it.

The identities of the Board of Audit (2021) hold for every item of every year:
available = initial + supplementary + carried in + reserve + transfers, and
executed + carried out + unused = available; what is carried out of a year is carried into the
next. As in real sheets (RS 2024, table 2-1) about one row in seventy spends more than it had: there
the second identity cannot hold, since nothing is left below zero.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from random import Random

from projects.metrics.periods import fiscal_year_of
from projects.models import CostLine
from projects.models.choices import EXECUTION_STAGES, Stage, SystemStatus, ValueState
from projects.seed.frame import Frame
from projects.seed.masters import LEDGER_TOTAL
from projects.seed.systems import OKU, SystemPlan

Series = dict[int, int]
"""Fiscal year → yen spent."""

_BUILD_ITEMS = (
    ("build-renewal", 6.0),
    ("modification", 4.0),
    ("hardware-purchase", 2.0),
    ("software-purchase", 1.5),
    ("installation", 1.0),
    ("requirements-support", 0.8),
    ("pm-support", 0.8),
)
_RUN_ITEMS = (
    ("operation", 4.0),
    ("application-maintenance", 3.0),
    ("hardware-lease", 3.0),
    ("cloud-service", 2.0),
    ("software-maintenance", 1.5),
    ("line-fees", 1.5),
    ("help-desk", 1.0),
    ("hardware-maintenance", 1.0),
)
_OTHER_ITEMS = ("digital-infrastructure", "personnel")
_PARTS = (Stage.SUPPLEMENTARY, Stage.CARRIED_IN, Stage.RESERVE, Stage.TRANSFERS)


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose lines they are, the account they are paid from, and the ids of the cost items."""

    items: Mapping[str, int]
    system_id: int | None = None
    project_id: int | None = None
    account: str = "一般会計"

    def line(
        self,
        item: str,
        year: int,
        stage: Stage,
        amount: int | None,
        *,
        sheet: int,
        at: datetime,
        state: ValueState = ValueState.REPORTED,
    ) -> CostLine:
        """One line, unsaved."""
        return CostLine(
            system_id=self.system_id,
            project_id=self.project_id,
            budget_year=year,
            sheet_year=sheet,
            cost_item_id=self.items[item],
            stage=stage.value,
            account=self.account,
            amount=amount,
            amount_state=state.value,
            updated_at=at,
        )


@dataclass(slots=True)
class Flow:
    """How the money of one item went through one year."""

    year: int
    stages: dict[Stage, int] = field(default_factory=dict)


def filed_at(frame: Frame, sheet: int) -> datetime:
    """Sheets are filed at the end of August of their year."""
    return frame.moment(date(sheet, 8, 31), 17)


# What is spent ------------------------------------------------------------------------------------


def spending(frame: Frame, rng: Random, plan: SystemPlan) -> tuple[Series, Series]:
    """What a system spends on development and on operation in each settled year.

    The last year's sum is the plan's size, to the yen.
    """
    if plan.retired_on is not None:
        return {}, _until_retired(frame, rng, plan.size, plan.retired_on)
    if not plan.is_running:
        return _while_built(frame, rng, plan), {}
    build: Series = {}
    run: Series = {}
    share = _build_share(rng, plan)
    last_run = int(plan.size * (1 - share)) // 1000 * 1000
    for year in frame.actual_years:
        back = frame.settled - year
        if plan.go_live_year is not None and year < plan.go_live_year:
            build[year] = int(plan.size * rng.uniform(0.4, 1.2)) // 1000 * 1000
            continue
        noise = 1.0 if not back else rng.gauss(1, 0.012)
        run[year] = max(int(last_run / (1 + plan.operation_growth) ** back * noise), 1000)
        spent = plan.size * _build_share(rng, plan, back)
        build[year] = int(spent) // 1000 * 1000
    build[frame.settled] = plan.size - last_run
    run[frame.settled] = last_run
    return {year: yen for year, yen in build.items() if yen}, run


def _build_share(rng: Random, plan: SystemPlan, back: int = 0) -> float:
    """Share of development: high and rising while a system is renewed."""
    if plan.status == SystemStatus.RENEWING:
        return rng.uniform(0.4, 0.7) * (1 if back < 2 else 0.4)
    if rng.random() < 0.2:
        return 0.0
    return rng.uniform(0.05, 0.32)


def _while_built(frame: Frame, rng: Random, plan: SystemPlan) -> Series:
    years = 3 if plan.status == SystemStatus.BUILDING else 1
    growth = rng.uniform(0.4, 0.9)
    return {frame.settled - back: max(int(plan.size * growth**back), 1000) for back in range(years)}


def _until_retired(frame: Frame, rng: Random, size: int, retired_on: date) -> Series:
    last = min(fiscal_year_of(retired_on), frame.settled)
    years = [year for year in frame.actual_years if year <= last]
    return {year: int(size * rng.uniform(0.7, 1.0)) // 1000 * 1000 for year in years}


# How it was budgeted ------------------------------------------------------------------------------


def execution_rate(rng: Random) -> float:
    """Spent ÷ available of one holder in one year: mostly near 1, sometimes far below, rarely above."""
    kind = rng.random()
    if kind < 0.03:
        return rng.uniform(0.25, 0.49)
    if kind < 0.08:
        return rng.uniform(0.51, 0.69)
    if kind > 0.986:
        return rng.uniform(1.004, 1.06)
    return 1 - min(rng.expovariate(1 / 0.045), 0.28)


def flows(
    frame: Frame, rng: Random, series: Series, rates: Mapping[int, float], *, goes_on: bool
) -> Iterator[Flow]:
    """The budget around what was spent; with the years to come where it goes on."""
    carried = 0
    for year in sorted(series):
        following = series.get(year + 1, series[year] if goes_on and year == frame.settled else 0)
        flow = _settled(rng, year, series[year], rates[year], carried, following)
        carried = flow.stages[Stage.CARRIED_OUT]
        yield flow
    if goes_on and frame.settled in series:
        yield from _planned(frame, rng, series[frame.settled], carried)


def _settled(
    rng: Random, year: int, executed: int, rate: float, carried: int, following: int
) -> Flow:
    available = -(-int(executed / rate) // 1000) * 1000 if rate <= 1 else int(executed / rate)
    if rate <= 1:
        available = max(available, carried, executed)
    left = max(available - executed, 0)
    kept = min(int(left * rng.choice((0, 0, 0, 0.5, 0.9))) // 1000 * 1000, following * 8 // 10)
    parts = _parts(rng, available, carried)
    initial = available - sum(parts.values())
    if initial < 0:  # More was carried in than is needed: no other source, then.
        parts = {**dict.fromkeys(_PARTS, 0), Stage.CARRIED_IN: min(carried, available)}
        initial = available - parts[Stage.CARRIED_IN]
    return Flow(
        year,
        {
            Stage.REQUESTED: int(initial * rng.uniform(1.0, 1.15)) // 1000 * 1000,
            Stage.INITIAL: initial,
            **parts,
            Stage.AVAILABLE: available,
            Stage.EXECUTED: executed,
            Stage.CARRIED_OUT: kept,
            Stage.UNUSED: left - kept,
        },
    )


def _parts(rng: Random, available: int, carried: int) -> dict[Stage, int]:
    """Sources beside the initial budget. Supplements and transfers may be cuts."""
    parts = dict.fromkeys(_PARTS, 0)
    parts[Stage.CARRIED_IN] = carried
    kind = rng.random()
    if kind < 0.10:
        parts[Stage.SUPPLEMENTARY] = int(available * rng.uniform(0.02, 0.3)) // 1000 * 1000
    elif kind < 0.13:
        parts[Stage.SUPPLEMENTARY] = -(int(available * rng.uniform(0.01, 0.1)) // 1000 * 1000)
    elif kind < 0.20:
        parts[Stage.TRANSFERS] = int(available * rng.uniform(-0.04, 0.04)) // 1000 * 1000
    elif kind < 0.205:
        parts[Stage.RESERVE] = int(available * rng.uniform(0.01, 0.05)) // 1000 * 1000
    return parts


def _planned(frame: Frame, rng: Random, spent: int, carried: int) -> Iterator[Flow]:
    """The budget of the year after the settled one, and the request for the year after that."""
    initial = int(spent * rng.uniform(0.95, 1.15)) // 1000 * 1000
    yield Flow(
        frame.settled + 1,
        {
            Stage.REQUESTED: int(initial * rng.uniform(1.0, 1.1)) // 1000 * 1000,
            Stage.INITIAL: initial,
            Stage.CARRIED_IN: carried,
            Stage.AVAILABLE: initial + carried,
        },
    )
    yield Flow(
        frame.settled + 2,
        {Stage.REQUESTED: int(initial * rng.uniform(0.97, 1.12)) // 1000 * 1000},
    )


# Lines --------------------------------------------------------------------------------------------


def _split(series: Series, shares: Sequence[tuple[str, float]]) -> dict[str, Series]:
    """`series` over cost items, to the yen: the first item takes the remainder."""
    total = sum(weight for _, weight in shares)
    parts: dict[str, Series] = {item: {} for item, _ in shares}
    for year, yen in series.items():
        left = yen
        for item, weight in shares[1:]:
            part = int(yen * weight / total) // 1000 * 1000
            if part:
                parts[item][year] = part
                left -= part
        parts[shares[0][0]][year] = left
    return parts


def _chosen(rng: Random, items: Sequence[tuple[str, float]], count: int) -> list[tuple[str, float]]:
    """`count` of the items with their weights, the heaviest first."""
    return sorted(rng.sample(items, count), key=lambda item: -item[1])


def _item_count(size: int) -> tuple[int, int]:
    if size >= 10 * OKU:
        return 2, 4
    return 1, 2


def system_lines(frame: Frame, rng: Random, plan: SystemPlan, holder: Holder) -> list[CostLine]:
    """Every line of one system.

    Systems below 0.1 billion yen report a total of the year and split only what was spent; larger
    ones report every item.
    """
    build, run = spending(frame, rng, plan)
    years = sorted({*build, *run})
    rates = {year: execution_rate(rng) for year in years}
    goes_on = plan.retired_on is None
    if plan.size < OKU:
        total = {year: build.get(year, 0) + run.get(year, 0) for year in years}
        ledger = list(flows(frame, rng, total, rates, goes_on=goes_on))
        lines = _lines(frame, plan, holder, LEDGER_TOTAL, ledger)
        for item, series in (("development-total", build), ("operation-total", run)):
            lines += _executed_only(frame, plan, holder, item, series)
        return lines
    build_items, run_items = _item_count(plan.size)
    shares = _chosen(rng, _RUN_ITEMS, run_items)
    if plan.size >= 10 * OKU and rng.random() < 0.25:
        # A little of what large systems spend is neither development nor operation.
        all_shares = sum(weight for _, weight in shares)
        shares.append((rng.choice(_OTHER_ITEMS), all_shares * rng.uniform(0.01, 0.05)))
    parts = {
        **(_split(build, _chosen(rng, _BUILD_ITEMS, build_items)) if build else {}),
        **(_split(run, shares) if run else {}),
    }
    lines = []
    for item, series in parts.items():
        money = flows(frame, rng, series, rates, goes_on=goes_on)
        lines += _lines(frame, plan, holder, item, money)
    return lines


def project_lines(
    frame: Frame, rng: Random, holder: Holder, series: Mapping[str, Series]
) -> list[CostLine]:
    """Every line of one project, by cost item."""
    lines: list[CostLine] = []
    for item, years in series.items():
        rates = {year: execution_rate(rng) for year in years}
        for flow in flows(frame, rng, years, rates, goes_on=frame.settled in years):
            lines += stage_lines(frame, holder, item, flow)
    return lines


def _lines(
    frame: Frame, plan: SystemPlan, holder: Holder, item: str, money: Iterator[Flow] | list[Flow]
) -> list[CostLine]:
    lines: list[CostLine] = []
    for flow in money:
        lines += stage_lines(
            frame,
            holder,
            item,
            flow,
            hidden=_hidden(frame, plan, flow.year),
            is_restated=plan.is_restated,
        )
    return lines


def _hidden(frame: Frame, plan: SystemPlan, year: int) -> ValueState:
    """The state of a year's execution figures."""
    if plan.is_withheld:
        return ValueState.WITHHELD
    if plan.is_unreported and year == frame.settled:
        return ValueState.MISSING
    return ValueState.REPORTED


def stage_lines(
    frame: Frame,
    holder: Holder,
    item: str,
    flow: Flow,
    *,
    hidden: ValueState = ValueState.REPORTED,
    is_restated: bool = False,
) -> Iterator[CostLine]:
    """The lines of one item and year, on the sheet that carries them.

    The latest settled year states its zeros; of earlier years only what moved was kept. Special
    accounts have no reserve funds to draw on.
    """
    sheet = frame.sheet if flow.year >= frame.settled else frame.settled
    at = filed_at(frame, sheet)
    correction = 0
    if is_restated and flow.year == frame.settled - 1 and hidden is ValueState.REPORTED:
        correction = flow.stages[Stage.EXECUTED] // 50 // 1000 * 1000
    for stage, amount in flow.stages.items():
        if stage in _PARTS and not amount and flow.year != frame.settled:
            continue
        if stage is Stage.RESERVE and not amount and holder.account != "一般会計":
            yield holder.line(
                item, flow.year, stage, None, sheet=sheet, at=at, state=ValueState.NOT_APPLICABLE
            )
            continue
        is_execution = stage in EXECUTION_STAGES
        if is_execution and hidden is not ValueState.REPORTED:
            yield holder.line(item, flow.year, stage, None, sheet=sheet, at=at, state=hidden)
            continue
        if correction and stage in (Stage.EXECUTED, Stage.UNUSED):
            # The earlier sheet had counted a little as unused that was paid in the end.
            later = amount + (correction if stage is Stage.UNUSED else -correction)
            yield holder.line(item, flow.year, stage, later, sheet=sheet, at=at)
            yield holder.line(
                item,
                flow.year,
                stage,
                amount,
                sheet=frame.sheet,
                at=filed_at(frame, frame.sheet),
            )
            continue
        yield holder.line(item, flow.year, stage, amount, sheet=sheet, at=at)


def _executed_only(
    frame: Frame, plan: SystemPlan, holder: Holder, item: str, series: Series
) -> Iterator[CostLine]:
    for year, amount in series.items():
        flow = Flow(year, {Stage.EXECUTED: amount})
        yield from stage_lines(
            frame,
            holder,
            item,
            flow,
            hidden=_hidden(frame, plan, year),
            is_restated=plan.is_restated,
        )
