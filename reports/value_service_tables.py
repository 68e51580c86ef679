"""The columns of users' time and of services: one list each for page, CSV and XLSX."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

from governance.formatting import YenUnit
from governance.models import Agency
from governance.models.base import localized
from governance.tabular import Badge, Column, Kind, Text, Unknown
from projects.metrics import kpi
from projects.metrics.burden import Burden
from projects.metrics.types import Measure
from projects.models import ServiceYear
from projects.selectors import AgencyTree
from reports.links import Links, object_url
from reports.tables import point_url
from reports.value_services import ServiceSums, UnitCost, time_of
from reports.value_tables import agency_column, of, tenths, told, whole, yen_column


@dataclass(frozen=True, slots=True)
class TimeRow:
    """Users' time at the services of one agency, or of all (`agency` None)."""

    agency: Agency | None
    burden: Burden


def time_columns(yen_per_hour: int, links: Links) -> tuple[Column[TimeRow], ...]:
    """Hours and what they cost at a price of an hour, by agency."""
    return (agency_column(links), *_time(lambda row: row.burden, yen_per_hour, YenUnit.MILLION))


def _time(
    burden: Callable[[Any], Burden], yen_per_hour: int, scale: YenUnit
) -> tuple[Column[Any], ...]:
    return (
        Column("services", _("Services"), lambda row: burden(row).asked, Kind.INTEGER),
        Column(
            "timed", _("Minutes known"), lambda row: of(burden(row).known, burden(row).asked),
            definition=_("Services that tell their cases and the minutes a case."),
        ),
        Column(
            "user_hours", _("Hours spent"), lambda row: tenths(burden(row).hours), Kind.DECIMAL,
            unit=_("hours"), metric="user_hours",
        ),
        yen_column(
            "administrative_burden", _("Administrative burden"),
            lambda row: whole(burden(row).cost(yen_per_hour)), "administrative_burden",
            scale=scale,
        ),
        Column(
            "compared", _("Base year known"),
            lambda row: of(burden(row).compared, burden(row).asked),
            definition=_("Of these, services that told their minutes in an earlier year too."),
        ),
        Column(
            "hours_saved", _("Hours saved"), lambda row: tenths(burden(row).hours_saved),
            Kind.DECIMAL, unit=_("hours"), metric="hours_saved",
            definition=_(
                "Against the first year in which the service tells its minutes; the cases of the"
                " latest year in both. Below zero: it takes longer now."
            ),
        ),
        yen_column(
            "time_saved_value", _("Value of the time saved"),
            lambda row: whole(burden(row).value_saved(yen_per_hour)), "time_saved_value",
            scale=scale,
        ),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class ServiceRow:
    """The services of one agency, or of all (`agency` None); `unit_cost` with the systems that are
    known, and those that count cases."""

    agency: Agency | None
    services: int
    sums: ServiceSums
    unit_cost: tuple[Measure, int, int]


def _rate(key: str, label: Text, value: Callable[[Any], Measure]) -> Column[Any]:
    return Column(key, label, lambda row: told(value(row)), Kind.RATIO, metric=key)


def service_columns(links: Links) -> tuple[Column[ServiceRow], ...]:
    """Services by agency: each rate beside how many services it stands on."""
    return (
        agency_column(links),
        Column("services", _("Services"), lambda row: row.services, Kind.INTEGER),
        Column(
            "cases", _("Cases"),
            lambda row: row.sums.cases if row.sums.counted else None, Kind.INTEGER,
        ),
        _cost_a_case(lambda row: row.unit_cost[0]),
        _rate("digital_take_up", _("Digital take-up"), lambda row: row.sums.digital_take_up),
        _rate("completion_rate", _("Completion"), lambda row: row.sums.completion),
        _rate("satisfaction", _("Satisfaction"), lambda row: row.sums.satisfaction),
        Column(
            "answers", _("Answers"),
            lambda row: row.sums.answers if row.sums.asked_users else None, Kind.INTEGER,
        ),
        Column(
            "small_samples", _("Small samples"),
            lambda row: row.sums.small_samples if row.sums.asked_users else None, Kind.INTEGER,
            definition=_("Services with fewer than 400 answers: their share is uncertain."),
        ),
        Column("counted", _("Cases known"), lambda row: of(row.sums.counted, row.services)),
        Column(
            "unit_costs", _("Cost per transaction known"), lambda row: of(*row.unit_cost[1:]),
            definition=_("Systems whose operation cost is known, of those that count cases."),
        ),
        Column("used", _("Take-up known"), lambda row: of(row.sums.used, row.services)),
        Column(
            "completing", _("Completion known"),
            lambda row: of(row.sums.completing, row.services),
        ),
        Column(
            "asked_users", _("Satisfaction known"),
            lambda row: of(row.sums.asked_users, row.services),
        ),
    )  # fmt: skip


def _cost_a_case(value: Callable[[Any], Measure]) -> Column[Any]:
    return yen_column(
        "cost_per_transaction",
        _("Cost per transaction"),
        lambda row: whole(value(row)),
        "cost_per_transaction",
        _(
            "Operation cost of a system ÷ cases of all services on it, of one year. A case that runs"
            " on two systems costs on both."
        ),
        YenUnit.YEN,
    )


def unit_cost_columns(tree: AgencyTree) -> tuple[Column[UnitCost], ...]:
    """What a case costs on each system."""
    return (
        Column(
            "system", _("System"), lambda row: localized(row.name, row.name_en),
            url=lambda row: point_url(row.system_id),
        ),
        Column("system_id", _("System ID"), lambda row: row.system_id),
        Column("agency", _("Agency"), lambda row: str(tree.by_id[row.agency_id])),
        Column("fiscal_year", _("Fiscal year"), lambda row: row.fiscal_year, Kind.YEAR),
        Column("services", _("Services"), lambda row: row.services, Kind.INTEGER),
        Column("cases", _("Cases"), lambda row: row.cases, Kind.INTEGER),
        yen_column("operation", _("Operation"), lambda row: row.operation, "operation_cost"),
        _cost_a_case(lambda row: row.cost_per_transaction),
    )  # fmt: skip


def _sample(row: ServiceYear) -> Badge | None:
    is_small = kpi.is_small_sample(row.satisfaction_answers)
    if is_small is None or row.satisfaction_ratio is None:
        return None
    return Badge(_("small sample"), "medium") if is_small else Badge(_("400 answers or more"), "ok")


def _state(row: ServiceYear, name: str) -> Any:
    """A figure, or why there is none."""
    value = getattr(row, name)
    state = getattr(row, f"{name}_state")
    return Unknown(state) if value is None else value


def _exact(count: int | None) -> Decimal | None:
    return None if count is None else Decimal(count)


def _take_up(row: ServiceYear) -> Any:
    if row.online_cases is None:
        return _state(row, "online_cases")
    return told(kpi.digital_take_up(_exact(row.online_cases), _exact(row.cases)))


def _completed(row: ServiceYear) -> Any:
    if row.started_cases is None or row.cases is None:
        return _state(row, "started_cases")
    return told(kpi.completion(_exact(row.cases), _exact(row.started_cases)))


def year_columns(yen_per_hour: int) -> tuple[Column[ServiceYear], ...]:
    """The counted year of each service; rows come from `value_services.largest_services`."""
    return (
        Column(
            "service", _("Service"), lambda row: str(row.service),
            url=lambda row: object_url(row.service),
        ),
        Column("service_id", _("Service ID"), lambda row: row.service.service_id),
        Column("agency", _("Agency"), lambda row: str(row.service.agency)),
        Column("fiscal_year", _("Fiscal year"), lambda row: row.fiscal_year, Kind.YEAR),
        Column("cases", _("Cases"), lambda row: row.cases, Kind.INTEGER),
        Column(
            "digital_take_up", _("Digital take-up"), _take_up, Kind.RATIO, metric="digital_take_up"
        ),
        Column(
            "completion_rate", _("Completion"), _completed, Kind.RATIO, metric="completion_rate"
        ),
        Column(
            "satisfaction", _("Satisfaction"), lambda row: _state(row, "satisfaction_ratio"),
            Kind.RATIO, metric="satisfaction",
        ),
        Column(
            "answers", _("Answers"), lambda row: _state(row, "satisfaction_answers"), Kind.INTEGER
        ),
        Column("sample", _("Sample"), _sample, Kind.CHOICE),
        *_time(time_of, yen_per_hour, YenUnit.MILLION)[2:4],
        *_time(time_of, yen_per_hour, YenUnit.MILLION)[5:],
    )  # fmt: skip
