"""The systems: how many of each size, of which status, and how they are run.

Sizes follow the settlement of FY2022 (Ministry of Finance, budget execution survey 2024; 1,059
systems): 1 % of the systems cost 10 billion yen a year or more and hold about 35 % of the cost,
about 70 % cost less than 0.1 billion.
"""

import math
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any

from projects.metrics.periods import fiscal_year_end
from projects.models import System
from projects.models.choices import Answer, Hosting, LineageKind, Profile, SystemStatus
from projects.models.system import SystemLineage
from projects.seed.agencies import AGENCIES, FUNCTIONS, QUALIFIERS, AgencySpec
from projects.seed.frame import Frame, weighted

OKU = 10**8
HUGE_SHARE_OF_COST = 0.35
_HUGE, _LARGE, _MIDDLE = 0.01, 0.09, 0.19
_ENDED = 0.05

_RUNNING = (SystemStatus.OPERATING, SystemStatus.RENEWING)
_STATUSES = (
    (SystemStatus.OPERATING, 84.0),
    (SystemStatus.RENEWING, 7.5),
    (SystemStatus.BUILDING, 3.0),
    (SystemStatus.PROCUREMENT, 2.5),
    (SystemStatus.PLANNING, 2.0),
    (SystemStatus.CONCEPT, 1.0),
)
# What is only an idea yet costs little.
_COSTLY_STATUSES = _STATUSES[:4]
_CLASSES = (("processing", 82.0), ("network", 5.0), ("ministry-lan", 3.0), ("stand-alone", 10.0))
_PROFILES = (
    (Profile.TYPE_I, 55.0),
    (Profile.TYPE_II, 24.0),
    (Profile.TYPE_III, 8.0),
    (Profile.TYPE_IV, 2.0),
    (Profile.UNKNOWN, 11.0),
)
_HOSTING = (
    (Hosting.ON_PREMISES, 42.0),
    (Hosting.PRIVATE_CLOUD, 14.0),
    (Hosting.COMMON_PLATFORM, 14.0),
    (Hosting.PUBLIC_CLOUD, 12.0),
    (Hosting.GOVERNMENT_CLOUD, 10.0),
    (Hosting.UNKNOWN, 8.0),
)
_ANSWERS = (
    (Answer.YES, 38.0),
    (Answer.NO, 32.0),
    (Answer.NOT_APPLICABLE, 15.0),
    (Answer.UNANSWERED, 15.0),
)


@dataclass(frozen=True, slots=True)
class SystemPlan:
    """One system to be: `size` is what it spends in the last settled year, in yen.

    `is_unreported` and `is_withheld` say that its execution is missing or withheld; `is_restated`
    that the latest sheet corrects an earlier one.
    """

    number: int
    agency: AgencySpec
    size: int
    status: SystemStatus
    go_live_year: int | None
    retired_on: date | None
    operation_growth: float
    is_unreported: bool
    is_withheld: bool
    is_restated: bool

    @property
    def system_id(self) -> str:
        return f"DEMO-{self.number:06}"

    @property
    def is_running(self) -> bool:
        return self.status in _RUNNING

    @property
    def account(self) -> str:
        """Some systems of agencies with a special account are paid from it."""
        if self.agency.special_account and self.number % 3 == 0:
            return f"架空特別会計（{self.agency.special_account}勘定）"
        return "一般会計"


def plans(frame: Frame, block: int, count: int, first: int) -> list[SystemPlan]:
    """`count` systems (at most one block), numbered from `first`."""
    rng = frame.stream("systems", block)
    ended = round(count * _ENDED)
    sizes = _sizes(rng, count - ended)
    agencies = rng.choices(AGENCIES, [agency.weight for agency in AGENCIES], k=count)
    slots: list[int | None] = [*sizes, *([None] * ended)]
    rng.shuffle(slots)
    return [
        _plan(frame, rng, first + offset, agency, size)
        for offset, (agency, size) in enumerate(zip(agencies, slots, strict=True))
    ]


