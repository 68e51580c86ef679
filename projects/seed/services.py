"""Services and their yearly use.

Rates follow the published counts (FY2018: 60 % of the cases of procedures that can be done online
were; FY2023: 83 %, partly estimated), which differ much from procedure to procedure.
"""

import math
from datetime import date
from random import Random
from typing import Any

from projects.models import Service, ServiceYear
from projects.models.choices import OnlineStatus, ValueState
from projects.seed.frame import Frame, ratio_of, weighted

_WITH_SERVICES = 0.22
_STATUSES = (
    (OnlineStatus.AVAILABLE, 66.0),
    (OnlineStatus.PARTLY, 7.0),
    (OnlineStatus.NOT_AVAILABLE, 20.0),
    (OnlineStatus.EXEMPT, 4.0),
    (OnlineStatus.UNKNOWN, 3.0),
)
_TYPES = (("申請等", 70.0), ("申請等に基づく処分通知等", 12.0), ("交付等", 8.0), ("縦覧等", 10.0))
_USERS = (("国民等", 50.0), ("民間事業者等", 40.0), ("国民等、民間事業者等", 10.0))
_PROCEDURES = (
    "の新規登録申請",
    "の変更届出",
    "の許可申請",
    "の更新申請",
    "の証明書交付請求",
    "の実績報告",
    "の給付申請",
    "の閲覧請求",
)


def services(
    frame: Frame,
    rng: Random,
    first: int,
    systems: list[tuple[int, int, str]],
) -> list[tuple[Service, list[int]]]:
    """Services (unsaved) with the ids of the systems that they run on, numbered from `first`.

    `systems` gives id, agency id and subject of each system in operation.
    """
    made: list[tuple[Service, list[int]]] = []
    hosts = [host for host in systems if rng.random() < _WITH_SERVICES]
    for system_id, agency_id, subject in hosts:
        procedures = rng.sample(_PROCEDURES, rng.choice((1, 1, 2, 2, 3, 4)))
        for procedure in procedures:
            number = first + len(made)
            runs_on = [system_id]
            if rng.random() < 0.04 and hosts[0][0] != system_id:
                runs_on.append(hosts[0][0])  # A portal in front of it.
            service = Service(
                service_id=f"DEMO-V{number:06}",
                name=f"{subject}{procedure}",
                agency_id=agency_id,
                procedure_type=weighted(rng, _TYPES),
                law=f"架空{subject}法",
                article=f"第{rng.randint(2, 90)}条第1項",
                user_group=weighted(rng, _USERS),
                online_status=weighted(rng, _STATUSES),
                updated_at=frame.moment(frame.days_ago(rng.randint(10, 400))),
            )
            made.append((service, runs_on))
    return made


def figure(name: str, value: Any, state: ValueState = ValueState.REPORTED) -> dict[str, Any]:
    """A figure and its state as columns: absent with any state but reported."""
    is_reported = state is ValueState.REPORTED
    return {name: value if is_reported else None, f"{name}_state": state.value}


def service_years(frame: Frame, rng: Random, service: Service, more: Random) -> list[ServiceYear]:
    """Three fiscal years of one stored service. `more` draws what was added later, so that the
    older figures stay what they were."""
    cases = math.exp(rng.uniform(math.log(30), math.log(900_000)))
    if rng.random() < 0.02:
        cases *= 25
    use = rng.uniform(0.01, 0.1) if rng.random() < 0.05 else rng.betavariate(2.4, 1.1)
    minutes = rng.uniform(8, 90)
    is_withheld = rng.random() < 0.015
    completion = more.betavariate(8, 2)
    years = []
    for back in (2, 1, 0):
        year = frame.settled - back
        number = max(int(cases * rng.gauss(1, 0.05) * 0.98 ** (2 - back)), 1)
        ratio = min(max(use - 0.045 * back + rng.gauss(0, 0.01), 0.002), 0.998)
        years.append(
            ServiceYear(
                service=service,
                fiscal_year=year,
                updated_at=frame.moment(date(year + 1, 7, 15)),
                **figure("cases", number, _state(rng, 0.03, is_withheld=is_withheld)),
                **_online(rng, service, int(number * ratio), is_withheld=is_withheld),
                **figure(
                    "minutes_per_case",
                    ratio_of(minutes * (1 - 0.03 * (2 - back)), 2),
                    _state(rng, 0.3),
                ),
                **figure(
                    "satisfaction_ratio",
                    ratio_of(rng.betavariate(7, 3), 4),
                    _state(rng, 0.45),
                ),
            )
        )
        _complete(years[-1], more, number, completion + 0.02 * (1 - back))
    return years


def _complete(year: ServiceYear, more: Random, number: int, completion: float) -> None:
    """Cases begun, and how many users answered. One row in a hundred tells fewer begun cases than
    completed ones, as files do."""
    share = 1.04 if more.random() < 0.01 else min(max(completion, 0.2), 1)
    state = _state(more, 0.35, is_withheld=year.cases_state == ValueState.WITHHELD)
    answers = max(int(min(number * more.uniform(0.002, 0.2), 20_000)), 1)
    counted = ValueState.MISSING if more.random() < 0.1 else ValueState.REPORTED
    if year.satisfaction_ratio is None:
        counted = ValueState.MISSING
    added = {
        **figure("started_cases", int(number / share), state),
        **figure("satisfaction_answers", answers, counted),
    }
    for name, value in added.items():
        setattr(year, name, value)


def _online(rng: Random, service: Service, number: int, *, is_withheld: bool) -> dict[str, Any]:
    if service.online_status not in (OnlineStatus.AVAILABLE, OnlineStatus.PARTLY):
        return figure("online_cases", None, ValueState.NOT_APPLICABLE)
    return figure("online_cases", number, _state(rng, 0.06, is_withheld=is_withheld))


def _state(rng: Random, missing: float, *, is_withheld: bool = False) -> ValueState:
    if is_withheld:
        return ValueState.WITHHELD
    return ValueState.MISSING if rng.random() < missing else ValueState.REPORTED