def _sizes(rng: Random, count: int) -> list[int]:
    """Yen a year of `count` systems that run: the bands in their exact proportions."""
    huge = max(1, round(count * _HUGE))
    large, middle = round(count * _LARGE), round(count * _MIDDLE)
    bands = ((large, 10 * OKU, 99 * OKU), (middle, OKU, 9.9 * OKU))
    sizes = [
        _rounded(math.exp(rng.uniform(math.log(low), math.log(high))))
        for number, low, high in bands
        for _ in range(number)
    ]
    sizes += [
        _rounded(math.exp(rng.uniform(math.log(800_000), math.log(0.99 * OKU))))
        for _ in range(count - huge - large - middle)
    ]
    floor = 101 * OKU
    above = sum(sizes) * HUGE_SHARE_OF_COST / (1 - HUGE_SHARE_OF_COST) - huge * floor
    tails = [min(rng.paretovariate(1.1), 12.0) - 1 for _ in range(huge)]
    unit = max(above, 0) / (sum(tails) or 1)
    return sizes + [_rounded(floor + unit * tail) for tail in tails]


def _rounded(yen: float) -> int:
    """Whole thousands: contracts and sheets are written so."""
    return int(yen) // 1000 * 1000


def _plan(
    frame: Frame, rng: Random, number: int, agency: AgencySpec, size: int | None
) -> SystemPlan:
    if size is None:
        return _ended_plan(frame, rng, number, agency)
    is_large = size >= 10 * OKU
    status = SystemStatus.OPERATING
    if not is_large:
        status = weighted(rng, _STATUSES if size < OKU else _COSTLY_STATUSES)
    if is_large and rng.random() < 0.35:
        status = SystemStatus.RENEWING
    go_live_year = None
    if status in _RUNNING:
        young = rng.random() < 0.2
        go_live_year = frame.settled - (rng.randint(1, 4) if young else rng.randint(5, 24))
    kind = rng.random()
    is_reported = is_large or status not in _RUNNING
    return SystemPlan(
        number=number,
        agency=agency,
        size=size,
        status=status,
        go_live_year=go_live_year,
        retired_on=None,
        operation_growth=_growth(rng),
        is_unreported=not is_reported and kind < 0.025,
        is_withheld=not is_reported and agency.is_reticent and 0.1 <= kind < 0.2,
        is_restated=0.3 <= kind < 0.36,
    )


def _ended_plan(frame: Frame, rng: Random, number: int, agency: AgencySpec) -> SystemPlan:
    return SystemPlan(
        number=number,
        agency=agency,
        size=_rounded(math.exp(rng.uniform(math.log(2_000_000), math.log(5 * OKU)))),
        status=rng.choice((SystemStatus.MERGED, SystemStatus.RETIRED)),
        go_live_year=frame.settled - rng.randint(10, 24),
        retired_on=frame.days_ago(rng.randint(200, 365 * 7)),
        operation_growth=_growth(rng),
        is_unreported=False,
        is_withheld=False,
        is_restated=False,
    )


def _growth(rng: Random) -> float:
    """Yearly growth of the operation cost: most stand still, some creep, a few fall."""
    kind = rng.random()
    if kind < 0.07:
        return rng.uniform(0.06, 0.12)
    if kind < 0.20:
        return rng.uniform(-0.10, -0.04)
    return rng.gauss(0.005, 0.012)


class Namer:
    """Gives each system a name of its own."""

    def __init__(self) -> None:
        self._used: dict[str, int] = {}

    def name(self, rng: Random, agency: AgencySpec) -> tuple[str, str]:
        """A Japanese and an English name."""
        subject, subject_en = rng.choice(agency.subjects)
        function, function_en = rng.choice(FUNCTIONS)
        qualifier, qualifier_en = rng.choice(QUALIFIERS)
        name = f"{qualifier}{subject}{function}システム"
        name_en = f"{subject_en}: {qualifier_en}{function_en} system"
        times = self._used[name] = self._used.get(name, 0) + 1
        if times > 1:
            name, name_en = f"{name}（第{times}）", f"{name_en} ({times})"
        return name, name_en


def notice(frame: Frame) -> str:
    """What every fictional system says of itself."""
    return f"架空データ（seed {frame.seed}）: 実在の府省・システムとは関係がない。"


def system(
    frame: Frame,
    rng: Random,
    namer: Namer,
    plan: SystemPlan,
    agency_id: int,
    class_ids: dict[str, int],
) -> System:
    """The register's entry of a plan, unsaved."""
    name, name_en = namer.name(rng, plan.agency)
    marks: dict[str, Any] = {
        field: weighted(rng, _ANSWERS) for field in (*System.CONFORMITY_FIELDS, "personal_data")
    }
    return System(
        system_id=plan.system_id,
        name=name,
        name_en=name_en,
        agency_id=agency_id,
        system_class_id=class_ids[weighted(rng, _CLASSES)],
        status=plan.status,
        profile=weighted(rng, _PROFILES),
        hosting=weighted(rng, _HOSTING),
        description=f"{plan.agency.name}の{name}。",
        retired_on=plan.retired_on,
        source_note=notice(frame),
        updated_at=frame.moment(frame.days_ago(rng.randint(3, 500)), rng.randint(9, 17)),
        **marks,
        **_dates(frame, rng, plan),
        **_continuity(frame, rng, plan),
    )


def _dates(frame: Frame, rng: Random, plan: SystemPlan) -> dict[str, Any]:
    if plan.go_live_year is None:
        return {}
    is_year_only = rng.random() < 0.15
    live_on = date(plan.go_live_year, 4, 1)
    if not is_year_only:
        live_on += timedelta(days=rng.randint(0, 360))
    dates: dict[str, Any] = {"go_live_on": live_on, "go_live_is_year_only": is_year_only}
    if plan.retired_on is None:
        year = frame.settled + rng.randint(1, 8)
        dates["support_ends_on"] = fiscal_year_end(year)
        if rng.random() < 0.85:
            dates["next_renewal_year"] = year
            dates["next_renewal_cost"] = _rounded(plan.size * rng.uniform(0.8, 2.5))
    return dates


def _continuity(frame: Frame, rng: Random, plan: SystemPlan) -> dict[str, Any]:
    if not plan.is_running:
        return {}
    found: dict[str, Any] = {}
    if rng.random() < 0.8:
        found["rto_hours"] = rng.choice((4, 12, 24, 48, 72, 168))
        found["rpo_hours"] = rng.choice((0, 1, 12, 24))
    if rng.random() < 0.8:
        found["last_security_test_on"] = frame.days_ago(rng.randint(20, 480))
    if rng.random() < 0.7:
        found["last_continuity_test_on"] = frame.days_ago(rng.randint(20, 560))
    return found


def lineage(
    frame: Frame, rng: Random, made: list[tuple[SystemPlan, System]]
) -> list[SystemLineage]:
    """What became of merged systems: each went into a running one of the same agency."""
    running: dict[int, list[System]] = {}
    for plan, system_ in made:
        if plan.is_running:
            running.setdefault(system_.agency_id, []).append(system_)
    links = []
    for plan, system_ in made:
        heirs = running.get(system_.agency_id, [])
        if plan.status == SystemStatus.MERGED and plan.retired_on is not None and heirs:
            links.append(
                SystemLineage(
                    predecessor=system_,
                    successor=rng.choice(heirs),
                    kind=LineageKind.MERGED,
                    happened_on=plan.retired_on,
                    note="機能を統合した。",
                    updated_at=frame.moment(plan.retired_on + timedelta(days=10)),
                )
            )
    return links
